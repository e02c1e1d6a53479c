"""Tokens: how they are given, kept and ended."""
import base64
import sqlite3
from datetime import datetime, timedelta, timezone

import pytest

from desk import ADMIN, ADMIN_PASSWORD, PASSWORD, SLACK, SUPER, USER, flicket_database, wait_until
from wire import Client, NoAnswer, expect


def log_in(port, username='user003', password=PASSWORD):
    with Client(port) as c:
        return expect(c.log_in(username, password), 200)['token']


def status_of(port, token, path='user/1'):
    with Client(port, token) as c:
        return c.get(path).status


def revoke(port, token):
    with Client(port, token) as c:
        return c.request('DELETE', 'tokens').status


def test_a_token_is_24_bytes_in_base64_and_new_each_time(imported):
    tokens = [log_in(imported.port) for _ in range(10)]
    assert len(set(tokens)) == 10
    for token in tokens:
        assert len(token) == 32 and len(base64.b64decode(token, validate=True)) == 24
        assert status_of(imported.port, token) == 200


def test_ending_one_token_leaves_the_others(imported):
    port = imported.port
    first, second, others = log_in(port), log_in(port), log_in(port, 'user005')
    assert revoke(port, first) == 204
    assert status_of(port, first) == 401
    assert [status_of(port, t) for t in (second, others, USER)] == [200, 200, 200]
    assert revoke(port, first) == 401


def test_ending_a_token_that_was_never_used_ends_it(imported):
    token = log_in(imported.port)
    assert revoke(imported.port, token) == 204
    assert status_of(imported.port, token) == 401


def test_a_token_ends_only_itself(imported):
    with Client(imported.port) as c:
        expect(c.request('DELETE', 'tokens'), 401)
        expect(c.request('DELETE', 'tokens', token='nope'), 401)
        assert c.request('DELETE', 'tokens', token=SUPER).status == 204
        expect(c.get('user/1', token=SUPER), 401)
        expect(c.get('user/1', token=ADMIN), 200)
        assert len(expect(c.log_in('user006', PASSWORD), 200)['token']) == 32


def test_tokens_of_the_database_taken_over_are_judged_as_there(imported):
    for token, status in ((ADMIN, 200), (USER, 200), (SUPER, 200), ('EXPIREDtoken/0123456789abcdefghi', 401),
                          ('DISABLEDtoken/0123456789abcdefgh', 401), ('NOEXPIRYtoken/0123456789abcdefgh', 401)):
        assert status_of(imported.port, token) == status, token


def test_a_disabled_user_cannot_log_in(imported):
    with Client(imported.port) as c:
        for _ in range(2):
            expect(c.log_in('user007', PASSWORD), 401)
            expect(c.log_in('user014', PASSWORD), 401)


def test_a_token_ends_when_its_time_is_over_though_a_gateway_knows_it(desks, tmp_path):
    lifetime = timedelta(seconds=8)

    def shorten(db):
        db.execute('UPDATE flicket_users SET token_expiration = ? WHERE token = ?',
                   ((datetime.now(timezone.utc) + lifetime).strftime('%Y-%m-%d %H:%M:%S.%f'), USER))

    desk = desks('new', start=False, FLICKET_BASE_URL='http://localhost:5000')
    ends = datetime.now(timezone.utc) + lifetime
    desk.take_over(flicket_database(tmp_path / 'short.db', shorten))
    desk.start()
    with Client(desk.port, USER) as c:
        if datetime.now(timezone.utc) < ends - timedelta(seconds=1):
            expect(c.get('user/1'), 200)
        wait_until(lambda: c.get('user/1').status == 401, 2 * lifetime.seconds, 'the token ended')
        assert datetime.now(timezone.utc) > ends - timedelta(seconds=1)
        expect(c.get('user/1', token=ADMIN), 200)


def test_a_token_lives_as_long_as_the_setting_says(desks):
    desk = desks('new', FLICKET_TOKEN_SECONDS=60)
    log_in(desk.port, 'admin', ADMIN_PASSWORD)
    desk.stop()
    with sqlite3.connect(f'file:{desk.data}/stores/user/user.db?mode=ro', uri=True) as db:
        rows = db.execute('SELECT date_added, expires FROM tokens').fetchall()
    assert [(b - a) / 1e6 for a, b in rows] == [60]


def test_tokens_survive_a_restart_of_everything(new):
    token = log_in(new.port, 'admin', ADMIN_PASSWORD)
    ended = log_in(new.port, 'admin', ADMIN_PASSWORD)
    assert revoke(new.port, ended) == 204
    for name in ('gateway', 'user', 'ticket', 'post', 'lookup'):
        new.processes[name].terminate()
    new.start()
    assert status_of(new.port, token) == 200
    assert status_of(new.port, ended) == 401


