"""What makes a hole in a program harder to use: how it is built, and what it has given up when it runs."""
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from desk import ADMIN_PASSWORD, BIN, REPO, SERVICES, children_of, environment, is_sanitized, run_program, wait_until
from wire import Client, expect

PROGRAMS = ('flicket-gateway', *(f'flicket-{s}' for s in SERVICES), 'flicketctl')
RUNNING = (*SERVICES, 'gateway')


def readelf(program, *options):
    return subprocess.run(['readelf', '-W', *options, BIN / program], capture_output=True, text=True, check=True,
                          env={'LC_ALL': 'C'}).stdout


def is_optimized():
    cache = BIN.parent / 'CMakeCache.txt'
    return not cache.exists() or 'CMAKE_BUILD_TYPE:STRING=Debug' not in cache.read_text()


# --- how they are built -------------------------------------------------------------------------------------

@pytest.mark.parametrize('program', PROGRAMS)
def test_a_program_is_built_to_be_hard_to_use_otherwise(program):
    head, segments = readelf(program, '-h'), readelf(program, '-l')
    assert re.search(r'Type: +DYN', head), 'position-independent (PIE)'
    assert 'GNU_RELRO' in segments and 'BIND_NOW' in readelf(program, '-d'), 'full RELRO'
    assert re.search(r'GNU_STACK .* RW +0x', segments), 'no stack that runs'
    assert not re.search(r'LOAD .* RWE ', segments), 'nothing that is written to runs'
    assert 'RPATH' not in readelf(program, '-d') and 'RUNPATH' not in readelf(program, '-d')
    symbols = readelf(program, '--dyn-syms')
    assert '__stack_chk_fail' in symbols, 'stack protector'
    if is_optimized() and not is_sanitized():
        assert len(re.findall(r'__\w+_chk@', symbols)) > 5, 'FORTIFY_SOURCE'


def test_the_compiler_is_told_so_for_every_file():
    commands = (BIN.parent / 'compile_commands.json')
    if not commands.exists():
        pytest.skip('not the folder it was built in')
    lines = [line for line in commands.read_text().splitlines() if '"command"' in line and ' -c ' in line
             and '.c"' in line]
    assert len(lines) > 100
    for line in lines:
        for option in ('-fPIE', '-fstack-protector-strong', '-fstack-clash-protection'):
            assert option in line, line
        if os.uname().machine == 'x86_64':
            assert '-fcf-protection=full' in line, line
        if is_optimized() and not is_sanitized():
            assert '-D_FORTIFY_SOURCE=2' in line, line


# --- what they have given up --------------------------------------------------------------------------------

def status_of(pid):
    return dict(line.split(':\t', 1) for line in Path(f'/proc/{pid}/status').read_text().splitlines()
                if ':\t' in line)


def tasks_of(pid):
    return [int(p.name) for p in Path(f'/proc/{pid}/task').iterdir()]


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer needs what is refused')
@pytest.mark.parametrize('value', ['on', 'strict'])
def test_a_process_at_work_has_no_privileges(desks, value):
    desk = desks('new', FLICKET_HARDEN=value, FLICKET_METRICS_LISTEN='')
    for name in RUNNING:
        pid = desk.processes[name].popen.pid
        for task in tasks_of(pid):
            status = status_of(f'{pid}/task/{task}')
            assert (status['NoNewPrivs'], status['Seccomp'], status['Seccomp_filters']) == ('1', '2', '1'), (name, status)
            for capabilities in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb'):
                assert int(status[capabilities], 16) == 0, (name, status)
            if os.geteuid() == 0:
                assert int(status['CapBnd'], 16) == 0, (name, status)


@pytest.mark.skipif(is_sanitized(), reason='nothing is given up')
def test_what_is_given_up_is_a_setting(desks):
    desk = desks('new', FLICKET_HARDEN='off')
    for name in RUNNING:
        status = status_of(desk.processes[name].popen.pid)
        assert status['NoNewPrivs'] == '0' and status['Seccomp'] == '0'
        assert 'FLICKET_HARDEN is off' in desk.processes[name].log.read_text()


