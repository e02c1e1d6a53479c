"""Pages that are not the desk's, in the browser of somebody who is logged in. The one on another port of the same host gets
the cookie into its requests, as SameSite counts sites and not ports: nothing is written, nothing is read, and the console is
shown in no frame."""
import http.server
import json
import re
import threading

import pytest
from selenium.common.exceptions import NoSuchFrameException

from conftest import PASSWORD_OF_NEW, token_of
from tickets import admin, desk, make_ticket, posts_of, ticket_of  # noqa: F401
from wire import expect

# What the attacker's page does. Each resolves when its request is over, whatever became of it; `at` is the desk.
ATTACKS = {
    'fetch of JSON': """fetch(at + 'posts', { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body })""",
    'fetch of text': """fetch(at + 'posts', { method: 'POST', mode: 'no-cors', credentials: 'include', body })""",
    'fetch without a type': """fetch(at + 'posts', { method: 'POST', mode: 'no-cors', credentials: 'include', body: new Blob([body]) })""",
    'fetch with the field of the console': """fetch(at + 'posts', { method: 'POST', credentials: 'include', headers: { 'Flicket-Console': '1' }, body })""",
    'fetch that keeps on': """fetch(at + 'posts', { method: 'POST', mode: 'no-cors', credentials: 'include', keepalive: true, body })""",
    'beacon': """new Promise(done => { navigator.sendBeacon(at + 'posts', body); new PerformanceObserver(done).observe({ type: 'resource' }); })""",
    'XMLHttpRequest': """new Promise(done => { const x = new XMLHttpRequest(); x.open('POST', at + 'posts'); x.withCredentials = true;
        x.onloadend = done; x.send(body); })""",
    'DELETE': """fetch(at + 'ticket/' + ticket, { method: 'DELETE', credentials: 'include' })""",
    'PATCH': """fetch(at + 'ticket/' + ticket, { method: 'PATCH', credentials: 'include', body: '{"title": "Taken over"}' })""",
    'PUT': """fetch(at + 'ticket/' + ticket + '/seen', { method: 'PUT', credentials: 'include', body: '{"post_id": 0}' })""",
    'another method in a field': """fetch(at + 'ticket/' + ticket, { method: 'POST', mode: 'no-cors', credentials: 'include',
        headers: { 'X-HTTP-Method-Override': 'DELETE' } })""",
    'image': """new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = at + 'ticket/' + ticket + '/close'; })""",
    'script': """new Promise(done => { const s = document.createElement('script'); s.onload = s.onerror = done; s.src = at + 'user/me';
        document.head.append(s); })""",
    'style': """new Promise(done => { const s = document.createElement('link'); s.rel = 'stylesheet'; s.onload = s.onerror = done;
        s.href = at + 'user/me'; document.head.append(s); })""",
}
# A form that is sent into a frame, so that the page stays.
FORM = """
const [action, fields, type, done] = arguments, form = document.createElement('form'), frame = document.createElement('iframe');
frame.name = 'target' + Math.random();
Object.assign(form, { action, method: 'POST', enctype: type, target: frame.name });
for (const [name, value] of Object.entries(fields)) {
	const input = document.createElement('textarea');
	Object.assign(input, { name, value });
	form.append(input);
}
document.body.append(form, frame);
frame.onload = () => done(true);
form.submit();
"""
FRAME = """
const [address, tag, done] = arguments, frame = document.createElement(tag);
frame.onload = () => done('loaded');
frame.onerror = () => done('refused');
frame[tag === 'object' ? 'data' : 'src'] = address;
document.body.append(frame);
"""
HOSTS = {'same site': '{role}.localhost', 'another site': 'elsewhere.localhost'}


