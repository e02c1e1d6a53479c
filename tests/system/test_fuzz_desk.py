"""Random requests to every route there is: whatever comes, the answer is never a fault of the server."""
import json
import os
import re

import hypothesis.strategies as st
import pytest
from hypothesis import event, given, settings
from hypothesis.strategies import lists, sampled_from, text

from desk import ADMIN, REPO, SUPER, USER, run_program
from urllib.parse import quote

EXAMPLES = int(os.environ.get('FUZZ_EXAMPLES', '400'))
KINDS = 'posts,subscriptions,uploads,actions,histories,category,status,priority,users'.split(',')
SORTS = 'priority title ticketid addedby addedon last_updated replies department_category status assigned time ' \
    'relevance'.split()


def routes():
    """(method, path) of every route, from the tool that prints who may."""
    found = re.findall(r'^(GET|POST|PUT|PATCH|DELETE) +(\S+)', run_program('flicketctl', 'permissions').stdout, re.M)
    assert len(found) > 60, found
    return found


def names():
    """Names of all arguments there are."""
    table = (REPO / 'proto' / 'keys.tbl').read_text()
    return sorted(set(re.findall(r'^KEY\(\d+, +\w+, +"(\w+)"', table, re.M)))


ROUTES, NAMES = routes(), names()
TOKENS = (ADMIN, USER, SUPER)


@pytest.fixture(scope='module')
def fuzzed(tmp_path_factory, imported_stores):
    """A desk of this file's own: what users and tokens there are changes. Users 1, 3, 6 are spared."""
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('fuzzed'), 'imported', imported_stores)
    yield desk
    close_desk(desk)


ids = sampled_from(['0', '1', '2', '5', '7', '40', '77', '100', '131', '999999', '9223372036854775807', '007'])
words = sampled_from(['Open', 'Closed', 'me', 'unassigned', 'printer', '"paper', 'a*', '*', '', 'IT', '1,2,3', 'true',
                      '2020-01-01', '2020-13-01', '2020-01-01T00:00:00Z', '漢字', "' OR 1=1 --", '%', '=cmd()', '-1',
                      *SORTS, *(s + '_desc' for s in SORTS), *KINDS]) | text(max_size=12) | ids
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.integers(-2, 140) | words
values = scalars | lists(scalars, max_size=3) | st.dictionaries(text(max_size=5), scalars, max_size=2)
PLAUSIBLE = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1, 'ticket_id': 40,
             'user_id': 8, 'username': 'user008', 'status_id': 3, 'hours': 1.25, 'department': 'Fuzzy',
             'category': 'Fuzzy', 'department_id': 1, 'group_name': 'fuzzy', 'name': 'Fuzzy Name',
             'email': 'fuzzy@example.org', 'password': 'Password1', 'new_password': 'Password1', 'close': True,
             'force': True, 'scope': 'read', 'expires_in': 100, 'locale': 'en', 'job_title': None, 'disabled': False}
plausible = st.sets(sampled_from(sorted(PLAUSIBLE)), max_size=12).map(lambda keys: {k: PLAUSIBLE[k] for k in keys})
bodies = st.tuples(plausible, st.dictionaries(sampled_from(NAMES), values, max_size=3)).map(lambda p: {**p[0], **p[1]})
headers = st.fixed_dictionaries({}, optional={
    'If-Match': sampled_from(['*', '"0123456789abcdef"', 'W/"x"', '', ',,', '"' * 50]),
    'If-None-Match': sampled_from(['*', '"0123456789abcdef"', '', 'x']),
    'Idempotency-Key': sampled_from(['a', 'b', '"c"', 'x' * 300, '']),
    'Range': sampled_from(['bytes=0-5', 'bytes=-1', 'bytes=9-', 'bytes=5-1', 'x', 'bytes=0-1,3-4']),
})


def check(answer):
    assert answer.status < 500, answer
    if answer.status >= 400:
        got = answer.json()
        assert got['error'], answer
        assert answer.status != 400 or got['message'], answer
    return answer


def spares_the_three(method, path):
    """Not to lose the tokens that the test works with."""
    return method != 'GET' and (re.match(r'/flicket-api/(user/(0*[136]|me)(/|$)|token)', path)
                                or re.match(r'/flicket-api/group/.*/0*[136]$', path))


@settings(max_examples=EXAMPLES)
@given(route=sampled_from(ROUTES), values=lists(ids, min_size=3, max_size=3), token=sampled_from(TOKENS),
       body=bodies, extra=headers, query=lists(st.tuples(sampled_from(NAMES), words), max_size=3))
def test_any_request_of_any_route(fuzzed, route, values, token, body, extra, query):
    method, path = route
    for value in values:
        path = re.sub(r':\w+', value, path, count=1)
    path = path if path.startswith('/') else '/flicket-api/' + path
    if spares_the_three(method, path):
        return
    if query:
        path += '?' + '&'.join(f'{k}={quote(v.encode("utf-8", "surrogatepass"))}' for k, v in query)
    with fuzzed.client(token) as c:
        if method in ('GET', 'DELETE'):
            answer = c.request(method, path, headers=extra)
        else:
            answer = c.request(method, path, headers={**extra, 'Content-Type': 'application/json'},
                               body=json.dumps(body).encode('utf-8', 'surrogatepass'))
    event(f'{answer.status // 100}xx')
    if answer.status in (200, 201) and 'json' in (answer.header('Content-Type') or '') and method != 'GET':
        answer.json()
    check(answer)


parameter = st.tuples(sampled_from([
    'status', 'department', 'category', 'status_id', 'ticket_priority_id', 'category_id', 'department_id',
    'assigned_id', 'created_id', 'user_id', 'subscriber_id', 'added_since', 'added_before', 'updated_since',
    'updated_before', 'content', 'sort', 'cursor', 'fields', 'include', 'page', 'per_page']), words)


@settings(max_examples=EXAMPLES)
@given(path=sampled_from(['tickets/', 'tickets/2/', 'tickets.csv', 'tickets.ndjson', 'ticket/2']),
       query=lists(parameter, max_size=4))
def test_any_filter_of_tickets(fuzzed, path, query):
    with fuzzed.client(USER) as c:
        answer = c.get(f'{path}?' + '&'.join(f'{k}={quote(v.encode("utf-8", "surrogatepass"))}' for k, v in query))
    check(answer)


part = st.binary(max_size=80) | sampled_from([
    b'--x\r\n', b'--x--\r\n', b'\r\n\r\n', b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n',
    b'Content-Disposition: form-data; name="ticket_id"\r\n\r\n2\r\n', b'Content-Type: text/plain\r\n', b'hello\r\n'])


@settings(max_examples=EXAMPLES)
@given(parts=lists(part, max_size=10), kind=sampled_from([
    'multipart/form-data; boundary=x', 'multipart/form-data; boundary="x"', 'multipart/form-data', 'text/plain',
    'multipart/form-data; boundary=', 'multipart/form-data; boundary=' + 'y' * 80, 'multipart/mixed; boundary=x']))
def test_any_form(fuzzed, parts, kind):
    with fuzzed.client(ADMIN) as c:
        check(c.request('POST', 'uploads', body=b''.join(parts), type=kind))


@settings(max_examples=EXAMPLES // 4)
@given(body=st.binary(max_size=300), kind=sampled_from(['image/png', 'image/gif', 'image/jpeg', 'text/html', '']))
def test_any_picture(fuzzed, body, kind):
    with fuzzed.client(ADMIN) as c:
        check(c.request('PUT', 'user/9/avatar', body=body, type=kind or None))
