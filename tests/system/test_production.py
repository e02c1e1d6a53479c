"""docs/production.md: its examples are the files, which the programs that they are for accept, and requests go through
nginx and Caddy as they should."""
import os
import re
import shutil
import subprocess

import pytest

from desk import ADMIN_PASSWORD, REPO, START_SECONDS, free_port, wait_until
from test_tls import make_certificate
from wire import basic

EXAMPLES = REPO / 'docs' / 'examples'
PAGE = (REPO / 'docs' / 'production.md').read_text(encoding='utf-8')
SHOWN = dict(re.findall(r'<!-- file: (\S+) -->\n```\w*\n(.*?)```\n', PAGE, re.S))
NAME = 'desk.example.org'
UPLOAD_MOST = 26214400


def run(*command, **more):
    return subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          check=False, **more)


# --- the page


def test_the_page_shows_every_file_as_it_is():
    assert {f'examples/{name}' for name in ('elsewhere.conf', 'nginx.conf', 'Caddyfile', 'flicketd.socket',
                                            'certbot-hook')} == set(SHOWN)
    for name, text in SHOWN.items():
        assert text == (REPO / 'docs' / name).read_text(encoding='utf-8'), name


def test_the_shell_on_the_page_can_be_read(tmp_path):
    blocks = re.findall(r'```sh\n(.*?)```', PAGE, re.S)
    assert len(blocks) > 10
    for block in blocks:
        (tmp_path / 'block').write_text(block)
        done = run('sh', '-n', tmp_path / 'block')
        assert done.returncode == 0, block + done.stderr


def test_what_the_page_names_is_installed():
    installed = (REPO / 'tools' / 'package' / 'install.cmake').read_text()
    for unit in ('flicketd.service', 'flicketd-backup.service', 'flicketd-backup.timer'):
        assert unit in installed
    for name in re.findall(r'/usr/share/doc/flicketd/examples/(\S+)', PAGE):
        assert (EXAMPLES / name).exists(), name
    setting = (REPO / 'tools' / 'package' / 'flicketd.env').read_text()
    for name in set(re.findall(r'\b(?:FLICKET|BACKUP)_\w+', PAGE)):
        assert re.search(rf'^#?{name}=', setting, re.M), name


# --- a certificate for the gateway


def test_the_hook_gives_the_renewed_certificate_to_the_gateway(tmp_path):
    """With a group of ours in the place of flicketd, and systemctl only said."""
    live, tls, bin = tmp_path / 'live' / NAME, tmp_path / 'tls', tmp_path / 'bin'
    live.mkdir(parents=True)
    bin.mkdir()
    (bin / 'systemctl').write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/said"\n')
    (bin / 'systemctl').chmod(0o755)
    hook = tmp_path / 'hook'
    hook.write_text((EXAMPLES / 'certbot-hook').read_text().replace('/etc/flicketd/tls', str(tls))
                    .replace('-g flicketd', f'-g {os.getegid()}'))

    def renewed(lineage):
        return run('sh', hook, env={'PATH': f'{bin}:{os.environ["PATH"]}', 'RENEWED_LINEAGE': str(lineage)})

    for turn in ('first', 'second'):
        (live / 'privkey.pem').write_text(f'{turn} key')
        (live / 'fullchain.pem').write_text(f'{turn} cert')
        assert renewed(tmp_path / 'live' / 'other.example.org').returncode == 0
        assert not tls.exists() or (tls / 'key.pem').read_text() == 'first key', 'of another name nothing is taken'
        done = renewed(live)
        assert done.returncode == 0, done.stderr
        assert {p.name: p.read_text() for p in tls.iterdir()} == {'key.pem': f'{turn} key', 'cert.pem': f'{turn} cert'}
        assert oct((tls / 'key.pem').stat().st_mode & 0o777) == '0o640' and oct(tls.stat().st_mode & 0o777) == '0o750'
    assert (tmp_path / 'said').read_text().splitlines() == ['--quiet is-active flicketd', 'reload flicketd'] * 2
    (live / 'fullchain.pem').unlink()
    assert renewed(live).returncode != 0 and (tls / 'cert.pem').read_text() == 'second cert', 'half a pair is not taken'