class Empty(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(b'<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,"><body><div id="console"><p>Win a prize!</p></div>')

    def log_message(self, *_):
        pass


@pytest.fixture(scope='module')
def elsewhere():
    """The port of a web server that is not the desk's."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class Victim:
    """Somebody who is logged in to the desk, and visits another page."""

    def __init__(self, browse, desk, port, host):  # noqa: F811
        self.desk, self.admin = desk, desk.admin()
        self.ticket = make_ticket(self.admin, 'Not to be touched')
        self.own = browse(desk, 'admin', f'/ticket/{self.ticket}')
        self.at = f'{self.own.origin}/flicket-api/'
        self.page = browse(desk)
        self.page.origin = f'http://{host.format(role="admin")}:{port}'
        self.page.open('/')
        self.page.allow(r'elsewhere\.localhost|admin\.localhost|blocked|ERR_')
        self.page.forget_requests()
        self.before = self.state()

    def state(self):
        with self.desk.client(token_of(self.desk, 'admin')) as client:
            return (ticket_of(client, self.ticket), posts_of(client, self.ticket),
                    expect(client.get('tickets/?content=Taken'), 200)['_meta']['total_items'],
                    expect(client.get('user/me?fields=id,username,name,email,locale'), 200), expect(client.get('tokens/?per_page=100'), 200)['_meta']['total_items'])

    def run(self, text):
        return self.page.here().driver.execute_async_script(
            f"""const [at, ticket, body, done] = arguments; ({text}).then(() => done('answered'), e => done(String(e)))""",
            self.at, self.ticket, json.dumps({'ticket_id': self.ticket, 'content': 'Written by another page.'}))

    def send_form(self, path, fields, type):
        return self.page.here().driver.execute_async_script(FORM, self.at + path, fields, type)

    def nothing_happened(self):
        assert self.state() == self.before
        with self.desk.client(token_of(self.desk, 'admin')) as client:
            expect(client.get('user/me'), 200)
        self.own.here().reload()
        self.own.find('button', 'Log out')


@pytest.fixture(params=HOSTS, ids=[name.replace(' ', '-') for name in HOSTS])
def victim(request, browse, desk, elsewhere):  # noqa: F811
    victim = Victim(browse, desk, elsewhere, HOSTS[request.param])
    victim.is_same_site = request.param == 'same site'
    return victim


def test_requests_of_another_page_write_nothing(victim):
    for name, text in ATTACKS.items():
        victim.run(text)
        assert victim.state() == victim.before, name
    sent = victim.own.sent_from_elsewhere()
    assert len(sent) >= len(ATTACKS) / 2
    assert any(sent) == victim.is_same_site, 'the browser sends the cookie to all ports of a host, and to no other site'
    victim.nothing_happened()


def test_what_another_page_gets_to_read(victim):
    """No script of another page reads an answer, nor does it learn who is logged in."""
    for path in ('user/me', 'session', 'tickets/', 'tickets.csv', f'ticket/{victim.ticket}'):
        got = victim.page.here().driver.execute_async_script(
            """const [url, done] = arguments; fetch(url, { credentials: 'include' }).then(r => r.text()).then(done, () => done(null))""", victim.at + path)
        assert not got or ('Not to be touched' not in got and 'admin@' not in got and '"username"' not in got), (path, got)


@pytest.mark.parametrize('type', ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'])
def test_forms_of_another_page_write_nothing(victim, type):
    taken = json.dumps({'ticket_id': victim.ticket, 'content': 'Written by a form.', 'x': '='})
    left, right = taken.rsplit('=', 1)      # the body of a form of text/plain is NAME=VALUE
    for path, fields in (('posts', {left: right}), ('posts', {'ticket_id': str(victim.ticket), 'content': 'Written by a form.'}),
                         (f'ticket/{victim.ticket}/close', {'a': 'b'}), (f'ticket/{victim.ticket}/claim', {}),
                         ('tickets/', {'{"title": "Taken over", "content": "Some text", "category_id": 1, "ticket_priority_id": 1, "x": "': '"}'}),
                         ('uploads/', {'ticket_id': str(victim.ticket)})):
        victim.send_form(path, fields, type)
        assert victim.state() == victim.before, path
    victim.nothing_happened()


def test_another_page_cannot_log_in_as_somebody_else(victim):
    """Else what its victim writes would be in the account of the attacker."""
    token_of(victim.desk, 'agent')
    login = json.dumps({'username': 'agent', 'password': PASSWORD_OF_NEW, 'x': '='}).rsplit('=', 1)
    victim.send_form('session', {login[0]: login[1]}, 'text/plain')
    victim.run("""fetch(at + 'session', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '%s' })"""
               % json.dumps({'username': 'agent', 'password': PASSWORD_OF_NEW}))
    victim.run("""fetch(at + 'session', { method: 'DELETE', credentials: 'include' })""")
    victim.own.here().reload()
    victim.own.find('link', re.compile('^admin.*My account$'))


def test_a_link_of_another_page_leads_to_the_desk_and_writes_nothing(victim):
    """It is followed as a user would; the page that it leads to is the desk's own, and works."""
    page = victim.page
    for path in (f'ticket/{victim.ticket}/close', f'ticket/{victim.ticket}/claim', 'session'):
        page.here().driver.get(page.origin)
        page.script("const a = document.createElement('a'); a.href = arguments[0]; a.id = 'go'; a.innerText = 'Win'; document.body.append(a)", victim.at + path)
        page.driver.find_element('id', 'go').click()
        page.wait(lambda: page.driver.current_url.startswith(victim.at), 'the desk answers')
        assert 'admin@' not in page.text()
        assert victim.state() == victim.before, path
    page.driver.get(page.origin)
    page.script("const a = document.createElement('a'); a.href = arguments[0]; a.id = 'go'; a.innerText = 'Win'; document.body.append(a)",
                f'{victim.own.origin}/ticket/{victim.ticket}')
    page.driver.find_element('id', 'go').click()
    page.see('Not to be touched')


