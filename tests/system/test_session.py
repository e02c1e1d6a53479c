"""Sessions: logins of browsers, the cookie that keeps one, when it counts, and its end."""
import contextlib
import email.utils
import json
import re
import socket
import sqlite3
import ssl
import subprocess
import time

import pytest

import openapi
from desk import ADMIN, ADMIN_PASSWORD, PASSWORD, SUPER, USER, run_program, wait_until
from test_tls import SecureDesk, context
from wire import Answer, Client, Connection, basic, expect, head

FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
PAGE = {'Sec-Fetch-Site': 'same-origin', 'Flicket-Console': '1'}      # what a page of the desk sends
MONTH = 30 * 24 * 3600


def ask(port, method, path, host='localhost', body=None, source=None, **fields):
    """One request with a Host and header fields of its own (Sec_Fetch_Site for Sec-Fetch-Site)."""
    path = path if path.startswith('/') else '/flicket-api/' + path
    data = b'' if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {name.replace('_', '-'): value for name, value in fields.items() if value is not None}
    if body is not None or method in ('POST', 'PUT', 'PATCH'):
        fields['Content-Length'] = str(len(data))
    with Connection(port, source) as c:
        request = head(method, path, fields).replace(b'Host: localhost', b'Host: ' + host.encode())
        answer = c.exchange(request + data, method)
    openapi.check(method, path, answer)
    return answer


def cookie_of(answer):
    """The name, value and attributes of Set-Cookie."""
    pair, *attributes = answer.header('Set-Cookie').split('; ')
    name, _, value = pair.partition('=')
    return name, value, attributes


class Window:
    """A browser with one cookie, on a page of the desk."""

    def __init__(self, port, host='localhost', agent=FIREFOX):
        self.port, self.host, self.agent, self.cookie = port, host, agent, None

    def ask(self, method, path, body=None, **more):
        fields = {**{k.replace('-', '_'): v for k, v in PAGE.items()}, 'User_Agent': self.agent, 'Cookie': self.cookie, **more}
        return ask(self.port, method, path, self.host, body, **fields)

    def log_in(self, username, password=PASSWORD, **more):
        answer = self.ask('POST', 'session', {'username': username, 'password': password, **more})
        if answer.status == 200:
            name, value, _ = cookie_of(answer)
            self.cookie = f'{name}={value}'
        return answer

    @property
    def token(self):
        return self.cookie.partition('=')[2]

    def user(self):
        """Who is logged in, None if nobody is."""
        got = expect(self.ask('GET', 'session'), 200)['user']
        return got and got['username']


def seconds_until(date):
    return email.utils.parsedate_to_datetime(date).timestamp() - time.time()


# --- logging in ---------------------------------------------------------------------------------------------------

def test_a_login_answers_who_it_is_and_what_a_console_must_know(writing):
    window = Window(writing.port)
    answer = window.log_in('user006')
    got = expect(answer, 200)
    assert set(got) == {'expires', 'features', 'limits', 'read_only', 'rights', 'title', 'token_id', 'user', 'version'}
    assert got['rights'] == ['staff'] and got['read_only'] is False and got['title'] == 'flicketd'
    assert got['version'] in run_program('flicket-gateway', '--version').stdout
    assert set(got['user']) == {'avatar', 'email', 'groups', 'id', 'job_title', 'locale', 'name', 'username'}
    assert got['user']['id'] == 6 and got['user']['groups'] == ['super_user']
    assert got['user']['avatar'].startswith(writing.base_url + '/')
    assert got['limits']['upload_bytes'] == 25 << 20 and 'png' in got['limits']['upload_extensions']
    assert got['limits']['avatar_bytes'] == 1 << 20 and got['limits']['per_page'] == 50
    assert abs(seconds_until(got['expires']) - 36000) < 60
    again = expect(window.ask('GET', 'session'), 200)
    assert again == got
    # the token itself is in the cookie alone
    assert window.token not in answer.body.decode() and len(window.token) == 32


