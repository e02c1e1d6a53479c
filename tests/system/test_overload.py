"""More than the gateway can hold or the desk can do: idle connections, no descriptors left, large bodies, a flood."""
import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field

import pytest

import desk as desk_module
from desk import ADMIN, BIN, REPO, SHIPPED, is_sanitized, run_program, wait_until
from test_slow_clients import POST, PREFACE
from wire import Client, Connection, NoAnswer, expect, head, insist, upload_over_http2

FLOOD = BIN.parent / 'load' / 'flood'
IS_FULL = os.environ.get('FAULTS_FULL') == '1'

IDLE = 500
LONG = {'FLICKET_IDLE_TIMEOUT_MS': 600000}      # nobody is ended for that within a test


@pytest.fixture
def crowd():
    """Hold idle connections: crowd(desk, 10)."""
    with contextlib.ExitStack() as stack:
        def hold(desk, count):
            return [stack.enter_context(Connection(desk.port)) for _ in range(count)]
        yield hold


@pytest.fixture
def few_descriptors(desks, monkeypatch):
    """A desk whose gateway has just 300 of them."""
    # what a hardened process has in its memory is for root to see
    seen = {} if os.geteuid() == 0 else {'FLICKET_HARDEN': 'off'}
    desk = desks('imported', start=False, **LONG, **seen).start('user', 'ticket', 'post', 'lookup')
    popen = desk_module.subprocess.Popen

    def with_limit(*args, **more):
        return popen(*args, **more, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))

    with monkeypatch.context() as m:
        m.setattr(desk_module.subprocess, 'Popen', with_limit)
        desk.start_gateway()
    desk.wait_ready()
    return desk


def log_of(desk):
    return (desk.folder / 'gateway.log').read_text()


def test_idle_connections_change_nothing_for_those_who_ask(desks, crowd):
    desk = desks('imported', **LONG)
    held = crowd(desk, IDLE)
    with Client(desk.port, ADMIN) as c:
        for i in range(500):
            expect(c.get(('departments/', 'users/', 'ticket/1')[i % 3]), 200)
    with Client(desk.port) as c:
        expect(c.get('/healthz'), 200)
    assert held[0].is_usable() and held[-1].is_usable()


def test_for_new_connections_the_longest_idle_are_ended(desks, crowd):
    desk = desks('imported', FLICKET_MAX_CONNECTIONS=100, **LONG)
    with Client(desk.port, ADMIN) as busy:
        expect(busy.get('user/1'), 200)
        held = crowd(desk, 3 * 100)
        first = busy.conn
        wait_until(lambda: _answers(desk, busy), 20, 'a new connection is served')
        assert busy.conn is first
        assert held[0].is_closed(5)


def test_a_file_that_is_coming_over_http2_is_no_idleness(desks, tmp_path):
    """Nothing is asked on its connection for seconds, during which others look for room again and again."""
    desk = desks('imported', FLICKET_MAX_CONNECTIONS=16, **LONG)
    curl = upload_over_http2(desk.port, ADMIN, tmp_path / 'a.txt', '500K')
    with contextlib.ExitStack() as stack:
        while curl.poll() is None:
            held = [stack.enter_context(Connection(desk.port)) for _ in range(20)]
            while curl.poll() is None and not held[0].is_closed(0.1):
                pass
        assert curl.communicate(timeout=20)[0] == '2 201'


@pytest.mark.parametrize('half', [PREFACE + POST, head('GET', '/healthz')[:-2]], ids=['HTTP/2', 'HTTP/1'])
def test_half_a_request_holds_no_place_against_others(desks, half):
    desk = desks('imported', FLICKET_MAX_CONNECTIONS=16, **LONG)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Connection(desk.port)) for _ in range(16)]
        for conn in held:
            conn.send(half)
        with Client(desk.port, timeout=20) as c:
            expect(c.get('/healthz'), 200)
        assert any(conn.is_closed(1) for conn in held)


def _answers(desk, busy):
    """Whether a connection that is new gets an answer; one that is used all the time is kept meanwhile."""
    with Connection(desk.port, timeout=20) as conn:
        conn.send(head('GET', '/healthz'))
        for _ in range(200):
            expect(busy.get('user/1'), 200)
        return conn.read_answer().status == 200


