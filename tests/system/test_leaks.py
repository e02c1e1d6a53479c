"""No memory is lost: the five processes under valgrind with a mixed load; and the sanitizers' leak check bites.

`script/test san` runs all system tests with LeakSanitizer, whose word is the exit status of each process on SIGTERM;
the last test here is that such a word fails the run.
"""
import json
import random
import shutil
import subprocess
import threading

import pytest

import desk as desks_module
from desk import ADMIN, BIN, SUPER, USER, Desk, is_sanitized
from wire import Client, NoAnswer, insist

ROUNDS = 25
VALGRIND = ('valgrind', '--fair-sched=yes', '--tool=memcheck', '--leak-check=full', '--show-leak-kinds=definite',
            '--errors-for-leak-kinds=definite', '--error-exitcode=99', '--num-callers=30', '--child-silent-after-fork=yes')


@pytest.fixture
def watched(tmp_path, imported_stores, monkeypatch):
    """A desk all of whose programs run in valgrind."""
    from fixtures import furnish
    programs = tmp_path / 'bin'
    programs.mkdir()
    for path in BIN.glob('flicket-*'):
        name = programs / path.name
        name.write_text('#!/bin/sh\nexec ' + ' '.join(VALGRIND) +
                        f' --log-file={tmp_path}/{path.name}.%p.valgrind {path} "$@"\n')
        name.chmod(0o755)
    made = furnish(tmp_path / 'desk', 'imported', imported_stores, FLICKET_REQUEST_TIMEOUT_MS=60000,
                   FLICKET_LOGIN_TIMEOUT_MS=60000, FLICKET_RATE_LIMIT=0)
    monkeypatch.setattr(desks_module, 'BIN', programs)
    monkeypatch.setattr(desks_module, 'STOP_SECONDS', 90.0)
    monkeypatch.setattr(desks_module, 'START_SECONDS', 180.0)
    yield made
    made.kill_everything()


def form(name, content, ticket):
    return (f'--b\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n{ticket}\r\n--b\r\n'
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{content}\r\n--b--\r\n').encode()


def read(c, rng):
    path = rng.choice(['ticket/2', 'tickets/', 'tickets/?include=users&sort=title_desc', 'tickets/?content=printer',
                       'tickets.csv', 'tickets.ndjson', 'posts/2/', 'users/', 'user/me', 'tokens/', 'uploads/',
                       'histories/', 'actions/2/', 'departments/', 'categories/', 'subscriptions/',
                       'ticket/99999999', 'tickets/?cursor=', 'tickets/?sort=nothing', 'groups/'])
    return c.get(path)


def write(c, rng):
    n = rng.randrange(10 ** 9)
    ticket = c.request('POST', 'tickets', json={'title': f'ticket {n}', 'content': 'it leaks ' * 20, 'category_id': 1,
                                                'ticket_priority_id': 1}, headers={'Idempotency-Key': f'key {n}'})
    if ticket.status != 201:
        return ticket
    id = ticket.json()['id']
    post = c.request('POST', 'posts', json={'ticket_id': id, 'content': f'a reply {n}'})
    assert post.status in (201, 503), post
    c.request('PATCH', f'ticket/{id}', json={'title': f'again {n}'}, headers={'If-Match': '"not this"'})
    c.request('PATCH', f'ticket/{id}', json={'title': f'again {n}'})
    c.request('POST', 'uploads', body=form(f'{n}.txt', 'hello ' * 3000, id), type='multipart/form-data; boundary=b')
    c.request('POST', 'subscriptions', json={'ticket_id': id})
    return c.get(f'ticket/{id}')


def misuse(c, rng):
    return rng.choice([
        lambda: c.request('POST', 'tickets', body=b'{"title":' * 50, type='application/json'),
        lambda: c.request('POST', 'tickets', json={'title': 'x'}),
        lambda: c.request('POST', 'uploads', body=b'--b\r\nnothing', type='multipart/form-data; boundary=b'),
        lambda: c.request('PUT', 'user/me/avatar', body=b'\x89PNG nothing', type='image/png'),
        lambda: c.get('user/me', token='nobody'),
        lambda: c.request('DELETE', 'ticket/99999999'),
    ])()


def log_in(c, rng):
    with Client(c.port, timeout=120) as other:
        other.log_in('user003', rng.choice(['Password1', 'wrong']))
    return c.get('/healthz')


def load(desk, seed, faults):
    """A client of its own kind; what it is answered may be a refusal, but no fault. In valgrind one thread runs at a
    time: a service that hashes a password is down meanwhile, and is asked again."""
    rng = random.Random(seed)
    try:
        with Client(desk.port, (ADMIN, USER, SUPER)[seed % 3], timeout=120) as c:
            for _ in range(ROUNDS):
                act = rng.choice([read, read, read, write, write, misuse, log_in])
                answer = insist(lambda a=act: a(c, rng))
                assert answer.status < 500, answer
    except (AssertionError, NoAnswer, OSError, json.JSONDecodeError) as e:
        faults.append(f'client {seed}: {e!r}')


@pytest.mark.slow
@pytest.mark.skipif(is_sanitized() or not shutil.which('valgrind'), reason='valgrind runs plain programs only')
def test_valgrind_finds_no_error_and_no_leak(watched, tmp_path):
    """A mixed load from four clients, a restart of a service in between, and a stop as an operator does it."""
    watched.start()
    faults = []
    for half in range(2):
        clients = [threading.Thread(target=load, args=(watched, half * 4 + n, faults)) for n in range(4)]
        for t in clients:
            t.start()
        for t in clients:
            t.join()
        if half == 0:
            watched.processes['ticket'].terminate()
            watched.restart('ticket')
            watched.wait_ready()
    watched.stop()
    reports = sorted(tmp_path.glob('*.valgrind'))
    assert len(reports) >= 6, reports
    for report in reports:
        text = report.read_text(errors='replace')
        assert 'ERROR SUMMARY: 0 errors' in text, f'{report.name}:\n{text[:8000]}'
    assert not faults, faults


LEAK = r'''
#include <stdlib.h>
#include <unistd.h>
static void *volatile kept;
__attribute__((constructor)) static void lose(void)
{
	for (int i = 0; i < 100; i++)
		kept = malloc(1000);
	kept = NULL;
}
'''


@pytest.mark.skipif(not is_sanitized(), reason='of builds with sanitizers only')
@pytest.mark.parametrize('name', ['lookup', 'gateway'])
def test_a_leak_fails_the_run(tmp_path, monkeypatch, name):
    """A library that loses memory is put into a program: its desk must not stop cleanly."""
    (tmp_path / 'leak.c').write_text(LEAK)
    subprocess.run(['cc', '-shared', '-fPIC', '-o', tmp_path / 'leak.so', tmp_path / 'leak.c'], check=True)
    monkeypatch.setenv('ASAN_OPTIONS', 'detect_leaks=1:verify_asan_link_order=0:abort_on_error=0')
    desk = Desk(tmp_path / 'desk')
    try:
        desk.data.mkdir()
        desk.launch(name, f'flicket-{name}', LD_PRELOAD=tmp_path / 'leak.so',
                    FLICKET_LISTEN=f'127.0.0.1:{desk.port}')
        log = desk.folder / f'{name}.log'
        desks_module.wait_until(lambda: 'listening on' in log.read_text(errors='replace'), 30, 'it is started')
        with pytest.raises(AssertionError, match='ended with status|LeakSanitizer'):
            desk.stop()
        assert 'LeakSanitizer: detected memory leaks' in log.read_text(errors='replace')
    finally:
        desk.kill_everything()