def test_the_cookie_without_tls(writing):
    for host, name in (('localhost', 'flicket-80'), (f'127.0.0.1:{writing.port}', f'flicket-{writing.port}'),
                       ('[::1]:5000', 'flicket-5000'), ('desk.example', 'flicket-80')):
        window = Window(writing.port, host)
        got, value, attributes = cookie_of(window.log_in('user003'))
        assert (got, attributes) == (name, ['Path=/', 'HttpOnly', 'SameSite=Strict'])
        assert re.fullmatch(r'[A-Za-z0-9+/=]{32}', value)
        assert window.user() == 'user003'


def test_a_session_that_is_remembered_outlasts_the_browser(writing):
    window = Window(writing.port)
    answer = window.log_in('user003', remember=True)
    _, _, attributes = cookie_of(answer)
    age = int(attributes[-1].removeprefix('Max-Age='))
    assert attributes[:-1] == ['Path=/', 'HttpOnly', 'SameSite=Strict'] and MONTH - 60 < age <= MONTH
    assert abs(seconds_until(answer.json()['expires']) - MONTH) < 60
    listed = expect(window.ask('GET', 'tokens/?per_page=100'), 200)['items'][-1]
    assert listed['expires'] == answer.json()['expires']
    assert len(cookie_of(window.log_in('user003', remember=False))[2]) == 3


def test_what_is_remembered_lasts_no_shorter_than_what_is_not(desks):
    desk = desks('imported', FLICKET_TOKEN_SECONDS=MONTH + 3600)
    for remember in (False, True):
        got = expect(Window(desk.port).log_in('user003', remember=remember), 200)
        assert abs(seconds_until(got['expires']) - MONTH - 3600) < 60


def test_the_name_may_be_an_address_and_be_written_in_any_case(writing):
    with writing.client(USER) as c:
        mail = expect(c.get('user/me'), 200)['email']
    for name in ('user003', 'USER003', 'ｕｓｅｒ003', mail, mail.upper()):
        window = Window(writing.port)
        assert expect(window.log_in(name), 200)['user']['id'] == 3
        assert window.user() == 'user003'


def test_a_session_is_a_token_with_the_name_of_the_browser(writing):
    window, phone = Window(writing.port), Window(writing.port, agent='Mozilla/5.0 (iPhone) Version/17 Safari/604')
    expect(window.log_in('user008'), 200)
    expect(phone.log_in('user008'), 200)
    nameless = Window(writing.port, agent='curl/7')
    expect(nameless.log_in('user008'), 200)
    listed = {t['name']: t['id'] for t in expect(window.ask('GET', 'tokens/?per_page=100'), 200)['items']}
    assert {'console, Firefox on Linux', 'console, Safari on iOS', 'console'} <= set(listed)
    # one of them is lost, and ended from the other
    expect(window.ask('DELETE', f'token/{listed["console, Safari on iOS"]}'), 204)
    assert phone.user() is None and window.user() == 'user008'
    expect(phone.ask('GET', 'user/me'), 401)
    # it is good as a token, too
    with writing.client(window.token) as c:
        assert expect(c.get('user/me'), 200)['id'] == 8


def test_sessions_of_one_second_are_told_apart_by_their_tokens(new):
    windows = [Window(new.port) for _ in range(3)]
    ids = [expect(w.log_in('admin', ADMIN_PASSWORD), 200)['token_id'] for w in windows]
    with contextlib.closing(sqlite3.connect(new.data / 'stores' / 'user' / 'user.db', timeout=10)) as db, db:
        db.execute('UPDATE tokens SET expires = (SELECT max(expires) FROM tokens)')
    listed = {t['id']: t['expires'] for t in expect(windows[0].ask('GET', 'tokens/'), 200)['items']}
    assert len({listed[id] for id in ids}) == 1
    assert [expect(w.ask('GET', 'session'), 200)['token_id'] for w in windows] == ids
    for id in ids[1:]:
        expect(windows[0].ask('DELETE', f'token/{id}'), 204)
    assert [w.user() for w in windows] == ['admin', None, None]


