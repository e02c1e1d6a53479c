"""`flicketctl import`: run on Flicket databases of all sorts, whole and broken, and look into the stores.

No service runs here. What a row should become is worked out again in Python, from the row itself.
"""
import contextlib
import datetime
import decimal
import fcntl
import hashlib
import json
import os
import pty
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import older_flicket
from desk import open_store
from terminal import shown

REPO = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get('FLICKET_BIN') or REPO / 'build' / 'bin').resolve()
FLICKET_DB = REPO / 'tests' / 'contract' / 'flicket.db'
STORES = ('user', 'ticket', 'post', 'lookup')
KINDS = ('groups', 'users', 'memberships', 'tokens', 'departments', 'categories', 'priorities', 'statuses',
         'tickets', 'subscriptions', 'actions', 'posts', 'uploads', 'histories')
EPOCH = datetime.datetime(1970, 1, 1)


# --- running it and looking at what it made -----------------------------------------------------------------

class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()
        self.tally = {}
        for name in KINDS + ('all',):
            found = re.search(rf'^{name} +(\d+) +(\d+) +(\d+)$', self.out, re.M)
            if found:
                self.tally[name] = tuple(int(n) for n in found.groups())
        lines = re.search(r'^Rows not kept or changed, (\d+) lines:\n((?:.+\n)*)', self.out, re.M)
        self.lines = lines.group(2).split('\n')[:-1] if lines else []
        assert not lines or int(lines.group(1)) == len(self.lines)


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')}


def command(db, data, *more):
    return [str(BIN / 'flicketctl'), 'import', '--data', str(data), *map(str, more), os.fspath(db)]


def run(db, data, *more, **kwargs):
    return Result(subprocess.run(command(db, data, *more), capture_output=True, env=environment(), timeout=120,
                                 **kwargs))


def start(db, data, *more):
    """It runs on; nobody is told how it ends."""
    return subprocess.Popen(command(db, data, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())


def call(*arguments, cwd, **kwargs):
    return subprocess.run([BIN / 'flicketctl', 'import', *arguments], capture_output=True, env=environment(), cwd=cwd,
                          **kwargs)


def imported(db, data, *more):
    result = run(db, data, *more)
    assert result.status == 0, result.err
    assert result.err == ''
    assert set(result.tally) == set(KINDS + ('all',))
    for name, (read, written, dropped) in result.tally.items():
        assert read == written + dropped, name
    for i in range(3):
        assert result.tally['all'][i] == sum(result.tally[k][i] for k in KINDS)
    return result


def refused(db, data, *more, status=1):
    """It fails and leaves everything as it was."""
    before = fingerprint(data)
    result = run(db, data, *more)
    assert result.status == status, result.out + result.err
    assert result.out == ''
    assert fingerprint(data) == before
    assert not list(data.glob('.import-*'))
    return result.err


def fingerprint(data):
    """The files of a data folder and what the stores hold; lock files and WAL mode do not count."""
    found = {}
    for path in sorted(data.rglob('*')):
        name = str(path.relative_to(data))
        if path.suffix == '.db' and path.stat().st_size > 0:
            try:
                with open_db(path) as db:
                    found[name] = '\n'.join(db.iterdump())
            except sqlite3.DatabaseError:
                found[name] = path.read_bytes()
        elif path.is_file() and path.name != 'lock' and not path.name.endswith(('-wal', '-shm', '-journal')):
            found[name] = path.read_bytes()
    return found


@contextlib.contextmanager
def open_db(path):
    db = open_store(path)
    try:
        yield db
    finally:
        db.close()


def store_path(data, store):
    return data / 'stores' / store / f'{store}.db'


def rows(data, store, sql, *args):
    with open_db(store_path(data, store)) as db:
        return db.execute(sql, args).fetchall()


def check_stores(data):
    """All four are there, whole, seeded, in WAL mode, with no log left over."""
    for store in STORES:
        folder = data / 'stores' / store
        assert not [p.name for p in folder.iterdir() if p.name.endswith(('-wal', '-shm', '-journal'))]
        assert (folder / f'{store}.db').read_bytes()[18:20] == b'\2\2'
        assert rows(data, store, 'PRAGMA integrity_check') == [('ok',)]
        assert rows(data, store, 'PRAGMA foreign_key_check') == []
        assert rows(data, store, 'SELECT seeded FROM identity') == [(1,)]
        assert rows(data, store, 'SELECT count(*) FROM outbox') == [(0,)]
        # `flicketctl verify` reads by how much Flicket's totals differed
        more = {o for o in schema_of(store_path(data, store)) if o[1] == 'taken_over'}
        assert len(more) == (store == 'user')
        assert schema_of(store_path(data, store)) - more == schema_of_migrations(store)
    check_derived(data)
    assert not list(data.glob('.import-*'))


SCHEMA = 'SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL'


def schema_of(path):
    with open_db(path) as db:
        return set(db.execute(SCHEMA))


def schema_of_migrations(store):
    """What a service makes of a new store."""
    files = [REPO / 'services' / 'store' / 'common.sql', REPO / 'services' / 'store' / 'common_late.sql',
             *sorted((REPO / 'services' / store / 'migrations').glob('*.sql'))]
    with open_db(':memory:') as db:
        for path in files:
            db.executescript(path.read_text(encoding='utf-8'))
        return set(db.execute(SCHEMA))


def check_derived(data):
    """What the ticket store has of replies and words follows from the rows themselves."""
    tickets = {i: (replies, hours) for i, replies, hours in
               rows(data, 'ticket', 'SELECT id, replies, reply_hours FROM tickets')}
    want = dict.fromkeys(tickets, (0, 0))
    replies = []
    for post, ticket, hours in rows(data, 'post', 'SELECT id, ticket_id, hours FROM posts'):
        if ticket in want and post < 1 << 32 and ticket < 1 << 31:
            want[ticket] = (want[ticket][0] + 1, want[ticket][1] + hours)
            replies.append((post, ticket))
    assert tickets == want
    assert sorted(rows(data, 'ticket', 'SELECT post_id, ticket_id FROM replies')) == sorted(replies)
    assert rows(data, 'ticket', 'SELECT id FROM reply_words_docsize ORDER BY id') == \
        sorted(((ticket << 32) + post,) for post, ticket in replies)
    assert rows(data, 'ticket', 'SELECT id FROM ticket_words_docsize ORDER BY id') == [(i,) for i in sorted(tickets)]
    assert rows(data, 'ticket', 'SELECT count(*) FROM changes') == [(0,)]
    with open_db(store_path(data, 'ticket')) as db:
        for table in ('ticket_words', 'reply_words'):     # dies if it is not whole
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        db.rollback()
        # one segment, out of the way of those to come; a small one, which memory held, is where it was written
        for table in ('ticket_words', 'reply_words'):
            structure, = db.execute(f'SELECT block FROM {table}_data WHERE id = 10').fetchone()
            assert structure[4:6] in (b'\x0a\x01', b'\x01\x01', b'\0\0'), structure
        # as in a store that was never imported
        assert set(db.execute('SELECT * FROM ticket_words_config')) == set(db.execute('SELECT * FROM reply_words_config'))
        assert set(db.execute("SELECT * FROM reply_words_config WHERE k <> 'version'")) == {
            ('automerge', 8), ('crisismerge', 64), ('hashsize', 1 << 20)}


# --- databases to import ------------------------------------------------------------------------------------

@pytest.fixture
def data(tmp_path):
    return tmp_path / 'data'


@pytest.fixture
def flicket(tmp_path):
    """Make an empty Flicket database, or one with what these statements do."""
    def make(*statements, name='flicket.db', encoding='UTF-8', loose=False):
        path = tmp_path / name
        with open_db(FLICKET_DB) as db:
            schema = [sql for sql, in db.execute('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL')]
        with open_db(path) as db:
            db.execute(f"PRAGMA encoding = '{encoding}'")
            for sql in schema:
                db.execute(without_types(sql) if loose else sql)
            for statement in statements:
                if isinstance(statement, str):
                    statement = (statement,)
                db.execute(*statement)
            db.commit()
        return path
    return make


def without_types(sql):
    """A table whose columns keep whatever type they are given, and whose indexes forbid nothing."""
    if sql.startswith('CREATE TABLE'):
        name, columns = re.match(r'CREATE TABLE (\w+) \((.*)\)', sql, re.S).groups()
        names = [line.split()[0] for line in columns.split(',') if re.match(r'\s*[a-z]', line)]
        return f'CREATE TABLE {name} ({", ".join(names)})'
    return sql.replace('UNIQUE ', '')


HASH = '$2b$04$6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi'
USER = f"INSERT INTO flicket_users (id, username, name, email, password) VALUES (?, ?, ?, ?, '{HASH}')"


STATUSES = "INSERT INTO flicket_status VALUES (1, 'Open'), (2, 'Closed'), (3, 'In Work')"


# What Flicket's own set-up makes, as far as an import would make it.
WHOLE = ("INSERT INTO flicket_topic (id, title, date_added, last_updated) VALUES (1, 't', '2024-02-29', '2024-02-29')",
         "INSERT INTO flicket_group VALUES (1, 'flicket_admin'), (2, 'super_user')",
         "INSERT INTO flicket_priorities VALUES (1, 'low')")


def user(number, name='somebody'):
    return USER, (number, f'user{number}', name, f'user{number}@example.org')


# --- what a value should become -----------------------------------------------------------------------------

def micros(text):
    if text is None:
        return None
    return (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(microseconds=1)


def hundredths(value):
    rounded = decimal.Decimal(str(value)).quantize(decimal.Decimal('0.01'), decimal.ROUND_HALF_UP)
    return int(rounded * 100)


def compact(text):
    value = json.loads(text) if text is not None else None
    if value is None:
        return None
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(',', ':'))


def same(value):
    return value


def number(value):
    return value or 0


def as_blob(value):
    return value.encode() if isinstance(value, str) else value


# source table, store, its table, {source column: (column, conversion)}; a plain name stays what it is
def plain(*names, **more):
    return {**{n: (n, same) for n in names}, **more}


TABLES = (
    ('flicket_users', 'user', 'users', plain(
        'id', 'username', 'name', 'email', 'job_title', 'avatar', 'locale', password=('password', as_blob),
        date_added=('date_added', micros), date_modified=('date_modified', micros),
        total_posts=('total_posts', number), total_assigned=('total_assigned', number),
        disabled=('disabled', number))),
    ('flicket_group', 'user', 'groups', plain('id', 'group_name')),
    ('flicket_groups', 'user', 'members', plain('user_id', 'group_id')),
    ('flicket_department', 'lookup', 'departments', plain('id', 'department')),
    ('flicket_category', 'lookup', 'categories', plain('id', 'category', 'department_id')),
    ('flicket_priorities', 'lookup', 'priorities', plain('id', 'priority')),
    ('flicket_status', 'lookup', 'statuses', plain('id', 'status')),
    ('flicket_users', 'ticket', 'user_names', plain('id', 'name', 'username', disabled=('disabled', number))),
    ('flicket_department', 'ticket', 'department_names', plain('id', 'department')),
    ('flicket_category', 'ticket', 'category_names', plain('id', 'category', 'department_id')),
    ('flicket_priorities', 'ticket', 'priority_names', plain('id', 'priority')),
    ('flicket_status', 'ticket', 'status_names', plain('id', 'status')),
    ('flicket_topic', 'ticket', 'tickets', plain(
        'id', 'title', 'content', 'started_id', 'modified_id', 'status_id', 'category_id', 'assigned_id',
        'ticket_priority_id', date_added=('date_added', micros), date_modified=('date_modified', micros),
        hours=('hours', hundredths))),
    ('flicket_ticket_subscription', 'ticket', 'subscriptions', plain('id', 'ticket_id', 'user_id')),
    ('flicket_ticket_action', 'ticket', 'actions', plain(
        'id', 'ticket_id', 'post_id', 'action', 'user_id', 'recipient_id', data=('data', compact),
        date=('date', micros))),
    ('flicket_post', 'post', 'posts', plain(
        'id', 'ticket_id', 'content', 'user_id', 'modified_id', hours=('hours', hundredths),
        date_added=('date_added', micros), date_modified=('date_modified', micros))),
    ('flicket_uploads', 'post', 'uploads', plain(
        'id', 'topic_id', 'filename', 'original_filename', posts_id=('post_id', same))),
    ('flicket_history', 'post', 'histories', plain(
        'id', 'post_id', 'topic_id', 'original_content', 'user_id', date_modified=('date_modified', micros))),
)


def check_values(db_path, data):
    """Compare every value of every row; returns how many."""
    compared = 0
    with open_db(db_path) as db:
        for source, store, table, columns in TABLES:
            theirs = db.execute(f'SELECT {", ".join(columns)} FROM {source}').fetchall()
            want = [tuple(f(v) for v, (_, f) in zip(row, columns.values())) for row in theirs]
            names = ', '.join(name for name, _ in columns.values())
            got = rows(data, store, f'SELECT {names} FROM {table}')
            assert sorted(got, key=repr) == sorted(want, key=repr), table
            compared += len(got) * len(columns)
        want = last_updates(db)
    assert dict(rows(data, 'ticket', 'SELECT id, last_updated FROM tickets')) == want
    return compared + len(want)


def last_updates(db):
    """When each ticket was updated last: never before its own dates, and those of its replies and actions."""
    known = {i: [micros(d) for d in dates if d] for i, *dates in
             db.execute('SELECT id, date_added, date_modified FROM flicket_topic')}
    for ticket, *dates in db.execute(
            'SELECT ticket_id, date_added, date_modified FROM flicket_post UNION ALL '
            'SELECT ticket_id, date, NULL FROM flicket_ticket_action WHERE action NOT IN '
            "('subscribe', 'unsubscribe', 'department_category')"):
        known.get(ticket, []).extend(micros(d) for d in dates if d)
    found = {}
    for ticket, updated in db.execute('SELECT id, last_updated FROM flicket_topic'):
        newest, updated = max(known[ticket], default=None), micros(updated)
        is_old = newest is not None and (updated is None or updated < newest - 1000000)
        found[ticket] = newest if is_old else updated
    return found


# --- all of it ----------------------------------------------------------------------------------------------

def test_every_value_of_a_whole_database_is_taken_over(data):
    result = imported(FLICKET_DB, data)
    check_stores(data)
    assert check_values(FLICKET_DB, data) > 5000
    assert result.lines == ['tickets: last_updated: it was older than the ticket, its replies or actions: moved to the newest '
                            'of their dates: 92 times']
    with open_db(FLICKET_DB) as db:
        for kind, table in (('users', 'users'), ('tickets', 'topic'), ('posts', 'post'), ('actions', 'ticket_action')):
            count, = db.execute(f'SELECT count(*) FROM flicket_{table}').fetchone()
            assert result.tally[kind] == (count, count, 0)


def test_tokens_are_hashed_and_only_live_ones_kept(data):
    result = imported(FLICKET_DB, data)
    with open_db(FLICKET_DB) as db:
        live = db.execute("SELECT token, id, token_expiration FROM flicket_users WHERE token IS NOT NULL "
                          "AND token_expiration > strftime('%Y-%m-%d %H:%M:%f', 'now')").fetchall()
    want = {(hashlib.sha256(token.encode()).digest(), owner, micros(ends)) for token, owner, ends in live}
    assert len(want) == 5
    assert set(rows(data, 'user', 'SELECT hash, user_id, expires FROM tokens')) == want
    assert result.tally['tokens'] == (7, 5, 2)
    assert 'tokens not kept: expired, or without a date to expire on: 2' in result.out
    added = {when for when, in rows(data, 'user', 'SELECT date_added FROM tokens')}
    assert all(abs(when / 1e6 - time.time()) < 60 for when in added)


def test_groups_get_their_rights(data, flicket):
    db = flicket("INSERT INTO flicket_group VALUES (1, 'flicket_admin'), (2, 'super_user'), (3, 'others'), "
                 "(4, NULL), (5, 'Flicket_Admin')")
    imported(db, data)
    assert rows(data, 'user', 'SELECT id, rights FROM groups') == [(1, 3), (2, 2), (3, 0), (4, 0), (5, 0)]


def test_ids_are_not_reused_after_the_last(data, flicket):
    db = flicket("INSERT INTO flicket_topic (id, title) VALUES (900, 'the last')")
    imported(db, data)
    with open_db(store_path(data, 'ticket')) as store:
        store.execute('DELETE FROM tickets')
        assert store.execute("INSERT INTO tickets (title) VALUES ('new')").lastrowid == 901


def test_an_empty_database_gets_only_what_a_desk_needs(data, flicket):
    result = imported(flicket(), data)
    check_stores(data)
    assert result.tally['all'] == (0, 0, 0)
    for store, tables in (('lookup', ('departments', 'categories')), ('user', ('users', 'members'))):
        for table in tables:
            assert rows(data, store, f'SELECT count(*) FROM {table}') == [(0,)]
    assert rows(data, 'user', 'SELECT id, group_name, rights FROM groups') == [(1, 'flicket_admin', 3), (2, 'super_user', 2)]
    assert rows(data, 'lookup', 'SELECT * FROM priorities') == [(1, 'low'), (2, 'medium'), (3, 'high')]
    statuses = [(1, 'Open'), (2, 'Closed'), (3, 'In Work'), (4, 'Awaiting Information')]
    assert rows(data, 'lookup', 'SELECT * FROM statuses') == statuses
    assert rows(data, 'ticket', 'SELECT * FROM status_names') == statuses
    assert "Made, as Flicket's database has none: group flicket_admin.\n" in result.out
    assert 'Nobody can log in as an admin' in result.out


def test_the_data_folder_is_made_closed_to_others(tmp_path, flicket):
    data = tmp_path / 'a' / 'new' / 'folder'
    imported(flicket(), data)
    for path in (data, data / 'stores', *(data / 'stores' / s for s in STORES)):
        assert path.stat().st_mode & 0o777 == 0o700
    assert store_path(data, 'user').stat().st_mode & 0o777 == 0o600


def test_the_data_folder_comes_from_the_setting(tmp_path, flicket):
    env = {**environment(), 'FLICKET_DATA': 'from-setting'}
    subprocess.run([BIN / 'flicketctl', 'import', flicket().name], env=env, cwd=tmp_path, check=True,
                   capture_output=True)
    check_stores(tmp_path / 'from-setting')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may give files away')
def test_what_root_makes_belongs_to_the_owner_of_the_data_folder(data, flicket):
    data.mkdir()
    os.chown(data, 1234, 1235)
    imported(flicket(), data)
    for path in (data / 'stores').rglob('*'):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235), path
    assert (data / 'stores').stat().st_uid == 1234


