"""What ends a token, a password or a right ends what was asked for with it, wherever that is on its way.

A gateway stands behind peers that hold back what it asks of the services. Requests of every kind come to it and are held
at the write itself; then what they rest on is ended, through another gateway, and answered. What is let go after that
must not be done, and its client must be told so. A user about whom nothing is ended comes along: what is only late is
done.

In the suite each request meets one way to end it, in turn; with FAULTS_FULL=1 every request meets every one, held on the
bus, by a service that stands still, and by a store that cannot be written to. FAULTS_SEED changes the turns.
"""
import contextlib
import hashlib
import itertools
import json
import os
import re
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass, field

import pytest

from fixtures import close_desk
from desk import PASSWORD, REPO, SERVICES, wait_until
from peers import HONEST, Between, Fault
from test_matrix import bearer, differences, look, look_when_quiet, open_world, token_of
from test_permissions import kinds_of, listed, people
from wire import Client, Connection, NoAnswer, basic, expect, head

IS_FULL = os.environ.get('FAULTS_FULL') == '1'
SEED = int(os.environ.get('FAULTS_SEED') or 1)
LOGIN = 'anybody with a name and a password'
PATIENT = {'FLICKET_REQUEST_TIMEOUT_MS': 60000, 'FLICKET_LOGIN_TIMEOUT_MS': 60000}   # nothing else is to end it
WORD_SECONDS = 2.0          # IDENTITY_CONFIRMED_MOST_MS of gateway/core/exchange.h
CLOCKS_SECONDS = 0.9        # that the distance of two clocks may be off by (proto/README.md)
EXPIRES_SECONDS = 6         # a token's time, where it is to run out
TOKENS_USED = 107


def codes(*kinds):
    """Operations of these kinds, from the table: codes by name."""
    text = (REPO / 'proto' / 'ops.tbl').read_text(encoding='utf-8')
    found = re.findall(r'^OP\((\d+), +\w+, +(\w+), +(\w+),', text, re.M)
    return {name: int(code) for code, name, kind in found if kind in kinds}


OPS = codes('READ', 'WRITE', 'SLOW', 'LEAD')
WRITES = set(codes('WRITE').values()) - {TOKENS_USED}


def report(name, **figures):
    if path := os.environ.get('FAULTS_RESULTS'):
        with open(path, 'a', encoding='utf-8') as f:
            f.write(json.dumps({'name': name, **figures}) + '\n')


# --- ways to end something ------------------------------------------------------------------------------------

def admin_does(world, method, path, **more):
    expect(world.ask(world.admin, method, path, **more), 200 if method == 'PATCH' else 204)


def user_does(world, me, method, path, **more):
    """Something that a user does with another token than the one under test."""
    with Client(world.desk.port, me.token) as c:
        expect(c.request(method, path, **more), 204)


def disable(world, me):
    admin_does(world, 'PATCH', f'user/{me.id}', json={'disabled': True})


def delete(world, me):
    admin_does(world, 'DELETE', f'user/{me.id}')


def reset(world, me):
    admin_does(world, 'PUT', f'user/{me.id}/password', json={'new_password': 'Password-of-an-admin'})


def change(world, me):
    user_does(world, me, 'PUT', 'user/me/password', json={'password': PASSWORD, 'new_password': 'Password-of-mine'})


def leave(world, me):
    admin_does(world, 'DELETE', f'group/1/member/{me.id}')


def revoke(world, me):
    with Client(world.desk.port, me.used) as c:
        expect(c.request('DELETE', 'tokens'), 204)


def end_by_id(world, me):
    user_does(world, me, 'DELETE', f'token/{me.used_id}')


def run_out(_, me):
    wait_until(lambda: time.time() > me.expires + 0.01, EXPIRES_SECONDS + 5, "the token's time is over")