def test_when_a_session_was_used_is_shown(new):
    window = Window(new.port)
    expect(window.log_in('admin', ADMIN_PASSWORD), 200)

    def last_used():
        own, = (t for t in expect(window.ask('GET', 'tokens/'), 200)['items'] if t['name'] == 'console, Firefox on Linux')
        return own['last_used']

    assert abs(seconds_until(wait_until(last_used, 5, 'its use was told'))) < 6


def test_hostile_names_of_browsers_are_no_more_than_a_name(writing):
    for agent in ('x' * 8000, '"}\\"; DROP TABLE tokens', '\u202eFirefox/ Linux'.encode().decode('latin-1'), ''):
        window = Window(writing.port, agent=agent)
        expect(window.log_in('user009'), 200)
        assert all(re.fullmatch(r'console(, \w+( on \w+)?)?', t['name'] or 'console')
                   for t in expect(window.ask('GET', 'tokens/?per_page=100'), 200)['items'])


@pytest.mark.parametrize('body, code, field', [
    (b'', 'required', 'username'), (b'{}', 'required', 'username'), (b'[]', 'wrong_type', None),
    (b'{"username": "user003"}', 'required', 'password'), (b'{"username": 3, "password": "x"}', 'wrong_type', 'username'),
    (b'{"username": "user003", "password": "x", "remember": "yes"}', 'wrong_type', 'remember'),
    (b'{"username": "user003", "password": "x", "admin": true}', 'unknown_field', 'admin'),
    (b'username=user003&password=Password1', 'invalid_json', None), (b'{"username": "\xff"}', 'invalid_json', None),
    (b'{"username": "' + b'a' * 1025 + b'", "password": "x"}', 'too_long', 'username'),
    (b'{"username": "user003", "password": "' + b'a' * 1025 + b'"}', 'too_long', 'password')])
def test_what_is_no_login_is_refused(writing, body, code, field):
    got = expect(ask(writing.port, 'POST', 'session', body=body), 400)
    assert got['code'] == code and got.get('field') == field and b'Password1' not in json.dumps(got).encode()


def test_a_login_in_a_form_or_compressed_is_refused(writing):
    body = {'username': 'user003', 'password': PASSWORD}
    for fields in ({'Content_Type': 'text/plain'}, {'Content_Type': 'multipart/form-data; boundary=x'},
                   {'Content_Type': 'application/json', 'Content_Encoding': 'gzip'}):
        answer = ask(writing.port, 'POST', 'session', body=body, **fields)
        assert expect(answer, 415) and answer.header('Set-Cookie') is None
    expect(ask(writing.port, 'POST', 'session', body=body), 200)          # without a type it is JSON, as everywhere


def test_a_wrong_password_opens_no_dialog_of_the_browser(desks):
    desk = desks('imported')
    for name, password in (('user003', 'wrong'), ('nobody', PASSWORD), ('', ''), ('user003', '')):
        answer = Window(desk.port).log_in(name, password)
        assert expect(answer, 401) == {'error': 'Unauthorized'}
        assert answer.header('WWW-Authenticate').startswith('Bearer ') and answer.header('Set-Cookie') is None
    # nor does it without JSON's name and password: Basic is for tokens
    answer = ask(desk.port, 'POST', 'session', Authorization=basic('user003', PASSWORD))
    assert expect(answer, 400)['code'] == 'required' and answer.header('Set-Cookie') is None


def test_failures_count_as_those_of_basic(desks):
    desk = desks('imported', FLICKET_LOGIN_FAILURES_PER_NAME=5)
    with Client(desk.port) as c:
        for _ in range(2):
            expect(Window(desk.port).log_in('user003', 'wrong'), 401)
            expect(c.log_in('USER003', 'wrong'), 401)
    expect(Window(desk.port).log_in('User003', 'wrong'), 429)
    answer = Window(desk.port).log_in('user003')
    assert expect(answer, 429)['code'] == 'too_many_logins' and 1 <= int(answer.header('Retry-After')) <= 60
    assert answer.header('Set-Cookie') is None
    expect(Window(desk.port).log_in('user005'), 200)


