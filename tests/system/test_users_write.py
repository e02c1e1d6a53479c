"""Users: made by admins, changed by themselves, disabled and deleted."""
import pytest

from desk import ADMIN, COUNTED_WITHIN, PASSWORD, SUPER, USER, wait_until
from wire import Client, expect

NEW = {'username': 'newcomer', 'name': 'A Newcomer', 'email': 'new@example.test', 'password': 'S3cret-enough'}
EXTRAS = 'date_added,disabled,groups,locale,total_assigned'
SHOWN = {'avatar', 'email', 'id', 'job_title', 'links', 'name', 'total_posts', 'username'}


numbers = iter(range(1, 1000))


def newcomer(**changes):
    n = next(numbers)
    return {**NEW, 'username': f'newcomer{n}', 'email': f'new{n}@example.test', **changes}


def make(admin, **changes):
    """A new user: the body that made it, and the answer."""
    body = newcomer(**changes)
    return body, expect(admin.post('users', body), 201)


def log_in(desk, body, status=200, password=None):
    with Client(desk.port) as c:
        answer = c.log_in(body['username'], password or body['password'])
    got = expect(answer, status)
    return got['token'] if status == 200 else None


def patch(client, path, body, **more):
    return client.request('PATCH', path, json=body, **more)


def put_password(client, path, **body):
    return client.request('PUT', path, json=body)


def message(answer, status):
    return expect(answer, status).get('message', '')


# -- making

def test_a_user_that_an_admin_makes_can_log_in(writing, admin):
    body = newcomer()
    answer = admin.post('users', body)
    made = expect(answer, 201)
    assert set(made) == SHOWN
    assert answer.header('Location') == made['links']['self']
    assert made['name'] == body['name'] and made['job_title'] == 'unknown' and made['total_posts'] == 0
    assert expect(admin.get(f'user/{made["id"]}'), 200) == made
    token = log_in(writing, body)
    with writing.client(token) as c:
        assert expect(c.get('user/me'), 200) == made
    log_in(writing, body, 401, 'another-password')


def test_all_that_can_be_said_of_a_new_user(writing, admin):
    body, made = make(admin, name='王小明先生', job_title='工程師', locale='fr', disabled=True)
    got = expect(admin.get(f'user/{made["id"]}?fields=name,job_title,{EXTRAS}'), 200)
    assert got.pop('date_added').endswith(' GMT')
    assert got == {'name': '王小明先生', 'job_title': '工程師', 'locale': 'fr', 'disabled': True, 'groups': [],
                   'total_assigned': 0}
    log_in(writing, body, 401)


def test_only_admins_make_users(writing):
    for token in (USER, SUPER):
        with writing.client(token) as c:
            expect(c.post('users', newcomer()), 403)
    with Client(writing.port) as c:
        expect(c.post('users', newcomer()), 401)


@pytest.mark.parametrize('field, value', [
    ('username', 'abc'), ('username', 'u' * 25), ('username', 7), ('username', None), ('username', 'with:colon'),
    ('name', 'abc'), ('name', 'n' * 61), ('email', 'a@b.c'), ('email', 'e' * 60 + '@'), ('email', 'nobody.example'),
    ('email', 'two words@example.test'), ('email', 'line\nbreak@example.test'), ('password', 'short'),
    ('password', 'p' * 61), ('password', '密' * 30), ('password', 7), ('job_title', 'j' * 65), ('job_title', 7),
    ('locale', 'e'), ('locale', 'l' * 11), ('disabled', 1), ('disabled', 'yes')])
def test_what_does_not_fit_is_refused_by_name(admin, field, value):
    before = expect(admin.get('users/?per_page=1'), 200)['_meta']['total_items']
    assert field in message(admin.post('users', newcomer(**{field: value})), 400)
    assert expect(admin.get('users/?per_page=1'), 200)['_meta']['total_items'] == before


@pytest.mark.parametrize('field', ['username', 'name', 'email', 'password'])
def test_what_is_missing_is_named(admin, field):
    body = newcomer()
    del body[field]
    assert field in message(admin.post('users', body), 400)


