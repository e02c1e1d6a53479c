"""The wire between the processes, spoken from Python as proto/README.md describes it."""
import concurrent.futures
import contextlib
import random
import re
import sqlite3
import time

import msgpack
import pytest
import zmq

from desk import ADMIN, COUNTED_WITHIN, REPO, SERVICES, USER, free_port, run_program, wait_until
from peers import Between, Fault
from wire import expect, insist

# Numbers of proto/ops.tbl, keys.tbl and errors.tbl; they are append only.
PING, USER_GET, USER_LIST, USER_WROTE_TICKET = 1, 10, 11, 16
TICKET_CREATE, DEPARTMENT_GET, DEPARTMENT_LIST, DEPARTMENT_CREATE = 32, 70, 71, 72
CLOCK, WRITES, SOURCE, STREAM, SEQ, AFTER, ID, PAGE, PER_PAGE, DEPARTMENT = 11, 12, 15, 16, 17, 18, 20, 21, 22, 32
OK, NOT_FOUND, UNKNOWN_OP, EXPIRED, OUT_OF_ORDER = 0, 4, 13, 14, 16
FIRST_ID = 1 << 62
TICKET_SERVICE = 2
PATIENCE_MS = 10000


def request(op, args=None, *, number=None, expires=0, actor=1, rights=3, version=1, more=()):
    """The bytes of one request."""
    number = FIRST_ID + random.randrange(1 << 40) if number is None else number
    return msgpack.packb([version, number, op, expires, actor, rights, 'test', args or {}, *more])


class Peer:
    """A DEALER that is connected to a service of a desk."""

    def __init__(self, desk, service, endpoint=None):
        self.context = zmq.Context.instance()
        self.endpoint = endpoint or desk.address(f'ipc://run/{service}.sock')
        self.sock = self.context.socket(zmq.DEALER)
        self.sock.linger = 0
        self.sock.rcvtimeo = PATIENCE_MS
        self.sock.connect(self.endpoint)
        self.waiting = []

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.send(data)

    def receive(self):
        """The next answer: [version, id, error, total, tag, fragment, extras]."""
        if not self.waiting:
            unpacker = msgpack.Unpacker(strict_map_key=False, raw=False, unicode_errors='surrogateescape')
            unpacker.feed(self.sock.recv())
            self.waiting = list(unpacker)
        return self.waiting.pop(0)

    def answer_to(self, number):
        """The answer with an id; those to others are dropped."""
        while True:
            answer = self.receive()
            if answer[1] == number:
                return answer

    def ask(self, op, args=None, **more):
        number = FIRST_ID + random.randrange(1 << 40)
        self.send(request(op, args, number=number, **more))
        return self.answer_to(number)

    def is_answering(self):
        return self.ask(PING)[2] == OK


@pytest.fixture
def peer_of(writing):
    """peer_of('user'): a peer of a service of the shared desk."""
    with contextlib.ExitStack() as stack:
        def make(service, desk=writing):
            return stack.enter_context(contextlib.closing(Peer(desk, service)))
        yield make


each_service = pytest.mark.parametrize('service', SERVICES)


# -- what proto/README.md says

@each_service
def test_a_ping_is_answered_with_a_clock(peer_of, service):
    peer = peer_of(service)
    first = peer.ask(PING)
    assert first[0] == 1 and first[2] == OK
    assert first[6][WRITES] != 0
    time.sleep(0.02)
    assert peer.ask(PING)[6][CLOCK] >= first[6][CLOCK] + 20


def test_a_read_is_answered_with_a_fragment(peer_of):
    answer = peer_of('user').ask(USER_GET, {ID: 3})
    assert answer[2] == OK and b'"username":"user003"' in answer[5]
    assert peer_of('user').ask(USER_GET, {ID: 999})[2] == NOT_FOUND
    answer = peer_of('lookup').ask(DEPARTMENT_LIST, {PAGE: 1, PER_PAGE: 2})
    assert answer[2] == OK and answer[3] >= 6 and answer[5].count(b'"department"') == 2


