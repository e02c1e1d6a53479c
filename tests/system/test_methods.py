"""Methods and paths: HEAD, OPTIONS, what is not allowed, what is not there."""
import pytest

from desk import USER
from routes import ALL_READS, ALL_THINGS, methods
from wire import Client, expect, head

PATHS = tuple(p for p in ALL_READS if p.rstrip('/') not in ('tickets', 'departments', 'categories')) \
    + ('tickets', 'departments', 'categories', 'tokens')


def allow_of(answer):
    return {m.strip() for m in (answer.header('Allow') or '').split(',')}


@pytest.mark.parametrize('path', (*ALL_READS, 'ticket/999999', 'nothing', 'tickets/9999/'))
def test_head_is_get_without_the_body(reading, path):
    with reading.client() as c:
        got = c.get(path)
    with reading.connection() as conn:
        request = head('HEAD', '/flicket-api/' + path, {'Authorization': f'Bearer {c.token}'})
        answer = conn.exchange(request, 'HEAD')
        assert answer.status == got.status
        assert answer.header('Content-Length') == got.header('Content-Length') == str(len(got.body))
        assert answer.header('Content-Type') == got.header('Content-Type')
        # A body that was sent all the same would stand before the next answer.
        assert conn.is_usable()


def test_head_without_a_token_is_401_without_a_body(reading):
    with reading.connection() as conn:
        answer = conn.exchange(head('HEAD', '/flicket-api/user/1'), 'HEAD')
        assert answer.status == 401 and answer.header('WWW-Authenticate').startswith('Bearer')
        assert conn.is_usable()


@pytest.mark.parametrize('path', PATHS)
def test_options_tells_the_methods(reader, path):
    for token in (None, False):
        answer = reader.request('OPTIONS', path, token=token)
        assert answer.status in (200, 204) and answer.body == b'', answer
        assert allow_of(answer) == methods(path)


