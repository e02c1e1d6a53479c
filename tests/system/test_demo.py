"""The demo desk: whole, readable, in a folder of its own; and what a desk says at its start."""
import contextlib
import os
import re
import shutil
import subprocess

import pytest

from desk import BIN, REPO, START_SECONDS, Desk, environment, run_program, wait_until
from wire import expect

PASSWORD = 'look-around'
LANGUAGES = {'en': ('the', 'a'), 'fr': ('imprimante', 'à'), 'zh': ('打印机', '。')}


def make_demo(folder, *args):
    return run_program('flicketctl', 'generate', '--demo', '--data', str(folder), *args, FLICKET_BCRYPT_COST=4)


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp('demo'), 'new')
    done = make_demo(desk.data, '--password', PASSWORD)
    assert done.returncode == 0, done.stderr
    del desk.settings['FLICKET_ADMIN_PASSWORD']
    desk.start()
    yield desk
    desk.stop()


def log_in(desk, name):
    with contextlib.closing(desk.client('')) as c:
        return desk.client(expect(c.log_in(name, PASSWORD), 200)['token'])


@pytest.fixture(scope='module')
def admin(demo):
    return log_in(demo, 'admin')


def every_item(client, path):
    items = []
    while path:
        answer = expect(client.get(path), 200)
        items += answer['items']
        path = (answer['_links']['next'] or '').partition('/flicket-api/')[2]
    return items


def test_there_are_some_hundred_tickets_of_many_kinds(admin):
    tickets = every_item(admin, 'tickets/?per_page=100')
    assert 200 <= len(tickets) <= 500
    for member in ('status_id', 'ticket_priority_id', 'category_id', 'started_id', 'assigned_id'):
        kinds = {t[member] for t in tickets}
        assert len(kinds) >= {'status_id': 4, 'ticket_priority_id': 3, 'assigned_id': 6}.get(member, 15), member
    titles = [t['title'] for t in tickets]
    assert max(titles.count(title) for title in titles) <= 3


def test_what_is_said_is_whole(admin):
    said = [f'{t["title"]}\n{t["content"]}' for t in every_item(admin, 'tickets/?per_page=100')]
    said += [p['content'] for i in range(1, len(said) + 1) for p in every_item(admin, f'posts/{i}/')]
    assert not [text for text in said if re.search(r'[{}]|\bteh\b', text) or not text.strip()]
    for words in LANGUAGES.values():
        assert all(any(word in text for text in said) for word in words)


@pytest.mark.parametrize('word', ['printer', 'imprimante', '打印机'])
def test_it_is_found_by_a_search(admin, word):
    assert expect(admin.get(f'tickets/?content={word}&per_page=1'), 200)['_meta']['total_items'] > 0


def test_its_files_can_be_had(demo, admin):
    uploads = every_item(admin, 'uploads/?per_page=100')
    assert {u['original_filename'].rpartition('.')[2] for u in uploads} == {'png', 'log', 'csv', 'txt'}
    for upload in uploads:
        answer = admin.get(demo.path_of(upload['image']))
        assert answer.status == 200 and len(answer.body) > 40, upload


def test_its_dates_are_in_order_and_past(demo, admin):
    stored = run_program('flicketctl', 'verify', '--data', str(demo.data))
    assert stored.returncode == 0 and '0 findings' in stored.stdout, stored.stdout + stored.stderr
    newest = expect(admin.get('tickets/?sort=addedon_desc&per_page=1'), 200)['items'][0]
    oldest = expect(admin.get('tickets/?sort=addedon&per_page=1'), 200)['items'][0]
    assert newest['id'] > oldest['id'] == 1


def test_roles_are_there(demo, admin):
    groups = {u['username']: u['groups'] for u in every_item(admin, 'users/?fields=username,groups')}
    assert 'flicket_admin' in groups['admin'] and groups['claire'] == ['super_user'] and groups['helen'] == []
    expect(log_in(demo, 'helen').post('departments/', {'department': 'Mine'}), 403)


def test_a_password_is_made_up_and_told_to_the_owner_alone(tmp_path):
    words = set()
    for name in ('one', 'two'):
        assert make_demo(tmp_path / name).returncode == 0
        told = tmp_path / name / 'demo.txt'
        assert told.stat().st_mode & 0o777 == 0o600
        words.add(re.search(r"Everybody's password: (\w{20})\n", told.read_text())[1])
    assert len(words) == 2


