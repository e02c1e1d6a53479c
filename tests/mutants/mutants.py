"""Put small faults into copies of the product, one at a time, and see whether a test notices."""
import argparse
import concurrent.futures
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from copy_of import HANGS, Broken, Copy
from table import check, folder_of, read_table

REPO = Path(__file__).resolve().parents[2]
HERE = REPO / 'tests' / 'mutants'
WORK = REPO / 'build-mutants'
RESULTS = HERE / 'results.json'
DOCUMENT = REPO / 'docs' / 'reliability.md'
MARKS = '<!-- mutants -->', '<!-- /mutants -->'
ENOUGH = 0.95           # of the faults must be seen
LONG = '^ticket_lists$'     # a unit test of a minute: only where a row names it
HELP = '''
The faults are rows of tests/mutants/*.txt; table.py says how a row is written. Each is put into a copy of the tree
(build-mutants/N, kept from run to run), built, and tried with the tests its row names, then with the unit tests of
its part, and with --all then with every system test, up to the first that fails. That test must fail twice with the
fault and pass without it, so that a test that fails by chance sees nothing. A fault that makes tests hang is seen.

  script/mutants --only NAME --all      does any test see this one?
  script/mutants --folder gateway/      those of a folder
  script/mutants --resume               go on with a run that was broken off

Results are kept in tests/mutants/results.json; when each row has one, docs/reliability.md gets the table. The exit
status is 0 if 95 % of the faults that were tried were seen and every row of the table could be tried.
'''


# --- one fault -------------------------------------------------------------------------------------------------

class Base:
    """The product without a fault: does a test pass on it? Asked once for each."""

    def __init__(self):
        self.copy = Copy(WORK / 'base')
        self.lock = threading.Lock()
        self.passed = {}
        self.ready = False

    def prepare(self):
        self.copy.copy_from(REPO)
        self.copy.configure()
        self.copy.build()
        self.ready = True

    def passes(self, runner):
        with self.lock:
            if not self.ready:
                self.prepare()
            if runner.name not in self.passed:
                self.passed[runner.name] = runner.failing(self.copy) is None
            return self.passed[runner.name]


class Unit:
    """One unit test."""

    def __init__(self, name):
        self.name = name
        self.kind = 'unit'

    def failing(self, copy):
        return copy.ctest('-R', f'^{self.name}$')


class System:
    """One system test, or all of a file."""

    def __init__(self, name):
        self.name = name
        self.kind = 'system'

    def failing(self, copy):
        return copy.pytest([self.name])


def confirmed(runner, copy, base):
    """What failed once fails again, and not without the fault."""
    if runner.name.endswith(HANGS):
        return True
    return runner.failing(copy) is not None and base.passes(runner)


def see_unit(copy, base, names):
    """The unit test of these that sees the fault, or None."""
    names = list(names)
    while names:
        failed = copy.ctest('-R', f'^({"|".join(names)})$')
        if failed is None:
            return None
        if confirmed(Unit(failed), copy, base):
            return Unit(failed)
        names.remove(failed)
    return None


def see_system(copy, base, tests, *options):
    """The system test of these that sees the fault, or None."""
    left_out = []
    while len(left_out) < 5:
        failed = copy.pytest(tests, *options, *(o for t in left_out for o in ('--deselect', t)))
        if failed is None:
            return None
        if confirmed(System(failed), copy, base):
            return System(failed)
        left_out.append(failed)
    return None


def part_units(copy, path):
    """The unit tests of the part that a file is of; those without a label are everybody's."""
    folder = folder_of(path)
    label = {'gateway': 'gateway', 'tools/flicketctl': 'tools'}.get(folder, folder.partition('/')[2])
    done = subprocess.run(['ctest', '--test-dir', copy.build_folder, '--show-only=json-v1'], stdout=subprocess.PIPE,
                          text=True, check=True)
    tests = {}
    for test in json.loads(done.stdout)['tests']:
        labels = next((p['value'] for p in test.get('properties', []) if p['name'] == 'LABELS'), [])
        tests[test['name']] = labels[0] if labels else ''
    names = [n for n, of in tests.items() if of == label] or list(tests)
    return [n for n in names if not re.match(LONG, n)]


