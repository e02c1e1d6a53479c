"""Restores and imports where folders of stores/ are mount points, as in containers: they cannot be renamed.

Each is killed before every step. Then it is undone or done by the command that its message names, and the four stores
are all from before or all new.
"""
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from desk import BIN, FLICKET_DB, SERVICES, START_SECONDS, environment, run_program, wait_until
from disk import IS_FULL, KILLED, SEED, Faults, Undo, check_integrity, needs_library, report

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root may mount')

STEPS = ('RENAME', 'DELETE', 'OPEN', 'WRITE', 'SYNC')
SOMEBODY = 31337
FILES = ('post/files', 'user/avatars')
# What is mounted, below stores/; '' is stores/ itself. 'data': the data folder is in memory, as in a container.
LAYOUTS = {
    'volumes': SERVICES,
    'container': ('data', *SERVICES),
    'files': (*SERVICES, *FILES),
    'files alone': FILES,
    'stores': ('',),
    'one': ('ticket',),
}


class Mounts:
    """Mounts for a test: folders of one file system, or file systems in memory."""

    def __init__(self, tmp_path):
        self.tmp_path, self.made = tmp_path, []
        self.behind = {}        # by folder: what is mounted on it, as it is seen elsewhere

    def mount(self, folder, *args):
        folder.mkdir(parents=True, exist_ok=True)
        if subprocess.run(['mount', *map(str, args), str(folder)], capture_output=True).returncode != 0:
            pytest.skip('no file system can be mounted here')
        self.made.append(folder)
        return folder

    def volume(self, folder):
        """A folder of the same file system, as a container's volumes are."""
        source = self.tmp_path / 'volumes' / str(len(self.made))
        source.mkdir(parents=True)
        self.behind[folder] = source
        return self.mount(folder, '--bind', source)

    def memory(self, folder, size='64m'):
        self.behind[folder] = folder
        return self.mount(folder, '-t', 'tmpfs', '-o', f'size={size},mode=0700', 'none')

    def lay_out(self, data, layout):
        data.mkdir(mode=0o700)
        for place in LAYOUTS[layout]:
            if place == 'data':
                self.memory(data)
            elif layout == 'one':
                self.memory(data / 'stores' / place)
            else:
                self.volume(data / 'stores' / place)
        return data

    def close(self):
        for folder in reversed(self.made):
            subprocess.run(['umount', '-l', folder], check=True)


@pytest.fixture
def mounts(tmp_path):
    mounts = Mounts(tmp_path)
    yield mounts
    mounts.close()


@pytest.fixture
def faults(tmp_path):
    faults = Faults(tmp_path / 'control')
    yield faults
    faults.close()


@pytest.fixture(scope='module')
def backup(imported_stores, tmp_path_factory):
    """A backup with files of both kinds."""
    folder = tmp_path_factory.mktemp('backup')
    data = folder / 'data'
    shutil.copytree(imported_stores, data, ignore=shutil.ignore_patterns('*.sock'))
    for service, files, names in (('post', 'files', "SELECT filename FROM uploads WHERE filename <> '' LIMIT 3"),
                                  ('user', 'avatars', "SELECT avatar FROM users WHERE avatar <> '' LIMIT 3")):
        with contextlib.closing(sqlite3.connect(data / 'stores' / service / f'{service}.db')) as db:
            found = [name for name, in db.execute(names)]
        (data / 'stores' / service / files).mkdir(exist_ok=True)
        for name in found:
            (data / 'stores' / service / files / name).write_bytes(random.randbytes(10000))
    ctl('backup', folder / 'backup', '--data', data)
    return folder / 'backup'


def ctl(*args, status=0, **settings):
    done = run_program('flicketctl', *map(str, args), **settings)
    assert done.returncode == status, f'{args}: {done.returncode}\n{done.stdout}{done.stderr}'
    assert 'bug at' not in done.stderr, done.stderr
    return done


def verified(data):
    found = json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(data)).stdout)
    assert found['result'] == 'ok' and found['findings'] == [], found
    check_integrity(data)


