"""What is made under something that is deleted meanwhile, in both orders: whatever came first, nothing hangs on what is
gone, no file is left, and verify finds nothing. What a request was told before it writes (may this be done?) is left out
here by asking the service itself, so that the deletion is always in between."""
import contextlib
import json
import sqlite3
import sys
import threading

import pytest

from desk import REPO, Desk, run_program, wait_until
from test_uploads import form, send
from wire import NoAnswer, expect

sys.path.insert(0, str(REPO / 'docs' / 'examples'))
from wire_client import Service  # noqa: E402

OK, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND = 0, 1, 2, 4
ID, TICKET_ID, POST_ID, USER_ID, CATEGORY_ID, PRIORITY_ID = 20, 23, 25, 26, 27, 29
TITLE, CONTENT, FILENAME, ORIGINAL_FILENAME, SIZE, BODY, HANDLE, OFFSET = 30, 31, 53, 54, 97, 98, 99, 4
TICKET_CREATE, TICKET_EDIT, TICKET_CLAIM, TICKET_CATEGORY, USER_DELETE = 32, 38, 41, 46, 20
SUBSCRIPTION_CREATE, POST_CREATE, UPLOAD_CREATE = 47, 56, 59
FILE_BEGIN, FILE_CHUNK, FILE_SEAL = 61, 62, 63
AVATAR_PUT, MEMBER_ADD, TOKEN_CREATE, MEDIA_TYPE, GROUP_ID = 22, 102, 14, 100, 44
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1, 'ticket_priority_id': 1}
ADMIN = 1


class Parts:
    """A desk, and its services to be asked one by one."""

    def __init__(self, folder):
        self.desk = Desk(folder, 'new', keys=False)
        self.admin = self.desk.start().admin()
        self.services = {}

    def ask(self, service, op, arguments, actor=ADMIN, rights=3):
        if service not in self.services:
            self.services[service] = Service(self.desk.address(f'ipc://run/{service}.sock'), timeout_ms=20000)
        error, _, _, _, extras = self.services[service].ask(op, arguments, actor, rights)
        return error, extras

    def done(self, *args, **more):
        error, extras = self.ask(*args, **more)
        assert error == OK, extras
        return extras

    def ticket(self, **more):
        return expect(self.admin.post('tickets', {**TICKET, **more}), 201)['id']

    def user(self, name):
        return expect(self.admin.post('users', {'username': name, 'name': f'Name of {name}',
                                                'email': f'{name}@example.org', 'password': 'Password1'}), 201)['id']

    def file(self, data=b'some text\n'):
        """A file that is there and hangs on nothing yet."""
        handle = self.done('post', FILE_BEGIN, {ORIGINAL_FILENAME: 'notes.txt', SIZE: len(data)})[HANDLE]
        self.done('post', FILE_CHUNK, {HANDLE: handle, OFFSET: 0, BODY: data})
        return {FILENAME: self.done('post', FILE_SEAL, {HANDLE: handle})[FILENAME], ORIGINAL_FILENAME: 'notes.txt'}

    def sql(self, service, query, *args):
        with contextlib.closing(sqlite3.connect(self.desk.data / 'stores' / service / f'{service}.db')) as db:
            return db.execute(query, args).fetchall()

    def settle(self):
        wait_until(lambda: all(self.sql(s, 'SELECT count(*) FROM outbox') == [(0,)] for s in ('user', 'ticket', 'post', 'lookup')),
                   60, 'all events are delivered')

    def verify(self):
        self.settle()
        done = run_program('flicketctl', 'verify', '--json', '--data', str(self.desk.data))
        assert json.loads(done.stdout) == {'result': 'ok', 'findings': [], 'notes': []}, done.stdout

    def files(self):
        return {p.name for p in (self.desk.data / 'stores' / 'post' / 'files').iterdir() if not p.name.startswith('.')}


@pytest.fixture(scope='module')
def parts(tmp_path_factory):
    parts = Parts(tmp_path_factory.mktemp('parts'))
    try:
        yield parts
        parts.verify()
        for service in parts.services.values():
            service.sock.close()
        parts.desk.stop()
    finally:
        parts.desk.kill_everything()


