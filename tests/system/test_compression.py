"""Answers that are compressed: for whom, which, and that nothing else of them changes."""
import contextlib
import gzip
import itertools
import os
import re
import shutil
import subprocess
import zlib

import pytest

import openapi
from fixtures import furnish
from desk import ADMIN, REPO, SERVICES, USER, free_port, open_store, wait_until
from peers import Between, Fault
from routes import ALL_THINGS, LISTS
from test_uploads import JPEG, OLE, form, new_ticket, png
from wire import USERS, Client, Connection, NoAnswer, basic, expect, head, insist

TICKET_EXPORT = 49
SMALL = 1024
GZIP = {'Accept-Encoding': 'gzip'}
TAG = re.compile(r'"[0-9a-f]{16}(\.[0-9a-f]{16})?(\.gzip)?"')
BIG = 'A text that says much: the printer größe 😀 does not print. ' * 60     # 3,840 bytes


class Reader(Client):
    """A client that asks for gzip, and reads it; `packed` is what came."""

    is_described = False

    def request(self, method, path, *, headers=None, **more):
        answer = super().request(method, path, headers={**GZIP, **(headers or {})}, **more)
        answer.packed = answer.body
        if answer.header('Content-Encoding') == 'gzip' and answer.body:
            answer.body = gzip.decompress(answer.body)
        openapi.check(method, path if path.startswith('/') else '/flicket-api/' + path, answer)
        return answer


def is_compressed(answer):
    return answer.header('Content-Encoding') == 'gzip'


def metric(c, name):
    return int(re.search(rf'^{name} (\d+)$', c.get('/metrics').body.decode(), re.M)[1])


@pytest.fixture(scope='module')
def desk(tmp_path_factory, imported_stores):
    """A desk whose tickets have long texts."""
    made = furnish(tmp_path_factory.mktemp('compressed'), 'imported', imported_stores,
                   FLICKET_CORS_ORIGINS='https://page.example')
    with contextlib.closing(open_store(made.data / 'stores' / 'ticket' / 'ticket.db')) as db, db:
        db.execute('UPDATE tickets SET content = ?', (BIG,))
    try:
        yield made.start()
        made.stop()
    finally:
        made.kill_everything()


@pytest.fixture
def reader(desk):
    with Reader(desk.port, ADMIN) as c:
        yield c


@pytest.fixture
def plain(desk):
    with desk.client(ADMIN) as c:
        yield c


# --- kinds of answers ---------------------------------------------------------------------------------------------

KINDS = [*ALL_THINGS, *(x.path for x in LISTS), 'tickets/?per_page=100', 'tickets/?content=printer', 'posts/2/?per_page=5',
         'tickets/?include=users', 'ticket/2?include=posts,users', 'tickets.csv', 'tickets.ndjson', '/openapi.json', '/docs',
         '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', 'tickets/?status=nothing', 'ticket/999999', '/nowhere']
LENGTHLESS = ('tickets.csv', 'tickets.ndjson')


@pytest.mark.parametrize('path', KINDS)
def test_who_asks_for_it_gets_the_same_compressed(reader, plain, path):
    want, got = plain.get(path), reader.get(path)
    assert (got.status, got.body) == (want.status, want.body)
    assert 'Accept-Encoding' in want.varies() and got.varies() == want.varies(), (want, got)
    assert want.header('Content-Encoding') is None
    assert is_compressed(got) == (len(want.body) >= SMALL), len(want.body)
    if is_compressed(got):
        assert len(got.packed) < len(want.body)
        if want.header('ETag'):
            assert got.header('ETag') == want.header('ETag')[:-1] + '.gzip"'
    else:
        assert got.header('ETag') == want.header('ETag')
    for name in ('Content-Type', 'Link', 'Content-Disposition', 'Cache-Control'):
        assert got.header(name) == want.header(name)