def first_to_see(copy, base, fault, everything):
    """The test that sees the fault that the copy has, or None."""
    seen = None
    if fault.units:
        copy.build(*(f'test_{u}' for u in fault.units))
        seen = see_unit(copy, base, fault.units)
    if seen is None:
        copy.build()
        if fault.systems:
            seen = see_system(copy, base, fault.systems)
    if seen is None:
        seen = see_unit(copy, base, [n for n in part_units(copy, fault.file) if n not in fault.units])
    if seen is None and everything:
        seen = see_system(copy, base, [], '-n', '2')
    return seen


def try_fault(copy, base, fault, everything):
    """Its result."""
    began = time.monotonic()
    result = {'digest': fault.digest(), 'folder': fault.folder, 'date': time.strftime('%Y-%m-%d', time.gmtime())}
    try:
        copy.put(fault)
        seen = first_to_see(copy, base, fault, everything)
        result |= {'state': 'seen', 'kind': seen.kind, 'by': seen.name} if seen else {'state': 'survived', 'by': ''}
    except (Broken, ValueError) as e:
        result |= {'state': 'error', 'by': str(e)}
    finally:
        copy.take_back()
        copy.clean_up()
    result['seconds'] = round(time.monotonic() - began)
    return result


# --- all of them -----------------------------------------------------------------------------------------------

def copies(jobs):
    """Prepared copies of the tree: one is taken for each fault, and given back."""
    pool = queue.Queue()
    for number in range(jobs):
        copy = Copy(WORK / str(number))
        copy.copy_from(REPO)
        copy.configure()
        pool.put(copy)
    return pool


def line_of(fault, result):
    state = result['state'] if result['state'] == 'seen' else result['state'].upper()
    return f'{state:9} {fault.name:45} {result["by"] or "-"}  {result["seconds"]} s'


def try_all(faults, o, results):
    """Try them, in parallel; each result is kept as soon as it is there."""
    pool = copies(min(o.jobs, len(faults)))
    base = Base()
    lock = threading.Lock()
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=REPO, stdout=subprocess.PIPE, text=True,
                            check=True).stdout.strip()
    done = 0

    def one(fault):
        nonlocal done
        copy = pool.get()
        try:
            result = try_fault(copy, base, fault, o.all) | {'commit': commit}
        finally:
            pool.put(copy)
        with lock:
            done += 1
            results[fault.name] = result
            save_results(results)
            print(f'{done:3}/{len(faults)} {line_of(fault, result)}', flush=True)

    with concurrent.futures.ThreadPoolExecutor(o.jobs) as threads:
        for future in [threads.submit(one, f) for f in faults]:
            future.result()
    for name in sorted(n for n, passed in base.passed.items() if not passed):
        print(f'{name} fails without a fault, too: it saw nothing')


def summary(faults, results):
    """By folder: {folder: {'faults', 'unit', 'system', 'survived': names, 'error': names}}, of those with a result."""
    rows = {}
    for fault in sorted(faults, key=lambda f: f.folder):
        result = results.get(fault.name)
        if result is None:
            continue
        row = rows.setdefault(fault.folder, {'faults': 0, 'unit': 0, 'system': 0, 'survived': [], 'error': []})
        row['faults'] += 1
        if result['state'] == 'seen':
            row[result['kind']] += 1
        else:
            row[result['state']].append(fault.name)
    return rows


def total(rows):
    """The sum of a summary's rows."""
    return {key: sum((r[key] for r in rows.values()), [] if key in ('survived', 'error') else 0)
            for key in ('faults', 'unit', 'system', 'survived', 'error')}


def rate(row):
    """What part of the faults that could be tried was seen."""
    tried = row['faults'] - len(row['error'])
    return (row['unit'] + row['system']) / tried if tried else 0.0