def streams(data):
    """The numbers that each restore and import gives the stores anew."""
    found = {}
    for service in SERVICES:
        path = data / 'stores' / service / f'{service}.db'
        if path.exists():
            with contextlib.closing(sqlite3.connect(path)) as db:
                found[service], = db.execute('SELECT stream FROM identity').fetchone()
    return found


def files_of(data):
    return {p.relative_to(data): p.read_bytes() for name in FILES for p in (data / 'stores' / name).glob('*')
            if p.is_file()}


def aside(data):
    return sorted(p for p in (data / 'stores').rglob('.before-*'))


def leftovers(data):
    return sorted(p for p in (data / 'stores').rglob('.flicket-*'))


def drop_aside(data):
    for folder in aside(data):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_a_restore_fills_folders_that_are_mounted(mounts, backup, tmp_path, layout):
    data = mounts.lay_out(tmp_path / 'back', layout)
    (data / 'stores' / 'user').mkdir(exist_ok=True)
    ctl('restore', backup, '--data', data)
    verified(data)
    first, files = streams(data), files_of(data)
    assert len(first) == 4 and files and not aside(data) and not leftovers(data)
    # it is in what was mounted, not beside it
    assert all((mounts.behind[data / 'stores' / place] / f'{place}.db').exists()
               for place in LAYOUTS[layout] if place in SERVICES)
    assert '--force' in ctl('restore', backup, '--data', data, status=1).stderr
    assert streams(data) == first
    said = ctl('restore', backup, '--data', data, '--force').stdout
    verified(data)
    second = streams(data)
    assert all(second[s] != first[s] for s in SERVICES) and not leftovers(data)
    # the old ones are where it says
    name = re.search(r'stores/\*/(\.before-\S+?)\.?\n', said).group(1)
    for service in SERVICES:
        with contextlib.closing(sqlite3.connect(data / 'stores' / service / name / f'{service}.db')) as db:
            assert db.execute('SELECT stream FROM identity').fetchone() == (first[service],)
    assert files_of(data) == files


@pytest.mark.parametrize('layout', LAYOUTS)
def test_an_import_fills_folders_that_are_mounted(mounts, tmp_path, layout):
    data = mounts.lay_out(tmp_path / 'back', layout)
    (data / 'stores' / 'user').mkdir(exist_ok=True)
    # a file system of its own has this
    for place in LAYOUTS[layout]:
        if place != 'data':
            (data / 'stores' / place / 'lost+found').mkdir()
    ctl('import', FLICKET_DB, '--data', data)
    verified(data)
    assert len(streams(data)) == 4 and not aside(data) and not leftovers(data)
    assert 'would be lost' in ctl('import', FLICKET_DB, '--data', data, status=1).stderr


def continued(data):
    """What an operator does after it. Returns whether the restore is done, None if nothing had to be."""
    pending = list((data / 'stores').rglob('.flicket-replacing'))
    if pending:
        done = run_program('flicketctl', 'verify', '--data', str(data))
        assert done.returncode == 3 and 'restore --continue' in done.stderr, done
    said = ctl('restore', '--continue', '--data', data).stdout
    assert not leftovers(data), said
    assert bool(pending) == ('Nothing was interrupted' not in said), said
    return 'is done' in said if pending else None


def steps_of(run, faults):
    """How many steps a run has."""
    with faults.armed(*STEPS, where='/.flicket-'):
        run(0)
        return faults.seen


def chosen(count, label):
    """The last ones put the files in place."""
    if IS_FULL:
        return range(1, count + 1)
    rng = random.Random(f'{SEED} {label}')
    return sorted({*rng.sample(range(count - 60, count + 1), 16), *rng.sample(range(1, count + 1), 4)})


