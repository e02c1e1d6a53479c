"""Pictures of users: sent, kept, served, replaced."""
import struct
import zlib

import pytest

from desk import ADMIN, USER, wait_until
from wire import Client, expect


def png(color=b'\x80'):
    """A picture of one grey pixel."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b'\0' + color)) + chunk(b'IEND', b''))


GIF = b'GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,' \
      b'\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;'
JPEG = b'\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00' + b'\0' * 40 + b'\xff\xd9'
DEFAULT = '/flicket/static/flicket_avatars/__default_profile.png'


def put(client, body, type='image/png', path='user/me/avatar', **more):
    return client.request('PUT', path, body=body, type=type, **more)


def files(desk):
    folder = desk.data / 'stores' / 'user' / 'avatars'
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize('body, type', [(png(), 'image/png'), (GIF, 'image/gif'), (JPEG, 'image/jpeg'),
                                        (png(), 'IMAGE/PNG; q=1')],
                         ids=['png', 'gif', 'jpeg', 'capitals'])
def test_a_picture_comes_back_as_it_was_sent(new, body, type):
    admin = new.admin()
    before = expect(admin.get('user/me'), 200)
    got = expect(put(admin, body, type), 200)
    assert {**got, 'avatar': before['avatar']} == before
    path = new.path_of(got['avatar'])
    assert path.startswith('/flicket/static/flicket_avatars/') and path != DEFAULT
    answer = admin.get(path)
    assert answer.status == 200 and answer.body == body
    assert answer.header('Content-Type') == type.split(';')[0].lower()
    assert answer.header('X-Content-Type-Options') == 'nosniff'
    assert 'private' in answer.header('Cache-Control')
    again = admin.get(path, headers={'If-None-Match': answer.header('ETag')})
    assert again.status == 304 and again.body == b''
    head = admin.request('HEAD', path)
    assert head.status == 200 and head.header('Content-Length') == str(len(body))
    # only for users; the default one is for everybody
    with Client(new.port) as c:
        expect(c.get(path), 401)
        assert c.get(DEFAULT).status == 200


def test_a_new_picture_takes_the_place_of_the_old(new):
    admin = new.admin()
    first = new.path_of(expect(put(admin, png(b'\1')), 200)['avatar'])
    second = new.path_of(expect(put(admin, png(b'\2')), 200)['avatar'])
    assert first != second
    assert admin.get(second).body == png(b'\2')
    expect(admin.get(first), 404)
    wait_until(lambda: len(files(new)) == 1, 5, 'the old file is removed')
    assert second.endswith(files(new)[0])


def test_a_picture_goes_with_its_user(new):
    admin = new.admin()
    made = expect(admin.post('users', {'username': 'newcomer', 'name': 'A Newcomer', 'email': 'new@example.test',
                                       'password': 'S3cret-enough'}), 201)
    path = new.path_of(expect(put(admin, png(), path=f'user/{made["id"]}/avatar'), 200)['avatar'])
    assert admin.get(path).status == 200
    expect(admin.request('DELETE', f'user/{made["id"]}'), 204)
    expect(admin.get(path), 404)
    wait_until(lambda: files(new) == [], 5, 'the file is removed')


@pytest.mark.parametrize('type, body, status', [
    ('image/png', b'', 400), ('image/png', b'no picture at all', 415), ('image/jpeg', png(), 415),
    ('image/png', b'<html><script>alert(1)</script></html>', 415), ('image/png', GIF, 415),
    ('image/svg+xml', b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415), ('text/html', png(), 415),
    ('application/json', b'{"avatar": "x"}', 415), (None, png(), 415), ('multipart/form-data; boundary=x', png(), 415),
    ('image/png', png() + b'\0' * (1 << 20), 413)], ids=range(11))
def test_what_is_no_picture_is_refused(writing, type, body, status):
    with writing.client(USER) as c:
        before = expect(c.get('user/me'), 200), files(writing)
        got = expect(put(c, body, type), status)
        assert got['message']
        assert (expect(c.get('user/me'), 200), files(writing)) == before


@pytest.mark.parametrize('body, is_', [(GIF, 'image/gif'), (b'words', 'text/plain'),
                                       (b'\x7fELF\0\0\0', 'application/octet-stream')])
def test_a_refusal_names_what_the_content_is(writing, body, is_):
    with writing.client(USER) as c:
        message = expect(put(c, body, 'image/png'), 415)['message']
    assert message.endswith(f' Content-Type says image/png, the content is {is_}.')


def test_pictures_of_others_are_theirs(writing):
    with writing.client(USER) as c:
        expect(put(c, png(), path='user/1/avatar'), 403)
        expect(put(c, png(), path='user/99999/avatar'), 404)
    with writing.client(ADMIN) as c:
        assert 'image' not in expect(put(c, png(), path='user/4/avatar'), 200)
        tag = c.get('user/4').header('ETag')
        expect(put(c, png(), path='user/4/avatar', headers={'If-Match': tag}), 200)
        expect(put(c, png(), path='user/4/avatar', headers={'If-Match': tag}), 412)
    with Client(writing.port) as c:
        expect(put(c, png(), path='user/1/avatar'), 401)


@pytest.mark.parametrize('name', ['nothing.png', '..%2Fuser.db', '%2e%2e%2fuser.db', '.hidden', 'a%00b.png', '%FF',
                                  '..%2f..%2fuser%2fuser.db', 'x' * 300])
def test_there_is_nothing_else_to_be_had(writing, name):
    with writing.client(ADMIN) as c:
        answer = c.get('/flicket/static/flicket_avatars/' + name)
        assert answer.status in (400, 404), answer


def test_what_a_crash_leaves_behind_goes_at_the_next_start(new):
    admin = new.admin()
    kept = new.path_of(expect(put(admin, png()), 200)['avatar'])
    new.processes['user'].terminate()
    folder = new.data / 'stores' / 'user' / 'avatars'
    (folder / ('0' * 32 + '.png')).write_bytes(png())
    (folder / ('1' * 32 + '.png.new')).write_bytes(b'half')
    (folder / "an operator's own.txt").write_text('kept')
    new.restart('user')
    wait_until(lambda: admin.get(kept).status == 200, 10, 'the service answers again')
    assert admin.get(kept).body == png()
    assert files(new) == sorted([kept.rpartition('/')[2], "an operator's own.txt"])


def test_imported_pictures_are_served_where_there_are_files(desks):
    desk = desks('imported', start=False)
    folder = desk.data / 'stores' / 'user' / 'avatars'
    folder.mkdir(exist_ok=True)
    (folder / 'av00005.jpg').write_bytes(JPEG)
    desk.start()
    with desk.client(USER) as c:
        path = desk.path_of(expect(c.get('user/5'), 200)['avatar'])
        answer = c.get(path)
        assert answer.status == 200 and answer.body == JPEG and answer.header('Content-Type') == 'image/jpeg'
    with desk.client(ADMIN) as c:
        expect(put(c, png(), path='user/5/avatar'), 200)
        wait_until(lambda: 'av00005.jpg' not in files(desk), 5, 'the old file is removed')
