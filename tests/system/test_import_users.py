"""`flicketctl import` of users who cannot log in as they did: their passwords, names and addresses."""
import contextlib
import re
import sqlite3
import subprocess

import pytest

from desk import ADMIN, BIN, FLICKET_DB, PASSWORD, environment
from wire import expect

REST = '6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi'
UNTIL_SET = 'nobody can log in with it until the password is set anew'


def ask(desk, store, sql):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / store / f'{store}.db')) as db:
        return db.execute(sql).fetchall()


def lines_of(result):
    assert result.returncode == 0, result.stderr
    return [line for line in result.stdout.split('\n') if re.match(r'(user|ticket) \d+: ', line)]


def change_user(number, **values):
    def change(db):
        for column, value in values.items():
            db.execute(f'UPDATE flicket_users SET {column} = ? WHERE id = ?', (value, number))
    return change


@pytest.mark.parametrize('password, told', [
    (f' $2b$12${REST}', f'this hash has blanks around it, and is never compared: {UNTIL_SET}'),
    (f'$2b$12${REST}\n', f'this hash has blanks around it, and is never compared: {UNTIL_SET}'),
    (f'$2b$12${REST}'.encode() + b'\0' * 4, f'this hash has blanks around it, and is never compared: {UNTIL_SET}'),
    ('secret', f'this is not a bcrypt hash, and is never compared: {UNTIL_SET}'),
    (f'$2b$12${REST[:-1]}', f'this is not a bcrypt hash, and is never compared: {UNTIL_SET}'),
    (f'$2b$31${REST}', f'a hash at cost 31, beyond 16, is never checked: {UNTIL_SET}'),
    ('', 'there is none: nobody can log in until it is set'), (None, 'there is none: nobody can log in until it is set'),
    (f'$2b$12${REST}', None)])
def test_a_password_that_cannot_be_checked_is_told(taken_over, password, told):
    def change(db):
        change_user(5, password=password)(db)
        db.execute("UPDATE flicket_topic SET last_updated = '2999-01-01'")      # nothing else is changed
    result, _ = taken_over(change)
    assert lines_of(result) == ([f'user 5: password: {told}'] if told else [])
    assert ('Every row written is as it was' in result.stdout) == (told is None)


def test_a_dear_hash_holds_up_nobody(taken_over):
    """A hash at cost 31 takes hours: it must not be run, and its owner's login costs what any other's does."""
    result, desk = taken_over(change_user(5, password=f'$2b$31${REST}'))
    assert result.returncode == 0, result.stderr
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        names = dict(db.execute('SELECT id, username FROM users'))
    desk.start()
    with desk.client(token=None) as c:
        expect(c.log_in(names[5], PASSWORD), 401)
        expect(c.log_in(names[4], PASSWORD), 200)


def test_two_users_of_one_address_or_name_are_both_kept_with_their_tickets(taken_over):
    def change(db):
        db.execute('DROP INDEX ix_flicket_users_username')
        db.executescript('CREATE TABLE loose AS SELECT * FROM flicket_users; DROP TABLE flicket_users;'
                         'ALTER TABLE loose RENAME TO flicket_users')
        email, = db.execute('SELECT email FROM flicket_users WHERE id = 3').fetchone()
        db.execute('UPDATE flicket_users SET email = ? WHERE id IN (4, 5)', (email,))
        db.execute("UPDATE flicket_users SET username = 'twice' WHERE id IN (6, 8, 9)")
        db.execute("UPDATE flicket_users SET username = 'twice-8' WHERE id = 2")
        kept.extend(db.execute('SELECT id, started_id FROM flicket_topic ORDER BY id').fetchall())
        kept.append(email)
    kept = []
    result, desk = taken_over(change)
    email = kept.pop()
    assert lines_of(result) == [
        f'user 4: email: "{email}" is that of user 3: left empty', f'user 5: email: "{email}" is that of user 3: left empty',
        'user 8: username: "twice" is that of user 6: this user logs in as "twice-8-2"',
        'user 9: username: "twice" is that of user 6: this user logs in as "twice-9"']
    assert ask(desk, 'ticket', 'SELECT id, started_id FROM tickets ORDER BY id') == kept
    assert ask(desk, 'user', 'SELECT count(*) FROM users') == [(60,)]
    with desk.start().client(ADMIN) as c:
        assert expect(c.get('user/4'), 200)['username'] == 'user004'
        expect(c.log_in('twice-9', PASSWORD), 200)


def test_names_that_clients_cannot_send_or_mistake_are_told(taken_over):
    def change(db):
        change_user(3, username='a:b')(db)
        change_user(4, username='Admin')(db)
        change_user(5, username='\x1b]0;x\x07\u202e')(db)
        change_user(8, email='USER009@example\uff0etest')(db)
    result, desk = taken_over(change)
    assert lines_of(result) == [
        'user 3: username: "a:b" has a colon, which no client can send to log in: give the user another one',
        'user 4: username: "Admin" differs only in case from "admin" of user 1: each has to log in exactly as it is written',
        'user 9: email: "user009@example.test" reads the same as "USER009@example\uff0etest" of user 8: each has to log in '
        'exactly as it is written']
    assert result.stdout.count('reads the same') == result.stdout.count('differs only in case') == 1
    assert '\x1b' not in result.stdout
    assert ask(desk, 'user', 'SELECT username FROM users WHERE id IN (1, 3, 4) ORDER BY id') == [
        ('admin',), ('a:b',), ('Admin',)]


def test_a_trial_reports_and_changes_nothing(taken_over, tmp_path):
    result, desk = taken_over(change_user(5, password='secret'), '--dry-run')
    assert lines_of(result) == [f'user 5: password: this is not a bcrypt hash, and is never compared: {UNTIL_SET}']
    assert re.search(r'^tickets +130 +130 +0$', result.stdout, re.M)
    assert result.stdout.endswith('This was a trial: nothing was imported.\n')
    assert not (desk.data / 'stores').exists()
    assert not list(desk.data.glob('.import-*'))


@pytest.mark.parametrize('data', ['new', 'a/b/new/', './c', '/absolute'])
def test_a_trial_leaves_no_folders(tmp_path, data):
    if data.startswith('/'):
        data = f'{tmp_path}{data}'
    before = sorted(tmp_path.rglob('*'))
    subprocess.run([BIN / 'flicketctl', 'import', '--dry-run', '--data', data, FLICKET_DB], check=True, cwd=tmp_path,
                   env=environment(), capture_output=True)
    assert sorted(tmp_path.rglob('*')) == before
