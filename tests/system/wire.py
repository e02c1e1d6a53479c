"""A small HTTP/1.1 client that keeps every byte in the test's hands.

`Connection` sends exactly what it is given and reads one answer at a time; `Client` is the comfortable
one: keep-alive, tokens, JSON.
"""
import base64
import json as jsonlib
import select
import socket
import subprocess
import time

import openapi

PATIENCE = 60.0     # seconds a test waits for bytes before it calls an answer missing


class NoAnswer(Exception):
    """The peer closed, reset, or kept silent before the answer was complete."""


# Every answer of the API depends on who asks.
USERS = {'Cookie', 'Authorization'}


class Answer:
    """One answer: status, reason, headers in order, body bytes."""

    def __init__(self, version, status, reason, headers, body, seconds):
        self.version, self.status, self.reason = version, status, reason
        self.headers, self.body, self.seconds = headers, body, seconds

    def header(self, name):
        """The value of a header, None without it; one that is sent twice is a fault."""
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        assert len(values) <= 1, f'{name} sent {len(values)} times: {values}'
        return values[0] if values else None

    def varies(self):
        """The fields of the request that it says it depends on."""
        return set(filter(None, (self.header('Vary') or '').split(', ')))

    def json(self):
        kind = self.header('Content-Type') or ''
        assert kind.lower().startswith('application/json'), f'not JSON but {kind!r}: {self}'
        return jsonlib.loads(self.body.decode('utf-8'))

    def __repr__(self):
        return f'<{self.status} {self.reason} {self.headers} {self.body[:300]!r}>'


def is_readable(sock, seconds):
    """Whether there is something to read, or comes in time. Not select(): it knows just 1,024 descriptors."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


class Connection:
    """One TCP connection to a gateway; `source` is the address it comes from (127.x.y.z)."""

    def __init__(self, port, source=None, timeout=PATIENCE):
        self.port = port
        self.sock = socket.socket()
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            self.sock.bind((source, 0))
        self.sock.connect(('127.0.0.1', port))
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        """Send bytes as they are. A peer that stopped listening may have answered already, so that a
        broken pipe is no error here: read_answer() tells."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def more(self):
        """Read what has come into the buffer; False at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            return False
        except TimeoutError as e:
            raise NoAnswer(f'nothing came in time; so far {self.buffer[:300]!r}') from e
        self.buffer += data
        return bool(data)

    def _until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise NoAnswer(f'closed in the middle of a head: {self.buffer[:300]!r}')
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def _exactly(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise NoAnswer(f'closed after {len(self.buffer)} of {n} body bytes')
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def _chunks(self):
        body = b''
        while True:
            size = int(self._until(b'\r\n').split(b';')[0], 16)
            if size == 0:
                while self._until(b'\r\n'):     # trailers
                    pass
                return body
            body += self._exactly(size)
            assert self._exactly(2) == b'\r\n', 'a chunk without its end of line'

    def _to_the_end(self):
        while self.more():
            pass
        data, self.buffer = self.buffer, b''
        return data

    def read_answer(self, method='GET'):
        """The next answer on this connection. `method`: what it answers, for HEAD has no body."""
        start = time.monotonic()
        lines = self._until(b'\r\n\r\n').decode('latin-1').split('\r\n')
        version, status, reason = (lines[0].split(' ', 2) + [''])[:3]
        status = int(status)
        headers = [tuple(part.strip() for part in line.split(':', 1)) for line in lines[1:]]
        names = {k.lower(): v for k, v in headers}
        if method == 'HEAD' or status in (204, 304) or 100 <= status < 200:
            body = b''
        elif names.get('transfer-encoding', '').lower() == 'chunked':
            body = self._chunks()
        elif 'content-length' in names:
            body = self._exactly(int(names['content-length']))
        else:
            body = self._to_the_end()
        return Answer(version, status, reason, headers, body, time.monotonic() - start)

    def exchange(self, data, method='GET'):
        self.send(data)
        return self.read_answer(method)

    def is_closed(self, within=PATIENCE):
        """Whether the peer closes the connection; waits for it, reading away what still comes."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            if not is_readable(self.sock, left):
                break
            if not self.more():
                return True
        return False

    def is_usable(self, path='/healthz'):
        """Whether a further request on this same connection is answered."""
        try:
            return self.exchange(head('GET', path)).status == 200
        except (NoAnswer, OSError):
            return False


def head(method, path, headers=(), version='HTTP/1.1'):
    """The bytes of a request's head."""
    lines = [f'{method} {path} {version}', 'Host: localhost']
    lines += [f'{k}: {v}' for k, v in (headers.items() if isinstance(headers, dict) else headers)]
    return '\r\n'.join(lines).encode('utf-8') + b'\r\n\r\n'