# --- values -------------------------------------------------------------------------------------------------

TEXTS = ('', ' ', '漢字與中文', '😀👩‍👩‍👧', "O'Brien \"x\" \\ `y`; DROP TABLE users; --",
         'a\nb\tc\x01\x7f', 'ünïcödé', '%s%n?1:a',
         '\ufeffbom', 'e\u0301', '\U0010ffff', 'x' * 5000, '12', '1e5')


def test_texts_stay_what_they_are(data, flicket):
    db = flicket(*[("INSERT INTO flicket_topic (id, title, content) VALUES (?, ?, ?)", (i, t, t + t))
                   for i, t in enumerate(TEXTS, 1)])
    result = imported(db, data)
    assert result.lines == []
    assert rows(data, 'ticket', 'SELECT title, content FROM tickets ORDER BY id') == [(t, t + t) for t in TEXTS]


@pytest.mark.parametrize('encoding', ['UTF-16le', 'UTF-16be'])
def test_a_database_in_utf16_is_read(data, flicket, encoding):
    texts = [t for t in TEXTS if '\ufeff' not in t]
    db = flicket(*[("INSERT INTO flicket_topic (id, title) VALUES (?, ?)", (i, t)) for i, t in enumerate(texts, 1)],
                 encoding=encoding)
    imported(db, data)
    assert rows(data, 'ticket', 'SELECT title FROM tickets ORDER BY id') == [(t,) for t in texts]


BAD_TEXTS = (b'\xff', b'a\x80b', b'\xc3', b'\xc3(', b'\xe4\xbd', b'\xe4\xbdx', b'\xed\xa0\x80', b'\xf0\x9f\x98',
             b'\xc0\xaf', b'\xe0\x80\x80', b'\xf4\x90\x80\x80', b'\xf8\x88\x80\x80\x80', b'caf\xe9', b'\xef\xbf',
             b'\xe4\xbd\xa0\xe4', b'\xff' * 300)


