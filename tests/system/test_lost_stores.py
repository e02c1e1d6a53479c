"""A store that is not there, or not the one, beside those of a desk that is in use: nothing begins anew unasked."""
import contextlib
import json
import shutil
import sqlite3
import subprocess

import pytest

from fixtures import stores_of_use
from desk import ADMIN_PASSWORD, BIN, SERVICES, environment, run_program, wait_until
from wire import Client, expect

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1, 'ticket_priority_id': 1}


def path_of(data, service):
    return data / 'stores' / service / f'{service}.db'


def use(desk):
    """Something that each service has to tell others of."""
    with Client(desk.port) as c:
        token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
    with Client(desk.port, token) as c:
        for i in range(2):
            ticket = expect(c.post('tickets', TICKET), 201)['id']
            expect(c.post('posts', {'ticket_id': ticket, 'content': f'reply {i}'}), 201)
        expect(c.request('PATCH', f'ticket/{ticket}', json={'title': 'another title'}), 200)
    wait_until(lambda: not any(number(desk.data, s, 'SELECT count(*) FROM outbox') for s in SERVICES), 30,
               'all has been told')


def number(data, service, query):
    with contextlib.closing(sqlite3.connect(path_of(data, service), timeout=20)) as db:
        return db.execute(query).fetchone()[0]


@pytest.fixture(scope='module')
def used(tmp_path_factory):
    """The stores of a desk that was used."""
    with stores_of_use(tmp_path_factory.mktemp('used'), use) as stores:
        yield stores


def remove_file(path):
    path.unlink()


def remove_folder(path):
    shutil.rmtree(path.parent)


def truncate(path):
    path.write_bytes(b'')


def interrupt(path):
    """As a service leaves it that is killed when it makes its store."""
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute('PRAGMA journal_mode = WAL')


LOSSES = [remove_file, remove_folder, truncate, interrupt]


def settings_of(data, **more):
    return environment(FLICKET_DATA=data, FLICKET_LISTEN='127.0.0.1:0', FLICKET_BCRYPT_COST=4,
                       FLICKET_ADMIN_PASSWORD=ADMIN_PASSWORD, FLICKET_HARDEN='strict', **more)