def test_names_and_addresses_are_one_users_only(admin):
    body, made = make(admin)
    assert 'username' in message(admin.post('users', newcomer(username=body['username'])), 409)
    assert 'email' in message(admin.post('users', newcomer(email=body['email'])), 409)
    other = make(admin)[1]
    assert 'email' in message(patch(admin, f'user/{other["id"]}', {'email': body['email']}), 409)
    assert 'username' in message(patch(admin, f'user/{other["id"]}', {'username': body['username']}), 409)
    # its own is not another's
    same = patch(admin, f'user/{made["id"]}', {'email': body['email'], 'username': body['username']})
    assert expect(same, 200) == made


def test_the_same_request_makes_one_user(admin):
    body = newcomer()
    key = {'Idempotency-Key': f'make {body["username"]}'}
    first = admin.post('users', body, headers=key)
    again = admin.post('users', body, headers=key)
    assert expect(again, 201) == expect(first, 201)
    assert again.header('Location') == first.header('Location')
    expect(admin.post('users', {**body, 'name': 'Someone else'}, headers=key), 422)


# -- changing

def test_users_change_what_is_theirs(writing, admin):
    body, made = make(admin, job_title='Engineer')
    with writing.client(log_in(writing, body)) as c:
        got = expect(patch(c, 'user/me', {'name': 'Another Name', 'email': f'x{made["id"]}@example.test'}), 200)
        assert got == {**made, 'name': 'Another Name', 'email': f'x{made["id"]}@example.test'}
        assert expect(patch(c, f'user/{made["id"]}', {'job_title': None}), 200)['job_title'] == 'unknown'
        expect(patch(c, 'user/me', {'locale': 'fr'}), 200)
        assert expect(c.get('user/me?fields=locale'), 200) == {'locale': 'fr'}
        assert expect(patch(c, 'user/me', {}), 200)['name'] == 'Another Name'


def test_users_do_not_change_what_is_not_theirs(writing, admin):
    body, made = make(admin)
    with writing.client(log_in(writing, body)) as c:
        assert 'username' in message(patch(c, 'user/me', {'username': 'someoneelse'}), 403)
        assert 'disabled' in message(patch(c, 'user/me', {'disabled': True}), 403)
        assert 'disabled' in message(patch(c, 'user/me', {'name': 'A new name', 'disabled': False}), 403)
        expect(patch(c, 'user/1', {'name': 'No admin'}), 403)
        expect(c.request('DELETE', 'user/me'), 405)
        expect(c.request('DELETE', f'user/{made["id"]}'), 403)
        assert expect(c.get('user/me'), 200) == made
    with writing.client(SUPER) as c:
        expect(patch(c, f'user/{made["id"]}', {'name': 'By a super user'}), 403)


def test_there_must_be_somebody_to_change(admin):
    for answer in (patch(admin, 'user/99999', {'name': 'Nobody'}), admin.request('DELETE', 'user/99999'),
                   put_password(admin, 'user/99999/password', new_password='S3cret-enough')):
        expect(answer, 404)


def test_admins_change_names_to_log_in_with(writing, admin):
    body, made = make(admin)
    name = f'renamed{made["id"]}'
    assert expect(patch(admin, f'user/{made["id"]}', {'username': name}), 200)['username'] == name
    log_in(writing, body, 401)
    log_in(writing, {**body, 'username': name})


def test_a_new_name_is_known_where_it_is_shown(writing, admin):
    body, made = make(admin)
    with writing.client(log_in(writing, body)) as c:
        ticket = expect(c.post('tickets', {'title': 'a title', 'content': 'some content', 'category_id': 1,
                                           'ticket_priority_id': 1}), 201)
        path = f'subscriptions/{ticket["id"]}/'
        assert [s['user_def'] for s in expect(c.get(path), 200)['items']] == [body['name']]
        expect(patch(c, 'user/me', {'name': 'Known by another name'}), 200)
        assert [s['user_def'] for s in expect(c.get(path), 200)['items']] == ['Known by another name']


