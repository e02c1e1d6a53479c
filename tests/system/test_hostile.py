"""HTTP that no client means well with: whatever comes, it is refused or closed, others go on, and memory is bounded.

test_http.py, test_bodies.py and test_slow_clients.py have the single faults of otherwise good requests; here are
floods, smuggling, HTTP/2 frame by frame, and what a seeded mutator makes of the recorded requests.
"""
import json
import random
import re
import select
import socket
import struct
import time
from pathlib import Path

import pytest

from desk import ADMIN, REPO, is_sanitized
from wire import Client, Connection, NoAnswer, head

MOST_GROWTH_KB = 96 * 1024 * (4 if is_sanitized() else 1)     # of the gateway, by one test
CASES = REPO / 'tests' / 'contract' / 'cases.json'
SMUGGLED = b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'
MUTANTS = 1500
AUTH = b'Authorization: Bearer ' + ADMIN.encode() + b'\r\n'


@pytest.fixture(scope='module')
def desk(tmp_path_factory, imported_stores):
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('hostile'), 'imported', imported_stores, FLICKET_IDLE_TIMEOUT_MS=2000,
                     FLICKET_RATE_LIMIT=0)
    yield desk
    close_desk(desk)


def resident_kb(desk):
    status = Path(f'/proc/{desk.processes["gateway"].popen.pid}/status').read_text()
    return int(re.search(r'^VmRSS:\s+(\d+)', status, re.M)[1])


@pytest.fixture(autouse=True)
def others_go_on(desk):
    """A client that was there before is served afterwards, and so is a new one; nothing died, nothing grew."""
    before = resident_kb(desk)
    with Client(desk.port, ADMIN) as c:
        assert c.get('ticket/2').status == 200
        yield
        assert c.get('ticket/2').status == 200
    with Client(desk.port, ADMIN) as c:
        began = time.monotonic()
        assert c.get('tickets/').status == 200
        assert time.monotonic() - began < 5
    desk.check_running()
    assert resident_kb(desk) - before < MOST_GROWTH_KB
    assert not desk.faults()


def talk(port, data, within=6.0, quiet=0.3):
    """Send bytes and nothing more; all that comes back until the connection ends. When nothing comes for `quiet`
    seconds we say that we are done: before, a gateway would rightly drop what it was asked for."""
    with socket.create_connection(('127.0.0.1', port), timeout=within) as s:
        got, told = b'', False
        try:
            s.sendall(data)
            while True:
                if not told and not select.select([s], [], [], quiet)[0]:
                    s.shutdown(socket.SHUT_WR)
                    told = True
                more = s.recv(65536)
                if not more:
                    break
                got += more
        except (ConnectionError, TimeoutError):
            pass
    return got


def statuses(got):
    return [int(s) for s in re.findall(rb'^HTTP/1\.[01] (\d{3}) ', got, re.M)]


def refused(port, data):
    """Answered with nothing but 4xx, or with nothing; returns the statuses."""
    found = statuses(talk(port, data))
    assert all(400 <= s < 500 for s in found), found
    return found


@pytest.mark.parametrize('line', [
    b'', b' ', b'GET', b'GET ', b'GET /', b'GET  / HTTP/1.1', b'GET / HTTP/1.1 x', b'GET / HTTP/9.9', b'GET / HTTP/1.',
    b'GET / HTTP/0.9', b'GET / http/1.1', b'GET / XTTP/1.1', b'G\0T / HTTP/1.1', b'G\xffT / HTTP/1.1',
    b'GET /\0 HTTP/1.1', b'GET /\x01 HTTP/1.1', b'GET /\x7f HTTP/1.1', b'GET /a b HTTP/1.1', b'GET\t/\tHTTP/1.1',
    b'(GET) / HTTP/1.1', b'GET /\rX: y HTTP/1.1', b': HTTP/1.1', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    b'SSH-2.0-OpenSSH_9.2', b'*1\r\n$4\r\nPING', b'CONNECT example.org:443 HTTP/1.1', b'TRACE / HTTP/1.1',
    b'GET http://[::1 HTTP/1.1', b'GET /flicket-api/../../etc/passwd HTTP/1.1',
    b'GET /uploads/..%2f..%2fstores%2fuser%2fuser.db HTTP/1.1', b'GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1',
    b'GET /flicket-api/ticket/%0d%0aSet-Cookie:%20a=b HTTP/1.1', b'GET /flicket-api/ticket/1%00 HTTP/1.1',
    b'GET /flicket-api/user/%zz HTTP/1.1', b'GET /flicket-api/user/% HTTP/1.1', b'GET /flicket-api/user/%c3%28 HTTP/1.1',
    b'A' * 100000 + b' / HTTP/1.1', b'GET /' + b'a' * 100000 + b' HTTP/1.1', b'GET /flicket-api/?' + b'%' * 3000 + b' HTTP/1.1',
], ids=lambda line: repr(line[:40])[2:-1])
def test_bad_request_lines(desk, line):
    got = talk(desk.port, line + b'\r\nHost: localhost\r\n' + AUTH + b'\r\n')
    assert all(400 <= s < 500 for s in statuses(got)), got[:300]
    assert b'Set-Cookie' not in got and b'root:' not in got and b'SQLite format' not in got


