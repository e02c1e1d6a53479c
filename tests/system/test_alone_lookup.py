"""The lookup service alone, what it knows and what it keeps."""
import pytest

import alone
from alone import ID, NOT_FOUND, OK, PAGE, PER_PAGE

DEPARTMENT_GET, DEPARTMENT_LIST, DEPARTMENT_CREATE, PRIORITY_LIST, STATUS_LIST = 70, 71, 72, 79, 81
DEPARTMENT_EDIT, DEPARTMENT_DELETE, USER_GET = 83, 84, 10
DEPARTMENT = 32


@pytest.fixture(scope='module')
def lookup(tmp_path_factory):
    yield from alone.opened('lookup', tmp_path_factory)


def test_it_has_the_manners_of_a_service(lookup):
    alone.check_manners(lookup, USER_GET)


def test_it_comes_with_priorities_and_statuses(lookup):
    assert [p['priority'] for p in lookup.read(PRIORITY_LIST, {PAGE: 1, PER_PAGE: 50})] == ['low', 'medium', 'high']
    assert {s['status'] for s in lookup.read(STATUS_LIST, {PAGE: 1, PER_PAGE: 50})} >= {'Open', 'Closed'}


def test_departments_are_made_changed_and_removed(lookup):
    error, _, tag, _, extras = lookup.ask(DEPARTMENT_CREATE, {DEPARTMENT: 'Alone'})
    assert error == OK and tag != 0
    made = extras[ID]
    assert lookup.read(DEPARTMENT_GET, {ID: made})['department'] == 'Alone'
    assert lookup.read(DEPARTMENT_EDIT, {ID: made, DEPARTMENT: 'Still alone'})['department'] == 'Still alone'
    assert made in [d['id'] for d in lookup.read(DEPARTMENT_LIST, {PAGE: 1, PER_PAGE: 50})]
    assert lookup.ask(DEPARTMENT_DELETE, {ID: made})[0] == OK
    assert made not in [d['id'] for d in lookup.read(DEPARTMENT_LIST, {PAGE: 1, PER_PAGE: 50})]
    assert lookup.ask(DEPARTMENT_DELETE, {ID: made})[0] == NOT_FOUND
