"""Request bodies: types, sizes, broken JSON, bounds of what is stored."""
import gzip
import json
import re

import pytest

from desk import USER
from wire import Client, Connection, NoAnswer, expect, head

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}
TARGETS = ('tickets', 'departments', 'categories')
JSON = 'application/json'


@pytest.fixture
def author(writing):
    with writing.client() as c:
        yield c


def ticket(**changes):
    return {**TICKET, **changes}


def count(client, path):
    return expect(client.get(path + '/?per_page=1'), 200)['_meta']['total_items']


@pytest.fixture
def nothing_is_made(author):
    """The test adds no ticket, department or category."""
    before = [count(author, t) for t in TARGETS]
    yield
    assert [count(author, t) for t in TARGETS] == before


# -- types

@pytest.mark.parametrize('type', [
    None, 'application/json', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"',
    'APPLICATION/JSON', 'application/json ; x=y', 'application/vnd.api+json'])
def test_a_body_without_a_type_or_with_a_json_one_is_json(author, type):
    made = author.request('POST', 'tickets', body=json.dumps(TICKET).encode(), type=type)
    assert expect(made, 201)['title'] == TICKET['title']


@pytest.mark.parametrize('type', [
    'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', 'text/json',
    'application/xml', 'application/jsonx', 'application/octet-stream', 'json', '*/*',
    'application/x-www-form-urlencoded; x=application/json'])
@pytest.mark.parametrize('target', TARGETS)
def test_any_other_type_is_415_and_told_what_to_send(author, nothing_is_made, target, type):
    for body in (json.dumps(TICKET).encode(), b'title=this+is+my+ticket&content=this+is+my+content'):
        got = expect(author.request('POST', target, body=body, type=type), 415)
        assert got['error'] == 'Unsupported Media Type'
        assert 'application/json' in got['message']


def test_an_empty_body_has_no_type(writing):
    """`curl -d '' -u name:password …/tokens` says it sends a form."""
    with Client(writing.port) as c:
        login = {'Authorization': 'Basic dXNlcjAwMzpQYXNzd29yZDE='}
        expect(c.request('POST', 'tokens', headers=login, type='application/x-www-form-urlencoded'), 200)
        expect(c.request('POST', 'tokens', headers=login), 200)


@pytest.mark.parametrize('target', TARGETS)
def test_no_body_is_400(author, nothing_is_made, target):
    expect(author.request('POST', target), 400)
    expect(author.request('POST', target, body=b'', type=JSON), 400)


# -- sizes

def test_a_body_over_the_limit_is_413_and_one_at_the_limit_is_read(desks):
    limit = 65536
    desk = desks('imported', FLICKET_MAX_BODY_BYTES=limit)

    def post(size, **more):
        body = json.dumps(ticket(padding='')).encode()
        body = body[:-2] + b'x' * (size - len(body)) + body[-2:]
        assert len(body) == size
        with Connection(desk.port) as conn:
            fields = {'Authorization': f'Bearer {USER}', 'Content-Type': JSON, **more}
            if 'Transfer-Encoding' in fields:
                middle = size // 2
                body = b''.join(b'%x\r\n%s\r\n' % (len(part), part) for part in
                                (body[:middle], body[middle:])) + b'0\r\n\r\n'
            else:
                fields['Content-Length'] = str(size)
            return conn.exchange(head('POST', '/flicket-api/tickets', fields) + body, 'POST')

    for more in ({}, {'Transfer-Encoding': 'chunked'}):
        expect(post(limit, **more), 201)
        assert expect(post(limit + 1, **more), 413)['error']
        expect(post(4 * limit, **more), 413)
    with desk.client() as c:
        assert count(c, 'tickets') == 130 + 2


def test_a_body_fits_into_a_message_of_the_bus(desks):
    """What is larger is refused by the gateway, whatever the limit; a service would end the connection of all."""
    desk = desks('imported', FLICKET_MAX_BODY_BYTES=64 << 20)
    with desk.client(USER) as c:
        for content, status in (('x' * ((6 << 20) - 1000), 400), ('x' * (6 << 20), 413)):
            expect(c.post('tickets', ticket(content=content)), status)
            expect(c.get('ticket/1'), 200)


def test_the_limit_is_a_mebibyte_by_default(writing):
    with Connection(writing.port) as conn:
        size = 1048577
        fields = {'Authorization': f'Bearer {USER}', 'Content-Length': str(size)}
        got = expect(conn.exchange(head('POST', '/flicket-api/tickets', fields) + b'x' * size, 'POST'), 413)
        assert set(got) <= {'code', 'error', 'message'}


@pytest.mark.parametrize('length', ['99999999999999999999', '18446744073709551615', '-1', 'abc', '1x', '0x10',
                                    '1,1', ''])
