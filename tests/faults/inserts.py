"""A load of rows for a cluster: what stands in the desk's place while the hosts of its engine are tried.

A writer appends rows one after the other, each in a transaction that also counts in a row of its own (`head`), and only
while that row has the reign it took. What it is not told it settles: it takes a new reign, which a lost transaction of the
old one cannot outlive, and looks. Each host has one, a process of its own:

  python3 tests/faults/inserts.py NUMBER JOURNAL ROWS_A_SECOND
"""
import contextlib
import itertools
import json
import random
import select
import sys
import time
from collections import Counter

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, make_dsn, set_wait_callback

from network import HOSTS, address_of

PATIENCE_SECONDS = 5            # for an answer; then it is not known
CONNECT_SECONDS = 2             # ... of a host that may not be there
OPTIONS = '-c client_min_messages=warning -c lock_timeout=4s -c client_connection_check_interval=1s'
TABLES = '''
CREATE TABLE head (writer int PRIMARY KEY, reign bigint NOT NULL, seq bigint NOT NULL);
CREATE TABLE entries (id bigserial PRIMARY KEY, token text NOT NULL, writer int NOT NULL, seq bigint NOT NULL);
CREATE INDEX entries_token ON entries (token);
'''
CLAIM = 'UPDATE head SET reign = %s WHERE writer = %s'
APPEND = '''WITH h AS (UPDATE head SET seq = seq + 1 WHERE writer = %s AND reign = %s RETURNING writer, seq)
INSERT INTO entries (token, writer, seq) SELECT %s, writer, seq FROM h'''
patience = CONNECT_SECONDS


class NoAnswer(Exception):
    pass


def wait(session):
    """For an answer, by this process's own clock: no timeout of the server's or of TCP's ends all waits."""
    end = time.monotonic() + patience
    while (state := session.poll()) != POLL_OK:
        reads, writes = ([session], []) if state == POLL_READ else ([], [session])
        if not any(select.select(reads, writes, [], max(0, end - time.monotonic()))):
            raise NoAnswer('no answer in time')


def connect(address, target='any', **more):
    return psycopg2.connect(make_dsn(host=address, port=5432, user='postgres', dbname='postgres',
                                     target_session_attrs=target, **more))


def ask(address, text):
    """The rows a server answers, None without an answer. It waits for no standby."""
    try:
        with contextlib.closing(connect(address, options='-c synchronous_commit=local')) as session:
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []
    except (psycopg2.Error, NoAnswer):
        return None


def never_wait_for_ever():
    """From now on, in each session of this process."""
    set_wait_callback(wait)


# --- a writer -----------------------------------------------------------------------------------------------------

class Writer:
    def __init__(self, number, journal, rate):
        never_wait_for_ever()
        self.number, self.rate = number, rate
        self.journal = open(journal, 'a', buffering=1)
        self.rng = random.SystemRandom()
        self.life = self.rng.randrange(1 << 40)
        self.session = self.reign = None

    def note(self, event, **more):
        self.journal.write(json.dumps({'event': event, 'at': time.monotonic(), **more}) + '\n')

    def run(self):
        self.claim()
        began, count = time.monotonic(), 0
        for n in itertools.count():
            token = f'{self.number}.{self.life}.{n}'
            self.note('begin', token=token)
            self.note(self.append(token), token=token)
            count += 1
            late = time.monotonic() - began - count / self.rate
            if late < 0:
                time.sleep(-late)
            else:
                began, count = time.monotonic(), 0      # what was missed is not made up for

    def execute(self, text, *values):
        """The number of rows, and those that it has to give; fails also where the server says that it may be lost."""
        del self.session.notices[:]
        with self.session.cursor() as cursor:
            cursor.execute(text, values)
            if self.session.notices:
                raise NoAnswer(self.session.notices[-1].split('\n')[0])
            return cursor.rowcount, cursor.fetchall() if cursor.description else None

    def append(self, token):
        try:
            written, _ = self.execute(APPEND, self.number, self.reign, token)
            if written == 1:
                return 'done'
            self.note('refused', token=token)
        except (psycopg2.Error, NoAnswer) as e:
            self.tell('unknown', e)
        return self.settle(token)

    def settle(self, token):
        """Whether it is there, which stays so."""
        while True:
            self.claim()
            try:
                _, rows = self.execute('SELECT count(*) FROM entries WHERE token = %s', token)
                return 'done' if rows[0][0] else 'absent'
            except (psycopg2.Error, NoAnswer) as e:
                self.tell('not settled', e)

    def claim(self):
        """Take a new reign, from the primary of the moment: a commit that its standby has, as is all that came before."""
        global patience
        while True:
            self.reign = self.rng.randrange(1 << 62)
            for host in HOSTS:
                if self.session:
                    self.session.close()
                try:
                    patience = CONNECT_SECONDS
                    self.session = connect(address_of(host), 'read-write', options=OPTIONS)
                    self.session.autocommit = True
                    patience = PATIENCE_SECONDS
                    if self.execute(CLAIM, self.reign, self.number)[0] == 1:
                        return
                except (psycopg2.Error, NoAnswer) as e:
                    self.tell('not claimed', e)
            time.sleep(0.1)

    def tell(self, event, e):
        self.note(event, code=getattr(e, 'pgcode', None), said=str(e).strip().split('\n')[0])


