"""script/bench: measure the desk. See --help, and docs/performance.md for what comes out."""
import argparse
import json
import os
import resource
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

import compression
import console
import counts
import engine
import people
import report
import search_index
import targets
import upgrade
from load import Requests, h2load, start_wrk, read_wrk, wrk
from stand import Bare, Failed, Stand, environment, until
from workloads import WORKLOADS, Size, make_rng, questions

REPO = Path(__file__).resolve().parents[2]
DOCUMENT = REPO / 'docs' / 'performance.md'
SOAK_MOST_MB_A_MINUTE = 0.5     # of all processes, without mapped files
SOAK_JUDGED_MINUTES = 10        # shorter, and warming up looks like growth


class Progress:
    """A bar on a terminal; elsewhere nothing. What is printed goes above it."""

    def __init__(self):
        self.on = sys.stderr.isatty()
        self.total = self.done = 0
        self.begin = time.monotonic()

    def show(self, what):
        if self.on:
            width = 30 * self.done // max(1, self.total)
            minutes = (time.monotonic() - self.begin) / 60
            print(f'\r\033[K[{"#" * width:30}] {minutes:.1f} min  {what}', end='', file=sys.stderr, flush=True)

    def step(self, what):
        self.done += 1
        self.show(what)

    def say(self, text):
        if self.on:
            print('\r\033[K', end='', file=sys.stderr)
        print(text, flush=True)