def test_a_length_that_is_none_is_refused(writing, length):
    with Connection(writing.port) as conn:
        fields = {'Authorization': f'Bearer {USER}', 'Content-Length': length}
        answer = conn.exchange(head('POST', '/flicket-api/tickets', fields) + b'{}', 'POST')
        assert 400 <= answer.status < 500, answer


# -- JSON that is none

@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('text, line, column', [
    ('{"title": ', 1, None), ('{"title": "x",\n "content": }', 2, None), ('{\n\n"title" "x"}', 3, None),
    ('nonsense', 1, None), ("{'title': 1}", 1, None), ('{"title": "x"} extra', 1, None), ('{"a":1,}', 1, None),
    ('[1, 2', 1, None), ('"x', 1, None), ('{"title": "a\nb"}', None, None)])
def test_broken_json_is_400_and_the_message_says_where(author, nothing_is_made, target, text, line, column):
    message = expect(author.request('POST', target, body=text.encode(), type=JSON), 400)['message']
    found = re.search(r'line (\d+),? column (\d+)', message)
    assert found, message
    if line:
        assert int(found[1]) == line, message


@pytest.mark.parametrize('target', TARGETS)
@pytest.mark.parametrize('text', ['[]', 'null', '5', '"x"', 'true', '[{}]', '1.5', '{}', '[null]', '-0', '""'])
def test_json_of_the_wrong_kind_is_400(author, nothing_is_made, target, text):
    expect(author.request('POST', target, body=text.encode(), type=JSON), 400)


@pytest.mark.parametrize('key', ['title', 'content', 'category_id', 'ticket_priority_id'])
@pytest.mark.parametrize('text', [
    'null', 'true', 'false', '[]', '{}', '1.5', '1.0', '1e0', '1E400', '-1e400', '99999999999999999999',
    '9223372036854775807', '9223372036854775808', '-9223372036854775809', '1' + '0' * 5000, '0', '-0', '-1',
    '"1"', '""', 'NaN', 'Infinity', '-Infinity', '[1]', '{"a": 1}'])
def test_a_value_of_the_wrong_kind_in_a_ticket_is_400(author, nothing_is_made, key, text):
    body = json.dumps(ticket(**{key: '@'})).replace('"@"', text)
    expect(author.request('POST', 'tickets', body=body.encode(), type=JSON), 400)


@pytest.mark.parametrize('text', ['null', 'true', '5', '[]', '{}', '1.5', '""', '"a"'])
def test_a_department_of_the_wrong_kind_is_400(author, nothing_is_made, text):
    expect(author.request('POST', 'departments', body=b'{"department": %s}' % text.encode(), type=JSON), 400)
    expect(author.request('POST', 'categories', type=JSON,
                          body=b'{"department_id": 1, "category": %s}' % text.encode()), 400)


@pytest.mark.parametrize('text', ['null', 'true', '"1"', '[1]', '{}', '1.0', '0', '-1', '999', '1e400',
                                  '99999999999999999999'])
def test_a_category_of_no_department_is_400(author, nothing_is_made, text):
    expect(author.request('POST', 'categories', type=JSON,
                          body=b'{"category": "Anything", "department_id": %s}' % text.encode()), 400)


@pytest.mark.parametrize('escape', [r'\u0000', r'abc\u0000def', r'\ud800', r'\udfff', r'\ud83d', r'\ude00\ud83d',
                                    r'\ud83dx', r'\ud800\ud800', r'abcdef\ud83d'])
def test_what_no_text_can_hold_is_400(author, nothing_is_made, escape):
    for key in ('title', 'content'):
        body = json.dumps(ticket(**{key: '@'})).replace('@', 'some text ' + escape)
        expect(author.request('POST', 'tickets', body=body.encode(), type=JSON), 400)
    for body in (r'{"department": "some %s"}', r'{"category": "some %s", "department_id": 1}'):
        target = 'departments' if 'department"' in body else 'categories'
        expect(author.request('POST', target, body=(body % escape).encode(), type=JSON), 400)


@pytest.mark.parametrize('data', [b'\xff', b'\xc0\xaf', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xe2\x82', b'\x80',
                                  b'\xf8\x88\x80\x80\x80'])
def test_bytes_that_are_not_utf8_are_400(author, nothing_is_made, data):
    body = json.dumps(ticket(title='@@@')).encode().replace(b'@@@', b'text ' + data + b' text')
    expect(author.request('POST', 'tickets', body=body, type=JSON), 400)
    expect(author.request('POST', 'tickets', body=data, type=JSON), 400)


