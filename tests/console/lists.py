"""What the tests of lists share: a desk with more tickets than a page shows, and a list as a user sees it."""
import re
import time
from urllib.parse import parse_qs, urlsplit

from desk import Desk, run_program
from wire import expect

COUNT = 120
PASSWORD = 'generated'          # what `flicketctl generate` gives everybody
PER_PAGE = 50


def made_up_desk(folder, tickets=COUNT, **settings):
    """A running desk of made-up tickets and people; the admin has the token in desk.tokens."""
    desk = Desk(folder, 'new', **settings)
    done = run_program('flicketctl', 'generate', '--tickets', str(tickets), '--users', '20', '--posts', str(tickets * 2), '--data', str(desk.data))
    assert done.returncode == 0, done.stderr
    desk.start()
    with desk.client() as client:
        desk.tokens = {'admin': expect(client.log_in('admin', PASSWORD), 200)['token'],
                       'agent': expect(client.log_in('user3', PASSWORD), 200)['token']}
    return desk


def admin_of(desk):
    return desk.client(token=desk.tokens['admin'])


def items(client, **filters):
    query = '&'.join(f'{name}={value}' for name, value in filters.items())
    return expect(client.get(f'tickets/?per_page=100&{query}'), 200)['items']


def ids(page):
    """The tickets that are shown, from the top."""
    return [int(i) for i in page.script("return [...document.querySelectorAll('tr[data-id]')].map(r => r.dataset.id)")]


def wait_ids(page, wanted):
    page.wait(lambda: ids(page) == wanted, f'tickets {wanted}, not {ids(page)}')


def row(page, ticket):
    return page.wait(lambda: page.css(f'tr[data-id="{ticket}"]'), f'row of {ticket}')[0]


def total(page):
    """The number beside the title; an empty text while the list is not there yet."""
    return page.script("return document.querySelector('h1 .count')?.textContent ?? ''")


def wait_total(page, wanted):
    page.wait(lambda: total(page) == wanted, f'{wanted} tickets, not {total(page)}')


def filters(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.path()).query).items()}


def wait_filters(page, /, **wanted):
    page.wait(lambda: filters(page) == wanted, f'filters {wanted}, not {filters(page)}')


def focused(page):
    """The ticket whose row has the focus, or 0."""
    return int(page.script("return document.activeElement?.closest('tr[data-id]')?.dataset.id ?? 0"))


def wait_focused(page, ticket):
    page.wait(lambda: focused(page) == ticket, f'focus on {ticket}, not {focused(page)}')


def new_ticket(desk, title, content='A text of the test.', **more):
    with admin_of(desk) as admin:
        category = expect(admin.get('department_categories/'), 200)['items'][0]['category_id']
        return expect(admin.post('tickets', {'title': title, 'content': content, 'category_id': category,
                                             'ticket_priority_id': 1, **more}), 201)['id']


def downloaded(page, pattern, within=60.0):
    """The text of the file that the browser has saved."""
    deadline = time.monotonic() + within
    while True:
        found = [f for f in page.browser.downloads.iterdir() if re.fullmatch(pattern, f.name)]
        if found:
            return found[0].read_text()
        assert time.monotonic() < deadline, f'no file {pattern} in {page.browser.downloads}'
        time.sleep(0.02)
