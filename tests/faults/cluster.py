"""Three hosts, each with etcd, Patroni and PostgreSQL as Debian has them: one cluster, whose primary answers a commit when
its standby has it, and never without one (strict synchronous mode)."""
import contextlib
import json
import mmap
import os
import pwd
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from clocks import LIBRARY
from desk import wait_until
from inserts import ask, never_wait_for_ever
from network import HOSTS, SWITCH, Network, address_of, state_of
from servers import program

PARTS = ('etcd', 'patroni', 'postgres')
DISK_MB = 600                   # of a host's PostgreSQL
CALM_SECONDS = 120
SCOPE = 'desk'


def make_folder():
    """For a cluster; the disks of runs that were killed are taken away."""
    for disk, pid in re.findall(r'^flicket (/tmp/flicket-hosts-(\d+)-\S+)', Path('/proc/mounts').read_text(), re.M):
        if not Path(f'/proc/{pid}').exists():
            subprocess.run(['umount', '-l', disk], check=True)
    return Path(tempfile.mkdtemp(prefix=f'flicket-hosts-{os.getpid()}-', dir='/tmp'))


class Host:
    """One of them. What runs on it is known by a name and by the namespace."""

    def __init__(self, network, number, folder):
        self.network, self.number, self.folder = network, number, folder
        self.name, self.address = f'host{number}', address_of(number)
        self.processes = {}
        self.folder.mkdir()
        self.disk = folder / 'disk'
        self.disk.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={DISK_MB}m,mode=755', 'flicket', self.disk], check=True)
        (self.folder / 'clock').write_bytes(bytes(8))
        with open(self.folder / 'clock', 'r+b') as f:
            self.clock = mmap.mmap(f.fileno(), 8)
        user = pwd.getpwnam('postgres')
        for path in (self.folder, self.disk):
            os.chown(path, user.pw_uid, user.pw_gid)

    def close(self):
        subprocess.run(['umount', '-l', self.disk], check=False, capture_output=True)

    # -- processes

    def launch(self, name, *command, user=None, **env):
        """Start a program here. `user`: whom it runs as."""
        if self.is_running(name):
            return
        known = pwd.getpwnam(user) if user else None
        own = {'user': user, 'group': known.pw_gid, 'extra_groups': []} if user else {}
        before = self.network.command(self.number)
        if user:                # entering is root's; then it becomes the user
            before += ['setpriv', f'--reuid={user}', f'--regid={own["group"]}', '--clear-groups', '--']
        with open(self.folder / f'{name}.log', 'ab') as log:
            self.processes[name] = subprocess.Popen(
                [*before, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd='/', start_new_session=True,
                env={'PATH': '/usr/lib/postgresql/15/bin:/usr/bin:/bin', 'LC_ALL': 'C.UTF-8',
                     'HOME': str(self.folder), **env})

    def is_running(self, name):
        return name in self.processes and self.processes[name].poll() is None

    def pids(self, part='host'):
        """Of etcd, of Patroni, of all of PostgreSQL, of a load, or of everything here."""
        there = self.network.pids(self.number)
        if part == 'host':
            return there
        if part == 'postgres':
            return [pid for pid in there if comm_of(pid) == 'postgres']
        return [self.processes[part].pid] if self.is_running(part) else []

    def signal(self, part, number):
        for pid in self.pids(part):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self, part='host'):
        """No process of it is left."""
        while pids := self.pids(part):
            self.signal(part, signal.SIGKILL)
            for process in self.processes.values():
                process.poll()
            if all(state_of(pid) in 'ZX' for pid in pids):
                continue
            time.sleep(0.01)

    def stop(self, part='host'):
        self.signal(part, signal.SIGSTOP)

    def cont(self, part='host'):
        self.signal(part, signal.SIGCONT)

    # -- faults that have no process

    def set_clock(self, seconds):
        """The wall clock of Patroni, PostgreSQL and the load is so much ahead, or back. etcd's is right: it calls no libc."""
        self.clock[:] = struct.pack('q', round(seconds * 1000000))

    def bent(self):
        return {'LD_PRELOAD': str(LIBRARY), 'BENT_CLOCK': str(self.folder / 'clock')} if LIBRARY.exists() else {}

    def fill_disk(self):
        """That of PostgreSQL, to the last byte."""
        with open(self.disk / 'filler', 'wb', buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))

    def free_disk(self):
        (self.disk / 'filler').unlink(missing_ok=True)


