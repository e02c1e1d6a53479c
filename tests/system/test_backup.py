"""Backups of a desk that runs and is written to, and desks that are made of them."""
import contextlib
import fcntl
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

from desk import (ADMIN, ADMIN_PASSWORD, BIN, PASSWORD, SERVICES, USER, Desk, environment, found_in_all, run_program,
                  wait_until)
from disk import IS_FULL, Stores, report
from test_session import Window
from wire import Client, NoAnswer, expect, insist

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}
BACKUPS = 40 if IS_FULL else 4
KILLS = 150 if IS_FULL else 25
USER_SERVICE = 1        # proto/services.tbl
SOMEBODY = 31337        # a user other than root


def ctl(*args, status=0, **settings):
    done = run_program('flicketctl', *map(str, args), **settings)
    assert done.returncode == status, f'{args}: {done.returncode}\n{done.stdout}{done.stderr}'
    assert 'bug at' not in done.stderr, done.stderr
    return done


def verified(*args):
    """What `flicketctl verify` says; nothing is to be wrong."""
    found = json.loads(run_program('flicketctl', 'verify', '--json', *map(str, args)).stdout)
    assert found['result'] == 'ok', found
    assert found['findings'] == []
    return found


class Refused(Exception):
    """A 503, which a machine that is too slow may be the cause of."""


class Writers:
    """Clients that make tickets, reply to them and delete some, each with a journal of what was acknowledged."""

    def __init__(self, desk, clients=4):
        self.desk = desk
        self.journal = []       # (time of the answer, 'ticket' or 'post', id, its text)
        self.begun = {}         # thread: since when its write is under way
        self.wrong, self.refused = [], []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(clients)]

    def _run(self, number):
        with Client(self.desk.port, ADMIN) as client:
            n = 0
            while not self.ending.is_set():
                n += 1
                title = f'ticket {n} of client {number}'
                try:
                    ticket = self._write(client, 'tickets', dict(TICKET, title=title), 'ticket', title)
                    text = f'reply {n} of client {number}'
                    self._write(client, 'posts', {'ticket_id': ticket, 'content': text}, 'post', text)
                except Refused as e:
                    self.refused.append(str(e))
                except (AssertionError, NoAnswer) as e:
                    self.wrong.append(str(e))

    def _write(self, client, path, body, kind, text):
        answer = client.post(path, body)
        if answer.status == 503:
            raise Refused(answer)
        assert answer.status == 201, answer
        self.journal.append((time.monotonic(), kind, answer.json()['id'], text))
        return answer.json()['id']

    def __enter__(self):
        for t in self.threads:
            t.start()
        self.go_on()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for t in self.threads:
            t.join()

    def go_on(self, answers=50):
        want = len(self.journal) + answers
        wait_until(lambda: len(self.journal) >= want or self.wrong or self.refused, 30, 'the writes go on')


def rows(path, sql):
    db = sqlite3.connect(f'file:{path}?mode=ro&immutable=1', uri=True)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def outbox_of(path):
    """The events that a store's service has yet to tell others, or to hear of that they have them."""
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as db:
        return db.execute('SELECT * FROM outbox ORDER BY seq').fetchall()


def wait_quiet(data):
    with contextlib.closing(Stores(data)) as stores:
        stores.wait_quiet()


