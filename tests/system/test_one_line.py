"""Names, titles and addresses are one line of text that can be seen, without blanks around it."""
import contextlib

import pytest

from desk import PASSWORD, open_store
from wire import Client, basic, expect

TICKET = {'title': 'a title', 'content': 'some content', 'ticket_priority_id': 1, 'category_id': 1}
USER = {'username': 'one-line', 'name': 'One Line', 'email': 'one-line@example.test', 'password': 'S3cret-enough'}
BLANKS = ['   ', '\t\n\r ', '\u00a0\u00a0\u00a0', '\u3000\u3000\u3000', '\u200b\u200b\u200b', '\ufeff\ufeff\ufeff\ufeff',
          '\u200e\u200f\u200e\u200f', '\u3164\u3164\u3164\u3164', '\u2800\u2800\u2800\u2800', '\u00ad\u00ad\u00ad\u00ad']
CONTROLS = ['two\nlines', 'car\rriage', 'tab\there', 'es\x1b[31mcape', 'bell\x07bell', 'del\x7fdel', 'c1\x9b31m c1',
            'line\u2028line', 'para\u2029para', 'not\u202egpj.exe', 'not\u202dfdp.exe', 'one\0two']
OPEN = ['a\u202ab', 'a\u202bb', 'a\u2066b', 'a\u2067b', 'a\u2068b', 'a\u2067b\u202cc', 'a\u202bb\u2069c',
        'a\u2067\u2067b\u2069']
KINDS = [('tickets', TICKET, 'title'), ('departments', {}, 'department'),
         ('categories', {'department_id': 1}, 'category'), ('users', USER, 'name'), ('users', USER, 'username'),
         ('users', USER, 'email'), ('users', USER, 'job_title'), ('users', USER, 'locale'),
         ('groups', {}, 'group_name')]
PLURALS = {'category': 'categories'}
count = 0


def total(client, path):
    return expect(client.get(path), 200)['_meta']['total_items']


@pytest.mark.parametrize('text', CONTROLS, ids=ascii)
@pytest.mark.parametrize('path, rest, field', KINDS, ids=[k[2] for k in KINDS])
def test_control_characters_are_refused(admin, path, rest, field, text):
    message = expect(admin.post(path, {**rest, field: text}), 400)['message']
    code = next(c for c in text if not c.isprintable())
    assert message.startswith(f'{field} ') and f'U+{ord(code):04X}' in message


@pytest.mark.parametrize('text', OPEN, ids=ascii)
@pytest.mark.parametrize('path, rest, field', KINDS, ids=[k[2] for k in KINDS])
def test_a_direction_that_is_not_ended_is_refused(admin, path, rest, field, text):
    message = expect(admin.post(path, {**rest, field: text}), 400)['message']
    assert message.startswith(f'{field} ') and 'U+20' in message


def test_a_token_has_a_name_of_one_line(writing):
    login = {'Authorization': basic('user003', PASSWORD)}
    with Client(writing.port) as c:
        for name, told in (('a\nb', 'U+000A'), ('\u200e', 'can be seen'), ('\u3000', '1 to 60'),
                           ('a\u202eb', 'U+202E'), ('', '1 to 60'), ('n' * 61, '1 to 60')):
            message = expect(c.request('POST', 'tokens', token=False, json={'name': name}, headers=login), 400)['message']
            assert message.startswith('name ') and told in message
        made = expect(c.request('POST', 'tokens', token=False, json={'name': ' laptop '}, headers=login), 200)
        assert made['name'] == 'laptop'


@pytest.mark.parametrize('text', BLANKS, ids=ascii)
@pytest.mark.parametrize('path, rest, field', [k for k in KINDS if k[2] != 'job_title'],
                         ids=[k[2] for k in KINDS if k[2] != 'job_title'])
def test_blank_texts_are_refused(admin, path, rest, field, text):
    assert expect(admin.post(path, {**rest, field: text}), 400)['message'].startswith(f'{field} ')


def test_blanks_at_the_ends_are_removed(admin):
    made = expect(admin.post('tickets', {**TICKET, 'title': ' \u3000Drucker  brennt\n\u200b'}), 201)
    assert made['title'] == 'Drucker  brennt'
    changed = admin.request('PATCH', f'ticket/{made["id"]}', json={'title': '\t 印刷機 '})
    assert expect(changed, 200)['title'] == '印刷機'


def test_a_text_is_bounded_without_its_blanks(admin):
    assert expect(admin.post('tickets', {**TICKET, 'title': ' ' * 300 + 'x' * 128}), 201)['title'] == 'x' * 128
    assert 'this one has 2' in expect(admin.post('tickets', {**TICKET, 'title': '  ab  '}), 400)['message']


@pytest.mark.parametrize('title', ['שלום (א)\u200f', 'می\u200cخواهم', '👩\u200d👩\u200d👧', 'Zusam\u00admen',
                                   'call \u202a+49 30 1\u202c', 'a \u2067(ב)\u2069 \u2066\u202bג\u202c\u2069'])
