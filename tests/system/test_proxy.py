"""The proxy that is delivered: what may change something is sent once, whatever becomes of the gateway that got it."""
import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import threading

import pytest

from desk import ADMIN, REPO, USER, free_port, wait_until
from wire import Client, Connection, NoAnswer, expect, head

SHIPPED = REPO / 'docker' / 'proxy' / 'haproxy.cfg'
SAFE = ('GET', 'HEAD', 'OPTIONS')
UNSAFE = ('POST', 'PUT', 'PATCH', 'DELETE')


def with_endpoints(port, gateways):
    """The file that is delivered, with its address and its gateways replaced and nothing else."""
    text = SHIPPED.read_text()
    for was, now in ((r'^( *bind) \*:8080$', rf'\1 127.0.0.1:{port}'),
                     (r'^ *server-template gateway 16 proxied:5000$',
                      '\n'.join(f'    server g{p} 127.0.0.1:{p}' for p in gateways))):
        text, count = re.subn(was, now, text, flags=re.M)
        assert count == 1, was
    return text


@pytest.fixture
def proxy(tmp_path):
    """A function: start HAProxy before gateways at these ports; the port of it."""
    program = shutil.which('haproxy', path=os.environ['PATH'] + ':/usr/sbin')
    assert program, 'script/bootstrap --test installs it'
    started = []

    def start(*gateways):
        port = free_port()
        file = tmp_path / f'haproxy{port}.cfg'
        file.write_text(with_endpoints(port, gateways))
        with open(tmp_path / 'haproxy.log', 'ab') as log:
            started.append(subprocess.Popen([program, '-db', '-f', file], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL))

        def is_up():
            assert started[-1].poll() is None, (tmp_path / 'haproxy.log').read_text()
            try:
                with Client(port, timeout=5) as c:
                    c.is_described = False
                    return c.get('/readyz').status == 200
            except (OSError, NoAnswer):
                return False
        wait_until(is_up, 60, 'the proxy knows a gateway')
        return port
    yield start
    for process in started:
        process.kill()
        process.wait()


class DyingGateway:
    """Ready at any time; a request is read to its end and then answered as `answer` says: with bytes, by closing
    (b''), or by a reset (None). Counts how often each method came."""

    def __init__(self, answer):
        self.answer, self.counts, self.lock = answer, {}, threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError), sock, sock.makefile('rb') as f:
            while line := f.readline():
                method, path = line.decode().split(' ')[:2]
                length = 0
                while (field := f.readline().strip()):
                    if field.lower().startswith(b'content-length:'):
                        length = int(field.split(b':')[1])
                f.read(length)
                if path == '/readyz':
                    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
                    continue
                with self.lock:
                    self.counts[method] = self.counts.get(method, 0) + 1
                if self.answer is None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                else:
                    sock.sendall(self.answer)
                if not self.answer or b'\r\n\r\n' not in self.answer:
                    return


WHOLE = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'


def ask(port, method):
    """The status of a request through the proxy; 0: it closed."""
    with Connection(port, timeout=60) as conn:
        try:
            body = b'{}' if method in UNSAFE else b''
            fields = {'Content-Type': 'application/json', 'Content-Length': str(len(body))} if body else {}
            return conn.exchange(head(method, '/flicket-api/tickets', fields) + body, method).status
        except NoAnswer:
            return 0


@pytest.mark.parametrize('answer', [b'', None, b'HTTP/1.1 200 OK\r\nContent-'], ids=['closes', 'resets', 'half a head'])
def test_a_gateway_that_dies_gets_a_change_once(proxy, answer):
    gateways = [DyingGateway(answer) for _ in range(3)]
    try:
        port = proxy(*(g.port for g in gateways))
        for method in UNSAFE + SAFE:
            assert ask(port, method) in (0, 500, 502, 504)
        arrived = {m: sum(g.counts.get(m, 0) for g in gateways) for m in UNSAFE + SAFE}
        assert all(arrived[m] == 1 for m in UNSAFE), arrived
        assert all(arrived[m] >= 1 for m in SAFE), arrived
    finally:
        for g in gateways:
            g.close()


def test_what_no_gateway_got_goes_to_another(proxy):
    """One that is not there any more refuses connections: nothing was begun, so that a change may go elsewhere."""
    alive, gone = DyingGateway(WHOLE), DyingGateway(WHOLE)
    try:
        port = proxy(alive.port, gone.port)
        wait_until(lambda: ask(port, 'GET') == 200 and gone.counts, 60, 'both are asked')
        gone.close()
        before = dict(alive.counts)
        for _ in range(8):
            assert ask(port, 'POST') == 200
        assert alive.counts['POST'] - before.get('POST', 0) + gone.counts.get('POST', 0) == 8
    finally:
        alive.close()
        gone.close()


def test_a_desk_behind_the_proxy(proxy, desks):
    desk = desks('imported')
    port = proxy(desk.port)
    with Client(port, ADMIN) as c:
        expect(c.get('ticket/1'), 200)
        expect(c.post('tickets', {'title': 'a title', 'content': 'some content', 'category_id': 1,
                                  'ticket_priority_id': 1}, token=USER), 201)
        assert c.get('/healthz').status == 200
    with Connection(port) as conn:
        for spelling in ('/metrics', '/metrics?x', '/metric%73', '//metrics', '/./metrics', '/%6Detrics'):
            assert conn.exchange(head('GET', spelling)).status == 404
        upgrade = {'Connection': 'Upgrade, HTTP2-Settings', 'Upgrade': 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__'}
        assert conn.exchange(head('GET', '/healthz', upgrade)).status == 200