@pytest.mark.parametrize('path', KINDS)
def test_head_has_the_fields_of_get(reader, plain, path):
    for c in (reader, plain):
        got, short = c.get(path), c.request('HEAD', path)
        assert short.body == b''
        for name in ('Vary', 'ETag', 'Content-Encoding', 'Content-Type', 'Content-Length'):
            assert short.header(name) == got.header(name), name
        assert c.get('/healthz').status == 200      # the same connection goes on


def test_a_list_is_compressed_once_and_sent_often(reader, plain):
    path = 'users/?per_page=40'
    want = plain.get(path).body
    first = reader.get(path)            # noted before, and kept from here on
    assert is_compressed(first) and first.body == want
    bytes_before = metric(reader, 'flicket_http_compression_input_bytes_total')
    answers_before = metric(reader, 'flicket_http_compressed_answers_total')
    for _ in range(5):
        answer = reader.get(path)
        assert answer.packed == first.packed and answer.header('ETag') == first.header('ETag')
        assert plain.get(path).body == want     # it is kept as it is, too
    answers = metric(plain, 'flicket_http_compressed_answers_total') - answers_before
    grown = metric(plain, 'flicket_http_compression_input_bytes_total') - bytes_before
    assert answers >= 5
    # what was read of the metrics was compressed as well
    assert grown < len(want) + 2 * len(plain.get('/metrics').body) + 5 * SMALL


def test_a_change_is_in_the_next_answer(desk, reader):
    made = expect(reader.post('tickets', {'title': 'To be compressed', 'content': BIG, 'category_id': 1,
                                          'ticket_priority_id': 1}), 201)
    path = 'tickets/?sort=ticketid_desc&per_page=1'
    for i in range(4):
        title = f'To be compressed {i}'
        expect(reader.request('PATCH', f'ticket/{made["id"]}', json={'title': title}), 200)
        for _ in range(3):
            got = reader.get(path)
            assert is_compressed(got) and [t['title'] for t in expect(got, 200)['items']] == [title]


def test_what_is_created_is_compressed_too(reader):
    answer = reader.post('tickets', {'title': 'A long one', 'content': BIG, 'category_id': 1, 'ticket_priority_id': 1})
    assert expect(answer, 201)['content'] == BIG.strip() or answer.json()['content'] == BIG
    assert is_compressed(answer) and answer.header('Location')


def test_long_answers_come_in_slices(desk, reader, plain):
    """Longer than what is compressed at once, so without a length."""
    path = 'tickets/?per_page=100&sort=title'
    for _ in range(3):          # made anew, kept, from the cache
        want, got = plain.get(path), reader.get(path)
        assert len(want.body) > 192 << 10
        assert got.body == want.body and got.header('Content-Length') is None
        assert got.header('ETag') == want.header('ETag')[:-1] + '.gzip"'
        assert reader.request('HEAD', path).header('ETag') == got.header('ETag')


def test_errors_are_compressed_for_who_refuses_them_otherwise(reader):
    only = {'Accept-Encoding': 'gzip, identity;q=0'}
    for path, status in (('ticket/999999', 404), ('/nowhere', 404), ('tickets/?status=nothing', 400), ('user/1', 200)):
        answer = reader.get(path, headers=only)
        assert answer.status == status and is_compressed(answer)
        answer.json()
    problem = reader.get('/nowhere', headers={**only, 'Accept': 'application/problem+json'})
    assert is_compressed(problem) and problem.varies() == {'Origin', 'Accept', 'Accept-Encoding'}


# --- who asks for it ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize('lines, wanted', [
    ([], False), ([''], False), (['gzip'], True), (['GZIP'], True), (['x-gzip'], True), (['gzip, deflate, br, zstd'], True),
    (['br'], False), (['identity'], False), (['*'], True), (['*;q=0'], False), (['gzip;q=0'], False), (['gzip;q=0, *'], False),
    (['gzip;q=0.001'], True), (['gzip;q=0.5, identity'], False), (['identity;q=0'], False), (['identity;q=0, gzip;q=0.1'], True),
    (['br', 'gzip'], True), (['gzip;q=0', 'br'], False), (['gzip;q=2'], False), (['gzip;q='], False), (['gzip;q=x'], False),
    ([' ,, gzip ,'], True), (['"gzip"'], False), (['gzip' * 500], False), (['a,' * 4000 + 'gzip'], True)])