# name: (how, whether what the user owns could be there, whether logins end with it)
ENDINGS = {
    'disabled': (disable, True, True),
    'deleted': (delete, False, True),
    'password reset by an admin': (reset, True, True),
    'password changed by the user': (change, True, True),
    'no admin any more': (leave, False, False),
    'DELETE tokens': (revoke, True, False),
    'DELETE token/ID': (end_by_id, True, False),
    "the token's time is over": (run_out, True, False),
}
DEMOTED = 'no admin any more'


def give_token(world, ending, me):
    """A token to be used, besides the one that the user has."""
    me.used = token_of(world.desk, me)
    digest = hashlib.sha256(me.used.encode()).digest()
    with contextlib.closing(sqlite3.connect(world.desk.data / 'stores' / 'user' / 'user.db', timeout=60)) as db, db:
        me.used_id, = db.execute('SELECT id FROM tokens WHERE hash = ?', (digest,)).fetchone()
        if is_by_time(ending):
            # as if it had been given long ago; the gateway under test does not know it yet
            me.expires = time.time() + EXPIRES_SECONDS
            db.execute('UPDATE tokens SET expires = ? WHERE id = ?', (int(me.expires * 1e6), me.used_id))


def is_by_time(ending):
    return ending in ENDINGS and ENDINGS[ending][0] is run_out


# --- requests under way ---------------------------------------------------------------------------------------

@dataclass
class Cell:
    """A request of somebody's, in a thread of its own."""
    ending: str
    me: object
    method: str
    path: str
    target: str
    request: dict
    want: set
    answer: object = None
    thread: threading.Thread = field(default=None, repr=False)

    def start(self, port):
        self.thread = threading.Thread(target=self._ask, args=(port,), daemon=True)
        self.thread.start()

    def _ask(self, port):
        request = dict(self.request)
        headers = {**bearer(self.me.used), **(request.pop('headers', None) or {})}
        try:
            with Client(port, timeout=120) as c:
                self.answer = c.request(self.method, self.target, token=False, headers=headers, **request)
        except (NoAnswer, OSError) as e:
            self.answer = e

    def is_right(self):
        status = getattr(self.answer, 'status', None)
        if (self.method, self.path) == ('GET', 'session') and self.want == {401}:
            return status == 200 and self.answer.json()['user'] is None     # it tells that nobody is logged in
        return status in self.want

    def __str__(self):
        return f'{self.ending}: {self.method} {self.target}: want {sorted(self.want)}, got {self.answer}'


def wanted(ending, method, who, rights, owns):
    """The statuses that a request may have after the ending; None: it may be done all the same."""
    if ending == '':
        return {200, 201, 204}
    if who == LOGIN:
        return {401} if ENDINGS[ending][2] else None
    if ending != DEMOTED:
        return {401}
    return {403} if 'plain' not in rights and not owns and not who.startswith('the owner') else None


def owner_of(path):
    """Whose write a request is in the end."""
    first = path.split('/')[0]
    if first in ('user', 'users', 'group', 'groups', 'tokens', 'token', 'session', 'view', 'views'):
        return 'user'
    if first in ('post', 'posts', 'upload', 'uploads'):
        return 'post'
    return 'lookup' if first in ('department', 'departments', 'category', 'categories') else 'ticket'


def cells_of(world, ending, me, method_of='write', takes=lambda number: True, owner=None):
    """Requests of the API that somebody makes who is an admin; of all, those that it takes, or of one service."""
    number = itertools.count()
    for method, path, who in listed():
        if (method == 'GET') != (method_of == 'read') or path == 'ticket/:id/category' or (
                owner and owner_of(path) != owner):
            continue
        for example, rights, beings in kinds_of(f'{method} {path}', who):
            owns = bool(beings) and (who == LOGIN or ENDINGS.get(ending, (None, True))[1])
            want = wanted(ending, method, who, rights, owns)
            if not takes(next(number)) or want is None or not (rights or owns):
                continue
            target, request = example(world, *((me, beings[0]) if owns else (None, None)))
            yield Cell(ending, me, method, path, target, request, want)


def in_turn(turn):
    """Which requests meet the ending of this number, in the suite: each meets two, others with another seed."""
    return lambda number: IS_FULL or (number + turn + SEED) % len(ENDINGS) < 2


