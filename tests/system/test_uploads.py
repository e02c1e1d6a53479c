"""Attached files: in, out, by whom, and what is left on disk."""
import concurrent.futures
import contextlib
import io
import os
import random
import socket
import sqlite3
import struct
import time
import urllib.parse
import zipfile
import zlib
from pathlib import Path

import pytest

from desk import ADMIN, SUPER, USER, run_program, wait_until
from wire import NoAnswer, expect, head, insist

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}
NOWHERE = 999999
MIB = 1 << 20
MOST = 25 * MIB


@pytest.fixture(scope='module')
def clients(writing):
    return {name: writing.client(token) for name, token in
            (('admin', ADMIN), ('user', USER), ('other', SUPER))}


@pytest.fixture
def admin(clients):
    return clients['admin']


@pytest.fixture
def user(clients):
    return clients['user']


@pytest.fixture
def other(clients):
    return clients['other']


def form(content, name='notes.txt', boundary='b0undary', **fields):
    """The body of a form with a file; the name is quoted as curl does it."""
    quoted = name.replace('\\', '\\\\').replace('"', '\\"')
    lines = []
    for field, value in fields.items():
        lines += [f'--{boundary}', f'Content-Disposition: form-data; name="{field}"', '', str(value)]
    lines += [f'--{boundary}', f'Content-Disposition: form-data; name="file"; filename="{quoted}"',
              'Content-Type: application/octet-stream', '', '']
    return '\r\n'.join(lines).encode() + content + f'\r\n--{boundary}--\r\n'.encode()


def send(client, body, boundary='b0undary', **more):
    return client.request('POST', 'uploads', body=body, type=f'multipart/form-data; boundary={boundary}', **more)


def upload(client, content=b'some notes\n', name='notes.txt', **fields):
    return send(client, form(content, name, **fields))


def new_ticket(client):
    return expect(client.post('tickets', TICKET), 201)['id']


def reply(client, ticket):
    return expect(client.post('posts', {'ticket_id': ticket, 'content': 'this is my reply'}), 201)['id']


def fetch(client, made, **more):
    return client.get('/flicket_uploads/' + made['filename'], **more)


def folder(desk):
    return desk.data / 'stores' / 'post' / 'files'


def files_of(desk):
    return set(os.listdir(folder(desk)))


def restart(desk, client):
    """Start the post service again once the gateway has noticed that it ended."""
    wait_until(lambda: client.get('/readyz').json()['services']['post'] == 'down', 5, 'post is known to be down')
    desk.restart('post')
    desk.wait_ready()


def will_be_gone(desk, *names):
    wait_until(lambda: not files_of(desk) & set(names), 5, f'{names} removed')


def png():
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b'\0\0')) + chunk(b'IEND', b''))


def archive(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z:
        for name in names:
            # a date of its own: what is tested must be the same in every process
            z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), '<?xml version="1.0"?><a/>')
    return out.getvalue()


JPEG = bytes.fromhex('ffd8ffe000104a46494600010100000100010000') + b'\xff\xd9'
GIF = b'GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;'
PDF = b'%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n'
OLE = bytes.fromhex('d0cf11e0a1b11ae1') + bytes(16) + bytes.fromhex('3e000300feff0900') + bytes(480)
DOCX = archive('[Content_Types].xml', '_rels/.rels', 'word/document.xml')
XLSX = archive('[Content_Types].xml', '_rels/.rels', 'xl/workbook.xml')
ELF = b'\x7fELF\x02\x01\x01' + bytes(57)


# -- in and out

def test_an_upload_is_answered_with_all_there_is_about_it(writing, user):
    t = new_ticket(user)
    answer = upload(user, ticket_id=t)
    made = expect(answer, 201)
    link = writing.base_url
    name = made.pop('filename')
    stem, dot, ending = name.partition('.')
    assert len(stem) >= 16 and stem.isalnum() and ending == 'txt'
    assert answer.header('Location') == made['links']['self'] == f'{link}/flicket-api/upload/{made["id"]}'
    assert made == {'id': made['id'], 'image': f'{link}/flicket_uploads/{name}', 'original_filename': 'notes.txt',
                    'post_id': None, 'topic_id': t, 'links': {
                        'post': None, 'self': f'{link}/flicket-api/upload/{made["id"]}',
                        'ticket': f'{link}/flicket-api/ticket/{t}', 'uploads': f'{link}/flicket-api/uploads/'}}
    assert expect(user.get(f'upload/{made["id"]}'), 200) == {**made, 'filename': name}
    assert (folder(writing) / name).read_bytes() == b'some notes\n'
    assert (folder(writing) / name).stat().st_mode & 0o777 == 0o600