def test_systemd_knows_every_line_of_the_examples(tmp_path):
    if shutil.which('systemd-analyze') is None:
        pytest.skip('systemd-analyze is not installed')
    shutil.copy(EXAMPLES / 'flicketd.socket', tmp_path)
    (tmp_path / 'flicketd.service').write_text('[Service]\nExecStart=/bin/true\n')
    (tmp_path / 'flicketd.service.d').mkdir()
    shutil.copy(EXAMPLES / 'elsewhere.conf', tmp_path / 'flicketd.service.d')
    for unit in ('flicketd.socket', 'flicketd.service'):
        done = run('systemd-analyze', 'verify', '--man=no', tmp_path / unit)
        assert not re.search(r'Unknown|nvalid|Failed to parse|ignoring', done.stderr), done.stderr


# --- proxies


def replaced(text, *pairs):
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, str(new))
    return text


class Proxy:
    """The example of a proxy, with ports, a certificate and folders of the test's own."""

    def __init__(self, kind, folder, upstream):
        folder.mkdir()
        self.folder, self.port, self.plain = folder, free_port(), free_port()
        self.cert, self.key = make_certificate(folder, 'desk', host=NAME)
        self.command, self.check = getattr(self, kind)(upstream)
        self.popen = None

    def nginx(self, upstream):
        text = replaced((EXAMPLES / 'nginx.conf').read_text(), ('127.0.0.1:5000', f'127.0.0.1:{upstream}'),
                        ('    listen [::]:443 ssl http2;\n', ''), ('    listen [::]:80;\n', ''),
                        ('listen 443 ', f'listen 127.0.0.1:{self.port} '), ('listen 80;', f'listen 127.0.0.1:{self.plain};'),
                        ('/var/www/html', self.folder),
                        (f'/etc/letsencrypt/live/{NAME}/fullchain.pem', self.cert),
                        (f'/etc/letsencrypt/live/{NAME}/privkey.pem', self.key))
        (self.folder / 'desk.conf').write_text(text)
        temps = ''.join(f'{name}_temp_path {self.folder}/{name};\n' for name in ('client_body', 'proxy', 'fastcgi', 'uwsgi',
                                                                                'scgi'))
        main = self.folder / 'nginx.conf'
        user = 'user root;\n' if os.geteuid() == 0 else ''
        main.write_text(f'{user}daemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/log;\nevents {{}}\nhttp {{\n'
                        f'access_log off;\n{temps}include {self.folder}/desk.conf;\n}}\n')
        command = ['nginx', '-c', main, '-p', self.folder, '-e', self.folder / 'log']
        return command, [*command, '-t']

    def caddy(self, upstream):
        text = replaced((EXAMPLES / 'Caddyfile').read_text(), ('127.0.0.1:5000', f'127.0.0.1:{upstream}'),
                        (f'\n{NAME} {{\n', f'\nhttps://{NAME}:{self.port} {{\n\ttls {self.cert} {self.key}\n'))
        path = self.folder / 'Caddyfile'
        path.write_text(f'{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {self.folder}\n}}\n{text}')
        return (['caddy', 'run', '--config', path, '--adapter', 'caddyfile'],
                ['caddy', 'validate', '--config', path, '--adapter', 'caddyfile'])

    def start(self):
        env = {'PATH': os.environ['PATH'], 'HOME': str(self.folder)}
        done = run(*self.check, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        with open(self.folder / 'out', 'wb') as log:
            self.popen = subprocess.Popen([str(c) for c in self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=env)
        wait_until(lambda: self.curl('/readyz')[0] == 200 or self.popen.poll() is not None, START_SECONDS, 'it answers')
        assert self.popen.poll() is None, (self.folder / 'out').read_text()

    def stop(self):
        if self.popen is not None:
            self.popen.terminate()
            self.popen.wait(20)

    def curl(self, path, *options, source='127.0.0.1'):
        """Status and body of a request from an address; `%{http_version}` and so on with -w."""
        done = run('curl', '-sS', '--path-as-is', '--interface', source, '--cacert', self.cert, '--resolve',
                   f'{NAME}:{self.port}:127.0.0.1', '-o', self.folder / 'body', '-w', '%{http_code} ', *options,
                   f'https://{NAME}:{self.port}{path}')
        body = self.folder / 'body'
        text = body.read_bytes() if body.exists() else b''
        body.unlink(missing_ok=True)
        status, _, told = done.stdout.partition(' ')
        return int(status or 0), told or text

    def log_in(self, password, source, *options):
        return self.curl('/flicket-api/tokens', '-X', 'POST', '-H', 'Authorization: ' + basic('admin', password), *options,
                         source=source)


@pytest.fixture(name='behind', params=['nginx', 'caddy'])
def behind_a_proxy(request, desks, tmp_path):
    if shutil.which(request.param) is None:
        pytest.skip(f'{request.param} is not installed')
    desk = desks('new', FLICKET_BASE_URL=f'https://{NAME}', FLICKET_TRUSTED_PROXIES='127.0.0.1', FLICKET_BCRYPT_COST=4,
                 FLICKET_LOGIN_FAILURES_PER_ADDRESS=5, FLICKET_LOGIN_FAILURES_PER_NAME=1000)
    proxy = Proxy(request.param, tmp_path / 'proxy', desk.port)
    try:
        proxy.start()
        yield proxy
    finally:
        proxy.stop()


def test_requests_go_through_the_proxy(behind, tmp_path):
    status, told = behind.curl('/readyz', '-w', '%{http_code} %{http_version}')
    assert (status, told) == (200, '2'), 'HTTP/2 is agreed on'
    assert behind.curl('/readyz', '--http1.1', '-w', '%{http_code} %{http_version}')[1] == '1.1'

    for path in ('/metrics', '/metrics?x=1', '/%6detrics', '//metrics', '/./metrics', '/x/../metrics', '/metrics/',
                 '/METRICS'):
        for options in ((), ('--http1.1',), ('-I',), ('-H', 'X-Original-URL: /metrics')):
            status, body = behind.curl(path, *options)
            assert status in (404, 405) and b'flicket_' not in (body if isinstance(body, bytes) else b''), (path, options)

    status, body = behind.log_in(ADMIN_PASSWORD, '127.0.0.9')
    assert status == 200
    token = ('-H', 'Authorization: Bearer ' + body.decode().split('"')[3])
    status, body = behind.curl('/flicket-api/users/', *token)
    assert status == 200 and f'"self":"https://{NAME}/flicket-api/users/'.encode() in body

    ticket = '{"title":"behind a proxy","content":"a text of some length","category_id":1,"ticket_priority_id":1}'
    assert behind.curl('/flicket-api/tickets', *token, '-H', 'Content-Type: application/json', '-d', ticket)[0] == 201
    status, body = behind.curl('/flicket-api/tickets.csv', *token)
    assert status == 200 and b'behind a proxy' in body
    for size, wanted in ((UPLOAD_MOST, 201), (UPLOAD_MOST + 1, 413), (UPLOAD_MOST + (4 << 20), 413)):
        file = tmp_path / 'large.txt'
        file.write_bytes((b'a line of text\n' * (size // 15 + 1))[:size])
        status, body = behind.curl('/flicket-api/uploads', *token, '-F', 'ticket_id=1', '-F', f'file=@{file}')
        assert status == wanted or (wanted == 413 and status == 0), (size, status, body[:300])


def test_failed_logins_count_for_the_client(behind):
    """One client's wrong passwords lock out nobody else, and an address in a header of the client's own changes nothing."""
    wrong = [behind.log_in('a wrong one', '127.0.0.5', '-H', f'X-Forwarded-For: 127.0.1.{n}')[0] for n in range(8)]
    assert wrong[0] == 401 and wrong[-1] == 429 and wrong == sorted(wrong), wrong
    assert behind.log_in(ADMIN_PASSWORD, '127.0.0.6')[0] == 200
    assert behind.log_in(ADMIN_PASSWORD, '127.0.0.5')[0] == 429


def test_plain_http_leads_to_https(desks, tmp_path):
    if shutil.which('nginx') is None:
        pytest.skip('nginx is not installed')
    proxy = Proxy('nginx', tmp_path / 'proxy', desks('new').port)
    challenge = tmp_path / 'proxy' / '.well-known' / 'acme-challenge'
    challenge.mkdir(parents=True)
    (challenge / 'token').write_text('proof')
    try:
        proxy.start()
        ask = ('curl', '-sS', '--resolve', f'{NAME}:{proxy.plain}:127.0.0.1', '-w', ' %{http_code} %{redirect_url}')
        assert run(*ask, f'http://{NAME}:{proxy.plain}/.well-known/acme-challenge/token').stdout == 'proof 200 '
        assert run(*ask, '-o', '/dev/null', f'http://{NAME}:{proxy.plain}/a?b=c').stdout == f' 308 https://{NAME}/a?b=c'
    finally:
        proxy.stop()
