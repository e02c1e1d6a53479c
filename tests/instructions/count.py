"""script/instructions: how many instructions one request of each kind costs each process, counted by callgrind.

A desk runs under callgrind on generated data. Each operation is sent some times to warm up, then COUNT times one after
the other on one connection; what the processes executed meanwhile, less what they do in as much time when nobody asks,
is divided by COUNT. Such counts depend on compiler and libraries and on nearly nothing else.
"""
import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / 'tools' / 'bench'))
from stand import SERVICES, Failed, Stand, environment, until  # noqa: E402

KEPT = Path(__file__).with_name('counts.json')
PROGRAMS = ('gateway', *SERVICES)
COUNT, ROUNDS = 100, 3
MOST_GROWTH = 0.05
SHOWN = 45                      # functions in a profile
LEAST = 10000                   # fewer are heartbeats of a process that takes no part
FEW = 20                        # ... of what is never asked for twice: there are only so many pages
TICKETS, SEED = 20000, 1
PACKAGES = ('gcc', 'libc6', 'libh2o-evloop0.13', 'libzmq5', 'libczmq4', 'libmsgpackc2', 'libsqlite3-0', 'libsodium23',
            'libjansson4', 'libssl3', 'libdeflate0', 'zlib1g', 'valgrind')

ticket = json.dumps({'title': 'The printer größe 😀', 'content': 'It does not print since this morning. ' * 6,
                     'category_id': 3, 'ticket_priority_id': 2}, ensure_ascii=False)
reply = json.dumps({'ticket_id': 1700, 'content': 'Please look at it again, it is on fire. ' * 3})

# name: method, path (%: a number that goes round; #: one that never comes again, as an answer that does is copied), body
OPERATIONS = {
    'ticket/T': ('GET', 'ticket/%', None),
    'post/P': ('GET', 'post/%', None),
    'user/U': ('GET', 'user/1%', None),
    'priority/1': ('GET', 'priority/1', None),
    'tickets/N/': ('GET', 'tickets/#/', None),
    'tickets/N/ again': ('GET', 'tickets/1%/', None),
    'tickets/N/ unchanged': ('GET', 'tickets/17/', None),
    'tickets/N/ unchanged, gzip': ('GET', 'tickets/17/', None),
    'ticket/T, gzip': ('GET', 'ticket/%', None),
    'tickets/N/, gzip': ('GET', 'tickets/#/?per_page=50', None),
    'tickets/N/ again, gzip': ('GET', 'tickets/2%/', None),
    'tickets/N/?include=users': ('GET', 'tickets/#/?include=users', None),
    'tickets/N/?status=Closed&sort=title': ('GET', 'tickets/#/?status=Closed&sort=title', None),
    'tickets/N/?content=printer': ('GET', 'tickets/#/?content=printer', None),
    'posts/T/': ('GET', 'posts/#/', None),
    'subscriptions/T/': ('GET', 'subscriptions/#/', None),
    'users/': ('GET', 'users/', None),
    'categories/': ('GET', 'categories/', None),
    'no such ticket': ('GET', 'ticket/99999999', None),
    'POST tickets/': ('POST', 'tickets/', ticket),
    'POST posts': ('POST', 'posts', reply),
}


