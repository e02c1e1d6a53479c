"""Break things and look at what became of the promises of docs/reliability.md."""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / 'tests' / 'system'))
os.environ.setdefault('FLICKET_BIN', str(REPO / 'build' / 'bin'))

from checker import Checker, open_stores     # noqa: E402  the path comes first
from clocks import HOUR, Clocks              # noqa: E402
from desk import SHIPPED, Desk, run_program          # noqa: E402
from journal import read                    # noqa: E402
from storm import Storm, wait_delivered     # noqa: E402

RESULTS = REPO / 'tests' / 'faults' / 'results.json'
DOCUMENT = REPO / 'docs' / 'reliability.md'
MARKS = '<!-- faults -->', '<!-- /faults -->'
QUICK_SECONDS = 25
HELP = '''
Rounds are named on the command line; without names it is all of them but hosts, which needs root and Debian's Patroni
and etcd:

{rounds}

--quick is a storm of a minute, for CI; it keeps no figures. A whole run takes an hour or so, writes what it saw into
tests/faults/results.json and from there into docs/reliability.md.

When a storm finds a difference, its folder is kept and named: journal.jsonl has what was asked and answered, data the
stores as they were found, *.log what the processes said. The seed repeats the choices, not the moments.

  script/faults storm --seed 7 --kills 50 --changes 1000      a shorter storm with the choices of another
  script/faults --check FOLDER                                check a kept folder again
'''


# --- rounds ----------------------------------------------------------------------------------------------------

def show(text, end='\r'):
    if sys.stderr.isatty() or end == '\n':
        print(f'{text:<100}', end=end, file=sys.stderr, flush=True)


def check_folder(folder):
    changes, wrong = read(folder / 'journal.jsonl')
    return Checker(folder / 'data', changes, wrong).check(), len(changes)


def verify(data):
    done = run_program('flicketctl', 'verify', '--json', '--data', str(data), timeout=600)
    found = json.loads(done.stdout)
    return [f'flicketctl verify: {json.dumps(f)}' for f in found['findings']]


def steps_seen(desk):
    """By the processes, in their logs."""
    return sum(log.read_text(errors='replace').count('the clock was set') for log in desk.folder.glob('*.log'))


def run_clock(o):
    """A token is over when the clock of its owner says so: these have longer than that may be wrong."""
    return run_storm(o, bent=True, FLICKET_TOKEN_SECONDS=30 * 24 * HOUR)


