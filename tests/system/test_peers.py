"""A slow, dead or lying peer harms only its domain: what its answers may be, while the other domains are asked.

Each fault for one service in the suite, the services taking turns; with FAULTS_FULL=1 every fault of every service, and
mixtures of them for minutes. FAULTS_SEED repeats the choices.
"""
import contextlib
import json
import os
import random
import struct
import threading
import time

import msgpack
import pytest
import zmq

from fixtures import furnish
from desk import ADMIN, COUNTED_WITHIN, PASSWORD, SERVICES, SHIPPED, SLACK, USER, found_in_all, is_sanitized, wait_until
from peers import (BODY, CLOCK, ENDLESS, ERROR, EXPIRED, FIRST_ID, HONEST, INSTANCE, LEAVING, LOADING, MEDIA_TYPE,
                   NOT_FOUND, NOT_LOADED, NOTE, OK, PAGE, PER_PAGE, PING, REVOKED, SEEN, SIZE, UNAVAILABLE, USER_LIST, WRITES, Between, Fault, Load,
                   forget_rss, judge, pack, rss_mb, wait_right)
from wire import Client, expect

IS_FULL = os.environ.get('FAULTS_FULL') == '1'
SEED = int(os.environ.get('FAULTS_SEED') or 1)
LOADED_WITHIN = 5.5         # seconds, LOADING_MOST_MS of gateway/bus/dispatch.c, a tick
DEADLINE = SHIPPED['FLICKET_REQUEST_TIMEOUT_MS'] / 1000
WELL_WITHIN = 5.0           # seconds after a fault's end
MORE_MB = 1500 if is_sanitized() else 300   # than a process needed before any fault
RIGHT = {'user': [f'user/{i}' for i in range(1, 41)], 'ticket': [f'ticket/{i}' for i in range(1, 41)],
         'post': [f'post/{i}' for i in range(1, 41)],
         'lookup': [*(f'department/{i}' for i in range(1, 7)), *(f'category/{i}' for i in range(1, 15))]}
OVER_THE_BOUND = (64 << 20) + 1


# -- the faults

def at_once(data):
    return [(0, data)]


def changed(frame, **elements):
    """A frame with other elements."""
    names = ('version', 'number', 'error', 'total', 'tag', 'fragment', 'extras')
    return at_once(pack([elements.get(n, v) for n, v in zip(names, frame)] + frame[7:]))


def told(frame, extras):
    """An answer to a PING that says something else."""
    return changed(frame, extras={**frame[6], **extras})


def flipped(data, noise):
    data = bytearray(data)
    for _ in range(noise.randrange(1, 4)):
        data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
    return bytes(data)


def neighbours(number, noise):
    """Ids that others may have asked under, as far as a peer can tell from its own."""
    return [number + (noise.randrange(-3, 4) << 24) + noise.randrange(-3, 4) for _ in range(20)]


def guess(frame, data, noise):
    guessed = b''.join(changed(frame, number=n)[0][1] for n in neighbours(frame[1], noise) if n != frame[1])
    return at_once(guessed + data)


class Swap:
    """Gives each of two answers of a service the id of the other."""

    def __init__(self):
        self.kept = {}      # by who stands before the service: each has noise of its own

    def __call__(self, frame, data, noise):
        before = self.kept.pop(id(noise), None)
        if before is None:
            self.kept[id(noise)] = frame
            return []
        return at_once(changed(frame, number=before[1])[0][1] + changed(before, number=frame[1])[0][1])


FRAGMENTS = (b'', b'{', b'}', b'[' * 5000, b'{"a":', b'\x00\x01\x02\x03\x04\x1f', b'\x01' * 10000, b'"\x01ticket/7', b'\xff\xfe',
             b'\xed\xa0\x80', b'x' * 300000, b'{}\r\nHTTP/1.1 200 OK\r\n\r\n', b'null', b'[]]]]', b'\n' * 100)