def comm_of(pid):
    try:
        return Path(f'/proc/{pid}/comm').read_text().strip()
    except OSError:
        return ''


class Cluster:
    """`ttl`: seconds after which Patroni's primary is taken for gone if it does not say that it is there.

    `api`: of etcd's, that Patroni uses. By "etcd3" a primary that stood still for longer than that takes the leader's key
    back from the new one, and acknowledged rows are lost: Etcd3._update_leader of Patroni before 3.0.3, and Debian 12 has
    3.0.2, puts it whoever has it. By "etcd" it compares first."""

    def __init__(self, folder, ttl=20, api='etcd'):
        self.folder, self.ttl, self.api = folder, ttl, api
        folder.chmod(0o755)
        never_wait_for_ever()
        # ttl is at least loop_wait + 2 * retry_timeout
        self.times = {'ttl': ttl, 'loop_wait': max(1, ttl // 10), 'retry_timeout': max(2, ttl * 3 // 20)}
        self.hosts = {}
        self.network = Network()
        try:
            for number in HOSTS:
                self.hosts[number] = Host(self.network, number, folder / f'host{number}')
                self._write_settings(self.hosts[number])
        except BaseException:
            self.close()
            raise

    def close(self):
        self.network.close()
        for host in self.hosts.values():
            for process in host.processes.values():
                process.wait(20)
            host.close()

    # -- starting

    def _write_settings(self, host):
        secret = {'username': 'postgres', 'password': 'unused'}
        settings = {
            'scope': SCOPE, 'name': host.name,
            'restapi': {'listen': f'{host.address}:8008', 'connect_address': f'{host.address}:8008'},
            self.api: {'hosts': [f'{address_of(n)}:2379' for n in HOSTS]},
            'bootstrap': {
                'dcs': {**self.times, 'maximum_lag_on_failover': 1048576, 'synchronous_mode': True,
                        'synchronous_mode_strict': True,
                        'postgresql': {'use_pg_rewind': True, 'use_slots': True, 'parameters': {
                            'shared_buffers': '32MB', 'max_connections': 50, 'wal_log_hints': 'on',
                            'wal_keep_size': '64MB', 'max_wal_size': '128MB', 'synchronous_commit': 'on',
                            # Patroni takes another standby when this one's connection has ended, or after its ttl.
                            'wal_sender_timeout': '3s', 'wal_receiver_timeout': '3s'}}},
                'initdb': [{'encoding': 'UTF8'}, {'locale': 'C.UTF-8'}],
                'pg_hba': ['local all all trust', 'host all all 10.99.7.0/24 trust',
                           'host replication all 10.99.7.0/24 trust']},
            'postgresql': {
                'listen': f'{host.address}:5432', 'connect_address': f'{host.address}:5432',
                'data_dir': str(host.disk / 'data'), 'bin_dir': str(Path(program('postgres')).resolve().parent),
                'pgpass': str(host.folder / 'pgpass'),
                'authentication': {'superuser': secret, 'rewind': secret, 'replication': secret},
                'parameters': {'unix_socket_directories': str(host.folder)}}}
        (host.folder / 'patroni.json').write_text(json.dumps(settings))     # which is YAML, too

    def start(self):
        for host in self.hosts.values():
            self.start_etcd(host)
        for host in self.hosts.values():
            self.start_patroni(host)
        return self.wait_calm()

    def start_host(self, host):
        """What is missing of it."""
        self.start_etcd(host)
        self.start_patroni(host)

    def start_etcd(self, host):
        peers = ','.join(f'host{n}=http://{address_of(n)}:2380' for n in HOSTS)
        host.launch('etcd', 'etcd', '--name', host.name, '--data-dir', str(host.folder / 'etcd'),
                    '--listen-peer-urls', f'http://{host.address}:2380',
                    '--initial-advertise-peer-urls', f'http://{host.address}:2380',
                    '--listen-client-urls', f'http://{host.address}:2379',
                    '--advertise-client-urls', f'http://{host.address}:2379', '--initial-cluster', peers,
                    '--initial-cluster-state', 'new', '--enable-v2', '--heartbeat-interval', '100', '--election-timeout', '1000',
                    user='postgres')

    def start_patroni(self, host):
        host.launch('patroni', '/usr/bin/python3', '/usr/bin/patroni', str(host.folder / 'patroni.json'),
                    user='postgres', **host.bent())

    # -- looking

    def sql(self, host, text):
        """The rows that a host's own PostgreSQL answers; None if it does not. Nothing of it goes over the network."""
        with self.network.inside(host.number):
            return ask(host.address, text)

    def must(self, host, text):
        """The rows, of a host that must answer."""
        rows = self.sql(host, text)
        assert rows is not None, f'host {host.number} does not answer {text}'
        return rows

    def primaries(self):
        """Hosts whose PostgreSQL says that it takes writes. There may be two, of which one waits for its standby for ever."""
        return [h for h in self.hosts.values() if self.sql(h, 'SELECT pg_is_in_recovery()') == [(False,)]]

    def primary(self):
        return next(iter(self.primaries()), None)

    def standbys(self, primary):
        """{name: is it the one that commits wait for}"""
        rows = self.sql(primary, "SELECT application_name, sync_state <> 'async' FROM pg_stat_replication "
                                 "WHERE state = 'streaming'")
        return dict(rows or [])

    def sync_standby(self, primary):
        name = next((name for name, is_sync in self.standbys(primary).items() if is_sync), None)
        return next((h for h in self.hosts.values() if h.name == name), None)

    def is_calm(self):
        """One primary with two standbys, one of which commits wait for; Patroni knows it."""
        primaries = self.primaries()
        if len(primaries) != 1:
            return False
        primary, standbys = primaries[0], self.standbys(primaries[0])
        return sorted(standbys.values()) == [False, True] and all(
            self.status(h, 'primary' if h is primary else 'synchronous' if standbys[h.name] else 'asynchronous') == 200
            for h in self.hosts.values())

    def status(self, host, path):
        """The status of Patroni's answer, 0 without."""
        with self.network.inside(SWITCH):
            try:
                with urllib.request.urlopen(f'http://{host.address}:8008/{path}', timeout=2) as answer:
                    return answer.status
            except urllib.error.HTTPError as e:
                return e.code
            except OSError:
                return 0

    def wait_calm(self, within=CALM_SECONDS):
        """Returns how long it took."""
        began = time.monotonic()
        wait_until(self.is_calm, within, 'one primary, two standbys')
        return time.monotonic() - began

    # -- what operators do

    def switch_over(self):
        done = subprocess.run(
            [*self.network.command(SWITCH), '/usr/bin/python3', '/usr/bin/patronictl', '-c',
             str(self.hosts[1].folder / 'patroni.json'), 'switchover', '--force', SCOPE],
            capture_output=True, text=True, timeout=90, check=False, env={'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'})
        assert 'Successfully switched over' in done.stdout, done.stdout + done.stderr

    def cancel_waiting(self, host):
        """The commits that wait for a standby: how many there were."""
        return len(self.sql(host, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                   or ())

    def logs(self, most=3000):
        return '\n'.join(f'--- {path}\n{path.read_text(errors="replace")[-most:]}'
                         for path in sorted(self.folder.glob('host*/*.log')))


def missing():
    """What this needs and is not there."""
    wanted = ('postgres', 'etcd', 'patroni', 'patronictl', 'ip', 'iptables', 'nsenter', 'setpriv')
    return [name for name in wanted if not (shutil.which(name, path='/usr/sbin:/usr/bin:/sbin:/bin') or program(name))]
