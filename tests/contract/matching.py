"""Does an answer match what a recorded case expects?

`differences(expected, status, headers, body)` returns a list of lines, empty for a match. In an expected
value these stand for more than themselves:

    "<any>"      anything
    "<message>"  any text but the empty one
    "<token>"    a text of 20 characters or more
    "<now>"      an HTTP date in GMT, within ten minutes of now

URLs with a query match if everything before the query and the set of parameters match, in any order. An
expected header that ends with "*" matches by its beginning, whatever the case.
"""
import json
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

NOW_WITHIN = timedelta(minutes=10)
TOKEN_LENGTH = 20


def _is_now(value):
    if not isinstance(value, str) or not value.endswith(' GMT'):
        return False
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return False
    return abs(datetime.now(timezone.utc) - when) < NOW_WITHIN


PLACEHOLDERS = {
    '<any>': lambda value: True,
    '<message>': lambda value: isinstance(value, str) and value != '',
    '<token>': lambda value: isinstance(value, str) and len(value) >= TOKEN_LENGTH,
    '<now>': _is_now,
}


def _is_url_with_query(value):
    return isinstance(value, str) and value.startswith(('http://', 'https://')) and '?' in value


def _same_url(want, got):
    a, b = urlsplit(want), urlsplit(got)
    parameters = [sorted(parse_qsl(url.query, keep_blank_values=True)) for url in (a, b)]
    return a[:3] == b[:3] and a.fragment == b.fragment and parameters[0] == parameters[1]


def value_differences(want, got, where='body'):
    """Compare JSON values; each line says where, what was wanted, what came."""
    if isinstance(want, str) and want in PLACEHOLDERS:
        return [] if PLACEHOLDERS[want](got) else [f'{where}: want {want}, got {got!r:.200}']
    if type(want) is not type(got):
        return [f'{where}: want {want!r:.200}, got {got!r:.200}']
    if isinstance(want, dict):
        lines = [f'{where}.{k}: missing' for k in want.keys() - got.keys()]
        lines += [f'{where}.{k}: not expected' for k in got.keys() - want.keys()]
        for k in want.keys() & got.keys():
            lines += value_differences(want[k], got[k], f'{where}.{k}')
        return sorted(lines)
    if isinstance(want, list):
        if len(want) != len(got):
            return [f'{where}: want {len(want)} items, got {len(got)}']
        return [line for i in range(len(want)) for line in value_differences(want[i], got[i], f'{where}[{i}]')]
    if _is_url_with_query(want):
        return [] if _same_url(want, got) else [f'{where}: want {want}, got {got}']
    return [] if want == got else [f'{where}: want {want!r:.200}, got {got!r:.200}']


def header_differences(want, headers):
    """`headers`: what came, a list of pairs."""
    lines = []
    for name, value in want.items():
        came = [v for k, v in headers if k.lower() == name.lower()]
        if len(came) != 1:
            lines.append(f'header {name}: want {value!r}, got {came}')
        elif value.endswith('*'):
            if not came[0].lower().startswith(value[:-1].lower()):
                lines.append(f'header {name}: want {value!r}, got {came[0]!r}')
        elif came[0] != value:
            lines.append(f'header {name}: want {value!r}, got {came[0]!r}')
    return lines


def differences(expected, status, headers, body):
    """Everything in which an answer differs from a case's "expect"."""
    lines = [] if status == expected['status'] else [f'status: want {expected["status"]}, got {status}']
    lines += header_differences(expected.get('headers', {}), headers)
    if expected.get('empty') and body:
        lines.append(f'body: want none, got {body[:200]!r}')
    if 'json' in expected:
        try:
            got = json.loads(body.decode('utf-8'))
        except ValueError:
            return [*lines, f'body: not JSON: {body[:200]!r}']
        lines += value_differences(expected['json'], got)
    return lines


def fill(text, captured):
    """Put captured values in for their {names}."""
    for name, value in captured.items():
        text = text.replace('{' + name + '}', value)
    return text


def capture(case, body, captured):
    """Keep what the case wants kept of an answer."""
    for name, key in case.get('capture', {}).items():
        captured[name] = str(json.loads(body)[key])
