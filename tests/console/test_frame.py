"""What is around the pages: the lists at the side, routes, titles, focus, the network, languages."""
import http.server
import json
import re
import threading
import urllib.error
import urllib.request

import pytest

from browser import PHONE
from conftest import token_of
from desk import ADMIN_PASSWORD, REPO, free_port
from wire import expect

CONSOLE = REPO / 'console'
# What Flicket's pages are called here. Addresses of the imported desk, whose statuses are 1 to 4.
OLD_PATHS = [
    ('/login', '/'),
    ('/tickets/2/', '/tickets/?page=2'),
    ('/tickets/2/?sort=title', '/tickets/?sort=title&page=2'),
    ('/ticket_view/7/', '/ticket/7'),
    ('/ticket_view/7/2/', '/ticket/7'),
    ('/ticket_create/', '/new'),
    ('/my_tickets/', '/tickets/?created_id=me'),
    ('/subscribed/', '/tickets/?subscriber_id=me&status_id=1,3,4'),
    ('/categories/2/', '/departments/'),
    ('/user_details', '/me'),
    ('/flicket_admin/config/', '/admin/settings'),
    ('/flicket_admin/groups/', '/admin/groups'),
    ('/flicket_admin/users/', '/admin/users'),
]
TITLES = [('/', 'Home – flicketd'), ('/tickets/', 'Everything – flicketd'), ('/new', 'New ticket – flicketd'),
          ('/users/', 'People – flicketd'), ('/departments/', 'Departments – flicketd'), ('/me', 'My account – flicketd')]


# --- languages -----------------------------------------------------------------------------------------------------

def words(language):
    return json.loads((CONSOLE / 'i18n' / f'{language}.json').read_text())


def shapes(word):
    """What a text needs besides words: its values, or its forms with their values."""
    if isinstance(word, str):
        return set(re.findall(r'\{\w+\}', word))
    return frozenset((form, frozenset(re.findall(r'\{\w+\}', text)) - {'{n}'}) for form, text in word.items())


def test_languages_have_the_same_texts():
    english, french = words('en'), words('fr')
    assert list(english) == sorted(english) == list(french)
    assert [key for key in english if shapes(english[key]) != shapes(french[key])] == []


def test_every_code_of_a_refusal_has_a_text():
    """In another language than the desk's own a refusal is told by its code."""
    table = (REPO / 'proto' / 'faults.tbl').read_text()
    codes = re.findall(r'^FAULT\(\d+,\s*\w+,\s*"(\w+)"', table, re.M)
    assert len(codes) == len(re.findall(r'^FAULT\(', table, re.M)) - 1        # that of none
    for language in ('en', 'fr'):
        texts = {key.removeprefix('fault.'): text for key, text in words(language).items() if key.startswith('fault.')}
        assert sorted(texts) == sorted(codes)
        assert len(set(texts.values())) == len(codes) and all(text.strip().endswith('.') for text in texts.values())


def test_every_text_is_used_and_there():
    source = '\n'.join(path.read_text() for path in CONSOLE.rglob('*.ts*') if path.suffix in ('.ts', '.tsx'))
    literal = set(re.findall(r"""['"`]([a-z_]+(?:\.[a-z_]+)*)['"`]""", source))
    # keys that are put together, as `did.${action}`
    built = [re.sub(r'\$\{[^}]*\}', '[a-z_]+', text) for text in re.findall(r'`([^`\s]*\$\{[^`\s]*)`', source)]
    built = [re.compile(text) for text in built if re.fullmatch(r'[a-z_.+\[\]-]+', text) and '.' in text]
    assert [key for key in words('en') if key not in literal and not any(b.fullmatch(key) for b in built)] == []
    asked = set(re.findall(r"""\bt\('([^']+)'""", source))
    assert asked and asked <= set(words('en'))


# --- where one is --------------------------------------------------------------------------------------------------

def test_old_paths_lead_to_the_same_things(browse, reading):
    page = browse(reading, 'admin')
    found = []
    for old, new in OLD_PATHS:
        page.open(old)
        page.wait(lambda: page.path() != old, f'{old} leads on')
        found.append((old, page.path().replace('%2C', ',')))
    assert found == OLD_PATHS


@pytest.mark.parametrize('path, title', TITLES, ids=[path for path, _ in TITLES])
def test_title_heading_and_focus(browse, reading, path, title):
    page = browse(reading, 'agent', path)
    page.wait(lambda: page.title() == title, f'title {title}, not {page.title()}')
    assert len(page.all('main')) == 1
    assert len(page.css('h1')) == 1