def test_bytes_that_are_no_utf8_become_replacement_characters(data, flicket):
    db = flicket(*[("INSERT INTO flicket_post (id, content) VALUES (?, CAST(? AS TEXT))", (i, t))
                   for i, t in enumerate(BAD_TEXTS, 1)])
    result = imported(db, data)
    want = [(t.decode('utf-8', 'replace'),) for t in BAD_TEXTS]
    assert rows(data, 'post', 'SELECT content FROM posts ORDER BY id') == want
    assert len(result.lines) == len(BAD_TEXTS)
    assert result.lines[1] == 'post 2: content: bytes that are not UTF-8 became U+FFFD: 1 times'


def test_random_bytes_as_text_become_what_python_makes_of_them(data, flicket):
    rng = random.Random(1)
    texts = [bytes(rng.choice((0x20, 0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xa0, 0xf0, 0x90, 0xf4, 0x8f, 0xff))
                   for _ in range(rng.randrange(12))) for _ in range(2000)]
    db = flicket(*[("INSERT INTO flicket_post (id, content) VALUES (?, CAST(? AS TEXT))", (i, t))
                   for i, t in enumerate(texts, 1)])
    imported(db, data)
    want = [(t.decode('utf-8', 'replace'),) for t in texts]
    assert rows(data, 'post', 'SELECT content FROM posts ORDER BY id') == want


def test_nul_bytes_are_cut_out(data, flicket):
    db = flicket(("INSERT INTO flicket_topic (id, title) VALUES (1, ?)", ('a\0b\0',)),
                 "INSERT INTO flicket_topic (id, title) VALUES (2, CAST(x'00ff00' AS TEXT))")
    result = imported(db, data)
    assert rows(data, 'ticket', 'SELECT title FROM tickets ORDER BY id') == [('ab',), ('\ufffd',)]
    assert result.lines == ['ticket 1: title: NUL bytes cut out: 2', 'ticket 2: title: NUL bytes cut out: 2',
                            'ticket 2: title: bytes that are not UTF-8 became U+FFFD: 1 times']


DATES = (
    ('2020-02-29 12:34:56.789012', 1582979696789012),
    ('2020-02-29 12:34:56', 1582979696000000),
    ('2020-02-29T12:34:56.5', 1582979696500000),
    ('2020-02-29', 1582934400000000),
    ('1970-01-01 00:00:00.000001', 1),
    ('1969-12-31 23:59:59.999999', -1),
    ('1900-03-01 00:00:00', -2203891200000000),
    ('2000-02-29 00:00:00.1234567', 951782400123456),
    ('0001-01-01 00:00:00', -62135596800000000),
    ('9999-12-31 23:59:59.999999', 253402300799999999),
)
NO_DATES = ('', 'yesterday', '2021-02-29', '1900-02-29', '2020-13-01', '2020-00-01', '2020-01-00', '2020-04-31',
            '2020-01-01 24:00:00', '2020-01-01 00:60:00', '2020-01-01 00:00:60', '2020-1-1', '0000-01-01',
            '2020-01-01 00:00', '2020-01-01 00:00:00x', '2020-01-01 00:00:00+01:00', ' 2020-01-01', '20200101',
            1600000000, 1.5, '2020-01-01\0', '+020-01-01')


def test_dates_are_read(data, flicket):
    db = flicket(*[("INSERT INTO flicket_history (id, date_modified) VALUES (?, ?)", (i, text))
                   for i, (text, _) in enumerate(DATES, 1)])
    result = imported(db, data)
    assert result.lines == ['history 8: date_modified: "2000-02-29 00:00:00.1234567" is cut to microseconds']
    got = rows(data, 'post', 'SELECT date_modified FROM histories ORDER BY id')
    assert got == [(want,) for _, want in DATES]


def test_all_days_of_some_years_are_read_as_python_reads_them(data, flicket):
    days = [datetime.datetime(year, 1, 1) + datetime.timedelta(days=d, microseconds=d)
            for year in (1, 4, 100, 400, 1582, 1899, 1900, 1968, 1999, 2000, 2023, 2024, 2100, 9998)
            for d in range(367)]
    db = flicket(*[("INSERT INTO flicket_history (id, date_modified) VALUES (?, ?)", (i, day.isoformat(' ')))
                   for i, day in enumerate(days, 1)])
    imported(db, data)
    got = rows(data, 'post', 'SELECT date_modified FROM histories ORDER BY id')
    assert got == [(micros(day.isoformat()),) for day in days]


def test_what_is_no_date_is_left_empty_and_reported(data, flicket):
    db = flicket(*[("INSERT INTO flicket_history (id, date_modified) VALUES (?, ?)", (i, text))
                   for i, text in enumerate(NO_DATES, 1)])
    result = imported(db, data)
    assert set(rows(data, 'post', 'SELECT date_modified FROM histories')) == {(None,)}
    assert len(result.lines) == len(NO_DATES)
    assert result.lines[1] == 'history 2: date_modified: "yesterday" is not a date: left empty'


def test_hours_become_hundredths(data, flicket):
    hours = ((None, 0), (0, 0), (1, 100), (1.5, 150), (0.25, 25), (0.01, 1), (0.29, 29), (1.1, 110), (19.99, 1999),
             (99999999.99, 9999999999), (-2.5, -250), (1 / 3, 33), (2 / 3, 67), ('4.75', 475))
    db = flicket(*[("INSERT INTO flicket_post (id, hours) VALUES (?, ?)", (i, h)) for i, (h, _) in enumerate(hours, 1)])
    result = imported(db, data)
    assert [line.split(': ', 1)[0] for line in result.lines] == ['post 12', 'post 13']     # 1/3 and 2/3
    assert all(line.endswith(' is rounded to hundredths') for line in result.lines)
    assert rows(data, 'post', 'SELECT hours FROM posts ORDER BY id') == [(want,) for _, want in hours]


def test_hours_beyond_all_bounds_are_reported(data, flicket):
    db = flicket("INSERT INTO flicket_post (id, hours) VALUES (1, 9e999), (2, -9e999), (3, 'many'), (4, '2 or 3')")
    result = imported(db, data)
    assert rows(data, 'post', 'SELECT hours FROM posts ORDER BY id') == [(0,), (0,), (0,), (200,)]
    assert len(result.lines) == 4


def test_all_hundredths_of_an_hour_stay_exact(data, flicket):
    db = flicket(*[("INSERT INTO flicket_post (id, hours) VALUES (?, ?)", (i, i / 100)) for i in range(1, 10001)])
    imported(db, data)
    assert rows(data, 'post', 'SELECT count(*) FROM posts WHERE hours <> id') == [(0,)]


JSONS = (
    (None, None), ('null', None), (' null ', None), ('{"b": 1, "a": {"d": 2, "c": 3}}', '{"a":{"c":3,"d":2},"b":1}'),
    ('[1, 2.5, true, null, "x"]', '[1,2.5,true,null,"x"]'), ('"text"', '"text"'), ('7', '7'),
    ('false', 'false'), ('{}', '{}'),
    ('{"x": "\\u00e9\\ud83d\\ude00 \\" \\\\ \\n"}', '{"x":"é😀 \\" \\\\ \\n"}'), 
    ('{"x": "a\\u0000b"}', '{"x":"a\\u0000b"}'),
    ('{"x": "漢"}', '{"x":"漢"}'), ('{"a": 1, "a": 2}', '{"a":2}'),
)
NO_JSONS = ('', '{', '{"a": }', 'NaN', "{'a': 1}", '{"a": 1} x', '[' * 5000, '{"x": "\\ud800"}',
            '{"x": 99999999999999999999999}',
            b'\xff')


def test_json_is_written_anew(data, flicket):
    db = flicket(*[("INSERT INTO flicket_ticket_action (id, data) VALUES (?, ?)", (i, text))
                   for i, (text, _) in enumerate(JSONS, 1)])
    result = imported(db, data)
    assert result.lines == []
    assert rows(data, 'ticket', 'SELECT data FROM actions ORDER BY id') == [(want,) for _, want in JSONS]


def test_what_is_no_json_is_left_empty_and_reported(data, flicket):
    db = flicket(*[("INSERT INTO flicket_ticket_action (id, action, data) VALUES (?, 'claim', ?)", (i, text))
                   for i, text in enumerate(NO_JSONS, 1)])
    result = imported(db, data)
    assert set(rows(data, 'ticket', 'SELECT action, data FROM actions')) == {('claim', None)}
    assert [i for i in range(1, len(NO_JSONS) + 1)
            if not any(x.startswith(f'action {i}: data: ') and x.endswith('is not JSON: left empty')
                       for x in result.lines)] == []


def test_passwords_are_kept_byte_for_byte(data, flicket):
    passwords = ('$2b$12$abc', b'$2b$12$abc', b'\xff\0x', b'', '', None)
    db = flicket(*[user(i) for i in range(1, 7)],
                 *[("UPDATE flicket_users SET password = ? WHERE id = ?", (p, i)) for i, p in enumerate(passwords, 1)])
    result = imported(db, data)
    ending = ': nobody can log in with it until the password is set anew'
    assert result.lines == [f'user {i}: password: this is not a bcrypt hash, and is never compared{ending}'
                            for i in (1, 2, 3)] + [
        f'user {i}: password: there is none: nobody can log in until it is set' for i in (4, 5, 6)]
    want = [(p.encode() if isinstance(p, str) else p,) for p in passwords]
    assert rows(data, 'user', 'SELECT password FROM users ORDER BY id') == want


REST = '6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi'


def test_passwords_that_are_never_checked_are_told(data, flicket):
    """Kept all the same: who looks for them finds them."""
    passwords = ('$2b$16$' + REST, '$2b$17$' + REST, b'$2y$31$' + REST.encode(), '$6$rounds=999999999$salt$', '$1$a$b')
    db = flicket(*[user(i) for i in range(1, 6)],
                 *[('UPDATE flicket_users SET password = ? WHERE id = ?', (p, i)) for i, p in enumerate(passwords, 1)])
    result = imported(db, data)
    ending = ': nobody can log in with it until the password is set anew'
    assert result.lines == [f'user 2: password: a hash at cost 17, beyond 16, is never checked{ending}',
                            f'user 3: password: a hash at cost 31, beyond 16, is never checked{ending}',
                            f'user 4: password: this is not a bcrypt hash, and is never compared{ending}',
                            f'user 5: password: this is not a bcrypt hash, and is never compared{ending}']
    want = [(p.encode() if isinstance(p, str) else p,) for p in passwords]
    assert rows(data, 'user', 'SELECT password FROM users ORDER BY id') == want


