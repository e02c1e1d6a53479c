"""`flicketctl import --csv`: users, tickets, replies and uploads of any other desk, as CSV and as JSON."""
import contextlib
import csv
import datetime
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from desk import BIN, REPO, environment, is_sanitized

KEPT = REPO / 'tests' / 'data' / 'records'
HASH = '$2b$04$6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi'

USERS = [
    {'id': '7', 'username': 'bob', 'name': 'Bob "the" B', 'email': 'bob@example.org', 'password': HASH,
     'date_added': '2020-01-01T10:00:00+02:00', 'groups': 'flicket_admin'},
    {'id': 'u-1', 'username': 'alice', 'name': '漢字 Älice', 'groups': 'super_user, Agents', 'disabled': 'no'},
    {'id': '9', 'username': 'carol', 'disabled': 'yes', 'job_title': 'clerk', 'locale': 'de'}]
TICKETS = [
    {'id': '12', 'title': 'Hello, world; or not', 'content': 'two\nlines, "quotes"\r\nand ; semicolons\t', 'author': 'bob',
     'assigned': 'u-1', 'status': 'closed', 'priority': 'HIGH', 'department': 'IT', 'category': 'Mail',
     'date_added': '2021-05-06T07:08:09.5Z', 'date_modified': '2021-05-07 07:08', 'hours': '1.25',
     'subscribers': 'carol; u-1'},
    {'id': 'T-9', 'title': ' spaces stay inside ', 'author': '7', 'date_added': '2021-05-07', 'status': 'waiting'},
    {'id': '40', 'title': 'third', 'author': 'alice', 'date_added': '2021-05-08T00:00:00-0330', 'category': 'mail',
     'department': 'it'}]
POSTS = [
    {'id': '5', 'ticket': '12', 'author': 'alice', 'content': 'a reply', 'date_added': '2021-05-06T09:00:00+00'},
    {'id': 'a', 'ticket': 'T-9', 'author': 'u-1', 'content': '', 'date_added': '2021-05-08 10:00:00', 'hours': '0.5'}]
UPLOADS = [{'ticket': 'T-9', 'file': '1.txt', 'name': 'My file.txt'}, {'post': '5', 'file': '2.png'}]
DESK = {'users': USERS, 'tickets': TICKETS, 'posts': POSTS, 'uploads': UPLOADS}


def columns_of(rows):
    return list(dict.fromkeys(name for row in rows for name in row))


