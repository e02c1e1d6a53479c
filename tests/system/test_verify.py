"""`flicketctl verify` says nothing of a sound desk, and finds each thing that is wrong in one that is not."""
import contextlib
import json
import sqlite3

import pytest

from fixtures import stores_of_use
from test_uploads import upload
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
    use_console(desk, tickets)
    wait_until(lambda: verify('--data', desk.data) == {'result': 'ok', 'findings': [], 'notes': []}, 20, 'all is told')


def use_console(desk, tickets):
    """Another user replies to the ticket 7, sees it and the last one, has views, a staged file and two attached ones."""
    with desk.client(False) as c:
        c.token = expect(c.log_in('newuser', 'Password1'), 200)['token']
        files = [expect(upload(c, b'a file\n'), 201)['id'] for _ in range(3)]
        expect(c.post('posts', {'ticket_id': tickets[6], 'content': 'of another', 'upload_ids': files[:1]}), 201)
        expect(c.post('posts', {'ticket_id': tickets[6], 'content': 'of the same'}), 201)
        expect(c.post('tickets', {**TICKET, 'upload_ids': files[1:2]}), 201)
        for ticket in (tickets[6], tickets[9]):
            expect(c.request('PUT', f'ticket/{ticket}/seen', json={'post_id': 1}), 204)
        for _ in range(2):
            expect(c.post('views', {'name': 'a list', 'query': 'status=Open'}), 201)


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


# what the console keeps: what is done to a store, the test that finds it, and which row it tells
STAGED = 'UPDATE uploads SET {} WHERE staged_at IS NOT NULL'
DAMAGE_OF_CONSOLE = {
    'milestones of nothing': ('ticket', 'INSERT INTO milestones (ticket_id) VALUES (99)', 'reference', 'ticket 99'),
    'another newest reply': ('ticket', 'UPDATE milestones SET newest_post = 3 WHERE ticket_id = 7', 'milestones',
                             'ticket 7: newest_post 3,'),
    'no milestones': ('ticket', 'DELETE FROM milestones WHERE ticket_id = 7', 'milestones', 'ticket 7: newest_post none'),
    'no first reply': ('ticket', 'UPDATE milestones SET first_reply = NULL WHERE ticket_id = 7', 'milestones',
                       'ticket 7: first_reply none'),
    'a later first reply': ('ticket', 'UPDATE milestones SET first_reply = first_reply + 3600000000 WHERE ticket_id = 7',
                            'milestones', 'ticket 7: first_reply'),
    'a first reply before its ticket': ('ticket', 'UPDATE milestones SET first_reply = 5 WHERE ticket_id = 7', 'milestones',
                                        'ticket 7: first_reply 5,'),
    'end of an open ticket': ('ticket', 'UPDATE milestones SET closed_at = 5 WHERE ticket_id = 7', 'milestones',
                              'ticket 7: closed_at 5'),
    'no end of a closed ticket': ('ticket', 'UPDATE milestones SET closed_at = NULL WHERE ticket_id = 1', 'milestones',
                                  'ticket 1: closed_at none'),
    'an earlier end': ('ticket', 'UPDATE milestones SET closed_at = 5 WHERE ticket_id = 1', 'milestones',
                       'ticket 1: closed_at 5,'),
    'a later end': ('ticket', 'UPDATE milestones SET closed_at = closed_at + 3600000000 WHERE ticket_id = 1', 'milestones',
                    'ticket 1: closed_at'),
    'seen by nobody': ('ticket', 'INSERT INTO seen VALUES (99, 7, 1)', 'reference', 'user 99, ticket 7'),
    'nothing was seen': ('ticket', 'INSERT INTO seen VALUES (1, 99, 1)', 'reference', 'user 1, ticket 99'),
    'a mark of nobody': ('ticket', 'INSERT INTO seen_marks VALUES (99, 1, 1)', 'reference', 'user 99'),
    'a user without a mark': ('ticket', 'DELETE FROM seen_marks WHERE user_id = 1', 'seen', 'user 1'),
    'seen up to no reply': ('ticket', 'INSERT OR REPLACE INTO seen VALUES (1, 7, -3)', 'seen', 'user 1, ticket 7: post -3'),
    'a mark of no reply': ('ticket', 'UPDATE seen_marks SET post_id = -3 WHERE user_id = 1', 'seen', 'post -3'),
    'too much was seen': ('ticket', 'WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) '
                          'INSERT INTO seen SELECT 1, i, 0 FROM n', 'seen', 'user 1: 59'),
    'a view of nobody': ('user', 'PRAGMA foreign_keys = OFF; UPDATE views SET user_id = 99 WHERE id = 1', 'foreign keys', 'views'),
    'a view without a name': ('user', "UPDATE views SET name = ' ' WHERE id = 2", 'views', 'view 2 of user'),
    'a view of too much': ('user', "UPDATE views SET query = printf('%3000d', 1) WHERE id = 2", 'views', 'view 2 of user'),
    'too many views': ('user', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 101) INSERT INTO views '
                       "(user_id, name, query, date_added) SELECT 1, 'a', '', 1 FROM n", 'views', 'user 1: 101 views'),
    'staged and attached': ('post', STAGED.format('topic_id = 1'), 'uploads', 'upload '),
    'staged for nobody': ('post', STAGED.format('user_id = NULL'), 'uploads', 'upload '),
    'attached to nothing': ('post', STAGED.format('staged_at = NULL'), 'uploads', 'upload '),
    'of nobody and attached to nothing': ('post', STAGED.format('staged_at = NULL, user_id = NULL'), 'uploads', 'upload '),
    'staged without a file': ('post', STAGED.format("filename = 'nowhere.txt'"), 'files', 'nowhere.txt'),
    'too many staged files': ('post', 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO '
                              'uploads (filename, user_id, staged_at) SELECT filename, user_id, staged_at FROM uploads, n '
                              'WHERE staged_at IS NOT NULL', 'uploads', ': 101'),
}


@pytest.mark.parametrize('what', DAMAGE_OF_CONSOLE)
def test_what_the_console_keeps_and_is_wrong_is_found_with_its_row(data, what):
    service, sql, test, row = DAMAGE_OF_CONSOLE[what]
    with contextlib.closing(sqlite3.connect(data / 'stores' / service / f'{service}.db')) as db:
        db.execute('PRAGMA trusted_schema = ON')
        before = db.total_changes
        db.executescript(sql)
        assert db.total_changes > before
    found = verify('--data', data, status=1)
    assert any(f['test'] == test and any(row in e for e in f['examples']) for f in found['findings']), found
    assert row in run_program('flicketctl', 'verify', '--data', str(data)).stdout


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
            'users whose name the ticket service has wrong', 'what users have seen, without a user or a ticket'}),
        ('PATCH', 'department/1', {'department': 'Newest one'}, 'lookup', {
            'departments that the ticket service has wrong', 'categories that the ticket service has wrong',
            'priorities or statuses that the ticket service has wrong'}),
        ('DELETE', 'post/1', None, 'post', {
            'actions on a reply that is not there', 'tickets with a wrong count of replies',
            'tickets with a wrong sum of hours', 'tickets that were changed or replied to after their last_updated',
            'tickets whose newest reply is another one',
            'tickets whose first_reply is later than their first reply, or missing', *OF_POSTS})],
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
