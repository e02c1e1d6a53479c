"""Clients that take their time: none holds a connection for ever. And as many as there may be."""
import concurrent.futures
import socket
import time

import pytest

from desk import ADMIN, ADMIN_PASSWORD, found_in_all, wait_until
from test_uploads import form
from wire import Client, Connection, NoAnswer, expect, head, upload_over_http2

IDLE_MS = 1000
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes(3) + b'\4\0' + bytes(4)     # and empty SETTINGS
PING = b'\0\0\x08\6\0' + bytes(4) + b'12345678'
# HEADERS of stream 1, not their end: ":method: POST", and no more; the rest would come in CONTINUATION.
HEADERS = b'\0\0\1\1\0\0\0\0\1' + b'\x83'
# A whole head: POST, https, "/", and then DATA frames of one byte that do not end.
POST = b'\0\0\3\1\4\0\0\0\1' + b'\x83\x87\x84'
DATA = b'\0\0\1\0\0\0\0\0\1' + b'x'
EMPTY_CONTINUATION = b'\0\0\0\x09\0\0\0\0\1'


@pytest.fixture(scope='module')
def desk(tmp_path_factory, imported_stores):
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('slow'), 'imported', imported_stores, FLICKET_IDLE_TIMEOUT_MS=IDLE_MS)
    yield desk
    close_desk(desk)


def seconds_held(desk, start, drip, most, pause=0.1):
    """How long a connection lives on which `drip` is sent again and again."""
    began = time.monotonic()     # the gateway counts from when it has accepted
    with desk.connection() as conn:
        conn.send(start)
        while (held := time.monotonic() - began) < most:
            if conn.is_closed(within=pause):
                return held
            conn.send(drip)
    raise AssertionError(f'held for {held:.1f} s, and longer')


def held_too_long(desk, start, drip, most, least=0.0):
    """Each time, of some; never for less than `least` seconds."""
    def attempt():
        held = seconds_held(desk, start, drip, most=most + 10)
        assert held >= least
        return [held] if held > most else []
    return found_in_all(attempt)


@pytest.mark.parametrize('start, drip', [
    (b'', b''),
    (b'GET /healthz HTTP/1.1\r\n', b''),
    (b'GET /healthz HTTP/1.1\r\n', b'a'),
    (b'GET /healthz HTTP/1.1\r\nX: ', b'a'),
    (head('POST', '/flicket-api/tickets', {'Authorization': f'Bearer {ADMIN}', 'Content-Length': '9999'}), b' '),
    (head('POST', '/flicket-api/tickets', {'Authorization': f'Bearer {ADMIN}', 'Transfer-Encoding': 'chunked'}),
     b'1\r\nx\r\n'),
], ids=['nothing', 'half a head', 'a head', 'a header', 'a body', 'chunks'])
def test_a_request_that_does_not_come_to_an_end_is_given_up(desk, start, drip):
    assert not held_too_long(desk, start, drip, IDLE_MS / 1000 + 2, least=0.9)


@pytest.mark.parametrize('start, drip', [
    (PREFACE, b''), (PREFACE, PING), (PREFACE + HEADERS, EMPTY_CONTINUATION), (PREFACE + POST, DATA),
], ids=['nothing', 'pings', 'a head', 'a body'])
def test_nor_does_one_of_http_2_go_on(desk, start, drip):
    assert not held_too_long(desk, start, drip, 2 * IDLE_MS / 1000 + 3.5, least=0.9)


# -- bodies

UPLOAD = {'Authorization': f'Bearer {ADMIN}', 'Content-Type': 'multipart/form-data; boundary=b0undary'}
SLOWLY = 4 * IDLE_MS / 1000     # seconds that a body takes


def sent_slowly(desk, fields, pieces):
    """The answer to an upload whose body comes as slowly as SLOWLY says: ten times as fast as it must."""
    with desk.connection() as conn:
        conn.send(head('POST', '/flicket-api/uploads', {**UPLOAD, **fields}))
        for piece in pieces:
            time.sleep(SLOWLY / len(pieces))
            conn.send(piece)
        return conn.read_answer()


def test_a_body_that_comes_slowly_is_taken(desk, tmp_path):
    """Over HTTP/1 with a length and in chunks, and over HTTP/2: all at once, as each takes its time."""
    body = form(b'x' * 300000, ticket_id=1)
    cut = [body[at:at + 8000] for at in range(0, len(body), 8000)]
    chunks = [b'%x\r\n%s\r\n' % (len(c), c) for c in cut]
    curl = upload_over_http2(desk.port, ADMIN, tmp_path / 'a.txt', '500K')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(sent_slowly, desk, {'Content-Length': len(body)}, cut),
                   pool.submit(sent_slowly, desk, {'Transfer-Encoding': 'chunked'}, [*chunks, b'0\r\n\r\n'])]
        for answer in answers:
            expect(answer.result(), 201)
    assert curl.communicate(timeout=60)[0] == '2 201'


@pytest.mark.parametrize('start, drip', [
    (head('POST', '/flicket-api/uploads', {**UPLOAD, 'Content-Length': 9999999}), b'x' * 200),
    (PREFACE + POST, (b'\0\0\xc8' + DATA[3:9] + b'x' * 200)),
], ids=['HTTP 1', 'HTTP 2'])
def test_one_that_comes_more_slowly_than_it_must_is_given_up(desk, start, drip):
    """2 kB a second, after a beginning that may well be one of a body that comes fast."""
    assert not held_too_long(desk, start, drip, 4 * IDLE_MS / 1000 + 5)