@pytest.mark.parametrize('method, path', [
    (method, path) for path in PATHS for method in ('POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'BREW', 'TRACE')
    if method not in methods(path)])
def test_a_method_a_path_does_not_know_is_405_with_allow(reader, method, path):
    answer = reader.request(method, path)
    expect(answer, 405)
    assert allow_of(answer) == methods(path)


def test_a_method_is_spelt_in_capitals(reader):
    expect(reader.request('get', 'user/1'), 405)


@pytest.mark.parametrize('path', [
    '//', '/flicket-api', '/flicket-api/', '/flicket-api/nothing', '/flicket-api/ticket', '/flicket-api/user/',
    '/flicket-api/user/1/', '/flicket-api/user/1/2', '/flicket-api/posts/', '/flicket-api/actions/',
    '/flicket-api/tickets/1/2/', '/FLICKET-API/tickets/', '/flicket-api/Tickets/', '/flicket-apix/tickets/',
    '/favicon.ico', '/healthz/x', '/flicket-api/users/1/', '/flicket-api/tokens/x', '/flicket-api/user/%C0%AF',
    '/flicket-api/%F0%9F%98%80', '/flicket-api/user/1%00', '/flicket-api/user/1;x'])
def test_what_is_not_there_is_404_in_json(reader, path):
    for method in ('GET', 'HEAD', 'POST', 'DELETE'):
        answer = reader.request(method, path)
        assert answer.status == 404, f'{method} {path}: {answer}'
        if method != 'HEAD':
            expect(answer, 404)


@pytest.mark.parametrize('path', ['user/%', 'user/%z', 'user/%zz', '%', '%%%', 'user/1%', 'users/%?per_page=%'])
def test_a_broken_percent_sign_finds_nothing(reader, path):
    assert reader.get(path).status in (400, 404)


@pytest.mark.parametrize('thing', ALL_THINGS)
@pytest.mark.parametrize('number', [
    '0', '999999', '-1', '1.0', 'abc', '9223372036854775807', '9223372036854775808', '18446744073709551617',
    '9' * 100, '%20', '%00', '1%20', '+1', '0x1', '1_0', '1e0'])
def test_a_thing_that_is_not_there_is_404(reader, thing, number):
    expect(reader.get(thing.rpartition('/')[0] + '/' + number), 404)


@pytest.mark.parametrize('thing', ALL_THINGS)
def test_a_thing_is_found_however_its_path_is_written(reader, thing):
    kind, number = thing.split('/')
    want = expect(reader.get(thing), 200)
    assert expect(reader.get(f'{kind}/%3{number}'), 200) == want
    assert expect(reader.get(f'%{ord(kind[0]):02x}{kind[1:]}/{number}'), 200) == want
    assert expect(reader.get(f'{kind}/00{number}'), 200) == want
    assert expect(reader.get(f'{kind}/{number}?x=1'), 200) == want
    expect(reader.get(f'{kind}/%253{number}'), 404)


@pytest.mark.parametrize('path', [
    '/flicket-api/../etc/passwd', '/../../../../etc/passwd', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/flicket/static/flicket_avatars/../../../../../../etc/passwd',
    '/flicket/static/flicket_avatars/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/flicket/static/flicket_avatars/..%2f..%2fstores%2fuser%2fuser.db',
    '/flicket/static/flicket_avatars/....//....//etc/passwd', '/flicket/static/flicket_avatars//etc/passwd',
    '/flicket/static/flicket_avatars/%00__default_profile.png', '/flicket/static/flicket_avatars/',
    '/flicket/static/flicket_avatars/..%5c..%5cetc%5cpasswd', '/stores/user/user.db', '//etc/passwd'])
def test_no_path_leads_out_of_the_api(reading, path):
    with reading.connection() as conn:
        answer = conn.exchange(head('GET', path, {'Authorization': f'Bearer {USER}'}))
        assert answer.status in (400, 404), answer
        assert b'root:' not in answer.body and b'SQLite' not in answer.body


def test_a_token_is_asked_for_before_anything_else_is_told(reading):
    """Who has no token learns neither what there is nor what was wrong with a body."""
    with Client(reading.port) as c:
        for path in ('user/1', 'user/999999', 'users/?per_page=0', 'tickets/9999/'):
            answer = c.get(path)
            expect(answer, 401)
            assert answer.header('WWW-Authenticate').startswith('Bearer')
        for path in ('tickets', 'departments', 'categories'):
            expect(c.post(path, {'x': 1}), 401)
            expect(c.request('POST', path, body=b'{"broken', type='application/json'), 401)


@pytest.mark.parametrize('value, status', [
    ('Bearer ' + USER, 200), ('bearer ' + USER, 200), ('BEARER ' + USER, 200),
    ('Bearer', 401), ('Bearer ', 401), ('', 401), (USER, 401), ('Token ' + USER, 401), ('Bearer' + USER, 401),
    ('Bearer ' + USER + ' ', 401), ('Bearer ' + USER + 'x', 401), ('Bearer ' + USER[:-1], 401),
    ('Bearer ' + USER.swapcase(), 401), ('Bearer "' + USER + '"', 401), ('Bearer ' + USER + ', x', 401),
    ('Bearer \xff\xfe', 401), ('Bearer ' + 'x' * 4000, 401), ('Basic ' + USER, 401),
    ('Bearer ' + USER + '%00', 401), ("Bearer ' OR 1=1 --", 401)])
def test_the_authorization_header_is_read_exactly(reading, value, status):
    with Client(reading.port, False) as c:
        answer = c.request('GET', 'user/3', headers={'Authorization': value})
        assert answer.status == status, answer


def test_a_token_in_the_query_or_in_a_cookie_is_none(reading):
    with Client(reading.port) as c:
        expect(c.get(f'user/1?token={USER}&access_token={USER}'), 401)
        expect(c.request('GET', 'user/1', headers={'Cookie': f'token={USER}; Authorization=Bearer {USER}'}), 401)
