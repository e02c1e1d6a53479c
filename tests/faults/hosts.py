"""The loss of a host: faults on each of three hosts, whose PostgreSQL is one cluster, while rows are written on all.

A fault begins when all is well, lasts until writes are acknowledged again and Patroni has had time to act, ends, and all
must become well again. Between the two the longest time without an acknowledged write is measured; in the end each
acknowledged row must be there, once, and none that was settled as not done.
"""
import contextlib
import random
import shutil
import signal
import sys
import time
from collections import defaultdict

from desk import wait_until
from inserts import Inserts
from cluster import PARTS, Cluster, make_folder, missing

HOUR = 3600
QUICK = ('postgres of the primary killed', 'host of the primary killed', 'sync standby cut off', 'switch-over',
         'wait for the standby cancelled')
MARGIN_SECONDS = 8              # that Patroni may take after its ttl


# --- faults: each a context that a host is broken in ------------------------------------------------------------

def killed(part):
    @contextlib.contextmanager
    def fault(trial, host):
        host.kill(part)
        yield
    return fault


def stopped(part):
    @contextlib.contextmanager
    def fault(trial, host):
        host.stop(part)
        try:
            yield
        finally:
            host.cont(part)
    return fault


@contextlib.contextmanager
def cut_off(trial, host):
    trial.cluster.network.cut(host.number)
    try:
        yield
    finally:
        trial.cluster.network.join(host.number)


def deaf(share):
    @contextlib.contextmanager
    def fault(trial, host):
        trial.cluster.network.lose(host.number, share)
        try:
            yield
        finally:
            trial.cluster.network.hear(host.number)
    return fault


def clock_set(seconds):
    """Patroni of a host whose clock was set back sleeps for as long, as far as nothing in etcd wakes it: it is started
    again in the end."""
    @contextlib.contextmanager
    def fault(trial, host):
        host.set_clock(seconds)
        try:
            yield
        finally:
            host.set_clock(0)
            host.kill('patroni')
    return fault


@contextlib.contextmanager
def disk_full(trial, host):
    host.fill_disk()
    try:
        yield
    finally:
        host.free_disk()


@contextlib.contextmanager
def switched_over(trial, host):
    trial.cluster.switch_over()
    yield


@contextlib.contextmanager
def wait_cancelled(trial, host):
    """By an operator, while the standby stands still and before Patroni takes another one."""
    standby = trial.cluster.sync_standby(host)
    standby.stop('postgres')
    try:
        wait_until(lambda: trial.cluster.cancel_waiting(host), 10, 'a commit waits')
        yield
    finally:
        standby.cont('postgres')


ROLES = {'primary': lambda cluster: cluster.primary(),
         'sync standby': lambda cluster: cluster.sync_standby(cluster.primary()),
         'other standby': lambda cluster: next(h for h in cluster.hosts.values() if h not in (
             cluster.primary(), cluster.sync_standby(cluster.primary())))}


def kinds(load):
    """{name: (role, fault)}"""
    found = {'switch-over': ('primary', switched_over), 'wait for the standby cancelled': ('primary', wait_cancelled)}
    for role in ROLES:
        for part in (*PARTS, *load.PROCESSES, 'host'):
            found[f'{part} of the {role} killed'] = role, killed(part)
            found[f'{part} of the {role} stopped'] = role, stopped(part)
        found[f'{role} cut off'] = role, cut_off
        found[f'{role} deaf'] = role, deaf(1.0)
        found[f'{role} hears seven words of ten'] = role, deaf(0.3)
        found[f'clock of the {role} an hour ahead'] = role, clock_set(HOUR)
        found[f'clock of the {role} an hour back'] = role, clock_set(-HOUR)
        found[f'disk of the {role} full'] = role, disk_full
    return found


# --- a trial ------------------------------------------------------------------------------------------------------