def serve(data, *options):
    """Run the supervisor, which has to end by itself: its status and what it says."""
    done = subprocess.run([BIN / 'flicketctl', 'serve', *options], env=settings_of(data), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@contextlib.contextmanager
def served(data, *options):
    """Run it until it is ready."""
    log = data.parent / 'serve.log'
    with open(log, 'ab') as f:
        began = log.stat().st_size
        tool = subprocess.Popen([BIN / 'flicketctl', 'serve', *options], env=settings_of(data),
                                stdin=subprocess.DEVNULL, stdout=f, stderr=f)
    try:
        wait_until(lambda: tool.poll() is not None or ' is ready: ' in log.read_text()[began:], 30, 'it is ready')
        assert tool.poll() is None, log.read_text()
        yield log
    finally:
        tool.terminate()
        assert tool.wait(20) == 0, log.read_text()


def check(data):
    done = run_program('flicketctl', 'check', '--json', '--data', str(data))
    return [f'{c["check"]}: {c["message"]}' for c in json.loads(done.stdout)['checks'] if c['result'] == 'fail']


@pytest.mark.parametrize('lose', LOSSES)
@pytest.mark.parametrize('service', SERVICES)
def test_a_lost_store_is_not_made_anew(data, service, lose):
    path = path_of(data, service)
    assert check(data) == []
    lose(path)
    status, said = serve(data)
    assert status == 2 and f'stores/{service}/{service}.db: ' in said and 'serve --force-new' in said, said
    assert 'ids are given a second time' in said, said
    assert 'starting it again' not in said and 'listening' not in said, said
    assert not path.exists() or path.stat().st_size < 8192
    assert any(f'store {service}: ' in line and 'has heard of another store' in line for line in check(data))


@pytest.mark.parametrize('service', SERVICES)
def test_it_is_made_anew_when_that_is_said(data, service):
    path_of(data, service).unlink()
    with served(data, '--force-new'):
        pass
    assert number(data, service, 'SELECT seeded FROM identity') == 2
    stream = number(data, service, 'SELECT stream FROM identity')
    with served(data):
        pass
    assert number(data, service, 'SELECT stream FROM identity') == stream
    assert check(data) == []


def test_a_desk_in_use_and_a_new_one_just_start(data, tmp_path):
    for folder in (data, tmp_path / 'other', tmp_path / 'other'):
        with served(folder):
            pass


def test_stores_in_the_place_of_others_are_named(data):
    user, ticket = path_of(data, 'user'), path_of(data, 'ticket')
    aside = user.with_name('aside')
    user.rename(aside)
    ticket.rename(user)
    aside.rename(ticket)
    status, said = serve(data, '--force-new')
    assert status == 2 and 'stores/user/user.db: it is a store of the ticket service' in said, said
    assert 'stores/ticket/ticket.db: it is a store of the user service' in said, said
    found = check(data)
    assert 'store user: stores/user/user.db is a store of the ticket service' in found
    assert 'store ticket: stores/ticket/ticket.db is a store of the user service' in found


@pytest.mark.parametrize('service', SERVICES)
def test_a_store_of_another_desk_is_named(data, desks, service):
    other = desks('new')
    use(other)
    other.stop()
    shutil.copyfile(path_of(other.data, service), path_of(data, service))
    status, said = serve(data)
    assert status == 2 and f"stores/{service}/{service}.db: it is another desk's" in said, said
    assert any(f'store {service}: ' in line and "is another desk's" in line for line in check(data))


@pytest.mark.parametrize('service,change,found', [
    ('ticket', 'DROP TABLE subscriptions', 'the table subscriptions is missing'),
    ('user', 'DROP TABLE outbox', 'the table outbox is missing'),
    ('post', 'ALTER TABLE uploads ADD COLUMN more TEXT', 'the table uploads has another definition'),
    ('lookup', 'ALTER TABLE statuses RENAME TO old; CREATE VIEW statuses AS SELECT * FROM old',
     'the table statuses is a view'),
    ('post', 'UPDATE sqlite_sequence SET seq = 9223372036854775807', 'the table posts has no numbers left for new rows'),
    ('post', 'CREATE TRIGGER t AFTER INSERT ON posts BEGIN DELETE FROM uploads; END', "the trigger t is not part of a desk")])
def test_check_finds_what_a_store_lacks(data, service, change, found):
    with contextlib.closing(sqlite3.connect(path_of(data, service))) as db, db:
        db.executescript(change)
    assert f'store {service}: {found}' in check(data)


def launch(desk, service, *options):
    """A service that has to end by itself, beside the others: its status and what it says."""
    done = subprocess.run([BIN / f'flicket-{service}', *options], env=environment(**desk.settings),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('lose', [remove_file, interrupt])
@pytest.mark.parametrize('service', SERVICES)
def test_a_service_asks_the_others_before_it_makes_a_store(desks, service, lose):
    """As in containers, where each sees its own folder only."""
    desk = desks('new')
    use(desk)
    desk.kill(service)
    lose(path_of(desk.data, service))
    status, said = launch(desk, service)
    assert status == 2 and f'stores/{service}/{service}.db is not the store that the ' in said, said
    assert 'ids are given a second time' in said, said
    assert f'flicket-{service} --force-new' in said and 'listening' not in said, said
    assert not path_of(desk.data, service).exists() or path_of(desk.data, service).stat().st_size < 8192


def test_a_new_store_is_given_up_when_others_come_that_know_another(desks):
    """There was nobody to ask when it was made."""
    desk = desks('new')
    use(desk)
    for name in ('user', 'ticket', 'post'):
        desk.kill(name)
    path_of(desk.data, 'user').unlink()
    desk.restart('user')
    user = desk.processes['user']
    wait_until(lambda: user.log.read_text().count('listening') == 2, 30, 'it has made one')
    user.ended_by_test = True
    desk.restart('ticket')
    assert user.popen.wait(30) == 2
    assert 'user.db is not the store that the ticket service has heard of' in user.log.read_text()
    assert number(desk.data, 'ticket', 'SELECT count(*) FROM inbox WHERE source = 1') == 1, 'it was told nothing'
    # and it does not serve a second time
    status, said = launch(desk, 'user')
    assert status == 2 and 'listening' not in said, said
    with subprocess.Popen([BIN / 'flicket-user', '--force-new'], env=environment(**desk.settings),
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tool:
        try:
            wait_until(lambda: number(desk.data, 'user', 'SELECT seeded FROM identity') == 2, 30, 'it is meant')
            wait_until(lambda: number(desk.data, 'user', 'SELECT count(*) FROM outbox') == 0, 30, 'events were taken')
        finally:
            tool.terminate()
    desk.restart('user')
    desk.restart('post')
    desk.wait_ready()
