"""What HTTP/2 lets a client ask for without end: memory stays under its bound, and others are served."""
import contextlib
import struct

import pytest

from desk import ADMIN, is_sanitized, wait_until
from test_overload import LITTLE, LITTLE_MB, Watch, report
from test_slow_clients import PREFACE
from wire import Client, Connection, expect

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4
WINDOW_OF_0 = struct.pack('>HI', 4, 0)
LENGTH_MOST = 16384
ATTACKERS = 8


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


def empty_data():
    yield frame(HEADERS, b'\x83\x86\x84', 1, END_HEADERS)
    for _ in range(500):
        yield frame(DATA, b'', 1) * 1000


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


FLOODS = [resets, pings, settings, windows, priorities, empty_data, continuations, tables, bodies, answers]


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