# --- who is logged in ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize('fields', [
    {}, {'Cookie': 'flicket-80='}, {'Cookie': 'flicket-80=nothing'}, {'Cookie': 'flicket-80'}, {'Cookie': '='},
    {'Cookie': 'flicket-81=' + USER}, {'Cookie': '__Host-flicket=' + USER}, {'Authorization': 'Bearer nothing'},
    {'Authorization': 'Bearer'}, {'Authorization': basic('user003', PASSWORD)},
    {'Cookie': 'flicket-80=' + USER, 'Authorization': 'Bearer nothing'}, {'Cookie': 'flicket-80=' + USER, 'Authorization': ''},
    {'Cookie': 'flicket-80=' + USER, 'Sec_Fetch_Site': 'cross-site'}])
def test_without_a_session_nobody_is_named(reading, fields):
    answer = ask(reading.port, 'GET', 'session', **fields)
    got = expect(answer, 200)
    assert got['user'] is None and got['rights'] == [] and got['expires'] is None and got['token_id'] is None
    assert not got['features']['change_category']
    assert answer.header('Set-Cookie') is None and answer.header('WWW-Authenticate') is None
    assert got['title'] == 'flicketd' and got['limits']['per_page'] == 50


def test_a_token_has_a_session_too(desks):
    desk = desks('imported', FLICKET_CHANGE_CATEGORY='staff', FLICKET_TITLE='Ünïcode & <Söhne>')
    with Client(desk.port) as c:
        reading = expect(c.request('POST', 'tokens', token=False, json={'scope': 'read'},
                                   headers={'Authorization': basic('user006', PASSWORD)}), 200)['token']
    for token, rights, category in ((ADMIN, ['admin', 'staff'], True), (SUPER, ['staff'], True), (USER, [], False)):
        got = expect(ask(desk.port, 'GET', 'session', Authorization=f'Bearer {token}'), 200)
        assert (got['rights'], got['features'], got['read_only']) == (rights, {'change_category': category}, False)
        assert got['title'] == 'Ünïcode & <Söhne>'
    got = expect(ask(desk.port, 'GET', 'session', Authorization=f'Bearer {reading}'), 200)
    assert got['read_only'] and got['rights'] == ['staff']
    # such a token may be in a cookie, and is for reading there, too; it may end itself
    window = Window(desk.port)
    window.cookie = f'flicket-80={reading}'
    assert expect(window.ask('POST', 'tickets', {}), 403)['code'] == 'read_only_token'
    expect(window.ask('DELETE', 'session'), 204)
    assert window.user() is None


# --- when the cookie counts ----------------------------------------------------------------------------------------

def test_a_token_in_authorization_counts_alone(writing):
    window = Window(writing.port)
    expect(window.log_in('user003'), 200)
    assert expect(window.ask('GET', 'user/me', Authorization=f'Bearer {SUPER}'), 200)['id'] == 6
    for value in ('Bearer nothing', 'Bearer', 'Bearer ', 'Basic ' + window.token, basic('user003', PASSWORD), 'x'):
        expect(window.ask('GET', 'user/me', Authorization=value), 401)
    # with a token it is no request of a console: no field is needed
    answer = window.ask('DELETE', 'session', Authorization=f'Bearer {window.token}', Flicket_Console=None,
                        Sec_Fetch_Site='cross-site')
    assert expect(answer, 204) is None and answer.header('Set-Cookie') is None
    assert window.user() is None


def test_two_cookies_are_none_unless_they_are_the_same(writing):
    window, other = Window(writing.port), Window(writing.port)
    expect(window.log_in('user003'), 200)
    expect(other.log_in('user005'), 200)
    mine, theirs = window.cookie, other.cookie
    for cookie, user in ((f'{mine}; {theirs}', None), (f'{theirs}; a=b; {mine}', None), (f'{mine}; flicket-80=x', None),
                         (f'{mine}; {mine}', 'user003'), (f'{mine}; flicket-80=', 'user003'),
                         (f'a=b; {mine}; flicket-81=x', 'user003')):
        window.cookie = cookie
        assert window.user() == user, cookie
        answer = window.ask('PATCH', 'user/me', {'job_title': 'a title'})
        assert answer.status == (200 if user else 401), answer
    # HTTP/2 sends each in a field of its own
    for cookies, status in (((mine,), '200'), (('a=b', mine, 'c=d'), '200'), ((mine, theirs), '401')):
        fields = [word for cookie in cookies for word in ('-H', f'Cookie: {cookie}')]
        done = subprocess.run(['curl', '-s', '--http2-prior-knowledge', '-o', '/dev/null', '-w', '%{http_code}', *fields,
                               '-H', 'Host: localhost', f'http://127.0.0.1:{writing.port}/flicket-api/user/me'],
                              capture_output=True, text=True, check=True)
        assert done.stdout == status, cookies


