"""A desk that is kept in PostgreSQL: what was acknowledged is in its tables, once, whatever goes away meanwhile, and
each host's copies are what the tables are. Hosts are desks with folders and ports of their own on one engine."""
import contextlib
import json
import shutil
import sqlite3
import threading
import time
from collections import Counter

import pytest

from desk import (ADMIN_PASSWORD, SERVICES, SLACK, free_port, run_program, wait_until)
from postgres import DATABASE, Later, connect, execute, needs_postgres, role_of
from test_supervisor import Served
from wire import Client, NoAnswer, expect

pytestmark = needs_postgres

LEASE = 3.0                     # of layout.h
FOLLOW = 0.05                   # keeper.c looks at the log so often
AGAIN_WITHIN = 3.0 + SLACK      # writes, when the process that wrote was killed
MANY = 100                      # writes, more than the lane of a writer takes
SETTLED_WITHIN = 20.0           # all that was begun is in the tables, or never will be
SHORT = {'FLICKET_REQUEST_TIMEOUT_MS': 1500, 'FLICKET_EVENT_WAIT_MS': 250}
TEXTS = ('a ticket', 'Überprüfung: naïve façade', '打印机坏了，请尽快修理', 'emoji 🖨️ and "quotes" \\ \'')
# What each service makes: how it is asked for, where its rows are.
MADE = {
    'user': ('users', 'users', 'username'), 'ticket': ('tickets', 'tickets', 'title'),
    'post': ('posts', 'posts', 'content'), 'lookup': ('departments', 'departments', 'department'),
}
READS = {'user': 'user/1', 'ticket': 'ticket/1', 'post': 'posts/1/', 'lookup': 'category/1'}


def engine_of(*servers):
    """What an operator says of them, and no more."""
    return (f'host={",".join("127.0.0.1" for _ in servers)} port={",".join(str(s.port) for s in servers)} '
            f'dbname={DATABASE}')


def sql(server, service, text, *values):
    return server.sql(text, *values, user=role_of(service), database=DATABASE)


def store_of(data, service):
    return data / 'stores' / service / f'{service}.db'


@pytest.fixture
def server(postgres):
    return postgres().furnish()


# --- copies and tables --------------------------------------------------------------------------------------------

class Snapshot:
    """A copy and the tables of a service, each as of one moment."""

    def __init__(self, server, data, service):
        self.copy = sqlite3.connect(f'file:{store_of(data, service)}?mode=ro', uri=True, isolation_level=None)
        self.copy.execute('BEGIN')
        self.engine = connect(server.socket_conninfo(role_of(service), DATABASE))
        execute(self.engine, 'BEGIN ISOLATION LEVEL REPEATABLE READ')

    def close(self):
        self.copy.close()
        self.engine.close()

    def places(self):
        return (self.copy.execute('SELECT seq, reign FROM identity').fetchone(),
                execute(self.engine, 'SELECT log.seq, log.reign FROM log JOIN head USING (seq)')[0])

    def differences(self):
        tables = {name: bool(strict) for name, strict in self.copy.execute(
            "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') "
            "AND substr(name, 1, 7) != 'sqlite_'")}
        names = {name for name, in execute(self.engine, 'SELECT tablename FROM pg_tables WHERE schemaname = '
                                           'current_schema()')}
        found = [f'{name}: one of the two has no such table' for name in {*tables, 'head', 'log'} ^ names]
        for name, strict in tables.items():
            found += self._differences_of(name, strict)
        counters = dict(self.copy.execute('SELECT name, seq FROM sqlite_sequence'))
        in_head = json.loads(execute(self.engine, 'SELECT counters FROM head')[0][0])
        return found + ([] if counters == in_head else [f'counters: {counters} and {in_head}'])

    def _differences_of(self, table, strict):
        columns = [(name, type if strict else 'ANY', key) for name, type, key in self.copy.execute(
            'SELECT name, type, pk FROM pragma_table_info(?)', (table,))]
        listed = ', '.join(f'"{name}"' for name, _, _ in columns)
        theirs = execute(self.engine, f'SELECT {listed} FROM "{table}"')
        types = [type for type, in execute(
            self.engine, 'SELECT data_type FROM information_schema.columns WHERE table_schema = current_schema() AND '
            'table_name = %s ORDER BY ordinal_position', table)]
        readers = [reader_of(type, theirs) for (_, type, _), theirs in zip(columns, types, strict=True)]
        theirs = Counter(tuple(read(v) for read, v in zip(readers, row)) for row in theirs)
        ours = Counter(self.copy.execute(f'SELECT {listed} FROM "{table}"'))
        return [f'{table}: only {whose} {str(row)[:300]}' for whose, rows in
                (('the copy has', ours - theirs), ('the engine has', theirs - ours)) for row in rows]