def everybody(world, method_of='write', only=ENDINGS, owner=None):
    """The cells of all ways to end something, by these; of one service's requests, if it is said whose."""
    cells = {}
    for turn, ending in enumerate(ENDINGS):
        if ending in only:
            takes = in_turn(turn) if owner is None else lambda number: True
            found = list(cells_of(world, ending, world.person('admin'), method_of, takes, owner))
            if found:
                cells[ending] = found
    return cells


# --- the gateway under test -----------------------------------------------------------------------------------

class Held:
    """A second gateway of a world, and what stands before it."""

    def __init__(self, world):
        self.world, desk = world, world.desk
        self.peers = {name: Between(desk, name, f'held-{name}') for name in SERVICES}
        for peer in self.peers.values():
            peer.start()
        self.port = desk.start_gateway('gateway-held', **{
            f'FLICKET_{name.upper()}_ENDPOINT': peer.endpoint for name, peer in self.peers.items()})
        desk.wait_ready(self.port)

    def hold(self, ops, after=0):
        """Hold back what asks for these operations, but for the first of them."""
        counted = itertools.count()
        fault = Fault('503', holds=lambda frame: frame[2] in ops and next(counted) >= after)
        for peer in self.peers.values():
            peer.fault = fault

    def count(self):
        return sum(len(peer.held) for peer in self.peers.values())

    def let_go(self, fault=HONEST):
        for peer in self.peers.values():
            peer.fault = fault

    def close(self):
        for peer in self.peers.values():
            peer.close()


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    world = open_world(tmp_path_factory.mktemp('revoke'), people(3000 if IS_FULL else 800), **PATIENT)
    yield world
    close_desk(world.desk)


@pytest.fixture(scope='module')
def held(world):
    held = Held(world)
    yield held
    held.close()


def are_held(held, cells, count, most=1000):
    """Start requests and wait until each is held, or was answered too early. Of one user a gateway has no more than
    `most` under way."""
    before = count()
    for cell in cells:
        cell.start(held)
    wait_until(lambda: count() - before + sum(c.answer is not None for c in cells)
               >= min(len(cells), most), 120, 'all are on their way')
    early = [c for c in cells if c.answer is not None]
    early = [c for c in early if not is_by_time(c.ending) and getattr(c.answer, 'status', 0) != 503]
    assert not early, [str(c) for c in early]


def join(cells, at_least=0.5):
    """All are answered as they should be. What was given up, as a service was not heard of for a moment on a busy machine,
    is a 503, and then not done."""
    for cell in cells:
        cell.thread.join(150)
    wrong = [str(c) for c in cells if not c.is_right() and getattr(c.answer, 'status', 0) != 503]
    assert not wrong, '\n'.join(wrong)
    assert sum(c.is_right() for c in cells) >= at_least * len(cells), [str(c) for c in cells][:5]


def check_nothing_new(before, after):
    """That a file is gone that came with a request that was refused is as it should be."""
    new = {name: [*come][:3] for name, (_, come) in differences(before, after).items() if come}
    gone = {name: [*gone][:3] for name, (gone, _) in differences(before, after).items()
            if gone and not name.startswith('/')}
    assert not new and not gone, (new, gone)


def all_of(cells):
    return [c for some in cells.values() for c in some]


# --- held on the bus ------------------------------------------------------------------------------------------

def test_what_has_ended_ends_what_is_under_way(world, held):
    cells = everybody(world)
    for ending, some in cells.items():
        give_token(world, ending, some[0].me)
    held.hold(WRITES)
    are_held(held.port, all_of(cells), held.count)
    for ending, some in cells.items():
        ENDINGS[ending][0](world, some[0].me)
    time.sleep(WORD_SECONDS + CLOCKS_SECONDS)   # then what they rest on is too old for those who cannot know better
    before = look_when_quiet(world.desk)
    held.let_go()
    join(all_of(cells))
    check_nothing_new(before, look_when_quiet(world.desk))
    report('held at the write', endings=len(cells), requests=len(all_of(cells)))


