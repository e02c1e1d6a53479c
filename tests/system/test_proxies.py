"""FLICKET_TRUSTED_PROXIES: whose request it is where proxies stand in front."""
import json

import pytest

from desk import run_program, wait_until
from wire import Client, basic

TRUSTING = {'FLICKET_TRUSTED_PROXIES': '127.0.0.1, 10.0.0.0/8', 'FLICKET_ACCESS_LOG': 'on',
            'FLICKET_LOG_FORMAT': 'json', 'FLICKET_LOGIN_FAILURES_PER_ADDRESS': 3}


@pytest.fixture
def desk(desks):
    return desks('new', **TRUSTING)


def fail(desk, forwarded, name, source=None):
    """The status of a login that must fail."""
    fields = {'Authorization': basic(name, 'wrong')}
    if forwarded is not None:
        fields['X-Forwarded-For'] = forwarded
    with Client(desk.port, source=source) as c:
        return c.request('POST', 'tokens', token=False, headers=fields).status


def client_of(desk, number, forwarded, source=None):
    """The address that the access log has for a request."""
    with Client(desk.port, source=source) as c:
        fields = {'X-Request-ID': f'look-{number}'}
        if forwarded is not None:
            fields['X-Forwarded-For'] = forwarded
        c.get('/healthz', headers=fields)

    def find():
        for line in (desk.folder / 'gateway.log').read_text().splitlines():
            if f'look-{number}"' in line and '"client"' in line:
                return json.loads(line)['client']
        return None
    return wait_until(find, 10, 'the request is logged')


def test_failed_logins_count_for_the_address_behind_the_proxy(desk):
    assert [fail(desk, '192.0.2.1', f'a{i}') for i in range(4)] == [401, 401, 429, 429]
    # Another client of the same proxy is not held up, whatever it says of itself.
    assert fail(desk, '192.0.2.1, 192.0.2.2', 'b') == 401
    assert fail(desk, '192.0.2.1, 192.0.2.2, 10.9.9.9', 'b') == 401
    assert fail(desk, '192.0.2.2', 'c') == 429
    # Of IPv6 addresses the network counts.
    assert [fail(desk, f'2001:db8::{i}', f'd{i}') for i in range(4)] == [401, 401, 429, 429]
    assert fail(desk, '2001:db8:1::1', 'e') == 401


def test_nobody_else_is_believed(desk):
    assert [fail(desk, f'192.0.2.{i}', f'a{i}', '127.0.0.9') for i in range(4)] == [401, 401, 429, 429]
    assert fail(desk, '192.0.2.1', 'b') == 401


def test_without_the_setting_nobody_is(desks):
    desk = desks('new', **{**TRUSTING, 'FLICKET_TRUSTED_PROXIES': ''})
    assert [fail(desk, f'192.0.2.{i}', f'a{i}') for i in range(4)] == [401, 401, 429, 429]


def test_the_access_log_has_the_client(desk):
    rows = [(None, None, '127.0.0.1'), ('192.0.2.1', None, '192.0.2.1'), ('192.0.2.1', '127.0.0.9', '127.0.0.9'),
            ('junk, 2001:db8::1, 10.1.1.1', None, '2001:db8::1'), ('[2001:db8::1]:99', None, '2001:db8::1'),
            ('10.0.0.2, 10.0.0.1', None, '10.0.0.2'), ('junk', None, '127.0.0.1'), ('192.0.2.1,', None, '127.0.0.1'),
            ('192.0.2.1\\ninjected', None, '127.0.0.1')]
    for i, (forwarded, source, want) in enumerate(rows):
        assert client_of(desk, i, forwarded, source) == want, (forwarded, source)


@pytest.mark.parametrize('value', ['proxy', '10.0.0.0/33', '::/129', '10.0.0.1,', '127.0.0.1:80', '*'])
def test_what_is_no_network_is_refused_at_start(tmp_path, value):
    done = run_program('flicket-gateway', FLICKET_DATA=tmp_path, FLICKET_TRUSTED_PROXIES=value)
    assert done.returncode == 2 and f'FLICKET_TRUSTED_PROXIES: "{value}" is not' in done.stderr, done
