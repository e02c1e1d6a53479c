"""Settings: each is checked at the start, and docs/settings.md has them all."""
import re

import pytest

from desk import ADMIN_PASSWORD, BIN, REPO, SERVICES, environment, free_port, run_program, wait_until
from test_supervisor import Served
from wire import Client, expect

PROGRAMS = ('flicket-gateway', *(f'flicket-{s}' for s in SERVICES))
ROW = re.compile(r'^\| `(FLICKET_[A-Z_]+)` \| (?:`(.*)`|) ?\| (.*?) ?\|$')
BOUNDS = re.compile(r'\((-?\d+) to (-?\d+)\)$')


@pytest.fixture(scope='module')
def rows():
    """name → (default, what it does), as the program lists them."""
    done = run_program('flicketctl', 'settings', '--markdown', timeout=10)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == '| setting | default | what it does |' and lines[1].startswith('| ---')
    found = {}
    for line in lines[2:]:
        match = ROW.match(line)
        assert match, line
        found[match[1]] = (match[2], match[3])
    assert len(found) > 10
    return found


def numbers(rows):
    return {name: tuple(map(int, BOUNDS.search(text).groups()))
            for name, (_, text) in rows.items() if BOUNDS.search(text)}


def refused(tmp_path, program, **settings):
    """Start a program with settings that it must refuse; what it says on stderr."""
    settings = {'FLICKET_DATA': tmp_path / 'data', 'FLICKET_LISTEN': f'127.0.0.1:{free_port()}', **settings}
    done = run_program(program, timeout=20, **settings)
    assert done.returncode == 2, f'{program} ended with {done.returncode}: {done.stderr}'
    assert not (tmp_path / 'data' / 'stores').exists(), 'refused, but it had begun'
    return done.stderr


def test_there_are_number_settings_to_check(rows):
    assert {'FLICKET_BCRYPT_COST', 'FLICKET_MAX_BODY_BYTES', 'FLICKET_REQUEST_TIMEOUT_MS'} <= set(numbers(rows))


def test_every_number_setting_refuses_what_is_none_or_out_of_bounds(rows, tmp_path):
    for name, (least, most) in numbers(rows).items():
        for value in (least - 1, most + 1, 'abc', '1.5', f'{least}x', f' {least}', f'{least} ', '0x10', '--1',
                      '99999999999999999999'):
            said = refused(tmp_path, 'flicket-lookup', **{name: value})
            assert name in said and f'"{value}"' in said, said
            assert str(least) in said and str(most) in said, said


@pytest.mark.parametrize('program', PROGRAMS)
def test_every_program_checks_all_settings(tmp_path, program):
    for name, value in (('FLICKET_BCRYPT_COST', '3'), ('FLICKET_MAX_BODY_BYTES', 'x'),
                        ('FLICKET_LOG_LEVEL', 'loud'), ('FLICKET_CORS_ORIGINS', 'https://a/'),
                        ('FLICKET_TRUSTED_PROXIES', 'proxy'), ('FLICKET_CHANGE_CATEGORY', 'some'),
                        ('FLICKET_METRICS_LISTEN', 'here')):
        assert name in refused(tmp_path, program, **{name: value})


@pytest.mark.parametrize('name, value', [
    ('FLICKET_LISTEN', 'nowhere'), ('FLICKET_LISTEN', '127.0.0.1'), ('FLICKET_LISTEN', '127.0.0.1:65536'),
    ('FLICKET_LISTEN', ':5000'), ('FLICKET_LISTEN', '127.0.0.1:-1'), ('FLICKET_LISTEN', '127.0.0.1:5x'),
    ('FLICKET_BASE_URL', 'localhost:5000'), ('FLICKET_BASE_URL', 'http://h/'), ('FLICKET_BASE_URL', 'ftp://h'),
    ('FLICKET_BASE_URL', 'http://h/"x'), ('FLICKET_BASE_URL', 'http://a b'), ('FLICKET_BASE_URL', 'http://'),
    ('FLICKET_ADMIN_PASSWORD', 'short'), ('FLICKET_ADMIN_PASSWORD', 'x' * 73),
    ('FLICKET_LOG_LEVEL', 'INFO'), ('FLICKET_DATA', 'x' * 5000), ('FLICKET_LISTEN', 'x' * 300)])
def test_a_text_setting_that_cannot_be_is_refused(tmp_path, name, value):
    assert name in refused(tmp_path, 'flicket-gateway', **{name: value})


def test_of_a_list_the_entry_is_named(tmp_path):
    for name, value in (('FLICKET_UPLOAD_EXTENSIONS', 'txt, p-df'), ('FLICKET_TRUSTED_PROXIES', '::1, p-df'),
                        ('FLICKET_CORS_ORIGINS', 'https://a,p-df')):
        assert 'its entry 2 is "p-df"' in refused(tmp_path, 'flicket-post', **{name: value})


