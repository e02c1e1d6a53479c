"""What caches may keep of the API: nothing that several users share, and nothing without asking again."""
import re

import pytest

from desk import ADMIN
from test_permissions import listed
from wire import USERS, Client, expect

ALL = [(method, re.sub(r':\w+', '1', path)) for method, path, _ in listed()]


def check(answer, policy='private, no-cache'):
    assert answer.header('Cache-Control') == policy, answer
    assert answer.varies() >= USERS, answer


@pytest.mark.parametrize('token', [ADMIN, 'nothing', False])
def test_every_answer_is_for_one_user(writing, token):
    with Client(writing.port) as c:
        for method, path in ALL:
            if path in ('tokens', 'session', 'user/me', 'user/me/avatar', 'user/me/password') and method != 'GET':
                continue
            for sent in {method, 'HEAD' if method == 'GET' else method}:
                check(c.request(sent, path if method in ('GET', 'POST') else path.replace('1', '999999'), token=token))


def test_refusals_are_too(writing):
    with Client(writing.port) as c:
        for method, path, status in (('GET', 'nothing', 404), ('GET', '/flicket-api/', 404), ('PUT', 'ticket/1', 405),
                                     ('BREW', 'tickets/', 405), ('GET', 'tickets/?status=nothing', 400),
                                     ('GET', '/flicket_uploads/nothing', 404), ('POST', 'session', 400)):
            answer = c.request(method, path, token=ADMIN)
            assert answer.status == status, answer
            check(answer)


def test_what_the_client_has_is_too(writing):
    with Client(writing.port, ADMIN) as c:
        for path in ('ticket/1', 'tickets/', 'users/', 'ticket/1?include=posts,users'):
            tag = c.get(path).header('ETag')
            again = c.get(path, headers={'If-None-Match': tag})
            assert again.status == 304
            check(again)


def test_pictures_are_kept_by_their_users_browser(writing):
    with Client(writing.port, ADMIN) as c:
        picture = b'\x89PNG\r\n\x1a\n' + b'\0\0\0\rIHDR' + b'\0\0\0\1\0\0\0\1\x08\x02\0\0\0\x90wS\xde' + \
            b'\0\0\0\0IEND\xaeB`\x82'
        made = expect(c.request('PUT', 'user/me/avatar', body=picture, type='image/png'), 200)
        path = writing.path_of(made['avatar'])
        check(c.get(path), 'private, max-age=86400')
        check(c.get(path, headers={'If-None-Match': c.get(path).header('ETag')}), 'private, max-age=86400')
        check(c.get(path, token='nothing'))
        check(c.get('/flicket/static/flicket_avatars/nothing.png'))


def test_preflights_and_pages_depend_on_nobody(writing):
    with Client(writing.port) as c:
        for method, path in (('OPTIONS', 'tickets/'), ('GET', '/healthz'), ('GET', '/metrics'), ('GET', '/openapi.json'),
                             ('GET', '/docs'), ('GET', '/'), ('GET', '/nothing')):
            assert not c.request(method, path, token=False).varies() & USERS, path
