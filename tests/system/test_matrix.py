"""Every request of the API, made with every kind of key: only a valid key with the necessary rights gets in.

The requests are those of `flicketctl permissions`, and so of the gateway's own table. The expected answers follow
from that table. The user of an ended key is an admin and the owner of the thing, so that only the key can be the
reason for a refusal. The test compares all rows of the stores and all files before and after the refused requests.
"""
import contextlib
import hashlib
import itertools
import re
import sqlite3
import time
import urllib.parse
from dataclasses import dataclass, field

import pytest

from fixtures import close_desk
from desk import PASSWORD, REPO, SERVICES, Desk, flicket_database, run_program, wait_until
from test_permissions import EXAMPLES, RULES, Person, World, limit_readers, kinds_of, listed, people, settle
from wire import Client, basic, expect, insist

LOGIN = 'anybody with a name and a password'
OWNER = 'the owner; with a token for reading: only that token'
READER = 'any user, also with a token for reading'
ANYBODY = 'anybody'

# Keys: a name, a description, and the most that such a key allows: 'nothing', to get a token ('login'), 'reading',
# everything that its user may do ('all'), or nothing, as it comes from elsewhere ('foreign').
KEYS = (
    ('none', 'no token', 'nothing'),
    ('garbage', 'a random token', 'nothing'),
    ('malformed', 'a malformed header', 'nothing'),
    ('basic', 'name and password instead of a token', 'login'),
    ('expired', 'an expired token', 'nothing'),
    ('revoked', 'a revoked token', 'nothing'),
    ('disabled', 'the token of a disabled user', 'nothing'),
    ('deleted', 'the token of a deleted user', 'nothing'),
    ('changed', 'a token from before a change of the password', 'nothing'),
    ('reading', 'a read-only token of an admin who owns the thing', 'reading'),
    ('other', "another user's token", 'all'),
    ('cookie', "another user's token in a cookie, on a page of the desk", 'all'),
    ('cookie, other origin', 'the same cookie, on a page of another origin', 'foreign'),
)


def expected(method, path, who, rights, good_for):
    """The rule: the statuses that a request may have, by the words of the table of permissions."""
    if who == ANYBODY:
        return {200}
    if good_for == 'foreign' and method != 'GET':
        return {401} if path == 'tokens' and who == LOGIN else {403}      # which takes no cookie
    if good_for in ('nothing', 'login', 'foreign') or who == LOGIN:
        return {200} if (path, who, good_for) == ('tokens', LOGIN, 'login') else {401}
    if good_for == 'reading' and who == READER:
        return {204}
    if good_for == 'reading':
        return {200} if method == 'GET' and ('admin' in rights or who == OWNER) else {403}
    if 'plain' in rights:
        return {200, 201, 204}
    return {403, 404} if who == OWNER else {403}


@dataclass
class Key:
    name: str
    good_for: str
    maker: Person = None        # makes the things that requests are about, and owns them
    headers: dict = field(default_factory=dict)


@dataclass
class Cell:
    key: Key
    method: str
    path: str
    who: str
    target: str
    request: dict
    want: set
    answer: object = None

    def ask(self, desk):
        request = dict(self.request)
        headers = {**(request.pop('headers', None) or {}), **self.key.headers}
        with Client(desk.port) as c:
            self.answer = c.request(self.method, self.target, token=False, headers=headers, **request)

    def __str__(self):
        return f'{self.method} {self.target} with {self.key.name}: want {sorted(self.want)}, got {self.answer}'


# --- those who come -----------------------------------------------------------------------------------------

def bearer(token):
    return {'Authorization': f'Bearer {token}'}


def cookie(token, site='same-origin'):
    """Of a browser that knows the desk as http://localhost."""
    return {'Cookie': f'other=1; flicket-80={token}', 'Sec-Fetch-Site': site, 'Flicket-Console': '1'}