def test_no_token_stands_in_any_file(imported):
    """Whoever reads the stores, or the logs, cannot sign in with what stands there."""
    fresh = [log_in(imported.port) for _ in range(3)]
    assert all(status_of(imported.port, t) == 200 for t in fresh)
    revoke(imported.port, fresh[0])
    files = [p for p in imported.folder.rglob('*') if p.is_file()]
    assert any(p.name == 'user.db' for p in files)
    texts = [t.encode() for t in (*fresh, ADMIN, USER, SUPER)]
    texts += [base64.b64decode(t) for t in fresh]
    for path in files:
        data = path.read_bytes()
        assert not any(t in data for t in texts), f'a token in {path}'


def test_no_password_stands_in_any_file(new):
    log_in(new.port, 'admin', ADMIN_PASSWORD)
    with Client(new.port) as c:
        expect(c.log_in('admin', 'a-wrong-guess-of-mine'), 401)
    for path in (p for p in new.folder.rglob('*') if p.is_file()):
        data = path.read_bytes()
        assert ADMIN_PASSWORD.encode() not in data and b'a-wrong-guess-of-mine' not in data, path


# -- two gateways before one set of services

@pytest.fixture
def pair(imported):
    """The desk, and two gateways' ports."""
    other = imported.start_gateway('gateway-2')
    imported.wait_ready(other)
    return imported, imported.port, other


def test_a_token_ended_at_one_gateway_is_dead_there_at_once_and_within_a_second_at_others(pair):
    _, a, b = pair
    for here, there in ((a, b), (b, a)):
        for _ in range(5):
            token = log_in(a)
            assert (status_of(here, token), status_of(there, token)) == (200, 200)
            assert revoke(here, token) == 204
            assert status_of(here, token) == 401
            wait_until(lambda: status_of(there, token) == 401, 1 + SLACK, 'dead at the other gateway')
            assert status_of(there, token) == 401


def test_a_token_given_at_one_gateway_works_at_the_other(pair):
    _, a, b = pair
    token = log_in(a)
    assert status_of(b, token) == 200
    assert revoke(b, token) == 204
    assert status_of(a, token, 'ticket/1') in (200, 401)
    wait_until(lambda: status_of(a, token) == 401, 1 + SLACK, 'dead at the gateway that gave it')


def test_a_gateway_that_slept_through_a_revocation_does_not_trust_the_token(pair):
    desk, a, b = pair
    token = log_in(a)
    assert status_of(b, token) == 200
    desk.pause('gateway-2')
    with Client(a, token, timeout=10) as c:
        assert c.request('DELETE', 'tokens').status == 204
    assert status_of(a, token) == 401
    desk.resume('gateway-2')
    wait_until(lambda: status_of(b, token) == 401, 1 + SLACK, 'dead at the gateway that slept')
    assert status_of(b, USER) == 200


def test_a_revocation_reaches_the_others_though_the_user_service_dies_right_after(pair):
    """A 204 is a promise: nobody may go on trusting the token because there is nobody to tell of its end."""
    desk, a, b = pair
    token = log_in(a)
    assert [status_of(port, token, 'ticket/1') for port in (a, b)] == [200, 200]
    assert revoke(a, token) == 204
    desk.kill('user')
    assert status_of(a, token, 'ticket/1') in (401, 503)
    wait_until(lambda: status_of(b, token, 'ticket/1') in (401, 503), 1 + SLACK, 'dead at the other gateway')
    desk.restart('user')
    for port in (a, b):
        seen = set()
        wait_until(lambda: seen.add(status_of(port, token, 'ticket/1')) or 401 in seen, 10, 'judged again')
        assert seen <= {401, 503}


def test_a_gateway_that_starts_later_knows_what_was_ended_before(imported):
    token = log_in(imported.port)
    assert revoke(imported.port, token) == 204
    other = imported.start_gateway('gateway-2')
    imported.wait_ready(other)
    assert status_of(other, token) == 401
    imported.kill('gateway-2')
    token = log_in(imported.port)
    assert revoke(imported.port, token) == 204      # answered though a gateway it knew is gone
    assert status_of(imported.port, token) == 401


def test_known_tokens_are_trusted_for_a_while_without_the_user_service(desks):
    desk = desks('imported', FLICKET_TOKEN_STALE_SECONDS=2)
    reader = desk.client()
    expect(reader.get('ticket/1'), 200)
    desk.kill('user')
    expect(reader.get('ticket/1'), 200)
    wait_until(lambda: reader.get('ticket/1').status == 503, 10, 'the token is not trusted any more')
    desk.restart('user')

    def is_back():
        try:
            return reader.get('ticket/1').status == 200
        except (NoAnswer, OSError):
            return False
    wait_until(is_back, 10, 'the token is trusted again')


def test_a_token_ends_with_the_store_it_came_from(desks):
    """The other store begins to count its revocations where this one began, too."""
    desk = desks('new')
    token = desk.admin().token
    assert status_of(desk.port, token) == 200
    desk.kill('user')
    (desk.data / 'stores' / 'user').rename(desk.data / 'stores-user-away')
    desk.restart('user', '--force-new')
    wait_until(lambda: status_of(desk.port, token) == 401, 2, 'nobody knows the token')
