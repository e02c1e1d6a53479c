"""Lists that are saved, unread tickets, the numbers at the side, the choice of a person, and the long press, against the
desk itself."""
import re

import pytest

from browser import PHONE
from conftest import PASSWORD_OF_NEW, token_of
from lists import row, wait_ids
from tickets import admin, desk, make_ticket, reply, ticket_of  # noqa: F401
from wire import expect


def views(client):
    return {v['name']: v for v in expect(client.get('views/?per_page=100'), 200)['items']}


@pytest.fixture(autouse=True)
def no_views(desk, admin):  # noqa: F811
    """Each test begins without saved lists."""
    for role in ('admin', 'agent', 'reporter'):
        with desk.client(token_of(desk, role)) as client:
            for view in views(client).values():
                client.request('DELETE', f'view/{view["id"]}')
    assert views(admin) == {}


def side(page):
    """(name, number) of the links at the side."""
    return dict(page.script("""return [...document.querySelectorAll('.side .views a')].map(
        a => [a.querySelector('.name').innerText, a.querySelector('.count')?.innerText ?? ''])"""))


def wait_side(page, name, number):
    page.wait(lambda: side(page).get(name) == number, f'{name} {number}, not {side(page)}')


def save(page, name, shared=False, instead=None):
    page.click('button', 'Save this list')
    dialog = page.find('dialog', 'Save this list')
    if instead:
        page.choose('Keep it as', instead)
    page.fill('Name of the list', name, dialog)
    if shared:
        page.click('checkbox', 'For everybody', dialog)
    page.press('Enter').see('The list is saved.')
    page.gone('dialog')


def test_a_list_is_saved_changed_and_deleted(browse, desk, admin):  # noqa: F811
    make_ticket(admin, 'A scanner to save')
    page = browse(desk, 'admin', '/tickets/?content=scanner&sort=title&page=1')
    save(page, '  Scanners  ')
    wait_side(page, 'Scanners', '1')
    assert (views(admin)['Scanners']['query'], views(admin)['Scanners']['shared']) == ('content=scanner&sort=title', False)
    page.find('heading', re.compile('^Scanners'))
    page.choose('Priority', 'high')
    page.find('heading', re.compile('^Search'))
    save(page, 'Urgent scanners', instead='«Scanners», changed')
    wait_side(page, 'Urgent scanners', '0')
    assert set(views(admin)) == {'Urgent scanners'} and 'ticket_priority_id=3' in views(admin)['Urgent scanners']['query']
    page.reload().find('heading', re.compile('^Urgent scanners'))
    page.click('button', 'Delete the saved list «Urgent scanners»')
    page.wait(lambda: 'Urgent scanners' not in side(page), 'it is gone')
    assert views(admin) == {}


def test_an_empty_name_is_told_beside_the_field(browse, desk):  # noqa: F811
    page = browse(desk, 'admin', '/tickets/?status_id=1')
    page.allow(r'views/ .* 4\d\d ', r'view/\d+ .* 4\d\d ')
    save(page, 'Taken')
    page.open('/tickets/?status_id=2').click('button', 'Save this list')
    page.fill('Name of the list', '   ').press('Enter')
    field = page.wait(lambda: page.all('textbox', 'Name of the list'), 'the field')[0]
    page.wait(lambda: field.get_attribute('aria-invalid') == 'true' or not page.script('return arguments[0].validity.valid', field), 'it is refused')
    assert page.has('dialog', 'Save this list')


