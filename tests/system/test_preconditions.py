"""Versions: ETag, If-None-Match, If-Match, and what `fields` and `Link` say."""
import re

import pytest

from desk import ADMIN, PASSWORD, SUPER, USER
from routes import ALL_THINGS, LISTS
from wire import basic, expect

ETAG = re.compile(r'"[0-9a-f]{16}(\.[0-9a-f]{16})?"')
UNCHANGING = ('tokens',)


def etag(answer):
    tag = answer.header('ETag')
    assert tag and ETAG.fullmatch(tag), f'ETag {tag!r}: {answer}'
    return tag


def reopen(c, ticket):
    """A closed ticket cannot be changed; a reply opens it."""
    if c.get(f'ticket/{ticket}').json()['status_id'] == 2:
        expect(c.post('posts', {'ticket_id': ticket, 'content': 'opened again'}), 201)


@pytest.mark.parametrize('path', [*ALL_THINGS, *(x.path for x in LISTS)])
def test_what_is_unchanged_is_not_sent_again(reader, path):
    first = reader.get(path)
    tag = etag(first)
    for have in (tag, 'W/' + tag, f'"x", {tag}', '*'):
        again = reader.get(path, headers={'If-None-Match': have})
        assert again.status == 304 and again.body == b'', again
        assert etag(again) == tag
    for have in ('"0123456789abcdef"', tag.replace('"', ''), ''):
        again = reader.get(path, headers={'If-None-Match': have})
        assert again.status == (304 if have.strip('"') == tag.strip('"') and have == tag else 200), (have, again)
        assert again.body == first.body or path.startswith('users')
    assert reader.request('HEAD', path, headers={'If-None-Match': tag}).status == 304


@pytest.mark.parametrize('path, other', [
    ('users/?per_page=2&page=1', 'users/?per_page=2&page=2'), ('user/1', 'user/2'),
    ('categories/?department_id=1', 'categories/?department_id=2'), ('users/?name=ann', 'users/?name=bob')])
def test_a_tag_of_one_question_is_none_of_another(reader, path, other):
    tag = etag(reader.get(path))
    for _ in range(2):
        assert reader.get(path, headers={'If-None-Match': tag}).status == 304
        assert expect(reader.get(other, headers={'If-None-Match': tag}), 200)


@pytest.mark.parametrize('path', ['tokens/', 'tickets/?created_id=me', 'tickets/?subscriber_id=me'])
def test_a_tag_of_one_user_is_none_of_another(reading, reader, path):
    tag = etag(reader.get(path))
    assert reader.get(path, headers={'If-None-Match': tag}).status == 304
    with reading.client(USER) as user:
        expect(user.get(path, headers={'If-None-Match': tag}), 200)
        assert etag(user.get(path)) != tag


def test_a_change_changes_the_tags_of_thing_and_lists(writing):
    c = writing.client(ADMIN)
    reopen(c, 30)
    watched = ('ticket/30', 'tickets/?per_page=40', 'tickets/')
    before = {p: etag(c.get(p)) for p in watched}
    other = etag(c.get('ticket/31'))
    assert c.request('PATCH', 'ticket/30', json={'title': 'another title'}).status == 200
    for p in watched:
        assert etag(c.get(p)) != before[p], p
    assert etag(c.get('ticket/31')) == other


def test_a_write_answers_with_the_new_version(writing):
    c = writing.client(ADMIN)
    reopen(c, 32)
    changed = c.request('PATCH', 'ticket/32', json={'title': 'a new title'})
    assert etag(changed) == etag(c.get('ticket/32'))
    made = c.post('departments/', {'department': 'of versions'})
    assert etag(made) == etag(c.get(f'department/{made.json()["id"]}'))


def test_a_user_s_new_name_changes_what_shows_it(writing):
    c = writing.client(ADMIN)
    path = 'subscriptions/125/'
    who = c.get(path).json()['items'][0]['user_id']
    before = etag(c.get(path))
    expect(c.request('PATCH', f'user/{who}', json={'name': 'Renamed Somebody'}), 200)
    after = c.get(path)
    assert after.json()['items'][0]['user_def'] == 'Renamed Somebody'
    assert etag(after) != before


WRITES = (
    ('PATCH', 'ticket/40', {'title': 'with a condition'}, 200),
    ('POST', 'ticket/40/priority', {'ticket_priority_id': 1}, 200),
    ('POST', 'ticket/40/priority', {'ticket_priority_id': 2}, 200),
    ('POST', 'ticket/40/assign', {'user_id': 4}, 200),
    ('POST', 'ticket/40/release', {}, 200),
    ('POST', 'ticket/40/claim', {}, 200),
    ('POST', 'ticket/40/status', {'status_id': 3}, None),
    ('POST', 'ticket/40/close', {}, 200),
)