def test_a_change_needs_the_version_that_it_is_of(admin):
    made = make(admin)[1]
    path = f'user/{made["id"]}'
    tag = admin.get(path).header('ETag')
    assert admin.get(path, headers={'If-None-Match': tag}).status == 304
    expect(patch(admin, path, {'name': 'First one in'}, headers={'If-Match': tag}), 200)
    expect(patch(admin, path, {'name': 'Second one in'}, headers={'If-Match': tag}), 412)
    now = admin.get(path)
    assert expect(now, 200)['name'] == 'First one in' and now.header('ETag') != tag
    expect(admin.request('DELETE', path, headers={'If-Match': tag}), 412)
    expect(admin.request('DELETE', path, headers={'If-Match': now.header('ETag')}), 204)


def test_who_is_disabled_is_for_admins_to_know(admin, user):
    made = make(admin, disabled=True)[1]
    path = f'user/{made["id"]}?fields=disabled'
    assert expect(admin.get(path), 200) == {'disabled': True}
    assert expect(user.get(path), 200) == {'disabled': None}
    assert expect(user.get('user/me?fields=disabled,groups'), 200) == {'disabled': False, 'groups': []}


def test_fields_in_lists(admin, user):
    items = expect(user.get('users/?fields=id,groups&per_page=100'), 200)['items']
    groups = {i['id']: i['groups'] for i in items}
    assert groups[1] == ['flicket_admin'] and groups[6] == ['super_user'] and groups[3] == []
    items = expect(user.get('users/?name=Bob&fields=name,locale'), 200)['items']
    assert items and all(set(i) == {'name', 'locale'} and 'Bob' in i['name'] for i in items)
    assert 'colour' in message(user.get('users/?fields=colour'), 400)
    assert 'password' in message(admin.get('user/1?fields=password'), 400)


# -- disabling

def test_a_disabled_users_tokens_are_dead_at_once(imported):
    other = imported.start_gateway('gateway-2')
    imported.wait_ready(other)
    with imported.client(ADMIN) as admin:
        body, made = make(admin)
        tokens = [log_in(imported, body) for _ in range(5)]
        for port in (imported.port, other):
            for token in tokens:
                with Client(port, token) as c:
                    expect(c.get('user/me'), 200)
        expect(patch(admin, f'user/{made["id"]}', {'disabled': True}), 200)
        for port in (imported.port, other):
            for token in tokens:
                with Client(port, token) as c:
                    expect(c.get('user/me'), 401)
        log_in(imported, body, 401)
        expect(patch(admin, f'user/{made["id"]}', {'disabled': False}), 200)
        log_in(imported, body)
        with Client(imported.port, tokens[0]) as c:
            expect(c.get('user/me'), 401)


def test_the_last_admin_stays(new):
    admin = new.admin()
    assert 'disabled' in message(patch(admin, 'user/me', {'disabled': True}), 409)
    expect(patch(admin, 'user/me', {'disabled': False}), 200)
    expect(admin.request('DELETE', 'user/1'), 409)
    expect(admin.request('DELETE', 'group/1/member/1'), 409)
    body, made = make(admin)
    expect(admin.post('group/1/members', {'user_id': made['id']}), 201)
    second = new.client(log_in(new, body))
    # one who is disabled could not help
    expect(patch(admin, f'user/{made["id"]}', {'disabled': True}), 200)
    expect(patch(admin, 'user/me', {'disabled': True}), 409)
    expect(patch(admin, f'user/{made["id"]}', {'disabled': False}), 200)
    second.token = log_in(new, body)
    expect(patch(second, 'user/1', {'disabled': True}), 200)
    expect(second.request('DELETE', f'group/1/member/{made["id"]}'), 409)
    expect(second.get('user/1'), 200)


# -- deleting

def test_who_never_wrote_can_be_deleted(writing, admin):
    body, made = make(admin)
    token = log_in(writing, body)
    with writing.client(token) as c:
        expect(c.get('user/me'), 200)
        expect(admin.request('DELETE', f'user/{made["id"]}'), 204)
        expect(c.get('user/me'), 401)
    expect(admin.get(f'user/{made["id"]}'), 404)
    expect(admin.request('DELETE', f'user/{made["id"]}'), 404)
    log_in(writing, body, 401)
    again = expect(admin.post('users', body), 201)
    assert again['id'] > made['id'], 'an id is given once'


