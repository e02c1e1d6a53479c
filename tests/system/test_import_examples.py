"""The examples of docs/import.md: what they write of osTicket's and of Zammad's tables is taken over.

The files that they wrote are kept (tests/data/records); where the servers are installed, they are written anew.
"""
import os
import subprocess

import pytest

import servers
from desk import REPO
from test_import_records import ask, imported, micros

KEPT = REPO / 'tests' / 'data' / 'records'
EXAMPLES = REPO / 'docs' / 'examples'

OSTICKET = r"""
CREATE TABLE ost_staff (staff_id INT PRIMARY KEY, username VARCHAR(32), firstname VARCHAR(32), lastname VARCHAR(32),
    passwd VARCHAR(128), email VARCHAR(128), isactive TINYINT, isadmin TINYINT, created DATETIME);
INSERT INTO ost_staff VALUES (1, 'admin', 'Ada', NULL, '$2a$04$6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi',
    'ada@example.org', 1, 1, '2020-07-01 12:00:00'), (2, 'bob', 'Bob', 'O''Neil', 'md5', 'bob@example.org', 0, 0, NOW());
CREATE TABLE ost_user (id INT PRIMARY KEY, default_email_id INT, name VARCHAR(128), created TIMESTAMP NULL);
CREATE TABLE ost_user_email (id INT PRIMARY KEY, user_id INT, address VARCHAR(255));
CREATE TABLE ost_user_account (id INT PRIMARY KEY, user_id INT, username VARCHAR(64), passwd VARCHAR(128));
INSERT INTO ost_user VALUES (1, 7, '漢字 😀', '2020-07-02 12:00:00'), (2, 8, 'Eve', NULL), (3, 0, 'No Mail', NULL);
INSERT INTO ost_user_email VALUES (7, 1, 'kanji@example.org'), (8, 2, 'eve@example.org');
INSERT INTO ost_user_account VALUES (1, 2, 'eve', NULL);
CREATE TABLE ost_ticket (ticket_id INT PRIMARY KEY, number VARCHAR(20), user_id INT, status_id INT, dept_id INT,
    topic_id INT, staff_id INT, created DATETIME);
CREATE TABLE ost_ticket__cdata (ticket_id INT PRIMARY KEY, subject MEDIUMTEXT, priority MEDIUMTEXT);
CREATE TABLE ost_ticket_status (id INT PRIMARY KEY, name VARCHAR(60));
CREATE TABLE ost_ticket_priority (priority_id INT PRIMARY KEY, priority VARCHAR(60));
CREATE TABLE ost_department (id INT PRIMARY KEY, name VARCHAR(128));
CREATE TABLE ost_help_topic (topic_id INT PRIMARY KEY, topic VARCHAR(32));
CREATE TABLE ost_thread (id INT PRIMARY KEY, object_id INT, object_type CHAR(1));
CREATE TABLE ost_thread_entry (id INT PRIMARY KEY, thread_id INT, staff_id INT, user_id INT, type CHAR(1), body TEXT,
    format VARCHAR(16), created DATETIME);
INSERT INTO ost_ticket VALUES (40, '123456', 1, 1, 1, 1, 2, '2021-01-01 10:00:00'),
    (41, '123457', 2, 3, 1, 0, 0, '2021-07-01 10:00:00');
INSERT INTO ost_ticket__cdata VALUES (40, 'It''s "broken"\\', '3'), (41, ' ', NULL);
INSERT INTO ost_ticket_status VALUES (1, 'Open'), (3, 'Closed');
INSERT INTO ost_ticket_priority VALUES (2, 'normal'), (3, 'high');
INSERT INTO ost_department VALUES (1, 'Support');
INSERT INTO ost_help_topic VALUES (1, 'Feedback');
INSERT INTO ost_thread VALUES (5, 40, 'T'), (6, 41, 'T'), (7, 40, 'A');
INSERT INTO ost_thread_entry VALUES (10, 5, 0, 1, 'M', '<p>one &lt;two&gt;</p>\t<b>three</b> &amp; &quot;four&quot;', 'html',
    '2021-01-01 10:00:00'), (11, 5, 2, 0, 'N', 'a secret', 'text', '2021-01-02 10:00:00'),
    (12, 5, 2, 0, 'R', 'first line\nsecond <line>', 'text', '2021-01-03 10:00:00'),
    (13, 6, 0, 2, 'M', 'help', 'text', '2021-07-01 10:00:00'), (14, 7, 1, 0, 'R', 'of a task', 'text', '2021-01-03 10:00:00'),
    (15, 6, 0, 0, 'M', 'by nobody', 'text', '2021-07-02 10:00:00');
"""

