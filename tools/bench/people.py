"""How long it takes to find people: the section `people` of script/bench."""
import statistics
import time
from urllib.parse import quote

import report
from workloads import Size, make_rng

USERS = 100000
QUICK_USERS = 1000
ASKED = 20                      # a round
PATIENCE_MS = 10000             # of the desk, on a busy machine


def milliseconds(stand, path):
    begin = time.perf_counter()
    answer = stand.json(path)
    return (time.perf_counter() - begin) * 1000, answer['_meta']['total_items']


def questions(people):
    """(what is looked for, of a user)."""
    yield 'a letter', lambda u: u['name'][0]
    yield 'three letters', lambda u: u['name'][:3]
    yield 'a word of the name', lambda u: u['name'].split()[0]
    yield 'two words, the second one begun', lambda u: u['name'][:-1]
    yield 'a username', lambda u: u['username']
    yield 'an address', lambda u: u['email']
    yield 'nobody', lambda u: u['name'][::-1] + 'qx'


def measure(bench):
    users = QUICK_USERS if bench.o.quick else USERS
    size, rng = Size(users, 1000, 1000), make_rng(bench.o.seed, 'people')
    rows, count = [], ASKED * bench.o.rounds
    with bench.stand(size, FLICKET_REQUEST_TIMEOUT_MS=PATIENCE_MS) as stand:
        people = [stand.json(f'user/{rng.randint(4, users)}') for _ in range(count)]
        for name, what in questions(people):
            for more, says in (('', ''), ('&sort=name', ', by name')):
                found = [milliseconds(stand, f'users/?q={quote(what(user))}{more}') for user in people]
                times = sorted(t for t, _ in found)
                rows.append((name + says, f'{statistics.median(n for _, n in found):,.0f}', f'{statistics.median(times):.1f}',
                             f'{times[int(len(times) * 0.95)]:.1f}', f'{times[-1]:.1f}'))
                bench.progress.say('  '.join(rows[-1]))
    bench.results['people'] = {'text': report.table(('`users/?q=`', 'found', 'median', 'p95', 'greatest'), rows) +
                               f'\n\n{users:,} users; of {count} of them each; milliseconds over HTTP.'}
