"""Servers that Flicket's databases are in: MariaDB and PostgreSQL, each in a folder of its own, on a socket in it and
on no network; loading a SQLite database into one, and dumping it.

Run as a program it makes the dumps that tests/data/dumps keeps:

  python3 tests/system/servers.py tests/data/dumps
"""
import contextlib
import lzma
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from older_flicket import older_database

REPO = Path(__file__).resolve().parents[2]
FLICKET_DB = REPO / 'tests' / 'contract' / 'flicket.db'
TABLES = ('flicket_users', 'flicket_group', 'flicket_status', 'flicket_department', 'flicket_priorities',
          'flicket_config', 'flicket_groups', 'flicket_category', 'flicket_topic', 'flicket_post',
          'flicket_ticket_subscription', 'flicket_uploads', 'flicket_history', 'flicket_ticket_action')
START_SECONDS = 60

# Texts that quoting has to bring across whole: (title, content) of tickets.
HARD_TEXTS = (
    ("it's", "a 'quoted' \"text\" with `ticks`; -- no comment\n/* nor this */ # nor that"),
    ('back\\slash', 'C:\\new\\table\\0 \\N \\. \\\\ \\\' \\" %_ \\% \\_'),
    ('lines', 'one\ntwo\r\nthree\rfour\tfive\bsix\fseven\veight'),
    ('\\N', '\\.'),
    ('\u00e4\u00f6\u00fc\u00df \u20ac',
     '\u6f22\u5b57 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \U0001f600\U0001f468\u200d\U0001f469'),
    ('', ' '),
    ('$$ $1 $x$', '$x$ dollar $y$ quoting $$'),
    ("'); DROP TABLE flicket_users; --", "\x1a\x01\x7f end"),
    ('INSERT INTO `flicket_users` VALUES (1)', "COPY flicket_users (id) FROM stdin;\n1\n\\.\n-- Dump completed\n"),
)
HARD_USERS = (
    (1000, 'hard', "O'Brien \\", bytes(range(256)) + b"\\x41'\\000\r\n", 'hard@example.org',
     '1999-12-31 00:00:00.000000', None, None, 1),
    (1001, 'empty', '', b'', 'empty@example.org', '2000-01-01 12:00:00.500000', '', '', None),
)


def hard_database(path):
    """The database of the recorded exchanges, with rows that are hard to quote, and large ones."""
    shutil.copy(FLICKET_DB, path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        for number, (title, content) in enumerate(HARD_TEXTS, 1000):
            db.execute("INSERT INTO flicket_topic SELECT ?, ?, ?, started_id, '2024-02-29 23:59:59.000001', "
                       'NULL, NULL, status_id, category_id, NULL, ticket_priority_id, 1234567.89, last_updated '
                       'FROM flicket_topic LIMIT 1', (number, title, content))
        for row in HARD_USERS:
            db.execute('INSERT INTO flicket_users VALUES (?, ?, ?, ?, ?, ?, NULL, ?, NULL, 0, 0, NULL, NULL, ?, ?)',
                       row)
        db.commit()


def latin1_database(path):
    """The database of the recorded exchanges without what latin1 has not."""
    shutil.copy(FLICKET_DB, path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.create_function('latin1', 1, lambda text: text.encode('latin-1', 'replace').decode('latin-1'))
        for table in TABLES:
            for _, name, declared, *_ in db.execute(f'PRAGMA table_info({table})').fetchall():
                if declared.startswith('VARCHAR'):
                    db.execute(f'UPDATE {table} SET {name} = latin1({name}) WHERE {name} IS NOT NULL')
        db.commit()


# --- from SQLite to SQL ---------------------------------------------------------------------------------------

def type_of(declared, postgres):
    name = declared.split('(')[0]
    if name == 'BLOB':
        return 'BYTEA' if postgres else 'BLOB'
    if name == 'DATETIME':
        return 'TIMESTAMP' if postgres else 'DATETIME(6)'
    return declared


def literal(value, declared, postgres):
    if value is None:
        return 'NULL'
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'" if postgres else f"x'{value.hex()}'"
    if declared == 'BOOLEAN' and postgres:
        return str(bool(value)).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if not postgres:    # whose program would change the ends of lines
        value = value.replace('\\', '\\\\').replace('\r', '\\r').replace('\n', '\\n')
    return "'" + value.replace("'", "''") + "'"


def sql_of(path, postgres):
    """A SQLite database as SQL, of which each server understands what is written for it."""
    quote = '"%s"' if postgres else '`%s`'
    with contextlib.closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True)) as db:
        for table in TABLES:
            columns = [(row[1], row[2], row[5]) for row in db.execute(f'PRAGMA table_info({table})')]
            lines = [f'{quote % name} {type_of(declared, postgres)}{" NOT NULL PRIMARY KEY" if key else ""}'
                     for name, declared, key in columns]
            yield f'CREATE TABLE {quote % table} ({", ".join(lines)});\n'
            for row in db.execute(f'SELECT * FROM {table}'):
                values = (literal(value, declared, postgres) for value, (_, declared, _) in zip(row, columns))
                yield f'INSERT INTO {quote % table} VALUES ({", ".join(values)});\n'


