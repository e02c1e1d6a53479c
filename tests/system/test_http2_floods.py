"""What HTTP/2 lets a client ask for without end: memory stays under its bound, and others are served."""
import contextlib
import re
import select
import struct

import pytest

from fixtures import close_desk, open_desk
from desk import ADMIN, is_sanitized, wait_until
from test_overload import LITTLE, LITTLE_MB, Watch, report
from test_slow_clients import PREFACE
from wire import Client, Connection, expect

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
WINDOW_OF_0 = struct.pack('>HI', 4, 0)
LENGTH_MOST = 16384
ATTACKERS = 8


@pytest.fixture(scope='module')
def desk(tmp_path_factory, imported_stores):
    desk = open_desk(tmp_path_factory.mktemp('floods'), 'imported', imported_stores)
    yield desk
    close_desk(desk)


def frame(kind, payload=b'', stream=0, flags=0):
    return struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + payload


def number(prefix, bits, n):
    """An integer of HPACK (RFC 7541, 5.1)."""
    most = (1 << bits) - 1
    if n < most:
        return bytes([prefix | n])
    out, n = [prefix | most], n - most
    while n >= 128:
        out.append(n % 128 | 128)
        n //= 128
    return bytes([*out, n])


def text(s):
    return number(0, 7, len(s)) + s


def get(path, token=ADMIN):
    """A header block: GET, http, path, Authorization; nothing is put into the table."""
    return b'\x82\x86' + number(0, 4, 4) + text(path.encode()) + number(0, 4, 23) + text(f'Bearer {token}'.encode())


def streams(first=1, count=1 << 30):
    return range(first, first + 2 * count, 2)


def resets():
    block = get('/flicket-api/ticket/1')
    for s in streams(count=20000):
        yield frame(HEADERS, block, s, END_STREAM | END_HEADERS) + frame(RST_STREAM, bytes(4), s)


def pings():
    for _ in range(300):
        yield frame(PING, b'12345678') * 1000


def settings():
    for _ in range(500):
        yield frame(SETTINGS, WINDOW_OF_0) * 1000


def windows():
    for _ in range(300):
        yield frame(WINDOW_UPDATE, bytes([0, 0, 0, 1])) * 1000


def priorities():
    for s in streams(count=50000):
        yield frame(PRIORITY, struct.pack('>IB', 0, 16), s)


def changes_of_priorities():
    for _ in range(20000):
        for s in streams(count=5):
            yield frame(PRIORITY, struct.pack('>IB', 0, 16), s)


def unknown():
    for kind in range(10, 256):
        yield frame(kind, b'x' * 10, kind % 7, kind) * 2000


def goaways():
    for _ in range(200):
        yield frame(GOAWAY, bytes(8)) * 1000


def acknowledgements():
    for _ in range(200):
        yield frame(SETTINGS, b'', 0, ACK) * 1000 + frame(PING, bytes(8), 0, ACK) * 1000


def refusals():
    """Requests that libh2o itself resets: no path, or a body after their end (CVE-2025-8671)."""
    for s in streams(count=20000):
        yield frame(HEADERS, b'\x82\x86', s, END_STREAM | END_HEADERS)


def crumbs():
    yield frame(HEADERS, b'\x83\x86\x84', 1, END_HEADERS)
    for _ in range(500):
        yield frame(DATA, b'x', 1) * 500 + frame(DATA, b'\x1f' + bytes(31), 1, PADDED) * 500


def empty_data():
    yield frame(HEADERS, b'\x83\x86\x84', 1, END_HEADERS)
    for _ in range(500):
        yield frame(DATA, b'', 1) * 1000


def ends():
    """Of a stream that has ended: libh2o answers each with a reset."""
    yield frame(HEADERS, get('/healthz'), 1, END_STREAM | END_HEADERS)
    for _ in range(300):
        yield frame(DATA, b'', 1, END_STREAM) * 1000


def late_data():
    yield frame(HEADERS, get('/healthz'), 1, END_STREAM | END_HEADERS)
    for _ in range(300):
        yield frame(DATA, b'x' * 16, 1) * 1000


def continuations():
    for s in streams(count=20):
        yield frame(HEADERS, b'\x82\x86\x84', s)
        yield frame(CONTINUATION, b'\0' * LENGTH_MOST, s) * 100


