"""flicketctl engine: a desk is taken over into PostgreSQL whole or not at all, and what is told of an engine is so."""
import contextlib
import json
import re
import signal
import subprocess

import pytest

from desk import ADMIN, BIN, FAULTS, SERVICES, Desk, environment, run_program, wait_until
from postgres import DATABASE, conninfo, needs_postgres, role_of
from wire import expect

pytestmark = needs_postgres

PATHS = ('tickets/', 'users/', 'groups/', 'departments/', 'categories/', 'statuses/', 'priorities/', 'ticket/1', 'posts/1/',
         'actions/1', 'tickets/?content=the')


def where(*servers):
    """As a desk has it: each service's role is its own."""
    return conninfo(*servers, user=None)


def ctl(desk, server, *words):
    done = run_program('flicketctl', 'engine', *words, FLICKET_DATA=desk.data, FLICKET_ENGINE=where(server))
    assert not any(f in done.stderr for f in FAULTS), done.stderr
    return done


@pytest.fixture
def server(postgres):
    """With roles and schemas, and nothing in them."""
    server = postgres()
    server.sql(f'CREATE DATABASE {DATABASE}')
    for _ in range(2):          # the second time there is nothing to do
        done = subprocess.run(['psql', '-XqA', '-d', server.socket_conninfo(database=DATABASE), '-f', '-'],
                              input=run_program('flicketctl', 'engine', 'sql').stdout, capture_output=True, text=True,
                              timeout=60, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    return server


@pytest.fixture
def desk(tmp_path, server):
    """With data, and stopped. It ends before the server does."""
    desk = Desk(tmp_path / 'desk', 'imported')
    desk.take_over()
    yield desk
    desk.stop()


@pytest.fixture
def held(server):
    """A session whose transaction keeps the post service's store from being put: the stores before it are put first."""
    with contextlib.closing(server.connect(database=DATABASE)) as session:
        session.autocommit = False
        with session.cursor() as cursor:
            cursor.execute(f'CREATE TABLE {role_of("post")}.head (one integer)')
        yield session
        session.rollback()


def stores(server):
    """The services that the engine has a store of."""
    return {name for name, in server.sql("SELECT schemaname FROM pg_tables WHERE tablename = 'head'", database=DATABASE)}


def place(desk, name):
    """Where a store says that it stands."""
    done = subprocess.run(['sqlite3', desk.data / 'stores' / name / f'{name}.db', 'SELECT seq, reign FROM identity'],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip()


def begin_put(desk, server):
    return subprocess.Popen([BIN / 'flicketctl', 'engine', 'put'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True,
                            env=environment(FLICKET_DATA=desk.data, FLICKET_ENGINE=where(server)))


def wait_blocked(server, count=1):
    wait_until(lambda: server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND "
                                  "wait_event_type = 'Lock'", role_of('post'))[0][0] == count, 30, 'the post store is waited for')


def answers(desk):
    with contextlib.closing(desk.client(ADMIN)) as c:
        return {path: expect(c.get(path), 200) for path in PATHS}


def ask_engine(desk, server):
    """The desk's answers when the engine has it."""
    desk.settings['FLICKET_ENGINE'] = where(server)
    desk.start()
    wait_until(lambda: all(s.get('lease_runs') for s in told(desk, server)), 30, 'each service has a writer')
    return answers(desk)


def told(desk, server):
    return json.loads(ctl(desk, server, 'status', '--json').stdout)['services']


def end(desk):
    for name in ('gateway', *SERVICES):
        desk.processes[name].terminate()


ALL = {role_of(name) for name in SERVICES}


# --- put -----------------------------------------------------------------------------------------------------------

def test_a_desk_that_was_put_answers_as_before(desk, server):
    desk.start()
    before = answers(desk)
    refused = ctl(desk, server, 'put')
    assert refused.returncode == 1 and 'runs; stop it first' in refused.stderr and stores(server) == set()
    end(desk)
    done = ctl(desk, server, 'put')
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[:4]] == list(SERVICES) and 'FLICKET_ENGINE' in done.stdout
    again = ctl(desk, server, 'put')
    assert again.returncode == 0 and again.stdout.count('is there, of a run before') == 4, again.stdout + again.stderr
    assert ask_engine(desk, server) == before
    refused = ctl(desk, server, 'put')
    assert refused.returncode == 1 and 'runs; stop it first' in refused.stderr
    with contextlib.closing(desk.client(ADMIN)) as c:
        expect(c.post('tickets/', {'title': 'kept in two places', 'content': 'some text', 'category_id': 1,
                                   'ticket_priority_id': 1}), 201)
    end(desk)
    done = ctl(desk, server, 'put')
    assert done.returncode == 0 and 'is there, and in use' in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize('name', ['user', 'lookup'])
def test_without_one_schema_nothing_is_put(desk, server, name):
    server.sql(f'DROP SCHEMA {role_of(name)}', database=DATABASE)
    done = ctl(desk, server, 'put')
    assert done.returncode == 1 and f'flicket_{name}' in done.stderr and 'Nothing was put' in done.stderr
    assert stores(server) == set() and {place(desk, n) for n in SERVICES} == {'0|0'}


def test_a_schema_with_other_tables_is_left_alone(desk, server):
    server.sql(f'CREATE TABLE {role_of("post")}.mine (a integer)', database=DATABASE)
    done = ctl(desk, server, 'put')
    assert done.returncode == 1 and 'which are no store' in done.stderr and stores(server) == set()


def test_another_desk_is_not_replaced(desk, server, tmp_path):
    other = Desk(tmp_path / 'other', 'imported')
    other.take_over()
    assert ctl(other, server, 'put').returncode == 0
    places = [place(other, n) for n in SERVICES]
    done = ctl(desk, server, 'put')
    assert done.returncode == 1 and "another desk's store" in done.stderr and 'Nothing was put' in done.stderr
    assert stores(server) == ALL and ctl(other, server, 'put').stdout.count('of a run before') == 4
    assert places == [place(other, n) for n in SERVICES]


def test_what_was_put_goes_again_when_a_later_store_cannot_be(desk, server, held):
    put = begin_put(desk, server)
    wait_blocked(server)
    assert stores(server) == {role_of('user'), role_of('ticket')}
    held.commit()               # now somebody else has a table in the way
    out, err = put.communicate(timeout=60)
    assert put.returncode == 1 and 'The engine is as it was before.' in err, out + err
    assert stores(server) == {role_of('post')} and {place(desk, n) for n in SERVICES} == {'0|0'}
    server.sql(f'DROP TABLE {role_of("post")}.head', database=DATABASE)
    assert ctl(desk, server, 'put').returncode == 0 and stores(server) == ALL


def test_what_was_put_goes_again_on_a_signal(desk, server, held):
    put = begin_put(desk, server)
    wait_blocked(server)
    put.send_signal(signal.SIGINT)
    held.rollback()
    out, err = put.communicate(timeout=60)
    assert put.returncode == 1 and 'stopped' in err and 'The engine is as it was before.' in err, out + err
    assert stores(server) == set() and {place(desk, n) for n in SERVICES} == {'0|0'}


def test_after_a_kill_the_rest_is_put(desk, server, held):
    desk.start()
    before = answers(desk)
    end(desk)
    put = begin_put(desk, server)
    wait_blocked(server)
    put.kill()
    put.communicate(timeout=20)
    held.rollback()
    done = ctl(desk, server, 'put')
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r'^(\w+) +is there, of a run before', done.stdout, re.M) == ['user', 'ticket']
    assert stores(server) == ALL
    assert ask_engine(desk, server) == before