def test_a_secret_is_not_repeated(tmp_path):
    for secret in ('pssst', 'psst' * 19):
        said = refused(tmp_path, 'flicket-user', FLICKET_ADMIN_PASSWORD=secret)
        assert secret not in said and 'FLICKET_ADMIN_PASSWORD' in said


def secret_settings():
    """As the table says."""
    return re.findall(r'^SECRET\(\w+, "(FLICKET_\w+)"', (REPO / 'base' / 'settings.tbl').read_text(), re.M)


def test_what_is_named_as_a_secret_is_one(rows):
    """Or it is a file or a folder that has it, or no text."""
    named = {name for name in rows if re.search('PASSWORD|SECRET|PASSPHRASE|CREDENTIAL|TOKEN|KEY', name)}
    assert named - set(numbers(rows)) - {'FLICKET_ADMIN_PASSWORD_FILE', 'FLICKET_TLS_KEY', 'FLICKET_KEYS'} == set(secret_settings())
    assert secret_settings() and set(secret_settings()) < set(rows)


def test_no_secret_of_a_setting_is_shown_anywhere(rows, tmp_path):
    """The list of settings, that of the API, the file that other commands read, the environments of processes."""
    secrets = {name: ADMIN_PASSWORD if name == 'FLICKET_ADMIN_PASSWORD' else f'secret {i} of settings'
               for i, name in enumerate(secret_settings())}
    served = Served(tmp_path, **{n: v for n, v in secrets.items() if n != 'FLICKET_ADMIN_PASSWORD'}, FLICKET_TITLE='Told to all')
    try:
        wait_until(served.is_ready, 60, 'serve is ready')
        with Client(served.port) as c:
            c.token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
            answer = c.get('settings')
            items = {i['name']: i for i in expect(answer, 200)['items']}
        told = {'the answer': answer.body.decode(), 'the file': (served.data / 'desk.json').read_text(), 'the log': served.text()}
        for arguments in (('settings',), ('settings', '--markdown'), ('status',), ('status', '--json')):
            done = run_program('flicketctl', *arguments, FLICKET_DATA=served.data, **secrets)
            assert done.returncode == 0, done
            told[' '.join(arguments)] = done.stdout + done.stderr
        for name, pid in served.programs().items():
            told[name] = open(f'/proc/{pid}/environ', errors='replace').read()
            assert 'FLICKET_DATA=' in told[name]
        assert set(items) == set(rows) and items['FLICKET_TITLE']['value'] == 'Told to all'
        assert 'Told to all' in told['the file']
        for name, secret in secrets.items():
            assert items[name]['value'] in (None, 'set')
            assert [place for place, text in told.items() if secret in text] == []
    finally:
        served.clean_up()


@pytest.mark.parametrize('program', PROGRAMS)
def test_a_setting_there_is_not_is_refused(tmp_path, program):
    said = refused(tmp_path, program, FLICKET_LISTEM='127.0.0.1:5000')
    assert 'FLICKET_LISTEM' in said


def test_a_data_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / 'file').write_text('')
    done = run_program('flicket-lookup', timeout=20, FLICKET_DATA=tmp_path / 'file' / 'data')
    assert done.returncode == 2 and 'FLICKET_DATA' in done.stderr


def test_an_empty_setting_is_as_good_as_none(desks):
    desk = desks('new', FLICKET_MAX_BODY_BYTES='', FLICKET_LOG_LEVEL='', FLICKET_BIND='')
    assert desk.admin().get('user/1').status == 200


def test_all_services_do_not_listen_at_one_place(tmp_path):
    done = run_program('flicketctl', 'serve', FLICKET_DATA=tmp_path / 'data', FLICKET_BIND='tcp://*:7000')
    assert done.returncode == 2 and 'FLICKET_BIND: all services would listen at ' in done.stderr
    assert not (tmp_path / 'data').exists()


def test_the_bounds_themselves_are_accepted(rows, tmp_path):
    for name, bounds in numbers(rows).items():
        for value in bounds:
            done = run_program('flicketctl', 'settings', timeout=10,
                               **{name: value, 'FLICKET_DATA': tmp_path / 'data'})
            assert done.returncode == 0, f'{name}={value}: {done.stderr}'


def test_settings_are_listed_for_people_too(rows):
    done = run_program('flicketctl', 'settings', timeout=10)
    assert done.returncode == 0
    for name in rows:
        assert f'{name}=' in done.stdout


def test_the_documents_have_the_table_of_settings():
    table = run_program('flicketctl', 'settings', '--markdown', timeout=10).stdout
    text = (REPO / 'docs' / 'settings.md').read_text(encoding='utf-8')
    assert text.partition('<!-- settings -->\n')[2].partition('<!-- /settings -->')[0] == table


def test_programs_are_where_the_documentation_says():
    names = {p.name for p in BIN.iterdir() if p.name.startswith('flicket')}
    assert names == {*PROGRAMS, 'flicketctl'}
    assert 'FLICKET_DATA' not in environment()
