"""Usernames and addresses: log in in whatever way they are written, and no two that read the same."""
import base64
import contextlib
import re
import sqlite3
import threading

import pytest

from desk import ADMIN, ADMIN_PASSWORD, PASSWORD, flicket_database, run_program, wait_until
from wire import Client, expect

USER = {'name': 'Some Body', 'password': PASSWORD}
ALIKE = 'another user logs in with one that reads the same'


def try_login(desk, username, password=PASSWORD):
    with Client(desk.port) as c:
        return c.log_in(username, password)


def user_of(desk, username, password=PASSWORD):
    token = expect(try_login(desk, username, password), 200)['token']
    with desk.client(token) as c:
        return expect(c.get('user/me'), 200)['username']


def ctl(desk, *args, status=0, **more):
    done = run_program('flicketctl', *map(str, args), '--data', str(desk.data), **more)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def look_alike(db):
    """What Flicket lets in, as it compares byte by byte."""
    password, = db.execute('SELECT password FROM flicket_users WHERE id = 3').fetchone()
    for id, username, email in ((901, 'Twin', 'twin@example.org'), (902, 'TWIN', 'TWIN@example.org'),
                                (903, 'tw\u200bin', 'third@example.org')):
        db.execute('INSERT INTO flicket_users (id, username, name, email, password, disabled) VALUES (?, ?, ?, ?, ?, 0)',
                   (id, username, f'Twin {id}', email, password))


@pytest.fixture
def twins(desks, tmp_path):
    desk = desks('new', start=False, FLICKET_BASE_URL='http://localhost:5000')
    desk.take_over(flicket_database(tmp_path / 'twins.db', look_alike))
    return desk.start()


@pytest.mark.parametrize('written', ['user003', 'USER003', 'User003', 'ｕｓｅｒ００３', 'user\u200b003', ' user003 ',
                                     'user003@example.test', 'User003@Example.TEST', 'user003@example．test'])
def test_a_name_may_be_written_in_any_way(imported, written):
    assert user_of(imported, written) == 'user003'


@pytest.mark.parametrize('written', ['Admin', 'ADMIN', 'admin@localhost.localdomain', 'ADMIN@LOCALHOST.localdomain'])
def test_so_may_that_of_an_admin(new, written):
    assert user_of(new, written, ADMIN_PASSWORD) == 'admin'


@pytest.mark.parametrize('written', ['user00', 'usér003', 'user003@', '@example.test', 'example.test', 'user003@example.tes',
                                     '', 'user003%', 'user0_3', 'us\u0435r003'])
def test_other_names_are_other_names(imported, written):
    expect(try_login(imported, written), 401)


def test_failures_count_for_the_user(imported):
    ways = ['user003', 'USER003', 'user003@example.test', 'User003@example.test', 'uSer003']
    for way in ways[:4] + ways:
        expect(try_login(imported, way, 'wrong'), 401)
    expect(try_login(imported, 'USER003@EXAMPLE.TEST', 'wrong'), 429)
    for way in ways:
        expect(try_login(imported, way), 429)
    expect(try_login(imported, 'USER004'), 200)


def test_a_name_that_fits_several_is_refused_and_told(twins):
    log = twins.processes['user'].log
    assert user_of(twins, 'Twin') == 'Twin' and user_of(twins, 'TWIN') == 'TWIN'
    assert user_of(twins, 'TWIN@example.org') == 'TWIN'
    assert user_of(twins, 'Third@example.org') == 'tw\u200bin'
    for written in ('twin', 'tWin', 'Twin@Example.org'):
        expect(try_login(twins, written), 401)
    assert len(re.findall('a login was refused: the name fits the users 901 and 902', log.read_text())) == 3
    wait_until(lambda: 'username: it reads the same of the users 901, 902, 903, who' in log.read_text() and
               'email: it reads the same of the users 901, 902, who' in log.read_text(), 10, 'it is told at the start')


