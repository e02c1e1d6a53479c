"""No user holds up the others: they take turns, each finds room, and what is long is bounded."""
import base64
import contextlib
import itertools
import json
import os
import random
import re
import sqlite3
import statistics
import threading
import time

import msgpack
import pytest

from fixtures import close_desk, furnish
from desk import ADMIN, SERVICES, SHIPPED, SUPER, is_sanitized, run_program, wait_until
from peers import PING, Between, Fault, pack
from test_hostile import START
from test_overload import FLOOD, LONG, flood
from test_wire import (DEPARTMENT, DEPARTMENT_CREATE, EXPIRED, FIRST_ID, ID, OK, PAGE, PER_PAGE, USER_LIST, Peer,
                       request)
from wire import Client, expect, head

TICKET_LIST, POST_LIST, WRITES_HOLD, WRITES_RELEASE = 31, 51, 7, 8
LIMIT, TICKET_ID, CONTENT, FIELDS = 3, 23, 31, 75
ONE, OTHER = 1, 3               # users
TICK_SECONDS = 0.05             # TICK_MS of gateway/worker.h
IS_FULL = os.environ.get('FAULTS_FULL') == '1'


@pytest.fixture
def peer_of(writing):
    with contextlib.ExitStack() as stack:
        yield lambda service: stack.enter_context(contextlib.closing(Peer(writing, service)))


def ask_in_one(peer, ones, others):
    """Send what one user asks for and then what another does, in one message; (who, answer) as they are answered."""
    whose = [ONE] * len(ones) + [OTHER] * len(others)
    peer.send(b''.join(request(op, args, number=FIRST_ID + i, actor=who)
                       for i, (who, (op, args)) in enumerate(zip(whose, [*ones, *others]))))
    answers = [peer.receive() for _ in whose]
    assert sorted(a[1] for a in answers) == [FIRST_ID + i for i in range(len(whose))]
    return [(whose[a[1] - FIRST_ID], a) for a in answers]


def places(answers, who):
    return [i for i, (whose, _) in enumerate(answers) if whose == who]


def test_users_take_turns_at_lists(peer_of):
    many = [(USER_LIST, {PAGE: 1, PER_PAGE: 1 + i % 3}) for i in range(200)]
    few = [(USER_LIST, {PAGE: 1, PER_PAGE: 5})] * 3
    answers = ask_in_one(peer_of('user'), many, few)
    assert {a[2] for _, a in answers} == {OK}
    # whole slices of time may pass before the end of the message is read
    assert max(places(answers, OTHER)) < 100


def test_users_take_turns_at_searches(peer_of):
    """Each of another thing, so that none is known from another one."""
    pairs = itertools.combinations('abcdefghijklmnopqrst', 2)
    many = [(TICKET_LIST, {PAGE: 1, PER_PAGE: 5, CONTENT: f'"{a} {b}" {a}*'}) for a, b in itertools.islice(pairs, 150)]
    few = [(TICKET_LIST, {PAGE: 1, PER_PAGE: 5, CONTENT: f'{c}*'}) for c in 'uv']
    answers = ask_in_one(peer_of('ticket'), many, few)
    assert {a[2] for _, a in answers} == {OK}
    assert max(places(answers, OTHER)) < 75


def test_who_asks_for_too_much_is_refused_alone(peer_of):
    many = [(USER_LIST, {PAGE: 1, PER_PAGE: 1})] * 12000
    few = [(USER_LIST, {PAGE: 1, PER_PAGE: 1})] * 20
    answers = ask_in_one(peer_of('user'), many, few)
    assert {a[2] for who, a in answers if who == OTHER} == {OK}
    assert {a[2] for who, a in answers if who == ONE} <= {OK, EXPIRED}


@contextlib.contextmanager
def held_writes(peer):
    assert peer.ask(WRITES_HOLD, {LIMIT: 1000})[2] == OK
    yield
    peer.ask(WRITES_RELEASE)