@pytest.mark.parametrize('opening, closing', [('[', ']'), ('{"a":', '}')])
@pytest.mark.parametrize('depth', [1000, 100000])
def test_deep_nesting_is_400(author, nothing_is_made, opening, closing, depth):
    inner = opening * depth + '1' + closing * depth
    expect(author.request('POST', 'tickets', body=inner.encode(), type=JSON), 400)
    expect(author.request('POST', 'tickets', body=(opening * depth).encode(), type=JSON), 400)
    if depth == 1000:
        body = json.dumps(ticket(category_id='@')).replace('"@"', inner)
        expect(author.request('POST', 'tickets', body=body.encode(), type=JSON), 400)


def test_of_two_values_for_a_key_the_last_one_counts_or_none_does(author):
    body = b'{"title": "the first", ' + json.dumps(ticket(title='the last')).encode()[1:]
    answer = author.request('POST', 'tickets', body=body, type=JSON)
    if answer.status == 201:
        assert answer.json()['title'] == 'the last'
    else:
        expect(answer, 400)


def test_keys_nobody_knows_are_ignored(author):
    made = expect(author.post('tickets', ticket(id=5, started_id=1, status_id=2, x=None, TITLE='no', date_added=0)),
                  201)
    assert made['id'] > 130 and made['status_id'] == 1 and made['title'] == TICKET['title']


def test_white_space_around_json_is_none_of_it(author):
    body = b' \r\n\t' + json.dumps(TICKET, indent=8).encode() + b'\n\n '
    expect(author.request('POST', 'tickets', body=body, type=JSON), 201)


# -- what other programs send

def test_a_byte_order_mark_is_left_out(author):
    mark = b'\xef\xbb\xbf'
    for target, body in (('tickets', TICKET), ('departments', {'department': 'With a mark'})):
        expect(author.request('POST', target, body=mark + json.dumps(body).encode(), type=JSON), 201)
    expect(author.request('POST', 'tickets', body=mark, type=JSON), 400)
    expect(author.request('POST', 'tickets', body=mark + mark + json.dumps(TICKET).encode(), type=JSON), 400)


@pytest.mark.parametrize('number', ['99999999999999999999', '-9223372036854775809', '1e999', '-1E+400', '1.5e999',
                                    '1' + '0' * 5000, '0.' + '1' * 5000, '1e-999', '[1e999, {"a": 1e999}]'])
def test_a_member_that_is_ignored_may_be_any_number(author, number):
    body = json.dumps(ticket(ignored='@')).replace('"@"', number)
    assert expect(author.request('POST', 'tickets', body=body.encode(), type=JSON), 201)['title'] == TICKET['title']
    message = expect(author.request('POST', 'posts', type=JSON, body=(
        b'{"ticket_id": 1, "content": "my reply", "ignored": %s}' % number.encode())), 400)['message']
    assert '"ignored"' in message       # where nothing is ignored, the name is at fault


CODINGS = ([('Content-Encoding', 'gzip')], [('content-encoding', 'br')], [('Content-Encoding', 'identity, gzip')],
           [('Content-Encoding', 'identity'), ('Content-Encoding', 'deflate')])


@pytest.mark.parametrize('coding', CODINGS)
@pytest.mark.parametrize('method, path, type', [
    ('POST', 'tickets', JSON), ('PATCH', 'ticket/1', JSON), ('POST', 'uploads', 'multipart/form-data; boundary=x'),
    ('PUT', 'user/me/avatar', 'image/png')])
def test_a_body_that_is_compressed_is_415(writing, nothing_is_made, coding, method, path, type):
    with Connection(writing.port) as conn:
        body = gzip.compress(json.dumps(TICKET).encode())
        fields = [('Authorization', f'Bearer {USER}'), ('Content-Type', type), ('Content-Length', str(len(body))), *coding]
        answer = conn.exchange(head(method, f'/flicket-api/{path}', fields) + body, method)
        assert 'Content-Encoding' in expect(answer, 415)['message']
        assert answer.header('Accept-Encoding') == 'identity'
        assert conn.is_usable()


def test_a_body_that_is_not_compressed_may_say_so(author):
    for coding in ('identity', 'Identity', ''):
        expect(author.post('tickets', TICKET, headers={'Content-Encoding': coding}), 201)
    # without a body nothing is compressed
    expect(author.post('ticket/1/priority', headers={'Content-Encoding': 'gzip'}), 400)


# -- bounds, counted in characters

CHARACTERS = {'ascii': 'a', 'umlaut': 'ë', 'chinese': '漢', 'emoji': '😀', 'joined': 'e\u0301'[1], 'quote': '"',
              'control': '\x01', 'backslash': '\\', 'separator': '\u2028'}
NOT_OF_A_LINE = ('control', 'separator')
OF_A_LINE = [name for name in CHARACTERS if name not in NOT_OF_A_LINE]
each_character = pytest.mark.parametrize('character', [CHARACTERS[name] for name in OF_A_LINE], ids=OF_A_LINE)