def test_it_is_as_the_client_says(desk, lines, wanted):
    with desk.connection() as c:
        answer = c.exchange(head('GET', '/flicket-api/tickets/', [('Authorization', f'Bearer {ADMIN}'),
                                                                  *(('Accept-Encoding', line) for line in lines)]))
    assert answer.status == 200 and is_compressed(answer) == wanted
    assert 'Accept-Encoding' in answer.varies()
    assert b'"items"' in (gzip.decompress(answer.body) if wanted else answer.body)


def test_http_1_0(desk):
    """As nginx asks, unless it is told to ask otherwise."""
    with desk.connection() as c:
        answer = c.exchange(head('GET', '/flicket-api/users/', {'Authorization': f'Bearer {ADMIN}', **GZIP}, 'HTTP/1.0'))
    assert is_compressed(answer) and b'"items"' in gzip.decompress(answer.body)
    with desk.connection() as c:
        answer = c.exchange(head('GET', '/flicket-api/tickets.csv', {'Authorization': f'Bearer {ADMIN}', **GZIP}, 'HTTP/1.0'))
    assert is_compressed(answer) and gzip.decompress(answer.body).startswith(b'Ticket_ID,')


@pytest.mark.parametrize('accepts', ['gzip', 'identity'])
@pytest.mark.parametrize('path', ['tickets/?per_page=100&sort=title', 'tickets.csv', 'file'])
def test_http_1_0_is_not_kept_alive_without_a_length(desk, plain, path, accepts):
    """Else the client waits for the end until the connection rests too long."""
    path = sent(plain, TEXT, 'kept.txt') if path == 'file' else '/flicket-api/' + path
    with desk.connection() as c:
        answer = c.exchange(head('GET', path, {'Authorization': f'Bearer {ADMIN}', 'Accept-Encoding': accepts,
                                               'Connection': 'keep-alive'}, 'HTTP/1.0'))
        has_length = answer.header('Content-Length') is not None
        assert has_length == (accepts == 'identity' and 'csv' not in path)
        assert (answer.header('Connection') == 'keep-alive') == has_length
    assert (gzip.decompress(answer.body) if accepts == 'gzip' else answer.body) == plain.get(path).body


@pytest.mark.parametrize('path', ['tickets/', 'tickets/?per_page=100&sort=title', 'tickets.csv', 'ticket/1'])
def test_http_2(desk, plain, tmp_path, path):
    done = subprocess.run(['curl', '-s', '--http2-prior-knowledge', '--compressed', '-D', tmp_path / 'head',
                           '-w', '%{stderr}%{http_version} %{size_download}', '-H', f'Authorization: Bearer {ADMIN}',
                           f'http://127.0.0.1:{desk.port}/flicket-api/{path}'], capture_output=True, check=True)
    want = plain.get(path).body
    assert done.stdout == want
    version, size = done.stderr.split()
    assert version == b'2' and int(size) < len(want)
    assert re.search(r'^content-encoding: gzip$', (tmp_path / 'head').read_text(), re.M)


def test_it_can_be_switched_off(desks):
    desk = desks('imported', FLICKET_COMPRESSION='off')
    with Reader(desk.port, ADMIN) as c:
        for path in ('tickets/', 'tickets.csv', '/openapi.json', '/metrics', 'ticket/999999'):
            answer = c.get(path, headers={'Accept-Encoding': 'gzip, identity;q=0'})
            assert not is_compressed(answer) and answer.varies() == (set() if path.startswith('/') else USERS)
        tag = c.get('tickets/').header('ETag')
        assert '.gzip' not in tag
        again = c.get('tickets/', headers={'If-None-Match': tag})
        assert again.status == 304 and again.varies() == USERS


