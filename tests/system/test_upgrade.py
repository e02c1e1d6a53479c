"""Stores of an earlier schema: brought up to date at start, with what other services were never told."""
import sqlite3

from desk import REPO, SERVICES, wait_until
from wire import expect

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
    expect(c.post('ticket/1/assign', {'username': 'adam'}), 200)
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
