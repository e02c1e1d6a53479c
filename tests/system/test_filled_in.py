"""The description as its readers use it: an explorer (/docs) fills in examples, a generator of clients takes types
and names. Each test is about every operation, whatever it is."""
import re

import pytest

import openapi
from desk import ADMIN, ADMIN_PASSWORD, REPO, USER
from wire import Client, basic, expect

PICTURE = (REPO / 'gateway' / 'reply' / 'default_avatar.png').read_bytes()
OPERATIONS = {o['operationId']: (method.upper(), path, o) for path, methods in openapi.description()['paths'].items()
              for method, o in methods.items()}
PARAMETERS = [(name, p) for name, (_, _, o) in OPERATIONS.items() for p in o.get('parameters', [])]
# What an example cannot know, as the desk or the user decides: all others succeed on a desk that has one thing of a kind.
CANNOT_KNOW = {
    'token_end': {404}, 'user_delete': {409}, 'user_password': {400}, 'user_password_me': {400}, 'file_open': {404},
    'session_create': {401}, 'department_delete': {409}}
FIRST = ['department_create', 'view_create', 'category_create', 'user_create', 'group_create', 'ticket_create', 'post_create',
         'upload_create', 'ticket_edit', 'post_edit', 'ticket_assign', 'ticket_release', 'member_add']
LAST = ['post_delete', 'upload_delete', 'ticket_close', 'subscription_delete', 'ticket_delete', 'category_delete',
        'department_delete', 'member_remove', 'group_delete', 'token_delete_session', 'token_delete']


def filled_in(operation):
    """A request with what an explorer fills in: path and query, and the example of the body."""
    method, path, described = OPERATIONS[operation]
    query = []
    for p in described.get('parameters', []):
        if 'example' not in p:
            continue
        if p['in'] == 'path':
            path = path.replace('{%s}' % p['name'], str(p['example']))
        else:
            query.append(f'{p["name"]}={p["example"]}')
    content = described.get('requestBody', {}).get('content', {})
    schema = openapi.resolve(content.get('application/json', {}).get('schema', {}))
    return method, path + ('?' + '&'.join(query) if query else ''), (schema.get('examples') or [None])[0]


def test_nothing_is_filled_in_that_is_not_required():
    for name, p in PARAMETERS:
        where = f'{name}: {p["name"]}'
        assert 'examples' not in p and 'default' not in p, where
        assert not {'default', 'example'} & set(p['schema']), where
        if p['required']:
            assert 'example' in p, where
        else:
            assert 'example' not in p and p['in'] != 'path', where
            assert {'examples', 'enum', 'items', 'anyOf'} & set(p['schema']), f'{where}: nothing says what it may be'