def post(*fields, body=b'{}'):
    return b'POST /flicket-api/tickets HTTP/1.1\r\nHost: localhost\r\n' + AUTH + b'Content-Type: application/json\r\n' \
        + b''.join(f + b'\r\n' for f in fields) + b'\r\n' + body


@pytest.mark.parametrize('fields, body', [
    ((b'Content-Length: 2', b'Transfer-Encoding: chunked'), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: chunked', b'Content-Length: 2'), b'0\r\n\r\n' + SMUGGLED),
    ((b'Content-Length: 2', b'Content-Length: 2'), b'{}' + SMUGGLED),
    ((b'Content-Length: 2', b'Content-Length: 0'), SMUGGLED),
    ((b'Content-Length: 2, 2',), b'{}' + SMUGGLED),
    ((b'Content-Length: +2',), b'{}' + SMUGGLED),
    ((b'Content-Length: 0x2',), b'{}' + SMUGGLED),
    ((b'Content-Length: -1',), SMUGGLED),
    ((b'Content-Length: 99999999999999999999',), SMUGGLED),
    ((b'Content-Length: 18446744073709551618',), b'{}' + SMUGGLED),
    ((b'Content-Length: 2\x0b',), b'{}' + SMUGGLED),
    ((b'Content-Length : 2',), b'{}' + SMUGGLED),
    ((b' Content-Length: 2',), b'{}' + SMUGGLED),
    ((b'X: y', b' Content-Length: 2'), b'{}' + SMUGGLED),
    ((b'Transfer-Encoding:\r\n chunked',), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: chunked, identity',), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: xchunked',), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: chunked', b'Transfer-Encoding: identity'), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: identity', b'Transfer-Encoding: chunked'), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: \x0bchunked',), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding : chunked',), b'0\r\n\r\n' + SMUGGLED),
    ((b'Transfer-Encoding: gzip, chunked',), b'0\r\n\r\n' + SMUGGLED),
], ids=lambda v: repr(b'|'.join(v))[2:60] if isinstance(v, tuple) else '')
def test_no_request_is_smuggled(desk, fields, body):
    """Bodies of doubtful length: what comes behind is never taken for a request."""
    refused(desk.port, post(*fields, body=body))


@pytest.mark.parametrize('chunks', [
    b'x\r\n{}\r\n0\r\n\r\n', b'-2\r\n{}\r\n0\r\n\r\n', b'0x2\r\n{}\r\n0\r\n\r\n', b'2 \r\n{}\r\n0\r\n\r\n',
    b'ffffffffffffffff\r\n{}\r\n0\r\n\r\n', b'10000000000000002\r\n{}\r\n0\r\n\r\n', b'2\r\n{}0\r\n\r\n',
    b'2\r\n{}x\r\n0\r\n\r\n', b'\r\n{}\r\n0\r\n\r\n', b'2;' + b'a' * 200000 + b'\r\n{}\r\n0\r\n\r\n',
    b'2\n{}\n0\n\n', b'2;a=b\r\n{}\r\n0\r\n\r\n', b'2;a="\r\n\r\n"\r\n{}\r\n0\r\n\r\n', b'1\r\n{\r\n' * 20000,
    b'2\r\n{}\r\n0\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n',
    b'2\r\n{}\r\n0\r\n' + b'X: y\r\n' * 50000 + b'\r\n',
], ids=lambda c: repr(c[:30])[2:-1])
def test_bad_chunks(desk, chunks):
    """"{}" is a ticket without a title: 400 as well where the chunks are right."""
    refused(desk.port, post(b'Transfer-Encoding: chunked', body=chunks))