@needs_library
@pytest.mark.parametrize('layout', ['container', 'files'])
def test_a_restore_that_is_killed_at_any_step_is_undone_or_done(mounts, faults, backup, tmp_path, layout):
    data = mounts.lay_out(tmp_path / 'back', layout)
    (data / 'stores' / 'user').mkdir(exist_ok=True)
    ctl('restore', backup, '--data', data)
    files, outcomes = files_of(data), []

    def restore(n):
        done = run_program('flicketctl', 'restore', str(backup), '--data', str(data), '--force', **faults.settings)
        assert done.returncode == (-signal.SIGKILL if n else 0), done

    for n in chosen(steps_of(restore, faults), layout):
        drop_aside(data)
        before = streams(data)
        with faults.armed(*STEPS, where='/.flicket-', first=n, error=KILLED):
            restore(n)
        said = continued(data)
        verified(data)
        after = streams(data)
        changed = {after[s] != before[s] for s in SERVICES}
        assert len(changed) == 1 and said in (None, *changed), f'step {n}: {said}, {changed}'
        assert files_of(data) == files, f'step {n}'
        assert {bool(aside(data))} == changed
        outcomes.append(changed.pop())
    assert True in outcomes and False in outcomes
    report('restores into mounts, killed before each step', {'tried': len(outcomes), 'done afterwards': sum(outcomes)})


@needs_library
def test_an_import_that_is_killed_at_any_step_is_undone_or_done(mounts, faults, tmp_path):
    outcomes, count = [], None
    for n in range(0, 200, 1 if IS_FULL else 6):
        if count is not None and n > count:
            break
        data = mounts.lay_out(tmp_path / f'back{n}', 'volumes')
        # steps of the end: names in the folders, which the new stores have their places by
        with faults.armed('RENAME', 'DELETE', where='/.flicket-', first=n, error=KILLED):
            done = run_program('flicketctl', 'import', str(FLICKET_DB), '--data', str(data), **faults.settings)
            count = count or faults.seen
        assert done.returncode == (-signal.SIGKILL if n else 0), done
        said = continued(data)
        found = streams(data)
        assert len(found) in (0, 4) and said in (None, bool(found)), f'step {n}: {said}, {found}'
        if found:
            verified(data)
        outcomes.append(bool(found))
    assert True in outcomes[1:] and False in outcomes


# --- what a run that was interrupted leaves -----------------------------------------------------------------------

@pytest.fixture
def interrupted(mounts, faults, backup, tmp_path):
    """interrupted(decided): a folder of volumes on which a second restore was killed, before or after its decision."""
    data = mounts.lay_out(tmp_path / 'back', 'volumes')
    ctl('restore', backup, '--data', data)

    def make(decided):
        with faults.armed('RENAME', where='/.flicket-', first=7 if decided else 4, error=KILLED):
            done = run_program('flicketctl', 'restore', str(backup), '--data', str(data), '--force', **faults.settings)
        assert done.returncode == -signal.SIGKILL, done
        states = {json.loads(p.read_text())['state'] for p in data.rglob('.flicket-replacing')}
        assert ('decided' in states) == decided and states
        return data
    return make


@needs_library
@pytest.mark.parametrize('decided', [False, True])
def test_nothing_serves_or_reads_stores_that_are_half_replaced(interrupted, tmp_path, decided):
    data = interrupted(decided)
    done = run_program('flicket-user', FLICKET_DATA=data)
    assert done.returncode == 2 and 'restore --continue' in done.stderr, done
    for args in (('backup', tmp_path / 'another'), ('verify',)):
        done = run_program('flicketctl', *map(str, args), '--data', str(data))
        assert done.returncode != 0 and 'restore --continue' in done.stderr, done
    assert 'restore --continue' in run_program('flicketctl', 'status', '--data', str(data)).stderr
    done = run_program('flicketctl', 'check', '--quick', '--data', str(data))
    assert done.returncode == 1 and 'restore --continue' in done.stdout, done


@needs_library
@pytest.mark.parametrize('decided', [False, True])
def test_the_next_command_brings_it_to_its_end(interrupted, backup, decided):
    data = interrupted(decided)
    done = ctl('restore', backup, '--data', data, status=1)
    assert ('is done' if decided else 'is undone') in done.stdout and '--force' in done.stderr, done
    assert not list(data.rglob('.flicket-replacing'))
    verified(data)
    assert bool(aside(data)) == decided