GARBAGE = (b'', b'\0', b'\xc1', b'\xff' * 1000, b'\x91' * 100000, b'\xdd\xff\xff\xff\xff', b'\xdf\xff\xff\xff\xff',
           b'\xc6\xff\xff\xff\xff', b'\x90', msgpack.packb([1] * 7), msgpack.packb([0, FIRST_ID, 0, 0, 0, b'', {}]),
           msgpack.packb([1, FIRST_ID, 'x', 0, 0, b'', {}]), b'\0' * 1000000)
NOBODYS = pack([1, FIRST_ID + (1 << 61), OK, 0, 0, b'', {}])
STANDING = {WRITES: 1, INSTANCE: 4711, LEAVING: 0}

FAULTS = {
    # slow
    'answers take 100 ms': Fault('right', answer=lambda f, d, n: [(0.1, d)]),
    'answers take their time': Fault(answer=lambda f, d, n: [(n.random() * 2, d)], seconds=2.5),
    'answers come after the deadline': Fault(answer=lambda f, d, n: [(DEADLINE + 0.1, d)], seconds=3.5),
    'PINGs are answered late': Fault(pong=lambda f, d, n: [(1.0, d)], seconds=2.5),
    # dead
    'half the answers are lost': Fault(answer=lambda f, d, n: at_once(d) if n.random() < 0.5 else [], seconds=2.0),
    'nothing but PINGs is answered': Fault(answer=lambda f, d, n: [], seconds=2.0),
    'nothing is answered': Fault(answer=lambda f, d, n: [], pong=lambda f, d, n: [], seconds=2.0),
    'nothing is read': Fault(deaf=True, seconds=2.0),
    'questions are lost': Fault(question=lambda f, d, n: f[2] == PING or n.random() < 0.5, seconds=2.0),
    'connections are cut': Fault(cuts=True, seconds=2.0),
    # damaged
    'answers are doubled': Fault('right', answer=lambda f, d, n: [(0, d), (0, d), (0.05, d), (1.6, d)], seconds=2.0),
    'answers are cut off': Fault(answer=lambda f, d, n: at_once(d[:n.randrange(len(d))])),
    'bits are flipped': Fault('lies', answer=lambda f, d, n: at_once(flipped(d, n))),
    'bits of PINGs are flipped': Fault('503', pong=lambda f, d, n: at_once(flipped(d, n)), seconds=2.0),
    'garbage is among the answers': Fault(answer=lambda f, d, n: [(0, n.choice(GARBAGE)), (0, d)]),
    'garbage is answered': Fault(answer=lambda f, d, n: at_once(n.choice(GARBAGE))),
    'messages are over the bound': Fault(flood=lambda n: [b'\0' * OVER_THE_BOUND] if n.random() < 0.05 else [], seconds=2.0),
    # lies
    'ids are guessed': Fault('lies', answer=guess),
    'ids are swapped': Fault('lies', answer=Swap()),
    'nobody asked': Fault('right', answer=lambda f, d, n: at_once(NOBODYS * 50 + d)),
    'other errors': Fault('lies', answer=lambda f, d, n: changed(f, error=n.choice((0, 1, 2, 4, 11, 13, 14, 99, 1 << 40)))),
    'asks others to be asked': Fault(answer=lambda f, d, n: changed(f, error=UNAVAILABLE)),
    'has not loaded yet': Fault(answer=lambda f, d, n: changed(f, error=EXPIRED, extras={LOADING: 1}), seconds=2.0),
    'has not loaded yet, as a later version says it': Fault(
        answer=lambda f, d, n: changed(f, error=EXPIRED, extras={ERROR: NOT_LOADED}), seconds=2.0),
    'has loaded, and has not': Fault(
        answer=lambda f, d, n: changed(f, error=EXPIRED, extras={LOADING: 1}) if n.random() < 0.5 else at_once(d),
        pong=lambda f, d, n: told(f, {LOADING: n.randrange(2)}), seconds=2.0),
    'absurd numbers': Fault('lies', answer=lambda f, d, n: changed(
        f, total=n.choice((-1, ENDLESS, -ENDLESS - 1)), tag=n.choice((-1, ENDLESS, -ENDLESS - 1)))),
    'fragments that are none': Fault('lies', answer=lambda f, d, n: changed(f, fragment=n.choice(FRAGMENTS))),
    'absurd extras': Fault('lies', answer=lambda f, d, n: changed(
        f, extras={n.randrange(128): n.choice((ENDLESS, -ENDLESS - 1, 'x\r\nX-Y: z', b'\0' * 100000, '[1,2', '[' * 999))
                   for _ in range(20)})),
    'absurd clocks': Fault(pong=lambda f, d, n: told(f, {CLOCK: n.choice((0, -1, ENDLESS, -ENDLESS - 1, 1 << 50))}),
                           seconds=1.5),
    'another instance each time': Fault(pong=lambda f, d, n: told(f, {INSTANCE: n.randrange(1 << 60)}), seconds=2.0),
    'leaves and stays': Fault(pong=lambda f, d, n: told(f, {LEAVING: n.randrange(2), WRITES: n.randrange(2)}),
                              seconds=2.0),
    'PINGs that were not sent': Fault(pong=lambda f, d, n: at_once(b''.join(
        changed(f, number=max(1, f[1] + n.randrange(-500, 500)), extras={INSTANCE: n.randrange(1 << 60)})[0][1]
        for _ in range(20)) + d), seconds=1.5),
    # floods
    'news all the time': Fault(pong=lambda f, d, n: at_once(d), flood=lambda n: [pack(
        [1, 0, OK, 0, 0, b'', STANDING]) * 200], seconds=1.5),
    'answers nobody waits for': Fault(flood=lambda n: [NOBODYS * 200000], seconds=1.5),
    'garbage all the time': Fault(flood=lambda n: [b'\xc1'] * 100, seconds=1.5),
    'claims of many items': Fault(flood=lambda n: [b'\xdd' + struct.pack('>I', 30 << 20) + b'\0' * (30 << 20)]
                                  if n.random() < 0.1 else [], seconds=2.0),
}


