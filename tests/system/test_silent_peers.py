"""Peers of the bus that ask and never read: what they cost a service together, and who else notices."""
import urllib.request

import msgpack
import pytest
import zmq

import alone
from alone import ID, OK, PAGE, PER_PAGE
from desk import free_port, is_sanitized
from peers import rss_mb

POST_GET, POST_LIST, POST_CREATE = 50, 51, 56
TICKET_ID, CONTENT = 23, 31
TOGETHER_MB = 256           # TOGETHER_MOST of services/common/sender.c
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