ZAMMAD = r"""
CREATE TABLE users (id int PRIMARY KEY, login varchar(255), firstname varchar(100), lastname varchar(100), email varchar(255),
    active boolean, created_at timestamp(3));
CREATE TABLE roles (id int PRIMARY KEY, name varchar(100));
CREATE TABLE roles_users (user_id int, role_id int);
CREATE TABLE groups (id int PRIMARY KEY, name varchar(160));
CREATE TABLE ticket_states (id int PRIMARY KEY, name varchar(250));
CREATE TABLE ticket_priorities (id int PRIMARY KEY, name varchar(250));
CREATE TABLE tickets (id int PRIMARY KEY, number varchar(60), title varchar(250), owner_id int, customer_id int, group_id int,
    state_id int, priority_id int, created_at timestamp(3));
CREATE TABLE ticket_articles (id int PRIMARY KEY, ticket_id int, content_type varchar(20), body text, internal boolean,
    created_by_id int, origin_by_id int, created_at timestamp(3));
INSERT INTO users VALUES (1, '-', '-', '', '', false, '2019-01-01'), (3, 'admin', 'Ada', '', 'ada@example.org', true, '2020-07-01'),
    (4, 'kanji@example.org', '漢字', '😀', 'kanji@example.org', true, '2020-07-02 12:00:00.123');
INSERT INTO roles VALUES (1, 'Admin'), (2, 'Agent'), (3, 'Customer');
INSERT INTO roles_users VALUES (3, 1), (3, 2), (4, 3);
INSERT INTO groups VALUES (1, 'Support::Mail');
INSERT INTO ticket_states VALUES (1, 'new'), (4, 'closed');
INSERT INTO ticket_priorities VALUES (2, '2 normal'), (3, '3 high');
INSERT INTO tickets VALUES (40, '31001', E'It''s "broken"\\', 3, 4, 1, 4, 3, '2021-01-01 10:00:00'),
    (41, '31002', '', 1, 4, 1, 1, 2, '2021-07-01 10:00:00');
INSERT INTO ticket_articles VALUES (9, 40, 'text/plain', 'a secret', true, 3, NULL, '2021-01-01'),
    (10, 40, 'text/html', E'<p>one &lt;two&gt;</p>\t<b>three</b> &amp; &quot;four&quot;', false, 3, 4, '2021-01-01 10:00:00'),
    (12, 40, 'text/plain', E'first line\nsecond <line>', false, 3, NULL, '2021-01-03 10:00:00');
"""


def check_osticket(folder, data):
    imported(folder, data, '--timezone', 'Europe/Berlin')
    assert ask(data, 'user', 'SELECT id, username, name, disabled, password IS NOT NULL FROM users ORDER BY id') == [
        (1, 'admin', 'Ada', 0, 1), (2, 'bob', "Bob O'Neil", 1, 0), (3, 'kanji@example.org', '漢字 😀', 0, 0), (4, 'eve', 'Eve', 0, 0),
        (5, 'user3', 'No Mail', 0, 0)]
    assert ask(data, 'user', 'SELECT user_id, group_id FROM members ORDER BY 1') == [(1, 1), (2, 2)]
    assert ask(data, 'ticket', 'SELECT id, title, content, started_id, assigned_id, status_id, date_added FROM tickets') == [
        (40, 'It\'s "broken"\\', 'one <two>\n\tthree & "four"', 3, 2, 1, micros('2021-01-01T09:00')),
        (41, 'Ticket 123457', 'help', 4, None, 2, micros('2021-07-01T08:00'))]
    assert ask(data, 'post', 'SELECT id, ticket_id, user_id, content FROM posts') == [
        (12, 40, 2, 'first line\nsecond <line>'), (15, 41, 4, 'by nobody')]
    assert ask(data, 'lookup', 'SELECT category, department FROM categories c JOIN departments d ON d.id = department_id') == [
        ('Feedback', 'Support'), ('Imported', 'Support')]


