"""The ticket service alone: tickets are written and found while nobody else is there."""
import pytest

import alone
from alone import ID, NOT_FOUND, OK, PAGE, PER_PAGE

TICKET_GET, TICKET_LIST, TICKET_CREATE, TICKET_EDIT, TICKET_CLAIM, USER_GET = 30, 31, 32, 38, 41, 10
CATEGORY_ID, PRIORITY_ID, TITLE, CONTENT = 27, 29, 30, 31


@pytest.fixture(scope='module')
def ticket(tmp_path_factory):
    yield from alone.opened('ticket', tmp_path_factory)


def test_it_has_the_manners_of_a_service(ticket):
    alone.check_manners(ticket, USER_GET)


def test_tickets_are_made_changed_and_listed(ticket):
    error, _, _, _, extras = ticket.ask(TICKET_CREATE, {TITLE: 'Printer is alone', CONTENT: 'It prints nothing.',
                                                        CATEGORY_ID: 1, PRIORITY_ID: 1})
    assert error == OK
    made = extras[ID]
    assert ticket.read(TICKET_GET, {ID: made})['title'] == 'Printer is alone'
    assert ticket.read(TICKET_EDIT, {ID: made, TITLE: 'Printer prints'})['title'] == 'Printer prints'
    assert ticket.ask(TICKET_CLAIM, {ID: made})[0] == OK
    error, total, _, _, _ = ticket.ask(TICKET_LIST, {PAGE: 1, PER_PAGE: 50, CONTENT: 'prints'})
    assert error == OK and total == 1
    assert ticket.ask(TICKET_GET, {ID: made + 1})[0] == NOT_FOUND


def test_what_it_has_to_tell_others_waits(ticket):
    before = ticket.ask(TICKET_LIST, {PAGE: 1, PER_PAGE: 1})[1]
    for i in range(20):
        assert ticket.ask(TICKET_CREATE, {TITLE: f'Number {i}', CONTENT: 'some content', CATEGORY_ID: 1,
                                          PRIORITY_ID: 1})[0] == OK
    assert ticket.ask(TICKET_LIST, {PAGE: 1, PER_PAGE: 1})[1] == before + 20