class Bench:
    def __init__(self, options):
        self.o = options
        self.bin = Path(options.bin)
        self.cache = Path(options.data)
        self.work = self.cache / 'work'
        self.progress = Progress()
        self.results = {}

    # -- data

    def flicketctl(self, *args):
        done = subprocess.run([self.bin / 'flicketctl', *args], env=environment(FLICKET_BCRYPT_COST=4),
                              stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.DEVNULL if not self.o.verbose else None)
        if done.returncode != 0:
            raise Failed(f'flicketctl {args[0]} ended with status {done.returncode}')

    def name_of(self, size):
        return f'{size.users}-{size.tickets}-{size.posts}-{self.o.seed}'

    def numbers(self, size):
        return ('--users', str(size.users), '--tickets', str(size.tickets), '--posts', str(size.posts),
                '--seed', str(self.o.seed))

    def kept(self, size):
        """The folder of generated data, made if it is not there yet."""
        folder = self.cache / self.name_of(size)
        if not (folder / 'stores').exists():
            self.progress.say(f'making {size.tickets:,} tickets and {size.posts:,} replies in {folder}')
            self.flicketctl('generate', *self.numbers(size), '--data', str(folder))
        return folder

    def copy(self, size, name='desk'):
        """Data of a size to write to."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(['cp', '-a', '--reflink=auto', str(self.kept(size)), str(folder)], check=True)
        os.sync()       # what the system still has to write would be in the way of what is measured
        return folder

    def stand(self, size, name='desk', **more):
        return Stand(self.bin, self.copy(size, name), **more)

    def stand_on(self, folder, **more):
        """A desk on data that a section writes to again."""
        return Stand(self.bin, folder, **more)

    def requests(self, w, stand, size, name=''):
        rng = make_rng(self.o.seed, w.key)
        folder = self.work / 'requests'
        made = w.make(stand, size, rng, self.o.requests)
        return Requests(folder, f'{w.name}{name}', made, w.status).probe(stand)

    def chosen(self):
        return [w for w in WORKLOADS if not self.o.workload or w.key in self.o.workload]

    # -- measuring

    def compare(self, desk, bare, requests, connections, load):
        """Rounds of both in turn: medians, and the median of the ratios of each round."""
        pairs = []
        for i in range(self.o.rounds):
            self.progress.show(f'{requests.name}, {connections} connections, round {i + 1}')
            pairs.append((load(desk, requests, connections, self.o.seconds),
                          load(bare, requests, connections, self.o.seconds, bare=True)))
        return {'desk': summary([d for d, _ in pairs]), 'bare': summary([b for _, b in pairs]),
                'ratio': statistics.median(d.rate / b.rate for d, b in pairs), 'size': requests.size}

    def ratio(self):
        """Every workload to bare h2o, at several numbers of connections, HTTP/1.1 and HTTP/2."""
        size = Size.of(self.o.tickets)
        out = self.results.setdefault('ratio', {})
        chosen = self.chosen()
        self.progress.total = len(chosen) * 2
        with self.stand(size) as desk, Bare(self.bin) as bare:
            for w in chosen:
                requests = self.requests(w, desk, size)
                row = out[w.key] = {}
                for c in self.o.connections:
                    row[str(c)] = self.compare(desk, bare, requests, c, wrk)
                    self.print_row(w, c, row[str(c)])
                self.progress.step(w.name)
                for c in self.o.connections if w.status == 200 and self.is_wanted(w) else ():
                    row[f'{c}h2'] = self.compare(desk, bare, requests, c, h2load)
                    self.print_row(w, f'{c} h2', row[f'{c}h2'])
                self.progress.step(w.name)
                self.memory(desk)

    def is_wanted(self, w):
        """--quick leaves out what would only take longer."""
        return not self.o.quick or w.key in ('ticket', 'tickets')

    def print_row(self, w, connections, v):
        d = v['desk']
        times = f'p50 {d["p50"]:6.2f}  p99 {d["p99"]:6.2f} ms' if d['p50'] else f'{"":26}'
        self.progress.say(f'{w.name:26} {connections!s:>6}  {d["rate"]:9,.0f}/s ({d["least"]:,.0f}–{d["most"]:,.0f})  '
                          f'{times}  {v["size"]:6,} bytes  ratio {v["ratio"]:.2f}')

    def memory(self, desk):
        """Called while or just after it was under load: the most there was."""
        rss, pss = desk.memory()
        old = self.results.get('memory', {'pss': 0})
        if pss > old['pss']:
            self.results['memory'] = {'pss': pss, 'rss': rss, 'note':
                                      f'Memory of the five processes under load: {pss:.0f} MB proportional (PSS), '
                                      f'{rss:.0f} MB resident (shared pages counted in each).'}

    def commits(self):
        """What a transaction costs on this disk, to what writes come to at 64 connections."""
        path = self.work / 'commits.db'
        path.parent.mkdir(parents=True, exist_ok=True)
        rates = []
        for _ in range(self.o.rounds):
            path.unlink(missing_ok=True)
            db = sqlite3.connect(path, isolation_level=None)
            db.executescript('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x TEXT)')
            end, n = time.monotonic() + self.o.seconds, 0
            while time.monotonic() < end:
                db.execute('INSERT INTO t VALUES (?)', ('x' * 300,))
                n += 1
            db.close()
            rates.append(n / self.o.seconds)
        commits = statistics.median(rates)
        writes = [v['64']['desk']['rate'] for k, v in self.results.get('ratio', {}).items()
                  if k.startswith('new-') and '64' in v]
        self.results['commits'] = {
            'rate': commits, **({'ratio': min(writes) / commits} if writes else {}),
            'note': f'One row a transaction, synchronous=FULL: {commits:,.0f} commits/s on this disk.'}
        self.progress.say(self.results['commits']['note'])

    def mix(self):
        """48 connections read while 16 write: the reads' p99."""
        size = Size.of(self.o.tickets)
        by_key = {w.key: w for w in WORKLOADS}
        runs = []
        with self.stand(size) as desk:
            reads = self.requests(by_key['ticket'], desk, size)
            reads.requests += self.requests(by_key['posts'], desk, size).requests
            make_rng(self.o.seed, 'mix').shuffle(reads.requests)
            writes = self.requests(by_key['new-ticket'], desk, size)
            writes.requests += self.requests(by_key['new-post'], desk, size).requests
            make_rng(self.o.seed, 'mix').shuffle(writes.requests)
            for i in range(self.o.rounds):
                self.progress.show(f'reads and writes, round {i + 1}')
                with start_wrk(desk, reads, 48, self.o.seconds) as r, start_wrk(desk, writes, 16, self.o.seconds) as w:
                    runs.append((read_wrk('mix, reads', r.communicate()[0]), read_wrk('mix, writes', w.communicate()[0])))
                desk.check()
            self.memory(desk)
        p99 = statistics.median(r.p99 for r, _ in runs)
        note = (f'48 connections read tickets and replies while 16 write them: '
                f'{statistics.median(r.rate for r, _ in runs):,.0f} reads/s, p50 '
                f'{statistics.median(r.p50 for r, _ in runs):.2f} ms, p99 {p99:.2f} ms '
                f'({min(r.p99 for r, _ in runs):.2f}–{max(r.p99 for r, _ in runs):.2f}); '
                f'{statistics.median(w.rate for _, w in runs):,.0f} writes/s, p99 '
                f'{statistics.median(w.p99 for _, w in runs):.2f} ms.')
        self.results['mix'] = {'p99': p99, 'note': note}
        self.progress.say(note)

    def questions(self):
        """Filters, sorts and searches at 16 connections."""
        size = Size.of(self.o.tickets)
        rows = {}
        folder = self.work / 'requests'
        with self.stand(size) as desk:
            until(lambda: desk.ask('/flicket-api/tickets/?status=Open').status == 200, 'lists are loaded')
            asked = list(questions(desk, size, make_rng(self.o.seed, 'questions')))
            if self.o.quick:
                asked = [('all of them', [r for _, requests in asked for r in requests])]
            for name, requests in asked:
                r = Requests(folder, f'question {name}', requests, 200).probe(desk, len(requests))
                runs = [wrk(desk, r, 16, self.o.seconds) for _ in range(self.o.rounds)]
                rows[name] = summary(runs)
                self.progress.say(f'{name:30} {rows[name]["rate"]:9,.0f}/s  p50 {rows[name]["p50"]:6.2f}  '
                                  f'p99 {rows[name]["p99"]:6.2f} ms')
            self.memory(desk)
        self.results['questions'] = {'rows': rows, 'p99': max(r['p99'] for r in rows.values())}

    def growth(self):
        """Median latency at 16 connections against the number of tickets, of all sizes in turn."""
        sizes = [n for n in (1000, 10000, 100000) if n < self.o.tickets] + [self.o.tickets]
        out = {}
        for w in filter(self.is_wanted, self.chosen()):
            stands, samples = [], {n: [] for n in sizes}
            try:
                for n in sizes:
                    stands.append((n, self.stand(Size.of(n), f'growth-{n}').start()))
                files = {n: self.requests(w, s, Size.of(n), f' {n}') for n, s in stands}
                for i in range(self.o.rounds):
                    self.progress.show(f'{w.name} against the number of tickets, round {i + 1}')
                    for n, s in stands:
                        samples[n].append(wrk(s, files[n], 16, self.o.seconds).p50)
                for _, s in stands:
                    s.stop()
            finally:
                for _, s in stands:
                    s.kill()
            out[w.key] = {str(n): statistics.median(v) for n, v in samples.items()}
            self.progress.say(f'{w.name:26} ' + '  '.join(f'{n:,}: {v:.3f} ms' for n, v in
                                                          ((n, out[w.key][str(n)]) for n in sizes)))
        first, last = str(sizes[0]), str(sizes[-1])
        self.results['growth'] = {'p50': out, 'ratio': max(v[last] / v[first] for v in out.values())}

    def scale(self, section, counts, settings):
        """Throughput of some workloads at 64 connections against a count of something."""
        size = Size.of(self.o.tickets)
        rates = {}
        keys = [w for w in self.chosen() if w.key in ('ticket', 'tickets', 'new-post') and self.is_wanted(w)]
        for count in counts:
            try:
                with self.stand(size, section, **settings(count)) as desk:
                    for w in keys:
                        requests = self.requests(w, desk, size)
                        rate = statistics.median(wrk(desk, requests, 64, self.o.seconds).rate
                                                 for _ in range(self.o.rounds))
                        rates.setdefault(w.key, {})[str(count)] = rate
                        self.progress.say(f'{section} {count}: {w.name:26} {rate:9,.0f}/s')
            except Failed as e:
                if count == counts[0] or section != 'replicas':
                    raise
                note = f'Several replicas of a service were not measured: this build does not take them ({first(e)}).'
                self.results[section] = {'rates': rates, 'note': note}
                self.progress.say(note)
                return
        self.results[section] = {'rates': rates}

    def threads(self):
        self.scale('threads', self.o.counts, lambda n: {'FLICKET_GATEWAY_THREADS': n})

    def replicas(self):
        self.scale('replicas', self.o.counts,
                   lambda n: {'replicas': {'user': n, 'ticket': n, 'post': n, 'lookup': n}})

    def curve(self):
        """Point reads with encrypted connections between the processes, to the same without."""
        keys = self.work / 'keys'
        done = subprocess.run([self.bin / 'flicketctl', 'keys', '--help'], capture_output=True, check=False)
        if done.returncode != 0:
            self.results['curve'] = {'note': 'CURVE was not measured: this build has no `flicketctl keys`.'}
            self.progress.say(self.results['curve']['note'])
            return
        shutil.rmtree(keys, ignore_errors=True)
        keys.parent.mkdir(parents=True, exist_ok=True)
        self.flicketctl('keys', 'make', str(keys))
        size = Size.of(self.o.tickets)
        ratios, notes = [], []
        with self.stand(size) as plain, self.stand(size, 'curve', FLICKET_KEYS=keys) as secret:
            for w in (w for w in WORKLOADS if w.group == 'point'):
                requests = self.requests(w, plain, size)
                pairs = [(wrk(secret, requests, 64, self.o.seconds), wrk(plain, requests, 64, self.o.seconds))
                         for _ in range(self.o.rounds)]
                ratios.append(statistics.median(s.rate / p.rate for s, p in pairs))
                notes.append(f'`{w.name}` {ratios[-1]:.2f}')
        self.results['curve'] = {'ratio': min(ratios), 'note': 'With CURVE, to without: ' + ', '.join(notes) + '.'}
        self.progress.say(self.results['curve']['note'])

    def start(self):
        """From the start of the first process until /readyz says so."""
        folder = self.copy(Size.of(self.o.tickets))
        times = []
        for _ in range(self.o.rounds):
            with Stand(self.bin, folder) as desk:
                times.append(desk.seconds)
        self.results['start'] = {'seconds': statistics.median(times), 'note':
                                 f'Start to ready, five processes: {statistics.median(times):.2f} s '
                                 f'({min(times):.2f}–{max(times):.2f}).'}
        self.progress.say(self.results['start']['note'])

    def take_over(self):
        """flicketctl import of a Flicket database of the size."""
        size = Size.of(self.o.tickets)
        file = self.cache / f'{self.name_of(size)}.flicket.db'
        if not file.exists():
            self.flicketctl('generate', *self.numbers(size), '--flicket', str(file))
        folder = self.work / 'import'
        shutil.rmtree(folder, ignore_errors=True)
        self.progress.show('import')
        begin = time.monotonic()
        process = subprocess.Popen([self.bin / 'flicketctl', 'import', '--data', folder, file], env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds, mb = time.monotonic() - begin, usage.ru_maxrss / 1024
        if process.returncode != 0:
            raise Failed(f'import: {error.decode(errors="replace")}')
        shutil.rmtree(folder)
        self.results['import'] = {'seconds': seconds, 'mb': mb, 'note':
                                  f'Import of {size.tickets:,} tickets and {size.posts:,} replies from a Flicket '
                                  f'database of {file.stat().st_size / 2**20:,.0f} MB: {seconds:.1f} s, '
                                  f'{mb:.0f} MB at most.'}
        self.progress.say(self.results['import']['note'])

    def search_index(self):
        """The index of words: size, time to make it anew while the desk serves, and searches for the first time."""
        size = Size.of(self.o.tickets)
        notes = []
        for name, words in search_index.SCRIPTS.items():
            self.progress.show(f'search index, texts {name}')
            found = search_index.measure(self.copy(size, 'index'), lambda folder: Stand(self.bin, folder),
                                         make_rng(self.o.seed, name), words, self.o.requests // 100)
            rate = (size.tickets + size.posts) / found['seconds']
            notes.append(f'{name}: {found["texts"] / 2**20:,.0f} MB of text, index {found["index"] / 2**20:,.0f} MB '
                         f'({found["index"] / found["texts"]:.2f} of it), made anew in {found["seconds"]:.0f} s '
                         f'({rate:,.0f} texts/s), a search {found["median"] * 1000:.1f} ms (at most '
                         f'{found["most"] * 1000:.0f} ms)')
            self.progress.say(notes[-1])
        self.results['index'] = {'note': f'Search index of {size.tickets:,} tickets and {size.posts:,} replies, made '
                                         'anew while the desk serves; searches by relevance that were not asked '
                                         'before. Texts ' + '; '.join(notes) + '.'}

    def soak(self):
        """Reads and writes for so many minutes: does memory grow? What is mapped of the stores does, with the data,
        and is told apart."""
        if not self.o.soak:
            return
        size = Size.of(self.o.tickets)
        points, first_third = [], max(1, self.o.soak // 3)
        with self.stand(size) as desk:
            by_key = {w.key: w for w in WORKLOADS}
            reads, lists, writes = (self.requests(by_key[k], desk, size) for k in ('ticket', 'tickets', 'new-post'))
            for minute in range(self.o.soak):
                loads = [start_wrk(desk, r, c, 60) for r, c in ((reads, 32), (lists, 16), (writes, 16))]
                for p in loads:
                    read_wrk('soak', p.communicate()[0])
                points.append((desk.own_memory(), *desk.memory()))
                self.progress.show(f'minute {minute + 1}: {points[-1][0]:.0f} MB of its own')
        # what is filled at first (caches, arenas of malloc) is no growth: the first third is left out
        settled = points[first_third:] if self.o.soak >= 6 else points
        own, rss, pss = zip(*points)
        rate = slope([p[0] for p in settled])
        flat = rate <= SOAK_MOST_MB_A_MINUTE
        note = (f'Memory under load for {self.o.soak} minutes, without what is mapped of stores and programs: ' +
                ', '.join(f'{p:.0f}' for p in own[::max(1, len(own) // 10)]) + f', at last {own[-1]:.0f} MB ('
                f'with it {rss[-1]:.0f} MB, PSS {pss[-1]:.0f} MB). After the first {self.o.soak - len(settled)} '
                f'minutes it grows by {rate:+.2f} MB a minute, which is {"flat" if flat else "not flat"} (at most '
                f'{SOAK_MOST_MB_A_MINUTE:g}).')
        self.results['soak'] = {'minutes': self.o.soak, 'slope': rate, 'own': own, 'rss': rss, 'note': note}
        if pss[-1] > self.results.get('memory', {'pss': 0})['pss']:
            self.results['memory'] = {'pss': pss[-1]}
        self.results.setdefault('memory', {'pss': pss[-1]})
        self.results['memory']['note'] = (self.results['memory'].get('note', '') + ' ' + note).strip()
        self.progress.say(note)
        if self.o.soak >= SOAK_JUDGED_MINUTES and not flat:
            raise Failed(f'memory grows: {rate:+.2f} MB a minute')

    # -- the whole

    def run(self):
        sections = self.o.section or list(SECTIONS)
        kept = self.cache / 'results.json'
        if kept.exists() and (self.o.section or self.o.workload) and not self.o.quick:
            self.results = json.loads(kept.read_text())
        try:
            for name in sections:
                self.load = os.getloadavg()[0]
                SECTIONS[name](self)
                if name in report.OWN and name in self.results:
                    self.results[name]['head'] = self.head()
        finally:
            shutil.rmtree(self.work, ignore_errors=True)
            self.keep(kept)
        self.progress.say('')
        for row in targets.rows(self.results):
            self.progress.say('{:66} {:>10} {:>10} {:>12}  {}'.format(*row))

    def head(self):
        return (f'Measured {time.strftime("%Y-%m-%d", time.gmtime())} with `{shlex.join(["script/bench", *self.o.given])}`, '
                f'load average {self.load:.1f} before; {report.machine()}.')

    def keep(self, path):
        """What was measured, also if a later section fails."""
        self.results.update(
            date=time.strftime('%Y-%m-%d', time.gmtime()), tickets=self.o.tickets, rounds=self.o.rounds,
            seconds=self.o.seconds, machine=report.machine(), versions=report.versions(),
            commands=list(dict.fromkeys([*self.results.get('commands', ()),
                                         shlex.join(['script/bench', *self.o.given])])))
        if not self.o.quick:
            path.write_text(json.dumps(self.results, indent=1))


SECTIONS = {'ratio': Bench.ratio, 'commits': Bench.commits, 'mix': Bench.mix, 'questions': Bench.questions,
            'growth': Bench.growth, 'threads': Bench.threads, 'replicas': Bench.replicas, 'curve': Bench.curve,
            'compression': compression.measure, 'start': Bench.start, 'import': Bench.take_over,
            'index': Bench.search_index, 'soak': Bench.soak, 'console': console.measure, 'counts': counts.measure,
            'people': people.measure, 'upgrade': upgrade.measure, 'engine': engine.measure}


def slope(values):
    """How much values that are taken at even distances grow from one to the next: the median of all pairs (Theil and
    Sen), which a single outlier does not move."""
    pairs = [(b - a) / (j - i) for i, a in enumerate(values) for j, b in enumerate(values) if i < j]
    return statistics.median(pairs) if pairs else 0.0


def summary(runs):
    rates = [r.rate for r in runs]
    return {'rate': statistics.median(rates), 'least': min(rates), 'most': max(rates),
            'p50': statistics.median(r.p50 for r in runs), 'p99': statistics.median(r.p99 for r in runs)}


def first(error):
    return str(error).partition('\n')[0].rstrip(':')


def read_options(argv):
    p = argparse.ArgumentParser(prog='script/bench', description=(
        'Measure the desk, each workload in turn with a bare h2o server that answers as many constant bytes. '
        'Builds a Release, makes the data once, prints medians, and writes docs/performance.md after a full run.'))
    p.add_argument('workload', nargs='*', help='only these: ' + ', '.join(w.key for w in WORKLOADS))
    p.add_argument('--quick', action='store_true',
                   help='small data, one short round, no document: only to see that all of it works, in a minute')
    p.add_argument('--section', action='append', choices=list(SECTIONS), help='only this; may be given again')
    p.add_argument('--tickets', type=int, metavar='N', help='how many (1,000,000)')
    p.add_argument('--rounds', type=int, metavar='N', help='of each workload (5)')
    p.add_argument('--seconds', type=int, metavar='N', help='of each round (3)')
    p.add_argument('--seed', type=int, default=1, metavar='N', help='of data and requests (1)')
    p.add_argument('--soak', '--minutes', type=int, default=0, metavar='MINUTES',
                   help='watch memory under load for so long (0); fails if it grows, when it is 10 or more')
    p.add_argument('--write', action='store_true', help='write docs/performance.md after a part of a run, too')
    p.add_argument('--data', metavar='DIR', default=str(REPO / 'build-release' / 'bench'),
                   help='where data and results are kept (build-release/bench)')
    p.add_argument('--verbose', action='store_true', help='show what flicketctl prints')
    p.add_argument('--bin', default=str(REPO / 'build-release' / 'bin'), help=argparse.SUPPRESS)
    o = p.parse_args(argv)
    o.given = argv
    wrong = set(o.workload) - {w.key for w in WORKLOADS}
    if wrong:
        p.error(f'there is no workload {", ".join(sorted(wrong))}')
    o.tickets = o.tickets or (2000 if o.quick else 1000000)
    if o.tickets < 1000:
        p.error('--tickets: at least 1000')
    o.rounds = o.rounds or (1 if o.quick else 5)
    o.seconds = o.seconds or (1 if o.quick else 3)
    o.connections = (64,) if o.quick else (16, 64, 256)
    o.counts = (1, 2) if o.quick else (1, 2, 4)
    o.requests = 500 if o.quick else 10000
    if o.workload and not o.section:
        o.section = ['ratio']
    return o


def raise_limits():
    """256 connections, several desks: many descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main():
    options = read_options(sys.argv[1:])
    raise_limits()
    bench = Bench(options)
    try:
        bench.run()
    except Failed as e:
        bench.progress.say('')
        print(f'script/bench: {e}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    whole = not options.section and not options.quick
    if whole or options.write:
        report.write(bench.results, DOCUMENT, options.section or list(SECTIONS))
        print(f'written: {DOCUMENT.relative_to(REPO)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
