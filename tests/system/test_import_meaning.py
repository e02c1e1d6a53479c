"""`flicketctl import` of desks whose statuses and groups have other ids or names than Flicket's own database has."""
import contextlib
import sqlite3

import pytest

from desk import ADMIN, USER
from wire import expect

OPEN, CLOSED, IN_WORK, WAITING = 1, 3, 5, 7     # as MySQL numbers them with auto_increment_increment 2
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1, 'ticket_priority_id': 1}


def every_second_id(db):
    for number in (4, 3, 2):
        db.execute('UPDATE flicket_status SET id = ? WHERE id = ?', (2 * number - 1, number))
        db.execute('UPDATE flicket_topic SET status_id = ? WHERE status_id = ?', (2 * number - 1, number))


def in_german(db):
    every_second_id(db)
    for number, name in ((OPEN, 'Offen'), (CLOSED, 'Geschlossen'), (IN_WORK, 'In Arbeit')):
        db.execute('UPDATE flicket_status SET status = ? WHERE id = ?', (name, number))


def ask(desk, store, sql):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / store / f'{store}.db')) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize('change, options', [
    (every_second_id, ()),
    (in_german, ('--status', 'open=Offen', '--status', 'closed=Geschlossen', '--status', 'in_work=5'))])
def test_a_ticket_lives_with_the_ids_of_every_second_status(taken_over, change, options):
    result, desk = taken_over(change, *options)
    assert result.returncode == 0, result.stderr
    desk.start()
    admin, author = desk.client(ADMIN), desk.client(USER)
    assert [s['id'] for s in expect(admin.get('statuses/'), 200)['items']] == [OPEN, CLOSED, IN_WORK, WAITING]

    def status():
        return expect(author.get(f'ticket/{ticket}'), 200)['status_id']
    ticket = expect(author.post('tickets', TICKET), 201)['id']
    assert status() == OPEN
    expect(admin.post(f'ticket/{ticket}/claim'), 200)
    assert status() == IN_WORK
    expect(admin.post(f'ticket/{ticket}/status', {'status_id': WAITING}), 200)
    assert status() == WAITING
    expect(admin.post(f'ticket/{ticket}/status', {'status_id': CLOSED}), 400)
    expect(admin.post(f'ticket/{ticket}/release'), 200)
    assert status() == OPEN
    expect(admin.post(f'ticket/{ticket}/close'), 200)
    assert status() == CLOSED
    expect(admin.post(f'ticket/{ticket}/claim'), 409)
    expect(author.post('posts', {'ticket_id': ticket, 'content': 'it is not done'}), 201)
    assert status() == OPEN
    expect(author.post('posts', {'ticket_id': ticket, 'content': 'it is', 'close': True}), 201)
    assert status() == CLOSED
    expect(author.request('PATCH', f'ticket/{ticket}', json={'title': 'new'}), 409)


@pytest.mark.parametrize('change, options, told', [
    (in_german, (), 'no status in Flicket\'s database is named "Open". Say which one is meant: --status open=NAME, or its '
     'id. There are: 1 "Offen", 3 "Geschlossen", 5 "In Arbeit", 7 "Awaiting Information"'),
    (in_german, ('--status', 'open=Offen'), 'named "Closed"'),
    (in_german, ('--status', 'open=Offen', '--status', 'closed=Zu'), 'named "Zu"'),
    (in_german, ('--status', 'open=Offen', '--status', 'closed=4', '--status', 'in_work=In Arbeit'), 'named "4"'),
    (in_german, ('--status', 'open=1', '--status', 'closed=1', '--status', 'in_work=5'),
     'status 1 cannot be both open and closed'),
    (lambda db: db.execute("UPDATE flicket_status SET status = 'Closed' WHERE id = 4"), (),
     'more than one status in Flicket\'s database is named "Closed"'),
    (lambda db: db.execute("UPDATE flicket_status SET status = 'a' || char(27) || ']0;x' WHERE id = 1"), (),
     r'1 "a\x1b]0;x", 2 "Closed"'),
    (lambda db: None, ('--group', 'flicket_admin=Bosses'), 'no group in Flicket\'s database is named "Bosses"')])
def test_what_is_not_found_is_asked_for(taken_over, change, options, told):
    result, desk = taken_over(change, *options)
    assert result.returncode == 1
    assert told in result.stderr
    assert not (desk.data / 'stores').exists()


@pytest.mark.parametrize('options', [('--status', 'closed'), ('--status', 'shut=Closed'), ('--status', 'closed='),
                                     ('--status', '=Closed'), ('--group', 'closed=Closed'), ('--group', 'admin=x')])
def test_options_that_name_nothing_are_refused(taken_over, options):
    result, desk = taken_over(lambda db: None, *options)
    assert result.returncode == 2
    assert f'{options[0]}: it is' in result.stderr
    assert not (desk.data / 'stores').exists()


def test_case_and_blanks_of_a_name_do_not_matter_if_it_is_the_only_one(taken_over):
    result, desk = taken_over(lambda db: db.execute("UPDATE flicket_status SET status = ' CLOSED ' WHERE id = 2"))
    assert result.returncode == 0, result.stderr
    assert ask(desk, 'ticket', 'SELECT open, closed, in_work FROM own_statuses') == [(1, 2, 3)]


def test_groups_that_are_missing_are_made_and_nobody_is_an_admin(taken_over):
    def change(db):
        db.execute("UPDATE flicket_group SET group_name = group_name || 's'")
    result, desk = taken_over(change)
    assert result.returncode == 0, result.stderr
    assert ask(desk, 'user', 'SELECT id, group_name, rights FROM groups') == [
        (1, 'flicket_admins', 0), (2, 'super_users', 0), (3, 'flicket_admin', 3), (4, 'super_user', 2)]
    for group in ('flicket_admin', 'super_user'):
        assert f"Made, as Flicket's database has none: group {group}.\n" in result.stdout
    assert 'Nobody can log in as an admin' in result.stdout


def test_a_group_that_is_named_has_the_rights(taken_over):
    def change(db):
        db.execute("UPDATE flicket_group SET group_name = 'Bosses' WHERE group_name = 'flicket_admin'")
    result, desk = taken_over(change, '--group', 'flicket_admin=Bosses')
    assert result.returncode == 0, result.stderr
    assert sorted(ask(desk, 'user', 'SELECT group_name, rights FROM groups')) == [('Bosses', 3), ('super_user', 2)]
    assert 'Nobody can log in' not in result.stdout
    expect(desk.start().client(ADMIN).post('departments', {'department': 'New'}), 201)


@pytest.mark.parametrize('sql', [
    'UPDATE flicket_users SET disabled = 1', "UPDATE flicket_users SET password = 'secret'",
    "UPDATE flicket_users SET password = ' ' || password", 'UPDATE flicket_users SET password = NULL',
    "UPDATE flicket_users SET username = username || ':'", 'DELETE FROM flicket_groups'])
def test_admins_who_cannot_log_in_do_not_count(taken_over, sql):
    result, _ = taken_over(lambda db: db.execute(sql))
    assert result.returncode == 0, result.stderr
    assert 'Nobody can log in as an admin' in result.stdout
