"""Every key that the help names does what the help says, on a list, on a ticket and elsewhere; so does its row in the
palette. None does anything in a field or below a dialog. A key that the help names and that has no row here fails."""
import itertools
import re

import pytest

from conftest import token_of
from desk import REPO
from fixtures import close_desk
from lists import ids, total, wait_filters, wait_focused
from tickets import COMPOSER, make_ticket, open_workshop, posts_of, reply, ticket_of
from wire import expect

CLOSED = 2
count = itertools.count(1)


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    """Its tickets may be moved, and its list has two pages."""
    desk = open_workshop(tmp_path_factory.mktemp('desk'), FLICKET_CHANGE_CATEGORY='everybody')
    for n in range(55):
        make_ticket(desk.admin(), f'One of many {n}')
    token_of(desk, 'agent')
    yield desk
    close_desk(desk)


class World:
    """Three tickets that a word finds, and a page on them."""

    def __init__(self, desk, browse):
        self.desk, self.admin, self.word = desk, desk.admin(), f'keyword{next(count)}'
        self.tickets = [make_ticket(self.admin, f'{self.word} ticket {n}') for n in range(3)]
        reply(self.admin, self.tickets[1], 'Something to quote.')
        self.list = f'/tickets/?content={self.word}&sort=addedon'
        self.page = browse(desk, 'admin')

    def open_list(self):
        self.page.open(self.list)
        self.page.wait(lambda: ids(self.page) == self.tickets, 'the three tickets')

    def open_pages(self):
        self.page.open('/tickets/')
        self.page.wait(lambda: total(self.page), 'the list')

    def open_ticket(self):
        """The second of the three, from their list."""
        self.open_list()
        self.page.press('j', 'j', 'Enter').find('heading', re.compile(f'{self.word} ticket 1'))
        self.page.settle()

    def open_changed(self):
        """The list, with a message that offers to take a change back."""
        self.open_list()
        self.page.press('j', 's').find('dialog')
        self.page.press('ArrowDown', 'Enter').wait(lambda: self.ticket()['status_id'] == 3, 'the status is set')
        self.page.find('button', 'Undo')

    def open_departments(self):
        self.page.open('/departments/')

    def open_people(self):
        self.page.open('/users/')

    def open_new(self):
        self.page.open('/new')

    def ticket(self, n=0):
        return ticket_of(self.admin, self.tickets[n])

    def category(self, n):
        id = expect(self.admin.get(f'ticket/{self.tickets[n]}?fields=category_id'), 200)['category_id']
        return expect(self.admin.get(f'category/{id}'), 200)['category']


def leads_to(path, heading):
    def check(w):
        w.page.wait(lambda: w.page.path().replace('%2C', ',') == path, f'{path}, not {w.page.path()}')
        w.page.find('heading', re.compile(f'^{heading}'))
    return check


def focuses(role, name):
    return lambda w: w.page.wait_focus(role, name)


def shows(dialog):
    """A dialog; {} stands for the number of the first ticket."""
    return lambda w: w.page.find('dialog', dialog.format(w.tickets[0]))


def selects(n):
    return lambda w: w.page.see(f'{n} selected')


def becomes(n, member, value):
    return lambda w: w.page.wait(lambda: w.ticket(n)[member] == value, f'{member} {value}')


def follows(w):
    w.page.find('button', 'Follow', w.page.css('.properties')[0])


def assigns(n):
    """Asks who; the answer is typed."""
    def check(w):
        w.page.find('dialog')
        w.page.wait_focus('combobox', 'Assignee')
        w.page.type('ann').wait(lambda: len(w.page.all('option')) == 1, 'Ann Agent')
        w.page.press('Enter')
        agent = expect(w.desk.client(token_of(w.desk, 'agent')).get('user/me'), 200)['id']
        becomes(n, 'assigned_id', agent)(w)
    return check


def sets_by_arrow(member, value):
    """Asks which; the second choice is taken."""
    def check(w):
        w.page.find('dialog')
        w.page.press('ArrowDown', 'Enter')
        becomes(0, member, value)(w)
    return check


def moves(w):
    w.page.find('dialog', f'#{w.tickets[0]}: Category')
    w.page.wait_focus('combobox', 'Category')
    w.page.press('Control+a').type('netw').wait(lambda: len(w.page.all('option')) == 1, 'Networks')
    w.page.press('Enter')
    w.page.wait(lambda: w.category(0) == 'Networks', 'it is moved')


def asks_to_close(w):
    w.page.find('dialog', 'Close ticket')
    w.page.click('button', 'Close ticket', w.page.find('dialog'))
    becomes(1, 'status_id', CLOSED)(w)


