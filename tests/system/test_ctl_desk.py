"""flicketctl at a desk that runs: status, check, users."""
import contextlib
import json
import os
import pty
import re
import signal
import sqlite3
import stat
import subprocess
import tempfile
import time

import pytest

from desk import BIN, SERVICES, SHIPPED, START_SECONDS, environment, free_port, run_program, wait_until
from terminal import shown
from wire import Client, expect

PASSWORD = 'a-password-of-9'


class Operator:
    """flicketctl with the settings of a desk."""

    def __init__(self, desk):
        self.desk = desk

    def settings(self):
        return {**self.desk.settings, 'FLICKET_LISTEN': f'127.0.0.1:{self.desk.port}'}

    def run(self, *arguments, given=None, **settings):
        return subprocess.run([BIN / 'flicketctl', *map(str, arguments)],
                              env=environment(**{**self.settings(), **settings}), input=given, text=True,
                              capture_output=True, timeout=60, check=False, cwd=self.desk.folder)

    def does(self, *arguments, given=None):
        """Run what must succeed, and return what it prints."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments, **more):
        return json.loads(self.does(*arguments, '--json', **more))

    def add(self, username, *more, password=PASSWORD):
        return self.json('user', 'add', username, '--name', f'Name of {username}', '--email',
                         f'{username}@example.org', *more, '--password-file', '-', given=password + '\n')

    def refused(self, *arguments, given=None, status=1):
        done = self.run(*arguments, given=given)
        assert done.returncode == status and done.stdout == '', done.stdout + done.stderr
        return done.stderr


@pytest.fixture
def operator(new):
    return Operator(new)


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    """A new desk for tests that add users to it and break nothing."""
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('ctl'), 'new', None)
    yield Operator(desk)
    close_desk(desk)


def logs_in(desk, username, password=PASSWORD):
    with Client(desk.port) as c:
        return c.log_in(username, password).status == 200


# -- status

def test_status_shows_every_process(operator):
    told = operator.json('status')
    assert told['status'] == 'up' and told['gateway']['state'] == 'ready'
    assert told['gateway']['services'] == dict.fromkeys(SERVICES, 'up')
    assert {p['service'] for p in told['processes']} == set(SERVICES)
    for process in told['processes']:
        assert process['state'] == 'up' and process['writes'] is True and process['rtt_ms'] >= 0
    text = operator.does('status')
    assert 'The desk is up.' in text and '\033' not in text
    for service in SERVICES:
        assert f'ipc://run/{service}.sock' in text


def test_status_tells_what_is_down(operator):
    desk = operator.desk
    desk.kill('post')
    done = operator.run('status', '--json')
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told['status'] == 'degraded'
    assert [p['service'] for p in told['processes'] if p['state'] == 'down'] == ['post']
    desk.pause('ticket')
    down = {p['service'] for p in json.loads(operator.run('status', '--json').stdout)['processes']
            if p['state'] == 'down'}
    assert down == {'post', 'ticket'}, 'one that is stopped does not answer either'
    desk.resume('ticket')
    desk.restart('post')
    wait_until(lambda: operator.run('status').returncode == 0, START_SECONDS, 'all is up')
    desk.kill('gateway')
    done = operator.run('status', '--json')
    assert done.returncode == 1 and json.loads(done.stdout)['gateway']['state'] == 'down'


def test_status_shows_every_process_of_a_service(operator):
    desk = operator.desk
    desk.launch('ticket-1', 'flicket-ticket')

    def tickets():
        return [p for p in json.loads(operator.run('status', '--json').stdout)['processes'] if p['service'] == 'ticket']

    wait_until(lambda: len(tickets()) == 2 and all(p['state'] == 'up' for p in tickets()), START_SECONDS, 'both are up')
    assert sorted(p['writes'] for p in tickets()) == [False, True]
    assert len({p['instance'] for p in tickets()}) == 2
    desk.launch('user-1', 'flicket-user')
    operator.add('written.once')
    desk.kill('user')
    assert operator.add('taken.over')['id'] > 0, 'it waits for the one that takes over'


def test_status_of_nothing_is_unreachable(operator, tmp_path):
    operator.desk.stop()
    done = operator.run('status', '--json')
    assert done.returncode == 3 and json.loads(done.stdout)['status'] == 'unreachable'
    done = operator.run('status', '--data', tmp_path / 'nothing')
    assert done.returncode == 3 and 'cannot be entered' in done.stderr
    assert not (tmp_path / 'nothing').exists(), 'looking makes nothing'


def test_the_gateway_is_found_where_it_says_it_listens(operator):
    desk = operator.desk
    at = f'127.0.0.1:{desk.port}'

    def found(*more, **settings):
        return json.loads(operator.run('status', '--json', *more, **settings).stdout)['gateway']

    def process(**settings):
        told = json.loads(operator.run('check', '--json', '--quick', **settings).stdout)
        return [c['message'] for c in told['checks'] if c['check'] == 'process'][4:]

    for unsaid in ('', '127.0.0.1:0'):
        assert (found(FLICKET_LISTEN=unsaid)['address'], found(FLICKET_LISTEN=unsaid)['state']) == (at, 'ready')
        assert process(FLICKET_LISTEN=unsaid) == [f'the gateway is ready at {at}']
    assert found('--gateway', '127.0.0.1:1', FLICKET_LISTEN='')['address'] == '127.0.0.1:1'
    assert found(FLICKET_LISTEN='127.0.0.1:1')['address'] == '127.0.0.1:1', 'what is said goes first'
    assert process(FLICKET_LISTEN='127.0.0.1:1') == ['no gateway answers at 127.0.0.1:1']
    desk.kill('gateway')
    port = desk.start_gateway(port=free_port())
    assert found(FLICKET_LISTEN='')['address'] == f'127.0.0.1:{port}', 'where it listens now'
    (desk.data / 'run' / 'gateway.address').write_text('')
    assert found(FLICKET_LISTEN='')['address'] == '127.0.0.1:5000', 'a disk was full'


def test_no_other_folder_tells_where_the_gateway_is(tmp_path):
    """There is no data folder, and the one that it is called from is somebody else's."""
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'gateway.address').write_text('127.0.0.1:1\n')
    endpoints = {f'FLICKET_{s.upper()}_ENDPOINT': f'tcp://127.0.0.1:{free_port()}' for s in SERVICES}
    done = subprocess.run([BIN / 'flicketctl', 'status', '--json', '--data', tmp_path / 'nope'], cwd=tmp_path,
                          env=environment(**endpoints), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3 and json.loads(done.stdout)['gateway']['address'] == '127.0.0.1:5000', done


def test_status_is_watched(operator):
    with subprocess.Popen([BIN / 'flicketctl', 'status', '--watch', '--interval', '1', '--json'],
                          env=environment(**operator.settings()), stdout=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())['status'] == 'up'
        operator.desk.kill('lookup')
        deadline = time.monotonic() + START_SECONDS
        while json.loads(process.stdout.readline())['status'] != 'degraded':
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(10) == 1


def on_terminal(operator, *arguments, typed=(), **settings):
    """Run it on a terminal, answer its prompts; everything that was shown, and the status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(BIN / 'flicketctl', ['flicketctl', *arguments], environment(**{**operator.settings(), **settings}))
    seen, typed = b'', list(typed)
    for piece in shown(terminal):
        seen += piece
        if typed and seen.endswith(b': '):
            os.write(terminal, typed.pop(0).encode() + b'\n')
    os.close(terminal)
    return seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_colours_are_for_terminals_that_want_them(operator):
    assert '\033[32m' in on_terminal(operator, 'status', TERM='xterm')[0]
    assert '\033' not in on_terminal(operator, 'status', NO_COLOR='1')[0]


# -- users

def test_a_user_is_added_and_can_log_in(shared):
    made = shared.add('anna.arno', '--group', 'super_user', '--job-title', 'Clerk', '--locale', 'de')
    assert made['groups'] == ['super_user'] and made['job_title'] == 'Clerk' and made['locale'] == 'de'
    assert 'password' not in made
    assert logs_in(shared.desk, 'anna.arno')
    with shared.desk.admin() as c:
        assert expect(c.get(f'user/{made["id"]}'), 200)['email'] == 'anna.arno@example.org'
    assert [u['username'] for u in shared.json('user', 'list', '--group', 'super_user')] == ['anna.arno']
    assert 'anna.arno' in shared.does('user', 'list')


def test_what_does_not_fit_is_refused_with_its_bound(shared):
    shared.add('bertha')
    base = ('user', 'add', '--no-password')
    who = ('--name', 'Some Name', '--email', 'some@example.org')
    assert 'username must be 4 to 24 characters long, this one has 3.' in shared.refused(*base, 'abc', *who)
    assert 'username must not have a colon' in shared.refused(*base, 'a:bcd', *who)
    assert 'name must be 4 to 60' in shared.refused(*base, 'abcd', '--name', 'x', '--email', 'a@example.org')
    assert 'email must be an address' in shared.refused(*base, 'abcd', '--name', 'Name', '--email', 'a.example.org')
    assert 'email must be 6 to 60' in shared.refused(*base, 'abcd', '--name', 'Name', '--email', 'a@b')
    assert 'locale must be 2 to 10' in shared.refused(*base, 'abcd', *who, '--locale', 'x')
    assert 'username: another user has this one.' in shared.refused(*base, 'bertha', *who)
    assert 'email: another user has this one.' in shared.refused(
        *base, 'abcd', '--name', 'Name', '--email', 'bertha@example.org')
    assert 'there is no group "nobodies"' in shared.refused(*base, 'abcd', *who, '--group', 'nobodies')
    assert '--email is missing' in shared.refused(*base, 'abcd', '--name', 'Some Name', status=2)
    assert 'password must be 6 to 60 characters long' in shared.refused(
        'user', 'add', 'abcd', *who, '--password-file', '-', given='short\n')
    assert 'first line is empty' in shared.refused('user', 'add', 'abcd', *who, '--password-file', '-', given='\n')
    assert 'abcd' not in shared.does('user', 'list'), 'nothing of it is there'


def test_names_of_users_are_one_line(shared):
    added = shared.json('user', 'add', ' frieda\n', '--name', '\u3000Frieda Frei ', '--email', ' frieda@example.org\t',
                        '--no-password')
    assert (added['username'], added['name'], added['email']) == ('frieda', 'Frieda Frei', 'frieda@example.org')
    assert shared.does('user', 'add', '  fritz  ', '--name', 'Fritz Frei', '--email', 'fritz@example.org',
                       '--no-password') == 'fritz: added\n'
    base = ('user', 'add', '--no-password')
    who = ('--name', 'Some Name', '--email', 'some@example.org')
    assert 'username must be one line of text, without control characters, this one has U+001B.' in \
        shared.refused(*base, 'a\x1b[31mbc', *who)
    assert 'U+202E' in shared.refused(*base, 'nim\u202eda', *who)
    assert 'username must have a character that can be seen' in shared.refused(*base, '\u200e' * 5, *who)
    assert 'job_title must be one line' in shared.refused(*base, 'abcd', *who, '--job-title', 'a\nb')
    assert 'email must be an address' in shared.refused(*base, 'abcd', '--name', 'Name', '--email', 'a@b@example.org')
    rows = [{'username': ' gerda ', 'name': 'Gerda Groß ', 'email': ' gerda@example.org'},
            {'username': 'gerda', 'name': 'Gerda Groß', 'email': 'another@example.org'},
            {'username': '\u00a0gerda', 'name': 'Gerda Groß', 'email': 'third@example.org'},
            {'username': 'gustav\u2028', 'name': 'Gustav', 'email': 'gerda@example.org '},
            {'username': 'gus\ttav', 'name': 'Gustav', 'email': 'gustav@example.org'},
            {'username': 'gustav', 'name': '\u3164' * 4, 'email': 'gustav@example.org'}]
    done = shared.run('user', 'import', '--json', '-', given=json.dumps(rows))
    told = json.loads(done.stdout)
    assert (told['added'], told['without_password']) == (['gerda'], ['gerda'])
    assert [s['row'] for s in told['skipped']] == [2, 3, 4]
    assert [(f['row'], f['why'].split()[0]) for f in told['failed']] == [(5, 'username'), (6, 'name')]
    gerda = next(u for u in shared.json('user', 'list') if u['username'] == 'gerda')
    assert (gerda['name'], gerda['email']) == ('Gerda Groß', 'gerda@example.org')


def test_a_password_is_asked_for_unseen(shared):
    who = ('user', 'add', 'cecilia', '--name', 'Cecilia', '--email', 'c@example.org')
    seen, status = on_terminal(shared, *who, typed=(PASSWORD, 'another-one'))
    assert status == 1 and 'not the same' in seen
    seen, status = on_terminal(shared, *who, typed=(PASSWORD, PASSWORD))
    assert status == 0 and PASSWORD not in seen and 'cecilia: added' in seen
    assert logs_in(shared.desk, 'cecilia')
    seen, status = on_terminal(shared, *who[:2], 'cornelia', *who[3:], typed=('\x03',))
    assert status == 1 and 'nothing was changed' in seen, 'Ctrl-C'
    assert 'no terminal' in subprocess.run(
        ['setsid', '-w', BIN / 'flicketctl', 'user', 'password', 'cecilia'], env=environment(**shared.settings()),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stderr


def test_a_new_password_ends_tokens(shared, tmp_path):
    shared.add('dorothea')
    with Client(shared.desk.port) as c:
        token = expect(c.log_in('dorothea', PASSWORD), 200)['token']
    file = tmp_path / 'password'
    file.write_text('another-password\nand a second line\n')
    assert 'has a new password' in shared.does('user', 'password', 'dorothea', '--password-file', file)
    assert logs_in(shared.desk, 'dorothea', 'another-password') and not logs_in(shared.desk, 'dorothea')
    with shared.desk.client(token) as c:
        expect(c.get('user/1'), 401)
    assert 'there is no user "nemo"' in shared.refused('user', 'password', 'nemo', '--password-file', file)


def test_a_user_is_disabled_and_enabled(shared):
    shared.add('emilia')
    with Client(shared.desk.port) as c:
        token = expect(c.log_in('emilia', PASSWORD), 200)['token']
    assert shared.json('user', 'disable', 'emilia')['disabled'] is True
    with shared.desk.client(token) as c:
        expect(c.get('user/1'), 401)
    assert not logs_in(shared.desk, 'emilia')
    assert 'is disabled already' in shared.does('user', 'disable', 'emilia')
    assert shared.json('user', 'enable', 'emilia')['disabled'] is False
    assert logs_in(shared.desk, 'emilia')
    assert 'this one must stay one' in shared.refused('user', 'disable', 'admin')


def test_memberships_are_shown_and_changed(shared):
    shared.add('friederike')
    assert shared.does('user', 'group', 'friederike') == ''
    assert shared.does('user', 'group', 'friederike', '--add', 'flicket_admin') == 'flicket_admin\n'
    assert shared.does('user', 'group', 'friederike', '--add', 'flicket_admin') == 'flicket_admin\n', 'again'
    assert shared.does('user', 'group', 'friederike', '--remove', 'flicket_admin') == ''
    assert {g['group_name'] for g in shared.json('user', 'group')} == {'flicket_admin', 'super_user'}
    assert 'there is no group "x"' in shared.refused('user', 'group', 'friederike', '--add', 'x')
    assert 'must stay one' in shared.refused('user', 'group', 'admin', '--remove', 'flicket_admin')


def test_without_a_user_service_the_message_says_so(operator):
    operator.desk.kill('user')
    assert 'the user service does not answer at ipc://run/user.sock' in operator.refused('user', 'list')


# -- users as JSON

FLICKET = [
    {'username': 'jblogs', 'name': 'Joe Blogs', 'email': 'jblogs@email.com',
     'password': '$2b$04$abcdefghijklmnopqrstuu7DRnTYUxUb6AtoncYgFcOcFDaUmFVMu'},
    {'username': 'plain', 'name': 'Plain Text', 'email': 'plain@email.com', 'password': 'no hash'},
    {'username': 'admin', 'name': 'Another admin', 'email': 'other@email.com', 'password': ''},
    {'username': 'other', 'name': 'Other', 'email': 'jblogs@email.com', 'password': ''},
    {'username': 'x', 'name': 'Too short', 'email': 'x@email.com', 'password': ''},
    {'username': 'nomail', 'name': 'No mail', 'password': ''},
    'a text',
    {'username': 'grouped', 'name': 'In groups', 'email': 'g@email.com', 'password': '', 'groups': ['nobodies']},
]


def test_users_of_flicket_are_imported(operator):
    given = json.dumps(FLICKET)
    before = operator.json('user', 'list')
    done = operator.run('user', 'import', '--dry-run', '--json', '-', given=given)
    planned = json.loads(done.stdout)
    assert done.returncode == 1 and planned['dry_run'] is True
    assert planned['added'] == ['jblogs', 'plain'] and operator.json('user', 'list') == before
    done = operator.run('user', 'import', '--json', '-', given=given)
    told = json.loads(done.stdout)
    assert done.returncode == 1, 'some did not fit'
    assert {**told, 'dry_run': True} == planned
    assert told['without_password'] == ['plain']
    assert [(s['row'], s['username']) for s in told['skipped']] == [(3, 'admin'), (4, 'other')]
    assert [(f['row'], f['why']) for f in told['failed']] == [
        (5, 'username must be 4 to 24 characters long, this one has 1.'), (6, 'email is missing.'),
        (7, 'this is not an object.'), (8, 'groups: there is no group "nobodies".')]
    again = operator.run('user', 'import', '-', given=given)
    assert '0 added, 4 skipped, 4 failed' in again.stdout
    assert 'row 1, jblogs: username: another user has this one.' in again.stdout
    assert {u['username'] for u in operator.json('user', 'list')} == {'admin', 'notification', 'jblogs', 'plain'}


def test_the_command_for_a_password_names_any_user(operator, tmp_path):
    """As a shell reads it; a name that begins with a dash is no option."""
    file = tmp_path / 'password'
    file.write_text('a-new-password')
    names = ["o'brien; id", '$HOME "x" *', '-dashed', 'plain']
    given = json.dumps([{'username': name, 'name': 'Any Name', 'email': f'any{i}@example.org', 'password': ''}
                        for i, name in enumerate(names)])
    done = operator.run('user', 'import', '-', given=given)
    assert done.returncode == 0, done.stdout
    assert '`flicketctl user password plain` sets one' in done.stdout, 'no quotes where none are needed'
    lines = re.findall('`(flicketctl user password .*)` sets one', done.stdout)
    assert len(lines) == len(names)
    for name, line in zip(names, lines):
        read = subprocess.run(['sh', '-c', 'flicketctl() { printf "%s\\0" "$@"; }; ' + line], capture_output=True, text=True, check=True)
        words = read.stdout.split('\0')[:-1]
        assert words[-1] == name and words[:2] == ['user', 'password']
        operator.does(*words[:2], '--password-file', file, *words[2:])
        assert logs_in(operator.desk, name, 'a-new-password')


def test_a_file_of_users_may_begin_with_a_byte_order_mark(operator):
    rows = json.dumps([{'username': 'marked', 'name': 'Has A Mark', 'email': 'marked@example.org',
                        'password': '$2b$04$flicketTestsCheapHash.B77X4bJLLdG/1p36gTmqbg74xrJ9pWa'}])
    done = operator.run('user', 'import', '--json', '-', given='\ufeff' + rows)
    assert done.returncode == 0, done.stderr
    assert 'marked' in operator.run('user', 'export').stdout
    assert operator.run('user', 'import', '-', given='\ufeff').returncode != 0
    assert operator.run('user', 'import', '-', given='\ufeff\ufeff' + rows).returncode != 0


def test_a_hash_beyond_the_bound_is_not_imported(operator):
    rest = '6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi'
    hashes = {'dear17': '$2b$17$' + rest, 'dear31': '$2y$31$' + rest, 'foreign': '$6$rounds=999999999$salt$',
              'dearest': '$2b$16$' + rest}
    given = json.dumps([{'username': name, 'name': f'Named {name}', 'email': f'{name}@b.example', 'password': hash}
                        for name, hash in hashes.items()])
    done = operator.run('user', 'import', '--json', '-', given=given)
    assert done.returncode == 0 and json.loads(done.stdout)['without_password'] == ['dear17', 'dear31', 'foreign']


def test_users_go_out_and_into_another_desk(desks, tmp_path):
    old, new = Operator(desks('imported')), Operator(desks('new'))
    old.does('user', 'disable', 'user004')
    everyone = {u['username']: u for u in old.json('user', 'list')}
    file = tmp_path / 'users.json'
    old.does('user', 'export', file)
    written = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [list(u) for u in written] == [['username', 'name', 'email', 'password']] * len(everyone)
    assert all(u['password'] == '' or u['password'].startswith('$2') for u in written)
    assert written == json.loads(old.does('export')), 'the other name, and standard output'
    assert 'is there already' in old.refused('user', 'export', file)
    old.does('user', 'export', '--force', '--full', file)
    done = new.run('import', file)
    assert done.returncode == 0, done.stdout
    mine = {u['username']: u for u in new.json('user', 'list')}
    assert mine.keys() >= everyone.keys()
    for name in ('user003', 'user004', 'user006'):
        for field in ('name', 'email', 'job_title', 'locale', 'disabled', 'groups'):
            assert (mine[name][field] or None) == (everyone[name][field] or None), (name, field)
    assert logs_in(new.desk, 'user003', 'Password1') and not logs_in(new.desk, 'user004', 'Password1')
    again = new.json('user', 'import', file)
    assert again['added'] == [] and len(again['skipped']) == len(everyone)


@pytest.mark.parametrize('text, says', [('', 'line'), ('[{', 'line 1'), ('{}', 'must be an array of users')])
def test_what_is_no_list_of_users_is_refused(shared, text, says):
    assert says in shared.refused('user', 'import', '-', given=text)


def test_files_that_are_not_there_are_named(shared, tmp_path):
    assert 'No such file' in shared.refused('user', 'import', tmp_path / 'none.json')
    assert 'No such file' in shared.refused('user', 'export', tmp_path / 'none' / 'users.json')


# -- check

def results(told, kind):
    return [c['result'] for c in told['checks'] if c['check'] == kind]


def checked(operator, *more, status=0, **settings):
    done = operator.run('check', '--json', *more, **{**SHIPPED, 'FLICKET_BCRYPT_COST': 12, **settings})
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


def messages(told, result):
    return ' '.join(c['message'] for c in told['checks'] if c['result'] == result)


def test_a_sound_desk_is_found_sound(operator):
    told = checked(operator, FLICKET_EVENT_WAIT_MS=250)
    assert results(told, 'settings') == results(told, 'data') == results(told, 'disk') == ['ok']
    for service in SERVICES:
        assert results(told, f'store {service}') == ['ok', 'ok']
    assert results(told, 'process') == ['ok'] * 5
    quick = checked(operator, '--quick')
    assert results(quick, 'store user') == ['ok']
    assert ' failed, ' in operator.does('check')


def test_each_disk_that_a_store_is_on_is_looked_at(tmp_path):
    """As in containers, where stores are volumes: one here is on the disk of /dev/shm."""
    stores = tmp_path / 'data' / 'stores'
    stores.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir='/dev/shm') as elsewhere:
        (stores / 'post').symlink_to(elsewhere)
        done = run_program('flicketctl', 'check', '--json', FLICKET_DATA=tmp_path / 'data', FLICKET_LISTEN='127.0.0.1:1')
        found = [c['message'] for c in json.loads(done.stdout)['checks'] if c['check'] == 'disk']
        for service in SERVICES:
            if service != 'post':
                (stores / service).symlink_to(elsewhere)
        done = run_program('flicketctl', 'check', '--json', FLICKET_DATA=tmp_path / 'data', FLICKET_LISTEN='127.0.0.1:1')
        moved = [c['message'] for c in json.loads(done.stdout)['checks'] if c['check'] == 'disk']
    assert [re.sub(r'.* on the disk of ', '', m) for m in found] == ['the data folder', 'stores/post']
    assert [re.sub(r'.* on the disk of ', '', m) for m in moved] == ['stores/user']     # the data folder has none


def test_settings_that_do_not_fit_are_all_named(operator):
    told = checked(operator, status=1, FLICKET_STOP_SECONDS='many', FLICKET_NONSENSE=1,
                   FLICKET_USER_ENDPOINT='ipc://run/post.sock', FLICKET_LISTEN='*:1', FLICKET_BIND='tcp://*:7000',
                   FLICKET_BCRYPT_COST=4, FLICKET_EVENT_WAIT_MS=5000, FLICKET_TLS_CERT='cert.pem')
    fails, warns = messages(told, 'fail'), messages(told, 'warn')
    assert 'FLICKET_STOP_SECONDS: "many" is not a whole number from 0 to 60' in fails
    assert 'FLICKET_NONSENSE: there is no such setting' in fails
    assert 'FLICKET_TLS_CERT is set without FLICKET_TLS_KEY' in fails and 'ok' not in results(told, 'settings')
    assert 'the services user and post have the same endpoint' in fails
    for name in ('FLICKET_BIND', 'FLICKET_BCRYPT_COST', 'FLICKET_EVENT_WAIT_MS', 'http://localhost:1'):
        assert name in warns
    assert all(c['do'] for c in told['checks'] if c['result'] == 'fail')


@pytest.mark.parametrize('name, value, entry', [
    ('FLICKET_CORS_ORIGINS', 'https://desk.example.org, https://desk.example.org/tickets', 'desk.example.org/tickets"'),
    ('FLICKET_CORS_ORIGINS', 'https://a.example,*', 'entry 2 is "*"'),
    ('FLICKET_CORS_ORIGINS', ','.join(f'https://{i:032}.example' for i in range(80)) + ',http://a:80',
     'entry 81 is "http://a:80"'),
    ('FLICKET_TRUSTED_PROXIES', 'proxy.example.org', '"proxy.example.org" is not addresses and networks'),
    ('FLICKET_TRUSTED_PROXIES', '10.0.0.0/8,10.0.0.0/33', 'entry 2 is "10.0.0.0/33"'),
    ('FLICKET_TRUSTED_PROXIES', ','.join(['::1'] * 65), 'entry 65 is "::1"')],
    ids=['path', 'asterisk', 'long', 'name', 'bits', 'many'])
def test_what_the_gateway_would_refuse_at_its_start_is_found_before(tmp_path, name, value, entry):
    settings = {'FLICKET_DATA': tmp_path / 'data', 'FLICKET_LISTEN': '127.0.0.1:1', name: value}
    refused = run_program('flicket-gateway', **settings)
    assert refused.returncode == 2 and not (tmp_path / 'data').exists()
    assert refused.stderr.startswith(f'{name}: "{value}" is not ') and entry in refused.stderr
    done = run_program('flicketctl', 'check', '--json', **settings)
    told = json.loads(done.stdout)
    assert done.returncode == 1 and results(told, 'settings') == ['fail']
    assert [c['message'] for c in told['checks'] if c['check'] == 'settings'] == [refused.stderr.strip()]


def test_what_is_wrong_with_files_is_found(operator):
    desk = operator.desk
    desk.stop()
    told = checked(operator)
    assert results(told, 'process') == ['warn'] * 5, 'a desk that does not run is no fault'
    assert not list(desk.data.glob('stores/*/*-wal')), 'looking leaves nothing'
    desk.data.chmod(0o755)
    (desk.data / 'stores' / 'user' / 'admin-password').write_text('x')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'lookup' / 'lookup.db')) as db:
        db.execute('PRAGMA user_version = 99')
    (desk.data / 'stores' / 'post' / 'post.db').unlink()
    ticket = desk.data / 'stores' / 'ticket' / 'ticket.db'
    damaged = bytearray(ticket.read_bytes())
    damaged[4096:16384] = b'\xa5' * 12288
    ticket.write_bytes(damaged)
    os.utime(desk.data / 'stores' / 'user' / 'user.db', (time.time() + 9999,) * 2)
    told = checked(operator, status=1)
    assert results(told, 'data') == ['warn', 'warn']
    assert 'schema 99, newer than' in messages(told, 'fail')
    assert 'the store is damaged' in messages(told, 'fail')
    assert 'changed in the future' in messages(told, 'fail')
    assert 'stores/post/post.db: No such file' in messages(told, 'warn')


def test_a_part_that_is_down_is_a_fault(operator):
    operator.desk.kill('lookup')
    told = checked(operator, status=1)
    assert 'the lookup service does not answer' in messages(told, 'fail')


def test_data_that_is_not_there_is_a_fault(tmp_path):
    done = run_program('flicketctl', 'check', '--data', str(tmp_path / 'none'), FLICKET_LISTEN='127.0.0.1:1')
    assert done.returncode == 1 and 'cannot be entered' in done.stdout
    assert not (tmp_path / 'none').exists()

