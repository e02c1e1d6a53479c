"""Where a request ends, and which bytes of it are its head: what RFC 9112 forbids is 400, and the connection is closed.

test_hostile.py has the same kinds at random; tests/unit/test_framing.c has every form of heads and chunks.
"""
import contextlib
import json
import socket
import subprocess

import pytest

from desk import ADMIN, USER
from test_hostile import END_HEADERS, END_STREAM, HEADERS, START, frame, frames_in, literal
from test_hostile import DATA as DATA_FRAME
from wire import Connection, expect, head

TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}
BODY = json.dumps(TICKET).encode()
AUTH = f'Authorization: Bearer {USER}'
HOST = 'Host: localhost'
NEXT = head('GET', '/healthz')


def request(*lines, body=b'', first='POST /flicket-api/tickets HTTP/1.1', end='\r\n'):
    return end.join([first, *lines, '', '']).encode('latin-1') + body


def chunked(*pieces):
    return request(HOST, AUTH, 'Content-Type: application/json', 'Transfer-Encoding: chunked', body=b''.join(pieces))


def chunk(data, size=None, behind=b'\r\n', end=b'\r\n'):
    return (b'%x' % len(data) if size is None else size) + behind + data + end


LAST = b'0\r\n\r\n'
X = chunk(BODY)

