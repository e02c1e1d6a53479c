"""`flicketctl import` of dumps: those that Debian's MariaDB and PostgreSQL have made (tests/data/dumps), dumps made of
them that are harder to read or that must be refused, and, where the servers are installed, new ones.

`script/test dumps` installs the servers and insists on the new ones.
"""
import contextlib
import gzip
import lzma
import os
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

import servers
from desk import is_sanitized

REPO = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get('FLICKET_BIN') or REPO / 'build' / 'bin').resolve()
KEPT = REPO / 'tests' / 'data' / 'dumps'
NAMES = sorted(path.name.removesuffix('.sql.xz') for path in KEPT.glob('*.xz'))
STORES = ('user', 'ticket', 'post', 'lookup')
# What says when it was imported: the dates of tokens, and the number behind which ids of tokens begin.
OF_THE_MOMENT = {('user', 'tokens'): 'date_added', ('user', 'gone'): 'token_id'}
MYSQL = b'-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB\n'
MYSQL_END = b'-- Dump completed on 2026-11-30  6:28:53\n'
POSTGRES = b'--\n-- PostgreSQL database dump\n--\n\n'
POSTGRES_END = b'--\n-- PostgreSQL database dump complete\n--\n\n'


def kept(name):
    return lzma.decompress((KEPT / f'{name}.sql.xz').read_bytes())


