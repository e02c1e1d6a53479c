"""Logins: how many may fail, and what they cost others."""
import contextlib
import sqlite3
import statistics
import threading
import time

import pytest

from desk import ADMIN_PASSWORD, PASSWORD, USER, wait_until
from wire import Client, NoAnswer, basic, expect, insist

NO_LIMITS = {'FLICKET_LOGIN_FAILURES_PER_NAME': 8192, 'FLICKET_LOGIN_FAILURES_PER_ADDRESS': 8192}


def try_login(desk, username, password, source=None):
    with Client(desk.port, source=source) as c:
        return c.log_in(username, password)


def test_the_10th_failure_for_a_name_is_429(imported):
    for _ in range(9):
        expect(try_login(imported, 'user003', 'wrong'), 401)
    answer = try_login(imported, 'user003', 'wrong')
    expect(answer, 429)
    assert 1 <= int(answer.header('Retry-After')) <= 60
    # Others are not held up, from the same address neither.
    expect(try_login(imported, 'user005', PASSWORD), 200)
    expect(try_login(imported, 'user004', 'wrong'), 401)


def test_a_limited_name_cannot_go_on_guessing(imported):
    for _ in range(10):
        try_login(imported, 'user003', 'wrong')
    for source in (None, '127.0.0.2', '127.0.0.3'):
        expect(try_login(imported, 'user003', 'wrong', source), 429)
        expect(try_login(imported, 'user003', PASSWORD, source), 429)


def test_a_name_is_limited_wherever_the_guesses_come_from(imported):
    statuses = [try_login(imported, 'user003', 'wrong', f'127.0.0.{i}').status for i in range(2, 13)]
    assert statuses == [401] * 9 + [429] * 2


def test_a_limited_name_keeps_its_tokens(imported):
    for _ in range(11):
        try_login(imported, 'admin', 'wrong')
    expect(imported.client().get('user/1'), 200)


def test_names_there_are_not_are_limited_alike(imported):
    assert [try_login(imported, 'nobody', 'wrong').status for _ in range(11)] == [401] * 9 + [429] * 2


def test_a_good_login_after_nine_failures_works_and_does_not_count(imported):
    for _ in range(9):
        expect(try_login(imported, 'user003', 'wrong'), 401)
    for _ in range(5):
        expect(try_login(imported, 'user003', PASSWORD), 200)


def test_good_logins_never_count(imported):
    for _ in range(70):
        expect(try_login(imported, 'user003', PASSWORD), 200)
    expect(try_login(imported, 'user003', 'wrong'), 401)


def test_the_60th_failure_from_an_address_is_429(imported):
    # Each name fails less often than its own limit.
    statuses = [try_login(imported, f'name{i % 20}', 'wrong', '127.0.0.7').status for i in range(61)]
    assert statuses == [401] * 59 + [429] * 2
    answer = try_login(imported, 'another', 'wrong', '127.0.0.7')
    expect(answer, 429)
    assert 1 <= int(answer.header('Retry-After')) <= 60
    expect(try_login(imported, 'another', 'wrong', '127.0.0.8'), 401)
    expect(try_login(imported, 'user003', PASSWORD, '127.0.0.8'), 200)


def test_an_address_is_where_the_connection_comes_from(imported):
    """A header that claims another address opens no way around the limit."""
    statuses = []
    with Client(imported.port, source='127.0.0.9') as c:
        for i in range(61):
            statuses.append(c.request('POST', 'tokens', token=False, headers={
                'Authorization': basic(f'name{i % 20}', 'wrong'), 'X-Forwarded-For': f'10.0.0.{i}',
                'Forwarded': f'for=10.0.0.{i}', 'X-Real-IP': f'10.0.0.{i}'}).status)
    assert statuses == [401] * 59 + [429] * 2