def test_several_requests_in_one_message_are_all_answered(peer_of):
    peer = peer_of('user')
    numbers = [FIRST_ID + i for i in range(1, 61)]
    peer.send(b''.join(request(USER_GET, {ID: i}, number=n) for i, n in enumerate(numbers, 1)))
    answers = {a[1]: a for a in (peer.receive() for _ in numbers)}
    assert sorted(answers) == numbers
    for i, n in enumerate(numbers, 1):
        assert f'"id":{i},'.encode() in answers[n][5]


@each_service
def test_what_is_not_known_is_no_reason_to_fail(peer_of, service):
    peer = peer_of(service)
    assert peer.ask(60000)[2] == UNKNOWN_OP
    assert peer.ask(TICKET_CREATE if service != 'ticket' else USER_GET)[2] == UNKNOWN_OP, "another service's"
    assert peer.ask(PING, {5000: 1, 63: b'x', 'text': None, -1: [1, {2: 3}]}, more=(1, 'two', [3]))[2] == OK


def test_an_argument_of_a_wrong_type_counts_as_absent(peer_of):
    peer = peer_of('user')
    for value in ('3', b'3', 3.0, None, True, [3], {3: 3}, (1 << 64) - 1):
        assert peer.ask(USER_GET, {ID: value})[2] != OK, value
    assert peer.ask(USER_LIST, {PAGE: 'x', PER_PAGE: []})[2] != OK


def test_a_request_whose_time_is_over_is_not_carried_out(peer_of, writing):
    peer = peer_of('lookup')
    for op, args in ((DEPARTMENT_GET, {ID: 1}), (DEPARTMENT_LIST, {PAGE: 1, PER_PAGE: 1}), (PING, {})):
        clock = peer.ask(PING)[6][CLOCK]
        assert peer.ask(op, args, expires=clock - 1)[2] == EXPIRED
        assert peer.ask(op, args, expires=clock + 60000)[2] == OK
    with writing.client() as c:
        before = expect(c.get('departments/'), 200)['_meta']['total_items']
        clock = peer.ask(PING)[6][CLOCK]
        answer = peer.ask(DEPARTMENT_CREATE, {DEPARTMENT: 'Too late'}, expires=clock - 1)
        assert answer[2] == EXPIRED
        assert expect(c.get('departments/'), 200)['_meta']['total_items'] == before
        answer = peer.ask(DEPARTMENT_CREATE, {DEPARTMENT: 'In time'}, expires=clock + 60000)
        assert answer[2] == OK and answer[6][ID] > 0
        assert expect(c.get('departments/'), 200)['_meta']['total_items'] == before + 1


def test_an_event_is_applied_once_and_in_order(peer_of, writing):
    peer = peer_of('user')
    with writing.client() as c:
        def posts():
            return expect(c.get('user/20'), 200)['total_posts']

        def event(seq, after=None):
            args = {SOURCE: TICKET_SERVICE, STREAM: 4711, SEQ: seq}
            if after:
                args[AFTER] = after
            return peer.ask(USER_WROTE_TICKET, args, actor=20)[2]

        before = posts()
        assert [event(5), event(5), event(4), event(9, after=8), event(8, after=5), event(9, after=8)] \
            == [OK, OK, OK, OUT_OF_ORDER, OK, OK]
        wait_until(lambda: posts() == before + 3, COUNTED_WITHIN, 'three events are counted')
        assert [event(9), event(8, after=5)] == [OK, OK]
        assert posts() == before + 3


# -- the version before: services and gateways are brought up to date one at a time

POST_RECALL, LOOKUP_RECALL, WRITES_HOLD, WRITES_RELEASE, POST_CREATE, TICKET_NAMES_KNOWN = 5, 6, 7, 8, 56, 124
BAD_REQUEST, CONFLICT, KEY_REUSED, GONE_AWAY = 1, 17, 19, 21
LIMIT, NAME, IDEMPOTENCY_KEY, DIGEST, FORMAT, HANDLE = 3, 35, 81, 82, 96, 99
OPERATION, HOLD_MS, NAME_OF, OTHER_SEQ = 122, 126, 127, 128
ARGS_MOST = 40              # of proto/args.h