def run_storm(o, bent=False, **settings):
    folder = Path(tempfile.mkdtemp(prefix='flicket-storm-'))
    desk = Desk(folder, 'imported', FLICKET_EVENT_WAIT_MS=500, FLICKET_CHANGE_CATEGORY='everybody',
                **{**SHIPPED, **settings})
    try:
        desk.take_over()
        clocks = Clocks(desk) if bent else None
        desk.start()
        storm = Storm(desk, folder / 'journal.jsonl', o.seed, clocks=clocks)
        seconds = storm.run(QUICK_SECONDS if o.quick else None, o.kills, o.changes, lambda passed, kills, j: show(
            f'storm: {passed:5.0f} s, {kills} kills, {j.sent} changes asked for, {j.done} acknowledged'))
        stores = open_stores(desk.data)
        wait_delivered(stores)
        for store in stores.values():
            store.close()
        running = [f'{p.name} died by itself, status {p.popen.returncode}' for p in desk.processes.values()
                   if not p.is_running()]
        changes, refused = read(folder / 'journal.jsonl')
        checker = Checker(desk.data, changes, [*running, *refused])
        checker.check_answers(desk.admin(), random.Random(o.seed))
        try:
            desk.stop()
        except AssertionError as e:
            checker.differ(str(e))
        for path in desk.data.rglob('*.db-wal'):
            checker.differ(f'{path} is left')
        wrong = checker.check() + verify(desk.data)
    finally:
        desk.kill_everything()
    figures = {'seconds': round(seconds), 'kills': sum(storm.killer.kills.values()),
               'killed': dict(sorted(storm.killer.kills.items())), 'stood still': storm.killer.pauses,
               'changes asked for': len(changes), 'acknowledged': storm.journal.done,
               'left unknown': storm.journal.left,
               'asked more than once': sum(c['tries'] > 1 for c in changes), 'looked at': dict(checker.looked_at)}
    if bent:
        figures |= {'clocks set': storm.bender.bends, 'steps seen by the processes': steps_seen(desk)}
    if wrong:
        print(f'the folder is kept: {folder}', file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return figures, wrong


def add(total, figures):
    """Figures of one name come from several tests, and from several processes."""
    for name, value in figures.items():
        total[name] = total[name] + value if name in total and isinstance(value, (int, float)) else value


def run_tests(*files, workers=2):
    """System tests in their full version, so many at a time. They report figures into the file that FAULTS_RESULTS names, a line of JSON
    each; those of one name are added up."""
    def run(o):
        with tempfile.TemporaryDirectory() as folder:
            said = Path(folder) / 'figures.jsonl'
            env = {**os.environ, 'FAULTS_FULL': '1', 'FAULTS_SEED': str(o.seed), 'FAULTS_RESULTS': str(said)}
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-n', str(workers),
                 *(str(REPO / 'tests' / 'system' / f) for f in files)],
                cwd=REPO, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            figures = {'seconds': round(time.monotonic() - began)}
            count = {what: int(n) for n, what in re.findall(r'(\d+) (passed|failed|skipped|error)', done.stdout)}
            figures['tests'] = count.get('passed', 0)
            if said.exists():
                for line in said.read_text().splitlines():
                    line = json.loads(line)
                    add(figures.setdefault(line.pop('name'), {}), line)
        wrong = re.findall(r'^(?:FAILED|ERROR) .*', done.stdout, re.M)
        if done.returncode != 0 and not wrong:
            wrong = done.stdout.splitlines()[-5:]
        return figures, wrong
    return run


def run_hosts(o):
    from hosts import run_hosts as run      # needs what the other rounds do not
    return run(o, lambda text: show(text, '\n'))


# name: (the promise, what is done, how)
ROUNDS = {
    'storm': ('acknowledged writes', 'all kinds of changes while random processes are killed and stood still',
              run_storm),
    'clock': ('wrong clocks', 'the same, while the clock of each process is set by hours at random, back and ahead',
              run_clock),
    'disk': ('disks that fail', 'each operation of each write on the disk fails in turn; full and read-only disks',
             run_tests('test_disk.py', 'test_disk_start.py', 'test_disk_backup.py')),
    'power': ('power failures', 'what was not synced is lost, in part', run_tests('test_power.py')),
    'peers': ('peers', 'slow, dead and lying peers on the bus', run_tests('test_peers.py', 'test_wire.py')),
    'overload': ('overload', '10,000 idle connections and four times the load it can bear',
                 run_tests('test_overload.py', 'test_slow_clients.py', 'test_http2_floods.py')),
    'fair': ('no user holds up the others', "one user's flood of each kind beside another's ordinary work",
             run_tests('test_fair.py', workers=1)),
    'stop': ('stops', 'graceful stops and rolling restarts under load', run_tests('test_stop.py', 'test_replicas.py')),
    'backup': ('backups', 'backups of a running desk, restored and checked',
               run_tests('test_backup.py', 'test_verify.py')),
    'revoke': ('who has ended gets nothing done',
               'every way to end a user, a password, a token or a right meets every request under way',
               run_tests('test_revoke.py')),
    'upgrade': ('upgrades', 'stores of every schema migrate under load', run_tests('test_upgrade.py')),
    'hosts': ('the loss of a host', 'three hosts with PostgreSQL, Patroni and etcd: each part of each is killed, stopped, '
              'cut off, while rows are written on all', run_hosts),
}
NAMED_ONLY = ('hosts',)


# --- what came of it -------------------------------------------------------------------------------------------