def test_what_is_only_late_is_done(world, held):
    """Those whose token is as good as before are asked for once more, and done once."""
    cells = []
    for number in range(len(list(cells_of(world, '', world.person('admin'))))):
        me = world.person('admin')
        cells += cells_of(world, '', me, takes=lambda n, number=number: n == number)
    for cell in cells:
        give_token(world, '', cell.me)
    held.hold(WRITES)
    are_held(held.port, cells, held.count)
    time.sleep(WORD_SECONDS + CLOCKS_SECONDS)
    before = look(world.desk)
    held.let_go()
    join(cells)
    after = look(world.desk)
    for table, path, deletes in (('ticket.tickets', 'tickets/', 'ticket/:id'), ('post.posts', 'posts', 'post/:id')):
        done = [c for c in cells if c.is_right()]
        made = sum(c.method == 'POST' and c.path == path for c in done)
        gone = sum(c.method == 'DELETE' and c.path == deletes for c in done)
        assert len(after[table]) == len(before[table]) + made - gone, table
    report('only late', requests=len(cells))


def test_what_was_read_is_not_sent_to_who_has_ended(world, held):
    cells = everybody(world, 'read')
    for ending, some in cells.items():
        give_token(world, ending, some[0].me)
    reads = set(codes('READ', 'SLOW').values()) - {OPS['PING'], OPS['TOKEN_CHECK']}
    held.hold(reads)
    are_held(held.port, all_of(cells), held.count)
    for ending, some in cells.items():
        ENDINGS[ending][0](world, some[0].me)
    held.let_go()
    join(all_of(cells))
    report('reads', endings=len(cells), requests=len(all_of(cells)))


@pytest.mark.parametrize('target', ['users/?fields=id,disabled&per_page=5', 'user/1?fields=disabled'])
def test_what_was_read_with_other_rights_is_read_anew(world, held, target):
    """Also if the gateway has a copy of what those rights saw."""
    me = world.person('admin')
    me.used = token_of(world.desk, me)
    with Client(held.port, me.used) as c:
        for _ in range(3):
            as_admin = c.get(target)
    cell = Cell(DEMOTED, me, 'GET', target, target, {}, {200, 403, 400})
    held.hold({OPS['USER_LIST'], OPS['USER_GET']})
    are_held(held.port, [cell], held.count)
    leave(world, me)
    held.let_go()
    join([cell], 0)
    with Client(world.desk.port, me.used) as c:
        want = c.get(target)
    assert want.body != as_admin.body, 'rights make a difference'
    assert cell.answer.status == 503 or (cell.answer.status, cell.answer.body) == (want.status, want.body)


def replied(world, me, key):
    """A reply that was made; its ticket has gone since."""
    ticket = world.ticket(me)
    reply = {'json': {'content': 'It works.', 'ticket_id': ticket}, 'headers': {'Idempotency-Key': key}}
    with Client(world.desk.port, me.used) as c:
        expect(c.request('POST', 'posts', **reply), 201)
        expect(c.request('DELETE', f'ticket/{ticket}'), 204)
    return reply


def test_a_refusal_before_the_write_is_not_for_who_has_ended(world, held):
    """Nor is the answer that was kept for the same request, nor whether a password was right."""
    cells = []
    for key in ('same', 'another'):
        me = world.person('admin')
        give_token(world, '', me)
        reply = replied(world, me, 'same')
        reply['headers'] = {'Idempotency-Key': key}
        cells.append(Cell('', me, 'POST', 'posts', 'posts', reply, {401}))
    me = world.person('admin')
    give_token(world, '', me)
    cells.append(Cell('', me, 'PUT', 'password', 'user/me/password', {
        'json': {'password': 'a-wrong-one', 'new_password': 'Password-of-mine'}}, {401}))
    held.hold({OPS['TICKET_CHECK'], OPS['REPLY_CHECK'], OPS['PASSWORD_CHANGE']})
    are_held(held.port, cells, held.count)
    for cell in cells:
        disable(world, cell.me) if cell.path == 'posts' else revoke(world, cell.me)
    held.let_go()
    join(cells)


