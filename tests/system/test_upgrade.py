"""Stores of every schema there was, kept in tests/data/stores: brought up to date at start, while all is restarted under
load. Nothing is lost, nothing is there twice, and what other services were never told they are told once."""
import contextlib
import gzip
import itertools
import json
import re
import sqlite3
import threading
import time

import pytest

from desk import ADMIN, REPO, SERVICES, run_program, wait_until
from disk import IS_FULL, report
from wire import Client, NoAnswer, expect

STORES = REPO / 'tests' / 'data' / 'stores'
KEPT = sorted(int(folder.name) for folder in STORES.iterdir() if folder.name.isdigit())
# What the stores of each folder have.
SCHEMAS = {1: {'user': 1, 'ticket': 1, 'post': 1, 'lookup': 1}, 2: {'user': 2, 'ticket': 2, 'post': 2, 'lookup': 2},
           3: {'user': 3, 'ticket': 3, 'post': 2, 'lookup': 2}, 4: {'user': 4, 'ticket': 4, 'post': 3, 'lookup': 3},
           5: {'user': 4, 'ticket': 5, 'post': 3, 'lookup': 3}, 6: {'user': 4, 'ticket': 6, 'post': 3, 'lookup': 3},
           7: {'user': 4, 'ticket': 7, 'post': 3, 'lookup': 3}, 8: {'user': 5, 'ticket': 7, 'post': 3, 'lookup': 3},
           9: {'user': 6, 'ticket': 7, 'post': 3, 'lookup': 3}, 10: {'user': 6, 'ticket': 8, 'post': 3, 'lookup': 3},
           11: {'user': 8, 'ticket': 10, 'post': 4, 'lookup': 3}, 12: {'user': 9, 'ticket': 11, 'post': 5, 'lookup': 4},
           13: {'user': 10, 'ticket': 12, 'post': 6, 'lookup': 5}}
UNTOLD = 7      # tickets that the user service had not been told of (tests/data/stores/make)
# Columns that are counted up by what is told after the upgrade, and tables of what is told.
COUNTED = {'total_posts', 'total_assigned', 'version', 'last_updated', 'last_used'}
TOLD = {'outbox', 'inbox', 'identity', 'answers', 'changes', 'revocations', 'search_form'}
ROUNDS = 5 if IS_FULL else 1        # of restarts


def newest_schema(service):
    return len(list((REPO / 'services' / service / 'migrations').glob('*.sql')))


def path_of(desk, service):
    return desk.data / 'stores' / service / f'{service}.db'


def old_store(schema, service):
    return gzip.decompress((STORES / str(schema) / f'{service}.db.gz').read_bytes())


def unpack(desk, schema):
    for service in SERVICES:
        path = path_of(desk, service)
        path.parent.mkdir(parents=True)
        path.write_bytes(old_store(schema, service))


def rows(db, table, columns):
    """Rows by id, or by all they have."""
    names = [c for c in columns if c not in COUNTED]
    found = db.execute(f'SELECT {", ".join(names)} FROM "{table}"').fetchall()
    return {row[names.index('id')] if 'id' in names else row: row for row in found}


def columns_of(db):
    """The tables of a store that are no other table's, and their columns."""
    tables = [name for name, sql in db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
              if not name.startswith('sqlite_') and 'VIRTUAL' not in sql and not re.search('_(text|words)_', name)]
    return {t: [c[1] for c in db.execute(f'PRAGMA table_info("{t}")')] for t in tables if t not in TOLD}


def check_kept(desk, schema, tmp_path):
    """Every row of the old stores is in the new ones, as it was."""
    for service in SERVICES:
        old_path = tmp_path / f'old-{service}.db'
        old_path.write_bytes(old_store(schema, service))
        with contextlib.closing(sqlite3.connect(old_path)) as old, \
                contextlib.closing(sqlite3.connect(path_of(desk, service))) as new:
            assert new.execute('PRAGMA user_version').fetchone()[0] == newest_schema(service)
            assert new.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
            compared = 0
            for table, columns in columns_of(old).items():
                now = rows(new, table, columns)
                for key, row in rows(old, table, columns).items():
                    assert now.get(key) == row, f'{service}.{table}: {row} is now {now.get(key)}'
                    compared += 1
            assert compared > 10, service
            report('old stores', {'rows compared': compared})


