"""The user service alone."""
import hashlib
import time

import pytest

import alone
from alone import ID, OK, PAGE, PER_PAGE

USER_GET, USER_LIST, PASSWORD_CHECK, TOKEN_CHECK, TOKEN_CREATE, TOKEN_DELETE = 10, 11, 12, 13, 14, 15
USER_CREATE, PASSWORD_HASH, TICKET_GET, USER_EXPORT = 18, 24, 30, 108
TOKEN_HASH, LIMIT, ADDRESS, RIGHTS, USER_ID, NAME, USERNAME, PASSWORD, EMAIL = 5, 3, 6, 10, 26, 35, 36, 37, 46
HASH = 90
UNAUTHORIZED, FORBIDDEN, CONFLICT = 2, 3, 17
LEASE_SECONDS = 1.0             # WATCHER_LEASE_MS of services/runtime/socket/watchers.h


@pytest.fixture(scope='module')
def user(tmp_path_factory):
    yield from alone.opened('user', tmp_path_factory, FLICKET_ADMIN_PASSWORD='a-passphrase', FLICKET_BCRYPT_COST=4)


def test_it_has_the_manners_of_a_service(user):
    alone.check_manners(user, TICKET_GET)


def log_in(user, name, password):
    return user.ask(PASSWORD_CHECK, {USERNAME: name, PASSWORD: password, ADDRESS: '::1'}, actor=0, rights=0)


def test_a_login_gives_a_token_as_the_first_gateways_asked_for_it(user):
    error, _, _, _, extras = log_in(user, 'admin', 'a-passphrase')
    assert error == OK and extras[USER_ID] == 1 and extras[RIGHTS] == 3
    assert log_in(user, 'admin', 'another')[0] == UNAUTHORIZED
    token = user.read(TOKEN_CREATE, actor=1, rights=0)['token']
    hashed = hashlib.sha256(token.encode()).digest()
    error, _, _, _, extras = user.ask(TOKEN_CHECK, {TOKEN_HASH: hashed}, actor=0, rights=0)
    assert error == OK and extras[USER_ID] == 1 and extras[RIGHTS] == 3
    assert user.ask(TOKEN_DELETE, {TOKEN_HASH: hashed}, actor=1)[0] == OK
    assert user.ask(TOKEN_CHECK, {TOKEN_HASH: hashed}, actor=0, rights=0)[0] == UNAUTHORIZED


def test_a_user_is_made_and_can_log_in(user):
    error, _, _, _, extras = user.ask(PASSWORD_HASH, {PASSWORD: 'a-password-of-9'})
    assert error == OK
    who = {USERNAME: 'anna', NAME: 'Anna Arno', EMAIL: 'anna@example.org', HASH: extras[HASH]}
    error, _, _, _, extras = user.ask(USER_CREATE, who)
    assert error == OK
    assert user.read(USER_GET, {ID: extras[ID]})['username'] == 'anna'
    assert user.ask(USER_CREATE, who)[0] == CONFLICT
    assert log_in(user, 'anna', 'a-password-of-9')[0] == OK
    assert {u['username'] for u in user.read(USER_LIST, {PAGE: 1, PER_PAGE: 50})} == {'admin', 'notification', 'anna'}


def test_an_end_just_after_a_start_waits_for_who_has_not_come_back(tmp_path):
    """Gateways that have lost the service trust what they know; it has to give them the time to hear of it again."""
    began = time.monotonic()
    user = alone.Alone(tmp_path, 'user', FLICKET_ADMIN_PASSWORD='a-passphrase', FLICKET_BCRYPT_COST=4)
    try:
        token = user.read(TOKEN_CREATE, actor=1, rights=0)['token']
        hashed = hashlib.sha256(token.encode()).digest()
        assert user.ask(TOKEN_DELETE, {TOKEN_HASH: hashed}, actor=1)[0] == OK
        assert time.monotonic() - began >= LEASE_SECONDS
        user.close()
    finally:
        user.desk.kill_everything()


def test_hashes_are_for_admins_only(user):
    assert user.ask(USER_EXPORT, {LIMIT: 5}, rights=2)[0] == FORBIDDEN
    assert user.read(USER_EXPORT, {LIMIT: 5})[0]['password'].startswith('$2b$04$')