def test_an_import_tells_whose_names_read_the_same(twins):
    with contextlib.closing(sqlite3.connect(twins.data / 'stores' / 'user' / 'user.db')) as db:
        assert db.execute('SELECT username FROM users WHERE id > 900 ORDER BY id').fetchall() == [
            ('Twin',), ('TWIN',), ('tw\u200bin',)]
    with twins.client(ADMIN) as c:      # they stay, and may change in other ways
        expect(c.request('PATCH', 'user/902', json={'username': 'TWIN', 'name': 'Another name'}), 200)
        expect(c.request('PATCH', 'user/902', json={'username': 'tWin'}), 409)
        expect(c.request('PATCH', 'user/902', json={'username': 'alone'}), 200)
        expect(c.request('PATCH', 'user/902', json={'username': 'TWIN'}), 409)


@pytest.mark.parametrize('field, value', [
    ('username', 'USER003'), ('username', 'ｕｓｅｒ003'), ('username', 'user\u200b003'), ('username', 'user\u00ad003'),
    ('username', 'user003@Example.test'), ('email', 'User003@example.test'), ('email', 'USER003@EXAMPLE.TEST')])
def test_what_reads_the_same_is_a_conflict(writing, field, value):
    new = {'username': 'somebody', 'email': 'somebody@example.org', **USER, field: value}
    with writing.client(ADMIN) as c:
        answers = [c.post('users/', new), c.request('PATCH', 'user/4', json={field: value})]
    for answer in answers:
        assert expect(answer, 409)['message'].startswith(f'{field}: {ALIKE}'), answer
        assert (answer.json()['code'], answer.json()['field']) == ('taken', field)


def test_of_two_at_once_one_wins(writing):
    answers = []

    def make(n):
        with writing.client(ADMIN) as c:
            answers.append(c.post('users/', {'username': ''.join(b if n >> i & 1 else b.upper() for i, b in enumerate('racer')),
                                             'email': f'racer{n}@example.org', **USER}).status)
    threads = [threading.Thread(target=make, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == [201] + [409] * 11


def test_the_operators_commands_say_who_was_meant(twins, tmp_path):
    secret = tmp_path / 'secret'
    secret.write_text('Another-passw0rd\n')
    assert ctl(twins, 'user', 'password', 'USER005', '--password-file', secret).startswith('user005: ')
    assert user_of(twins, 'user005', 'Another-passw0rd') == 'user005'
    assert ctl(twins, 'user', 'disable', 'User006@Example.test').startswith('user006: ')
    assert ctl(twins, 'user', 'disable', 'TWIN').startswith('TWIN: ')
    said = ctl(twins, 'user', 'disable', 'twin', status=1)
    assert 'fits several users, and none exactly: Twin (id 901), TWIN (id 902) and others' in said
    assert 'there is no user' in ctl(twins, 'user', 'disable', 'nobody', status=1)


@pytest.mark.parametrize('dry', [True, False])
def test_an_import_of_users_takes_none_that_reads_the_same(writing, tmp_path, dry):
    rows = [{'username': f'one{dry}', 'email': f'one{dry}@example.org'}, {'username': f'ONE{dry}', 'email': 'b@example.org'},
            {'username': 'USER003', 'email': 'c@example.org'}, {'username': 'another', 'email': 'User004@example.test'},
            {'username': 'user003', 'email': 'd@example.org'}]
    path = tmp_path / 'users.json'
    path.write_text(str([{'name': 'Some Body', 'password': '', **row} for row in rows]).replace("'", '"'))
    said = ctl(writing, 'user', 'import', path, *(['--dry-run'] if dry else []), status=1)
    assert re.search(r'^1 \w.*, 1 skipped, 3 failed$', said, re.M), said
    assert len(re.findall(f': {ALIKE}', said)) == 3


def test_names_are_bytes_to_basic_credentials(imported):
    """A name that is not UTF-8 belongs to no user."""
    with Client(imported.port) as c:
        for name in (b'user003\xff', b'\xff\xfe', b'user003\0', b'\0'):
            header = 'Basic ' + base64.b64encode(name + b':Password1').decode()
            expect(c.request('POST', 'tokens', token=False, headers={'Authorization': header}),
                   200 if name == b'user003\0' else 401)
