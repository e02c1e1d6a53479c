"""Stops: what is under way is finished, the rest is refused, nothing acknowledged is lost, and stores are closed; a
rolling restart of every process fails no read."""
import collections
import contextlib
import fcntl
import itertools
import json
import os
import random
import select
import signal
import sqlite3
import struct
import termios
import threading
import time

import pytest

from desk import (ADMIN, ADMIN_PASSWORD, SERVICES, SLACK, START_SECONDS, USER, is_sanitized, processes_with_data,
                  run_program, wait_until)
from test_supervisor import STOPPED_WITHIN, Served
from wire import Client, NoAnswer, expect, head, upload_over_http2

IS_FULL = os.environ.get('FAULTS_FULL') == '1'
ROUNDS = 20 if IS_FULL else 2
ORDER = ('user', 'ticket', 'post', 'lookup', 'gateway')
TICKET = {'content': 'what a stop must not lose', 'category_id': 1, 'ticket_priority_id': 1}
UPLOAD_BYTES = 8 << 20


def report(name, **figures):
    """Figures of a full run, for script/faults."""
    if os.environ.get('FAULTS_RESULTS'):
        with open(os.environ['FAULTS_RESULTS'], 'a') as f:
            f.write(json.dumps({'name': name, **figures}) + '\n')


def logs_left(data):
    return [str(p) for p in data.rglob('*.db-wal')]


