"""Departments and categories: changed, deleted, and what others see of it."""
import pytest

from desk import ADMIN, SUPER, USER, wait_until
from wire import Client, expect

numbers = iter(range(1, 1000))
TICKET = {'title': 'a title', 'content': 'some content', 'ticket_priority_id': 1}


@pytest.fixture(params=[ADMIN, SUPER])
def staff(request, writing):
    with writing.client(request.param) as c:
        yield c


def department(client):
    return expect(client.post('departments', {'department': f'Department {next(numbers)}'}), 201)


def category(client, parent):
    return expect(client.post('categories', {'category': f'Category {next(numbers)}',
                                             'department_id': parent['id']}), 201)


def patch(client, path, **body):
    return client.request('PATCH', path, json=body)


def delete(client, path, **more):
    return client.request('DELETE', path, **more)


def names(client, path, member):
    return [i[member] for i in expect(client.get(path), 200)['items']]


def test_a_department_is_renamed(staff):
    made = department(staff)
    path = f'department/{made["id"]}'
    child = category(staff, made)
    name = f'部門 {made["id"]}'
    tags = [staff.get(p).header('ETag') for p in (path, f'category/{child["id"]}')]
    assert expect(patch(staff, path, department=name), 200) == {**made, 'department': name}
    assert expect(staff.get(path), 200)['department'] == name
    assert expect(staff.get(f'category/{child["id"]}'), 200)['department'] == name
    pair = expect(staff.get(f'department_category/{child["id"]}'), 200)
    assert pair['department_category'] == f'{name} / {child["category"]}'
    assert all(staff.get(p).header('ETag') != t for p, t in zip((path, f'category/{child["id"]}'), tags))
    expect(staff.request('PATCH', path, json={'department': 'Too late'}, headers={'If-Match': tags[0]}), 412)
    expect(delete(staff, path, headers={'If-Match': tags[0]}), 409)


def test_a_category_is_renamed_and_moved(staff):
    old, new = department(staff), department(staff)
    made = category(staff, old)
    path = f'category/{made["id"]}'
    tag = staff.get(path).header('ETag')
    assert expect(patch(staff, path, category='Another one'), 200) == {**made, 'category': 'Another one'}
    moved = expect(patch(staff, path, department_id=new['id']), 200)
    assert moved['department'] == new['department'] and moved['category'] == 'Another one'
    assert expect(staff.get(path), 200) == moved
    assert made['id'] in names(staff, f'categories/?department_id={new["id"]}', 'id')
    assert names(staff, f'categories/?department_id={old["id"]}', 'id') == []
    expect(staff.request('PATCH', path, json={'category': 'Too late'}, headers={'If-Match': tag}), 412)


def test_names_stay_unique(admin):
    one, two = department(admin), department(admin)
    first, second = category(admin, one), category(admin, one)
    elsewhere = category(admin, two)
    assert expect(patch(admin, f'department/{two["id"]}', department=one['department']), 400)['message'] == \
        'Department already created.'
    expect(patch(admin, f'department/{one["id"]}', department=one['department']), 200)
    told = 'Category within department already exists.'
    assert expect(patch(admin, f'category/{second["id"]}', category=first['category']), 400)['message'] == told
    expect(patch(admin, f'category/{elsewhere["id"]}', category=first['category']), 200)
    assert expect(patch(admin, f'category/{elsewhere["id"]}', department_id=one['id']), 400)['message'] == told


@pytest.mark.parametrize('body', [{'department': 'a'}, {'department': 'd' * 31}, {'department': 7},
                                  {'department': None}])
def test_what_does_not_fit_a_department(admin, body):
    assert 'department' in expect(admin.request('PATCH', 'department/1', json=body), 400)['message']


@pytest.mark.parametrize('body', [
    {'category': 'a'}, {'category': 'c' * 31}, {'category': 7}, {'department_id': '1'}, {'department_id': 99999},
    {'department_id': 0}, {'category': 'Fine as such', 'department_id': -1}])
def test_what_does_not_fit_a_category(admin, body):
    field = 'department_id' if 'department_id' in body else 'category'
    assert field in expect(admin.request('PATCH', 'category/1', json=body), 400)['message']


def test_they_are_for_staff(writing, admin):
    made = department(admin)
    child = category(admin, made)
    with writing.client(USER) as c:
        for path in (f'department/{made["id"]}', f'category/{child["id"]}'):
            expect(patch(c, path, department='Ours'), 403)
            expect(delete(c, path), 403)
    with Client(writing.port) as c:
        expect(delete(c, f'category/{child["id"]}'), 401)


def test_there_must_be_something(admin):
    for kind in ('department', 'category'):
        expect(admin.request('PATCH', f'{kind}/99999', json={kind: 'Not there'}), 404)
        expect(delete(admin, f'{kind}/99999'), 404)