def test_a_password_is_hashed_once_whatever_rights_become(world, held):
    me = world.person('admin')
    give_token(world, '', me)
    asked = []
    counts = dict(question=lambda frame, data, noise: frame[2] != OPS['PASSWORD_CHANGE'] or asked.append(1) or True)
    cell = Cell('', me, 'PUT', '', 'user/me/password', {
        'json': {'password': PASSWORD, 'new_password': 'Password-of-mine'}}, {204})
    held.hold({OPS['PASSWORD_CHANGE']})
    are_held(held.port, [cell], held.count)
    leave(world, me)
    held.let_go(Fault('503', **counts))
    join([cell], 0)
    assert not asked, 'but for the one that was held'


def test_the_last_of_many_tokens_has_ended_with_the_first(world, held):
    """However many there are to be told of."""
    me, other = world.person('admin'), world.person('admin')
    with contextlib.closing(sqlite3.connect(world.desk.data / 'stores' / 'user' / 'user.db', timeout=60)) as db, db:
        db.executemany('INSERT INTO tokens (hash, user_id, date_added, expires) VALUES (?, ?, 1, 9000000000000000)',
                       ((hashlib.sha256(f'{me.id} {n}'.encode()).digest(), me.id) for n in range(12000)))
    me.used = token_of(world.desk, me)
    with Client(held.port, me.used) as c, Client(held.port, other.token) as c2:
        for _ in range(20):     # it is known to the gateway, and is not only looked up
            expect(c.get('user/me'), 200)
            expect(c2.get('user/me'), 200)
        disable(world, me)
        expect(c.get('user/me'), 401)
        expect(c2.get('user/me'), 200)


def test_a_login_has_the_rights_of_when_it_is_done(world, held):
    me = world.person('admin')
    me.used = me.token
    cells = [c for c in cells_of(world, '', me) if c.path == 'tokens' and c.method == 'POST']
    held.hold({OPS['TOKEN_CREATE']})
    are_held(held.port, cells, held.count)
    leave(world, me)
    held.let_go()
    join(cells)
    token = cells[0].answer.json()['token']
    for port in (held.port, world.desk.port):
        with Client(port, token) as c:
            expect(c.get('user/me'), 200)
            expect(c.post('groups', {'group_name': world.name()}), 403)


def test_an_old_password_does_not_replace_an_admins(world, held):
    """As from a gateway that does not tell which token asks, whose user logs in again meanwhile."""
    me = world.person('plain')
    me.used = token_of(world.desk, me)
    cell = Cell('', me, 'PUT', '', 'user/me/password', {'json': {'password': PASSWORD, 'new_password': 'Password2'}},
                {401})
    held.hold({OPS['USER_PASSWORD']})
    are_held(held.port, [cell], held.count)
    reset(world, me)
    held.let_go()
    join([cell])
    with Client(world.desk.port) as c:
        expect(c.log_in(me.username, 'Password2'), 401)
        expect(c.log_in(me.username, PASSWORD), 401)
        expect(c.log_in(me.username, 'Password-of-an-admin'), 200)


# --- answers in pieces ----------------------------------------------------------------------------------------