# --- secrets ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('accepts', ['gzip', 'gzip, identity;q=0', '*'])
def test_a_new_token_is_not_compressed(desk, accepts):
    with Reader(desk.port) as c:
        for password in ('12345', 'a wrong one'):
            answer = c.request('POST', 'tokens', token=False, headers={'Authorization': basic('admin', password),
                                                                       'Accept-Encoding': accepts})
            assert answer.header('Content-Encoding') is None and 'Accept-Encoding' not in answer.varies()


# --- tags ---------------------------------------------------------------------------------------------------------

TAGGED = ['ticket/1', 'tickets/', 'tickets/?include=users', 'tickets/?per_page=100&sort=title', 'users/', '/openapi.json',
          '/docs/swagger-ui-bundle.js']


@pytest.mark.parametrize('path', TAGGED)
def test_what_the_client_has_is_not_sent_again(reader, plain, path):
    for _ in range(3):
        whole, packed = plain.get(path).header('ETag'), reader.get(path).header('ETag')
        assert packed != whole
        for have, want in ((packed, packed), (f'W/{packed}', packed), (f'"x", {packed}', packed),
                           (f'{whole}, {packed}', packed), (whole, whole), (f'W/{whole}', whole), ('*', whole)):
            answer = reader.get(path, headers={'If-None-Match': have})
            assert (answer.status, answer.body, answer.header('ETag')) == (304, b'', want), have
            assert 'Accept-Encoding' in answer.varies() and answer.header('Content-Encoding') is None
        # a cache must not send it to who cannot read it
        for have in (packed, f'W/{packed}', f'{packed}, "x"'):
            answer = plain.get(path, headers={'If-None-Match': have})
            assert answer.status == 200 and answer.header('ETag') == whole and answer.body
        assert plain.get(path, headers={'If-None-Match': f'{packed}, {whole}'}).header('ETag') == whole
        assert reader.get(path, headers={'If-None-Match': '"0123456789abcdef.gzip"'}).status == 200


@pytest.mark.parametrize('query', ['', '?include=users'])
def test_a_write_takes_the_tag_of_what_was_compressed(reader, plain, query):
    made = expect(reader.post('tickets', {'title': 'with a tag', 'content': BIG, 'category_id': 1,
                                          'ticket_priority_id': 1}), 201)
    path = f'ticket/{made["id"]}'
    for c, title in ((reader, 'once'), (plain, 'twice')):
        old = reader.get(path + query).header('ETag')
        assert old.endswith('.gzip"') and TAG.fullmatch(old)
        for weak in (f'W/{old}', '"0123456789abcdef.gzip"', old.replace('.gzip"', '')):
            expect(c.request('PATCH', path, json={'title': title}, headers={'If-Match': weak}), 412)
        expect(c.request('PATCH', path, json={'title': title}, headers={'If-None-Match': old}), 412)
        answer = c.request('PATCH', path, json={'title': title}, headers={'If-Match': old})
        assert expect(answer, 200)['title'] == title
        expect(c.request('PATCH', path, json={'title': 'late'}, headers={'If-Match': old}), 412)
        # with the tag of the answer to a write, too
        answer = c.request('PATCH', path, json={'title': title + ' more'}, headers={'If-Match': answer.header('ETag')})
        assert expect(answer, 200)['title'] == title + ' more'


# --- files --------------------------------------------------------------------------------------------------------

def sent(c, content, name):
    answer = c.request('POST', 'uploads', body=form(content, name, ticket_id=new_ticket(c)),
                       type='multipart/form-data; boundary=b0undary')
    return '/flicket_uploads/' + expect(answer, 201)['filename']


TEXT = b''.join(b'%d: a line of a log, and what it says\n' % i for i in range(8000))      # five pieces


@pytest.mark.parametrize('content, name, compressed', [
    (TEXT, 'a.txt', True), (TEXT[:65536], 'a.log', True), (TEXT[:65537], 'b.log', True), (OLE + bytes(5000), 'a.doc', True),
    (TEXT[:1023], 'short.txt', False), (png() + bytes(5000), 'a.png', False), (JPEG + bytes(5000), 'a.jpg', False)])