def test_who_keeps_asking_is_kept(desk):
    with desk.connection() as conn:
        end = time.monotonic() + 2 * IDLE_MS / 1000 + 2
        while time.monotonic() < end:
            expect(conn.exchange(head('GET', '/healthz')), 200)
            time.sleep(IDLE_MS / 4000)
        assert conn.is_usable()


def test_connections_beyond_the_bound_wait_for_one_that_ends(desks):
    """Where all are busy: with a request that is on its way."""
    desk = desks('new', FLICKET_MAX_CONNECTIONS=16, FLICKET_IDLE_TIMEOUT_MS=60000)
    held = []
    try:
        for _ in range(16):
            held.append(Connection(desk.port, timeout=20))
            held[-1].send(head('GET', '/healthz'))
            expect(held[-1].read_answer(), 200)
            held[-1].send(head('GET', '/healthz')[:-2])
        with Connection(desk.port, timeout=2) as late:
            late.send(head('GET', '/healthz'))
            with pytest.raises(NoAnswer):
                late.read_answer()
            # Those that are there are served; and so is the late one when one of them ends.
            expect(held[3].exchange(b'\r\n'), 200)
            held[3].send(head('GET', '/healthz')[:-2])
            held.pop().close()
            late.sock.settimeout(20)
            expect(late.read_answer(), 200)
        assert (desk.folder / 'gateway.log').read_text().count('as many as there may be are open') == 1
    finally:
        for conn in held:
            conn.close()
    with Client(desk.port) as c:
        assert wait_until(lambda: c.log_in('admin', ADMIN_PASSWORD).status == 200, 10, 'all is well again')


# --- who takes nothing, and who is not there any more ----------------------------------------------------------

TCP_REPAIR = 19         # linux/tcp.h: a socket that is closed without a word
LIMIT_S = 2 * IDLE_MS / 1000 + 1        # docs/operations.md
LISTS = head('GET', '/flicket-api/tickets/?per_page=50', {'Authorization': f'Bearer {ADMIN}'}) * 300
WHOLE = head('GET', '/flicket-api/tickets/?per_page=50', {'Authorization': f'Bearer {ADMIN}'})


def count_of(desk):
    """Connections that the gateway has open, but for the one that asks."""
    with Client(desk.port) as c:
        text = c.get('/metrics').body.decode()
    return int(next(line for line in text.splitlines() if line.startswith('flicket_http_connections ')).split()[1]) - 1


def wait_alone(desk, what):
    wait_until(lambda: count_of(desk) == 0, 2 * LIMIT_S + 3, what)


@pytest.fixture
def alone(desk):
    wait_alone(desk, 'what came before is gone')
    return desk


def connect_small(desk):
    """A connection with little room for what comes."""
    conn = desk.connection()
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    return conn


def vanish(conn):
    """As if its machine was cut off from one moment to the next: nothing is said to the other side."""
    try:
        conn.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        pytest.skip('only root can leave without a word')
    conn.close()


def test_who_takes_nothing_of_an_answer_is_given_up(alone):
    with connect_small(alone) as conn:
        conn.send(LISTS)
        time.sleep(IDLE_MS / 2000)
        assert count_of(alone) == 1
        wait_alone(alone, 'its connection is ended')


def test_nor_is_who_opens_no_window(alone):
    from test_http2_floods import END_HEADERS, END_STREAM, HEADERS, SETTINGS, WINDOW_OF_0, frame, get, streams
    with alone.connection() as conn:
        conn.send(PREFACE + frame(SETTINGS, WINDOW_OF_0) + b''.join(
            frame(HEADERS, get('/flicket-api/tickets/?per_page=50'), s, END_STREAM | END_HEADERS)
            for s in streams(count=50)))
        time.sleep(IDLE_MS / 2000)
        assert count_of(alone) == 1
        wait_alone(alone, 'its connection is ended')


def test_who_takes_an_answer_slowly_gets_all_of_it(alone):
    """Many, with pauses shorter than the limit; a try in which the machine made them longer does not count."""
    def attempt():
        longest = 0.0
        try:
            with alone.connection() as conn:
                conn.send(LISTS)
                for i in range(300):
                    began = time.monotonic()
                    expect(conn.read_answer(), 200)
                    if i % 75 == 0:
                        time.sleep(IDLE_MS / 2000)
                    longest = max(longest, time.monotonic() - began)
                assert conn.is_usable()
        except NoAnswer:
            if longest < IDLE_MS / 1000:
                raise
            return [longest]
        return []

    assert not found_in_all(attempt)


@pytest.mark.parametrize('start', [
    b'', WHOLE[:-2], WHOLE, LISTS,
    head('POST', '/flicket-api/tickets', {'Authorization': f'Bearer {ADMIN}', 'Content-Length': '9999'}) + b'{',
    PREFACE, PREFACE + HEADERS, PREFACE + POST + DATA,
], ids=['nothing', 'half a head', 'a request', 'many requests', 'half a body', 'HTTP 2', 'HTTP 2, half a head',
        'HTTP 2, half a body'])
def test_who_is_not_there_any_more_is_forgotten(alone, start):
    conn = alone.connection()
    conn.send(start)
    wait_until(lambda: count_of(alone) == 1, 5, 'it is there')
    vanish(conn)
    wait_alone(alone, 'it is forgotten')
