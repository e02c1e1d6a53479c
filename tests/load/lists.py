#!/usr/bin/env python3
"""How long lists of many tickets take: python3 tests/load/lists.py [TICKETS [REPLIES]]

Makes a Flicket database of so many (100,000 and 500,000 unless given), imports it, starts a desk on it and asks
for lists over HTTP; prints the first and the median of seven answers in ms. Programs: build/bin, or FLICKET_BIN.
"""
import itertools
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'system'))
from desk import ADMIN, SHIPPED, Desk, flicket_database, run_program  # noqa: E402

QUERIES = (
    '?per_page=50', 'LAST/', '1000/?sort=title', '1000/?sort=title_desc', '1000/?sort=priority_desc',
    '1000/?sort=addedby', '1000/?sort=addedon_desc', '1000/?sort=last_updated', '1000/?sort=replies_desc',
    '1000/?sort=department_category', '1000/?sort=status', '1000/?sort=assigned', '1000/?sort=time_desc',
    '?status=Open&sort=time_desc', '?department=IT&ticket_priority_id=2,3&sort=title', '?subscriber_id=7',
    '?assigned_id=unassigned&sort=last_updated_desc', '?user_id=5&updated_since=2021-01-01', '?cursor=&sort=title',
    '?content=WORD0', '?content=WORD0&sort=title_desc', '?content=WORD500&sort=relevance', '?content=WORD0+WORD3',
    '?content=%22WORD2+WORD5%22', '?content=a*', '?content=WORD9&fields=id,snippet', '?include=users,posts',
)


def furnish(db, tickets, replies, words, rng):
    cumulative = list(itertools.accumulate(1 / (i + 2) for i in range(len(words))))

    def text(n):
        return ' '.join(rng.choices(words, cum_weights=cumulative, k=n))

    users = [row[0] for row in db.execute('SELECT id FROM flicket_users')]
    first = db.execute('SELECT max(id) + 1 FROM flicket_topic').fetchone()[0]
    db.executemany(
        'INSERT INTO flicket_topic (id, title, content, started_id, date_added, status_id, category_id, assigned_id, '
        'ticket_priority_id, hours, last_updated) VALUES (?,?,?,?,?,?,?,?,?,?,?)',
        ((first + i, text(rng.randint(2, 6)), text(40), rng.choice(users),
          f'20{10 + i * 15 // tickets:02}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} 10:00:00.{i % 1000000:06}',
          rng.choice((1, 2, 2, 2, 3, 4)), rng.randint(1, 14), rng.choice((None, rng.choice(users))),
          rng.randint(1, 3), rng.choice((0, 0, 1, 2.5)),
          f'20{rng.randint(10, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} 10:00:00') for i in range(tickets)))
    post = db.execute('SELECT max(id) + 1 FROM flicket_post').fetchone()[0]
    db.executemany(
        'INSERT INTO flicket_post (id, ticket_id, content, user_id, date_added, hours) VALUES (?,?,?,?,?,?)',
        ((post + i, rng.randint(first, first + tickets - 1), text(40), rng.choice(users), '2021-05-05 10:00:00', 0.25)
         for i in range(replies)))


def measure(c, path):
    times = []
    for _ in range(7):
        start = time.perf_counter()
        answer = c.get('tickets/' + path)
        times.append((time.perf_counter() - start) * 1000)
        assert answer.status == 200, (path, answer)
    total = answer.json()['_meta']['total_items']
    print(f'{path:52} {total:8} tickets  first {times[0]:7.2f} ms  median {statistics.median(times):7.2f} ms',
          flush=True)


def main():
    tickets, replies = (int(a) for a in (sys.argv[1:] + ['100000', '500000'][len(sys.argv) - 1:]))
    rng = random.Random(1)
    words = sorted({''.join(rng.choices('abcdefghijklmnopqrstuvwxyz', k=rng.randint(3, 9))) for _ in range(20000)})
    rng.shuffle(words)
    folder = tempfile.mkdtemp(prefix='flicket-lists-')
    desk = Desk(folder, 'imported', **SHIPPED)
    try:
        path = flicket_database(Path(folder) / 'flicket.db',
                                lambda db: furnish(db, tickets, replies, words, rng))
        start = time.perf_counter()
        done = run_program('flicketctl', 'import', '--data', str(desk.data), str(path), timeout=3600)
        assert done.returncode == 0, done.stderr
        print(f'imported in {time.perf_counter() - start:.1f} s')
        path.unlink()
        start = time.perf_counter()
        desk.start()
        print(f'ready after {time.perf_counter() - start:.2f} s')
        c = desk.client(ADMIN, timeout=120)
        last = c.get('tickets/').json()['_meta']['total_pages']
        for query in QUERIES:
            for n in (500, 0, 2, 3, 5, 9):
                query = query.replace(f'WORD{n}', words[n])
            measure(c, query.replace('LAST', str(last)))
        start = time.perf_counter()
        size = len(c.get('tickets.csv').body)
        print(f'tickets.csv: {size} bytes in {time.perf_counter() - start:.2f} s')
        desk.stop()
    finally:
        desk.kill_everything()
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