def test_lists_of_others(browse, desk, admin):  # noqa: F811
    """What is shared is seen, and changed by its owner and admins only; what is not is nobody else's."""
    agent, reporter = (desk.client(token_of(desk, role)) for role in ('agent', 'reporter'))
    expect(agent.post('views/', {'name': 'Shared by Ann', 'query': 'status_id=1', 'shared': True}), 201)
    expect(agent.post('views/', {'name': 'Private of Ann', 'query': 'status_id=2', 'shared': False}), 201)
    page = browse(desk, 'reporter', '/tickets/?status_id=1')
    page.wait(lambda: 'Shared by Ann' in side(page), 'the shared list')
    assert 'Private of Ann' not in side(page)
    page.find('heading', re.compile('^Shared by Ann'))
    assert not page.has('button', re.compile('Delete the saved list'))
    page.click('button', 'Save this list').find('dialog')
    assert not page.has('combobox', 'Keep it as') and not page.has('checkbox', 'For everybody')
    page.press('Escape').gone('dialog')
    boss = browse(desk, 'admin', '/tickets/?status_id=1')
    boss.click('button', 'Delete the saved list «Shared by Ann»')
    boss.wait(lambda: 'Shared by Ann' not in side(boss), 'it is gone')
    assert set(views(agent)) == {'Private of Ann'} and views(reporter) == {}
    page.reload()
    assert 'Shared by Ann' not in side(page)


def test_lists_have_the_order_of_their_positions(browse, desk, admin):  # noqa: F811
    made = [expect(admin.post('views/', {'name': name, 'query': f'content={name}', 'shared': False}), 201)['id'] for name in ('first', 'second', 'third')]
    page = browse(desk, 'admin', '/')
    assert [name for name in side(page) if name in ('first', 'second', 'third')] == ['first', 'second', 'third']
    expect(admin.request('PATCH', f'view/{made[2]}', json={'position': 0}), 200)
    for n, view in enumerate(made[:2], 1):
        expect(admin.request('PATCH', f'view/{view}', json={'position': n}), 200)
    page.reload()
    assert [name for name in side(page) if name in ('first', 'second', 'third')] == ['third', 'first', 'second']


def test_a_list_is_moved_by_its_owner(browse, desk, admin):  # noqa: F811
    for name in ('first', 'second', 'third'):
        expect(admin.post('views/', {'name': name, 'query': f'content={name}', 'shared': False}), 201)
    page = browse(desk, 'admin', '/tickets/?content=second')
    page.click('button', 'Move «second» up')
    page.wait(lambda: [name for name in side(page) if name in ('first', 'second', 'third')] == ['second', 'first', 'third'], 'it is the first')
    page.click('button', 'Move «second» down').click('button', 'Move «second» down')
    page.wait(lambda: [name for name in side(page) if name in ('first', 'second', 'third')] == ['first', 'third', 'second'], 'it is the last')
    page.reload()
    assert [name for name in side(page) if name in ('first', 'second', 'third')] == ['first', 'third', 'second']
    assert [v['name'] for v in sorted(views(admin).values(), key=lambda v: v['position'])] == ['first', 'third', 'second']


HOSTILE = ['<img src=x onerror=alert(1)>', 'W' * 60, '打印机' * 20, 'مرحبا <b>', '&lt;b&gt;']


def test_hostile_names_of_lists_are_text(browse, desk, admin):  # noqa: F811
    for name in HOSTILE:
        expect(admin.post('views/', {'name': name, 'query': 'content=x', 'shared': True}), 201)
    page = browse(desk, 'admin', '/tickets/?content=x')
    assert set(HOSTILE) <= set(page.script("return [...document.querySelectorAll('.side .name')].map(n => n.textContent)"))
    for size in ((1280, 860), PHONE, (320, 640)):
        page.look(size=size).settle()
        if size[0] < 640:
            page.click('button', 'Menu')
        assert page.script("return document.documentElement.scrollWidth <= innerWidth && document.querySelector('.side').scrollWidth <= document.querySelector('.side').clientWidth"), size
        if size[0] < 640:
            page.press('Escape')


def test_a_list_that_the_desk_refuses_has_no_number(browse, desk, admin):  # noqa: F811
    expect(admin.post('views/', {'name': 'Odd', 'query': 'content=x', 'shared': False}), 201)
    page = browse(desk, 'admin', '/')
    wait_side(page, 'Odd', '0')