# Keys that somebody new has each time, as what may be done can end a token.
NEW_EACH_TIME = {'other': bearer, 'cookie': cookie,
                 'cookie, other origin': lambda token: cookie(token, 'same-site')}


def token_of(desk, person, password=PASSWORD):
    with Client(desk.port) as c:
        return expect(c.log_in(person.username, password), 200)['token']


def make_keys(world):
    """A key of every kind, all of which still open; end_keys() changes that."""
    keys = {name: Key(name, good_for) for name, _, good_for in KEYS}
    keys['garbage'].headers = bearer('A' * 32)
    keys['malformed'].headers = {'Authorization': 'Bearer'}
    for name in ('basic', 'expired', 'revoked', 'disabled', 'deleted', 'changed', 'reading'):
        me = world.person('reader' if name == 'reading' else 'admin')
        keys[name].headers = bearer(me.token)
        maker = Person(me.id, me.kind)
        maker.username, maker.token = me.username, token_of(world.desk, me)
        keys[name].maker = maker
        expect(world.ask(me, 'GET', 'user/me'), 200)    # the gateway knows it from now on
    keys['basic'].headers = {'Authorization': basic(keys['basic'].maker.username, PASSWORD)}
    return keys


def end_keys(world, keys):
    def admin(method, path, **more):
        expect(world.ask(world.admin, method, path, **more), 200 if method == 'PATCH' else 204)

    with Client(world.desk.port) as c:
        expect(c.request('DELETE', 'tokens', token=False, headers=keys['revoked'].headers), 204)
    admin('PATCH', f'user/{keys["disabled"].maker.id}', json={'disabled': True})
    admin('PUT', f'user/{keys["changed"].maker.id}/password', json={'new_password': 'Password2'})
    admin('DELETE', f'user/{keys["deleted"].maker.id}')


# --- the table ----------------------------------------------------------------------------------------------

def cells_of(world, keys):
    """A cell for every request and every key; a thing to read is made once."""
    read = {}
    for method, path, who in listed():
        for (example, rights, beings), key in itertools.product(kinds_of(f'{method} {path}', who), keys.values()):
            # who is deleted later can own nothing
            owns = beings and key.maker and key.name != 'deleted' and who != LOGIN
            if method != 'GET' or path not in read:
                read[path] = example(world, *((key.maker, beings[0]) if owns else (None, None)))
            if key.name in NEW_EACH_TIME or (key.name == 'reading' and who == READER):
                kind = 'reader' if key.name == 'reading' else 'plain'
                headers = NEW_EACH_TIME.get(key.name, bearer)(world.person(kind).token)
                key = Key(key.name, key.good_for, headers=headers)
            yield Cell(key, method, path, who, *read[path], expected(method, path, who, rights, key.good_for))


# --- what the desk keeps ------------------------------------------------------------------------------------

# Nothing that a client writes: when a token was used, what is on its way between services, what is kept for search.
LEFT_OUT = {('tokens', 'used'), ('tokens', 'last_used')}
TABLES_LEFT_OUT = re.compile(r'outbox|inbox|sqlite_|.*_(data|idx|docsize|config|content)$')


def look_at_store(path):
    with contextlib.closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True)) as db:
        db.text_factory = bytes
        names = [n.decode() for n, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' "
                                                 "AND sql NOT LIKE 'CREATE VIRTUAL%'")]
        for name in sorted(names):
            if TABLES_LEFT_OUT.match(name):
                continue
            columns = [c[1].decode() for c in db.execute(f'PRAGMA table_info("{name}")')]
            taken = ', '.join(f'"{c}"' for c in columns if (name, c) not in LEFT_OUT)
            yield name, sorted(map(repr, db.execute(f'SELECT {taken} FROM "{name}"')))