def test_a_file_is_served_as_what_it_is_and_as_nothing_else(user):
    made = expect(upload(user, png(), 'shot.png', ticket_id=new_ticket(user)), 201)
    answer = fetch(user, made)
    assert (answer.status, answer.body) == (200, png())
    assert answer.header('Content-Type') == 'image/png'
    assert answer.header('Content-Length') == str(len(png()))
    assert answer.header('Content-Disposition') == 'attachment; filename="shot.png"; filename*=UTF-8\'\'shot.png'
    assert answer.header('X-Content-Type-Options') == 'nosniff'
    assert answer.header('Content-Security-Policy') == "sandbox; default-src 'none'"
    assert answer.header('Accept-Ranges') == 'bytes'
    # kept by the browser of who asked, and by nobody between, and asked about each time
    for more in ({}, {'Range': 'bytes=0-9'}, {'If-None-Match': answer.header('ETag')}):
        assert fetch(user, made, headers=more).header('Cache-Control') == 'private, no-cache'


@pytest.mark.parametrize('name, content, kind', [
    ('a.txt', b'', 'text/plain'), ('a.txt', '漢字\n'.encode(), 'text/plain'),
    ('a.txt', '漢字\n'.encode('utf-16'), 'text/plain'), ('a.log', b'\x1b[31mred\x1b[0m\n', 'text/plain'),
    ('a.txt', b'caf\xe9\n', 'text/plain'), ('a.txt', b'<html></html>', 'text/plain'),
    ('A.PNG', png(), 'image/png'), ('a.jpg', JPEG, 'image/jpeg'), ('a.jpeg', JPEG, 'image/jpeg'),
    ('a.gif', GIF, 'image/gif'), ('a.pdf', PDF, 'application/pdf'), ('a.b.pdf', PDF, 'application/pdf'),
    ('a.doc', OLE, 'application/msword'), ('a.doc', b'{\\rtf1\\ansi hello}', 'application/msword'),
    ('a.xls', OLE, 'application/vnd.ms-excel'), ('a.ppt', OLE, 'application/vnd.ms-powerpoint'),
    ('a.msg', OLE, 'application/vnd.ms-outlook'),
    ('a.docx', DOCX, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
    ('a.docx', OLE, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
    ('a.xlsx', XLSX, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'),
    ('a.pptx', archive('x'), 'application/vnd.openxmlformats-officedocument.presentationml.presentation')])
def test_what_is_taken(user, name, content, kind):
    made = expect(upload(user, content, name, ticket_id=new_ticket(user)), 201)
    answer = fetch(user, made)
    assert (answer.status, answer.body, answer.header('Content-Type')) == (200, content, kind)
    assert made['filename'].endswith('.' + name.rpartition('.')[2].lower())


@pytest.mark.parametrize('name, content', [
    ('a.txt', ELF), ('a.txt', png()), ('a.txt', b'a\0b'), ('a.png', b'no picture'), ('a.png', JPEG), ('a.png', b''),
    ('a.jpg', png()), ('a.gif', b'<svg/>'), ('a.pdf', b'<html><script>1</script></html>'), ('a.doc', archive('x')),
    ('a.docx', XLSX), ('a.docx', b'text'), ('a.xlsx', b''), ('a.msg', PDF),
    ('a.exe', ELF), ('a', b'x'), ('abc', b'x'), ('a.', b'x'), ('.txt/', b'x'), ('a.txt.exe', b'x'), ('a.t xt', b'x'),
    ('', b'x'), ('a\x01b.txt', b'x'), ('a\x85b.txt', b'x'), ('a\u2028b.txt', b'x'), ('a\u202etxt.gpj.txt', b'x'),
    ('a\u2067.txt', b'x'), ('\u3000', b'x'), ('dir/\u200b ', b'x'), ('x' * 125 + '.txt', b'x'), ('漢' * 125 + '.txt', b'x')])
def test_what_is_not_taken(writing, user, name, content):
    t = new_ticket(user)
    before = files_of(writing)
    got = expect(upload(user, content, name, ticket_id=t), 400)
    assert got['message'].startswith('file: '), got
    assert files_of(writing) <= before


ACCEPTED = 'txt,log,pdf,png,jpg,jpeg,gif,msg,doc,docx,ppt,pptx,xls,xlsx'


@pytest.mark.parametrize('name, says', [
    ('a.exe', 'ends in ".exe"'), ('a.TXT.Exe', 'ends in ".Exe"'), ('ab.', 'ends in "."'), ('notes', 'has no dot'),
    ('a.\uff34xt', 'ends in ".\uff34xt"'), ('a\uff0etxt', 'has no dot'), ('a.t xt', 'ends in ".t xt"'), ('a.té', 'ends in ".té"'),
    ('a.' + 'x' * 30, f'ends in ".{"x" * 30}"'), ('a.' + 'x' * 126, f'ends in ".{"x" * 79}"'),
    ('a.x' + '漢' * 120, f'ends in ".x{"漢" * 26}"'), ('a.' + '😀' * 120, f'ends in ".{"😀" * 19}"')])
def test_a_refusal_names_the_extension_and_those_that_are_accepted(user, name, says):
    got = expect(upload(user, b'x', name, ticket_id=new_ticket(user)), 400)
    assert (got['code'], got['field']) == ('invalid', 'file')
    assert got['message'] == f'file: its name must end in one of {ACCEPTED} (after a dot), this one {says}.'


@pytest.mark.parametrize('name, content, claim, is_', [
    ('a.txt', ELF, 'text/plain', 'application/x-executable'),
    ('a.txt', ELF[:6] + bytes(3), 'text/plain', 'application/x-executable'),
    ('a.txt', b'\x7fELF' + b'x' * 100, 'text/plain', 'application/x-executable'),
    ('a.txt', b'a\0b', 'text/plain', 'application/octet-stream'), ('a.txt', png(), 'text/plain', 'image/png'),
    ('a.log', b'MZ' + bytes(100), 'text/plain', 'application/x-dosexec'),
    ('a.png', JPEG, 'image/png', 'image/jpeg'), ('a.png', ELF, 'image/png', 'application/x-executable'),
    ('a.pdf', b'<html><script>1</script></html>', 'application/pdf', 'text/html'),
    ('a.pdf', b'words', 'application/pdf', 'text/plain'), ('a.png', b'', 'image/png', 'empty'),
    ('a.doc', archive('x'), 'application/msword', 'application/zip')])
def test_a_refusal_names_what_the_content_is(user, name, content, claim, is_):
    got = expect(upload(user, content, name, ticket_id=new_ticket(user)), 400)['message']
    said, _, known = got.partition(', the content is ')
    assert said == f'file: its content does not match its name: {name[1:]} is for {claim}'
    assert known.endswith(f'{is_}.') or known.endswith(f' ({is_}).'), got
    assert claim not in known


@pytest.mark.parametrize('name, sent_as', [
    ('漢字 文件.txt', None), ('été "quoted" 100%.txt', None), ("it's; a=b.txt", None), ('😀.txt', None),
    ('漢' * 124 + '.txt', None), ('דוח (א).txt', None), ('notes.txt', ' \u3000notes.txt\u200b '),
    ('notes.txt', 'C:\\Users\\me\\notes.txt'), ('notes.txt', '../../notes.txt')])
def test_names_are_kept(user, name, sent_as):
    made = expect(upload(user, name=sent_as or name, ticket_id=new_ticket(user)), 201)
    assert made['original_filename'] == name
    value = fetch(user, made).header('Content-Disposition')
    ascii_part, _, rest = value.partition("; filename*=UTF-8''")
    assert urllib.parse.unquote(rest) == name
    assert ascii_part.startswith('attachment; filename="') and ascii_part.endswith('.txt"')
    assert ascii_part.isascii() and ascii_part.count('"') == 2


WANT = '漢字 ë.txt'
QUOTED = '%E6%BC%A2%E5%AD%97%20%C3%AB.txt'
WORD = '=?utf-8?B?5ryi5a2XIMOrLnR4dA==?='


@pytest.mark.parametrize('head, want', [
    # .NET and PowerShell, which do not quote what is a token
    (f'Content-Disposition: form-data; name=file; filename="{WORD}"; filename*=utf-8\'\'{QUOTED}', WANT),
    ("Content-Type: text/plain\r\nContent-Disposition: form-data; name=file; filename=a.txt; filename*=utf-8''a.txt", 'a.txt'),
    # .NET and PowerShell, if a script gives FileName and not FileNameStar
    (f'Content-Disposition: form-data; name=file; filename="{WORD}"', WANT),
    # older requests and urllib3
    (f'Content-Disposition: form-data; name="file"; filename*=utf-8\'\'{QUOTED}', WANT),
    # aiohttp
    (f'Content-Disposition: form-data; name="file"; filename="{QUOTED}"; filename*=utf-8\'\'{QUOTED}', WANT),
    (f'Content-Disposition: form-data; filename*=UTF-8\'de\'{QUOTED}; filename="x.txt"; name="file"', WANT),
    ("Content-Disposition: form-data; name=file; filename*=ISO-8859-1''%EB.txt", 'ë.txt'),
    ("Content-Disposition: form-data; name=file; filename*0*=utf-8''%E6%BC; filename*1*=%A2; filename*2=.txt", '漢.txt'),
    # browsers
    ('Content-Disposition: form-data; name="file"; filename="漢字 ë.txt"', WANT),
    ('Content-Disposition: form-data; name="file"; filename="a%22b.txt"', 'a"b.txt'),
    ('Content-Disposition: form-data; name="file"; filename="a\\"b.txt"', 'a"b.txt'),
    ('Content-Disposition: form-data; name="file"; filename="C:\\My Files\\a.txt"', 'a.txt'),
    ('Content-Disposition: form-data; name="file"; filename="\\\\server\\share\\a.txt"', 'a.txt'),
    ('Content-Disposition: form-data; name="file"; filename="a;b=c.txt"', 'a;b=c.txt'),
    # blanks, cases, folds
    ('content-disposition:form-data;name="file";filename="a b.txt"', 'a b.txt'),
    ('CONTENT-DISPOSITION :\tForm-Data ;\tNAME = "file" ; FileName = a.txt ;', 'a.txt'),
    ('Content-Disposition: form-data;\r\n name="file";\r\n\tfilename="a.txt"', 'a.txt'),
    ('Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain;\r\n charset=utf-8', 'a.txt'),
    # as long as names may be, each character as long as it can be
    ('Content-Disposition: form-data; name="file"; filename*=utf-8\'\'' + '%F0%9F%98%80' * 124 + '.txt', '😀' * 124 + '.txt')])
def test_names_are_read_as_clients_write_them(user, head, want):
    body = form(b'some notes\n', ticket_id=new_ticket(user))
    at = body.rindex(b'Content-Disposition')
    body = body[:at] + head.encode() + body[body.index(b'\r\n\r\n', at):]
    assert expect(send(user, body), 201)['original_filename'] == want


def test_only_users_are_served(writing, user):
    made = expect(upload(user, ticket_id=new_ticket(user)), 201)
    for token in (False, 'nobody'):
        answer = fetch(user, made, token=token)
        assert answer.status == 401 and b'some notes' not in answer.body
        assert send(user, form(b'x', ticket_id=1), token=token).status == 401


def test_a_name_of_any_length_makes_no_header_of_any_length(desks):
    """As an import may bring them."""
    desk = desks('imported')
    c = desk.client(ADMIN)
    made = expect(upload(c, ticket_id=new_ticket(c)), 201)
    desk.kill('post')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'post' / 'post.db')) as db, db:
        db.execute('UPDATE uploads SET original_filename = ? WHERE id = ?', ('\u6f22' * 20000, made['id']))
    restart(desk, c)
    answer = insist(lambda: fetch(c, made))
    assert answer.status == 200 and answer.body == b'some notes\n'
    name = answer.header('Content-Disposition').partition("; filename*=UTF-8''")[2]
    assert urllib.parse.unquote(name, errors='strict') == '\u6f22' * 170
    assert all(len(value) <= 8192 for _, value in answer.headers)


@pytest.mark.parametrize('path', ['nothing.txt', '..', '.', '%2e%2e', '..%2fpost.db', '.incoming-x', '..%2F..%2Fpost%2Fpost.db',
                                  'a%00b.txt', 'x' * 300, '%ff%fe', '../post.db', '%2e%2e%2fpost.db'])
def test_other_files_are_not_served(user, path):
    assert user.get('/flicket_uploads/' + path).status in (400, 404)


# -- who and when

def test_who_attaches_to_a_ticket(admin, user, other):
    t = new_ticket(user)
    expect(upload(other, ticket_id=t), 403)
    a, b = (expect(upload(c, ticket_id=t), 201)['id'] for c in (user, admin))
    expect(other.request('DELETE', f'upload/{a}'), 403)
    for u in (a, b):
        expect(user.request('DELETE', f'upload/{u}'), 204)
        expect(user.get(f'upload/{u}'), 404)
        expect(user.request('DELETE', f'upload/{u}'), 404)


def test_who_attaches_to_a_reply(admin, user, other):
    p = reply(user, new_ticket(other))
    expect(upload(other, post_id=p), 403)       # it is on a ticket of theirs, but not their reply
    a, b = (expect(upload(c, post_id=p), 201) for c in (user, admin))
    assert (a['post_id'], a['topic_id']) == (p, None)
    expect(other.request('DELETE', f'upload/{a["id"]}'), 403)
    expect(admin.request('DELETE', f'upload/{a["id"]}'), 204)
    expect(user.request('DELETE', f'upload/{b["id"]}'), 204)


def test_nothing_is_attached_while_the_ticket_is_closed(writing, admin, user):
    t = new_ticket(user)
    p = reply(user, t)
    made = [expect(upload(user, ticket_id=t), 201), expect(upload(user, post_id=p), 201)]
    expect(user.post(f'ticket/{t}/close', {}), 200)
    for c in (user, admin):
        expect(upload(c, ticket_id=t), 409)
        expect(upload(c, post_id=p), 409)
        for m in made:
            expect(c.request('DELETE', f'upload/{m["id"]}'), 409)
    for m in made:
        assert fetch(user, m).status == 200


@pytest.mark.parametrize('fields, status, says', [
    ({'ticket_id': 1, 'post_id': 1}, 400, 'not both'), ({'ticket_id': NOWHERE}, 404, None),
    ({'post_id': NOWHERE}, 404, None), ({'ticket_id': 'x'}, 400, 'ticket_id'), ({'ticket_id': '1.0'}, 400, 'ticket_id'),
    ({'post_id': '9' * 30}, 400, 'post_id'), ({'ticket_id': ' 1'}, 400, 'ticket_id'),
    ({'ticket_id': 1, 'user_id': 1}, 400, 'user_id'), ({'ticket_id': -1}, 404, None), ({'post_id': 0}, 404, None)])
def test_what_a_file_hangs_on(writing, admin, fields, status, says):
    before = files_of(writing)
    got = expect(upload(admin, **fields), status)
    assert says is None or says in got['message'], got
    assert files_of(writing) <= before


def test_an_empty_field_is_none(admin):
    t = new_ticket(admin)
    assert expect(upload(admin, ticket_id=t, post_id=''), 201)['topic_id'] == t


# -- bodies

@pytest.mark.parametrize('body, says', [
    (b'', 'boundary'), (b'hello', 'boundary'), (b'--b0undary', 'boundary'), (b'--b0undary--', 'file is missing'),
    (form(b'x', ticket_id=1)[:-10], 'cut off'), (form(b'x', ticket_id=1).replace(b'\r\n', b'\n'), ''),
    (form(b'x', ticket_id=1).replace(b'form-data', b'attachment'), 'form-data'),
    (form(b'x', ticket_id=1).replace(b'; filename="notes.txt"', b''), 'file'),
    (form(b'x', ticket_id=1).replace(b'name="ticket_id"', b'name="ticket_id"; filename="x"'), 'ticket_id'),
    (form(b'x', ticket_id=1)[:-14] + form(b'y'), 'only one'),
    (form(b'x', ticket_id=1).replace(b'application/octet-stream', b'x\r\nContent-Transfer-Encoding: base64'), 'Encoding'),
    (form(b'x').replace(b'"notes.txt"', b'"\xff\xfe.txt"'), 'UTF-8'),
    (form(b'x').replace(b'name="file"', b'name="ticket_id"'), 'ticket_id')])
def test_malformed_bodies(admin, body, says):
    assert says in expect(send(admin, body), 400)['message']


@pytest.mark.parametrize('kind', [None, 'application/json', 'multipart/mixed; boundary=b0undary', 'text/plain',
                                  'application/x-www-form-urlencoded'])
def test_other_bodies(admin, kind):
    body = form(b'x', ticket_id=new_ticket(admin))
    assert expect(admin.request('POST', 'uploads', body=body, type=kind), 415)['message']


@pytest.mark.parametrize('kind', ['multipart/form-data', 'multipart/form-data; boundary', 'multipart/form-data; boundary=',
                                  'multipart/form-data; boundary="', 'multipart/form-data; boundary=' + 'b' * 71,
                                  'multipart/form-data; boundary=x; boundary=y'])
def test_no_boundary(admin, kind):
    body = form(b'x', ticket_id=1)
    assert 'boundar' in expect(admin.request('POST', 'uploads', body=body, type=kind), 400)['message'] or \
        'malformed' in admin.request('POST', 'uploads', body=body, type=kind).json()['message']


def test_a_body_that_is_changed_anywhere_is_never_a_fault(admin):
    whole = form(b'x' * 20, ticket_id=new_ticket(admin))
    dice = random.Random(7)
    for _ in range(150):
        body = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(body))
            if dice.random() < 0.5:
                body[at] = dice.choice(b'\r\n-";=:\\ \0\xffb')
            else:
                del body[at:at + dice.randint(1, 9)]
        assert send(admin, bytes(body)).status in (201, 400, 404, 415)


