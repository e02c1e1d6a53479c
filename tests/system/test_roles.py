"""Who may do what."""
import pytest

from desk import ADMIN, PASSWORD, SUPER, USER
from routes import ALL_READS
from wire import Client, expect


@pytest.mark.parametrize('token, name', [(ADMIN, 'admin'), (SUPER, 'super user')])
def test_admins_and_super_users_make_departments_and_categories(writing, token, name):
    with writing.client(token) as c:
        answer = c.post('departments', {'department': f'By the {name}'})
        made = expect(answer, 201)
        assert answer.header('Location') == made['links']['self']
        assert expect(c.get(f'department/{made["id"]}'), 200) == made
        answer = c.post('categories', {'category': f'By the {name}', 'department_id': made['id']})
        made = expect(answer, 201)
        assert answer.header('Location') == made['links']['self']
        assert made['department'] == f'By the {name}'
        assert expect(c.get(f'category/{made["id"]}'), 200) == made
        joined = expect(c.get(f'department_category/{made["id"]}'), 200)
        assert joined['department_category'] == f'By the {name} / By the {name}'


def test_other_users_may_not(writing):
    with writing.client(USER) as c:
        for target, body in (('departments', {'department': 'By anybody'}),
                             ('categories', {'category': 'By anybody', 'department_id': 1})):
            before = expect(c.get(target + '/'), 200)['_meta']['total_items']
            assert expect(c.post(target, body), 403)['error'] == 'Forbidden'
            assert expect(c.get(target + '/'), 200)['_meta']['total_items'] == before


def test_a_token_of_a_login_has_the_rights_of_its_user(writing):
    with Client(writing.port) as c:
        for username, status in (('user012', 201), ('user005', 403)):
            token = expect(c.log_in(username, PASSWORD), 200)['token']
            answer = c.post('departments', {'department': f'By {username}'}, token=token)
            expect(answer, status)


def test_every_user_may_read_everything_and_write_tickets(writing):
    with writing.client(USER) as c:
        for path in ALL_READS:
            expect(c.get(path), 200)
        expect(c.post('tickets', {'title': 'a title', 'content': 'some content', 'category_id': 1,
                                  'ticket_priority_id': 1}), 201)


def test_a_new_desks_admin_may(new):
    admin = new.admin()
    expect(admin.post('departments', {'department': 'A new one'}), 201)
    expect(admin.post('categories', {'category': 'A new one', 'department_id': 7}), 201)
