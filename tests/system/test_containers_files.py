"""What script/containers cannot try without an engine, and what is read here before: compose.yaml, the rules and
the dashboard."""
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from desk import REPO, SERVICES, run_program

COMPOSE = yaml.safe_load((REPO / 'compose.yaml').read_text())
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
    assert 'ports' not in service or name == 'gateway'


@pytest.mark.parametrize('name', SERVICES)
def test_a_service_has_its_own_store_and_key_and_no_others(name):
    service = COMPOSE['services'][name]
    volumes = {v.split(':')[0] for v in service['volumes']}
    assert volumes - {'admin'} == {name, 'keys-public', f'keys-{name}'}
    assert ('admin' in volumes) == (name == 'user')
    assert service['networks'] == ['inside'] and COMPOSE['networks']['inside']['internal'] is True


def test_no_secret_is_in_an_environment():
    for name, service in COMPOSE['services'].items():
        for key in service.get('environment', {}):
            assert not re.search(r'PASSWORD$|SECRET|TOKEN$', key), f'{name}: {key}'


def test_settings_in_it_are_settings():
    known = run_program('flicketctl', 'settings', '--markdown').stdout
    for service in COMPOSE['services'].values():
        for key in service.get('environment', {}):
            assert f'| `{key}` |' in known, key


def test_every_program_has_an_image():
    targets = set(re.findall(r'^FROM program AS (\w+)$', (REPO / 'docker' / 'Dockerfile').read_text(), re.M))
    assert targets == {*OURS, 'ctl'}
    used = {s['build']['target'] for s in COMPOSE['services'].values() if 'build' in s}
    assert used == targets


def test_what_an_image_is_built_of_is_whole(tmp_path):
    """CMake finds every source it names among those that .dockerignore lets into an image."""
    allowed = [line[1:] for line in (REPO / '.dockerignore').read_text().splitlines() if line.startswith('!')]
    assert 'CMakeLists.txt' in allowed
    for name in allowed:
        if (REPO / name).is_dir():
            shutil.copytree(REPO / name, tmp_path / 'src' / name)
        elif (REPO / name).exists():
            (tmp_path / 'src' / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, tmp_path / 'src' / name)
    command = re.search(r'^RUN cmake -S \. -B /build (.*?) \\$', (REPO / 'docker' / 'Dockerfile').read_text(), re.M)
    done = subprocess.run(['cmake', '-S', tmp_path / 'src', '-B', tmp_path / 'build', *command[1].split()],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


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
    assert done.returncode == 1 and 'FLICKET_ADMIN_PASSWORD_FILE' in done.stderr
    assert not content or content not in done.stderr


def test_a_password_file_that_nobody_writes_to_is_refused(tmp_path):
    """A FIFO: whoever opens it to read would wait for ever."""
    file = tmp_path / 'password'
    os.mkfifo(file)
    done = run_program('flicket-user', FLICKET_DATA=tmp_path / 'data', FLICKET_ADMIN_PASSWORD_FILE=file)
    assert done.returncode == 1 and f'FLICKET_ADMIN_PASSWORD_FILE: {file}: it is empty' in done.stderr, done.stderr