def total_posts(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute('SELECT total_posts FROM users WHERE id = 1').fetchone()[0]


def check_told(desk, schema, tmp_path, written=0):
    """Once all events are delivered: those of then as well, each once, and what the services know of each other."""
    def undelivered(service):
        with contextlib.closing(sqlite3.connect(path_of(desk, service))) as db:
            return db.execute('SELECT count(*) FROM outbox').fetchone()[0]

    wait_until(lambda: sum(map(undelivered, SERVICES)) == 0, 20, 'all events are delivered')
    old = tmp_path / 'old-user.db'
    old.write_bytes(old_store(schema, 'user'))
    assert total_posts(path_of(desk, 'user')) == total_posts(old) + UNTOLD + written
    found = json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(desk.data)).stdout)
    # the first import left no mark in what it made, by which what is Flicket's is told from ours
    wrong = [f for f in found['findings'] if schema > 1 or f['test'] not in ('totals', 'files', 'last_updated')]
    assert wrong == [], wrong


def test_stores_of_every_schema_are_kept(tmp_path):
    """With a migration tests/data/stores/make keeps stores of the schema that it makes."""
    assert list(SCHEMAS) == KEPT
    assert {s: newest_schema(s) for s in SERVICES} == SCHEMAS[max(SCHEMAS)], \
        'run tests/data/stores/make with the migration'
    for schema, service in itertools.product(KEPT, SERVICES):
        path = tmp_path / 'store.db'
        path.write_bytes(old_store(schema, service))
        with contextlib.closing(sqlite3.connect(path)) as db:
            assert db.execute('PRAGMA user_version').fetchone()[0] == SCHEMAS[schema][service]
            if service == 'ticket':
                assert db.execute('SELECT count(*) FROM outbox').fetchone()[0] == UNTOLD


@pytest.mark.parametrize('schema', KEPT)
def test_old_stores_know_everything_soon(desks, tmp_path, schema):
    desk = desks('new', start=False)
    unpack(desk, schema)
    c = desk.start().client(ADMIN)
    check_kept(desk, schema, tmp_path)
    check_told(desk, schema, tmp_path)
    for service in SERVICES:
        newest, log = newest_schema(service), (desk.folder / f'{service}.log').read_text()
        assert (f'upgraded to schema {newest} in ' in log) == (SCHEMAS[schema][service] < newest), log
    # names of others, words of tickets and of replies are known; what was there is not told as if it were new
    for query in ('content=then', 'status=Open', 'sort=time_desc', 'sort=assigned', 'sort=department_category',
                  'sort=replies'):
        assert expect(c.get(f'tickets/?{query}'), 200)['items'], query
    with contextlib.closing(sqlite3.connect(path_of(desk, 'post'))) as db:
        replies = dict(db.execute('SELECT ticket_id, count(*) FROM posts GROUP BY 1').fetchall())
    for ticket in expect(c.get('tickets/?per_page=60&fields=id,replies'), 200)['items']:
        assert ticket['replies'] == replies.get(ticket['id'], 0)
    # and is told once
    desk.stop()
    desk.start()
    check_kept(desk, schema, tmp_path)
    check_told(desk, schema, tmp_path)


@pytest.mark.parametrize('schema', KEPT)
def test_a_migration_that_was_cut_off_starts_again(desks, tmp_path, schema):
    desk = desks('new', start=False)
    unpack(desk, schema)
    rounds = 50 if IS_FULL else 5
    for n in range(rounds):
        for service in SERVICES:
            desk.launch(service, f'flicket-{service}')
        time.sleep(0.1 * n / rounds)
        for service in SERVICES:
            desk.kill(service)
    desk.start()
    check_kept(desk, schema, tmp_path)
    check_told(desk, schema, tmp_path)
    report('upgrades killed', {'kills': rounds * len(SERVICES)})


