"""Writing tickets by Flicket's rules: who may what and when, what each write leaves, what follows elsewhere."""
import contextlib
import random
import sqlite3
import threading

import pytest

from desk import ADMIN, COUNTED_WITHIN, PASSWORD, SERVICES, SUPER, USER, wait_until
from wire import Client, NoAnswer, expect, insist

AUTHOR_ID, STAFF_ID, ADMIN_ID = 3, 6, 1
OTHER_ID = 5                    # nobody in particular; logs in as user005
DISABLED_ID = 7
OPEN, CLOSED, IN_WORK, WAITING = 1, 2, 3, 4
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}
NOTHING = object()


class Cast:
    """The users of a desk, each with a client: admin, the author of tickets, staff, and somebody else."""

    def __init__(self, desk):
        self.desk = desk
        self.admin, self.author, self.staff = desk.client(ADMIN), desk.client(USER), desk.client(SUPER)
        self.other = desk.client(log_in(desk, 'user005'))
        for client in (self.admin, self.author, self.staff, self.other):
            expect(client.get('user/me'), 200)      # the gateway knows the tokens from now on

    def ticket(self, **more):
        return expect(self.author.post('tickets', {**TICKET, **more}), 201)['id']

    def held(self, by=None):
        """A ticket that somebody works on: the other."""
        ticket = self.ticket()
        expect((by or self.other).post(f'ticket/{ticket}/claim'), 200)
        return ticket

    def closed(self):
        ticket = self.ticket()
        expect(self.author.post(f'ticket/{ticket}/close'), 200)
        return ticket


def log_in(desk, name):
    with Client(desk.port) as c:
        return expect(c.log_in(name, PASSWORD), 200)['token']


@pytest.fixture(scope='module')
def cast(writing):
    return Cast(writing)


def look(client, ticket, *fields):
    """Fields of a ticket: one alone, several as a tuple."""
    got = expect(client.get(f'ticket/{ticket}?fields={",".join(fields)}'), 200)
    return got[fields[0]] if len(fields) == 1 else tuple(got[f] for f in fields)


def items(client, path):
    return expect(client.get(path), 200)['items']


def actions(client, ticket):
    """A ticket's actions: what, by whom, to whom, data."""
    return [(a['action'], a['user_id'], a['recipient_id'], a['data'])
            for a in items(client, f'actions/{ticket}?per_page=100')]


def subscribers(client, ticket):
    return sorted(s['user_id'] for s in items(client, f'subscriptions/{ticket}/'))


def histories(client, ticket):
    return [(h['original_content'], h['user_id']) for h in items(client, f'histories/?topic_id={ticket}')]


def totals(client, user):
    got = expect(client.get(f'user/{user}?fields=total_posts,total_assigned'), 200)
    return got['total_posts'], got['total_assigned']


def comes(happened):
    """What can be polled while a part is coming back: not yet, where it is refused."""
    def poll():
        try:
            return happened()
        except AssertionError:
            return False
    return poll


def wait_for_totals(client, user, want):
    wait_until(comes(lambda: totals(client, user) == want), COUNTED_WITHIN, f'totals of user {user} are {want}')


# --- who may, and when

