"""A desk: one installation of the system for a test, made of real processes.

The five processes are started one by one, not through `flicketctl serve`, so that a test can kill, stop,
continue and restart each. A desk has a data folder and a port of its own; what its processes write on
stderr is kept in files beside the data.
"""
import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import weakref
from pathlib import Path

from wire import Client, Connection, NoAnswer

REPO = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get('FLICKET_BIN') or REPO / 'build' / 'bin').resolve()
FLICKET_DB = REPO / 'tests' / 'contract' / 'flicket.db'
SERVICES = ('user', 'ticket', 'post', 'lookup')
STOP_SECONDS = 5.0              # what SIGTERM may take
START_SECONDS = 30.0            # how long a test waits for a desk: a deadline, no promise
FAULTS = ('bug at', 'Sanitizer', 'runtime error', 'Assertion', 'stack smashing', 'corrupted')

# Known in the imported database.
ADMIN = 'ADMINtoken+/0123456789abcdefghij'
USER = 'USERtoken+/0123456789abcdefghijk'       # of user003, id 3, in no group
SUPER = 'SUPERtoken+/0123456789abcdefghij'      # of user006, id 6, a super_user
PASSWORD = 'Password1'                          # of every imported user but admin
ADMIN_PASSWORD = 'a-test-passphrase'            # of the admin of a new desk


def is_sanitized():
    """Whether the programs under test carry a sanitizer, which makes them slower."""
    gateway = BIN / 'flicket-gateway'
    return gateway.exists() and b'__asan_init' in gateway.read_bytes()


# Limits as they are shipped, for tests of what depends on them; other desks have long ones.
SHIPPED = {'FLICKET_REQUEST_TIMEOUT_MS': 1500, 'FLICKET_LOGIN_TIMEOUT_MS': 15000}
# What a promise of the issue may be late by on a busy test machine.
SLACK = 2.0 if is_sanitized() else 0.7
# What is only counted (a user's total_posts) is collected for about a second; see docs/architecture.md.
COUNTED_WITHIN = 2.0 + SLACK