def test_the_command_for_the_start_names_any_folder(tmp_path):
    folder = tmp_path / 'a "demo" isn\'t $HOME; really'
    done = make_demo(folder)
    assert done.returncode == 0, done.stderr
    line, = re.findall('`(flicketctl serve .*)` starts it', done.stdout)
    read = subprocess.run(['sh', '-c', 'flicketctl() { printf "%s\\0" "$@"; }; ' + line], capture_output=True, text=True, check=True)
    assert read.stdout == f'serve\0--data\0{folder}\0'


def test_a_folder_with_a_desk_is_left_alone(desks, tmp_path):
    real = desks('new')
    done = make_demo(real.data)
    assert done.returncode == 1 and 'holds a desk already' in done.stderr
    assert expect(real.admin().get('tickets/'), 200)['items'] == [] and not (real.data / 'demo.txt').exists()
    assert make_demo(tmp_path).returncode == 0 and make_demo(tmp_path).returncode == 1
    assert (tmp_path / 'demo.txt').exists()


@pytest.mark.parametrize('option', [('--tickets', '10'), ('--users', '20'), ('--posts', '1'), ('--seed', '1'),
                                    ('--flicket', 'new.db')])
def test_numbers_do_not_go_with_it(option, tmp_path):
    done = make_demo(tmp_path / 'never', *option)
    assert done.returncode == 2 and f'does not go with {option[0]}' in done.stderr and not (tmp_path / 'never').exists()


def test_a_failure_leaves_nothing(tmp_path):
    (tmp_path / 'stores').write_text('a file')
    assert make_demo(tmp_path).returncode == 1
    assert sorted(os.listdir(tmp_path)) == ['stores']


# -- what a start says

@contextlib.contextmanager
def served(command, log, **settings):
    """Run a command until the desk is ready: what it has printed."""
    with open(log, 'wb') as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                   env=environment(FLICKET_LISTEN='127.0.0.1:0', FLICKET_BCRYPT_COST=4, **settings))
    try:
        wait_until(lambda: '/docs\n' in log.read_text() or process.poll() is not None, START_SECONDS, 'it is ready')
        yield log.read_text().partition('flicketd ')[2]
    finally:
        process.terminate()
        process.wait(20)


def test_the_console_comes_first_then_the_api(tmp_path):
    with served([BIN / 'flicketctl', 'serve'], tmp_path / 'log', FLICKET_DATA=tmp_path / 'data') as said:
        console = re.match(r'\S+ is ready: (http://localhost:\d+)/\n', said)
        assert console, said
        assert said.index('Password of admin') < said.index('generate --demo') < said.index(f'{console[1]}/flicket-api/') \
            < said.index(f'{console[1]}/docs\n')


def test_the_address_of_the_console_is_the_one_that_is_set(tmp_path):
    with served([BIN / 'flicketctl', 'serve'], tmp_path / 'log', FLICKET_DATA=tmp_path / 'data',
                FLICKET_BASE_URL='https://desk.example.org/help') as said:
        assert ' is ready: https://desk.example.org/help/\n' in said


@pytest.fixture(name='house')
def a_house(tmp_path):
    """A copy of script/server in a tree where everything is installed and built."""
    for folder in ('house/script', 'house/build', 'programs'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'house' / 'build' / 'bin').symlink_to(BIN)
    (tmp_path / 'house' / 'build' / 'CMakeCache.txt').touch()
    shutil.copy(REPO / 'script' / 'server', tmp_path / 'house' / 'script' / 'server')
    for program in (tmp_path / 'house' / 'script' / 'bootstrap', tmp_path / 'programs' / 'cmake'):
        program.write_text('#!/bin/sh\n')
        program.chmod(0o755)
    return tmp_path / 'house'


def starts(house, *args, **settings):
    return served([house / 'script' / 'server', *args], house / 'log', PATH=f'{house.parent}/programs:{os.environ["PATH"]}',
                  **settings)


def test_a_demo_and_another_desk_are_two_folders(house):
    with starts(house) as said:
        assert 'demo desk' not in said and (house / 'data' / 'stores').is_dir() and not (house / 'demo').exists()
    for attempt in ('made', 'there'):
        with starts(house, '--demo') as said:
            password = re.search(r'password: (\w+)\n', said)[1]
            assert f'remove the folder {house}/demo\n' in said, (attempt, said)
        assert password in (house / 'demo' / 'demo.txt').read_text()
    with starts(house, '--demo', FLICKET_DATA=house / 'data') as said:
        assert said == '' and 'holds a desk that is no demo' in (house / 'log').read_text()


@pytest.mark.parametrize('args', [('--demos',), ('--demo', 'more'), ('demo',)])
def test_the_script_refuses_what_it_does_not_know(house, args):
    with starts(house, *args) as said:
        assert said == '' and (house / 'log').read_text().startswith('Set up and run a desk')
