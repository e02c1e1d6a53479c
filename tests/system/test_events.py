"""Events that their consumer refuses for good are set aside, durably and once; those behind them go on. The poison is a
total at the end of all numbers, as an import may have left it: it cannot be counted up."""
import contextlib
import json
import random
import shutil
import sqlite3
import threading
import time
import urllib.request

import pytest

from desk import ADMIN, FLICKET_DB, USER, Desk, free_port, run_program, wait_until
from wire import NoAnswer, expect

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1, 'ticket_priority_id': 1}
MOST = (1 << 63) - 1
PATIENCE = 120


class Shop:
    """A desk with two users: one whose total is poisoned, and one that is well."""

    def __init__(self, folder, **settings):
        self.desk = Desk(folder, 'new', FLICKET_EVENT_WAIT_MS=200, **settings)
        self.admin = self.desk.start().admin()
        self.clients, self.ids = {}, {}
        for name in ('sick', 'well'):
            self.ids[name] = expect(self.admin.post('users', {
                'username': name * 2, 'name': f'Name of {name}', 'email': f'{name}@example.org',
                'password': 'Password1'}), 201)['id']
            self.clients[name] = self.desk.client(expect(self.desk.client('').log_in(name * 2, 'Password1'), 200)['token'])
        self.settle()

    def sql(self, service, query, *args):
        path = self.desk.data / 'stores' / service / f'{service}.db'
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as db, db:
            return db.execute(query, args).fetchall()

    def poison(self, total=MOST):
        self.sql('user', 'UPDATE users SET total_posts = ?, version = version + 1 WHERE id = ?', total, self.ids['sick'])

    def write(self, name, count=1):
        for _ in range(count):
            expect(self.clients[name].post('tickets', TICKET), 201)

    def total(self, name):
        return self.sql('user', 'SELECT total_posts FROM users WHERE id = ?', self.ids[name])[0][0]

    def settle(self):
        wait_until(lambda: self.sql('ticket', 'SELECT count(*) FROM outbox') == [(0,)], PATIENCE, 'all is delivered')

    def aside(self, **more):
        """The numbers of what is set aside."""
        return [e['number'] for e in self.listed(**more)]

    def listed(self, data=None):
        done = run_program('flicketctl', 'events', 'list', '--json', '--data', str(data or self.desk.data))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def do(self, what, *args, status=0, service='ticket'):
        done = run_program('flicketctl', 'events', what, service, *map(str, args), FLICKET_DATA=self.desk.data)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def verify(self, *args):
        done = run_program('flicketctl', 'verify', '--json', *map(str, args or ('--data', self.desk.data)))
        return json.loads(done.stdout)


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path / 'shop')
    try:
        yield shop
        shop.desk.stop()
    finally:
        shop.desk.kill_everything()


def test_it_is_set_aside_and_those_behind_it_go_on(tmp_path):
    port = free_port()
    shop = Shop(tmp_path / 'shop')
    try:
        # so that one service can be asked what it counts
        shop.desk.processes['ticket'].terminate()
        shop.desk.launch('ticket', 'flicket-ticket', FLICKET_METRICS_LISTEN=f'127.0.0.1:{port}')
        shop.desk.wait_ready()
        assert shop.aside() == []
        shop.poison()
        # of what travels together three are bad
        for _ in range(3):
            shop.write('well')
            shop.write('sick')
        shop.write('well')
        shop.settle()
        assert (shop.total('well'), shop.total('sick')) == (4, MOST)
        events = shop.listed()
        assert [(e['service'], e['to'], e['event'], e['actor'], e['refusal']) for e in events] == [
            ('ticket', 'user', 'USER_WROTE_TICKET', shop.ids['sick'], 'Internal Server Error')] * 3
        check_shown(shop, port, 3)
        # mended: the operator has them sent again
        shop.poison(0)
        first, second, third = (e['number'] for e in events)
        assert f'event {first} is sent again' in shop.do('retry', first)
        wait_until(lambda: shop.total('sick') == 1, PATIENCE, 'it is counted')
        assert shop.aside() == [second, third]
        shop.do('retry', '--all')
        wait_until(lambda: shop.total('sick') == 3, PATIENCE, 'all are counted')
        shop.settle()
        assert shop.sql('user', 'SELECT count(*) FROM left_out') == [(0,)]
        assert shop.verify() == {'result': 'ok', 'findings': [], 'notes': []}
        shop.desk.stop()
    finally:
        shop.desk.kill_everything()


def check_shown(shop, port, count):
    def is_counted():
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=10) as answer:
            return f'flicket_outbox_set_aside_events{{service="user"}} {count}\n' in answer.read().decode()

    wait_until(is_counted, 20, 'metrics have it')
    status = json.loads(run_program('flicketctl', 'status', '--json', FLICKET_DATA=shop.desk.data,
                                    FLICKET_LISTEN=f'127.0.0.1:{shop.desk.port}').stdout)
    assert {p['service']: p['set_aside'] for p in status['processes']} == {'user': 0, 'ticket': count, 'post': 0, 'lookup': 0}
    check = json.loads(run_program('flicketctl', 'check', '--json', FLICKET_DATA=shop.desk.data).stdout)
    assert [c for c in json.dumps(check).split('"message"') if f'{count} events were refused for good' in c], check
    found = {f['test']: f['count'] for f in shop.verify()['findings']}
    assert found == {'events': count, 'totals': 1}
    lines = run_program('flicketctl', 'events', 'list', '--data', str(shop.desk.data)).stdout
    assert lines.count('USER_WROTE_TICKET') == count


