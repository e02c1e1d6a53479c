"""The description of the API: valid, whole, served; and that answers are checked against it."""
import json
import re

import jsonschema
import pytest

import openapi
from desk import REPO, run_program
from wire import Answer, Client, expect

ROUTE = re.compile(r'ROUTE\((\w+),\s*(\w+),\s*"([^"]+)",\s*(\w+),\s*(\d+)')
ROOTS = {'API': '/flicket-api/', 'UPLOADS': '/flicket_uploads/', 'AVATARS': '/flicket/static/flicket_avatars/'}
ROWS = ROUTE.findall((REPO / 'gateway' / 'core' / 'routes.tbl').read_text())


def everything(thing, path='#'):
    yield path, thing
    if isinstance(thing, dict):
        for k, v in thing.items():
            yield from everything(v, f'{path}/{k}')
    elif isinstance(thing, list):
        for i, v in enumerate(thing):
            yield from everything(v, f'{path}/{i}')


@pytest.mark.parametrize('row', ROWS, ids=lambda r: f'{r[0]} {r[2]}')
def test_every_route_is_described(row):
    method, root, path, operation, status = row
    described = openapi.description()['paths'][ROOTS[root] + re.sub(r':(\w+)', r'{\1}', path)][method.lower()]
    assert described['operationId'].startswith(operation.lower())
    assert described['summary'] and described['tags'] and described['description']
    assert status in described['responses'] and {'400', '404', '503'} <= set(described['responses'])
    assert ('401' in described['responses']) == (operation != 'SESSION_GET')      # which nobody may ask for, too
    names = [(p['name'], p['in']) for p in described['parameters']]
    assert len(names) == len(set(names))
    assert [n for n, where in names if where == 'path'] == sorted(
        re.findall(r':(\w+)', path), key=[n for n, _ in names].index)
    for p in described['parameters']:
        assert p['description'] and p['schema']
        assert p['in'] != 'path' or p['required']


def test_nothing_else_is_described():
    paths = {ROOTS[root] + re.sub(r':(\w+)', r'{\1}', path) for _, root, path, _, _ in ROWS}
    assert set(openapi.description()['paths']) - paths == {'/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'}


def test_references_lead_somewhere_and_names_are_unique():
    for path, thing in everything(openapi.description()):
        if isinstance(thing, dict) and isinstance(thing.get('$ref'), str):
            assert openapi.resolve(thing), path
    names = [o['operationId'] for p in openapi.description()['paths'].values() for o in p.values()]
    assert len(names) == len(set(names))


def test_schemas_are_json_schema_and_their_examples_fit():
    document = openapi.description()
    assert document['openapi'] == '3.1.0' and document['info']['version']
    resolver = jsonschema.RefResolver('', document)
    for path, thing in everything(document):
        if not isinstance(thing, dict) or '/properties' in path or not ({'type', 'anyOf', 'enum'} & set(thing)) or \
                '/securitySchemes' in path or '/examples' in path:
            continue
        jsonschema.Draft202012Validator.check_schema(thing)
        for example in thing.get('examples', []):
            jsonschema.Draft202012Validator(thing, resolver=resolver).validate(example)


def test_it_is_served(reading):
    with Client(reading.port) as nobody:
        answer = nobody.get('/openapi.json')
        assert answer.status == 200 and answer.json() == openapi.description()
        assert answer.header('X-Content-Type-Options') == 'nosniff'
        again = nobody.get('/openapi.json', headers={'If-None-Match': answer.header('ETag')})
        assert again.status == 304 and again.body == b''
        assert nobody.request('HEAD', '/openapi.json').status == 200
        assert nobody.post('/openapi.json').status == 405


def test_the_explorer_is_served_whole_and_asks_nobody_else(reading):
    with Client(reading.port) as nobody:
        page = nobody.get('/docs')
        assert page.status == 200 and page.header('Content-Type') == 'text/html; charset=utf-8'
        policy = page.header('Content-Security-Policy')
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        for path in re.findall(r'(?:src|href)="([^"]+)"', page.body.decode()):
            assert path.startswith('/')
            assert nobody.get(path).status == 200, path
        script = nobody.get('/docs/swagger-ui-bundle.js').body
        assert len(script) > 1000000, 'script/vendor has not fetched the explorer before the build'
        assert b'SwaggerUIBundle' in script and b'url: \'/openapi.json\'' in nobody.get('/docs/init.js').body


def test_the_tool_prints_what_is_served():
    done = run_program('flicketctl', 'openapi')
    assert done.returncode == 0 and json.loads(done.stdout) == openapi.description()


def answer(status, body, type='application/json'):
    return Answer('HTTP/1.1', status, '', [('Content-Type', type)], body, 0)


@pytest.mark.parametrize('method, path, given, fault', [
    ('GET', '/flicket-api/ticket/1', answer(200, b'{"id": "one"}'), 'ticket_get'),
    ('GET', '/flicket-api/ticket/1', answer(200, b'{"unheard_of": 1}'), 'ticket_get'),
    ('GET', '/flicket-api/ticket/1', answer(418, b'{}'), 'status 418'),
    ('GET', '/flicket-api/ticket/1', answer(200, b'hello', 'text/html'), 'text/html'),
    ('GET', '/flicket-api/ticket/1', answer(404, b'{"message": "no error"}'), '404'),
    ('GET', '/flicket-api/tickets/', answer(200, b'{"items": []}'), 'ticket_list'),
    ('GET', '/flicket-api/secret/1', answer(200, b'{}'), 'is not described'),
    ('PUT', '/flicket-api/ticket/1', answer(200, b'{}'), 'is not described')])
def test_what_is_not_as_described_is_found(method, path, given, fault):
    with pytest.raises(openapi.NotDescribed, match=fault):
        openapi.check(method, path, given)


def test_what_is_described_passes(reader):
    answer_ = expect(reader.get('ticket/1'), 200)
    assert answer_['id'] == 1       # and it was checked on the way: see Client.request()
