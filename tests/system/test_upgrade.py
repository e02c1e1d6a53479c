"""Stores of an earlier schema: brought up to date at start, with what other services were never told."""
import contextlib
import sqlite3
import threading

import pytest

from desk import REPO, SERVICES, run_program, wait_until
from wire import Client, expect

DATE = 1_600_000_000_000_000
ROWS = {
    'user': """
        INSERT INTO groups (id, group_name, rights) VALUES (1, 'flicket_admin', 3), (2, 'super_user', 2);
        INSERT INTO users (id, username, name, email, total_posts) VALUES
            (1, 'admin', 'Zoe', 'a@example.org', 5), (2, 'adam', 'Adam', 'b@example.org', 0);
        INSERT INTO members (user_id, group_id) VALUES (1, 1);
        INSERT INTO tokens (hash, user_id, date_added, expires) VALUES (:hash, 1, 0, 9000000000000000);""",
    'ticket': """
        INSERT INTO tickets (id, title, content, started_id, date_added, last_updated, status_id, category_id,
            assigned_id, ticket_priority_id) VALUES
            (1, 'first', 'the printer burns', 1, 1600000000000000, 1600000000000000, 1, 1, 1, 1),
            (2, 'second', 'nothing of it', 2, 1600000000000000, 1600000000000000, 3, 2, 2, 3);
        INSERT INTO user_names (id, name) VALUES (1, 'Zoe'), (2, 'Adam');""",
    'post': """
        INSERT INTO posts (id, ticket_id, content, user_id, date_added, hours) VALUES
            (1, 2, 'a reply about zebras', 1, 1600000000000000, 150), (2, 2, 'another', 2, 1600000000000000, 25);""",
    'lookup': """
        INSERT INTO statuses (id, status) VALUES (1, 'Open'), (2, 'Closed'), (3, 'In Work');
        INSERT INTO priorities (id, priority) VALUES (1, 'low'), (2, 'medium'), (3, 'high');
        INSERT INTO departments (id, department) VALUES (1, 'Zoo'), (2, 'Arts');
        INSERT INTO categories (id, category, department_id) VALUES (1, 'cages', 1), (2, 'paint', 2);""",
}
TOKEN = 'a token of the first schema'


def make_stores(data):
    import hashlib
    for service in SERVICES:
        folder = data / 'stores' / service
        folder.mkdir(parents=True)
        db = sqlite3.connect(folder / f'{service}.db')
        services = REPO / 'services'
        db.executescript((services / 'common' / 'common.sql').read_text())
        db.executescript((services / service / 'migrations' / '001_initial.sql').read_text())
        db.executescript(ROWS[service].replace(':hash', f"x'{hashlib.sha256(TOKEN.encode()).hexdigest()}'"))
        db.executescript('UPDATE identity SET seeded = 1; PRAGMA user_version = 1;')
        db.close()


def test_stores_of_the_first_schema_know_everything_soon(desks):
    desk = desks('new', start=False)
    make_stores(desk.data)
    c = desk.start().client(TOKEN)

    def ids(query):
        return [i['id'] for i in expect(c.get(f'tickets/?{query}'), 200)['items']]

    wait_until(lambda: c.get('ticket/2?fields=replies').json()['replies'] == 2, 10, 'replies counted')
    wait_until(lambda: c.get('tickets/?status=In+Work').status == 200, 10, 'names known')
    assert ids('content=zebras') == [2] and ids('content=burns') == [1]
    assert ids('sort=time_desc') == [2, 1] and ids('sort=replies') == [1, 2]
    assert ids('sort=assigned') == [2, 1] and ids('sort=department_category') == [2, 1]
    assert ids('department=Arts') == [2] and ids('status=Open') == [1]
    # what was already there is not told as if it were new
    assert c.get('user/1').json()['total_posts'] == 5
    assert c.get('ticket/2?fields=last_updated,status_id').json()['status_id'] == 3
    assert c.get('subscriptions/').json()['items'] == [] and c.get('actions/2').json()['items'] == []
    wait_until(lambda: c.post('ticket/1/assign', {'username': 'adam'}).status == 200, 10, 'usernames known')
    # and is told once
    desk.stop()
    desk.start()
    assert desk.client(TOKEN).get('ticket/2?fields=replies').json()['replies'] == 2


