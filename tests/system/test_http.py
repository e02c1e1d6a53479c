"""HTTP as it comes over the wire: keep-alive, pipelining, odd and hostile requests."""
import json
import random
import socket
import threading

import pytest

from desk import ADMIN, ADMIN_PASSWORD, USER, wait_until
from wire import Client, Connection, NoAnswer, expect, head

BEARER = {'Authorization': f'Bearer {ADMIN}'}


def get(path, **headers):
    return head('GET', '/flicket-api/' + path, {**BEARER, **headers})


@pytest.fixture
def conn(reading):
    with reading.connection() as c:
        yield c


def test_a_connection_serves_many_requests(conn):
    for i in range(1, 61):
        assert expect(conn.exchange(get(f'user/{i}')), 200)['id'] == i


def test_pipelined_requests_are_answered_in_their_order(conn):
    # Of different owners, so that the answers come back from services in any order.
    paths = [f'{kind}/{i}' for i in range(1, 7) for kind in ('user', 'ticket', 'post', 'department', 'nothing')]
    conn.send(b''.join(get(p) for p in paths))
    for p in paths:
        kind, number = p.split('/')
        if kind == 'nothing':
            expect(conn.read_answer(), 404)
        else:
            got = expect(conn.read_answer(), 200)
            assert got['id'] == int(number) and kind in got['links']['self']


def test_an_error_does_not_end_a_connection(conn):
    for path, status in (('nothing', 404), ('user/999999', 404), ('users/?per_page=0', 404), ('user/1', 200)):
        expect(conn.exchange(get(path)), status)
    expect(conn.exchange(head('GET', '/flicket-api/user/1')), 401)
    expect(conn.exchange(head('POST', '/flicket-api/tickets', {**BEARER, 'Content-Length': '2'}) + b'{]'), 400)
    expect(conn.exchange(head('PUT', '/flicket-api/tickets', {**BEARER, 'Content-Length': '2'}) + b'{}'), 405)
    assert conn.is_usable()


def test_a_body_with_a_get_is_no_second_request(conn):
    smuggled = get('user/2')
    conn.send(head('GET', '/flicket-api/user/1', {**BEARER, 'Content-Length': str(len(smuggled))}) + smuggled
              + get('user/3'))
    assert expect(conn.read_answer(), 200)['id'] == 1
    assert expect(conn.read_answer(), 200)['id'] == 3


def test_connection_close_is_heeded(conn):
    expect(conn.exchange(get('user/1', Connection='close')), 200)
    assert conn.is_closed()


def test_http_1_0_is_answered_and_closed(conn):
    request = f'GET /flicket-api/user/1 HTTP/1.0\r\nAuthorization: Bearer {ADMIN}\r\n\r\n'
    assert expect(conn.exchange(request.encode()), 200)['id'] == 1
    assert conn.is_closed()


def test_http_1_0_lists_are_whole(conn, reader):
    request = f'GET /flicket-api/tickets/?per_page=100 HTTP/1.0\r\nAuthorization: Bearer {ADMIN}\r\n\r\n'
    answer = conn.exchange(request.encode())
    assert answer.header('Transfer-Encoding') is None
    assert expect(answer, 200) == reader.get('tickets/?per_page=100').json()


def test_a_request_may_come_byte_by_byte(conn):
    for byte in get('user/5'):
        conn.send(bytes([byte]))
    assert expect(conn.read_answer(), 200)['id'] == 5


def test_header_names_have_no_case_and_values_no_edges(conn):
    request = (f'GET /flicket-api/user/1 HTTP/1.1\r\nHOST: x\r\naUTHORIZATION:Bearer {ADMIN}\r\n'
               'X-Any:   \t x \t \r\n\r\n')
    expect(conn.exchange(request.encode()), 200)


def test_an_absolute_request_target_is_answered_or_refused(conn):
    answer = conn.exchange(head('GET', 'http://localhost/flicket-api/user/1', BEARER))
    assert answer.status in (200, 400, 404)


def test_expect_100_continue_is_answered_before_the_body(desks):
    desk = desks('imported')
    body = json.dumps({'title': 'a title', 'content': 'some content', 'category_id': 1,
                       'ticket_priority_id': 1}).encode()
    with desk.connection() as conn:
        conn.send(head('POST', '/flicket-api/tickets', {
            'Authorization': f'Bearer {USER}', 'Content-Type': 'application/json',
            'Content-Length': str(len(body)), 'Expect': '100-continue'}))
        assert conn.read_answer().status == 100
        expect(conn.exchange(body), 201)
        assert conn.is_usable()


def post_tickets(*fields, body=b'{}'):
    """A POST whose framing headers are given as they are."""
    lines = ['POST /flicket-api/tickets HTTP/1.1', 'Host: localhost', f'Authorization: Bearer {ADMIN}', *fields]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