def test_what_was_acknowledged_before_a_backup_is_in_it_whole(imported, second, tmp_path):
    backup = tmp_path / 'backup'
    before, held_ms = [], 0

    def attempt():
        nonlocal before, held_ms
        with Writers(imported) as writers:
            for _ in range(BACKUPS):
                shutil.rmtree(backup, ignore_errors=True)
                writers.go_on()
                before = list(writers.journal)
                ctl('backup', backup, '--data', imported.data)
                verified(backup)
                manifest = json.loads((backup / 'MANIFEST.json').read_text())
                assert manifest['undelivered'] == 0
                assert manifest['held_ms'] <= 1000
                held_ms = max(held_ms, manifest['held_ms'])
        assert writers.wrong == []
        return writers.refused

    assert found_in_all(attempt) == []
    tickets = dict(rows(backup / 'ticket' / 'ticket.db', 'SELECT id, title FROM tickets'))
    posts = dict(rows(backup / 'post' / 'post.db', 'SELECT id, content FROM posts'))
    for _, kind, number, text in before:
        assert (tickets if kind == 'ticket' else posts).get(number) == text
    # the rest of the journal is in it up to one point: no reply is without its ticket
    of = dict(rows(backup / 'post' / 'post.db', 'SELECT id, ticket_id FROM posts'))
    assert all(ticket in tickets for ticket in of.values())
    assert ctl('restore', backup, '--data', second.data, '--keep-tokens')
    verified('--data', second.data)
    second.start()
    client = second.client(ADMIN)
    for _, kind, number, text in random.sample(before, 50):
        got = expect(client.get(f'{kind}/{number}'), 200)
        assert got['title' if kind == 'ticket' else 'content'] == text
    expect(client.post('tickets', TICKET), 201)
    verified('--data', second.data)
    report('backups under load', {'made and verified': BACKUPS, 'acknowledged writes looked for': len(before),
                                  'writes held for at most, ms': held_ms})


# what the console keeps, of which requests show only one's own
KEPT = {
    'ticket': ('SELECT * FROM seen ORDER BY 1, 2', 'SELECT * FROM seen_marks ORDER BY 1', 'SELECT * FROM milestones ORDER BY 1'),
    'user': ('SELECT * FROM views ORDER BY 1', 'SELECT id, user_id, name, scope, expires FROM tokens WHERE name IS NOT NULL ORDER BY 1'),
    'post': ('SELECT * FROM uploads ORDER BY 1',)}


def kept_by(stores):
    return {sql: found for service, queries in KEPT.items() for sql in queries
            for found in [sorted(rows(stores / service / f'{service}.db', sql))]}


def use_console(desk):
    """A session, views, what was seen, milestones. Returns what counts as the session."""
    window = Window(desk.port)
    expect(window.log_in('user003'), 200)
    author, admin = desk.client(USER), desk.client(ADMIN)
    with desk.client(window.token) as c:
        one, other = (expect(c.post('tickets', TICKET), 201)['id'] for _ in range(2))
        expect(c.post('views', {'name': 'Mine', 'query': 'assigned_id=me'}), 201)
    expect(admin.post('views', {'name': 'Of all', 'query': 'status=Open', 'shared': True}), 201)
    post = expect(admin.post('posts', {'ticket_id': one, 'content': 'the first reply'}), 201)['id']
    expect(author.request('PUT', f'ticket/{one}/seen', json={'post_id': post}), 204)
    expect(admin.post(f'ticket/{other}/close', {}), 200)
    wait_quiet(desk.data)
    return window, one, other


@pytest.mark.parametrize('keep', [True, False])
def test_what_the_console_keeps_is_in_a_backup(imported, second, tmp_path, keep):
    window, one, other = use_console(imported)
    backup = tmp_path / 'backup'
    ctl('backup', backup, '--data', imported.data)
    verified(backup)
    kept = kept_by(backup)
    assert all(kept.values()) and any('console' in str(row) for row in kept[KEPT['user'][1]]), kept
    ctl('restore', backup, '--data', second.data, *(['--keep-tokens'] if keep else []))
    again = kept_by(second.data / 'stores')
    if not keep:        # all sessions end
        assert again.pop(KEPT['user'][1]) == [] and kept.pop(KEPT['user'][1])
    assert again == kept
    verified('--data', second.data)
    second.start()
    window.port = second.port
    assert window.user() == ('user003' if keep else None)
    with second.client(False) as c:
        c.token = window.token if keep else expect(c.log_in('user003', PASSWORD), 200)['token']
        assert [v['name'] for v in expect(c.get('views/'), 200)['items']] == ['Mine', 'Of all']
        seen = {t['id']: t['unread'] for t in expect(c.get('tickets/?sort=ticketid_desc&per_page=2&fields=id,unread'), 200)['items']}
        assert seen == {one: False, other: False}
        dates = expect(c.get(f'ticket/{other}?fields=closed_at'), 200), expect(c.get(f'ticket/{one}?fields=first_reply'), 200)
        assert dates[0]['closed_at'] and dates[1]['first_reply']
        expect(c.post('posts', {'ticket_id': one, 'content': 'it goes on'}), 201)
    if keep:
        got = expect(second.client(ADMIN).get('tickets/?unread=me&fields=id'), 200)
        assert [t['id'] for t in got['items']] == [one]
    wait_quiet(second.data)
    verified('--data', second.data)