def test_flags_and_counts_without_a_value_are_0(data, flicket):
    db = flicket(user(1), user(2), user(3), user(4),
                 "UPDATE flicket_users SET disabled = 1, total_posts = 5 WHERE id = 2",
                 "UPDATE flicket_users SET disabled = 'true' WHERE id = 3",
                 "UPDATE flicket_users SET disabled = 2.5 WHERE id = 4")
    result = imported(db, data)
    assert rows(data, 'user', 'SELECT disabled, total_posts, total_assigned FROM users ORDER BY id') == [
        (0, 0, 0), (1, 5, 0), (1, 0, 0), (1, 0, 0)]
    assert result.lines == ['user 3: disabled: "true" taken as 1', 'user 4: disabled: "2.5" taken as 1']


def test_values_of_odd_types_are_converted_as_sqlite_does(data, flicket):
    db = flicket("INSERT INTO flicket_topic (id, title, content, started_id, status_id, category_id, assigned_id) "
                 "VALUES (1, 42, x'616263', '7', 'abc', 2.0, 3.7)",
                 "INSERT INTO flicket_topic (id, title, content) VALUES (2, 1.5, x'')", loose=True)
    result = imported(db, data)
    columns = 'title, content, started_id, status_id, category_id, assigned_id'
    assert rows(data, 'ticket', f'SELECT {columns} FROM tickets ORDER BY id') == [
        ('42', 'abc', 7, 0, 2, 3), ('1.5', '', None, None, None, None)]
    assert 'ticket 1: status_id: "abc" taken as 0' in result.lines
    assert 'ticket 1: assigned_id: "3.7" taken as 3' in result.lines
    assert not any('started_id' in line for line in result.lines)


def test_a_report_line_stays_a_line(data, flicket):
    nasty = 'x\n\x1b[31m\u009b\r\0"' + '漢' * 100
    db = flicket(("INSERT INTO flicket_history (id, date_modified) VALUES (1, ?)", (nasty,)),
                 ("INSERT INTO flicket_history (id, date_modified) VALUES (2, CAST(? AS TEXT))", (b'\xff\xfe',)),
                 ("INSERT INTO flicket_groups VALUES (?, 1)", (nasty,)))
    result = imported(db, data)
    assert len(result.lines) == 4       # two about the membership
    assert not re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', result.out)
    assert 'history 2: date_modified: "\\xff\\xfe" is not a date: left empty' in result.lines
    assert all(len(line) < 600 for line in result.lines)


# --- rows that cannot be kept, and those that can -----------------------------------------------------------

def test_a_second_user_of_a_name_or_address_is_not_kept(data, flicket):
    db = flicket((USER, (1, 'a', 'A', 'a@x')), (USER, (2, 'a', 'B', 'b@x')), (USER, (3, 'c', 'C', 'a@x')),
                 (USER, (4, 'd', 'D', None)), (USER, (5, 'e', 'E', None)),
                 "UPDATE flicket_users SET token = 't' || id, token_expiration = '2999-01-01' WHERE id < 3",
                 "INSERT INTO flicket_group VALUES (1, 'g')",
                 "INSERT INTO flicket_groups VALUES (1, 1), (2, 1)", loose=True)
    result = imported(db, data)
    assert rows(data, 'user', 'SELECT id, username, email FROM users ORDER BY id') == [
        (1, 'a', 'a@x'), (2, 'a-2', 'b@x'), (3, 'c', None), (4, 'd', None), (5, 'e', None)]
    assert rows(data, 'ticket', 'SELECT id, name, username FROM user_names') == [
        (1, 'A', 'a'), (2, 'B', 'a-2'), (3, 'C', 'c'), (4, 'D', 'd'), (5, 'E', 'e')]
    assert rows(data, 'user', 'SELECT user_id FROM tokens ORDER BY 1') == [(1,), (2,)]
    assert rows(data, 'user', 'SELECT user_id FROM members ORDER BY 1') == [(1,), (2,)]
    assert result.tally['users'] == (5, 5, 0)
    assert result.lines == [
        'user 2: username: "a" is that of user 1: this user logs in as "a-2"',
        'user 3: email: "a@x" is that of user 1: left empty']


def test_memberships_that_mean_nothing_are_not_kept(data, flicket):
    db = flicket(user(1), "INSERT INTO flicket_group VALUES (1, 'g')",
                 "INSERT INTO flicket_groups VALUES (1, 1), (1, 1), (1, 1), (NULL, 1), (1, NULL), (9, 1), (1, 9), "
                 "(NULL, NULL)")
    result = imported(db, data)
    assert rows(data, 'user', 'SELECT user_id, group_id FROM members') == [(1, 1)]
    assert result.tally['memberships'] == (8, 1, 7)
    assert 'memberships not kept: the same membership twice: 2' in result.out
    assert sorted(result.lines) == sorted([
        'membership of user NULL in group NULL: user_id: not kept: it is NULL',
        'membership of user NULL in group 1: user_id: not kept: it is NULL',
        'membership of user 1 in group NULL: group_id: not kept: it is NULL',
        'membership of user 1 in group 9: group_id: not kept: 9 is not among the groups',
        'membership of user 9 in group 1: user_id: not kept: 9 is not among the users'])


def test_a_category_of_no_department_keeps_none(data, flicket):
    db = flicket("INSERT INTO flicket_department VALUES (1, 'd')",
                 "INSERT INTO flicket_category VALUES (1, 'a', 1), (2, 'b', 9), (3, 'c', NULL)")
    result = imported(db, data)
    got = rows(data, 'lookup', 'SELECT id, department_id FROM categories ORDER BY id')
    assert got == [(1, 1), (2, None), (3, None)]
    assert result.lines == ['category 2: department_id: "9" is not a department: left empty']


def test_rows_whose_ticket_or_user_is_gone_are_kept(data, flicket):
    db = flicket("INSERT INTO flicket_topic (id, started_id, category_id) VALUES (1, 77, 88)",
                 "INSERT INTO flicket_post (id, ticket_id, user_id) VALUES (1, 99, 77)",
                 "INSERT INTO flicket_ticket_subscription VALUES (1, 99, 77)",
                 "INSERT INTO flicket_uploads VALUES (1, 98, 99, NULL, NULL)",
                 "INSERT INTO flicket_history VALUES (1, 98, 99, NULL, 'x', 77)",
                 "INSERT INTO flicket_ticket_action (id, ticket_id, user_id) VALUES (1, 99, 77)")
    result = imported(db, data)
    assert result.tally['all'] == (6, 6, 0)
    assert result.lines == []


def test_tokens_that_are_not_live_are_not_kept(data, flicket):
    expiries = ('2000-01-01 00:00:00', None, 'soon', '2999-01-01', '2999-01-01')
    db = flicket(*[user(i) for i in range(1, 6)],
                 *[("UPDATE flicket_users SET token = ?, token_expiration = ? WHERE id = ?",
                    ('' if i == 5 else f't{i}', e, i))
                   for i, e in enumerate(expiries, 1)])
    result = imported(db, data)
    assert rows(data, 'user', 'SELECT user_id FROM tokens') == [(4,)]
    assert result.tally['tokens'] == (5, 1, 4)
    assert result.lines == ['token of user 3: token_expiration: "soon" is not a date: left empty']


def test_ids_that_are_none_are_not_kept(data, flicket):
    db = flicket("INSERT INTO flicket_priorities VALUES (0, 'zero'), (-1, 'minus'), (5, 'five')")
    result = imported(db, data)
    assert rows(data, 'lookup', 'SELECT * FROM priorities') == [(5, 'five')]
    assert result.tally['priorities'] == (3, 1, 2)
    assert result.lines[0] == 'priority -1: id: not kept: an id is a whole number from 1 on'


MOST_ID = 1 << 30
LEAST, MOST = -(1 << 63), (1 << 63) - 1


def test_ids_beyond_the_bound_are_not_kept(data, flicket):
    """Whatever kind of row: what comes next would have no id, or one that nothing can be done with."""
    beyond = (MOST_ID + 1, 1 << 31, 1 << 32, MOST)
    for_ids = {
        'flicket_topic (id, title)': "'x'", 'flicket_post (id, content)': "'x'", 'flicket_status': "'x'",
        'flicket_priorities': "'x'", 'flicket_department': "'x'", 'flicket_category': "'x', NULL", 'flicket_group': "'x'",
        'flicket_ticket_subscription': '1, 1', 'flicket_uploads': "1, NULL, NULL, NULL",
        'flicket_history': "1, NULL, NULL, 'x', 1", 'flicket_ticket_action (id, ticket_id)': '1'}
    db = flicket(user(MOST_ID), *map(user, beyond), STATUSES, *[f'INSERT INTO {into} VALUES ({i}, {values})'
                                                      for into, values in for_ids.items() for i in (MOST_ID, *beyond)])
    result = imported(db, data)
    count = 1 + len(for_ids)
    assert result.tally['all'] == (count * 5 + 3, count + 3, count * 4)
    assert sum(line.endswith(f'id: not kept: an id is at most {MOST_ID}') for line in result.lines) == count * 4
    check_stores(data)


def test_references_beyond_the_bound_are_left_empty(data, flicket):
    db = flicket(f"INSERT INTO flicket_topic (id, started_id, assigned_id, category_id) VALUES (1, {MOST}, {LEAST}, {MOST_ID})",
                 f"INSERT INTO flicket_post (id, ticket_id, user_id) VALUES (1, {MOST}, {1 << 40})")
    result = imported(db, data)
    assert rows(data, 'ticket', 'SELECT started_id, assigned_id, category_id FROM tickets') == [(None, None, MOST_ID)]
    assert rows(data, 'post', 'SELECT ticket_id, user_id FROM posts') == [(None, None)]
    assert sorted(result.lines) == [
        f'post 1: ticket_id: "{MOST}" is too large for an id: left empty',
        f'post 1: user_id: "{1 << 40}" is too large for an id: left empty',
        f'ticket 1: assigned_id: "{LEAST}" is too large for an id: left empty',
        f'ticket 1: started_id: "{MOST}" is too large for an id: left empty']


def test_totals_beyond_the_bound_are_taken_as_0(data, flicket):
    totals = ((MOST, LEAST), (1 << 31, -(1 << 31)), (1 << 30, -(1 << 30)), (-3, 4))
    db = flicket(*[user(i) for i in range(1, 5)], *[
        ("UPDATE flicket_users SET total_posts = ?, total_assigned = ? WHERE id = ?", (*t, i))
        for i, t in enumerate(totals, 1)])
    result = imported(db, data)
    assert rows(data, 'user', 'SELECT total_posts, total_assigned FROM users ORDER BY id') == [
        (0, 0), (0, 0), (1 << 30, -(1 << 30)), (-3, 4)]
    assert result.lines[0] == f'user 1: total_posts: "{MOST}" is too much: taken as 0'
    assert len(result.lines) == 4


