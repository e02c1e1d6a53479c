"""Desks that are started, killed and used on disks that are full or fail, and stores that are gone."""
import contextlib
import errno
import random
import shutil
import sqlite3
import subprocess

import pytest

import test_upgrade
from desk import FLICKET_DB, SERVICES, Desk, run_program, wait_until
from disk import CHANGES, IS_FULL, SEED, Faults, check_integrity, needs_library, report
from test_disk import SAYS_SO, TICKET, Disk, Load, fill, mounted, upload, verify
from wire import expect

READS = ('ticket/1', 'tickets/?content=content', 'user/1', 'posts/1/', 'departments/', 'uploads/')


@pytest.fixture(params=['tmpfs', 'ext4'])
def disk(request, tmp_path):
    """A small file system, where it is mounted."""
    if request.param == 'ext4':
        with Disk(tmp_path / 'ext4') as disk:
            yield disk.folder
        return
    folder = tmp_path / 'small'
    folder.mkdir()
    mounted(folder, '-t', 'tmpfs', '-o', 'size=24m', 'none')
    yield folder
    subprocess.run(['umount', '-l', folder], check=True)


@pytest.fixture
def desk(tmp_path, disk):
    desk = Desk(tmp_path / 'desk', 'new', FLICKET_EVENT_WAIT_MS=250, FLICKET_DATA=disk / 'data')
    desk.data = disk / 'data'
    try:
        yield desk.start()
    finally:
        desk.kill_everything()


def end_all(desk, killed):
    for name in list(desk.processes):
        if killed:
            desk.kill(name)
        else:
            desk.processes[name].terminate()


def write_all(c, key):
    """One of each kind of write: the answers."""
    return [c.request('POST', path, headers={'Idempotency-Key': f'{key} {path}'}, **request) for path, request in (
        ('tickets', {'json': TICKET}), ('posts', {'json': {'ticket_id': 1, 'content': 'a reply'}}),
        ('uploads', upload(1, key * 5000)),
        ('departments', {'json': {'department': f'department {key}'}}), ('groups', {'json': {'group_name': f'group {key}'}}))]


def is_refused(answer):
    if answer.status == 201:
        return False
    assert answer.status in (503, 507) and answer.header('Retry-After'), answer
    assert SAYS_SO in answer.json()['message'], answer
    return True


# what of a desk is gone when it is started: after a kill, a stop, and a crash of the machine
@pytest.mark.parametrize('how', ['killed', 'stopped', 'rebooted'])
def test_a_desk_is_started_on_a_full_disk(desk, disk, how):
    """It reads; it writes as soon as there is room, without a restart."""
    c = desk.admin()
    assert all(a.status == 201 for i in range(5) for a in write_all(c, f'before {i}'))
    end_all(desk, how != 'stopped')
    if how == 'rebooted':
        for left in (*desk.data.rglob('*-shm'), *(desk.data / 'run').iterdir()):
            left.unlink()
    fill(disk / 'ballast')
    desk.start()
    for path in READS:
        expect(c.get(path), 200)
    for n in range(3):
        answers = write_all(c, f'full {n}')
        # where there was a log it may take some more
        if all([is_refused(a) for a in answers]):
            break
        fill(disk / f'ballast {n}')
    for path in READS:
        expect(c.get(path), 200)
    for ballast in disk.glob('ballast*'):
        ballast.unlink()
    wait_until(lambda: not any([is_refused(a) for a in write_all(c, 'full 2')]), 10, 'it writes')
    names = [d['department'] for d in expect(c.get('departments/?per_page=60'), 200)['items']]
    assert names.count('department full 2') == 1
    desk.check_running()
    verify(desk.data)
    desk.stop()
    check_integrity(desk.data)
    assert not list(desk.data.rglob('*-room')) and not list(desk.data.rglob('.incoming-*'))


def supervise(desk, kills):
    """Others may take the room that a process needs while it starts: it says so, and is started again.

    The gateway calls a process that was just killed ready until it reads that the connection ended. So each service has
    to be heard anew after each of its kills.
    """
    def is_heard(service):
        told = f'{service} service at ipc://run/{service}.sock was started again'
        return desk.processes['gateway'].log.read_text().count(told) >= kills

    def is_ready():
        for service in SERVICES:
            process = desk.processes[service]
            if not process.is_running():
                assert process.popen.returncode == 1 and 'disk is full' in process.log.read_text()
                process.ended_by_test = True
                desk.restart(service)
        return all(map(is_heard, SERVICES)) and desk.readiness() == 200
    wait_until(is_ready, 30, 'every service answers')