def as_csv(rows, delimiter=',', end='\r\n', bom=False, order=lambda names: names):
    out = io.StringIO()
    writer = csv.DictWriter(out, order(columns_of(rows)), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return (b'\xef\xbb\xbf' if bom else b'') + out.getvalue().encode()


def typed(row):
    """As a program would write it to JSON: numbers, lists and flags."""
    row = dict(row)
    for name in ('groups', 'subscribers'):
        if name in row:
            row[name] = [part.strip() for part in re.split('[,;]', row[name])]
    for name in ('id', 'author', 'ticket', 'post', 'assigned'):
        if row.get(name, '').isdigit():
            row[name] = int(row[name])
    if 'hours' in row:
        row['hours'] = float(row['hours'])
    if 'disabled' in row:
        row['disabled'] = row['disabled'] == 'yes'
    return row


def as_json(rows):
    return json.dumps([typed(row) for row in rows], indent=1).encode()


def as_lines(rows):
    return ''.join(json.dumps(typed(row) | {'name': row.get('name')} if 'username' in row else typed(row),
                              ensure_ascii=False) + '\n' for row in rows).encode()


@pytest.fixture(name='files')
def fixture_files(tmp_path):
    """Make a folder of files: a table's rows, or bytes."""
    def make(kind='csv', write=as_csv, name='files', **tables):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for table, rows in tables.items():
            (folder / f'{table}.{kind}').write_bytes(rows if isinstance(rows, bytes) else write(rows))
        return folder
    return make


def ctl(*arguments, before=(), cwd=None, **env):
    return subprocess.run([*before, BIN / 'flicketctl', *arguments], capture_output=True, text=True, cwd=cwd,
                          env=environment(**env), timeout=120, check=False)


def run(folder, data, *more, **env):
    return ctl('import', '--data', data, '--csv', folder, *more, **env)


def imported(folder, data, *more, **env):
    result = run(folder, data, *more, **env)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ''
    return result.stdout


@pytest.fixture(name='refused')
def fixture_refused(tmp_path):
    """It fails, leaves nothing, and says why: the lines of what is wrong."""
    def refused(folder, *more):
        data, temporary = tmp_path / 'refused', tmp_path / 'temporary'
        temporary.mkdir(exist_ok=True)
        result = run(folder, data, *more, TMPDIR=str(temporary))
        assert result.returncode == 1, result.stdout + result.stderr
        assert result.stdout == '' and not data.exists() and not list(temporary.iterdir())
        lines = result.stderr.splitlines()
        assert lines[-1] == 'Nothing was imported.'
        return lines[:-1]
    return refused


def ask(data, store, sql):
    with contextlib.closing(sqlite3.connect(data / 'stores' / store / f'{store}.db')) as db:
        return db.execute(sql).fetchall()


def micros(text):
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def desk(data):
    """What an import of DESK has made."""
    return {
        'users': ask(data, 'user', 'SELECT id, username, name, email, password, date_added, disabled, job_title, locale, '
                                   'total_posts, total_assigned FROM users ORDER BY id'),
        'groups': ask(data, 'user', 'SELECT id, group_name, rights FROM groups'),
        'members': ask(data, 'user', 'SELECT user_id, group_id FROM members ORDER BY 1, 2'),
        'tickets': ask(data, 'ticket', 'SELECT id, title, content, started_id, assigned_id, status_id, ticket_priority_id, '
                                       'category_id, date_added, date_modified, hours, last_updated, replies FROM tickets '
                                       'ORDER BY id'),
        'subscriptions': ask(data, 'ticket', 'SELECT ticket_id, user_id FROM subscriptions ORDER BY 1, 2'),
        'posts': ask(data, 'post', 'SELECT id, ticket_id, user_id, content, date_added, hours FROM posts ORDER BY id'),
        'uploads': ask(data, 'post', 'SELECT topic_id, post_id, filename, original_filename FROM uploads'),
        'statuses': ask(data, 'lookup', 'SELECT id, status FROM statuses'),
        'priorities': ask(data, 'lookup', 'SELECT id, priority FROM priorities'),
        'departments': ask(data, 'lookup', 'SELECT id, department FROM departments'),
        'categories': ask(data, 'lookup', 'SELECT id, category, department_id FROM categories')}


WANTED = {
    'users': [(7, 'bob', 'Bob "the" B', 'bob@example.org', HASH.encode(), micros('2020-01-01T08:00:00'), 0, None, None, 2, 0),
              (9, 'carol', 'carol', None, None, None, 1, 'clerk', 'de', 0, 0),
              (10, 'alice', '漢字 Älice', None, None, None, 0, None, None, 3, 1)],
    'groups': [(1, 'flicket_admin', 3), (2, 'super_user', 2), (3, 'Agents', 0)],
    'members': [(7, 1), (10, 2), (10, 3)],
    'tickets': [
        (12, 'Hello, world; or not', 'two\nlines, "quotes"\r\nand ; semicolons\t', 7, 10, 2, 3, 1,
         micros('2021-05-06T07:08:09.500000'), micros('2021-05-07T07:08:00'), 125, micros('2021-05-07T07:08:00'), 1),
        (40, 'third', '', 10, None, 1, 1, 1, micros('2021-05-08T03:30:00'), None, 0, micros('2021-05-08T03:30:00'), 0),
        (41, 'spaces stay inside', '', 7, None, 5, 1, 2, micros('2021-05-07'), None, 0, micros('2021-05-08T10:00:00'), 1)],
    'subscriptions': [(12, 7), (12, 9), (12, 10), (40, 10), (41, 7)],
    'posts': [(5, 12, 10, 'a reply', micros('2021-05-06T09:00:00'), 0),
              (6, 41, 10, '', micros('2021-05-08T10:00:00'), 50)],
    'uploads': [(41, None, '1.txt', 'My file.txt'), (None, 5, '2.png', '2.png')],
    'statuses': [(1, 'Open'), (2, 'Closed'), (3, 'In Work'), (4, 'Awaiting Information'), (5, 'waiting')],
    'priorities': [(1, 'low'), (2, 'medium'), (3, 'high')],
    'departments': [(1, 'IT'), (2, 'Imported')],
    'categories': [(1, 'Mail', 1), (2, 'Imported', 2)]}


# --- what is read ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize('kind, write', [
    ('csv', as_csv), ('csv', lambda rows: as_csv(rows, ';', '\n', True)), ('csv', lambda rows: as_csv(rows, '\t')),
    ('csv', lambda rows: as_csv(rows, order=lambda names: names[::-1])),
    ('csv', lambda rows: b'sep=|\r\n' + as_csv(rows, '|')),
    ('csv', lambda rows: as_csv(rows).rstrip() + b'\n\n\n'), ('json', as_json), ('jsonl', as_lines),
    ('jsonl', lambda rows: b'\xef\xbb\xbf' + as_lines(rows).rstrip()),
], ids=['csv', 'semicolons', 'tabs', 'reversed', 'sep', 'empty-lines', 'json', 'lines', 'bom'])
def test_a_desk_is_taken_over(kind, write, files, tmp_path):
    uploads = tmp_path / 'uploads'
    uploads.mkdir()
    (uploads / '1.txt').write_bytes(b'one')
    (uploads / '2.png').write_bytes(b'two')
    data, ids = tmp_path / 'data', tmp_path / 'ids.csv'
    out = imported(files(kind, write, **DESK), data, '--uploads', uploads, '--ids', ids)
    assert desk(data) == WANTED
    assert {p.name: p.read_bytes() for p in (data / 'stores' / 'post' / 'files').iterdir()} == {'1.txt': b'one', '2.png': b'two'}
    assert list(csv.reader(ids.read_text(encoding='utf-8').splitlines())) == [
        ['kind', 'old', 'new'], ['user', '7', '7'], ['user', '9', '9'], ['user', 'u-1', '10'], ['ticket', '12', '12'],
        ['ticket', '40', '40'], ['ticket', 'T-9', '41'], ['post', '5', '5'], ['post', 'a', '6']]
    assert 'Other ids than in the files: users 1, tickets 1, posts 1.\n' in out
    assert 'user 9: password: there is none: "carol" cannot log in until it is set\n' in out
    assert 'user 10: password: there is none: "alice" cannot log in until it is set\n' in out
    assert 'Every row written' not in out and 'Nobody can log in as an admin' not in out
    # and a desk can work with it
    verify = ctl('verify', '--data', data)
    assert verify.returncode == 0, verify.stdout + verify.stderr
    # twice: what is there is not replaced
    again = run(files(kind, write, **DESK), data)
    assert again.returncode == 1 and 'would be lost' in again.stderr
    assert desk(data) == WANTED