class Counter:
    def __init__(self, stand, folder):
        self.stand, self.folder = stand, folder
        self.connection = http.client.HTTPConnection('127.0.0.1', stand.port, timeout=60)
        self.dumps = {name: 0 for name in PROGRAMS}
        self.idle = {name: 0.0 for name in PROGRAMS}
        self.page = 0

    def take(self):
        """What each process executed since it was last asked."""
        found = {}
        for name in PROGRAMS:
            self.dumps[name] += 1
            subprocess.run(['callgrind_control', '--dump', str(self.stand.processes[name].pid)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in PROGRAMS:
            path = self.dump_of(name)
            until(lambda p=path: p.exists() and re.search(rb'^totals: \d+', p.read_bytes(), re.M), f'{path} is written')
            found[name] = int(re.search(rb'^totals: (\d+)', path.read_bytes(), re.M)[1])
        return found

    def dump_of(self, name):
        return self.folder / f'{name}.{self.dumps[name]}'

    def learn_idle(self, seconds=2.0):
        self.take()
        begin = time.monotonic()
        time.sleep(seconds)
        found = self.take()
        elapsed = time.monotonic() - begin
        self.idle = {name: n / elapsed for name, n in found.items()}

    def send(self, name, count):
        method, path, body = OPERATIONS[name]
        for i in range(count):
            headers = {'Authorization': f'Bearer {self.stand.token}'}
            if body:
                headers['Content-Type'] = 'application/json'
            if name.endswith(', gzip'):
                headers['Accept-Encoding'] = 'gzip'
            if 'unchanged' in name:
                headers['If-None-Match'] = self.etag(path, name.endswith(', gzip'))
            self.page += 1
            path = OPERATIONS[name][1].replace('%', str(i % 9 + 1)).replace('#', str(self.page))
            self.connection.request(method, '/flicket-api/' + path,
                                    body.encode() if body else None, headers)
            answer = self.connection.getresponse()
            answer.read()
            want = 304 if 'unchanged' in name else 404 if name.startswith('no ') else 201 if body else 200
            if answer.status != want:
                raise Failed(f'{name}: want {want}, got {answer.status}')

    def etag(self, path, packed):
        if not hasattr(self, 'tag'):
            self.tag = self.stand.api(path).getheader('ETag')
        return self.tag[:-1] + '.gzip"' if packed else self.tag

    def measure(self, name):
        """The median of some rounds, for each process that takes part."""
        self.page = 0
        count = FEW if 'tickets/#' in OPERATIONS[name][1] else COUNT
        self.send(name, FEW)
        rounds = []
        for _ in range(ROUNDS):
            self.take()
            begin = time.monotonic()
            self.send(name, count)
            elapsed = time.monotonic() - begin
            found = self.take()
            rounds.append({p: (n - self.idle[p] * elapsed) / count for p, n in found.items()})
        per_process = {p: round(statistics.median(r[p] for r in rounds)) for p in PROGRAMS}
        return {p: n for p, n in per_process.items() if n >= LEAST}


def versions():
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Package} ${Version}\n', *PACKAGES], capture_output=True,
                          text=True, check=False)
    flags = Path('/proc/cpuinfo').read_text()
    # The C library chooses its copying by it.
    return {**dict(line.split(' ', 1) for line in done.stdout.splitlines()),
            'processor': 'with AVX2' if re.search(r'^flags\b.* avx2\b', flags, re.M) else 'without AVX2'}


def wrapped(folder, name):
    return ['valgrind', '--tool=callgrind', f'--callgrind-out-file={folder}/{name}', '--quiet']