def test_focus_begins_at_the_heading(browse, reading):
    page = browse(reading, 'agent', '/')
    page.click('link', 'Departments')
    page.wait_focus('heading', re.compile('^Departments'))
    page.click('link', re.compile('^All open'))
    page.wait_focus('heading', re.compile('^All open'))
    page.press('g', 'h')
    page.wait_focus('heading', re.compile('^Hello'))


def test_back_leads_to_where_one_was(browse, reading):
    page = browse(reading, 'agent', '/tickets/')
    rows = page.wait(lambda: page.css('a.ticket'), 'tickets')
    row = rows[min(40, len(rows) - 1)]
    name = row.text
    page.script('arguments[0].focus(); arguments[0].scrollIntoView({ block: "center" })', row)
    scroll = page.script('return scrollY')
    assert scroll > 0
    page.press('Enter')
    page.wait(lambda: page.path().startswith('/ticket/'), 'a ticket')
    page.wait_focus('heading')
    assert page.script('return scrollY') == 0
    page.back()
    page.wait(lambda: page.focus()[0] == 'link' and page.focus()[1].startswith(name[:20]), f'focus on {name}')
    assert abs(page.script('return scrollY') - scroll) < 60


def test_skip_to_the_content(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    page.press('Tab')
    page.wait_focus('link', 'Skip to the content')
    page.press('Enter', 'Tab')
    assert page.script("return document.getElementById('main').contains(document.activeElement)")


def test_a_page_that_is_not_there(browse, reading):
    page = browse(reading, 'agent', '/')
    page.script("history.pushState(null, '', '/nothing'); dispatchEvent(new PopStateEvent('popstate'))")
    page.find('heading', 'Page not found')
    page.click('link', 'Back to the tickets')
    page.wait(lambda: page.path() == '/tickets/', 'the list')


def test_a_page_for_others(browse, reading):
    page = browse(reading, 'agent', '/admin/users')
    page.find('heading', 'For administrators only')
    page.see('Only administrators of the desk may open this page.')
    assert not page.has('link', 'Administration')


# --- a new desk ----------------------------------------------------------------------------------------------------

def test_a_new_desk_says_what_to_do_first(browse, new):
    page = browse(new, 'admin', '/')
    page.find('heading', '3 things to do first')
    steps = [page.find('link', re.compile(name)).get_attribute('pathname') for name in (
        '^Name your departments', '^Add the people', '^Open the first ticket')]
    assert steps == ['/departments/', '/admin/users', '/new']
    page.open('/').find('heading', '3 things to do first')
    other = browse(new, 'reporter', '/')
    other.find('heading', 'Hello, Rob Reporter')
    assert not other.has('heading', re.compile('to do first'))


def test_each_first_step_is_gone_when_it_is_done(browse, new):
    page = browse(new, 'admin', '/')
    page.click('link', re.compile('^Name your departments')).click('button', 'Rename Holidays')
    page.wait_focus('textbox')
    page.fill('Name', 'Time off').press('Enter').gone('dialog')
    page.open('/').find('heading', '2 things to do first')
    assert not page.has('link', re.compile('^Name your departments'))
    page.click('link', re.compile('^Add the people')).click('button', 'Add a user')
    page.fill('Name', 'Ann Agent').fill('Username', 'agent').fill('E-mail', 'agent@example.org').fill('New password', 'a-passphrase')
    page.press('Enter').gone('dialog')
    page.open('/').find('heading', 'One thing to do first')
    page.click('link', re.compile('^Open the first ticket')).find('heading', 'New ticket')
    page.fill('Title', 'The printer is out').fill('Text', 'It is out of paper.').fill('Category', 'Time').press('Enter')
    page.click('button', 'Open the ticket').find('heading', re.compile('The printer is out'))
    page.open('/').find('heading', 'My work')
    assert not page.has('heading', re.compile('to do first'))


def test_a_first_step_is_said_to_be_done(browse, new):
    page = browse(new, 'admin', '/')
    page.click('button', 'Done: Name your departments and their categories').find('heading', '2 things to do first')
    page.wait_focus('main')
    page.click('button', 'Done: Add the people of your team').find('heading', 'One thing to do first')
    page.open('/').find('heading', 'One thing to do first')


def test_a_page_without_tls_on_a_network(browse, new):
    """Browsers give such a page less: no randomUUID(), no Sec-Fetch-Site."""
    page = browse(new)
    page.allow('Cross-Origin-Opener-Policy header has been ignored')
    page.origin = f'http://desk.lan:{new.port}'
    page.open('/')
    assert page.script('return isSecureContext') is False
    page.fill('Username or e-mail', 'admin').fill('Password', ADMIN_PASSWORD).press('Enter')
    page.find('heading', 'Hello, admin')


# --- lists at the side ---------------------------------------------------------------------------------------------

def test_lists_at_the_side_have_exact_counts(browse, reading):
    """One request for all of them."""
    page = browse(reading, 'agent', '/')
    page.forget_requests()
    page.reload()
    side = page.find('navigation', 'Lists and pages')
    everything = page.wait(lambda: page.all('link', re.compile(r'^Everything \d+$'), side), 'a count')[0]
    with reading.client() as client:
        total = client.get('tickets/?per_page=1').json()['_meta']['total_items']
    assert everything.text.split()[-1] == str(total)
    assert len(page.requests(r'tickets/counts\?views=')) == 1
    page.click('link', re.compile('^All open'), side)
    page.wait(lambda: page.find('link', re.compile('^All open'), side).get_attribute('aria-current') == 'page', 'it is marked')


def test_drawer_on_a_phone(browse, reading):
    page = browse(reading, 'agent').look(size=PHONE).open('/')
    assert not page.has('link', 'Departments')
    page.click('button', 'Menu')
    page.find('link', 'Departments')
    assert not page.has('heading', re.compile('^Hello'))         # it is behind, and cannot be reached
    page.press('Escape')
    page.gone('link', 'Departments')
    page.wait_focus('button', 'Menu')
    page.press('Enter').click('link', 'Departments')
    page.wait_focus('heading', re.compile('^Departments'))
    page.gone('link', 'Departments')


def test_nothing_is_wider_than_the_screen(browse, reading):
    """Also at 320 px, which is what 1280 px are at four times the size (WCAG 1.4.10)."""
    page = browse(reading, 'agent').look(size=(320, 640))
    wide = [path for path, _ in TITLES if page.open(path).script(
        'return document.documentElement.scrollWidth > document.documentElement.clientWidth')]
    assert wide == []


def test_nothing_moves_where_that_is_not_wanted(browse, reading):
    page = browse(reading, 'agent').look(reduced_motion=True).open('/tickets/')
    assert page.script("""return [...document.querySelectorAll('*')].flatMap(e => e.getAnimations({ subtree: true }))
        .filter(a => a.effect.getComputedTiming().duration > 0).length""") == 0


# --- what a browser does not keep -----------------------------------------------------------------------------------

FULL = """Storage.prototype.setItem = function () { throw new DOMException('full', 'QuotaExceededError'); }"""


def test_a_browser_whose_storage_is_full(browse, reading):
    page = browse(reading, 'agent')
    page.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': FULL})
    page.open('/tickets/').find('heading', re.compile('^Everything'))
    page.open('/me').click('radio', 'Dark')
    page.wait(lambda: page.script('return getComputedStyle(document.body).colorScheme') == 'dark', 'the choice counts for this page')


def test_drafts_stay_where_the_logout_fails(browse, new):
    page = browse(new, 'admin', '/')
    page.allow('ERR_INTERNET_DISCONNECTED')
    draft = 'flicket-draft:1:reply-1'
    page.script("localStorage.setItem(arguments[0], JSON.stringify({ text: 'half a reply', at: Date.now() }))", draft)
    page.go_offline().click('button', 'Log out')
    page.wait(lambda: page.texts('.toast > span') == ['The desk cannot be reached.'], 'what went wrong')
    assert page.script('return localStorage.getItem(arguments[0])', draft)
    page.go_offline(False).not_see('What you type stays').click('button', 'Log out')
    page.field('Username or e-mail')
    assert page.script('return localStorage.getItem(arguments[0])', draft) is None


def test_a_saved_list_that_is_gone_says_so(browse, new):
    with new.client(new.admin().token) as admin:
        view = expect(admin.post('views/', {'name': 'Printers', 'query': 'content=printer', 'shared': False}), 201)['id']
        page = browse(new, 'admin', '/tickets/?content=printer')
        page.allow(r'view/\d+ .* 404')
        page.find('button', 'Delete the saved list «Printers»')
        expect(admin.request('DELETE', f'view/{view}'), 204)
    page.click('button', 'Delete the saved list «Printers»')
    page.wait(lambda: page.css('.toast.bad'), 'what went wrong')


def test_a_saved_list_that_was_deleted_comes_back(browse, new):
    with new.client(new.admin().token) as admin:
        expect(admin.post('views/', {'name': 'Printers', 'query': 'content=printer', 'shared': True}), 201)
        page = browse(new, 'admin', '/tickets/?content=printer')
        page.click('button', 'Delete the saved list «Printers»').see('The list «Printers» is deleted.')
        page.gone('link', re.compile('^Printers'))
        assert page.focus() != ('', '')
        page.click('button', 'Undo').find('link', re.compile('^Printers'))
        assert [(v['name'], v['shared']) for v in expect(admin.get('views/'), 200)['items']] == [('Printers', True)]


def test_times_in_french_have_words(browse, imported):
    """The narrow form of French is a number with a minus sign."""
    with imported.client(token_of(imported, 'agent')) as client:
        expect(client.request('PATCH', 'user/me', json={'locale': 'fr'}), 200)
    page = browse(imported, 'agent', '/tickets/')
    page.find('heading', re.compile('^Tous'))
    shown = page.wait(lambda: page.texts('td.when'), 'when they were changed')
    assert shown[1:] and not [text for text in shown if text.startswith(('-', '\u2212'))]


# --- the network ---------------------------------------------------------------------------------------------------

def test_the_network_goes_and_comes_back(browse, imported):
    page = browse(imported, 'agent', '/departments/')
    page.allow('ERR_INTERNET_DISCONNECTED')
    page.go_offline()
    page.see('The desk cannot be reached.')
    page.find('heading', re.compile('^Departments'))         # what was shown stays
    page.go_offline(False)
    page.not_see('The desk cannot be reached.')


def test_the_desk_goes_and_comes_back(browse, imported):
    """What is not there yet says so in place; it comes by itself."""
    page = browse(imported, 'agent', '/')
    page.allow('ERR_CONNECTION_REFUSED', 'ERR_EMPTY_RESPONSE', 'ERR_CONNECTION_RESET', 'dynamically imported module', ' 503 ')
    imported.kill('gateway')
    page.click('link', 'Departments')
    page.see('The desk cannot be reached.')
    imported.start_gateway(port=imported.port)
    imported.wait_ready()
    page.not_see('The desk cannot be reached.')


def test_a_part_that_is_away_is_waited_for(browse, imported):
    page = browse(imported, 'agent')
    page.allow(r' 503 ')
    imported.kill('lookup')
    page.driver.get(page.origin + '/departments/')
    page.see('A part of the desk does not answer at the moment.')
    imported.restart('lookup')
    page.find('heading', re.compile('^Departments'))


# --- a desk below a path -------------------------------------------------------------------------------------------

class Proxy(http.server.BaseHTTPRequestHandler):
    """Serves a desk below /help/desk, as a proxy does that takes the path away."""

    protocol_version = 'HTTP/1.1'

    def answer(self):
        if not self.path.startswith('/help/desk/'):
            return self.send_error(404)
        body = self.rfile.read(int(self.headers.get('Content-Length', 0))) or None
        request = urllib.request.Request(f'http://127.0.0.1:{self.server.desk.port}{self.path.removeprefix("/help/desk")}',
                                         body, dict(self.headers), method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as e:
            answer = e
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ('connection', 'transfer-encoding', 'content-length', 'date', 'server'):
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


def test_a_desk_below_a_path(browse, desks):
    port = free_port()
    desk = desks('imported', FLICKET_BASE_URL=f'http://help.localhost:{port}/help/desk')
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Proxy)
    server.desk = desk
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        page = browse(desk)
        page.origin = f'http://help.localhost:{port}'
        page.log_in_with(token_of(desk, 'admin'))
        page.open('/help/desk/')
        page.find('heading', 'Hello, admin')
        page.click('link', 'Departments')
        page.wait(lambda: page.path() == '/help/desk/departments/', 'the path of the page')
        page.find('heading', re.compile('^Departments'))
        page.reload().find('heading', re.compile('^Departments'))
        page.press('g', 'o')
        page.wait(lambda: page.path().startswith('/help/desk/tickets/?'), 'the list')
        outside = [path for _, path in page.requests() if path.startswith('/') and not path.startswith('/help/desk/')]
        assert outside == []
        page.allow('ERR_CONNECTION_REFUSED')        # the proxy ends before the page
    finally:
        server.shutdown()
        server.server_close()