def test_files_are_compressed_unless_they_are_already(reader, plain, content, name, compressed):
    path = sent(plain, content, name)
    want, got = plain.get(path), reader.get(path)
    assert got.body == want.body == content and is_compressed(got) == compressed
    assert want.header('Accept-Ranges') == 'bytes' and want.header('Content-Length') == str(len(content))
    assert got.header('Accept-Ranges') == (None if compressed else 'bytes')
    assert (got.header('Content-Length') is None) == compressed
    assert want.varies() >= {'Accept-Encoding'} or not (compressed or name.endswith('.txt'))
    assert want.varies() == got.varies() == reader.request('HEAD', path).varies()
    if not compressed:
        return
    whole, packed = want.header('ETag'), got.header('ETag')
    assert packed == whole[:-1] + '.gzip"' and reader.request('HEAD', path).header('ETag') == packed
    for have in (packed, f'W/{packed}', whole):
        again = reader.get(path, headers={'If-None-Match': have})
        assert (again.status, again.body, again.header('ETag')) == (304, b'', have.removeprefix('W/'))
        assert 'Accept-Encoding' in again.varies()
    assert plain.get(path, headers={'If-None-Match': packed}).status == 200


def test_parts_are_of_the_file_itself(reader, plain):
    path = sent(plain, TEXT, 'parts.txt')
    whole, packed = plain.get(path).header('ETag'), reader.get(path).header('ETag')
    for more in ({}, {'If-Range': whole}):
        part = reader.get(path, headers={'Range': 'bytes=70000-140000', **more})
        assert part.status == 206 and part.body == TEXT[70000:140001] and not is_compressed(part)
        assert part.header('ETag') == whole and 'Accept-Encoding' in part.varies()
    # who has a part of the compressed form gets all of it
    again = reader.get(path, headers={'Range': 'bytes=1000-', 'If-Range': packed})
    assert again.status == 200 and is_compressed(again) and again.body == TEXT
    beyond = reader.get(path, headers={'Range': f'bytes={len(TEXT)}-'})
    assert beyond.status == 416 and beyond.header('Content-Range') == f'bytes */{len(TEXT)}'


def test_pictures_of_users_are_as_they_were(reader, plain):
    avatar = expect(plain.get('user/1'), 200)['avatar']
    path = '/' + avatar.split('/', 3)[3]
    want, got = plain.get(path), reader.get(path)
    assert got.body == want.body and not is_compressed(got) and 'Accept-Encoding' not in got.varies()


# --- streams ------------------------------------------------------------------------------------------------------

@pytest.fixture
def held(desks):
    """A desk whose export stops before its second piece: the gateway's port, what holds it, the desk."""
    desk = desks('imported', start=False, FLICKET_REQUEST_TIMEOUT_MS=60000)
    with contextlib.closing(open_store(desk.data / 'stores' / 'ticket' / 'ticket.db')) as db, db:
        columns = ', '.join(name for _, name, *_ in db.execute('PRAGMA table_info(tickets)') if name != 'id')
        for _ in range(3):
            db.execute(f'INSERT INTO tickets ({columns}) SELECT {columns} FROM tickets')
    desk.start(*SERVICES)
    between = Between(desk, 'ticket', 'ticket-through')
    asked = itertools.count()
    between.fault = Fault(holds=lambda frame: frame[2] == TICKET_EXPORT and next(asked) == 1)
    between.start()
    try:
        desk.start_gateway(FLICKET_TICKET_ENDPOINT=between.endpoint)
        desk.wait_ready()
        with desk.client(ADMIN) as c:       # until the lists are loaded
            expect(insist(lambda: c.get('tickets/?sort=title&per_page=1')), 200)
        yield desk, between
    finally:
        between.close()