def test_texts_beyond_the_bound_are_cut(data, flicket):
    texts = ('x' * 50000, 'x' * 50001, 'é' * 30000, 'x' + 'é' * 30000, '漢' * 2000000)
    db = flicket(*[("INSERT INTO flicket_topic (id, title, content) VALUES (?, 'title', ?)", (i, t))
                   for i, t in enumerate(texts, 1)],
                 ("INSERT INTO flicket_ticket_action (id, ticket_id, data) VALUES (1, 1, ?)",
                  (json.dumps({'x': 'y' * 60000}),)))
    result = imported(db, data)
    kept = [text.encode()[:50000].decode(errors='ignore') for text in texts]
    assert [t for t, in rows(data, 'ticket', 'SELECT content FROM tickets ORDER BY id')] == kept
    assert rows(data, 'ticket', 'SELECT data FROM actions') == [(None,)]
    assert result.lines == [
        'ticket 2: content: cut after 50000 bytes: it has 50001', 'ticket 3: content: cut after 50000 bytes: it has 60000',
        'ticket 4: content: cut after 49999 bytes: it has 60001', 'ticket 5: content: cut after 49998 bytes: it has 6000000',
        'action 1: data: is too long, it has 60009 bytes: left empty']


def test_ids_without_a_key_may_be_double(data, flicket):
    db = flicket("INSERT INTO flicket_priorities VALUES (1, 'a'), (1, 'b'), (NULL, 'c'), ('x', 'd')", loose=True)
    result = imported(db, data)
    assert rows(data, 'lookup', 'SELECT * FROM priorities') == [(1, 'a')]
    assert result.tally['priorities'] == (4, 1, 3)
    assert 'priority 1: not kept: another row has the same priorities.id' in result.lines


def test_what_the_ticket_service_has_of_replies_follows_from_them(data, flicket):
    db = flicket(*[("INSERT INTO flicket_topic (id, title, content) VALUES (?, ?, ?)", (i, f'Title {i}', text))
                   for i, text in ((1, 'Grüße'), (2, None), (3, '漢字'), (5, 'five'))],
                 *[("INSERT INTO flicket_post (id, ticket_id, content, hours) VALUES (?, ?, ?, ?)", row) for row in (
                     (1, 2, 'alpha beta', 1.5), (2, 1, 'gamma', None), (3, 2, 'alpha', 0.25), (4, 5, None, -1),
                     (6, 4, 'of no ticket', 9), (7, None, 'of none at all', 9), (8, 0, 'of zero', 9),
                     (9, -2, 'of a negative one', 9), (10, 5, '', 0))])
    result = imported(db, data)
    check_stores(data)
    assert result.lines == []
    assert rows(data, 'ticket', 'SELECT id, replies, reply_hours FROM tickets ORDER BY id') == [
        (1, 1, 0), (2, 2, 175), (3, 0, 0), (5, 2, -100)]
    assert rows(data, 'ticket', 'SELECT post_id, ticket_id FROM replies ORDER BY post_id') == [
        (1, 2), (2, 1), (3, 2), (4, 5), (10, 5)]
    for words, found in (('alpha', [2, 2]), ('beta', [2]), ('ALPHA BETA', [2]), ('gam*', [1]), ('zero', [])):
        assert rows(data, 'ticket', 'SELECT rowid >> 32 FROM reply_words WHERE reply_words MATCH ? ORDER BY rowid',
                    words) == [(i,) for i in found]
    for words, found in (('grusse', [1]), ('gruße', []), ('title', [1, 2, 3, 5]), ('"title 3"', [3]), ('漢字', [3])):
        assert rows(data, 'ticket', 'SELECT rowid FROM ticket_words WHERE ticket_words MATCH ? ORDER BY rowid',
                    words) == [(i,) for i in found]


def test_replies_with_the_largest_ids_are_counted_and_found(data, flicket):
    db = flicket(*[("INSERT INTO flicket_topic (id, title) VALUES (?, 'x')", (i,)) for i in (1, MOST_ID)],
                 *[("INSERT INTO flicket_post (id, ticket_id, content) VALUES (?, ?, 'words')", row) for row in (
                     (1, 1), (MOST_ID - 1, 1), (MOST_ID, MOST_ID), (2, MOST_ID))])
    result = imported(db, data)
    check_stores(data)
    assert rows(data, 'ticket', 'SELECT id, replies FROM tickets ORDER BY id') == [(1, 2), (MOST_ID, 2)]
    assert result.lines == []


def test_hours_of_replies_that_no_number_holds_do_no_harm(data, flicket):
    db = flicket("INSERT INTO flicket_topic (id, title) VALUES (1, 'x'), (2, 'y')",
                 *[("INSERT INTO flicket_post (id, ticket_id, hours) VALUES (?, 1, 9e14)", (i,))
                   for i in range(1, 401)],
                 "INSERT INTO flicket_post (id, ticket_id, hours) VALUES (401, 2, 1)")
    imported(db, data)
    assert rows(data, 'ticket', 'SELECT replies, reply_hours <= 100000000000000000 FROM tickets ORDER BY id') == [
        (400, 1), (1, 1)]


def test_the_store_works_on_after_an_import(data, flicket):
    """Triggers, search and counters go on from what was imported."""
    imported(flicket("INSERT INTO flicket_topic (id, title, content) VALUES (1, 'old title', 'old content')"), data)
    with open_db(store_path(data, 'ticket')) as db:
        db.execute("UPDATE tickets SET title = 'new title' WHERE id = 1")
        db.execute("INSERT INTO tickets (id, title, content) VALUES (2, 'another', 'one')")
        db.commit()

        def search(words):
            return [i for i, in db.execute('SELECT rowid FROM ticket_words WHERE ticket_words MATCH ?', (words,))]
        assert search('old') == [1] and search('"old title"') == [] and search('new') == [1] and search('one') == [2]
        assert db.execute('SELECT ticket_id FROM changes ORDER BY seq').fetchall() == [(1,), (2,)]


# --- schemas ------------------------------------------------------------------------------------------------

def converted(row, posts, names):
    """An action of the newest Flicket as it was before 0.2.1 and is again: what it was and of which ticket stay."""
    number, ticket, post, action, data, *rest = row
    if action in older_flicket.TEXTS:
        name = json.loads(data)[action]
        found = [i for i, known in names[action] if known == name]
        data = {action: name, 'note': older_flicket.NOTE} | ({f'{action}_id': found[0]} if len(found) == 1 else {})
        data = json.dumps(data, sort_keys=True, separators=(',', ':'))
    return (number, posts[post] if post else ticket, post, action, data, *rest)


ACTIONS = 'SELECT id, ticket_id, post_id, action, data, user_id, recipient_id, date FROM actions ORDER BY id'


@pytest.mark.parametrize('version, lacks', [('0.2.0', '0.2.1'), ('0.2.1', '0.2.2'), ('0.2.2', '0.2.3')])
def test_older_versions_are_converted_as_flicket_does(tmp_path, version, lacks):
    old = older_flicket.older_database(tmp_path / 'old.db', FLICKET_DB, version)
    new, was = tmp_path / 'new', tmp_path / 'was'
    imported(FLICKET_DB, new)
    result = imported(old, was)
    check_stores(was)
    assert f'The database is of a Flicket before {lacks}: its rows were converted' in result.out
    assert 'Every row written is as it was' not in result.out
    # what a later version has added has its default
    assert set(rows(was, 'user', 'SELECT disabled FROM users')) == {(0,)}
    for store, table in (('ticket', 'tickets'), ('post', 'posts')):
        assert (set(rows(was, store, f'SELECT hours FROM {table}')) == {(0,)}) == (version < '0.2.1')
    if version < '0.2.2':
        assert rows(was, 'ticket', 'SELECT count(*) FROM tickets WHERE last_updated IS NULL') == [(0,)]
    # and actions are what they were
    want = rows(new, 'ticket', ACTIONS)
    if version < '0.2.1':
        posts = dict(rows(new, 'post', 'SELECT id, ticket_id FROM posts'))
        names = {'status': rows(new, 'lookup', 'SELECT id, status FROM statuses'),
                 'priority': rows(new, 'lookup', 'SELECT id, priority FROM priorities')}
        want = [converted(row, posts, names) for row in want if row[3] in older_flicket.COLUMNS]
        assert {row[3] for row in want} == set(older_flicket.COLUMNS)
    assert rows(was, 'ticket', ACTIONS) == want
    # the report says what and how many
    count = {name: tally[0] for name, tally in result.tally.items()}
    said = [f'users: disabled: Flicket had it not before 0.2.3: taken as 0: {count["users"]} times']
    if version < '0.2.1':
        of_replies = sum(row[2] is not None for row in want)
        said += [f'actions: action, data: made of the columns that Flicket had before 0.2.1: {len(want)} times',
                 f'tickets: hours: Flicket had none before 0.2.1: taken as 0: {count["tickets"]} times',
                 f'posts: hours: Flicket had none before 0.2.1: taken as 0: {count["posts"]} times',
                 f'actions: ticket_id: taken from the reply that they are of: {of_replies} times']
    if version < '0.2.2':
        said += [f'tickets: last_updated: Flicket had it not before 0.2.2: set to the newest date of the ticket, its '
                 f'replies and actions: {count["tickets"]} times']
    assert sorted(line for line in result.lines if 'it was older' not in line) == sorted(said)


OLD_ACTION = 'INSERT INTO flicket_ticket_action (id, post_id, ticket_id, {}) VALUES ({}, {}, {}, {})'