def test_broken_and_huge_cookies_do_no_harm(reading):
    good = 'flicket-80=' + USER
    for cookie, user in ((';;;' + good, 'user003'), ('=; =x;' + good + ';', 'user003'), ('a' * 15000 + '; ' + good, 'user003'),
                         ('a=1; ' * 2000 + good, 'user003'), ('flicket-80=' + 'a' * 15000, None),
                         ('flicket-80="' + USER + '"', None), ('flicket-80= ' + USER, None), ('\x80\xff=\xfe', None),
                         (',' + good, None), ('flicket-80' * 1000, None)):
        got = expect(ask(reading.port, 'GET', 'session', Cookie=cookie), 200)['user']
        assert (got and got['username']) == user, cookie[:40]
    expect(ask(reading.port, 'GET', 'session', Cookie='a' * 17000), 431)


def test_several_desks_on_ports_of_a_host(desks):
    one, two = (desks('imported') for _ in range(2))
    windows = [Window(d.port, f'localhost:{d.port}') for d in (one, two)]
    for window, name in zip(windows, ('user003', 'user005')):
        expect(window.log_in(name), 200)
    both = '; '.join(w.cookie for w in windows)     # as browsers do
    for window, name in zip(windows, ('user003', 'user005')):
        window.cookie = both
        assert window.user() == name
    answer = windows[0].ask('DELETE', 'session')
    assert cookie_of(answer)[0] == f'flicket-{one.port}'
    assert windows[0].user() is None and windows[1].user() == 'user005'


def test_files_pictures_and_exports_come_with_the_cookie(writing):
    window = Window(writing.port)
    expect(window.log_in('user006'), 200)
    body = (b'--x\r\nContent-Disposition: form-data; name="post_id"\r\n\r\n%d\r\n--x\r\nContent-Disposition: form-data; '
            b'name="file"; filename="a.txt"\r\n\r\nsome text\n\r\n--x--\r\n')
    post = expect(window.ask('POST', 'posts', {'ticket_id': 1, 'content': 'a reply'}), 201)['id']
    made = expect(window.ask('POST', 'uploads', body % post, Content_Type='multipart/form-data; boundary=x'), 201)
    link = writing.path_of(made['image'])
    for path in (link, 'tickets.csv', 'tickets.ndjson'):
        # a link that is opened, a link on another page
        assert window.ask('GET', path, Sec_Fetch_Site='none', Flicket_Console=None).status == 200
        assert window.ask('GET', path, Sec_Fetch_Site='cross-site', Flicket_Console=None).status == 401
        assert window.ask('GET', path, Sec_Fetch_Site=None, Flicket_Console=None).status == 200
    assert window.ask('GET', link, Range='bytes=0-3').body == b'some'


def test_behind_a_base_url_with_a_path(desks):
    desk = desks('imported', FLICKET_BASE_URL='http://desk.example/below')
    window = Window(desk.port, 'backend')
    answer = window.log_in('user003')
    assert cookie_of(answer)[2][0] == 'Path=/' and expect(answer, 200)['user']['avatar'].startswith('http://desk.example/below/')
    for origin, status in (('http://desk.example', 200), ('http://backend', 200), ('http://desk.example/below', 403),
                           ('https://desk.example', 403), ('http://desk.example.evil', 403)):
        answer = window.ask('PATCH', 'user/me', {'job_title': 'x'}, Sec_Fetch_Site=None, Origin=origin)
        assert answer.status == status, (origin, answer)


