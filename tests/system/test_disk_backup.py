"""Backups and restores on disks that fill or fail while they are made, and backups whose maker is gone.

With FAULTS_FULL=1 every operation fails in turn, a few without.
"""
import contextlib
import errno
import json
import os
import random
import shutil
import sqlite3
import subprocess
import time
import uuid

import pytest

from desk import ADMIN, BIN, FLICKET_DB, SERVICES, SLACK, environment, run_program, wait_until
from disk import IS_FULL, SEED, Faults, needs_library, report
from test_wire import Peer
from wire import expect

TICKET = {'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1}
KINDS = ('WRITE', 'SYNC', 'OPEN', 'TRUNCATE', 'READ', 'SIZE', 'RENAME')


@pytest.fixture
def data(imported_stores, tmp_path):
    """A desk that does not run, with files that rows name."""
    data = tmp_path / 'data'
    shutil.copytree(imported_stores, data, ignore=shutil.ignore_patterns('*.sock'))
    with contextlib.closing(sqlite3.connect(data / 'stores' / 'post' / 'post.db')) as db:
        names = [name for name, in db.execute("SELECT filename FROM uploads WHERE filename <> '' LIMIT 5")]
    (data / 'stores' / 'post' / 'files').mkdir(exist_ok=True)
    for name in names:
        (data / 'stores' / 'post' / 'files' / name).write_bytes(os.urandom(100000))
    return data


@pytest.fixture
def faults(tmp_path):
    faults = Faults(tmp_path / 'control')
    yield faults
    faults.close()


def verified(*args):
    found = json.loads(run_program('flicketctl', 'verify', '--json', *map(str, args)).stdout)
    assert found['result'] == 'ok' and found['findings'] == [], found


def contents(folder):
    """All files; of stores without their heads, which say whether they have a log."""
    return {p.relative_to(folder): p.read_bytes()[100 if p.suffix == '.db' else 0:]
            for p in folder.rglob('*') if p.is_file() and p.name != 'lock'}


def chosen(count, name, most):
    rng = random.Random(f'{SEED} {name}')
    return range(1, count + 1) if IS_FULL else sorted(rng.sample(range(1, count + 1), min(most, count)))


@needs_library
@pytest.mark.parametrize('error', [errno.ENOSPC, errno.EIO], ids=['ENOSPC', 'EIO'])
def test_a_backup_on_a_disk_that_fills_or_fails_is_none_and_says_so(data, faults, tmp_path, error):
    backup = tmp_path / 'backup'

    def make():
        return run_program('flicketctl', 'backup', str(backup), '--data', str(data), **faults.settings)

    with faults.armed(*KINDS, where='.partial'):
        assert make().returncode == 0
        count = faults.seen
    assert count > 50
    shutil.rmtree(backup)
    before = contents(data)
    refused = 0
    for n in chosen(count, error, 5):
        with faults.armed(*KINDS, where='.partial', first=n, lasting=error == errno.ENOSPC, error=error):
            done = make()
        if done.returncode == 0:        # it was not needed, or another did it
            verified(backup)
            shutil.rmtree(backup)
            continue
        refused += 1
        assert done.returncode == 1 and 'flicketctl backup: ' in done.stderr, done
        assert any(word in done.stderr for word in ('space', 'full', 'error', 'I/O', 'unable')), done.stderr
        assert not backup.exists(), f'operation {n} of {count}: {done}'
        assert not (tmp_path / 'backup.partial').exists(), done
        assert not list(data.glob('.backup-*'))
    assert contents(data) == before and refused > 0
    assert make().returncode == 0
    verified(backup)
    report('backups, each with an operation on the disk failing', {'none and said so': refused})


@needs_library
@pytest.mark.parametrize('error', [errno.ENOSPC, errno.EIO], ids=['ENOSPC', 'EIO'])
def test_a_restore_on_a_disk_that_fills_or_fails_changes_nothing_and_says_so(data, faults, tmp_path, error):
    backup, back = tmp_path / 'backup', tmp_path / 'back'
    assert run_program('flicketctl', 'backup', str(backup), '--data', str(data)).returncode == 0

    def restore():
        return run_program('flicketctl', 'restore', str(backup), '--data', str(back), '--force', **faults.settings)

    assert restore().returncode == 0
    with faults.armed(*KINDS, where='.restore-'):
        assert restore().returncode == 0
        count = faults.seen
    assert count > 50
    before = contents(back)
    refused = 0
    for n in chosen(count, error, 20):
        with faults.armed(*KINDS, where='.restore-', first=n, lasting=error == errno.ENOSPC, error=error):
            done = restore()
        if done.returncode == 0:        # it was not needed, or is done again by those that follow
            verified('--data', back)
            before = contents(back)
            continue
        refused += 1
        assert done.returncode == 1 and 'Nothing was restored.' in done.stderr, done
        assert {k: v for k, v in contents(back).items() if '.restore-' not in str(k)} == before, f'{n} of {count}: {done}'
    assert restore().returncode == 0
    verified('--data', back)
    assert refused > 0
    report('restores, each with an operation on the disk failing', {'nothing changed and said so': refused})
    # old stores that could not be given their name are kept as they are called; nothing else is left
    assert not list(back.glob('.restore-*/.flicket-unfinished'))


@needs_library
def test_a_file_system_whose_folders_cannot_be_synced_is_good_enough(data, faults, tmp_path):
    """It keeps names all the same (base/durable.h)."""
    backup, back, taken = tmp_path / 'backup', tmp_path / 'back', tmp_path / 'taken'
    for args in (('backup', backup, '--data', data), ('restore', backup, '--data', back),
                 ('import', FLICKET_DB, '--data', taken)):
        with faults.armed('FOLDER', first=1, lasting=True, error=errno.EINVAL):
            done = run_program('flicketctl', *map(str, args), **faults.settings)
            assert faults.failed > 0, args
        assert done.returncode == 0, done
    verified(backup)
    verified('--data', back)
    verified('--data', taken)


def test_a_file_system_that_fills_while_a_backup_is_made(data, tmp_path):
    """There was room when it began."""
    small = tmp_path / 'small'
    small.mkdir()
    if os.geteuid() != 0 or subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'none', small],
                                           capture_output=True).returncode != 0:
        pytest.skip('no file system can be mounted here')
    try:
        tried = 0
        for room in range(0, 1500, 100 if IS_FULL else 500):
            # the room is gone once the first store is copied
            tool = subprocess.Popen([BIN / 'flicketctl', 'backup', small / 'backup', '--data', data],
                                    env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            wait_until(lambda t=tool: (small / 'backup.partial').exists() or t.poll() is not None, 10, 'it has begun')
            time.sleep(random.uniform(0, 0.03))
            with open(small / 'ballast', 'wb', buffering=0) as f, contextlib.suppress(OSError):
                left = os.statvfs(small).f_bavail * 4096 - room * 1024
                f.write(bytes(max(0, left)))
            said = tool.communicate(timeout=20)[1]
            (small / 'ballast').unlink()
            if tool.returncode == 0:
                verified(small / 'backup')
                shutil.rmtree(small / 'backup')
                continue
            tried += 1
            assert tool.returncode == 1 and ('full' in said or 'space' in said or 'MiB are needed' in said), said
            assert list(small.iterdir()) == [], said
        assert tried > 0
    finally:
        subprocess.run(['umount', '-l', small], check=True)


# --- whoever held writes is gone ---------------------------------------------------------------------------------

# Numbers of proto/ops.tbl, keys.tbl and errors.tbl.
WRITES_HOLD, WRITES_RELEASE, LIMIT = 7, 8, 3
OK, BAD_REQUEST, CONFLICT, GONE_AWAY = 0, 1, 17, 21


def hold(desk, service, limit_ms):
    """A peer that has a service's writes held."""
    peer = Peer(desk, service)
    answer = peer.ask(WRITES_HOLD, {LIMIT: limit_ms})
    return peer, answer[2]


def test_writes_go_on_when_their_holder_is_gone(imported):
    admin = imported.client(ADMIN)
    expect(admin.post('tickets', TICKET), 201)
    for _ in range(2):
        peers = [hold(imported, service, 1000) for service in SERVICES]
        assert [e for _, e in peers] == [OK] * 4
        held = time.monotonic()
        for peer, _ in peers:
            peer.close()        # killed: it releases nothing
        # reads do not wait
        expect(admin.get('tickets/'), 200)
        assert time.monotonic() - held < 0.5 + SLACK
        for path, body in (('tickets', TICKET), ('posts', {'ticket_id': 1, 'content': 'a reply'}),
                           ('departments', {'department': uuid.uuid4().hex[:20]}), ('groups', {'group_name': uuid.uuid4().hex[:20]})):
            expect(admin.post(path, body), 201)
        waited = time.monotonic() - held
        assert 0.7 < waited < 1.5 + SLACK, f'{waited:.2f} s'
    for service in SERVICES:
        assert 'writes were held for as long as they may be' in imported.processes[service].log.read_text()


def test_holds_are_bounded_and_belong_to_one(imported):
    peer, error = hold(imported, 'post', 1000)
    assert error == OK
    other, error = hold(imported, 'post', 1000)
    assert error == CONFLICT
    assert other.ask(WRITES_RELEASE)[2] == GONE_AWAY
    assert peer.ask(WRITES_RELEASE)[2] == OK
    assert peer.ask(WRITES_RELEASE)[2] == GONE_AWAY
    for limit in (0, -1, 1001, 1 << 40):
        assert peer.ask(WRITES_HOLD, {LIMIT: limit})[2] == BAD_REQUEST
    peer.close()
    other.close()


def test_a_backup_that_is_killed_while_writes_are_held_holds_nothing_up(imported, tmp_path):
    """Killed at moments around the hold; what is written meanwhile waits for its end, and no longer."""
    admin = imported.client(ADMIN)
    held = 0
    for i in range(40):
        tool = subprocess.Popen([BIN / 'flicketctl', 'backup', tmp_path / f'backup{i}', '--data', imported.data],
                                env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.12))
        tool.kill()
        tool.wait(10)
        start = time.monotonic()
        expect(admin.post('tickets', TICKET), 201)
        waited = time.monotonic() - start
        assert waited < 1.2 + SLACK, f'{waited:.2f} s'
        held += waited > 0.2
        if held >= 2 and not IS_FULL:
            break
    done = run_program('flicketctl', 'backup', str(tmp_path / 'whole'), '--data', str(imported.data))
    assert done.returncode == 0, done
    verified(tmp_path / 'whole')