def test_what_is_deleted_is_in_no_list_but_still_has_its_name(staff):
    parent = department(staff)
    made = category(staff, parent)
    # a department with categories stays
    assert 'categories' in expect(delete(staff, f'department/{parent["id"]}'), 409)['message']
    expect(delete(staff, f'category/{made["id"]}'), 204)
    expect(delete(staff, f'category/{made["id"]}'), 404)
    expect(delete(staff, f'department/{parent["id"]}'), 204)
    expect(delete(staff, f'department/{parent["id"]}'), 404)
    for path in ('categories/', 'department_categories/'):
        assert names(staff, f'{path}?department_id={parent["id"]}', 'links') == []
        assert names(staff, f'{path}?department={parent["department"].replace(" ", "+")}', 'links') == []
    assert expect(staff.get(f'category/{made["id"]}'), 200) == made
    assert expect(staff.get(f'department/{parent["id"]}'), 200) == parent
    assert expect(staff.get(f'category/{made["id"]}?fields=category,deleted'), 200) == {
        'category': made['category'], 'deleted': True}
    assert expect(staff.get(f'department_category/{made["id"]}?fields=category,deleted'), 200)['deleted'] is True
    assert expect(staff.get('department/1?fields=deleted'), 200) == {'deleted': False}
    # nothing can be done with them
    expect(patch(staff, f'category/{made["id"]}', category='Back again'), 409)
    expect(patch(staff, f'department/{parent["id"]}', department='Back again'), 409)
    answer = staff.post('categories', {'category': 'Within it', 'department_id': parent['id']})
    assert expect(answer, 400)['message'] == 'not a valid department_id'
    elsewhere = category(staff, department(staff))
    for body in ({'department_id': parent['id']}, {'department_id': parent['id'], 'category': 'Moved and renamed'}):
        answer = patch(staff, f'category/{elsewhere["id"]}', **body)
        assert expect(answer, 400)['message'] == 'not a valid department_id'
    assert expect(staff.get(f'category/{elsewhere["id"]}'), 200) == elsewhere
    answer = staff.post('tickets', {**TICKET, 'category_id': made['id']})
    assert expect(answer, 400)['message'] == 'not a valid category_id'
    # the names are free
    again = expect(staff.post('departments', {'department': parent['department']}), 201)
    assert again['id'] != parent['id']
    expect(staff.post('categories', {'category': made['category'], 'department_id': again['id']}), 201)


def test_lists_count_what_is_there(admin):
    before = expect(admin.get('departments/?per_page=1'), 200)['_meta']['total_items']
    made = department(admin)
    assert expect(admin.get('departments/?per_page=1'), 200)['_meta']['total_items'] == before + 1
    expect(delete(admin, f'department/{made["id"]}'), 204)
    after = expect(admin.get('departments/?per_page=100'), 200)
    assert after['_meta']['total_items'] == len(after['items']) == before
    assert made['id'] not in [i['id'] for i in after['items']]


def test_what_tickets_use_stays(admin):
    parent = department(admin)
    made = category(admin, parent)
    ticket = expect(admin.post('tickets', {**TICKET, 'category_id': made['id']}), 201)
    expect(delete(admin, f'category/{made["id"]}'), 409)
    expect(delete(admin, f'department/{parent["id"]}'), 409)
    assert expect(admin.get(f'category/{made["id"]}?fields=deleted'), 200) == {'deleted': False}
    expect(delete(admin, f'ticket/{ticket["id"]}'), 204)
    expect(delete(admin, f'category/{made["id"]}'), 204)


def test_a_status_that_is_none_is_refused(admin):
    ticket = expect(admin.post('tickets', {**TICKET, 'category_id': 1}), 201)
    for status in (99999, 0, -1):
        answer = admin.post(f'ticket/{ticket["id"]}/status', {'status_id': status})
        assert expect(answer, 400)['message'] == 'not a valid status_id'


def test_the_ticket_service_knows_the_names(admin):
    """Filters and sorts of tickets go by names that lookup has told."""
    parent = department(admin)
    made = category(admin, parent)
    ticket = expect(admin.post('tickets', {**TICKET, 'category_id': made['id']}), 201)

    def found(**query):
        path = 'tickets/?' + '&'.join(f'{k}={v.replace(" ", "+")}' for k, v in query.items())
        return names(admin, path, 'id')

    assert found(category=made['category']) == [ticket['id']] == found(department=parent['department'])
    expect(patch(admin, f'category/{made["id"]}', category='Told anew'), 200)
    expect(patch(admin, f'department/{parent["id"]}', department='Told anew as well'), 200)
    assert found(category='Told anew') == [ticket['id']] == found(department='Told anew as well')


def test_deletions_and_names_survive_a_kill(new):
    admin = new.admin()
    made = department(admin)
    expect(delete(admin, f'department/{made["id"]}'), 204)
    new.kill('lookup')
    new.restart('lookup')
    path = f'department/{made["id"]}?fields=deleted'
    wait_until(lambda: admin.get(path).status == 200, 10, 'the service answers again')
    assert expect(admin.get(path), 200) == {'deleted': True}