@pytest.mark.parametrize('request_bytes', [
    post_tickets('Content-Length: 2', 'Transfer-Encoding: chunked', body=b'0\r\n\r\n'),
    post_tickets('Transfer-Encoding: chunked', 'Content-Length: 5', body=b'0\r\n\r\n'),
    post_tickets('Content-Length: 2', 'Content-Length: 3'),
    post_tickets('Content-Length: 2', 'Content-Length: 2'),
    post_tickets('Content-Length: 2, 2'),
    post_tickets('Content-Length: +2'),
    post_tickets('Transfer-Encoding: chunked, identity', body=b'0\r\n\r\n'),
    post_tickets('Transfer-Encoding: xchunked', body=b'0\r\n\r\n'),
    post_tickets('Transfer-Encoding: chunked', 'Transfer-Encoding: identity', body=b'0\r\n\r\n'),
    post_tickets('Content-Length : 2'),
    post_tickets('Transfer-Encoding : chunked', 'Content-Length: 2', body=b'0\r\n\r\n'),
], ids=['CL and TE', 'TE and CL', 'two CLs', 'two equal CLs', 'CL list', 'CL with sign', 'TE list', 'TE unknown',
        'two TEs', 'space before colon', 'space before colon of TE'])
def test_a_request_with_doubtful_framing_is_refused_and_the_connection_closed(reading, request_bytes):
    """Where a proxy stands in front and reads the framing otherwise, what follows is another one's request."""
    with reading.connection() as conn:
        conn.send(request_bytes + get('user/2') * 2)
        try:
            answer = conn.read_answer('POST')
        except NoAnswer:
            return      # closed without a word is as safe
        assert answer.status in (400, 411, 501), answer
        assert conn.is_closed(), 'refused, yet what follows is still read as requests'
        assert b'HTTP/1.1 200' not in conn.buffer


@pytest.mark.parametrize('junk', [
    b'\r\n\r\n\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc', b'GET\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n',
    b'GET / HTTP/1.1\r\nNo colon here\r\n\r\n', b'GET /\x00 HTTP/1.1\r\n\r\n', b'\x00' * 1000, b'A' * 100000,
    b'GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n', b'GET /\xff\xfe HTTP/1.1\r\n\r\n', b'GET  /  HTTP/1.1\r\n\r\n',
    b'GET / HTTP/1.1\r\n: empty\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'OPTIONS * HTTP/1.1\r\n\r\n',
    b'CONNECT localhost:80 HTTP/1.1\r\n\r\n', b'{"jsonrpc": "2.0"}\n'])
def test_what_is_no_request_harms_nobody(reading, reader, junk):
    with reading.connection() as conn:
        conn.send(junk)
        conn.sock.shutdown(socket.SHUT_WR)
        while conn.more():
            pass
        assert b'HTTP/1.1 500' not in conn.buffer
    expect(reader.get('user/1'), 200)


def test_random_bytes_harm_nobody(reading, reader):
    noise = random.Random(20)
    for _ in range(100):
        with reading.connection() as conn:
            beginning = noise.choice([b'', b'GET / HTTP/1.1\r\n', get('user/1')[:-2]])
            conn.send(beginning + noise.randbytes(200) + b'\r\n\r\n')
            conn.sock.shutdown(socket.SHUT_WR)
            while conn.more():
                pass
            assert b'HTTP/1.1 500' not in conn.buffer
    expect(reader.get('user/1'), 200)


def test_a_url_of_20_kilobytes_is_414(reader):
    for path in ('users/?name=' + 'x' * 20000, 'user/' + '1' * 20000, 'x' * 20000):
        got = expect(reader.get(path), 414)
        assert got['error']


def test_a_url_of_4_kilobytes_is_fine(reader):
    assert expect(reader.get('users/?name=' + 'x' * 4000), 200)['items'] == []


def test_50_kilobytes_of_headers_are_431(reading):
    for fields in ({'X-Large': 'x' * 50000}, {f'X-{i}': 'x' * 1000 for i in range(50)}):
        with reading.connection() as conn:
            got = expect(conn.exchange(get('user/1', **fields)), 431)
            assert got['error'] == 'Request Header Fields Too Large'
    with reading.connection() as conn:
        expect(conn.exchange(get('user/1', **{'X-Fair': 'x' * 4000})), 200)


@pytest.mark.parametrize('fields', [{'X-Huge': 'x' * 1000000}, {f'X-{i}': 'y' for i in range(5000)}],
                         ids=['one', 'many'])
def test_more_headers_than_any_buffer_harm_nobody(reading, reader, fields):
    with reading.connection() as conn:
        conn.send(get('user/1', **fields))
        try:
            assert 400 <= conn.read_answer().status < 500
        except NoAnswer:
            pass        # hung up on
    expect(reader.get('user/1'), 200)


