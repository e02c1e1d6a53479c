"""`flicketctl verify` says nothing of a sound desk, and finds each thing that is wrong in one that is not."""
import contextlib
import json
import sqlite3

import pytest

from fixtures import stores_of_use
from desk import SERVICES, Desk, run_program, wait_until
from wire import expect, insist

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}


def verify(*args, status=0):
    done = run_program('flicketctl', 'verify', '--json', *map(str, args))
    assert done.returncode == status, f'{done.returncode}\n{done.stdout}{done.stderr}'
    return json.loads(done.stdout) if status != 3 else done.stderr


def use(desk):
    """Something of everything is made, changed and deleted."""
    admin = desk.admin()
    user = expect(admin.post('users', {'username': 'newuser', 'name': 'New User', 'email': 'a@example.org',
                                       'password': 'Password1'}), 201)['id']
    group = expect(admin.post('groups', {'group_name': 'a group'}), 201)['id']
    expect(admin.post(f'group/{group}/members', {'user_id': user}), 201)
    gone = expect(admin.post('users', {'username': 'goneuser', 'name': 'Gone User', 'email': 'b@example.org',
                                       'password': 'Password1'}), 201)['id']
    expect(admin.request('PATCH', f'user/{user}', json={'name': 'Newer User'}), 200)
    tickets = [expect(admin.post('tickets', dict(TICKET, title=f'ticket {i}')), 201)['id'] for i in range(10)]
    posts = [expect(admin.post('posts', {'ticket_id': t, 'content': f'reply {i} of many words', 'hours': 1.5}),
                    201)['id'] for t in tickets for i in range(3)]
    for t in tickets[:3]:
        expect(admin.post(f'ticket/{t}/claim', {}), 200)
    expect(admin.post(f'ticket/{tickets[0]}/close', {}), 200)
    expect(admin.post(f'ticket/{tickets[1]}/release', {}), 200)
    expect(admin.post(f'ticket/{tickets[2]}/assign', {'user_id': user}), 200)
    expect(admin.post('subscriptions', {'ticket_id': tickets[4], 'user_id': gone}), 201)
    expect(admin.request('DELETE', f'user/{gone}'), 204)
    expect(admin.request('DELETE', f'ticket/{tickets[3]}'), 204)
    expect(admin.request('DELETE', f'post/{posts[6]}'), 204)
    expect(admin.request('PATCH', f'post/{posts[7]}', json={'content': 'other words', 'hours': 3}), 200)
    expect(admin.request('PATCH', f'ticket/{tickets[5]}', json={'title': 'another title', 'content': 'another text'}), 200)
    department = expect(admin.post('departments', {'department': 'New Department'}), 201)['id']
    expect(admin.post('categories', {'category': 'new one', 'department_id': department}), 201)
    expect(admin.request('PATCH', f'department/{department}', json={'department': 'Newer one'}), 200)
    assert verify('--data', desk.data) == {'result': 'ok', 'findings': [], 'notes': []}


@pytest.fixture(scope='module')
def used(tmp_path_factory):
    with stores_of_use(tmp_path_factory.mktemp('used'), use) as stores:
        yield stores


def test_a_fresh_desk_is_whole(new):
    assert verify('--data', new.data) == {'result': 'ok', 'findings': [], 'notes': []}


def test_an_imported_desk_is_whole(imported):
    assert verify('--data', imported.data)['findings'] == []
    admin = imported.client()
    for _ in range(5):
        ticket = expect(admin.post('tickets', TICKET), 201)['id']
        expect(admin.post('posts', {'ticket_id': ticket, 'content': 'a reply'}), 201)
    assert verify('--data', imported.data)['findings'] == []


@pytest.mark.parametrize('column', ['total_posts', 'total_assigned'])
def test_totals_of_an_imported_desk_differ_as_they_did_in_flicket_and_no_more(imported, column):
    admin = imported.client()
    user = expect(admin.get('user/1'), 200)['id']
    for i in range(3):
        ticket = expect(admin.post('tickets', TICKET), 201)['id']
        expect(admin.post('posts', {'ticket_id': ticket, 'content': 'a reply'}), 201)
        expect(admin.post(f'ticket/{ticket}/claim', {}), 200)
    expect(admin.request('DELETE', f'ticket/{ticket}'), 204)
    found = verify('--data', imported.data)
    assert found['findings'] == [] and not any('totals' in n for n in found['notes']), found
    imported.stop()
    with contextlib.closing(sqlite3.connect(imported.data / 'stores' / 'user' / 'user.db')) as db, db:
        db.execute(f'UPDATE users SET {column} = {column} + 1 WHERE id = ?', (user,))
    assert [f['test'] for f in verify('--data', imported.data, status=1)['findings']] == ['totals']


