"""Requests that a page of somebody else makes with the browser of a user who is logged in.

A browser sends the cookie of a session to every port of its host, so a page at another port can make it send requests
with it. None of them may change anything, whatever the route, and none may be answered with what is in the desk.
"""
import re

import pytest

from conftest import close_desk, furnish
from desk import ADMIN, run_program
from test_matrix import differences, look_when_quiet
from test_permissions import listed
from test_session import ask
from wire import Client, expect

HOST = 'localhost:5000'
HOME = f'http://{HOST}'
COOKIE = {'Cookie': f'theme=dark; flicket-5000={ADMIN}'}
LOGIN = 'anybody with a name and a password'

# What a page elsewhere may make a browser send, and what a program may send that knows the cookie but is no browser.
# Each has a token of an admin in its cookie. (name, fields, what a GET gets)
FORGED = (
    ('a page at another port', {'Sec-Fetch-Site': 'same-site', 'Origin': 'http://localhost:5001'}, 401),
    ('the same, with the field of the console', {'Sec-Fetch-Site': 'same-site', 'Origin': 'http://localhost:5001',
                                                 'Flicket-Console': '1'}, 401),
    ('a page of another site', {'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.example', 'Flicket-Console': '1'}, 401),
    ('a page that says that it is ours', {'Sec-Fetch-Site': 'cross-site', 'Origin': HOME, 'Flicket-Console': '1'}, 401),
    ('a form in a frame without an origin', {'Sec-Fetch-Site': 'cross-site', 'Origin': 'null'}, 401),
    ('a page of ours without the field', {'Sec-Fetch-Site': 'same-origin', 'Origin': HOME}, 200),
    ('a page of ours with another field', {'Sec-Fetch-Site': 'same-origin', 'Origin': HOME, 'Flicket-Console': 'true'}, 200),
    ('an address that was typed', {'Sec-Fetch-Site': 'none', 'Flicket-Console': '1'}, 200),
    # browsers send Sec-Fetch-Site with TLS and to localhost only
    ('a page at another port, without TLS', {'Origin': 'http://localhost:5001', 'Flicket-Console': '1'}, 200),
    ('a page with another scheme, without TLS', {'Origin': f'https://{HOST}', 'Flicket-Console': '1'}, 200),
    ('a page without an origin', {'Origin': 'null', 'Flicket-Console': '1'}, 200),
    ('a page of ours without the field, without TLS', {'Origin': HOME}, 200),
    ('no browser, with the field', {'Flicket-Console': '1'}, 200),
    ('no browser', {}, 200),
)
# What counts.
OWN = (
    {'Sec-Fetch-Site': 'same-origin', 'Origin': HOME, 'Flicket-Console': '1'},
    {'Sec-Fetch-Site': 'same-origin', 'Flicket-Console': '1'},
    {'Origin': HOME, 'Flicket-Console': '1'},
)
# Bodies as such pages can send them without a preflight, and one as they cannot.
KINDS = ({}, {'Content-Type': 'text/plain'}, {'Content-Type': 'application/x-www-form-urlencoded'},
         {'Content-Type': 'application/json'})
WRITES = [(method, path) for method, path, who in listed() if method != 'GET' and who != LOGIN]
READS = [path for method, path, who in listed() if method == 'GET' and who != 'anybody']


def send(desk, method, path, fields, body=b'{}'):
    target = re.sub(r':\w+', '1', path)
    return ask(desk.port, method, target, HOST, None if method in ('GET', 'HEAD', 'DELETE') else body,
               **{name.replace('-', '_'): value for name, value in fields.items()})


@pytest.fixture(scope='module')
def walked(tmp_path_factory, imported_stores):
    """(the desk, what differs after all forged writes, their answers)."""
    desk = furnish(tmp_path_factory.mktemp('forgery'), 'imported', imported_stores, FLICKET_BASE_URL=HOME,
                   FLICKET_CORS_ORIGINS='*')
    try:
        desk.start()
        before = look_when_quiet(desk)
        answers = [(name, method, path, send(desk, method, path, {**COOKIE, **fields, **kind}))
                   for method, path in WRITES for name, fields, _ in FORGED for kind in KINDS[:1 if method == 'DELETE' else None]]
        yield desk, differences(before, look_when_quiet(desk)), answers
    finally:
        close_desk(desk)


def test_every_route_that_writes_was_asked(walked):
    assert {(method, path) for _, method, path, _ in walked[2]} == set(WRITES) and len(WRITES) > 30