FORBIDDEN = {
    'TE in HTTP/1.0': request(HOST, AUTH, 'Transfer-Encoding: chunked', body=X + LAST,
                              first='POST /flicket-api/tickets HTTP/1.0'),
    'TE in HTTP/1.0, kept alive': request(HOST, AUTH, 'Transfer-Encoding: chunked', 'Connection: keep-alive',
                                          body=X + LAST, first='POST /flicket-api/tickets HTTP/1.0'),
    'TE and CL': request(HOST, AUTH, 'Transfer-Encoding: chunked', 'Content-Length: 5', body=LAST),
    'CL and TE': request(HOST, AUTH, 'Content-Length: 5', 'Transfer-Encoding: chunked', body=LAST),
    'two CLs alike': request(HOST, AUTH, 'Content-Length: 2', 'Content-Length: 2', body=b'{}'),
    'CL list': request(HOST, AUTH, 'Content-Length: 2, 2', body=b'{}'),
    'CL with sign': request(HOST, AUTH, 'Content-Length: +2', body=b'{}'),
    'CL empty': request(HOST, AUTH, 'Content-Length:', body=b''),
    'CL too large': request(HOST, AUTH, 'Content-Length: 18446744073709551618', body=b'{}'),
    'CL folded': request(HOST, AUTH, 'Content-Length:\r\n 2', body=b'{}'),
    'TE twice': request(HOST, AUTH, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', body=X + LAST),
    'TE list': request(HOST, AUTH, 'Transfer-Encoding: chunked, chunked', body=X + LAST),
    'TE gzip, chunked': request(HOST, AUTH, 'Transfer-Encoding: gzip, chunked', body=X + LAST),
    'TE identity': request(HOST, AUTH, 'Transfer-Encoding: identity', body=b''),
    'TE of GET': request(HOST, AUTH, 'Transfer-Encoding: xchunked', first='GET /flicket-api/tickets/ HTTP/1.1'),
    'folded': request(HOST, AUTH, 'X-Any: a\r\n b', first='GET /healthz HTTP/1.1'),
    'folded with tab': request(HOST, AUTH, 'X-Any: a\r\n\tb', first='GET /healthz HTTP/1.1'),
    'space before colon': request(HOST, AUTH, 'X-Any : a', first='GET /healthz HTTP/1.1'),
    'no Host': request('X-Any: a', first='GET /healthz HTTP/1.1'),
    'two Hosts': request(HOST, HOST, first='GET /healthz HTTP/1.1'),
    'two Hosts in HTTP/1.0': request(HOST, 'host: other', first='GET /healthz HTTP/1.0'),
    'Host with a path': request('Host: localhost/x', first='GET /healthz HTTP/1.1'),
    'Host with a port that is none': request('Host: localhost:http', first='GET /healthz HTTP/1.1'),
    'Host with a user': request('Host: me@localhost', first='GET /healthz HTTP/1.1'),
    'Host with spaces': request('Host: localhost other', first='GET /healthz HTTP/1.1'),
    'Host beyond ASCII': request('Host: h\xf6st', first='GET /healthz HTTP/1.1'),
    'no method': request(HOST, first=' /healthz HTTP/1.1'),
    'no target': request(HOST, first='GET  HTTP/1.1'),
    'LF alone': request(HOST, first='GET /healthz HTTP/1.1', end='\n'),
    'LF behind a header': request(HOST + '\nX-Any: a', first='GET /healthz HTTP/1.1'),
    'LF behind the first line': request(first=f'GET /healthz HTTP/1.1\n{HOST}'),
    'LF at the end': f'GET /healthz HTTP/1.1\r\n{HOST}\r\n\n'.encode(),
    'LF before all': b'\n' + head('GET', '/healthz'),
    'CR in a header': request(HOST, 'X-Any: a\rb', first='GET /healthz HTTP/1.1'),
    'NUL in a header': request(HOST, 'X-Any: a\0b', first='GET /healthz HTTP/1.1'),
    'size 0x': chunked(chunk(BODY, b'0x%x' % len(BODY)), LAST),
    'size with g': chunked(chunk(BODY, b'%xg' % len(BODY)), LAST),
    'size negative': chunked(chunk(BODY, b'-%x' % len(BODY)), LAST),
    'size with plus': chunked(chunk(BODY, b'+%x' % len(BODY)), LAST),
    'size empty': chunked(chunk(BODY, b''), LAST),
    'size with space': chunked(chunk(BODY, b' %x' % len(BODY)), LAST),
    'size with space behind': chunked(chunk(BODY, b'%x ' % len(BODY)), LAST),
    'size overlong': chunked(chunk(BODY, b'%040x' % len(BODY)), LAST),
    'size beyond 64 bits': chunked(chunk(BODY, b'1%016x' % len(BODY)), LAST),
    'size ended by LF': chunked(chunk(BODY, behind=b'\n'), LAST),
    'size ended by two CRs': chunked(chunk(BODY, behind=b'\r\r\n'), LAST),
    'chunk ended by LF': chunked(chunk(BODY, end=b'\n'), LAST),
    'chunk ended by two CRs': chunked(chunk(BODY, end=b'\r\r\n'), LAST),
    'chunk without end': chunked(chunk(BODY, end=b''), LAST),
    'chunk longer than said': chunked(chunk(BODY, b'%x' % (len(BODY) - 1)), LAST),
    'extension with control': chunked(chunk(BODY, behind=b';a=\x01\r\n'), LAST),
    'extension with CR': chunked(chunk(BODY, behind=b';a\rb\r\n'), LAST),
    'extension with LF': chunked(chunk(BODY, behind=b';a\nb\r\n'), LAST),
    'extension without end': chunked(chunk(BODY, behind=b';' + b'a' * 5000 + b'\r\n'), LAST),
    'end with LF': chunked(X, b'0\r\n\n'),
    'end of size with LF': chunked(X, b'0\n\r\n'),
    'trailer folded': chunked(X, b'0\r\nX-Any: a\r\n b\r\n\r\n'),
    'trailer without colon': chunked(X, b'0\r\nGET /healthz HTTP/1.1\r\n\r\n'),
    'trailer with LF': chunked(X, b'0\r\nX-Any: a\n\r\n'),
    'trailer with NUL': chunked(X, b'0\r\nX-Any: \0\r\n\r\n'),
}


@pytest.mark.parametrize('name', FORBIDDEN)
def test_forbidden_framing_is_400_and_closed(reading, name):
    with reading.connection() as conn:
        conn.send(FORBIDDEN[name] + NEXT * 2)
        answer = conn.read_answer('GET')
        assert answer.status == 400
        assert (answer.header('Connection') or '').lower() == 'close'
        assert conn.is_closed(), 'refused, yet what follows is still read as requests'
        assert b'HTTP/1' not in conn.buffer


@pytest.mark.parametrize('name', ['TE in HTTP/1.0', 'two CLs alike', 'folded', 'no Host', 'size 0x'])
def test_what_is_wrong_is_told_as_every_error_is(reading, name):
    with reading.connection() as conn:
        answer = conn.exchange(FORBIDDEN[name])
        assert answer.status == 400 and answer.header('X-Request-ID')
        assert answer.json()['error'] and answer.json()['message']


@pytest.mark.parametrize('lines', [(AUTH,), (HOST, AUTH, 'Transfer-Encoding: chunked')], ids=['no Host', 'CL and TE'])
def test_who_is_still_sending_a_body_reads_what_is_wrong(reading, lines):
    """A connection that is closed with unread bytes is reset, and the answer lost (RFC 9112, 9.6)."""
    body = b'x' * (8 << 20)
    with reading.connection() as conn:
        conn.send(request(*lines, f'Content-Length: {len(body)}', body=body))
        answer = conn.read_answer()
        assert answer.status == 400 and answer.json()['message']
        assert conn.is_closed()


GOOD = {
    'a length': request(HOST, AUTH, 'Content-Type: application/json', f'Content-Length:  {len(BODY)} \t', body=BODY),
    'one chunk': chunked(X, LAST),
    'many chunks': chunked(*[chunk(BODY[i:i + 1]) for i in range(len(BODY))], LAST),
    'an upper-case size': chunked(chunk(BODY, (b'%x' % len(BODY)).upper()), LAST),
    'zeros in front': chunked(chunk(BODY, b'000%x' % len(BODY)), b'000\r\n\r\n'),
    'an extension': chunked(chunk(BODY, behind=b' ;name="a value"; other\r\n'), b'0;x=y\r\n\r\n'),
    'trailers': chunked(X, b'0\r\nX-Any: a\r\nDigest: b\r\n\r\n'),
    'an empty line before': b'\r\n' + chunked(X, LAST),
    'a port': request('Host: [::1]:5000', AUTH, 'Content-Type: application/json', f'content-length:{len(BODY)}', body=BODY),
    'no host named': request('Host:', AUTH, 'Content-Type: application/json', f'Content-Length: {len(BODY)}', body=BODY),
    'HTTP/1.0': request(AUTH, 'Content-Type: application/json', f'Content-Length: {len(BODY)}',
                        'Connection: keep-alive', body=BODY, first='POST /flicket-api/tickets HTTP/1.0'),
    'HTTP/1.0 that expects 100, which it does not know': request(
        AUTH, 'Content-Type: application/json', f'Content-Length: {len(BODY)}', 'Connection: keep-alive',
        'Expect: 100-continue', body=BODY, first='POST /flicket-api/tickets HTTP/1.0'),
}


@pytest.mark.parametrize('name', GOOD)
def test_allowed_framing_goes_on(desks, name):
    """And the connection with it, whatever pieces it comes in."""
    with desks('imported').connection() as conn:
        expect(conn.exchange(GOOD[name]), 201)
        for byte in GOOD[name]:
            conn.send(bytes([byte]))
        expect(conn.read_answer(), 201)
        assert conn.is_usable()


# --- trailers ------------------------------------------------------------------------------------------------

NO_TOKEN = request(HOST, 'Content-Type: application/json', 'Transfer-Encoding: chunked',
                   body=X + f'0\r\n{AUTH}\r\n\r\n'.encode())


def test_a_token_in_a_trailer_is_none(reading):
    with reading.connection() as conn:
        assert conn.exchange(NO_TOKEN).status == 401


def field(name, value):
    return literal(name.encode(), value.encode())


def answered(port, *frames):
    """The status of the answer to stream 1, read until it is there; 0: the connection ended without one."""
    known = {0x88: 200, 0x8c: 400, 0x8d: 404, 0x8e: 500}     # of the static table; else three digits behind a name
    got = b''
    with socket.create_connection(('127.0.0.1', port), timeout=60) as s:
        with contextlib.suppress(ConnectionError):
            s.sendall(START + b''.join(frames))
            while data := s.recv(65536):
                got += data
                for kind, _, stream, payload in frames_in(got):
                    # of a whole head there is more than the status
                    if kind == HEADERS and stream == 1 and len(payload) > 5:
                        return known.get(payload[0]) or int(payload[2:5])
    return 0


def over_http_2(port, fields, trailers):
    """The status of a request to make a ticket whose body is followed by trailers."""
    path = b'/flicket-api/tickets'
    block = b'\x83\x86\x04' + bytes([len(path)]) + path + b''.join(field(k, v) for k, v in fields)
    return answered(port, frame(HEADERS, END_HEADERS, 1, block), frame(DATA_FRAME, 0, 1, BODY),
                    frame(HEADERS, END_HEADERS | END_STREAM, 1, b''.join(field(k, v) for k, v in trailers)))


JSON = [('content-type', 'application/json')]
TOKEN = [('authorization', f'Bearer {USER}')]


def test_trailers_of_http_2_are_no_headers(desks):
    desk = desks('imported')
    assert over_http_2(desk.port, JSON + TOKEN, []) == 201
    assert over_http_2(desk.port, JSON + TOKEN, [('x-any', 'a')]) == 201
    assert over_http_2(desk.port, JSON, TOKEN) == 401
    assert over_http_2(desk.port, TOKEN, [('content-type', 'text/plain')]) == 201
    # what would make it another request
    assert over_http_2(desk.port, JSON + TOKEN, [('if-match', '"0000000000000000"')]) == 201
    assert over_http_2(desk.port, JSON + TOKEN, [('authorization', 'Bearer nobody')]) == 201
    for key in ('one', 'one'):      # the second would be 201 with the first's answer, or 422
        assert over_http_2(desk.port, JSON + TOKEN, [('idempotency-key', key)]) == 201
    with Connection(desk.port) as c:
        found = c.exchange(head('GET', '/flicket-api/tickets/?per_page=2', {'Authorization': f'Bearer {ADMIN}'})).json()
    assert found['items'][0]['id'] != found['items'][1]['id']


@pytest.mark.parametrize('name', [':path', ':method', ':authority', ':status'])
def test_pseudo_headers_in_trailers_end_the_connection(reading, name):
    assert over_http_2(reading.port, JSON + TOKEN, [(name, '/healthz')]) == 0


def test_an_address_in_a_trailer_is_nobody_s(tmp_path, imported_stores):
    """X-Forwarded-For of a trusted proxy counts in the head only: the failures of a login are those of the proxy."""
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path, 'imported', imported_stores, FLICKET_TRUSTED_PROXIES='127.0.0.1',
                     FLICKET_LOGIN_FAILURES_PER_ADDRESS=3, FLICKET_LOGIN_FAILURES_PER_NAME=100)
    try:
        path = b'/flicket-api/tokens'
        block = b'\x83\x86\x04' + bytes([len(path)]) + path + field('authorization', 'Basic bm9ib2R5Om5vdGhpbmc=')
        statuses = [answered(
            desk.port, frame(HEADERS, END_HEADERS, 1, block), frame(DATA_FRAME, 0, 1, b''),
            frame(HEADERS, END_HEADERS | END_STREAM, 1, field('x-forwarded-for', f'198.51.100.{i}'))) for i in range(5)]
        assert statuses[-1] == 429, statuses
    finally:
        close_desk(desk)


