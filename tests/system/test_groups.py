"""Groups and who is in them; rights follow at once."""
import pytest

from desk import ADMIN, PASSWORD, SUPER, USER
from wire import Client, expect

numbers = iter(range(1, 1000))


@pytest.fixture
def group(admin):
    return expect(admin.post('groups', {'group_name': f'Group number {next(numbers)}'}), 201)


def members(client, group):
    return [u['id'] for u in expect(client.get(f'group/{group}/members/'), 200)['items']]


def groups_of(client, user):
    return expect(client.get(f'user/{user}?fields=groups'), 200)['groups']


def test_groups_are_listed(writing, admin):
    listed = expect(admin.get('groups/'), 200)
    assert {g['group_name'] for g in listed['items']} >= {'flicket_admin', 'super_user'}
    assert listed['_meta']['total_items'] == len(listed['items'])
    first = listed['items'][0]
    assert set(first) == {'group_name', 'id', 'links', 'total_members'}
    assert expect(admin.get(writing.path_of(first['links']['self'])), 200) == first
    found = expect(admin.get(writing.path_of(first['links']['members'])), 200)
    assert found['_meta']['total_items'] == first['total_members']


def test_groups_are_for_admins(writing, group):
    calls = [('GET', 'groups/', None), ('GET', 'group/1', None), ('GET', 'group/1/members/', None),
             ('POST', 'groups', {'group_name': 'By anybody'}), ('PATCH', f'group/{group["id"]}', {'group_name': 'Ours'}),
             ('DELETE', f'group/{group["id"]}', None), ('POST', 'group/1/members', {'user_id': 3}),
             ('DELETE', 'group/1/member/1', None)]
    for token in (USER, SUPER):
        with writing.client(token) as c:
            for method, path, body in calls:
                expect(c.request(method, path, json=body), 403)
    with Client(writing.port) as c:
        for method, path, body in calls:
            expect(c.request(method, path, json=body), 401)


def test_a_groups_life(admin):
    answer = admin.post('groups', {'group_name': '客服團隊'})
    made = expect(answer, 201)
    path = f'group/{made["id"]}'
    assert answer.header('Location') == made['links']['self']
    assert made['group_name'] == '客服團隊' and made['total_members'] == 0
    tag = admin.get(path).header('ETag')
    renamed = expect(admin.request('PATCH', path, json={'group_name': 'Service team'}, headers={'If-Match': tag}), 200)
    assert renamed == {**made, 'group_name': 'Service team'}
    expect(admin.request('PATCH', path, json={'group_name': 'Again'}, headers={'If-Match': tag}), 412)
    assert expect(admin.get(path), 200) == renamed
    expect(admin.request('DELETE', path), 204)
    expect(admin.get(path), 404)
    for method, body in (('PATCH', {'group_name': 'Again'}), ('DELETE', None)):
        expect(admin.request(method, path, json=body), 404)
    expect(admin.get(path + '/members/'), 404)
    expect(admin.post(path + '/members', {'user_id': 3}), 404)


@pytest.mark.parametrize('body', [{}, {'group_name': 'ab'}, {'group_name': 'g' * 65}, {'group_name': 7},
                                  {'group_name': None}, {'group_name': 'with\0null'}])
def test_names_of_groups_have_bounds(admin, group, body):
    assert 'group_name' in expect(admin.post('groups', body), 400)['message']
    if body:
        answer = admin.request('PATCH', f'group/{group["id"]}', json=body)
        assert 'group_name' in expect(answer, 400)['message']


def test_names_of_groups_are_unique(admin, group):
    other = expect(admin.post('groups', {'group_name': f'Group number {next(numbers)}'}), 201)
    for answer in (admin.post('groups', {'group_name': group['group_name']}),
                   admin.post('groups', {'group_name': 'flicket_admin'}),
                   admin.request('PATCH', f'group/{other["id"]}', json={'group_name': group['group_name']})):
        assert 'group_name' in expect(answer, 409)['message']
    expect(admin.request('PATCH', f'group/{other["id"]}', json={'group_name': other['group_name']}), 200)


def test_flickets_own_groups_stay(admin):
    by_name = {g['group_name']: g['id'] for g in expect(admin.get('groups/'), 200)['items']}
    for name in ('flicket_admin', 'super_user'):
        expect(admin.request('PATCH', f'group/{by_name[name]}', json={'group_name': 'Renamed'}), 409)
        expect(admin.request('DELETE', f'group/{by_name[name]}'), 409)


def test_members_come_and_go(writing, admin, group):
    path = f'group/{group["id"]}'
    answer = admin.post(path + '/members', {'user_id': 4})
    got = expect(answer, 201)
    assert got['id'] == 4 and answer.header('Location') == got['links']['self']
    assert expect(admin.post(path + '/members/', {'username': 'user005'}), 201)['username'] == 'user005'
    assert members(admin, group['id']) == [4, 5]
    assert expect(admin.get(path), 200)['total_members'] == 2
    assert group['group_name'] in groups_of(admin, 4)
    tag = admin.get('user/4?fields=groups').header('ETag')
    expect(admin.request('PATCH', path, json={'group_name': f'Renamed {group["id"]}'}), 200)
    assert f'Renamed {group["id"]}' in groups_of(admin, 4)
    assert admin.get('user/4?fields=groups').header('ETag') != tag
    expect(admin.request('DELETE', path + '/member/4'), 204)
    assert members(admin, group['id']) == [5]
    expect(admin.request('DELETE', path + '/member/4'), 404)
    expect(admin.request('DELETE', path), 204)
    assert groups_of(admin, 5) == []