def tables():
    """A header of 4,000 bytes goes into the table, and is named again and again: 200,000 fields in 100 streams each."""
    yield frame(HEADERS, b'\x83\x86\x84\x40' + text(b'x') + text(b'y' * 4000), 1, END_HEADERS)
    for s in streams(3, 99):
        yield frame(HEADERS, b'\x83\x86\x84', s)
        yield frame(CONTINUATION, b'\xbe' * LENGTH_MOST, s) * 11
        yield frame(CONTINUATION, b'\xbe' * LENGTH_MOST, s, END_HEADERS)


def bodies():
    """All the bodies that there may be at once, none of which ends."""
    for s in streams(count=100):
        yield frame(HEADERS, b'\x83\x86\x84', s, END_HEADERS)
    for _ in range(100):
        for s in streams(count=100):
            yield frame(DATA, bytes(LENGTH_MOST), s)


def answers():
    """All the answers that there may be, and no window for them."""
    yield frame(SETTINGS, WINDOW_OF_0)
    for s in streams(count=100):
        yield frame(HEADERS, get('/openapi.json' if s % 4 == 1 else '/flicket-api/tickets/?per_page=50'), s,
                    END_STREAM | END_HEADERS)


CHEAP = [resets, pings, settings, windows, changes_of_priorities, empty_data, unknown, goaways, acknowledgements, refusals,
         crumbs, ends, late_data]
FLOODS = [*CHEAP, priorities, continuations, tables, bodies, answers]