def test_connections_leave_descriptors_for_the_bus(few_descriptors, crowd):
    """A service that comes back is found while clients hold all the connections there may be."""
    desk = few_descriptors
    assert 'at most 150 connections: there are 300 descriptors' in log_of(desk)
    with Client(desk.port, ADMIN) as c:
        expect(c.get('departments/'), 200)
        crowd(desk, 400)
        desk.kill('lookup')
        wait_until(lambda: c.get('departments/').status == 503, 10, 'it is missed')
        desk.start('lookup')
        wait_until(lambda: c.get('departments/').status == 200, 10, 'it is found again')
    assert 'no more descriptors' not in log_of(desk)


def test_large_bodies_are_no_files(few_descriptors):
    """h2o would write a body like this to a file of its own in /tmp, which may be small or not there."""
    desk = few_descriptors
    gateway = desk.processes['gateway'].popen.pid
    size = 20 * 1024 * 1024
    with Connection(desk.port) as conn:
        conn.send(head('POST', '/flicket-api/uploads/', {
            'Authorization': f'Bearer {ADMIN}', 'Content-Type': 'multipart/form-data; boundary=B',
            'Content-Length': size}))
        conn.send(b'x' * (size - 1))
        wait_until(lambda: resident_kb(gateway) > size // 1024, 20, 'it is taken in')
        with open(f'/proc/{gateway}/maps', encoding='utf-8') as f:
            assert '/tmp/h2o' not in f.read()
        expect(conn.exchange(b'x', 'POST'), 400)


def resident_kb(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))


# --- more than it can do ---------------------------------------------------------------------------------------

CROWD = 10000                   # idle connections
DESCRIPTORS = 17000
PEAK_CONNECTIONS = 64
FLOOD_CONNECTIONS = 4000
FLOOD_FACTOR = 4
ROUNDS, SECONDS = (5, 5) if IS_FULL else (2, 1)
LEAST = 0.8                     # of what is served at best


def report(name, **figures):
    if path := os.environ.get('FAULTS_RESULTS'):
        with open(path, 'a', encoding='utf-8') as f:
            f.write(json.dumps({'name': name, **figures}) + '\n')


def pss_mb(pid):
    with open(f'/proc/{pid}/smaps_rollup', encoding='utf-8') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('Pss:')) / 1024


def bounds_mb(desk, memory_mb=256):
    """What docs/settings.md says that processes take at most, in MB: of a gateway with one thread, and of a service."""
    text = (REPO / 'docs' / 'settings.md').read_text(encoding='utf-8')
    text = text[text.index('<!-- memory -->'):text.index('<!-- /memory -->')]
    gateway = re.search(r'`FLICKET_MEMORY_MB` \+ (\d+) MB', text)
    service = re.search(r'(\d+) MB \+ (\d+) MB × threads', text)
    default = re.search(r'`FLICKET_MEMORY_MB` \| `(\d+)`', (REPO / 'docs' / 'settings.md').read_text(encoding='utf-8'))
    assert int(default[1]) == 256
    return {name: memory_mb + int(gateway[1]) if name.startswith('gateway') else int(service[1]) + int(service[2])
            for name in desk.processes}