def look(desk):
    """All that is kept: rows by store and table, files by path."""
    found = {}
    for store in SERVICES:
        folder = desk.data / 'stores' / store
        for table, rows in look_at_store(folder / f'{store}.db'):
            found[f'{store}.{table}'] = rows
        for path in folder.rglob('*'):
            if path.is_file() and path.parent != folder:
                found[str(path)] = [hashlib.sha256(path.read_bytes()).hexdigest()]
    return found


def look_when_quiet(desk):
    """The same once nothing is on its way any more."""
    last = [look(desk), time.monotonic()]

    def is_quiet():
        now = look(desk)
        if now != last[0]:
            last[:] = [now, time.monotonic()]
        return time.monotonic() - last[1] > 2.5     # longer than what is counted is collected for
    wait_until(is_quiet, 60, 'nothing changes any more')
    return last[0]


def differences(before, after):
    return {name: (set(before.get(name, ())) - set(after.get(name, ())), set(after.get(name, ())) -
                   set(before.get(name, ()))) for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)}


# --- the walk -----------------------------------------------------------------------------------------------

def open_world(folder, everybody=None, **settings):
    everybody = everybody or people()
    desk = Desk(folder, 'imported', FLICKET_LOGIN_FAILURES_PER_NAME=8192, FLICKET_LOGIN_FAILURES_PER_ADDRESS=8192,
                **settings)
    desk.take_over(flicket_database(folder / 'flicket.db', lambda db: settle(db, everybody)))
    limit_readers(desk, everybody['reader'])
    try:
        return World(desk.start(), everybody)
    except BaseException:
        desk.kill_everything()
        raise


def expire(desk, person_token):
    """Make a token's time be over, as if it had been given long ago."""
    digest = hashlib.sha256(person_token.encode()).digest()
    desk.kill('user')
    desk.kill('gateway')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        assert db.execute('UPDATE tokens SET expires = 1 WHERE hash = ?', (digest,)).rowcount == 1
    desk.start('user', 'gateway')
    desk.wait_ready()


@pytest.fixture(scope='module')
def walked(tmp_path_factory):
    """(cells with their answers, what differs between the looks before and after those refused, how many those are,
    answers to logins of those whose keys were ended, the desk)."""
    world = open_world(tmp_path_factory.mktemp('matrix'))
    try:
        keys = make_keys(world)
        cells = list(cells_of(world, keys))
        end_keys(world, keys)
        expire(world.desk, keys['expired'].headers['Authorization'].split()[1])
        for name in ('none', 'revoked', 'disabled'):
            with Client(world.desk.port) as c:
                expect(c.get('user/me', token=False, headers=keys[name].headers), 401)
        before = look_when_quiet(world.desk)
        refused = [c for c in cells if min(c.want) >= 400]
        for cell in refused:
            cell.ask(world.desk)
        after = look_when_quiet(world.desk)
        for cell in cells:
            if cell.answer is None:
                cell.ask(world.desk)
        with Client(world.desk.port) as c:
            logins = {name: insist(lambda name=name: c.log_in(keys[name].maker.username, PASSWORD))
                      for name in ('disabled', 'deleted', 'changed', 'revoked')}
        done = differences(after, look(world.desk))
        # or such a look would see nothing
        assert {'user.tokens', 'user.users', 'ticket.tickets', 'post.posts'} <= done.keys()
        yield cells, differences(before, after), len(refused), logins, world.desk
    finally:
        close_desk(world.desk)


def test_every_request_is_asked_with_every_key(walked):
    cells, _, refused, *_ = walked
    asked = {(c.method, c.path, c.key.name) for c in cells}
    assert asked == {(method, path, name) for method, path, _ in listed() for name, _, _ in KEYS}
    print(f'{len(cells)} requests, {refused} of them to be refused')
    assert refused > 700


@pytest.mark.parametrize('name', [name for name, _, _ in KEYS])
def test_every_cell_is_as_the_rule_says(walked, name):
    wrong = [str(c) for c in walked[0] if c.key.name == name and c.answer.status not in c.want]
    assert not wrong, '\n'.join(wrong)