def test_a_file_comes_after_its_ticket_is_gone(parts):
    ticket, file = parts.ticket(), parts.file()
    expect(parts.admin.request('DELETE', f'ticket/{ticket}'), 204)
    assert parts.ask('post', UPLOAD_CREATE, {TICKET_ID: ticket, **file})[0] == NOT_FOUND
    assert parts.sql('post', 'SELECT count(*) FROM uploads WHERE topic_id = ?', ticket) == [(0,)]


def test_a_file_comes_just_before_its_ticket_is_gone(parts):
    ticket, file = parts.ticket(), parts.file()
    parts.done('post', UPLOAD_CREATE, {TICKET_ID: ticket, **file})
    expect(parts.admin.request('DELETE', f'ticket/{ticket}'), 204)
    assert parts.sql('post', 'SELECT count(*) FROM uploads WHERE topic_id = ?', ticket) == [(0,)]
    wait_until(lambda: file[FILENAME] not in parts.files(), 30, 'the file is removed')


def test_a_reply_comes_after_its_ticket_is_gone(parts):
    ticket = parts.ticket()
    expect(parts.admin.request('DELETE', f'ticket/{ticket}'), 204)
    assert parts.ask('post', POST_CREATE, {TICKET_ID: ticket, CONTENT: 'a late reply'})[0] == NOT_FOUND
    assert parts.sql('post', 'SELECT count(*) FROM posts WHERE ticket_id = ?', ticket) == [(0,)]


def test_a_file_comes_after_its_reply_is_gone(parts):
    ticket, file = parts.ticket(), parts.file()
    reply = expect(parts.admin.post('posts', {'ticket_id': ticket, 'content': 'a reply'}), 201)['id']
    kept = parts.file()
    parts.done('post', UPLOAD_CREATE, {POST_ID: reply, **kept})
    expect(parts.admin.request('DELETE', f'post/{reply}'), 204)
    assert parts.ask('post', UPLOAD_CREATE, {POST_ID: reply, **file})[0] == NOT_FOUND
    wait_until(lambda: kept[FILENAME] not in parts.files(), 30, 'the file is removed')


def test_a_user_gets_a_ticket_while_being_deleted(parts):
    """Assigned, and subscribed, after the ticket service was asked whether the user has tickets."""
    user, ticket, closed = parts.user('holder'), parts.ticket(), parts.ticket()
    before = expect(parts.admin.get(f'user/{ADMIN}?fields=total_assigned'), 200)['total_assigned']
    for t in (ticket, closed):
        expect(parts.admin.post(f'ticket/{t}/assign', {'user_id': user}), 200)
    parts.done('user', USER_DELETE, {ID: user})
    parts.settle()
    for t in (ticket, closed):
        shown = expect(parts.admin.get(f'ticket/{t}'), 200)
        assert (shown['assigned_id'], shown['status_id']) == (None, 1)
        last = expect(parts.admin.get(f'actions/{t}'), 200)['items'][-1]
        assert (last['action'], last['user_id'], last['recipient_id']) == ('release', ADMIN, None)
        assert user not in [s['user_id'] for s in expect(parts.admin.get(f'subscriptions/{t}/'), 200)['items']]
    assert expect(parts.admin.get(f'user/{ADMIN}?fields=total_assigned'), 200)['total_assigned'] == before
    # and what comes behind it
    error, extras = parts.ask('ticket', SUBSCRIPTION_CREATE, {TICKET_ID: ticket, USER_ID: user})
    assert error == BAD_REQUEST, extras


@pytest.mark.parametrize('op', ['create', 'claim', 'edit'])
def test_a_deleted_user_does_something_after_all(parts, op):
    user, ticket = parts.user(f'late-{op}'), parts.ticket()
    expect(parts.admin.request('DELETE', f'user/{user}'), 204)
    before = parts.sql('ticket', 'SELECT count(*), max(id) FROM tickets')
    asked = {'create': (TICKET_CREATE, {TITLE: 'a late ticket', CONTENT: 'content', CATEGORY_ID: 1, PRIORITY_ID: 1}),
             'claim': (TICKET_CLAIM, {ID: ticket}),
             'edit': (TICKET_EDIT, {ID: ticket, TITLE: 'another title'})}[op]
    assert parts.ask('ticket', *asked, actor=user)[0] == UNAUTHORIZED
    assert parts.sql('ticket', 'SELECT count(*), max(id) FROM tickets') == before
    assert parts.sql('ticket', 'SELECT assigned_id, title FROM tickets WHERE id = ?', ticket) == [(None, TICKET['title'])]