def test_the_least_that_is_needed(files, tmp_path):
    out = imported(files(users=b'username\nx\n'), tmp_path / 'data')
    assert ask(tmp_path / 'data', 'user', 'SELECT id, username, name FROM users') == [(1, 'x', 'x')]
    assert 'Nobody can log in as an admin' in out and 'Other ids' not in out
    assert ask(tmp_path / 'data', 'ticket', 'SELECT count(*) FROM tickets') == [(0,)]


def test_usernames_stand_for_ids_that_are_not_given(files, tmp_path):
    folder = files(users=b'username\n100\nb\n', tickets=b'id,title,author,date_added\n1,t,100,2020-01-01\n2,t,b,2020-01-01\n')
    imported(folder, tmp_path / 'data', '--ids', tmp_path / 'ids')
    assert ask(tmp_path / 'data', 'user', 'SELECT id, username FROM users') == [(1, '100'), (2, 'b')]
    assert ask(tmp_path / 'data', 'ticket', 'SELECT id, started_id FROM tickets') == [(1, 1), (2, 2)]
    assert (tmp_path / 'ids').read_text().split() == ['kind,old,new', 'user,"100",1', 'user,"b",2', 'ticket,"1",1',
                                                      'ticket,"2",2']


def test_an_id_comes_before_a_username(files, tmp_path):
    folder = files(users=b'id,username\n1,2\n2,x\n', tickets=b'id,title,author,date_added\n1,t,2,2020-01-01\n')
    imported(folder, tmp_path / 'data')
    assert ask(tmp_path / 'data', 'ticket', 'SELECT started_id FROM tickets') == [(2,)]


