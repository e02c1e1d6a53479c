"""More than the gateway can hold: many idle connections, no descriptors left, large bodies."""
import contextlib
import os
import resource

import pytest

import desk as desk_module
from desk import ADMIN, wait_until
from wire import Client, Connection, expect, head

IDLE = 500
LONG = {'FLICKET_IDLE_TIMEOUT_MS': 600000}      # nobody is ended for that within a test


@pytest.fixture
def crowd():
    """Hold idle connections: crowd(desk, 10)."""
    with contextlib.ExitStack() as stack:
        def hold(desk, count):
            return [stack.enter_context(Connection(desk.port)) for _ in range(count)]
        yield hold


@pytest.fixture
def few_descriptors(desks, monkeypatch):
    """A desk whose gateway has just 300 of them."""
    # what a hardened process has in its memory is for root to see
    seen = {} if os.geteuid() == 0 else {'FLICKET_HARDEN': 'off'}
    desk = desks('imported', start=False, **LONG, **seen).start('user', 'ticket', 'post', 'lookup')
    popen = desk_module.subprocess.Popen

    def with_limit(*args, **more):
        return popen(*args, **more, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))

    with monkeypatch.context() as m:
        m.setattr(desk_module.subprocess, 'Popen', with_limit)
        desk.start_gateway()
    desk.wait_ready()
    return desk


def log_of(desk):
    return (desk.folder / 'gateway.log').read_text()


def test_idle_connections_change_nothing_for_those_who_ask(desks, crowd):
    desk = desks('imported', **LONG)
    held = crowd(desk, IDLE)
    with Client(desk.port, ADMIN) as c:
        for i in range(500):
            expect(c.get(('departments/', 'users/', 'ticket/1')[i % 3]), 200)
    with Client(desk.port) as c:
        expect(c.get('/healthz'), 200)
    assert held[0].is_usable() and held[-1].is_usable()


def test_for_new_connections_the_longest_idle_are_ended(desks, crowd):
    desk = desks('imported', FLICKET_MAX_CONNECTIONS=100, **LONG)
    with Client(desk.port, ADMIN) as busy:
        expect(busy.get('user/1'), 200)
        held = crowd(desk, 3 * 100)
        first = busy.conn
        wait_until(lambda: _answers(desk, busy), 20, 'a new connection is served')
        assert busy.conn is first
        assert held[0].is_closed(5)


def _answers(desk, busy):
    """Whether a connection that is new gets an answer; one that is used all the time is kept meanwhile."""
    with Connection(desk.port, timeout=20) as conn:
        conn.send(head('GET', '/healthz'))
        for _ in range(200):
            expect(busy.get('user/1'), 200)
        return conn.read_answer().status == 200


def test_connections_leave_descriptors_for_the_bus(few_descriptors, crowd):
    """A service that comes back is found while clients hold all the connections there may be."""
    desk = few_descriptors
    assert 'at most 150 connections: there are 300 descriptors' in log_of(desk)
    with Client(desk.port, ADMIN) as c:
        expect(c.get('departments/'), 200)
        crowd(desk, 400)
        desk.kill('lookup')
        wait_until(lambda: c.get('departments/').status == 503, 10, 'it is missed')
        desk.start('lookup')
        wait_until(lambda: c.get('departments/').status == 200, 10, 'it is found again')
    assert 'no more descriptors' not in log_of(desk)


def test_large_bodies_are_no_files(few_descriptors):
    """h2o would write a body like this to a file of its own in /tmp, which may be small or not there."""
    desk = few_descriptors
    gateway = desk.processes['gateway'].popen.pid
    size = 20 * 1024 * 1024
    with Connection(desk.port) as conn:
        conn.send(head('POST', '/flicket-api/uploads/', {
            'Authorization': f'Bearer {ADMIN}', 'Content-Type': 'multipart/form-data; boundary=B',
            'Content-Length': size}))
        conn.send(b'x' * (size - 1))
        wait_until(lambda: resident_kb(gateway) > size // 1024, 20, 'it is taken in')
        with open(f'/proc/{gateway}/maps', encoding='utf-8') as f:
            assert '/tmp/h2o' not in f.read()
        expect(conn.exchange(b'x', 'POST'), 400)


def resident_kb(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))
