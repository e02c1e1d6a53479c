"""What script/containers cannot try without an engine, and what is read here before: compose.yaml, the rules and
the dashboard."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from desk import REPO, SERVICES, run_program

sys.path.append(str(REPO / 'tests' / 'containers'))
import settings as made  # noqa: E402 pylint: disable=wrong-import-position

TEXT = (REPO / 'compose.yaml').read_text()
COMPOSE = yaml.safe_load(TEXT)
DOCKERFILE = (REPO / 'docker' / 'Dockerfile').read_text()
MONITORING = REPO / 'docker' / 'monitoring'
OURS = (*SERVICES, 'gateway')
METRIC = re.compile(r'\b(?:flicket|process)_\w+')


def known_metrics():
    names = set(re.findall(r'^\| `(\w+)` ', run_program('flicketctl', 'metrics', '--markdown').stdout, re.M))
    histograms = {f'{n}_{part}' for n in names for part in ('bucket', 'sum', 'count')}
    return names | histograms | {'process_resident_memory_bytes', 'process_cpu_seconds_total'}


@pytest.mark.parametrize('name', OURS)
def test_containers_may_do_little(name):
    service = COMPOSE['services'][name]
    assert service['read_only'] is True and service['cap_drop'] == ['ALL']
    assert service['security_opt'] == ['no-new-privileges:true']
    assert service['mem_limit'] and service['pids_limit'] and service['restart'] == 'unless-stopped'
    assert not service.get('ports') or name == 'gateway'


@pytest.mark.parametrize('name', SERVICES)
def test_a_service_has_its_own_store_and_key_and_no_others(name):
    service = COMPOSE['services'][name]
    volumes = {v.split(':')[0] for v in service['volumes']}
    assert volumes - {'admin'} == {name, 'keys-public', f'keys-{name}'}
    assert ('admin' in volumes) == (name == 'user')
    assert service['networks'] == ['inside'] and COMPOSE['networks']['inside']['internal'] is True


def test_no_secret_is_in_an_environment():
    for name, service in COMPOSE['services'].items():
        for key, value in service.get('environment', {}).items():
            assert not re.search(r'PASSWORD$|SECRET|TOKEN$', key) or value == '', f'{name}: {key}'
        # one that somebody writes into the file of settings is replaced
        assert 'env_file' not in service or service['environment']['FLICKET_ADMIN_PASSWORD'] == ''


def known_settings():
    return run_program('flicketctl', 'settings', '--markdown').stdout


def test_settings_in_it_are_settings():
    known = known_settings()
    for name, service in COMPOSE['services'].items():
        for key in service.get('environment', {}):
            if key == 'FLICKET_PORTS':      # there to be refused where it is set
                assert name == 'keys' and service['environment'][key] is None and f'| `{key}` |' not in known
            elif key != 'PUBLISHED':
                assert f'| `{key}` |' in known, key


@pytest.mark.parametrize('file, make', [('docker/passed.env', made.passed), ('docker/flicket.env', made.given),
                                        ('tools/package/flicketd.env', made.installed)])
def test_every_setting_can_be_given(file, make):
    """What differs is written by `tests/containers/settings.py build/bin/flicketctl`."""
    table = known_settings()
    assert (REPO / file).read_text(encoding='utf-8') == make(table)
    ours = [s for s in COMPOSE['services'].values() if 'FLICKET_KEYS' in s.get('environment', {})]
    assert len(ours) == 9 and all(s['env_file'] == ['docker/passed.env', '${FLICKET_ENV_FILE:-docker/flicket.env}']
                                  for s in ours)
    fixed = set(COMPOSE['x-environment']) | {'FLICKET_LISTEN', 'FLICKET_ADMIN_PASSWORD_FILE'}
    given = {name for name, _, _ in made.rows(table)}
    assert given | fixed == set(re.findall(r'^\| `(FLICKET_\w+)`', table, re.M)) and not given & fixed


def test_what_compose_reads_is_in_the_documents():
    read = set(re.findall(r'\$\{(FLICKET_\w+)', re.sub(r'\$\$\{\w+', '', TEXT)))
    table = (REPO / 'docs' / 'containers.md').read_text(encoding='utf-8').partition('<!-- compose -->')[2].partition('<!-- /compose -->')[0]
    assert set(re.findall(r'^\| `(FLICKET_\w+)` ', table, re.M)) == read


@pytest.mark.parametrize('published, settings, url', [
    ('5000', {}, 'http://localhost:5000'),
    ('5000-5009', {}, 'http://localhost:5000'),
    ('127.0.0.1:5001', {}, 'http://localhost:5001'),
    ('[::1]:5001-5002', {}, 'http://localhost:5001'),
    ('443', {'FLICKET_TLS_CERT': '/tls/desk.pem'}, 'https://localhost:443'),
    ('5000', {'FLICKET_BASE_URL': ''}, 'http://localhost:5000'),
    ('5000', {'FLICKET_BASE_URL': 'https://desk.example.org'}, 'https://desk.example.org')])
def test_links_begin_with_what_is_published(published, settings, url):
    script = COMPOSE['x-start'].replace('$$', '$')
    done = subprocess.run(['sh', '-c', script, '/bin/sh', '-c', 'echo "$FLICKET_BASE_URL" "$1"', 'sh', 'an argument'],
                          env={'PATH': os.environ['PATH'], 'PUBLISHED': published, **settings}, capture_output=True,
                          text=True, timeout=20)
    assert done.stdout == f'{url} an argument\n' and done.stderr == ''


def test_gateways_behind_the_proxy_trust_it_alone():
    proxied, proxy = COMPOSE['services']['proxied'], COMPOSE['services']['proxy']
    network = '${FLICKET_PROXY_SUBNET:-10.87.65.0/24}'
    assert proxied['environment']['FLICKET_TRUSTED_PROXIES'] == network
    assert COMPOSE['networks']['front']['ipam']['config'] == [{'subnet': network}]
    assert proxy['networks'] == ['front'] and not proxied['ports'] and proxied['networks'] == ['inside', 'front']
    others = [s for name, s in COMPOSE['services'].items() if name not in ('proxy', 'proxied')]
    assert not any('front' in s.get('networks', ()) for s in others)


def test_every_program_has_an_image():
    targets = set(re.findall(r'^FROM program AS (\w+)$', DOCKERFILE, re.M))
    assert targets == {*OURS, 'ctl'}
    used = {s['build']['target'] for s in COMPOSE['services'].values() if 'build' in s}
    assert used == targets


# --- what an image is built of -------------------------------------------------------------------------------

def let_through(patterns):
    """The files of a fresh clone that Docker sends to a build: for each, the last pattern that fits it or a folder that
    it is in decides."""
    listed = subprocess.run(['git', 'ls-files', '-z'], cwd=REPO, capture_output=True, text=True, timeout=60, check=True)
    rules = [(not p.startswith('!'), Path(p.lstrip('!').strip('/'))) for p in patterns]
    for name in filter(None, listed.stdout.split('\0')):
        path = Path(name)
        fitting = [excludes for excludes, pattern in rules
                   if any(part.full_match(pattern) if hasattr(part, 'full_match') else
                          len(part.parts) == len(pattern.parts) and part.match(str(pattern))
                          for part in (path, *path.parents) if part.name)]
        if (REPO / path).is_file() and not (fitting and fitting[-1]):
            yield path


def patterns():
    lines = (line.strip() for line in (REPO / '.dockerignore').read_text().splitlines())
    return [line for line in lines if line and not line.startswith('#')]


def copy_context(tmp_path, rules):
    for path in let_through(rules):
        (tmp_path / 'src' / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / path, tmp_path / 'src' / path)


def build(tmp_path, *command):
    cache = {'CMAKE_C_COMPILER_LAUNCHER': 'ccache', 'CCACHE_BASEDIR': str(tmp_path), 'CCACHE_NOHASHDIR': '1'}
    return subprocess.run(command, env={**os.environ, **(cache if shutil.which('ccache') else {})},
                          capture_output=True, text=True, timeout=1800)


def configure(tmp_path):
    """As the Dockerfile does it, but for the names of folders."""
    command = re.search(r'^RUN (cmake -S \. -B /build .*?)\\\n +&& ', DOCKERFILE, re.M | re.S)[1].replace('\\\n', ' ')
    command = command.replace('-S .', f'-S {tmp_path}/src').replace('/build', f'{tmp_path}/build')
    return build(tmp_path, *shlex.split(command.replace('=/src=', f'={tmp_path}/src=')))


def test_an_image_is_built_of_what_docker_is_sent(tmp_path):
    """Without an engine: the Dockerfile's own commands, in a folder with the files that .dockerignore lets through."""
    copy_context(tmp_path, patterns())
    assert not (tmp_path / 'src' / 'tests').exists() and not (tmp_path / 'src' / 'README.md').exists()
    for sources in re.findall(r'^COPY (?!--)(.*) \S+$', DOCKERFILE, re.M):
        assert all((tmp_path / 'src' / source).exists() for source in sources.split()), sources
    done = configure(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = build(tmp_path, 'cmake', '--build', tmp_path / 'build', '--parallel', '2')
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    done = build(tmp_path, tmp_path / 'src' / 'docker' / 'collect', tmp_path / 'build' / 'bin', tmp_path / 'image')
    assert done.returncode == 0, done.stdout + done.stderr
    for program in (*(f'flicket-{name}' for name in OURS), 'flicketctl'):
        said = subprocess.run([tmp_path / 'image' / program / 'usr' / 'bin' / program, '--version'],
                              capture_output=True, text=True, timeout=60)
        assert said.stdout.startswith(f'{program} '), said.stderr


@pytest.mark.parametrize('left_out', ['cmake', 'services', 'tools/bench'])
def test_what_is_left_out_is_missed(left_out, tmp_path):
    """That the test above can fail: of a part that .dockerignore leaves out, CMake says that it is missing."""
    copy_context(tmp_path, [p for p in patterns() if p != f'!{left_out}'])
    assert not (tmp_path / 'src' / left_out).exists()
    assert configure(tmp_path).returncode != 0


@pytest.mark.parametrize('what, file', [('rules', 'rules.yml'), ('config', 'prometheus.yml')])
def test_what_promtool_says(what, file):
    done = subprocess.run(['promtool', 'check', what, MONITORING / file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_use_metrics_that_there_are():
    known = known_metrics()
    texts = [r['expr'] for g in yaml.safe_load((MONITORING / 'rules.yml').read_text())['groups'] for r in g['rules']]
    board = json.loads((MONITORING / 'grafana' / 'dashboards' / 'flicketd.json').read_text())
    texts += [t['expr'] for p in board['panels'] for t in p['targets']]
    assert len(texts) > 20
    for text in texts:
        for name in METRIC.findall(text):
            assert name in known or name.startswith('flicket:'), f'{name} in {text}'


@pytest.mark.parametrize('program', ['flicket-gateway', *(f'flicket-{s}' for s in SERVICES)])
def test_programs_answer_for_themselves(program, tmp_path):
    assert re.fullmatch(rf'{program} \d+\.\d+\.\d+\n', run_program(program, '--version').stdout)
    assert '--health' in run_program(program, '--help').stdout
    assert run_program(program, '--what').returncode == 2
    down = run_program(program, '--health', FLICKET_DATA=tmp_path, FLICKET_LISTEN='127.0.0.1:1')
    assert down.returncode == 1 and 'does not answer' in down.stderr


@pytest.mark.parametrize('keys', [False, True])
def test_programs_that_run_are_well(desks, keys):
    desk = desks('imported', keys=keys)
    for name in OURS:
        done = run_program(f'flicket-{name}', '--health', **{**desk.settings, 'FLICKET_LISTEN': f'127.0.0.1:{desk.port}'})
        assert done.returncode == 0, f'{name}: {done.stderr}'


def test_the_first_password_can_be_in_a_file(desks, tmp_path):
    file = tmp_path / 'password'
    for _ in range(2):
        assert run_program('flicketctl', 'password', 'make', str(file)).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    password = run_program('flicketctl', 'password', 'show', str(file)).stdout.strip()
    assert len(password) >= 12
    desk = desks('new', FLICKET_ADMIN_PASSWORD='', FLICKET_ADMIN_PASSWORD_FILE=file)
    with desk.client(False) as c:
        assert c.log_in('admin', password).status == 200


@pytest.mark.parametrize('content', [None, '', 'short', 'x' * 73])
def test_a_password_file_that_is_none_is_refused(tmp_path, content):
    file = tmp_path / 'password'
    if content is not None:
        file.write_text(content)
    done = run_program('flicket-user', FLICKET_DATA=tmp_path / 'data', FLICKET_ADMIN_PASSWORD_FILE=file)
    assert done.returncode == 2 and 'FLICKET_ADMIN_PASSWORD_FILE' in done.stderr
    assert not content or content not in done.stderr


def test_a_password_file_that_nobody_writes_to_is_refused(tmp_path):
    """A FIFO: whoever opens it to read would wait for ever."""
    file = tmp_path / 'password'
    os.mkfifo(file)
    done = run_program('flicket-user', FLICKET_DATA=tmp_path / 'data', FLICKET_ADMIN_PASSWORD_FILE=file)
    assert done.returncode == 2 and f'FLICKET_ADMIN_PASSWORD_FILE: {file}: it is empty' in done.stderr, done.stderr