def test_guesses_made_at_once_are_counted_all(imported):
    statuses = []

    def guess(i):
        statuses.append(try_login(imported, 'user003', f'guess{i}').status)

    threads = [threading.Thread(target=guess, args=(i,)) for i in range(30)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(statuses) == [401] * 9 + [429] * 21


def test_the_limits_are_settings(desks):
    desk = desks('new', FLICKET_LOGIN_FAILURES_PER_NAME=2, FLICKET_LOGIN_FAILURES_PER_ADDRESS=4)
    assert [try_login(desk, 'admin', 'wrong').status for _ in range(3)] == [401, 429, 429]
    assert [try_login(desk, f'x{i}', 'wrong', '127.0.0.5').status for i in range(5)] == [401] * 3 + [429] * 2


@pytest.mark.parametrize('value', [
    'Basic', 'Basic ', 'Basic !!!!', 'Basic YWRtaW4=', 'Basic YWRtaW46YWRtaW4', 'Basic  YWRtaW46YWRtaW4=',
    'Basic Og==', 'Basic ' + 'QUFB' * 1500, 'Bearer x', 'Digest username="admin"', '', 'Basic /////w==',
    basic('admin\0', 'admin'), basic('admin', 'admin\0x'), basic('admin', 'x' * 5000), basic('x' * 5000, 'admin'),
    basic('', 'admin'), basic("admin' --", 'x'), basic('Admin', 'admin'), basic(' admin', 'admin'),
    basic('admin', 'admin '), basic('ＡＤＭＩＮ', 'admin'), basic('admin', ':')])
def test_what_is_no_login_is_401_and_asks_for_basic(writing, value):
    # A name of its own each time; the whole table is no more than half of what an address may fail.
    with Client(writing.port) as c:
        answer = c.request('POST', 'tokens', token=False, headers={'Authorization': value})
        if value.endswith('YWRtaW46YWRtaW4') or '  ' in value:
            assert answer.status in (200, 401)      # admin:admin, sloppily written
            return
        expect(answer, 401)
        assert answer.header('WWW-Authenticate').startswith('Basic')


def test_the_scheme_has_no_case_and_a_password_may_have_colons(desks):
    password = 'a:b:c ë 漢 "x"'
    desk = desks('new', FLICKET_ADMIN_PASSWORD=password)
    with Client(desk.port) as c:
        for scheme in ('Basic', 'basic', 'BASIC'):
            value = basic('admin', password).replace('Basic', scheme)
            expect(c.request('POST', 'tokens', token=False, headers={'Authorization': value}), 200)
        expect(c.log_in('admin', 'a'), 401)


def test_of_a_password_72_bytes_count(desks):
    password = 'x' * 72
    desk = desks('new', FLICKET_ADMIN_PASSWORD=password)
    expect(try_login(desk, 'admin', password), 200)
    expect(try_login(desk, 'admin', password[:-1]), 401)


def test_a_name_nobody_has_costs_the_time_of_a_wrong_password(desks):
    """At the real cost of a hash; the shortest of some, taken in turns, as a busy machine only adds to them."""
    desk = desks('new', FLICKET_BCRYPT_COST=12, **NO_LIMITS)
    seconds = {'admin': [], 'nobody': [], 'notification': []}
    with Client(desk.port) as c:
        for _ in range(7):
            for name, taken in seconds.items():
                answer = c.log_in(name, 'wrong')
                expect(answer, 401)
                taken.append(answer.seconds)
    least = {name: min(taken) for name, taken in seconds.items()}
    for name in ('nobody', 'notification'):
        assert 0.5 < least[name] / least['admin'] < 2, least


@pytest.mark.parametrize('hash', [
    b'$2b$31$6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi', b'$2y$17$6KGZvgZvi7oANUF7.Kyxg',
    b'$6$rounds=999999999$s', b'$sha1$4294967295$salt$', b'$md5,rounds=4294963199$salt$', b'_zzzzsalt',
    b'$7$M6..../....SodiumChloride$', b'$y$jFT$saltsaltsaltsaltsalts1$'])
def test_a_hash_in_the_store_that_would_take_for_ever_is_never_run(desks, hash):
    """Its user cannot log in, others can, and an admin can set a new password."""
    desk = desks('imported')
    desk.kill('user')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        assert db.execute("UPDATE users SET password = ? WHERE username = 'user003'", (hash,)).rowcount == 1
    desk.restart('user')
    admin = desk.client()
    expect(insist(lambda: try_login(desk, 'user003', PASSWORD)), 401)
    expect(try_login(desk, 'user004', PASSWORD), 200)
    expect(desk.client(USER).request('PUT', 'user/me/password',
                                     json={'password': PASSWORD, 'new_password': 'another-one'}), 400)
    expect(admin.request('PUT', 'user/3/password', json={'new_password': 'another-one'}), 204)
    expect(try_login(desk, 'user003', 'another-one'), 200)


def test_logins_do_not_hold_up_reads(desks):
    """While logins are being checked all the time, reads go on; also those of the service that checks."""
    desk = desks('new', FLICKET_BCRYPT_COST=12, **NO_LIMITS)
    admin = desk.admin()
    over, logins, wrong = threading.Event(), [], []

    def guess(n):
        try:
            with Client(desk.port, timeout=60) as c:
                while not over.is_set():
                    answer = c.log_in('admin' if n % 2 else f'nobody{n}', 'wrong')
                    expect(answer, 401)
                    logins.append(answer.seconds)
        except Exception as e:      # pylint: disable=broad-except
            wrong.append(e)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    reads = []
    while not logins and not wrong:
        time.sleep(0.01)
    for i in range(2000):
        answer = admin.get(('user/1', 'departments/', 'users/', 'tickets/')[i % 4])
        expect(answer, 200)
        reads.append(answer.seconds)
    checked = len(logins)
    over.set()
    for t in threads:
        t.join()
    assert not wrong, wrong[0]
    assert checked >= 1
    # A read that waited for a hash would have taken as long as a login.
    assert statistics.quantiles(reads, n=100)[98] < min(logins), (max(reads), min(logins))


FLOODERS = 100                  # more than may wait
TURNS = 40                      # of others, while one waits, as this program counts them; 64 may wait


class Flood:
    """Connections that ask for one thing over and over; those that are refused pause a little."""

    def __init__(self, desk, ask):
        self.desk, self.ask, self.over = desk, ask, threading.Event()
        self.done = self.refused = 0
        self.wrong = []
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(FLOODERS)]

    def _run(self, n):
        try:
            while not self.over.is_set():
                try:
                    answer = self.ask(self.desk, n)
                except NoAnswer:        # their own turn may be far away
                    continue
                if answer.status == 503:
                    self.refused += 1
                    self.over.wait(0.2)
                elif answer.status in (200, 204, 400, 401):
                    self.done += 1
                else:
                    raise AssertionError(answer)
        except Exception as e:      # pylint: disable=broad-except
            self.wrong.append(e)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()
        assert not self.wrong, self.wrong[0]