def environment(**more):
    return {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')} | more


def command(path, data):
    return [BIN / 'flicketctl', 'import', '--data', data, path]


def run(path, data, *before, **env):
    return subprocess.run([*before, *command(path, data)], capture_output=True, text=True, env=environment(**env),
                          timeout=120, check=False)


def desk(data):
    """All rows of the four stores, without what differs from one import to the next."""
    found = {}
    for store in STORES:
        with contextlib.closing(sqlite3.connect(data / 'stores' / store / f'{store}.db')) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
                if (store, table) in OF_THE_MOMENT:
                    columns.remove(OF_THE_MOMENT[store, table])
                if table != 'identity' and not table.startswith('sqlite_'):
                    found[store, table] = sorted(
                        db.execute(f'SELECT {", ".join(columns)} FROM "{table}"').fetchall(), key=repr)
    return found


def imported(path, data, **env):
    result = run(path, data, **env)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ''
    return desk(data)


@pytest.fixture(scope='module', name='wanted')
def fixture_wanted(tmp_path_factory):
    """The desks that dumps must become: those of the SQLite databases they were made of."""
    folder = tmp_path_factory.mktemp('wanted')
    return [imported(path, folder / path.stem) for path in servers.sources(folder)]


def wanted_of(name, wanted):
    return wanted[2 if name in servers.OLDEST_DUMPS else name in servers.PLAIN_DUMPS]


def check_same(found, wanted):
    assert found.keys() == wanted.keys()
    for table, rows in wanted.items():
        assert found[table] == rows, table


@pytest.fixture(name='refused')
def fixture_refused(tmp_path):
    """Import bytes, or a path: it fails, leaves nothing, and says why."""
    def refused(dump, **env):
        path = dump
        if isinstance(dump, bytes):
            path = tmp_path / 'flicket.sql'
            path.write_bytes(dump)
        data, temporary = tmp_path / 'data', tmp_path / 'temporary'
        temporary.mkdir(exist_ok=True)
        result = run(path, data, **{'TMPDIR': str(temporary), **env})
        assert result.returncode == 1, result.stdout + result.stderr
        assert result.stdout == ''
        assert not data.exists() and not list(temporary.iterdir())
        return ' '.join(result.stderr.split())
    return refused


# --- dumps of servers -----------------------------------------------------------------------------------------

@pytest.mark.parametrize('name', NAMES)
def test_kept_dump_is_the_same_desk(name, tmp_path, wanted):
    path = tmp_path / 'flicket.sql'
    path.write_bytes(kept(name))
    check_same(imported(path, tmp_path / 'data'), wanted_of(name, wanted))


@pytest.mark.parametrize('kind, make', [(servers.MariaDB, servers.mariadb_dumps),
                                        (servers.PostgreSQL, servers.postgres_dumps)])
def test_new_dump_is_the_same_desk(kind, make, tmp_path, wanted):
    must = os.environ.get('FLICKET_TEST_SERVERS') == 'yes'
    if not must and not servers.installed(kind):
        pytest.skip(f'{kind.__name__} is not installed: script/test dumps')
    try:
        make(tmp_path, *servers.sources(tmp_path))
    except servers.NotStarted as e:
        if must:
            raise
        pytest.skip(str(e))
    dumps = sorted(tmp_path.glob('*.sql'))
    assert len(dumps) > 3
    for path in dumps:
        check_same(imported(path, tmp_path / path.stem), wanted_of(path.stem, wanted))


def test_kept_dumps_are_of_all_kinds():
    assert set(NAMES) == {*servers.MARIADB_DUMPS, *servers.POSTGRES_DUMPS, 'postgres-all'}


# --- the same dumps, changed on their way ---------------------------------------------------------------------

def with_crlf(dump):
    return dump.replace(b'\n', b'\r\n')


def with_bom(dump):
    return b'\xef\xbb\xbf' + dump


def behind_a_warning(dump):
    return b"mysqldump: [Warning] Using a password can't be secure.\n" + dump


def without_restrict(dump):
    return re.sub(rb'(?m)^\\(un)?restrict .*\n', b'', dump)


@pytest.mark.parametrize('name', ['mariadb', 'postgres', 'postgres-inserts'])
@pytest.mark.parametrize('change', [with_crlf, with_bom, behind_a_warning, without_restrict])
def test_changed_dump_is_the_same_desk(name, change, tmp_path, wanted):
    path = tmp_path / 'flicket.sql'
    path.write_bytes(change(kept(name)))
    check_same(imported(path, tmp_path / 'data'), wanted_of(name, wanted))


def test_older_pg_dump_names_no_schema(tmp_path, wanted):
    dump = kept('postgres').replace(b'public.', b'').replace(
        b"SELECT pg_catalog.set_config('search_path', '', false);", b'SET search_path = public, pg_catalog;')
    path = tmp_path / 'flicket.sql'
    path.write_bytes(dump)
    check_same(imported(path, tmp_path / 'data'), wanted[0])


def test_bytea_of_an_older_server(tmp_path, wanted):
    """bytea_output = escape: octal numbers instead of hexadecimal."""
    def octal(found):
        value = bytes.fromhex(found[1].decode())
        return b''.join(b'\\\\\\\\' if c == 92 else b'\\\\%03o' % c if c < 32 or c > 126 else bytes((c,))
                        for c in value)

    dump = re.sub(rb'\\\\x((?:[0-9a-f]{2})+)', octal, kept('postgres'))
    path = tmp_path / 'flicket.sql'
    path.write_bytes(dump)
    check_same(imported(path, tmp_path / 'data'), wanted[0])


# --- dumps that must be refused -------------------------------------------------------------------------------

@pytest.mark.parametrize('name', ['mariadb', 'postgres', 'postgres-all', 'mariadb-hex-blob', 'postgres-inserts'])
def test_cut_dump_is_refused(name, refused):
    dump = kept(name).rstrip()
    dump = re.sub(rb'\n\\unrestrict .*\Z', b'', dump).rstrip(b'-\n')
    end = dump.rindex(b'omplete')
    places = [2000, len(dump) // 3, len(dump) // 2, len(dump) * 9 // 10, dump.rindex(b';'), dump.rindex(b'\n'), end]
    if b'\\.\n' in dump:
        places.append(dump.rindex(b'\\.\n'))
    for place in places:
        assert 'the dump ends before its end line ("-- ' in refused(dump[:place]), place


def test_dump_behind_its_end_line_is_refused(refused):
    assert 'ends before its end line' in refused(kept('mariadb') + b'INSERT INTO `flicket_group` VALUES (9,')


@pytest.mark.parametrize('make, hint', [
    (gzip.compress, r'is a gzip file\. Make a plain file and import that: gunzip -c \S+ > flicket\.sql'),
    (lzma.compress, r'xz -dc \S+ > flicket\.sql'),
    (lambda dump: b'PGDMP\x01\x0e' + dump, r'custom format.* pg_restore --no-owner --file=- \S+ > flicket\.sql'),
    (lambda dump: b'toc.dat'.ljust(257, b'\0') + b'ustar\0' + dump, r'tar format.* pg_restore'),
    (lambda dump: dump.decode().encode('utf-16'), r'UTF-16.* iconv -f UTF-16 -t UTF-8'),
    (lambda dump: b'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n', r'sqlite3 flicket\.db < '),
    (lambda dump: b'<?xml version="1.0"?>\n<mysqldump>', r'without --xml'),
    (lambda dump: b'PK\x03\x04' + dump, r'unzip -p'),
    (lambda dump: b'SELECT 1;\n' * 100, r'mariadb-dump --hex-blob .* or pg_dump --no-owner'),
    (lambda dump: b'', r'it is empty'),
], ids=['gzip', 'xz', 'custom', 'tar', 'utf-16', 'sqlite', 'xml', 'zip', 'other', 'empty'])
def test_other_file_is_refused_with_the_way(make, hint, refused):
    assert re.search(hint, refused(make(kept('postgres')[:50000])))


@pytest.mark.parametrize('url, hint', [
    ('mysql+pymysql://flicket:secret@db/flicket', 'mariadb-dump'), ('mariadb://db/flicket', 'mariadb-dump'),
    ('postgresql://flicket:secret@db/flicket', 'pg_dump'), ('postgres://db', 'pg_dump'),
    ('sqlite:////srv/flicket.db', 'give the path'),
])
def test_url_is_refused_with_the_way(url, hint, refused):
    error = refused(url)
    assert hint in error and 'secret' not in error


@pytest.mark.parametrize('name, hint', [('toc.dat', 'pg_restore'), ('PG_VERSION', 'pg_dump'),
                                        ('ibdata1', 'mariadb-dump'), ('other', 'is a folder')])
def test_folder_is_refused_with_the_way(name, hint, refused, tmp_path):
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / name).touch()
    assert hint in refused(folder)


def mysql(text, begin=b'SET NAMES utf8mb4;\n'):
    return MYSQL + begin + text + MYSQL_END


def postgres(text):
    return POSTGRES + b"SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n" + text + POSTGRES_END


GROUP = b'CREATE TABLE flicket_group (id int, group_name varchar(64));\n'


@pytest.mark.parametrize('dump, hint', [
    (mysql(b'USE a;\n' + GROUP + b'USE b;\n' + GROUP), r"line 6: Flicket's tables are in a and in b"),
    (postgres(b'CREATE TABLE a.flicket_group (id int);\nCREATE TABLE b.flicket_users (id int);\n'),
     r"Flicket's tables are in a and in b"),
    (postgres(b'\\connect a\n' + GROUP + b'\\connect b\n' + GROUP), r'are in a\.public and in b\.public'),
    (mysql(GROUP + GROUP), 'flicket_group is defined twice'),
    (mysql(b'INSERT INTO flicket_group VALUES (1, "x");\n'), 'without --no-create-info'),
    (postgres(b'COPY public.flicket_group (id) FROM stdin;\n1\n\\.\n'), 'without --data-only'),
    (mysql(GROUP + b"INSERT INTO flicket_group VALUES (1, 'a', 2);\n"), 'more than 2 values'),
    (mysql(GROUP + b'INSERT INTO flicket_group VALUES (1);\n'), 'has 1 values, not 2'),
    (mysql(GROUP + b'INSERT INTO flicket_group (id, nobody) VALUES (1, 2);\n'), 'no column nobody'),
    (mysql(GROUP + b'INSERT INTO flicket_group VALUES (1, now());\n'), 'is no text, number or NULL: "now"'),
    (mysql(GROUP + b'INSERT INTO flicket_group SELECT * FROM x;\n'), r'VALUES is expected before "SELECT"'),
    (postgres(GROUP + b'COPY flicket_group (id, group_name) FROM stdin;\n1\n\\.\n'), 'has 1 values, not 2'),
    (mysql(GROUP + b"INSERT INTO flicket_group VALUES (1, '" + b'x' * (17 << 20) + b"');\n"),
     'a value is longer than 16777216 bytes'),
    (mysql(GROUP + b"INSERT INTO flicket_group VALUES (1, '\xff');\n", b''), '--default-character-set=utf8mb4'),
    (mysql(GROUP + b"INSERT INTO flicket_group VALUES (1, 'x');\n", b'SET NAMES gbk;\n'),
     'the character set gbk cannot be read'),
    (mysql(b'SELECT 1;\n'), 'is a dump, but not one of Flicket 0.2.0 to 0.3.5. It has: no table flicket_group'),
], ids=range(16))
def test_dump_that_cannot_be_read_is_refused(dump, hint, refused):
    assert re.search(hint, refused(dump))


# --- what a dump cannot do ------------------------------------------------------------------------------------

def test_no_statement_is_executed(tmp_path, wanted):
    victim = tmp_path / 'victim'
    more = (f"ATTACH '{victim}' AS v; CREATE TABLE v.t (a); DELETE FROM flicket_users;\n"
            'UPDATE flicket_users SET id = 0; DROP TABLE flicket_users; PRAGMA writable_schema = ON; ROLLBACK; COMMIT;\n'
            f"SELECT writefile('{victim}', 'x'), load_extension('x');\n"
            'CREATE TRIGGER t AFTER INSERT ON flicket_users BEGIN DELETE FROM flicket_users; END;\n'
            f'\\! touch {victim}\nsystem touch {victim};\nTRUNCATE flicket_users;\n').encode()
    for name, end in (('mariadb', b'-- Dump completed'), ('postgres', b'--\n-- PostgreSQL database dump complete')):
        dump = kept(name)
        at = dump.rindex(end)
        path = tmp_path / 'flicket.sql'
        path.write_bytes(dump[:at] + more + dump[at:])
        check_same(imported(path, tmp_path / name), wanted[0])
    assert not victim.exists()


def large(path, rows):
    with open(path, 'wb') as f:
        f.write(MYSQL + b'SET NAMES utf8mb4;\n' + GROUP)
        for n in range(rows):
            f.write(b"INSERT INTO `flicket_group` VALUES (%d,'%s'),(%d,'b');\n" % (n, b'x' * 100000, n + rows))
        f.write(MYSQL_END)


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer measures itself')
def test_memory_is_bounded(tmp_path):
    path, data = tmp_path / 'flicket.sql', tmp_path / 'data'
    large(path, 4000)
    assert path.stat().st_size > 400e6
    result = run(path, data, 'prlimit', f'--data={100 << 20}', TMPDIR=str(tmp_path))
    assert 'It has: no table flicket_users' in result.stderr


def is_hidden(fd, folder):
    """Whether a process has an open file of a folder that has no name."""
    try:
        name = os.readlink(fd)
    except FileNotFoundError:
        return False
    return str(folder) in name and name.endswith('(deleted)')


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_ended_import_leaves_nothing(tmp_path, number):
    path, data, temporary = tmp_path / 'flicket.sql', tmp_path / 'data', tmp_path / 'temporary'
    temporary.mkdir()
    large(path, 2000)
    process = subprocess.Popen(command(path, data), stderr=subprocess.PIPE, text=True,
                               env=environment(TMPDIR=str(temporary)))
    fds = Path(f'/proc/{process.pid}/fd')
    # the file loses its name first, then its folder goes
    while process.poll() is None and (
            not any(is_hidden(fd, temporary) for fd in fds.iterdir()) or any(temporary.iterdir())):
        time.sleep(0.001)
    process.send_signal(number)
    error = process.communicate()[1]
    assert process.returncode != 0
    assert number == signal.SIGKILL or 'stopped' in error
    assert not data.exists() and not list(temporary.iterdir())


def test_no_room_for_the_tables(tmp_path):
    path = tmp_path / 'flicket.sql'
    path.write_bytes(kept('mariadb'))
    result = run(path, tmp_path / 'data', 'prlimit', '--fsize=65536', TMPDIR=str(tmp_path))
    assert result.returncode == 1
    assert re.search('no room for the tables of the dump in .*: name a folder with more of it in TMPDIR', result.stderr)
    assert [p.name for p in tmp_path.iterdir()] == ['flicket.sql']
