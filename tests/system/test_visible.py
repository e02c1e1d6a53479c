"""Nothing that a user wrote acts on an operator's terminal: reports, lists, messages and logs show it."""
import contextlib
import json
import re
import sqlite3
import subprocess

import msgpack
import pytest

from alone import PING, Alone
from desk import BIN, environment, flicket_database, run_program

# What a terminal obeys (C0 with ESC, DEL, C1), and what turns or hides the text behind it.
ACTS = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]')
EVIL = {
    'title': '\x1b]0;owned\x07', 'colour': '\x1b[31mred', 'C1': 'a\x9b31mred', 'lines': 'a\nroot  admin\r', 'delete': 'a\x7f\x08b',
    'turned': 'a\u202egnp.exe', 'isolated': 'a\u2066b', 'tags': 'a\U000e0041', 'separated': 'a\u2028b',
}
ALL = ' '.join(EVIL.values())


def ctl(*arguments, given=None, **settings):
    """Run it; what it prints is decoded without a change, newlines included."""
    done = subprocess.run([BIN / 'flicketctl', *map(str, arguments)], env=environment(**settings), input=given,
                          capture_output=True, timeout=60, check=False)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def is_safe(done):
    """What was printed, on both streams, after a check that nothing in it acts."""
    told = done.stdout + done.stderr
    assert not ACTS.search(told), ascii(told)
    return told


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('visible'), 'new', None, FLICKET_LOG_FORMAT='text', FLICKET_ACCESS_LOG='on')
    yield desk
    close_desk(desk)


def put_names(desk, table, column, names):
    """As an import may bring them: {name of before: name}."""
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db', timeout=30)) as db, db:
        db.executemany(f'UPDATE {table} SET {column} = ? WHERE {column} = ?', [(new, old) for old, new in names.items()])


def test_names_are_shown_in_lists(desk):
    users = [{'username': f'user.{n}', 'name': f'plain name {n}', 'email': f'{n}@example.org', 'password': ''}
             for n in range(len(EVIL))]
    names = {row['name']: f'{evil} name' for row, evil in zip(users, EVIL.values())}
    wrong = [{**row, 'username': name, 'email': 'x', 'groups': [name]} for row, name in zip(users, names.values())]
    done = ctl('user', 'import', '-', given=json.dumps(users + wrong).encode(), **desk.settings)
    told = is_safe(done)
    assert done.returncode == 1 and f'{len(users)} added, 0 skipped, {len(users)} failed' in told
    assert '\\x1b]0;owned\\x07 name' in told and '\\u202egnp.exe' in told
    put_names(desk, 'users', 'name', names)
    told = is_safe(ctl('user', 'list', **desk.settings))
    assert '\\x1b]0;owned\\x07 name <0@example.org>' in told and '\\x0aroot  admin\\x0d' in told
    assert len(told.splitlines()) == 3 + len(users), 'a name makes no line'
    done = ctl('user', 'list', '--json', **desk.settings)
    is_safe(done)
    assert [u['name'] for u in json.loads(done.stdout)[2:]] == list(names.values()), 'JSON means the same'
    done = ctl('user', 'export', '-', **desk.settings)
    is_safe(done)
    assert [u['name'] for u in json.loads(done.stdout)[2:]] == list(names.values())


def test_groups_are_shown(desk):
    names = {f'plain group {n}': f'{evil} group' for n, evil in enumerate(EVIL.values())}
    with desk.admin() as c:
        for plain in names:
            assert c.post('groups', {'group_name': plain}).status == 201
    put_names(desk, 'groups', 'group_name', names)
    told = is_safe(ctl('user', 'group', **desk.settings))
    assert '\\u202egnp.exe group' in told and '\\x1b]0;owned\\x07 group' in told


def test_words_of_the_command_line_are_shown(tmp_path, desk, evil=ALL):
    nothing = {'FLICKET_DATA': tmp_path / 'nothing'}
    for line in (['user', 'disable', evil], ['user', 'group', 'admin', '--add', evil], ['user', 'add', evil, '--no-password',
                 '--name', evil, '--email', evil]):
        done = ctl(*line, **desk.settings)
        assert done.returncode == 1 and is_safe(done)
    for line in ([evil], ['help', evil], ['status', f'--{evil}'], ['verify', evil], ['restore', evil], ['import', evil],
                 ['restart', evil], ['keys', 'check', evil], ['password', 'show', evil], ['generate', '--flicket', f'/no/{evil}'],
                 ['status', '--data', evil], ['check', '--quick', '--data', evil], ['events', 'drop', evil, '1']):
        done = ctl(*line, **nothing)
        assert done.returncode != 0 and is_safe(done), line


@pytest.mark.parametrize('name', ['FLICKET_LISTEN', 'FLICKET_BASE_URL', 'FLICKET_LOG_LEVEL', 'FLICKET_CORS_ORIGINS'])
def test_settings_are_shown(tmp_path, name, evil=ALL):
    for line in (['check', '--quick'], ['status'], ['serve']):
        done = ctl(*line, FLICKET_DATA=tmp_path / 'data', **{name: evil})
        assert done.returncode != 0 and name in is_safe(done)


def test_findings_are_shown(desks):
    desk = desks('new')
    desk.stop()
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        db.executemany('UPDATE users SET avatar = ? WHERE id = ?', zip((ALL, EVIL['turned']), (1, 2)))
    done = ctl('verify', '--data', desk.data)
    told = is_safe(done)
    assert done.returncode == 1 and '\\u202egnp.exe' in told
    is_safe(ctl('verify', '--json', '--data', desk.data))
    is_safe(ctl('check', '--data', desk.data))
    assert 'that rows name are not there' in is_safe(ctl('backup', '--data', desk.data, desk.folder / 'backup'))


def test_what_is_taken_over_is_shown(tmp_path):
    def change(db):
        for n, evil in enumerate(EVIL.values()):
            db.execute('INSERT INTO flicket_history (id, date_modified) VALUES (?, ?)', (9000 + n, evil))
    source = flicket_database(tmp_path / 'evil\x1b[31m\n.db', change)
    told = is_safe(ctl('import', '--data', tmp_path / 'data\u202e', source))
    assert 'Rows not kept or changed' in told
    is_safe(ctl('import', '--data', tmp_path / 'data\u202e', source))


def test_what_a_peer_sends_is_shown_in_the_log(tmp_path):
    alone = Alone(tmp_path, 'lookup', FLICKET_LOG_LEVEL='debug', FLICKET_LOG_FORMAT='text')
    try:
        for n, evil in enumerate(EVIL.values()):
            alone.service.sock.send(msgpack.packb([1, 1 << 62 | n, PING, 0, 1, 3, evil, {}]))
            assert msgpack.unpackb(alone.service.sock.recv(), strict_map_key=False)[1] == 1 << 62 | n
        log = alone.process.log.read_text(encoding='utf-8')
        assert not ACTS.search(log) and 'request=a\\u202egnp.exe' in log and 'request=\\x1b[31mred' in log
    finally:
        alone.close()


def test_an_event_with_a_name_is_shown(desk):
    assert is_safe(run_program('flicketctl', 'events', 'list', **desk.settings))
