"""Tickets to open in a browser, made by requests."""
import itertools

import pytest

from fixtures import close_desk, open_desk
from wire import expect

COMPOSER = 'Reply to everybody on this ticket'
count = itertools.count(1)


def open_workshop(folder, **settings):
    """A new desk with two categories more than it has from the start."""
    desk = open_desk(folder, 'new', None, **settings)
    admin = desk.admin()
    department = expect(admin.post('departments/', {'department': 'Workshop'}), 201)['id']
    for name in ('Printers', 'Networks'):
        expect(admin.post('categories/', {'category': name, 'department_id': department}), 201)
    return desk


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    """A new desk that the tests of one file share. Its tickets are in the first category."""
    desk = open_workshop(tmp_path_factory.mktemp('desk'))
    yield desk
    close_desk(desk)


@pytest.fixture(scope='module')
def movable(tmp_path_factory):
    """The same, for a file whose tickets may be moved: `from tickets import movable as desk`."""
    desk = open_workshop(tmp_path_factory.mktemp('desk'), FLICKET_CHANGE_CATEGORY='everybody')
    yield desk
    close_desk(desk)


@pytest.fixture
def admin(desk):
    return desk.admin()


def make_ticket(client, title=None, content='What this ticket is about.', **more):
    body = {'title': title or f'A ticket to try {next(count)}', 'content': content, 'category_id': 1, 'ticket_priority_id': 1}
    return expect(client.post('tickets/', {**body, **more}), 201)['id']


def reply(client, ticket, content='A reply to read.', **more):
    return expect(client.post('posts', {'ticket_id': ticket, 'content': content, **more}), 201)['id']


def ticket_of(client, ticket):
    return expect(client.get(f'ticket/{ticket}?fields=id,title,content,status_id,assigned_id,ticket_priority_id,hours'), 200)


def posts_of(client, ticket):
    return expect(client.get(f'posts/{ticket}/?per_page=100&fields=id,content,hours,user_id'), 200)['items']


def wait_text(page, words):
    """Wait until the page has a text, which may be out of sight."""
    page.wait(lambda: page.script('return document.body.textContent.includes(arguments[0])', words), f'text {words}')