# who, what, which ticket, body, status. A status is what it must be; 400 must name the word beside it.
RULES = [
    ('author', 'PATCH', 'open', {'title': 'another one'}, 200),
    ('admin', 'PATCH', 'open', {'title': 'another one'}, 200),
    ('staff', 'PATCH', 'open', {'title': 'another one'}, 403),
    ('other', 'PATCH', 'held', {'title': 'another one'}, 403),
    ('author', 'PATCH', 'closed', {'title': 'another one'}, 409),
    ('admin', 'PATCH', 'closed', {'title': 'another one'}, 409),
    ('author', 'PATCH', 'none', {'title': 'another one'}, 404),
    ('author', 'PATCH', 'open', {'title': 'xy'}, '400 title'),
    ('author', 'PATCH', 'open', {'content': 'x' * 5001}, '400 content'),
    ('author', 'PATCH', 'open', {'content': None}, '400 content'),
    ('author', 'PATCH', 'open', {'category_id': 999}, '400 '),
    ('author', 'PATCH', 'open', {'category_id': 2}, 200),
    ('author', 'PATCH', 'open', {'hours': -1}, '400 hours'),
    ('author', 'PATCH', 'open', {'hours': 100000000}, '400 hours'),
    ('author', 'PATCH', 'open', {'hours': 99999999.99}, 200),
    ('admin', 'DELETE', 'open', NOTHING, 204),
    ('admin', 'DELETE', 'closed', NOTHING, 204),
    ('author', 'DELETE', 'open', NOTHING, 403),
    ('staff', 'DELETE', 'open', NOTHING, 403),
    ('admin', 'DELETE', 'none', NOTHING, 404),
    ('other', 'assign', 'open', {'user_id': STAFF_ID}, 200),
    ('other', 'assign', 'held', {'user_id': STAFF_ID}, 200),
    ('other', 'assign', 'open', {'username': 'user006'}, 200),
    ('other', 'assign', 'open', {'user_id': DISABLED_ID}, '400 user_id'),
    ('other', 'assign', 'open', {'username': 'user007'}, '400 username'),
    ('other', 'assign', 'open', {'username': 'no such user'}, '400 username'),
    ('other', 'assign', 'open', {'user_id': 10 ** 15}, '400 user_id'),
    ('other', 'assign', 'open', {}, '400 user_id'),
    ('admin', 'assign', 'closed', {'user_id': STAFF_ID}, 409),
    ('admin', 'assign', 'none', {'user_id': STAFF_ID}, 404),
    ('other', 'claim', 'open', NOTHING, 200),
    ('other', 'claim', 'held', NOTHING, 200),
    ('staff', 'claim', 'held', NOTHING, 409),
    ('admin', 'claim', 'held', {'force': False}, 409),
    ('staff', 'claim', 'held', {'force': True}, 200),
    ('staff', 'claim', 'held', {'force': 'yes'}, '400 force'),
    ('other', 'claim', 'closed', {'force': True}, 409),
    ('other', 'claim', 'none', NOTHING, 404),
    ('other', 'release', 'held', NOTHING, 200),
    ('admin', 'release', 'held', NOTHING, 200),
    ('author', 'release', 'held', NOTHING, 403),
    ('staff', 'release', 'held', NOTHING, 403),
    ('admin', 'release', 'open', NOTHING, 409),
    ('admin', 'release', 'closed', NOTHING, 409),
    ('admin', 'release', 'none', NOTHING, 404),
    ('author', 'close', 'open', NOTHING, 200),
    ('other', 'close', 'held', NOTHING, 200),
    ('admin', 'close', 'open', NOTHING, 200),
    ('other', 'close', 'open', NOTHING, 403),
    ('staff', 'close', 'held', NOTHING, 403),
    ('author', 'close', 'closed', NOTHING, 409),
    ('admin', 'close', 'none', NOTHING, 404),
    ('other', 'status', 'open', {'status_id': WAITING}, 200),
    ('other', 'status', 'open', {'status_id': OPEN}, 200),
    ('other', 'status', 'open', {'status_id': CLOSED}, '400 status_id'),
    ('other', 'status', 'open', {'status_id': 99}, '400 '),
    ('other', 'status', 'open', {}, '400 status_id'),
    ('admin', 'status', 'closed', {'status_id': OPEN}, 409),
    ('other', 'status', 'none', {'status_id': OPEN}, 404),
    ('other', 'priority', 'open', {'ticket_priority_id': 3}, 200),
    ('other', 'priority', 'open', {'ticket_priority_id': 9}, '400 '),
    ('other', 'priority', 'open', {'ticket_priority_id': 'high'}, '400 '),
    ('admin', 'priority', 'closed', {'ticket_priority_id': 3}, 409),
    ('admin', 'category', 'open', {'category_id': 2}, 403),
    ('author', 'category', 'open', {'category_id': 2}, 403),
]


@pytest.mark.parametrize('who, what, kind, body, want', RULES,
                         ids=[f'{r[0]}-{r[1]}-{r[2]}-{r[4]}' for r in RULES])