def reader_of(declared, type):
    """How a value of PostgreSQL's is one of SQLite's (services/engine/values.h)."""
    if type != 'bytea':
        return lambda v: v
    return read_blob if declared == 'BLOB' else read_any


def read_blob(value):
    return None if value is None else bytes(value)


def read_any(value):
    if value is None:
        return None
    letter, rest = bytes(value)[:1], bytes(value)[1:]
    return {b'i': lambda: int.from_bytes(rest, 'big', signed=True), b't': rest.decode, b'b': lambda: rest}[letter]()


def differences(server, data, service, within=10.0):
    """Between a copy and the tables, when they stand at one place; which they soon do where nobody writes."""
    deadline = time.monotonic() + within
    while True:
        with contextlib.closing(Snapshot(server, data, service)) as snapshot:
            copy, engine = snapshot.places()
            if copy == engine:
                return [f'{service}: {d}' for d in snapshot.differences()]
        assert time.monotonic() < deadline, f'{service}: the copy is at {copy}, the engine at {engine}'
        time.sleep(0.02)


def expect_equal(server, *folders, services=SERVICES):
    assert [d for data in folders for service in services for d in differences(server, data, service)] == []


def check_index(data):
    """FTS5 finds its indexes whole, in a copy of the copy, which it has to be able to write to."""
    with contextlib.closing(sqlite3.connect(store_of(data, 'ticket'))) as copy, \
            contextlib.closing(sqlite3.connect(':memory:')) as db:
        copy.backup(db)
        for table in ('ticket_text', 'reply_text'):
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")


def verify(data):
    return json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(data)).stdout)


# --- writers ------------------------------------------------------------------------------------------------------

def values_of(service, name):
    return {
        'user': {'username': name, 'name': name, 'email': f'{name}@example.org', 'password': 'Password1'},
        'ticket': {'title': name, 'content': f'content of {name}', 'category_id': 1, 'ticket_priority_id': 1},
        'post': {'ticket_id': 1, 'content': name},
        'lookup': {'department': name},
    }[service]


def ask(client, service, name):
    """Once, with a key of its own: the answer, None without one."""
    try:
        return client.post(MADE[service][0], values_of(service, name), headers={'Idempotency-Key': name})
    except (NoAnswer, OSError):
        return None


def make(client, service, name, within=AGAIN_WITHIN):
    """Ask until it is done, and what it is then."""
    def is_made():
        answer = ask(client, service, name)
        assert answer is None or answer.status in (201, 503), answer
        return answer if answer is not None and answer.status == 201 else None
    return expect(wait_until(is_made, within, f'{name} is written'), 201)


class Load(threading.Thread):
    """Makes one row after the other, of each service in turn, and reads. What is not done is asked for again, with the
    same key: then it is there once."""

    def __init__(self, port, token, name, services=SERVICES):
        super().__init__(daemon=True)
        self.client, self.name, self.services = Client(port, token, timeout=20), name, services
        self.made = {service: {} for service in SERVICES}       # name: id
        self.wrong, self.reads = [], Counter()
        self.ending = threading.Event()

    def run(self):
        n = 0
        while not self.ending.is_set():
            for service in self.services:
                n += 1
                self._make(service, f'{self.name}n{n}')
                self._read(service)
        self.client.close()

    def _make(self, service, name):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = ask(self.client, service, name)
            if answer is not None and answer.status == 201:
                self.made[service][name] = answer.json()['id']
                return
            if answer is not None and answer.status != 503:
                break
            self.ending.wait(0.02)
        self.wrong.append(f'{service} {name}: {answer}')

    def _read(self, service):
        try:
            self.reads[self.client.get(READS[service]).status] += 1
        except (NoAnswer, OSError) as e:
            self.reads[str(e)] += 1

    def count(self):
        return {service: len(made) for service, made in self.made.items()}

    def go_on(self, service=None, more=2, within=30):
        """Return when some more was acknowledged."""
        before = self.count()
        wait_until(lambda: all(self.count()[s] >= before[s] + more for s in ([service] if service else self.services)),
                   within, f'the load goes on {self.wrong}')

    def __enter__(self):
        self.start()
        self.go_on()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.join(60)

    def check(self, server):
        """What was acknowledged is there with its id, and nothing twice."""
        assert not self.is_alive() and self.wrong == []
        for service, (_, table, column) in MADE.items():
            rows = sql(server, service, f'SELECT {column}, id FROM {table} WHERE {column} LIKE %s', f'{self.name}n%')
            assert len({name for name, _ in rows}) == len(rows), f'{service}: something is there twice: {rows}'
            there = dict(rows)
            assert {n: there.get(n) for n in self.made[service]} == self.made[service]


