"""Run the fuzz targets (libFuzzer, with the address and undefined-behaviour sanitizers) and say what came of it."""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import seeds

REPO = Path(__file__).resolve().parents[2]
HERE = REPO / 'tests' / 'fuzz'
BUILD = REPO / 'build-fuzz'
RESULTS = HERE / 'results.json'
DOCUMENT = REPO / 'docs' / 'reliability.md'
CRASHES = BUILD / 'crashes'
MARKS = '<!-- fuzz -->', '<!-- /fuzz -->'

# name: (dictionary, longest input, share of the time, what is fuzzed)
TARGETS = {
    'frame': ('wire', 4096, 1, 'frames of the bus'),
    'call': ('wire', 600, 3, 'argument tables: every operation of the four services on their stores'),
    'json_in': ('json', 4096, 1, 'bodies of requests, of every route that takes JSON'),
    'json_out': ('text', 1024, 1, 'JSON that is written, against jansson'),
    'query': ('http', 1024, 1, 'query strings of every route that is read'),
    'multipart': ('http', 4096, 1, 'forms with files, whole and cut'),
    'framing': ('http', 4096, 1, 'heads and chunked bodies, whole and in pieces'),
    'cursor': ('text', 1600, 1, 'cursors of lists'),
    'csv': ('text', 1024, 1, 'cells of exports, against a reader'),
    'search': ('text', 512, 1, 'search queries, against FTS5'),
    'import': ('text', 1024, 1, "values of Flicket's databases, dates"),
    'dump': ('dump', 4096, 2, 'dumps of MariaDB, MySQL and PostgreSQL'),
    'records': ('json', 4096, 1, 'files of other desks, in CSV and JSON; CSV against a writer'),
    'utf8': ('text', 1024, 1, 'UTF-8, against a model'),
}
HELP = '''
Each target is tests/fuzz/NAME.c, which says what it takes and what must hold. It starts from tests/fuzz/corpora/NAME,
from seeds made of the recorded requests (tests/fuzz/seeds.py), and from what earlier runs found, which is kept in
build-fuzz/corpus/NAME. With --seconds N the targets together get N seconds of processor time.

When a target crashes, leaks, needs 10 s or 2 GB for one input, the run fails and names a file. Then:

  script/fuzz --reproduce build-fuzz/crashes/NAME-crash-0123…     run that input alone, with the stack
  gdb --args build-fuzz/fuzz/fuzz_NAME FILE                       the same in a debugger (ASAN_OPTIONS=abort_on_error=1)
  build-fuzz/fuzz/fuzz_NAME -minimize_crash=1 -runs=10000 FILE    a smaller one

Mend it, put the file into tests/fuzz/corpora/NAME under a name that says what it was, and it is tried in every run.
What long runs found is taken into tests/fuzz/corpora with --merge, only as far as it covers something new.
'''


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')}
    env['FUZZ_STORES'] = str(BUILD / 'stores' / 'stores')
    env.setdefault('ASAN_OPTIONS', 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=0')
    env.setdefault('UBSAN_OPTIONS', 'print_stacktrace=1:halt_on_error=1')
    return env


def program(target):
    return str(BUILD / 'fuzz' / f'fuzz_{target}')


def dictionary(target):
    """The target's dictionary, with the names of all arguments behind it where names are read."""
    name = TARGETS[target][0]
    text = (HERE / 'dictionaries' / f'{name}.dict').read_text()
    if name in ('json', 'http'):
        text += seeds.names_of_arguments()
    path = BUILD / f'{name}-{target}.dict'
    path.write_text(text)
    return path


def prepare():
    """Seeds, folders, and the stores of the target `call`: the recorded database, imported."""
    shutil.rmtree(BUILD / 'seeds', ignore_errors=True)
    seeds.make(BUILD / 'seeds')
    CRASHES.mkdir(exist_ok=True)
    for target in TARGETS:
        (BUILD / 'corpus' / target).mkdir(parents=True, exist_ok=True)
        (HERE / 'corpora' / target).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(BUILD / 'stores', ignore_errors=True)
    done = subprocess.run([str(BUILD / 'bin' / 'flicketctl'), 'import', '--data', str(BUILD / 'stores'),
                           str(REPO / 'tests' / 'contract' / 'flicket.db')], env=environment(), capture_output=True,
                          text=True)
    if done.returncode != 0:
        sys.exit(f'fuzz: flicketctl import failed:\n{done.stderr}')


def folders(target):
    return [str(BUILD / 'corpus' / target), str(HERE / 'corpora' / target), str(BUILD / 'seeds' / target)]


def fuzz(target, seconds):
    """Run one target; its row of the table."""
    prefix = f'{CRASHES}/{target}-'
    log = BUILD / f'{target}.log'
    began = time.time()
    with open(log, 'wb') as f:
        done = subprocess.run(
            ['nice', program(target), f'-max_total_time={max(1, round(seconds))}', f'-dict={dictionary(target)}',
             f'-max_len={TARGETS[target][1]}', '-timeout=10', '-rss_limit_mb=2048', '-print_final_stats=1',
             '-reload=0', f'-artifact_prefix={prefix}', *folders(target)],
            env=environment(), stdout=f, stderr=f, stdin=subprocess.DEVNULL, check=False)
    text = log.read_text(errors='replace')

    def last(pattern):
        found = re.findall(pattern, text, re.M)
        return int(found[-1]) if found else 0

    crashes = sorted(str(p.relative_to(REPO)) for p in CRASHES.glob(f'{target}-*') if p.stat().st_mtime >= began - 1)
    executions = last(r'^stat::number_of_executed_units: (\d+)') or last(r'^#(\d+)\s')
    took = max(time.time() - began, 0.1)
    return {'target': target, 'what': TARGETS[target][3], 'seconds': round(took), 'executions': executions,
            'per_second': round(executions / took), 'edges': last(r'\bcov: (\d+)'),
            'corpus': last(r'\bcorp: (\d+)/'), 'crashes': len(crashes) or int(done.returncode != 0),
            'files': crashes, 'log': str(log.relative_to(REPO))}


def table(rows):
    """The rows as Markdown, with their sums."""
    lines = ['| target | what | executions | per second | edges covered | seconds | crashes |',
             '| --- | --- | ---: | ---: | ---: | ---: | ---: |']
    for r in rows:
        lines.append(f'| {r["target"]} | {r["what"]} | {r["executions"]:,} | {r["per_second"]:,} | {r["edges"]:,} '
                     f'| {r["seconds"]:,} | {r["crashes"]} |')
    lines.append(f'| **all** | | {sum(r["executions"] for r in rows):,} | | {sum(r["edges"] for r in rows):,} '
                 f'| {sum(r["seconds"] for r in rows):,} | {sum(r["crashes"] for r in rows)} |')
    return '\n'.join(lines)


def fill_document(results):
    """Put the table between the marks of docs/reliability.md, if it has them."""
    if not DOCUMENT.exists():
        return
    text = DOCUMENT.read_text()
    begin, end = (text.find(mark) for mark in MARKS)
    if begin == -1 or end < begin:
        return
    filled = (f'{MARKS[0]}\n`{results["command"]}`, {results["date"]}, {results["machine"]}:\n\n'
              f'{table(results["rows"])}\n')
    DOCUMENT.write_text(text[:begin] + filled + text[end:])


def machine():
    models = re.findall(r'^model name\s*: (.*)', Path('/proc/cpuinfo').read_text(), re.M)
    return f'{os.cpu_count()} × {models[0].strip() if models else os.uname().machine}'


def merge(names):
    """Take what the working corpora cover beyond the kept ones into those."""
    for target in names:
        kept = HERE / 'corpora' / target
        subprocess.run([program(target), '-merge=1', f'-max_len={min(512, TARGETS[target][1])}', str(kept),
                        str(BUILD / 'seeds' / target), str(BUILD / 'corpus' / target)], env=environment(), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made = {p.name for p in (BUILD / 'seeds' / target).iterdir()}
        sums = {p.read_bytes() for p in (BUILD / 'seeds' / target).iterdir()}
        for path in kept.iterdir():     # seeds are made anew each time
            if path.name in made or path.read_bytes() in sums:
                path.unlink()
        files = list(kept.iterdir())
        print(f'{target:10} {len(files):5} inputs, {sum(p.stat().st_size for p in files) / 1024:.0f} kB')


def reproduce(path):
    path = Path(path).resolve()
    target = next((t for t in sorted(TARGETS, key=len, reverse=True)
                   if path.name.startswith(t + '-') or path.parent.name == t), None)
    if target is None:
        sys.exit(f'fuzz: {path} begins with the name of no target, and is in the folder of none')
    return subprocess.run([program(target), '-timeout=10', str(path)], env=environment(), check=False).returncode


def read_options():
    p = argparse.ArgumentParser(prog='script/fuzz', description=__doc__, epilog=HELP,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--quick', action='store_true', help='60 seconds in total, for CI; keeps no figures')
    p.add_argument('--target', action='append', choices=list(TARGETS), metavar='NAME',
                   help='only this one; may be given again: ' + ', '.join(TARGETS))
    p.add_argument('--seconds', type=int, metavar='N', help='in total (3600: the record, tests/fuzz/results.json)')
    p.add_argument('--jobs', type=int, default=os.cpu_count(), metavar='N', help='targets at once (%(default)s)')
    p.add_argument('--merge', action='store_true', help='take what was found into tests/fuzz/corpora')
    p.add_argument('--reproduce', metavar='FILE', help='run one input of the target its name begins with')
    o = p.parse_args()
    if o.seconds is not None and o.seconds < 1 or o.jobs < 1:
        p.error('--seconds and --jobs must be 1 or more')
    return o


def main():
    o = read_options()
    prepare()
    if o.reproduce:
        return reproduce(o.reproduce)
    names = o.target or list(TARGETS)
    if o.merge:
        merge(names)
        return 0
    total = o.seconds or (60 if o.quick else 3600)
    share = total / sum(TARGETS[n][2] for n in names)
    print(f'{len(names)} targets, {total} s in total, {o.jobs} at once', flush=True)
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        # the longest first, so that none is left alone at the end
        order = sorted(names, key=lambda n: -TARGETS[n][2])
        rows = dict(zip(order, pool.map(lambda n: fuzz(n, share * TARGETS[n][2]), order)))
    rows = [rows[n] for n in names]
    print(f'{"target":10} {"executions":>13} {"per second":>11} {"edges":>7} {"inputs":>7} {"seconds":>8} {"crashes":>8}')
    for r in rows:
        print(f'{r["target"]:10} {r["executions"]:13,} {r["per_second"]:11,} {r["edges"]:7,} {r["corpus"]:7,} '
              f'{r["seconds"]:8,} {r["crashes"]:8}')
    for r in rows:
        if r['crashes']:
            print(f'\n{r["target"]} failed; the end of {r["log"]}:')
            print('\n'.join((REPO / r['log']).read_text(errors='replace').splitlines()[-25:]))
            for file in r['files']:
                print(f'again: script/fuzz --reproduce {file}')
    failed = any(r['crashes'] for r in rows)
    if not o.quick and not o.target:
        results = {'command': ' '.join(['script/fuzz', *sys.argv[1:]]), 'machine': machine(),
                   'date': time.strftime('%Y-%m-%d', time.gmtime()),
                   'rows': [{k: v for k, v in r.items() if k not in ('files', 'log')} for r in rows]}
        RESULTS.write_text(json.dumps(results, indent=1) + '\n')
        fill_document(results)
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