def text_in_frame(page, address, tag):
    page.driver.get(page.origin)
    page.driver.execute_async_script(FRAME, address, tag)
    try:
        page.driver.switch_to.frame(page.driver.find_element('css selector', tag))
        return page.driver.execute_script('return document.body?.innerText ?? ""')
    except NoSuchFrameException:        # nothing was loaded
        return ''
    finally:
        page.driver.switch_to.default_content()


@pytest.mark.parametrize('tag', ['iframe', 'object', 'embed'])
def test_the_console_is_in_no_frame(victim, tag):
    page = victim.page.here()
    assert 'Win a prize!' in text_in_frame(page, page.origin + '/own', tag), 'other pages can be'
    for path in ('/', f'/ticket/{victim.ticket}', '/login', '/docs', '/admin/users'):
        text = text_in_frame(page, victim.own.origin + path, tag)
        assert not any(word in text for word in ('Not to be touched', 'Log in', 'Win', 'Everything', 'flicket-api')), (path, text)


def test_no_window_of_another_page_reaches_into_the_console(victim):
    """A page that opened the desk has no hold on its window."""
    page = victim.page.here()
    opened = page.driver.execute_script("window.opened = window.open(arguments[0]); return window.opened !== null", f'{victim.own.origin}/')
    assert opened
    page.wait(lambda: page.here().driver.execute_script('return window.opened.closed'), 'the window is not in its hands')


def test_without_tls_on_a_network(browse, desk, elsewhere):  # noqa: F811
    """There the browser does not say what kind of page asks; Origin alone tells."""
    own = browse(desk)
    own.allow('Cross-Origin-Opener-Policy header has been ignored', r'desk\.lan', 'ERR_')
    own.origin = f'http://desk.lan:{desk.port}'
    own.log_in_with(token_of(desk, 'admin'))
    admin = desk.admin()  # noqa: F811
    ticket = make_ticket(admin, 'Not to be touched')
    own.open(f'/ticket/{ticket}').see('Not to be touched')
    page = browse(desk)
    page.origin = f'http://desk.lan:{elsewhere}'
    page.open('/')
    before = ticket_of(admin, ticket), posts_of(admin, ticket)
    body = json.dumps({'ticket_id': ticket, 'content': 'Written by another page.'})
    for text in ATTACKS.values():
        page.here().driver.execute_async_script(
            f"""const [at, ticket, body, done] = arguments; ({text}).then(() => done(true), () => done(false))""", f'{own.origin}/flicket-api/', ticket, body)
        assert (ticket_of(admin, ticket), posts_of(admin, ticket)) == before, text
    assert page.driver.execute_async_script(FORM, f'{own.origin}/flicket-api/posts', {body[:-2]: '"}'}, 'text/plain')
    assert (ticket_of(admin, ticket), posts_of(admin, ticket)) == before
    # and the same request of the desk's own page writes
    assert own.here().driver.execute_async_script("""const [body, done] = arguments;
        fetch('/flicket-api/posts', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Flicket-Console': '1' }, body }).then(r => done(r.status))""",
                                                  body) == 201
