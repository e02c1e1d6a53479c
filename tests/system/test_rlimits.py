"""Limits of the system (setrlimit): too low to work with, reached while at work."""
import contextlib
import resource
import subprocess
import time

import pytest

import desk as desk_module
from desk import ADMIN, BIN, SERVICES, environment, is_sanitized, wait_until
from test_uploads import TICKET, new_ticket, upload
from wire import Client, Connection, expect

NOTES = b'some notes\n' * 400000
NOFILE, FSIZE = resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE
LEAST = 64      # of descriptors: base/process/rlimits.c
PROGRAMS = tuple(f'flicket-{name}' for name in (*SERVICES, 'gateway'))
LONG = {'FLICKET_IDLE_TIMEOUT_MS': 600000}      # nobody is ended for that within a test


def run_limited(tmp_path, what, limit, *command):
    """Run a program that has to end by itself: its status and what it wrote."""
    done = subprocess.run([BIN / command[0], *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment(FLICKET_DATA=tmp_path / 'data', FLICKET_LISTEN='127.0.0.1:0'), timeout=60,
                          preexec_fn=lambda: resource.setrlimit(what, (limit, limit)))
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('limit', [16, 24, 32, 48, LEAST - 1])
def test_too_few_descriptors_are_named_and_nothing_is_tried(tmp_path, limit):
    for command in (('flicketctl', 'serve'), ('flicketctl', 'status'), *((name,) for name in PROGRAMS)):
        if command == ('flicket-gateway',) and limit == LEAST - 1:
            continue    # enough for that
        (tmp_path / 'data').mkdir(exist_ok=True)
        status, said = run_limited(tmp_path, NOFILE, limit, *command)
        assert status == 2, f'{command}: {status}\n{said}'
        assert f'ulimit -n is {limit}: ' in said and 'needs at least' in said and 'LimitNOFILE=' in said, said
        assert 'Assertion' not in said and said.count('ulimit -n is') == 1, said
    assert not (tmp_path / 'data' / 'stores' / 'user' / 'user.db').exists()


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer needs terabytes of addresses')
@pytest.mark.parametrize('what,limit,name', [
    (resource.RLIMIT_STACK, 64 << 10, 'ulimit -s is 64: '), (resource.RLIMIT_DATA, 24 << 20, 'ulimit -u, -v and -d')])
def test_too_little_memory_is_named(tmp_path, what, limit, name):
    for program in PROGRAMS:
        status, said = run_limited(tmp_path, what, limit, program)
        assert status == 2 and name in said, f'{program}: {status}\n{said}'


@pytest.mark.skipif(is_sanitized(), reason='a sanitizer needs terabytes of addresses')
@pytest.mark.parametrize('megabytes', [200, 300, 400, 500])
def test_with_little_memory_a_desk_works_or_says_what_it_lacks(tmp_path, megabytes):
    """Nothing waits for what it does not get, and nothing is started again and again."""
    limit = megabytes << 20
    log = tmp_path / 'log'
    with log.open('wb') as out:
        serve = subprocess.Popen([BIN / 'flicketctl', 'serve'], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 env=environment(FLICKET_DATA=tmp_path / 'data', FLICKET_LISTEN='127.0.0.1:0'),
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    try:
        wait_until(lambda: serve.poll() is not None or 'is ready' in log.read_text(), 60, 'it works, or has ended')
        works = serve.poll() is None
        serve.terminate()
        status = serve.wait(60)
    finally:
        serve.kill()
    said = log.read_text()
    assert 'starting it again' not in said, said
    assert status == 0 if works else status == 2 and 'MB of memory' in said and 'LimitAS=' in said, said


def test_a_soft_limit_is_raised_to_the_hard_one(desks, monkeypatch):
    desk = desks('imported', start=False)
    _, hard = resource.getrlimit(NOFILE)
    limit_next(monkeypatch, NOFILE, (16, hard))
    desk.start()
    for process in desk.processes.values():
        assert resource.prlimit(process.popen.pid, NOFILE) == (hard, hard)


def limit_next(monkeypatch, what, limits):
    """All processes that are started from here on have these."""
    popen = desk_module.subprocess.Popen
    monkeypatch.setattr(desk_module.subprocess, 'Popen', lambda *args, **more: popen(
        *args, **more, preexec_fn=lambda: resource.setrlimit(what, limits)))


def test_the_least_is_enough(desks, monkeypatch):
    """With as few descriptors as there have to be, everything works, for a few clients at a time."""
    desk = desks('imported', start=False, **LONG)
    limit_next(monkeypatch, NOFILE, (LEAST + 24, LEAST + 24) if 'FLICKET_KEYS' in desk.settings else (LEAST, LEAST))
    desk.start()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(desk.port, ADMIN)) for _ in range(10)]
        for c in clients:
            made = new_ticket(c)
            expect(upload(c, ticket_id=made), 201)
            expect(c.get('tickets/?content=this'), 200)
        for name in SERVICES:
            desk.kill(name)
            desk.restart(name)
        desk.wait_ready()
        for c in clients:
            expect(c.post('tickets', TICKET), 201)


