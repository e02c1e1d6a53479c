"""Errors as problem details (RFC 9457), for clients that name the type in Accept."""
import json
import re

import pytest

import openapi
from desk import ADMIN, REPO, USER, wait_until
from wire import USERS, Client, expect, head

OF_FLICKET = {'required', 'wrong_type', 'not_found', 'taken', 'invalid_json'}     # on POST tickets and its like
MEMBERS = {'code', 'detail', 'instance', 'status', 'title', 'type'}
PROBLEM = 'application/problem+json'
WANTED = {'Accept': f'application/json, {PROBLEM}'}
OTHER = {'Accept': 'application/json, application/problem+text'}    # as long, for errors that count bytes
TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}


def expect_problem(answer, status, title):
    assert answer.status == status, answer
    assert answer.header('Content-Type') == PROBLEM
    assert answer.varies() - {'Accept-Encoding', *USERS} == {'Accept'}
    got = json.loads(answer.body)
    assert list(got) == sorted(got) and set(got) - {'errors', 'field'} == MEMBERS
    assert re.fullmatch('[a-z_]+', got['code']) and ('errors' not in got or got['errors'][0]['code'] == got['code'])
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
    assert 'Accept' not in plain.varies() and plain.header('Content-Type') == 'application/json'
    for_programs = {name: got[name] for name in ('code', 'errors', 'field') if name in got and 'code' in was}
    assert was == {'error': title, **({'message': got['detail']} if 'message' in was else {}), **for_programs}
    assert ('message' in was) == (status not in (401, 404))
    assert ('code' in was) == ('message' in was) or got['code'] in OF_FLICKET
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


# -- codes for programs

USER_ = {'username': 'a name', 'name': 'a person', 'email': 'a@example.org', 'password': 'a password'}

# Who asks for what, and the codes and fields of the answer.
CODED = [
    ('GET', 'tickets/?status=nothing', None, ADMIN, 400, [('not_found', 'status')]),
    ('GET', 'tickets/?assigned_id=x', None, ADMIN, 400, [('wrong_type', 'assigned_id')]),
    ('GET', 'tickets/?added_since=x', None, ADMIN, 400, [('invalid', 'added_since')]),
    ('GET', 'tickets/?sort=x', None, ADMIN, 400, [('invalid', 'sort')]),
    ('GET', 'tickets/?cursor=x', None, ADMIN, 400, [('invalid', 'cursor')]),
    ('GET', 'tickets/?stats=1&sort=&id=5', None, ADMIN, 400,
     [('unknown_parameter', 'stats'), ('empty', 'sort'), ('unknown_parameter', 'id')]),
    ('GET', 'tickets/?include=x', None, ADMIN, 400, [('invalid', 'include')]),
    ('GET', 'ticket/1?fields=x', None, ADMIN, 400, [('invalid', 'fields')]),
    ('GET', 'tickets.csv?fields=id', None, ADMIN, 400, [('exclusive', 'fields')]),
    ('POST', 'tickets', {**TICKET, 'title': 'x'}, USER, 400, [('too_short', 'title')]),
    ('POST', 'tickets', {**TICKET, 'title': 'x' * 129, 'content': ''}, USER, 400,
     [('too_long', 'title'), ('too_short', 'content')]),
    ('PATCH', 'ticket/1', {'title': 5, 'hours': -1, 'colour': 'red', 'content': 'a\x00b long'}, ADMIN, 400,
     [('unknown_field', 'colour'), ('out_of_range', 'hours'), ('wrong_type', 'title'),
      ('invalid_character', 'content')]),
    ('PATCH', 'ticket/1', {'category_id': 999}, ADMIN, 400, [('not_found', 'category_id')]),
    ('PATCH', 'ticket/999999', {'title': 'a title'}, ADMIN, 404, [('not_found', None)]),
    ('POST', 'posts', {'ticket_id': 999999, 'content': 'some content'}, ADMIN, 404, [('not_found', 'ticket_id')]),
    ('POST', 'posts', {'content': 'x', 'close': 1}, ADMIN, 400,
     [('required', 'ticket_id'), ('wrong_type', 'close'), ('too_short', 'content')]),
    ('POST', 'posts', {'ticket_id': 1, 'content': 'some content', 'status_id': 1, 'close': True}, ADMIN, 400,
     [('exclusive', 'status_id')]),
    ('POST', 'posts', [], ADMIN, 400, [('required', 'ticket_id'), ('required', 'content'), ('wrong_type', None)]),
    ('POST', 'ticket/1/assign', {'username': 'nobody at all'}, ADMIN, 400, [('not_found', 'username')]),
    ('POST', 'ticket/1/assign', {}, ADMIN, 400, [('required', 'user_id')]),
    ('POST', 'ticket/1/status', {'status_id': 2}, ADMIN, 400, [('invalid', 'status_id')]),
    ('POST', 'users', {}, ADMIN, 400, [('required', 'name'), ('required', 'username'), ('required', 'password'),
                                       ('required', 'email')]),
    ('POST', 'users', {**USER_, 'username': 'admin2', 'email': 'admin@localhost.test'}, ADMIN, 409,
     [('taken', 'email')]),
    ('POST', 'users', {**USER_, 'email': 'no address'}, ADMIN, 400, [('invalid', 'email')]),
    ('POST', 'users', {**USER_, 'password': 'x'}, ADMIN, 400, [('too_short', 'password')]),
    ('POST', 'users', USER_, USER, 403, [('forbidden', None)]),
    ('PATCH', 'user/me', {'disabled': True}, USER, 403, [('forbidden', 'disabled')]),
    ('PATCH', 'user/me', {'disabled': True}, ADMIN, 409, [('last_admin', 'disabled')]),
    ('PUT', 'user/me/password', {'new_password': 'a password'}, USER, 400, [('required', 'password')]),
    ('PUT', 'user/me/password', {'new_password': 'a password', 'password': 'wrong'}, USER, 400,
     [('wrong_password', 'password')]),
    ('POST', 'groups', {'group_name': 'flicket_admin'}, ADMIN, 409, [('taken', 'group_name')]),
    ('DELETE', 'group/1', None, ADMIN, 409, [('built_in', None)]),
    ('DELETE', 'department/1', None, ADMIN, 409, [('in_use', None)]),
    ('PATCH', 'department/1', {'department': 'Manufacturing'}, ADMIN, 400, [('taken', 'department')]),
    ('PATCH', 'category/1', {'department_id': 999}, ADMIN, 400, [('not_found', 'department_id')]),
    ('POST', 'tokens', None, ADMIN, 401, [('unauthorized', None)]),
    ('PUT', 'ticket/1', {}, ADMIN, 405, [('method_not_allowed', None)]),
    ('PUT', 'user/me/avatar', {}, ADMIN, 415, [('unsupported_media_type', None)]),
]