def test_ids_that_are_no_numbers_follow_the_largest(files, tmp_path):
    keys = ['b', '5', '007', '0', '-3', '1073741825', '2']
    imported(files(users=[{'id': key, 'username': f'u{key}'} for key in keys]), tmp_path / 'data')
    assert dict(ask(tmp_path / 'data', 'user', 'SELECT username, id FROM users')) == {
        'ub': 6, 'u5': 5, 'u007': 7, 'u0': 8, 'u-3': 9, 'u1073741825': 10, 'u2': 2}


def test_no_ids_are_left_behind_the_largest(files, refused):
    assert 'which leaves none' in refused(files(users=b'id,username\n1073741824,a\nx,b\n'))[0]


def test_dates_without_an_offset_are_of_the_zone(files, tmp_path):
    folder = files(users=b'username\nx\n', tickets=b'id,title,author,date_added\n1,t,x,2021-07-01 12:00\n'
                   b'2,t,x,2021-07-01 12:00Z\n3,t,x,2021-01-01 12:00\n4,t,x,2021-07-01T12:00:00+05:45\n')
    out = imported(folder, tmp_path / 'data', '--timezone', 'Europe/Berlin')
    assert 'Dates without an offset were read as Europe/Berlin.' in out
    assert [date for date, in ask(tmp_path / 'data', 'ticket', 'SELECT date_added FROM tickets ORDER BY id')] == [
        micros(f'2021-{text}') for text in ('07-01T10:00', '07-01T12:00', '01-01T11:00', '07-01T06:15')]


def test_statuses_of_other_names_have_a_meaning(files, refused, tmp_path):
    folder = files(users=b'username\nx\n', tickets=b'id,title,author,date_added,status\n1,t,x,2021-07-01,new\n'
                   b'2,t,x,2021-07-01,solved\n')
    imported(folder, tmp_path / 'data', '--status', 'closed=solved', '--status', 'open=new')
    assert ask(tmp_path / 'data', 'lookup', 'SELECT id, status FROM statuses') == [
        (3, 'In Work'), (4, 'Awaiting Information'), (5, 'new'), (6, 'solved')]
    assert ask(tmp_path / 'data', 'ticket', 'SELECT open, closed, in_work FROM own_statuses') == [(5, 6, 3)]
    assert 'no status in the files is named "done"' in refused(folder, '--status', 'closed=done')[0]


def test_groups_of_other_names_have_rights(files, tmp_path):
    folder = files(users=[{'username': 'a', 'password': HASH, 'groups': 'Chefs'}])
    out = imported(folder, tmp_path / 'data', '--group', 'flicket_admin=Chefs')
    assert (3, 'Chefs', 3) in ask(tmp_path / 'data', 'user', 'SELECT id, group_name, rights FROM groups')
    assert 'Nobody can log in as an admin' not in out


def test_every_row_is_said_to_be_as_it_is_if_it_is(files, tmp_path):
    folder = files(users=[{'username': 'a', 'password': HASH, 'groups': 'flicket_admin'}])
    assert 'Every row written is as it is in the files.' in imported(folder, tmp_path / 'data')


def test_a_trial_imports_nothing_but_writes_the_ids(files, tmp_path):
    out = imported(files(**DESK), tmp_path / 'data', '--dry-run', '--ids', tmp_path / 'ids')
    assert 'This was a trial' in out and not (tmp_path / 'data').exists()
    assert (tmp_path / 'ids').read_text().count('\n') == 9


def test_ids_are_the_same_each_time(files, tmp_path):
    for n in (1, 2):
        imported(files(**DESK), tmp_path / f'{n}', '--dry-run', '--ids', tmp_path / f'ids{n}')
    assert (tmp_path / 'ids1').read_bytes() == (tmp_path / 'ids2').read_bytes()


# --- what is refused ------------------------------------------------------------------------------------------

LINE = b'id,title,author,date_added\n'