def test_what_was_refused_changed_nothing(walked):
    assert not walked[1], {name: (list(gone)[:3], list(come)[:3]) for name, (gone, come) in walked[1].items()}


def test_a_refusal_shows_nothing_of_the_thing(walked):
    for cell in walked[0]:
        if cell.answer.status in (401, 403, 404):
            got = expect(cell.answer, cell.answer.status)
            assert set(got) <= {'code', 'error', 'field', 'message'} and len(cell.answer.body) < 400, cell
            assert not re.search(r'person\d|example\.org|a title|a reply|some text', cell.answer.body.decode()), cell


def test_who_was_shut_out_gets_no_new_token(walked):
    for name, answer in walked[3].items():
        expect(answer, 200 if name == 'revoked' else 401)   # ending a token ends no more than that
    said = {expect(walked[3][name], 401)['error'] for name in ('disabled', 'deleted', 'changed')}
    assert said == {'Unauthorized'}     # and which it is, nobody is told


def test_another_method_is_no_way_around(walked):
    """HEAD is a GET, and no header makes one method of another."""
    cells, _, _, _, desk = walked
    reading = next(c.key.headers for c in cells if c.key.name == 'reading')
    before = look_when_quiet(desk)
    with Client(desk.port) as c:
        for cell in cells:
            if cell.key.name == 'none' and cell.method == 'GET':
                answer = c.request('HEAD', cell.target, token=False)
                assert answer.status == (200 if cell.who == ANYBODY else 401), cell
            elif cell.key.name == 'other' and cell.method != 'GET':
                for name in ('X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'):
                    c.request('GET', cell.target, token=False, headers={**reading, name: cell.method})
                    c.request('POST', f'{cell.target}?_method={cell.method}', token=False, headers=reading)
            if cell.key.name == 'none':
                answer = c.request('OPTIONS', cell.target, token=False, headers={
                    'Origin': 'http://evil.example', 'Access-Control-Request-Method': cell.method})
                assert answer.header('Access-Control-Allow-Origin') is None and not answer.body.strip(b'{}\n'), answer
    assert not differences(before, look_when_quiet(desk))


def test_a_token_counts_in_its_header_only(walked):
    desk, token = walked[4], next(c.key.headers for c in walked[0] if c.key.name == 'reading')['Authorization'].split()[1]
    quoted = urllib.parse.quote(token)
    with Client(desk.port) as c:
        expect(c.get('user/me', token=token), 200)
        for name in ('token', 'access_token', 'api_key', 'Authorization'):
            expect(c.get(f'user/me?{name}={quoted}', token=False), 401)
            expect(c.get('user/me', token=False, headers={'Cookie': f'{name}={quoted}'}), 401)
            if name != 'Authorization':
                expect(c.get('user/me', token=False, headers={f'X-{name}': token}), 401)


# --- pages, which need no token -----------------------------------------------------------------------------

def pages():
    text = (REPO / 'gateway' / 'reply' / 'page.c').read_text()
    found = re.findall(r'^\t\{ "(/[^"]*)",', text, re.M)
    assert len(found) > 5, found
    return found


# All that can be had without a token: nothing of what is in the desk.
PUBLIC = {'/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/icon.svg', '/docs/init.js',
          '/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', '/flicket/static/flicket_avatars/__default_profile.png'}
CONSOLE = {'/', '/console/licenses.txt'}        # the other files and pages: test_console_files.py


PUBLIC |= CONSOLE


def test_what_needs_no_token_is_listed(reading):
    assert set(pages()) == PUBLIC - CONSOLE
    with Client(reading.port) as c:
        for page in sorted(PUBLIC):
            assert c.get(page).status == 200, page
            for method in ('POST', 'PUT', 'PATCH', 'DELETE'):
                assert c.request(method, page).status == 405, (method, page)