@dataclass
class Watch:
    """Looks at a desk under load, again and again: how much memory each process takes, whether /healthz answers."""
    desk: object
    most_mb: dict = field(default_factory=dict)
    health: list = field(default_factory=list)

    def __enter__(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _run(self):
        over = False
        while not over:
            over = self.over.wait(0.05)
            for name, process in self.desk.processes.items():
                self.most_mb[name] = max(self.most_mb.get(name, 0), pss_mb(process.popen.pid))
            began = time.monotonic()
            try:
                with Client(self.desk.port, timeout=20) as c:
                    self.health.append((c.get('/healthz').status, time.monotonic() - began))
            except (OSError, NoAnswer) as e:
                self.health.append((str(e), time.monotonic() - began))

    def check(self, memory_mb=256):
        assert self.health and all(status == 200 for status, _ in self.health), self.health
        bounds = bounds_mb(self.desk, memory_mb)
        assert all(mb <= bounds[name] for name, mb in self.most_mb.items()), f'{self.most_mb}, not {bounds}'


def flood(desk, connections, rate, seconds, path):
    done = subprocess.run([FLOOD, str(desk.port), str(connections), str(rate), str(seconds), path],
                          stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 60)
    got = json.loads(done.stdout)
    got['rate'] = got['served'] / seconds
    return got


def overload(desk, rate, path):
    """A flood of more than the desk can answer: of a higher rate, if it was busy with other things when `rate` was
    found to be that."""
    for _ in range(4):
        got = flood(desk, FLOOD_CONNECTIONS, rate, SECONDS, path)
        if got['refused'] + got['unsent'] > 0:
            break
        rate *= 2
    return got


SORTS = ('title', 'priority', 'addedby', 'addedon', 'last_updated', 'replies', 'status', 'assigned', 'time')


def requests_of(kind, token):
    """Whole requests, of one kind, or of several."""
    paths = {
        'points': [f'ticket/{i + 1}' for i in range(100)],
        # more than anybody keeps copies of
        'lists': [f'tickets/{i + 1}/?per_page=50&sort={sort}{way}' for way in ('', '_desc') for sort in SORTS
                  for i in range(60)],
        'searches': [f'tickets/?content={w}&sort=time&per_page=50' for w in ('printer', 'the', 'monitor', 'in')],
    }
    auth = {'Authorization': f'Bearer {token}'}
    if kind != 'mix':
        return [head('GET', '/flicket-api/' + p, auth) for p in paths[kind]]
    body = json.dumps({'title': 'One more', 'content': 'x' * 300, 'category_id': 1, 'ticket_priority_id': 1}).encode()
    post = head('POST', '/flicket-api/tickets', {**auth, 'Content-Type': 'application/json',
                                                 'Content-Length': len(body)}) + body
    return [r for i in range(100) for r in (
        head('GET', '/flicket-api/' + paths['lists'][i], auth), post,
        head('GET', '/flicket-api/' + paths['searches'][i % 4], auth),
        head('GET', '/flicket-api/' + paths['points'][i], auth))]


@pytest.fixture(scope='module')
def large_stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp('large') / 'data'
    done = run_program('flicketctl', 'generate', '--users', '50', '--tickets', '3000', '--posts', '6000',
                       '--data', str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def large(desks, large_stores):
    def make(**settings):
        desk = desks('new', start=False, **settings)
        desk_module.shutil.copytree(large_stores, desk.data, dirs_exist_ok=True)
        desk.start()
        with Client(desk.port) as c:
            desk.token = expect(insist(lambda: c.log_in('admin', 'generated')), 200)['token']
        return desk
    return make


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        pytest.skip(f'{hard} descriptors are too few for {CROWD} connections')
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


needs_speed = pytest.mark.skipif(is_sanitized(), reason='a sanitizer measures itself')


@needs_speed
@pytest.mark.parametrize('kind', ['points', 'lists', 'searches', 'mix'] if IS_FULL else ['lists', 'mix'])
def test_a_flood_takes_nothing_from_what_is_served(large, many_descriptors, tmp_path, kind):
    """Beside 10,000 idle connections four times as many requests come as the desk can answer: about as many are
    answered as at its best, the rest are told when to come again, and memory stays under the bound of README."""
    desk = large(**LONG, **SHIPPED)
    path = tmp_path / 'requests'
    path.write_bytes(b''.join(b'%d\n%s' % (len(r), r) for r in requests_of(kind, desk.token)))
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Connection(desk.port, source=f'127.0.0.{i % 8 + 1}')) for i in range(CROWD)]
        flood(desk, PEAK_CONNECTIONS, 0, 1, path)
        peaks, floods, afters = [], [], []
        with Watch(desk) as watch:
            for _ in range(ROUNDS):
                peaks.append(flood(desk, PEAK_CONNECTIONS, 0, SECONDS, path))
                rate = int(FLOOD_FACTOR * statistics.median(p['rate'] for p in peaks))
                floods.append(overload(desk, rate, path))
                # what was under way is given up before long; then all is as before
                with Client(desk.port, desk.token) as c:
                    began = time.monotonic()
                    wait_until(lambda: c.get('tickets/2/').status == 200, 10, 'it is served again')
                    afters.append(time.monotonic() - began)
        assert all(held[i].is_usable() for i in range(0, CROWD, 500))
    ratio = statistics.median(f['rate'] for f in floods) / statistics.median(p['rate'] for p in peaks)
    total = sum(f[k] for f in floods for k in ('served', 'late', 'refused'))
    report(f'flood of {kind}', rounds=ROUNDS, idle=CROWD, **{
        'served at best (1/s)': round(statistics.median(p['rate'] for p in peaks)),
        'served in the flood (1/s)': round(statistics.median(f['rate'] for f in floods)), 'ratio': round(ratio, 2),
        'refused': sum(f['refused'] for f in floods),
        'refused within (ms, median)': round(statistics.median(f['refused_p50'] for f in floods) / 1000, 1),
        'served again after (ms, most)': round(max(afters) * 1000),
        'memory of all (MB, most)': round(sum(watch.most_mb.values())),
        'healthz (ms, median)': round(statistics.median(s for _, s in watch.health) * 1000, 1)})
    for f in floods:
        assert f['wrong'] == 0 and f['broken'] == 0, f
        # all connections wait, or somebody is told to come again: there was more than it could answer
        assert f['served'] > 0 and f['refused'] + f['unsent'] > 0, f
    watch.check()
    if IS_FULL:     # rates of a second each, beside other tests, say nothing
        assert sum(f['late'] for f in floods) < total * 0.2, floods
        assert ratio >= LEAST, f'{floods}, at best {peaks}'


