"""Secrets stay where they belong: not in logs, not in what `ps` shows, not in answers, not in cores; and what a
thief of the stores has is of no use to log in with."""
import base64
import contextlib
import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import urllib.parse

import pytest

from desk import BIN, SERVICES, children_of, environment, is_sanitized, run_program, wait_until
from test_supervisor import Served
from wire import Client, basic, expect

ADMIN_PASSWORD = 'SECRETadminPassword'
PASSWORDS = [f'SECRETpassword{n}' for n in range(12)]


def variants(secret):
    """A secret as somebody might have written it down: as it is, and as it is encoded on its way."""
    raw = secret.encode()
    yield raw
    yield base64.b64encode(raw).rstrip(b'=')
    yield raw.hex().encode()
    yield urllib.parse.quote(secret, safe='').encode()


def assert_nowhere(secrets, places):
    """`places`: (name, bytes). Of a login in Basic the name comes first, so that its base64 is one of the secrets."""
    for name, data in places:
        for secret in secrets:
            for form in variants(secret):
                assert form not in data, f'{secret!r} is in {name}: ...{data[max(0, data.index(form) - 200):][:400]!r}'


def logs_of(desk):
    return [(p.name, p.read_bytes()) for p in sorted(desk.folder.glob('*.log'))]


def shown_by_ps(pid):
    """What a process shows of itself."""
    for what in ('cmdline', 'environ', 'comm', 'status'):
        with contextlib.suppress(OSError):
            yield f'/proc/{pid}/{what}', open(f'/proc/{pid}/{what}', 'rb').read()


def is_wrong(answer):
    assert answer.status in (400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, 431), answer
    return answer


def requests_with_secrets(desk, admin):
    """Every kind of request that a secret is in: (what it was, its answer) of each, and the secrets."""
    found, secrets = [], list(PASSWORDS)
    headers = {'Accept': 'application/problem+json'}
    with Client(desk.port) as c:
        c.is_described = False

        def ask(method, path, **more):
            for wants in ({}, headers):
                request = dict(more)
                request['headers'] = {**wants, **request.get('headers', {})}
                found.append((f'{method} {path}', c.request(method, path, **request)))
            return found[-1][1]

        me = {'username': 'secretive', 'name': 'A name', 'email': 's@example.org', 'password': PASSWORDS[0]}
        expect(admin.post('users', me), 201)
        tokens = [expect(c.log_in('secretive', PASSWORDS[0]), 200)['token'] for _ in range(4)]
        secrets += tokens + [basic('secretive', PASSWORDS[0])[6:], basic('admin', ADMIN_PASSWORD)[6:]]
        # wrong in every way
        is_wrong(ask('POST', 'tokens', headers={'Authorization': basic('secretive', PASSWORDS[1])}))
        is_wrong(ask('POST', 'tokens', headers={'Authorization': basic('secretive', PASSWORDS[1])[:-3] + '!'}))
        is_wrong(ask('POST', 'tokens', headers={'Authorization': f'Digest {PASSWORDS[2]}'}))
        is_wrong(ask('POST', 'tokens', json={'username': 'secretive', 'password': PASSWORDS[2]}))
        is_wrong(ask('GET', 'users/', headers={'Authorization': f'Bearer {PASSWORDS[3]}'}))
        is_wrong(ask('GET', 'users/', headers={'Authorization': f'Bearer {PASSWORDS[3]} x'}))
        for n, wrong in enumerate(({'username': 'x'}, {'email': 'secretive'},
                                   {'password': PASSWORDS[4] + 'x' * 80}, {'password': [PASSWORDS[4]]},
                                   {'password': {'a': PASSWORDS[4]}}, {'name': 7}, {'unknown': PASSWORDS[4]})):
            ask('POST', 'users', json={**me, 'username': f'someone{n}', 'email': f'e{n}@example.org',
                                       'password': PASSWORDS[4], **wrong}, token=admin.token)
        for broken in (b'{"password": "%s', b'{"password": "%s"', b'password=%s', b'{"password": "%s"} x',
                       b'{"password": "%s\xff"}', b'["%s"]'):
            is_wrong(ask('POST', 'users', body=broken % PASSWORDS[5].encode(), type='application/json',
                         token=admin.token))
        # changes, with the right and with a wrong old password
        is_wrong(ask('PUT', 'user/me/password', json={'password': PASSWORDS[6], 'new_password': PASSWORDS[7]},
                     token=tokens[0]))
        is_wrong(ask('PUT', 'user/me/password', json={'password': PASSWORDS[0], 'new_password': PASSWORDS[8] * 6},
                     token=tokens[0]))
        is_wrong(ask('PUT', 'user/me/password', json={'new_password': PASSWORDS[8]}, token=tokens[0]))
        expect(c.request('PUT', 'user/me/password', json={'password': PASSWORDS[0], 'new_password': PASSWORDS[9]},
                         token=tokens[0]), 204)
        is_wrong(ask('GET', 'user/me', token=tokens[1]))
        is_wrong(ask('DELETE', 'tokens', token=tokens[2]))
        ask('GET', 'tokens/', token=admin.token)
        ask('GET', 'users/', token=admin.token)
        ask('GET', 'user/1', token=admin.token)
        for path in ('/metrics', '/openapi.json', '/readyz', '/docs'):
            ask('GET', path)
    secrets += [basic('secretive', p)[6:] for p in PASSWORDS[:2]]
    return found, secrets