def sign_in(desk):
    with Client(desk.port) as c:
        return expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']


def begin(client):
    """What replies and reads are about."""
    expect(client.post('tickets', values_of('ticket', 'the first one')), 201)


# --- a desk that is new -------------------------------------------------------------------------------------------

def test_what_the_api_was_told_is_in_the_tables_and_in_the_copy(server, desks):
    desk = desks('new', FLICKET_ENGINE=engine_of(server))
    admin = desk.admin()
    user = expect(admin.post('users', {**values_of('user', 'newuser'), 'name': '王小明先生'}), 201)['id']
    with desk.client(False) as c:
        c.token = expect(c.log_in('newuser', 'Password1'), 200)['token']
        tickets = [expect(c.post('tickets', {**values_of('ticket', text), 'content': text * 50}), 201)['id']
                   for text in TEXTS]
        posts = [expect(c.post('posts', {'ticket_id': t, 'content': text}), 201)['id']
                 for t, text in zip(tickets, TEXTS)]
        expect(c.request('PATCH', f'ticket/{tickets[0]}', json={'title': 'another title', 'content': 'another text'}),
               200)
        gone = expect(c.post('tickets', values_of('ticket', 'to be deleted')), 201)['id']
    expect(admin.request('DELETE', f'ticket/{gone}'), 204)
    assert sql(server, 'ticket', 'SELECT id, title, content FROM tickets ORDER BY id') == [
        (tickets[0], 'another title', 'another text'), *((id, t, t * 50) for id, t in zip(tickets[1:], TEXTS[1:]))]
    assert sql(server, 'post', 'SELECT id, ticket_id, content FROM posts ORDER BY id') == [
        *zip(posts, tickets, TEXTS)]
    assert sql(server, 'user', 'SELECT name FROM users WHERE id = %s', user) == [('王小明先生',)]
    wait_until(lambda: verify(desk.data) == {'result': 'ok', 'findings': [], 'notes': []}, 20, 'all is told')
    expect_equal(server, desk.data)
    check_index(desk.data)


def test_a_changed_row_of_a_copy_is_a_difference(server, desks):
    desk = desks('new', FLICKET_ENGINE=engine_of(server))
    make(desk.admin(), 'lookup', 'a department')
    expect_equal(server, desk.data)
    desk.processes['lookup'].terminate()
    with contextlib.closing(sqlite3.connect(store_of(desk.data, 'lookup'))) as db, db:
        changed = db.execute("UPDATE departments SET department = 'a eepartment' WHERE department = 'a department'")
        assert changed.rowcount == 1
    found = differences(server, desk.data, 'lookup')
    assert len(found) == 2 and all('lookup: departments: only' in f for f in found), found


# --- a process that writes ----------------------------------------------------------------------------------------

def test_a_writer_that_is_killed_is_followed_by_another(server, desks):
    """Each service in turn: with a second process that stands by, then alone."""
    desk = desks('new', FLICKET_ENGINE=engine_of(server), **SHORT)
    begin(desk.admin())
    for service in SERVICES:
        other = f'{service}-2'
        desk.launch(other, f'flicket-{service}')
    desk.wait_ready()
    with Load(desk.port, sign_in(desk), 'killed') as load:
        for service in SERVICES:
            desk.kill(service)
            load.go_on(service, 1, AGAIN_WITHIN)
            desk.kill(f'{service}-2')
            desk.restart(service)
            load.go_on(service, 1, AGAIN_WITHIN)
    load.check(server)
    expect_equal(server, desk.data)


# --- a copy that goes ---------------------------------------------------------------------------------------------

