"""flicketctl knows a desk that runs by its data folder, and says what keeps it from talking to one."""
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios

import pytest

from desk import ADMIN_PASSWORD, BIN, START_SECONDS, environment, run_program, wait_until
from terminal import shown
from test_supervisor import Served
from test_tls import make_certificate


def ctl(*arguments, **settings):
    return run_program('flicketctl', *map(str, arguments), **settings)


def status(*arguments, **settings):
    done = ctl('status', '--json', *arguments, **settings)
    told = json.loads(done.stdout)
    return told['status'], told['gateway']['state'], {p['state'] for p in told['processes']}


@contextlib.contextmanager
def serving(folder, **settings):
    served = Served(folder, **settings)
    try:
        wait_until(lambda: 'is ready' in served.text() or served.popen.poll() is not None, START_SECONDS, 'it is ready')
        assert served.popen.poll() is None, served.text()
        yield served
    finally:
        served.clean_up()


@pytest.fixture(scope='module')
def secure(tmp_path_factory):
    """A desk with TLS, keys, and endpoints and a port of its own."""
    folder = tmp_path_factory.mktemp('secure')
    cert, key = make_certificate(folder, 'desk')
    assert ctl('keys', 'make', folder / 'keys').returncode == 0
    settings = {'FLICKET_TLS_CERT': cert, 'FLICKET_TLS_KEY': key, 'FLICKET_KEYS': folder / 'keys',
                'FLICKET_USER_ENDPOINT': 'ipc://run/people.sock', 'FLICKET_BASE_URL': 'https://desk.example.org'}
    with serving(folder, **settings) as served:
        served.given = settings
        yield served


def test_a_desk_is_known_without_its_settings(secure):
    assert status('--data', secure.data) == ('up', 'ready', {'up'})
    assert status(FLICKET_DATA=secure.data) == ('up', 'ready', {'up'})
    done = ctl('check', '--quick', '--data', secure.data)
    assert 'the gateway is ready at' in done.stdout and done.stdout.count('service answers at') == 4, done.stdout
    assert 'admin' in ctl('user', 'list', '--data', secure.data).stdout
    done = ctl('restart', 'lookup', 'gateway', '--data', secure.data)
    assert done.stdout == 'restarted: lookup, gateway; the desk is ready\n', done.stderr


def test_no_secret_is_kept(secure):
    kept = (secure.data / 'desk.json').read_text()
    told = json.loads(kept)['settings']
    assert ADMIN_PASSWORD not in kept and not any('PASSWORD' in name for name in told)
    assert {name: str(value) for name, value in secure.given.items()}.items() <= told.items()
    assert told['FLICKET_LISTEN'] == f'127.0.0.1:{secure.port}' and 'FLICKET_RATE_LIMIT' not in told


def test_what_the_environment_says_goes_first(secure):
    assert status(FLICKET_DATA=secure.data, FLICKET_LISTEN='127.0.0.1:1')[1] == 'down'
    assert 'down' in status(FLICKET_DATA=secure.data, FLICKET_USER_ENDPOINT='ipc://run/user.sock')[2]


@pytest.fixture
def unknown(secure):
    """The same, as if its settings had not been kept."""
    kept = secure.data / 'desk.json'
    kept.rename(secure.data / 'aside')
    yield secure
    (secure.data / 'aside').rename(kept)


def test_a_gateway_that_speaks_tls_is_not_down(unknown):
    here = {'FLICKET_DATA': unknown.data, 'FLICKET_KEYS': unknown.given['FLICKET_KEYS'],
            'FLICKET_USER_ENDPOINT': 'ipc://run/people.sock'}
    assert status(**here) == ('degraded', 'speaks TLS', {'up'})
    assert 'The gateway speaks TLS: set FLICKET_TLS_CERT' in ctl('status', **here).stdout
    assert 'speaks TLS: set FLICKET_TLS_CERT' in ctl('check', '--quick', **here).stdout


def test_services_that_refuse_a_key_are_not_down(unknown, tmp_path):
    here = {'FLICKET_DATA': unknown.data, 'FLICKET_USER_ENDPOINT': 'ipc://run/people.sock'}
    assert status(**here)[2] == {'refused: keys'}
    assert 'set FLICKET_KEYS' in ctl('status', **here).stdout
    assert 'refuses connections with our keys' in ctl('check', '--quick', **here).stdout
    ctl('keys', 'make', tmp_path / 'others')
    assert status(**here, FLICKET_KEYS=tmp_path / 'others')[2] == {'refused: keys'}
    assert 'down' in status(FLICKET_DATA=unknown.data)[2], 'nothing is at run/user.sock'


@pytest.mark.parametrize('kept', ['', '[]', '{"settings": 7}', '{"settings": {"FLICKET_LISTEN": 7, "FLICKET_X": "y"}}',
                                  '{"settings": {"FLICKET_LISTEN": "' + 'x' * 100000 + '"}}', 'a link', 'a pipe', 'of others'])
def test_a_file_that_is_not_the_desks_is_passed_over(unknown, kept):
    path, elsewhere = unknown.data / 'desk.json', unknown.data / 'aside'
    here = {'FLICKET_KEYS': unknown.given['FLICKET_KEYS'], 'FLICKET_DATA': unknown.data}
    if kept == 'a link':
        path.symlink_to(elsewhere)
    elif kept == 'a pipe':
        os.mkfifo(path)
    else:
        path.write_text(kept if kept != 'of others' else elsewhere.read_text())
        if kept == 'of others':
            path.chmod(0o666)
    try:
        assert status(**here)[1] == 'speaks TLS'
    finally:
        path.unlink()


