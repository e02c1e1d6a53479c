"""How long a desk of an older version takes to its first start: the section `upgrade` of script/bench.

The stores are those that were generated, without the tables, columns, indexes and triggers that kept stores of that
version (tests/data/stores) do not have.
"""
import contextlib
import gzip
import re
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from stand import SERVICES, Failed, Stand
from workloads import Size

KEPT = Path(__file__).resolve().parents[2] / 'tests' / 'data' / 'stores'
BEFORE = 10                     # the newest of them without dates for reports, read and unread, and counts


def connect(path):
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


def parts(db):
    """What a schema consists of: (type, name) → SQL, without SQLite's own and tables of virtual tables."""
    return {(kind, name): re.sub(r'--[^\n]*|\s+', ' ', sql) for kind, name, sql in db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'")}


def columns(db, table):
    return [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]


def keys(db, table):
    return {row[1] for row in db.execute(f'PRAGMA table_info("{table}")') if row[5]}


def sql_of(db, kind, name):
    return db.execute('SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?', (kind, name)).fetchone()[0]


def make_anew(db, old, table):
    """A small table that has another key: its rows in the older one. Its triggers go with it."""
    names = ', '.join(f'"{c}"' for c in columns(old, table))
    rows = db.execute(f'SELECT {names} FROM "{table}"').fetchall()
    db.execute(f'DROP TABLE "{table}"')
    db.execute(sql_of(old, 'table', table))
    db.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns(old, table)))})', rows)


def make_older(path, old):
    """Take from a store what its older version does not have."""
    with connect(path) as db:
        wanted = parts(old)
        for kind in ('trigger', 'index', 'table'):
            for (other, name), sql in parts(db).items():
                if other == kind and (name not in {n for _, n in wanted} or (kind != 'table' and wanted[kind, name] != sql)):
                    db.execute(f'DROP {kind} "{name}"')
        for table in [name for kind, name in wanted if kind == 'table']:
            if keys(db, table) != keys(old, table):
                make_anew(db, old, table)
            for column in set(columns(db, table)) - set(columns(old, table)):
                db.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
            if columns(db, table) != columns(old, table):
                raise Failed(f'{path.name}: the table {table} cannot be made older')
        for (kind, name), sql in wanted.items():
            if kind != 'table' and (kind, name) not in parts(db):
                db.execute(sql_of(old, kind, name))
        db.execute(f'PRAGMA user_version = {schema(old)}')
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')


def schema(db):
    return db.execute('PRAGMA user_version').fetchone()[0]


def schemas(folder):
    """The services' schemas, as words."""
    found = []
    for service in SERVICES:
        with connect(folder / 'stores' / service / f'{service}.db') as db:
            found.append(f'{service} {schema(db)}')
    return ', '.join(found)


class Watch:
    """Asks a desk that starts what it answers, from when the gateway listens until it is ready."""

    def __init__(self, folder):
        self.address, self.answers, self.is_over = folder / 'run' / 'gateway.address', {}, False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        stand = object.__new__(Stand)
        stand.token = None
        while not self.is_over:
            with contextlib.suppress(OSError, ValueError):
                stand.port = int(self.address.read_text().rpartition(':')[2])
                for path in ('/healthz', '/', '/readyz'):
                    status = stand.ask(path).status
                    self.answers.setdefault(path, []).append(status)
            time.sleep(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


def measure(bench):
    size = Size.of(bench.o.tickets)
    folder = bench.copy(size, 'upgrade')
    with tempfile.TemporaryDirectory(prefix='flicket-bench-') as kept:
        for service in SERVICES:
            path = Path(kept) / f'{service}.db'
            path.write_bytes(gzip.decompress((KEPT / str(BEFORE) / path.with_suffix('.db.gz').name).read_bytes()))
            with connect(path) as old:
                make_older(folder / 'stores' / service / path.name, old)
    before = schemas(folder)
    with Watch(folder) as watch, bench.stand_on(folder, FLICKET_LOG_LEVEL='info') as stand:
        seconds = stand.seconds
        logs = [line for service in SERVICES for line in (folder / f'{service}.log').read_text().splitlines() if 'schema' in line]
    with bench.stand_on(folder) as stand:
        again = stand.seconds
    for line in logs:
        bench.progress.say(line)
    meanwhile = ', '.join(f'`{path}` {" and ".join(str(s) for s in sorted(set(statuses)))}' for path, statuses in watch.answers.items())
    bench.results['upgrade'] = {'seconds': seconds, 'text':
                                f'{size.tickets:,} tickets and {size.posts:,} replies, schemas {before} to {schemas(folder)}: '
                                f'{seconds:.1f} s from the start to ready, {again:.2f} s at the next start. '
                                f'Answers until then: {meanwhile}.'}
    bench.progress.say(bench.results['upgrade']['text'])