def basic(username, password):
    """The value of an Authorization header for a login."""
    return 'Basic ' + base64.b64encode(f'{username}:{password}'.encode()).decode()


class Client:
    """A keep-alive client with a token, for one thread."""

    is_described = True     # answers are checked against the description of the API

    def __init__(self, port, token=None, source=None, timeout=PATIENCE):
        self.port, self.token, self.source, self.timeout = port, token, source, timeout
        self.conn = None

    def close(self):
        if self.conn:
            self.conn.close()
            self.conn = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _connection(self):
        if self.conn and is_readable(self.conn.sock, 0):
            self.close()        # the server ended an idle connection
        if not self.conn:
            self.conn = Connection(self.port, self.source, self.timeout)
        return self.conn

    def request(self, method, path, *, headers=None, json=None, body=None, token=None, type=None):
        """Send one request and return its answer. `path` is relative to /flicket-api/ unless it begins
        with a slash; `token` overrides the client's (False: none); `json` is sent as such."""
        if not path.startswith('/'):
            path = '/flicket-api/' + path
        fields = dict(headers or {})
        token = self.token if token is None else token
        if token:
            fields.setdefault('Authorization', f'Bearer {token}')
        if json is not None:
            body = jsonlib.dumps(json).encode()
            type = type or fields.get('Content-Type') or 'application/json'
        if type:
            fields['Content-Type'] = type
        if body is not None:
            fields['Content-Length'] = str(len(body))
        elif method in ('POST', 'PUT', 'PATCH'):
            fields['Content-Length'] = '0'
        conn = self._connection()
        start = time.monotonic()
        try:
            answer = conn.exchange(head(method, path, fields) + (body or b''), method)
        except (NoAnswer, OSError):
            self.close()
            raise
        answer.seconds = time.monotonic() - start
        if self.is_described:
            openapi.check(method, path, answer)
        if (answer.header('Connection') or '').lower() == 'close' or answer.version == 'HTTP/1.0':
            self.close()
        return answer

    def get(self, path, **more):
        return self.request('GET', path, **more)

    def post(self, path, json=None, **more):
        return self.request('POST', path, json=json, **more)

    def log_in(self, username, password):
        """The answer to a login; its token is in .json()['token']."""
        return self.request('POST', 'tokens', token=False,
                            headers={'Authorization': basic(username, password)})


REASONS = {400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
           405: 'Method Not Allowed', 429: 'Too Many Requests', 503: 'Service Unavailable'}


def upload_over_http2(port, token, path, rate):
    """Start to upload a file of 2 MB at so many bytes a second (curl's words); its output ends with "2 201"."""
    path.write_bytes(b'x' * (2 << 20))
    return subprocess.Popen(
        ['curl', '-s', '--http2-prior-knowledge', '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
         '--limit-rate', rate, '-H', f'Authorization: Bearer {token}', '-F', 'ticket_id=1', '-F', f'file=@{path}',
         f'http://127.0.0.1:{port}/flicket-api/uploads'], stdout=subprocess.PIPE, text=True)


def insist(ask, within=120.0):
    """Ask until it is served: so many at once, or a machine so slow, may have to come again, as a 503 says."""
    deadline = time.monotonic() + within
    while (answer := ask()).status == 503 and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


ERROR_MEMBERS = {'code', 'error', 'errors', 'field', 'message'}
MORE_MEMBERS = {'newer_replies': {'count', 'post_ids'}}         # by code


def expect(answer, status):
    """Assert a status and what goes with it everywhere; return the JSON, None where there is none."""
    assert answer.status == status, f'want {status}, got {answer}'
    if status == 204:
        assert answer.body == b''
        return None
    got = answer.json()
    if status >= 400:
        assert isinstance(got, dict) and set(got) <= ERROR_MEMBERS | MORE_MEMBERS.get(got.get('code'), set()), got
        assert isinstance(got.get('error'), str) and got['error'], got
        assert got['error'] == REASONS.get(status, got['error']), got
        if 'message' in got:
            assert isinstance(got['message'], str) and got['message'], got
        assert not {'code', 'field', 'errors'} & set(got) or got['code'] and got['message'], got
    if status == 400:
        assert 'message' in got, f'a 400 that does not say what was wrong: {got}'
    if status == 401:
        assert answer.header('WWW-Authenticate'), f'a 401 without WWW-Authenticate: {answer}'
    if status == 405:
        assert answer.header('Allow'), f'a 405 without Allow: {answer}'
    if status in (429, 503):
        after = answer.header('Retry-After') or ''
        assert after.isdigit() and int(after) >= 1, f'Retry-After is {after!r}: {answer}'
    return got