class Peers:
    """A desk whose gateway reaches every service through somebody who can do wrong."""

    def __init__(self, desk):
        self.desk = desk
        desk.start(*SERVICES)
        self.between = {s: Between(desk, s, f'{s}-through', SEED) for s in SERVICES}
        for b in self.between.values():
            b.start()
        desk.start_gateway(**{f'FLICKET_{s.upper()}_ENDPOINT': b.endpoint for s, b in self.between.items()})
        desk.wait_ready()
        with desk.client() as c:
            self.right = {s: {p: c.get(p).body for p in paths} for s, paths in RIGHT.items()}
        self.processes = dict(desk.processes)
        self.memory = {}
        self.begin()

    def begin(self):
        for name, process in self.processes.items():
            forget_rss(process)
            self.memory[name] = rss_mb(process)

    @contextlib.contextmanager
    def doing(self, faults):
        """Have some services do wrong for a while."""
        for service, fault in faults.items():
            self.between[service].fault = fault
        try:
            yield
        finally:
            for service in faults:
                self.between[service].fault = HONEST

    def judge(self, faults, seconds, seed):
        """Ask all domains while some do wrong. What was not as it must be, and those who asked."""
        loads, wrong = [], []

        def attempt():
            found, late, load = self._try(faults, seconds, seed)
            loads.append(load)
            wrong.extend(found)
            return [] if wrong else late

        late = found_in_all(attempt)
        return wrong + late, loads[-1]

    def _try(self, faults, seconds, seed):
        askers = {s: 4 if s in faults else 1 for s in SERVICES}
        self.begin()
        with Load(self.desk.port, ADMIN, self.right, askers, seed) as load, Client(self.desk.port) as client, \
                self.doing(faults):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                assert client.get('/healthz').status == 200
                time.sleep(0.05)
        wait_right(self.desk.port, ADMIN, self.right, WELL_WITHIN, 'all is well after the fault')
        wrong, late = judge(load, {s: f.sees for s, f in faults.items()}, DEADLINE)
        return wrong + self.harm(), late, load

    def harm(self):
        """What the processes have come to."""
        self.desk.check_running()
        assert {n: self.desk.processes[n] for n in self.processes} == self.processes, 'nothing was started anew'
        used = {name: rss_mb(p) for name, p in self.processes.items()}
        return [f'{name} took {used[name]} MB, {before} MB before' for name, before in self.memory.items()
                if used[name] > before + MORE_MB]


