"""TLS at the gateway: certificate and key, protocols, HTTP/2, both read anew on SIGHUP."""
import contextlib
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from desk import ADMIN_PASSWORD, BIN, SLACK, START_SECONDS, Desk, environment, free_port, run_program, wait_until
from wire import basic

SEEN_WITHIN = 2.0 + SLACK


def make_certificate(folder, name, *options, days=30, host='localhost'):
    """A certificate for a host that signs itself, and its key: (cert, key)."""
    folder.mkdir(exist_ok=True)
    cert, key = folder / f'{name}.pem', folder / f'{name}.key'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                    '-keyout', key, '-out', cert, '-days', str(days), '-subj', f'/CN={name}',
                    '-addext', f'subjectAltName=DNS:{host}', *options], check=True, capture_output=True)
    key.chmod(0o600)
    return cert, key


def settings_of(cert, key):
    return {'FLICKET_TLS_CERT': cert, 'FLICKET_TLS_KEY': key}


def context(cert, **versions):
    c = ssl.create_default_context(cafile=cert)
    for name, value in versions.items():
        setattr(c, name, value)
    return c


class Secure:
    """A TLS connection to a gateway."""

    def __init__(self, port, ctx, session=None, timeout=10):
        raw = socket.create_connection(('127.0.0.1', port), timeout)
        try:
            self.sock = ctx.wrap_socket(raw, server_hostname='localhost', session=session)
        except BaseException:
            raw.close()
            raise

    def get(self, path='/readyz', extra=''):
        """The status and body of an answer, by HTTP/1.1 with the connection kept."""
        self.sock.sendall(f'GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n'.encode())
        data = b''
        while b'\r\n\r\n' not in data:
            more = self.sock.recv(65536)
            assert more, f'closed after {data!r}'
            data += more
        head, body = data.split(b'\r\n\r\n', 1)
        length = int(head.lower().split(b'content-length:')[1].split(b'\r\n')[0])
        while len(body) < length:
            body += self.sock.recv(65536)
        return int(head.split()[1]), body

    def name(self):
        return dict(x[0] for x in self.sock.getpeercert()['subject'])['commonName']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class SecureDesk(Desk):
    """A desk whose gateway speaks TLS with the files tls/served.pem and .key."""

    def __init__(self, folder, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        self.first = make_certificate(folder / 'tls', 'first')
        self.served = folder / 'tls' / 'served.pem', folder / 'tls' / 'served.key'
        self.serve(*self.first)
        super().__init__(folder, 'new', **settings_of(*self.served), **settings)

    def serve(self, cert, key):
        shutil.copy(cert, self.served[0])
        shutil.copy(key, self.served[1])

    def _is_alive(self, port):
        with contextlib.suppress(OSError), Secure(port, context(self.first[0]), timeout=2) as c:
            return c.get('/healthz')[0] == 200
        return False

    def readiness(self, port=None):
        with contextlib.suppress(OSError), Secure(port or self.port, context(self.first[0])) as c:
            return c.get('/readyz')[0]
        return 0

    def log(self):
        return (self.folder / 'gateway.log').read_text()

    def hang_up(self):
        self.processes['gateway'].popen.send_signal(signal.SIGHUP)


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    desk = SecureDesk(tmp_path_factory.mktemp('tls'), FLICKET_IDLE_TIMEOUT_MS=2000)
    try:
        yield desk.start()
        desk.stop()
    finally:
        desk.kill_everything()


@pytest.fixture
def secure(tmp_path):
    desk = SecureDesk(tmp_path / 'desk')
    try:
        yield desk.start()
        desk.stop()
    finally:
        desk.kill_everything()


# -- what is spoken

@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_are_spoken(shared, version):
    ctx = context(shared.first[0], minimum_version=version, maximum_version=version)
    with Secure(shared.port, ctx) as c:
        assert c.sock.version() == version.name.replace('_', '.')
        cipher, _, bits = c.sock.cipher()
        assert bits >= 128 and any(x in cipher for x in ('GCM', 'CHACHA20')), cipher
        for _ in range(3):
            assert c.get()[0] == 200
        session = c.sock.session
    assert session
    with Secure(shared.port, ctx, session) as c:
        assert c.sock.session_reused and c.get()[0] == 200


def openssl_connects(port, *options):
    done = subprocess.run(['openssl', 's_client', '-connect', f'127.0.0.1:{port}', *options], input='',
                          capture_output=True, text=True, timeout=20)
    return 'Cipher is (NONE)' not in done.stdout and done.returncode == 0


def test_what_is_old_or_weak_is_not_spoken(shared):
    assert openssl_connects(shared.port, '-tls1_2')
    for options in (('-tls1', '-cipher', 'ALL:@SECLEVEL=0'), ('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'),
                    ('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'), ('-tls1_2', '-cipher', 'AES128-GCM-SHA256')):
        assert not openssl_connects(shared.port, *options), options


@pytest.mark.parametrize('offered, chosen', [(['h2', 'http/1.1'], 'h2'), (['http/1.1'], 'http/1.1'), (['h2'], 'h2'),
                                             ([], None)])
def test_the_protocol_is_agreed_on(shared, offered, chosen):
    ctx = context(shared.first[0])
    if offered:
        ctx.set_alpn_protocols(offered)
    with Secure(shared.port, ctx) as c:
        assert c.sock.selected_alpn_protocol() == chosen
        if chosen != 'h2':
            assert c.get()[0] == 200


@pytest.mark.parametrize('option, version', [('--http2', '2'), ('--http1.1', '1.1')])
def test_the_api_is_served_by_either(shared, option, version):
    url = f'https://localhost:{shared.port}/flicket-api/'
    curl = ['curl', '-sS', option, '--cacert', shared.first[0], '--resolve', f'localhost:{shared.port}:127.0.0.1',
            '-w', '\n%{http_version} %{http_code}']
    token = subprocess.run([*curl, '-X', 'POST', '-H', 'Authorization: ' + basic('admin', ADMIN_PASSWORD), url + 'tokens'],
                           capture_output=True, text=True, timeout=30).stdout
    assert token.endswith(f'\n{version} 200'), token
    done = subprocess.run([*curl, '-H', f'Authorization: Bearer {token.split(chr(34))[3]}', url + 'users/'],
                          capture_output=True, text=True, timeout=30)
    assert done.stdout.endswith(f'\n{version} 200'), done.stdout + done.stderr
    # Links begin with what clients reach the gateway under.
    assert f'"self":"https://localhost:{shared.port}/flicket-api/users/?page=1&per_page=50"' in done.stdout, done.stdout


def test_many_requests_at_a_time_over_http_2(shared):
    done = subprocess.run(['h2load', '-n', '2000', '-c', '4', '-m', '20', f'https://127.0.0.1:{shared.port}/healthz'],
                          capture_output=True, text=True, timeout=60)
    assert '2000 succeeded, 0 failed' in done.stdout and 'Application protocol: h2' in done.stdout, done.stdout


# -- what is no TLS

@pytest.mark.parametrize('data', [b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', b'\0' * 500, b'\x16\x03\x01\xff\xff' * 100,
                                  b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'])
def test_what_is_no_tls_is_not_answered(shared, data):
    with socket.create_connection(('127.0.0.1', shared.port), 10) as s:
        s.sendall(data)
        got = b''
        with contextlib.suppress(ConnectionResetError):
            while more := s.recv(65536):
                got += more
    # an alert at most, and nothing that a client of HTTP would take for an answer
    assert len(got) <= 16 and b'HTTP' not in got, got
    assert shared.readiness() == 200


def test_who_does_not_agree_in_time_is_let_go(shared):
    with socket.create_connection(('127.0.0.1', shared.port), 15) as s:
        start = time.monotonic()
        s.sendall(b'\x16\x03\x01')          # the beginning of a handshake
        assert s.recv(100) == b''
        assert 1.5 < time.monotonic() - start < 6 + SLACK


@pytest.mark.parametrize('protocol, start', [
    ('http/1.1', b''), ('http/1.1', b'GET /readyz HTTP/1.1\r\n'),
    ('http/1.1', b'POST /flicket-api/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n{'),
    ('h2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes(3) + b'\4\0' + bytes(4)),
], ids=['nothing', 'half a head', 'half a body', 'HTTP 2'])
def test_who_agrees_and_then_keeps_silent_is_let_go(shared, protocol, start):
    ctx = context(shared.first[0])
    ctx.set_alpn_protocols([protocol])
    with Secure(shared.port, ctx, timeout=15) as s:
        began = time.monotonic()
        s.sock.sendall(start)
        while s.sock.recv(4096):
            pass
        assert time.monotonic() - began < 6 + SLACK


# -- certificate and key

def refused(tmp_path, cert, key):
    done = run_program('flicket-gateway', timeout=20, FLICKET_DATA=tmp_path / 'data',
                       FLICKET_LISTEN=f'127.0.0.1:{free_port()}', **settings_of(cert, key))
    assert done.returncode == 2 and not (tmp_path / 'data').exists(), done.stderr
    return done.stderr


def test_files_that_do_not_fit_are_refused(tmp_path):
    one, two = (make_certificate(tmp_path / 'tls', n) for n in ('one', 'two'))
    empty, locked = tmp_path / 'empty', tmp_path / 'locked.key'
    empty.write_text('')
    subprocess.run(['openssl', 'ec', '-in', one[1], '-aes128', '-passout', 'pass:secret', '-out', locked], check=True,
                   capture_output=True)
    said = refused(tmp_path, one[0], two[1])
    assert 'FLICKET_TLS_KEY' in said and str(two[1]) in said and 'of the certificate' in said, said
    said = refused(tmp_path, one[0], locked)
    assert 'without a passphrase' in said, said
    assert 'FLICKET_TLS_CERT' in refused(tmp_path, tmp_path / 'none.pem', one[1])
    assert 'No such file' in refused(tmp_path, one[0], tmp_path / 'none.key')
    assert 'not a certificate' in refused(tmp_path, empty, one[1])
    assert 'not a certificate' in refused(tmp_path, one[1], one[1])
    assert 'FLICKET_TLS_KEY' in refused(tmp_path, one[0], one[0])


@pytest.mark.parametrize('given, missing', [('FLICKET_TLS_CERT', 'FLICKET_TLS_KEY'), ('FLICKET_TLS_KEY', 'FLICKET_TLS_CERT')])
def test_one_without_the_other_is_refused(tmp_path, given, missing):
    done = run_program('flicket-gateway', timeout=20, FLICKET_DATA=tmp_path / 'data', **{given: '/tmp/x'})
    assert done.returncode == 2 and done.stderr == f'{given} is set without {missing}: TLS needs both\n'


def test_a_chain_is_sent_whole(tmp_path):
    """A certificate that an intermediate one signed is trusted by who knows the root alone."""
    def ran(*words):
        subprocess.run(['openssl', *map(str, words)], check=True, capture_output=True, cwd=tmp_path)
    root, root_key = make_certificate(tmp_path, 'root')
    for name, by, is_ca in (('middle', 'root', 'TRUE'), ('leaf', 'middle', 'FALSE')):
        ran('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', f'{name}.key', '-out', f'{name}.csr', '-subj', f'/CN={name}')
        (tmp_path / 'ext').write_text(f'basicConstraints=CA:{is_ca}\nsubjectAltName=DNS:localhost\n')
        ran('x509', '-req', '-in', f'{name}.csr', '-CA', f'{by}.pem', '-CAkey', f'{by}.key', '-CAcreateserial',
            '-out', f'{name}.pem', '-days', 9, '-extfile', 'ext')
    chain = tmp_path / 'chain.pem'
    chain.write_text((tmp_path / 'leaf.pem').read_text() + (tmp_path / 'middle.pem').read_text())
    desk = SecureDesk(tmp_path / 'desk')
    desk.serve(chain, tmp_path / 'leaf.key')
    try:
        desk.launch('gateway', 'flicket-gateway', FLICKET_LISTEN=f'127.0.0.1:{desk.port}')

        def name():
            with contextlib.suppress(ConnectionRefusedError), Secure(desk.port, context(root)) as c:
                return c.name()
            return None
        assert wait_until(name, START_SECONDS, 'the gateway listens') == 'leaf'
        desk.stop()
    finally:
        desk.kill_everything()


def test_a_new_certificate_is_taken_on_sighup(secure, tmp_path):
    second = make_certificate(tmp_path, 'second')
    with Secure(secure.port, context(secure.first[0])) as old:
        assert old.name() == 'first' and old.get()[0] == 200
        secure.serve(*second)
        secure.hang_up()

        def is_second():
            with contextlib.suppress(ssl.SSLCertVerificationError), Secure(secure.port, context(second[0])) as c:
                return c.get('/healthz')[0] == 200 and c.name() == 'second'
            return False
        wait_until(is_second, SEEN_WITHIN, 'new connections get the new certificate')
        # the one that was there before goes on
        assert old.get()[0] == 200
    assert 'the certificate was read anew' in secure.log()


def test_a_broken_certificate_is_not_taken(secure, tmp_path):
    other = make_certificate(tmp_path, 'other')
    for spoil in (lambda: secure.served[0].write_text('-----BEGIN CERTIFICATE-----\nAAAA\n'),
                  lambda: secure.served[0].unlink(), lambda: shutil.copy(other[0], secure.served[0])):
        before = secure.log().count('going on with the certificate from before')
        spoil()
        secure.hang_up()
        wait_until(lambda n=before: secure.log().count('going on with the certificate from before') > n, SEEN_WITHIN,
                   'it says so')
        with Secure(secure.port, context(secure.first[0])) as c:
            assert c.name() == 'first' and c.get()[0] == 200
    assert 'FLICKET_TLS_CERT' in secure.log() and 'FLICKET_TLS_KEY' in secure.log()
    key = ''.join(secure.first[1].read_text().splitlines()[1:-1])
    assert key[:20] not in secure.log()


def test_no_request_fails_while_certificates_come_and_go(secure, tmp_path):
    second = make_certificate(tmp_path, 'second')
    ctx = ssl.create_default_context(cafile=secure.first[0])
    ctx.load_verify_locations(second[0])
    ended, seen, wrong = threading.Event(), set(), []

    def knock():
        while not ended.is_set():
            try:
                with Secure(secure.port, ctx) as c:
                    seen.add(c.name())
                    if c.get()[0] != 200:
                        wrong.append('no 200')
            except Exception as e:      # noqa: BLE001 - whatever it is, the test is to show it
                wrong.append(e)
    threads = [threading.Thread(target=knock) for _ in range(2)]
    for t in threads:
        t.start()
    for i in range(10):
        name, pair = (('second', second), ('first', secure.first))[i % 2]
        secure.serve(*pair)
        secure.hang_up()
        seen.clear()
        wait_until(lambda n=name: n in seen, SEEN_WITHIN, f'the {name} certificate is seen')
    ended.set()
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]


# -- the supervisor

def test_serve_speaks_tls_and_passes_sighup_on(tmp_path):
    first, second = (make_certificate(tmp_path / 'tls', n) for n in ('first', 'second'))
    cert, key = tmp_path / 'c.pem', tmp_path / 'c.key'
    shutil.copy(first[0], cert), shutil.copy(first[1], key)
    run_program('flicketctl', 'keys', 'make', str(tmp_path / 'keys'))
    port, out, log = free_port(), tmp_path / 'out', tmp_path / 'log'
    with open(out, 'wb') as o, open(log, 'wb') as e:
        # Paths are relative to where it is started.
        serve = subprocess.Popen([BIN / 'flicketctl', 'serve'], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=o, stderr=e,
                                 env=environment(FLICKET_DATA='data', FLICKET_LISTEN=f'127.0.0.1:{port}', FLICKET_BCRYPT_COST=4,
                                                 FLICKET_TLS_CERT='c.pem', FLICKET_TLS_KEY='c.key', FLICKET_KEYS='keys'))
    try:
        wait_until(lambda: 'is ready' in out.read_text(), START_SECONDS, 'it is ready')
        assert f'is ready: https://localhost:{port}/\n' in out.read_text()
        shutil.copy(second[0], cert), shutil.copy(second[1], key)
        serve.send_signal(signal.SIGHUP)

        def name():
            with contextlib.suppress(ssl.SSLCertVerificationError), Secure(port, context(second[0])) as c:
                return c.get('/readyz')[0] == 200 and c.name()
            return None
        assert wait_until(name, SEEN_WITHIN, 'the new certificate') == 'second'
        assert 'starting it again' not in log.read_text(), log.read_text()
    finally:
        serve.terminate()
        assert serve.wait(20) == 0, log.read_text()
