"""Views, lists of tickets under a name: whose they are, who sees and changes them, their bounds. And the settings."""
import pytest

from desk import ADMIN_PASSWORD, PASSWORD
from wire import expect

VIEW = {'name': 'Printers', 'query': 'category_id=1&status=Open'}


@pytest.fixture
def staff(other):
    return other


def make(c, **fields):
    return expect(c.post('views/', {**VIEW, **fields}), 201)


def views(c):
    return [v['id'] for v in expect(c.get('views/?per_page=100'), 200)['items']]


def patch(c, id, **fields):
    return c.request('PATCH', f'view/{id}', json=fields)


def test_a_view_is_made_changed_and_deleted(user):
    made = make(user, name='  Mine  ')
    assert {k: made[k] for k in ('name', 'query', 'shared', 'user_id')} == {
        'name': 'Mine', 'query': VIEW['query'], 'shared': False, 'user_id': 3}
    assert expect(user.get(f'view/{made["id"]}'), 200) == made
    changed = expect(patch(user, made['id'], name='Other 名', position=7), 200)
    assert (changed['name'], changed['position'], changed['query']) == ('Other 名', 7, VIEW['query'])
    assert make(user)['position'] == 8          # behind the others
    tag = user.get(f'view/{made["id"]}').header('ETag')
    expect(patch(user, made['id'], query=''), 200)
    expect(user.request('DELETE', f'view/{made["id"]}', headers={'If-Match': tag}), 412)
    expect(user.request('DELETE', f'view/{made["id"]}'), 204)
    expect(user.get(f'view/{made["id"]}'), 404)
    expect(user.request('DELETE', f'view/{made["id"]}'), 404)


def test_views_are_ones_own_or_shared(admin, user, staff):
    own, private, shared = make(user)['id'], make(staff)['id'], make(staff, shared=True)['id']
    assert {own, shared} <= set(views(user)) and private not in views(user) and private not in views(admin)
    for c in (user, admin):
        expect(c.get(f'view/{private}'), 404)
        expect(patch(c, private, name='x'), 404)
        expect(c.request('DELETE', f'view/{private}'), 404)
    expect(patch(user, shared, name='x'), 403)
    expect(user.request('DELETE', f'view/{shared}'), 403)
    assert expect(patch(admin, shared, name='By admin'), 200)['user_id'] == 6
    expect(admin.request('DELETE', f'view/{shared}'), 204)


def test_staff_share_views(user, staff):
    refused = expect(user.post('views/', {**VIEW, 'shared': True}), 403)
    assert (refused['code'], refused['field']) == ('forbidden', 'shared')
    own = make(user, shared=False)['id']
    expect(patch(user, own, shared=True), 403)
    theirs = make(staff)['id']
    assert expect(patch(staff, theirs, shared=True), 200)['shared'] is True and theirs in views(user)
    assert expect(patch(staff, theirs, shared=False), 200)['shared'] is False and theirs not in views(user)


@pytest.mark.parametrize('fields, field, code', [
    ({'name': ''}, 'name', 'too_short'), ({'name': ' \t'}, 'name', 'too_short'), ({'name': 'x' * 61}, 'name', 'too_long'),
    ({'name': 'a\nb'}, 'name', 'invalid_character'), ({'name': 1}, 'name', 'wrong_type'),
    ({'query': 'x' * 2001}, 'query', 'too_long'),
    ({'shared': 1}, 'shared', 'wrong_type'), ({'position': -1}, 'position', 'out_of_range'),
    ({'position': 1000001}, 'position', 'out_of_range'), ({'user_id': 1}, 'user_id', 'unknown_field')])
def test_what_does_not_fit_is_named(user, fields, field, code):
    refused = expect(user.post('views/', {**VIEW, **fields}), 400)
    assert (refused['field'], refused['code']) == (field, code), refused


def test_a_view_needs_a_name_and_a_query(user):
    assert make(user, query=None)['query'] == ''
    for missing in VIEW:
        body = {k: v for k, v in VIEW.items() if k != missing}
        refused = expect(user.post('views/', body), 400)
        assert (refused['field'], refused['code']) == (missing, 'required'), refused


def test_a_user_has_100_views_and_they_go_with_the_user(admin, writing):
    one = expect(admin.post('users/', {'username': 'viewer', 'name': 'Many Views', 'email': 'many@views.example',
                                       'password': PASSWORD}), 201)['id']
    with writing.client(False) as c:
        c.token = expect(c.log_in('viewer', PASSWORD), 200)['token']
        made = [make(c, name=f'n{i}')['id'] for i in range(100)]
        refused = expect(c.post('views/', VIEW), 409)
        assert refused['code'] == 'too_many' and '100' in refused['message']
        expect(c.request('DELETE', f'view/{made[3]}'), 204)
        key = {'Idempotency-Key': 'hundredth'}
        last = expect(c.post('views/', VIEW, headers=key), 201)
        assert expect(c.post('views/', VIEW, headers=key), 201) == last
    expect(admin.request('DELETE', f'user/{one}'), 204)
    expect(admin.get(f'view/{last["id"]}'), 404)


def test_settings_are_shown_to_admins(desks):
    desk = desks('new', FLICKET_TITLE='Desk of many')
    with desk.admin() as c:
        items = {i['name']: i for i in expect(c.get('settings'), 200)['items']}
        assert items['FLICKET_TITLE']['value'] == 'Desk of many' and items['FLICKET_TITLE']['default'] == 'flicketd'
        assert items['FLICKET_TITLE']['help'].startswith('Name of the desk')
        assert items['FLICKET_SEARCH_MS']['value'] == '4000' == items['FLICKET_SEARCH_MS']['default']
        assert items['FLICKET_TLS_KEY'] == {**items['FLICKET_TLS_KEY'], 'value': None, 'default': None}
        assert items['FLICKET_ADMIN_PASSWORD']['value'] in ('set', None)
        assert ADMIN_PASSWORD not in c.get('settings').body.decode()
        assert len(items) > 40
    with desk.client(False) as c:
        expect(c.get('settings'), 401)


def test_settings_are_for_no_others(user, staff):
    expect(user.get('settings'), 403)
    expect(staff.get('settings'), 403)