class Stream:
    """An answer that is read as it comes."""

    def __init__(self, connection, path, version):
        self.connection, self.unpacker, self.text = connection, zlib.decompressobj(31), b''
        connection.send(head('GET', path, {'Authorization': f'Bearer {ADMIN}', **GZIP}, version))
        self.fields = connection._until(b'\r\n\r\n').decode().lower()
        assert 'content-encoding: gzip' in self.fields
        self.is_chunked = 'transfer-encoding: chunked' in self.fields

    def read_some(self):
        """Read what comes next; False at the end or where it breaks off."""
        if not self.is_chunked:
            is_more = bool(self.connection.buffer) or self.connection.more()
            data, self.connection.buffer = self.connection.buffer, b''
        else:
            size = int(self.connection._until(b'\r\n').split(b';')[0], 16)
            data = self.connection._exactly(size)
            is_more = size > 0
            assert self.connection._exactly(2) == b'\r\n'
        self.text += self.unpacker.decompress(data)
        return is_more

    def read_all(self):
        while self.read_some():
            pass


@pytest.mark.parametrize('version', ['HTTP/1.1', 'HTTP/1.0'])
@pytest.mark.parametrize('kind', ['csv', 'ndjson'])
def test_rows_come_at_once_and_what_breaks_off_does_not_look_whole(held, kind, version):
    desk, between = held
    with desk.connection(timeout=60) as c:
        stream = Stream(c, f'/flicket-api/tickets.{kind}', version)
        wait_until(lambda: between.held, 60, 'more tickets are asked for')
        while stream.text.count(b'\n') < 200:       # all rows that the gateway has
            assert stream.read_some()
        assert stream.text.endswith(b'\n') and not stream.unpacker.eof
        desk.kill('ticket')
        with contextlib.suppress(NoAnswer, ValueError):     # a chunk that is none
            stream.read_all()
        assert not stream.unpacker.eof, 'it looks whole'
        assert c.is_closed()
    assert 'an export broke off: Service Unavailable' in desk.processes['gateway'].log.read_text()


@pytest.mark.parametrize('kind', ['csv', 'ndjson'])
def test_an_export_that_waited_goes_on(held, kind):
    desk, between = held
    with desk.connection(timeout=60) as c:
        stream = Stream(c, f'/flicket-api/tickets.{kind}', 'HTTP/1.1')
        wait_until(lambda: between.held, 60, 'more tickets are asked for')
        between.fault = Fault('right')
        stream.read_all()
        assert stream.unpacker.eof
    with desk.client(ADMIN) as c:
        assert stream.text == c.get(f'tickets.{kind}').body


def test_clients_that_leave_in_the_middle_do_no_harm(desk, plain):
    path = sent(plain, TEXT, 'left.txt')
    for target in ('/flicket-api/tickets.ndjson', '/flicket-api/tickets/?per_page=100&sort=title', path):
        for count in (0, 1, 100, 5000):
            with Connection(desk.port) as c:
                c.send(head('GET', target, {'Authorization': f'Bearer {ADMIN}', **GZIP}))
                if count > 0:
                    c._exactly(count)
    with Reader(desk.port, ADMIN) as c:
        assert insist(lambda: c.get(path)).body == TEXT


# --- behind nginx -------------------------------------------------------------------------------------------------

SHIPPED = REPO / 'docs' / 'examples' / 'nginx.conf'
# of the second server; the first one sends plain HTTP there
TLS = ('listen [::]:443 ssl http2;', 'ssl_certificate /etc/letsencrypt/live/desk.example.org/fullchain.pem;',
       'ssl_certificate_key /etc/letsencrypt/live/desk.example.org/privkey.pem;', 'listen [::]:80;')