class Trial:
    """`load` is made with the cluster: Inserts, or what takes its place."""

    def __init__(self, folder, seed, load=Inserts, show=print, **settings):
        self.cluster = Cluster(folder, **settings)
        self.load = load(self.cluster)
        self.rng = random.Random(seed)
        self.show = show
        self.gaps = defaultdict(list)
        self.both = 0                   # times that two said they were the primary
        self.wrong = []

    def start(self):
        self.show(f'hosts: all is well after {self.cluster.start():.0f} s')
        self.load.prepare()
        self.start_again()

    def start_again(self):
        """What was killed, on each host."""
        for host in self.cluster.hosts.values():
            self.cluster.start_host(host)
            self.load.start(host)
        self.wait_well()

    def wait_well(self):
        self.cluster.wait_calm()
        since = time.monotonic()
        wait_until(lambda: self.load.last() > since, 60, 'writes are acknowledged')

    def choose(self, count, names):
        """Each in turn, in another order each time."""
        out = []
        while len(out) < count:
            some = sorted(names)
            self.rng.shuffle(some)
            out += some
        return out[:count]

    def run(self, names):
        known = kinds(self.load)
        for number, name in enumerate(names, 1):
            role, fault = known[name]
            self.break_once(name, ROLES[role](self.cluster), fault)
            self.show(f'hosts: {number} of {len(names)}: {name}: {self.gaps[name][-1][0]:.1f} s without a write, '
                      f'{self.gaps[name][-1][1]:.1f} s after it was over')
            if self.wrong:
                break

    def break_once(self, name, host, fault):
        began = time.monotonic()
        ended = began
        try:
            with fault(self, host):
                self.hold(began)
                ended = time.monotonic()
            self.start_again()
            found = self.load.check()[1]
            self.wrong += [f'{name}, host {host.number}: {len(found)} differences', *found] if found else []
        except AssertionError as e:
            self.wrong.append(f'{name}, host {host.number}: {e}')
        over = time.monotonic()
        self.gaps[name].append((self.load.gap(began, ended), self.load.gap(ended, over)))

    def hold(self, began):
        """Until Patroni must have acted, and writes go on."""
        least, most = self.cluster.ttl + MARGIN_SECONDS, self.cluster.ttl + 4 * MARGIN_SECONDS
        while (passed := time.monotonic() - began) < most:
            self.both += len(self.cluster.primaries()) > 1
            if passed > least and self.load.last() > time.monotonic() - 1:
                return
            time.sleep(0.1)

    def end(self):
        for host in self.cluster.hosts.values():
            for name in self.load.PROCESSES:
                host.kill(name)
        figures, wrong = self.load.check()
        return figures, self.wrong or wrong


def spread(gaps):
    """Of the times of a fault, in seconds: the middle one and the longest."""
    some = sorted(gaps)
    return f'{some[len(some) // 2]:.1f} to {some[-1]:.1f}' if len(some) > 1 else round(some[0], 1)


def run_hosts(o, show):
    lacks = missing()
    if lacks:
        return {}, [f'{", ".join(lacks)}: not there; script/bootstrap --hosts installs them']
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended by SIGTERM'))      # all is undone on the way out
    folder = make_folder()
    trial, began = Trial(folder, o.seed, show=show, ttl=o.ttl), time.monotonic()
    try:
        trial.start()
        trial.run(QUICK if o.quick else trial.choose(o.faults, kinds(trial.load)))
        figures, wrong = trial.end()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        trial.cluster.close()
    figures = {'seconds': round(time.monotonic() - began), 'ttl': o.ttl, 'faults': sum(map(len, trial.gaps.values())),
               **figures, 'two that said they were the primary': trial.both,
               'longest time without a write (s)': {n: spread(g for g, _ in gaps) for n, gaps in sorted(trial.gaps.items())},
               'after the fault was over (s)': {n: spread(g for _, g in gaps) for n, gaps in sorted(trial.gaps.items())},
               'not known, and why': dict(trial.load.troubles.most_common())}
    if wrong:
        print(f'the folder is kept: {folder}', file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return figures, wrong