def test_numbers_follow_what_others_do(browse, desk, admin):  # noqa: F811
    page = browse(desk, 'agent', '/departments/')
    before = {name: int(number) for name, number in side(page).items() if number.isdigit()}
    ticket = make_ticket(admin, 'For the numbers')
    page.ask_again()
    for name, more in (('All open', 1), ('Unassigned', 1), ('Everything', 1), ('My work', 0)):
        wait_side(page, name, str(before[name] + more))
    agent = expect(desk.client(token_of(desk, 'agent')).get('user/me'), 200)['id']
    expect(admin.post(f'ticket/{ticket}/assign', {'user_id': agent}), 200)
    page.ask_again()
    for name, more in (('All open', 1), ('Unassigned', 0), ('My work', 1)):
        wait_side(page, name, str(before[name] + more))
    expect(admin.post(f'ticket/{ticket}/close', {}), 200)
    page.ask_again()
    for name, more in (('All open', 0), ('Closed', 1), ('My work', 0)):
        wait_side(page, name, str(before[name] + more))


def test_numbers_follow_ones_own_writes_at_once(browse, desk, admin):  # noqa: F811
    ticket = make_ticket(admin, 'Mine to take')
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    mine = int(side(page)['My work'])
    page.click('button', 'Assign to me').see('is yours')
    wait_side(page, 'My work', str(mine + 1))
    page.click('button', 'Close ticket').see('is closed')
    wait_side(page, 'My work', str(mine))
    listed = int(side(page)['Everything'])
    page.open('/new').fill('Title', 'Counted at once').fill('Text', 'A text of some length.').field('Category').click()
    page.find('option', re.compile('Printers')).click()
    page.click('button', 'Open the ticket').find('heading', re.compile('Counted at once'))
    wait_side(page, 'Everything', str(listed + 1))


# --- unread --------------------------------------------------------------------------------------------------------

def weight(page, ticket):
    return page.script("return getComputedStyle(document.getElementById('t' + arguments[0])).fontWeight", ticket)


def test_unread_is_bold_until_it_is_seen(browse, desk, admin):  # noqa: F811
    agent = desk.client(token_of(desk, 'agent'))
    word = 'unreadable'
    read, unread = make_ticket(admin, f'{word} one'), make_ticket(admin, f'{word} two')
    for ticket in (read, unread):
        expect(agent.request('PUT', f'ticket/{ticket}/seen', json={'post_id': 0}), 204)
    page = browse(desk, 'agent', f'/tickets/?content={word}&sort=addedon')
    wait_ids(page, [read, unread])
    assert [weight(page, ticket) for ticket in (read, unread)] == ['500', '500']
    count = int(side(page)['Unread'])
    reply(admin, unread, 'Something new.')
    page.ask_again()
    page.wait(lambda: weight(page, unread) == '700', 'it is bold')
    page.find('link', f'{word} two (unread)')
    assert weight(page, read) == '500'
    wait_side(page, 'Unread', str(count + 1))
    page.open(f'/tickets/?content={word}&unread=me')
    wait_ids(page, [unread])
    page.press('j', 'Enter').see('Something new.')
    wait_side(page, 'Unread', str(count))
    page.press('u')
    page.wait(lambda: page.path().startswith('/tickets/'), 'the list')
    page.wait(lambda: not page.css(f'tr[data-id="{unread}"]') or weight(page, unread) == '500', 'it is read')
    page.open(f'/tickets/?content={word}&sort=addedon')
    assert [weight(page, ticket) for ticket in (read, unread)] == ['500', '500']


def test_ones_own_replies_are_not_unread(browse, desk, admin):  # noqa: F811
    ticket = make_ticket(admin, 'readable ownwords')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Of my own.').press('Control+Enter').see('Reply sent.')
    page.open('/tickets/?content=ownwords')
    wait_ids(page, [ticket])
    assert weight(page, ticket) == '500'