# --- the load -----------------------------------------------------------------------------------------------------

class Inserts:
    """The writers of all hosts. What takes its place has the same methods: prepare, start, last, gap and check, and its
    processes on each host under names that are given to Host.launch()."""
    PROCESSES = ('load',)

    def __init__(self, cluster, rate=50):
        self.cluster, self.rate = cluster, rate
        self.acknowledged = []          # when
        self.at = {}                    # how far each journal was read
        self.became = {}                # of each token
        self.troubles = Counter()

    def prepare(self):
        primary = self.cluster.primary()
        self.cluster.must(primary, TABLES)
        for host in HOSTS:
            self.cluster.must(primary, f'INSERT INTO head VALUES ({host}, 0, 0)')

    def start(self, host):
        """What does not run there."""
        host.launch('load', '/usr/bin/python3', __file__, str(host.number), str(self.journal(host)), str(self.rate),
                    **host.bent())

    def journal(self, host):
        return self.cluster.folder / f'journal{host.number}.jsonl'

    def read(self):
        """What came into the journals."""
        for host in self.cluster.hosts.values():
            path = self.journal(host)
            if not path.exists():
                continue
            with open(path, 'rb') as f:
                f.seek(self.at.get(path, 0))
                for line in f:
                    if line.endswith(b'\n'):
                        self._take(json.loads(line))
                        self.at[path] = self.at.get(path, 0) + len(line)

    def _take(self, line):
        event = line['event']
        if event == 'begin':
            self.became[line['token']] = 'unknown'
        elif event in ('done', 'absent'):
            self.became[line['token']] = event
            if event == 'done':
                self.acknowledged.append(line['at'])
        elif event != 'refused':
            self.troubles[f'{event}: {line["code"] or ""} {line["said"]}'] += 1

    def last(self):
        """When the last one was acknowledged."""
        self.read()
        return max(self.acknowledged[-100:], default=0)

    def gap(self, since, until):
        """The longest time without an acknowledgement, in seconds."""
        self.read()
        times = [since, *sorted(t for t in self.acknowledged if since <= t <= until), until]
        return max(b - a for a, b in zip(times, times[1:]))

    def check(self):
        """Each row is there as the writers were told, who may go on meanwhile: (figures, differences)."""
        self.read()
        told = dict(self.became)
        there = dict(self.cluster.must(self.cluster.primary(), 'SELECT token, count(*) FROM entries GROUP BY token'))
        self.read()
        wrong = [f'{token}: {became}, and is there {there.get(token, 0)} times' for token, became in told.items()
                 if (became == 'done' and token not in there) or (became == 'absent' and token in there)]
        wrong += [f'{token}: is there {n} times' for token, n in there.items() if n > 1]
        wrong += [f'{token}: nobody asked for it' for token in there.keys() - self.became.keys()]
        counts = Counter(self.became.values())
        return {'asked for': len(self.became), 'acknowledged': counts['done'], 'settled as not done': counts['absent'],
                'left unknown': counts['unknown'], 'there': len(there)}, wrong


if __name__ == '__main__':
    Writer(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])).run()