# --- servers --------------------------------------------------------------------------------------------------

def program(name):
    """A program of a server, also where Debian keeps it outside of PATH."""
    places = [shutil.which(name, path=f'{os.environ.get("PATH", "")}:/usr/sbin:/usr/lib/postgresql/15/bin')]
    places += sorted(map(str, Path('/usr/lib/postgresql').glob(f'*/bin/{name}')), reverse=True)
    return next((p for p in places if p), None)


def wait(question, process, what):
    """Until the answer is yes; a server that ends or takes longer than a minute is a failure."""
    end = time.monotonic() + START_SECONDS
    while not question():
        if process.poll() is not None or time.monotonic() > end:
            raise NotStarted(f'{what} did not start')
        time.sleep(0.1)


class NotStarted(Exception):
    """A server ended, or took too long to start."""


class Server:
    """One of them, running; `with` ends it."""

    def __init__(self, folder, user):
        self.folder = Path(folder)
        self.user = user if os.geteuid() == 0 else None
        if self.user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        self.process = None

    def run(self, *command, **more):
        return subprocess.run([program(command[0]), *command[1:]], user=self.user, cwd='/', check=True,
                              stdin=more.pop('stdin', subprocess.DEVNULL), stdout=more.pop('stdout', subprocess.PIPE),
                              stderr=subprocess.PIPE, env={'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'},
                              **more)

    def start(self, *command):
        log = open(self.folder / 'log', 'wb')
        self.process = subprocess.Popen([program(command[0]), *command[1:]], user=self.user, cwd='/', stdout=log,
                                        stderr=log, stdin=subprocess.DEVNULL)
        log.close()

    def works(self, *command):
        try:
            self.run(*command)
        except subprocess.CalledProcessError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()