def attack(conn, pieces):
    """Send until it is over, or the peer has had enough or takes no more."""
    conn.sock.settimeout(1.0)
    sent = 0
    with contextlib.suppress(OSError):
        conn.sock.sendall(PREFACE)
        for piece in pieces:
            conn.sock.sendall(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize('flood', FLOODS, ids=[f.__name__ for f in FLOODS])
def test_a_flood_of_frames_is_borne(desks, flood):
    desk = desks('imported', **LITTLE)
    with contextlib.ExitStack() as stack, Watch(desk) as watch:
        sent = 0
        for _ in range(ATTACKERS):
            conn = stack.enter_context(Connection(desk.port))
            sent += attack(conn, flood())
        with Client(desk.port, ADMIN) as c:
            wait_until(lambda: c.get('ticket/1').status == 200, 20, 'others are served')
    assert sent > 1000
    if not is_sanitized():
        watch.check(LITTLE_MB)
    with Client(desk.port, ADMIN) as c:
        expect(c.get('ticket/1'), 200)
    report(f'HTTP/2, {flood.__name__}', **{'sent (MB)': round(sent / 1e6), 'memory of the gateway (MB, most)':
                                           round(watch.most_mb.get('gateway', 0))})


# --- what asks for nothing -------------------------------------------------------------------------------------

ENHANCE_YOUR_CALM = 11


def received(conn, seconds):
    """What comes until the peer ends it: (kind, payload) of frames. None: it does not."""
    conn.sock.settimeout(seconds)
    got = b''
    try:
        while data := conn.sock.recv(65536):
            got += data
    except ConnectionError:
        pass
    except TimeoutError:
        return None
    found = []
    while len(got) >= 9:
        length = int.from_bytes(got[:3], 'big')
        found.append((got[3], got[9:9 + length]))
        got = got[9 + length:]
    return found


def next_frame(conn):
    """(kind, flags, payload)"""
    while len(conn.buffer) < 9 or len(conn.buffer) < 9 + int.from_bytes(conn.buffer[:3], 'big'):
        assert conn.more(), 'closed'
    end = 9 + int.from_bytes(conn.buffer[:3], 'big')
    found, conn.buffer = (conn.buffer[3], conn.buffer[4], conn.buffer[9:end]), conn.buffer[end:]
    return found


def floods_counted(desk):
    with Client(desk.port) as c:
        found = re.findall(r'^flicket_http_floods_total (\d+)$', c.get('/metrics').body.decode(), re.M)
    return int(found[0]) if found else 0


def send_reading(conn, pieces):
    """Send while what comes is read, until all is sent or the peer has had enough."""
    conn.sock.setblocking(False)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            left = memoryview(piece)
            while left:
                readable, writable, _ = select.select([conn.sock], [conn.sock], [], 60)
                if readable:
                    data = conn.sock.recv(1 << 20)
                    if not data:
                        return
                if writable:
                    with contextlib.suppress(BlockingIOError):
                        left = left[conn.sock.send(left):]


@pytest.mark.parametrize('flood', CHEAP, ids=[f.__name__ for f in CHEAP])
def test_who_asks_for_nothing_is_told_so_and_closed(desk, flood):
    """Each kind of frame, from one connection that reads what comes: closed, counted, and not a line of libh2o's."""
    before, written = floods_counted(desk), len(desk.logs(most=10 ** 8))
    with Connection(desk.port) as conn:
        send_reading(conn, [PREFACE, *flood()])
        conn.sock.setblocking(True)
        assert received(conn, 60) is not None, 'the connection is still open'
    assert floods_counted(desk) == before + 1
    assert len(desk.logs(most=10 ** 8)) - written < 2000
    with Client(desk.port, ADMIN) as c:
        expect(c.get('ticket/1'), 200)


def test_a_flood_s_end_says_why(desk):
    """Some at a time, so that nothing is left unread when the connection is closed: that would be a reset."""
    some = frame(SETTINGS, WINDOW_OF_0) * 100
    with Connection(desk.port, timeout=60) as conn:
        conn.send(PREFACE)
        for _ in range(1000):
            conn.send(some)
            acknowledged = 0
            while acknowledged < 100:
                kind, flags, payload = next_frame(conn)
                if kind == GOAWAY:
                    assert int.from_bytes(payload[4:8], 'big') == ENHANCE_YOUR_CALM
                    return
                acknowledged += kind == SETTINGS and flags == ACK
    raise AssertionError('nobody minds')


def test_unknown_kinds_are_passed_over(desk):
    """RFC 9113, 5.5: a client may send what we do not know, before, between and after its requests."""
    written = len(desk.logs(most=10 ** 8))
    with Connection(desk.port, timeout=60) as conn:
        conn.send(PREFACE + b''.join(frame(kind, b'x' * (kind % 50), 0, 255) for kind in range(10, 256)))
        for s in streams(count=20):
            conn.send(frame(0x10, b'\0\0\0\1u=1', 0) + frame(HEADERS, b'\x83\x86\x84', s, END_HEADERS)
                      + frame(0xfe, b'x', s) + frame(DATA, b'{}', s, END_STREAM) + frame(0xa, b'', s))
        kinds = []
        while kinds.count(HEADERS) < 20:
            kinds.append(next_frame(conn)[0])
        conn.send(frame(PING, b'12345678'))
        while kinds[-1] != PING:
            kinds.append(next_frame(conn)[0])
    assert GOAWAY not in kinds and RST_STREAM not in kinds
    assert len(desk.logs(most=10 ** 8)) == written


def test_unknown_kinds_are_no_way_around_the_rules(desk):
    """Between a head and its continuation, and in the place of the first settings, they are errors as ever."""
    for pieces in ([PREFACE, frame(HEADERS, b'\x82', 1), frame(0xfe, b'', 1), frame(CONTINUATION, b'\x86\x84', 1, END_HEADERS)],):
        with Connection(desk.port) as conn:
            conn.send(b''.join(pieces))
            told = received(conn, 60)
        assert [kind for kind, _ in told if kind in (HEADERS, GOAWAY)] == [GOAWAY]


def test_who_asks_much_may_send_much(desk):
    """Ten thousand requests of one connection, with what clients send besides, and a long body in small pieces."""
    block = b'\x82\x86' + number(0, 4, 4) + text(b'/healthz')
    with Connection(desk.port, timeout=60) as conn:
        conn.send(PREFACE)
        last = 1
        for first in range(1, 20001, 100):
            conn.send(b''.join(frame(HEADERS, block, s, END_STREAM | END_HEADERS) + frame(WINDOW_UPDATE, bytes([0, 0, 0, 19]))
                               + frame(0x10, b'\0\0\0\1u=1', 0) for s in range(first, first + 100, 2)))
            last = first + 98
            ended = 0
            while ended < 50:
                kind, flags, _ = next_frame(conn)
                ended += kind in (DATA, HEADERS) and bool(flags & END_STREAM)
                assert kind != GOAWAY
        s = last + 2
        conn.send(frame(HEADERS, b'\x83\x86\x84', s, END_HEADERS) + frame(DATA, b'x' * 16, s) * 30000
                  + frame(DATA, b'', s, END_STREAM))
        while (kind := next_frame(conn)[0]) != HEADERS:
            assert kind not in (GOAWAY, RST_STREAM)