def test_a_recall_names_its_operation_as_either_version_does(peer_of):
    peer = peer_of('lookup')
    sent = {IDEMPOTENCY_KEY: 'of-either-version', DIGEST: b'd' * 32}
    made = peer.ask(DEPARTMENT_CREATE, {DEPARTMENT: 'Made once', **sent})
    assert made[2] == OK
    for named in ({HANDLE: DEPARTMENT_CREATE}, {OPERATION: DEPARTMENT_CREATE},
                  {OPERATION: DEPARTMENT_CREATE, HANDLE: DEPARTMENT_CREATE}, {OPERATION: DEPARTMENT_CREATE, HANDLE: 1}):
        answer = peer.ask(LOOKUP_RECALL, {**sent, **named})
        assert (answer[2], answer[5], answer[6][ID]) == (OK, made[5], made[6][ID]), named
        assert peer.ask(LOOKUP_RECALL, {**sent, **named, DIGEST: b'e' * 32})[2] == KEY_REUSED
    assert peer.ask(LOOKUP_RECALL, {**sent, OPERATION: 75, HANDLE: DEPARTMENT_CREATE})[2] == NOT_FOUND
    for named in ({}, {OPERATION: 0}, {HANDLE: 256}, {OPERATION: -1}, {OPERATION: 1 << 40}):
        assert peer.ask(LOOKUP_RECALL, {**sent, **named})[2] == BAD_REQUEST, named


def test_writes_are_held_for_a_time_that_either_version_says(peer_of):
    peer = peer_of('post')
    for given in ({LIMIT: 500}, {HOLD_MS: 500}, {HOLD_MS: 500, LIMIT: 500}, {HOLD_MS: 500, LIMIT: 0}):
        assert peer.ask(WRITES_HOLD, given)[2] == OK, given
        assert peer_of('post').ask(WRITES_HOLD, given)[2] == CONFLICT
        assert peer.ask(WRITES_RELEASE)[2] == OK
    for given in ({}, {LIMIT: 0}, {LIMIT: 1001}, {HOLD_MS: 0, LIMIT: 500}, {HOLD_MS: 1001}, {HOLD_MS: -1}):
        assert peer.ask(WRITES_HOLD, given)[2] == BAD_REQUEST, given
    assert peer.ask(WRITES_RELEASE)[2] == GONE_AWAY, 'nothing is held'


def test_names_are_known_as_either_version_tells_them(peer_of, writing):
    peer = peer_of('ticket')
    store = f'file:{writing.data}/stores/ticket/ticket.db?mode=ro'
    told = (({FORMAT: 2}, 'priority'), ({FORMAT: 3}, 'status'), ({NAME_OF: 2}, 'priority'), ({NAME_OF: 3}, 'status'),
            ({NAME_OF: 2, FORMAT: 2}, 'priority'), ({NAME_OF: 3, FORMAT: 2}, 'status'), ({}, None), ({NAME_OF: 1}, None))
    with contextlib.closing(sqlite3.connect(store, uri=True)) as db:
        def known(number):
            return [kind for kind, table in (('priority', 'priority_names'), ('status', 'status_names'))
                    if db.execute(f'SELECT {kind} FROM {table} WHERE id = ?', (number,)).fetchone() == (f'name {number}',)]

        for i, (given, kind) in enumerate(told, 1):
            number = 7000 + i
            args = {SOURCE: 4, STREAM: 4712, SEQ: i, ID: number, NAME: f'name {number}', **given}
            assert peer.ask(TICKET_NAMES_KNOWN, args)[2] == OK
            assert known(number) == ([kind] if kind else []), given


def test_what_is_known_of_another_store_is_told_to_either_version(peer_of):
    peer = peer_of('user')
    assert peer.ask(USER_WROTE_TICKET, {SOURCE: TICKET_SERVICE, STREAM: 4713, SEQ: 77000}, actor=20)[2] == OK
    extras = peer.ask(PING, {SOURCE: TICKET_SERVICE, STREAM: 4713})[6]
    assert extras[SEQ] == 77000 and extras[OTHER_SEQ] == extras[AFTER] < 77000
    extras = peer.ask(PING, {SOURCE: TICKET_SERVICE, STREAM: 99})[6]
    assert SEQ not in extras and extras[OTHER_SEQ] == extras[AFTER] >= 77000