@pytest.mark.parametrize('tables, says', [
    ({}, ['there is no users.csv, users.json or users.jsonl']),
    ({'user': b'username\nx\n'}, ['user.csv: files are named', 'did you mean users?']),
    ({'users': b'username\nx\n', 'articles': b''}, ['articles.csv: files are named']),
    ({'users': b''}, ['users.csv: it is empty']),
    ({'users': b'\xef\xbb\xbf'}, ['users.csv: it is empty']),
    ({'users': b'usrname\nx\n'}, ['users.csv: line 1: there is no column "usrname" in users: did you mean username?',
                                  'the column "username" is missing']),
    ({'users': b'username,phone\nx,1\n'}, ['there is no column "phone" in users']),
    ({'users': b'username,name,username\nx,1,y\n'}, ['users.csv: line 1: username: this column is there twice']),
    ({'users': b'username,name\nx\n'}, ['users.csv: line 2: it has 1 cells, and the first line 2']),
    ({'users': b'username,name\nx,y,z\n'}, ['line 2: it has 3 cells, and the first line 2']),
    ({'users': b'username,name\n,y\n \t,z\n'}, ['line 2: username: it is missing', 'line 3: username: it is missing']),
    ({'users': b'username,name\n"a\nb",y\n'}, ['line 2: username: it has more than one line']),
    ({'users': b'username\n' + b'x' * 201 + b'\n'}, ['username: it has 201 bytes, and at most 200 are possible']),
    ({'users': b'username\na\n\nb\na\n'}, ['line 5: username: "a" is that of line 2, too']),
    ({'users': b'id,username\n1,a\n1,b\n'}, ['line 3: id: "1" is that of line 2, too']),
    ({'users': b'username\n"a\n'}, ['line 2: the quote of a cell that begins here is never closed']),
    ({'users': b'username\n"a"b\n'}, ['line 2: a cell goes on behind its closing quote']),
    ({'users': b'username\nx\na"b\n'}, ['line 3: a quote in a cell without quotes']),
    ({'users': b'username\nx\ry\n'}, ['line 2: a CR without LF']),
    ({'users': b'username\nx\nM\xfcller\n'}, ['users.csv: line 3: column 2: the byte 0xfc is not UTF-8 there', 'iconv']),
    ({'users': 'username\n漢字\n'.encode('utf-16')}, ['line 1: it is in UTF-16']),
    ({'users': b'username\na\0b\n'}, ['line 2: column 2: a NUL byte']),
    ({'users': b'username\n\xe6\xbc'}, ['line 2: column 1', 'is not UTF-8']),
    ({'users': b'username,password\na,secret\n'}, ['line 2: password: it is not a bcrypt hash']),
    ({'users': b'username,password\na,$2b$31$' + HASH.encode()[7:] + b'\n'}, ['password: it is a hash at a cost beyond 16']),
    ({'users': b'username,disabled\na,maybe\n'}, ['line 2: disabled: "maybe" is neither yes nor no']),
    ({'users': b'username\na\n', 'tickets': LINE + b'1,t,nobody,2020-01-01\n'},
     ['tickets.csv: line 2: author: "nobody" is not among the users, neither as an id nor as a username']),
    ({'users': b'username\na\n', 'tickets': LINE + b'1,,a,2020-02-30\n'},
     ['line 2: title: it is missing', 'line 2: date_added: "2020-02-30" is not a date']),
    ({'users': b'username\na\n', 'tickets': LINE + b'1,t,a,2020-01-01T00:00+24:00\n2,t,a,2020-01-01 1:00\n'},
     ['line 2: date_added: ', 'line 3: date_added: ']),
    ({'users': b'username\na\n', 'tickets': LINE[:-1] + b',hours\n1,t,a,2020-01-01,"1,5"\n2,t,a,2020-01-01,1e3\n'
      b'3,t,a,2020-01-01,100000000\n'}, ['line 2: hours: "1,5" is not a number', 'line 3: hours: "1e3" is not',
                                         'line 4: hours: "100000000" is too much']),
    ({'users': b'username\na\n', 'tickets': LINE[:-1] + b',subscribers\n1,t,a,2020-01-01,"a,z"\n'},
     ['line 2: subscribers: "z" is not among the users']),
    ({'users': b'username\na\n', 'tickets': LINE + b'1,t,a,2020-01-01\n',
      'posts': b'ticket,author,date_added\n2,a,2020-01-01\n'}, ['posts.csv: line 2: ticket: "2" is not among the tickets']),
    ({'users': b'username\na\n', 'tickets': LINE + b'1,t,a,2020-01-01\n', 'uploads': b'ticket,post,file\n,,x\n1,9,x\n1,,\n'},
     ['uploads.csv: line 2: a file belongs to a ticket or to a post', 'line 3: post: "9" is not among the posts',
      'line 3: a file belongs', 'line 4: file: it is missing']),
], ids=range(33))
def test_wrong_csv_is_refused_with_its_place(tables, says, files, refused):
    lines = refused(files(**tables))
    for wanted in says:
        assert any(wanted in line for line in lines), (wanted, lines)
    assert 'secret' not in '\n'.join(lines)


