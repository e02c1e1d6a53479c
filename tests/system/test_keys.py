"""Keys: with FLICKET_KEYS the processes know each other, and nobody else is let in."""
import os
import re
import shutil
import signal
import threading
import time

import msgpack
import pytest
import zmq

from desk import SERVICES, SLACK, START_SECONDS, Desk, run_program, wait_until
from wire import Client, NoAnswer, expect

PARTIES = (*SERVICES, 'gateway', 'ctl')
TALKS = {('gateway', s) for s in SERVICES} | {('ctl', s) for s in SERVICES} | {
    ('user', 'ticket'), ('ticket', 'user'), ('ticket', 'post'), ('post', 'ticket'), ('post', 'user'),
    ('lookup', 'ticket')} | {(s, s) for s in SERVICES}
PING = 1
SEEN_WITHIN = 2.0 + SLACK       # a change of the key files, by every process


def keys(*words, folder, **settings):
    done = run_program('flicketctl', 'keys', *words, str(folder), **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def public_keys(folder, name):
    return [bytes.fromhex(line.split()[2]) for line in (folder / 'public' / f'{name}.public').read_text().splitlines()]


def secret_key(folder, name):
    return bytes.fromhex((folder / name / 'secret').read_text().split()[2])


class Peer:
    """Somebody who connects to a service of a desk: with a pair of keys, or without any."""

    def __init__(self, desk, service, server_key=None, pair=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        if pair:
            self.socket.curve_serverkey = server_key
            self.socket.curve_publickey, self.socket.curve_secretkey = pair
        try:
            self.socket.connect(desk.address(f'ipc://run/{service}.sock'))
            self.is_in = self._ask(timeout=1000)
        finally:
            self.socket.close()
            self.context.term()

    def _ask(self, timeout):
        """Whether a PING is answered."""
        if not self.socket.poll(timeout, zmq.POLLOUT):
            return False
        self.socket.send(msgpack.packb([1, 7, PING, 0, 0, 0, '', {}]))
        if not self.socket.poll(timeout):
            return False
        answer = msgpack.unpackb(self.socket.recv(), strict_map_key=False)
        return answer[1] == 7 and answer[2] == 0


def as_party(desk, name, service):
    pair = public_keys(desk.keys, name)[0], secret_key(desk.keys, name)
    return Peer(desk, service, public_keys(desk.keys, service)[0], pair).is_in


def refusals(desk, name):
    return [line for line in (desk.folder / f'{name}.log').read_text().splitlines()
            if 'refused a connection' in line]


@pytest.fixture(scope='module')
def keyed(tmp_path_factory):
    """A new desk with keys that tests share; they only knock at it."""
    desk = Desk(tmp_path_factory.mktemp('keyed'), 'new', keys=True)
    try:
        desk.start()
        yield desk
        desk.stop()
    finally:
        desk.kill_everything()


# -- who is let in

def test_the_desk_works_with_keys(desks):
    desk = desks('imported', keys=True)
    with desk.client() as c:
        made = expect(c.post('tickets', {'title': 'With keys', 'content': 'All of it.', 'category_id': 1,
                                         'ticket_priority_id': 1}), 201)
        expect(c.post('posts', {'ticket_id': made['id'], 'content': 'A reply.'}), 201)
        assert expect(c.get(f'ticket/{made["id"]}'), 200)['title'] == 'With keys'
    for name in (*SERVICES, 'gateway'):
        log = (desk.folder / f'{name}.log').read_text()
        assert 'connections are encrypted' in log and not refusals(desk, name), log


@pytest.mark.parametrize('service', SERVICES)
def test_only_whom_the_table_names_is_let_in(keyed, service):
    for name in PARTIES:
        may = (name, service) in TALKS
        assert as_party(keyed, name, service) == may, f'{name} to {service}: let in: {not may}'
        if not may:
            wait_until(lambda: any(f'{name} may not talk to us' in line for line in refusals(keyed, service)) or
                       any('more connections were refused' in line for line in
                           (keyed.folder / f'{service}.log').read_text().splitlines()) or
                       len(refusals(keyed, service)) >= 5, 5, f'{service} says that it refused {name}')


def test_a_plain_peer_is_refused(desks):
    desk = desks('new', keys=True)
    assert not Peer(desk, 'lookup').is_in
    # of one that hung up at once nothing is known; it comes back
    lines = wait_until(lambda: [line for line in refusals(desk, 'lookup') if f'process {os.getpid()} of user' in line],
                       5, 'it is logged')
    assert 'not speak CURVE' in lines[0], lines


def test_a_key_that_is_nobodys_is_refused(desks):
    desk = desks('new', keys=True)
    public, secret = zmq.curve_keypair()
    assert not Peer(desk, 'lookup', public_keys(desk.keys, 'lookup')[0], (public, secret)).is_in
    lines = wait_until(lambda: refusals(desk, 'lookup'), 5, 'it is logged')
    assert 'its key is nobody\'s' in lines[0], lines


def test_a_peer_that_takes_the_service_for_another_is_refused(desks):
    desk = desks('new', keys=True)
    pair = public_keys(desk.keys, 'gateway')[0], secret_key(desk.keys, 'gateway')
    assert not Peer(desk, 'lookup', public_keys(desk.keys, 'user')[0], pair).is_in
    lines = wait_until(lambda: refusals(desk, 'lookup'), 5, 'it is logged')
    assert 'the key is another one than was expected' in lines[0], lines
    # It comes back many times a second, and a log is not filled by it.
    assert len(refusals(desk, 'lookup')) <= 5
    log = desk.folder / 'lookup.log'
    count = wait_until(lambda: re.search(r'(\d+) more connections were refused and not logged', log.read_text()),
                       10 + SEEN_WITHIN, 'how many there were is logged')
    assert int(count[1]) >= 1


def test_what_is_refused_holds_up_nobody(keyed):
    with keyed.admin() as c:
        for _ in range(3):
            assert not Peer(keyed, 'lookup').is_in
            expect(c.get('priorities/'), 200)


def test_a_gateway_without_keys_is_refused(desks):
    desk = desks('new', keys=True)
    port = desk.start_gateway('gateway-plain', FLICKET_KEYS='')
    wait_until(lambda: all(refusals(desk, s) for s in SERVICES), 5, 'every service refuses it')
    assert desk.readiness(port) == 503
    log = (desk.folder / 'gateway-plain.log').read_text()
    assert 'no connection to the lookup service' not in log or 'does not speak' in log
    assert desk.readiness() == 200


def test_a_gateway_with_another_desks_keys_is_refused(desks, tmp_path):
    desk = desks('new', keys=True)
    keys('make', folder=tmp_path / 'other')
    port = desk.start_gateway('gateway-other', FLICKET_KEYS=tmp_path / 'other')
    wait_until(lambda: all(refusals(desk, s) for s in SERVICES), 5, 'every service refuses it')
    assert desk.readiness(port) == 503


def test_no_key_is_logged(keyed):
    hexes = [secret_key(keyed.keys, name).hex() for name in PARTIES]
    for log in keyed.folder.glob('*.log'):
        text = log.read_text()
        assert not any(h[:12] in text for h in hexes), log


def test_a_service_that_died_is_there_again_with_keys(desks):
    desk = desks('new', keys=True)
    with desk.admin() as c:
        for name in SERVICES:
            desk.kill(name)
            wait_until(lambda: desk.readiness() == 503, 5, f'{name} is missed')
            desk.restart(name)
            start = time.monotonic()
            desk.wait_ready()
            assert time.monotonic() - start < 2.0 + SLACK, desk.logs()
            expect(c.get('tickets/'), 200)
    assert not any(refusals(desk, name) for name in SERVICES)


# -- files that are no keys

def spoil_mode(folder):
    (folder / 'lookup' / 'secret').chmod(0o644)


def spoil_missing(folder):
    (folder / 'public' / 'post.public').unlink()


def spoil_empty(folder):
    (folder / 'public' / 'user.public').write_text('')


def spoil_swapped(folder):
    shutil.copy(folder / 'user' / 'secret', folder / 'lookup' / 'secret')


def spoil_mismatch(folder):
    secret = folder / 'lookup' / 'secret'
    secret.write_text(secret.read_text()[:-6] + 'abcde\n')


def spoil_twins(folder):
    hexes = (folder / 'public' / 'user.public').read_text().split()[2]
    (folder / 'public' / 'post.public').write_text(f'flicket-curve-public post {hexes}\n')


def spoil_folder(folder):
    (folder / 'lookup' / 'secret').unlink()
    (folder / 'lookup' / 'secret').mkdir(mode=0o700)


@pytest.mark.parametrize('spoil, said', [
    (spoil_mode, 'chmod 600'), (spoil_missing, 'post.public: No such file'), (spoil_empty, 'it is empty'),
    (spoil_swapped, 'not of the party'), (spoil_mismatch, 'its public key is not in public/lookup.public'),
    (spoil_twins, 'user and post have the same key'), (spoil_folder, 'secret: ')])
def test_a_service_refuses_to_start_with_keys_that_are_wrong(tmp_path, spoil, said):
    folder = tmp_path / 'keys'
    keys('make', folder=folder)
    whole = secret_key(folder, 'lookup').hex()
    spoil(folder)
    done = run_program('flicket-lookup', timeout=20, FLICKET_DATA=tmp_path / 'data', FLICKET_KEYS=folder)
    assert done.returncode == 2 and not (tmp_path / 'data').exists(), done.stderr
    assert done.stderr.startswith('FLICKET_KEYS: ') and said in done.stderr, done.stderr
    assert whole not in done.stderr
    checked = run_program('flicketctl', 'keys', 'check', str(folder))
    assert checked.returncode == 1 and said in checked.stderr, checked.stderr


def test_a_folder_that_is_not_there_is_named(tmp_path):
    done = run_program('flicket-gateway', timeout=20, FLICKET_DATA=tmp_path / 'data',
                       FLICKET_KEYS=tmp_path / 'nowhere')
    assert done.returncode == 2 and f'{tmp_path}/nowhere/public/user.public' in done.stderr, done.stderr


# -- making and changing them

def test_make_makes_what_is_missing_and_leaves_the_rest(tmp_path):
    folder = tmp_path / 'keys'
    assert keys('make', '--service', 'ticket', folder=folder) == 'ticket: made\n'
    before = secret_key(folder, 'ticket')
    said = keys('make', folder=folder)
    assert 'ticket' not in said and all(f'{p}: made' in said for p in PARTIES if p != 'ticket')
    assert secret_key(folder, 'ticket') == before and keys('make', folder=folder) == ''
    for name in PARTIES:
        assert (folder / name / 'secret').stat().st_mode & 0o777 == 0o600
        assert (folder / name).stat().st_mode & 0o777 == 0o700
    assert len({secret_key(folder, name) for name in PARTIES}) == len(PARTIES)
    # The public part alone can be made anew; a secret that is lost is not made up.
    (folder / 'public' / 'post.public').unlink()
    assert keys('make', folder=folder) == 'post: made\n' and keys('check', folder=folder).count('fits') == 6
    (folder / 'post' / 'secret').unlink()
    done = run_program('flicketctl', 'keys', 'make', str(folder))
    assert done.returncode == 1 and 'put that back' in done.stderr
    assert 'post     public key only' in keys('check', folder=folder)


def test_a_service_needs_no_more_than_its_own_secret(desks):
    desk = desks('new', start=False, keys=True)
    for name in (*SERVICES, 'gateway'):
        own = desk.folder / f'keys-{name}'
        own.mkdir()
        shutil.copytree(desk.keys / 'public', own / 'public')
        shutil.copytree(desk.keys / name, own / name)
    for name in SERVICES:
        desk.launch(name, f'flicket-{name}', FLICKET_KEYS=desk.folder / f'keys-{name}')
    desk.start_gateway(FLICKET_KEYS=desk.folder / 'keys-gateway')
    desk.wait_ready()


@pytest.mark.parametrize('words', [(), ('mke',), ('make', '--all'), ('rotate',), ('rotate', 'nobody', '/tmp/k'),
                                   ('show', '/tmp/a', '/tmp/b'), ('check',)])
def test_the_command_line_is_checked(words):
    done = run_program('flicketctl', 'keys', *words)
    assert done.returncode == 2 and 'flicketctl' in done.stderr and not done.stdout, done.stderr


class Load:
    """Somebody who reads all the time; every answer that is no 200 is kept."""

    def __init__(self, desk):
        self.token, self.port = desk.admin().token, desk.port
        self.failed, self.count, self.ended = [], 0, threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        with Client(self.port, self.token) as c:
            while not self.ended.is_set():
                for path in ('tickets/', 'users/', 'priorities/', 'uploads/'):
                    try:
                        answer = c.get(path)
                        if answer.status != 200:
                            self.failed.append((time.monotonic(), answer))
                    except (NoAnswer, OSError) as e:
                        self.failed.append((time.monotonic(), e))
                    self.count += 1

    def end(self):
        self.ended.set()
        self.thread.join()


def test_keys_are_rotated_under_load(desks):
    """All keys at once: not one read fails while they are made and known. Then every service is started anew,
    one after the other, and each is there again at once; then the old keys are refused."""
    desk = desks('new', keys=True)
    old = {name: (public_keys(desk.keys, name)[0], secret_key(desk.keys, name)) for name in PARTIES}
    load = Load(desk)
    try:
        keys('rotate', 'all', folder=desk.keys)
        for name in (*SERVICES, 'gateway'):
            wait_until(lambda n=name: (desk.folder / f'{n}.log').read_text().count('keys changed') >= 2,
                       SEEN_WITHIN + 5, f'{name} has read the new keys')
        time.sleep(0.5)         # and goes on working
        assert not load.failed and load.count > 100, load.failed[:3]
        for name in SERVICES:
            desk.processes[name].terminate()
            desk.restart(name)
            started = time.monotonic()
            desk.wait_ready()
            assert time.monotonic() - started < 3.0 + 2 * SLACK, f'{name} was reached late:\n{desk.logs()}'
        for name in PARTIES:
            assert len(public_keys(desk.keys, name)) == 2
        # A service that was told of the old key only is let in until that is retired.
        assert Peer(desk, 'lookup', public_keys(desk.keys, 'lookup')[0], old['ctl']).is_in
        keys('retire', 'all', folder=desk.keys)
        wait_until(lambda: not Peer(desk, 'lookup', public_keys(desk.keys, 'lookup')[0], old['ctl']).is_in,
                   SEEN_WITHIN + 5, 'the old key is refused')
        assert as_party(desk, 'ctl', 'lookup')
        before = len(load.failed)
        time.sleep(0.5)
        assert len(load.failed) == before, load.failed[-3:]
    finally:
        load.end()
    assert desk.readiness() == 200
    with desk.admin() as c:
        expect(c.post('departments', {'department': 'Made after it'}), 201)


def test_rotating_twice_wants_the_old_key_retired(tmp_path):
    folder = tmp_path / 'keys'
    keys('make', folder=folder)
    first = public_keys(folder, 'user')
    keys('rotate', 'user', folder=folder)
    now = public_keys(folder, 'user')
    assert len(now) == 2 and now[1] == first[0]
    for name in ('user', 'all'):
        before = {p: public_keys(folder, p) for p in PARTIES}
        done = run_program('flicketctl', 'keys', 'rotate', name, str(folder))
        assert done.returncode == 1 and 'keys retire user' in done.stderr, done.stderr
        assert {p: public_keys(folder, p) for p in PARTIES} == before
    keys('retire', 'user', folder=folder)
    assert public_keys(folder, 'user') == now[:1] and keys('check', folder=folder).count('fits') == 6
    shown = keys('show', folder=folder)
    assert re.search(rf'^user .* {now[0].hex()[:16]}$', shown, re.MULTILINE), shown


def test_keys_that_are_spoilt_later_change_nothing(desks):
    desk = desks('new', keys=True)
    public = desk.keys / 'public' / 'gateway.public'
    whole = public.read_text()
    public.write_text('flicket-curve-public gateway 00\n')
    for name in SERVICES:
        desk.processes[name].popen.send_signal(signal.SIGHUP)
    for name in (*SERVICES, 'gateway'):
        wait_until(lambda n=name: 'going on with the keys from before' in (desk.folder / f'{n}.log').read_text(),
                   SEEN_WITHIN, f'{name} says so')
    assert as_party(desk, 'ctl', 'lookup') and desk.readiness() == 200
    public.write_text(whole)
    wait_until(lambda: 'keys changed and were read' in (desk.folder / 'lookup.log').read_text(), SEEN_WITHIN,
               'it reads the keys that are right again')
    assert (desk.folder / 'lookup.log').read_text().count('going on with the keys') == 1
    wait_until(lambda: desk.readiness() == 200, START_SECONDS, 'the desk is ready')