class MariaDB(Server):
    NEEDS = ('mariadbd', 'mariadb-install-db', 'mariadb', 'mariadb-dump')

    def __init__(self, folder):
        super().__init__(folder, 'mysql')
        self.socket = self.folder / 's'
        own = [f'--user={self.user}'] if self.user else []
        subprocess.run([program('mariadb-install-db'), '--no-defaults', f'--datadir={self.folder}/data',
                        '--auth-root-authentication-method=normal', '--skip-test-db', *own], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start('mariadbd', '--no-defaults', f'--datadir={self.folder}/data', f'--socket={self.socket}',
                   '--skip-networking', f'--pid-file={self.folder}/pid', '--skip-log-bin',
                   '--innodb-flush-log-at-trx-commit=0')
        wait(lambda: self.works('mariadb', *self.where(), '-e', 'SELECT 1'), self.process, 'MariaDB')

    def where(self):
        return '--no-defaults', f'--socket={self.socket}', '--user=root'

    def sql(self, text, database='mysql'):
        self.run('mariadb', *self.where(), '--default-character-set=utf8mb4', database, input=text.encode(), stdin=None)

    def load(self, path, name='flicket', charset='utf8mb4'):
        self.sql(f'CREATE DATABASE `{name}` CHARACTER SET {charset}')
        self.sql('BEGIN;\n' + ''.join(sql_of(path, False)) + 'COMMIT;\n', name)

    def dump(self, path, *options):
        with open(path, 'wb') as f:
            self.run('mariadb-dump', *self.where(), *options, stdout=f)


class PostgreSQL(Server):
    NEEDS = ('postgres', 'initdb', 'psql', 'pg_dump')

    def __init__(self, folder):
        super().__init__(folder, 'postgres')
        self.run('initdb', '-D', f'{self.folder}/data', '-U', 'flicket', '-E', 'UTF8', '--locale=C', '-A', 'trust',
                 '-N')
        self.start('postgres', '-D', f'{self.folder}/data', '-k', str(self.folder), '-h', '', '-F')
        wait(lambda: self.works('psql', *self.where('postgres'), '-c', 'SELECT 1'), self.process, 'PostgreSQL')

    def where(self, database):
        return '-h', str(self.folder), '-U', 'flicket', '-d', database

    def sql(self, text, database='postgres'):
        self.run('psql', '-qX', '-v', 'ON_ERROR_STOP=1', *self.where(database), input=text.encode(), stdin=None)

    def load(self, path, name='flicket'):
        self.sql(f'CREATE DATABASE "{name}"')
        self.sql('BEGIN;\n' + ''.join(sql_of(path, True)) + 'COMMIT;\n', name)

    def dump(self, path, *options, name='flicket', tool='pg_dump'):
        where = self.where(name) if tool == 'pg_dump' else self.where(name)[:4]
        with open(path, 'wb') as f:
            self.run(tool, *where, *options, stdout=f)


def installed(kind):
    return all(program(name) for name in kind.NEEDS)


@contextlib.contextmanager
def running(kind):
    with tempfile.TemporaryDirectory(prefix='flicket-', dir='/tmp') as folder:
        os.chmod(folder, 0o755)
        inside = Path(folder) / 'server'
        inside.mkdir()
        with kind(inside) as server:
            yield server


# --- dumps: name, options -------------------------------------------------------------------------------------

MARIADB_DUMPS = {
    'mariadb': ('flicket',),
    'mariadb-hex-blob': ('--hex-blob', '--skip-extended-insert', 'flicket'),
    'mariadb-ansi': ('--compatible=ansi', '--default-character-set=utf8mb4', '--complete-insert', '--skip-quote-names',
                     'flicket'),
    'mariadb-latin1': ('--default-character-set=latin1', '--replace', '--skip-dump-date', 'plain'),
    'mariadb-020': ('oldest',),
    'mariadb-databases': ('--triggers', '--routines', '--events', '--databases', 'other', 'flicket'),
}
POSTGRES_DUMPS = {
    'postgres': (),
    'postgres-020': (),
    'postgres-inserts': ('--inserts', '--no-owner'),
    'postgres-column-inserts': ('--column-inserts', '--rows-per-insert=7', '--quote-all-identifiers'),
    'postgres-latin1': ('--encoding=LATIN1', '--clean', '--if-exists', '--create'),
}
# Of latin1_database(), and of Flicket 0.2.0; the others are of hard_database().
PLAIN_DUMPS = ('mariadb-latin1', 'postgres-latin1')
OLDEST_DUMPS = ('mariadb-020', 'postgres-020')


# What else a database may have; a dump of it has statements that must be passed over.
MARIADB_MORE = '''
CREATE TABLE notes (id INT PRIMARY KEY, body TEXT, UNIQUE KEY k (body(9)));
INSERT INTO notes VALUES (1, 'a; b'), (2, 'INSERT INTO flicket_users VALUES (1);');
CREATE VIEW open_tickets AS SELECT id, title FROM flicket_topic WHERE status_id = 1;
DELIMITER ;;
CREATE TRIGGER note_made BEFORE INSERT ON notes FOR EACH ROW
BEGIN
  /* a; b */ SET NEW.body = concat('it''s; ', NEW.body);
  IF NEW.id = 7 THEN INSERT INTO flicket_group VALUES (7, 'seven'); END IF;
END;;
CREATE PROCEDURE tidy() BEGIN DELETE FROM notes; INSERT INTO flicket_group VALUES (8, 'eight'); END;;
DELIMITER ;
'''
POSTGRES_MORE = r'''
CREATE TABLE notes (id serial PRIMARY KEY, body text CHECK (body <> ';'));
INSERT INTO notes (body) VALUES ('a; b'), (E'INSERT INTO flicket_users VALUES (1);\n\\.\n');
CREATE VIEW open_tickets AS SELECT id, title FROM flicket_topic WHERE status_id = 1;
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO flicket_group VALUES (7, 'it''s'); /* ' */ RETURN NEW;
END $$;
CREATE FUNCTION seven() RETURNS void LANGUAGE sql BEGIN ATOMIC
  INSERT INTO public.flicket_group VALUES (7, CASE WHEN true THEN 'seven' ELSE '' END);
  INSERT INTO public.flicket_group VALUES (8, 'eight');
END;
CREATE TRIGGER note_made BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION tidy();
COMMENT ON TABLE notes IS 'it''s; a comment';
'''


def mariadb_dumps(folder, hard, plain, oldest):
    with running(MariaDB) as server:
        server.load(hard)
        server.load(plain, 'plain', 'latin1')
        server.load(oldest, 'oldest')
        server.sql(MARIADB_MORE, 'flicket')
        server.sql('CREATE DATABASE other; CREATE TABLE other.flicket (id INT); INSERT INTO other.flicket VALUES (1)')
        for name, options in MARIADB_DUMPS.items():
            server.dump(folder / f'{name}.sql', *options)


def database_of(name):
    return 'plain' if name in PLAIN_DUMPS else 'oldest' if name in OLDEST_DUMPS else 'flicket'


def postgres_dumps(folder, hard, plain, oldest):
    with running(PostgreSQL) as server:
        server.load(hard)
        server.load(plain, 'plain')
        server.load(oldest, 'oldest')
        server.sql(POSTGRES_MORE, 'flicket')
        for name, options in POSTGRES_DUMPS.items():
            server.dump(folder / f'{name}.sql', *options, name=database_of(name))
        server.sql('DROP DATABASE plain')
        server.sql('DROP DATABASE oldest')
        server.dump(folder / 'postgres-all.sql', name='postgres', tool='pg_dumpall')


def sources(folder):
    """The three databases of which all dumps are."""
    hard, plain = folder / 'hard.db', folder / 'latin1.db'
    hard_database(hard)
    latin1_database(plain)
    return hard, plain, older_database(folder / 'oldest.db', FLICKET_DB, '0.2.0')


def main():
    kept = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        databases = sources(place)
        mariadb_dumps(place, *databases)
        postgres_dumps(place, *databases)
        for path in place.glob('*.sql'):
            (kept / f'{path.name}.xz').write_bytes(lzma.compress(path.read_bytes(), preset=9))


if __name__ == '__main__':
    main()