def machine():
    models = re.findall(r'^model name\s*: (.*)', Path('/proc/cpuinfo').read_text(), re.M)
    return f'{os.cpu_count()} × {models[0].strip() if models else os.uname().machine}'


def words(figures):
    """Figures as text, those of a group in brackets."""
    out = []
    for name, value in figures.items():
        if isinstance(value, dict):
            out.append(f'{name} ({words(value)})')
        else:
            out.append(f'{name} {value:,}' if isinstance(value, (int, float)) else f'{name} {value}')
    return ', '.join(out)


def table(results):
    lines = ['| promise | what was done | figures | differences |', '| --- | --- | --- | ---: |']
    for name, (promise, what, _) in ROUNDS.items():
        if name in results:
            r = results[name]
            lines.append(f'| {promise} | {what}: `{r["command"]}`, {r["date"]}, {r["machine"]} '
                         f'| {words(r["figures"])} | {r["differences"]} |')
    return '\n'.join(lines)


def filled(text, results):
    """The document with the table between its marks."""
    begin, end = (text.find(mark) for mark in MARKS)
    if begin == -1 or end < begin or not results:
        return text
    return f'{text[:begin]}{MARKS[0]}\n{table(results)}\n{text[end:]}'


def load_results():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def keep(name, o, figures, wrong):
    results = load_results()
    results[name] = {'date': date.today().isoformat(), 'machine': machine(), 'figures': figures,
                     'command': f'script/faults {name} --seed {o.seed}', 'differences': len(wrong)}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + '\n')
    DOCUMENT.write_text(filled(DOCUMENT.read_text(), results))


# --- the command line ------------------------------------------------------------------------------------------

def read_options():
    rounds = '\n'.join(f'  {name:10} {what}' for name, (_, what, _) in ROUNDS.items())
    p = argparse.ArgumentParser(prog='script/faults', description=__doc__, epilog=HELP.format(rounds=rounds),
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('rounds', nargs='*', metavar='ROUND', help='only these: ' + ', '.join(ROUNDS))
    p.add_argument('--quick', action='store_true', help='a storm of a minute, for CI; keeps no figures')
    p.add_argument('--kills', type=int, default=500, metavar='N', help='a storm has so many at least (%(default)s)')
    p.add_argument('--changes', type=int, default=100000, metavar='N', help='... and asks for so many (%(default)s)')
    p.add_argument('--faults', type=int, default=200, metavar='N', help='hosts has so many (%(default)s)')
    p.add_argument('--ttl', type=int, default=20, metavar='SECONDS', help="... and Patroni this ttl (%(default)s)")
    p.add_argument('--seed', type=int, metavar='N', help='repeats the choices (another one each time)')
    p.add_argument('--check', type=Path, metavar='FOLDER', help='check the stores of a storm again')
    o = p.parse_args()
    unknown = [r for r in o.rounds if r not in ROUNDS]
    if unknown:
        p.error(f'there is no round {unknown[0]}; there are {", ".join(ROUNDS)}')
    if o.kills < 1 or o.changes < 1 or o.faults < 1:
        p.error('--kills, --changes and --faults must be 1 or more')
    if o.ttl < 5:
        p.error('--ttl must be 5 or more')
    if o.seed is None:
        o.seed = random.SystemRandom().randrange(1, 1 << 30)
    return o


def main():
    o = read_options()
    if o.check:
        differences, changes = check_folder(o.check)
        print(*differences, f'{changes} changes, {len(differences)} differences', sep='\n')
        return int(bool(differences))
    failed = False
    for name in o.rounds or (['storm'] if o.quick else [r for r in ROUNDS if r not in NAMED_ONLY]):
        show(f'{name}: {ROUNDS[name][1]}, seed {o.seed}', '\n')
        figures, wrong = ROUNDS[name][2](o)
        if not o.quick:
            keep(name, o, figures, wrong)
        for line in wrong[:50]:
            print(f'{name}: {line[:400]}')
        print(f'{name}: {words(figures)}; {len(wrong)} differences', flush=True)
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == '__main__':
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