@pytest.mark.parametrize('method, path, body, status', WRITES)
def test_if_match_guards_a_write(desks, method, path, body, status):
    c = desks('imported').client(ADMIN)
    if path.endswith('release'):
        expect(c.post('ticket/40/assign', {'user_id': 4}), 200)
    reopen(c, 40)
    old = etag(c.get('ticket/40'))
    expect(c.request('PATCH', 'ticket/40', json={'content': 'changed meanwhile'}), 200)
    now = c.get('ticket/40')
    for have in (old, 'W/' + etag(now), '"nonsense"', ''):
        expect(c.request(method, path, json=body, headers={'If-Match': have}), 412)
        assert c.get('ticket/40').body == now.body
    done = c.request(method, path, json=body, headers={'If-Match': f'{old}, {etag(now)}'})
    assert done.status == status or (status is None and done.status in (200, 409)), done


def test_if_match_star_and_things_that_are_not_there(writing):
    c = writing.client(ADMIN)
    reopen(c, 41)
    expect(c.request('PATCH', 'ticket/41', json={'title': 'any version'}, headers={'If-Match': '*'}), 200)
    expect(c.request('PATCH', 'ticket/999999', json={'title': 'any version'}, headers={'If-Match': '*'}), 404)
    expect(c.request('PATCH', 'ticket/999999', json={'title': 'any version'}, headers={'If-Match': '"x"'}), 404)


def test_a_creation_cannot_know_a_version(writing):
    c = writing.client(ADMIN)
    ticket = {'title': 'conditional', 'content': 'content', 'category_id': 1, 'ticket_priority_id': 1}
    expect(c.post('tickets/', ticket, headers={'If-Match': '"0123456789abcdef"'}), 412)
    expect(c.post('tickets/', ticket, headers={'If-Match': '*'}), 201)


CREATIONS = (
    ('tickets/', {'title': 'conditional', 'content': 'content', 'category_id': 1, 'ticket_priority_id': 1}),
    ('posts', {'ticket_id': 42, 'content': 'conditional'}),
    ('departments/', {'department': 'Conditional One'}),
    ('categories/', {'category': 'Conditional One', 'department_id': 1}),
    ('subscriptions/', {'ticket_id': 42, 'user_id': 9}),
    ('users/', {'username': 'conditional', 'name': 'Conditional', 'email': 'a@b.example', 'password': 'conditional'}),
    ('groups/', {'group_name': 'conditional'}),
)


@pytest.mark.parametrize('path, body', CREATIONS, ids=[c[0] for c in CREATIONS])
def test_no_tag_is_that_of_what_is_created(desks, path, body):
    c = desks('imported').client(ADMIN)
    reopen(c, 42)
    for have in ('"0000000000000000"', '"0000000000000000.0000000000000000"', '"a,*,b"', '"x", "0000000000000000"'):
        expect(c.post(path, body, headers={'If-Match': have}), 412)
    expect(c.post(path, body, headers={'If-Match': '*'}), 201)


def test_a_login_with_a_condition_that_cannot_hold_makes_no_token(imported):
    c = imported.client(token=False)
    login = {'Authorization': basic('user004', PASSWORD)}
    before = expect(c.get('tokens/', token=expect(c.post('tokens', headers=login), 200)['token']), 200)
    for have in ('"0000000000000000"', '"0123456789abcdef"', ''):
        expect(c.post('tokens', headers={**login, 'If-Match': have}), 412)
    expect(c.post('tokens', headers={'Authorization': basic('user004', 'wrong'), 'If-Match': '"x"'}), 401)
    token = expect(c.post('tokens', headers={**login, 'If-Match': '*'}), 200)['token']
    after = expect(c.get('tokens/', token=token), 200)
    assert after['_meta']['total_items'] == before['_meta']['total_items'] + 1


@pytest.mark.parametrize('path, body', [
    ('post/20', {'content': 'a reply with a condition'}), ('department/2', {'department': 'Conditional'}),
    ('category/3', {'category': 'Conditional'}), ('user/9', {'name': 'Conditional Name'})])
def test_if_match_on_edits(writing, path, body):
    c = writing.client(ADMIN)
    tag = etag(c.get(path))
    expect(c.request('PATCH', path, json=body, headers={'If-Match': '"0123456789abcdef"'}), 412)
    changed = c.request('PATCH', path, json=body, headers={'If-Match': tag})
    expect(changed, 200)
    assert etag(changed) == etag(c.get(path)) != tag
    expect(c.request('PATCH', path, json=body, headers={'If-Match': tag}), 412)


