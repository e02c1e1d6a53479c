"""Lists of tickets: their filters, order and pages are the URL; what is shown stays true, and stays where it is."""
import csv
import io
import re

import pytest

from browser import PHONE
from lists import (COUNT, PER_PAGE, admin_of, downloaded, filters, focused, ids, items, made_up_desk, new_ticket, row, total,
                   wait_filters, wait_focused, wait_ids, wait_total)
from wire import expect


@pytest.fixture(scope='module')
def busy(tmp_path_factory):
    """A desk that the tests of this file share and only read."""
    desk = made_up_desk(tmp_path_factory.mktemp('busy'))
    yield desk
    desk.stop()
    desk.kill_everything()


@pytest.fixture
def own(tmp_path):
    desk = made_up_desk(tmp_path / 'own', 60)
    yield desk
    desk.kill_everything()


def names(desk, path, member):
    with admin_of(desk) as admin:
        return {thing['id']: thing[member] for thing in expect(admin.get(path), 200)['items']}


def test_another_list_begins_at_its_heading(browse, busy):
    """The focus was in a row: it does not stay at that place among other tickets."""
    page = browse(busy, 'admin', '/tickets/')
    page.press('j', 'j', 'j')
    page.wait(lambda: focused(page) == ids(page)[2], 'the third ticket')
    page.press('g', 'o').wait_focus('heading', re.compile('^All open'))
    page.press('j')
    page.wait(lambda: focused(page) == ids(page)[0], 'its first ticket')
    page.press('j', 'g', 'e').wait_focus('heading', re.compile('^Everything'))
    page.back().find('heading', re.compile('^All open'))
    page.wait(lambda: focused(page) == ids(page)[1], 'where it was')