def test_who_may_what_and_when(cast, who, what, kind, body, want):
    ticket = {'open': cast.ticket, 'held': cast.held, 'closed': cast.closed, 'none': lambda: 10 ** 9}[kind]()
    kept = cast.admin.get(f'ticket/{ticket}').body, actions(cast.admin, ticket) if kind != 'none' else None
    path = f'ticket/{ticket}' if what.isupper() else f'ticket/{ticket}/{what}'
    answer = getattr(cast, who).request(what if what.isupper() else 'POST', path,
                                        json=None if body is NOTHING else body)
    status, _, word = str(want).partition(' ')
    got = expect(answer, int(status))
    if word:
        assert word in got['message']
    if status == '200':
        assert got == expect(cast.admin.get(f'ticket/{ticket}'), 200)
    elif status != '204':
        assert cast.admin.get(f'ticket/{ticket}').body == kept[0]
        assert kind == 'none' or actions(cast.admin, ticket) == kept[1]


@pytest.mark.parametrize('setting, may', [('nobody', ''), ('staff', 'admin staff'),
                                          ('everybody', 'admin staff author other')])
def test_who_may_change_categories_is_a_setting(desks, setting, may):
    cast = Cast(desks('imported', FLICKET_CHANGE_CATEGORY=setting))
    for who in ('admin', 'staff', 'author', 'other'):
        ticket = cast.ticket()
        updated = look(cast.admin, ticket, 'last_updated')
        answer = getattr(cast, who).post(f'ticket/{ticket}/category', {'category_id': 2})
        if who not in may.split():
            expect(answer, 403)
            assert look(cast.admin, ticket, 'category_id') == 1
            continue
        assert expect(answer, 200)['category_id'] == 2
        category = expect(cast.admin.get('category/2'), 200)
        department = int(category['links']['department'].rpartition('/')[2])
        assert actions(cast.admin, ticket)[1:] == [
            ('department_category', expect(getattr(cast, who).get('user/me'), 200)['id'], None,
             {'category': category['category'], 'category_id': 2, 'department': category['department'],
              'department_category': f'{category["department"]} / {category["category"]}',
              'department_id': department})]
        assert look(cast.admin, ticket, 'last_updated') == updated
        expect(getattr(cast, who).post(f'ticket/{ticket}/category', {'category_id': 2}), 200)
        assert len(actions(cast.admin, ticket)) == 2
        expect(cast.admin.post(f'ticket/{ticket}/close'), 200)
        expect(getattr(cast, who).post(f'ticket/{ticket}/category', {'category_id': 1}), 409)


# --- what writes leave

def test_a_new_ticket_is_opened_and_has_hours(cast):
    ticket = cast.ticket(hours=1.25)
    assert look(cast.author, ticket, 'hours', 'replies') == (1.25, 0)
    assert actions(cast.author, ticket) == [('open', AUTHOR_ID, None, None)]
    assert 'hours' not in expect(cast.author.get(f'ticket/{ticket}'), 200)
    assert look(cast.author, cast.ticket(), 'hours') == 0


def test_an_edit_keeps_what_was_there(cast):
    ticket = cast.ticket()
    for client, content in ((cast.author, 'second content'), (cast.admin, 'third content'),
                            (cast.author, 'fourth content')):
        got = expect(client.request('PATCH', f'ticket/{ticket}', json={'content': content}), 200)
        assert got['content'] == content and got['title'] == TICKET['title'] and got['date_modified']
    assert histories(cast.author, ticket) == [
        (TICKET['content'], AUTHOR_ID), ('second content', AUTHOR_ID), ('third content', ADMIN_ID)]
    got = expect(cast.admin.request('PATCH', f'ticket/{ticket}', json={'title': 'a new title', 'hours': 2.5}), 200)
    assert got['modified_id'] == ADMIN_ID
    assert look(cast.author, ticket, 'hours', 'last_updated') == (2.5, got['date_modified'])
    assert len(histories(cast.author, ticket)) == 3
    assert actions(cast.author, ticket) == [('open', AUTHOR_ID, None, None)]


def test_an_edit_that_changes_nothing_changes_nothing(cast):
    ticket = cast.ticket()
    before = cast.author.get(f'ticket/{ticket}')
    for body in ({}, TICKET, {'hours': 0}, {'unknown': 1}):
        answer = cast.admin.request('PATCH', f'ticket/{ticket}', json=body)
        if answer.status == 400 and body == {'unknown': 1}:
            continue
        assert expect(answer, 200) == before.json()
        assert answer.header('ETag') == before.header('ETag')
    assert histories(cast.author, ticket) == []
    after = cast.author.get(f'ticket/{ticket}')
    assert (after.body, after.header('ETag')) == (before.body, before.header('ETag'))