class Overheard:
    """A fault that is none: the questions of some operations are noted and passed on."""

    def __init__(self, *ops):
        self.ops, self.noted = ops, []

    def __call__(self, frame, _data, _noise):
        if frame[2] in self.ops:
            self.noted.append(frame)
        return True


def test_an_older_service_is_asked_in_its_words(desks):
    """What a gateway and flicketctl send has what the version before looks for."""
    desk = desks('imported', start=False)
    desk.start(*SERVICES)
    between, heard = Between(desk, 'post', 'overheard'), Overheard(POST_RECALL, WRITES_HOLD)
    between.fault = Fault('right', question=heard)
    between.start()
    try:
        desk.start_gateway(FLICKET_POST_ENDPOINT=between.endpoint)
        desk.wait_ready()
        with desk.client(ADMIN) as c:
            sent = {'ticket_id': 1 << 40, 'content': 'To a ticket that is not there.'}
            expect(c.post('posts', sent, headers={'Idempotency-Key': 'recalled'}), 404)
        done = run_program('flicketctl', 'backup', '--data', str(desk.data), str(desk.data / 'copy'),
                           FLICKET_POST_ENDPOINT=between.endpoint)
        assert done.returncode == 0, done
    finally:
        between.close()
    recalls = [f[7] for f in heard.noted if f[2] == POST_RECALL]
    holds = [f[7] for f in heard.noted if f[2] == WRITES_HOLD]
    assert recalls and all(a[HANDLE] == a[OPERATION] == POST_CREATE for a in recalls)
    assert holds and all(a[LIMIT] == a[HOLD_MS] for a in holds)


# -- more arguments than any operation has

@each_service
def test_more_arguments_than_there_are_are_refused(peer_of, service):
    table = (REPO / 'proto' / 'keys.tbl').read_text(encoding='utf-8')
    numbers = [int(n) for n in re.findall(r'^KEY\((\d+), +\w+, +"\w+", +(?:INT|BOOL|HOURS),', table, re.M)]
    assert len(numbers) > ARGS_MOST
    peer = peer_of(service)
    op = {'user': USER_GET, 'ticket': 30, 'post': 50, 'lookup': DEPARTMENT_GET}[service]
    assert peer.ask(op, {ID: 1, **dict.fromkeys(numbers[:ARGS_MOST - 1], 1)})[2] == OK, 'what it does not have'
    assert peer.ask(op, {ID: 1, **dict.fromkeys(range(100000, 101000), 1)})[2] == OK, 'what nobody knows'
    assert peer.ask(op, {ID: 1, **dict.fromkeys(numbers, 1)})[2] == BAD_REQUEST
    assert peer.ask(op, {ID: 1})[2] == OK


# -- bytes that are no frames

def damaged(noise):
    """Bytes that come close to a request."""
    data = bytearray(request(noise.choice([PING, USER_GET, USER_LIST, DEPARTMENT_LIST]),
                             {noise.randrange(64): noise.choice([1, 'x', b'y', None, 1.5, [], {}])}))
    for _ in range(noise.randrange(1, 5)):
        data[noise.randrange(len(data))] = noise.randrange(256)
    return bytes(data[:noise.randrange(1, len(data) + 1)])


GARBAGE = [
    b'', b'\0', b'\xc1', b'\xff' * 1000, b'\x91' * 100000, b'\x81\x01' * 50000, b'\xdd\xff\xff\xff\xff',
    b'\xdf\xff\xff\xff\xff', b'\xc6\xff\xff\xff\xff', b'\xdb\xff\xff\xff\xff', b'[]', b'\x90', b'\x80',
    request(PING, version=0), request(PING, version='1'), request(PING)[:-1], request(-1), request('op'),
    request(PING, number=-1), request(PING, number='x'), request(PING, expires='x'), request(PING, expires=-5),
    request(PING, expires=-(1 << 63)), request(PING, expires=(1 << 63) - 1), request(PING, actor=-1),
    request(PING, rights=(1 << 63) - 1), msgpack.packb([1] * 7), msgpack.packb([1] * 1000),
    msgpack.packb([1, 2, 3, 0, 0, 0, 'r' * 100000, {}]), request(PING, version=255, more=range(1000)),
    msgpack.packb({i: i for i in range(10000)}), b'\x00' * 1000000]


