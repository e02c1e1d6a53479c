"""A disk that is full, or nearly so, is seen before anybody is refused; settings that can never work end the start."""
import contextlib
import json
import os
import subprocess

import pytest

from desk import BIN, environment, free_port, run_program, wait_until
from test_supervisor import Served

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root mounts file systems')


@pytest.fixture
def small(tmp_path):
    """A data folder on a disk of 64 MB."""
    folder = tmp_path / 'small'
    folder.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder], check=True)
    yield folder
    subprocess.run(['umount', '-l', folder], check=True)


def status(data, **settings):
    done = run_program('flicketctl', 'status', '--json', '--data', str(data), **settings)
    return done.returncode, json.loads(done.stdout)


def free_bytes(text):
    return int(text.partition('\nflicket_disk_free_bytes ')[2].split()[0])


@needs_root
def test_a_disk_without_room_is_told(desks, small):
    desk = desks('new', FLICKET_DATA=small / 'data', FLICKET_METRICS_LISTEN=f'127.0.0.1:{free_port()}')
    here = {'FLICKET_LISTEN': f'127.0.0.1:{desk.port}'}
    with desk.client() as c:
        assert c.get('/readyz').json()['disk'] == 'ok', 'most of a small disk is free'
        with open(small / 'most', 'wb') as f:
            os.posix_fallocate(f.fileno(), 0, os.statvfs(small).f_bavail * os.statvfs(small).f_frsize - (4 << 20))
        assert c.get('/readyz').json()['disk'] == 'nearly full'
        assert 0 < free_bytes(c.get('/metrics').body.decode()) < 6 << 20
        code, told = status(small / 'data', **here)
        assert code == 0 and told['status'] == 'up' and told['disk']['state'] == 'nearly full'
        with contextlib.suppress(OSError), open(small / 'filler', 'wb', buffering=0) as f:
            while True:
                f.write(bytes(1 << 16))
        answer = c.get('/readyz')
        assert answer.status == 200 and answer.json()['disk'] == 'full' and answer.json()['status'] == 'ready'
        assert free_bytes(c.get('/metrics').body.decode()) < 1 << 20
        code, told = status(small / 'data', **here)
        assert code == 1 and told['status'] == 'degraded' and told['disk']['state'] == 'full'
        assert 'The disk is full' in run_program('flicketctl', 'status', '--data', str(small / 'data'), **here).stdout
        (small / 'filler').unlink()
        assert status(small / 'data', **here)[1]['status'] == 'up'


def test_a_disk_with_room_is_ok(new):
    with new.client() as c:
        assert c.get('/readyz').json()['disk'] in ('ok', 'nearly full')


# --- settings that can never work

HOPELESS = {
    'an address of another machine': {'FLICKET_LISTEN': '192.0.2.1:5000'},
    'no such name': {'FLICKET_LISTEN': 'no-such-name.invalid:5000'},
    'an endpoint of another machine': {'FLICKET_USER_ENDPOINT': 'tcp://192.0.2.1:7000'},
    'an endpoint in no folder': {'FLICKET_LOOKUP_ENDPOINT': 'ipc://nowhere/lookup.sock'},
    'metrics of another machine': {'FLICKET_METRICS_LISTEN': '192.0.2.1:9101'},
    'no certificate': {'FLICKET_TLS_CERT': '/nonexistent/cert.pem', 'FLICKET_TLS_KEY': '/nonexistent/key.pem'},
    'what is no certificate': {'FLICKET_TLS_CERT': '/etc/passwd', 'FLICKET_TLS_KEY': '/etc/passwd'},
    'no keys': {'FLICKET_KEYS': '/nonexistent'},
    'a file as data folder': {'FLICKET_DATA': '/etc/passwd'},
    'a data folder that cannot be written': {'FLICKET_DATA': '/proc/self'},
}


@pytest.mark.parametrize('wrong', HOPELESS.values(), ids=HOPELESS)
def test_what_can_never_work_ends_the_start(tmp_path, wrong):
    settings = {'FLICKET_DATA': tmp_path / 'data', 'FLICKET_LISTEN': f'127.0.0.1:{free_port()}', **wrong}
    done = subprocess.run([BIN / 'flicketctl', 'serve'], env=environment(**settings), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 2, told
    assert 'starting it again' not in told and 'is ready' not in told, told
    assert any(str(value).split('://')[-1].split(':')[0] in told or name in told for name, value in wrong.items()), told


def test_an_address_in_use_tells_how_to_choose_another(tmp_path):
    (tmp_path / 'one').mkdir()
    first = Served(tmp_path / 'one')
    try:
        wait_until(lambda: 'is ready' in first.text(), 30, 'it is ready')
        done = run_program('flicketctl', 'serve', FLICKET_DATA=tmp_path / 'two', FLICKET_LISTEN=f'127.0.0.1:{first.port}')
        assert done.returncode == 1 and 'FLICKET_LISTEN=127.0.0.1:5001' in done.stderr, done.stderr
    finally:
        first.clean_up()