def test_a_write_says_what_it_knows(cast):
    ticket = cast.ticket()
    tag = cast.author.get(f'ticket/{ticket}').header('ETag')
    expect(cast.other.post(f'ticket/{ticket}/claim'), 200)
    for method, path, body in (('PATCH', '', {'title': 'a new title'}), ('POST', '/release', None),
                               ('POST', '/close', None), ('DELETE', '', None)):
        answer = cast.admin.request(method, f'ticket/{ticket}{path}', json=body, headers={'If-Match': tag})
        assert answer.status == 412, answer
    tag = cast.author.get(f'ticket/{ticket}').header('ETag')
    expect(cast.author.request('PATCH', f'ticket/{ticket}', json={'title': 'a new title'},
                               headers={'If-Match': tag}), 200)


def test_a_life_of_a_ticket(cast):
    ticket = cast.ticket()
    settle(cast)
    other, staff = totals(cast.admin, OTHER_ID), totals(cast.admin, STAFF_ID)
    expect(cast.author.post(f'ticket/{ticket}/assign', {'username': 'user006'}), 200)
    assert look(cast.author, ticket, 'status_id', 'assigned_id') == (IN_WORK, STAFF_ID)
    assert subscribers(cast.author, ticket) == [AUTHOR_ID, STAFF_ID]
    expect(cast.author.post(f'ticket/{ticket}/assign', {'user_id': STAFF_ID}), 200)
    wait_for_totals(cast.admin, STAFF_ID, (staff[0], staff[1] + 1))
    expect(cast.other.post(f'ticket/{ticket}/claim', {'force': True}), 200)
    expect(cast.other.post(f'ticket/{ticket}/claim'), 200)
    assert look(cast.author, ticket, 'status_id', 'assigned_id') == (IN_WORK, OTHER_ID)
    assert subscribers(cast.author, ticket) == [AUTHOR_ID, STAFF_ID]
    wait_for_totals(cast.admin, STAFF_ID, staff)
    wait_for_totals(cast.admin, OTHER_ID, (other[0], other[1] + 1))
    expect(cast.admin.post(f'ticket/{ticket}/release'), 200)
    assert look(cast.author, ticket, 'status_id', 'assigned_id') == (OPEN, None)
    wait_for_totals(cast.admin, OTHER_ID, other)
    expect(cast.other.post(f'ticket/{ticket}/status', {'status_id': WAITING}), 200)
    expect(cast.other.post(f'ticket/{ticket}/priority', {'ticket_priority_id': 3}), 200)
    expect(cast.other.post(f'ticket/{ticket}/claim'), 200)
    expect(cast.author.post(f'ticket/{ticket}/close'), 200)
    assert look(cast.author, ticket, 'status_id', 'assigned_id', 'ticket_priority_id') == (CLOSED, None, 3)
    assert actions(cast.author, ticket) == [
        ('open', AUTHOR_ID, None, None), ('assign', AUTHOR_ID, STAFF_ID, None), ('claim', OTHER_ID, None, None),
        ('release', ADMIN_ID, None, None),
        ('status', OTHER_ID, None, {'status': 'Awaiting Information', 'status_id': WAITING}),
        ('priority', OTHER_ID, None, {'priority': 'high', 'priority_id': 3}),
        ('claim', OTHER_ID, None, None), ('close', AUTHOR_ID, None, None)]
    wait_for_totals(cast.admin, OTHER_ID, other)