def test_without_descriptors_idle_connections_make_room(desks):
    """Descriptors are gone before there are as many connections as the gateway counted on."""
    desk = desks('imported', **LONG)
    pid = desk.processes['gateway'].popen.pid
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(Connection(desk.port)) for _ in range(100)]
        assert all(c.is_usable() for c in idle)
        resource.prlimit(pid, NOFILE, (80, 80))
        began, seconds = time.monotonic(), desk.processes['gateway'].seconds()
        for _ in range(3):
            with Client(desk.port, ADMIN, timeout=60) as c:
                expect(c.get('ticket/1'), 200)
        spent = desk.processes['gateway'].seconds() - seconds
        assert spent < 0.5 * (time.monotonic() - began) + 0.2, 'it waits, and does not spin'
        assert 'no more descriptors: connections have to wait' in desk.processes['gateway'].log.read_text()


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def test_a_file_that_may_not_grow_is_a_full_disk(desks):
    """Writes are answered 503 and nobody dies; reads go on; with the limit raised all is as before."""
    desk = desks('imported')
    c = desk.admin()
    first = new_ticket(c)
    for name in SERVICES:
        most = max(size_of(p) for p in desk.data.glob(f'stores/{name}/{name}.db*')) + (64 << 10)
        resource.prlimit(desk.processes[name].popen.pid, FSIZE, (most, resource.RLIM_INFINITY))
    # nor may its log
    resource.prlimit(desk.processes['gateway'].popen.pid, FSIZE, (0, resource.RLIM_INFINITY))

    def is_refused(answer, right):
        assert answer.status in (right, 503), answer
        return answer.status == 503
    large = {**TICKET, 'content': 'word ' * 900}
    wait_until(lambda: is_refused(c.post('tickets', large), 201), 60, 'the store may not grow')
    wait_until(lambda: is_refused(upload(c, NOTES, ticket_id=first), 201), 60, 'nor a file')
    expect(c.get(f'ticket/{first}'), 200)
    desk.check_running()
    for process in desk.processes.values():
        resource.prlimit(process.popen.pid, FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: not is_refused(c.post('tickets', large), 201), 60, 'it may again')
    expect(upload(c, NOTES, ticket_id=first), 201)


@pytest.mark.parametrize('kilobytes', [16, 50])
def test_a_store_that_may_not_be_made_is_no_reason_to_try_again(tmp_path, kilobytes):
    status, said = run_limited(tmp_path, FSIZE, kilobytes << 10, 'flicketctl', 'serve')
    assert status == 2 and 'ulimit -f' in said and 'a file may not grow any more' in said, f'{status}\n{said}'
    assert 'starting it again' not in said, said