def test_processes_are_killed_on_a_full_disk(desk, disk):
    """Again and again, while clients write and read: what comes up reads."""
    rounds = 10 if IS_FULL else 2
    with Load(desk) as load:
        load.is_patient = True
        load.go_on(load.written)
        for n in range(rounds):
            fill(disk / 'ballast')
            load.go_on(load.refused)
            for service in SERVICES:
                desk.kill(service)
                desk.restart(service)
            supervise(desk, n + 1)
            for path in READS:
                expect(desk.client(load.token).get(path), 200)
            (disk / 'ballast').unlink()
            load.go_on(load.written)
    load.check()
    desk.check_running()
    desk.stop()
    check_integrity(desk.data)
    report('kills on a full disk', {'kills': rounds * len(SERVICES), **load.figures()})


# --- one store of four -----------------------------------------------------------------------------------------

@pytest.fixture
def faulty(tmp_path, desks):
    faults = Faults(tmp_path / 'control')
    yield desks('new', FLICKET_EVENT_WAIT_MS=250, **faults.settings), faults
    faults.clear()
    faults.close()


def others_work(c, key):
    """All but the post service."""
    for path in ('ticket/1', 'user/1', 'departments/'):
        expect(c.get(path), 200)
    expect(c.request('POST', 'tickets', headers={'Idempotency-Key': key}, json=TICKET), 201)
    expect(c.post('departments', {'department': f'department {key}'}), 201)


@needs_library
def test_a_store_that_cannot_be_read_takes_no_other_along(faulty):
    """Nor does a process that cannot start for it."""
    desk, faults = faulty
    c = desk.admin()
    expect(c.post('tickets', TICKET), 201)
    expect(c.post('posts', {'ticket_id': 1, 'content': 'a reply'}), 201)
    with faults.armed('READ', 'SIZE', first=1, lasting=True, where='post.db'):
        desk.kill('post')
        others_work(c, 'down')
        desk.launch('post', 'flicket-post')
        wait_until(lambda: not desk.processes['post'].is_running(), 10, 'it says that it cannot read')
        desk.processes['post'].ended_by_test = True
        assert 'I/O error' in desk.processes['post'].log.read_text()
        others_work(c, 'dead')
    desk.restart('post')
    wait_until(lambda: c.get('post/1').status == 200, 10, 'it is back')
    with faults.armed('READ', first=1, lasting=True, where='post.db'):
        # what it has in memory it can answer, what it has not it says
        answers = [c.get(path) for path in ('posts/1/', 'uploads/', 'post/1', 'uploads/?per_page=7')]
        assert {a.status for a in answers} <= {200, 503}
        others_work(c, 'failing')
        assert faults.failed > 0
    assert expect(c.get('post/1'), 200)['content'] == 'a reply'
    wait_until(lambda: c.post('posts', {'ticket_id': 1, 'content': 'another'}).status == 201, 10, 'it writes')
    desk.check_running()


@pytest.mark.parametrize('what', ['post.db', 'post.db-wal'])
def test_a_store_that_is_moved_away_takes_no_writes(new, what):
    """They would be written to a file that nobody finds again. Reads go on, others write."""
    c = new.admin()
    expect(c.post('tickets', TICKET), 201)
    first = expect(c.post('posts', {'ticket_id': 1, 'content': 'a reply'}), 201)['id']
    path = new.data / 'stores' / 'post' / what
    path.rename(path.parent / 'elsewhere')
    for _ in range(2):
        assert is_refused(c.request('POST', 'posts', headers={'Idempotency-Key': 'key'},
                                    json={'ticket_id': 1, 'content': 'a second one'}))
    expect(c.get(f'post/{first}'), 200)
    others_work(c, 'moved')
    assert 'was moved or removed' in new.processes['post'].log.read_text()
    (path.parent / 'elsewhere').rename(path)
    again = expect(c.request('POST', 'posts', headers={'Idempotency-Key': 'key'},
                             json={'ticket_id': 1, 'content': 'a second one'}), 201)
    posts = [p['content'] for p in expect(c.get('posts/1/'), 200)['items']]
    assert posts.count('a second one') == 1
    new.stop()
    check_integrity(new.data)
    new.start()
    assert expect(new.admin().get(f'post/{again["id"]}'), 200)['content'] == 'a second one'
    verify(new.data)