def test_old_actions_that_do_not_say_one_thing_are_named(data, flicket):
    """Flicket's own upgrade refuses them, though Flicket 0.2.0 wrote some: for a status of the desk's own, say."""
    new = flicket("INSERT INTO flicket_status VALUES (1, 'Open'), (2, 'Closed'), (3, 'In Work'), (4, 'twice'), (5, 'twice')",
                  'INSERT INTO flicket_post (id, ticket_id) VALUES (1, 7)', name='new.db')
    db = older_flicket.older_database(new.parent / 'old.db', new, '0.2.0')
    with open_db(db) as connection:
        for sql in (OLD_ACTION.format('opened', 1, 'NULL', 7, 'NULL'),
                    OLD_ACTION.format('claimed, closed', 2, 'NULL', 7, '1, 1'),
                    OLD_ACTION.format('status, priority', 3, 'NULL', 7, "'Open', 'urgent'"),
                    OLD_ACTION.format('status', 4, 1, 'NULL', "'twice'"),
                    OLD_ACTION.format('status', 5, 99, 7, "x'ff00'"),
                    OLD_ACTION.format('released', 6, 'NULL', 7, 0)):
            connection.execute(sql)
        connection.commit()
    result = imported(db, data)
    assert [row[:5] for row in rows(data, 'ticket', ACTIONS)] == [
        (1, 7, None, None, None), (2, 7, None, 'close', None),
        (3, 7, None, 'priority', '{"note":"migrated during 0.2.1 release","priority":"urgent"}'),
        (4, 7, 1, 'status', '{"note":"migrated during 0.2.1 release","status":"twice"}'),
        (5, None, 99, 'status', rows(data, 'ticket', ACTIONS)[4][4]), (6, 7, None, 'release', None)]
    said = ': action: it says more than one thing: the last that Flicket\'s upgrade would take is kept'
    assert [line for line in result.lines if line.startswith('action ')] == [
        'action 1: action: it does not say what was done: left empty', f'action 2{said}', f'action 3{said}',
        *(line for line in result.lines if line.startswith('action 5'))]


@pytest.mark.parametrize('statement, says', [
    ('ALTER TABLE flicket_topic DROP COLUMN last_updated', 'no column last_updated in table flicket_topic'),
    ('ALTER TABLE flicket_post DROP COLUMN hours', 'no column hours in table flicket_post'),
    ('ALTER TABLE flicket_ticket_action DROP COLUMN data', 'no column data in table flicket_ticket_action'),
    ('ALTER TABLE flicket_ticket_action ADD COLUMN opened BOOLEAN', 'both action and opened in table flicket_ticket_action'),
    ('ALTER TABLE flicket_ticket_action DROP COLUMN date', 'no column date in table flicket_ticket_action'),
    ('ALTER TABLE flicket_users DROP COLUMN locale', 'no column locale in table flicket_users'),
])
def test_what_no_version_had_is_refused(data, flicket, statement, says):
    err = refused(flicket(statement), data)
    assert 'not one of Flicket 0.2.0 to 0.3.5' in err and says in err and 'flask db upgrade' in err
    assert not data.exists()


def test_actions_of_no_version_are_refused(data, tmp_path):
    db = older_flicket.older_database(tmp_path / 'old.db', FLICKET_DB, '0.2.0')
    with open_db(db) as connection:
        connection.execute('ALTER TABLE flicket_ticket_action DROP COLUMN released')
    assert 'no column released in table flicket_ticket_action' in refused(db, data)


def test_it_is_said_only_of_rows_as_they_were(data, flicket):
    """Each of these changes a value by so little that nothing else tells it."""
    assert 'Every row written is as it was' in imported(flicket(STATUSES, user(1), *WHOLE), data).out
    for n, (statement, line) in enumerate((
            ("UPDATE flicket_users SET disabled = 2", 'user 1: disabled: "2" taken as 1'),
            ("UPDATE flicket_topic SET hours = 1.005", 'ticket 1: hours: "1.005" is rounded to hundredths'),
            ("UPDATE flicket_topic SET date_added = '2024-02-28 12:00:00.1234567'",
             'ticket 1: date_added: "2024-02-28 12:00:00.1234567" is cut to microseconds'))):
        result = imported(flicket(STATUSES, user(1), *WHOLE, statement, name=f'{n}.db'), data.parent / str(n))
        assert result.lines == [line] and 'Every row written is as it was' not in result.out
    result = imported(flicket(user(1), *WHOLE[:-1], name='made.db'), data.parent / 'made')
    assert result.lines == [] and 'Made, as Flicket' in result.out
    assert 'Every row written is as it was' not in result.out


def test_more_columns_tables_and_capitals_do_not_matter(data, flicket):
    db = flicket(user(1), 'ALTER TABLE flicket_users ADD COLUMN phone TEXT',
                 'CREATE TABLE alembic_version (version_num)',
                 'CREATE VIEW a_view AS SELECT no_such_function(1)',
                 'ALTER TABLE flicket_topic RENAME TO x', 'ALTER TABLE x RENAME TO Flicket_Topic',
                 'ALTER TABLE flicket_users RENAME COLUMN username TO x',
                 'ALTER TABLE flicket_users RENAME COLUMN x TO UserName')
    result = imported(db, data)
    assert result.lines == []
    assert rows(data, 'user', 'SELECT username FROM users') == [('user1',)]


@pytest.mark.parametrize('statement, says', [
    ('DROP TABLE flicket_topic', 'no table flicket_topic'),
    ('DROP TABLE flicket_groups', 'no table flicket_groups'),
    ('ALTER TABLE flicket_topic RENAME COLUMN title TO titel', 'no column title in table flicket_topic'),
    ('ALTER TABLE flicket_uploads DROP COLUMN filename', 'no column filename in table flicket_uploads'),
])
def test_what_flickets_schema_lacks_is_named(data, flicket, statement, says):
    err = refused(flicket(statement), data)
    assert 'not one of Flicket 0.2.0 to 0.3.5' in err and says in err
    assert not data.exists()


def test_views_instead_of_tables_are_not_run(data, flicket):
    db = flicket('DROP TABLE flicket_status', 'CREATE VIEW flicket_status AS WITH RECURSIVE endless(id) AS '
                 "(SELECT 1 UNION ALL SELECT id + 1 FROM endless) SELECT id, 'x' AS status FROM endless")
    assert 'no table flicket_status' in refused(db, data)


# --- files that are no databases ----------------------------------------------------------------------------

def test_paths_that_lead_to_no_database_are_refused(data, tmp_path):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'empty').touch()
    (tmp_path / 'text').write_text('-- MySQL dump\nCREATE TABLE ...\n' * 100)
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'piped').write_bytes(FLICKET_DB.read_bytes())
    os.mkfifo(tmp_path / 'piped-wal')
    (tmp_path / 'link').symlink_to('nowhere')
    (tmp_path / 'begun').write_bytes(FLICKET_DB.read_bytes()[:50])
    for name, says in (('none', 'No such file'), ('folder', 'is a folder'), ('empty', 'it is empty'),
                       ('text', 'not an SQLite database'), ('pipe', 'is not a file'),
                       ('piped', 'piped-wal is not a file'), ('link', 'No such file'),
                       ('text/x', 'Not a directory'), ('begun', 'cut short')):
        err = refused(tmp_path / name, data)
        assert says in err and name in err, name
        assert err.endswith('Nothing was imported.\n')
    assert not data.exists()


def test_another_programs_database_is_refused(data, tmp_path):
    with open_db(tmp_path / 'other.db') as db:
        db.execute('CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT)')
        db.commit()
    err = refused(tmp_path / 'other.db', data)
    assert all(len(re.findall(rf'no table {name}\b', err)) == 1 for name in ('flicket_users', 'flicket_topic', 'flicket_history'))


def test_a_database_cut_short_is_refused_whatever_its_length(data, tmp_path):
    whole = FLICKET_DB.read_bytes()
    rng = random.Random(2)
    lengths = {0, 1, 15, 16, 17, 99, 100, 101, 511, 512, 4095, 4096, 4097, 8192, len(whole) // 2, len(whole) - 4096,
               len(whole) - 4095, len(whole) - 1} | {rng.randrange(len(whole)) for _ in range(80)}
    for length in sorted(lengths):
        (tmp_path / 'cut.db').write_bytes(whole[:length])
        err = refused(tmp_path / 'cut.db', data)
        assert 'cut.db' in err, length
    assert not data.exists()


def test_random_bytes_are_refused(data, tmp_path):
    rng = random.Random(3)
    for size in (1, 16, 100, 1000, 4096, 50000):
        for head in (b'', b'SQLite format 3\0', FLICKET_DB.read_bytes()[:100]):
            (tmp_path / 'noise.db').write_bytes(head + rng.randbytes(size))
            assert 'noise.db' in refused(tmp_path / 'noise.db', data)
    assert not data.exists()


def test_damaged_databases_are_imported_whole_or_refused(data, tmp_path):
    """Damage in a value cannot be noticed; damage in the structure must be, or do no harm."""
    whole = FLICKET_DB.read_bytes()
    rng = random.Random(4)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 1, 10, 1000))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / 'damaged.db').write_bytes(damaged)
        result = run(tmp_path / 'damaged.db', data)
        assert result.status in (0, 1), result.err
        if result.status == 0:
            check_stores(data)
            read, written, dropped = result.tally['all']
            assert read == written + dropped
            shutil.rmtree(data)
        assert not (data / 'stores').exists() and not list(data.glob('.import-*'))


def test_a_zeroed_page_is_damage(data, tmp_path):
    whole = bytearray(FLICKET_DB.read_bytes())
    whole[4096 * 5:4096 * 6] = bytes(4096)
    (tmp_path / 'zeroed.db').write_bytes(whole)
    assert 'is damaged' in refused(tmp_path / 'zeroed.db', data)


def test_a_path_with_characters_of_uris_is_a_path(data, flicket):
    imported(flicket(user(1), name='a b?mode=memory&x#y%20z%.db'), data)
    assert rows(data, 'user', 'SELECT count(*) FROM users') == [(1,)]


def test_rows_still_in_the_log_of_an_open_database_are_read(data, flicket):
    path = flicket(user(1))
    with open_db(path) as db:
        assert db.execute('PRAGMA journal_mode = WAL').fetchone() == ('wal',)
        db.execute(*user(2))
        db.commit()
        assert (path.parent / (path.name + '-wal')).stat().st_size > 0
        imported(path, data)
        db.execute(*user(3))
        db.rollback()
    assert rows(data, 'user', 'SELECT id FROM users ORDER BY id') == [(1,), (2,)]


def test_all_tables_are_of_one_moment_while_flicket_writes(data, flicket):
    path = flicket()
    program = ("import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('PRAGMA journal_mode = WAL')\n"
               "for i in range(1, 10 ** 7):\n"
               "    db.execute('INSERT INTO flicket_topic (id, title) VALUES (?, ?)', (i, 'x'))\n"
               "    db.execute('INSERT INTO flicket_post (id, ticket_id, content) VALUES (?, ?, ?)', (i, i, 'y'))\n"
               "    db.commit()\n"
               "    if i == 1: print(flush=True)")
    writer = subprocess.Popen([sys.executable, '-c', program, path], stdout=subprocess.PIPE)
    try:
        writer.stdout.readline()
        for _ in range(5):
            imported(path, data)
            tickets, = rows(data, 'ticket', 'SELECT count(*), max(id) FROM tickets')
            assert rows(data, 'post', 'SELECT count(*), max(id) FROM posts') == [tickets] and tickets[0] > 0
            assert rows(data, 'ticket', 'SELECT sum(replies) FROM tickets') == [(tickets[0],)]
            shutil.rmtree(data)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()