def test_what_is_kept_ends_with_the_desk(tmp_path):
    with serving(tmp_path) as served:
        assert (served.data / 'desk.json').exists()
        served.popen.terminate()
        served.popen.wait(20)
        assert served.popen.returncode == 0 and not (served.data / 'desk.json').exists()
    (tmp_path / 'serve.log').unlink()
    with serving(tmp_path) as served:
        served.popen.kill()
        served.popen.wait(10)
        wait_until(lambda: not served.everything(), 5, 'all have ended')
        assert (served.data / 'desk.json').exists()
        told = json.loads(ctl('status', '--json', '--data', served.data).stdout)
        assert told['status'] == 'unreachable' and told['gateway']['state'] == 'down'


def test_a_hangup_says_what_it_did(tmp_path, secure):
    secure.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: 'SIGHUP: every process was told to read anew: the certificate' in secure.text(), 10, 'it is said')
    wait_until(lambda: 'the certificate was read anew' in secure.text(), 10, 'the gateway says so')
    with serving(tmp_path) as served:
        served.popen.send_signal(signal.SIGHUP)
        wait_until(lambda: 'SIGHUP: nothing to read anew' in served.text(), 10, 'it is said')


# --- the command line

def test_options_may_be_before_the_command(secure, tmp_path):
    for line in (('--data', secure.data, 'status'), (f'--data={secure.data}', 'status'), ('--json', '--data', secure.data, 'status'),
                 ('--data', secure.data, 'user', 'list', '--json'), ('--data', secure.data, '--quick', 'check')):
        done = ctl(*line)
        assert 'is up' in done.stdout or '"up"' in done.stdout or 'admin' in done.stdout or 'check' in ' '.join(map(str, line)), done
        assert done.stderr == '' and done.returncode in (0, 1), line
    done = ctl('--quick', 'status', '--data', tmp_path)
    assert done.returncode == 2 and 'flicketctl status: no such option: --quick' in done.stderr
    assert ctl('--data').returncode == 2 and ctl('--data', 'x').returncode == 2 and ctl('--bogus', 'status').returncode == 2


def test_only_near_names_are_suggested():
    for word, meant in (('statsu', 'status'), ('restrt', 'restart'), ('bakcup', 'backup'), ('verfy', 'verify')):
        assert f'did you mean "{meant}"?' in ctl(word).stderr
    for word in ('bogus', 'start', 'plan', 'x', '状态', 'a' * 1000):
        done = ctl(word)
        assert done.returncode == 2 and 'did you mean' not in done.stderr, done.stderr
    for name, meant in (('FLICKET_LISTN', 'FLICKET_LISTEN'), ('FLICKET_TRUSTED_PROXY', 'FLICKET_TRUSTED_PROXIES')):
        done = ctl('status', **{name: 'x'})
        assert done.returncode == 2 and f'{name}: there is no such setting; did you mean {meant}? ' in done.stderr
    for name in ('FLICKET_PORT', 'FLICKET_DATABASE_URL', 'FLICKET_', 'FLICKET_X'):
        done = ctl('status', **{name: 'x'})
        assert done.returncode == 2 and 'did you mean' not in done.stderr and name in done.stderr


def on_terminal(columns, *arguments):
    """What is shown on a terminal that is so wide."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        os.execve(BIN / 'flicketctl', ['flicketctl', *map(str, arguments)], environment(NO_COLOR='1'))
    seen = b''.join(shown(terminal)).decode()
    os.close(terminal)
    os.waitpid(pid, 0)
    return seen.splitlines()


@pytest.mark.parametrize('columns', [50, 80, 110])
def test_help_fits_the_terminal(columns):
    for line in (['help'], ['help', 'import'], ['help', 'serve'], ['help', 'restart']):
        lines = [text for text in on_terminal(columns, *line) if 'flicketctl ' not in text]     # examples stay whole
        assert max(map(len, lines)) <= columns, max(lines, key=len)
    words = ' '.join(on_terminal(columns, 'help', 'restart')).split()
    assert words == ctl('help', 'restart').stdout.split(), 'the same words'


@pytest.mark.parametrize('columns', [80, 100, 200])
def test_status_fits_the_terminal(secure, columns):
    lines = on_terminal(columns, 'status', '--data', secure.data)
    assert max(map(len, lines)) <= columns, lines
    assert any('WRITES' in line and 'UPTIME' in line for line in lines) and 'The desk is up.' in lines[-1]
    assert any(line.startswith('Without room for:') for line in lines) == (columns < 200)
    assert 'SCHEMA' in ' '.join(lines)


def test_commands_are_grouped_in_help():
    told = ctl('help').stdout
    titles = re.findall(r'^([A-Z][A-Za-z ]+):$', told.partition('\nExit status')[0], re.M)
    assert titles == ['Run a desk', 'Users', 'Keep and move data', 'Keep the stores in PostgreSQL', 'Keys and passwords', 'Look up']
    every = re.findall(r'^  ([a-z]+(?: [a-z]+)?)  +', told.partition('\nExit status')[0], re.M)
    assert len(every) == len(set(every)), 'each once'


def test_generate_asks_for_a_folder(tmp_path):
    done = ctl('generate', '--tickets', '1')
    assert done.returncode == 2 and '--data is missing: the folder to fill' in done.stderr
    assert ctl('generate', '--tickets', '1', '--users', '10', FLICKET_DATA=tmp_path / 'data').returncode == 0