@needs_speed
def test_what_would_be_answered_too_late_is_refused_at_once(large, tmp_path):
    """A service that stands still has a queue with an end; whoever comes when that is full hears so at once."""
    desk = large(FLICKET_MAX_PENDING=16, **LONG)
    held = []
    ask = head('GET', '/flicket-api/ticket/1', {'Authorization': f'Bearer {desk.token}'})
    with Client(desk.port, desk.token) as late:
        expect(late.get('ticket/1'), 200)
        desk.pause('ticket')
        for _ in range(16):
            held.append(Connection(desk.port))
            held[-1].send(ask)
        with Client(desk.port) as other:
            wait_until(lambda: 'flicket_bus_requests_waiting{service="ticket"} 16' in
                       other.get('/metrics').body.decode(), 1, 'all of them wait')
        answer = late.get('ticket/1')
        expect(answer, 503)
        assert answer.seconds < 0.5 + desk_module.SLACK
        # another one of the same connection is read when its turn has come, a second later at most
        expect(late.get('departments/'), 200)
        desk.resume('ticket')
        assert {conn.read_answer().status for conn in held} <= {200, 503}
        wait_until(lambda: late.get('ticket/1').status == 200, 10, 'it is served again')
    for conn in held:
        conn.close()


# --- more than it may hold ---------------------------------------------------------------------------------------

LITTLE_MB = 64
LITTLE = {'FLICKET_MEMORY_MB': LITTLE_MB, **LONG}


def upload_head(size):
    return head('POST', '/flicket-api/uploads/', {
        'Authorization': f'Bearer {ADMIN}', 'Content-Type': 'multipart/form-data; boundary=B', 'Content-Length': size})


@needs_speed
def test_bodies_do_not_take_more_memory_than_there_may_be(desks):
    """Forty clients send 20 MB each, without an end: what was begun is ended, what begins is told to wait."""
    desk = desks('imported', **LITTLE)
    size, seen = 20 << 20, []
    with contextlib.ExitStack() as stack, Watch(desk) as watch:
        for _ in range(40):
            conn = stack.enter_context(Connection(desk.port))
            conn.send(upload_head(size))
            conn.send(b'x' * (size - 1))
            if conn.is_closed(within=0.01) or conn.buffer:
                seen.append(conn.buffer.split(b'\r\n')[0])
                if b' 503 ' in seen[-1]:
                    assert b'\r\nRetry-After: ' in conn.buffer
    assert any(b' 503 ' in line for line in seen), seen
    watch.check(LITTLE_MB)
    with Client(desk.port, ADMIN) as c:
        wait_until(lambda: c.get('ticket/1').status == 200, 10, 'it is served again')