# -- sizes

@pytest.mark.parametrize('size', [0, 1, 65535, 65536, 65537, 4 * 65536, 5 * 65536 + 1])
def test_sizes_around_a_chunk(user, size):
    content = random.Random(size).randbytes(size).hex().encode()[:size]
    made = expect(upload(user, content, ticket_id=new_ticket(user)), 201)
    assert fetch(user, made).body == content


def test_the_largest_file(writing, user):
    content = png() + random.Random(1).randbytes(MOST - len(png()))
    t = new_ticket(user)
    made = expect(upload(user, content, 'big.png', ticket_id=t), 201)
    assert fetch(user, made).body == content
    before = files_of(writing)
    got = expect(upload(user, content + b'x', 'big.png', ticket_id=t), 413)
    assert str(MOST) in got['message'] and str(MOST + 1) in got['message']
    assert files_of(writing) <= before
    answer = upload(user, content + bytes(2 * MIB), 'big.png', ticket_id=t)
    assert answer.status == 413
    expect(user.request('DELETE', f'upload/{made["id"]}'), 204)
    will_be_gone(writing, made['filename'])


def test_bounds_are_settings(desks):
    desk = desks('new', FLICKET_UPLOAD_MAX_BYTES=1024, FLICKET_UPLOAD_EXTENSIONS='CSV,py')
    with desk.admin() as admin:
        department = expect(admin.post('departments', {'department': 'Building'}), 201)['id']
        category = expect(admin.post('categories', {'category': 'Lights', 'department_id': department}), 201)['id']
        t = expect(admin.post('tickets', {**TICKET, 'category_id': category}), 201)['id']
        expect(upload(admin, b'a,b\n' * 256, 'a.csv', ticket_id=t), 201)
        expect(upload(admin, b'import os\n', 'a.Py', ticket_id=t), 201)
        expect(upload(admin, b'a,b\n' * 256 + b'c', 'a.csv', ticket_id=t), 413)
        assert 'CSV,py' in expect(upload(admin, b'a', 'a.txt', ticket_id=t), 400)['message']