def test_a_deleted_ticket_is_gone_with_all_that_hangs_on_it(cast):
    ticket, stays = cast.held(), cast.held()
    post = expect(cast.staff.post('posts', {'ticket_id': ticket, 'content': 'a reply to it'}), 201)['id']
    kept = expect(cast.staff.post('posts', {'ticket_id': stays, 'content': 'a reply to it'}), 201)['id']
    expect(cast.author.request('PATCH', f'ticket/{ticket}', json={'content': 'other content'}), 200)
    history = items(cast.author, f'histories/?topic_id={ticket}')[0]['id']
    action = items(cast.author, f'actions/{ticket}')[0]['id']
    subscription = items(cast.author, f'subscriptions/{ticket}/')[0]['id']
    settle(cast)
    before = [totals(cast.admin, user) for user in (AUTHOR_ID, STAFF_ID, OTHER_ID)]
    expect(cast.admin.request('DELETE', f'ticket/{ticket}'), 204)
    for path in (f'ticket/{ticket}', f'post/{post}', f'history/{history}', f'action/{action}',
                 f'subscription/{subscription}'):
        wait_until(lambda path=path: cast.admin.get(path).status == 404, COUNTED_WITHIN, f'{path} is gone')
    expect(cast.admin.get(f'post/{kept}'), 200)
    wait_for_totals(cast.admin, AUTHOR_ID, (before[0][0] - 1, before[0][1]))
    wait_for_totals(cast.admin, STAFF_ID, (before[1][0] - 1, before[1][1]))
    wait_for_totals(cast.admin, OTHER_ID, (before[2][0], before[2][1] - 1))


def settle(cast):
    """Wait until every service has heard of everything. What one of them heard may be what another is told
    next, so the first is looked at twice."""
    wait_until(lambda: all(is_heard(cast.desk, name) for name in ('ticket', 'post', 'ticket')), COUNTED_WITHIN,
               'all events are heard')


def is_heard(desk, source):
    """Whether what is in a service's outbox was applied by whom it is for."""
    for consumer, seq in read(desk, source, 'SELECT consumer, max(seq) FROM outbox GROUP BY consumer'):
        heard = read(desk, SERVICES[consumer - 1], 'SELECT max(seq) FROM inbox WHERE source = ?',
                     SERVICES.index(source) + 1)[0][0]
        if (heard or 0) < seq:
            return False
    return True


def read(desk, service, query, *values):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / service / f'{service}.db')) as db:
        return db.execute(query, values).fetchall()


# --- subscriptions

def test_anyone_subscribes_anyone(cast):
    ticket = cast.ticket()
    updated = look(cast.author, ticket, 'last_updated')
    answer = cast.other.post('subscriptions', {'ticket_id': ticket, 'username': 'user006'})
    made = expect(answer, 201)
    assert answer.header('Location') == made['links']['self']
    assert (made['ticket_id'], made['user_id'], made['user_def']) == (ticket, STAFF_ID, "O'Neil 006")
    assert expect(cast.other.get(f'subscription/{made["id"]}'), 200) == made
    expect(cast.other.post('subscriptions', {'ticket_id': ticket, 'user_id': STAFF_ID}), 409)
    expect(cast.other.post('subscriptions', {'ticket_id': 10 ** 9, 'user_id': STAFF_ID}), 404)
    for body in ({}, {'user_id': DISABLED_ID}, {'username': 'nobody at all'}, {'user_id': 'x'}):
        expect(cast.other.post('subscriptions', {'ticket_id': ticket, **body}), 400)
    assert look(cast.author, ticket, 'last_updated') == updated
    assert actions(cast.author, ticket)[1:] == [('subscribe', OTHER_ID, STAFF_ID, None)]


def test_who_unsubscribes_whom(cast):
    ticket = cast.ticket()
    made = {}
    for name in ('user004', 'user005', 'user006', 'user008'):
        made[name] = expect(cast.author.post('subscriptions', {'ticket_id': ticket, 'username': name}), 201)['id']
    expect(cast.other.request('DELETE', f'subscription/{made["user004"]}'), 403)
    expect(cast.author.request('DELETE', f'subscription/{made["user004"]}'), 403)
    expect(cast.other.request('DELETE', f'subscription/{made["user005"]}'), 204)
    expect(cast.staff.request('DELETE', f'subscription/{made["user004"]}'), 204)
    expect(cast.admin.request('DELETE', f'subscription/{made["user008"]}'), 204)
    expect(cast.admin.request('DELETE', f'subscription/{made["user008"]}'), 404)
    assert subscribers(cast.author, ticket) == [AUTHOR_ID, STAFF_ID]
    assert actions(cast.author, ticket)[-3:] == [
        ('unsubscribe', OTHER_ID, OTHER_ID, None), ('unsubscribe', STAFF_ID, 4, None),
        ('unsubscribe', ADMIN_ID, 8, None)]