def test_a_request_that_does_not_end_is_given_up(desks):
    desk = desks('new', FLICKET_IDLE_TIMEOUT_MS=300)
    unfinished = [b'', b'G', b'GET /healthz HTTP/1.1\r\nHost: x\r\n',
                  b'POST /flicket-api/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345']
    for data in unfinished:
        with desk.connection() as conn:
            conn.send(data)
            assert conn.is_closed(within=10), data


def test_a_client_that_leaves_while_its_request_waits_harms_nobody(desks):
    desk = desks('imported')
    reader = desk.client()
    expect(reader.get('ticket/1'), 200)
    desk.pause('ticket')
    for i in range(50):
        with desk.connection() as conn:
            conn.send(get('tickets/?per_page=100') if i % 2 else get(f'ticket/{i}') * 10)
            if i % 3 == 0:
                # Leave with a reset instead of a farewell.
                conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
    desk.resume('ticket')
    wait_until(lambda: reader.get('ticket/1').status == 200, 5, 'tickets are read again')
    for i in range(1, 20):
        assert expect(reader.get(f'ticket/{i}'), 200)['id'] == i


def test_a_client_that_does_not_read_holds_up_nobody(reading, reader):
    with reading.connection() as slow:
        # More than the buffers of both ends take, so that the gateway has to wait for this client.
        requests = get('tickets/?per_page=100') * 200
        sender = threading.Thread(target=slow.send, args=(requests,), daemon=True)
        sender.start()
        for i in range(1, 61):
            assert expect(reader.get(f'user/{i}'), 200)['id'] == i
        want = reader.get('tickets/?per_page=100').body
        for _ in range(200):
            assert slow.read_answer().body == want
        sender.join(10)


def test_many_connections_are_served_at_once(reading):
    conns = [Connection(reading.port) for _ in range(300)]
    try:
        for i, c in enumerate(conns):
            c.send(get(f'user/{i % 60 + 1}'))
        for i, c in enumerate(conns):
            assert expect(c.read_answer(), 200)['id'] == i % 60 + 1
    finally:
        for c in conns:
            c.close()


def test_answers_to_many_clients_are_not_mixed_up(reading):
    wrong = []

    def read(kind, n):
        try:
            with reading.client(USER if n % 2 else ADMIN) as c:
                for i in range(1, 61):
                    if expect(c.get(f'{kind}/{i}'), 200)['id'] != i:
                        wrong.append(f'{kind}/{i}')
        except (AssertionError, NoAnswer, OSError) as e:
            wrong.append(repr(e))

    threads = [threading.Thread(target=read, args=(kind, n)) for n in range(4)
               for kind in ('user', 'ticket', 'post', 'subscription')]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong, wrong[:5]


def test_every_answer_says_what_it_is(reader):
    for path in ('user/1', 'tickets/', 'user/999999', 'nothing'):
        answer = reader.get(path)
        assert answer.header('Content-Length') == str(len(answer.body))
        assert answer.header('Content-Type').startswith('application/json')
        assert answer.header('Date').endswith(' GMT')
        json.loads(answer.body)


def threaded_desk(desks):
    """A desk whose gateway has several threads, ready on all of them: each connection is one thread's."""
    desk = desks('new', FLICKET_GATEWAY_THREADS=3)
    clients = [desk.client() for _ in range(24)]
    wait_until(lambda: all(c.get('/readyz').status == 200 for c in clients), 10, 'all threads ready')
    return desk, clients


def test_several_gateway_threads_serve_alike(desks):
    desk, clients = threaded_desk(desks)
    token = desk.admin().token
    for c in clients:
        assert expect(c.get('user/1', token=token), 200)['username'] == 'admin'
    made = [expect(c.post('departments', {'department': f'Number {i}'}, token=token), 201)
            for i, c in enumerate(clients)]
    assert len({d['id'] for d in made}) == len(clients)


def test_a_gateway_is_ready_when_all_its_threads_are(desks):
    desk = desks('new', FLICKET_GATEWAY_THREADS=8)
    for _ in range(5):
        desk.processes['gateway'].terminate()
        desk.restart('gateway')
        desk.wait_ready()
        answers = []
        for _ in range(40):
            with desk.client() as c:
                answers.append(c.get('/readyz').status)
        assert answers == [200] * 40


def test_a_token_ended_at_a_gateway_is_dead_at_all_its_threads_at_once(desks):
    _, clients = threaded_desk(desks)
    for i in range(5):
        token = expect(clients[i].log_in('admin', ADMIN_PASSWORD), 200)['token']
        for c in clients:
            expect(c.get('user/1', token=token), 200)
        assert clients[i].request('DELETE', 'tokens', token=token).status == 204
        assert [c.get('user/1', token=token).status for c in clients] == [401] * len(clients)