# -- ranges

CONTENT = bytes(range(32, 127)) * 2000      # 190000 bytes: three pieces


@pytest.fixture(scope='module')
def ranged(clients):
    user = clients['user']
    return expect(upload(user, CONTENT, 'long.txt', ticket_id=new_ticket(user)), 201)


@pytest.mark.parametrize('value, first, last', [
    ('bytes=0-0', 0, 0), ('bytes=0-9', 0, 9), ('bytes=100-', 100, 189999), ('bytes=-5', 189995, 189999),
    ('bytes=-190000', 0, 189999), ('bytes=-999999', 0, 189999), ('bytes=189999-', 189999, 189999),
    ('bytes=0-189998', 0, 189998), ('bytes=0-189999', 0, 189999), ('bytes=0-190000', 0, 189999),
    ('bytes=0-190001', 0, 189999), ('bytes=189999-190000', 189999, 189999), ('bytes=-190001', 0, 189999),
    ('bytes=0-999999999999999999999999', 0, 189999), ('BYTES=5-6', 5, 6), ('bytes=65530-65545', 65530, 65545),
    ('bytes=1-131072', 1, 131072)])
def test_a_range(user, ranged, value, first, last):
    answer = fetch(user, ranged, headers={'Range': value})
    assert answer.status == 206
    assert answer.header('Content-Range') == f'bytes {first}-{last}/{len(CONTENT)}'
    assert answer.body == CONTENT[first:last + 1]


