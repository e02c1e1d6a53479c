"""How long the counts of lists take: the section `counts` of script/bench."""
import itertools
import json
import statistics
import time
from urllib.parse import quote

import report
from stand import until
from workloads import Size, first_word, make_rng

BY = ('status', 'priority', 'assigned', 'category', 'department', 'department_status')
VIEWS = ('assigned_id=me&status_id=1,3,4', 'assigned_id=unassigned&status_id=1,3,4', 'status_id=1,3,4',
         'status_id=1,3,4&unread=me', 'created_id=me', 'subscriber_id=me&status_id=1,3,4', 'status_id=2', '')
FILTER = 'department_id=1'
STARTS = 3
ASKED = 20                      # a round
FREQUENT = 'printer'            # a word of four tickets in ten


def milliseconds(stand, query):
    begin = time.perf_counter()
    stand.api(f'tickets/counts?{query}')
    return (time.perf_counter() - begin) * 1000


def first_of_a_process(bench, folder, query):
    """The question that a ticket service is asked first, when it answers lists."""
    times = []
    for _ in range(STARTS):
        with bench.stand_on(folder) as stand:
            until(lambda s=stand: s.ask('/flicket-api/tickets/?status=Open').status == 200, 'lists are loaded')
            times.append(milliseconds(stand, query))
    return times


def writes(stand, rng):
    """Change a ticket each time, so that nothing that was counted before is current."""
    tickets = [ticket['id'] for ticket in stand.json('tickets/?status=Open&per_page=100&fields=id')['items']]
    for priority in itertools.cycle((1, 2, 3)):
        stand.api(f'ticket/{rng.choice(tickets)}', method='PATCH', headers={'Content-Type': 'application/json'},
                  body=json.dumps({'ticket_priority_id': priority}))
        yield


def after_writes(stand, change, queries, count):
    times = []
    for query in itertools.islice(itertools.cycle(queries), count):
        next(change)
        times.append(milliseconds(stand, query))
    return times


def again(stand, query, count):
    milliseconds(stand, query)
    return [milliseconds(stand, query) for _ in range(count)]


def questions(words):
    """(name, its query, the same with a filter, with a rare word, with a frequent one)."""
    for by in BY:
        yield f'`by={by}`', [f'by={by}{more}' for more in ('', f'&{FILTER}', f'&content={words[0]}', f'&content={FREQUENT}')]
    views = '&'.join(f'views={quote(view, safe="")}' for view in VIEWS)
    yield f'the {len(VIEWS)} lists at the side of the console', [views, None, None, None]


def measure(bench):
    size, rng = Size.of(bench.o.tickets), make_rng(bench.o.seed, 'counts')
    folder, rows, most = bench.copy(size), [], 0.0
    with bench.stand_on(folder) as stand:
        until(lambda: stand.ask('/flicket-api/tickets/?status=Open').status == 200, 'lists are loaded')
        asked = list(questions([first_word(stand, rng, size, max(10, size.tickets // 100))]))
    cold = {name: first_of_a_process(bench, folder, queries[0]) for name, queries in asked}
    with bench.stand_on(folder) as stand:
        until(lambda: stand.ask('/flicket-api/tickets/?status=Open').status == 200, 'lists are loaded')
        change = writes(stand, rng)
        for name, queries in asked:
            bench.progress.show(name)
            found = [cold[name], *(after_writes(stand, change, [query], ASKED * bench.o.rounds) if query else None for query in queries),
                     again(stand, queries[0], ASKED * bench.o.rounds)]
            most = max(most, statistics.median(found[1]))
            rows.append((name, *map(shown, found)))
            bench.progress.say('  '.join(rows[-1]))
    head = ('counts', 'first of a process', 'after a write', f'… with `{FILTER}`', '… with a rare word', f'… with `content={FREQUENT}`', 'again')
    bench.results['counts'] = {'ms': most, 'text': f'{report.table(head, rows)}\n\n{size.tickets:,} tickets; milliseconds over HTTP, '
                               'median; greatest.'}


def shown(times):
    return '' if times is None else f'{statistics.median(times):.1f}; {max(times):.1f}'