def test_a_migration_that_was_cut_off_starts_again(desks):
    desk = desks('new', start=False)
    make_stores(desk.data)
    for _ in range(5):
        for service in SERVICES:
            desk.launch(service, f'flicket-{service}')
        for service in SERVICES:
            desk.kill(service)
    c = desk.start().client(TOKEN)
    wait_until(lambda: c.get('ticket/2?fields=replies').json()['replies'] == 2, 10, 'replies counted')
    assert [i['id'] for i in c.get('tickets/?content=zebras').json()['items']] == [2]


def test_stores_come_up_to_date_while_all_is_restarted_under_load(desks):
    """Two processes of each service on stores of the first schema; clients from the first moment on, and each
    process ended and started in turn. No write that was acknowledged is lost, none is there twice."""
    desk = desks('new', start=False)
    make_stores(desk.data)
    for service in SERVICES:
        desk.launch(service, f'flicket-{service}')
        desk.launch(f'{service}-1', f'flicket-{service}')
    desk.start_gateway()
    journal, ending, reads_failed = [], threading.Event(), []

    def write(number):
        with Client(desk.port, TOKEN) as c:
            n = 0
            while not ending.is_set():
                n += 1
                answer = c.post('tickets', {'title': f'ticket {number} {n}', 'content': 'this is my content',
                                            'category_id': 1, 'ticket_priority_id': 1},
                                headers={'Idempotency-Key': f'{number}-{n}'})
                if answer.status == 201:
                    journal.append((answer.json()['id'], f'ticket {number} {n}'))

    def read():
        with Client(desk.port, TOKEN) as c:
            while not ending.is_set():
                status = c.get('ticket/1').status
                if journal and status != 200:
                    reads_failed.append(status)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(2)] + [threading.Thread(target=read)]
    for t in threads:
        t.start()
    try:
        wait_until(lambda: len(journal) > 20, 30, 'writes succeed')
        for service in SERVICES:
            for name in (service, f'{service}-1'):
                desk.processes[name].terminate()
                desk.launch(name, f'flicket-{service}')
                wait_until(lambda want=len(journal) + 10: len(journal) >= want, 30, 'writes go on')
    finally:
        ending.set()
        for t in threads:
            t.join()
    assert reads_failed == []
    c = desk.client(TOKEN)
    for number, title in journal:
        assert expect(c.get(f'ticket/{number}?fields=title'), 200)['title'] == title
    assert len({number for number, _ in journal}) == len(journal)
    wait_until(lambda: c.get('ticket/2?fields=replies').json()['replies'] == 2, 10, 'replies counted')
    for service in SERVICES:
        with contextlib.closing(sqlite3.connect(desk.data / 'stores' / service / f'{service}.db')) as db:
            assert db.execute('PRAGMA user_version').fetchone()[0] == newest_schema(service)
            assert db.execute('PRAGMA integrity_check').fetchall() == [('ok',)]


def newest_schema(service):
    return len(list((REPO / 'services' / service / 'migrations').glob('*.sql')))


@pytest.mark.parametrize('service', SERVICES)
def test_a_newer_store_stops_an_older_program_with_a_clear_message(desks, service):
    desk = desks('imported', start=False)
    path = desk.data / 'stores' / service / f'{service}.db'
    newer = newest_schema(service) + 1
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f'PRAGMA user_version = {newer}')
    before = path.read_bytes()
    done = run_program(f'flicket-{service}', FLICKET_DATA=desk.data)
    assert done.returncode != 0
    assert f'stores/{service}/{service}.db has schema {newer}, newer than' in done.stderr
    assert 'run the newer program, or restore a backup' in done.stderr
    assert path.read_bytes() == before