@pytest.fixture(scope='module')
def peers(tmp_path_factory, imported_stores):
    desk = furnish(tmp_path_factory.mktemp('peers'), 'imported', imported_stores, **SHIPPED)
    p = None
    try:
        p = Peers(desk)
        yield p
        for b in p.between.values():
            b.close()
        desk.stop()
    finally:
        desk.kill_everything()


def cases():
    for i, name in enumerate(FAULTS):
        for service in SERVICES if IS_FULL else [SERVICES[(i + SEED) % len(SERVICES)]]:
            yield pytest.param(name, service, id=f'{service}: {name}')


@pytest.mark.parametrize('name,service', cases())
def test_a_peer_harms_only_its_domain(peers, name, service):
    fault = FAULTS[name]
    wrong, load = peers.judge({service: fault}, fault.seconds, f'{SEED}{service}{name}')
    assert load.count() > 0
    assert not wrong, '\n'.join(wrong)


RANK = ('right', '503', 'lies')


class Mixture(Fault):
    """Another fault for each answer."""

    def __init__(self, faults, noise):
        super().__init__(max((f.sees for f in faults), key=RANK.index), cuts=any(f.cuts for f in faults),
                         answer=lambda f, d, n: n.choice(faults).answer(f, d, n),
                         pong=lambda f, d, n: n.choice(faults).pong(f, d, n),
                         question=lambda f, d, n: n.choice(faults).question(f, d, n))
        floods = [f.flood for f in faults if f.flood]
        if floods:
            self.flood = lambda n: noise.choice(floods)(n) if noise.random() < 0.3 else []


def test_mixtures_of_faults(peers):
    noise, wrong = random.Random(SEED), []
    until = time.monotonic() + (300 if IS_FULL else 3)
    figures = {'name': 'mixtures', 'mixtures': 0, 'requests': 0, 'right': 0, 'refused': 0, 'of faulty domains': 0}
    injected = sum(sum(b.injected.values()) for b in peers.between.values())
    while time.monotonic() < until:
        faults = {s: Mixture(noise.sample(list(FAULTS.values()), noise.randrange(1, 5)), noise)
                  for s in noise.sample(SERVICES, noise.randrange(1, 3))}
        found, load = peers.judge(faults, noise.uniform(0.5, 3), noise.random())
        wrong += found
        figures['mixtures'] += 1
        figures['requests'] += load.count()
        for service in SERVICES:
            kinds, _, _ = load.of(service)
            figures['right'] += kinds['right']
            figures['refused'] += kinds['503']
            figures['of faulty domains'] += sum(kinds.values()) if service in faults else 0
    figures['faults'] = sum(sum(b.injected.values()) for b in peers.between.values()) - injected
    figures['wrong answers'] = len(wrong)
    print(figures)
    if IS_FULL and os.environ.get('FAULTS_RESULTS'):
        with open(os.environ['FAULTS_RESULTS'], 'a', encoding='utf-8') as f:
            f.write(json.dumps(figures) + '\n')
    assert not wrong, '\n'.join(wrong)


