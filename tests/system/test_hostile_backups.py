"""Backups that somebody changed: `verify` and `restore` say the same of each, in the same words, and neither hangs, follows a
link or leaves anything behind."""
import contextlib
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess

import pytest

from desk import BIN, Desk, environment, run_program
from test_uploads import TICKET, upload
from wire import expect

STORES = ('user', 'ticket', 'post', 'lookup')
UPLOAD = 'post/files/notes.txt'     # its name in the tables below; the backup has another


@pytest.fixture(scope='module')
def good(tmp_path_factory):
    """A backup with something in it."""
    folder = tmp_path_factory.mktemp('good')
    desk = Desk(folder / 'desk', 'new')
    try:
        desk.start()
        admin = desk.admin()
        ticket = expect(admin.post('tickets', TICKET), 201)['id']
        expect(admin.post('posts', {'ticket_id': ticket, 'content': 'a reply'}), 201)
        expect(upload(admin, b'some notes\n', ticket_id=ticket), 201)
        desk.stop()
    finally:
        desk.kill_everything()
    done = run_program('flicketctl', 'backup', str(folder / 'backup'), '--data', str(desk.data))
    assert done.returncode == 0, done.stderr
    return folder / 'backup'


@pytest.fixture
def backup(good, tmp_path):
    shutil.copytree(good, tmp_path / 'backup')
    return tmp_path / 'backup'


def path_of(backup, name):
    if name != UPLOAD:
        return backup / name
    files = list((backup / 'post' / 'files').iterdir())
    assert len(files) == 1
    return files[0]


def manifest(backup, change):
    path = backup / 'MANIFEST.json'
    root = json.loads(path.read_text())
    path.write_text(json.dumps(change(root) or root))


def reseal(backup):
    """Have the manifest say of each file what it is."""
    def change(root):
        for row in root['files']:
            data = (backup / row['path']).read_bytes()
            row['bytes'], row['sha256'] = len(data), hashlib.sha256(data).hexdigest()
        root['bytes'] = sum(row['bytes'] for row in root['files'])
    manifest(backup, change)


# What is done to a backup: each makes a function of one.

def sql(store, script):
    def change(backup):
        with contextlib.closing(sqlite3.connect(backup / store / f'{store}.db')) as db, db:
            db.executescript(script)
        reseal(backup)
    return change


def schema(script):
    """Of the ticket store, written into its schema past SQLite's care."""
    return sql('ticket', f'PRAGMA writable_schema = ON; {script}; PRAGMA writable_schema = RESET')


def told(**members):
    """The manifest says otherwise; None: says nothing."""
    def change(backup):
        manifest(backup, lambda root: {k: v for k, v in {**root, **members}.items() if v is not None})
    return change


def row(index=0, **members):
    def change(backup):
        manifest(backup, lambda root: root['files'][index].update(members))
    return change


def in_place(name, make):
    def change(backup):
        path = path_of(backup, name)
        aside = backup.parent / 'aside'
        path.rename(aside)
        make(path, aside)
    return change


def nothing(path, aside):
    pass


def pipe(path, aside):
    os.mkfifo(path)


def link(path, aside):
    path.symlink_to(aside)


def folder(path, aside):
    path.mkdir()


def listener(path, aside):
    # the path of a socket has to be short
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path.name)
    finally:
        os.chdir(here)


def device(path, aside):
    try:
        os.mknod(path, 0o20600, os.makedev(1, 5))       # /dev/zero
    except PermissionError:
        pytest.skip('devices are root\'s to make')