def one_name(desk, _):
    return try_login(desk, 'user003', PASSWORD)


def one_name_from_everywhere(desk, n):
    return try_login(desk, 'user003', PASSWORD, f'127.0.1.{n + 1}')


def many_names_from_one_address(desk, n):
    return try_login(desk, f'user{n % 50 + 3:03}', PASSWORD, '127.0.0.2')


def passwords_that_change(desk, _):
    with Client(desk.port, USER) as c:
        # 400: somebody else of them was quicker
        return c.request('PUT', 'user/me/password', json={'password': PASSWORD, 'new_password': PASSWORD})


def give_all_the_same_password(desk):
    """At the cost of new hashes; the imported ones are cheap."""
    expect(desk.client().request('PUT', 'user/4/password', json={'new_password': PASSWORD}), 204)
    desk.kill('user')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        db.execute('UPDATE users SET password = (SELECT password FROM users WHERE id = 4)')
    desk.restart('user')
    expect(insist(lambda: try_login(desk, 'user004', PASSWORD)), 200)


@pytest.mark.parametrize('ask', [one_name, one_name_from_everywhere, many_names_from_one_address,
                                 passwords_that_change])
def test_a_login_beside_a_flood_has_its_turn(desks, ask):
    """Turns are counted; the flood's own are refused when more come than may wait."""
    desk = desks('imported', FLICKET_BCRYPT_COST=8, FLICKET_REQUEST_TIMEOUT_MS=20000, **NO_LIMITS)
    give_all_the_same_password(desk)
    with Flood(desk, ask) as flood:
        wait_until(lambda: flood.refused and flood.done or flood.wrong, 120, 'more ask than may wait')
        for i in range(3):
            before = flood.done
            expect(try_login(desk, 'admin', PASSWORD), 200)
            assert flood.done - before <= TURNS
            made = desk.client().post('users/', {'username': f'made{i}', 'name': 'Made Beside', 'password': PASSWORD,
                                                 'email': f'{i}@b.example'})
            expect(made, 201)
    assert flood.done > 5


def test_a_good_login_is_not_held_up_by_many_wrong_ones_for_ever(desks):
    desk = desks('new', FLICKET_BCRYPT_COST=10, **NO_LIMITS)
    wrong = []

    def guess(n):
        answer = try_login(desk, f'name{n}', 'wrong')
        if answer.status not in (401, 503):
            wrong.append(answer)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(30)]
    for t in threads:
        t.start()
    answer = try_login(desk, 'admin', ADMIN_PASSWORD)
    for t in threads:
        t.join()
    assert not wrong, wrong[0]
    expect(answer, 200)
