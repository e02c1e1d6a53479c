"""What RFC 9110 and RFC 9112 ask of a server, byte for byte over one connection.

A row is what is sent and what has to come back. test_framing.py has what ends a request, test_preconditions.py the
versions of things, test_uploads.py ranges and RFC 7578.
"""
import json

import pytest

from desk import ADMIN, USER
from test_preconditions import etag
from wire import NoAnswer, expect, head

HOST = 'Host: localhost\r\n'
AUTH = f'Authorization: Bearer {USER}\r\n'
TICKET = json.dumps({'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1})
THING = '/flicket-api/ticket/1'
FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'
JSON = 'Content-Type: application/json\r\n'


def get(target, fields='', version='HTTP/1.1', host=HOST, method='GET', before=''):
    return f'{before}{method} {target} {version}\r\n{host}{fields}\r\n'


def post(fields, body='{}', version='HTTP/1.1', length=None):
    return (f'POST /flicket-api/tickets {version}\r\n{HOST}{AUTH}{fields}'
            f'Content-Length: {len(body) if length is None else length}\r\n\r\n{body}')


# name: (request, status, whether the connection goes on)
ROWS = {
    # RFC 9112, 2.2: lines
    'an empty line before': (get('/healthz', before='\r\n'), 200, True),
    'several empty lines before': (get('/healthz', before='\r\n' * 5), 200, True),
    'an empty line that ends with LF': (get('/healthz', before='\n'), 400, False),
    'white space before the request': (get('/healthz', before=' '), 400, False),
    'white space before the first field': (f'GET /healthz HTTP/1.1\r\n X: y\r\n{HOST}\r\n', 400, False),
    'CR alone': (get('/healthz', 'X: a\rb\r\n'), 400, False),
    'NUL': (get('/healthz', 'X: a\0b\r\n'), 400, False),
    'DEL': (get('/healthz', 'X: a\x7fb\r\n'), 400, False),
    'bytes beyond ASCII': (get('/healthz', 'X: \xe4\xff\r\n'), 200, True),
    # 2.3, 3: the first line
    'no version': ('GET /healthz\r\n\r\n', 400, False),
    'HTTP/2.0 as a text': (get('/healthz', version='HTTP/2.0'), 400, False),
    'HTTP/1.2': (get('/healthz', version='HTTP/1.2'), 200, True),
    'version in small letters': (get('/healthz', version='http/1.1'), 400, False),
    'two spaces': (get(' /healthz'), 400, False),
    'a tab in the target': (get('/health\tz'), 400, False),
    'method in small letters': (get(THING, AUTH, method='get'), 405, True),
    'a method that nobody knows': (get(THING, AUTH, method='BREW'), 405, True),
    'a method that is no token': (get(THING, AUTH, method='G(T'), 400, False),
    'TRACE': (get(THING, AUTH, method='TRACE'), 405, True),
    'CONNECT': (get('localhost:80', method='CONNECT'), 404, True),
    # 3.2: targets
    'absolute': (get(f'http://localhost{THING}', AUTH), 200, True),
    'absolute with a port and a query': (get(f'http://localhost:5000{THING}?fields=id', AUTH), 200, True),
    'absolute over a proxy with TLS': (get(f'https://desk.example{THING}', AUTH, host='Host: desk.example\r\n'), 200, True),
    'absolute in capitals': (get(f'HTTP://LOCALHOST{THING}', AUTH), 200, True),
    'absolute for another host than Host': (get(f'http://desk.example{THING}', AUTH), 200, True),
    'absolute for an address': (get(f'http://[::1]:5000{THING}', AUTH), 200, True),
    'absolute of a page': (get('http://localhost/healthz'), 200, True),
    'absolute in HTTP/1.0': (get('http://localhost/healthz', version='HTTP/1.0', host=''), 200, False),
    'absolute without a path': (get('http://localhost'), 200, True),
    'absolute with a query only': (get('http://localhost?x=y'), 200, True),
    'absolute without Host': (get('http://localhost/healthz', host=''), 400, False),
    'absolute without a host': (get('http:///healthz'), 400, False),
    'absolute with a user': (get('http://me@localhost/healthz'), 400, False),
    'absolute with a port that is none': (get('http://localhost:http/healthz'), 400, False),
    'absolute with two paths': (get('http://localhost/http://localhost/healthz'), 404, True),
    'another scheme': (get('ftp://localhost/healthz'), 404, True),
    'OPTIONS of all': (get('*', method='OPTIONS'), 200, True),
    'OPTIONS of all through a proxy': (get('http://localhost', method='OPTIONS'), 200, True),
    'an asterisk for GET': (get('*'), 404, True),
    # 3.2: Host
    'no Host': (get('/healthz', host=''), 400, False),
    'no Host in HTTP/1.0': (get('/healthz', host='', version='HTTP/1.0'), 200, False),
    'two Hosts': (get('/healthz', HOST), 400, False),
    'Host that is empty': (get('/healthz', host='Host:\r\n'), 200, True),
    'Host with white space behind': (get('/healthz', host='Host:\tlocalhost \t\r\n'), 200, True),
    # 5: fields
    'no colon': (get('/healthz', 'X\r\n'), 400, False),
    'no name': (get('/healthz', ': x\r\n'), 400, False),
    'white space before the colon': (get('/healthz', 'X : y\r\n'), 400, False),
    'a folded field': (get('/healthz', 'X: a\r\n b\r\n'), 400, False),
    'no white space behind the colon': (get(THING, AUTH.replace(': ', ':')), 200, True),
    'white space behind a type': (post('Content-Type: application/json \t\r\n', TICKET), 201, True),
    'white space before parameters': (post('Content-Type: application/json\t;\tcharset=utf-8\r\n', TICKET), 201, True),
    'white space behind a length': (post(JSON, TICKET, length=f'\t{len(TICKET)} \t'), 201, True),
    'two Authorizations alike': (get(THING, AUTH * 2), 400, True),
    'two Authorizations': (get(THING, AUTH + f'authorization: Bearer {ADMIN}\r\n'), 400, True),
    'two Content-Types': (post(JSON + FORM, TICKET), 400, True),
    'two of a field that nobody knows': (get('/healthz', 'X: y\r\nX: z\r\n'), 200, True),
    # 6, 7: bodies
    'two lengths': (post('Content-Length: 2\r\n'), 400, False),
    'a length and a coding': (post('Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400, False),
    'a coding that nobody knows': (get('/healthz', 'Transfer-Encoding: gzip\r\n'), 400, False),
    'GET with a body': (get(THING, AUTH + 'Content-Length: 5\r\n') + 'hello', 200, True),
    # 9: connections
    'close': (get('/healthz', 'Connection: close\r\n'), 200, False),
    'close in capitals, among others': (get('/healthz', 'Connection: TE, CLOSE\r\n'), 200, False),
    'close behind keep-alive': (get('/healthz', 'Connection: keep-alive, close\r\n'), 200, False),
    'close before keep-alive, in two lines': (get('/healthz', 'Connection: close\r\nConnection: keep-alive\r\n'), 200, False),
    'another option': (get('/healthz', 'Connection: TE\r\nTE: trailers\r\n'), 200, True),
    'an option with close in it': (get('/healthz', 'Connection: close-not\r\n'), 200, True),
    'HTTP/1.0': (get('/healthz', version='HTTP/1.0'), 200, False),
    'HTTP/1.0, kept alive': (get('/healthz', 'Connection: Keep-Alive \r\n', version='HTTP/1.0'), 200, True),
    'HTTP/1.0, kept alive and closed': (get('/healthz', 'Connection: keep-alive\r\nConnection: close\r\n',
                                            version='HTTP/1.0'), 200, False),
    # RFC 9110, 10.1.1
    'an expectation that nobody knows': (post('Expect: more\r\n'), 417, False),
    '100-continue in HTTP/1.0': (post(JSON + 'Expect: 100-continue\r\nConnection: keep-alive\r\n', TICKET, 'HTTP/1.0'),
                                 201, True),
    # 11: credentials
    'a scheme in small letters': (get(THING, f'Authorization: bearer {USER}\r\n'), 200, True),
    'several spaces behind the scheme': (get(THING, f'Authorization: Bearer   {USER}\r\n'), 200, True),
    'no credentials': (get(THING), 401, True),
    # 8.4, 12, 13, 14: what does not fit is ignored
    'If-Modified-Since': (get(THING, AUTH + 'If-Modified-Since: Sat, 29 Oct 2044 19:43:31 GMT\r\n'), 200, True),
    'If-Modified-Since that is no date': (get(THING, AUTH + 'If-Modified-Since: yesterday\r\n'), 200, True),
    'a range of what has none': (get(THING, AUTH + 'Range: bytes=0-1\r\n'), 200, True),
    'a range in another unit': (get(THING, AUTH + 'Range: lines=1-2\r\n'), 200, True),
    'a type that nobody has': (get(THING, AUTH + 'Accept: image/png\r\n'), 200, True),
    'codings that nobody has': (get(THING, AUTH + 'Accept-Encoding: x-none\r\n'), 200, True),
}


@pytest.fixture(scope='module')
def desk(tmp_path_factory, imported_stores):
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('conformance'), 'imported', imported_stores)
    yield desk
    close_desk(desk)


def goes_on(conn):
    try:
        return conn.exchange(head('GET', '/healthz')).status == 200
    except (NoAnswer, OSError):
        return False


@pytest.mark.parametrize('name', ROWS)
def test_a_request_is_answered_as_the_rfcs_say(desk, name):
    request, status, kept = ROWS[name]
    with desk.connection() as conn:
        answer = conn.exchange(request.encode('latin-1'), request.split(' ')[0].strip())
        assert answer.status == status, answer
        assert goes_on(conn) == kept, answer
        assert (answer.header('Connection') or 'keep-alive').lower() == ('keep-alive' if kept else 'close')


@pytest.mark.parametrize('name', [n for n, row in ROWS.items() if row[2]])
def test_it_is_the_same_in_pieces_and_behind_another(desk, name):
    """Which is why nothing is remembered of a head that is not whole."""
    request, status, _ = ROWS[name]
    with desk.connection() as conn:
        conn.send(head('GET', '/healthz'))
        for byte in request.encode('latin-1'):
            conn.send(bytes([byte]))
        assert conn.read_answer().status == 200
        assert conn.read_answer(request.split(' ')[0].strip()).status == status
        assert goes_on(conn)


def test_head_is_get_without_a_body(desk):
    with desk.connection() as conn:
        for target in (THING, '/flicket-api/tickets/', '/healthz', '/flicket-api/ticket/0', '/docs/'):
            read = conn.exchange(get(target, AUTH).encode())
            told = conn.exchange(get(target, AUTH, method='HEAD').encode(), 'HEAD')
            assert (told.status, told.body) == (read.status, b'')
            changing = ('date', 'x-request-id')
            assert [(k, v) for k, v in told.headers if k.lower() not in changing] == \
                [(k, v) for k, v in read.headers if k.lower() not in changing]


def test_options_tells_the_methods(desk):
    with desk.connection() as conn:
        for target, methods in (('*', {'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'}),
                                (THING, {'GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'}),
                                (f'http://localhost{THING}', {'GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'})):
            answer = conn.exchange(get(target, method='OPTIONS').encode())
            assert set(answer.header('Allow').split(', ')) == methods and answer.body == b''


@pytest.mark.parametrize('value', ['100-continue', '100-Continue \t', '\t100-CONTINUE'])
def test_100_is_sent_before_the_body_is(desk, value):
    with desk.connection() as conn:
        conn.send(post(f'{JSON}Expect: {value}\r\n', '', length=len(TICKET)).encode())
        assert conn.read_answer().status == 100
        assert conn.exchange(TICKET.encode()).status == 201


def test_the_body_may_come_with_its_expectation(desk):
    with desk.connection() as conn:
        conn.send(post(f'{JSON}Expect: 100-continue\r\n', TICKET).encode())
        answers = [conn.read_answer().status, conn.read_answer().status]
        assert answers == [100, 201] and goes_on(conn)


# -- lists in several lines (RFC 9110, 5.3)

def test_several_lines_are_one_list(desk):
    with desk.client(ADMIN) as c:
        tag = etag(c.get('ticket/40'))
    with desk.connection() as conn:
        auth = f'Authorization: Bearer {ADMIN}\r\n'
        for lines, status in ((['"x"', tag], 304), ([tag, '"x"'], 304), (['"x"', '', f'"y", W/{tag}'], 304),
                              (['"x"', '"y"'], 200), (['', ''], 200)):
            fields = ''.join(f'If-None-Match: {line}\r\n' for line in lines)
            assert conn.exchange(get('/flicket-api/ticket/40', auth + fields).encode()).status == status, lines
        for lines, status in ((['"x"', '"y"'], 412), (['"x"', f'W/{tag}'], 412), (['"x"', tag], 200)):
            fields = ''.join(f'If-Match: {line}\r\n' for line in lines)
            body = '{"ticket_priority_id": 2}'
            request = (f'POST /flicket-api/ticket/40/priority HTTP/1.1\r\n{HOST}{auth}{JSON}{fields}'
                       f'Content-Length: {len(body)}\r\n\r\n{body}')
            assert conn.exchange(request.encode()).status == status, lines
        for lines, kind in ((['text/html', 'application/problem+json'], 'application/problem+json'),
                            (['application/problem+json;q=0.1', 'application/json'], 'application/json')):
            fields = ''.join(f'Accept: {line}\r\n' for line in lines)
            answer = conn.exchange(get('/flicket-api/ticket/0', auth + fields).encode())
            assert answer.header('Content-Type') == kind


# -- If-None-Match of writes (RFC 9110, 13.1.2)

@pytest.mark.parametrize('method, path, body', [
    ('PATCH', 'ticket/41', {'title': 'with a condition'}), ('POST', 'ticket/41/assign', {'user_id': 4}),
    ('PATCH', 'user/5', {'name': 'Somebody Else'}), ('PATCH', 'department/1', {'department': 'Another name'}),
    ('PATCH', 'post/1', {'content': 'another content'}), ('DELETE', 'ticket/42', None),
    ('DELETE', 'subscription/1', None)])
def test_if_none_match_guards_a_write(desk, method, path, body):
    with desk.client(ADMIN) as c:
        thing = '/'.join(path.split('/')[:2])
        if path.startswith('ticket') and c.get(thing).json()['status_id'] == 2:
            expect(c.post('posts', {'ticket_id': int(path.split('/')[1]), 'content': 'opened again'}), 201)
        before = c.get(thing)
        tag = etag(before)
        for have in ('*', tag, f'W/{tag}', f'"x", {tag}'):
            refused = expect(c.request(method, path, json=body, headers={'If-None-Match': have}), 412)
            assert 'If-None-Match' in refused['message']
            assert c.get(thing).body == before.body
        # both conditions have to hold
        expect(c.request(method, path, json=body, headers={'If-None-Match': '"x"', 'If-Match': '"x"'}), 412)
        expect(c.request(method, path, json=body, headers={'If-None-Match': tag, 'If-Match': tag}), 412)
        done = c.request(method, path, json=body, headers={'If-None-Match': '"0123456789abcdef"', 'If-Match': tag})
        assert done.status in (200, 204), done


def test_if_none_match_of_a_creation(desk):
    """The list that it is added to is there; what is to be made has no tag."""
    with desk.client(ADMIN) as c:
        body = json.loads(TICKET)
        expect(c.post('tickets/', body, headers={'If-None-Match': '*'}), 412)
        expect(c.post('tickets/', body, headers={'If-None-Match': '"0000000000000000"'}), 201)
        key = {'Idempotency-Key': 'with a condition'}
        made = expect(c.post('tickets/', body, headers=key), 201)
        # a retry is answered with what it did, whatever its conditions say now
        assert expect(c.post('tickets/', body, headers={**key, 'If-None-Match': '*'}), 201) == made


# -- filters

@pytest.mark.parametrize('path', ['users/?name=', 'categories/?department=', 'department_categories/?department=',
                                  'department_categories/?department_category='])
def test_a_filter_does_not_end_at_nul(desk, path):
    with desk.client(ADMIN) as c:
        for value in ('%00', 'a%00', '%00a', 'a%00b'):
            assert 'U+0000' in expect(c.get(path + value), 400)['message']
        assert expect(c.get(path), 200)['items']


@pytest.mark.parametrize('path', ['tickets/?content=', 'tickets/?department=', 'tickets.csv?status=', 'tickets/counts?category='])
def test_no_filter_of_tickets_does(desk, path):
    with desk.client(ADMIN) as c:
        for value in ('%00', 'a%00', '%00a', 'a%00b'):
            error = expect(c.get(path + value), 400)
            assert error['code'] == 'invalid_character' and 'U+0000' in error['message']