@pytest.mark.parametrize('key, least, most, name', [
    *[('title', 3, 128, name) for name in OF_A_LINE], *[('content', 5, 5000, name) for name in CHARACTERS]])
def test_a_tickets_texts_have_bounds_in_characters(author, key, least, most, name):
    character = CHARACTERS[name]
    for length, status in ((least - 1, 400), (least, 201), (most, 201), (most + 1, 400)):
        text = character * length
        answer = author.post('tickets', ticket(**{key: text}))
        got = expect(answer, status)
        if status == 201:
            assert got[key] == text
            assert expect(author.get(f'ticket/{got["id"]}'), 200)[key] == text
        else:
            assert key in got['message']


@each_character
def test_a_departments_name_has_bounds_in_characters(author, character):
    for length, status in ((1, 400), (2, 201), (30, 201), (31, 400)):
        answer = author.post('departments', {'department': character * length})
        if expect(answer, status) and status == 201:
            made = answer.json()
            assert made['department'] == character * length
            assert expect(author.get(f'department/{made["id"]}'), 200) == made


@each_character
def test_a_categorys_name_has_bounds_in_characters(author, character):
    for length, status in ((1, 400), (2, 201), (30, 201), (31, 400)):
        answer = author.post('categories', {'category': character * length, 'department_id': 5})
        if expect(answer, status) and status == 201:
            made = answer.json()
            assert made['category'] == character * length
            assert expect(author.get(f'category/{made["id"]}'), 200) == made


def test_the_same_text_escaped_or_not_is_the_same(author):
    text = 'Zoë 漢字 😀 "q" \\ / \b\f\n\r\t \x1f \x7f \u2028 </script>'
    for ascii_only in (True, False):
        body = json.dumps(ticket(content=text), ensure_ascii=ascii_only).encode()
        made = expect(author.request('POST', 'tickets', body=body, type=JSON), 201)
        assert made['content'] == text
        assert expect(author.get(f'ticket/{made["id"]}'), 200)['content'] == text


def test_departments_and_categories_are_made_once(author):
    expect(author.post('departments', {'department': 'Only once'}), 201)
    assert 'already' in expect(author.post('departments', {'department': 'Only once'}), 400)['message']
    expect(author.post('categories', {'category': 'Only once', 'department_id': 1}), 201)
    expect(author.post('categories', {'category': 'Only once', 'department_id': 2}), 201)
    assert 'already' in expect(author.post('categories', {'category': 'Only once', 'department_id': 1}),
                               400)['message']


def test_a_body_that_never_comes_holds_up_nobody(writing):
    fields = {'Authorization': f'Bearer {USER}', 'Content-Length': '1000'}
    waiting = [Connection(writing.port) for _ in range(50)]
    try:
        for conn in waiting:
            conn.send(head('POST', '/flicket-api/tickets', fields) + b'{"title"')
        with writing.client() as c:
            expect(c.post('tickets', TICKET), 201)
    finally:
        for conn in waiting:
            conn.close()


def test_a_body_in_many_small_pieces_is_one_body(writing):
    body = json.dumps(ticket(title='piece by piece')).encode()
    fields = {'Authorization': f'Bearer {USER}', 'Content-Type': JSON}
    with Connection(writing.port) as conn:
        conn.send(head('POST', '/flicket-api/tickets', {**fields, 'Content-Length': str(len(body))}))
        for i in range(len(body)):
            conn.send(body[i:i + 1])
        assert expect(conn.read_answer('POST'), 201)['title'] == 'piece by piece'
        conn.send(head('POST', '/flicket-api/tickets', {**fields, 'Transfer-Encoding': 'chunked'}))
        for i in range(len(body)):
            conn.send(b'1;x=y\r\n' + body[i:i + 1] + b'\r\n')
        conn.send(b'0\r\n\r\n')
        assert expect(conn.read_answer('POST'), 201)['title'] == 'piece by piece'
        assert conn.is_usable()


@pytest.mark.parametrize('chunks', [b'zz\r\n{}\r\n0\r\n\r\n', b'-1\r\n{}\r\n0\r\n\r\n',
                                    b'ffffffffffffffffff\r\n{}\r\n0\r\n\r\n', b'2\r\n{}xx0\r\n\r\n'])
def test_broken_chunks_are_refused(writing, chunks):
    fields = {'Authorization': f'Bearer {USER}', 'Transfer-Encoding': 'chunked'}
    with Connection(writing.port) as conn:
        conn.send(head('POST', '/flicket-api/tickets', fields) + chunks)
        try:
            answer = conn.read_answer('POST')
        except NoAnswer:
            return      # hung up on, as good
        assert 400 <= answer.status < 500, answer
