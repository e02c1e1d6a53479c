"""Seeds of the fuzz targets: small inputs that are right, most of them from the recorded requests and answers.

make(FOLDER) writes FOLDER/TARGET/NAME for every target. What the targets take is told at the top of each NAME.c.
"""
import hashlib
import json
import lzma
import re
import struct
from pathlib import Path
from urllib.parse import urlsplit

import msgpack

REPO = Path(__file__).resolve().parents[2]
CASES = REPO / 'tests' / 'contract' / 'cases.json'
SERVICES_MOST = 256
LINE = b'\r\n'


def cases():
    return json.loads(CASES.read_text())


def texts_of(value):
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner)


def recorded_texts(most=60):
    """Texts of recorded answers that are not like each other: of each shape and length class one."""
    seen = {}
    for case in cases():
        for text in texts_of(case['expect'].get('json')):
            shape = re.sub(r'[a-z]+', 'a', re.sub(r'\d+', '0', text))[:40]
            seen.setdefault(shape, text)
    return [t.encode('utf-8', 'surrogatepass') for t in list(seen.values())[:most]]


def bodies():
    """Bodies of recorded requests, and some that are right for other routes."""
    for case in cases():
        if 'json' in case:
            yield json.dumps(case['json']).encode()
        elif isinstance(case.get('body'), str):
            yield case['body'].encode('utf-8', 'surrogatepass')
    yield json.dumps({'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1,
                      'hours': 1.25}).encode()
    yield json.dumps({'username': 'somebody', 'name': 'Some Body', 'email': 'some@example.org',
                      'password': 'Password1', 'job_title': None, 'disabled': False, 'locale': 'en'}).encode()
    yield json.dumps({'status_id': 3, 'close': True, 'user_id': 8, 'force': False, 'ticket_id': 2}).encode()


def queries():
    for case in cases():
        query = urlsplit(case['path']).query
        if query:
            yield query.encode()
    yield b'status=open,closed&sort=priority_desc&fields=id,title&include=users&added_since=2020-01-01'
    yield b'cursor=&per_page=10&content=%22on+fire%22+print*&department=IT&assigned_id=1,2'


def frames():
    args = {20: 2, 21: 'title', 30: b'bytes', 40: 3}
    yield b'\0' + msgpack.packb([1, 7, 30, 0, 1, 3, 'request', args])
    yield b'\0' + msgpack.packb([1, 2 ** 63, 31, 10 ** 12, 1, 0, 'request', {}, '00-' + 'a' * 32])
    yield b'\0' + b''.join(msgpack.packb([1, n, n, 0, 1, 0, 'r', {n: n}]) for n in range(1, 6))
    yield b'\1' + msgpack.packb([1, 7, 0, 1, 12345, b'{"id":1}', {8: 'message'}, 250])
    yield b'\1' + msgpack.packb([1, 7, 3, 0, -1, b'', {}])
    yield b'\2' + msgpack.packb(args) + msgpack.packb({k: k for k in range(1, 128)})


def calls():
    """Every operation, with its first arguments as small numbers (or texts of that many characters)."""
    for op in range(SERVICES_MOST):
        for actor, rights, value in ((1, 3, 1), (3, 0, 2)):
            yield bytes((op, actor, rights)) + b''.join(bytes((n, value)) + b'ab'[:value] for n in range(8))
    for op in (31, 49):
        for text in (b'priority_desc', b'printer', b'id,title', b'open', b'2020-01-01', b'me'):
            for n in range(12):
                yield bytes((op, 1, 3, 0, 1, 1, 10, n, len(text))) + text


def forms():
    disposition = b'Content-Disposition: form-data; name="%s"'
    file = disposition % b'file' + b'; filename="a.txt"'
    one = b'--b' + LINE + file + LINE + b'Content-Type: text/plain' + LINE * 2 + b'hello' + LINE
    two = b'--b' + LINE + disposition % b'ticket_id' + LINE * 2 + b'2' + LINE
    for kind in (b'multipart/form-data; boundary=b', b'Multipart/Form-Data;BOUNDARY="b"; charset=utf-8'):
        for parts in (one, two, one + two, two * 3 + one):
            yield kind + b'\n' + parts + b'--b--' + LINE
            yield kind + b'\npreamble' + LINE + parts + b'--b-- ' + LINE + b'epilogue'
    yield b'multipart/form-data; boundary=b\n' + one.replace(b'a.txt', b'a\\"%22b.txt').replace(b'hello', b'\r\n--bc')