@pytest.mark.parametrize('value', ['bytes=190000-', 'bytes=190000-190001', 'bytes=-0', 'bytes=99999999999999999999-'])
def test_a_range_of_nothing(user, ranged, value):
    answer = fetch(user, ranged, headers={'Range': value})
    expect(answer, 416)
    assert answer.header('Content-Range') == f'bytes */{len(CONTENT)}'


@pytest.mark.parametrize('value', ['bytes=0-1,5-6', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=5-4', 'lines=0-1', 'bytes 0-1',
                                   'bytes=0', 'bytes=--1', 'bytes=0-1x', ''])
def test_other_ranges_are_ignored(user, ranged, value):
    answer = fetch(user, ranged, headers={'Range': value})
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.header('Content-Range') is None


def test_what_the_client_has_is_not_sent_again(user, ranged):
    etag = fetch(user, ranged).header('ETag')
    for value in (etag, f'"x", W/{etag}', '*'):
        answer = fetch(user, ranged, headers={'If-None-Match': value})
        assert (answer.status, answer.body, answer.header('ETag')) == (304, b'', etag)
    assert fetch(user, ranged, headers={'If-None-Match': '"other"'}).status == 200
    assert fetch(user, ranged, headers={'Range': 'bytes=0-1', 'If-Range': etag}).status == 206
    assert fetch(user, ranged, headers={'Range': 'bytes=0-1', 'If-Range': '"other"'}).body == CONTENT