# --- pages and upgrades --------------------------------------------------------------------------------------------

PAGES = ('/metrics', '/healthz', '/readyz', '/openapi.json', '/docs')


@pytest.mark.parametrize('page', PAGES)
def test_a_page_has_one_spelling(reading, page):
    """A proxy that keeps /metrics to itself compares what came."""
    spellings = [page[:-1] + f'%{ord(page[-1]):02x}', f'/%{ord(page[1]):02X}' + page[2:], '%2f' + page[1:],
                 '/' + page, '/.' + page, '/x/..' + page, page + '/', page + ';x', page + '%3fx', page + '%00', page + '#x',
                 page.upper(), 'http://localhost/' + page, '/%2e' + page, page + '%20', '/%25' + f'{ord(page[1]):02x}' + page[2:]]
    with reading.connection() as conn:
        assert conn.exchange(head('GET', page)).status == 200
        assert conn.exchange(head('GET', page + '?x=y')).status == 200
        for spelling in spellings:
            assert conn.exchange(head('GET', spelling)).status == 404, spelling


@pytest.mark.parametrize('spelling', [b'/metric%73', b'//metrics', b'metrics', b'http://localhost/metrics', b'*'])
def test_a_page_has_one_spelling_in_http_2(reading, spelling):
    block = b'\x82\x86\x04' + bytes([len(spelling)]) + spelling
    assert answered(reading.port, frame(HEADERS, END_HEADERS | END_STREAM, 1, block)) == 404