def truncate(backup):
    path = backup / 'ticket' / 'ticket.db'
    os.truncate(path, path.stat().st_size // 2)


def flip(backup):
    path = path_of(backup, UPLOAD)
    path.write_bytes(path.read_bytes().replace(b'o', b'0'))


def drop_upload(backup):
    path_of(backup, UPLOAD).unlink()
    manifest(backup, lambda root: root.update(files=[r for r in root['files'] if not r['path'].startswith('post/files/')]))
    reseal(backup)


def add_upload(backup):
    (backup / 'post' / 'files' / 'more.txt').write_text('more')
    manifest(backup, lambda root: root['files'].append({'path': 'post/files/more.txt', 'bytes': 4, 'sha256': ''}))
    reseal(backup)


def other_store(backup):
    shutil.copyfile(backup / 'lookup' / 'lookup.db', backup / 'user' / 'user.db')
    reseal(backup)


def twice(backup):
    manifest(backup, lambda root: root['files'].append(root['files'][0]))


def two_dates(backup):
    path = backup / 'MANIFEST.json'
    path.write_text(path.read_text().replace('"date"', '"date": "2026-01-01T00:00:00Z", "date"', 1))


def no_text(backup):
    (backup / 'MANIFEST.json').write_bytes(b'\x00' * 100)


def too_long(backup):
    os.truncate(backup / 'MANIFEST.json', (256 << 20) + 1)      # a hole


def stray(backup):
    (backup / 'post' / 'files' / '.nfs0001').write_text('x')
    os.mkfifo(backup / 'pipe')


def wal(backup):
    """A log that is none of the backup's is none of the store's."""
    (backup / 'user' / 'user.db-wal').write_text('x' * 5000)


TAKEN = {
    'untouched': lambda backup: None,
    'something beside it': stray,
    'a log beside a store': wal,
    'a table of somebody': sql('post', 'CREATE TABLE mine (x); CREATE INDEX mine_by_x ON mine (x)'),
    'a view of somebody': sql('post', 'CREATE VIEW mine AS SELECT * FROM posts'),
}
REFUSED = {
    **{f'{make.__name__} in the place of {name}': (in_place(name, make), words) for name in ('user/user.db', UPLOAD)
       for make, words in ((nothing, 'it is not there'), (pipe, 'it is a pipe'), (link, 'it is a symbolic link'),
                           (folder, 'it is a folder'), (listener, 'it is a socket'), (device, 'it is a device'))},
    'a link in the place of a folder': (in_place('user', link), 'it is a symbolic link'),
    'a link in the place of the files': (in_place('post/files', link), 'it is a symbolic link'),
    'a pipe in the place of a folder': (in_place('ticket', pipe), 'it is a pipe'),
    'no manifest': (in_place('MANIFEST.json', nothing), 'is not a backup: it has no MANIFEST.json'),
    'a pipe as manifest': (in_place('MANIFEST.json', pipe), 'MANIFEST.json: it is a pipe'),
    'a link as manifest': (in_place('MANIFEST.json', link), 'MANIFEST.json: it is a symbolic link'),
    'a folder as manifest': (in_place('MANIFEST.json', folder), 'MANIFEST.json: it is a folder'),
    'a manifest of zeros': (no_text, 'MANIFEST.json: line 1: '),
    'a manifest that would fill the memory': (too_long, 'MANIFEST.json: it has 268435457 bytes; at most 268435456 are read'),
    'two dates': (two_dates, 'duplicate object key'),
    'no date': (told(date=None), '"date" is not a date'),
    'a date that is none': (told(date='2026-02-30T00:00:00Z'), '"date" is not a date'),
    'a date with more': (told(date='2026-02-20T00:00:00Z\n'), '"date" is not a date'),
    'a date that is a number': (told(date=1), '"date" is not a date'),
    'another format': (told(format=2), 'backups of format 1 only'),
    'another sum': (told(bytes=1), '"bytes" is not the sum'),
    'no list of what is missing': (told(missing=None), '"missing" is not a list'),
    'numbers among what is missing': (told(missing=[1]), 'entry 0 of "missing" is not a path'),
    'no files': (told(files=[]), 'there are 0 stores, not 4'),
    'a file twice': (twice, 'of "files" is not a file of a backup'),
    'a name from above': (row(path='post/files/../../x'), 'entry 0 of "files" is not a file of a backup'),
    'a size below nothing': (row(bytes=-1), 'entry 0 of "files" is not a file of a backup'),
    'a checksum that is none': (row(sha256='x' * 64), 'entry 0 of "files" is not a file of a backup'),
    'a checksum of another file': (row(sha256='0' * 64), 'its checksum differs'),
    'a store cut short': (truncate, 'bytes, not '),
    'a file that was changed': (flip, 'its checksum differs'),
    'a schema to come': (told(stores={s: {'schema': 99} for s in STORES}), 'newer than this program'),
    'an earlier schema in the manifest': (told(stores={s: {'schema': 1} for s in STORES}), 'MANIFEST.json says 1'),
    'a schema to come in a store': (sql('post', 'PRAGMA user_version = 99'), 'post: it has schema 99'),
    'no schema in a store': (sql('post', 'PRAGMA user_version = 0'), 'post: it has schema 0'),
    'a table that is missing': (sql('ticket', 'DROP TABLE subscriptions'), 'ticket: the table subscriptions is missing'),
    'an index that is missing': (sql('user', 'DROP INDEX revocations_by_date'), 'the index revocations_by_date is missing'),
    'a column more': (sql('user', 'ALTER TABLE groups ADD COLUMN more TEXT'), 'the table groups has another definition'),
    'a view in the place of a table': (
        sql('post', 'ALTER TABLE inbox RENAME TO old; CREATE VIEW inbox AS SELECT * FROM old'),
        'the table inbox is a view'),
    'a table that is missing in an older schema': (
        sql('user', 'DROP TABLE outbox; PRAGMA user_version = 3'), 'user: the table outbox is missing'),
    'an index of somebody': (
        sql('ticket', 'CREATE UNIQUE INDEX i ON tickets (started_id)'), 'the index i is not part of a desk'),
    'a trigger of somebody': (
        sql('user', 'CREATE TRIGGER t AFTER INSERT ON revocations BEGIN DELETE FROM users; END'),
        'the trigger t is not part of a desk'),
    'a trigger with another text': (
        sql('user', 'CREATE TRIGGER t AFTER UPDATE ON identity BEGIN SELECT 1; END'), 'the trigger t is not part of a desk'),
    'another default in a table': (
        schema("UPDATE sqlite_schema SET sql = replace(sql, 'seeded INTEGER NOT NULL DEFAULT 0', "
               "'seeded INTEGER NOT NULL DEFAULT 7') WHERE name = 'identity'"), 'the table identity has another definition'),
    'no number left': (sql('ticket', 'UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = \'tickets\''),
                       'ticket: the table tickets has no numbers left for new rows'),
    'a reply at the end of all ids': (
        sql('post', 'UPDATE posts SET id = 1 << 31'),
        'post: the table posts has no numbers left for new rows'),
    'no number left for events': (
        sql('user', "INSERT OR REPLACE INTO sqlite_sequence (name, seq) VALUES ('outbox', 9223372036854775807)"),
        'user: the table outbox has no numbers left for new rows'),
    'no identity': (sql('lookup', 'DELETE FROM identity'), 'lookup: it has no identity, or more than one'),
    'two identities': (
        sql('lookup', 'PRAGMA ignore_check_constraints = 1; INSERT INTO identity (one, stream) VALUES (2, 1)'), 'it has no identity, or more than one'),
    'the store of another service': (other_store, 'user: the table users is missing'),
    'a reference to nothing': (sql('lookup', 'UPDATE categories SET department_id = 99'), 'categories'),
    'a file that a row names and that is left out': (drop_upload, 'post/files/'),
    'a file that no row names': (add_upload, 'post/files/more.txt'),
}


def judge(backup, back):
    """What both say: the words of each."""
    env = environment()
    verify = subprocess.run([BIN / 'flicketctl', 'verify', backup], env=env, capture_output=True, text=True, timeout=60)
    restore = subprocess.run([BIN / 'flicketctl', 'restore', backup, '--data', back], env=env, capture_output=True, text=True,
                             timeout=60)
    assert (verify.returncode == 0) == (restore.returncode == 0), f'{verify}\n{restore}'
    return verify, restore


@pytest.mark.parametrize('change', TAKEN.values(), ids=TAKEN)
def test_what_is_good_is_restored(backup, tmp_path, change):
    change(backup)
    verify, restore = judge(backup, tmp_path / 'back')
    assert verify.returncode == 0, f'{verify}\n{restore}'
    done = run_program('flicketctl', 'verify', '--data', str(tmp_path / 'back'))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize('change,words', REFUSED.values(), ids=REFUSED)
def test_what_is_not_is_refused_in_the_same_words(backup, tmp_path, change, words):
    change(backup)
    verify, restore = judge(backup, tmp_path / 'back')
    assert verify.returncode in (1, 3) and restore.returncode == 1, f'{verify}\n{restore}'
    assert words in verify.stdout + verify.stderr, verify
    assert words in restore.stderr and 'Nothing was restored.' in restore.stderr, restore
    left = list((tmp_path / 'back').rglob('*')) if (tmp_path / 'back').exists() else []
    assert left == [], left


def test_the_folder_itself_may_be_reached_by_a_link(backup, tmp_path):
    (tmp_path / 'latest').symlink_to(backup)
    verify, _ = judge(tmp_path / 'latest', tmp_path / 'back')
    assert verify.returncode == 0


@pytest.mark.parametrize('make', [pipe, folder, listener])
def test_a_desk_with_something_else_in_the_place_of_a_store_holds_up_nobody(backup, tmp_path, make):
    data = tmp_path / 'data'
    assert run_program('flicketctl', 'restore', str(backup), '--data', str(data)).returncode == 0
    path = data / 'stores' / 'user' / 'user.db'
    path.rename(tmp_path / 'aside')
    make(path, None)
    for command in (['verify'], ['backup', str(tmp_path / 'again')], ['check']):
        done = run_program('flicketctl', *command, '--data', str(data), timeout=60)
        assert done.returncode in (1, 3) and 'plain file' in done.stdout + done.stderr, done
    done = run_program('flicketctl', 'serve', '--data', str(data), timeout=60)
    assert done.returncode == 2 and 'plain file' in done.stdout + done.stderr, done
    assert run_program('flicketctl', 'restore', str(backup), '--data', str(data), '--force', timeout=60).returncode == 0
    assert run_program('flicketctl', 'verify', '--data', str(data)).returncode == 0


def test_an_upload_that_is_a_pipe_is_missing_in_a_backup(backup, tmp_path):
    data = tmp_path / 'data'
    assert run_program('flicketctl', 'restore', str(backup), '--data', str(data)).returncode == 0
    path = path_of(data / 'stores', UPLOAD)
    path.unlink()
    os.mkfifo(path)
    done = run_program('flicketctl', 'verify', '--data', str(data), timeout=60)
    assert done.returncode == 1 and path.name in done.stdout, done
    done = run_program('flicketctl', 'backup', str(tmp_path / 'again'), '--data', str(data), timeout=60)
    assert done.returncode == 0 and path.name in done.stdout, done
    verify, _ = judge(tmp_path / 'again', tmp_path / 'back')
    assert verify.returncode == 0