# --- replies

def reply(client, ticket, status=201, **more):
    return expect(client.post('posts', {'ticket_id': ticket, 'content': 'this is a reply', **more}), status)


def test_a_reply_counts_and_subscribes(cast):
    ticket = cast.ticket()
    made = reply(cast.other, ticket, hours=0.5)
    assert look(cast.author, ticket, 'replies', 'status_id') == (1, OPEN)
    assert subscribers(cast.author, ticket) == [AUTHOR_ID, OTHER_ID]
    assert actions(cast.author, ticket) == [('open', AUTHOR_ID, None, None)]
    expect(cast.staff.post(f'ticket/{ticket}/claim'), 200)
    assert items(cast.author, f'actions/{ticket}')[-1]['post_id'] == made['id']
    expect(cast.admin.request('DELETE', f'post/{made["id"]}'), 204)
    assert look(cast.author, ticket, 'replies') == 0
    assert items(cast.author, f'actions/{ticket}')[-1]['post_id'] is None


def test_status_and_priority_go_with_a_reply(cast):
    ticket = cast.ticket()
    reply(cast.other, ticket, status_id=WAITING, ticket_priority_id=2)
    reply(cast.other, ticket, status_id=WAITING, ticket_priority_id=2)
    assert look(cast.author, ticket, 'status_id', 'ticket_priority_id', 'replies') == (WAITING, 2, 2)
    assert actions(cast.author, ticket)[1:] == [
        ('status', OTHER_ID, None, {'status': 'Awaiting Information', 'status_id': WAITING}),
        ('priority', OTHER_ID, None, {'priority': 'medium', 'priority_id': 2})]


def test_a_reply_opens_a_closed_ticket_and_may_close_it(cast):
    ticket = cast.closed()
    reply(cast.other, ticket)
    assert look(cast.author, ticket, 'status_id') == OPEN
    assert actions(cast.author, ticket)[1:] == [('close', AUTHOR_ID, None, None)]
    before = totals(cast.admin, OTHER_ID)[1]
    expect(cast.other.post(f'ticket/{ticket}/claim'), 200)
    reply(cast.other, ticket, close=True)
    assert look(cast.author, ticket, 'status_id', 'assigned_id', 'replies') == (CLOSED, None, 2)
    reply(cast.author, ticket, close=True)
    assert look(cast.author, ticket, 'status_id', 'replies') == (CLOSED, 3)
    assert [a[:2] for a in actions(cast.author, ticket)[-2:]] == [('close', OTHER_ID), ('close', AUTHOR_ID)]
    wait_until(lambda: totals(cast.admin, OTHER_ID)[1] == before, COUNTED_WITHIN, 'the assignee is counted')


def test_a_refused_reply_writes_nothing(cast):
    ticket = cast.ticket()
    for status, client, more in ((404, cast.other, {'ticket_id': 10 ** 9}), (403, cast.other, {'close': True}),
                                 (400, cast.author, {'close': True, 'status_id': WAITING}),
                                 (400, cast.other, {'status_id': CLOSED}), (400, cast.other, {'status_id': 99}),
                                 (400, cast.other, {'content': 'x'}), (400, cast.other, {'hours': -0.01})):
        expect(client.post('posts', {'ticket_id': ticket, 'content': 'this is a reply', **more}), status)
    assert look(cast.author, ticket, 'replies') == 0
    assert items(cast.author, f'posts/{ticket}/') == []
    assert subscribers(cast.author, ticket) == [AUTHOR_ID]


def test_a_reply_to_a_closed_ticket_is_not_edited(cast):
    ticket = cast.ticket()
    post = reply(cast.other, ticket)['id']
    expect(cast.other.request('PATCH', f'post/{post}', json={'content': 'other words', 'hours': 2}), 200)
    expect(cast.author.post(f'ticket/{ticket}/close'), 200)
    expect(cast.other.request('PATCH', f'post/{post}', json={'content': 'more words'}), 409)


# --- what is needed stays