# --- stores that are made ----------------------------------------------------------------------------------------

def choose(rng, count, most):
    return sorted(rng.sample(range(1, count + 1), min(100 if IS_FULL else most, count)))


@needs_library
@pytest.mark.parametrize('schema', [test_upgrade.KEPT[0], test_upgrade.KEPT[-1]])
def test_each_operation_of_a_migration_fails_in_turn(desks, tmp_path, schema):
    """The process ends and says why, the store is as it was; the next start migrates it."""
    faults = Faults(tmp_path / 'control')
    desk = desks('new', start=False, **faults.settings)
    test_upgrade.unpack(desk, schema)
    rng = random.Random(SEED)
    failed = 0

    def start(service):
        """Whether it works."""
        process = desk.launch(service, f'flicket-{service}')
        began = len(process.log.read_bytes())
        wait_until(lambda: not process.is_running() or b'listening' in process.log.read_bytes()[began:], 30,
                   'it has started or ended')
        if process.is_running():
            process.kill()
            return True
        process.ended_by_test = True
        assert process.popen.returncode == 1 and b'"error"' in process.log.read_bytes()
        return False

    for service in SERVICES if IS_FULL else rng.sample(SERVICES, 2):
        before = test_upgrade.old_store(schema, service)
        path = test_upgrade.path_of(desk, service)
        with faults.armed(*CHANGES, where=f'{service}.db'):
            assert start(service)
            count = faults.seen
        for n in choose(rng, min(count, 60), 3):
            for left in path.parent.glob(f'{service}.db*'):
                left.unlink()
            path.write_bytes(before)
            with faults.armed(*CHANGES, where=f'{service}.db', first=n, lasting=True,
                              error=rng.choice((errno.EIO, errno.ENOSPC))):
                if start(service):
                    continue
            failed += 1
            with contextlib.closing(sqlite3.connect(path)) as db:
                assert db.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
                had = db.execute('PRAGMA user_version').fetchone()[0]
            assert had in (min(schema, test_upgrade.newest_schema(service)), test_upgrade.newest_schema(service))
    assert failed > 0
    faults.clear()
    desk.start()
    test_upgrade.check_kept(desk, schema, tmp_path)
    test_upgrade.check_told(desk, schema, tmp_path)
    faults.close()
    report('migrations on a disk that fails', {'operations failed in turn': failed})


@needs_library
@pytest.mark.parametrize('command', ['import', 'generate'])
@pytest.mark.parametrize('error', [errno.ENOSPC, errno.EIO], ids=['ENOSPC', 'EIO'])
def test_each_operation_of_what_makes_a_desk_fails_in_turn(tmp_path, command, error):
    """There is no desk then, or a whole one, and the same command succeeds afterwards."""
    faults = Faults(tmp_path / 'control')
    data = tmp_path / 'data'
    args = {'import': ['import', '--data', str(data), str(FLICKET_DB)],
            'generate': ['generate', '--data', str(data), '--tickets', '10', '--users', '10']}[command]
    with faults.armed(*CHANGES):
        done = run_program('flicketctl', *args, **faults.settings)
        assert done.returncode == 0, done
        count = faults.seen
    shutil.rmtree(data)
    assert count > 10
    failed = 0
    # at the end logs are removed and things put in their place
    for n in sorted({*choose(random.Random(SEED), count, 3), *range(count - 7, count + 1)}):
        with faults.armed(*CHANGES, first=n, lasting=error == errno.ENOSPC, error=error):
            done = run_program('flicketctl', *args, **faults.settings)
        if done.returncode != 0:
            failed += 1
            assert done.stderr and 'bug at' not in done.stderr, done
            assert not (data / 'stores').exists(), f'{n} of {count}: {done}'
            done = run_program('flicketctl', *args, **faults.settings)
        assert done.returncode == 0, f'{n} of {count}: {done}'
        verify(data)
        shutil.rmtree(data)
    assert failed > 0
    faults.close()
    report(f'{command} on a disk that fails', {'operations failed in turn': failed})