def remove_store(desk, service):
    """As `rm -rf` does, which ends when nothing is left; returns when a copy is there again."""
    fetched = f'"service":"{service}","msg":"engine: the copy is there'
    before = desk.text().count(fetched)
    shutil.rmtree(store_of(desk.data, service).parent)
    wait_until(lambda: desk.text().count(fetched) > before, 20, f'a copy of {service} is there')


def test_stores_that_are_removed_come_back(server, tmp_path):
    desk = Served(tmp_path, FLICKET_ENGINE=engine_of(server), **SHORT)
    try:
        wait_until(desk.is_ready, 30, 'serve is ready')
        token = sign_in(desk)
        with Client(desk.port, token) as c:
            begin(c)
        with Load(desk.port, token, 'removed') as load:
            for service in SERVICES:
                remove_store(desk, service)
                load.go_on()
        load.check(server)
        assert set(load.reads) <= {200, 503}, load.reads
        expect_equal(server, desk.data)
        with Client(desk.port, token) as c:
            assert {c.get(path).status for path in READS.values()} == {200}
    except BaseException:
        print(desk.text())
        raise
    finally:
        desk.clean_up()


# --- an engine that is away ---------------------------------------------------------------------------------------

AWAY = {'stopped': (lambda s: s.stop(), lambda s: s.start()),
        'standing still': (lambda s: s.pause(), lambda s: s.resume())}


@pytest.mark.parametrize('way', AWAY)
def test_without_the_engine_reads_go_on_and_writes_wait(server, desks, way):
    desk = desks('new', FLICKET_ENGINE=engine_of(server), **SHORT)
    admin = desk.admin()
    begin(admin)
    go, come = AWAY[way]
    answers = []
    with Load(desk.port, sign_in(desk), 'away') as load:
        go(server)
        try:
            many = [(f'atonce{n}', Later(ask, desk.client(admin.token), 'lookup', f'atonce{n}')) for n in range(MANY)]
            for n, service in enumerate(SERVICES):
                answers.append((service, f'without{n}', ask(admin, service, f'without{n}')))
                assert [admin.get(path).status for path in READS.values()] == [200] * 4
            answers += [('lookup', name, later.result()) for name, later in many]
        finally:
            come(server)
        load.go_on(within=SETTLED_WITHIN)
    assert set(load.reads) == {200}, load.reads
    for service, name, answer in answers:
        assert answer is not None and expect(answer, 503), f'{service} {name}'
    load.check(server)
    wait_settled(admin)
    expect_outcomes(server, answers)
    expect_equal(server, desk.data)


def test_a_host_that_hears_nobody_answers_reads_for_a_while_only(server, desks):
    desk = desks('new', FLICKET_ENGINE=engine_of(server), FLICKET_STALE_SECONDS=2, **SHORT)
    with desk.admin() as c:
        begin(c)
        server.pause()
        began = time.monotonic()
        expect(c.get('departments/'), 200)
        wait_until(lambda: c.get('departments/').status == 503, 20, 'the copy is too old')
        assert time.monotonic() - began > 1.5
        server.resume()
        wait_until(lambda: c.get('departments/').status == 200, 20, 'the copy is followed again')


def wait_settled(client):
    """All services write again, so that nothing is in doubt any more."""
    for service in SERVICES:
        make(client, service, f'settled{time.monotonic_ns()}', SETTLED_WITHIN)


def expect_outcomes(server, answers):
    """What was acknowledged is there once, what was refused is not, and what is not known is there once at most."""
    for service, name, answer in answers:
        _, table, column = MADE[service]
        n = len(sql(server, service, f'SELECT id FROM {table} WHERE {column} = %s', name))
        code = answer.status == 503 and answer.json()['code']
        allowed = {1} if answer.status == 201 else {0, 1} if code == 'outcome_unknown' else {0}
        assert n in allowed, f'{service} {name}: {n} times, answered with {answer}'


def test_a_desk_starts_without_its_engine_if_it_has_copies(server, desks):
    desk = desks('new', FLICKET_ENGINE=engine_of(server), **SHORT)
    begin(desk.admin())
    token = sign_in(desk)
    for process in desk.processes.values():
        process.terminate()
    server.stop()
    desk.start()
    with desk.client(token) as c:
        assert [c.get(path).status for path in READS.values()] == [200] * 4
        expect(ask(c, 'ticket', 'too early'), 503)
        server.start()
        make(c, 'ticket', 'not too early', SETTLED_WITHIN)
    assert sql(server, 'ticket', "SELECT title FROM tickets WHERE title LIKE '%%early'") == [('not too early',)]


