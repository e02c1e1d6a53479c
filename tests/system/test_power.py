"""Power failures: everything is killed at one moment, and of what was not synced some is lost. What was acknowledged is
there, what was not is there whole or not at all, and sent again it is there once.

Three failures in the suite; with FAULTS_FULL=1 sixty. FAULTS_SEED repeats a choice, but not the moments.
"""
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from desk import ADMIN_PASSWORD, Desk, environment, run_program, wait_until
from disk import IS_FULL, POWER_FAILS, SEED, Faults, Undo, check_integrity, needs_library, report
from test_permissions import PICTURE
from test_session import cookie_of
from wire import Client, NoAnswer, expect, insist

pytestmark = needs_library
FAILURES = 60 if IS_FULL else 3
SHARES = (1.0, 0.5, 0.9, 0.1)       # of what was not synced, that is lost

WRITE = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode = WAL'); db.execute('PRAGMA synchronous = ' + sys.argv[2])
db.execute('CREATE TABLE t (n)'); db.execute('INSERT INTO t VALUES (1)')
print('done', flush=True); time.sleep(60)
"""


@pytest.mark.parametrize('synchronous, is_there', [('OFF', False), ('FULL', True)])
def test_what_is_not_synced_is_lost_here(tmp_path, synchronous, is_there):
    """That the tests below see a loss if there is one."""
    data = tmp_path / 'data'
    data.mkdir()
    undo = Undo(tmp_path / 'undo', data)
    writer = subprocess.Popen([sys.executable, '-c', WRITE, data / 'x.db', synchronous], stdout=subprocess.PIPE,
                              env=environment(**undo.settings))
    assert writer.stdout.readline() == b'done\n'
    writer.kill()
    writer.wait()
    undo.drop(random.Random(0), 1)
    with closing(sqlite3.connect(data / 'x.db')) as db:
        found = db.execute('SELECT name FROM sqlite_schema').fetchall() and db.execute('SELECT * FROM t').fetchall()
    assert found == ([(1,)] if is_there else [])


def upload(ticket, content):
    """Without a ticket it is staged."""
    place = f'--x\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n{ticket}\r\n' if ticket else ''
    body = (f'{place}--x\r\n'
            'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
            f'{content}\r\n--x--\r\n')
    return {'body': body.encode(), 'type': 'multipart/form-data; boundary=x'}


class Writer:
    """A client that writes until nobody answers, with a journal of what it sent and what was answered."""

    def __init__(self, desk, token, number):
        self.desk, self.token, self.number = desk, token, number
        self.journal = []       # [key, method, path, request, answer or None]
        self.ticket = self.view = None
        self.thread = threading.Thread(target=self._run)

    def _send(self, method, path, **request):
        key = f'{self.number} {len(self.journal)}'
        entry = [key, method, path, request, None]
        self.journal.append(entry)
        with Client(self.desk.port, self.token) as c:
            answer = c.request(method, path, headers={'Idempotency-Key': key}, **request)
        assert answer.status in (200, 201, 204, 503), answer
        if answer.status == 503:
            raise NoAnswer('it goes down')
        entry[4] = answer
        return answer

    def _run(self):
        n = 0
        try:
            while True:
                n += 1
                name = f'{self.number} {n}'
                self.ticket = self._send('POST', 'tickets', json={
                    'title': f'title {name}', 'content': 'words ' * random.randrange(1, 800), 'category_id': 1,
                    'ticket_priority_id': 1}).json()['id']
                self._send('POST', 'posts', json={'ticket_id': self.ticket, 'content': f'reply {name}', 'hours': 1})
                self._send('POST', 'uploads', **upload(self.ticket, f'file {name} ' * random.randrange(1, 5000)))
                self._send('POST', f'ticket/{self.ticket}/claim', json={})
                self._send('POST', 'departments', json={'department': f'department {name}'})
                self._send('POST', 'users', json={
                    'username': f'user{self.number}x{n}', 'name': f'User {name}', 'password': 'Password1',
                    'email': f'u{self.number}x{n}@example.org'})
                self._send('PUT', 'user/me/avatar', body=PICTURE, type='image/png')
                self._use_console(name)
        except (NoAnswer, OSError):
            pass


    def _use_console(self, name):
        """A login, a view in the place of the one before, files that a reply and a ticket claim, what was seen."""
        self._send('POST', 'session', json={'username': 'admin', 'password': ADMIN_PASSWORD})
        if self.view:
            self._send('DELETE', f'view/{self.view}')
        self.view = self._send('POST', 'views', json={'name': f'view {name}', 'query': 'status=Open'}).json()['id']
        files = [self._send('POST', 'uploads', **upload(None, f'staged {name} ' * random.randrange(1, 5000))).json()['id']
                 for _ in range(2)]
        post = self._send('POST', 'posts', json={'ticket_id': self.ticket, 'content': f'a file {name}',
                                                 'upload_ids': files[:1]}).json()['id']
        self._send('POST', 'tickets', json={'title': f'with a file {name}', 'content': 'words', 'category_id': 1,
                                            'ticket_priority_id': 1, 'upload_ids': files[1:]})
        # as if more had come meanwhile: their own reply is seen anyway
        self._send('PUT', f'ticket/{self.ticket}/seen', json={'post_id': post + 100})


def look_at_session(desk, answer):
    """The token of an acknowledged login counts."""
    if answer is not None:
        name, value, _ = cookie_of(answer)
        with Client(desk.port) as window:
            got = insist(lambda: window.get('session', headers={'Cookie': f'{name}={value}', 'Sec-Fetch-Site': 'same-origin'}))
            assert expect(got, 200)['user']['username'] == 'admin'


def look_at_view(c, journal, entry):
    """A view is there if its end was not asked for, and not if that was acknowledged; then it goes."""
    key, _, path, request, answer = entry
    made = answer.json() if answer is not None else expect(insist(lambda: c.request(
        'POST', path, headers={'Idempotency-Key': key}, **request)), 201)
    ends = [e for e in journal if e[1] == 'DELETE' and e[2] == f'view/{made["id"]}']
    got = insist(lambda: c.get(f'view/{made["id"]}'))
    assert got.status == 200 or ends, f'{entry[:3]}: {got}'
    assert got.status == 404 or not any(e[4] is not None for e in ends), f'{entry[:3]}: it was deleted'
    if got.status == 200:
        assert got.json()['name'] == made['name'] and got.json()['query'] == 'status=Open'
        expect(insist(lambda: c.request('DELETE', f'view/{made["id"]}')), 204)


def look_at_seen(desk, path, post):
    ticket = int(path.split('/')[1])
    with closing(sqlite3.connect(desk.data / 'stores' / 'ticket' / 'ticket.db', timeout=20)) as db:
        up_to, = db.execute('SELECT max(ifnull((SELECT post_id FROM seen WHERE user_id = 1 AND ticket_id = :t), -1), ifnull((SELECT '
                            'post_id FROM seen_marks WHERE user_id = 1 AND ticket_id >= :t), -1))', {'t': ticket}).fetchone()
    assert up_to >= post, f'{path}: {up_to}, not {post}'


def look_at_claims(c, path, made, ids):
    at = 'post_id' if path == 'posts' else 'topic_id'
    for id in ids:
        wait_until(lambda i=id: expect(insist(lambda: c.get(f'upload/{i}')), 200)[at] == made['id'], 20, f'{id} is attached')


def look(desk, c, journal, entry):
    """What was acknowledged is there, and the same request is answered as it was."""
    key, method, path, request, answer = entry
    def get(path):
        return insist(lambda: c.get(path))

    if path == 'session':
        return look_at_session(desk, answer)
    if path == 'views':
        return look_at_view(c, journal, entry)
    if method == 'DELETE':
        return None                             # of a view
    if path.endswith('/seen'):
        return look_at_seen(desk, path, request['json']['post_id']) if answer is not None else None
    again = insist(lambda: c.request(method, path, headers={'Idempotency-Key': key}, **request))
    if method == 'PUT':
        again = expect(again, 200)
        assert get('/' + desk.path_of(again['avatar']).lstrip('/')).body[:8] == PICTURE[:8]
        return None
    assert again.status in (200, 201), f'{entry[:3]}: {again}'
    if answer is not None:
        assert (again.status, again.body) == (answer.status, answer.body), f'{entry[:3]}: {answer}, then {again}'
    made = again.json()
    if path in ('tickets', 'posts', 'departments', 'users'):
        kind = path.rstrip('s')
        got = expect(get(f'{kind}/{made["id"]}'), 200)
        same = {'tickets': ('title', 'content'), 'posts': ('content', 'ticket_id'), 'departments': ('department',),
                'users': ('username', 'email')}[path]
        assert {k: got[k] for k in same} == {k: request['json'][k] for k in same}
        look_at_claims(c, path, made, request['json'].get('upload_ids', []))
    elif path == 'uploads':
        sent = request['body'].rpartition(b'\r\n\r\n')[2].removesuffix(b'\r\n--x--\r\n')
        assert get(desk.path_of(made['image'])).body == sent
    return None


def let_go_of_files(desk, c):
    """Those that nothing has claimed: a user may have only so many."""
    with closing(sqlite3.connect(desk.data / 'stores' / 'post' / 'post.db', timeout=20)) as db:
        staged = [id for id, in db.execute('SELECT id FROM uploads WHERE staged_at IS NOT NULL')]
    for id in staged:
        expect(insist(lambda i=id: c.request('DELETE', f'upload/{i}')), 204)


def fail_power(desk, undo, writers, rng, share):
    for p in desk.processes.values():
        p.ended_by_test = True
        p.popen.kill()
    for p in desk.processes.values():
        p.popen.wait(10)
    for w in writers:
        w.thread.join()
    return undo.drop(rng, share)


def test_power_failures_lose_nothing_that_was_acknowledged(tmp_path):
    rng = random.Random(SEED)
    desk = Desk(tmp_path, 'new')
    undo = Undo(tmp_path / 'undo', desk.data)
    desk.settings.update(undo.settings)
    kept = unknown = dropped = 0
    token = None
    try:
        for failure in range(FAILURES):
            desk.start()
            if token is None:
                token = desk.admin().token
            writers = [Writer(desk, token, f'{failure}{i}') for i in range(3)]
            for w in writers:
                w.thread.start()
            time.sleep(rng.uniform(0.3, 2.0))
            dropped += fail_power(desk, undo, writers, rng, SHARES[failure % len(SHARES)])
            check_integrity(desk.data)
            desk.start()
            with Client(desk.port, token) as c:
                for journal, entry in ((w.journal, e) for w in writers for e in w.journal):
                    look(desk, c, journal, entry)
                    kept += entry[4] is not None
                    unknown += entry[4] is None
                let_go_of_files(desk, c)
            for name in list(desk.processes):
                desk.processes[name].terminate()
            done = run_program('flicketctl', 'verify', '--json', '--data', str(desk.data))
            assert json.loads(done.stdout)['findings'] == [], done.stdout
            check_integrity(desk.data)
        report('power failures', {'failures': FAILURES, 'sectors and names lost': dropped, 'acknowledged writes': kept,
                                  'unknown ones': unknown})
    finally:
        desk.kill_everything()
    assert kept > FAILURES * 5 and dropped > 0


def test_a_new_desk_outlasts_a_power_failure_at_its_first_write(tmp_path):
    """Folders and the file with the password are on the disk as well as the stores are."""
    desk = Desk(tmp_path, 'new')
    undo = Undo(tmp_path / 'undo', desk.data.parent)
    del desk.settings['FLICKET_ADMIN_PASSWORD']
    desk.settings.update(undo.settings)
    try:
        desk.start()
        password = (desk.data / 'stores' / 'user' / 'admin-password').read_text().strip()
        with Client(desk.port) as c:
            token = c.log_in('admin', password).json()['token']
        desk.client(token).post('departments', {'department': 'the first one'})
        fail_power(desk, undo, [], random.Random(SEED), 1)
        assert (desk.data / 'stores' / 'user' / 'admin-password').read_text().strip() == password
        desk.start()
        names = [d['department'] for d in desk.client(token).get('departments/').json()['items']]
        assert 'the first one' in names
    finally:
        desk.kill_everything()


def test_a_picture_and_a_file_outlast_a_power_failure_right_after_their_answers(tmp_path):
    """The name of each in its folder, and that of the folder, which is made with the first, are on the disk."""
    desk = Desk(tmp_path, 'new', FLICKET_REQUEST_TIMEOUT_MS=60000, FLICKET_LOGIN_TIMEOUT_MS=60000)
    undo = Undo(tmp_path / 'undo', desk.data)
    desk.settings.update(undo.settings)
    try:
        desk.start()
        admin = desk.admin()
        department = expect(admin.post('departments', {'department': 'a department'}), 201)['id']
        category = expect(admin.post('categories', {'category': 'a category', 'department_id': department}), 201)['id']
        ticket = expect(admin.post('tickets', {'title': 'a title', 'content': 'a content', 'category_id': category,
                                               'ticket_priority_id': 1}), 201)['id']
        made = expect(admin.request('POST', 'uploads', **upload(ticket, 'a file')), 201)
        got = expect(admin.request('PUT', 'user/me/avatar', body=PICTURE, type='image/png'), 200)
        fail_power(desk, undo, [], random.Random(SEED), 1)
        desk.start()
        assert insist(lambda: admin.get(desk.path_of(made['image']))).body == b'a file'
        assert insist(lambda: admin.get(desk.path_of(got['avatar']))).body == PICTURE
    finally:
        desk.kill_everything()


@pytest.fixture
def data(imported_stores, tmp_path):
    """A desk that does not run, with a file and a picture that rows name."""
    data = tmp_path / 'data'
    shutil.copytree(imported_stores, data, ignore=shutil.ignore_patterns('*.sock'))
    for service, folder, names in (('post', 'files', "SELECT filename FROM uploads WHERE filename <> ''"),
                                   ('user', 'avatars', "SELECT avatar FROM users WHERE avatar <> ''")):
        with closing(sqlite3.connect(data / 'stores' / service / f'{service}.db')) as db:
            name, = db.execute(names).fetchone()
        (data / 'stores' / service / folder).mkdir(exist_ok=True)
        (data / 'stores' / service / folder / name).write_bytes(random.randbytes(100000))
    return data


@pytest.fixture
def runs(tmp_path):
    """runs(data, fails, ...): flicketctl runs to its end, or until it has given the folder that it made its name; then power
    fails for `data`. What was done to the names in that folder itself was written, if `fails`."""
    faults = Faults(tmp_path / 'control')

    def run(data, fails, *args):
        undo = Undo(tmp_path / 'undo', data)
        if fails:
            faults.arm('RENAME', first=1, lasting=True, error=POWER_FAILS)
        done = run_program('flicketctl', *map(str, args), **{**faults.settings, **undo.settings})
        faults.clear()
        assert done.returncode == (-signal.SIGKILL if fails else 0), done
        if fails:
            undo.keep_names(data)
        undo.drop(random.Random(SEED), 1)
    yield run
    faults.close()


def verified(*args):
    done = run_program('flicketctl', 'verify', '--json', *map(str, args))
    assert done.returncode == 0 and json.loads(done.stdout)['findings'] == [], done
    return True


at_its_name = pytest.mark.parametrize('fails', [True, False], ids=['at its name', 'after it'])


@at_its_name
def test_a_backup_is_whole_when_power_fails(data, runs, tmp_path, fails):
    disk = tmp_path / 'disk'
    disk.mkdir()
    runs(disk, fails, 'backup', disk / 'backup', '--data', data)
    assert verified(disk / 'backup')


@at_its_name
@pytest.mark.parametrize('before', [False, True], ids=['nothing was there', 'a desk was there'])
def test_a_restored_desk_is_whole_when_power_fails(data, runs, tmp_path, fails, before):
    backup, back = tmp_path / 'backup', tmp_path / 'back'
    assert run_program('flicketctl', 'backup', str(backup), '--data', str(data)).returncode == 0
    back.mkdir()
    if before:
        shutil.copytree(data / 'stores', back / 'stores')
    runs(back, fails, 'restore', backup, '--data', back, '--force')
    assert verified('--data', back)
    aside = [*back.glob('stores.before-*/user/user.db'), *back.glob('.restore-*/user/user.db')]
    assert len(aside) == before
    with closing(sqlite3.connect(back / 'stores' / 'user' / 'user.db')) as db:
        assert db.execute('SELECT count(*) FROM tokens').fetchone() == (0,), 'that of before'