def test_who_never_has_loaded_is_not_waited_for_for_ever(peers):
    fault = Fault(answer=lambda f, d, n: changed(f, error=EXPIRED, extras={LOADING: 1}))
    with peers.doing({'ticket': fault}), Client(peers.desk.port, ADMIN) as c:
        began = time.monotonic()
        expect(c.get('tickets/?sort=title'), 503)
        assert DEADLINE < time.monotonic() - began < LOADED_WITHIN + SLACK
        began = time.monotonic()
        expect(c.get('ticket/1'), 503)
        assert time.monotonic() - began < DEADLINE + SLACK, 'that needs nothing to be loaded'
    wait_right(peers.desk.port, ADMIN, peers.right, WELL_WITHIN, 'all is well after the fault')


# -- what a service says of more than its fragment

def test_what_a_service_says_is_no_header_of_its_own(peers):
    evil = 'image/png\r\nX-Evil: 1\r\n\r\n<script>'
    fault = Fault('lies', answer=lambda f, d, n: changed(f, error=OK, extras={
        BODY: b'0123456789', MEDIA_TYPE: evil, SIZE: 10}))
    with peers.doing({'user': fault, 'post': fault}), peers.desk.client() as c:
        c.is_described = False
        for path in ('/flicket/static/flicket_avatars/av00005.jpg', '/flicket_uploads/t000003.pdf'):
            answer = c.get(path)
            assert answer.status == 200 and answer.body == b'0123456789'
            assert answer.header('X-Evil') is None
            assert answer.header('Content-Type') == 'application/octet-stream'
    fault = Fault('lies', answer=lambda f, d, n: changed(f, extras={NOTE: 'x\r\nX-Evil: 1'}))
    with peers.doing({'ticket': fault}), Client(peers.desk.port, ADMIN) as c:
        answer = c.get('ticket/1')
        assert answer.status == 200 and answer.header('X-Evil') is None and answer.header('Search-Note') is None


@pytest.mark.parametrize('size', [-1, -ENDLESS - 1, ENDLESS])
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_file_is_as_long_as_it_is(peers, size, method):
    fault = Fault('lies', answer=lambda f, d, n: changed(f, error=OK, extras={SIZE: size, MEDIA_TYPE: 'text/plain'}))
    with peers.doing({'post': fault}), peers.desk.client() as c:
        c.is_described = False
        answer = c.request(method, '/flicket_uploads/t000003.pdf')
        assert answer.status == (200 if method == 'HEAD' and size > 0 else 404 if size > 0 else 500)
        expect(c.get('ticket/1'), 200)


@pytest.mark.parametrize('count, megabytes, statuses', [(6, 15, (200,)), (8, 30, (200, 503))],
                         ids=['less than half of the memory', 'most of it'])
def test_answers_that_are_huge_hold_up_nobody(peers, count, megabytes, statuses):
    """Where they take three quarters of FLICKET_MEMORY_MB others are told to come again, and nothing else."""
    huge = Fault('lies', answer=lambda f, d, n: changed(f, fragment=b'x' * (megabytes << 20)))
    with peers.doing({'lookup': huge}):
        clients = [peers.desk.connection() for _ in range(count)]
        for i, c in enumerate(clients):
            c.send(f'GET /flicket-api/department/{i % 6 + 1} HTTP/1.1\r\nHost: x\r\n'
                   f'Authorization: Bearer {ADMIN}\r\n\r\n'.encode())
        with peers.desk.client() as c:
            for _ in range(20):
                answer = c.get('ticket/1')
                assert answer.status in statuses, answer
                assert answer.status == 200 or answer.header('Retry-After'), answer
                time.sleep(0.1)
        for c in clients:
            c.close()
    wait_right(peers.desk.port, ADMIN, peers.right, WELL_WITHIN, 'all is well after the fault')
    peers.desk.check_running()


