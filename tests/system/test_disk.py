"""Disks that fail. Every request that writes, with every operation of it on the disk failing in turn: what is answered
is success or 503, nothing is done by halves, and the same request then succeeds once, without a restart.

A few operations of each request in the suite; with FAULTS_FULL=1 every one. FAULTS_SEED repeats a choice.
"""
import errno
import itertools
import json
import math
import os
import random
import struct
import subprocess
import threading
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from desk import SERVICES, SHIPPED, Desk, flicket_database, run_program, wait_until
from disk import CHANGES, IS_FULL, SEED, Faults, Stores, changed, check_integrity, needs_library, report
import test_permissions
import test_wire
from test_permissions import EXAMPLES, World, limit_readers, people, settle
from test_wire import FIRST_ID, PAGE, PER_PAGE, Peer
from wire import Client, expect

TICKET = {'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1}
SAYS_SO = 'store'       # in the text of each refusal
LATE = 'does not answer at the moment'
OWNERS = {'token': 'user', 'session': 'user', 'user': 'user', 'group': 'user', 'view': 'user', 'ticket': 'ticket', 'subscription': 'ticket',
          'post': 'post', 'upload': 'post', 'department': 'lookup', 'categor': 'lookup'}
LOGINS = ('POST tokens', 'POST session')     # take no key: each makes a token
# With what; a full disk says no to more than one operation.
ERRORS = [('EIO', errno.EIO, False), ('ENOSPC', errno.ENOSPC, True)]


def stage(w, me):
    path, body = w.file(me)
    return w.make(me, path, **body)['id']


def reply_with_files(w, me, being):
    return 'posts', {'json': {'ticket_id': w.ticket(), 'content': 'a reply', 'upload_ids': [stage(w, me), stage(w, me)]}}


def ticket_with_files(w, me, being):
    return 'tickets', {'json': {**TICKET, 'upload_ids': [stage(w, me)]}}


def edit_with_files(w, me, being):
    return f'post/{w.post(me)}', {'json': {'content': 'another content', 'upload_ids': [stage(w, me)]}}


# what claims files that were uploaded before
CLAIMS = {'POST posts': reply_with_files, 'POST tickets/': ticket_with_files, 'PATCH post/:id': edit_with_files}


def writes():
    for request, found in EXAMPLES.items():
        if not request.startswith('GET '):
            for i, (example, _) in enumerate(found if isinstance(found, list) else [(found, None)]):
                yield pytest.param(request, example, id=f'{request}{i or ""}')
    for request, example in CLAIMS.items():
        yield pytest.param(request, example, id=f'{request} with files')


def verify(data):
    done = run_program('flicketctl', 'verify', '--json', '--data', str(data))
    found = json.loads(done.stdout)
    assert found['result'] == 'ok' and found['findings'] == [], found


class FaultyWorld(World):
    """People and things on a disk that fails when it is told to."""

    def __init__(self, desk, all_people, faults):
        super().__init__(desk, all_people)
        self.keys = itertools.count(1)
        self.faults, self.stores = faults, Stores(desk.data)
        self.tried = self.refused = self.failed = self.late = 0

    def request(self, request, example):
        """One more request of a kind: whose, method, path and the rest."""
        method, path = request.split()
        being = {'POST tokens': 'named', 'POST session': 'named', 'DELETE token/:id': 'owner'}.get(request)
        # those whose own token or password is at stake, or who may have only so many staged files
        me = self.person('admin') if any(part in path for part in ('token', 'session', '/me', 'uploads')) else self.admin
        path, more = example(self, me, being)
        if method == 'POST' and request not in LOGINS:
            more = {**more, 'headers': {**(more.get('headers') or {}), 'Idempotency-Key': f'key {next(self.keys)}'}}
        return me, method, path, more

    def owner(self, request):
        return next(s for name, s in OWNERS.items() if request.split()[1].startswith(name))


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp('world')
    # each n of each request takes some of them
    with pytest.MonkeyPatch.context() as m:
        m.setattr(test_permissions, 'PEOPLE_OF_A_KIND', 5000 if IS_FULL else 800)
        everybody = people()
    faults = Faults(folder / 'control')
    # what other stores are told may have to wait for their disk; the answer does not, for long
    desk = Desk(folder, 'imported', FLICKET_EVENT_WAIT_MS=500, FLICKET_CHANGE_CATEGORY='everybody', **faults.settings)
    desk.take_over(flicket_database(folder / 'flicket.db', lambda db: settle(db, everybody)))
    limit_readers(desk, everybody['reader'])
    try:
        w = FaultyWorld(desk.start(), everybody, faults)
        yield w
        faults.clear()
        report('writes, each with an operation on the disk failing',
               {'tried': w.tried, 'operations failed': w.failed, 'refused': w.refused,
                'done all the same': w.tried - w.refused - w.late, 'answered too late': w.late})
        assert w.late <= 2 + w.tried / 20
        w.stores.wait_quiet()
        w.stores.close()
        desk.stop()
        # what could not be removed then is nobody's, and removed at a start
        desk.start()
        verify(desk.data)
        desk.stop()
        check_integrity(desk.data)
    finally:
        desk.kill_everything()


def choose(rng, count):
    """Which of a request's operations are to fail."""
    return range(1, count + 1) if IS_FULL else sorted(rng.sample(range(1, count + 1), min(2, count)))


def clean_run(w, request, example, kinds):
    """How often a request does what is to fail, and what it changes."""
    owner = w.owner(request)
    me, method, path, more = w.request(request, example)
    if IS_FULL:
        w.stores.wait_quiet()
    w.stores.make_cold()
    before = w.stores.count(owner)
    with w.faults.armed(*kinds):
        answer = w.ask(me, method, path, **more)
        if IS_FULL:     # what follows in other stores as well
            w.stores.wait_quiet()
        seen = w.faults.seen
    assert answer.status < 300, answer
    return seen, changed(before, w.stores.count(owner)), answer.status


def is_unknown(answer):
    return answer.json().get('code') == 'outcome_unknown'


def fail_once(w, request, example, wanted, status, kinds, **how):
    """One request on a disk that fails. Whether it came to that."""
    owner = w.owner(request)
    me, method, path, more = w.request(request, example)
    w.stores.make_cold()
    before = w.stores.count(owner)
    with w.faults.armed(*kinds, **how):
        answer = w.ask(me, method, path, **more)
        if 'READ' not in kinds:
            expect(w.client.request('GET', 'ticket/1', token=w.admin.token), 200)
    failed = w.faults.failed
    w.tried += 1
    w.failed += failed
    if answer.status == 503 and (LATE in answer.json()['message'] or is_unknown(answer) and failed == 0):
        # a machine that is too busy: what became of it is seen when it is asked once more
        w.late += 1
        wait_until(lambda: w.ask(me, method, path, **more).status < 500, 20, 'it answers')
        return failed > 0
    done = changed(before, w.stores.count(owner))
    if answer.status == status:
        assert done == wanted, f'{answer}: {done}, not {wanted}'
    else:
        assert answer.status in (503, 507), answer
        assert failed > 0, answer
        assert answer.header('Retry-After') and SAYS_SO in answer.json()['message'], answer
        assert done in ({}, wanted), f'by halves: {done} of {wanted}'
        assert done == {} or is_unknown(answer), f'{answer}, and it was done'
        w.refused += 1
    # FTS5 may say once more that it failed, and then forgets what it had read by halves
    for _ in range(2):
        again = w.ask(me, method, path, **more)
        if again.status != 503:
            break
    if done == {} and wanted != {} or 'Idempotency-Key' in (more.get('headers') or {}):
        assert again.status == status, f'{answer}, then {again}'
    assert again.status < 500, again
    # what was committed and could not be relied on was done; without a key it is done once more
    twice = answer.status != status and done == wanted and 'Idempotency-Key' not in (more.get('headers') or {})
    if method != 'PATCH' and request not in LOGINS and 'avatar' not in path and not twice:
        total = changed(before, w.stores.count(owner))
        assert total == wanted, f'{answer}, then {again}: {total}, not {wanted}'
    return failed > 0


def sweep(w, request, example, kinds, **how):
    rng = random.Random(f'{SEED} {request} {kinds} {how}')
    count, wanted, status = clean_run(w, request, example, kinds)
    for n in choose(rng, count):
        try:
            fail_once(w, request, example, wanted, status, kinds, first=n, **how)
        except BaseException:
            print(f'operation {n} of {count}; FAULTS_SEED={SEED}\n{w.desk.logs(1500)}')
            raise


@needs_library
@pytest.mark.parametrize('name, error, lasting', ERRORS, ids=[e[0] for e in ERRORS])
@pytest.mark.parametrize('request_, example', writes())
def test_each_change_of_the_disk_fails_in_turn(world, request_, example, name, error, lasting):
    sweep(world, request_, example, CHANGES, error=error, lasting=lasting)


@needs_library
@pytest.mark.parametrize('request_, example', writes())
def test_each_reading_of_the_disk_fails_in_turn(world, request_, example):
    sweep(world, request_, example, ('READ', 'SIZE'), error=errno.EIO)


@needs_library
@pytest.mark.parametrize('path', ['ticket/1', 'tickets/?content=printer', 'user/3', 'users/', 'posts/2/', 'departments/',
                                  'tickets/?sort=time_desc&per_page=50&include=users,posts'])
def test_each_reading_fails_in_turn_where_nothing_is_written(world, path):
    """A list that cannot be read says so; nothing that was half read is answered, or kept for later."""
    w, failed = world, 0
    w.stores.make_cold()
    with w.faults.armed('READ', 'SIZE'):
        right = w.client.request('GET', path, token=w.admin.token)
        count = w.faults.seen
    expect(right, 200)
    for n in range(1, count + 1):
        w.stores.make_cold()
        with w.faults.armed('READ', 'SIZE', first=n):
            answer = w.client.request('GET', path, token=w.admin.token)
        failed += w.faults.failed
        if answer.status != 503:
            assert answer.json()['_meta' if 'items' in right.json() else 'id'] and answer.status == 200, answer
        else:
            assert SAYS_SO in answer.json()['message'] and answer.header('Retry-After'), answer
        after = w.client.request('GET', path, token=w.admin.token)
        assert (after.status, after.body) == (200, right.body), f'operation {n}: {after}'
    assert failed > 0


# --- under load ------------------------------------------------------------------------------------------------

def upload(ticket, content):
    """Without a ticket it is staged."""
    place = f'--x\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n{ticket}\r\n' if ticket else ''
    body = (f'{place}--x\r\n'
            'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
            f'{content}\r\n--x--\r\n')
    return {'body': body.encode(), 'type': 'multipart/form-data; boundary=x'}


class Load:
    """Clients that write whatever is answered, and clients that read; what was refused is sent again in the end."""

    def __init__(self, desk, writers=3, readers=2):
        self.desk, self.token = desk, desk.admin().token
        self.written, self.refused, self.wrong = [], [], []
        self.reads = 0
        self.is_patient = False     # processes are killed as well
        self.ending, self.going = threading.Event(), threading.Event()
        self.going.set()
        self.sending = [threading.Lock() for _ in range(writers)]
        self.threads = [threading.Thread(target=self._guard, args=(self._write, i)) for i in range(writers)]
        self.threads += [threading.Thread(target=self._guard, args=(self._read, i)) for i in range(readers)]

    def _guard(self, work, number):
        try:
            with Client(self.desk.port, self.token) as c:
                work(c, number)
        except BaseException as e:
            self.wrong.append(f'{type(e).__name__}: {e}')

    def _write(self, c, number):
        for n in itertools.count():
            if self.ending.is_set():
                return
            name = f'{number} {n}'
            what = [('tickets', {'json': {**TICKET, 'title': f'title {name}'}}),
                    ('posts', {'json': {'ticket_id': 1, 'content': f'reply {name}'}}),
                    ('uploads', upload(1, f'file {name} ' * 1000)),
                    ('departments', {'json': {'department': f'department {name}'}})][n % 4]
            self.going.wait()
            with self.sending[number]:
                self._send(c, f'key {name}', *what)
                if n % 4 == 1:
                    self._reply_with_file(c, name)

    def _reply_with_file(self, c, name):
        staged = self._send(c, f'key of file {name}', 'uploads', upload(None, f'staged {name} ' * 1000))
        if staged:
            self._send(c, f'key with file {name}', 'posts', {'json': {
                'ticket_id': 1, 'content': f'reply {name} with a file', 'upload_ids': [staged['id']]}})

    def _send(self, c, key, path, request):
        answer = c.request('POST', path, headers={'Idempotency-Key': key}, **request)
        if answer.status == 201:
            self.written.append((time.monotonic(), path, answer.json(), request))
            return answer.json()
        assert answer.status in (503, 507) and answer.header('Retry-After'), answer
        # or the disk took so long that the gateway did not wait for it
        assert self.is_patient or SAYS_SO in answer.json()['message'] or LATE in answer.json()['message'], answer
        self.refused.append((time.monotonic(), key, path, request))

    def _read(self, c, number):
        paths = itertools.cycle(['ticket/1', 'tickets/?content=title', 'user/1', 'posts/1/', 'departments/', 'uploads/'])
        while not self.ending.is_set():
            answer = c.get(next(paths))
            assert answer.status == 200 or self.is_patient and answer.status == 503, answer
            self.reads += answer.status == 200

    def __enter__(self):
        expect(self.desk.client(self.token).post('tickets', TICKET), 201)
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.going.set()
        for t in self.threads:
            t.join()

    @contextmanager
    def nobody_writing(self):
        """Whatever was sent is answered, and what follows from it done."""
        self.going.clear()
        with ExitStack() as answered:
            for lock in self.sending:
                answered.enter_context(lock)
            stores = Stores(self.desk.data)
            try:
                stores.wait_quiet()
            finally:
                stores.close()
            yield
        self.going.set()

    def figures(self):
        return {'writes': len(self.written), 'refused': len(self.refused), 'reads': self.reads}

    def go_on(self, what, count=20, within=20):
        """Wait until more of them are written or refused."""
        want = len(what) + count
        wait_until(lambda: len(what) >= want or self.wrong, within, 'more answers of that kind')
        assert self.wrong == [], self.wrong[0]

    def go_on_reading(self, count=50):
        want = self.reads + count
        wait_until(lambda: self.reads >= want or self.wrong, 20, 'reads go on')
        assert self.wrong == [], self.wrong[0]

    def _is_there(self, c, path, made, request):
        answer = c.get(f'{path.rstrip("s")}/{made["id"]}')
        if answer.status != 200:
            return False
        sent = request.get('json', {})
        if path != 'uploads':
            # a number that was lost may have been given once more
            return (all(answer.json()[m] == sent[m] for m in ('title', 'content', 'department') if m in sent)
                    and all(c.get(f'upload/{id}').json()['post_id'] == made['id'] for id in sent.get('upload_ids', [])))
        content = request['body'].rpartition(b'\r\n\r\n')[2].removesuffix(b'\r\n--x--\r\n')
        return c.get(self.desk.path_of(made['image'])).body == content

    def _check_once(self, missing):
        """Each is there once; what `missing` has is not."""
        stores = Stores(self.desk.data)
        try:
            stores.wait_quiet()
            for service, table, member, word in (('ticket', 'tickets', 'title', 'title '), ('post', 'posts', 'content', 'reply '),
                                                 ('lookup', 'departments', 'department', 'department ')):
                found = [text for text, in stores.dbs[service].execute(
                    f'SELECT {member} FROM {table} WHERE {member} LIKE ?', (f'{word}%',))]
                sent = [r['json'][member] for _, path, _, r in self.written if path == table]
                lost = [r['json'][member] for _, path, _, r in missing if path == table]
                assert sorted(found + lost) == sorted(sent)
        finally:
            stores.close()

    def check(self, doubtful=math.inf):
        """What was acknowledged is there as it was sent, what was refused is after it was sent again; all once. What was
        acknowledged later than `doubtful` and is not there is returned."""
        assert self.wrong == [], self.wrong[0]
        with Client(self.desk.port, self.token) as c:
            missing = [w for w in self.written if not self._is_there(c, *w[1:])]
            assert [w for w in missing if w[0] < doubtful] == []
            refused, self.refused = self.refused, []
            for _, *request in refused:
                self._send(c, *request)
            assert self.refused == []
            assert all(self._is_there(c, *w[1:]) for w in self.written if w not in missing)
        self._check_once(missing)
        if doubtful == math.inf:
            verify(self.desk.data)
        return missing


@pytest.fixture
def faulty(tmp_path, desks):
    """A new desk on a disk that fails when it is told to."""
    faults = Faults(tmp_path / 'control')
    desk = desks('new', FLICKET_EVENT_WAIT_MS=250, **SHIPPED, **faults.settings)
    yield desk, faults
    faults.clear()
    faults.close()


@needs_library
@pytest.mark.parametrize('error', [errno.EROFS, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EIO],
                         ids=lambda e: errno.errorcode[e])
def test_reads_go_on_while_nothing_can_be_written_and_then_writes_do(faulty, error):
    desk, faults = faulty
    with Load(desk) as load:
        for _ in range(3):
            load.go_on(load.written)
            with faults.armed(*CHANGES, first=1, lasting=True, error=error):
                load.go_on(load.refused)
                load.go_on_reading()
    load.check()


@needs_library
def test_a_store_that_cannot_be_opened_for_files_is_opened_later(faulty):
    """Uploads are looked after by a thread that opens the store when there is work."""
    desk, faults = faulty
    c = desk.admin()
    ticket = expect(c.post('tickets', TICKET), 201)['id']
    with faults.armed('OPEN', 'SHM', one_in=1, where='post.db'):
        c.request('POST', 'uploads', **upload(ticket, 'a text'))
        log = desk.processes['post'].log
        wait_until(lambda: 'post.db: unable to open' in log.read_text() or not desk.processes['post'].is_running(), 10,
                   'the store cannot be opened')
        desk.check_running()
    c = desk.admin()
    wait_until(lambda: c.request('POST', 'uploads', **upload(ticket, 'another')).status == 201, 10, 'it works again')
    desk.check_running()


@needs_library
def test_a_commit_that_may_be_lost_is_not_told_as_done(faulty):
    """A file system that takes no writes any more may have told a sync under way that it is done (docs/reliability.md)."""
    desk, faults = faulty
    c, key = desk.admin(), {'Idempotency-Key': 'key'}
    with faults.armed('WRITE', first=1, lasting=True, error=errno.EROFS, where='/lock'):
        for _ in range(2):      # the second time it would only be looked up
            answer = c.request('POST', 'tickets', headers=key, json=TICKET)
            assert answer.status == 503 and is_unknown(answer) and answer.header('Retry-After'), answer
    made = expect(c.request('POST', 'tickets', headers=key, json=TICKET), 201)
    assert [t['id'] for t in c.get('tickets/').json()['items']] == [made['id']]
    desk.check_running()


@needs_library
def test_a_commit_whose_sync_fails_is_in_doubt(faulty):
    """It is in the log: if the service ended here, the next start would find it."""
    desk, faults = faulty
    c, key = desk.admin(), {'Idempotency-Key': 'in doubt'}
    with faults.armed('SYNC', first=1, lasting=True, where='ticket.db-wal'):
        answer = c.request('POST', 'tickets', headers=key, json=TICKET)
    assert answer.status == 503 and is_unknown(answer) and answer.header('Retry-After'), answer
    assert c.get('tickets/').json()['_meta']['total_items'] == 0
    made = expect(c.request('POST', 'tickets', headers=key, json=TICKET), 201)
    assert [t['id'] for t in c.get('tickets/').json()['items']] == [made['id']]
    desk.check_running()


@needs_library
def test_faults_by_chance_under_load(faulty):
    desk, faults = faulty
    failed = 0
    with Load(desk) as load:
        for i in range(60 if IS_FULL else 4):
            with faults.armed(*CHANGES, one_in=random.choice((3, 30, 300)), error=random.choice((errno.EIO, errno.ENOSPC)),
                              seed=SEED + i):
                time.sleep(0.5)
                failed += faults.failed
            load.go_on(load.written)
    load.check()
    report('faults by chance under load', {'faults': failed, **load.figures()})
    assert failed > 0


# --- real file systems ------------------------------------------------------------------------------------------

def mounted(folder, *args):
    if os.geteuid() != 0 or subprocess.run(['mount', *args, folder], capture_output=True).returncode != 0:
        pytest.skip('no file system can be mounted here')


@pytest.fixture
def small(tmp_path):
    """A file system of 24 MB."""
    folder = tmp_path / 'small'
    folder.mkdir()
    mounted(folder, '-t', 'tmpfs', '-o', 'size=24m', 'none')
    yield folder
    subprocess.run(['umount', '-l', folder], check=True)


@pytest.fixture
def desk_on(tmp_path):
    """Make a new desk whose data are in a folder that is there."""
    made = []

    def make(data):
        desk = Desk(tmp_path / 'desk', 'new', FLICKET_EVENT_WAIT_MS=250, FLICKET_DATA=data)
        desk.data = data
        made.append(desk)
        return desk.start()

    yield make
    for desk in made:
        desk.kill_everything()


def fill(path):
    """Take all the room there is."""
    with open(path, 'wb', buffering=0) as f:
        try:
            while True:
                f.write(bytes(1 << 16))
        except OSError as e:
            assert e.errno == errno.ENOSPC
        try:
            while True:
                f.write(b'x')
        except OSError as e:
            assert e.errno == errno.ENOSPC


def test_a_file_system_that_fills_and_is_emptied_under_load(small, desk_on):
    desk = desk_on(small / 'data')
    with Load(desk) as load:
        for _ in range(10 if IS_FULL else 3):
            load.go_on(load.written)
            fill(small / 'ballast')
            load.go_on(load.refused)
            load.go_on_reading()
            (small / 'ballast').unlink()
            load.go_on(load.written)
    load.check()
    desk.check_running()
    desk.stop()
    check_integrity(desk.data)


class Disk:
    """An ext4 in a file, mounted at `folder`."""

    def __init__(self, folder):
        self.image, self.folder = folder / 'image', folder / 'disk'
        self.folder.mkdir(parents=True)
        with open(self.image, 'wb') as f:
            f.truncate(64 << 20)
        try:
            subprocess.run(['mkfs.ext4', '-q', self.image], check=True, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip('no ext4 can be made here')
        mounted(self.folder, '-o', 'loop', self.image)

    def abort(self):
        """As the kernel does after errors of the disk: no writes until it is mounted again."""
        if subprocess.run(['mount', '-o', 'remount,abort', self.folder], capture_output=True).returncode != 0:
            pytest.skip('this kernel does not turn a file system read-only')

    def mount_again(self):
        subprocess.run(['umount', self.folder], check=True)
        mounted(self.folder, '-o', 'loop', self.image)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(['umount', '-l', self.folder])
        self.image.unlink()


def test_a_file_system_turns_read_only_between_writes(tmp_path, desk_on):
    with Disk(tmp_path / 'ext4') as disk:
        desk = desk_on(disk.folder / 'data')
        with Load(desk) as load:
            load.go_on(load.written)
            with load.nobody_writing():
                disk.abort()
                before = len(load.written)
            load.go_on(load.refused)
            load.go_on_reading()
        assert load.wrong == [] and len(load.written) == before
        desk.check_running()
        desk.kill_everything()
        disk.mount_again()
        check_integrity(desk.data)
        desk.start()
        load.check()
        desk.stop()


class Appender(threading.Thread):
    """What the kernel promises: blocks that it says are synced, with nothing of ours in between."""

    def __init__(self, path):
        super().__init__()
        self.path, self.synced = path, 0

    def run(self):
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
        try:
            while True:
                os.pwrite(fd, struct.pack('q', self.synced + 1) * 512, self.synced * 4096)
                os.fdatasync(fd)
                self.synced += 1
        except OSError:
            os.close(fd)

    def lost(self):
        """After it was mounted again."""
        whole = self.path.read_bytes()
        return sum(whole[n * 4096:n * 4096 + 8] != struct.pack('q', n + 1) for n in range(self.synced))


@pytest.mark.skipif(not IS_FULL, reason='FAULTS_FULL=1: what is acknowledged in the instant may be lost by the kernel')
def test_a_file_system_turns_read_only_under_load(tmp_path, desk_on):
    """An ext4 that gives up its journal tells some of those who wait for a sync that it is done, and drops it. What was
    acknowledged before is there; the rest is counted, beside what the kernel alone loses so."""
    figures = dict.fromkeys(('file systems', 'acknowledged before', 'acknowledged meanwhile', 'lost of these',
                             'files of another program', 'that lost what was synced'), 0)
    for n in range(20):
        with Disk(tmp_path / f'ext4-{n}') as disk:
            desk = desk_on(disk.folder / 'data')
            others = [Appender(disk.folder / f'other{i}') for i in range(2)]
            with Load(desk) as load:
                load.go_on(load.written)
                for other in others:
                    other.start()
                load.go_on(load.written, random.randrange(1, 40))
                began = time.monotonic()
                disk.abort()
                load.go_on(load.refused)
                load.go_on_reading()
            for other in others:
                other.join()
            desk.check_running()
            desk.kill_everything()
            meanwhile = sum(at >= began for at, *_ in load.written)
            disk.mount_again()
            check_integrity(desk.data)
            desk.start()
            lost = load.check(doubtful=began)
            desk.stop()
            for name, value in zip(figures, (1, len(load.written) - meanwhile, meanwhile, len(lost), len(others),
                                             sum(other.lost() > 0 for other in others))):
                figures[name] += value
    report('ext4 that gives up its journal under load', figures)


@pytest.mark.parametrize('killed', [False, True], ids=['stopped', 'killed'])
def test_a_desk_is_started_on_a_read_only_file_system(desks, killed):
    """It reads, and says why it does not write; once it may, it does, without a restart."""
    desk = desks('imported')
    c, key = desk.client(), {'Idempotency-Key': 'key'}
    made = expect(c.post('tickets', TICKET), 201)['id']
    for name in list(desk.processes):
        if killed:
            desk.kill(name)
        else:
            desk.processes[name].terminate()
    stores = desk.data / 'stores'
    mounted(stores, '--bind', stores)
    try:
        mounted(stores, '-o', 'remount,ro,bind')
        desk.start()
        c = desk.client()
        for path in (f'ticket/{made}', 'tickets/?content=content', 'user/1', 'posts/2/', 'departments/', 'uploads/'):
            expect(c.get(path), 200)
        for path, request in (('tickets', {'json': TICKET}), ('posts', {'json': {'ticket_id': 1, 'content': 'a reply'}}),
                              ('departments', {'json': {'department': 'another'}}), ('uploads', upload(1, 'text')),
                              ('groups', {'json': {'group_name': 'another'}})):
            answer = c.request('POST', path, headers=key, **request)
            assert answer.status == 503 and SAYS_SO in answer.json()['message'], answer
            assert answer.header('Retry-After')
        for service in SERVICES:
            assert f'store {service} can be read only' in desk.processes[service].log.read_text()
        mounted(stores, '-o', 'remount,rw,bind')
        wait_until(lambda: c.request('POST', 'tickets', headers=key, json=TICKET).status == 201, 5, 'it writes')
        for path, request in (('departments', {'json': {'department': 'another'}}), ('uploads', upload(1, 'text')),
                              ('groups', {'json': {'group_name': 'another'}})):
            wait_until(lambda p=path, r=request: c.request('POST', p, headers=key, **r).status == 201, 5, 'it writes')
        again = expect(c.request('POST', 'tickets', headers=key, json=TICKET), 201)['id']
        assert again == made + 1 and expect(c.get(f'ticket/{again}'), 200)['title'] == TICKET['title']
        verify(desk.data)
        desk.check_running()
        desk.stop()
        check_integrity(desk.data)
    finally:
        desk.kill_everything()
        subprocess.run(['umount', '-l', stores])


PASSWORD_HASH, PASSWORD, TICKET_LIST, CONTENT = 24, 37, 31, 31
FLOODS = {                      # what is asked for, so many at a time, and what is to be written
    'ticket': (lambda i: (TICKET_LIST, {PAGE: 1, PER_PAGE: 1, CONTENT: f'"a {i}" a*'}), 3000,
               ('tickets', {'json': TICKET})),
    'user': (lambda i: (PASSWORD_HASH, {PASSWORD: f'Password{i}'}), 20, ('groups', {'json': {'group_name': 'another'}}))}


@pytest.mark.parametrize('service', FLOODS)
def test_a_flood_does_not_keep_a_store_read_only(desks, service):
    """All the time there is something for the lanes that read: they open the store anew all the same."""
    desk = desks('imported', start=False, FLICKET_BCRYPT_COST=8)
    stores = desk.data / 'stores'
    make, many, (path, body) = FLOODS[service]
    numbers = itertools.count(FIRST_ID)
    waiting = set()
    mounted(stores, '--bind', stores)
    try:
        mounted(stores, '-o', 'remount,ro,bind')
        desk.start()
        c = desk.client()
        with closing(Peer(desk, service)) as peer:
            def keep_busy():
                while waiting and (peer.waiting or peer.sock.poll(0)):
                    waiting.remove(peer.receive()[1])
                more = {next(numbers) for _ in range(many - len(waiting))}
                waiting.update(more)
                peer.send(b''.join(test_wire.request(*make(i - FIRST_ID), number=i) for i in more))

            def is_written():
                keep_busy()
                return c.request('POST', path, **body).status == 201

            keep_busy()
            assert not is_written()
            mounted(stores, '-o', 'remount,rw,bind')
            wait_until(is_written, 20, 'it writes')
            for _ in waiting:       # what waited meanwhile is done
                peer.receive()
        desk.stop()
    finally:
        desk.kill_everything()
        subprocess.run(['umount', '-l', stores])