def a_file_in_pieces(world):
    size = 200000
    body = b'--x\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n%d\r\n' % world.ticket(world.admin)
    body += (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b'some text\n' *
             (size // 10) + b'\r\n--x--\r\n')
    made = world.make(world.admin, 'uploads', body=body, type='multipart/form-data; boundary=x')
    return world.desk.path_of(made['image'])


@pytest.fixture(scope='module')
def many_tickets(world):
    """More than go into one piece of an export."""
    have = expect(world.ask(world.admin, 'GET', 'tickets/'), 200)['_meta']['total_items']
    for _ in range(have, 600):
        world.ticket(world.admin)


PIECES = {'export': OPS['TICKET_EXPORT'], 'file': OPS['FILE_READ']}


def pieces_of(world, kind):
    return {'export': '/flicket-api/tickets.csv'}.get(kind) or a_file_in_pieces(world)


@pytest.mark.parametrize('kind', PIECES)
@pytest.mark.parametrize('ending', ENDINGS if IS_FULL else ['disabled', 'DELETE tokens'])
def test_an_answer_in_pieces_is_cut_off(world, held, many_tickets, kind, ending):
    if ending == DEMOTED:
        pytest.skip('everybody may read')
    target, me = pieces_of(world, kind), world.person('admin')
    give_token(world, ending, me)
    held.hold({PIECES[kind]}, after=1)
    with Connection(held.port, timeout=60) as c:
        c.send(head('GET', target, bearer(me.used)))
        wait_until(lambda: held.count() == 1, 60, 'the second piece is asked for')
        ENDINGS[ending][0](world, me)
        held.let_go()
        with pytest.raises((NoAnswer, ValueError)):     # too few bytes, or a chunk that is none
            c.read_answer()
        assert c.is_closed()
    log = (world.desk.folder / 'gateway-held.log').read_text()
    assert 'broke off: Unauthorized' in log


@pytest.mark.parametrize('kind', PIECES)
def test_an_answer_in_pieces_goes_on_for_who_is_only_asked_about_again(world, held, many_tickets, kind):
    target, me = pieces_of(world, kind), world.person('admin')
    give_token(world, '', me)
    whole = Client(world.desk.port, me.used, timeout=60)
    want = whole.get(target).body
    held.hold({PIECES[kind]}, after=1)
    with Connection(held.port, timeout=60) as c:
        c.send(head('GET', target, bearer(me.used)))
        wait_until(lambda: held.count() == 1, 60, 'the second piece is asked for')
        leave(world, me)        # what gateways know of the token is not good any more, the token is
        held.let_go()
        assert c.read_answer().body == want
    whole.close()


def test_an_answer_in_pieces_is_cut_off_over_http2(world, held, tmp_path):
    target, me = pieces_of(world, 'file'), world.person('admin')
    give_token(world, '', me)
    held.hold({PIECES['file']}, after=1)
    curl = subprocess.Popen(['curl', '-s', '--http2-prior-knowledge', '-o', tmp_path / 'got', '-w', '%{http_version}',
                             '-H', f'Authorization: Bearer {me.used}', f'http://127.0.0.1:{held.port}{target}'],
                            stdout=subprocess.PIPE, text=True)
    wait_until(lambda: held.count() == 1, 60, 'the second piece is asked for')
    disable(world, me)
    held.let_go()
    said, _ = curl.communicate(timeout=60)
    assert said == '2' and curl.returncode != 0
    assert (tmp_path / 'got').stat().st_size < 200000


# --- a queue before a store that cannot be written to ---------------------------------------------------------

@contextlib.contextmanager
def locked(desk, service):
    """Nobody else writes to a store meanwhile; what is asked for waits for 5 s."""
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / service / f'{service}.db', timeout=60,
                                            isolation_level=None)) as db:
        db.execute('BEGIN IMMEDIATE')
        yield
        db.execute('ROLLBACK')


WINDOW = 8      # gateway/bus/window.c


def waiting(desk, service):
    with Client(desk.port) as c:
        text = c.get('/metrics').body.decode()
    found = re.search(rf'^flicket_bus_requests_waiting{{service="{service}"}} (\d+)', text, re.M)
    return int(found[1]) if found else 0


# What others tell a service of who ended.
TOLD = {'ticket.user_names', 'ticket.changes', 'ticket.gone_users'}
# Not by time: the gateway before which tokens are given knows how long they are good.
BY_WORD = [ending for ending in ENDINGS if not is_by_time(ending)]
AT_ONCE = ['disabled', 'deleted', DEMOTED]      # one write of an admin each, and nothing before it