@pytest.mark.parametrize('field', [
    b'X: a\0b', b'X\0: a', b'X: a\rb', b'X y: a', b': a', b'X', b'\xff\xfe: a', b'X: \x01', b'X: ' + b'a' * 200000,
    b'a' * 200000 + b': x', b'\r\n'.join(b'X%d: y' % n for n in range(5000)), b'X: y\r\n  folded', b'X: y\r\n\tfolded',
    b'Cookie: ' + b'a=b; ' * 50000, b'Host: other', b'Authorization: Bearer \xff\xff', b'If-Match: ' + b'"a",' * 3000,
    b'Range: bytes=' + b'0-1,' * 3000, b'Accept: ' + b'*/*,' * 3000, b'Idempotency-Key: \xf0\x28\x8c\x28',
    b'X-Request-Id: a\nforged line', b'traceparent: 00-' + b'\xff' * 50, b'Expect: 200-maybe', b'Upgrade: h2c',
    b'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: ////', b'Forwarded: for="' + b'[' * 3000,
    b'X-Forwarded-For: ' + b'1.2.3.4, ' * 800, b'Content-Encoding: gzip', b'Accept-Encoding: ' + b'gzip;q=0.1,' * 900,
], ids=lambda f: repr(f[:40])[2:-1])
def test_strange_headers(desk, field):
    got = talk(desk.port, b'GET /flicket-api/ticket/2 HTTP/1.1\r\nHost: localhost\r\n' + AUTH + field + b'\r\n\r\n')
    assert all(s in (101, 200) or 400 <= s < 500 for s in statuses(got)), got[:300]


def test_headers_are_not_split_by_what_clients_send(desk):
    """Nothing of a request becomes a header or a line of its own in an answer or a log."""
    evil = '%0d%0aX-Evil:%20yes'
    for path in (f'tickets/?sort={evil}', f'user/{evil}', f'tickets/?cursor={evil}', f'uploads/{evil}',
                 f'tickets.csv?status={evil}', evil):
        got = talk(desk.port, head('GET', f'/flicket-api/{path}', {'Authorization': f'Bearer {ADMIN}',
                                                                    'X-Request-Id': 'a%0d%0aX-Evil: yes'}))
        heads = b'\r\n'.join(part.split(b'\r\n\r\n')[0] for part in got.split(b'HTTP/1.1 ')[1:])
        assert not re.search(rb'^x-evil', heads, re.M | re.I), got[:500]
    assert '\nX-Evil' not in desk.logs(most=10 ** 7)


def nested(depth, opening='{"title":', closing='}'):
    return (opening * depth + '1' + closing * depth).encode()


def digits(length):
    return b'{"title":"a title","content":"a content","category_id":' + b'9' * length + b',"ticket_priority_id":1}'


@pytest.mark.parametrize('body', [
    nested(100000), nested(200000, '[', ']'), b'[' * 1000000, b'{"a":' * 200000, digits(20), digits(400),
    digits(900000), b'{"title":1e999999999}', b'{"title":-1e-999999999}', b'{"hours":1e308,"title":1e308}',
    b'{' + b','.join(b'"title":"aaa"' for _ in range(60000)) + b'}', b'{' + b','.join(b'"k%d":1' % n for n in
    range(70000)) + b'}', b'"' + b'\\u0000' * 100000 + b'"', b'{"title":"' + b'\\ud800' * 1000 + b'"}',
    b'{"title":"\xed\xa0\x80"}', b'{"title":"\xc0\xaf"}', b'\xff\xfe{\0}\0', b'\xef\xbb\xbf' * 1000, b'\0' * 900000,
    b'{"title":' + b' ' * 900000 + b'"a"}', b'{"\\u0000":1}', b'{"title":"a' + b'\xf4\x90\x80\x80' * 100 + b'"}',
    b'{"title":Infinity}', b'{"title":NaN}', b"{'title':1}", b'{"title":"a"}{"title":"b"}',
], ids=lambda b: f'{repr(b[:24])[2:-1]}…{len(b)}')
def test_json_that_is_none_or_too_much(desk, body):
    found = refused(desk.port, post(b'Content-Length: %d' % len(body), b'Connection: close', body=body))
    assert found in ([400], [413]), found