def secret_keys(folder):
    found = []
    for path in folder.rglob('*'):
        if path.is_file() and 'public' not in path.parts:
            found += [w for w in re.findall(r'[!-~]{40,}', path.read_text())]
    return found


def test_no_secret_is_told_to_anybody(desks):
    desk = desks('new', keys=True, FLICKET_ADMIN_PASSWORD=ADMIN_PASSWORD, FLICKET_LOG_LEVEL='debug',
                 FLICKET_ACCESS_LOG='on',
                 FLICKET_LOGIN_FAILURES_PER_NAME=1000, FLICKET_LOGIN_FAILURES_PER_ADDRESS=1000)
    with Client(desk.port) as c:
        token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
    found, secrets = requests_with_secrets(desk, desk.client(token))
    secrets += [ADMIN_PASSWORD, token] + secret_keys(desk.keys)
    assert len(secret_keys(desk.keys)) >= 5 and len(found) > 50
    # a service that dies and one that is asked when it is gone say something, too
    desk.kill('ticket')
    desk.restart('ticket')
    wait_until(lambda: desk.processes['ticket'].log.read_text().count('listening on') == 2, 20,
               'the ticket service is there again')
    desk.wait_ready()
    assert_nowhere(secrets, ((f'the answer to {what}', repr(a.headers).encode() + a.body) for what, a in found))
    for process in desk.processes.values():
        assert_nowhere(secrets, shown_by_ps(process.popen.pid))
    desk.stop()
    logs = logs_of(desk)
    assert sum(data.count(b'\n') for _, data in logs) > 300
    assert_nowhere(secrets, logs)
    hashes = password_hashes(desk)
    assert hashes
    assert_nowhere([h.decode() for h in hashes], logs)


def test_supervised_programs_show_no_password(tmp_path, monkeypatch):
    monkeypatch.setattr('test_supervisor.ADMIN_PASSWORD', ADMIN_PASSWORD)
    served = Served(tmp_path)
    try:
        wait_until(served.is_ready, 30, 'serve is ready')
        with Client(served.port) as c:
            expect(c.log_in('admin', ADMIN_PASSWORD), 200)
        pids = [served.popen.pid, *children_of(served.popen.pid)]
        assert len(pids) == 6
        for pid in pids:
            assert_nowhere([ADMIN_PASSWORD], shown_by_ps(pid))
        # the one that needs it gets it again
        os.kill(served.programs()['flicket-user'], signal.SIGKILL)
        # it shows what it was started with until it runs
        wait_until(lambda: served.text().count('listening on ipc://run/user.sock') == 2 and served.is_ready(), 30,
                   'the user service is there again')
        assert_nowhere([ADMIN_PASSWORD], shown_by_ps(served.programs()['flicket-user']))
        assert_nowhere([ADMIN_PASSWORD], [('the log', served.text().encode())])
    finally:
        served.clean_up()


# --- cores and memory ---------------------------------------------------------------------------------------