def test_head(user, ranged):
    answer = user.request('HEAD', '/flicket_uploads/' + ranged['filename'], headers={'Range': 'bytes=0-1'})
    assert (answer.status, answer.body) == (200, b'')
    assert answer.header('Content-Length') == str(len(CONTENT))
    assert user.get('/healthz').status == 200     # the same connection goes on


def test_an_empty_file(user):
    made = expect(upload(user, b'', 'empty.txt', ticket_id=new_ticket(user)), 201)
    answer = fetch(user, made)
    assert (answer.status, answer.body, answer.header('Content-Length')) == (200, b'', '0')
    assert fetch(user, made, headers={'Range': 'bytes=0-'}).status == 416
    assert fetch(user, made, headers={'Range': 'bytes=-5'}).status == 200


# -- what is left

def test_a_file_goes_with_its_row(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as user:
        t, kept = new_ticket(user), new_ticket(user)
        p, q = reply(user, t), reply(user, kept)
        of_t, of_p, of_q, of_kept = (expect(upload(user, **place), 201) for place in (
            {'ticket_id': t}, {'post_id': p}, {'post_id': q}, {'ticket_id': kept}))
        assert len(files_of(imported)) == 4
        expect(user.request('DELETE', f'upload/{of_kept["id"]}'), 204)
        assert fetch(user, of_kept).status == 404
        will_be_gone(imported, of_kept['filename'])
        expect(admin.request('DELETE', f'post/{q}'), 204)
        will_be_gone(imported, of_q['filename'])
        expect(admin.request('DELETE', f'ticket/{t}'), 204)
        will_be_gone(imported, of_t['filename'], of_p['filename'])
        for made in (of_t, of_p, of_q):
            wait_until(lambda: user.get(f'upload/{made["id"]}').status == 404, 5, 'the row is gone')
        assert files_of(imported) == set()


def test_what_was_refused_leaves_no_file(imported):
    with imported.client(ADMIN) as admin, imported.client(SUPER) as other:
        t = new_ticket(admin)
        expect(upload(other, ticket_id=t), 403)
        expect(upload(admin, ELF, ticket_id=t), 400)
        expect(upload(admin, b'x', 'a.exe', ticket_id=t), 400)
        assert files_of(imported) == set()


def test_an_upload_that_breaks_off_leaves_nothing(imported):
    with imported.client(USER) as user:
        t = new_ticket(user)
        body = form(CONTENT * 20, ticket_id=t)
        fields = {'Authorization': f'Bearer {USER}', 'Content-Length': len(body),
                  'Content-Type': 'multipart/form-data; boundary=b0undary'}
        for cut in (0, 100, len(body) // 2, len(body) - 1):
            with imported.connection() as conn:
                conn.send(head('POST', '/flicket-api/uploads', fields) + body[:cut])
        assert expect(user.get('uploads/?per_page=1'), 200)['_meta']['total_items'] == 71
        assert files_of(imported) == set()


@pytest.mark.parametrize('delay', [0, 0.005, 0.02, 0.05])
def test_a_service_that_ends_in_the_middle_leaves_no_half(imported, delay):
    """Whatever it was at: afterwards each row has its file, whole, and there is no other file."""
    with imported.client(USER) as user:
        t = new_ticket(user)
        body = form(CONTENT * 50, ticket_id=t)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            def one(_):
                with imported.client(USER) as c:
                    return send(c, body)
            answers = [pool.submit(one, i) for i in range(4)]
            time.sleep(delay)
            imported.kill('post')
            statuses = [a.result().status for a in answers]
        assert set(statuses) <= {201, 503}
        restart(imported, user)
        expect(upload(user, ticket_id=t), 201)
        with sqlite3.connect(f'file:{imported.data}/stores/post/post.db?mode=ro', uri=True) as db:
            rows = {r[0] for r in db.execute('SELECT filename FROM uploads WHERE id > 71')}
        assert files_of(imported) == rows
        assert len(rows) >= 1 + statuses.count(201)
        sizes = sorted(p.stat().st_size for p in folder(imported).iterdir())
        assert set(sizes[1:]) <= {len(CONTENT) * 50}


def test_what_a_crash_left_is_swept_at_start(imported):
    with imported.client(USER) as user:
        made = expect(upload(user, ticket_id=new_ticket(user)), 201)
        imported.kill('post')
        for name in ('.incoming-abcdef', 'abcdefghijklmnopqrstuvwxyz.png', '.hidden'):
            (folder(imported) / name).write_bytes(b'left')
        (folder(imported) / 'lost+found').mkdir()
        restart(imported, user)
        assert fetch(user, made).status == 200
        assert files_of(imported) == {made['filename'], 'lost+found'}


def test_a_row_without_its_file_is_not_there(imported):
    with imported.client(USER) as user:
        made = expect(upload(user, ticket_id=new_ticket(user)), 201)
        (folder(imported) / made['filename']).unlink()
        assert fetch(user, made).status == 404
        (folder(imported) / made['filename']).symlink_to('/etc/passwd')
        assert fetch(user, made).status == 404
        assert fetch(user, {'filename': 't000003.pdf'}).status == 404    # imported without files
        expect(user.request('DELETE', f'upload/{made["id"]}'), 204)


def test_imported_files_are_served(tmp_path, desks):
    desk = desks('imported')
    desk.kill('post')
    (folder(desk) / 'p000007.png').write_bytes(png())
    with desk.client(USER) as user:
        restart(desk, user)
        answer = fetch(user, {'filename': 'p000007.png'})
        assert (answer.status, answer.body) == (200, png())
        assert "filename*=UTF-8''%E6%BC%A2.pdf" in answer.header('Content-Disposition')


# -- many, and slow ones

def test_many_at_once(writing, user):
    t = new_ticket(user)

    def one(i):
        with writing.client(USER, timeout=60) as c:
            content = (f'{i} ' * 200000).encode()
            made = expect(upload(c, content, f'file{i}.txt', ticket_id=t), 201)
            return fetch(c, made).body == content and made['original_filename'] == f'file{i}.txt'
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert all(pool.map(one, range(24)))


def rss(process):
    status = Path(f'/proc/{process.popen.pid}/status').read_text()
    return int(status.partition('VmRSS:')[2].split()[0]) << 10


def slow_reader(desk, made):
    conn = desk.connection(timeout=60)
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
    conn.send(head('GET', '/flicket_uploads/' + made['filename'], {'Authorization': f'Bearer {USER}'}))
    return conn


@pytest.mark.slow
def test_slow_readers_hold_little(imported):
    content = b'slow reading\n' * (16 * MIB // 13)
    with imported.client(USER) as user:
        made = expect(upload(user, content, ticket_id=new_ticket(user)), 201)
        assert fetch(user, made).body == content
        before = rss(imported.processes['gateway']) + rss(imported.processes['post'])
        readers = [slow_reader(imported, made) for _ in range(20)]
        for conn in readers:
            assert conn.more()
        for _ in range(20):
            assert user.get('upload/1').seconds < 0.5
        after = rss(imported.processes['gateway']) + rss(imported.processes['post'])
        assert after - before < 20 * 1 * MIB, f'{(after - before) >> 20} MiB more'
        assert readers[0].read_answer().body == content
        for conn in readers:
            conn.close()


def test_a_file_that_goes_while_it_is_read_is_never_a_short_one(imported):
    content = b'going away\n' * (16 * MIB // 11)
    with imported.client(USER) as user:
        made = expect(upload(user, content, ticket_id=new_ticket(user)), 201)
        with slow_reader(imported, made) as conn:
            assert conn.more()
            expect(user.request('DELETE', f'upload/{made["id"]}'), 204)
            will_be_gone(imported, made['filename'])
            with pytest.raises(NoAnswer):
                conn.read_answer()


def test_a_service_that_ends_while_a_file_is_read(imported):
    content = b'going away\n' * (16 * MIB // 11)
    with imported.client(USER) as user:
        made = expect(upload(user, content, ticket_id=new_ticket(user)), 201)
        with slow_reader(imported, made) as conn:
            assert conn.more()
            imported.kill('post')
            with pytest.raises(NoAnswer):
                conn.read_answer()
        expect(fetch(user, made), 503)


# -- once

def test_the_same_key_makes_one_upload(writing, user):
    t = new_ticket(user)
    key = {'Idempotency-Key': f'upload-{t}'}
    first = send(user, form(b'once', ticket_id=t, boundary='one'), 'one', headers=key)
    again = send(user, form(b'once', ticket_id=t, boundary='two'), 'two', headers=key)
    assert expect(first, 201) == expect(again, 201)
    expect(send(user, form(b'else', ticket_id=t), headers=key), 422)
    with sqlite3.connect(f'file:{writing.data}/stores/post/post.db?mode=ro', uri=True) as db:
        assert db.execute('SELECT count(*) FROM uploads WHERE topic_id = ?', (t,)).fetchone() == (1,)


def test_a_deletion_with_a_tag(user):
    made = upload(user, ticket_id=new_ticket(user))
    path = f'upload/{expect(made, 201)["id"]}'
    expect(user.request('DELETE', path, headers={'If-Match': '"0000000000000001"'}), 412)
    expect(user.request('DELETE', path, headers={'If-Match': user.get(path).header('ETag')}), 204)


@pytest.mark.parametrize('value', ['a b', 'txt,', ',txt', 'txt,,png', '.txt', 'tar.gz', 'ü', 'x' * 21])
def test_extensions_that_are_none(tmp_path, value):
    done = run_program('flicket-post', FLICKET_DATA=tmp_path, FLICKET_UPLOAD_EXTENSIONS=value)
    assert done.returncode == 2 and 'FLICKET_UPLOAD_EXTENSIONS' in done.stderr


def test_the_store_is_closed_at_the_end_right_after_an_upload(imported):
    """What looks after files lets go of the store when the service ends: no write-ahead log is left."""
    client = imported.admin()
    made = expect(upload(client, ticket_id=new_ticket(client)), 201)
    imported.processes['post'].terminate()
    assert not (imported.data / 'stores' / 'post' / 'post.db-wal').exists()
    assert made['filename'] in files_of(imported)
