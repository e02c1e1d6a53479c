"""What compressed answers cost and save: the section `compression` of script/bench."""
import re
import statistics
import time
from pathlib import Path

from load import Requests, wrk
from workloads import WORKLOADS, Size, make_rng

CONNECTIONS = 64
AGAIN = 9                       # pages that are asked for again and again
LARGE = 'tickets/{}/?per_page=100&include=users'      # the largest answer that is compressed as a whole
CODINGS = ('', 'gzip')


def cpu_seconds(pid):
    """What all threads of a process have used."""
    return sum(int(p.read_text().split()[0]) for p in Path(f'/proc/{pid}/task').glob('*/schedstat')) / 1e9


def body_size(stand, requests, coding, sample=40):
    """Bytes of a body as it is sent, on average."""
    chosen = requests.requests[:: max(1, len(requests.requests) // sample)]
    return round(statistics.mean(len(ask(stand, r.path, coding).content) for r in chosen))


def ask(stand, path, coding, **fields):
    return stand.ask('/flicket-api/' + path, headers={'Accept-Encoding': coding or 'identity', **fields})


def workloads(bench, stand, size):
    """Things, lists that are made anew (of more pages than the cache has), and lists that are in the cache."""
    by_key = {w.key: w for w in WORKLOADS}
    for key in ('ticket', 'posts', 'tickets'):
        yield by_key[key].name, bench.requests(by_key[key], stand, size)
    again = bench.requests(by_key['tickets'], stand, size, ' again')
    yield by_key['tickets'].name + ', in the cache', Requests(again.folder, 'cached', again.requests[:AGAIN], 200)


def compare(bench, stand, requests):
    """Rounds with and without Accept-Encoding in turn."""
    pid = stand.processes['gateway'].pid
    runs = {coding: [] for coding in CODINGS}
    for _ in range(bench.o.rounds):
        for coding in CODINGS:
            before = cpu_seconds(pid)
            run = wrk(stand, requests, CONNECTIONS, bench.o.seconds, coding=coding)
            runs[coding].append((run.rate, (cpu_seconds(pid) - before) / (run.rate * bench.o.seconds) * 1e6, run.p99))
    return {coding: {'size': body_size(stand, requests, coding), **dict(zip(
        ('rate', 'cpu_us', 'p99'), (statistics.median(v) for v in zip(*runs[coding]))))} for coding in CODINGS}


def export(stand, coding):
    """A whole export: bytes, and seconds it takes."""
    begin = time.monotonic()
    answer = ask(stand, 'tickets.csv', coding)
    return {'size': len(answer.content), 'seconds': time.monotonic() - begin}


def loop_ms(stand, coding, rounds=100):
    """Milliseconds of the gateway's loop that a large answer takes, of the answer's Server-Timing: median and most."""
    times = []
    for i in range(rounds):
        answer = ask(stand, LARGE.format(i + 1), coding, **{'X-Server-Timing': '1'})
        times.append(float(re.search(r'gateway;dur=([\d.]+)', answer.getheader('Server-Timing'))[1]))
    return {'size': len(answer.content), 'median': statistics.median(times), 'most': max(times)}


def measure(bench):
    size = Size.of(bench.o.tickets)
    rows = {}
    with bench.stand(size) as stand:
        for name, requests in workloads(bench, stand, size):
            rows[name] = compare(bench, stand, requests)
            for coding in CODINGS:
                v = rows[name][coding]
                bench.progress.say(f'{name:34} {coding or "-":5} {v["size"]:7,} bytes  {v["rate"]:9,.0f}/s  '
                                   f'{v["cpu_us"]:6.1f} us of the gateway  p99 {v["p99"]:6.2f} ms')
        exports = {coding: min((export(stand, coding) for _ in range(3)), key=lambda v: v['seconds'])
                   for coding in CODINGS}
        loop = {coding: loop_ms(stand, coding) for coding in CODINGS}
    note = (f'Export of {size.tickets:,} tickets as CSV: {exports[""]["size"] / 1e6:.1f} MB in '
            f'{exports[""]["seconds"]:.1f} s, compressed {exports["gzip"]["size"] / 1e6:.1f} MB in '
            f'{exports["gzip"]["seconds"]:.1f} s. A list of {loop[""]["size"]:,} bytes takes {loop[""]["median"]:.2f} ms '
            f'of the gateway\'s loop ({loop[""]["most"]:.2f} at most), compressed {loop["gzip"]["median"]:.2f} ms '
            f'({loop["gzip"]["most"]:.2f} at most).')
    bench.progress.say(note)
    bench.results['compression'] = {'rows': rows, 'note': note}
