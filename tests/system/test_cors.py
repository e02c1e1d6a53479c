"""CORS (FLICKET_CORS_ORIGINS): what pages of other origins may do from a browser."""
import re

import pytest

from desk import REPO, run_program
from wire import USERS, Client, expect, head

HOME, OTHER, EVIL = 'https://desk.example.org', 'http://localhost:3000', 'https://evil.example'
TAKEN = {'authorization', 'content-type', 'if-match', 'if-none-match', 'idempotency-key', 'x-request-id',
         'traceparent', 'x-server-timing'}
SHOWN = {'accept-ranges', 'content-disposition', 'content-range', 'etag', 'idempotency-replayed', 'link', 'location',
         'retry-after', 'ratelimit', 'ratelimit-policy', 'search-note', 'x-request-id', 'server-timing'}
ROOTS = {'API': '/flicket-api/', 'AVATARS': '/flicket/static/flicket_avatars/', 'UPLOADS': '/flicket_uploads/'}


def all_routes():
    """Every route of the gateway's table: {path: methods}."""
    found = {}
    table = (REPO / 'gateway' / 'core' / 'routes.tbl').read_text()
    for method, root, path in re.findall(r'^ROUTE\((\w+),\s*(\w+),\s*"([^"]*)"', table, re.M):
        path = ROOTS[root] + re.sub(r':\w+', '1', path)
        found.setdefault(path, set()).add(method)
    assert len(found) > 50
    return found


@pytest.fixture(scope='module')
def desk(tmp_path_factory, imported_stores):
    from fixtures import close_desk, open_desk
    desk = open_desk(tmp_path_factory.mktemp('cors'), 'imported', imported_stores,
                     FLICKET_CORS_ORIGINS=f'{HOME}, {OTHER}', FLICKET_RATE_LIMIT=100000)
    yield desk
    close_desk(desk)


@pytest.fixture
def page(desk):
    with desk.client() as c:
        yield c


def preflight(client, path, origin, method='POST', **fields):
    return client.request('OPTIONS', path, token=False, headers={
        'Origin': origin, 'Access-Control-Request-Method': method, **fields})


def cors_of(answer):
    return {k for k, _ in answer.headers if k.lower().startswith('access-control-')}


def names_in(answer, header):
    return {v.strip().lower() for v in answer.header(header).split(',')}


def test_every_route_answers_a_preflight_with_its_methods(page):
    for path, methods in all_routes().items():
        answer = preflight(page, path, HOME, **{'Access-Control-Request-Headers': 'authorization'})
        assert answer.status == 200 and answer.body == b'', (path, answer)
        assert answer.header('Access-Control-Allow-Origin') == HOME
        allowed = answer.header('Access-Control-Allow-Methods')
        assert allowed == answer.header('Allow') and methods <= set(allowed.split(', ')), (path, allowed)
        assert ('HEAD' in allowed) == ('GET' in allowed)
        assert names_in(answer, 'Access-Control-Allow-Headers') == TAKEN
        assert answer.header('Access-Control-Max-Age') == '600' and answer.header('Vary') == 'Origin'
        assert answer.header('Access-Control-Allow-Credentials') is None


@pytest.mark.parametrize('path', ['/healthz', '/readyz', '/metrics'])
def test_pages_answer_a_preflight_too(page, path):
    answer = preflight(page, path, OTHER, 'GET')
    assert answer.status == 200 and answer.header('Access-Control-Allow-Origin') == OTHER
    assert answer.header('Access-Control-Allow-Methods') == 'GET, HEAD'


def test_answers_are_shown_to_who_is_listed(page):
    for origin in (HOME, OTHER):
        answer = page.get('user/1', headers={'Origin': origin})
        expect(answer, 200)
        assert answer.header('Access-Control-Allow-Origin') == origin and answer.varies() == {'Origin', 'Accept-Encoding', *USERS}
        assert names_in(answer, 'Access-Control-Expose-Headers') == SHOWN
        assert len(cors_of(answer)) == 2


@pytest.mark.parametrize('origin', [EVIL, 'null', HOME + '.evil.example', HOME + ':8443', HOME + '/', HOME.upper(),
                                    'http://desk.example.org', f'{HOME}, {OTHER}', f'{HOME},{EVIL}', '*', ',', ''])
