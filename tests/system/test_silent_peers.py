"""Peers of the bus that take much and give nothing back: what they cost a service together, and who else notices."""
import contextlib
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import msgpack
import pytest
import zmq

import alone
from alone import ID, OK, PAGE, PER_PAGE, PING
from desk import BIN, REPO, free_port, is_sanitized, wait_until
from peers import rss_mb

POST_GET, POST_LIST, POST_CREATE = 50, 51, 56
TICKET_ID, CONTENT = 23, 31
TOGETHER_MB = 256           # TOGETHER_MOST of services/runtime/socket/sender.c
BESIDES_MB = 1000 if is_sanitized() else 150


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def post(tmp_path_factory, port):
    yield from alone.opened('post', tmp_path_factory, FLICKET_METRICS_LISTEN=f'127.0.0.1:{port}')


def answered(port):
    """How many operations the service has answered; its exporter knows."""
    with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith('flicket_operations_total'))


def silent_peer(endpoint):
    """It takes as good as nothing of what it is sent."""
    sock = zmq.Context.instance().socket(zmq.DEALER)
    sock.linger, sock.rcvhwm, sock.rcvbuf = 0, 1, 4096
    sock.connect(endpoint)
    return sock


def requests(op, arguments, count):
    return b''.join(msgpack.packb([1, (1 << 62) + i, op, 0, 1, 3, 'silent', arguments]) for i in range(count))


@pytest.mark.parametrize('peers, op, at_once, times', [(12, POST_LIST, 5, 340), (40, POST_GET, 1, 9000)],
                         ids=['large answers', 'small answers'])
def test_peers_that_never_read_have_a_bound_together(post, port, peers, op, at_once, times):
    for _ in range(20):
        error, _, _, _, extras = post.ask(POST_CREATE, {TICKET_ID: 7, CONTENT: 'x' * 3400})
        assert error == OK
    given = {ID: extras[ID]} if op == POST_GET else {TICKET_ID: 7, PAGE: 1, PER_PAGE: 20}
    before = rss_mb(post.process)
    silent = [silent_peer(post.endpoint) for _ in range(peers)]
    asked = requests(op, given, at_once)
    for i in range(times):
        for sock in silent:
            sock.send(asked)
        if i % 20 == 0:
            assert post.ask(op, given)[0] == OK, 'who reads is answered'
    while answered(port) < peers * at_once * times:
        assert post.ask(op, given)[0] == OK, 'who reads is answered'
    assert rss_mb(post.process) - before < TOGETHER_MB + BESIDES_MB
    for sock in silent:
        sock.close()
    assert post.ask(op, given)[0] == OK


# --- connections ------------------------------------------------------------------------------------------------

ENDED = 'flicket_bus_connections_ended_total'
LIMIT, CONNECTIONS = 400, 600       # descriptors that the service may have; what is opened to it
BOUND = LIMIT // 4                  # proto/peer/accepted.c
ELSEWHERE = '127.0.0.2'
GREETING = b'\xff' + b'\0' * 8 + b'\x7f\x03\0NULL' + b'\0' * 48
READY = b'\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0'


@pytest.fixture(params=['tcp', 'ipc'])
def narrow(request, tmp_path, port):
    """A service that may open few files."""
    program = tmp_path / 'narrow'
    program.write_text(f'#!/bin/sh\nulimit -n {LIMIT}\nexec "{BIN}/flicket-lookup"\n')
    program.chmod(0o700)
    service = alone.Alone(tmp_path, 'lookup', program, FLICKET_METRICS_LISTEN=f'127.0.0.1:{port}',
                          **({'FLICKET_BIND': 'ipc://run/bus.sock'} if request.param == 'ipc' else {}))
    try:
        yield service
        service.close()
    finally:
        service.desk.kill_everything()


def descriptors(process):
    return len(list((Path('/proc') / str(process.popen.pid) / 'fd').iterdir()))


def counted(port, name):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith(name))


def connected(endpoint):
    """A connection that is somebody else's than those that the tests ask over."""
    if endpoint.startswith('ipc://'):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(endpoint.removeprefix('ipc://'))
    else:
        sock = socket.socket()
        sock.bind((ELSEWHERE, 0))
        sock.connect(('127.0.0.1', int(endpoint.rpartition(':')[2])))
    return sock


def newcomer_is_answered(endpoint):
    """A process of its own, which connects only then."""
    said = subprocess.run([sys.executable, REPO / 'docs' / 'examples' / 'wire_client.py', endpoint, str(PING)],
                          capture_output=True, text=True, timeout=60)
    return said.stdout.startswith('0 ')


@pytest.mark.parametrize('said', [b'', GREETING, GREETING + READY], ids=['nothing', 'greeting', 'handshake'])
def test_connections_of_peers_have_a_bound(narrow, port, said):
    before = descriptors(narrow.process)
    with contextlib.ExitStack() as stack:
        for i in range(CONNECTIONS):
            sock = stack.enter_context(connected(narrow.endpoint))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(said)
            if i % 50 == 49:
                assert narrow.ask(PING)[0] == OK, 'who is connected goes on'
                wait_until(lambda least=i - BOUND: counted(port, ENDED) > least, 30, 'connections are ended')
        wait_until(lambda: descriptors(narrow.process) <= before + BOUND, 30, 'their descriptors are closed')
        assert descriptors(narrow.process) > BOUND // 2, 'no more than that are ended'
        assert narrow.ask(PING)[0] == OK and newcomer_is_answered(narrow.endpoint)
    assert narrow.ask(PING)[0] == OK
    wait_until(lambda: descriptors(narrow.process) <= before + 4, 30, 'those that went are forgotten')
    for _ in range(BOUND // 2):
        connected(narrow.endpoint).close()
    assert counted(port, ENDED) <= CONNECTIONS + 4, 'and not counted'


# --- messages ---------------------------------------------------------------------------------------------------

REQUESTS_MOST = 8 << 20     # proto/frame.h
LARGE, PART = 60 << 20, 10 << 20


def padded(size):
    """A PING of that many bytes."""
    def filled(count):
        return msgpack.packb([1, 1 << 62, PING, 0, 1, 3, 'padded', {5000: 'x' * count}])
    return filled(size - len(filled(1 << 20)) + (1 << 20))


def begun(stack, endpoint, size):
    """A connection on which a message of that size begins."""
    sock = stack.enter_context(connected(endpoint))
    sock.settimeout(30)
    sock.sendall(GREETING + READY + b'\x02' + size.to_bytes(8, 'big'))
    return sock


def test_a_message_of_requests_has_a_bound(post):
    with contextlib.ExitStack() as stack:
        largest = stack.enter_context(zmq.Context.instance().socket(zmq.DEALER))
        largest.linger, largest.rcvtimeo = 0, 30000
        largest.connect(post.endpoint)
        message = padded(REQUESTS_MOST)
        assert len(message) == REQUESTS_MOST
        largest.send(message)
        assert msgpack.unpackb(largest.recv(), strict_map_key=False)[2] == OK
        assert post.ask(PING)[0] == OK
        sock = begun(stack, post.endpoint, REQUESTS_MOST + 1)
        with contextlib.suppress(ConnectionResetError):
            while sock.recv(4096):
                pass            # until it ends


def test_large_messages_that_come_by_halves_are_not_kept(post):
    before = rss_mb(post.process)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                begun(stack, post.endpoint, LARGE).sendall(b'\xc1' * PART)
            assert post.ask(PING)[0] == OK, 'who is connected goes on'
        assert rss_mb(post.process) - before < BESIDES_MB