class Load:
    """Readers and writers as any HTTP client is one: what was sent on a connection that was used before and ended
    without a byte of an answer is sent once more, and that is counted."""

    PATHS = ('user/1', 'category/1', 'tickets/?per_page=5', 'statuses/', 'posts/1/')

    def __init__(self, port, token, readers=4, writers=2, paths=PATHS):
        self.port, self.token = port, token
        self.ending = threading.Event()
        self.numbers = itertools.count()
        self.reads = self.again = 0
        self.failed, self.waited = [], [0.0]
        self.written = {}           # title: id
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._read, args=(itertools.cycle(paths[i:] + paths[:i]),))
                        for i in range(readers)]
        self.writers = writers
        self.threads += [threading.Thread(target=self._write) for _ in range(writers)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        self.go_on(writes=3 if self.writers else 0)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ending.set()
        for t in self.threads:
            t.join()

    def go_on(self, reads=30, writes=3):
        want = self.reads + reads, len(self.written) + writes
        wait_until(lambda: self.reads >= want[0] and len(self.written) >= want[1], 60, 'the load goes on')

    def _ask(self, client, path):
        was_used = client.conn is not None
        try:
            return client.get(path).status
        except (NoAnswer, OSError) as e:
            if not was_used or 'in the middle of a head: b\'\'' not in str(e):
                raise
        with self.lock:
            self.again += 1
        return client.get(path).status

    def _read(self, paths):
        with Client(self.port, self.token, timeout=30) as client:
            while not self.ending.is_set():
                path, began = next(paths), time.monotonic()
                try:
                    status = self._ask(client, path)
                except (NoAnswer, OSError) as e:
                    status = repr(e)
                if status != 200 and not (path == 'posts/1/' and status == 404):
                    self.failed.append((time.strftime('%M:%S'), round(time.monotonic() - began, 2), path, status))
                with self.lock:
                    self.reads += 1
                    self.waited.append(time.monotonic() - began)

    def _write(self):
        with Client(self.port, self.token, timeout=30) as client:
            while not self.ending.is_set():
                title = f'write {next(self.numbers)}'
                while not self.ending.is_set():
                    with contextlib.suppress(NoAnswer, OSError):
                        answer = client.post('tickets', {'title': title, **TICKET},
                                             headers={'Idempotency-Key': title.replace(' ', '-')})
                        if answer.status == 201:
                            self.written[title] = answer.json()['id']
                            break
                        assert answer.status == 503, answer
                    time.sleep(0.02)

    def check_written(self, data):
        """What was acknowledged is in the store, once, with its id; what was not is there once at most."""
        with contextlib.closing(sqlite3.connect(data / 'stores' / 'ticket' / 'ticket.db')) as db:
            found = collections.defaultdict(list)
            for number, title in db.execute("SELECT id, title FROM tickets WHERE title LIKE 'write %'"):
                found[title].append(number)
        assert {t: found[t] for t in self.written} == {t: [n] for t, n in self.written.items()}
        assert all(len(numbers) == 1 for numbers in found.values())


@pytest.fixture
def serve(tmp_path):
    made = []

    def make(**settings):
        made.append(Served(tmp_path, **settings))
        wait_until(made[-1].is_ready, START_SECONDS, 'serve is ready')
        with Client(made[-1].port) as c:
            made[-1].token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
        return made[-1]

    yield make
    for s in made:
        print(s.text())             # shown where a test fails
        s.clean_up()


def end_serve(served):
    """As an operator does; with what was promised of it."""
    served.popen.terminate()
    begin = time.monotonic()
    served.popen.wait(20)
    assert time.monotonic() - begin < STOPPED_WITHIN + SLACK
    assert served.popen.returncode == 0, served.text()
    assert not processes_with_data(served.data)
    assert logs_left(served.data) == []


# --- rolling restarts ------------------------------------------------------------------------------------------

def restart_by_signal(served, name):
    before = served.programs()[f'flicket-{name}']
    os.kill(before, signal.SIGTERM)
    wait_until(lambda: served.programs().get(f'flicket-{name}') not in (None, before), 10, f'{name} again')
    wait_until(served.is_ready, 10, 'ready again')


def restart_by_command(served, name):
    before = served.programs()
    done = run_program('flicketctl', 'restart', '--data', str(served.data), name)
    assert done.returncode == 0 and done.stdout == f'restarted: {name}; the desk is ready\n', done.stderr + served.text()
    after = served.programs()
    assert {n for n in before if before[n] != after[n]} == {f'flicket-{name}'}


@pytest.mark.parametrize('restart', [restart_by_signal, restart_by_command])
def test_every_process_is_restarted_under_load_and_no_read_fails(serve, restart):
    served = serve()
    began = time.monotonic()
    with Load(served.port, served.token) as load:
        for _ in range(ROUNDS):
            for name in ORDER:
                restart(served, name)
                load.go_on()
    assert load.failed == []
    assert load.again <= max(2, ROUNDS), f'{load.again} of {load.reads} reads met the end of a connection'
    end_serve(served)
    load.check_written(served.data)
    report(restart.__name__.replace('_', ' '), seconds=round(time.monotonic() - began), restarts=ROUNDS * len(ORDER),
           reads=load.reads, failed=len(load.failed), asked_again=load.again,
           slowest_ms=round(1000 * max(load.waited)), writes=len(load.written))


def test_the_command_restarts_everything_one_after_the_other(serve):
    served = serve()
    before = served.programs()
    with Load(served.port, served.token) as load:
        done = run_program('flicketctl', 'restart', '--data', str(served.data))
        assert done.returncode == 0, done.stderr + served.text()
        assert done.stdout == 'restarted: user, ticket, post, lookup, gateway; the desk is ready\n'
    assert load.failed == []
    after = served.programs()
    assert set(after) == set(before) and not set(after.values()) & set(before.values())
    order = [name for line in served.text().splitlines() for name in before if f'restarting {name}' in line]
    assert order == [f'flicket-{name}' for name in ORDER]
    os.kill(served.popen.pid, signal.SIGUSR1)       # the same, by hand
    wait_until(lambda: not set(served.programs().values()) & set(after.values()) and served.is_ready(), 30,
               'all were restarted again')


def test_the_command_tells_what_it_cannot_do(tmp_path, serve):
    done = run_program('flicketctl', 'restart', '--data', str(tmp_path / 'none'))
    assert done.returncode == 3 and done.stderr.startswith('flicketctl restart: no flicketctl serve')
    done = run_program('flicketctl', 'restart', '--data', str(tmp_path / 'none'), 'tickets')
    assert done.returncode == 2 and 'tickets' in done.stderr


def test_a_process_that_hangs_is_ended_for_its_restart(serve):
    served = serve(FLICKET_STOP_SECONDS=0)
    hung = served.programs()['flicket-lookup']
    os.kill(hung, signal.SIGSTOP)
    # SIGCONT comes with the end, so it is stopped again until it is killed
    ending = threading.Event()

    def hold():
        with contextlib.suppress(ProcessLookupError):
            while not ending.wait(0.0005):
                os.kill(hung, signal.SIGSTOP)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        done = run_program('flicketctl', 'restart', '--data', str(served.data), 'lookup')
    finally:
        ending.set()
        holder.join()
    assert done.returncode == 0, done.stderr + served.text()
    assert served.programs()['flicket-lookup'] != hung


def test_clients_wait_while_there_is_no_gateway(serve):
    """The socket is the supervisor's: nobody is refused."""
    served = serve()
    for how in (signal.SIGTERM, signal.SIGKILL):
        before = served.programs()['flicket-gateway']
        os.kill(before, how)
        while served.programs().get('flicket-gateway') in (None, before):
            with Client(served.port, served.token) as c:
                with contextlib.suppress(NoAnswer):     # one that the dying gateway had accepted
                    expect(c.get('user/1'), 200)
        wait_until(served.is_ready, 20, 'ready again')


def test_everything_ends_under_load_and_keeps_what_it_acknowledged(serve):
    served = serve()
    with Load(served.port, served.token) as load:
        load.go_on()
        end_serve(served)
        load.ending.set()
    load.check_written(served.data)


# --- the gateway -----------------------------------------------------------------------------------------------

def upload(boundary='part', size=UPLOAD_BYTES):
    """The head and the body of a request with a file."""
    body = (f'--{boundary}\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n1\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
            'Content-Type: text/plain\r\n\r\n').encode() + b'x' * size + f'\r\n--{boundary}--\r\n'.encode()
    return head('POST', '/flicket-api/uploads', {
        'Authorization': f'Bearer {ADMIN}', 'Content-Type': f'multipart/form-data; boundary={boundary}',
        'Content-Length': str(len(body))}), body


def ask(path='user/3', token=ADMIN):
    return head('GET', f'/flicket-api/{path}', {'Authorization': f'Bearer {token}'})


def says_close(answer):
    return answer.header('Connection') == 'close'


def stopping(desk, name='gateway'):
    """SIGTERM, seen by the process."""
    process = desk.processes[name]
    said = process.log.read_text().count('"stopping"')
    process.popen.terminate()
    process.ended_by_test = True
    wait_until(lambda: process.log.read_text().count('"stopping"') > said, 5, f'{name} stops')
    return process


def ended(process, within=5):
    assert process.popen.wait(within + SLACK) == 0, process.log.read_text()


def test_a_file_that_is_coming_is_taken_in(imported):
    first, body = upload()
    with imported.connection() as c:
        c.send(first + body[:len(body) // 2])
        wait_until(lambda: queue_is_empty(c), 5, 'the gateway has it')
        gateway = stopping(imported)
        c.send(body[len(body) // 2:])
        answer = c.read_answer()
        assert answer.status == 201 and says_close(answer), answer
    ended(gateway)


def queue_is_empty(connection):
    """Whether all that was sent has been taken by the kernel of the other side."""
    return struct.unpack('i', fcntl.ioctl(connection.sock, termios.TIOCOUTQ, b'\0' * 4))[0] == 0


def test_a_file_that_is_coming_over_http2_is_taken_in(desks, tmp_path):
    """Longer than the second after which libh2o would drop it."""
    imported = desks('imported', FLICKET_STOP_SECONDS=10)
    curl = upload_over_http2(imported.port, ADMIN, tmp_path / 'a.txt', '1M')
    wait_until(lambda: has_connection(imported), 5, 'curl has connected')
    time.sleep(0.3)
    gateway = stopping(imported)
    assert curl.communicate(timeout=20)[0] == '2 201'
    ended(gateway, 10)


def has_connection(desk):
    with Client(desk.port) as c:
        text = c.get('/metrics').body.decode()
    return any(line.startswith('flicket_http_connections ') and float(line.split()[1]) >= 2
               for line in text.splitlines())


def test_idle_connections_are_ended_and_others_told(imported):
    with contextlib.ExitStack() as stack:
        idle, busy = (stack.enter_context(imported.connection()) for _ in range(2))
        for c in (idle, busy):
            assert c.exchange(ask()).status == 200
        http2 = stack.enter_context(imported.connection())
        http2.send(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        wait_until(lambda: select.select([http2.sock], [], [], 0)[0], 5, 'settings')
        gateway = stopping(imported)
        answer = busy.exchange(ask())
        assert answer.status == 200 and says_close(answer), answer
        assert busy.is_closed(2)
        assert idle.is_closed(2)
        assert http2.is_closed(2)
        assert goaway(http2.buffer), http2.buffer
        ended(gateway, 2)


def goaway(data):
    """Whether there is a GOAWAY among frames of HTTP/2."""
    at = 0
    while at + 9 <= len(data):
        if data[at + 3] == 7:
            return True
        at += 9 + int.from_bytes(data[at:at + 3], 'big')
    return False


def test_what_was_sent_before_the_end_is_answered(imported):
    """The gateway is stopped while it is sent, so that it finds signal and bytes at once."""
    with contextlib.ExitStack() as stack:
        kept, piped, fresh = (stack.enter_context(imported.connection()) for _ in range(3))
        for c in (kept, piped):
            assert c.exchange(ask()).status == 200
        imported.pause('gateway')
        kept.send(ask())
        piped.send(ask() * 3)
        late = stack.enter_context(imported.connection())      # in the backlog
        for c in (late, fresh):
            c.send(ask())
        process = imported.processes['gateway']
        process.popen.terminate()
        process.ended_by_test = True
        imported.resume('gateway')
        for c in (kept, fresh, late):
            answer = c.read_answer()
            assert answer.status == 200 and is_last(c, answer), answer
        answers = [piped.read_answer() for _ in range(3)]
        assert [a.status for a in answers] == [200] * 3
        assert not any(says_close(a) for a in answers[:2]) and is_last(piped, answers[2])
        ended(process)


def is_last(conn, answer):
    """The answer says so, or was on its way before the signal was seen, and nothing comes after it."""
    return says_close(answer) or conn.is_closed(10)


def test_a_slow_reader_gets_its_file(imported):
    first, body = upload(size=UPLOAD_BYTES)
    with imported.connection() as c:
        made = c.exchange(first + body, 'POST').json()
    with imported.client(ADMIN) as admin:
        path = imported.path_of(expect(admin.get(f'upload/{made["id"]}'), 200)['image'])
    with imported.connection() as c:
        c.send(head('GET', path, {'Authorization': f'Bearer {ADMIN}'}))
        wait_until(lambda: select.select([c.sock], [], [], 0)[0], 5, 'the file comes')
        gateway = stopping(imported)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            c.sock.settimeout(20)
            c.buffer += c.sock.recv(4096)
            time.sleep(0.01)
        answer = c.read_answer()
        assert answer.status == 200 and len(answer.body) == UPLOAD_BYTES
    ended(gateway)


@pytest.mark.parametrize('seconds', [0, 1])
def test_a_client_that_does_not_finish_is_cut_off_in_time(desks, seconds):
    desk = desks('imported', FLICKET_STOP_SECONDS=seconds)
    first, body = upload()
    with desk.connection() as c:
        c.send(first + body[:1000])
        wait_until(lambda: has_connection(desk), 5, 'it is there')
        begin = time.monotonic()
        gateway = stopping(desk)
        ended(gateway, seconds + 1)
        assert time.monotonic() - begin >= seconds - 0.1
        assert 'FLICKET_STOP_SECONDS are over' in gateway.log.read_text()
        assert c.is_closed(2)


# --- services --------------------------------------------------------------------------------------------------

def test_reads_go_on_while_the_only_process_finishes_slow_work(desks):
    """A hash that takes longer than reads wait for a process."""
    cost = 10 if is_sanitized() else 13
    desk = desks('new', FLICKET_BCRYPT_COST=cost, FLICKET_LOGIN_TIMEOUT_MS=30000, FLICKET_STOP_SECONDS=20)
    with desk.client() as c:
        token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
    logins = []

    def log_in():
        with Client(desk.port, timeout=40) as c:
            logins.append(c.log_in('admin', ADMIN_PASSWORD).status)

    threads = [threading.Thread(target=log_in) for _ in range(3)]
    with Load(desk.port, token, readers=1, writers=0, paths=['user/1']) as load:
        for t in threads:
            t.start()
        before = desk.processes['user'].seconds()
        wait_until(lambda: metric(desk, 'flicket_bus_requests_waiting{service="user"}') >= 1, 10, 'logins are queued')
        wait_until(lambda: desk.processes['user'].seconds() > before + 0.1, 20, 'one of them is under way')
        user = stopping(desk, 'user')
        load.go_on(writes=0)
        wait_until(lambda: not user.is_running(), 20, 'the user service ends')
        # it makes a hash when it starts, which is to take less than that
        desk.settings['FLICKET_BCRYPT_COST'] = 4
        desk.restart('user')
        load.go_on(writes=0)
        for t in threads:
            t.join()
    assert user.popen.returncode == 0
    assert load.failed == []
    # one was under way; the others wait for the next process for as long as that may take
    assert 200 in logins and set(logins) <= {200, 503}


def metric(desk, series):
    with Client(desk.port) as c:
        for line in c.get('/metrics').body.decode().splitlines():
            if line.startswith(series + ' '):
                return float(line.split()[-1])
    return 0


def test_a_write_that_waits_for_others_is_answered_in_the_end(desks):
    desk = desks('imported', FLICKET_STOP_SECONDS=0)
    answers = []

    def rename():
        with Client(desk.port, ADMIN) as c:
            answers.append(c.request('PATCH', 'category/1', json={'category': 'renamed'}).status)

    desk.pause('ticket')            # it is to hear of the name
    thread = threading.Thread(target=rename)
    thread.start()
    lookup = desk.data / 'stores' / 'lookup' / 'lookup.db'
    wait_until(lambda: one(lookup, "SELECT count(*) FROM categories WHERE category = 'renamed'"), 5, 'it is written')
    process = stopping(desk, 'lookup')
    ended(process, 2)
    thread.join()
    assert answers == [200]
    desk.resume('ticket')
    desk.restart('lookup')
    desk.wait_ready()


def one(path, sql):
    with contextlib.closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True)) as db:
        return db.execute(sql).fetchone()[0]


def test_writes_after_the_signal_are_refused_or_done_never_lost(desks):
    """The ticket service alone is ended under writes; nobody starts it again for a while."""
    desk = desks('imported')
    done, refused = [], []
    ending = threading.Event()

    def write(number):
        with Client(desk.port, USER) as c:
            for i in itertools.count():
                if ending.is_set():
                    return
                title = f'write {number}.{i}'
                answer = c.post('tickets', {'title': title, **TICKET})
                (done if answer.status == 201 else refused).append((title, answer.status))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    wait_until(lambda: len(done) > 20, 20, 'tickets are written')
    ended(stopping(desk, 'ticket'))
    wait_until(lambda: len(refused) > 8, 20, 'tickets are refused')
    ending.set()
    for t in threads:
        t.join()
    assert {status for _, status in refused} == {503}
    store = desk.data / 'stores' / 'ticket' / 'ticket.db'
    assert logs_left(store.parent) == []
    with contextlib.closing(sqlite3.connect(store)) as db:
        titles = [t for t, in db.execute("SELECT title FROM tickets WHERE title LIKE 'write %'")]
    assert sorted(titles) == sorted(t for t, _ in done)


def test_a_second_signal_changes_nothing(imported):
    with imported.client(USER) as c:
        expect(c.post('tickets', {'title': 'before', **TICKET}), 201)
    for name in (*SERVICES, 'gateway'):
        process = imported.processes[name]
        process.ended_by_test = True
        for _ in range(3):
            process.popen.terminate()
            process.popen.send_signal(signal.SIGINT)
    for process in imported.processes.values():
        ended(process)
    assert logs_left(imported.data) == []


@pytest.mark.parametrize('service', SERVICES)
def test_no_log_is_left_by_processes_that_stop_at_once(desks, service):
    desk = desks('imported', start=False)
    rng = random.Random(service)
    for _ in range(25 if IS_FULL else 3):
        names = [f'{service}-{i}' for i in range(4)]
        for name in names:
            process = desk.launch(name, f'flicket-{service}')
            wait_until(lambda p=process: 'listening on' in p.log.read_text(), 20, 'it listens')
        assert logs_left(desk.data), 'nothing that could be left'
        desk.kill(names[0])         # the one that writes
        wait_until(lambda: any('taking over' in desk.processes[n].log.read_text() for n in names[1:]), 5,
                   'another one writes')
        desk.launch(names[0], f'flicket-{service}')
        wait_until(lambda: desk.processes[names[0]].log.read_text().count('listening on') > 1, 20, 'it is back')
        rng.shuffle(names)
        for name in names:          # they wake up to it, all in the same moment
            desk.pause(name)
            desk.processes[name].popen.terminate()
            desk.processes[name].ended_by_test = True
        for name in names:
            desk.resume(name)
        for name in names:
            ended(desk.processes[name])
        assert logs_left(desk.data) == []
        for process in desk.processes.values():
            process.log.write_text('')


@pytest.mark.parametrize('service', SERVICES)
def test_a_signal_while_it_starts(desks, service):
    desk = desks('new', start=False)
    rng = random.Random(service)
    for i in range(12 if IS_FULL else 5):
        process = desk.launch(service, f'flicket-{service}')
        time.sleep(rng.uniform(0, 0.06))
        process.popen.terminate()
        process.ended_by_test = True
        status = process.popen.wait(5 + SLACK)
        # before it has any handler the signal does what it does to every program
        assert status in (0, -signal.SIGTERM), (i, status, process.log.read_text())
        if status == 0:
            assert logs_left(desk.data) == []
    desk.launch(service, f'flicket-{service}')
    log = desk.processes[service].log
    wait_until(lambda: 'listening on' in log.read_text().rpartition('stopped')[2], 20, 'it starts')