def test_a_service_that_lied_about_revocations_is_not_believed_for_ever(peers):
    other = peers.desk.start_gateway('gateway2')
    peers.desk.wait_ready(other)
    with Client(other) as c:
        token = c.log_in('user003', PASSWORD).json()['token']
    heard = threading.Event()

    def absurd(frame, data, noise):
        heard.set()
        return told(frame, {SEEN: 1 << 62, REVOKED: b''})

    with peers.doing({'user': Fault(pong=absurd)}):
        assert heard.wait(5)
        time.sleep(0.5)         # some more of them
    with peers.desk.client(token) as c, Client(other, token) as elsewhere:
        expect(c.get('ticket/1'), 200)
        assert elsewhere.request('DELETE', 'tokens').status == 204
        wait_until(lambda: c.get('ticket/1').status == 401, 3 + SLACK, 'it hears of what was revoked')


def test_one_that_claims_to_write_is_asked_and_passed_over(desks):
    """It says that it writes, sends everybody elsewhere, and then answers all the same."""
    desk = desks('imported', start=False)
    desk.start(*SERVICES)
    lie = b'{"department":"a lie"}'
    liar = Between(desk, 'lookup', 'liar', SEED)
    liar.fault = Fault(pong=lambda f, d, n: told(f, {WRITES: 1}), question=lambda f, d, n: f[2] == PING or pack(
        [1, f[1], UNAVAILABLE, 0, 0, b'', {}]) + pack([1, f[1], OK, 0, 0, lie, {}]) * 3)
    liar.start()
    try:
        desk.start_gateway(FLICKET_LOOKUP_ENDPOINT=f'ipc://run/lookup.sock,{liar.endpoint}')
        desk.wait_ready()
        wait_until(lambda: liar.heard, 5, 'it is asked')
        with desk.client() as c:
            for i in range(150):
                answer = expect(c.get(f'department/{i % 6 + 1}'), 200)
                assert answer['id'] == i % 6 + 1
            for i in range(30):
                assert expect(c.post('departments', {'department': f'number {i}'}), 201)['department'] == f'number {i}'
        assert liar.injected['questions'] > 0
    finally:
        liar.close()


# -- a hostile gateway

def ask_user_list(count):
    return b''.join(pack([1, FIRST_ID + i, USER_LIST, 0, 1, 3, 'x', {PAGE: 1, PER_PAGE: 100}]) for i in range(count))


@contextlib.contextmanager
def hostile(desk, service, message, reads, connections):
    """A peer of a service that sends a message all the time. `reads`: it takes its answers."""
    context, ending, failed = zmq.Context(), threading.Event(), []

    def run():
        try:
            socks = []
            for _ in range(connections):
                socks.append(context.socket(zmq.DEALER))
                socks[-1].linger, socks[-1].rcvhwm, socks[-1].sndhwm = 0, 1, 4
                socks[-1].connect(desk.address(f'ipc://run/{service}.sock'))
            while not ending.is_set():
                for sock in socks:
                    with contextlib.suppress(zmq.Again):
                        sock.send(message, zmq.NOBLOCK)
                    while reads and sock.poll(0):
                        sock.recv()
                time.sleep(0.001)
            for sock in socks:
                sock.close()
        except Exception as e:
            failed.append(e)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        context.destroy(0)
        assert not failed, failed


HOSTILE = {
    'much in one message': (ask_user_list(20000), True, 1.5),
    'much, and nothing is read': (ask_user_list(500), False, 3),
    'claims of many items': (b'\xdd' + struct.pack('>I', 20 << 20) + b'\0' * (20 << 20), True, 1.5),
    'garbage': (b'\xc1' * 100000, True, 1),
    'over the bound': (b'\0' * OVER_THE_BOUND, True, 1),
    'PINGs': (pack([1, 5, PING, 0, 0, 0, '', {SEEN: ENDLESS}]) * 20000, True, 1.5),
    'what is over': (pack([1, FIRST_ID, USER_LIST, 1, 1, 3, 'x', {PAGE: 1, PER_PAGE: 100}]) * 20000, True, 1.5),
}