def heads_and_chunks():
    host = b'Host: localhost:5000' + LINE
    for fields in (b'', b'Content-Length: 5' + LINE, b'Transfer-Encoding: chunked' + LINE, b'X-Any:\ta ' + LINE):
        for first in (b'GET / HTTP/1.1', b'POST /flicket-api/tickets HTTP/1.0'):
            yield first + LINE + host + fields + LINE
    yield LINE * 2 + b' GET / HTTP/1.0' + LINE * 2
    yield b'GET  HTTP/1.1' + LINE + host + LINE
    last = b'0' + LINE * 2
    for body in (b'', b'5' + LINE + b'hello' + LINE, b'1;a="b" ; c' + LINE + b'x' + LINE, b'00A' + LINE + b'0123456789' + LINE):
        yield body + last
        yield body + b'0;a' + LINE + b'Digest: a' + LINE * 2 + b'GET'


def sql_values():
    """For import: converter, type, value."""
    for converter in range(18):
        yield bytes((converter, 0))
        for number in (0, 1, 2, 3, -1, 2 ** 62):
            yield bytes((converter, 1)) + struct.pack('>q', number)
        yield bytes((converter, 2)) + struct.pack('>d', 1.25)
        for text in (b'2024-02-29 23:59:59.999999', b'1', b'flicket_admin', b'{"b": 1, "a": [null]}', b'caf\xc3\xa9\xff'):
            yield bytes((converter, 3)) + text
            yield bytes((converter, 4)) + text


def dumps():
    """For dump: how to read it, and pieces of kept dumps, each whole in itself."""
    folder = REPO / 'tests' / 'data' / 'dumps'
    for path in sorted(folder.glob('*.sql.xz')):
        postgres = path.name.startswith('postgres')
        text = lzma.decompress(path.read_bytes())
        parts = re.split(rb'\n(?=--\n-- (?:Table structure|Dumping data|Name: |Data for))', text)
        short = [part for part in parts if len(part) < 1500]
        end = b'\n-- PostgreSQL database dump complete\n' if postgres else b'\n-- Dump completed\n'
        for at in range(0, len(short) - 1, 2):
            yield bytes((2 * postgres + at // 2 % 2,)) + b'\n'.join(short[at:at + 2]) + end


def records():
    """For records: which reader, and files that each reads whole or refuses."""
    for text in (b'a,b\r\n1,"x ""y""\n, z"\r\n\r\n,\n', b'\xef\xbb\xbfa;b\n1;\xe6\xbc\xa2\n', b'sep=|\na|b\n"1\n2"|3',
                 b'a\tb\n1\t2', b'a\n"x', b'a\nx"y', b'a\nx\ry', b'a\n\xff'):
        yield b'\0' + text
    for text in (b'[{"a": "x", "list": [1, "b"]},\n {"b": null}]', b'{"a": 1.25}\n{"a": true}\n', b'{"c": 1}', b'{"a": {}}',
                 b'[{}', b'{"a": "\\u6f22\\u0000"}'):
        yield b'\1' + text


def searches():
    yield from (b'printer', b'"on fire"', b'print*', b'the "printer is" on fire*', b'NOT AND OR NEAR(', b"x' OR 1=1 --")
    yield '\u00fcml\u00e4ut \u6f22\u5b57'.encode()


def everything():
    """(target, its seeds)"""
    texts = recorded_texts()
    each = [bytes((n,)) for n in range(0, 40, 3)]
    yield 'frame', frames()
    yield 'call', calls()
    yield 'json_in', (which + body for body in dict.fromkeys(bodies()) for which in each)
    yield 'json_out', texts
    yield 'query', (which + query for query in list(dict.fromkeys(queries()))[:60] for which in each)
    yield 'multipart', forms()
    yield 'framing', heads_and_chunks()
    yield 'cursor', [bytes(20) + t for t in texts[:20]] + [b'AAAA', b'']
    yield 'csv', [bytes((len(t) // 2 % 256,)) + t for t in texts]
    yield 'search', [*searches(), *texts[:20]]
    yield 'import', sql_values()
    yield 'dump', dumps()
    yield 'records', records()
    yield 'utf8', texts


def names_of_arguments():
    """A dictionary of them, for libFuzzer."""
    table = (REPO / 'proto' / 'keys.tbl').read_text()
    return ''.join(f'"{name}"\n' for name in sorted(set(re.findall(r'^KEY\(\d+, +\w+, +"(\w+)"', table, re.M))))


def make(folder):
    for target, seeds in everything():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (folder / target / hashlib.sha1(seed).hexdigest()[:16]).write_bytes(seed)