def test_pages_and_fields_of_members(admin, group):
    for user in (8, 4, 5):
        expect(admin.post(f'group/{group["id"]}/members', {'user_id': user}), 201)
    page = expect(admin.get(f'group/{group["id"]}/members/?per_page=2&page=2&fields=id,groups'), 200)
    assert page['items'] == [{'id': 8, 'groups': [group['group_name']]}]
    assert page['_meta'] == {'page': 2, 'per_page': 2, 'total_items': 3, 'total_pages': 2}
    assert f'group/{group["id"]}/members/' in page['_links']['prev']


@pytest.mark.parametrize('body, names', [
    ({}, 'user_id'), ({'user_id': 4, 'username': 'user004'}, 'user_id'), ({'user_id': 99999}, 'user_id'),
    ({'username': 'nobody-here'}, 'username'), ({'user_id': '4'}, 'user_id'), ({'username': 4}, 'username')])
def test_a_member_is_somebody(admin, group, body, names):
    assert names in expect(admin.post(f'group/{group["id"]}/members', body), 400)['message']
    assert members(admin, group['id']) == []


def test_nobody_is_a_member_twice(admin, group):
    path = f'group/{group["id"]}/members'
    expect(admin.post(path, {'user_id': 4}), 201)
    expect(admin.post(path, {'username': 'user004'}), 409)
    key = {'Idempotency-Key': f'member 5 of {group["id"]}'}
    first = admin.post(path, {'user_id': 5}, headers=key)
    assert expect(admin.post(path, {'user_id': 5}, headers=key), 201) == expect(first, 201)
    assert members(admin, group['id']) == [4, 5]


def test_rights_come_and_go_at_once_at_every_gateway(imported):
    other = imported.start_gateway('gateway-2')
    imported.wait_ready(other)
    with imported.client(ADMIN) as admin, Client(imported.port) as c:
        token = expect(c.log_in('user005', PASSWORD), 200)['token']
        by_name = {g['group_name']: g['id'] for g in expect(admin.get('groups/'), 200)['items']}
        for name, path in (('flicket_admin', 'groups/'), ('super_user', None)):
            for round_ in range(3):
                for port in (imported.port, other):
                    with Client(port, token) as client:
                        assert status(client, path, f'{name}{round_}{port}') == 403
                expect(admin.post(f'group/{by_name[name]}/members', {'user_id': 5}), 201)
                for port in (imported.port, other):
                    with Client(port, token) as client:
                        assert status(client, path, f'{name}{round_}{port}') in (200, 201)
                expect(admin.request('DELETE', f'group/{by_name[name]}/member/5'), 204)


def status(client, path, name):
    """Whether a thing that takes rights is done: reading groups, or making a department."""
    if path:
        return client.get(path).status
    return client.post('departments', {'department': name}).status


def test_an_admin_that_removes_itself_is_none_any_more(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as second:
        expect(admin.post('group/1/members', {'user_id': 3}), 201)
        expect(second.get('groups/'), 200)
        for user in members(second, 1):
            if user != 3:
                expect(second.request('DELETE', f'group/1/member/{user}'), 204)
        expect(admin.get('groups/'), 403)
        expect(second.request('DELETE', 'group/1/member/3'), 409)
        expect(second.get('groups/'), 200)


def test_the_id_of_a_deleted_group_is_not_given_again(admin):
    """Its ETag is that of the id and a version, and a new group would have both."""
    old = expect(admin.post('groups', {'group_name': f'Group number {next(numbers)}'}), 201)['id']
    tag = admin.get(f'group/{old}').header('ETag')
    expect(admin.request('DELETE', f'group/{old}'), 204)
    new = expect(admin.post('groups', {'group_name': f'Group number {next(numbers)}'}), 201)['id']
    assert new > old
    expect(admin.get(f'group/{new}', headers={'If-None-Match': tag}), 200)


@pytest.mark.parametrize('who', [{'user_id': 99999}, {'username': 'nobody-here'}])
def test_a_user_who_does_not_exist_is_told_of_in_the_same_words_everywhere(admin, group, who):
    field, value = *who, *who.values()
    ticket = expect(admin.get('tickets/?per_page=1&status=Open'), 200)['items'][0]['id']
    for path, more in [(f'group/{group["id"]}/members/', {}), (f'ticket/{ticket}/assign', {}),
                       ('subscriptions/', {'ticket_id': ticket})]:
        told = expect(admin.post(path, {**who, **more}), 400)
        shown = value if field == 'user_id' else f'"{value}"'
        assert (told['field'], told['message']) == (field, f'{field}: user {shown} does not exist.'), path
