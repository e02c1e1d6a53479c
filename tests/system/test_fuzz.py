"""Random requests: whatever comes, the answer is never a fault of the server."""
import json

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from hypothesis.strategies import binary, dictionaries, lists, recursive, sampled_from, text

from desk import ADMIN
from routes import ALL_READS, LISTS
from urllib.parse import quote, quote_from_bytes
from wire import Client

EXAMPLES = 150
TARGETS = ('tickets', 'departments', 'categories')
KEYS = ('title', 'content', 'category_id', 'ticket_priority_id', 'department', 'category', 'department_id')


@pytest.fixture(scope='module')
def fuzzed(writing):
    with writing.client(ADMIN) as c:
        yield c


def check(answer):
    """Answered, not a 5xx, and JSON that says so."""
    assert answer.status < 500, answer
    if answer.body:
        got = answer.json()
        if answer.status >= 400:
            assert got['error']
    return answer


def post(client, target, body, kind='application/json'):
    return check(client.request('POST', target, body=body, type=kind))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | text(max_size=200)
values = recursive(scalars, lambda inner: lists(inner, max_size=5)
                   | dictionaries(sampled_from(KEYS) | text(max_size=8), inner, max_size=5), max_leaves=20)
bodies = dictionaries(sampled_from(KEYS), scalars | values, max_size=7)
# Close to what is right, so that more gets past the first checks.
tickets = st.fixed_dictionaries({
    'title': text(max_size=140) | values, 'content': text(max_size=200) | values,
    'category_id': st.integers(-2, 20) | values, 'ticket_priority_id': st.integers(-2, 5) | values})


@settings(max_examples=EXAMPLES)
@given(target=sampled_from(TARGETS), body=binary(max_size=2000))
@example('tickets', b'\xef\xbb\xbf{}')
@example('tickets', '{}'.encode('utf-16'))
@example('tickets', b'\0' * 2000)
def test_any_bytes_as_a_body(fuzzed, target, body):
    assert post(fuzzed, target, body).status in (201, 400)


@settings(max_examples=EXAMPLES)
@given(target=sampled_from(TARGETS), body=values | bodies | tickets, ascii_only=st.booleans())
def test_any_json_as_a_body(fuzzed, target, body, ascii_only):
    data = json.dumps(body, ensure_ascii=ascii_only).encode('utf-8', 'surrogatepass')
    assert post(fuzzed, target, data).status in (201, 400)


one_line = st.characters(blacklist_categories=('Cc', 'Cs', 'Zl', 'Zp'),
                         blacklist_characters='\u202a\u202b\u202d\u202e\u2066\u2067\u2068')


@settings(max_examples=EXAMPLES)
@given(inner=text(one_line, min_size=1, max_size=126), content=text(min_size=5, max_size=5000))
def test_any_text_comes_back_as_it_was_sent(fuzzed, inner, content):
    title = f'"{inner}"'    # blanks at the ends of a title are removed
    answer = post(fuzzed, 'tickets', json.dumps({
        'title': title, 'content': content, 'category_id': 1, 'ticket_priority_id': 1}).encode())
    if '\0' in content:
        assert answer.status == 400
        return
    assert answer.status == 201, answer
    got = check(fuzzed.get(f'ticket/{answer.json()["id"]}')).json()
    assert (got['title'], got['content']) == (title, content)


@settings(max_examples=EXAMPLES)
@given(body=bodies, cut=st.integers(0, 400), put=binary(max_size=3))
def test_json_that_was_damaged(fuzzed, body, cut, put):
    data = json.dumps(body).encode()
    post(fuzzed, 'tickets', data[:cut] + put + data[cut + len(put):])


NAMES = ('per_page', 'page', 'name', 'department', 'department_id', 'department_category', 'topic_id', 'post_id')
number = st.integers().map(str) | st.integers(-3, 120).map(str) | st.floats().map(str)
parameter = st.tuples(sampled_from(NAMES), number | text(max_size=20)).map(
    lambda p: f'{p[0]}={quote(p[1].encode("utf-8", "surrogatepass"))}')


@settings(max_examples=EXAMPLES)
@given(which=sampled_from(LISTS), query=lists(parameter, max_size=5).map('&'.join))
def test_any_parameters_of_any_list(fuzzed, which, query):
    answer = check(fuzzed.get(f'{which.path}?{query}'))
    assert answer.status in (200, 400, 404)
    if answer.status == 200:
        for link in answer.json()['_links'].values():
            assert link is None or link.isascii() and ' ' not in link and '"' not in link


@settings(max_examples=EXAMPLES)
@given(which=sampled_from(LISTS), query=binary(max_size=60))
def test_any_bytes_as_a_query(fuzzed, which, query):
    check(fuzzed.get(f'{which.path}?{quote_from_bytes(query)}'))
    plain = ''.join(chr(b) for b in query if 0x21 <= b < 0x7f and b != 0x23)
    check(fuzzed.get(f'{which.path}?{plain}'))


@settings(max_examples=EXAMPLES)
@given(base=sampled_from(ALL_READS), tail=binary(max_size=30), cut=st.integers(0, 20))
def test_any_bytes_in_a_path(fuzzed, base, tail, cut):
    check(fuzzed.get(base[:cut] + quote_from_bytes(tail)))


header_value = text(st.characters(min_codepoint=0x20, max_codepoint=0x7e), max_size=200)


@settings(max_examples=EXAMPLES)
@given(authorization=header_value, accept=header_value, content_type=header_value)
def test_any_text_in_headers(fuzzed, authorization, accept, content_type):
    with Client(fuzzed.port) as c:
        headers = {'Authorization': authorization, 'Accept': accept, 'Content-Type': content_type}
        check(c.request('GET', 'user/1', headers=headers))
        headers['Authorization'] = 'Bearer ' + ADMIN
        check(c.request('POST', 'tickets', headers=headers, body=b'{}'))
        check(c.request('GET', 'user/1', headers={**headers, 'Authorization': 'Bearer ' + authorization}))