def test_many_pipelined_requests(desk):
    """Thousands at once, half of them wrong in what they ask: each gets its answer, in its place."""
    good = head('GET', '/healthz')
    bad = head('GET', '/flicket-api/ticket/99999999', {'Authorization': f'Bearer {ADMIN}'})
    with Connection(desk.port, timeout=60) as conn:
        for _ in range(10):
            conn.send((good + bad) * 100)
            for _ in range(100):
                assert conn.read_answer().status == 200
                assert conn.read_answer().status == 404


def test_pipelining_without_reading(desk):
    """Who asks for lists and reads none of them is ended, or waits; it is not kept in memory without bound."""
    one = head('GET', '/flicket-api/tickets/?per_page=100', {'Authorization': f'Bearer {ADMIN}'})
    clients = [socket.create_connection(('127.0.0.1', desk.port)) for _ in range(20)]
    try:
        for s in clients:
            s.setblocking(False)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for s in select.select([], clients, [], 0.1)[1]:
                try:
                    s.send(one * 50)
                except (BlockingIOError, ConnectionError):
                    pass
            time.sleep(0.01)
    finally:
        for s in clients:
            s.close()


# --- HTTP/2 ----------------------------------------------------------------------------------------------------------

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 1, 4, 8


def frame(kind, flags=0, stream=0, payload=b'', length=None):
    return struct.pack('>I', len(payload) if length is None else length)[1:] + bytes((kind, flags)) \
        + struct.pack('>I', stream) + payload


def literal(name, value):
    def text(t):
        if len(t) < 127:
            return bytes((len(t),)) + t
        n, out = len(t) - 127, b'\x7f'
        while n > 127:
            out, n = out + bytes((n & 127 | 128,)), n >> 7
        return out + bytes((n,)) + t
    return b'\0' + text(name) + text(value)


# :method GET, :scheme http, :path "/", :authority
GET = b'\x82\x86\x84' + literal(b':authority', b'localhost')
START = PREFACE + frame(SETTINGS)


def get(stream, end=END_STREAM | END_HEADERS, extra=b''):
    return frame(HEADERS, end, stream, GET + extra)


def flood(port, start, pieces, within=8.0):
    """Send `start` and then the pieces, reading what comes, until they are sent or the peer ends it; what came."""
    got = b''
    with socket.create_connection(('127.0.0.1', port), timeout=within) as s:
        s.setblocking(False)
        left, end = memoryview(start + b''.join(pieces)), time.monotonic() + within
        try:
            while time.monotonic() < end:
                readable, writable, _ = select.select([s], [s] if left else [], [], 0.5)
                if writable:
                    left = left[s.send(left[:65536]):]
                if readable:
                    data = s.recv(65536)
                    if not data:
                        break
                    got += data
                elif not writable and not left:
                    break
        except (BlockingIOError, ConnectionError):
            pass
    return got


def frames_in(got):
    """(kind, flags, stream, payload) of the frames that came."""
    found = []
    while len(got) >= 9:
        length = int.from_bytes(got[:3], 'big')
        found.append((got[3], got[4], int.from_bytes(got[5:9], 'big'), got[9:9 + length]))
        got = got[9 + length:]
    return found


def test_http_2_by_hand_is_right(desk):
    """The frames of this file are understood where they are right: else the tests below prove nothing."""
    kinds = [f[0] for f in frames_in(flood(desk.port, START, [get(1)], within=3))]
    assert SETTINGS in kinds and HEADERS in kinds and DATA in kinds and GOAWAY not in kinds