def test_without_an_engine_and_a_copy_services_wait_and_can_be_ended(server, desks):
    desk = desks('new', start=False, FLICKET_ENGINE=engine_of(server))
    server.stop()
    desk.start(*SERVICES)
    for process in desk.processes.values():
        wait_until(lambda p=process: 'engine: waiting for it: ' in p.log.read_text(), 10, 'it says that it waits')
        assert process.is_running()
        process.terminate()


# --- a standby that is away ---------------------------------------------------------------------------------------

@pytest.fixture
def pair(server):
    """A primary and the standby that its commits wait for."""
    return server, server.standby()


def test_what_no_standby_has_is_not_acknowledged(pair, desks):
    """Nor when an operator cancels the wait for it. What the API said of a write and what became of it agree."""
    primary, standby = pair
    desk = desks('new', FLICKET_ENGINE=engine_of(primary, standby), **SHORT)
    admin = desk.admin()
    begin(admin)
    standby.kill()
    answers = [(service, f'alone{n}', ask(admin, service, f'alone{n}')) for n, service in enumerate(SERVICES)]
    cancelled = Later(ask, desk.client(admin.token), 'ticket', 'cancelled')
    for pid in primary.wait_waiting():
        primary.sql('SELECT pg_cancel_backend(%s)', pid)
    answers.append(('ticket', 'cancelled', cancelled.result()))
    answers += [(service, f'later{service}', ask(admin, service, f'later{service}')) for service in ('lookup', 'post')]
    for service, name, answer in answers:
        assert answer is not None and expect(answer, 503), f'{service} {name}'
    assert [admin.get(path).status for path in READS.values()] == [200] * 4
    assert {code for _, _, a in answers if (code := a.json()['code'])} & {'outcome_unknown'}
    standby.start()
    wait_settled(admin)
    expect_outcomes(primary, answers)
    for service, name, answer in answers:
        if answer.json()['code'] == 'outcome_unknown':
            expect(ask(admin, service, name), 201)      # once, whether it was done before or not
    expect_outcomes(primary, [(service, name, ask(admin, service, name)) for service, name, a in answers
                              if a.json()['code'] == 'outcome_unknown'])
    expect_equal(primary, desk.data)


