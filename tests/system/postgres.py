"""PostgreSQL servers for tests of a desk that is kept in one: a primary and its standbys, each with a folder, a port of
127.0.0.1 and a socket of its own.

Servers start with a copy of a cluster that is made once. They do not sync unless a test asks for it (`fsync='on'`); what
is killed with SIGKILL keeps its files all the same, only a power failure is another matter.
"""
import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from desk import SERVICES, children_of, free_port, wait_until
from servers import program

try:
    import psycopg2
    from psycopg2.extensions import make_dsn
except ImportError:
    psycopg2 = None

NEEDS = ('postgres', 'initdb', 'pg_basebackup')
SUPERUSER = 'postgres'
DATABASE = 'flicket'
USER = 'postgres' if os.geteuid() == 0 else None        # whom servers run as: root may not
START_SECONDS = 60
SETTINGS = {
    'fsync': 'off', 'shared_buffers': '16MB', 'max_connections': 50, 'max_wal_size': '1GB', 'wal_keep_size': '256MB',
    'wal_log_hints': 'on', 'log_line_prefix': '%m [%p] ',
    # A standby that was stopped or killed is soon known to be gone, and comes back at once.
    'wal_receiver_timeout': '3s', 'wal_retrieve_retry_interval': '100ms',
}

needs_postgres = pytest.mark.skipif(psycopg2 is None or not all(program(name) for name in NEEDS),
                                    reason='PostgreSQL or psycopg2 is not there: script/bootstrap --servers')


def run(*command):
    """A program of PostgreSQL's, to its end."""
    done = subprocess.run([program(command[0]), *command[1:]], cwd='/', stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120, check=False, **identity())
    assert done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'


def identity():
    """Arguments of subprocess for whom servers run as."""
    env = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
    if USER is None:
        return {'env': env}
    return {'env': env, 'user': USER, 'group': pwd.getpwnam(USER).pw_gid, 'extra_groups': []}


def give(path):
    """To whom servers run as."""
    if USER:
        known = pwd.getpwnam(USER)
        os.chown(path, known.pw_uid, known.pw_gid)


def make_folder():
    """One that servers can reach, which pytest's are not. Those of workers that were killed are removed."""
    for old in Path('/tmp').glob('flicket-postgres-*-*'):
        if not is_alive(old.name.split('-')[2]):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f'flicket-postgres-{os.getpid()}-', dir='/tmp'))
    folder.chmod(0o755)
    give(folder)
    return folder


def make_template(path):
    """A cluster, with the database of a desk. Segments of 1 MB are soon copied."""
    folder = make_folder()
    try:
        run('initdb', '-D', f'{folder}/data', '-U', SUPERUSER, '-E', 'UTF8', '--locale=C.UTF-8', '-A', 'trust', '-N',
            '--wal-segsize=1')
        shutil.move(folder / 'data', path)
    finally:
        shutil.rmtree(folder)


def conninfo(*servers, user=SUPERUSER, database=DATABASE, **more):
    """What libpq needs to find the one of them that takes writes."""
    more = {'target_session_attrs': 'read-write', 'connect_timeout': 2, 'tcp_user_timeout': 3000, **more}
    return make_dsn(host=','.join('127.0.0.1' for _ in servers), port=','.join(str(s.port) for s in servers),
                    user=user, dbname=database, **more)


def connect(where, **more):
    """A session that commits each statement by itself."""
    session = psycopg2.connect(where, **more)
    session.autocommit = True
    return session


def execute(session, text, *values):
    """Its rows, none where it has none to give."""
    with session.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall() if cursor.description else []


class Later(threading.Thread):
    """What waits for something meanwhile; it ends at the latest with the server that it waits for."""

    def __init__(self, function, *arguments):
        super().__init__(daemon=True)
        self.function, self.arguments = function, arguments
        self.value = self.failure = None
        self.start()

    def run(self):
        try:
            self.value = self.function(*self.arguments)
        except Exception as e:
            self.failure = e

    def result(self, within=20):
        self.join(within)
        assert not self.is_alive(), f'after {within} s it still waits'
        if self.failure:
            raise self.failure
        return self.value