def test_what_is_the_users_own_comes_after_it_is_gone(parts):
    """A picture, a membership, a token: of its own store, which is asked in the transaction of the write."""
    user = parts.user('nobody')
    group = expect(parts.admin.post('groups', {'group_name': 'of nobody'}), 201)['id']
    expect(parts.admin.request('DELETE', f'user/{user}'), 204)
    picture = (REPO / 'gateway' / 'reply' / 'default_avatar.png').read_bytes()
    assert parts.ask('user', AVATAR_PUT, {ID: user, BODY: picture, MEDIA_TYPE: 'image/png'})[0] == NOT_FOUND
    assert not list((parts.desk.data / 'stores' / 'user').glob('avatars/*'))
    assert parts.ask('user', MEMBER_ADD, {GROUP_ID: group, USER_ID: user})[0] == BAD_REQUEST
    assert parts.ask('user', TOKEN_CREATE, {}, actor=user)[0] != OK
    for table in ('members', 'tokens'):
        assert parts.sql('user', f'SELECT count(*) FROM {table} WHERE user_id = ?', user) == [(0,)]


def test_a_user_writes_while_being_deleted(parts):
    """What was written stays, by somebody who is no more, and is shown; nobody is subscribed for it."""
    user, ticket = parts.user('author'), parts.ticket()
    own = parts.done('ticket', TICKET_CREATE, {TITLE: 'a last ticket', CONTENT: 'content', CATEGORY_ID: 1, PRIORITY_ID: 1},
                     actor=user)[ID]
    parts.settle()
    with contextlib.closing(sqlite3.connect(parts.desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        db.execute('UPDATE users SET total_posts = 0 WHERE id = ?', (user,))    # not told of it yet
    parts.done('user', USER_DELETE, {ID: user})
    parts.settle()
    reply = parts.done('post', POST_CREATE, {TICKET_ID: ticket, CONTENT: 'a last reply'}, actor=user)[ID]
    parts.settle()
    assert expect(parts.admin.get(f'ticket/{own}'), 200)['started_id'] == user
    assert expect(parts.admin.get(f'post/{reply}'), 200)['user_id'] == user
    assert parts.sql('ticket', 'SELECT count(*) FROM subscriptions WHERE user_id = ?', user) == [(0,)]


def test_a_category_is_gone_before_its_ticket_comes(parts):
    department = expect(parts.admin.post('departments', {'department': 'Short-lived'}), 201)['id']
    category = expect(parts.admin.post('categories', {'category': 'Gone soon', 'department_id': department}), 201)['id']
    ticket = parts.ticket()
    expect(parts.admin.request('DELETE', f'category/{category}'), 204)
    new = {TITLE: 'a late ticket', CONTENT: 'content', CATEGORY_ID: category, PRIORITY_ID: 1}
    assert parts.ask('ticket', TICKET_CREATE, new)[0] == BAD_REQUEST
    assert parts.ask('ticket', TICKET_EDIT, {ID: ticket, CATEGORY_ID: category})[0] == BAD_REQUEST
    assert expect(parts.admin.get(f'ticket/{ticket}'), 200)['category_id'] == 1


def test_tickets_are_deleted_while_files_come_in(parts):
    """The same by chance, over HTTP: several files are on their way to each ticket when it is deleted."""
    def attach(ticket):
        with contextlib.suppress(NoAnswer), parts.desk.client(parts.admin.token) as c:
            for _ in range(3):
                answer = send(c, form(b'some text\n' * 500, ticket_id=ticket))
                assert answer.status in (201, 404), answer

    for _ in range(8):
        ticket = parts.ticket()
        threads = [threading.Thread(target=attach, args=(ticket,)) for _ in range(4)]
        for t in threads:
            t.start()
        expect(parts.admin.request('DELETE', f'ticket/{ticket}'), 204)
        for t in threads:
            t.join()
    parts.settle()
    assert parts.sql('post', 'SELECT count(*) FROM uploads') == [(0,)]