@pytest.mark.parametrize('text, says', [
    (b'', 'users.json: it is empty'), (b'[', 'the file is over, but its array is not'),
    (b'[{"username": "a"}', 'the file is over, but its array is not'),
    (b'[{"username": "a"} {"username": "b"}]', 'line 1: column 20: a comma is expected'),
    (b'[{"username": "a"},]', 'an object is expected behind the comma'),
    (b'[{"username": "a"}]\n{}', 'the array is over, but the file goes on'),
    (b'["a"]', 'line 1: column 2: an object is expected'), (b'"a"', 'column 1: an object is expected'),
    (b'\n\n{"username": "a",\n "nmae": "b"}', 'line 3: there is no column "nmae" in users: did you mean name?'),
    (b'{"username": "a", "username": "b"}', 'line 1: duplicate object key'),
    (b'{"username": {"a": 1}}', 'line 1: username: it is an object'),
    (b'{"username": "a", "groups": [["b"]]}', 'line 1: a list has texts or whole numbers only'),
    (b'{"username": "a\\u0000"}', 'line 1: '), (b'{"username": \n"\xff"}', 'line 2: column 2: the byte 0xff'),
    (b'{"username": "a"\n\n', 'line 3: '), (b'{"name": "a"}\n', 'line 1: username: it is missing'),
    (b'{"username": "a"}\n{"username": null}\n', 'line 2: username: it is missing'),
], ids=range(17))
def test_wrong_json_is_refused_with_its_place(text, says, files, refused):
    assert says in refused(files('json', users=text))[0]


def test_two_files_of_one_table_are_refused(files, refused):
    folder = files(users=b'username\na\n')
    (folder / 'users.json').write_bytes(b'[]')
    assert refused(folder)[0] == 'users.json: there is users.csv, too'


def test_what_is_no_file_is_refused(files, refused):
    folder = files(users=b'username\na\n')
    os.mkfifo(folder / 'tickets.csv')
    assert refused(folder)[0] == 'tickets.csv: it is not a file'


def test_many_faults_are_listed_up_to_a_bound(files, refused):
    rows = b''.join(b'%d,,a,x\n' % n for n in range(1, 1000))
    lines = refused(files(users=b'username\na\n', tickets=LINE + rows))
    assert len(lines) == 21 and 'at least 20 faults in the files' in lines[-1]
    assert lines[19].startswith('tickets.csv: line 11: ')


def test_a_faulty_row_causes_no_other_faults(files, refused):
    lines = refused(files(users=b'id,username,disabled\n1,a,perhaps\n', tickets=LINE + b'7,,a,2020-01-01\n',
                          posts=b'ticket,author,date_added\n7,1,2020-01-01\n'))
    assert [line.split(':')[0] for line in lines[:-1]] == ['users.csv', 'tickets.csv']


def test_nothing_of_the_files_acts_on_the_terminal(files, refused):
    lines = refused(files(users=b'username\na\n', tickets=LINE + b'1,t,"\x1b[2J\xe2\x80\xae",2020-01-01\n'))
    assert '\\x1b[2J\\u202e' in lines[0]


def test_large_records_are_refused(files, refused):
    text = b'username,name\na,"' + b'x' * (17 << 20) + b'"\n'
    assert 'users.csv: line 2: a record is larger than 16 MiB' in refused(files(users=text))[0]
    text = b'[{"username": "' + b'x' * (17 << 20) + b'"}]'
    assert 'users.json: line 1: a record is larger than 16 MiB' in refused(files('json', users=text))[0]


@pytest.mark.parametrize('more, says', [
    ((), 'FLICKET.db is missing, or a folder of files with --csv'),
    (('--csv', 'a', 'b.db'), 'either a database or --csv is given, not both'),
    (('--ids', 'ids', 'b.db'), '--ids is for --csv')])
def test_options_that_do_not_fit_are_refused(more, says, tmp_path):
    result = ctl('import', *more, cwd=tmp_path)
    assert result.returncode == 2 and says in result.stderr