def opens(n):
    return lambda w: w.page.wait(lambda: w.page.path() == f'/ticket/{w.tickets[n]}', 'the ticket')


def goes_back(w):
    w.page.wait(lambda: w.page.path() == w.list, 'the list')
    wait_focused(w.page, w.tickets[1])


def quotes(w):
    w.page.wait_focus('textbox', COMPOSER)
    assert w.page.field(COMPOSER).get_attribute('value') == '> **admin:**\n> Something to quote.\n\n'


def sends(w):
    w.page.see('Reply sent.')
    assert [post['content'] for post in posts_of(w.admin, w.tickets[1])] == ['Something to quote.', 'Sent by a key.']


def leaves_the_field(w):
    w.page.wait(lambda: w.page.focus()[0] != 'textbox', 'the field is left')
    assert not w.page.has('dialog')


# keys, what the help says, what is pressed before, what is true after
FRAME = [
    ('/', 'Search', [], focuses('searchbox', 'Search tickets')),
    ('c', 'New ticket', [], leads_to('/new', 'New ticket')),
    ('?', 'This help', [], shows('Help')),
    ('g h', 'Home', [], leads_to('/', 'Hello')),
    ('g m', 'My work', [], leads_to('/tickets/?assigned_id=me&status_id=1,3,4', 'My work')),
    ('g u', 'Unassigned', [], leads_to('/tickets/?assigned_id=unassigned&status_id=1,3,4', 'Unassigned')),
    ('g o', 'All open', [], leads_to('/tickets/?status_id=1,3,4', 'All open')),
    ('g n', 'Unread', [], leads_to('/tickets/?status_id=1,3,4&unread=me', 'Unread')),
    ('g r', 'Reported by me', [], leads_to('/tickets/?created_id=me', 'Reported by me')),
    ('g f', 'Followed', [], leads_to('/tickets/?subscriber_id=me&status_id=1,3,4', 'Followed')),
    ('g d', 'Closed', [], leads_to('/tickets/?status_id=2', 'Closed')),
    ('g e', 'Everything', [], leads_to('/tickets/?', 'Everything')),
    ('Ctrl K', 'Go to…', [], shows('Go to…')),
]
WRITING = [
    ('Ctrl Enter', 'Send', ['r', *'Sent by a key.'], sends),
    ('Esc', 'Leave a field', ['r', 'a'], leaves_the_field),
]
LIST = [
    ('j', 'Next ticket', [], lambda w: wait_focused(w.page, w.tickets[0])),
    ('k', 'Previous ticket', ['j', 'j', 'j'], lambda w: wait_focused(w.page, w.tickets[1])),
    ('o', 'Open the ticket', ['j'], opens(0)),
    ('x', 'Select', ['j'], selects(1)),
    ('X', 'Select up to this one', ['j', 'x', 'j', 'j'], selects(3)),
    ('*', 'Select all of the page', [], selects(3)),
    ('i', 'Assign to me', ['j'], becomes(0, 'assigned_id', 1)),
    ('a', 'Assign…', ['j'], assigns(0)),
    ('s', 'Status…', ['j'], sets_by_arrow('status_id', 3)),
    ('p', 'Priority…', ['j'], sets_by_arrow('ticket_priority_id', 2)),
    ('l', 'Move…', ['j'], moves),
    ('e', 'Close ticket', ['j'], becomes(0, 'status_id', CLOSED)),
]
# offered everywhere, and on a list under the name of its button
UNDO = [('z', 'Undo what the message says', [], becomes(0, 'status_id', 1))]
PAGES = [
    (']', 'Next', [], lambda w: wait_filters(w.page, page='2')),
    ('[', 'Previous', [']'], lambda w: wait_filters(w.page)),
]
TICKET = [
    ('u', 'Back to the list', [], goes_back),
    ('J', 'Next ticket of the list', [], opens(2)),
    ('K', 'Previous ticket of the list', [], opens(0)),
    ('r', 'Reply', [], focuses('textbox', COMPOSER)),
    ('q', 'Quote', [], quotes),
    ('i', 'Assign to me', [], becomes(1, 'assigned_id', 1)),
    ('a', 'Assign…', [], assigns(1)),
    ('s', 'Status', [], focuses('combobox', 'Status')),
    ('p', 'Priority', [], focuses('combobox', 'Priority')),
    ('l', 'Category', [], focuses('combobox', 'Category')),
    ('c', 'Close ticket', [], asks_to_close),
    ('e', 'Close ticket', [], asks_to_close),
    ('f', 'Stop following', [], follows),
]
PEOPLE = [('/', 'Find a person', [], focuses('searchbox', 'Name, username or e-mail'))]


