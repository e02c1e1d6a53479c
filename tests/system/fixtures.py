"""Fixtures: desks to test against, for the tests of this folder and for those in a browser. See desk.py."""
import contextlib
import os
import shutil
import sqlite3
import tempfile

import hypothesis
import pytest

from desk import ADMIN, SUPER, USER, Desk, flicket_database, run_program

# Where hypothesis keeps its tables; never in the source tree.
os.environ.setdefault('HYPOTHESIS_STORAGE_DIRECTORY', tempfile.gettempdir() + '/flicket-hypothesis')

hypothesis.settings.register_profile(
    'flicket', deadline=None, database=None, print_blob=True,
    # The same examples on every run of a pull request, new ones at every developer's desk.
    derandomize=bool(os.environ.get('CI')),
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture])
hypothesis.settings.load_profile('flicket')


@pytest.fixture(scope='session')
def imported_stores(tmp_path_factory):
    """The stores of an imported desk, made once; desks start with a copy."""
    desk = Desk(tmp_path_factory.mktemp('stores'), 'imported')
    desk.take_over()
    make_logins_cheap(desk.data)
    return desk.data


def make_logins_cheap(data):
    """A refused login costs as much as the costliest hash there is, and is counted for a minute: give the two users
    that Flicket makes their passwords at a cost of 4, which all others have."""
    with contextlib.closing(sqlite3.connect(data / 'stores' / 'user' / 'user.db')) as db, db:
        for name, hash in (('admin', b'$2b$04$flicketTestsCheapHash.B77X4bJLLdG/1p36gTmqbg74xrJ9pWa'),
                           ('notification', b'$2b$04$flicketTestsCheapHash.WzSq4MoUAKuchDN.UNKe8vwkAXXOoEa')):
            changed = db.execute('UPDATE users SET password = ? WHERE username = ?', (hash, name)).rowcount
            assert changed == 1, name


def furnish(folder, kind, stores, **settings):
    """A desk that is not started yet."""
    desk = Desk(folder, kind, **settings)
    if kind == 'imported':
        shutil.copytree(stores, desk.data, ignore=shutil.ignore_patterns('*.sock'))
    return desk


def open_desk(folder, kind, stores, **settings):
    """A running desk; whatever was started is ended if it does not come up."""
    desk = furnish(folder, kind, stores, **settings)
    try:
        return desk.start()
    except BaseException:
        desk.kill_everything()
        raise


def close_desk(desk):
    try:
        desk.stop()
    finally:
        desk.kill_everything()


@pytest.fixture(scope='session')
def reading(tmp_path_factory, imported_stores):
    """The imported desk that all tests of one worker share. They only read."""
    desk = open_desk(tmp_path_factory.mktemp('reading'), 'imported', imported_stores)
    yield desk
    close_desk(desk)


@pytest.fixture
def reader(reading):
    """A client of the shared desk, signed in as the admin."""
    with reading.client() as c:
        yield c


@pytest.fixture
def desks(tmp_path, imported_stores):
    """Make running desks of one's own: desks('new'), desks('imported', FLICKET_X=1)."""
    made = []

    def make(kind='new', start=True, **settings):
        folder = tmp_path / f'desk{len(made)}'
        desk = furnish(folder, kind, imported_stores, **settings)
        made.append(desk)
        return desk.start() if start else desk

    make.made = made
    yield make
    wrong = []
    for desk in made:
        try:
            close_desk(desk)
        except AssertionError as e:
            wrong.append(str(e))
    assert not wrong, '\n'.join(wrong)


@contextlib.contextmanager
def stores_of_use(folder, use):
    """The stores of a new desk that `use(desk)` was called with, and that has ended."""
    desk = Desk(folder, 'new')
    try:
        use(desk.start())
        desk.stop()
        yield desk.data
    finally:
        desk.kill_everything()


@pytest.fixture
def data(used, tmp_path):
    """A copy, of the test's own, of the stores that the fixture `used` of its file gives."""
    shutil.copytree(used, tmp_path / 'data', ignore=shutil.ignore_patterns('*.sock*'))
    return tmp_path / 'data'


@pytest.fixture
def imported(desks):
    """An imported desk of the test's own."""
    return desks('imported')


@pytest.fixture
def second(tmp_path):
    """A desk on a folder that something is restored to."""
    desk = Desk(tmp_path / 'second', 'imported')
    yield desk
    try:
        desk.stop()
    finally:
        desk.kill_everything()


@pytest.fixture
def new(desks):
    """A new desk of the test's own: defaults, admin with desk.ADMIN_PASSWORD."""
    return desks('new')


@pytest.fixture(scope='module')
def writing(tmp_path_factory, imported_stores):
    """An imported desk that the tests of one file share; they add to it and break nothing."""
    desk = open_desk(tmp_path_factory.mktemp('writing'), 'imported', imported_stores)
    yield desk
    close_desk(desk)


@pytest.fixture
def admin(writing):
    """A client of the desk that the tests of one file share: a member of flicket_admin."""
    with writing.client(ADMIN) as c:
        yield c


@pytest.fixture
def user(writing):
    """Likewise a user without a group."""
    with writing.client(USER) as c:
        yield c


@pytest.fixture
def other(writing):
    """Likewise another user, a member of super_user."""
    with writing.client(SUPER) as c:
        yield c


@pytest.fixture
def taken_over(desks, tmp_path):
    """Import a changed copy of the recorded database: the result, and the desk, which does not run."""
    def take(change, *options):
        desk = desks('new', start=False)
        db = flicket_database(tmp_path / 'flicket.db', change)
        return run_program('flicketctl', 'import', '--data', str(desk.data), *options, str(db)), desk
    return take