# --- TLS ------------------------------------------------------------------------------------------------------------

def exchange_over_tls(desk, cert, request):
    with socket.create_connection(('127.0.0.1', desk.port), 10) as raw, \
            context(cert).wrap_socket(raw, server_hostname='localhost') as sock:
        sock.sendall(request)
        data = b''
        with contextlib.suppress(ssl.SSLError):
            while more := sock.recv(65536):
                data += more
    lines, _, body = data.partition(b'\r\n\r\n')
    first, *fields = lines.decode().split('\r\n')
    return Answer('HTTP/1.1', int(first.split()[1]), '', [tuple(f.split(': ', 1)) for f in fields], body, 0)


def test_with_tls_the_cookie_is_for_this_host_and_tls_only(tmp_path):
    desk = SecureDesk(tmp_path, **{})
    try:
        desk.start()
        cert = desk.folder / 'tls' / 'served.pem'
        body = json.dumps({'username': 'admin', 'password': ADMIN_PASSWORD}).encode()
        request = head('POST', '/flicket-api/session', {'Content-Length': len(body), 'Connection': 'close'}) + body
        name, value, attributes = cookie_of(exchange_over_tls(desk, cert, request))
        assert name == '__Host-flicket' and attributes == ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']
        for cookie, status in ((f'__Host-flicket={value}', 200), (f'flicket-80={value}', 401)):
            request = head('GET', '/flicket-api/user/me', {'Cookie': cookie, 'Connection': 'close'})
            assert exchange_over_tls(desk, cert, request).status == status
        for origin, status in (('https://localhost', 200), ('http://localhost', 403)):
            fields = {'Cookie': f'__Host-flicket={value}', 'Connection': 'close', 'Origin': origin, 'Flicket-Console': '1',
                      'Content-Length': 2}
            assert exchange_over_tls(desk, cert, head('PATCH', '/flicket-api/user/me', fields) + b'{}').status == status
        fields = {'Cookie': f'__Host-flicket={value}', 'Connection': 'close', **PAGE}
        answer = exchange_over_tls(desk, cert, head('DELETE', '/flicket-api/session', fields))
        assert answer.status == 204 and cookie_of(answer) == (
            '__Host-flicket', '', ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict', 'Max-Age=0'])
        desk.stop()
    finally:
        desk.kill_everything()


@pytest.mark.parametrize('base_url, host, proto, source, is_secure', [
    (None, 'desk.example', 'https', None, True), (None, 'desk.example', 'HTTPS', None, True),
    (None, 'desk.example', 'http', None, False), (None, 'desk.example', None, None, False),
    (None, 'desk.example', 'https', '127.0.0.9', False),
    ('https://desk.example', 'desk.example', None, '127.0.0.9', True),
    ('https://desk.example', 'desk.example', 'http', None, False),
    ('https://desk.example', 'desk.example', 'http', '127.0.0.9', True),
    ('https://desk.example', 'localhost', None, None, False)])
def test_the_tls_of_a_proxy_counts_if_it_is_trusted(desks, base_url, host, proto, source, is_secure):
    desk = desks('new', FLICKET_TRUSTED_PROXIES='127.0.0.1', **({'FLICKET_BASE_URL': base_url} if base_url else {}))
    body = {'username': 'admin', 'password': ADMIN_PASSWORD}
    answer = ask(desk.port, 'POST', 'session', host, body, source, X_Forwarded_Proto=proto)
    name, value, attributes = cookie_of(answer)
    assert (name, 'Secure' in attributes) == (('__Host-flicket', True) if is_secure else ('flicket-80', False))
    got = ask(desk.port, 'GET', 'session', host, None, source, X_Forwarded_Proto=proto, Cookie=f'{name}={value}')
    assert expect(got, 200)['user']['username'] == 'admin'


# --- the end --------------------------------------------------------------------------------------------------------

def test_a_logout_ends_the_token_at_every_gateway(desks):
    desk = desks('imported')
    second = desk.start_gateway('gateway2')
    desk.wait_ready(second)
    window, other = Window(desk.port), Window(second)
    expect(window.log_in('user003'), 200)
    other.cookie = window.cookie
    assert window.user() == other.user() == 'user003'
    answer = window.ask('DELETE', 'session')
    expect(answer, 204)
    assert cookie_of(answer) == ('flicket-80', '', ['Path=/', 'HttpOnly', 'SameSite=Strict', 'Max-Age=0'])
    assert window.user() is other.user() is None
    for w in (window, other):
        expect(w.ask('GET', 'user/me'), 401)
        assert w.ask('DELETE', 'session').header('Set-Cookie') is None
        expect(w.ask('POST', 'tickets', {}), 401)


def test_a_session_ends_with_its_user(desks):
    desk = desks('imported')
    windows = {name: Window(desk.port) for name in ('user003', 'user005', 'user008')}
    for name, window in windows.items():
        expect(window.log_in(name), 200)
    with desk.client(ADMIN) as admin:
        expect(admin.request('PATCH', 'user/3', json={'disabled': True}), 200)
        expect(admin.request('PUT', 'user/5/password', json={'new_password': 'another1'}), 204)
    for name in ('user003', 'user005'):
        assert windows[name].user() is None, name
        expect(windows[name].ask('GET', 'user/me'), 401)
        expect(windows[name].log_in(name), 401)
    expect(windows['user005'].log_in('user005', 'another1'), 200)
    # the session in which the password is changed goes on, and no other
    here, there = windows['user008'], Window(desk.port)
    expect(there.log_in('user008'), 200)
    expect(here.ask('PUT', 'user/me/password', {'password': PASSWORD, 'new_password': 'another1'}), 204)
    assert here.user() == 'user008' and there.user() is None


def test_a_session_ends_when_its_time_is_over(desks):
    desk = desks('imported', FLICKET_TOKEN_SECONDS=60)
    window = Window(desk.port)
    expect(window.log_in('user003'), 200)
    desk.kill('user')
    desk.kill('gateway')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        assert db.execute("UPDATE tokens SET expires = 1 WHERE name LIKE 'console%'").rowcount == 1
    desk.start('user', 'gateway')
    desk.wait_ready()
    window.port = desk.port
    assert window.user() is None
    expect(window.ask('GET', 'user/me'), 401)


def test_a_login_beside_an_older_session_is_a_new_one(writing):
    """Nobody can choose what the token of a session will be (session fixation)."""
    window = Window(writing.port)
    window.cookie = 'flicket-80=chosen-by-somebody-else'
    expect(window.log_in('user003'), 200)
    first = window.cookie
    expect(window.log_in('user003'), 200)
    assert len({first, window.cookie, 'flicket-80=chosen-by-somebody-else'}) == 3
    assert window.user() == 'user003'


def test_a_limit_of_requests_counts_a_session_as_its_token(desks):
    desk = desks('imported', FLICKET_RATE_LIMIT=10)
    window = Window(desk.port)
    expect(window.log_in('user003'), 200)
    answers = [window.ask('GET', 'user/me') for _ in range(11)]
    assert [a.status for a in answers] == [200] * 10 + [429] and answers[0].header('RateLimit')
    nobody = [ask(desk.port, 'GET', 'session') for _ in range(12)]
    assert {a.status for a in nobody} == {200} and nobody[0].header('RateLimit') is None


def test_no_log_has_the_password_or_the_token(desks):
    desk = desks('imported', FLICKET_LOG_LEVEL='debug', FLICKET_ACCESS_LOG='on')
    window = Window(desk.port)
    expect(window.log_in('user003', remember=True), 200)
    expect(window.log_in('user003', 'a-wrong-one'), 401)
    assert window.user() == 'user003'
    expect(window.ask('DELETE', 'session'), 204)
    desk.stop()
    logs = ''.join(p.read_text(errors='replace') for p in desk.folder.glob('*.log'))
    assert len(logs) > 1000
    assert not [secret for secret in (PASSWORD, 'a-wrong-one', window.token) if secret in logs]