@pytest.mark.parametrize('what', HOSTILE)
def test_a_hostile_gateway_holds_up_no_honest_one(peers, what):
    message, reads, seconds = HOSTILE[what]
    with hostile(peers.desk, 'user', message, reads, 1 if len(message) > 1 << 20 else 2):
        # what a sanitizer makes of each allocation takes the service's time from all
        wrong, _ = peers.judge({'user': Fault('503')} if is_sanitized() else {}, seconds, SEED)
    assert not wrong, '\n'.join(wrong)


# -- events

EVENT_FAULTS = {
    'acknowledges late': Fault(answer=lambda f, d, n: [(2.3, d)], seconds=6),
    'acknowledges half': Fault(answer=lambda f, d, n: at_once(d) if n.random() < 0.5 else []),
    'acknowledges twice, in any order': Fault(answer=lambda f, d, n: [(n.random() / 2, d), (n.random(), d)]),
    'acknowledges what it was not sent': Fault(
        # far behind all that can be on its way
        answer=lambda f, d, n: at_once(d + b''.join(changed(f, number=f[1] + i)[0][1] for i in range(2000, 2050))),
        question=lambda f, d, n: f[2] == PING or n.random() < 0.5),
    'refuses for ever': Fault(answer=lambda f, d, n: changed(f, error=NOT_FOUND)),
    'says that it does not write': Fault(answer=lambda f, d, n: changed(f, error=UNAVAILABLE)),
    'answers garbage': Fault(answer=lambda f, d, n: at_once(n.choice(GARBAGE))),
    'floods': Fault(flood=lambda n: [NOBODYS * 100000, b'\xc1']),
    'is cut off': Fault(cuts=True),
}


@pytest.fixture(scope='module')
def events(tmp_path_factory, imported_stores):
    """A desk whose ticket service tells the user service through somebody who can do wrong."""
    desk = furnish(tmp_path_factory.mktemp('events'), 'imported', imported_stores, FLICKET_EVENT_WAIT_MS=250)
    between = None
    try:
        desk.start('user', 'post', 'lookup')
        between = Between(desk, 'user', 'user-through', SEED)
        between.start()
        desk.launch('ticket', 'flicket-ticket', FLICKET_USER_ENDPOINT=between.endpoint)
        desk.start('gateway')
        desk.wait_ready()
        yield desk, between
        between.close()
        desk.stop()
    finally:
        desk.kill_everything()


@pytest.mark.parametrize('what', EVENT_FAULTS)
def test_a_consumer_that_lies_loses_nothing_and_counts_nothing_twice(events, what):
    """Tickets are counted by the user service; their changes are kept by the post service, which is told as well."""
    desk, between = events
    fault = EVENT_FAULTS[what]
    with desk.client(USER) as user, desk.client() as c:
        def count():
            return expect(c.get('user/3'), 200)['total_posts']

        def change(title):
            """Make a ticket and change it; seconds until the post service has heard of the change."""
            ticket = expect(user.post('tickets', {'title': title, 'content': 'as it was', 'category_id': 1,
                                                  'ticket_priority_id': 1}), 201)['id']
            begun = time.monotonic()
            expect(user.request('PATCH', f'ticket/{ticket}', json={'content': f'as it is in {title}'}), 200)
            wait_until(lambda: expect(c.get(f'histories/?topic_id={ticket}'), 200)['_meta']['total_items'] == 1, 20,
                       'others hear of it')
            return time.monotonic() - begun

        def attempt():
            before, took = count(), []
            between.fault = fault
            until = time.monotonic() + max(fault.seconds, 2.5)
            while time.monotonic() < until:
                took.append(change(f'{what} {len(took)}'))
            assert sum(between.injected.values()) > 0
            between.fault = HONEST
            wait_until(lambda: count() >= before + len(took), WELL_WITHIN + COUNTED_WITHIN, 'all are counted')
            time.sleep(1.2)     # what were counted twice would be by then
            assert count() == before + len(took)
            return [t for t in took if t >= DEADLINE + SLACK]

        assert found_in_all(attempt) == []
    desk.check_running()