@needs_library
@pytest.mark.parametrize('decided', [False, True])
def test_serve_brings_it_to_its_end_and_serves(interrupted, tmp_path, decided):
    data, log = interrupted(decided), tmp_path / 'log'
    before = streams(data)
    with log.open('wb') as out:
        serve = subprocess.Popen([BIN / 'flicketctl', 'serve', '--data', data], stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=out, env=environment(FLICKET_LISTEN='127.0.0.1:0'))
    try:
        wait_until(lambda: serve.poll() is not None or 'is ready' in log.read_text(), START_SECONDS, 'it serves')
        assert serve.poll() is None, log.read_text()
    finally:
        serve.terminate()
        status = serve.wait(60)
    said = log.read_text()
    assert status == 0 and f'a restore that was interrupted is {"done" if decided else "undone"}' in said, said
    assert not list(data.rglob('.flicket-replacing')) and not leftovers(data)
    verified(data)
    assert bool(aside(data)) == decided
    if not decided:
        assert streams(data) == before


@needs_library
@pytest.mark.parametrize('decided', [False, True])
def test_without_the_first_folder_nothing_is_guessed(interrupted, mounts, backup, decided):
    """Only its record tells whether to go back or on."""
    data = interrupted(decided)
    records = {p: p.read_bytes() for p in data.rglob('.flicket-replacing')}
    first = data / 'stores' / 'user'
    subprocess.run(['umount', first], check=True)
    mounts.made.remove(first)
    said = ctl('restore', '--continue', '--data', data, status=1).stderr
    assert 'mount the folders' in said
    left = {p: p.read_bytes() for p in data.rglob('.flicket-replacing')}
    assert left == {p: b for p, b in records.items() if p.parent != first}
    mounts.mount(first, '--bind', mounts.behind[first])
    ctl('restore', '--continue', '--data', data)
    verified(data)


# --- what is refused ------------------------------------------------------------------------------------------------

def test_folders_that_take_no_files_are_refused_before_anything_is_touched(mounts, backup, tmp_path):
    data = mounts.lay_out(tmp_path / 'back', 'volumes')
    ctl('restore', backup, '--data', data)
    before = streams(data)
    subprocess.run(['mount', '-o', 'remount,bind,ro', data / 'stores' / 'lookup'], check=True)
    done = run_program('flicketctl', 'restore', str(backup), '--data', str(data), '--force')
    subprocess.run(['mount', '-o', 'remount,bind,rw', data / 'stores' / 'lookup'], check=True)
    assert done.returncode == 1 and 'Read-only file system' in done.stderr and 'Nothing was restored' in done.stderr
    assert streams(data) == before and not leftovers(data) and not aside(data)


@pytest.mark.parametrize('command', ['restore', 'import'])
def test_a_container_without_one_of_the_volumes_is_refused(mounts, backup, tmp_path, command):
    data = tmp_path / 'back'
    mounts.memory(data)
    for service in ('user', 'ticket', 'lookup'):
        mounts.volume(data / 'stores' / service)
    done = ctl(command, backup if command == 'restore' else FLICKET_DB, '--data', data, status=1)
    assert 'stores/post is in memory' in done.stderr
    assert not list((tmp_path / 'volumes').rglob('*.db'))


@pytest.mark.parametrize('command', ['restore', 'import'])
def test_another_mount_in_the_stores_is_refused(mounts, backup, tmp_path, command):
    """It would be moved away with the old stores."""
    data = tmp_path / 'back'
    mounts.volume(data / 'stores' / 'user' / 'a folder')
    done = ctl(command, backup if command == 'restore' else FLICKET_DB, '--data', data, status=1)
    assert 'stores/user/a folder is a mount point' in done.stderr


def test_a_volume_that_fills_leaves_the_desk_as_it_was(mounts, backup, tmp_path):
    data = mounts.lay_out(tmp_path / 'back', 'volumes')
    ctl('restore', backup, '--data', data)
    before = streams(data)
    small = data / 'stores' / 'ticket'
    content = {p.name: p.read_bytes() for p in small.iterdir() if p.is_file()}
    size = sum(map(len, content.values())) // 1024 + 64
    mounts.memory(small, f'{size}k')
    for name, value in content.items():
        (small / name).write_bytes(value)
    done = ctl('restore', backup, '--data', data, '--force', status=1)
    assert ('space' in done.stderr or 'full' in done.stderr) and 'Nothing was restored' in done.stderr
    assert streams(data) == before and not leftovers(data) and not aside(data)