@pytest.mark.parametrize('ending', AT_ONCE if IS_FULL else ['disabled'])
def test_what_stands_behind_its_end_in_a_queue_is_not_done(world, ending):
    """Both wait for the store of the users; what ends the others is written first, in the same transaction."""
    me = world.person('admin')
    cells = list(cells_of(world, ending, me, owner='user'))
    give_token(world, ending, me)
    with Client(world.desk.port, me.used) as c:
        expect(c.get('user/me'), 200)
    before = look_when_quiet(world.desk)
    with locked(world.desk, 'user'):
        end = threading.Thread(target=ENDINGS[ending][0], args=(world, me))
        end.start()
        wait_until(lambda: waiting(world.desk, 'user') == 1, 30, 'the end waits')
        are_held(world.desk.port, cells, lambda: waiting(world.desk, 'user'), WINDOW)
    end.join()
    join(cells)
    new = {name: come for name, (_, come) in differences(before, look_when_quiet(world.desk)).items() if come}
    # what ends somebody, and what others are told of that
    assert new.keys() <= TOLD | {'user.users', 'user.groups', 'user.revocations', 'user.gone'}, new
    assert all(len(come) == 1 for name, come in new.items() if name != 'user.revocations'), new


@pytest.mark.parametrize('service', ['ticket', 'post', 'lookup'] if IS_FULL else ['ticket'])
def test_what_waits_for_a_store_too_long_is_not_done(world, service):
    """It is in the writer's queue, which cannot know of the end; what it rests on grows too old there."""
    cells = everybody(world, only=BY_WORD if IS_FULL else ['password reset by an admin'], owner=service)
    for ending, some in cells.items():
        give_token(world, ending, some[0].me)
        with Client(world.desk.port, some[0].me.used) as c:
            expect(c.get('user/me'), 200)
    before = look_when_quiet(world.desk)
    with locked(world.desk, service):
        are_held(world.desk.port, all_of(cells), lambda: waiting(world.desk, service))
        for ending, some in cells.items():
            ENDINGS[ending][0](world, some[0].me)
        time.sleep(WORD_SECONDS + CLOCKS_SECONDS)
    join(all_of(cells), 0)      # a store that cannot be written to for 5 s is a 503
    after = look_when_quiet(world.desk)
    owned = ({name: rows for name, rows in found.items() if name.startswith(f'{service}.') and
              name not in TOLD} for found in (before, after))
    assert not differences(*owned)
    report(f'waiting for the store of {service}', endings=len(cells), requests=len(all_of(cells)))


@pytest.mark.skipif(not IS_FULL, reason='FAULTS_FULL=1')
@pytest.mark.parametrize('service', ['ticket', 'post', 'lookup'])
def test_what_a_service_that_stood_still_finds_is_not_done(world, service):
    """Nobody waits for it any more when the service goes on, and it is too old."""
    # of who is to be deleted all are asked whether there is something of theirs
    cells = everybody(world, only=[ending for ending in BY_WORD if ENDINGS[ending][0] is not delete], owner=service)
    for ending, some in cells.items():
        give_token(world, ending, some[0].me)
        with Client(world.desk.port, some[0].me.used) as c:
            expect(c.get('user/me'), 200)
    before = look_when_quiet(world.desk)
    world.desk.pause(service)
    try:
        for cell in all_of(cells):
            cell.start(world.desk.port)
        wait_until(lambda: waiting(world.desk, service) or all(c.answer for c in all_of(cells)), 60, 'they are asked')
        for ending, some in cells.items():
            ENDINGS[ending][0](world, some[0].me)
        time.sleep(WORD_SECONDS + CLOCKS_SECONDS)
    finally:
        world.desk.resume(service)
    join(all_of(cells), 0)
    world.desk.wait_ready()
    after = look_when_quiet(world.desk)
    owned = ({name: rows for name, rows in found.items() if name.startswith(f'{service}.') and
              name not in TOLD} for found in (before, after))
    assert not differences(*owned)
    report(f'{service} stood still', endings=len(cells), requests=len(all_of(cells)))