@each_service
def test_garbage_is_answered_or_dropped(peer_of, service):
    peer = peer_of(service)
    for data in GARBAGE:
        peer.send(data)
        assert peer.is_answering(), data[:50]
    noise = random.Random(service)
    for _ in range(500):
        peer.send(damaged(noise) if noise.random() < 0.8 else noise.randbytes(noise.randrange(200)))
    assert peer.is_answering()


@each_service
def test_messages_in_several_parts_are_answered_or_dropped(peer_of, service):
    peer = peer_of(service)
    for parts in ([b'', request(PING)], [request(PING), b''], [b'x', b'y', request(PING)], [request(PING)] * 5):
        peer.sock.send_multipart(parts)
    assert peer_of(service).is_answering()


VALUES = (0, 1, -1, 2, 50, 101, 1 << 31, 1 << 32, (1 << 63) - 1, -(1 << 63), '', 'x', 'x' * 10000, '\0', 'é漢😀',
          b'', b'\xff\xfe', b'\xed\xa0\x80', b'\0' * 32, b'x' * 33, None, 1.5, True, [], {}, "'; --", '%', '"\\')


@each_service
def test_any_operation_with_any_arguments_is_answered_or_dropped(peer_of, writing, service):
    """As a gateway of another version, or one that was taken over, might ask."""
    peer, noise = peer_of(service), random.Random(service + 'x')
    for i in range(1500):
        op = noise.randrange(0, 90)
        args = {noise.randrange(1, 64): noise.choice(VALUES) for _ in range(noise.randrange(0, 12))}
        peer.send(request(op, args, actor=noise.choice((0, 1, -1, 1 << 62)), rights=noise.choice((0, 3, -1)),
                          number=FIRST_ID + i, expires=noise.choice((0, 0, 0, 1, -1, (1 << 63) - 1))))
    assert peer.is_answering()
    for other in SERVICES:
        assert peer_of(other).is_answering()
    writing.check_running()


def test_a_peer_that_does_not_read_holds_up_nobody(peer_of, writing):
    silent = peer_of('user')
    silent.sock.rcvhwm = 1
    for _ in range(2000):
        with contextlib.suppress(zmq.Again):
            silent.sock.send(request(USER_LIST, {PAGE: 1, PER_PAGE: 100}), zmq.DONTWAIT)
    assert peer_of('user').is_answering()
    with writing.client() as c:
        expect(c.get('user/1'), 200)


# -- a gateway and services that are not ours

class Impostor:
    """A ROUTER in the place of the lookup service. `reply(request)` gives bytes to answer with, or None."""

    def __init__(self, desk, reply):
        self.reply = reply
        self.sock = zmq.Context.instance().socket(zmq.ROUTER)
        self.sock.linger = 0
        self.sock.bind(desk.address('ipc://run/impostor.sock'))

    def serve(self, until, within=20.0):
        """Answer until a condition is met."""
        deadline = time.monotonic() + within
        while not until():
            assert time.monotonic() < deadline, 'the gateway went silent'
            while self.sock.poll(20):
                peer, *parts = self.sock.recv_multipart()
                unpacker = msgpack.Unpacker(strict_map_key=False)
                unpacker.feed(parts[-1])
                for question in unpacker:
                    data = self.reply(question)
                    if data is not None:
                        self.sock.send_multipart([peer, data])

    def close(self):
        self.sock.close()


def pong(question):
    clock = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
    return msgpack.packb([1, question[1], OK, 0, 0, b'', {CLOCK: clock, WRITES: 1}])