def replaced(rows, own):
    """The rows of the frame without those that the page gives another meaning."""
    return [row for row in rows if row[0] not in {o[0] for o in own}] + own


# What the help names on each page, and how the page is opened for a row.
HELP = {
    'list': ('open_list', replaced(FRAME, LIST + PAGES) + UNDO + WRITING),
    'ticket': ('open_ticket', replaced(FRAME, TICKET) + UNDO + WRITING),
    'people': ('open_people', replaced(FRAME, PEOPLE) + UNDO + WRITING),
    'elsewhere': ('open_departments', FRAME + UNDO + WRITING),
}
OPENED = [('open_departments', FRAME), ('open_list', FRAME), ('open_ticket', [row for row in FRAME if row[0] != 'c']),
          ('open_list', LIST), ('open_changed', UNDO), ('open_pages', PAGES), ('open_ticket', TICKET + WRITING), ('open_people', PEOPLE)]
ROWS = [pytest.param(opened, *row, id=f'{opened[5:]} {row[0]}') for opened, rows in OPENED for row in rows]
# j and k move on from where one is, and writing keys are for fields: the palette has no use for them.
OF_PALETTE = [pytest.param(opened, *row, id=f'{opened[5:]} {row[0]}') for opened, rows in OPENED for row in rows
              if row[0] not in ('j', 'k', 'z', 'Ctrl K', 'Ctrl Enter', 'Esc') and (row not in FRAME or opened == 'open_departments')]


def press(page, keys):
    """Press keys as the help writes them."""
    held = '+'.join(keys.split()).replace('Ctrl', 'Control').replace('K', 'k')
    page.press(*[held] if keys.startswith('Ctrl') else ['Escape'] if keys == 'Esc' else keys.split())


@pytest.fixture
def world(desk, browse):
    return World(desk, browse)


@pytest.mark.parametrize('where', HELP)
def test_help_names_these_keys(world, where):
    opened, rows = HELP[where]
    getattr(world, opened)()
    page = world.page.press('?')
    shown = page.script("""return [...document.querySelector('dialog .keys').children]
        .map(row => [[...row.querySelectorAll('kbd')].map(k => k.innerText).join(' '), row.querySelector('dd').innerText])""")
    assert sorted(map(tuple, shown)) == sorted(row[:2] for row in rows)


def test_documents_name_these_keys():
    section = (REPO / 'docs' / 'console.md').read_text().split('## Keys')[1].split('\n## ')[0]
    named = set(re.findall(r'`([^`]+)`', section))
    wanted = {key for _, rows in HELP.values() for keys, *_ in rows for key in keys.split()} - {'K'} | {'J', 'K'}
    assert wanted - named == set()


@pytest.mark.parametrize('opened, keys, _, before, check', ROWS)
def test_key_does_what_the_help_says(world, opened, keys, _, before, check):
    getattr(world, opened)()
    world.page.press(*before)
    press(world.page, keys)
    check(world)


@pytest.mark.parametrize('opened, keys, does, before, check', OF_PALETTE)
def test_palette_does_it_too(world, opened, keys, does, before, check):
    getattr(world, opened)()
    page = world.page.press(*before, 'Control+k')
    page.wait_focus('combobox', 'Go to')
    page.type(does)
    chosen = "return document.querySelector('[role=option][aria-selected=true] .name')?.innerText"
    page.wait(lambda: does in page.texts('[role=option] .name'), f'{does} is offered')
    for _ in page.texts('[role=option] .name'):
        if page.script(chosen) == does:
            break
        before = page.script(chosen)
        page.press('ArrowDown').wait(lambda: page.script(chosen) != before, 'the next')
    page.press('Enter')
    check(world)


KEYS = sorted({keys for rows in (FRAME, LIST, UNDO, PAGES, TICKET) for keys, *_ in rows if not keys.startswith('Ctrl')})
# page, what leads to the field
FIELDS = [
    ('open_list', lambda page: page.press('/').wait_focus('searchbox')),
    ('open_list', lambda page: page.script("document.querySelector('main select').focus()")),
    ('open_ticket', lambda page: page.press('r').wait_focus('textbox')),
    ('open_ticket', lambda page: page.press('s').wait_focus('combobox')),
    ('open_ticket', lambda page: page.press('l').wait_focus('combobox')),
    ('open_ticket', lambda page: page.script("document.querySelector('.composer input[type=number]').focus()")),
    ('open_ticket', lambda page: page.click('button', 'Edit the title').wait_focus('textbox')),
    ('open_people', lambda page: page.press('/').wait_focus('searchbox')),
]
STATE = """const d = document; return [location.href.replace(/[?&]q=[^&]*/, ''), d.querySelectorAll('dialog[open]').length, d.querySelectorAll('tr.selected').length,
    d.activeElement?.id || d.activeElement?.className || d.activeElement?.tagName]"""