def test_what_is_dropped_is_forgotten(shop):
    shop.poison()
    shop.write('sick', 2)
    wait_until(lambda: len(shop.aside()) == 2, PATIENCE, 'both are set aside')
    first, second = shop.aside()
    assert f'event {first} is dropped' in shop.do('drop', first)
    assert 'is set aside' in shop.do('drop', first, status=1)
    assert 'is set aside' in shop.do('retry', first, status=1)
    assert shop.aside() == [second]
    # refused again it is set aside again, under a new number; the answer does not wait for that
    shop.do('retry', second)
    wait_until(lambda: shop.aside() and shop.aside() != [second], PATIENCE, 'it is set aside again')
    shop.do('drop', '--all')
    assert shop.aside() == []
    shop.write('well')
    shop.settle()
    assert shop.total('well') == 1


def test_later_events_about_a_thing_stay_behind_it(tmp_path):
    """A reply whose edit is refused is edited again once nothing refuses it: the words of both come in order, so that the
    search holds those of the last one only."""
    shop = Shop(tmp_path / 'shop')
    try:
        ticket = expect(shop.admin.post('tickets', TICKET), 201)['id']
        post = expect(shop.admin.post('posts', {'ticket_id': ticket, 'content': 'alphaword'}), 201)['id']

        def found(word):
            return expect(shop.admin.get(f'tickets?content={word}'), 200)['_meta']['total_items']

        wait_until(lambda: found('alphaword') == 1, PATIENCE, 'it is found')
        shop.sql('ticket', "CREATE TRIGGER poison BEFORE UPDATE OF reply_hours ON tickets BEGIN SELECT RAISE(ABORT, 'no'); END")
        expect(shop.admin.request('PATCH', f'post/{post}', json={'content': 'betaword'}), 200)
        wait_until(shop.aside, PATIENCE, 'it is set aside')
        shop.sql('ticket', 'DROP TRIGGER poison')
        expect(shop.admin.request('PATCH', f'post/{post}', json={'content': 'gammaword'}), 200)
        other = expect(shop.admin.post('posts', {'ticket_id': ticket, 'content': 'deltaword'}), 201)['id']
        wait_until(lambda: found('deltaword') == 1, PATIENCE, 'others go on')
        assert [(e['event'], e['refusal'], e['arguments']['post_id']) for e in shop.listed()] == [
            ('TICKET_REPLY_EDITED', 'Internal Server Error', post),
            ('TICKET_REPLY_EDITED', 'waits for an earlier one', post)] and other != post
        assert [found(w) for w in ('alphaword', 'betaword', 'gammaword')] == [1, 0, 0]
        first, second = shop.aside()
        assert 'It can only be sent again.' in shop.do('drop', first, status=1, service='post')
        shop.do('retry', '--all', service='post')
        wait_until(lambda: [found(w) for w in ('alphaword', 'betaword', 'gammaword')] == [0, 0, 1], PATIENCE, 'all came')
        assert shop.aside() == []
        shop.desk.stop()
    finally:
        shop.desk.kill_everything()


@pytest.mark.parametrize('args', [['retry'], ['retry', 'ticket'], ['retry', 'gateway', '1'], ['drop', 'ticket', 'x'],
                                  ['drop', 'ticket', '0'], ['drop', 'ticket', '1', '--all']])
def test_what_is_no_command_is_said(tmp_path, args):
    done = run_program('flicketctl', 'events', *args, '--data', str(tmp_path))
    assert done.returncode == 2 and done.stderr


def test_a_backup_has_it_and_after_a_restore_it_is_applied_once(shop, tmp_path):
    shop.poison()
    shop.write('sick')
    wait_until(shop.aside, PATIENCE, 'it is set aside')
    shop.settle()
    kept = tmp_path / 'kept'
    assert run_program('flicketctl', 'backup', str(kept), '--data', str(shop.desk.data)).returncode == 0
    assert {f['test'] for f in shop.verify(kept)['findings']} == {'events', 'totals'}
    shop.desk.stop()
    done = run_program('flicketctl', 'restore', '--force', str(kept), '--data', str(shop.desk.data))
    assert done.returncode == 0, done.stderr
    # a desk that does not run is listed, and no more
    assert 'is the desk running' in shop.do('retry', '--all', status=1)
    assert len(shop.aside()) == 1
    shop.poison(0)
    shop.desk.start()
    shop.do('retry', '--all')
    wait_until(lambda: shop.total('sick') == 1, PATIENCE, 'it is counted')
    shop.settle()
    assert (shop.total('sick'), shop.aside()) == (1, [])
    assert 'No event of the ticket service is set aside.' in shop.do('retry', '--all')