def test_who_wrote_can_only_be_disabled(writing, admin):
    body, made = make(admin)
    with writing.client(log_in(writing, body)) as c:
        expect(c.post('tickets', {'title': 'a title', 'content': 'some content', 'category_id': 1,
                                  'ticket_priority_id': 1}), 201)
    message(admin.request('DELETE', f'user/{made["id"]}'), 409)
    path = f'user/{made["id"]}'
    wait_until(lambda: expect(admin.get(path), 200)['total_posts'] == 1, COUNTED_WITHIN, 'counted')
    message(admin.request('DELETE', path), 409)
    expect(patch(admin, path, {'disabled': True}), 200)


def test_nobody_deletes_oneself(admin):
    message(admin.request('DELETE', 'user/1'), 409)
    expect(admin.get('user/me'), 200)


# -- passwords

def test_a_new_password_with_the_old_one(writing, admin):
    body, made = make(admin)
    first, second = log_in(writing, body), log_in(writing, body)
    with writing.client(first) as c:
        assert 'password' in message(put_password(c, 'user/me/password', password='not-this-one',
                                                  new_password='An0ther-one'), 400)
        assert 'password' in message(put_password(c, 'user/me/password', new_password='An0ther-one'), 400)
        for wrong in ('short', 'n' * 61, '密' * 30, 7, None):
            assert 'new_password' in message(put_password(c, 'user/me/password', password=body['password'],
                                                          new_password=wrong), 400)
        expect(put_password(c, 'user/me/password', password=body['password'], new_password='An0ther-one'), 204)
        # the token that asked stays, others end
        expect(c.get('user/me'), 200)
        expect(c.get('user/me', token=second), 401)
    log_in(writing, body, 401)
    log_in(writing, body, password='An0ther-one')


def test_a_password_of_somebody_else(writing, admin, user):
    body, made = make(admin)
    path = f'user/{made["id"]}/password'
    token = log_in(writing, body)
    expect(put_password(user, path, password=body['password'], new_password='An0ther-one'), 403)
    with writing.client(token) as c:
        expect(c.get('user/me'), 200)
    expect(put_password(admin, path, new_password='By-the-adm1n'), 204)
    with writing.client(token) as c:
        expect(c.get('user/me'), 401)
    log_in(writing, body, 401)
    log_in(writing, body, password='By-the-adm1n')
    # an admin's own needs the old one
    assert 'password' in message(put_password(admin, 'user/1/password', new_password='By-the-adm1n'), 400)
    expect(admin.get('user/me'), 200)


def test_old_passwords_cannot_be_guessed_at(writing, admin):
    body, made = make(admin)
    with writing.client(log_in(writing, body)) as c:
        answers = [put_password(c, 'user/me/password', password=f'a-guess-{i}', new_password='An0ther-one')
                   for i in range(11)]
        assert [a.status for a in answers[:9]] == [400] * 9
        assert answers[-1].status == 429
        # the right one, too, and logins, and nobody else's
        expect(put_password(c, 'user/me/password', password=body['password'], new_password='An0ther-one'), 429)
    log_in(writing, body, 429)
    log_in(writing, {'username': 'user003', 'password': PASSWORD})


def test_no_new_password_stands_in_any_file(new):
    admin = new.admin()
    body, made = make(admin, password='Made-for-a-newc0mer')
    with new.client(log_in(new, body)) as c:
        expect(put_password(c, 'user/me/password', password=body['password'], new_password='Its-0wn-choice'), 204)
    for path in (p for p in new.folder.rglob('*') if p.is_file()):
        data = path.read_bytes()
        assert b'Made-for-a-newc0mer' not in data and b'Its-0wn-choice' not in data, path


def test_nothing_is_lost_when_the_service_is_killed(new):
    admin = new.admin()
    body, made = make(admin)
    token = log_in(new, body)
    expect(patch(admin, f'user/{made["id"]}', {'name': 'The last one', 'disabled': True}), 200)
    new.kill('user')
    new.restart('user')
    path = f'user/{made["id"]}?fields=name,disabled'
    wait_until(lambda: admin.get(path).status == 200, 10, 'the service answers again')
    assert expect(admin.get(path), 200) == {'name': 'The last one', 'disabled': True}
    with new.client(token) as c:
        expect(c.get('user/me'), 401)