def check_zammad(folder, data):
    imported(folder, data)
    assert ask(data, 'user', 'SELECT id, username, name, disabled, date_added FROM users ORDER BY id') == [
        (1, '-', '-', 1, micros('2019-01-01')), (3, 'admin', 'Ada', 0, micros('2020-07-01')),
        (4, 'kanji@example.org', '漢字 😀', 0, micros('2020-07-02T12:00:00.123000'))]
    assert ask(data, 'user', 'SELECT user_id, group_id FROM members ORDER BY 2') == [(3, 1), (3, 2)]
    assert ask(data, 'ticket', 'SELECT id, title, content, started_id, assigned_id, status_id, date_added FROM tickets') == [
        (40, 'It\'s "broken"\\', 'one <two>\n\tthree & "four"', 4, 3, 2, micros('2021-01-01T10:00')),
        (41, 'Ticket 31002', '', 4, None, 5, micros('2021-07-01T10:00'))]
    assert ask(data, 'post', 'SELECT id, ticket_id, user_id, content FROM posts') == [
        (12, 40, 3, 'first line\nsecond <line>')]
    assert ask(data, 'lookup', 'SELECT priority FROM priorities ORDER BY id') == [('low',), ('medium',), ('high',), ('normal',)]


DESKS = {'osticket': (servers.MariaDB, OSTICKET, check_osticket), 'zammad': (servers.PostgreSQL, ZAMMAD, check_zammad)}


def written(name, folder):
    """What an example writes of a server that has just been started."""
    kind, sql, _ = DESKS[name]
    with servers.running(kind) as server:
        if kind is servers.MariaDB:
            server.sql('CREATE DATABASE desk CHARACTER SET utf8mb4')
            where = (*server.where(), 'desk')
        else:
            server.sql('CREATE DATABASE desk')
            where = server.where('desk')
        server.sql(sql, 'desk')
        subprocess.run([EXAMPLES / f'{name}.sh', folder, *where], check=True, stdin=subprocess.DEVNULL)
    return folder


@pytest.mark.parametrize('name', DESKS)
def test_kept_files_are_taken_over(name, tmp_path):
    DESKS[name][2](KEPT / name, tmp_path / 'data')


@pytest.mark.parametrize('name', DESKS)
def test_examples_write_files_that_are_taken_over(name, tmp_path):
    must = os.environ.get('FLICKET_TEST_SERVERS') == 'yes'
    if not must and not servers.installed(DESKS[name][0]):
        pytest.skip(f'{DESKS[name][0].__name__} is not installed: script/test dumps')
    try:
        folder = written(name, tmp_path / 'files')
    except servers.NotStarted as e:
        if must:
            raise
        pytest.skip(str(e))
    DESKS[name][2](folder, tmp_path / 'data')


@pytest.mark.parametrize('option', ['-p', '--password', None])
def test_osticket_asks_for_the_password_once(tmp_path, option):
    """The password is in no argument, which others see, and goes to each query."""
    program = tmp_path / 'bin' / 'mariadb'
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s|" "${{MYSQL_PWD-none}}" "$@" | tr -d "\\n" >>{tmp_path}/called\n'
                       f'echo >>{tmp_path}/called\n')
    program.chmod(0o755)
    done = subprocess.run(
        [EXAMPLES / 'osticket.sh', tmp_path / 'files', '--user=a b', *([option] if option else []), 'desk'], check=True,
        input=' it\'s "secret"\\\n', text=True, capture_output=True, env={**os.environ, 'PATH': f'{program.parent}:{os.environ["PATH"]}'})
    calls = (tmp_path / 'called').read_text().splitlines()
    assert len(calls) == 4 and done.stderr.count('Enter password') == (option is not None)
    for call in calls:
        password, *arguments = call.split('|')
        assert password == (' it\'s "secret"\\' if option else 'none')
        assert arguments[:2] == ['--user=a b', 'desk'] and option not in arguments