def test_reads_and_writes_go_on_during_a_backup(imported, tmp_path):
    names = itertools.count()

    def attempt():
        with Writers(imported, 3) as writers:
            for _ in range(5):
                ctl('backup', tmp_path / f'backup{next(names)}', '--data', imported.data, '--quiet')
        assert writers.wrong == []
        times = sorted(when for when, *_ in writers.journal)
        return writers.refused + [b - a for a, b in zip(times, times[1:]) if b - a >= 2]

    assert found_in_all(attempt) == []


def test_files_are_in_a_backup(new, tmp_path):
    admin = new.admin()
    ticket = expect(admin.post('tickets', TICKET), 201)['id']
    files = new.data / 'stores' / 'post' / 'files'
    db = sqlite3.connect(new.data / 'stores' / 'post' / 'post.db')
    with db:
        for i in range(20):
            (files / f'name{i}.txt').write_text(f'content of {i}')
            db.execute('INSERT INTO uploads (topic_id, filename, original_filename) VALUES (?, ?, ?)',
                       (ticket, f'name{i}.txt', 'name.txt'))
    db.close()
    backup, back = tmp_path / 'backup', tmp_path / 'back'
    ctl('backup', backup, '--data', new.data)
    assert not list(new.data.glob('.backup-*'))
    for f in files.iterdir():       # what happens to them later does not matter
        f.unlink()
    verified(backup)
    ctl('restore', backup, '--data', back)
    for i in range(20):
        assert (back / 'stores' / 'post' / 'files' / f'name{i}.txt').read_text() == f'content of {i}'
    verified('--data', back)


def test_a_desk_that_does_not_run_can_be_backed_up(imported_stores, tmp_path):
    data = tmp_path / 'data'
    shutil.copytree(imported_stores, data)
    ctl('backup', tmp_path / 'backup', '--data', data)
    verified(tmp_path / 'backup')
    assert not list(data.rglob('*-wal'))


def test_events_of_a_service_that_is_down_are_delivered_once_after_a_restore(new, tmp_path):
    admin = new.admin()
    user = expect(admin.get('user/1'), 200)
    tickets = [expect(admin.post('tickets', TICKET), 201)['id'] for _ in range(5)]
    new.kill('user')
    for ticket in tickets:
        # by the key it is written once, whatever the first answers are
        wait_until(lambda t=ticket: admin.request('POST', 'posts', headers={'Idempotency-Key': f'reply {t}'}, json={
            'ticket_id': t, 'content': 'a reply'}).status == 201, 10, 'a reply is written')
    backup = tmp_path / 'backup'
    done = ctl('backup', backup, '--data', new.data)
    assert 'not delivered' in done.stdout
    manifest = json.loads((backup / 'MANIFEST.json').read_text())
    assert manifest['undelivered'] >= 5
    desk = Desk(tmp_path / 'restored', 'new')
    ctl('restore', backup, '--data', desk.data)
    streams = [rows(f / f'{s}/{s}.db', 'SELECT stream FROM identity')
               for s in SERVICES for f in (backup, desk.data / 'stores')]
    assert len({str(s) for s in streams}) == 8
    try:
        desk.start()
        again = desk.admin()
        want = user['total_posts'] + 10
        wait_until(lambda: expect(again.get('user/1'), 200)['total_posts'] == want, 10, 'all are counted')
        desk.stop()
        desk.start()
        assert expect(desk.admin().get('user/1'), 200)['total_posts'] == want
        verified('--data', desk.data)
    finally:
        desk.kill_everything()