def test_a_login_makes_a_token_that_may_write(new):
    method, path, body = filled_in('token_create')
    with Client(new.port) as c:
        made = expect(c.request(method, path, json=body, headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200)
    assert made.get('scope', 'write') == 'write'
    with new.client(made['token']) as c:
        expect(c.post('departments/', {'department': 'Office'}), 201)


def send(c, operation):
    method, path, body = filled_in(operation)
    content = OPERATIONS[operation][2].get('requestBody', {}).get('content', {})
    if 'image/png' in content:
        return c.request(method, path, body=PICTURE, type='image/png')
    if 'multipart/form-data' in content:
        return c.request(method, path, type='multipart/form-data; boundary=b', body=(
            b'--b\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n1\r\n'
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
            b'Content-Type: image/png\r\n\r\n' + PICTURE + b'\r\n--b--\r\n'))
    if operation == 'token_create':
        return c.request(method, path, json=body, headers={'Authorization': basic('admin', ADMIN_PASSWORD)})
    return c.request(method, path, json=body)


def test_requests_are_carried_out_as_they_are_filled_in(desks):
    new = desks('new', FLICKET_CHANGE_CATEGORY='everybody')
    middle = [name for name in OPERATIONS if name not in FIRST + LAST]
    middle.sort(key=lambda name: OPERATIONS[name][0] == 'DELETE')
    wrong = []
    with new.admin() as c:
        for name in FIRST + middle + LAST:
            answer = send(c, name)
            described = {int(s) for s in OPERATIONS[name][2]['responses'] if s.startswith('2')}
            if answer.status not in described | CANNOT_KNOW.get(name, set()):
                wrong.append(f'{name}: {answer}')
            if name == 'token_delete_session':
                c.token = c.log_in('admin', ADMIN_PASSWORD).json()['token']
    assert not wrong, '\n'.join(wrong)


# --- values that have names -----------------------------------------------------------------------------------

def choices(schema):
    """The names that a parameter's values have, and whether there may be others."""
    schema = schema.get('items', schema)
    if 'anyOf' in schema:
        return next(s['enum'] for s in schema['anyOf'] if 'enum' in s), True
    return schema.get('enum', []), False


def test_parameters_with_named_values_name_them():
    for name, p in PARAMETERS:
        if p['name'] in ('sort', 'fields', 'include', 'status', 'separator', 'by') and p['in'] == 'query':
            assert choices(p['schema'])[0], f'{name}: {p["name"]}'
        if p['schema'].get('type') == 'array':
            assert p['style'] == 'form' and p['explode'] is False, f'{name}: {p["name"]}'


@pytest.mark.parametrize('name, p', [(name, p) for name, p in PARAMETERS if p['in'] == 'query' and choices(p['schema'])[0]],
                         ids=lambda v: v if isinstance(v, str) else v['name'])
def test_each_named_value_is_taken_and_no_other(reader, name, p):
    names, others = choices(p['schema'])
    _, path, _ = filled_in(name)

    def ask(value):
        more = '&content=printer' if value == 'relevance' else ''
        return reader.get(f'{path}{"&" if "?" in path else "?"}{p["name"]}={value.replace(" ", "%20")}{more}')

    for value in names:
        assert ask(value).status in (200, 404), value
    if p['schema'].get('type') == 'array' and p['name'] != 'include':
        assert ask(','.join(names)).status in (200, 404)
    if not others:
        answer = ask('no-such-name')
        assert answer.status == 400 or answer.json()['items'] == []


def test_a_scope_is_one_of_those_that_are_described(new):
    scopes = OPERATIONS['token_create'][2]['requestBody']['content']['application/json']['schema']['properties']['scope']
    with Client(new.port) as c:
        for scope, status in [(s, 200) for s in scopes['enum']] + [('admin', 400)]:
            expect(c.request('POST', '/flicket-api/tokens', json={'scope': scope},
                             headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), status)


# --- schemas ----------------------------------------------------------------------------------------------------

def test_lists_have_named_schemas():
    for name, (_, _, o) in OPERATIONS.items():
        for status, response in o['responses'].items():
            for content in openapi.resolve(response).get('content', {}).values():
                schema = content.get('schema', {})
                items = 'items' in openapi.resolve(schema).get('properties', {})
                assert not items or '$ref' in schema, f'{name}: {status}'


def test_operations_are_named_by_words():
    for name in OPERATIONS:
        assert re.fullmatch(r'[a-z]+(_[a-z]+)*', name), name


def nullable(schema):
    return 'null' in schema.get('type', []) if isinstance(schema.get('type'), list) else \
        any(nullable(s) for s in schema.get('anyOf', []))


def nulls_of(value, path=()):
    if value is None:
        yield path
    elif isinstance(value, dict):
        for k, v in value.items():
            yield from nulls_of(v, path + (k,))
    elif isinstance(value, list):
        for v in value:
            yield from nulls_of(v, path)


def described_nulls(schema, path=()):
    for k, v in schema.get('properties', {}).items():
        if nullable(v):
            yield path + (k,)
        yield from described_nulls(v, path + (k,))


def lists():
    """(schema of an item, path, with all fields) of each list of things."""
    for name, (method, path, o) in OPERATIONS.items():
        schema = openapi.resolve(o['responses'].get('200', {}).get('content', {}).get('application/json', {}).get('schema', {}))
        if method != 'GET' or '_meta' not in schema.get('properties', {}):
            continue
        fields = [choices(p['schema'])[0] for p in o['parameters'] if p['name'] == 'fields']
        yield schema['properties']['items']['items'], filled_in(name)[1] + (f'?fields={",".join(fields[0])}' if fields else '')


def seen_nulls(desk):
    """The members that are null somewhere, and those that are described, of each thing."""
    seen, described = {}, {}
    of_each_ticket = [(schema, re.sub(r'(?<=s/)1\b', str(ticket), path)) for schema, path in lists()
                      for ticket in (range(1, 31) if '/actions/' in path else [1])]
    for token in (ADMIN, USER):
        with desk.client(token) as c:
            for schema, path in of_each_ticket:
                answer = c.get(path + ('&' if '?' in path else '?') + 'per_page=100')
                if answer.status != 403:
                    thing = schema['$ref'].rpartition('/')[2].removesuffix('_whole')
                    described[thing] = set(described_nulls(openapi.resolve(schema)))
                    seen.setdefault(thing, set()).update(*[nulls_of(item) for item in expect(answer, 200)['items']])
    return seen, described


def test_members_are_nullable_that_are_null_somewhere(taken_over):
    done, desk = taken_over(lambda db: db.executescript(
        "INSERT INTO flicket_category VALUES (99, 'Nowhere', NULL);"
        'INSERT INTO flicket_ticket_subscription VALUES (9999, 1, 98765);'))
    assert done.returncode in (0, 1), done.stderr
    seen, described = seen_nulls(desk.start())
    assert len(seen) > 12 and seen == described


def test_answers_are_as_described_where_an_import_had_no_values(taken_over):
    """Flicket's tables allow NULL nearly everywhere."""
    kept = {'id', 'group_name', 'status', 'priority', 'department', 'username', 'token', 'token_expiration'}

    def empty(db):
        for table, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('flicket_groups', "
                                 "'flicket_config', 'alembic_version') AND name NOT LIKE 'sqlite%'").fetchall():
            columns = [r[1] for r in db.execute(f'PRAGMA table_info({table})') if not r[3] and r[1] not in kept]
            if columns:
                db.execute(f'UPDATE {table} SET ' + ', '.join(f'{c} = NULL' for c in columns) +
                           (' WHERE id > 2' if table != 'flicket_users' else ' WHERE id > 5'))

    done, desk = taken_over(empty)
    assert done.returncode in (0, 1), done.stderr
    seen, described = seen_nulls(desk.start())
    assert all(seen[thing] <= described[thing] for thing in seen)