def test_a_database_at_rest_in_wal_mode_is_not_touched(data, flicket):
    path = flicket(user(1))
    with open_db(path) as db:
        db.execute('PRAGMA journal_mode = WAL')
    folder = path.parent / 'apart'
    folder.mkdir()
    path = Path(shutil.copy(path, folder))
    before = path.read_bytes()
    imported(path, data)
    assert os.listdir(folder) == [path.name] and path.read_bytes() == before


def test_a_database_left_in_the_middle_of_a_write_is_refused(data, flicket):
    path = flicket(user(1))
    program = ("import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('PRAGMA cache_size = 1');"
               "db.executemany('INSERT INTO flicket_status (status) VALUES (?)', [('x' * 3000,)] * 50); os._exit(0)")
    subprocess.run([sys.executable, '-c', program, path], check=True)
    assert (path.parent / (path.name + '-journal')).stat().st_size > 0
    assert 'open it once' in refused(path, data)
    with open_db(path) as db:
        assert db.execute('SELECT count(*) FROM flicket_status').fetchone() == (0,)
    imported(path, data)


# --- what was in the data folder before ---------------------------------------------------------------------

@pytest.fixture
def defaults(data, flicket):
    """Stores as the services make them: the schema and the defaults, and nothing else."""
    imported(flicket(name='nothing.db'), data)
    for store in ('user', 'lookup'):
        with open_db(store_path(data, store)) as db:
            for table in {'user': ('groups',), 'lookup': ('statuses', 'priorities')}[store]:
                db.execute(f'DELETE FROM {table}')
            db.executescript((REPO / 'services' / store / 'seed.sql').read_text())
    for store in STORES:
        (data / 'stores' / store / 'lock').touch()
    return data


def test_defaults_are_replaced(defaults):
    result = imported(FLICKET_DB, defaults)
    assert 'are replaced, the password of admin included' in result.out
    check_stores(defaults)
    check_values(FLICKET_DB, defaults)
    assert os.listdir(defaults) == ['stores']


def test_the_second_import_is_refused(data):
    imported(FLICKET_DB, data)
    err = refused(FLICKET_DB, data)
    assert re.search(r'the user store in .* holds 58 users', err)


@pytest.mark.parametrize('store, statement, says', [
    ('user', "INSERT INTO users (id, username) VALUES (3, 'x')", '1 users'),
    ('user', "INSERT INTO tokens (hash, user_id, date_added, expires) VALUES (x'00', 1, 1, 1)", '1 tokens'),
    ('ticket', "INSERT INTO tickets (title) VALUES ('x')", '1 tickets'),
    ('ticket', 'INSERT INTO subscriptions (ticket_id, user_id) VALUES (1, 1)', '1 subscriptions'),
    ('ticket', "INSERT INTO actions (action) VALUES ('x')", '1 actions'),
    ('post', "INSERT INTO posts (content) VALUES ('x'), ('y')", '2 posts'),
    ('post', "INSERT INTO uploads (filename) VALUES ('x')", '1 uploads'),
    ('post', 'INSERT INTO histories (post_id) VALUES (1)', '1 histories'),
    ('lookup', "INSERT INTO departments (department) VALUES ('x')", '7 departments'),
    ('lookup', "UPDATE categories SET category = 'x', version = 2 WHERE id = 1", '1 changed categories'),
    ('lookup', "INSERT INTO categories (category) VALUES ('x')", '15 categories'),
    ('lookup', "INSERT INTO priorities (priority) VALUES ('x')", '4 priorities'),
    ('lookup', "INSERT INTO statuses (status) VALUES ('x')", '5 statuses'),
])
def test_data_is_never_replaced(defaults, store, statement, says):
    with open_db(store_path(defaults, store)) as db:
        db.execute(statement)
        db.commit()
    err = refused(FLICKET_DB, defaults)
    assert f'the {store} store' in err and f'holds {says}' in err


def test_data_that_is_only_in_the_log_is_not_replaced(defaults):
    """As a service leaves it that was killed."""
    path = store_path(defaults, 'ticket')
    program = ("import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.create_function('words', 1, str);"
               "db.execute('INSERT INTO tickets (title) VALUES (1)'); db.commit(); os._exit(0)")
    subprocess.run([sys.executable, '-c', program, path], check=True)
    assert (path.parent / 'ticket.db-wal').stat().st_size > 0
    assert '1 tickets' in refused(FLICKET_DB, defaults)


@pytest.mark.parametrize('folder', ['post/files', 'user/avatars'])
def test_files_are_never_replaced(defaults, folder):
    (defaults / 'stores' / folder / 'a.png').write_bytes(b'x')
    assert 'holds 1 files' in refused(FLICKET_DB, defaults)


def test_what_is_no_store_is_never_replaced(defaults):
    (defaults / 'stores' / 'backup.tar').write_bytes(b'x')
    assert 'backup.tar' in refused(FLICKET_DB, defaults)


@pytest.mark.parametrize('store', STORES)
def test_a_running_service_is_told_to_be_stopped_first(defaults, store):
    with open(defaults / 'stores' / store / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert f'the {store} service is running' in refused(FLICKET_DB, defaults)
    imported(FLICKET_DB, defaults)


@pytest.mark.parametrize('store', STORES)
def test_a_store_that_someone_has_open_is_refused(defaults, store):
    with open_db(store_path(defaults, store)) as db:
        db.execute('SELECT * FROM identity').fetchall()
        result = run(FLICKET_DB, defaults)
        assert result.status == 1 and f'the {store} service is running' in result.err
        assert db.execute('SELECT count(*) FROM outbox').fetchone() == (0,)
    imported(FLICKET_DB, defaults)


def test_stores_half_made_are_replaced(data, flicket):
    (data / 'stores' / 'user').mkdir(parents=True)
    store_path(data, 'user').touch()
    (data / 'run').mkdir()
    imported(flicket(user(1)), data)
    check_stores(data)
    assert (data / 'run').exists()


def test_an_empty_folder_of_stores_is_used(data, flicket):
    (data / 'stores').mkdir(parents=True)
    imported(flicket(user(1)), data)
    check_stores(data)


def test_targets_that_are_no_folders_are_refused(tmp_path, flicket):
    db = flicket()
    (tmp_path / 'file').touch()
    assert 'Not a directory' in refused(db, tmp_path / 'file' / 'x')
    (tmp_path / 'linked').mkdir()
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'linked' / 'stores').symlink_to(tmp_path / 'elsewhere')
    assert 'it is a link' in refused(db, tmp_path / 'linked')


def test_a_store_that_is_no_database_is_refused(defaults):
    store_path(defaults, 'post').write_bytes(b'what is this?' * 100)
    assert 'the post store' in refused(FLICKET_DB, defaults)


# --- all or nothing -----------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def large(tmp_path_factory):
    """10,000 tickets with five replies each."""
    path = tmp_path_factory.mktemp('large') / 'flicket.db'
    with open_db(FLICKET_DB) as db:
        schema = [sql for sql, in db.execute('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL')]
    text = '漢字 and some words, as people write them. ' * 12
    with open_db(path) as db:
        for sql in schema:
            db.execute(sql)
        db.execute(STATUSES)
        db.execute("INSERT INTO flicket_group VALUES (1, 'flicket_admin'), (2, 'super_user')")
        db.execute("INSERT INTO flicket_priorities VALUES (1, 'low')")
        when = '2024-05-06 07:08:09.123456'
        db.executemany(USER, [user(i, f'Name {i}')[1] for i in range(1, 1001)])
        db.executemany('INSERT INTO flicket_topic (id, title, content, started_id, date_added, hours) '
                       'VALUES (?, ?, ?, ?, ?, ?)',
                       [(i, f'ticket {i}', text, i % 1000 + 1, when, 1.25) for i in range(1, 10001)])
        db.executemany('INSERT INTO flicket_post (id, ticket_id, content, user_id, date_added, hours) '
                       'VALUES (?, ?, ?, ?, ?, ?)',
                       [(i, i % 10000 + 1, text, i % 1000 + 1, when, 0.5) for i in range(1, 50001)])
        db.executemany('INSERT INTO flicket_ticket_subscription VALUES (?, ?, ?)',
                       [(i, i % 10000 + 1, i % 1000 + 1) for i in range(1, 20001)])
        db.commit()
    return path


def watch_memory(process, ret_peak):
    """The most memory a process has had. wait4() would count that of ours, which it had before it became another."""
    status = Path(f'/proc/{process.pid}/status')
    while (found := re.search(r'^VmHWM:\s+(\d+)', status.read_text(), re.M)):
        ret_peak[:] = [int(found[1])]
        time.sleep(0.02)


def test_a_large_database_takes_seconds_and_little_memory(data, large):
    began = time.monotonic()
    process = start(large, data)
    peak = []
    watch = threading.Thread(target=watch_memory, args=(process, peak))
    watch.start()
    out, _ = process.stdout.read(), process.stderr.read()
    watch.join()        # a dead process that nobody has waited for has no memory, but a status
    assert process.wait() == 0
    seconds = time.monotonic() - began
    assert b'posts                 50000      50000          0' in out
    check_stores(data)
    check_values(large, data)
    print(f'{seconds:.2f} s, {peak[0]} KiB')
    assert seconds < 30
    sanitized = b'__asan_init' in (BIN / 'flicketctl').read_bytes()
    assert sanitized or peak[0] < 200 * 1024


def whole_or_nothing(data):
    if (data / 'stores').exists():
        check_kept = [rows(data, s, f'SELECT count(*) FROM {t}') for s, t in
                      (('user', 'users'), ('ticket', 'tickets'), ('ticket', 'subscriptions'), ('post', 'posts'))]
        assert check_kept == [[(1000,)], [(10000,)], [(20000,)], [(50000,)]]
        return True
    return False


