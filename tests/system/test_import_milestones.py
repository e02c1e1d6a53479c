"""What an import fills of `first_reply` and `closed_at` is what a desk keeps where the same things are done by requests."""
import contextlib
import csv
import datetime
import json
import sqlite3

import pytest

from desk import ADMIN, SUPER, USER, run_program, wait_until
from wire import expect, insist

TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}
LIVES = [
    [], ['author'], ['other'], ['author', 'other', 'other'], ['close'], ['author', 'close'], ['other', 'close'],
    ['close', 'other'], ['close', 'author'], ['close', 'other', 'close'], ['other', 'close', 'author', 'close', 'author'],
    ['claim', 'other', 'close', 'other', 'author closes'], ['author closes'], ['other', 'status'], ['close', 'author', 'status'],
]


def ask(desk, store, sql):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / store / f'{store}.db', timeout=20)) as db:
        return db.execute(sql).fetchall()


def closed(c, ticket):
    return expect(c.get(f'ticket/{ticket}?fields=closed_at'), 200)['closed_at'] is not None


def live(desk, steps):
    """The ticket that somebody opened and these things were done to."""
    author, other, admin = desk.client(USER), desk.client(SUPER), desk.client(ADMIN)
    ticket = expect(author.post('tickets', TICKET), 201)['id']
    for step in steps:
        if step in ('author', 'other', 'author closes'):
            c = other if step == 'other' else author
            closes = {'close': True} if 'closes' in step else {}
            expect(c.post('posts', {'ticket_id': ticket, 'content': 'some reply', **closes}), 201)
            wait_until(lambda want=bool(closes): closed(admin, ticket) == want, 20, f'{steps}: {step}')
        else:
            body = {'status_id': 4} if step == 'status' else {}
            expect(insist(lambda s=step, b=body: admin.post(f'ticket/{ticket}/{s}', b)), 200)
    return ticket


@pytest.fixture(scope='module')
def lived(writing):
    """The tickets of a desk that those things were done to, with their replies and actions."""
    tickets = [live(writing, steps) for steps in LIVES]
    some = f'BETWEEN {tickets[0]} AND {tickets[-1]}'
    found = {
        'tickets': ask(writing, 'ticket', f'SELECT id, started_id, date_added, last_updated, status_id FROM tickets WHERE id {some}'),
        'posts': ask(writing, 'post', f'SELECT id, ticket_id, user_id, date_added FROM posts WHERE ticket_id {some}'),
        'actions': ask(writing, 'ticket', f'SELECT ticket_id, user_id, action, date FROM actions WHERE ticket_id {some} ORDER BY id'),
        'users': ask(writing, 'user', 'SELECT id, username FROM users')}
    assert [t[0] for t in found['tickets']] == tickets
    return found, milestones(writing, some)


def milestones(desk, some):
    """{ticket: (first_reply, closed_at, newest_post)} of all tickets."""
    return {row[0]: row[1:] for row in ask(desk, 'ticket', 'SELECT t.id, first_reply, closed_at, newest_post FROM tickets t LEFT JOIN '
                                           f'milestones m ON m.ticket_id = t.id WHERE t.id {some}')}


def date(us):
    return str(datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us))


def verified(desk):
    found = json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(desk.data)).stdout)
    assert found['result'] == 'ok' and found['findings'] == [], found


def test_lives_are_not_all_alike(lived):
    _, kept = lived
    kinds = {(first is not None, closed is not None, newest is not None) for first, closed, newest in kept.values()}
    assert len(kinds) >= 5


def test_a_database_of_flicket_has_the_same_dates(lived, taken_over):
    found, kept = lived

    def change(db):
        for table in ('topic', 'post', 'ticket_action', 'uploads', 'history', 'ticket_subscription'):
            db.execute(f'DELETE FROM flicket_{table}')
        db.executemany('INSERT INTO flicket_topic (id, title, started_id, date_added, last_updated, status_id, category_id, '
                       'ticket_priority_id) VALUES (?, ?, ?, ?, ?, ?, 1, 1)',
                       [(id, f'ticket {id}', author, date(added), date(updated), status)
                        for id, author, added, updated, status in found['tickets']])
        db.executemany('INSERT INTO flicket_post (id, ticket_id, user_id, content, date_added) VALUES (?, ?, ?, ?, ?)',
                       [(id, ticket, user, 'some reply', date(added)) for id, ticket, user, added in found['posts']])
        db.executemany('INSERT INTO flicket_ticket_action (ticket_id, user_id, action, date) VALUES (?, ?, ?, ?)',
                       [(ticket, user, action, date(at)) for ticket, user, action, at in found['actions'] if action != 'status'])

    result, desk = taken_over(change)
    assert result.returncode == 0, result.stderr
    assert milestones(desk, 'IS NOT NULL') == kept
    verified(desk)
    # all of it counts as seen
    desk.start()
    for token in (USER, SUPER, ADMIN):
        assert expect(desk.client(token).get('tickets/?unread=me'), 200)['items'] == []


@pytest.mark.parametrize('kind', ['csv', 'json'])
def test_files_of_another_desk_have_the_same_first_replies(lived, desks, tmp_path, kind):
    """They do not tell when a ticket was closed."""
    found, kept = lived
    writers = {t[1] for t in found['tickets']} | {p[2] for p in found['posts']}
    names = {id: name for id, name in found['users'] if id in writers}
    tables = {
        'users': [{'id': id, 'username': name} for id, name in names.items()],
        'tickets': [{'id': id, 'title': f'ticket {id}', 'author': names[author], 'date_added': date(added),
                     'status': 'closed' if status == 2 else 'open'} for id, author, added, _, status in found['tickets']],
        'posts': [{'id': id, 'ticket': ticket, 'author': names[user], 'content': 'some reply', 'date_added': date(added)}
                  for id, ticket, user, added in found['posts']]}
    folder = tmp_path / 'files'
    folder.mkdir()
    for name, rows in tables.items():
        with open(folder / f'{name}.{kind}', 'w', newline='', encoding='utf-8') as f:
            if kind == 'json':
                json.dump(rows, f)
            else:
                writer = csv.DictWriter(f, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    desk = desks('new', start=False)
    done = run_program('flicketctl', 'import', '--data', str(desk.data), '--csv', str(folder))
    assert done.returncode == 0, done.stderr
    assert milestones(desk, 'IS NOT NULL') == {ticket: (first, None, newest) for ticket, (first, _, newest) in kept.items()}
    verified(desk)