def test_nothing_is_changed(data):
    before = {f: f.read_bytes() for f in data.rglob('*') if f.is_file()}
    assert verify('--data', data)['result'] == 'ok'
    assert {f: f.read_bytes() for f in data.rglob('*') if f.is_file()} == before


# what is done to a store: the test that finds it
DAMAGE = {
    'ticket without a user': ('ticket', 'UPDATE tickets SET started_id = 99 WHERE id = 1', 'reference'),
    'ticket without a category': ('ticket', 'UPDATE tickets SET category_id = 99 WHERE id = 1', 'reference'),
    'ticket without a status': ('ticket', 'UPDATE tickets SET status_id = 99 WHERE id = 1', 'reference'),
    'ticket of a lost assignee': ('ticket', 'UPDATE tickets SET assigned_id = 99 WHERE id = 1', 'reference'),
    'subscription to nothing': ('ticket', 'UPDATE subscriptions SET ticket_id = 99 WHERE id = 1', 'reference'),
    'action on nothing': ('ticket', 'UPDATE actions SET ticket_id = 99 WHERE id = 1', 'reference'),
    'action of nobody': ('ticket', 'UPDATE actions SET user_id = 99 WHERE id = 1', 'reference'),
    'action on no reply': ('ticket', 'UPDATE actions SET post_id = 999 WHERE id = 1', 'reference'),
    'reply to nothing': ('post', 'UPDATE posts SET ticket_id = 99 WHERE id = 5', 'reference'),
    'reply of nobody': ('post', 'UPDATE posts SET user_id = 99 WHERE id = 5', 'reference'),
    'history of nothing': ('post', 'UPDATE histories SET topic_id = 99 WHERE post_id IS NULL', 'reference'),
    'upload on nothing': ('post', "INSERT INTO uploads (topic_id, filename) VALUES (99, '')", 'reference'),
    'upload without a file': ('post', "INSERT INTO uploads (topic_id, filename) VALUES (1, 'x.txt')", 'files'),
    'avatar without a file': ('user', "UPDATE users SET avatar = 'x.png' WHERE id = 1", 'files'),
    'reply that was lost': ('post', 'DELETE FROM posts WHERE id = 6', 'replies'),
    'count of replies': ('ticket', 'UPDATE tickets SET replies = 7 WHERE id = 1', 'replies'),
    'sum of hours': ('ticket', 'UPDATE tickets SET reply_hours = 7 WHERE id = 1', 'replies'),
    'ticket that was replied to later': ('ticket', 'UPDATE tickets SET last_updated = date_added - 20000000 WHERE id = 5',
                                         'last_updated'),
    'ticket that was never updated': ('ticket', 'UPDATE tickets SET last_updated = NULL WHERE id = 5', 'last_updated'),
    'total of posts': ('user', 'UPDATE users SET total_posts = total_posts + 1 WHERE id = 1', 'totals'),
    'total of tickets assigned': ('user', 'UPDATE users SET total_assigned = 9 WHERE id = 1', 'totals'),
    'name of a user': ('ticket', "UPDATE user_names SET name = 'x' WHERE id = 1", 'names'),
    'user without a name': ('ticket', 'DELETE FROM user_names WHERE id = 1', 'names'),
    'name of nobody': ('ticket', "INSERT INTO user_names (id, name) VALUES (77, 'x')", 'names'),
    'name of a department': ('lookup', "UPDATE departments SET department = 'x' WHERE id = 1", 'names'),
    'name of a category': ('ticket', "UPDATE category_names SET category = 'x' WHERE id = 1", 'names'),
    'name of a status': ('ticket', "UPDATE status_names SET status = 'x' WHERE id = 1", 'names'),
    'member of nothing': ('user', 'PRAGMA foreign_keys = OFF; INSERT INTO members VALUES (1, 99)', 'foreign keys'),
    'words of a ticket': ('ticket', "INSERT INTO ticket_words (rowid, title, content) VALUES (1, 'odd', 'word')",
                          'search'),
    'words of a reply': ('post', "UPDATE posts SET content = 'other words' WHERE id = 5", 'search'),
}


@pytest.mark.parametrize('what', DAMAGE)
def test_what_is_wrong_is_found(data, what):
    service, sql, test = DAMAGE[what]
    db = sqlite3.connect(data / 'stores' / service / f'{service}.db')
    db.execute('PRAGMA trusted_schema = ON')
    db.executescript(sql)
    db.close()
    found = verify('--data', data, status=1)
    assert test in [f['test'] for f in found['findings']], found
    for f in found['findings']:
        assert f['count'] >= len(f['examples']) > 0 and all(f['examples'])