def test_what_root_restores_belongs_to_whom_each_folder_belongs(mounts, backup, tmp_path):
    data = mounts.lay_out(tmp_path / 'back', 'container')
    os.chown(data, SOMEBODY, SOMEBODY + 1)
    os.chown(data / 'stores' / 'ticket', SOMEBODY + 2, SOMEBODY + 3)
    ctl('restore', backup, '--data', data)
    for service in SERVICES:
        folder = data / 'stores' / service
        want = (SOMEBODY + 2, SOMEBODY + 3) if service == 'ticket' else (SOMEBODY, SOMEBODY + 1)
        assert {(p.stat().st_uid, p.stat().st_gid) for p in (folder, *folder.rglob('*'))} == {want}, service


def test_a_link_to_a_larger_disk_stays_one(mounts, backup, tmp_path):
    data, large = tmp_path / 'back', tmp_path / 'large'
    large.mkdir()
    (data / 'stores').mkdir(parents=True)
    (data / 'stores' / 'post').symlink_to(large)
    ctl('restore', backup, '--data', data)
    assert (data / 'stores' / 'post').is_symlink() and (large / 'post.db').exists()
    verified(data)


# --- power failures ---------------------------------------------------------------------------------------------------

POWER_STEPS = ('RENAME', 'DELETE', 'OPEN', 'WRITE', 'SYNC', 'FOLDER')
SHARES = (1.0, 0.5, 0.9, 0.1)       # of what was not synced, that is lost


class Power:
    """power(n, ...): flicketctl runs until its step n (0: to its end); then the power of the disk with `data` fails."""

    def __init__(self, tmp_path, data, faults, label):
        self.folder, self.data, self.faults = tmp_path / 'undo', data, faults
        self.rng, self.shares = random.Random(f'{SEED} {label}'), itertools.cycle(SHARES)

    def __call__(self, n, *args, status=0):
        undo = Undo(self.folder, self.data)
        with self.faults.armed(*POWER_STEPS, where=str(self.data), first=n, error=KILLED):
            done = run_program('flicketctl', *map(str, args), **{**self.faults.settings, **undo.settings})
            seen = self.faults.seen
        assert done.returncode == (-signal.SIGKILL if 0 < n <= seen else status), done
        undo.drop(self.rng, next(self.shares))
        self.folder.rmdir()
        return seen


@needs_library
@pytest.mark.parametrize('layout', ['volumes', 'files'])
def test_a_restore_outlasts_a_power_failure_at_any_step(mounts, faults, backup, tmp_path, layout):
    """Also one that comes again while it is brought to its end."""
    data, outcomes = mounts.lay_out(tmp_path / 'back', layout), []
    power = Power(tmp_path, data, faults, layout)
    ctl('restore', backup, '--data', data)
    files = files_of(data)
    count = power(0, 'restore', backup, '--data', data, '--force')
    assert files_of(data) == files
    for n in chosen(count, f'power {layout}'):
        drop_aside(data)
        before = streams(data)
        power(n, 'restore', backup, '--data', data, '--force')
        pending = bool(list((data / 'stores').rglob('.flicket-replacing')))
        if pending:
            power(power.rng.randrange(1, 40), 'restore', '--continue', '--data', data)
        said = continued(data)
        verified(data)
        after = streams(data)
        changed = {after[s] != before[s] for s in SERVICES}
        assert len(changed) == 1 and said in (None, *changed), f'step {n}: {said}, {changed}'
        assert files_of(data) == files, f'step {n}'
        outcomes.append(changed.pop())
    assert True in outcomes and False in outcomes
    report('restores into mounts, power failures', {'tried': len(outcomes), 'done afterwards': sum(outcomes)})


@needs_library
@pytest.mark.parametrize('layout', LAYOUTS)
def test_what_a_command_said_it_put_in_place_outlasts_a_power_failure(mounts, faults, backup, tmp_path, layout):
    for command, source in (('restore', backup), ('import', FLICKET_DB)):
        data = mounts.lay_out(tmp_path / command, layout)
        if layout != 'container':       # that is in memory
            Power(tmp_path, data, faults, layout)(0, command, source, '--data', data)
            verified(data)
            assert len(streams(data)) == 4 and not leftovers(data)