@pytest.mark.parametrize('method, path, body, token, status, want', CODED, ids=lambda v: v if isinstance(v, str) else None)
def test_an_error_says_what_is_wrong_of_which_field(reading, method, path, body, token, status, want):
    with reading.client(token) as c:
        both = [c.request(method, path, json=body, headers=fields) for fields in (WANTED, OTHER)]
    problem, plain = json.loads(both[0].body), expect(both[1], status)
    assert both[0].status == status, both[0]
    for got in (problem, plain) if 'message' in plain else (problem,):
        faults = got.get('errors', [got])
        assert [(f['code'], f.get('field')) for f in faults] == want
        assert (got['code'], got.get('field')) == want[0]
        assert ('errors' in got) == (len(want) > 1)
    assert all(f['message'] for f in plain.get('errors', []))


@pytest.mark.parametrize('path, body, code, field', [
    ('tickets', {}, 'required', 'category_id'), ('tickets', {**TICKET, 'category_id': '1'}, 'wrong_type', 'category_id'),
    ('tickets', {**TICKET, 'category_id': 999}, 'not_found', 'category_id'),
    ('tickets', {**TICKET, 'ticket_priority_id': 999}, 'not_found', 'ticket_priority_id'),
    ('departments', {}, 'required', 'department'), ('departments', {'department': 'Design'}, 'taken', 'department'),
    ('categories', {'category': 'abc', 'department_id': 999}, 'not_found', 'department_id')])
def test_errors_of_flicket_have_its_members(reading, path, body, code, field):
    with reading.client(ADMIN) as c:
        problem = json.loads(c.post(path, body, headers=WANTED).body)
        assert (problem['code'], problem['field']) == (code, field)
        assert expect(c.post(path, body), 400) == {'error': 'Bad Request', 'message': problem['detail']}


def test_an_error_has_bounds(reading):
    """A body may have as many faults as it has room for, and fields with names as long."""
    with reading.client(ADMIN) as c:
        got = expect(c.request('PATCH', 'ticket/1', json={f'{n}' * 100: 1 for n in range(1, 1000)}), 400)
        assert len(got['errors']) == 16 and len(got['field']) == 60
        got = expect(c.get('tickets/?' + '&'.join(f'x{n}=1' for n in range(1000))), 400)
        assert len(got['errors']) == 16 and got['field'] == 'x0'


def test_the_documentation_has_the_table_of_codes():
    described = openapi.description()['components']['schemas']['error_code']['oneOf']
    table = '| code | meaning |\n| --- | --- |\n' + ''.join(
        f'| `{row["const"]}` | {row["description"]} |\n' for row in described)
    _, _, rest = (REPO / 'docs' / 'api.md').read_text(encoding='utf-8').partition('<!-- codes -->\n')
    assert rest.partition('<!-- /codes -->')[0] == table
    words = [row['const'] for row in described]
    assert len(set(words)) == len(words) and all(re.fullmatch('[a-z_]+', word) for word in words)
