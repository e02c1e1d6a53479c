"""Lists that the gateway keeps: sent again as they were, for as long as their owner says that they hold."""
import re

import pytest

from desk import ADMIN, PASSWORD, USER
from routes import LISTS
from wire import basic, expect, insist

TIMES = 4                       # the first is noted, the second kept, the others are copies


def copies(c):
    """How many lists this desk's gateway has sent from a copy."""
    found = re.search(r'^flicket_http_copies_total\{result="hit"\} (\d+)', c.get('/metrics').body.decode(), re.M)
    return int(found[1]) if found else 0


def seen(answer):
    return (answer.status, answer.body, *(answer.header(h) for h in ('ETag', 'Link', 'Content-Type', 'Content-Length')))


def anew(c, path, number):
    """What a list is, made for this question: it is spelt as no question before it."""
    name = ''.join(f'%{ord(letter):02x}' if number >> i & 1 else letter for i, letter in enumerate('per_page'))
    bare, _, query = path.partition('?')
    return insist(lambda: c.get(f'{bare}?{name}=50' + (f'&{query}' if query else '')))


@pytest.mark.parametrize('path', [x.path for x in LISTS] + ['groups/'])
def test_what_is_asked_for_again_is_the_same(reader, path):
    first = reader.get(path)
    before = copies(reader)
    for _ in range(TIMES):
        assert seen(reader.get(path)) == seen(first)
    assert copies(reader) > before, 'no copy was sent'
    short = reader.request('HEAD', path)
    assert seen(short)[2:] == seen(first)[2:] and short.body == b''
    assert reader.get(path, headers={'If-None-Match': first.header('ETag')}).status == 304
    stale = reader.get(path, headers={'If-None-Match': '"0123456789abcdef"'})
    assert seen(stale) == seen(first)


def changes(c):
    """One thing after the other that is done at a desk, each of which some list shows."""
    ticket = expect(c.post('tickets/', {'title': 'about copies', 'content': 'a zebra', 'category_id': 1,
                                        'ticket_priority_id': 1}), 201)['id']
    yield f'ticket {ticket}'
    post = expect(c.post('posts', {'ticket_id': ticket, 'content': 'zebras, too'}), 201)['id']
    yield 'reply'
    expect(c.request('PATCH', f'post/{post}', json={'content': 'zebras and okapis'}), 200)
    yield 'edited reply'
    expect(c.request('PATCH', f'ticket/{ticket}', json={'title': 'about zebras'}), 200)
    yield 'edited ticket'
    expect(c.post(f'ticket/{ticket}/assign', {'user_id': 4}), 200)
    yield 'assignee'
    subscription = expect(c.post('subscriptions/', {'ticket_id': ticket, 'user_id': 5}), 201)['id']
    yield 'subscriber'
    expect(c.request('PATCH', 'user/5', json={'name': 'Somebody Renamed'}), 200)
    yield 'name'
    expect(c.request('DELETE', f'subscription/{subscription}'), 204)
    yield 'no subscriber'
    department = expect(c.post('departments/', {'department': 'of copies'}), 201)['id']
    yield 'department'
    category = expect(c.post('categories/', {'department_id': department, 'category': 'copied'}), 201)['id']
    yield 'category'
    expect(c.request('PATCH', f'department/{department}', json={'department': 'of copying'}), 200)
    yield 'department\'s name'
    expect(c.request('PATCH', f'ticket/{ticket}', json={'category_id': category}), 200)
    yield 'category of a ticket'
    group = expect(c.post('groups/', {'group_name': 'copyists'}), 201)['id']
    yield 'group'
    expect(c.post(f'group/{group}/members', {'user_id': 4}), 201)
    yield 'member'
    member = expect(c.post('users/', {'name': 'Short Stay', 'username': 'shortstay', 'email': 'short@stay.example',
                                      'password': PASSWORD}), 201)['id']
    yield 'user'
    expect(c.post(f'group/{group}/members', {'user_id': member}), 201)
    yield 'a member more'
    expect(c.request('DELETE', f'user/{member}'), 204)
    yield 'a user less'
    expect(c.request('DELETE', f'post/{post}'), 204)
    yield 'no reply'
    expect(c.request('DELETE', f'ticket/{ticket}'), 204)
    yield 'no ticket'


def test_every_change_is_seen_at_once(writing):
    """However often a list was asked for, it is what is made anew."""
    c = writing.client(ADMIN)
    steps = changes(c)
    ticket = next(steps).split()[-1]
    paths = [x.path for x in LISTS] + ['groups/', 'group/1/members/', 'tickets/?sort=last_updated_desc', 'tickets/?content=zebra',
                                       'tickets/?content=okapis', 'tickets/?title=zebras', 'tickets/?assigned_id=4',
                                       f'posts/{ticket}/', f'subscriptions/{ticket}/', f'actions/{ticket}']
    asked = [f'{bare}?per_page=50' + (f'&{query}' if query else '')
             for bare, _, query in (path.partition('?') for path in paths)]
    before, number = copies(c), 0

    def ask_often():
        for path in asked:
            for _ in range(TIMES - 1):
                insist(lambda: c.get(path))
    ask_often()
    for what in steps:
        for path, again in zip(paths, asked):
            number += 1
            for _ in range(10):
                kept, fresh = insist(lambda: c.get(again)), anew(c, path, number % 256)
                if kept.body == fresh.body or path != 'users/':
                    break           # users' totals follow within a second or so, between two questions as well
            assert (kept.status, kept.body) == (fresh.status, fresh.body), (what, path)
        ask_often()
    assert copies(c) > before + number, 'hardly a copy was sent'


def test_a_token_in_the_place_of_another_is_seen(imported):
    """The list is as long as before, and the next token has an id of its own."""
    with imported.client(False) as c:
        own = expect(c.log_in('user003', PASSWORD), 200)['token']
        ids = set()
        for name in ('one', 'other', 'third'):
            made = c.request('POST', 'tokens', json={'name': name}, token=False,
                             headers={'Authorization': basic('user003', PASSWORD)})
            ids.add(expect(made, 200)['id'])
            for _ in range(TIMES):
                listed = expect(c.get('tokens/', token=own), 200)['items']
                assert [t['name'] for t in listed][-1] == name, listed
            expect(c.request('DELETE', f'token/{listed[-1]["id"]}', token=own), 204)
        assert len(ids) == 3, 'an id that a token had is not given to another'


def test_nobody_gets_what_was_answered_to_somebody_else(writing):
    admin, user = writing.client(ADMIN), writing.client(USER)
    for _ in range(TIMES):
        mine, groups = expect(admin.get('tokens/'), 200), expect(admin.get('groups/'), 200)
    assert user.get('groups/').status == 403, groups
    for _ in range(TIMES):
        theirs = expect(user.get('tokens/'), 200)
        assert theirs['items'] != mine['items']
    assert admin.get('groups/', token=False).status == 401


def test_without_its_owner_there_is_no_copy(imported):
    with imported.client() as c:
        for _ in range(TIMES):
            expect(insist(lambda: c.get('tickets/')), 200)
        imported.kill('ticket')
        assert c.get('tickets/').status == 503
        imported.restart('ticket')
        imported.wait_ready()
        expect(insist(lambda: c.get('tickets/')), 200)