def test_nobody_else_is_let_in(page, origin):
    for answer in (page.get('user/1', headers={'Origin': origin}), preflight(page, 'tickets/', origin),
                   preflight(page, '/healthz', origin), page.get('nothing', headers={'Origin': origin})):
        assert cors_of(answer) == set(), answer
        assert answer.varies() - {'Accept-Encoding', *USERS} == {'Origin'}


@pytest.mark.parametrize('origin, said', [(HOME, HOME), (EVIL, '*'), (None, '*')])
def test_the_description_of_the_api_is_for_everybody_and_says_so_once(page, origin, said):
    answer = page.get('/openapi.json', headers={'Origin': origin} if origin else {})
    expect(answer, 200)
    assert [v for k, v in answer.headers if k.lower() == 'access-control-allow-origin'] == [said]


def test_without_an_origin_nothing_is_said(page):
    answer = page.get('user/1')
    expect(answer, 200)
    assert cors_of(answer) == set() and answer.varies() == {'Origin', 'Accept-Encoding', *USERS}


def test_errors_can_be_read_as_well(page):
    for status, answer in (
            (401, page.get('user/1', token=False, headers={'Origin': HOME})),
            (404, page.get('/nowhere', headers={'Origin': HOME})),
            (405, page.request('PUT', 'user/1', headers={'Origin': HOME})),
            (431, page.get('user/1', headers={'Origin': HOME, 'X-Long': 'x' * 17000})),
            (417, page.post('tickets', {}, headers={'Origin': HOME, 'Expect': 'miracles'}))):
        expect(answer, status)
        assert answer.header('Access-Control-Allow-Origin') == HOME
        assert names_in(answer, 'Access-Control-Expose-Headers') == SHOWN


def test_a_body_that_h2o_cuts_off_can_be_read_as_well(desk):
    with desk.connection() as conn:
        conn.send(head('POST', '/flicket-api/tickets', {'Origin': HOME, 'Content-Length': '99999999999'}))
        answer = conn.read_answer('POST')
        expect(answer, 413)
        assert answer.header('Access-Control-Allow-Origin') == HOME


def test_a_problem_varies_with_both(page):
    answer = page.get('nothing', headers={'Origin': HOME, 'Accept': 'application/problem+json'})
    assert answer.varies() == {'Origin', 'Accept', 'Accept-Encoding', *USERS}


def test_options_that_is_no_preflight_has_no_more_than_allow(page):
    answer = page.request('OPTIONS', 'tickets/', headers={'Origin': HOME})
    assert answer.status == 200 and 'POST' in answer.header('Allow')
    assert answer.header('Access-Control-Allow-Methods') is None
    expect(page.request('OPTIONS', '/healthz', headers={'Origin': HOME}), 405)
    expect(preflight(page, 'nothing', HOME), 404)


def test_an_asterisk_is_everybody(desks):
    desk = desks('new', FLICKET_CORS_ORIGINS='*')
    with Client(desk.port) as c:
        for origin in (EVIL, 'null'):
            answer = preflight(c, 'tickets/', origin)
            assert answer.status == 200 and answer.header('Access-Control-Allow-Origin') == '*'
            assert answer.header('Vary') is None and answer.header('Access-Control-Allow-Credentials') is None
        assert cors_of(c.get('/healthz')) == set()


def test_without_the_setting_nothing_changes(reading):
    with reading.client() as c:
        for answer in (c.get('user/1', headers={'Origin': HOME}), preflight(c, 'tickets/', HOME)):
            assert answer.status == 200 and cors_of(answer) == set() and 'Origin' not in answer.varies()
        expect(preflight(c, '/healthz', HOME), 405)


@pytest.mark.parametrize('value', ['null', 'https://a/', 'https://A.example', '*,https://a', 'https://a:443', 'desk'])
def test_what_is_no_origin_is_refused_at_start(tmp_path, value):
    done = run_program('flicket-gateway', FLICKET_DATA=tmp_path, FLICKET_CORS_ORIGINS=value)
    assert done.returncode == 2 and f'FLICKET_CORS_ORIGINS: "{value}" is not' in done.stderr, done