@pytest.mark.parametrize('token', ['h2c', 'h2c-14', 'h2c-16', 'H2C', 'websocket, h2c'])
def test_an_upgrade_is_declined(reading, token):
    """Behind a proxy it would be a tunnel past all that the proxy looks at."""
    with reading.connection() as conn:
        answer = conn.exchange(head('GET', '/healthz', {'Connection': 'Upgrade, HTTP2-Settings', 'Upgrade': token,
                                                        'HTTP2-Settings': 'AAMAAABkAAQAAP__'}))
        assert answer.status == 200 and answer.header('Upgrade') is None


@pytest.mark.parametrize('path', ['/healthz', '/flicket-api/ticket/1'])
def test_nor_is_there_a_change_to_http_2_behind_a_request(reading, path):
    with reading.connection() as conn:
        answer = conn.exchange(head('GET', path, {'Authorization': f'Bearer {USER}'}) + START)
        assert answer.status == 200
        assert conn.is_closed(60) and not conn.buffer, 'HTTP/2 is spoken'


def test_curl_gets_its_answer_with_or_without_an_upgrade(reading):
    for option, version in (('--http2', '1.1'), ('--http2-prior-knowledge', '2'), ('--http1.1', '1.1'), ('--http1.0', '1.1')):
        told = subprocess.run(['curl', '-s', option, '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
                               f'http://127.0.0.1:{reading.port}/healthz'], capture_output=True, text=True)
        assert told.stdout == f'{version} 200', option