def test_sessions_do_not_pile_up_while_the_standby_is_away(pair, desks):
    """That of the commit, one that waits behind it, the keeper's, and one that was just given up."""
    primary, standby = pair
    desk = desks('new', FLICKET_ENGINE=engine_of(primary, standby), **SHORT)
    admin = desk.admin()
    standby.kill()
    expect(ask(admin, 'lookup', 'a department'), 503)
    counts, log = [], desk.processes['lookup'].log

    def gave_up():
        counts.append(primary.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'flicket_lookup'")[0][0])
        return 'stepping down' in log.read_text()
    wait_until(gave_up, 30, 'the lookup service has tried for long enough')
    standby.start()
    assert max(counts) <= 4, counts


# --- two hosts ----------------------------------------------------------------------------------------------------

class Hosts:
    """Desks on one engine, whose processes know each other by addresses."""

    def __init__(self, server, desks):
        self.server = server
        self.ports = [{service: free_port() for service in SERVICES} for _ in range(2)]
        endpoints = {f'FLICKET_{s.upper()}_ENDPOINT': ','.join(f'tcp://127.0.0.1:{ports[s]}' for ports in self.ports)
                     for s in SERVICES}
        self.desks = [desks('new', start=False, FLICKET_ENGINE=engine_of(server), **endpoints, **SHORT)
                      for _ in range(2)]
        for desk, ports in zip(self.desks, self.ports):
            desk.settings_of = lambda name, ports=ports: ({'FLICKET_BIND': f'tcp://127.0.0.1:{ports[name]}'}
                                                          if name in ports else {})

    def start(self):
        """The first one writes all of it."""
        first, second = self.desks
        first.start()
        for service in SERVICES:
            wait_until(lambda s=service: self.writer(s) is first, 20, f'the first host writes {service}')
        self.start_again(second)
        return self

    def start_again(self, desk):
        desk.start()
        for service in SERVICES:
            wait_until(lambda s=service: self.follows(desk, s), 20, f'{desk} follows {service}')

    def begin(self):
        """A token that each host knows, and a ticket."""
        token = sign_in(self.desks[0])
        self.wait_following('user')
        with self.desks[0].client(token) as c:
            begin(c)
        self.wait_following(*SERVICES)
        return token

    def wait_following(self, *services):
        for desk in self.desks:
            for service in services:
                wait_until(lambda d=desk, s=service: self.follows(d, s), 20, f'{desk} follows {service}')

    def follows(self, desk, service):
        """Whether its copy has all that is there."""
        with contextlib.suppress(sqlite3.Error), \
                contextlib.closing(Snapshot(self.server, desk.data, service)) as snapshot:
            copy, engine = snapshot.places()
            return copy == engine
        return False

    def writer(self, service):
        """The host that claimed last, by the number that it keeps; None if it gave up the lease."""
        [(owner, is_free)] = sql(self.server, service, 'SELECT owner, until < clock_timestamp() FROM head')
        for desk in self.desks:
            file = store_of(desk.data, service).parent / 'host'
            if not is_free and file.exists() and owner.endswith(':' + file.read_text()):
                return desk
        return None

    def own_gateway(self, desk):
        """A gateway that asks the services of this host alone."""
        ports = self.ports[self.desks.index(desk)]
        port = desk.start_gateway('gateway-own', **{f'FLICKET_{s.upper()}_ENDPOINT': f'tcp://127.0.0.1:{ports[s]}'
                                                    for s in SERVICES})
        desk.wait_ready(port)
        return port

    def folders(self):
        return [desk.data for desk in self.desks]


@pytest.fixture
def hosts(server, desks):
    return Hosts(server, desks).start()


def kill_host(desk):
    for process in desk.processes.values():
        process.popen.kill()
    for process in desk.processes.values():
        process.kill()


def stop_host(desk):
    for name in ('gateway', *SERVICES):
        desk.processes[name].terminate()


def test_hosts_that_begin_at_once_have_one_desk(server, desks):
    """Each makes the stores of a new desk; the engine takes one of each."""
    hosts = Hosts(server, desks)
    for service in SERVICES:
        for desk in hosts.desks:
            desk.start(service)
    for desk in hosts.desks:
        desk.start_gateway()
    for desk in hosts.desks:
        desk.wait_ready()
    token = hosts.begin()
    for n, desk in enumerate(hosts.desks):
        with desk.client(token) as c:
            for service in SERVICES:
                make(c, service, f'first{service}{n}')
    expect_equal(server, *hosts.folders())


def test_who_has_an_answer_reads_what_it_says_on_each_host(server, hosts):
    """The first host writes. Answers wait until the other one's copy has what they tell of."""
    first, second = hosts.desks
    token = hosts.begin()
    port = hosts.own_gateway(second)
    with first.client(token) as one, second.client(token) as two, second.client(token, port=port) as own:
        for n in range(200):
            id = make((one, two)[n % 2], 'ticket', f'ticket number {n}')['id']
            assert expect(own.get(f'ticket/{id}'), 200)['title'] == f'ticket number {n}'
            if n % 10 == 0:
                with second.client(sign_in(first), port=port) as again:
                    expect(again.get('tickets/?per_page=1'), 200)
        for service in SERVICES:
            make(two, service, 'toldsecond')
    assert {hosts.writer(service) for service in SERVICES} == {first}
    expect_equal(server, *hosts.folders())


def test_a_host_that_does_not_go_on_holds_up_no_answer_for_long(server, hosts):
    """Answers wait for it as long as it may be there: a second. When it goes on, it catches up."""
    first, second = hosts.desks
    token = hosts.begin()
    with first.client(token) as one:
        make(one, 'ticket', 'both hosts are there')
        for service in SERVICES:
            second.processes[service].pause()
        waits = []
        for n in range(20):
            began = time.monotonic()
            make(one, 'ticket', f'the other host stands still {n}')
            waits.append(time.monotonic() - began)
        assert max(waits[:2]) < 2 + SLACK and sorted(waits)[10] < 0.5, waits
        for service in SERVICES:
            second.processes[service].resume()
    expect_equal(server, *hosts.folders())


def test_when_the_host_that_writes_is_killed_the_other_one_writes(server, hosts):
    first, second = hosts.desks
    token = hosts.begin()
    loads = [Load(second.port, token, f'host{s}', [s]) for s in SERVICES]
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        kill_host(first)
        began = time.monotonic()
        before = {load: sum(load.count().values()) for load in loads}
        # an answer may have been on its way when the host was killed
        wait_until(lambda: all(sum(load.count().values()) > before[load] + 1 for load in loads),
                   LEASE + 1 + SLACK, 'the other host writes')
        print(f'writes again after {time.monotonic() - began:.1f} s')
        hosts.start_again(first)
        for load in loads:
            load.go_on()
    for load in loads:
        load.check(server)
        assert set(load.reads) == {200}, load.reads
    assert {hosts.writer(service) for service in SERVICES} == {second}
    expect_equal(server, *hosts.folders())


def test_writers_that_stood_still_write_nothing_when_they_go_on(server, hosts):
    first, second = hosts.desks
    token = hosts.begin()
    loads = [Load(second.port, token, f'still{s}', [s]) for s in SERVICES]
    heads = {}
    with contextlib.ExitStack() as stack:
        for load in loads:
            stack.enter_context(load)
        for service in SERVICES:
            first.pause(service)
        for service, load in zip(SERVICES, loads):
            wait_until(lambda s=service: hosts.writer(s) is second, LEASE + 1 + SLACK, f'another host claims {service}')
            load.go_on(within=AGAIN_WITHIN)
            heads[service] = sql(server, service, 'SELECT seq, reign FROM head')[0]
        for service in SERVICES:
            first.resume(service)
        for service, load in zip(SERVICES, loads):
            log = first.processes[service].log
            wait_until(lambda f=log: 'stepping down' in f.read_text(), 20, f'{service} steps down')
            load.go_on()
    for load in loads:
        load.check(server)
    for service, (seq, reign) in heads.items():
        assert sql(server, service, 'SELECT DISTINCT reign FROM log WHERE seq > %s', seq) == [(reign,)]
        assert first.processes[service].is_running()
    expect_equal(server, *hosts.folders())


def test_a_host_whose_place_is_not_in_the_log_fetches_anew(server, hosts):
    """The log was trimmed, or is of another history: of a backup that was put back, say."""
    first, second = hosts.desks
    token = hosts.begin()
    with first.client(token) as c:
        for what, change in (('trimmed', 'DELETE FROM log USING head WHERE log.seq < head.seq'),
                             ('other', 'UPDATE log SET reign = log.reign + 2 FROM head WHERE log.seq < head.seq')):
            stop_host(second)
            fetched = {s: second.processes[s].log.read_text().count('fetching a copy') for s in SERVICES}
            for service in SERVICES:
                for n in range(3):
                    make(c, service, f'{what}{service}{n}')
                sql(server, service, change)
            hosts.start_again(second)
            for service in SERVICES:
                assert second.processes[service].log.read_text().count('fetching a copy') == fetched[service] + 1
            expect_equal(server, *hosts.folders())
    assert {hosts.writer(service) for service in SERVICES} == {first}


# --- what is refused ----------------------------------------------------------------------------------------------

def refused(desk, service='lookup'):
    """What a process says that ends with status 2."""
    done = run_program(f'flicket-{service}', **desk.settings)
    assert done.returncode == 2, f'{done.returncode}: {done.stdout}{done.stderr}'
    return done.stderr


@pytest.mark.parametrize('engine', ['has a store', 'is empty'])
def test_a_store_of_its_own_is_not_thrown_away(server, desks, engine):
    alone = desks('new')
    with alone.client(sign_in(alone)) as c:
        make(c, 'lookup', 'of its own')
    stop_host(alone)
    if engine == 'has a store':
        desks('new', FLICKET_ENGINE=engine_of(server))
    alone.settings['FLICKET_ENGINE'] = engine_of(server)
    said = refused(alone)
    assert 'stores/lookup' in said and 'flicketctl engine put' in said, said
    with contextlib.closing(sqlite3.connect(store_of(alone.data, 'lookup'))) as db:
        assert db.execute("SELECT count(*) FROM departments WHERE department = 'of its own'").fetchone() == (1,)
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'flicket_lookup'",
                      database=DATABASE)[0][0] == 0 or sql(
        server, 'lookup', "SELECT count(*) FROM departments WHERE department = 'of its own'") == [(0,)]


def test_an_engine_with_a_newer_schema_is_refused(server, desks):
    desk = desks('new', FLICKET_ENGINE=engine_of(server))
    stop_host(desk)
    sql(server, 'lookup', 'UPDATE head SET schema = schema + 1')
    said = refused(desk)
    assert "newer than this program's" in said and 'run the newer program' in said, said