def table(rows):
    lines = ['| folder | faults | seen by unit tests | by system tests | not seen |', '| --- | ---: | ---: | ---: | --- |']
    for name, r in [*rows.items(), ('**all**', total(rows))]:
        lines.append(f'| {name} | {r["faults"]} | {r["unit"]} | {r["system"]} | {", ".join(r["survived"])} |')
    return '\n'.join(lines)


def filled(text, rows, results):
    """The document with the table between its marks."""
    begin, end = (text.find(mark) for mark in MARKS)
    if begin == -1 or end < begin:
        return text
    date = max(r['date'] for r in results.values())
    return (f'{text[:begin]}{MARKS[0]}\n`script/mutants`, {date}, {rate(total(rows)):.0%} seen:\n\n'
            f'{table(rows)}\n{text[end:]}')


def load_results(faults):
    """What is kept of rows that are as they were."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    digests = {f.name: f.digest() for f in faults}
    return {name: r for name, r in kept.items() if digests.get(name) == r['digest']}


def save_results(results):
    RESULTS.write_text(json.dumps(dict(sorted(results.items())), indent=1) + '\n')


def report(faults, tried, results):
    """Say what came of it; the exit status."""
    rows = summary(tried, results)
    everything = total(rows)
    print(f'\n{"folder":20} {"faults":>6} {"unit":>5} {"system":>6} {"not seen":>8} {"errors":>6}')
    for name, r in [*rows.items(), ('all', everything)]:
        print(f'{name:20} {r["faults"]:6} {r["unit"]:5} {r["system"]:6} {len(r["survived"]):8} {len(r["error"]):6}')
    for state, names in (('not seen', everything['survived']), ('not tried, mend the table', everything['error'])):
        for name in names:
            print(f'{state}: {name}: {results[name]["by"] or next(f.what for f in tried if f.name == name)}')
    print(f'{rate(everything):.1%} of {everything["faults"] - len(everything["error"])} seen')
    if all(f.name in results for f in faults):
        DOCUMENT.write_text(filled(DOCUMENT.read_text(), summary(faults, results), results))
    return int(bool(everything['error']) or rate(everything) < ENOUGH)


# --- the command line ------------------------------------------------------------------------------------------

def read_options():
    p = argparse.ArgumentParser(prog='script/mutants', description=__doc__, epilog=HELP,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--check', action='store_true', help='only check that each row still applies; a second')
    p.add_argument('--list', action='store_true', help='only list the rows')
    p.add_argument('--only', nargs='+', metavar='NAME', help='only these')
    p.add_argument('--folder', metavar='PATH', help='only those of files whose path begins so: gateway/')
    p.add_argument('--resume', action='store_true', help='only those without a result')
    p.add_argument('--all', action='store_true', help='then every system test, until one sees it')
    p.add_argument('--jobs', type=int, default=os.cpu_count(), metavar='N', help='faults at once (%(default)s)')
    o = p.parse_args()
    if o.jobs < 1:
        p.error('--jobs must be 1 or more')
    return o


def chosen(faults, o, results):
    """Those that the command line asks for."""
    names = {f.name for f in faults}
    unknown = [n for n in o.only or [] if n not in names]
    if unknown:
        sys.exit(f'mutants: there is no fault {unknown[0]}')
    return [f for f in faults if (not o.only or f.name in o.only) and f.file.startswith(o.folder or '')
            and not (o.resume and results.get(f.name, {'state': 'error'})['state'] != 'error')]


def main():
    o = read_options()
    try:
        faults = read_table(HERE)
    except ValueError as e:
        sys.exit(f'mutants: {e}')
    wrong = check(REPO, faults)
    print(*wrong, sep='\n', end='\n' if wrong else '', file=sys.stderr)
    if wrong or o.check:
        print(f'{len(faults)} faults, {len(wrong)} mistakes in the table')
        return int(bool(wrong))
    results = load_results(faults)
    tried = chosen(faults, o, results)
    if o.list:
        for f in tried:
            print(f'{f.folder:18} {f.name:45} {f.what}')
        return 0
    if tried:
        try_all(tried, o, results)
    return report(faults, tried or faults, results)


if __name__ == '__main__':
    sys.exit(main())
