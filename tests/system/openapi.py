"""Whether answers are as the description of the API says: every answer that a test gets is checked.

The description is `flicketctl openapi`; a fault names the operation and what is not as described.
"""
import functools
import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema

BIN = Path(os.environ.get('FLICKET_BIN') or Path(__file__).resolve().parents[2] / 'build' / 'bin').resolve()
API = re.compile(r'/flicket-api/|/flicket_uploads/|/flicket/static/flicket_avatars/')


class NotDescribed(AssertionError):
    """An answer that the description does not allow."""


@functools.cache
def description():
    environment = {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')}
    done = subprocess.run([BIN / 'flicketctl', 'openapi'], env=environment, capture_output=True, check=True)
    return json.loads(done.stdout)


def pattern(path):
    """A described path as a regular expression; one that ends in a slash is served without it, too."""
    parts = re.split(r'\{(\w+)\}', path.rstrip('/'))
    return ''.join(re.escape(p) if i % 2 == 0 else (r'\d+' if p not in ('filename', 'avatar') else '[^/]+')
                   for i, p in enumerate(parts)) + '/?'


@functools.cache
def routes():
    """Those without parameters first: `user/me` is no id."""
    paths = sorted(description()['paths'].items(), key=lambda item: item[0].count('{'))
    return [(re.compile(pattern(path)), methods) for path, methods in paths]


def resolve(thing):
    while '$ref' in thing:
        found = description()
        for name in thing['$ref'].split('/')[1:]:
            found = found[name]
        thing = found
    return thing


@functools.cache
def validator(operation, status, media_type):
    """Validates the JSON of an answer; None where anything goes."""
    response = resolve(operations()[operation]['responses'][status])
    schema = response['content'][media_type].get('schema')
    if not schema:
        return None
    resolver = jsonschema.RefResolver('', description())
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


@functools.cache
def operations():
    return {o['operationId']: o for methods in description()['paths'].values() for o in methods.values()}


def find(method, path):
    """The operation of a request, None if there is none."""
    path = path.partition('?')[0]
    for regex, methods in routes():
        if regex.fullmatch(path):
            return methods.get('get' if method == 'HEAD' else method.lower())
    return None


def media_types(response):
    return {t.partition(';')[0]: t for t in resolve(response).get('content', {})}


def is_described(operation, status, media_type):
    known = media_types(operation['responses'][status])
    return media_type in known or '*/*' in known or media_type.partition('/')[0] + '/*' in known


def check(method, path, answer):
    """Raise NotDescribed if the answer is not one that the operation is described to have."""
    if not path.isascii() or '%' in path or not API.match(path):
        return
    operation = find(method, path)
    if operation is None:
        # what is no operation is refused: described are only those that are some
        if answer.status < 400 and method != 'OPTIONS':
            raise NotDescribed(f'{method} {path} is answered with {answer.status}, and is not described')
        return
    name, status = operation['operationId'], str(answer.status)
    if status not in operation['responses']:
        raise NotDescribed(f'{name}: status {status} is not described')
    if method == 'HEAD' or not answer.body:
        return
    media_type = (answer.header('Content-Type') or '').partition(';')[0]
    if not is_described(operation, status, media_type):
        raise NotDescribed(f'{name}: {status} with {media_type or "no type"} is not described')
    if media_type not in ('application/json', 'application/problem+json'):
        return
    check_json(name, status, media_type, answer.body)


def check_json(name, status, media_type, body):
    found = validator(name, status, media_type)
    if found is None:
        return
    faults = list(found.iter_errors(json.loads(body)))
    if faults:
        fault = jsonschema.exceptions.best_match(faults)
        raise NotDescribed(f'{name}: {status}: at {fault.json_path}: {fault.message[:400]}')