def environment(**settings):
    """The environment of a program under test: ours without any FLICKET_* (programs refuse those they do
    not know, and a developer's own settings must not leak in), with the given ones."""
    env = {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')}
    env.update({k: str(v) for k, v in settings.items()})
    return env


def run_program(name, *args, timeout=60, **settings):
    """Run a program to its end: a CompletedProcess with text output."""
    return subprocess.run([BIN / name, *args], env=environment(**settings), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors='replace', timeout=timeout)


def free_port():
    """A port nobody listens on, below those the kernel gives to outgoing connections."""
    while True:
        port = random.randint(10000, 30000)
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue


def wait_until(happened, within, what):
    """Poll until `happened()` is true; returns its value, fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = happened()
        if value:
            return value
        assert time.monotonic() < deadline, f'after {within:.1f} s still not: {what}'
        time.sleep(0.01)


def found_in_all(attempt, tries=4):
    """What `attempt()` found wrong, if it did so each time. A machine that does other things for a while spoils one
    try, a fault all. For what comes too late, or not at all as it was given up; never for what is wrong in itself."""
    for _ in range(tries):
        wrong = attempt()
        if not wrong:
            break
    return wrong


class Process:
    """One program of a desk that runs."""

    def __init__(self, name, popen, log):
        self.name, self.popen, self.log = name, popen, log
        self.ended_by_test = False
        self.is_paused = False

    def is_running(self):
        return self.popen.poll() is None

    def kill(self):
        self.ended_by_test = True
        self.popen.kill()
        self.popen.wait(10)

    def pause(self):
        self.popen.send_signal(signal.SIGSTOP)
        self.is_paused = True
        wait_until(self._is_stopped, 5, f'{self.name} stopped')

    def _is_stopped(self):
        stat = Path(f'/proc/{self.popen.pid}/stat').read_text()
        return stat.rpartition(')')[2].split()[0] == 'T'

    def resume(self):
        self.popen.send_signal(signal.SIGCONT)
        self.is_paused = False

    def seconds(self):
        """Of processor time that it has taken."""
        fields = Path(f'/proc/{self.popen.pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def terminate(self):
        """SIGTERM; the process must end by itself in time, with status 0."""
        start = time.monotonic()
        died = not self.is_running() and not self.ended_by_test
        assert not died, f'{self.name} died by itself: status {self.popen.returncode}'
        if self.ended_by_test:
            return
        self.ended_by_test = True
        if self.is_paused:
            self.resume()
        self.popen.terminate()
        try:
            self.popen.wait(STOP_SECONDS + SLACK)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(10)
            raise AssertionError(f'{self.name} did not end within {time.monotonic() - start:.1f} s '
                                 'of SIGTERM') from None
        assert self.popen.returncode == 0, \
            f'{self.name} ended with status {self.popen.returncode} after SIGTERM'


class Desk:
    """One installation. `kind`: "imported" (the recorded Flicket database) or "new". `keys`: its processes
    know each other by keys, in the folder `desk.keys`; so do those of every desk with DESK_KEYS=1 in the
    environment, for which `python3 -m pytest` then tests what it tests without."""

    def __init__(self, folder, kind='new', keys=os.environ.get('DESK_KEYS') == '1', **settings):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / 'data'
        self.kind = kind
        self.port = free_port()
        # Answers wait for their events, and the gateway for answers, longer than a busy machine may take for
        # them, so that what a test sees does not depend on its speed. A test of these limits sets its own.
        self.settings = {'FLICKET_DATA': self.data, 'FLICKET_BCRYPT_COST': 4, 'FLICKET_EVENT_WAIT_MS': 10000,
                         'FLICKET_REQUEST_TIMEOUT_MS': 15000, 'FLICKET_LOGIN_TIMEOUT_MS': 60000,
                         'FLICKET_HARDEN': 'strict'}
        if kind == 'imported':
            self.settings['FLICKET_BASE_URL'] = 'http://localhost:5000'
        else:
            self.settings['FLICKET_ADMIN_PASSWORD'] = ADMIN_PASSWORD
        if keys:
            self.keys = self.folder / 'keys'
            done = run_program('flicketctl', 'keys', 'make', str(self.keys))
            assert done.returncode == 0, done.stderr
            self.settings['FLICKET_KEYS'] = self.keys
        self.settings.update(settings)
        self.settings_of = lambda name: {}      # those of one process only
        self.processes = {}     # name: the newest process of that name
        self.past = []          # those that were ended and started anew
        self.clients = []
        self.opened = None      # the data folder, for address()

    def __repr__(self):
        return f'<Desk {self.kind} {self.folder}>'

    # -- starting and ending

    def take_over(self, flicket_db=FLICKET_DB):
        """Import a Flicket database into the desk's empty data folder."""
        done = run_program('flicketctl', 'import', '--data', str(self.data), str(flicket_db))
        assert done.returncode == 0, f'import failed: {done.stdout}{done.stderr}'
        assert not any(f in done.stderr for f in FAULTS), done.stderr

    def start(self, *names):
        """Start the named programs, all five without names, and return the desk when it is ready."""
        for name in names or (*SERVICES, 'gateway'):
            if name == 'gateway':
                self.start_gateway()
            else:
                self.launch(name, f'flicket-{name}')
        if not names:
            self.wait_ready()
        return self

    def launch(self, name, program, *arguments, **settings):
        old = self.processes.get(name)
        assert old is None or not old.is_running(), f'{name} runs already'
        if old:
            self.past.append(old)
        log = self.folder / f'{name}.log'
        with open(log, 'ab') as f:
            popen = subprocess.Popen([BIN / program, *arguments],
                                     env=environment(**{**self.settings, **self.settings_of(name), **settings}),
                                     stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        self.processes[name] = Process(name, popen, log)
        return self.processes[name]

    def start_gateway(self, name='gateway', port=None, **settings):
        """Start a gateway and return the port it listens on. The first one keeps the desk's port, or takes
        another one if that was taken meanwhile; further ones have a name and a port of their own."""
        first = name == 'gateway'
        port = port or (self.port if first else free_port())
        for _ in range(10):
            process = self.launch(name, 'flicket-gateway', FLICKET_LISTEN=f'127.0.0.1:{port}', **settings)
            wait_until(lambda: not process.is_running() or self._is_alive(port), START_SECONDS,
                       f'{name} listening')
            if process.is_running():
                break
            assert 'in use' in process.log.read_text(errors='replace'), \
                f'{name} ended with status {process.popen.returncode}:\n{self.logs()}'
            process.ended_by_test = True
            port = free_port()
        if first:
            self.port = port
        return port

    @staticmethod
    def _is_alive(port):
        try:
            with Client(port, timeout=2) as c:
                return c.get('/healthz').status == 200
        except (OSError, NoAnswer):
            return False

    def readiness(self, port=None):
        """The status of /readyz, 0 while nobody answers."""
        try:
            with Client(port or self.port, timeout=5) as c:
                return c.get('/readyz').status
        except (OSError, NoAnswer):
            return 0

    def wait_ready(self, port=None):
        def is_ready():
            self.check_running()
            return self.readiness(port) == 200
        wait_until(is_ready, START_SECONDS, 'every service answers')

    def check_running(self):
        for p in self.processes.values():
            assert p.is_running() or p.ended_by_test, \
                f'{p.name} died by itself: status {p.popen.returncode}\n{self.logs()}'

    def kill(self, name):
        self.processes[name].kill()

    def pause(self, name):
        self.processes[name].pause()

    def resume(self, name):
        self.processes[name].resume()

    def restart(self, name, *arguments):
        """Start a program that was killed or has ended."""
        if name == 'gateway':
            self.start_gateway()
        else:
            self.launch(name, f'flicket-{name}', *arguments)

    def stop(self):
        """End everything as an operator would and check that nothing went wrong on the way."""
        for c in self.clients:
            c.close()
        wrong = []
        # Gateways first: they refuse what comes while the services finish.
        for name in sorted(self.processes, key=lambda n: not n.startswith('gateway')):
            try:
                self.processes[name].terminate()
            except AssertionError as e:
                wrong.append(str(e))
        for p in (*self.processes.values(), *self.past):
            if p.is_running():
                p.popen.kill()
                p.popen.wait(10)
        wrong += self.faults()
        assert not wrong, '\n'.join(wrong) + '\n' + self.logs()

    def kill_everything(self):
        for p in (*self.processes.values(), *self.past):
            with contextlib.suppress(Exception):
                p.kill()

    def faults(self):
        """Lines of the logs that no log of a sound program has."""
        return [f'{log.name}: {line}' for log in sorted(self.folder.glob('*.log'))
                for line in log.read_text(errors='replace').splitlines() if any(f in line for f in FAULTS)]

    def logs(self, most=4000):
        """The ends of the processes' logs, to be printed where a test fails."""
        out = []
        for log in sorted(self.folder.glob('*.log')):
            text = log.read_text(errors='replace')
            if text:
                out.append(f'--- {log.name}\n{text[-most:]}')
        return '\n'.join(out)

    # -- talking to it

    def client(self, token=None, port=None, source=None, timeout=20.0):
        """A client of the gateway; closed with the desk."""
        if token is None and self.kind == 'imported':
            token = ADMIN
        c = Client(port or self.port, token or None, source, timeout)
        self.clients.append(c)
        return c

    def connection(self, **more):
        return Connection(self.port, **more)

    def admin(self):
        """A client that is logged in as the admin."""
        if self.kind == 'imported':
            return self.client(ADMIN)
        with Client(self.port) as c:
            answer = c.log_in('admin', ADMIN_PASSWORD)
        assert answer.status == 200, answer
        return self.client(answer.json()['token'])

    def address(self, endpoint):
        """Where tests reach what the desk's processes call `endpoint`. What is in the data folder has a path through a
        descriptor of it: a path of a socket has 107 bytes at most, and the folder may be deep."""
        if not endpoint.startswith('ipc://'):
            return endpoint
        self.data.mkdir(mode=0o700, exist_ok=True)
        if self.opened is None or not os.path.samestat(os.fstat(self.opened), self.data.stat()):
            self.opened = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
            weakref.finalize(self, os.close, self.opened)
        return f'ipc:///proc/{os.getpid()}/fd/{self.opened}/' + endpoint.removeprefix('ipc://')

    @property
    def base_url(self):
        return self.settings.get('FLICKET_BASE_URL', f'http://localhost:{self.port}')

    def path_of(self, url):
        """The path and query of a link of this desk."""
        assert url.startswith(self.base_url + '/'), f'{url} does not begin with {self.base_url}/'
        return url[len(self.base_url):]


def open_store(path):
    """A connection to a store for writing. Its triggers call words(), which the programs have; here it is a simpler one."""
    db = sqlite3.connect(path)
    db.create_function('words', 1, lambda text: text and str(text).lower(), deterministic=True)
    return db


def flicket_database(path, change=None):
    """Write a copy of the recorded Flicket database, changed by `change(connection)`."""
    shutil.copyfile(FLICKET_DB, path)
    if change:
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            change(db)
    return path


def children_of(pid):
    """Process ids of a process's children."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(')')[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def processes_with_data(folder):
    """Process ids of all programs whose FLICKET_DATA is `folder`; the dead are not counted."""
    found = []
    mark = f'FLICKET_DATA={folder}'.encode()
    for env in Path('/proc').glob('[0-9]*/environ'):
        with contextlib.suppress(OSError):
            if mark in env.read_bytes().split(b'\0'):
                found.append(int(env.parent.name))
    return found