def test_unread_in_another_window_follows(browse, desk, admin):  # noqa: F811
    """What is seen in one window is read in the other."""
    ticket = make_ticket(admin, 'twowindows')
    one, other = browse(desk, 'agent', '/tickets/?content=twowindows'), browse(desk, 'agent')
    reply(admin, ticket, 'Something new.')
    one.here().ask_again()
    one.wait(lambda: weight(one, ticket) == '700', 'it is bold')
    other.open(f'/ticket/{ticket}').see('Something new.')
    other.wait(lambda: other.requests('/seen$'), 'it is told')
    one.here().ask_again()
    one.wait(lambda: weight(one, ticket) == '500', 'it is read')


# --- the choice of a person ----------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def people(desk):  # noqa: F811
    """Two of a name, one without Latin letters, one who is disabled."""
    admin = desk.admin()  # noqa: F811
    made = {}
    for username, name in (('smith1', 'Sam Smith'), ('smith2', 'Sam Smith'), ('chenjing', '陈静 Chen'), ('elodie', 'Élodie Zoë'), ('gone', 'Sam Gone')):
        made[username] = expect(admin.post('users', {'username': username, 'name': name, 'email': f'{username}@example.org', 'password': PASSWORD_OF_NEW}), 201)['id']
    expect(admin.request('PATCH', f'user/{made["gone"]}', json={'disabled': True}), 200)
    return made


def open_picker(page, ticket):
    page.open(f'/ticket/{ticket}').press('a').wait_focus('combobox', 'Assignee')


def options(page):
    return page.texts('[role=option]')


def test_two_of_a_name_are_told_apart(browse, desk, admin, people):  # noqa: F811
    ticket = make_ticket(admin)
    page = browse(desk, 'admin')
    open_picker(page, ticket)
    page.type('sam smith').wait(lambda: len(options(page)) == 2, 'both')
    assert all(any(name in text for text in options(page)) for name in ('smith1', 'smith2'))
    page.press('ArrowDown', 'Enter').see('Assigned to Sam Smith.')
    second = people['smith2']
    assert ticket_of(admin, ticket)['assigned_id'] == second
    open_picker(page, ticket)
    page.press('Control+a').type('smith1@example').wait(lambda: len(options(page)) == 1, 'the other')
    page.press('Enter')
    page.wait(lambda: ticket_of(admin, ticket)['assigned_id'] == people['smith1'], 'assigned')


@pytest.mark.parametrize('typed, username', [('陈', 'chenjing'), ('elodie', 'elodie'), ('ÉLODIE', 'elodie'), ('zoe', 'elodie'), ('CHENJING@EXAMPLE', 'chenjing')])
def test_people_are_found_however_they_are_written(browse, desk, admin, people, typed, username):  # noqa: F811
    ticket = make_ticket(admin)
    page = browse(desk, 'admin')
    open_picker(page, ticket)
    page.type(typed).wait(lambda: len(options(page)) == 1 and username in options(page)[0], username)
    page.press('Enter')
    page.wait(lambda: ticket_of(admin, ticket)['assigned_id'] == people[username], 'assigned')


def test_nobody_and_the_disabled_are_not_offered(browse, desk, admin, people):  # noqa: F811
    ticket = make_ticket(admin)
    page = browse(desk, 'admin')
    open_picker(page, ticket)
    page.type('sam gone').see('Nothing found')
    page.press('Enter')
    assert page.has('dialog') and ticket_of(admin, ticket)['assigned_id'] is None
    page.press('Escape').wait(lambda: options(page) and page.has('dialog'), 'everybody again, as nothing is typed')
    page.press('Escape').gone('dialog')