class Load:
    """Clients that send each write, under its key, until it is acknowledged, and one that reads."""

    def __init__(self, desk):
        self.desk, self.written, self.reads_failed = desk, [], []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(i,)) for i in range(2)]
        self.threads.append(threading.Thread(target=self._read))

    def _write(self, number):
        for n in itertools.count():
            if self.ending.is_set():
                return
            name = f'{number} {n}'
            ticket = self._send(f'ticket {name}', 'tickets', {
                'title': f'ticket {name}', 'content': 'this is my content', 'category_id': 1,
                'ticket_priority_id': 1})
            self.written.append(('ticket', ticket['id'], 'title', f'ticket {name}'))
            post = self._send(f'reply {name}', 'posts', {'ticket_id': ticket['id'], 'content': f'reply {name}'})
            self.written.append(('post', post['id'], 'content', f'reply {name}'))

    def _send(self, key, path, body):
        while True:
            try:
                with Client(self.desk.port, ADMIN) as c:
                    answer = c.post(path, body, headers={'Idempotency-Key': key})
            except (NoAnswer, OSError):
                continue
            if answer.status == 201:
                return answer.json()
            assert answer.status == 503, answer

    def _read(self):
        with Client(self.desk.port, ADMIN) as c:
            while not self.ending.is_set():
                answer = c.get('ticket/1')
                if self.written and answer.status != 200:
                    self.reads_failed.append(answer)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for t in self.threads:
            t.join()

    def go_on(self, count):
        want = len(self.written) + count
        wait_until(lambda: len(self.written) >= want, 30, 'writes go on')


@pytest.mark.parametrize('schema', KEPT)
def test_stores_come_up_to_date_while_all_is_restarted_under_load(desks, tmp_path, schema):
    """Two processes of each service on old stores; clients from the first moment on, and each process ended and started
    in turn."""
    desk = desks('new', start=False)
    unpack(desk, schema)
    for service in SERVICES:
        desk.launch(service, f'flicket-{service}')
        desk.launch(f'{service}-1', f'flicket-{service}')
    desk.start_gateway()
    with Load(desk) as load:
        load.go_on(20)
        for service in SERVICES * ROUNDS:
            for name in (service, f'{service}-1'):
                desk.processes[name].terminate()
                desk.launch(name, f'flicket-{service}')
                load.go_on(10)
    assert load.reads_failed == []
    c = desk.client(ADMIN)
    for kind, number, member, text in load.written:
        assert expect(c.get(f'{kind}/{number}'), 200)[member] == text
    check_kept(desk, schema, tmp_path)
    check_told(desk, schema, tmp_path, written=len(load.written))
    for kind, sql in (('ticket', "SELECT title FROM tickets WHERE title GLOB 'ticket [0-9]* [0-9]*'"),
                      ('post', "SELECT content FROM posts WHERE content GLOB 'reply [0-9]* [0-9]*'")):
        with contextlib.closing(sqlite3.connect(path_of(desk, kind))) as db:
            found = [text for text, in db.execute(sql)]
        assert sorted(found) == sorted(text for of, _, _, text in load.written if of == kind)
    report('upgrades under load', {'schemas': 1, 'restarts': 2 * len(SERVICES) * ROUNDS, 'writes': len(load.written)})


@pytest.mark.parametrize('service', SERVICES)
def test_a_newer_store_stops_an_older_program_with_a_clear_message(desks, service):
    desk = desks('imported', start=False)
    path = path_of(desk, service)
    newer = newest_schema(service) + 1
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f'PRAGMA user_version = {newer}')
    before = path.read_bytes()
    done = run_program(f'flicket-{service}', FLICKET_DATA=desk.data)
    assert done.returncode != 0
    assert f'stores/{service}/{service}.db has schema {newer}, newer than' in done.stderr
    assert 'run the newer program, or restore a backup' in done.stderr
    assert path.read_bytes() == before