def test_users_take_turns_at_writes(peer_of):
    peer, holder = peer_of('lookup'), peer_of('lookup')
    many = [(DEPARTMENT_CREATE, {DEPARTMENT: f'Many of them {i}'}) for i in range(200)]
    few = [(DEPARTMENT_CREATE, {DEPARTMENT: f'Few of them {i}'}) for i in range(3)]
    with held_writes(holder):
        peer.send(b''.join(request(op, args, number=FIRST_ID + i, actor=ONE if i < len(many) else OTHER)
                           for i, (op, args) in enumerate([*many, *few])))
        assert peer_of('lookup').is_answering()
    answers = [peer.receive() for _ in range(len(many) + len(few))]
    assert {a[2] for a in answers} == {OK}
    # ids are given in the order of the writes
    order = [a[1] - FIRST_ID >= len(many) for a in sorted(answers, key=lambda a: a[6][ID])]
    assert max(i for i, is_other in enumerate(order) if is_other) < 100


def test_a_gateway_that_is_full_of_one_users_writes_takes_anothers(desks):
    desk = desks('imported', FLICKET_MAX_PENDING=16, **LONG)
    statuses, other = [], []

    def create(token, name, to):
        with desk.client(token) as c:
            to.append(c.post('departments', {'department': name}).status)

    with contextlib.closing(Peer(desk, 'lookup')) as holder, desk.client(ADMIN) as c:
        expect(c.get('departments/'), 200)
        with held_writes(holder):
            ones = [threading.Thread(target=create, args=(ADMIN, f'One of many {i}', statuses)) for i in range(40)]
            for t in ones:
                t.start()
            wait_until(lambda: len(statuses) >= 40 - 16, 5, 'those that are too many are refused')
            t = threading.Thread(target=create, args=(SUPER, 'The only one', other))
            t.start()
            wait_until(lambda: 'flicket_bus_requests_waiting{service="lookup"} 17' in c.get('/metrics').body.decode()
                       or other, 5, 'it waits as well')
        for t in (*ones, t):
            t.join()
    assert other == [201]
    assert statuses.count(503) == 40 - 16 and statuses.count(201) == 16


def test_who_changes_the_protocol_behind_a_refusal_is_closed(desks):
    """The gateway leaves off reading of who was refused, and goes on with what it read before."""
    desk = desks('imported', FLICKET_MAX_PENDING=16, **LONG)
    with contextlib.closing(Peer(desk, 'lookup')) as holder, contextlib.ExitStack() as stack:
        with held_writes(holder):
            conns = [stack.enter_context(desk.connection()) for _ in range(32)]
            for i, conn in enumerate(conns):
                body = json.dumps({'department': f'One of many {i}'}).encode()
                conn.send(head('POST', '/flicket-api/departments', {
                    'Authorization': f'Bearer {ADMIN}', 'Content-Length': len(body)}) + body + START)
        statuses = []
        for conn in conns:
            statuses.append(conn.read_answer().status)
            conn.send(START)
            assert conn.is_closed(60) and not conn.buffer
    assert 503 in statuses and set(statuses) <= {201, 503}
    with desk.client(ADMIN) as c:
        expect(c.get('departments/'), 200)


def test_who_a_service_refuses_does_not_come_again_at_once(desks):
    """As if the gateway itself had refused it: the connection's next request is read with the next tick."""
    desk = desks('imported', start=False)
    desk.start(*SERVICES)
    busy = Between(desk, 'lookup', 'busy')
    busy.fault = Fault(question=lambda f, d, n: f[2] == PING or pack([1, f[1], EXPIRED, 0, 0, b'', {}]))
    busy.start()
    try:
        desk.start_gateway(FLICKET_LOOKUP_ENDPOINT=busy.endpoint)
        desk.wait_ready()
        with desk.client(ADMIN) as c:
            began = time.monotonic()
            for _ in range(40):
                expect(c.get('department/1'), 503)
            assert time.monotonic() - began > 40 * TICK_SECONDS / 2
            for _ in range(40):
                expect(c.get('ticket/1'), 200)
    finally:
        busy.close()