def test_what_scripts_need_stays(admin, title):
    assert expect(admin.post('tickets', {**TICKET, 'title': title}), 201)['title'] == title


@pytest.mark.parametrize('name', ['HR', '日本', 'QA'])
def test_two_characters_are_a_name(admin, name):
    made = expect(admin.post('departments', {'department': name}), 201)
    expect(admin.post('categories', {'category': name, 'department_id': made['id']}), 201)


@pytest.mark.parametrize('email', ['two@at@example.test', 'a,b@example.test', '<a@example.test>', '.dot@example.test',
                                   'dot.@example.test', 'a..b@example.test', 'a@example..test', 'a@-example_test',
                                   'a@.example', 'a@example.test.', 'x@exa mple', '"a b"@example.test', 'a@[127.0.0.1]',
                                   'a\u3000b@example.test', 'a\u200bb@example.test', 'a@exa\u00a0mple.test', '@@@@@@@@',
                                   'a@-b.example', 'a@b-.example', 'a@b.example-', 'Jo <jo@example.org>', '@example.org',
                                   'mailto:jo@example.org', 'jo.example.org', 'ü' * 33 + '@example.org'])
def test_an_address_is_one(admin, email):
    assert expect(admin.post('users', {**USER, 'email': email}), 400)['message'].startswith('email ')


@pytest.mark.parametrize('n, email', enumerate(['a+b@example.test', "o'neil@example.test", 'root@localhost',
                                                'jörg@bücher.example', '用户@例子.广告', 'a_b-c.d@sub.example.test']))
def test_addresses_of_all_kinds_are_taken(admin, n, email):
    expect(admin.post('users', {**USER, 'username': f'address{n}', 'email': email}), 201)


def put_in_store(desk, service, table, column, text, number):
    """As an import may bring it."""
    with contextlib.closing(open_store(desk.data / 'stores' / service / f'{service}.db')) as db, db:
        db.execute(f'UPDATE {table} SET {column} = ?, version = version + 1 WHERE id = ?', (text, number))


@pytest.mark.parametrize('text', ['tab\there', '\u202egnp.exe', ' both ends ', 'x' * 500, '\u200e\u200e', 'y'], ids=ascii)
@pytest.mark.parametrize('service, table, path, rest, field, other', [
    ('ticket', 'tickets', 'ticket', TICKET, 'title', {'content': 'another content'}),
    ('user', 'users', 'user', USER, 'name', {'job_title': 'Engineer'}),
    ('user', 'users', 'user', USER, 'email', {'name': 'Another Name'}),
    ('lookup', 'categories', 'category', {'department_id': 1}, 'category', {'department_id': 2})],
    ids=['title', 'name', 'email', 'category'])
def test_what_an_import_brought_stays(writing, admin, service, table, path, rest, field, other, text):
    global count
    count += 1
    values = {**rest, **({'username': f'kept{count}', 'email': f'kept{count}@example.test'} if rest is USER else {})}
    values.setdefault('category' if path == 'category' else field, f'kept {count}')
    number = expect(admin.post(PLURALS.get(path, f'{path}s'), values), 201)['id']
    text = f'{text}{count}' if path == 'user' and len(text) > 1 else text
    put_in_store(writing, service, table, field, text, number)
    got = expect(admin.get(f'{path}/{number}'), 200)
    assert got[field] == text
    changed = expect(admin.request('PATCH', f'{path}/{number}', json=other), 200)
    assert changed[field] == text
    again = expect(admin.request('PATCH', f'{path}/{number}', json={field: text, **other}), 200)
    assert again[field] in (text, text.strip())
    message = expect(admin.request('PATCH', f'{path}/{number}', json={field: 'a\tb'}), 400)['message']
    assert message.startswith(f'{field} ') and 'U+0009' in message
    good = f'good{count}@example.test' if field == 'email' else f'good {count}'
    expect(admin.request('PATCH', f'{path}/{number}', json={field: good}), 200)


def test_an_imported_user_is_found_by_name(writing, admin):
    """A name that could not be given to a user may still be one's."""
    made = expect(admin.post('users', {**USER, 'username': 'found-by-name', 'email': 'found@example.test'}), 201)['id']
    ticket = expect(admin.post('tickets', TICKET), 201)['id']
    for name in ('ab', ' a\tb ', 'x' * 100):
        put_in_store(writing, 'user', 'users', 'username', name, made)
        expect(admin.post('group/1/members', {'username': name}), 201)
        expect(admin.request('DELETE', f'group/1/member/{made}'), 204)
    message = expect(admin.post('group/1/members', {'username': 'a\0b'}), 400)['message']
    assert message.startswith('username ')
    assert expect(admin.post(f'ticket/{ticket}/assign', {'username': 'zz'}), 400)['message'].startswith('username')


def test_a_long_line_of_contents_is_left_alone(admin):
    content = '  indented\n\tcode  \n'
    assert expect(admin.post('tickets', {**TICKET, 'content': content}), 201)['content'] == content