def in_background(call):
    """Run a call in a thread. Returns a function that says whether it is done, and one that gives its value."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(call)
    pool.shutdown(wait=False)
    return future.done, future.result


@pytest.fixture
def with_impostor(desks):
    """A desk whose gateway takes an impostor for the lookup service."""
    made = []

    def make(reply):
        # A time limit that makes an answer that is lost cheap to wait for.
        desk = desks('imported', start=False, FLICKET_LOOKUP_ENDPOINT='ipc://run/impostor.sock',
                     FLICKET_REQUEST_TIMEOUT_MS=100)
        desk.start('user', 'ticket', 'post', 'gateway')
        made.append(Impostor(desk, reply))
        return desk, made[-1]
    yield make
    for impostor in made:
        impostor.close()


def test_a_service_may_be_written_in_another_language(with_impostor):
    def reply(question):
        if question[2] == PING:
            return pong(question)
        if question[2] == DEPARTMENT_GET and question[7].get(ID) == 7:
            return msgpack.packb([1, question[1], OK, 0, 0, b'{"department":"Elsewhere"}', {}])
        return msgpack.packb([1, question[1], NOT_FOUND, 0, 0, b'', {}])

    desk, impostor = with_impostor(reply)
    with desk.client() as c:
        impostor.serve(lambda: desk.readiness() == 200)
        done, answers = in_background(lambda: (c.get('department/7'), c.get('department/8')))
        impostor.serve(done)
        found, not_found = answers()
        assert expect(found, 200) == {'department': 'Elsewhere'}
        expect(not_found, 404)


def test_a_gateway_stands_what_a_service_may_answer(with_impostor):
    noise = random.Random(4)

    def reply(question):
        """PINGs are answered, that it is asked at all; all else with garbage, often close to an answer."""
        if question[2] == PING and noise.random() < 0.7:
            return pong(question)
        if noise.random() < 0.2:
            return noise.choice(GARBAGE)
        answer = [1, question[1], noise.choice((0, 0, 1, 2, 4, 14, 99, 1 << 40)), noise.choice((0, -1, 1 << 62)), 0,
                  noise.choice((b'', b'{}', b'\x01', b'\x02' * 50, b'\x1f\x00\xff', b'x' * 70000, '"', b'[' * 500)),
                  {noise.randrange(64): noise.choice(VALUES) for _ in range(noise.randrange(6))}]
        data = bytearray(msgpack.packb(answer))
        if noise.random() < 0.4:
            data[noise.randrange(len(data))] = noise.randrange(256)
        return bytes(data) * noise.choice((1, 1, 1, 2))

    desk, impostor = with_impostor(reply)
    impostor.serve(lambda: desk.readiness() == 200)

    def use(worker):
        seen = set()
        with desk.client(ADMIN) as c, desk.client(USER) as user:
            c.is_described = user.is_described = False      # the impostor's garbage is what it is
            for i in range(8):
                for path in (f'department/{8 * worker + i}', 'departments/', 'categories/?department=x',
                             'priorities/2/'):
                    seen.add(c.get(path).status)
                seen.add(c.post('departments', {'department': 'A new one'}).status)
                seen.add(user.post('tickets', {'title': 'abc', 'content': 'abcde', 'category_id': 1,
                                               'ticket_priority_id': 1}).status)
                expect(insist(lambda: c.get('ticket/1')), 200)
        return seen

    uses = [in_background(lambda worker=worker: use(worker)) for worker in range(8)]
    impostor.serve(lambda: all(done() for done, _ in uses), within=60)
    assert set().union(*(seen() for _, seen in uses)) & {503, 500}, 'some of it must have been refused'


def test_services_are_reached_over_tcp_too(desks):
    ports = {service: free_port() for service in SERVICES}
    desk = desks('imported', **{f'FLICKET_{service.upper()}_ENDPOINT': f'tcp://127.0.0.1:{port}'
                                for service, port in ports.items()})
    with desk.client(USER) as c:
        for path in ('user/1', 'ticket/1', 'post/1', 'department/1'):
            expect(c.get(path), 200)
        before = expect(c.get('user/3'), 200)['total_posts']
        expect(c.post('tickets', {'title': 'over tcp', 'content': 'some content', 'category_id': 1,
                                  'ticket_priority_id': 1}), 201)
        wait_until(lambda: c.get('user/3').json()['total_posts'] == before + 1, COUNTED_WITHIN, 'counted')
        for service, path in (('post', 'post/1'), ('ticket', 'ticket/1'), ('lookup', 'status/1'), ('user', 'user/1')):
            desk.kill(service)
            wait_until(lambda: c.get(path).status == 503, 3, f'{service} is seen to be down')
            desk.restart(service)
            wait_until(lambda: c.get(path).status == 200, 5, f'{service} is used again')