def test_an_event_that_was_applied_before_a_backup_is_not_applied_again(new, tmp_path):
    """As where its acknowledgement was lost: it is still in the outbox, and its consumer's inbox has it."""
    admin = new.admin()
    ticket = expect(admin.post('tickets', TICKET), 201)['id']
    posts = new.data / 'stores' / 'post' / 'post.db'
    wait_quiet(new.data)
    new.kill('user')
    # by the key it is written once, whatever the first answers are
    expect(insist(lambda: admin.request('POST', 'posts', headers={'Idempotency-Key': 'a reply'}, json={
        'ticket_id': ticket, 'content': 'a reply'})), 201)
    told = [event for event in outbox_of(posts) if event[1] == USER_SERVICE]
    new.restart('user')
    wait_quiet(new.data)
    want = expect(admin.get('user/1'), 200)['total_posts']
    new.kill_everything()
    with contextlib.closing(sqlite3.connect(posts)) as db, db:
        db.executemany(f'INSERT INTO outbox VALUES ({", ".join("?" * len(told[0]))})', told)
    backup = tmp_path / 'backup'
    ctl('backup', backup, '--data', new.data)
    assert json.loads((backup / 'MANIFEST.json').read_text())['undelivered'] == len(told)
    desk = Desk(tmp_path / 'restored', 'new')
    ctl('restore', backup, '--data', desk.data)
    try:
        desk.start()
        wait_quiet(desk.data)
        assert expect(desk.admin().get('user/1'), 200)['total_posts'] == want
        verified('--data', desk.data)
        desk.stop()
    finally:
        desk.kill_everything()


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may give files away')
def test_what_root_restores_belongs_to_whom_the_folder_belongs(imported_stores, tmp_path):
    """The services run as that user: what belongs to root they could not open."""
    data, backup, back = tmp_path / 'data', tmp_path / 'backup', tmp_path / 'back'
    shutil.copytree(imported_stores, data)
    files = data / 'stores' / 'post' / 'files'
    files.mkdir(exist_ok=True)
    (name,), *_ = rows(data / 'stores' / 'post' / 'post.db', "SELECT filename FROM uploads WHERE filename <> ''")
    (files / name).write_text('a file')
    ctl('backup', backup, '--data', data)
    back.mkdir(mode=0o700)
    os.chown(back, SOMEBODY, SOMEBODY + 1)
    for _ in range(2):      # the second time what is there is moved aside
        ctl('restore', backup, '--data', back, '--force')
        made = [back / 'stores', *(back / 'stores').rglob('*')]
        assert {p.name for p in made} >= {'post', 'files', 'post.db', 'lookup.db', name}
        owners = {(p.stat().st_uid, p.stat().st_gid) for p in made}
        assert owners == {(SOMEBODY, SOMEBODY + 1)}, [p for p in made if p.stat().st_uid != SOMEBODY]


def test_tokens_end_with_a_restore_unless_they_are_to_be_kept(imported, second, tmp_path):
    ctl('backup', tmp_path / 'backup', '--data', imported.data)
    expect(imported.client(USER).get('user/3'), 200)
    ctl('restore', tmp_path / 'backup', '--data', second.data)
    second.start()
    expect(second.client(USER).get('user/3'), 401)
    with Client(second.port) as nobody:
        assert nobody.log_in('user003', 'Password1').status == 200
    second.stop()
    ctl('restore', tmp_path / 'backup', '--data', second.data, '--force', '--keep-tokens')
    second.start()
    expect(second.client(USER).get('user/3'), 200)
    # the stores of before are still there
    aside = list(second.data.glob('stores.before-*'))
    assert len(aside) == 1 and (aside[0] / 'user' / 'user.db').exists()


def test_a_restore_is_refused_where_a_desk_runs_or_is(imported, tmp_path):
    backup = tmp_path / 'backup'
    ctl('backup', backup, '--data', imported.data)
    for more in ((), ('--force',)):
        done = ctl('restore', backup, '--data', imported.data, *more, status=1)
        assert 'runs on' in done.stderr
    expect(imported.client(ADMIN).get('user/1'), 200)
    for service in SERVICES:
        imported.processes[service].terminate()
    done = ctl('restore', backup, '--data', imported.data, status=1)
    assert '--force' in done.stderr
    assert not list(imported.data.glob('stores.before-*'))


