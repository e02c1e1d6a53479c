"""Three hosts and a switch, each a network namespace of this machine. Only root may make them.

They have the addresses 10.99.7.1 to 10.99.7.3; the switch, which tests look from, has 10.99.7.254. Nothing of it is seen
from outside, so that several networks may be there at once.
"""
import contextlib
import ctypes
import os
import re
import signal
import subprocess
import time
from pathlib import Path

HOSTS = (1, 2, 3)
SWITCH = 'switch'
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def address_of(host):
    return f'10.99.7.{host}'


def ip(*arguments):
    return subprocess.run(['ip', *arguments], check=True, capture_output=True, text=True).stdout


def end_all(namespace):
    """Kill what runs in a namespace, also what it starts meanwhile."""
    while pids := pids_in(namespace):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def pids_in(namespace):
    """Those that are no zombies."""
    return [pid for pid in map(int, ip('netns', 'pids', namespace).split()) if state_of(pid) not in 'ZX']


def state_of(pid):
    """One letter, as proc(5) has them; X when it is gone."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        return 'X'


def sweep():
    """Remove the networks of runs that were killed."""
    for name in re.findall(r'^flicket-(\d+)-(\w+)', ip('netns', 'list'), re.M):
        if not Path(f'/proc/{name[0]}').exists():
            remove('flicket-{}-{}'.format(*name))


def remove(namespace):
    with contextlib.suppress(subprocess.CalledProcessError):
        end_all(namespace)
        ip('netns', 'del', namespace)


class Network:
    def __init__(self):
        sweep()
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _make(self):
        self._ip_netns(SWITCH)
        switch = self.name(SWITCH)
        ip('-n', switch, 'link', 'add', 'bridge', 'type', 'bridge')
        ip('-n', switch, 'link', 'set', 'bridge', 'up')
        ip('-n', switch, 'addr', 'add', f'{address_of(254)}/24', 'dev', 'bridge')
        for host in HOSTS:
            self._ip_netns(host)
            name = self.name(host)
            ip('link', 'add', 'wire', 'netns', name, 'type', 'veth', 'peer', 'name', f'port{host}', 'netns', switch)
            ip('-n', switch, 'link', 'set', f'port{host}', 'master', 'bridge', 'up')
            ip('-n', name, 'addr', 'add', f'{address_of(host)}/24', 'dev', 'wire')
            ip('-n', name, 'link', 'set', 'wire', 'up')

    def _ip_netns(self, place):
        ip('netns', 'add', self.name(place))
        ip('-n', self.name(place), 'link', 'set', 'lo', 'up')

    @staticmethod
    def name(place):
        return f'flicket-{os.getpid()}-{place}'

    def close(self):
        for place in (*HOSTS, SWITCH):
            remove(self.name(place))

    # -- running and looking

    def command(self, place):
        """What comes before a command that runs there."""
        return ['nsenter', f'--net=/run/netns/{self.name(place)}', '--']

    def pids(self, host):
        return pids_in(self.name(host))

    @contextlib.contextmanager
    def inside(self, place):
        """The sockets that this thread makes are of there."""
        with open('/proc/thread-self/ns/net') as before, open(f'/run/netns/{self.name(place)}') as there:
            enter(there)
            try:
                yield
            finally:
                enter(before)

    # -- faults

    def cut(self, host):
        ip('-n', self.name(SWITCH), 'link', 'set', f'port{host}', 'down')

    def join(self, host):
        ip('-n', self.name(SWITCH), 'link', 'set', f'port{host}', 'up')

    def lose(self, host, share=1.0):
        """So much of what comes to a host is lost; what it sends arrives."""
        self.hear(host)
        rare = [] if share == 1 else ['-m', 'statistic', '--mode', 'random', '--probability', str(share)]
        self._iptables(host, '-A', 'INPUT', '-i', 'wire', *rare, '-j', 'DROP')

    def hear(self, host):
        self._iptables(host, '-F', 'INPUT')

    def _iptables(self, host, *arguments):
        subprocess.run([*self.command(host), 'iptables', '-w', *arguments], check=True, capture_output=True)


def enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')
