"""Errors as problem details (RFC 9457), for clients that name the type in Accept."""
import json

import pytest

from desk import ADMIN, USER, wait_until
from wire import Client, expect, head

PROBLEM = 'application/problem+json'
WANTED = {'Accept': f'application/json, {PROBLEM}'}
OTHER = {'Accept': 'application/json, application/problem+text'}    # as long, for errors that count bytes
TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}


def expect_problem(answer, status, title):
    assert answer.status == status, answer
    assert answer.header('Content-Type') == PROBLEM
    assert answer.header('Vary') == 'Accept'
    got = json.loads(answer.body)
    assert list(got) == ['detail', 'instance', 'status', 'title', 'type']
    assert got['type'] == 'about:blank' and got['status'] == status and got['title'] == title == answer.reason
    assert got['instance'] == f'urn:flicketd:request:{answer.header("X-Request-ID")}'
    assert isinstance(got['detail'], str) and got['detail'].endswith('.')
    return got


@pytest.mark.parametrize('method, path, more, status, title', [
    ('GET', 'user/999999', {}, 404, 'Not Found'),
    ('GET', '/nowhere', {}, 404, 'Not Found'),
    ('GET', 'users/?page=99', {}, 404, 'Not Found'),
    ('GET', 'tickets/?status=nothing', {}, 400, 'Bad Request'),
    ('POST', 'tickets', {'json': {'title': 'x'}}, 400, 'Bad Request'),
    ('GET', 'user/1', {'token': False}, 401, 'Unauthorized'),
    ('DELETE', 'ticket/1', {'token': USER}, 403, 'Forbidden'),
    ('PUT', 'user/1', {}, 405, 'Method Not Allowed'),
    ('POST', '/healthz', {}, 405, 'Method Not Allowed'),
    ('POST', 'tickets', {'body': b'x' * 1048577, 'type': 'application/json'}, 413, 'Request Entity Too Large'),
    ('POST', 'tickets', {'body': b'x' * 60000000, 'type': 'application/json'}, 413, 'Request Entity Too Large'),
    ('GET', 'users/?name=' + 'x' * 9000, {}, 414, 'Request-URI Too Long'),
    ('POST', 'tickets', {'body': b'a=b', 'type': 'text/plain'}, 415, 'Unsupported Media Type'),
    ('GET', 'user/1', {'headers': {'X-Long': 'x' * 17000}}, 431, 'Request Header Fields Too Large'),
    ('POST', 'tickets', {'json': TICKET, 'headers': {'Expect': 'miracles'}}, 417, 'Expectation Failed'),
], ids=lambda v: v if isinstance(v, str) and len(v) < 30 else None)
def test_every_error_can_be_had_as_a_problem(reading, method, path, more, status, title):
    with reading.client() as c:
        fields = more.pop('headers', {})
        plain = c.request(method, path, headers={**fields, **OTHER}, **more)
        got = expect_problem(c.request(method, path, headers={**fields, **WANTED}, **more), status, title)
    # Without the type in Accept the error is as it ever was, and says the same.
    was = expect(plain, status)
    assert plain.header('Vary') is None and plain.header('Content-Type') == 'application/json'
    assert was == {'error': title, **({'message': got['detail']} if 'message' in was else {})}
    for name in ('Allow', 'WWW-Authenticate'):
        assert (plain.header(name) is None) == (name not in ('Allow' if status == 405 else '', 'WWW-Authenticate'
                                                             if status == 401 else ''))


@pytest.mark.parametrize('accept, is_wanted', [
    (PROBLEM, True), ('Application/Problem+JSON;q=0.5', True), ('text/html, ' + PROBLEM, True),
    (f'application/json;q=0.5, {PROBLEM};q=0.5', True),
    ('*/*', False), ('application/*', False), ('application/json', False), (f'{PROBLEM};q=0', False),
    (f'application/json, {PROBLEM};q=0.9', False), (f'*/*, {PROBLEM};q=0.9', False), (f'{PROBLEM};q=9', False),
    (f'text/html;a=", {PROBLEM}"', False), ('', False)])
def test_accept_is_read_with_its_qualities(reader, accept, is_wanted):
    answer = reader.get('user/999999', headers={'Accept': accept})
    if is_wanted:
        expect_problem(answer, 404, 'Not Found')
    else:
        assert answer.body == b'{"error":"Not Found"}\n'


def test_successes_are_as_they_were(reader):
    answer = reader.get('user/1', headers={'Accept': PROBLEM})
    assert answer.body == reader.get('user/1').body and answer.header('Content-Type') == 'application/json'


def test_an_error_to_head_has_the_headers_alone(reader):
    answer = reader.request('HEAD', 'user/999999', headers={'Accept': PROBLEM})
    assert answer.status == 404 and answer.body == b'' and answer.header('Content-Type') == PROBLEM
    assert int(answer.header('Content-Length')) > 50


def test_the_instance_is_the_id_the_client_gave(reader):
    answer = reader.get('user/999999', headers={'Accept': PROBLEM, 'X-Request-ID': 'my.own_id-7'})
    assert expect_problem(answer, 404, 'Not Found')['instance'] == 'urn:flicketd:request:my.own_id-7'


def test_a_missing_service_is_a_problem_too(imported):
    imported.kill('ticket')
    wait_until(lambda: imported.readiness() == 503, 20, 'the loss is noticed')
    with Client(imported.port, ADMIN) as c:
        answer = c.get('ticket/1', headers=WANTED)
        expect_problem(answer, 503, 'Service Unavailable')
        assert int(answer.header('Retry-After')) >= 1
        answer = c.get('/readyz', headers=WANTED)
        got = expect_problem(answer, 503, 'Service Unavailable')
        assert got['detail'] == 'Services that do not answer: ticket.'
        assert int(answer.header('Retry-After')) >= 1
        assert c.get('/readyz').json()['status'] == 'not ready'


def test_too_many_logins_are_a_problem_too(desks):
    desk = desks('imported', FLICKET_LOGIN_FAILURES_PER_NAME=1)
    with Client(desk.port) as c:
        answer = c.request('POST', 'tokens', headers={'Authorization': 'Basic dXNlcjAwMzp4', **WANTED})
        expect_problem(answer, 429, 'Too Many Requests')


def test_a_body_without_end_is_refused_as_a_problem(reading):
    """h2o cuts it off by itself, before any of it is understood."""
    with reading.connection() as conn:
        conn.send(head('POST', '/flicket-api/tickets', {'Authorization': f'Bearer {ADMIN}',
                                                        'Content-Length': '99999999999', **WANTED}))
        expect_problem(conn.read_answer('POST'), 413, 'Request Entity Too Large')