def test_what_is_in_use_cannot_be_deleted(cast):
    department = expect(cast.admin.post('departments', {'department': 'Needed'}), 201)['id']
    category = expect(cast.admin.post('categories', {'category': 'Needed', 'department_id': department}), 201)['id']
    ticket = cast.ticket(category_id=category)
    expect(cast.staff.request('DELETE', f'category/{category}'), 409)
    expect(cast.staff.request('DELETE', f'department/{department}'), 409)
    expect(cast.admin.request('DELETE', f'ticket/{ticket}'), 204)
    expect(cast.staff.request('DELETE', f'category/{category}'), 204)
    expect(cast.staff.request('DELETE', f'department/{department}'), 204)


def test_only_who_never_wrote_can_be_deleted(cast):
    made = expect(cast.admin.post('users', {'username': 'newcomer', 'name': 'New Comer', 'password': PASSWORD,
                                            'email': 'new@example.org'}), 201)['id']
    ticket = cast.ticket()
    expect(cast.author.post('subscriptions', {'ticket_id': ticket, 'user_id': made}), 201)
    expect(cast.author.post(f'ticket/{ticket}/assign', {'username': 'newcomer'}), 200)
    expect(cast.admin.request('DELETE', f'user/{made}'), 409)
    expect(cast.admin.post(f'ticket/{ticket}/release'), 200)
    expect(cast.admin.request('DELETE', f'user/{made}'), 204)
    assert subscribers(cast.author, ticket) == [AUTHOR_ID]
    expect(cast.author.post(f'ticket/{ticket}/assign', {'user_id': made}), 400)


# --- many at once

def run_all(jobs):
    errors = []

    def run(job):
        try:
            job()
        except BaseException as e:      # pylint: disable=broad-except
            errors.append(e)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors[:3]


@pytest.mark.slow
def test_many_claim_the_same_tickets(imported):
    cast = Cast(imported)
    users = [4, 5, 6, 8, 9, 10, 11, 12]
    tokens = {u: log_in(imported, f'user{u:03}') for u in users}
    tickets = [cast.ticket() for _ in range(50)]
    before = {u: totals(cast.admin, u)[1] for u in users}
    won, barrier = [], threading.Barrier(10 * len(users))

    def claim_all(user, seed):
        mine = tickets[:]
        random.Random(seed).shuffle(mine)
        with imported.client(tokens[user]) as c:
            barrier.wait(60)
            for ticket in mine:
                answer = insist(lambda t=ticket: c.post(f'ticket/{t}/claim'))
                assert answer.status in (200, 409), answer
                if answer.status == 200:
                    assert answer.json()['assigned_id'] == user
                    won.append((ticket, user))

    run_all([lambda u=u, n=n: claim_all(u, u * 100 + n) for u in users for n in range(10)])
    owners = {t: look(cast.admin, t, 'assigned_id') for t in tickets}
    # several clients of the winner are told that they have it; nobody else is
    assert set(won) == set(owners.items())
    for ticket, owner in owners.items():
        assert actions(cast.admin, ticket)[1:] == [('claim', owner, None, None)]
    for user in users:
        has = sum(owner == user for owner in owners.values())
        wait_until(lambda u=user, n=before[user] + has: totals(cast.admin, u)[1] == n, COUNTED_WITHIN,
                   f'total_assigned of user {user} is right')


# --- a part that is not there for a while

def wait_back(cast, path):
    """A part that was away is asked again. A gateway may see only after a first answer that it was away."""
    answers = []

    def is_back():
        answers.append(cast.admin.get(path).status)
        return answers[-100:] == [200] * 100        # about a second of polls

    wait_until(is_back, 20, f'{path} is read again')