def test_killed_at_any_moment_there_is_nothing_or_everything(data, large):
    began = time.monotonic()
    imported(large, data)
    whole_seconds = time.monotonic() - began
    shutil.rmtree(data)
    rng = random.Random(5)
    outcomes = []
    for i in range(20):
        process = start(large, data)
        # every other one near the end, where it is put in place
        time.sleep(whole_seconds * (rng.uniform(0, 1.1) if i % 2 else rng.uniform(0.85, 1.05)))
        process.kill()
        process.communicate()
        outcomes.append(whole_or_nothing(data))
        if outcomes[-1]:
            shutil.rmtree(data)
    assert False in outcomes
    imported(large, data)
    assert whole_or_nothing(data)
    check_stores(data)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_behind(data, large, number):
    process = start(large, data)
    while not list(data.glob('.import-*/post')):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.decode() == 'flicketctl import: stopped\nNothing was imported.\n' and out == b''
    assert os.listdir(data) == []


def test_what_killed_imports_left_is_removed_and_no_more(data, flicket):
    ended = subprocess.Popen(['true'])
    ended.wait()
    for name in (f'.import-{ended.pid}', f'.import-{os.getpid()}', '.import-x', '.import-', '.import--1', '.import-0'):
        (data / name / 'user').mkdir(parents=True)
        (data / name / 'user' / 'user.db').write_bytes(b'x')
    run(flicket(), data)
    left = {p.name for p in data.glob('.import-*')}
    assert left == {f'.import-{os.getpid()}', '.import-x', '.import-', '.import--1', '.import-0'}


def test_two_imports_at_once_do_not_mix(data, large):
    first = start(large, data)
    while not list(data.glob('.import-*')):
        assert first.poll() is None
        time.sleep(0.001)
    second = run(large, data)
    assert second.status == 1 and 'another import is filling it' in second.err
    assert first.communicate(timeout=60)[0] != b'' and first.returncode == 0
    assert whole_or_nothing(data)


def test_stores_that_a_service_makes_meanwhile_are_not_replaced(data, large):
    process = start(large, data)
    while not list(data.glob('.import-*')):
        assert process.poll() is None
        time.sleep(0.001)
    (data / 'stores' / 'user').mkdir(parents=True)
    (data / 'stores' / 'user' / 'user.db').write_bytes(b'precious')
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and b'the user service is running' in err
    assert (data / 'stores' / 'user' / 'user.db').read_bytes() == b'precious'
    assert os.listdir(data) == ['stores']


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may mount')
def test_a_full_disk_leaves_nothing_behind(tmp_path, large):
    disk = tmp_path / 'disk'
    disk.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', disk], capture_output=True).returncode != 0:
        pytest.skip('mount is not allowed here')
    try:
        err = refused(large, disk / 'data')
        assert 'full' in err or 'No space' in err
        assert os.listdir(disk / 'data') == []
    finally:
        subprocess.run(['umount', disk], check=True)


# --- files --------------------------------------------------------------------------------------------------

@pytest.fixture
def static(tmp_path):
    """Flicket's static folder, with uploads and avatars."""
    folder = tmp_path / 'static'
    (folder / 'flicket_uploads').mkdir(parents=True)
    (folder / 'flicket_avatars').mkdir()
    return folder


def upload_rows(*names):
    return [('INSERT INTO flicket_uploads (id, topic_id, filename) VALUES (?, 1, ?)', (i, name))
            for i, name in enumerate(names, 1)]


def test_files_are_copied(data, flicket, static):
    content = {'a.png': b'\0\1\2' * 1000, 'été 漢.pdf': b'', 'big.bin': random.Random(6).randbytes(3 << 20)}
    for name, value in content.items():
        (static / 'flicket_uploads' / name).write_bytes(value)
    (static / 'flicket_uploads' / 'not named by any row.png').write_bytes(b'x')
    os.utime(static / 'flicket_uploads' / 'a.png', (1e9, 1e9))
    (static / 'flicket_avatars' / 'me.jpg').write_bytes(b'me')
    db = flicket(*upload_rows(*content, 'a.png', None, ''), user(1), user(2),
                 "UPDATE flicket_users SET avatar = 'me.jpg' WHERE id = 1")
    result = imported(db, data, '--uploads', static / 'flicket_uploads')
    files, avatars = data / 'stores' / 'post' / 'files', data / 'stores' / 'user' / 'avatars'
    assert {p.name: p.read_bytes() for p in files.iterdir()} == content
    assert (files / 'a.png').stat().st_mtime == 1e9
    assert {p.name: p.read_bytes() for p in avatars.iterdir()} == {'me.jpg': b'me'}
    assert 'files of uploads copied: 3\n' in result.out and 'files of avatars copied: 1\n' in result.out
    assert 'not found' not in result.out and 'not copied' not in result.out


def test_avatars_come_from_the_folder_that_is_given(data, flicket, static, tmp_path):
    (tmp_path / 'faces').mkdir()
    (tmp_path / 'faces' / 'me.jpg').write_bytes(b'given')
    (static / 'flicket_avatars' / 'me.jpg').write_bytes(b'guessed')
    db = flicket(user(1), "UPDATE flicket_users SET avatar = 'me.jpg'")
    imported(db, data, '--uploads', static / 'flicket_uploads', '--avatars', tmp_path / 'faces')
    assert (data / 'stores' / 'user' / 'avatars' / 'me.jpg').read_bytes() == b'given'


def test_without_a_folder_it_says_how_many_files_are_missing(data):
    result = imported(FLICKET_DB, data)
    assert 'files of uploads copied: 0\n  not copied: 71, as --uploads was not given' in result.out
    assert 'files of avatars copied: 0\n  not copied: 12, as --avatars was not given' in result.out


def test_files_that_are_not_there_are_listed(data, flicket, static):
    db = flicket(*upload_rows(*[f'gone{i:02}.png' for i in range(1, 26)]))
    result = imported(db, data, '--uploads', static / 'flicket_uploads')
    assert '  not found: 25\n' in result.out and '    and 5 more\n' in result.out
    assert '    "gone20.png" (upload 20): No such file or directory\n' in result.out
    assert 'gone21' not in result.out
    assert rows(data, 'post', 'SELECT count(*) FROM uploads') == [(25,)]


def test_names_never_lead_out_of_the_folder(data, flicket, static, tmp_path):
    secret = tmp_path / 'secret'
    secret.write_bytes(b'secret')
    folder = static / 'flicket_uploads'
    (folder / '.hidden').write_bytes(b'x')
    (folder / 'sub').mkdir()
    (folder / 'sub' / 'x').write_bytes(b'x')
    (folder / 'link').symlink_to(secret)
    os.mkfifo(folder / 'pipe')
    names = ('../../secret', str(secret), '.hidden', '..', '.', 'sub/x', 'link', 'pipe', 'sub', 'x' * 300, 'a\0/../x')
    result = imported(flicket(*upload_rows(*names)), data, '--uploads', folder)
    assert list((data / 'stores' / 'post' / 'files').iterdir()) == []
    assert result.tally['uploads'] == (11, 11, 0)
    assert len([x for x in result.lines if 'its file is not copied' in x]) == 7
    assert 'not copied for what is in their names: 7\n' in result.out and 'not found: 4\n' in result.out
    assert rows(data, 'post', 'SELECT filename FROM uploads WHERE id = 1') == [('../../secret',)]


def test_a_file_whose_name_is_no_utf8_gets_the_name_its_row_gets(data, flicket, static):
    (Path(os.fsdecode(os.fsencode(static / 'flicket_uploads') + b'/caf\xe9.txt'))).write_bytes(b'x')
    db = flicket("INSERT INTO flicket_uploads (id, filename) VALUES (1, CAST(x'636166e92e747874' AS TEXT))")
    imported(db, data, '--uploads', static / 'flicket_uploads')
    (name,), = rows(data, 'post', 'SELECT filename FROM uploads')
    assert name == 'caf\ufffd.txt'
    assert (data / 'stores' / 'post' / 'files' / name).read_bytes() == b'x'


@pytest.mark.parametrize('option', ['--uploads', '--avatars'])
def test_a_folder_that_is_not_there_is_refused(data, flicket, tmp_path, option):
    assert 'no-such-folder' in refused(flicket(), data, option, tmp_path / 'no-such-folder')
    assert 'Not a directory' in refused(flicket(name='b.db'), data, option, FLICKET_DB)


# --- the command line ---------------------------------------------------------------------------------------

@pytest.mark.parametrize('arguments, says', [
    ([], 'FLICKET.db is missing'),
    (['a.db', 'b.db'], '"b.db" is not understood'),
    (['--nonsense', 'a.db'], 'no such option: --nonsense'),
    (['--data'], 'a value is missing: --data'),
    (['--data=', 'a.db'], '--data is empty'),
    ([''], 'FLICKET.db is empty'),
])
def test_wrong_usage_is_explained(tmp_path, arguments, says):
    process = call(*arguments, cwd=tmp_path)
    assert process.returncode == 2
    assert says in process.stderr.decode() and 'usage:' in process.stderr.decode()
    assert os.listdir(tmp_path) == []


def test_help_names_every_option(tmp_path):
    process = call('--help', cwd=tmp_path)
    assert process.returncode == 0 and process.stderr == b''
    assert all(option in process.stdout.decode() for option in ('--data', '--uploads', '--avatars', 'FLICKET.db'))


def test_relative_paths_are_relative_to_where_it_is_called(tmp_path, flicket, static):
    (static / 'flicket_uploads' / 'a.png').write_bytes(b'x')
    flicket(*upload_rows('a.png'))
    call('--data', 'here/data', '--uploads', 'static/flicket_uploads', 'flicket.db', cwd=tmp_path, check=True)
    assert (tmp_path / 'here' / 'data' / 'stores' / 'post' / 'files' / 'a.png').exists()


def test_a_terminal_sees_how_far_it_is(data):
    ours, theirs = pty.openpty()
    with subprocess.Popen(command(FLICKET_DB, data), stdout=subprocess.DEVNULL, stderr=theirs,
                          env=environment()) as process:
        os.close(theirs)
        seen = b''.join(shown(ours))
        os.close(ours)
    assert process.returncode == 0
    assert re.search(rb'tickets +\[#{30}\] 100%  130/130', seen)
    assert seen.endswith(b'\r\x1b[K')


def test_a_report_that_nobody_reads_does_not_undo_the_import(data, flicket):
    with open('/dev/full', 'w') as full:
        process = subprocess.run(command(flicket(user(1)), data), stdout=full, stderr=subprocess.PIPE,
                                 env=environment())
    assert b'the import is in place' in process.stderr
    check_stores(data)