def test_a_desk_that_was_used_after_a_kill_is_put_as_it_is_now(desk, server, held):
    put = begin_put(desk, server)
    wait_blocked(server)
    put.kill()
    put.communicate(timeout=20)
    held.rollback()
    desk.start()
    with contextlib.closing(desk.client(ADMIN)) as c:
        posts = expect(c.get('user/1'), 200)['total_posts']
        ticket = expect(c.post('tickets/', {'title': 'written between two runs', 'content': 'some text', 'category_id': 1,
                                            'ticket_priority_id': 1}), 201)['id']
        wait_until(lambda: expect(c.get('user/1'), 200)['total_posts'] > posts, 20, 'the ticket is counted')
    before = answers(desk)
    end(desk)
    done = ctl(desk, server, 'put')
    assert done.returncode == 0 and re.search(r'^ticket +was put before, and the desk was used since', done.stdout, re.M)
    assert ask_engine(desk, server) == before
    with contextlib.closing(desk.client(ADMIN)) as c:
        assert expect(c.get(f'ticket/{ticket}'), 200)['title'] == 'written between two runs'


@pytest.mark.parametrize('there', range(4))
def test_a_kill_at_any_time_loses_nothing(desk, server, there):
    """It comes as soon as that many stores are seen in the engine, whatever is under way then."""
    put = begin_put(desk, server)
    wait_until(lambda: len(stores(server)) >= there and server.sql(
        "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'flicket%%'") or put.poll() is not None, 30, 'it is under way')
    put.kill()
    put.communicate(timeout=20)
    done = ctl(desk, server, 'put')
    assert done.returncode == 0, done.stdout + done.stderr
    assert stores(server) == ALL
    assert ctl(desk, server, 'put').stdout.count('is there, of a run before') == 4