FLOODS = {
    'settings': [frame(SETTINGS, 0, 0, struct.pack('>HI', 4, 65535))] * 50000,
    'acks of settings': [frame(SETTINGS, 1)] * 50000,
    'pings': [frame(PING, 0, 0, b'12345678')] * 50000,
    'resets': [get(n) + frame(RST, 0, n, struct.pack('>I', 8)) for n in range(1, 40000, 2)],
    'resets of nothing': [frame(RST, 0, 1, struct.pack('>I', 8))] * 20000,
    'streams that stay open': [get(n, END_HEADERS) for n in range(1, 20000, 2)],
    'empty continuations': [get(1, 0)] + [frame(CONTINUATION, 0, 1)] * 100000,
    'continuations': [get(1, 0)] + [frame(CONTINUATION, 0, 1, literal(b'x', b'y' * 1000) * 15)] * 1000,
    'headers': [get(1, END_STREAM | END_HEADERS, literal(b'x', b'y' * 100) * 100)] * 100,
    # a header of 4000 bytes put into the table, and then named again and again by one byte
    'a bomb': [get(1, END_STREAM, b'\x40' + literal(b'x', b'y' * 3900)[1:])]
              + [frame(CONTINUATION, 0, 1, b'\xbe' * 16000)] * 50 + [frame(CONTINUATION, END_HEADERS, 1)],
    'table sizes': [frame(HEADERS, END_STREAM | END_HEADERS, n, b'\x3f\xe1\x1f\x20' * 4000 + GET)
                    for n in range(1, 100, 2)],
    'empty data': [get(1, END_HEADERS)] + [frame(DATA, 0, 1)] * 100000,
    'padding': [get(1, END_HEADERS)] + [frame(DATA, PADDED, 1, b'\xff' + bytes(255))] * 5000,
    'priorities': [frame(PRIORITY, 0, n, struct.pack('>IB', n + 2, 1)) for n in range(1, 100000, 2)],
    'windows': [frame(WINDOW, 0, 0, struct.pack('>I', 1))] * 100000,
    'windows too wide': [frame(WINDOW, 0, 0, struct.pack('>I', 2 ** 31 - 1))] * 10,
    'windows of nothing': [get(1)] + [frame(SETTINGS, 0, 0, struct.pack('>HI', 4, 0))] + [get(n) for n in
                                                                                       range(3, 2000, 2)],
    'unknown kinds': [frame(kind, 255, 1, b'x' * 100) for kind in range(10, 255)] * 40,
}


@pytest.mark.parametrize('name', FLOODS)
def test_floods_of_http_2(desk, name):
    got = flood(desk.port, START, FLOODS[name])
    assert b'Internal Server Error' not in got


@pytest.mark.parametrize('pieces', [
    [frame(DATA, 0, 0, b'x')], [frame(DATA, 0, 1, b'x')], [frame(HEADERS, END_HEADERS, 0, GET)],
    [frame(HEADERS, END_HEADERS, 2, GET)], [get(3), get(1)], [frame(CONTINUATION, END_HEADERS, 1, GET)],
    [get(1, 0), frame(PING, 0, 0, b'12345678')], [frame(SETTINGS, 0, 1)], [frame(SETTINGS, 1, 0, b'x' * 6)],
    [frame(SETTINGS, 0, 0, b'x')], [frame(SETTINGS, 0, 0, struct.pack('>HI', 5, 1))],
    [frame(SETTINGS, 0, 0, struct.pack('>HI', 4, 2 ** 31))], [frame(PING, 0, 0, b'x')], [frame(RST, 0, 0, bytes(4))],
    [frame(RST, 0, 1, b'x')], [frame(WINDOW, 0, 0, bytes(4))], [frame(WINDOW, 0, 0, b'x')], [frame(GOAWAY, 0, 0, b'x')],
    [frame(PUSH, END_HEADERS, 1, bytes(4) + GET)], [frame(PRIORITY, 0, 1, struct.pack('>IB', 1, 1))],
    [frame(HEADERS, END_HEADERS | PADDED, 1, b'\xff' + GET)], [frame(DATA, 0, 1, b'', length=2 ** 24 - 1)],
    [frame(HEADERS, END_HEADERS, 1, b'\xff' * 100)], [frame(HEADERS, END_HEADERS, 1, b'\x80')],
    [frame(HEADERS, END_HEADERS, 1, literal(b'x', b'y')[:-1])],
    [frame(HEADERS, END_HEADERS | END_STREAM, 1, b'\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f')],
], ids=lambda p: p[-1][:24].hex() if isinstance(p, list) else '')
def test_frames_that_are_against_the_rules(desk, pieces):
    """The connection ends, or the stream; the frame is not taken for something else."""
    found = frames_in(flood(desk.port, START, pieces, within=3))
    assert not any(kind == DATA and payload == b'ok' for kind, _, _, payload in found)