@pytest.mark.parametrize('value', ['yes', 'ON', '1', 'loose'])
def test_other_values_are_refused(tmp_path, value):
    for program in ('flicket-lookup', 'flicket-gateway'):
        done = run_program(program, FLICKET_DATA=tmp_path, FLICKET_HARDEN=value)
        assert done.returncode == 2 and 'FLICKET_HARDEN' in done.stderr and 'on, off or strict' in done.stderr


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer does not run in valgrind')
def test_valgrind_is_let_work(tmp_path):
    """What it needs is refused otherwise; it is told by what it loads first."""
    done = subprocess.Popen(['valgrind', '-q', BIN / 'flicket-lookup'],
                            env=environment(FLICKET_DATA=tmp_path, FLICKET_LOG_FORMAT='text'),
                            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    said = ''
    while 'listening' not in said and (line := done.stderr.readline()):
        said += line
    done.send_signal(signal.SIGTERM)
    said += done.communicate(timeout=60)[1]
    assert done.returncode == 0 and 'valgrind is at work here' in said and 'Invalid' not in said, said


# --- root ---------------------------------------------------------------------------------------------------

ROOT = pytest.mark.skipif(os.geteuid() != 0 or is_sanitized(), reason='for root only')
SOMEBODY = 31337


@pytest.fixture
def served_by_root(tmp_path):
    """`flicketctl serve`, started by root, with a data folder that belongs to somebody else."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and str(folder).startswith('/tmp/'):
            folder.chmod(0o711)
    data = tmp_path / 'data'
    data.mkdir(mode=0o700)
    os.chown(data, SOMEBODY, SOMEBODY)
    log = tmp_path / 'log'
    with open(log, 'wb') as f:
        process = subprocess.Popen([BIN / 'flicketctl', 'serve'], stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                   env=environment(
            FLICKET_DATA=data, FLICKET_LISTEN='127.0.0.1:0', FLICKET_ADMIN_PASSWORD=ADMIN_PASSWORD,
            FLICKET_BCRYPT_COST=4, FLICKET_HARDEN='strict'))
    try:
        address = data / 'run' / 'gateway.address'

        def is_ready():
            assert process.poll() is None, log.read_text()
            try:
                with Client(int(address.read_text().rpartition(':')[2]), timeout=5) as c:
                    return c.get('/readyz').status == 200
            except (OSError, ValueError):
                return False
        wait_until(is_ready, 30, f'serve is ready:\n{log.read_text()}')
        yield process, data, int(address.read_text().rpartition(':')[2])
    finally:
        process.terminate()
        process.wait(20)


@ROOT
def test_started_by_root_they_become_the_owner_of_the_data(served_by_root):
    process, data, port = served_by_root
    programs = {}
    for stat in Path('/proc').glob('[0-9]*/status'):
        try:
            status = status_of(stat.parent.name)
        except OSError:
            continue
        if status.get('PPid') == str(process.pid):
            programs[status['Name']] = status
    assert set(programs) == {f'flicket-{n}' for n in RUNNING}
    for status in programs.values():
        assert set(status['Uid'].split()) == set(status['Gid'].split()) == {str(SOMEBODY)}
        assert status['Groups'].strip() in ('', str(SOMEBODY))
        assert all(int(status[c], 16) == 0 for c in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'))
    with Client(port) as c:
        token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
        expect(c.post('departments', {'department': 'by nobody in particular'}, token=token), 201)
    for path in data.rglob('*'):
        assert path.stat().st_uid == SOMEBODY or path.name in ('serve.lock', 'desk.json', 'gateway.address.lock'), path


@ROOT
def test_they_end_with_the_supervisor_all_the_same(served_by_root):
    """The kernel forgets to tell a process of its parent's death when it becomes another user."""
    process, _, _ = served_by_root
    pids = children_of(process.pid)
    assert len(pids) == len(RUNNING)
    process.kill()
    wait_until(lambda: not any(Path(f'/proc/{pid}').exists() for pid in pids), 10, 'all have ended')


# --- containers ---------------------------------------------------------------------------------------------

def test_containers_run_as_nobody_with_nothing():
    dockerfile = (REPO / 'docker' / 'Dockerfile').read_text()
    assert re.search(r'^USER 10001:10001$', dockerfile, re.M) and not re.search(r'^USER (root|0)', dockerfile, re.M)
    compose = (REPO / 'compose.yaml').read_text()
    services = re.split(r'^  (?=\w+:(?: &\w+)?$)', compose.split('\nservices:\n')[1].split('\nnetworks:\n')[0], flags=re.M)
    ours = [s for s in services if 'FLICKET_IMAGES' in s]
    assert len(ours) == 8
    anchor = compose.split('x-service: &service')[1].split('\nx-')[0]
    for text in (anchor, *(s for s in ours if '<<: *service' not in s)):
        assert re.search(r'read_only: true', text) and re.search(r'cap_drop:\s*(\[ALL\]|\n +- ALL)', text), text
        assert 'no-new-privileges:true' in text, text
    assert 'privileged' not in compose and 'docker.sock' not in compose and 'FLICKET_HARDEN' not in compose