def test_picker_by_keys(browse, desk, admin, people):  # noqa: F811
    """The arrows go round, the pointer chooses too, and Enter before the answer waits for it."""
    page = browse(desk, 'admin')
    ticket = make_ticket(admin)
    open_picker(page, ticket)
    page.wait(lambda: len(options(page)) >= 5, 'suggestions')
    chosen = "return [...document.querySelectorAll('[role=option]')].findIndex(o => o.ariaSelected === 'true')"
    assert page.script(chosen) == 0 and options(page)[0].endswith('admin'), 'oneself is the first'
    page.press('ArrowUp').wait(lambda: page.script(chosen) == len(options(page)) - 1, 'the last')
    page.press('ArrowDown').wait(lambda: page.script(chosen) == 0, 'the first again')
    active = page.script("return document.activeElement.getAttribute('aria-activedescendant')")
    assert active and page.script('return document.getElementById(arguments[0]).ariaSelected', active) == 'true'
    page.script("""const ask = fetch; window.fetch = (url, how) => String(url).includes('users/?')
        ? new Promise(go => { window.release = () => go(ask(url, how)); }) : ask(url, how)""")
    page.type('smith2').wait(lambda: page.script('return !!window.release'), 'it is asked')
    page.press('Enter')
    assert page.has('dialog')
    page.script('window.release()')
    page.wait(lambda: ticket_of(admin, ticket)['assigned_id'] == people['smith2'], 'the one that was typed')


def test_filter_by_somebody_and_by_nobody(browse, desk, admin, people):  # noqa: F811
    word = 'filterperson'
    mine, free = make_ticket(admin, f'{word} one'), make_ticket(admin, f'{word} two')
    expect(admin.post(f'ticket/{mine}/assign', {'user_id': people['smith2']}), 200)
    page = browse(desk, 'admin', f'/tickets/?content={word}')
    page.click('button', re.compile('^Filters'))
    page.choose('Assignee', 'Somebody…')
    page.fill('Name of the Assignee', 'smith2').wait(lambda: len(options(page)) == 1, 'the person')
    page.press('Enter').click('button', 'Show')
    wait_ids(page, [mine])
    page.see('Assignee: Sam Smith')
    page.click('button', re.compile('^Filters'))
    page.choose('Assignee', 'nobody').click('button', 'Show')
    wait_ids(page, [free])
    page.see('Assignee: nobody')


# --- fingers -------------------------------------------------------------------------------------------------------

def touch(page, element, then):
    """A finger on an element: down, what happens meanwhile, and up."""
    box = element.rect
    scroll = page.script('return [scrollX, scrollY]')
    at = {'x': box['x'] - scroll[0] + box['width'] / 2, 'y': box['y'] - scroll[1] + box['height'] / 2}
    page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchStart', 'touchPoints': [at]})
    then(at)
    page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})


def test_a_finger_that_rests_selects(browse, desk, admin):  # noqa: F811
    tickets = [make_ticket(admin, f'fingers {n}') for n in range(3)]
    page = browse(desk, 'admin').look(size=PHONE).open('/tickets/?content=fingers&sort=addedon')
    wait_ids(page, tickets)
    touch(page, row(page, tickets[0]), lambda _: page.see('1 selected'))
    page.see('1 selected')
    assert page.path().startswith('/tickets/')
    touch(page, row(page, tickets[2]), lambda _: page.see('2 selected'))
    touch(page, row(page, tickets[2]), lambda _: page.see('1 selected'))
    page.click('button', 'Clear the selection')
    page.gone('region', 'Selected tickets')


def test_a_finger_that_moves_or_leaves_soon_selects_nothing(browse, desk, admin):  # noqa: F811
    tickets = [make_ticket(admin, f'scrolling {n}') for n in range(3)]
    page = browse(desk, 'admin').look(size=PHONE).open('/tickets/?content=scrolling&sort=addedon')
    wait_ids(page, tickets)
    page.script("window.pressed = 0; addEventListener('pointermove', () => { window.pressed++; }, { capture: true })")

    def move(at):
        for step in range(1, 6):
            page.driver.execute_cdp_cmd('Input.dispatchTouchEvent', {'type': 'touchMove', 'touchPoints': [{'x': at['x'], 'y': at['y'] + 12 * step}]})
        page.wait(lambda: page.driver.execute_async_script('setTimeout(arguments[0], 700, true)'), 'longer than a long press')
    touch(page, row(page, tickets[1]), move)
    assert not page.has('region', 'Selected tickets') and page.path().startswith('/tickets/')
    touch(page, page.css(f'#t{tickets[1]}')[0], lambda _: None)
    page.wait(lambda: page.path() == f'/ticket/{tickets[1]}', 'a tap opens it')