@pytest.mark.parametrize('name', [name for name, _, _ in FORGED])
def test_a_forged_write_is_refused_whatever_the_route(walked, name):
    answers = [(method, path, answer) for n, method, path, answer in walked[2] if n == name]
    assert answers
    for method, path, answer in answers:
        got = expect(answer, 403)
        assert got['code'] == 'foreign_page' and 'Flicket-Console' in got['message'], (method, path)
        assert answer.header('Set-Cookie') is None and answer.header('Access-Control-Allow-Credentials') is None


def test_forged_writes_change_nothing(walked):
    assert not walked[1]


@pytest.mark.parametrize('name, fields, status', FORGED, ids=lambda v: v if isinstance(v, str) else None)
def test_a_forged_read_is_answered_as_without_the_cookie(walked, name, fields, status):
    """With Sec-Fetch-Site. Browsers that do not send it do not show the answer to the page."""
    for path in READS:
        for method in ('GET', 'HEAD'):
            answer = send(walked[0], method, path, {**COOKIE, **fields})
            assert (answer.status == 401) == (status == 401), (name, path, answer)
            assert answer.header('Access-Control-Allow-Credentials') is None
            assert answer.header('Access-Control-Allow-Origin') in (None, '*')


@pytest.mark.parametrize('fields', OWN)
def test_a_page_of_the_desk_is_not_refused(walked, fields):
    desk = walked[0]
    for method, path in WRITES:
        if path in ('tokens', 'session') or path == 'user/me':
            continue        # which would end the token, or change its user
        answer = send(desk, method, re.sub(r':\w+', '999999', path), {**COOKIE, **fields})
        assert answer.status not in (401, 403), (method, path, answer)
    made = send(desk, 'POST', 'departments', {**COOKIE, **fields},
                b'{"department": "Forgery %d"}' % OWN.index(fields))
    assert expect(made, 201)['department'].startswith('Forgery')


def test_without_a_cookie_it_is_a_401_and_not_a_403(walked):
    for name, fields, _ in FORGED:
        for cookie in ({}, {'Cookie': 'theme=dark'}, {'Cookie': f'flicket-5001={ADMIN}'}):
            answer = send(walked[0], 'POST', 'posts', {**cookie, **fields})
            assert answer.status == 401 and answer.header('WWW-Authenticate').startswith('Bearer '), name


def test_a_token_in_authorization_is_no_cookie(walked):
    """A page of another origin may use the API with a token, where the operator allows it."""
    for name, fields, _ in FORGED:
        answer = send(walked[0], 'PATCH', 'user/me', {**COOKIE, **fields, 'Authorization': f'Bearer {ADMIN}'})
        assert answer.status == 200, (name, answer)


@pytest.mark.parametrize('kind', KINDS)
def test_nobody_is_logged_in_by_another_page(walked, kind):
    body = b'{"username": "user003", "password": "Password1"}'
    for name, fields, _ in FORGED:
        answer = send(walked[0], 'POST', 'session', {**fields, **kind}, body)
        is_ours = fields.get('Sec-Fetch-Site') == 'same-origin' or not {'Sec-Fetch-Site', 'Origin'} & set(fields) or \
            (fields.get('Origin') == HOME and 'Sec-Fetch-Site' not in fields)
        if not is_ours:
            assert expect(answer, 403)['code'] == 'foreign_page' and answer.header('Set-Cookie') is None, name
        else:
            assert answer.status == (200 if kind.get('Content-Type') in (None, 'application/json') else 415), (name, answer)


def test_no_preflight_allows_the_field_of_the_console(walked):
    """Or a page elsewhere could send it."""
    with Client(walked[0].port) as c:
        for method, path, _ in listed():
            answer = c.request('OPTIONS', re.sub(r':\w+', '1', path), token=False, headers={
                'Origin': 'http://localhost:5001', 'Access-Control-Request-Method': method,
                'Access-Control-Request-Headers': 'flicket-console'})
            assert answer.status == 200 and answer.header('Access-Control-Allow-Origin') == '*', answer
            allowed = answer.header('Access-Control-Allow-Headers').lower()
            assert 'flicket' not in allowed and 'cookie' not in allowed and '*' not in allowed
            assert answer.header('Access-Control-Allow-Credentials') is None


def test_no_method_is_made_of_another(walked):
    """GET counts less: it must not become a write."""
    desk = walked[0]
    before = look_when_quiet(desk)
    for name in ('X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'):
        assert send(desk, 'GET', 'ticket/1', {**COOKIE, name: 'DELETE'}).status == 200
    assert send(desk, 'GET', 'ticket/1?_method=DELETE', COOKIE).status == 200
    assert not differences(before, look_when_quiet(desk))


def test_the_tool_lists_the_routes_that_were_walked():
    assert len(run_program('flicketctl', 'permissions').stdout.splitlines()) == len(listed()) > len(WRITES) + len(READS)