def test_processes_are_killed_meanwhile(shop):
    """Each event is counted or set aside, never both and never neither, wherever the processes are killed."""
    chance = random.Random(20261129)
    shop.poison()
    written = {'sick': 0, 'well': 0}
    over = threading.Event()

    def write():
        while not over.is_set():
            name = chance.choice(('sick', 'well', 'well'))
            with contextlib.suppress(NoAnswer, OSError):
                before = shop.clients[name].post('tickets', TICKET)
                written[name] += before.status == 201
            time.sleep(0.3)

    writer = threading.Thread(target=write)
    writer.start()
    until = time.monotonic() + 8
    while time.monotonic() < until:
        name = chance.choice(('ticket', 'user'))
        shop.desk.kill(name)
        shop.desk.restart(name)
        time.sleep(chance.random() * 2)
    over.set()
    writer.join()
    shop.desk.wait_ready()
    shop.settle()
    made = {n: shop.sql('ticket', 'SELECT count(*) FROM tickets WHERE started_id = ?', i)[0][0]
            for n, i in shop.ids.items()}
    assert made['sick'] >= written['sick'] and made['well'] >= written['well'] > 0
    assert (shop.total('well'), len(shop.aside())) == (made['well'], made['sick'])
    shop.poison(0)
    if made['sick']:
        shop.do('retry', '--all')
    shop.settle()
    wait_until(lambda: shop.total('sick') == made['sick'], PATIENCE, 'all are counted')
    assert shop.verify()['findings'] == []


def copy_with_id(db, table, number):
    """One more row, like the last, with what must be different being so."""
    cursor = db.execute(f'SELECT * FROM {table} ORDER BY id DESC LIMIT 1')
    own = {'id': number, 'username': 'faraway', 'email': 'far@example.org', 'token': None, 'group_name': 'far away'}
    names = [c[0] for c in cursor.description]
    row = [own.get(name, value) for name, value in zip(names, cursor.fetchone())]
    db.execute(f'INSERT INTO {table} ({", ".join(names)}) VALUES ({", ".join("?" * len(row))})', row)


def test_an_import_of_extremes_leaves_a_desk_that_works(tmp_path):
    """Ids, totals, hours and texts at the end of what can be: each kind of thing can be made afterwards, and all is told."""
    source = tmp_path / 'flicket.db'
    shutil.copy(FLICKET_DB, source)
    with contextlib.closing(sqlite3.connect(source)) as db, db:
        db.execute('UPDATE flicket_users SET total_posts = ?, total_assigned = ? WHERE id = 3', (MOST, -MOST - 1))
        db.execute('UPDATE flicket_topic SET content = ?, hours = 9e15 WHERE id = 1', ('x' * 3000000,))
        db.execute('UPDATE flicket_post SET hours = 9e14')
        for table in ('flicket_group', 'flicket_department', 'flicket_category', 'flicket_topic', 'flicket_post',
                      'flicket_ticket_subscription', 'flicket_uploads', 'flicket_history', 'flicket_users'):
            copy_with_id(db, table, MOST)
    desk = Desk(tmp_path / 'desk', 'imported')
    try:
        desk.take_over(source)
        admin, user = desk.start().client(ADMIN), desk.client(USER)
        before = expect(user.get('user/3'), 200)['total_posts']
        ticket = expect(user.post('tickets', TICKET), 201)['id']
        expect(user.request('PATCH', 'ticket/1', json={'content': 'a short text'}, token=ADMIN), 200)
        expect(user.post('posts', {'ticket_id': ticket, 'content': 'a reply', 'hours': 1}), 201)
        expect(user.post('posts', {'ticket_id': 1, 'content': 'another reply', 'hours': 1}), 201)
        expect(user.post(f'ticket/{ticket}/claim', {}), 200)
        expect(admin.post('subscriptions', {'ticket_id': ticket, 'user_id': 1}), 201)
        expect(admin.post('users', {'username': 'newuser', 'name': 'New User', 'email': 'n@example.org',
                                    'password': 'Password1'}), 201)
        expect(admin.post('groups', {'group_name': 'a new group'}), 201)
        department = expect(admin.post('departments', {'department': 'A new one'}), 201)['id']
        expect(admin.post('categories', {'category': 'A new one', 'department_id': department}), 201)
        for service in ('user', 'ticket', 'post', 'lookup'):
            path = desk.data / 'stores' / service / f'{service}.db'
            wait_until(lambda p=path: not rows_of(p, 'outbox'), PATIENCE, f'the {service} service has told all')
            assert not rows_of(path, 'set_aside')
        assert expect(user.get('user/3'), 200)['total_posts'] == before + 3
        done = run_program('flicketctl', 'verify', '--json', '--data', str(desk.data))
        assert json.loads(done.stdout)['findings'] == []
        desk.stop()
    finally:
        desk.kill_everything()


def rows_of(path, table):
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as db:
        return db.execute(f'SELECT count(*) FROM {table}').fetchone()[0]
