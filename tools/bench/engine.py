"""What an engine costs: the section `engine` of script/bench. A desk whose stores PostgreSQL holds, with a synchronous
standby, in turn with one that has SQLite alone; and how long a desk takes to be put, and a copy to be fetched. Both servers
are on this machine and share its processors and its disk.
"""
import contextlib
import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from load import wrk
from stand import SERVICES, Failed, environment
from workloads import WORKLOADS, Size

HARNESS = Path(__file__).resolve().parents[2] / 'tests' / 'system'
# What is measured: the workload, connections, and whether it is a rate or the time of one request that counts.
ROWS = (('new-ticket', 64), ('new-post', 64), ('new-ticket', 1), ('ticket', 64), ('tickets', 16))


def missing():
    """What the section needs and is not there."""
    lacks = [name for name in ('psycopg2', 'pytest') if importlib.util.find_spec(name) is None]
    return lacks + ['postgresql'] * (not list(Path('/usr/lib/postgresql').glob('*/bin/postgres')))


@contextlib.contextmanager
def servers():
    """A primary and its synchronous standby, which sync what they commit."""
    sys.path.append(str(HARNESS))
    from postgres import Cluster, make_template
    with tempfile.TemporaryDirectory(prefix='flicket-bench-') as place:
        template = Path(place) / 'template'
        make_template(template)
        cluster = Cluster(template)
        try:
            primary = cluster(fsync='on', shared_buffers='256MB', wal_keep_size='4GB', max_wal_size='8GB')
            primary.furnish()
            primary.standby()
            yield primary
        finally:
            cluster.close()


def where(primary):
    return f'host=127.0.0.1 port={primary.port} dbname=flicket'


def put(bench, folder, primary):
    """Seconds that `flicketctl engine put` takes."""
    began = time.monotonic()
    done = subprocess.run([bench.bin / 'flicketctl', 'engine', 'put'], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, env=environment(FLICKET_DATA=folder, FLICKET_ENGINE=where(primary)))
    if done.returncode != 0:
        raise Failed(f'flicketctl engine put: {done.stderr}')
    return time.monotonic() - began


def fetch(bench, folder, primary):
    """Seconds until a host without copies is ready."""
    for service in SERVICES:
        shutil.rmtree(folder / 'stores' / service)
    with bench.stand_on(folder, FLICKET_ENGINE=where(primary)) as stand:
        return stand.seconds


def in_turn(bench, alone, kept, key, connections):
    """Medians of both desks, and of the ratios of rounds."""
    w = {w.key: w for w in WORKLOADS}[key]
    size = Size.of(bench.o.tickets)
    pairs = []
    requests = [bench.requests(w, stand, size, f' {i}') for i, stand in enumerate((alone, kept))]
    for i in range(bench.o.rounds):
        bench.progress.show(f'{w.name}, {connections} connections, round {i + 1}')
        pairs.append([wrk(stand, r, connections, bench.o.seconds) for stand, r in zip((alone, kept), requests)])
    a, b = ([p[i] for p in pairs] for i in (0, 1))
    return {'name': w.name, 'connections': connections, 'alone': statistics.median(r.rate for r in a),
            'kept': statistics.median(r.rate for r in b), 'ratio': statistics.median(y.rate / x.rate for x, y in pairs),
            'alone_p50': statistics.median(r.p50 for r in a), 'kept_p50': statistics.median(r.p50 for r in b)}


def text_of(rows, seconds, size):
    lines = ['| requests | connections | SQLite alone | with an engine | ratio | p50, alone | p50, with an engine |',
             '| --- | --- | --- | --- | --- | --- | --- |']
    lines += [f'| {r["name"]} | {r["connections"]} | {r["alone"]:,.0f}/s | {r["kept"]:,.0f}/s | {r["ratio"]:.2f} | '
              f'{r["alone_p50"]:.2f} ms | {r["kept_p50"]:.2f} ms |' for r in rows]
    lines += ['', f'{size.tickets:,} tickets and {size.posts:,} replies: `flicketctl engine put` takes {seconds["put"]:.1f} s; a '
              f'host without copies is ready {seconds["fetch"]:.1f} s after its start.']
    return '\n'.join(lines)


def measure(bench):
    if missing():
        bench.progress.say(f'engine: not measured; missing: {", ".join(missing())}')
        return
    size = Size.of(bench.o.tickets)
    folder = bench.copy(size, 'engine')
    with bench.stand_on(folder):
        pass        # has the newest schema
    with servers() as primary:
        seconds = {'put': put(bench, folder, primary)}
        with bench.stand(size, 'alone') as alone, bench.stand_on(folder, FLICKET_ENGINE=where(primary)) as kept:
            rows = [in_turn(bench, alone, kept, key, connections) for key, connections in ROWS]
        seconds['fetch'] = fetch(bench, folder, primary)
    bench.results['engine'] = {'rows': rows, 'seconds': seconds, 'text': text_of(rows, seconds, size)}
    bench.progress.say(bench.results['engine']['text'])