def test_pages(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    page.find('heading', f'Everything {COUNT}')
    assert len(ids(page)) == PER_PAGE
    page.see(f'1–50 of {COUNT}')
    first = ids(page)
    page.press(']')
    wait_filters(page, page='2')
    page.see(f'51–100 of {COUNT}')
    second = ids(page)
    assert not set(first) & set(second)
    page.click('button', 'Last').see(f'101–{COUNT} of {COUNT}')
    assert not page.find('button', 'Next').is_enabled()
    page.press('[').see('51–100')
    wait_ids(page, second)
    page.click('button', 'First').see('1–50')
    wait_ids(page, first)
    assert filters(page) == {}


def test_page_that_is_not_there(browse, busy):
    page = browse(busy, 'admin')
    page.allow(r'/tickets/9/.* 404 ')
    page.open('/tickets/?page=9').see('This list has no page 9.')
    page.click('button', 'First')
    page.see('1–50 of')


@pytest.mark.parametrize('query', ['page=x', 'page=-1', 'page=0', 'page=1.7', 'page=', 'status_id=&page=1'])
def test_odd_pages_are_the_first(browse, busy, query):
    page = browse(busy, 'admin', '/tickets/?' + query)
    wait_total(page, str(COUNT))


def test_menus_are_filters_of_the_url(browse, busy):
    with admin_of(busy) as admin:
        closed = [t['id'] for t in items(admin, status='Closed', sort='last_updated_desc')]
        count = expect(admin.get('tickets/?status=Closed'), 200)['_meta']['total_items']
        low = [t['id'] for t in items(admin, status='Closed', ticket_priority_id=1, sort='last_updated_desc')]
    statuses = {name: id for id, name in names(busy, 'statuses/', 'status').items()}
    page = browse(busy, 'admin', '/tickets/?page=2')
    page.choose('Status', 'Closed')
    wait_filters(page, status_id=str(statuses['Closed']))
    wait_total(page, str(count))
    wait_ids(page, closed[:PER_PAGE])
    page.choose('Priority', 'low')
    wait_filters(page, status_id=str(statuses['Closed']), ticket_priority_id='1')
    wait_ids(page, low[:PER_PAGE])
    again = browse(busy, 'admin', page.path())
    wait_ids(again, low[:PER_PAGE])
    assert again.field('Status').get_property('value') == str(statuses['Closed'])
    again.back()
    page.back()
    wait_ids(page, closed[:PER_PAGE])


def test_department_and_category(browse, busy):
    with admin_of(busy) as admin:
        category = expect(admin.get('department_categories/'), 200)['items'][0]
        of_department = [t['id'] for t in items(admin, department_id=category['department_id'], sort='last_updated_desc')]
        of_category = [t['id'] for t in items(admin, category_id=category['category_id'], sort='last_updated_desc')]
    page = browse(busy, 'admin', '/tickets/')
    page.choose('Category', f'All of {category["department"]}')
    wait_filters(page, department_id=str(category['department_id']))
    wait_ids(page, of_department[:PER_PAGE])
    page.choose('Category', category['category'])
    wait_filters(page, category_id=str(category['category_id']))
    wait_ids(page, of_category[:PER_PAGE])


def test_sheet_sets_all_filters_at_once(browse, busy):
    with admin_of(busy) as admin:
        mine = [t['id'] for t in items(admin, assigned_id='me', added_since='2000-01-02', sort='title')]
    page = browse(busy, 'admin', '/tickets/?page=2')
    page.click('button', 'Filters')
    page.find('dialog', 'Filters')
    page.choose('Assignee', 'me').choose('Sort by', 'Title')
    page.script("""const date = document.querySelector('[name=added_since]'); date.value = '2000-01-02';
        for (const kind of ['input', 'change']) date.dispatchEvent(new Event(kind, { bubbles: true }));""")
    page.forget_requests()
    page.click('button', 'Show')
    wait_filters(page, assigned_id='me', added_since='2000-01-02', sort='title')
    wait_ids(page, mine[:PER_PAGE])
    assert len(page.requests(r'flicket-api/tickets/\d+/')) == 1
    page.see('Assignee: me').see('Created since: Jan 2, 2000')
    page.click('button', 'Drop the filter: Assignee')
    wait_filters(page, added_since='2000-01-02', sort='title')


def test_order(browse, busy):
    with admin_of(busy) as admin:
        by_title = [t['id'] for t in items(admin, sort='title')]
    page = browse(busy, 'admin', '/tickets/')
    page.choose('Sort by', 'Title')
    wait_filters(page, sort='title')
    wait_ids(page, by_title[:PER_PAGE])


def test_csv_has_the_filters(browse, busy):
    with admin_of(busy) as admin:
        wanted = {t['id'] for t in items(admin, ticket_priority_id=2)}
    page = browse(busy, 'admin', '/tickets/?ticket_priority_id=2')
    page.click('link', 'Download this list as CSV')
    rows = list(csv.DictReader(io.StringIO(downloaded(page, r'tickets.*\.csv'))))
    assert len(rows) == len(wanted)


def test_search_marks_what_it_found(browse, own):
    found = new_ticket(own, 'The zyxwyt does not print', 'It says <b>zyxwyt</b> & stops.')
    page = browse(own, 'admin', '/tickets/')
    page.press('/').type('zyxwyt').press('Enter')
    wait_filters(page, content='zyxwyt')
    wait_ids(page, [found])
    page.find('heading', 'Search 1')
    assert set(page.texts('mark')) == {'zyxwyt'}
    assert '<b>zyxwyt</b> & stops' in row(page, found).text
    assert page.field('Sort by').get_property('value') == 'relevance'
    assert page.field('Search tickets').get_property('value') == 'zyxwyt'


def test_a_filter_that_is_no_id_is_shown_as_it_is(browse, busy):
    page = browse(busy, 'admin')
    page.allow(r'status_id=open .* 400', r'status_id=open.* 400')
    page.open('/tickets/?status_id=open').see('is not an id')
    assert page.script("return document.querySelector('.menus select').selectedOptions[0].textContent") == 'open'
    page.click('button', 'Drop the filter: Status').find('heading', re.compile('^Everything'))


def test_search_says_what_it_left_out(browse, busy):
    page = browse(busy, 'admin', '/tickets/?content=' + '+'.join(f'word{i}' for i in range(40)))
    note, = page.wait(lambda: page.texts('.note'), 'a note')
    assert '32' in note and 'words' in note


def test_number_in_the_search_is_a_ticket(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    page.press('/').type('#0007').press('Enter')
    page.wait(lambda: page.path() == '/ticket/7', 'ticket 7')


def test_nothing_found_offers_to_drop_each_filter(browse, busy):
    page = browse(busy, 'admin', '/tickets/?content=qqqqqqzz&assigned_id=me')
    page.see('Nothing was found for «qqqqqqzz».')
    page.click('button', re.compile('Drop the filter: Words: qqqqqqzz'))
    wait_filters(page, assigned_id='me')
    page.wait(lambda: ids(page), 'tickets')
    assert page.script("return document.activeElement !== document.body"), 'the focus is lost'


def test_filter_that_is_not_one(browse, busy):
    page = browse(busy, 'admin')
    page.allow(r'colour=red.* 400 ')
    page.open('/tickets/?colour=red&assigned_id=me').see('colour')
    assert ids(page) == []
    page.click('button', 'Drop the filter: colour', within=page.find('alert'))
    wait_filters(page, assigned_id='me')
    page.wait(lambda: ids(page), 'tickets')
    page.gone('alert')


def test_service_that_is_away_comes_back(browse, own):
    """The list stays, what is wrong is said where it is, and it goes on by itself."""
    page = browse(own, 'admin', '/tickets/')
    before = ids(page)
    page.allow(' 503 ')
    own.kill('ticket')
    page.ask_again()
    page.find('alert')
    page.find('button', 'Try again')
    assert ids(page) == before
    new = browse(own, 'admin')
    new.here().driver.get(new.origin + '/tickets/?sort=title')
    new.find('alert')
    own.restart('ticket')
    for window in (page, new):
        window.gone('alert')
        window.wait(lambda w=window: len(ids(w)) == PER_PAGE, 'the list')


def test_news_wait_until_they_are_wanted(browse, own):
    page = browse(own, 'admin', '/tickets/')
    before = ids(page)
    new = new_ticket(own, 'Came meanwhile')
    page.ask_again()
    page.find('button', '1 more ticket. Show it')
    assert ids(page) == before, 'rows have moved'
    wait_total(page, '61')
    page.click('button', '1 more ticket. Show it')
    wait_ids(page, [new, *before[:PER_PAGE - 1]])
    page.gone('button', '1 more ticket. Show it')


def test_change_of_a_shown_ticket_is_shown_in_its_place(browse, own):
    made = new_ticket(own, 'A printer')
    page = browse(own, 'admin', '/tickets/?sort=title')
    before = ids(page)
    with admin_of(own) as admin:
        expect(admin.post(f'ticket/{made}/claim', {}), 200)
    page.ask_again()
    page.wait(lambda: 'In Work' in row(page, made).text, 'the new status')
    assert ids(page) == before
    assert not page.has('button', re.compile('Show'))


def test_rows_have_no_boxes_that_scroll(browse, busy):
    """What is too long is cut without them: the browser makes a layer for each, which costs a fifth of the time of a list."""
    page = browse(busy, 'admin', '/tickets/')
    assert page.script('''return [...document.querySelectorAll('tr[data-id] *')]
        .filter(e => !e.matches('.unread .hidden') && getComputedStyle(e).display !== 'inline'
            && ['hidden', 'auto', 'scroll'].includes(getComputedStyle(e).overflowX))
        .map(e => e.outerHTML)''') == []
    assert page.script('''return ['a.ticket', '.category', 'td.people'].map(part => document.querySelector(`tr[data-id] ${part}`))
        .map(e => getComputedStyle(e)).every(style => style.overflowX === 'clip' && style.textOverflow === 'ellipsis')''')


def test_nothing_is_asked_while_nobody_looks(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    hide = "Object.defineProperty(document, 'visibilityState', { value: arguments[0], configurable: true });" \
        "document.dispatchEvent(new Event('visibilitychange'));"
    page.script(hide, 'hidden')
    page.forget_requests()
    page.ask_again()
    page.script("return fetch('/healthz')")
    page.wait(lambda: page.requests('healthz'), 'a request')
    assert page.requests('flicket-api') == []
    page.script(hide, 'visible')
    page.wait(lambda: page.requests(r'flicket-api/tickets/1/'), 'the list is asked for')
    status = "return performance.getEntriesByType('resource').filter(e => e.name.includes('/tickets/1/')).map(e => e.responseStatus)"
    page.wait(lambda: page.script(status)[-1] == 304, 'an answer without a body')


def test_keys_move_the_focus(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    shown = ids(page)
    page.press('j')
    wait_focused(page, shown[0])
    page.press('j', 'j', 'k')
    wait_focused(page, shown[1])
    page.press('k', 'k', 'k')
    wait_focused(page, shown[0])
    page.press('x', 'j', 'j', 'X')
    page.see('3 selected')
    assert [i for i in shown if row(page, i).get_attribute('class').strip().startswith('selected')] == shown[:3]
    page.press('*').see('50 selected').press('*')
    page.gone('region', 'Selected tickets')
    wait_focused(page, shown[2])


@pytest.mark.parametrize('key', ['Enter', 'o'])
def test_back_is_where_one_was(browse, busy, key):
    page = browse(busy, 'admin', '/tickets/?sort=title')
    shown = ids(page)
    page.press(*'j' * 30)
    wait_focused(page, shown[29])
    scroll = page.script('return scrollY')
    assert scroll > 0
    page.press(key)
    page.wait(lambda: page.path() == f'/ticket/{shown[29]}', 'the ticket')
    page.settle()
    page.back()
    wait_focused(page, shown[29])
    wait_ids(page, shown)
    page.wait(lambda: page.script('return scrollY') == scroll, 'the list where it was')


def test_way_back_from_a_ticket_leads_to_its_row(browse, busy):
    page = browse(busy, 'admin', '/tickets/?sort=title')
    shown = ids(page)
    page.press(*'jjjj', 'Enter').settle()
    page.wait(lambda: page.path() == f'/ticket/{shown[3]}', 'the ticket')
    page.press('u')
    wait_filters(page, sort='title')
    wait_focused(page, shown[3])


def test_keys_do_nothing_in_fields(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    page.press('/').type('jx*]e')
    assert page.field('Search tickets').get_property('value') == 'jx*]e'
    assert filters(page) == {} and focused(page) == 0
    assert not page.has('region', 'Selected tickets')


HOSTILE = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', 'W' * 128, 'مرحبا بالعالم <b>', '无法打印文件' * 10, '&lt;b&gt; {{7*7}}',
           'a\u0301' * 60]


def test_hostile_titles_are_text(browse, own):
    made = {new_ticket(own, title, title): title for title in HOSTILE}
    page = browse(own, 'admin', '/tickets/')
    for ticket, title in made.items():
        assert page.css(f'#t{ticket}')[0].text == title
    assert page.script("return document.querySelectorAll('main img[src=x], main script, main b').length") == 0
    for size in ((1280, 860), PHONE, (320, 640)):
        page.look(size=size).settle()
        assert page.script('return document.documentElement.scrollWidth <= innerWidth'), f'{size} is scrolled sideways'
    page.look()


def test_phone(browse, busy):
    page = browse(busy, 'admin').look(size=PHONE).open('/tickets/')
    shown = ids(page)
    line = page.css(f'#t{shown[0]}')[0].rect
    assert page.script(f"return document.querySelector('tr[data-id=\"{shown[0]}\"]').getBoundingClientRect().height") < 80
    assert line['width'] > 200
    assert not page.has('checkbox', f'Select ticket {shown[0]}')
    page.click('button', 'Select')
    page.find('checkbox', f'Select ticket {shown[0]}').click()
    page.see('1 selected')
    page.click('button', 'Select')
    page.gone('checkbox', f'Select ticket {shown[0]}')
    page.click('button', 'Filters')
    page.find('dialog', 'Filters')
    page.choose('Priority', 'high').click('button', 'Show')
    wait_filters(page, ticket_priority_id='3')
    page.see('Priority: high')


def test_tap_after_a_long_press_counts(browse, busy):
    page = browse(busy, 'admin').look(size=PHONE).open('/tickets/')
    press = "arguments[0].dispatchEvent(new PointerEvent(arguments[1], { pointerType: 'touch', bubbles: true }))"
    first = row(page, ids(page)[0])
    page.script(press, first, 'pointerdown')
    page.see('1 selected')
    page.script(press, first, 'pointerup')          # browsers need not send a click after a press that was long
    page.click('button', 'Status…').find('dialog', re.compile('Status$'))


def test_click_of_a_long_press_does_not_open_the_ticket(browse, busy):
    page = browse(busy, 'admin').look(size=PHONE).open('/tickets/')
    press = "arguments[0].dispatchEvent(new PointerEvent(arguments[1], { pointerType: 'touch', bubbles: true }))"
    first = ids(page)[0]
    page.script(press, row(page, first), 'pointerdown')
    page.see('1 selected')
    page.script(press, row(page, first), 'pointerup')
    page.script(f"document.getElementById('t{first}').click()")
    assert page.path() == '/tickets/'
    page.script(f"document.getElementById('t{first}').click()")
    page.wait(lambda: page.path() == f'/ticket/{first}', 'the next click opens it')


def test_all_filters_are_cleared(browse, busy):
    """Also one that the dialog has no field for."""
    page = browse(busy, 'admin', '/tickets/?user_id=1&status_id=1&page=1')
    page.click('button', 'Filters (2)').click('button', 'Clear all').click('button', 'Show')
    wait_filters(page)


def test_density(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    height = "return document.querySelector('tr[data-id]').getBoundingClientRect().height"
    assert 44 <= page.script(height) < 46
    page.script("localStorage.setItem('flicket-density', 'compact')")
    page.reload()
    assert 32 <= page.script(height) < 34


def test_warm_list_takes_few_requests(browse, busy):
    page = browse(busy, 'admin', '/tickets/')
    page.forget_requests()
    page.open('/tickets/?status_id=1')
    page.wait(lambda: total(page), 'the list')
    asked = page.requests('flicket-api')
    assert 2 <= len(asked) <= 6 and len(set(asked)) == len(asked), asked
    page.forget_requests()
    page.choose('Status', 'Closed').settle()
    assert len(page.requests('flicket-api')) == 1


def test_waiting_is_shown(browse, own):
    """Rows of another list are dimmed, and the page says that it is busy."""
    page = browse(own, 'admin', '/tickets/')
    page.allow(r' 503 ')    # the desk gives up where the machine is slow
    own.pause('ticket')
    page.choose('Status', 'Closed')
    page.wait(lambda: page.script("return document.querySelector('table')?.ariaBusy === 'true'"
                                  " && document.querySelectorAll('tbody tr').length === arguments[0]"
                                  " && getComputedStyle(document.querySelector('tbody')).opacity === '0.5'", PER_PAGE),
              'the old rows are dimmed')
    own.resume('ticket')
    page.settle()
    page.wait(lambda: page.script("return getComputedStyle(document.querySelector('tbody')).opacity") == '1', 'the new rows')