def count(options):
    bin_folder = Path(options.bin)
    with tempfile.TemporaryDirectory(prefix='flicket-instructions-') as work:
        work = Path(work)
        done = subprocess.run([bin_folder / 'flicketctl', 'generate', '--users', '20', '--tickets', str(TICKETS),
                               '--posts', str(TICKETS * 5), '--seed', str(SEED), '--data', work / 'data'],
                              env=environment(FLICKET_BCRYPT_COST=4), stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise Failed('flicketctl generate failed')
        dumps = work / 'dumps'
        dumps.mkdir()
        # A slow machine must not look like a desk that is down. `rep movsb` is one instruction to a processor, and
        # one a byte to valgrind: long copies are to be made with others.
        with Stand(bin_folder, work / 'data', wrap={p: wrapped(dumps, p) for p in PROGRAMS},
                   FLICKET_REQUEST_TIMEOUT_MS=30000,
                   GLIBC_TUNABLES='glibc.cpu.x86_rep_movsb_threshold=0x40000000:'
                                  'glibc.cpu.x86_rep_stosb_threshold=0x40000000') as stand:
            counter = Counter(stand, dumps)
            # It is answered when the lists are loaded, which is no idleness.
            stand.api('tickets/?sort=title&per_page=1')
            counter.send('ticket/T', 20)
            counter.learn_idle()
            found = {}
            for name in options.operation or OPERATIONS:
                found[name] = counter.measure(name)
                if sys.stderr.isatty():
                    print(f'\r\033[K{name}', end='', file=sys.stderr, flush=True)
                if options.profile:
                    profile(counter, name, found[name])
            if sys.stderr.isatty():
                print('\r\033[K', end='', file=sys.stderr)
            counter.connection.close()
    return found


def read_profile(path):
    """({function: own instructions}, {function: with all it called}) of a dump. callgrind_annotate counts what was
    already running when a dump began as the own instructions of main()."""
    names, own, within = {}, {}, {}
    function = None
    lines = iter(path.read_text(errors='replace').splitlines())
    for line in lines:
        kind, _, rest = line.partition('=')
        if kind in ('fn', 'cfn'):
            number, _, name = rest.partition(' ')
            names.setdefault(number, name)
            if kind == 'fn':
                function = names[number]
        elif kind == 'calls':
            cost = int(next(lines).split()[1])
            within[function] = within.get(function, 0) + cost
        elif line[:1] in tuple('0123456789+-*') and function is not None:
            cost = int(line.split()[1])
            own[function] = own.get(function, 0) + cost
            within[function] = within.get(function, 0) + cost
    return own, within


def profile(counter, name, processes):
    """The functions an operation's instructions are in, of the last round."""
    for p in processes:
        own, within = read_profile(counter.dump_of(p))
        print(f'\n== {name}: {p}, {processes[p]:,} instructions a request, the most in these functions\n'
              f'{"own":>10}{"":8}{"with calls":>12}')
        for function in sorted(own, key=own.get, reverse=True)[:SHOWN]:
            print(f'{own[function] / COUNT:10,.0f}{own[function] / sum(own.values()) * 100:7.1f}%'
                  f'{within[function] / COUNT:12,.0f}  {function}')


def changed_with_reason():
    """Whether the last commit, or what is not committed yet, changes the file."""
    relative = str(KEPT.relative_to(REPO))
    for args in (['diff', '--quiet', 'HEAD', '--', relative], ['diff', '--quiet', 'HEAD^', 'HEAD', '--', relative]):
        if subprocess.run(['git', '-C', str(REPO), *args], capture_output=True, check=False).returncode == 1:
            return True
    return False


def compare(found, kept, here):
    """Print every count beside the kept one; returns the names of those that grew too much."""
    other = [f'{p} {here.get(p, "is missing")}, not {v}' for p, v in kept['versions'].items() if here.get(p) != v]
    grown = []
    print(f'{"":34}{"gateway":>11}{"services":>11}{"all":>11}{"kept":>11}')
    for name, processes in found.items():
        now, before = sum(processes.values()), sum(kept['counts'].get(name, {}).values())
        part = now / before - 1 if before else 0.0
        gateway = processes.get('gateway', 0)
        print(f'{name:34}{gateway:11,}{now - gateway:11,}{now:11,}{before:11,}  {part * 100:+.1f} %' +
              ('' if before else '  (not kept yet)'))
        if part > MOST_GROWTH:
            grown.append(f'{name} ({part * 100:+.1f} %)')
    if other:
        print('These counts are of other versions, so they only warn:\n  ' + '\n  '.join(other))
    return grown, bool(other)


def update(found, kept, here, reason):
    kept.update(reason=reason, versions=here)
    kept.setdefault('counts', {}).update(found)
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + '\n')
    print(f'written: {KEPT.relative_to(REPO)}')


def main():
    p = argparse.ArgumentParser(prog='script/instructions', description=(
        'Count the instructions of a request of each kind, under callgrind, and compare with what is kept in '
        'tests/instructions/counts.json. Fails if one grew by more than 5 %, unless the file was changed with it.'))
    p.add_argument('operation', nargs='*', help='only these: ' + ', '.join(f'"{o}"' for o in OPERATIONS))
    p.add_argument('--update', metavar='REASON', help='keep these counts, and why they are so')
    p.add_argument('--profile', action='store_true', help='print the functions the instructions are in')
    p.add_argument('--bin', default=str(REPO / 'build' / 'bin'), help=argparse.SUPPRESS)
    options = p.parse_args()
    wrong = set(options.operation) - set(OPERATIONS)
    if wrong:
        p.error(f'there is no operation {", ".join(sorted(wrong))}')
    try:
        found = count(options)
    except Failed as e:
        print(f'script/instructions: {e}', file=sys.stderr)
        return 1
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {'versions': {}, 'counts': {}}
    here = versions()
    grown, other = compare(found, kept, here)
    if options.update:
        update(found, kept, here, options.update)
        return 0
    if grown and not other and not changed_with_reason():
        print(f'More than {MOST_GROWTH * 100:.0f} % more instructions: {", ".join(grown)}.\nIf it must be so, keep the '
              'new counts in the same commit: script/instructions --update "why"', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
