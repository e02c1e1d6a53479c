"""A new installation: who is there, what is there, what needs no token."""
import re
import socket
import time

import pytest

from desk import ADMIN_PASSWORD, free_port, run_program, wait_until
from wire import Client, expect

DEPARTMENTS = {'Design', 'Manufacturing', 'IT', 'Quality', 'Human Resources', 'Commercial'}
CATEGORIES = {
    ('Design', 'Dataset'), ('Design', 'ECN'), ('Design', 'ECR'), ('Design', 'Other'),
    ('Manufacturing', 'Process Planning'), ('Manufacturing', 'Tooling'), ('Manufacturing', 'Equipment'),
    ('IT', 'Internet'), ('IT', 'Intranet'), ('Quality', 'Procedures'), ('Quality', 'Manuals'),
    ('Human Resources', 'Holidays'), ('Human Resources', 'Sick Leave'), ('Commercial', 'Approved Suppliers'),
}


def test_a_new_desk_has_flickets_defaults(new):
    admin = new.admin()

    def items(path):
        return expect(admin.get(path), 200)['items']

    assert [(u['id'], u['username']) for u in items('users/')] == [(1, 'admin'), (2, 'notification')]
    assert {d['department'] for d in items('departments/')} == DEPARTMENTS
    assert {(c['department'], c['category']) for c in items('categories/')} == CATEGORIES
    assert [s['status'] for s in items('statuses/')] == ['Open', 'Closed', 'In Work', 'Awaiting Information']
    assert [p['priority'] for p in items('priorities/')] == ['low', 'medium', 'high']
    for path in ('tickets/', 'uploads/', 'histories/', 'subscriptions/'):
        assert items(path) == []


def test_the_given_admin_password_is_the_admins(new):
    with Client(new.port) as c:
        expect(c.log_in('admin', ADMIN_PASSWORD), 200)
        expect(c.log_in('admin', ADMIN_PASSWORD + 'x'), 401)
        expect(c.log_in('admin', ''), 401)
    assert ADMIN_PASSWORD not in new.logs()


def test_nobody_can_log_in_as_notification(new):
    with Client(new.port) as c:
        for password in ('', 'notification', ADMIN_PASSWORD):
            expect(c.log_in('notification', password), 401)


def test_the_admin_password_setting_changes_nothing_later(new):
    new.processes['user'].terminate()
    new.settings['FLICKET_ADMIN_PASSWORD'] = 'another-passphrase'
    new.restart('user')
    with Client(new.port) as c:
        wait_until(lambda: c.log_in('admin', ADMIN_PASSWORD).status == 200, 10, 'logins work again')
        expect(c.log_in('admin', 'another-passphrase'), 401)


def test_links_begin_with_localhost_and_the_port_by_default(new):
    user = expect(new.admin().get('user/1'), 200)
    assert user['links']['self'] == f'http://localhost:{new.port}/flicket-api/user/1'


def test_links_and_location_begin_with_the_base_url(desks):
    desk = desks('new', FLICKET_BASE_URL='https://desk.example.org/help')
    admin = desk.admin()
    answer = admin.post('departments', {'department': 'Research'})
    made = expect(answer, 201)
    assert answer.header('Location') == made['links']['self'] \
        == f'https://desk.example.org/help/flicket-api/department/{made["id"]}'
    assert expect(admin.get('users/'), 200)['_links']['self'].startswith('https://desk.example.org/help/')


def test_health_and_readiness_need_no_token(new):
    with Client(new.port) as c:
        assert c.get('/healthz').status == 200
        assert c.get('/readyz').status == 200


def test_what_was_written_is_there_after_a_restart(new):
    ticket = {'title': 'Keep me', 'content': 'Across a restart', 'category_id': 1, 'ticket_priority_id': 2}
    made = expect(new.admin().post('tickets', ticket), 201)
    for name in reversed(list(new.processes)):
        new.processes[name].terminate()
    new.start()
    assert expect(new.admin().get(f'ticket/{made["id"]}'), 200) == made


def test_the_default_avatar_is_a_png_that_needs_no_token(new):
    path = '/flicket/static/flicket_avatars/__default_profile.png'
    with Client(new.port) as c:
        answer = c.get(path)
        assert answer.status == 200
        assert answer.header('Content-Type') == 'image/png'
        assert answer.body.startswith(b'\x89PNG\r\n\x1a\n') and answer.body.endswith(b'IEND\xaeB`\x82')
        again = c.request('HEAD', path)
        assert (again.status, again.header('Content-Length')) == (200, str(len(answer.body)))
        expect(c.post(path), 405)
        expect(c.get(path + 'x'), 401)
    user = expect(new.admin().get('user/1'), 200)
    assert new.path_of(user['avatar']) == path


def test_flicketctl_says_how_it_is_used():
    done = run_program('flicketctl', timeout=10)
    assert done.returncode != 0
    assert 'import' in done.stdout + done.stderr and 'serve' in done.stdout + done.stderr
    done = run_program('flicketctl', 'no-such-command', timeout=10)
    assert done.returncode != 0


def test_a_desk_stops_in_time_while_clients_keep_connections_open(new):
    idle = [new.connection() for _ in range(20)]
    for c in idle:
        assert c.is_usable()
    half = new.connection()
    half.send(b'GET /healthz HTTP/1.1\r\nHost:')
    start = time.monotonic()
    new.processes['gateway'].terminate()        # fails if it takes more than 5 s
    assert time.monotonic() - start < 6
    wait_until(lambda: all(c.is_closed(1) for c in (*idle, half)), 5, 'connections closed')


def can_use_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


@pytest.mark.parametrize('listen, reached_at', [
    ('127.0.0.1:{}', '127.0.0.1'), ('127.0.0.3:{}', '127.0.0.3'), ('*:{}', '127.0.0.9'), ('0.0.0.0:{}', '127.0.0.1'),
    ('localhost:{}', '127.0.0.1'),
    pytest.param('[::1]:{}', '::1', marks=pytest.mark.skipif(not can_use_ipv6(), reason='no IPv6 here'))])
def test_a_gateway_listens_where_it_is_told(desks, listen, reached_at):
    desk, port = desks('new', start=False), free_port()
    desk.launch('gateway', 'flicket-gateway', FLICKET_LISTEN=listen.format(port))

    def is_served():
        desk.check_running()
        try:
            with socket.create_connection((reached_at, port), timeout=5) as s:
                s.sendall(b'GET /healthz HTTP/1.0\r\n\r\n')
                return s.recv(100).startswith(b'HTTP/1.1 200')
        except ConnectionRefusedError:
            return False
    wait_until(is_served, 10, f'{reached_at} port {port} is served')


def test_port_0_is_a_free_port_that_is_told(desks):
    desk = desks('new', start=False)
    process = desk.launch('gateway', 'flicket-gateway', FLICKET_LISTEN='127.0.0.1:0')
    found = wait_until(lambda: re.search(r'127\.0\.0\.1\D+(\d+)', process.log.read_text()), 10, 'the port is told')
    with Client(int(found[1])) as c:
        assert c.get('/healthz').status == 200