def test_if_match_comes_after_rights(writing):
    expect(writing.client(USER).request('PATCH', 'ticket/2', json={'title': 'not mine'},
                                        headers={'If-Match': '"0123456789abcdef"'}), 403)
    expect(writing.client(SUPER).request('DELETE', 'ticket/2', headers={'If-Match': '"0123456789abcdef"'}), 403)


# --- fields and Link

def test_fields_choose(reader):
    got = reader.get('ticket/3?fields=title,id,hours,last_updated').json()
    assert set(got) == {'id', 'title', 'hours', 'last_updated'}
    whole = reader.get('ticket/3').json()
    assert got['title'] == whole['title'] and got['id'] == 3
    assert not {'hours', 'last_updated', 'replies'} & set(whole)
    items = reader.get('tickets/?fields=id,links&per_page=3').json()['items']
    assert [set(i) for i in items] == [{'id', 'links'}] * 3
    assert reader.get('user/3?fields=total_assigned,locale,groups').json().keys() == \
        {'total_assigned', 'locale', 'groups'}
    page = reader.get('tickets/?fields=id&per_page=2').json()
    assert 'fields=id' in page['_links']['next']


@pytest.mark.parametrize('path', [*ALL_THINGS, *(x.path for x in LISTS)])
def test_a_field_that_is_not_there_is_named(reader, path):
    got = expect(reader.get(f'{path}?fields=links,colour'), 400)
    assert 'colour' in got['message'] and 'fields' in got['message']


@pytest.mark.parametrize('fields', ['', ',', 'id,', ' id', 'ID', 'self', 'id' + ',x' * 2000, '%00', '%ff', '漢字'])
def test_odd_fields(reader, fields):
    assert reader.get(f'tickets/?fields={fields}').status == 400


def test_link_says_what_the_body_says(reader):
    for page in ('tickets/2/?per_page=10', 'users/?page=2&per_page=2', 'tickets/?per_page=7&status=Open'):
        answer = reader.get(page)
        links = dict((rel, url) for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.header('Link')))
        got = answer.json()['_links']
        assert links.get('next') == got['next'] and links.get('prev') == got['prev']
        assert {'first', 'last'} <= set(links)


@pytest.mark.parametrize('path', ['tickets/1/?per_page=1&content=the+', 'users/?page=1&per_page=1&name=',
                                  'tickets/?cursor=&per_page=1&content=the+'])
def test_link_is_bounded_and_never_hides_the_next_page_alone(reader, path):
    """What makes links long is the client's own; in the body they always are."""
    for char, length in (('%20', 2000), ('(', 7000), ('%C3%A9', 1200)):
        answer = reader.get(path + char * length)
        expect(answer, 200)
        link = answer.header('Link') or ''
        assert len(link) <= 8192
        assert not link or not answer.json()['_links']['next'] or 'rel="next"' in link
        assert all(len(value) <= 8192 for _, value in answer.headers)


# --- parameters of tickets/

@pytest.mark.parametrize('query, name', [
    ('colour=red', 'colour'), ('Status=Open', 'Status'), ('status=', 'status'), ('status=Open&status=Closed', 'status'),
    ('fields=id&limit=5', 'limit'), ('ticket_id=5', 'ticket_id'), ('token_hash=5', 'token_hash'), ('=5', ''),
    ('content=%ff', 'content'), ('content=a%00b', 'content')])
@pytest.mark.parametrize('path', ['tickets/', 'tickets/1/', 'tickets.csv', 'tickets.ndjson'])
def test_what_tickets_do_not_know_is_refused(reader, path, query, name):
    assert name in expect(reader.get(f'{path}?{query}'), 400)['message']


@pytest.mark.parametrize('path', ['ticket/1', 'tickets/?per_page=2', 'ticket/1?include=users', 'user/me'])
def test_a_read_may_be_of_one_version_only(reading, path):
    """RFC 9110, 13.1.1 and 13.2.2: before If-None-Match; a weak tag is not the same."""
    c = reading.client(ADMIN)
    tag = etag(c.get(path))
    for value in (tag, f'"x", {tag}', '*', tag[:-1] + '.gzip"'):
        expect(c.get(path, headers={'If-Match': value}), 200)
        assert c.get(path, headers={'If-Match': value, 'If-None-Match': tag}).status == 304
    for value in ('"x"', f'W/{tag}', ''):
        for more in ({}, {'If-None-Match': tag}):
            refused = c.get(path, headers={'If-Match': value, **more})
            assert expect(refused, 412)['code'] == 'precondition_failed' and refused.header('ETag') is None
        assert c.request('HEAD', path, headers={'If-Match': value}).status == 412