def test_a_file_of_ids_is_not_replaced_and_none_is_left(files, refused, tmp_path):
    ids = tmp_path / 'ids'
    ids.write_text('mine')
    assert '--ids: ' in refused(files(**DESK), '--ids', ids)[0]
    assert ids.read_text() == 'mine'
    imported(files(**DESK), tmp_path / 'data')
    result = run(files(**DESK), tmp_path / 'data', '--ids', tmp_path / 'new')      # refused after they were written
    assert result.returncode == 1 and not (tmp_path / 'new').exists()


def test_the_folder_is_named_to_those_who_forget_the_option(files, tmp_path):
    result = ctl('import', '--data', tmp_path / 'data', files(**DESK))
    assert result.returncode == 1 and '--csv' in result.stderr


def test_the_document_names_all_columns():
    """docs/import.md has each column of each table, and says which are needed."""
    source = (REPO / 'tools' / 'flicketctl' / 'data' / 'records' / 'records_table.c').read_text(encoding='utf-8')
    document = (REPO / 'docs' / 'import.md').read_text(encoding='utf-8')
    for table in ('users', 'tickets', 'posts', 'uploads'):
        body = re.search(rf'records_column {table}\[\] = {{(.*?)\n}};', source, re.S).group(1)
        columns = {name: needed == 'true' for name, needed in re.findall(r'{ "(\w+)", \w+, (\w+) }', body)}
        section = re.search(rf'^### {table}\n(.*?)(?=^#)', document, re.S | re.M).group(1)
        told = {name: 'needed' in row[1] for row in (line.strip('|').split('|') for line in section.splitlines()
                                                     if line.startswith('| `')) for name in re.findall(r'`(\w+)`', row[0])}
        assert told == columns, table


# --- large, and killed ----------------------------------------------------------------------------------------

def large(folder, rows):
    folder.mkdir()
    (folder / 'users.csv').write_bytes(b'username\n' + b''.join(b'u%d\n' % n for n in range(1000)))
    with open(folder / 'tickets.csv', 'wb') as f:
        f.write(b'id,title,content,author,date_added\n')
        for n in range(rows):
            f.write(b'T%d,t,"%s",u%d,2020-01-01\n' % (n, b'x' * 40000, n % 1000))
    return folder


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer measures itself')
def test_memory_is_bounded(tmp_path):
    folder = large(tmp_path / 'files', 5000)
    with open(folder / 'tickets.csv', 'ab') as f:
        f.write(b'T0,t,x,u1,2020-01-01\n')      # found at the end only
    assert (folder / 'tickets.csv').stat().st_size > 200e6
    result = run(folder, tmp_path / 'data', before=('prlimit', f'--data={100 << 20}'), TMPDIR=str(tmp_path))
    assert result.stderr.splitlines()[0] == 'tickets.csv: line 5002: id: "T0" is that of line 2, too'


def test_no_room_for_the_tables(tmp_path):
    folder = large(tmp_path / 'files', 50)
    result = run(folder, tmp_path / 'data', before=('prlimit', '--fsize=65536'), TMPDIR=str(tmp_path))
    assert result.returncode == 1 and 'name a folder with more of it in TMPDIR' in result.stderr


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_ended_import_leaves_nothing(tmp_path, number):
    folder, data, temporary = large(tmp_path / 'files', 5000), tmp_path / 'data', tmp_path / 'temporary'
    temporary.mkdir()
    process = subprocess.Popen([BIN / 'flicketctl', 'import', '--data', data, '--csv', folder], stderr=subprocess.PIPE,
                               text=True, env=environment(TMPDIR=str(temporary)))

    def has_file_without_name():
        for fd in Path(f'/proc/{process.pid}/fd').iterdir():
            with contextlib.suppress(FileNotFoundError):
                name = os.readlink(fd)
                if str(temporary) in name and name.endswith('(deleted)'):
                    return True
        return False

    while process.poll() is None and (not has_file_without_name() or any(temporary.iterdir())):
        time.sleep(0.001)
    process.send_signal(number)
    error = process.communicate()[1]
    assert process.returncode != 0
    assert number == signal.SIGKILL or 'stopped' in error
    assert not data.exists() and not list(temporary.iterdir())