@pytest.fixture
def nginx(tmp_path):
    """A function: start nginx with the file that is shipped, without TLS, before a gateway; the port of it."""
    program = shutil.which('nginx', path=os.environ['PATH'] + ':/usr/sbin')
    assert program, 'script/bootstrap --test installs it'
    started = []

    def start(gateway, own=None):
        port = free_port()
        text = SHIPPED.read_text()
        for was, now in (('listen 443 ssl http2;', f'listen 127.0.0.1:{port};'), *((line, '') for line in TLS),
                         ('listen 80;', f'listen 127.0.0.1:{free_port()};'),
                         ('server 127.0.0.1:5000;', f'server 127.0.0.1:{gateway};'), ('gzip off;', own or 'gzip off;')):
            assert text.count(was) == 1, was
            text = text.replace(was, now)
        paths = ''.join(f'{kind}_temp_path {tmp_path}/{kind};\n'
                        for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        file = tmp_path / 'nginx.conf'
        user = 'user root;\n' if os.geteuid() == 0 else ''
        file.write_text(f'{user}pid {tmp_path}/pid;\ndaemon off;\nmaster_process off;\nerror_log stderr;\nevents {{}}\n'
                        f'http {{\n{paths}access_log off;\n{text}}}\n')
        with open(tmp_path / 'nginx.log', 'ab') as log:
            started.append(subprocess.Popen([program, '-p', tmp_path, '-c', file, '-e', 'stderr'], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL))

        def is_up():
            assert started[-1].poll() is None, (tmp_path / 'nginx.log').read_text()
            try:
                with Client(port, timeout=5) as c:
                    return c.get('/healthz').status == 200
            except (OSError, NoAnswer):
                return False
        wait_until(is_up, 60, 'nginx answers')
        return port
    yield start
    for process in started:
        process.kill()
        process.wait()


def long_ticket(c, title):
    return 'ticket/%d' % expect(c.post('tickets', {'title': title, 'content': BIG, 'category_id': 1,
                                                   'ticket_priority_id': 1}), 201)['id']


def test_nginx_passes_on_what_is_compressed(desk, nginx):
    """Also where it compresses by itself: what is compressed already it leaves alone."""
    for own in (None, 'gzip on; gzip_proxied any; gzip_types *; gzip_min_length 1;'):
        with Reader(nginx(desk.port, own), ADMIN) as c:
            path = long_ticket(c, 'behind nginx')
            answer = c.get(path)
            assert is_compressed(answer) and answer.header('ETag').endswith('.gzip"') and answer.header('Vary')
            assert c.get(path, headers={'If-None-Match': answer.header('ETag')}).status == 304
            expect(c.request('PATCH', path, json={'title': 'changed'}, headers={'If-Match': answer.header('ETag')}), 200)
            assert c.get('tickets.csv').body.startswith(b'Ticket_ID,')


def test_nginx_makes_weak_what_it_compresses_itself(desks, nginx):
    """As docs/operations.md says; then a list is still not sent again, and no write takes the tag."""
    desk = desks('imported', FLICKET_COMPRESSION='off')
    with Reader(nginx(desk.port, 'gzip on; gzip_proxied any; gzip_types *;'), ADMIN) as c:
        path = long_ticket(c, 'behind nginx')
        answer = c.get(path)
        tag = answer.header('ETag')
        assert is_compressed(answer) and re.fullmatch(r'W/"[0-9a-f]{16}"', tag)
        assert c.get(path, headers={'If-None-Match': tag}).status == 304
        expect(c.request('PATCH', path, json={'title': 'not so'}, headers={'If-Match': tag}), 412)
        expect(c.request('PATCH', path, json={'title': 'yes'}, headers={'If-Match': tag.removeprefix('W/')}), 200)


def test_others_see_their_own(desk):
    """Two users with the same list: each gets what is theirs, compressed or not."""
    with Reader(desk.port, ADMIN) as admin, Reader(desk.port, USER) as user:
        path = 'tickets/?created_id=me'
        for _ in range(4):
            mine, theirs = admin.get(path), user.get(path)
            assert mine.body != theirs.body
            with desk.client(ADMIN) as a, desk.client(USER) as u:
                assert (a.get(path).body, u.get(path).body) == (mine.body, theirs.body)