def test_a_damaged_page_is_found(data):
    path = data / 'stores' / 'post' / 'post.db'
    size = path.stat().st_size
    with open(path, 'r+b') as f:
        for page in range(2, size // 4096):
            f.seek(page * 4096 + 8)
            f.write(b'\xff' * 64)
    done = run_program('flicketctl', 'verify', '--data', str(data))
    assert done.returncode in (1, 3) and (done.stdout + done.stderr).strip()


def test_a_file_without_a_row_is_found(data):
    import os
    path = data / 'stores' / 'post' / 'files' / 'nobody.txt'
    path.parent.mkdir(exist_ok=True)
    path.write_text('x')
    assert verify('--data', data)['result'] == 'ok', 'it may be on its way'
    os.utime(path, (0, 0))
    assert [f['test'] for f in verify('--data', data, status=1)['findings']] == ['files']


def test_what_is_on_its_way_is_not_wrong(new):
    admin = new.admin()
    ticket = expect(admin.post('tickets', TICKET), 201)['id']
    new.kill('user')
    for _ in range(3):
        expect(admin.post('posts', {'ticket_id': ticket, 'content': 'a reply'}), 201)
    found = verify('--data', new.data)
    assert found['findings'] == [] and any('not delivered to the user service' in n for n in found['notes'])
    new.restart('user')
    wait_until(lambda: verify('--data', new.data)['notes'] == [], 10, 'all is delivered')


OF_POSTS = {'replies to a ticket that is not there',
            'replies that the ticket service does not know, or that are not there'}
# a service that does not run: what is done meanwhile, who has to tell it, and what it therefore cannot have right
UNHEARD = {
    'ticket': [
        ('PATCH', 'user/2', {'name': 'Newest User'}, 'user', {
            'tickets assigned to users that are not there', 'subscriptions without a user or a ticket',
            'users whose name the ticket service has wrong'}),
        ('PATCH', 'department/1', {'department': 'Newest one'}, 'lookup', {
            'departments that the ticket service has wrong', 'categories that the ticket service has wrong',
            'priorities or statuses that the ticket service has wrong'}),
        ('DELETE', 'post/1', None, 'post', {
            'actions on a reply that is not there', 'tickets with a wrong count of replies',
            'tickets with a wrong sum of hours', 'tickets that were changed or replied to after their last_updated',
            *OF_POSTS})],
    'post': [
        ('DELETE', 'ticket/1', None, 'ticket', {
            'uploads without a ticket or a reply', 'histories without a text or a user', *OF_POSTS})],
}


@pytest.mark.parametrize('stopped', UNHEARD)
def test_what_a_stopped_service_has_not_heard_is_not_wrong(data, stopped):
    """What it has still to be told is left out, and nothing else is."""
    desk = Desk(data.parent, 'new', FLICKET_REQUEST_TIMEOUT_MS=60000)
    try:
        desk.start()
        admin = desk.admin()
        desk.processes[stopped].terminate()
        assert verify('--data', data) == {'result': 'ok', 'findings': [], 'notes': []}
        notes = set()
        for method, path, body, teller, left_out in UNHEARD[stopped]:
            answer = insist(lambda method=method, path=path, body=body: admin.request(method, path, json=body))
            assert answer.status in (200, 204), answer
            notes |= {f'1 events of the {teller} service are not delivered to the {stopped} service'}
            notes |= {f'not looked for, as events are under way: {what}' for what in left_out}
            found = verify('--data', data)
            assert found['findings'] == [] and set(found['notes']) == notes, found
        desk.restart(stopped)
        wait_until(lambda: verify('--data', data)['notes'] == [], 30, 'all is delivered')
        desk.stop()
    finally:
        desk.kill_everything()


def test_what_cannot_be_read_is_said(tmp_path):
    assert 'stores/user/user.db' in verify('--data', tmp_path, status=3)
    assert 'is not a backup' in verify(tmp_path, status=3)
    assert run_program('flicketctl', 'verify', '--nothing').returncode == 2


def test_all_services_are_among_those_that_are_looked_at(data):
    for service in SERVICES:
        path = data / 'stores' / service / f'{service}.db'
        path.rename(path.with_suffix('.away'))
        assert f'{service}.db' in verify('--data', data, status=3)
        path.with_suffix('.away').rename(path)