@pytest.mark.parametrize('extra', [
    literal(b'content-length', b'5'), literal(b'transfer-encoding', b'chunked'), literal(b'Upper', b'case'),
    literal(b'x', b'a\r\nX-Evil: yes'), literal(b'x\r\nx-evil', b'yes'), literal(b'x', b'\0'), literal(b'', b'x'),
    literal(b':path', b'/again'), literal(b':unknown', b'x'), literal(b'connection', b'close'),
    literal(b'host', b'other'), literal(b':status', b'200'),
], ids=lambda e: repr(e[:30])[2:-1])
def test_headers_of_http_2_that_are_against_the_rules(desk, extra):
    got = flood(desk.port, START, [get(1, extra=extra)], within=3)
    assert b'x-evil' not in got.lower()


def test_random_frames(desk):
    rng = random.Random(6)
    for _ in range(150):
        pieces = [get(1)] if rng.random() < 0.5 else []
        for _ in range(rng.randrange(1, 30)):
            payload = rng.choice([b'', GET, rng.randbytes(rng.randrange(64)), GET + rng.randbytes(8)])
            pieces.append(frame(rng.randrange(12), rng.choice((0, 1, 4, 5, 8, 13, 0x25, 255)),
                                rng.choice((0, 1, 1, 3, 5, 2, 2 ** 31 - 1, 2 ** 32 - 1)), payload,
                                length=rng.choice((None, None, None, rng.randrange(70), 2 ** 24 - 1))))
        data = START + b''.join(pieces)
        talk(desk.port, data if rng.random() < 0.9 else data[:rng.randrange(len(data))], within=4)


# --- a mutator -------------------------------------------------------------------------------------------------------

def recorded_requests():
    """The recorded requests as bytes; tokens are ended by none of them."""
    found = []
    for case in json.loads(CASES.read_text()):
        body = json.dumps(case['json']) if 'json' in case else case.get('body') or ''
        body = body.encode('utf-8', 'surrogatepass') if isinstance(body, str) else b''
        if case['method'] == 'DELETE':
            continue
        fields = {**case.get('headers', {}), **({'Content-Length': str(len(body))} if body else {})}
        found.append(head(case['method'], case['path'].replace(' ', '%20'), fields) + body)
    return found


SPLICES = (b'\r\n', b'\n', b'\0', b' ', b'\t', b':', b'%', b'%00', b'\xff', b'\r', b'chunked', b'Content-Length: 5\r\n',
           b'Transfer-Encoding: chunked\r\n', b'HTTP/1.1', b'HTTP/1.0', b'?', b'&', b'=', b'/', b'//', b'..', b'"', b'{',
           b'[' * 100, b'9' * 30, b'\xf0\x9f\x98\x80', b'Expect: 100-continue\r\n', b'Connection: close\r\n')


def mutant(rng, requests):
    data = bytearray(rng.choice(requests))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at, kind = rng.randrange(len(data) + 1), rng.randrange(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:at] = rng.choice(SPLICES)
        elif kind == 2:
            del data[at:at + rng.randrange(1, 20)]
        elif kind == 3:
            data[at:at] = data[at:at + rng.randrange(1, 60)] * rng.choice((1, 2, 50))
        elif kind == 4:
            data[at:at + rng.randrange(6)] = rng.randbytes(rng.randrange(6))
        elif kind == 5:
            data[at:] = rng.choice(requests)[-rng.randrange(1, 200):]
        else:
            data += rng.choice(requests)
        data = data or bytearray(b'\r\n')
    return bytes(data)


@pytest.mark.parametrize('seed', range(3))
def test_mutants_of_recorded_requests(desk, seed):
    """Each is answered without a fault, or closed. The seed and the mutant's number tell which it was."""
    rng, requests, answered = random.Random(seed), recorded_requests(), 0
    for number in range(MUTANTS // 3):
        data = mutant(rng, requests)
        found = statuses(talk(desk.port, data, within=10, quiet=0.05))
        answered += bool(found)
        assert all(s < 500 for s in found), f'seed {seed}, mutant {number}: {found}: {data!r}'
        if number % 100 == 0:
            with Client(desk.port, timeout=10) as c:
                assert c.get('/healthz').status == 200
    assert answered > MUTANTS / 6


def test_a_connection_survives_no_doubt(desk):
    """After an answer to a malformed head nothing more is read from that connection."""
    with Connection(desk.port) as conn:
        conn.send(b'GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n' + SMUGGLED)
        try:
            assert conn.read_answer().status == 400
        except NoAnswer:
            pass
        assert conn.is_closed()
        assert b'200' not in conn.buffer