def waiting_at(client, service):
    found = re.search(rf'flicket_bus_requests_waiting{{service="{service}"}} (\d+)',
                      client.get('/metrics').body.decode())
    return int(found[1]) if found else 0


def test_of_one_user_a_gateway_has_a_window_under_way_where_others_ask(desks):
    """Writes are held, so that all wait: one of the other's, and of twenty eight. Where a machine is too slow for that
    within a second, for which writes are held at most, it is tried again."""
    desk = desks('imported', **LONG)
    names = itertools.count()

    def create(token, to):
        with desk.client(token) as c:
            to.append(c.post('departments', {'department': f'Number {next(names)}'}).status)

    def most_under_way(holder, c):
        """0 if that cannot be said."""
        statuses, most = [], 0
        first = threading.Thread(target=create, args=(SUPER, statuses))
        ones = [threading.Thread(target=create, args=(ADMIN, statuses)) for _ in range(20)]
        assert holder.ask(WRITES_HOLD, {LIMIT: 1000})[2] == OK
        began = time.monotonic()
        first.start()
        while waiting_at(c, 'lookup') == 0 and time.monotonic() - began < 0.5:
            pass
        is_first = waiting_at(c, 'lookup') == 1
        for t in ones:
            t.start()
        while is_first and time.monotonic() - began < 0.8:
            most = max(most, waiting_at(c, 'lookup'))
        was_held = holder.ask(WRITES_RELEASE)[2] == OK
        for t in (first, *ones):
            t.join()
        assert set(statuses) <= {201, 503}
        # after a try in which all were late the gateway may expect them to be late again
        return most if is_first and was_held and statuses == [201] * 21 else 0

    with contextlib.closing(Peer(desk, 'lookup')) as holder, desk.client(ADMIN) as c, desk.client(SUPER) as other:
        expect(c.get('departments/'), 200)
        expect(other.get('departments/'), 200)
        seen = wait_until(lambda: max(most_under_way(holder, c) - 8, 0), 120, 'they wait')
    assert seen == 1


# --- what is long and is put aside ----------------------------------------------------------------------------------

POSTS = 20000           # of one ticket: all of them in a list take longer than the loop has for it
LONG_TICKET = 2


@pytest.fixture(scope='module')
def long_lists(tmp_path_factory, imported_stores):
    desk = furnish(tmp_path_factory.mktemp('long'), 'imported', imported_stores, **LONG, FLICKET_STOP_SECONDS=60)
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'post' / 'post.db')) as db, db:
        db.executemany('INSERT INTO posts (ticket_id, content, user_id) VALUES (?, ?, 3)',
                       ((LONG_TICKET, f'Reply {i}') for i in range(POSTS)))
    try:
        desk.start()
        yield desk
        close_desk(desk)
    finally:
        desk.kill_everything()


def long_list(i):
    return POST_LIST, {TICKET_ID: LONG_TICKET, PAGE: 1, PER_PAGE: POSTS + i, FIELDS: 'id'}


def longest_ping(desk, service, asked):
    """While a service does what one user asked for: of the time that all of it took, the part of the longest PING."""
    longest = 0
    with contextlib.closing(Peer(desk, service)) as one, contextlib.closing(Peer(desk, service)) as other:
        assert one.is_answering() and other.is_answering()
        began = time.monotonic()
        one.send(b''.join(request(op, args, number=FIRST_ID + i, actor=ONE) for i, (op, args) in enumerate(asked)))
        left = len(asked)
        while left:
            sent = time.monotonic()
            assert other.is_answering()
            longest = max(longest, time.monotonic() - sent)
            while left and (one.waiting or one.sock.poll(0)):
                assert one.receive()[2] == OK
                left -= 1
        return longest / (time.monotonic() - began)


def least(measure, enough):
    """Of some tries: a machine that does other things for a while lengthens one of them, a fault all."""
    found = []
    while len(found) < 8 and (not found or min(found) >= enough):
        found.append(measure(len(found)))
    return min(found)