def test_totals_come_right_when_users_are_back(imported):
    cast = Cast(imported)
    settle(cast)
    tickets = [cast.ticket() for _ in range(6)]
    settle(cast)
    before = {u: totals(cast.admin, u) for u in (AUTHOR_ID, STAFF_ID, OTHER_ID)}
    imported.kill('user')
    for ticket in tickets:
        expect(cast.other.post(f'ticket/{ticket}/claim'), 200)
    for ticket in tickets[:3]:
        expect(cast.author.post(f'ticket/{ticket}/assign', {'user_id': STAFF_ID}), 200)
    expect(cast.staff.post(f'ticket/{tickets[0]}/release'), 200)
    expect(cast.author.post(f'ticket/{tickets[5]}/close'), 200)
    expect(cast.admin.request('DELETE', f'ticket/{tickets[4]}'), 204)
    reply(cast.staff, tickets[1])
    imported.restart('user')
    wait_back(cast, 'user/1')
    wait_for_totals(cast.admin, AUTHOR_ID, (before[AUTHOR_ID][0] - 1, before[AUTHOR_ID][1]))
    wait_for_totals(cast.admin, STAFF_ID, (before[STAFF_ID][0] + 1, before[STAFF_ID][1] + 2))
    wait_for_totals(cast.admin, OTHER_ID, (before[OTHER_ID][0], before[OTHER_ID][1] + 1))
    imported.kill('user')
    imported.restart('user')
    wait_back(cast, 'user/1')
    settle(cast)
    assert totals(cast.admin, STAFF_ID) == (before[STAFF_ID][0] + 1, before[STAFF_ID][1] + 2)


def test_histories_come_when_posts_are_back(imported):
    cast = Cast(imported)
    kept, gone = cast.ticket(), cast.ticket()
    post = reply(cast.other, gone)['id']
    imported.kill('post')
    for content in ('second content', 'third content'):
        expect(cast.author.request('PATCH', f'ticket/{kept}', json={'content': content}), 200)
    expect(cast.admin.request('DELETE', f'ticket/{gone}'), 204)
    expect(cast.admin.get(f'ticket/{gone}'), 404)
    imported.restart('post')
    wait_back(cast, 'post/1')
    wait_until(comes(lambda: len(histories(cast.admin, kept)) == 2), COUNTED_WITHIN, 'histories are there')
    assert histories(cast.admin, kept) == [(TICKET['content'], AUTHOR_ID), ('second content', AUTHOR_ID)]
    wait_until(lambda: cast.admin.get(f'post/{post}').status == 404, COUNTED_WITHIN, 'the reply is gone')


def test_deleted_replies_are_counted_when_tickets_are_back(imported):
    cast = Cast(imported)
    ticket = cast.ticket()
    posts = [reply(cast.other, ticket, hours=1)['id'] for _ in range(3)]
    assert look(cast.author, ticket, 'replies') == 3
    imported.kill('ticket')
    for post in posts[:2]:
        expect(cast.admin.request('DELETE', f'post/{post}'), 204)
    imported.restart('ticket')
    wait_back(cast, f'ticket/{ticket}')
    wait_until(comes(lambda: look(cast.author, ticket, 'replies') == 1), COUNTED_WITHIN, 'one reply is left')


@pytest.mark.slow
def test_replies_count_once_whatever_dies_on_the_way(imported):
    """Replies are written while ticket and post services are killed again and again."""
    cast = Cast(imported)
    tickets = [cast.ticket() for _ in range(4)]
    stop = threading.Event()

    def write(ticket, seed):
        with imported.client(USER) as c:
            n = 0
            while not stop.is_set() or n < 5:
                n += 1
                key = f'{seed}-{n}'
                wait_until(lambda key=key: sent(c, ticket, key), 30, 'a reply is written')

    def sent(c, ticket, key):
        try:
            answer = c.post('posts', {'ticket_id': ticket, 'content': f'reply {key}', 'hours': 0.25},
                            headers={'Idempotency-Key': key})
        except (NoAnswer, OSError):
            return False
        assert answer.status in (201, 409, 503), answer
        return answer.status == 201

    def kill():
        for name in ('ticket', 'post') * 3:
            imported.kill(name)
            imported.restart(name)
            wait_until(lambda: cast.admin.get(f'ticket/{tickets[0]}').status == 200 and
                       cast.admin.get('post/1').status == 200, 20, 'all are back')
        stop.set()

    run_all([lambda t=t, s=s: write(t, f'{t}{s}') for t in tickets for s in 'ab'] + [kill])
    for ticket in tickets:
        contents = [p['content'] for p in items(cast.admin, f'posts/{ticket}/?per_page=100')]
        total = expect(cast.admin.get(f'posts/{ticket}/'), 200)['_meta']['total_items']
        assert len(set(contents)) == len(contents)
        wait_until(lambda t=ticket, n=total: look(cast.admin, t, 'replies') == n, COUNTED_WITHIN,
                   'replies are counted once')
        assert subscribers(cast.admin, ticket) == [AUTHOR_ID]