def test_what_needs_no_token_is_documented_as_it_is(reading):
    text = (REPO / 'docs' / 'api.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| (`/.*?) \| `(.*?)` \| (.*) \|$', text.partition('\n## Other paths\n')[2], re.M)
    documented = {path: (kind, words) for paths, kind, words in rows for path in re.findall(r'`(.*?)`', paths)}
    assert set(documented) == PUBLIC
    with Client(reading.port) as c:
        for page, (kind, words) in documented.items():
            answer = c.get(page, token='not-a-token')
            assert answer.status == 200 and answer.header('Content-Type') == kind, page
            body = re.match(r'200 `(.*?)`', words)
            assert body is None or answer.body.decode().strip() == body[1], page
            assert c.request('HEAD', page).header('Content-Type') == kind
            assert c.post(page).header('Allow') == 'GET, HEAD'
            tag = answer.header('ETag')
            assert (tag is not None) == (page.startswith(('/docs', '/openapi')) or page in CONSOLE), page
            assert tag is None or c.get(page, headers={'If-None-Match': tag}).status == 304
            if page.startswith(('/docs', '/openapi')):      # the build's, and still that of the bytes
                assert tag == f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"', page


@pytest.mark.parametrize('path', ['//', '/docs/', '/docs/index.html', '/docs/../healthz', '/metrics/', '/healthz/x',
                                  '/stores/user/user.db', '/flicket-api', '/flicket-api/', '/flicket_uploads/',
                                  '/flicket/static/flicket_avatars/', '/.git/config', '/server-status', '/..',
                                  '//healthz'])
def test_there_is_nothing_else(reading, path):
    with Client(reading.port) as c:
        answer = c.get(path)
        assert answer.status in (400, 401, 404) and b'SQLite' not in answer.body, answer


# --- the table in the documents -----------------------------------------------------------------------------

COLUMNS = {'nothing': 'an invalid key', 'login': '`basic`', 'reading': '`reading`', 'all': '`other`, `cookie`',
           'foreign': '`cookie, other origin`'}


def words_for(who, good_for):
    """What a key gets: one word where reading and writing are alike, or only one of them can be asked for."""
    wanted = {}
    for method, path, w in listed():
        if w == who:
            kind = 'read' if method == 'GET' else 'write'
            wanted.setdefault(kind, set()).update(expected(method, path, who, RULES[who][0], good_for))
    found = {kind: ' or '.join(dict.fromkeys('done' if status < 400 else str(status) for status in sorted(want)))
             for kind, want in wanted.items()}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return ', '.join(f'{kind}: {word}' for kind, word in sorted(found.items()))


def table():
    """The rule as a table: who may by words of the permissions, what each key gets."""
    lines = ['| who may, by the table of permissions | ' + ' | '.join(COLUMNS.values()) + ' |',
             '| --- |' + ' --- |' * len(COLUMNS)]
    for who in dict.fromkeys(who for _, _, who in listed()):
        lines.append(f'| {who} | ' + ' | '.join(words_for(who, good_for) for good_for in COLUMNS) + ' |')
    return '\n'.join(lines) + '\n'


def test_the_documents_have_the_table():
    text = (REPO / 'docs' / 'security.md').read_text(encoding='utf-8')
    _, _, rest = text.partition('<!-- matrix -->\n')
    assert rest.partition('<!-- /matrix -->')[0] == table(), table()
    for name, what, _ in KEYS:
        assert f'* `{name}`: {what}' in text, name


def test_what_the_documents_name_is_there():
    text = (REPO / 'docs' / 'security.md').read_text(encoding='utf-8')
    named = set(re.findall(r'`((?:tests|base|proto|docs|gateway|services)/[\w./]+)`', text))
    assert len(named) > 8
    assert [name for name in sorted(named) if not (REPO / name).is_file()] == []
    settings = run_program('flicketctl', 'settings', '--markdown').stdout
    for name in set(re.findall(r'`(FLICKET_\w+)`', text)):
        assert f'`{name}`' in settings, name