@pytest.mark.parametrize('service', SERVICES)
def test_a_restore_is_refused_where_a_service_has_begun_to_start(imported_stores, tmp_path, service):
    """It has locked its store, and not opened it yet. Nothing is touched."""
    data, backup = tmp_path / 'data', tmp_path / 'backup'
    shutil.copytree(imported_stores, data)
    ctl('backup', backup, '--data', data)
    with open(data / 'stores' / service / 'lock', 'a') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = {p: p.stat().st_ino for p in data.rglob('*')}
        done = ctl('restore', backup, '--data', data, '--force', status=1)
        assert f'the {service} service runs on' in done.stderr and 'Nothing was restored.' in done.stderr
        assert {p: p.stat().st_ino for p in data.rglob('*')} == there
    ctl('restore', backup, '--data', data, '--force')
    verified('--data', data)


@pytest.mark.parametrize('name', ['user/user.db', 'post/post.db', 'ticket/ticket.db'])
def test_a_file_that_was_changed_is_refused(imported_stores, tmp_path, name):
    data, backup = tmp_path / 'data', tmp_path / 'backup'
    shutil.copytree(imported_stores, data)
    ctl('backup', backup, '--data', data)
    with open(backup / name, 'r+b') as f:
        f.seek(3000)
        byte = f.read(1)
        f.seek(3000)
        f.write(bytes([byte[0] ^ 1]))
    done = ctl('restore', backup, '--data', tmp_path / 'back', status=1)
    assert 'checksum' in done.stderr and name in done.stderr
    assert not (tmp_path / 'back' / 'stores').exists() and not list((tmp_path / 'back').glob('.restore-*'))
    (backup / name).unlink()
    ctl('restore', backup, '--data', tmp_path / 'back', status=1)


def test_manifests_that_are_none_are_refused(imported_stores, tmp_path):
    data, backup = tmp_path / 'data', tmp_path / 'backup'
    shutil.copytree(imported_stores, data)
    ctl('backup', backup, '--data', data)
    good = json.loads((backup / 'MANIFEST.json').read_text())

    def refused(change):
        text = change(json.loads(json.dumps(good)))
        (backup / 'MANIFEST.json').write_text(text if isinstance(text, str) else json.dumps(text))
        return ctl('restore', backup, '--data', tmp_path / 'back', status=1).stderr

    assert 'format' in refused(lambda m: {**m, 'format': 2})
    assert 'newer' in refused(lambda m: {**m, 'stores': {**m['stores'], 'post': {'schema': 99}}})
    assert 'MANIFEST.json' in refused(lambda m: '{')
    for path in ('../../etc/passwd', '/etc/passwd', 'post/files/../x', 'post/files/.x', 'user/lock'):
        assert 'entry' in refused(lambda m, p=path: {**m, 'files': [{**m['files'][0], 'path': p}]})
    assert 'stores, not 4' in refused(lambda m: {**m, 'files': m['files'][1:]})
    (backup / 'MANIFEST.json').unlink()
    assert 'is not a backup' in ctl('restore', backup, '--data', tmp_path / 'back', status=1).stderr