def send_all(page):
    for keys in KEYS:
        page.press(*keys.split())


@pytest.mark.parametrize('opened, enter', FIELDS, ids=['search', 'filter', 'reply', 'status', 'category', 'hours', 'title', 'person'])
def test_no_key_does_anything_in_a_field(world, opened, enter):
    getattr(world, opened)()
    page = world.page
    enter(page)
    # what a select changes by a letter is not sent: the field is only looked at
    page.script("document.activeElement.addEventListener('change', event => event.stopImmediatePropagation(), { capture: true })")
    before = page.script(STATE)
    send_all(page)
    assert page.script(STATE) == before
    assert [world.ticket(n)['status_id'] for n in range(3)] == [1, 1, 1]


# page, the key of a dialog
DIALOGS = [('open_list', ['?']), ('open_list', ['j', 's']), ('open_list', ['j', 'a']), ('open_ticket', ['a']), ('open_ticket', ['c']),
           ('open_ticket', ['?']), ('open_ticket', ['Control+k'])]


@pytest.mark.parametrize('opened, keys', DIALOGS, ids=[f'{opened[5:]} {keys[-1]}' for opened, keys in DIALOGS])
def test_no_key_does_anything_below_a_dialog(world, opened, keys):
    getattr(world, opened)()
    page = world.page.press(*keys)
    dialog = page.find('dialog')
    name = dialog.accessible_name
    before = page.script(STATE)
    send_all(page)
    page.press('Control+k')
    assert page.script(STATE)[:3] == before[:3]
    assert page.find('dialog').accessible_name == name
    assert [(world.ticket(n)['status_id'], world.ticket(n)['assigned_id']) for n in range(3)] == [(1, None)] * 3


LEFT = [
    ('open_list', lambda page: (page.press('/').wait_focus('searchbox', 'Search tickets'), page.type('some words'))),
    ('open_people', lambda page: page.press('/').wait_focus('searchbox')),
    ('open_ticket', lambda page: page.press('s').wait_focus('combobox', 'Status')),
    ('open_ticket', lambda page: page.script("document.querySelector('.composer input[type=number]').focus()")),
    ('open_ticket', lambda page: page.press('l').wait_focus('combobox', 'Category')),
    ('open_new', lambda page: page.wait_focus('textbox', 'Title')),
]


@pytest.mark.parametrize('opened, enter', LEFT, ids=['search', 'person', 'status', 'hours', 'category', 'title'])
def test_escape_leaves_every_field(world, opened, enter):
    """And the next key counts."""
    getattr(world, opened)()
    page = world.page
    enter(page)
    text = page.script('return document.activeElement.value')
    page.script('window.left = document.activeElement')
    page.press('Escape')
    page.wait(lambda: page.script('return document.activeElement !== window.left'), 'the field is left')
    assert page.script('return window.left.value') == text
    page.press('?').find('dialog', 'Help')


def test_title_gives_the_focus_back(world):
    """By Escape, by the button, and when it is saved."""
    world.open_ticket()
    page = world.page
    for leave in (lambda: page.press('Escape'), lambda: page.click('button', 'Cancel'), lambda: page.press('Control+a').type('Another title').press('Enter')):
        page.click('button', 'Edit the title').wait_focus('textbox', 'Title')
        leave()
        page.wait_focus('button', 'Edit the title')


def test_edit_begins_in_its_text(world):
    world.open_ticket()
    page = world.page
    page.click('button', 'Edit', page.css('#text')[0]).find('dialog', 'Edit')
    page.wait_focus('textbox', 'Text')


def test_palette_shows_what_is_chosen_on_a_low_screen(world):
    world.open_list()
    page = world.page.look(size=(900, 320))
    page.press('Control+k').wait_focus('combobox')
    seen = """const option = document.querySelector('[role=option][aria-selected=true]'), list = option.parentElement.getBoundingClientRect(),
        box = option.getBoundingClientRect(); return [[...option.parentElement.children].indexOf(option), box.top >= list.top - 1 && box.bottom <= list.bottom + 1]"""
    for n in range(1, len(page.script("return [...document.querySelectorAll('[role=option]')].map(o => o.id)"))):
        page.press('ArrowDown').wait(lambda n=n: page.script(seen) == [n, True], f'option {n} is in sight')