def test_a_row_of_long_lists_does_not_hold_up_the_loop(long_lists):
    def measure(_):
        return longest_ping(long_lists, 'post', [long_list(i) for i in range(100)])

    assert least(measure, 0.15) < 0.15


def test_a_message_does_not_wait_for_a_list_behind_each_before_it(long_lists):
    """One gateway asks for all of it, each in a message of its own."""
    lists = [(POST_LIST, {TICKET_ID: LONG_TICKET, PAGE: 1, PER_PAGE: 1000 + i, FIELDS: 'id'}) for i in range(60)]
    point = POST_LIST, {TICKET_ID: 1, PAGE: 1, PER_PAGE: 1}

    def place_of_the_last(_):
        with contextlib.closing(Peer(long_lists, 'post')) as peer:
            assert peer.is_answering()
            for i, (op, args) in enumerate([*lists, point]):
                peer.send(request(op, args, number=FIRST_ID + i, actor=OTHER if i == len(lists) else ONE))
            order = [peer.receive()[1] for _ in range(len(lists) + 1)]
            return order.index(FIRST_ID + len(lists))

    # how many are done before the last one is sent is a matter of chance
    assert least(place_of_the_last, len(lists) // 2) < len(lists) // 2


def test_many_lists_of_one_search_do_not_hold_up_the_loop(busy):
    """All wait for the same search to be made, a new one in each try, and are lists that differ."""
    letters = 'abcdefghilmnoprstuw'

    def measure(n):
        words = ' '.join(f'{a}*' for a in letters if a != letters[n])
        return longest_ping(busy, 'ticket', [(TICKET_LIST, {PAGE: 1, PER_PAGE: 1000 + i, CONTENT: words, FIELDS: 'id'})
                                             for i in range(1000)])

    assert least(measure, 0.3) < 0.3


def test_no_empty_message_is_sent_where_a_list_is_put_aside(long_lists):
    short = POST_LIST, {TICKET_ID: 1, PAGE: 1, PER_PAGE: 1}
    asked = [short if i % 2 == 0 else long_list(i) for i in range(40)]
    with contextlib.closing(Peer(long_lists, 'post')) as peer:
        peer.send(b''.join(request(op, args, number=FIRST_ID + i, actor=ONE) for i, (op, args) in enumerate(asked)))
        left = len(asked)
        while left:
            data = peer.sock.recv()
            assert data
            unpacker = msgpack.Unpacker(strict_map_key=False, raw=True)
            unpacker.feed(data)
            left -= sum(1 for _ in unpacker)


def test_long_lists_that_wait_are_done_while_a_service_stops(long_lists):
    """There may be nobody else to ask."""
    asked = [long_list(i) for i in range(60)]
    process = long_lists.processes['post']
    with contextlib.closing(Peer(long_lists, 'post')) as peer:
        assert peer.is_answering()
        peer.send(b''.join(request(op, args, number=FIRST_ID + i, actor=ONE) for i, (op, args) in enumerate(asked)))
        assert peer.receive()[2] == OK
        process.ended_by_test = True
        process.popen.terminate()
        assert [peer.receive()[2] for _ in asked[1:]] == [OK] * (len(asked) - 1)
    assert process.popen.wait(60) == 0
    long_lists.restart('post')
    long_lists.wait_ready()


# --- floods ------------------------------------------------------------------------------------------------------

TICKETS, USERS = (250000, 1000) if IS_FULL else (3000, 50)
ROUNDS, SECONDS = (4, 3) if IS_FULL else (1, 1)
CONNECTIONS = 24                # of who floods
FACTOR = 3                      # what the other one notices at most
FILE_BYTES = 4 << 20
KINDS = ('points', 'lists', 'searches', 'filters', 'includes', 'exports', 'downloads', 'writes', 'logins', 'uploads')
FREQUENT = 'the a is it in not to on and printer monitor since does with for this of that be have'
IN_SHORT = ('searches', 'includes', 'writes')


def report(name, **figures):
    if os.environ.get('FAULTS_RESULTS'):
        with open(os.environ['FAULTS_RESULTS'], 'a', encoding='utf-8') as f:
            f.write(json.dumps({'name': name, **figures}) + '\n')


@pytest.fixture(scope='module')
def busy(tmp_path_factory):
    """A desk of many tickets with two users who are logged in: desk.tokens."""
    more = SHIPPED if IS_FULL else {'FLICKET_REQUEST_TIMEOUT_MS': 60000}
    desk = furnish(tmp_path_factory.mktemp('fair'), 'new', None, **LONG, **more)
    done = run_program('flicketctl', 'generate', '--users', str(USERS), '--tickets', str(TICKETS), '--data',
                       str(desk.data), timeout=1200)
    assert done.returncode == 0, done.stderr
    try:
        desk.start()
        desk.tokens = []
        for name in 'user3', 'user4':
            with Client(desk.port) as c:
                desk.tokens.append(expect(c.log_in(name, 'generated'), 200)['token'])
        with desk.client(desk.tokens[1]) as c:
            wait_until(lambda: c.get('tickets/?sort=title').status == 200, 60, 'lists are loaded')
        yield desk
        close_desk(desk)
    finally:
        desk.kill_everything()


def form(ticket, content):
    return (b'--B\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n%d\r\n'
            b'--B\r\nContent-Disposition: form-data; name="file"; filename="some.txt"\r\n'
            b'Content-Type: text/plain\r\n\r\n%s\r\n--B--\r\n' % (ticket, content))


FORM = 'multipart/form-data; boundary=B'


def ticket_of_one(desk):
    """A ticket of who floods, for files."""
    with desk.client(desk.tokens[0]) as c:
        return expect(c.post('tickets', {'title': 'With files', 'content': 'They are many.', 'category_id': 1,
                                         'ticket_priority_id': 1}), 201).get('id')


def requests_of(kind, desk, rng):
    """Whole requests of who floods; none asks for what another did, so that nothing is kept of it."""
    auth = {'Authorization': f'Bearer {desk.tokens[0]}'}
    words = FREQUENT.split()
    users = [str(i) for i in range(1, USERS + 1)]
    pages = TICKETS // 100
    some = range(200)

    def gets(paths):
        return [head('GET', '/flicket-api/' + p, auth) for p in paths]

    def posts(path, bodies, kind='application/json'):
        return [head('POST', '/flicket-api/' + path, {**auth, 'Content-Type': kind, 'Content-Length': len(b)}) + b
                for b in bodies]

    if kind == 'points':
        return gets(f'ticket/{rng.randint(1, TICKETS)}' for _ in some)
    if kind == 'lists':
        return gets(f'tickets/{rng.randint(1, pages)}/?sort={s}' for _ in some for s in ('title', 'replies_desc'))
    if kind == 'searches':
        pairs = list(itertools.permutations(words, 2))
        rng.shuffle(pairs)
        return gets(f'tickets/?content=%22{a}+{b}%22+{a[0]}*&sort=relevance' for a, b in pairs)
    if kind == 'filters':
        return gets(f'tickets/{rng.randint(1, 50)}/?created_id={",".join(rng.sample(users, 40))}&sort=title_desc&'
                    f'added_since=20{rng.randint(10, 20)}-0{rng.randint(1, 9)}-01' for _ in some)
    if kind == 'includes':
        return gets(f'tickets/{rng.randint(1, pages)}/?per_page=100&include=posts,histories,actions,subscriptions,users'
                    for _ in some)
    if kind == 'exports':
        return gets(f'tickets.{k}?sort={s}' for k in ('csv', 'ndjson') for s in ('title', 'status', 'ticketid'))
    if kind == 'downloads':
        with desk.client(desk.tokens[0]) as c:
            body = form(ticket_of_one(desk), b'x' * FILE_BYTES)
            got = expect(c.request('POST', 'uploads', body=body, type=FORM), 201)
        return [head('GET', desk.path_of(got['image']), auth)]
    if kind == 'writes':
        return posts('tickets', [json.dumps({'title': f'One more {i}', 'content': 'x' * 300, 'category_id': 1,
                                             'ticket_priority_id': 1}).encode() for i in some])
    if kind == 'logins':
        basic = base64.b64encode(b'user3:generated').decode()
        return [head('POST', '/flicket-api/tokens', {'Authorization': f'Basic {basic}', 'Content-Length': 0})]
    return posts('uploads', [form(ticket_of_one(desk), b'x' * (256 << 10))], FORM)


class Other(threading.Thread):
    """Does what one does all day: looks at tickets, pages through lists, searches, replies. Notes how long each took."""

    def __init__(self, desk, rng):
        super().__init__()
        self.desk, self.rng, self.over = desk, rng, threading.Event()
        self.times, self.wrong = {}, []

    def run(self):
        with self.desk.client(self.desk.tokens[1]) as c:
            while not self.over.is_set():
                ticket = self.rng.randint(1, TICKETS)
                for what, method, path, body in (
                        ('read', 'GET', f'ticket/{ticket}', None),
                        ('list', 'GET', f'tickets/{self.rng.randint(1, 40)}/?sort=last_updated_desc', None),
                        ('read', 'GET', f'ticket/{ticket}?include=posts,users', None),
                        ('read', 'GET', f'posts/{ticket}/', None),
                        ('write', 'POST', 'posts', {'ticket_id': ticket, 'content': 'I have looked at it.'})):
                    began = time.monotonic()
                    answer = c.get(path) if method == 'GET' else c.post(path, body)
                    self.times.setdefault(what, []).append(time.monotonic() - began)
                    if answer.status not in (200, 201):
                        self.wrong.append((path, answer))
                    time.sleep(0.002)


def work(desk, rng, seconds=None, while_=None):
    """How long each thing took of what the other one did, for a time or while something goes on."""
    other = Other(desk, rng)
    other.start()
    try:
        if while_:
            while_()
        else:
            time.sleep(seconds)
    finally:
        other.over.set()
        other.join()
    assert not other.wrong, other.wrong[:3]
    return other.times


def percentile(times, part):
    return sorted(times)[min(len(times) - 1, int(len(times) * part))]


@pytest.mark.skipif(is_sanitized() or not FLOOD.exists(), reason='a sanitizer measures itself')
@pytest.mark.parametrize('kind', KINDS if IS_FULL else IN_SHORT)
def test_one_users_flood_beside_anothers_work(busy, tmp_path, kind):
    """Round by round, with and without the flood: nothing of the other's is refused, and of a hundred things that the
    other does the slowest takes three times as long at most."""
    rng = random.Random(int(os.environ.get('FAULTS_SEED', 1)))
    path = tmp_path / 'requests'
    path.write_bytes(b''.join(b'%d\n%s' % (len(r), r) for r in requests_of(kind, busy, rng)))
    calm, beside, floods = {}, {}, []
    work(busy, rng, 0.5)
    for _ in range(ROUNDS):
        for into, times in ((calm, work(busy, rng, SECONDS)),
                            (beside, work(busy, rng, while_=lambda: floods.append(
                                flood(busy, CONNECTIONS, 0, SECONDS, path))))):
            for what, some in times.items():
                into.setdefault(what, []).extend(some)
    assert all(f['wrong'] == 0 and f['served'] + f['late'] + f['refused'] + f['unanswered'] > 0 for f in floods), floods
    before, after = (percentile([t for some in d.values() for t in some], 0.99) * 1000 for d in (calm, beside))
    report(f'flood of {kind}', **{
        'served to one (1/s)': round(statistics.median(f['rate'] for f in floods)),
        'refused to one': sum(f['refused'] for f in floods), 'refused to the other': 0,
        'p99 without (ms)': round(before, 1), 'p99 beside (ms)': round(after, 1),
        **{f'p50 of a {what} without, beside (ms)': ', '.join(
            f'{statistics.median(d[what]) * 1000:.1f}' for d in (calm, beside)) for what in sorted(calm)}})
    if IS_FULL:     # times of a second beside other tests say nothing
        assert after <= FACTOR * before, f'{kind}: p99 {before:.1f} ms without, {after:.1f} ms beside'