def test_a_store_that_nobody_answers_for_is_not_begun(desk, server):
    standby = server.standby()
    standby.pause()
    done = ctl(desk, server, 'put')
    assert done.returncode == 1 and 'a commit is not answered' in done.stderr, done.stderr
    standby.resume()
    assert ctl(desk, server, 'put').returncode == 0


def test_a_desk_that_began_in_the_engine_is_there(server, tmp_path):
    desk = Desk(tmp_path / 'new', FLICKET_ENGINE=where(server))
    try:
        desk.start()
        wait_until(lambda: all(s.get('lease_runs') for s in told(desk, server)), 30, 'each service has a writer')
        assert all(s['copy'] == 'follows' for s in told(desk, server))
        end(desk)
        done = ctl(desk, server, 'put')
        assert done.returncode == 0 and len(re.findall(r'^\w+ +is there', done.stdout, re.M)) == 4, done.stdout + done.stderr
    finally:
        desk.stop()


# --- check ---------------------------------------------------------------------------------------------------------

def findings(done):
    return {(f['check'], f['result']): f['message'] for f in json.loads(done.stdout)['checks']}


def test_a_server_without_a_standby_can_lose_writes(desk, server):
    server.set(fsync='on')
    done = ctl(desk, server, 'check', '--json')
    assert done.returncode == 1 and 'is empty' in findings(done)['standby', 'fail'], done.stdout
    done = ctl(desk, server, 'check', '--json', '--allow-asynchronous')
    found = findings(done)
    assert done.returncode == 0 and 'is empty' in found['standby', 'warn']
    assert {('sqlite', 'ok'), ('server', 'ok'), ('disk', 'ok'), *((n, 'ok') for n in SERVICES)} <= set(found)


def test_a_standby_is_tried(desk, server):
    server.set(fsync='on')
    standby = server.standby()
    done = ctl(desk, server, 'check', '--json')
    assert done.returncode == 0 and 'may not see which' in findings(done)['standby', 'ok'], done.stdout
    server.sql(f'GRANT pg_read_all_stats TO {role_of("user")}')
    assert standby.name in findings(ctl(desk, server, 'check', '--json'))['standby', 'ok']
    standby.pause()
    done = ctl(desk, server, 'check', '--json')
    assert done.returncode == 1 and 'a commit is not answered' in findings(done)['standby', 'fail']
    standby.resume()


def test_what_is_not_safe_is_named(desk, server):
    server.sql(f'GRANT USAGE ON SCHEMA {role_of("user")} TO {role_of("post")}', database=DATABASE)
    server.sql(f'DROP SCHEMA {role_of("lookup")}', database=DATABASE)
    done = ctl(desk, server, 'check', '--allow-asynchronous')
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    for pattern in (r'fail +disk +fsync is off', r'warn +post +the role flicket_post can look into .*flicket_user',
                    r'fail +lookup +.*no schema flicket_lookup', r'ok +ticket +the role flicket_ticket sees its own',
                    r'warn +ticket +the engine has no store'):
        assert any(re.match(pattern, line) for line in lines), (pattern, done.stdout)
    assert lines[-1] == f'{done.stdout.count(chr(10) + "fail ")} failed, {done.stdout.count(chr(10) + "warn ")} warnings'


# --- status --------------------------------------------------------------------------------------------------------

