"""Fixtures for tests in a browser: a desk of real processes (tests/system), and windows of Chromium or Firefox.

A test takes `browse` and gets pages: `browse(reading, 'agent', '/tickets/')`. Whatever the browser logs as an error,
violations of the content security policy among them, fails the test, unless it said before that it expects that
(`page.allow(…)`). Names of test files must differ from those of tests/system.
"""
import contextlib
import itertools
import re
import sqlite3
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'system'))

from fixtures import *  # noqa: E402,F403
from hooks import *  # noqa: E402,F403

from browser import Browser  # noqa: E402
from desk import ADMIN, SUPER, USER  # noqa: E402
from wire import expect  # noqa: E402

TOKENS = {'admin': ADMIN, 'agent': SUPER, 'reporter': USER}     # of an imported desk
PASSWORD_OF_NEW = 'a-users-passphrase'                          # of those that token_of() adds to a new desk


def token_of(desk, role):
    """A token of the admin, of an agent (a super_user) or of a reporter (in no group). A new desk gets the last two:
    Ann Agent and Rob Reporter."""
    if desk.kind == 'imported':
        return TOKENS[role]
    if not hasattr(desk, 'tokens'):
        desk.tokens = {}
    if role not in desk.tokens:
        desk.tokens[role] = make_token(desk, role)
    return desk.tokens[role]


def make_token(desk, role):
    admin = desk.admin()
    if role == 'admin':
        return admin.token
    name = {'agent': 'Ann Agent', 'reporter': 'Rob Reporter'}[role]
    expect(admin.post('users', {'username': role, 'name': name, 'email': f'{role}@example.org',
                                'password': PASSWORD_OF_NEW}), 201)
    if role == 'agent':
        group = next(g['id'] for g in admin.get('groups/').json()['items'] if g['group_name'] == 'super_user')
        expect(admin.post(f'group/{group}/members/', {'username': role}), 201)
    with desk.client() as client:
        return expect(client.log_in(role, PASSWORD_OF_NEW), 200)['token']


@pytest.fixture(scope='session', autouse=True)
def english(imported_stores):
    """The users of the three roles have chosen French, or nothing: give them English."""
    with contextlib.closing(sqlite3.connect(imported_stores / 'stores' / 'user' / 'user.db')) as db, db:
        db.execute("UPDATE users SET locale = 'en' WHERE id IN (1, 3, 6)")


def pytest_addoption(parser):
    parser.addoption('--browser', choices=['chromium', 'firefox'], default='chromium')


def make_browser(name, profile):
    if name == 'chromium':
        return Browser(profile)
    from firefox import PROGRAM, FirefoxBrowser
    if not PROGRAM.exists():
        pytest.skip(f'there is no {PROGRAM}')
    return FirefoxBrowser(profile)


@pytest.fixture(scope='session')
def chromium(tmp_path_factory, pytestconfig):
    browser = make_browser(pytestconfig.getoption('browser'), tmp_path_factory.mktemp('browser'))
    yield browser
    browser.quit()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item):
    """Leave the desks before they stop: what a page asks of a desk that is gone is no error of the page."""
    chromium = item.funcargs.get('chromium')
    item.logged = chromium.end_test() if chromium else []


@pytest.fixture
def browse(chromium, request):
    """browse(desk, role, path): a window with a page of the desk. `role`: admin, agent, reporter, or None for
    nobody. The same role has the same session in all its windows."""
    def open_page(desk, role=None, path=None):
        page = chromium.page(f'http://{role or "nobody"}.localhost:{desk.port}')
        if role:
            page.log_in_with(token_of(desk, role))
        return page.open(path) if path else page

    yield open_page
    assert not request.node.logged, 'the browser logged:\n' + '\n'.join(request.node.logged)


@pytest.fixture
def windows(browse):
    """Pages of several users who are not of the three roles: windows(desk, token, path)."""
    count = itertools.count(1)

    def open_page(desk, token, path):
        page = browse(desk)
        page.origin = f'http://user{next(count)}.localhost:{desk.port}'
        page.log_in_with(token)
        return page.open(path)
    return open_page


@pytest.fixture(autouse=True)
def missing_pictures(chromium):
    """The imported desk has no pictures of its users: the console shows their initials."""
    chromium.allowed.append(re.compile(r'/flicket_avatars/.* 404 '))