def test_a_backup_that_is_killed_is_none_and_can_be_made_again(imported, tmp_path):
    backup = tmp_path / 'backup'
    killed = 0
    with Writers(imported, 2) as writers:
        for i in range(KILLS):
            tool = subprocess.Popen([BIN / 'flicketctl', 'backup', backup, '--data', imported.data],
                                    env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep((0.3 if IS_FULL else 0.05) * i / KILLS)
            tool.send_signal(signal.SIGKILL if i % 3 else signal.SIGTERM)
            tool.wait(10)
            if not backup.exists():
                killed += 1
                continue
            verified(backup)
            shutil.rmtree(backup)
        writers.go_on()
    assert writers.wrong + writers.refused == [] and killed > 5
    ctl('backup', backup, '--data', imported.data)
    verified(backup)
    assert not (tmp_path / 'backup.partial').exists() and not list(imported.data.glob('.backup-*'))
    assert 'is there already' in ctl('backup', backup, '--data', imported.data, status=1).stderr
    report('backups killed', {'tried': KILLS, 'none were left by': killed})


def test_a_restore_that_is_killed_leaves_all_or_nothing(imported_stores, tmp_path):
    data, backup, back = tmp_path / 'data', tmp_path / 'backup', tmp_path / 'back'
    shutil.copytree(imported_stores, data)
    ctl('backup', backup, '--data', data)
    for i in range(KILLS):
        tool = subprocess.Popen([BIN / 'flicketctl', 'restore', backup, '--data', back, '--force'],
                                env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep((0.3 if IS_FULL else 0.05) * i / KILLS)
        tool.kill()
        tool.wait(10)
        if (back / 'stores').exists():
            verified('--data', back)
    ctl('restore', backup, '--data', back, '--force')
    verified('--data', back)
    report('restores killed', {'tried': KILLS})


def test_a_full_disk_is_said_and_leaves_nothing(imported, tmp_path):
    small = tmp_path / 'small'
    small.mkdir()
    if os.geteuid() != 0 or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=200k', 'none', small],
                                           capture_output=True).returncode != 0:
        pytest.skip('no file system can be mounted here')
    try:
        done = ctl('backup', small / 'backup', '--data', imported.data, status=1)
        assert 'MiB are needed' in done.stderr
        assert list(small.iterdir()) == []
        done = ctl('restore', '/nonexistent', '--data', small / 'data', status=1)
    finally:
        subprocess.run(['umount', small], check=True)


NOT_MOUNTED = 'it "isn\'t" $HOME; `mounted`'


@pytest.mark.parametrize('relative', [False, True], ids=['absolute', 'relative'])
def test_a_folder_above_that_is_not_there_is_named(imported_stores, tmp_path, relative):
    above = tmp_path / 'disk' / NOT_MOUNTED
    target = f'disk/{NOT_MOUNTED}/desk/' if relative else above / 'desk'
    done = subprocess.run([BIN / 'flicketctl', 'backup', target, '--data', imported_stores],
                          env=environment(), capture_output=True, text=True, cwd=tmp_path, check=False)
    word = "'" + str(above).replace("'", r"'\''") + "'"
    assert done.returncode == 1 and done.stdout == ''
    assert done.stderr == (f'flicketctl backup: {above}, the folder to make desk in, is not there: mount the disk '
                           f'that it is on, or make it (install -d -m 700 {word}), and try again\n')
    assert not (tmp_path / 'disk').exists() and not list(imported_stores.glob('.backup-*'))
    make = done.stderr.partition('(')[2].partition(')')[0]
    subprocess.run(['sh', '-c', make], check=True)
    ctl('backup', above / 'desk', '--data', imported_stores)
    verified(above / 'desk')


def test_a_process_that_hangs_with_the_lock_is_said(imported, tmp_path):
    imported.pause('post')
    done = ctl('backup', tmp_path / 'backup', '--data', imported.data, status=1)
    assert 'does not answer' in done.stderr
    assert not (tmp_path / 'backup').exists() and not (tmp_path / 'backup.partial').exists()
    imported.resume('post')
    ctl('backup', tmp_path / 'backup', '--data', imported.data)
    verified(tmp_path / 'backup')


def test_several_processes_of_a_service(imported, tmp_path):
    for service in SERVICES:
        imported.launch(f'{service}-1', f'flicket-{service}')
    with Writers(imported, 2) as writers:
        for i in range(3):
            ctl('backup', tmp_path / f'backup{i}', '--data', imported.data)
            verified(tmp_path / f'backup{i}')
        imported.kill('ticket')
        log = imported.processes['ticket-1'].log
        wait_until(lambda: 'taking over' in log.read_text(), 10, 'the other process writes')
        # what was on its way to the dead one may have failed
        writers.wrong.clear()
        ctl('backup', tmp_path / 'taken-over', '--data', imported.data)
        verified(tmp_path / 'taken-over')


def test_the_password_of_a_restored_desk_is_that_of_the_backup(new, tmp_path):
    ctl('backup', tmp_path / 'backup', '--data', new.data)
    desk = Desk(tmp_path / 'restored', 'new')
    ctl('restore', tmp_path / 'backup', '--data', desk.data)
    try:
        desk.start()
        with Client(desk.port) as nobody:
            assert nobody.log_in('admin', ADMIN_PASSWORD).status == 200
        desk.stop()
    finally:
        desk.kill_everything()