@pytest.mark.skipif(is_sanitized(), reason='a sanitizer looks into it')
def test_a_process_leaves_no_core_and_is_not_looked_into(desks):
    desk = desks('new')
    for name in (*SERVICES, 'gateway'):
        pid = desk.processes[name].popen.pid
        limits = open(f'/proc/{pid}/limits', encoding='ascii').read()
        assert re.search(r'Max core file size +0 +0 +bytes', limits), limits
        # of a process that may be looked into these belong to its user; of others to root
        assert os.stat(f'/proc/{pid}/mem').st_uid == 0
        if os.geteuid() != 0:
            with pytest.raises(PermissionError):
                open(f'/proc/{pid}/mem', 'rb')
    process = desk.processes['user']
    process.ended_by_test = True
    process.popen.send_signal(signal.SIGABRT)
    assert process.popen.wait(10) == -signal.SIGABRT
    assert not [p for p in desk.folder.rglob('*') if 'core' in p.name]


# --- what is stored -----------------------------------------------------------------------------------------

def user_store(desk):
    return contextlib.closing(sqlite3.connect(f'file:{desk.data}/stores/user/user.db?mode=ro', uri=True))


def password_hashes(desk):
    with user_store(desk) as db:
        return [h if isinstance(h, bytes) else h.encode() for h,
                in db.execute('SELECT password FROM users WHERE password IS NOT NULL')]


def test_what_is_stored_of_a_token_opens_nothing(new):
    admin = new.admin()
    with user_store(new) as db:
        columns = [row[1] for row in db.execute('PRAGMA table_info(tokens)')]
        rows = db.execute('SELECT hash FROM tokens').fetchall()
    # a token is 24 random bytes; what is kept of it is its SHA-256, which tells nothing of so many
    assert len(base64.b64decode(admin.token)) == 24
    assert hashlib.sha256(admin.token.encode()).digest() in [h for h, in rows]
    assert not {'token', 'secret', 'value'} & set(columns)
    for digest, in rows:
        assert len(digest) == 32
        for stolen in (digest.hex(), base64.b64encode(digest).decode(), base64.b64encode(digest[:24]).decode(),
                       base64.urlsafe_b64encode(digest).decode()):
            with Client(new.port) as c:
                expect(c.get('user/me', token=stolen), 401)
                expect(c.log_in('admin', stolen), 401)


def test_what_is_stored_of_a_password_is_slow_to_guess(desks):
    desk = desks('new', FLICKET_BCRYPT_COST='')     # the setting's default
    admin = desk.admin()
    expect(admin.post('users', {'username': 'another', 'name': 'A name', 'email': 'a@example.org',
                                'password': PASSWORDS[0]}), 201)
    hashes = password_hashes(desk)
    assert len(hashes) == 2 and len(set(hashes)) == 2
    for stored in hashes:
        assert re.fullmatch(rb'\$2b\$12\$[./A-Za-z0-9]{53}', stored)
        with Client(desk.port) as c:
            expect(c.log_in('another', stored.decode()), 401)


def test_stores_and_sockets_are_closed_to_other_users(new):
    for path in (new.data, *new.data.rglob('*')):
        if path.name == 'gateway.address':
            continue        # where the gateway is, which is no secret, in a folder that is closed
        mode = path.stat().st_mode & 0o777
        is_within = path not in (new.data, *new.data.iterdir())
        assert not mode & 0o077 or is_within and not path.parent.stat().st_mode & 0o077, f'{path}: {mode:o}'
    assert not new.data.stat().st_mode & 0o077


def test_a_password_file_is_where_the_process_was_started(tmp_path):
    (tmp_path / 'password').write_text(ADMIN_PASSWORD + '\n')
    log = tmp_path / 'log'
    with open(log, 'wb') as f:
        process = subprocess.Popen([BIN / 'flicket-user'], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                   env=environment(FLICKET_DATA='data', FLICKET_ADMIN_PASSWORD_FILE='password',
                                                   FLICKET_BCRYPT_COST=4, FLICKET_HARDEN='strict'))
    try:
        wait_until(lambda: process.poll() is not None or 'listening' in log.read_text(), 30, 'it runs')
        assert process.poll() is None and 'made up' not in log.read_text(), log.read_text()
    finally:
        process.terminate()
        process.wait(10)


def test_the_tool_takes_no_password_on_its_command_line():
    """What stands there `ps` shows to everybody."""
    done = run_program('flicketctl', 'help')
    commands = re.findall(r'^  (\w+)', done.stdout, re.M)
    assert len(commands) > 8, done.stdout
    for command in set(commands) - {'generate'}:    # whose users are nobody
        text = run_program('flicketctl', command, '--help').stdout
        assert not re.search(r'--\w*(password|secret|token)\w*[= ][A-Z]', text), text
        assert not re.search(r'\bPASSWORD\b', text.splitlines()[0] if text else ''), text