def test_status_tells_who_writes_and_how_far_copies_are(desk, server):
    done = ctl(desk, server, 'status')
    assert done.returncode == 1 and done.stdout.count('no store of this service') == 4
    assert ctl(desk, server, 'put').returncode == 0
    before = {s['service']: s for s in told(desk, server)}
    assert {(s['entry'], s['copy'], s['copy_entry'], s['copy_behind'], s['writer'], s['lease_runs'], s['log_entries'])
            for s in before.values()} == {(1, 'follows', 1, 0, None, False, 1)}
    ask_engine(desk, server)
    assert ctl(desk, server, 'status').returncode == 0
    with contextlib.closing(desk.client(ADMIN)) as c:
        for n in range(3):
            expect(c.post('tickets/', {'title': f'ticket {n} of a log', 'content': 'some text', 'category_id': 1,
                                       'ticket_priority_id': 1}), 201)
    after = {s['service']: s for s in told(desk, server)}
    assert after['ticket']['entry'] >= 4 and after['ticket']['entry'] == after['ticket']['copy_entry']
    assert after['ticket']['log_entries'] == after['ticket']['entry'] and after['ticket']['writer']
    assert after['ticket']['log_bytes'] > 0
    end(desk)
    done = ctl(desk, server, 'status')
    assert done.returncode == 1 and done.stdout.count('given up') == 4, done.stdout
    server.stop()
    done = ctl(desk, server, 'status', '--json')
    assert done.returncode == 3 and all(s['error'] for s in json.loads(done.stdout)['services'])


@pytest.mark.parametrize('command', ['put', 'check', 'status'])
def test_without_the_setting_it_says_so(tmp_path, command):
    done = run_program('flicketctl', 'engine', command, FLICKET_DATA=tmp_path)
    assert done.returncode == (3 if command == 'status' else 1) and 'FLICKET_ENGINE is not set' in done.stderr
    done = run_program('flicketctl', 'engine', command, FLICKET_DATA=tmp_path, FLICKET_ENGINE='host==b =')
    assert done.returncode in (1, 3) and 'FLICKET_ENGINE: ' in done.stderr


# --- the way back ------------------------------------------------------------------------------------------------------

def write(desk, title):
    with contextlib.closing(desk.client(ADMIN)) as c:
        return expect(c.post('tickets/', {'title': title, 'content': 'some text', 'category_id': 1, 'ticket_priority_id': 1}),
                      201)['id']


def refused(desk, name, **settings):
    """What the service says that does not start."""
    done = run_program(f'flicket-{name}', **{**desk.settings, 'FLICKET_DATA': desk.data, **settings})
    assert done.returncode == 2, done.stderr
    return done.stderr


def test_a_backup_of_a_copy_is_a_desk_of_its_own(desk, server, tmp_path):
    assert ctl(desk, server, 'put').returncode == 0
    ask_engine(desk, server)
    ticket = write(desk, 'written in the engine')
    done = run_program('flicketctl', 'backup', tmp_path / 'backup', FLICKET_DATA=desk.data, FLICKET_ENGINE=where(server))
    assert done.returncode == 0, done.stderr
    write(desk, 'written after the backup')
    end(desk)
    del desk.settings['FLICKET_ENGINE']
    assert "is a copy of an engine's store: set FLICKET_ENGINE" in refused(desk, 'ticket', FLICKET_ENGINE='')
    done = run_program('flicketctl', 'restore', tmp_path / 'backup', '--force', '--keep-tokens', FLICKET_DATA=desk.data)
    assert done.returncode == 0, done.stderr
    assert place(desk, 'ticket') == '0|0'
    desk.start()
    with contextlib.closing(desk.client(ADMIN)) as c:
        assert expect(c.get(f'ticket/{ticket}'), 200)['title'] == 'written in the engine'
        assert c.get(f'ticket/{ticket + 1}').status == 404


def test_a_desk_that_was_used_alone_since_it_was_put_does_not_follow_the_engine(desk, server):
    assert ctl(desk, server, 'put').returncode == 0
    desk.start()
    ticket = write(desk, 'written without the engine')
    end(desk)
    assert '`flicketctl engine put` puts it again' in refused(desk, 'ticket', FLICKET_ENGINE=where(server))
    assert ctl(desk, server, 'put').returncode == 0
    ask_engine(desk, server)
    with contextlib.closing(desk.client(ADMIN)) as c:
        assert expect(c.get(f'ticket/{ticket}'), 200)['title'] == 'written without the engine'