class Postgres:
    """One server."""

    def __init__(self, place, name, **settings):
        self.place, self.name = place, name
        self.folder = place / name
        self.folder.mkdir()
        give(self.folder)
        self.data, self.log = self.folder / 'data', self.folder / 'log'
        self.settings = {**SETTINGS, 'cluster_name': name, **settings}
        self.standbys = []
        self.port = None
        self.process = None

    def __repr__(self):
        return f'<Postgres {self.name} port {self.port} {self.folder}>'

    # -- starting and ending

    def start(self):
        """On the port it had; the first time on one that is free."""
        known = self.port is not None
        for _ in range(10):
            self.port = self.port if known else free_port()
            self._configure()
            began = self.log.stat().st_size if self.log.exists() else 0
            with open(self.log, 'ab') as f:
                self.process = subprocess.Popen([program('postgres'), '-D', str(self.data)], cwd='/', stdout=f, stderr=f,
                                                stdin=subprocess.DEVNULL, **identity())
            wait_until(lambda: self.answers() or not self.is_running(), START_SECONDS, f'{self.name} answers')
            if self.is_running():
                return self
            said = self.log.read_text(errors='replace')[began:]
            assert not known and 'Address already in use' in said, said
        raise AssertionError(f'{self.name} found no port')

    def _configure(self):
        own = {'port': self.port, 'listen_addresses': '127.0.0.1', 'unix_socket_directories': self.folder}
        conf = self.data / 'postgresql.conf'
        conf.write_text(''.join(f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'\n"
                                for name, value in {**self.settings, **own}.items()))
        give(conf)

    def set(self, **settings):
        """Settings that may change while it runs; returns when they count."""
        self.settings.update(settings)
        self._configure()
        self.process.send_signal(signal.SIGHUP)
        for name, value in settings.items():
            wait_until(lambda n=name, v=value: self.sql('SELECT setting FROM pg_settings WHERE name = %s', n)[0][0] == str(v),
                       20, f'{self.name}: {name} is {value}')

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def answers(self):
        try:
            connect(self.socket_conninfo(connect_timeout=2)).close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self, within=30):
        """As an operator would: sessions are ended, what is committed is written."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(within)

    def processes(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def kill(self):
        """SIGKILL to all of its processes; none is left when it returns."""
        if not self.is_running():
            return
        self.process.send_signal(signal.SIGSTOP)        # so that it has no more children
        pids = self.processes()
        send(signal.SIGKILL, pids)
        self.process.wait(20)
        wait_until(lambda: not any(is_alive(pid) for pid in pids), 20, f'{self.name} is gone')

    def pause(self):
        """It stands still, and so do all of its sessions. The kernel goes on to take what is sent to it."""
        send(signal.SIGSTOP, self.processes())

    def resume(self):
        send(signal.SIGCONT, reversed(self.processes()))

    # -- talking to it

    def socket_conninfo(self, user=SUPERUSER, database='postgres', **more):
        return make_dsn(host=str(self.folder), port=self.port, user=user, dbname=database, **more)

    def connect(self, user=SUPERUSER, database='postgres', **more):
        return connect(self.socket_conninfo(user, database, **more))

    def sql(self, text, *values, **who):
        """In a session of its own."""
        with contextlib.closing(self.connect(**who)) as session:
            return execute(session, text, *values)

    def furnish(self, names=SERVICES):
        """The database of a desk: for each service a role, and a schema that nobody else sees."""
        self.sql(f'CREATE DATABASE {DATABASE}')
        self.sql(f'REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC')
        self.sql('REVOKE ALL ON SCHEMA public FROM PUBLIC', database=DATABASE)
        for name in names:
            role = role_of(name)
            self.sql(f'CREATE ROLE {role} LOGIN')
            self.sql(f'GRANT CONNECT ON DATABASE {DATABASE} TO {role}')
            self.sql(f'CREATE SCHEMA {role} AUTHORIZATION {role}', database=DATABASE)
        return self

    # -- standbys

    def standby(self, is_waited_for=True):
        """A further server that follows this one. `is_waited_for`: from now on this one answers a commit when one of such
        has it on its disk, and waits for ever while there is none."""
        name = f'{self.name}{len(self.standbys) + 1}'
        other = Postgres(self.place, name)
        run('pg_basebackup', '-D', str(other.data), '-d', self.socket_conninfo(), '-X', 'stream', '-c', 'fast', '-N')
        other.follow(self)
        self.standbys.append(other)
        other.start()
        if is_waited_for:
            self.wait_for(*(s for s in self.standbys if s.is_running()))
        return other

    def follow(self, primary):
        """Be a standby of it from the next start on."""
        own = {'cluster_name': self.name, 'synchronous_standby_names': '',
               'primary_conninfo': make_dsn(host='127.0.0.1', port=primary.port, user=SUPERUSER)}
        self.settings = {**primary.settings, **own}
        signal_file = self.data / 'standby.signal'
        signal_file.touch()
        give(signal_file)

    def wait_for(self, *standbys):
        """Answer a commit when one of them has it; with none, at once."""
        names = ', '.join(s.name for s in standbys)
        self.set(synchronous_standby_names=f'ANY 1 ({names})' if names else '')
        wait_until(lambda: set(self.followers()) >= {s.name for s in standbys}, 20, f'{names} follow {self.name}')

    def followers(self):
        return [name for name, in self.sql("SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'")]

    def waiting(self):
        """The process ids of the sessions whose commit waits for a standby."""
        return [pid for pid, in self.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")]

    def wait_waiting(self):
        return wait_until(self.waiting, 20, f'a commit on {self.name} waits for a standby')

    def cancel_waiting(self):
        """As an operator might who finds a session that hangs."""
        for pid in self.wait_waiting():
            self.sql('SELECT pg_cancel_backend(%s)', pid)

    def promote(self):
        """Become a primary; returns when it takes writes. How long that took, in seconds."""
        began = time.monotonic()
        assert self.sql('SELECT pg_promote(true, 60)') == [(True,)], f'{self.name} was not promoted'
        self.settings.pop('primary_conninfo', None)
        return time.monotonic() - began


class Cluster:
    """The servers of a test."""

    def __init__(self, template):
        self.template = template
        self.place = make_folder()
        self.made = []

    def __call__(self, **settings):
        """A server that runs, and is no standby."""
        server = Postgres(self.place, f'server{len(self.made)}', **settings)
        self.made.append(server)
        subprocess.run(['cp', '-a', '--reflink=auto', self.template, server.data], check=True)
        return server.start()

    def servers(self):
        return [s for first in self.made for s in with_standbys(first)]

    def close(self):
        try:
            for server in self.servers():
                server.kill()
        finally:
            self.made = []
            shutil.rmtree(self.place, ignore_errors=True)

    def logs(self, most=4000):
        """What the servers wrote, to be printed where a test fails."""
        return '\n'.join(f'--- {s.name}\n{s.log.read_text(errors="replace")[-most:]}' for s in self.servers()
                         if s.log.exists())


def with_standbys(server):
    yield server
    for standby in server.standbys:
        yield from with_standbys(standby)


def role_of(service):
    """The schema has its name, too, which is where PostgreSQL looks for tables first."""
    return f'flicket_{service}'


def send(number, pids):
    """A signal, to those that are still there: sessions come and go."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def is_alive(pid):
    """No zombie, which may wait long to be collected."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


@pytest.fixture(scope='session')
def postgres_template(tmp_path_factory):
    """A cluster that servers start with a copy of, made once for all workers."""
    place = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        place = place.parent
    template = place / 'postgres'
    with open(place / 'postgres.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            make_template(template)
    return template


@pytest.fixture
def postgres(postgres_template):
    """Make servers of one's own: postgres(), postgres(fsync='on')."""
    cluster = Cluster(postgres_template)
    try:
        yield cluster
    finally:
        print(cluster.logs())       # pytest shows it where the test failed
        cluster.close()
