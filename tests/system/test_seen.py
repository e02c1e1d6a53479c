"""Read and unread tickets, and the dates of their first reply and of their end."""
import contextlib
import sqlite3

import pytest

from desk import ADMIN, SUPER, USER, wait_until
from wire import expect, insist

TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}


@pytest.fixture
def desk(desks):
    return desks('imported')


def create(c):
    return expect(c.post('tickets', TICKET), 201)['id']


def reply(c, ticket, **more):
    """A reply that the ticket service has been told of: on a busy machine it is answered before."""
    post = expect(c.post('posts', {'ticket_id': ticket, 'content': 'some reply', **more}), 201)['id']
    wait_until(lambda: expect(c.get(f'ticket/{ticket}?fields=replies'), 200)['replies'] ==
               expect(c.get(f'posts/{ticket}/?per_page=1'), 200)['_meta']['total_items'], 20, 'the reply is counted')
    return post


def see(c, ticket, post=0):
    expect(c.request('PUT', f'ticket/{ticket}/seen', json={'post_id': post}), 204)


def unread(c):
    return [t['id'] for t in expect(c.get('tickets/?unread=me&fields=id&per_page=100'), 200)['items']]


def of_ticket(c, ticket, fields='id,unread,first_reply,closed_at'):
    return expect(c.get(f'ticket/{ticket}?fields={fields}'), 200)



def test_what_is_new_is_unread_until_it_is_seen(desk):
    with desk.client(USER) as author, desk.client(ADMIN) as c:
        assert unread(c) == unread(author) == []        # what was imported
        first, second = create(author), create(author)
        assert (unread(c), unread(author)) == ([first, second], [])
        assert [t['unread'] for t in expect(c.get('tickets/?sort=ticketid_desc&per_page=3&fields=id,unread'), 200)
                ['items']] == [True, True, False]
        see(c, first)
        assert unread(c) == [second] and not of_ticket(c, first)['unread'] and of_ticket(c, second)['unread']
        post = reply(author, first)
        assert unread(c) == [first, second] and unread(author) == []
        see(c, first, post)
        see(c, first, post)
        see(c, first)
        assert unread(c) == [second]
        reply(c, first)
        assert (unread(c), unread(author)) == ([second], [first])
        expect(c.post(f'ticket/{second}/claim', {}), 200)
        assert unread(c) == []
        desk.kill('ticket')
        desk.restart('ticket')
        wait_until(lambda: c.get('tickets/?per_page=1').status == 200, 20, 'the lists are there again')
        assert (unread(c), unread(author)) == ([], [first])
        assert expect(c.get('tickets/counts?views=unread%3Dme'), 200) == {'views': [0]}
        assert expect(author.get('tickets/counts?unread=me'), 200) == {'total': 1}


def test_lists_and_tickets_that_were_seen_have_other_tags(desk):
    with desk.client(USER) as author, desk.client(ADMIN) as c:
        ticket = create(author)
        paths = ['tickets/?sort=ticketid_desc&fields=id,unread', f'ticket/{ticket}?fields=id,unread']
        tags = [c.get(path).header('etag') for path in paths]
        for path, tag in zip(paths, tags):
            assert c.get(path, headers={'If-None-Match': tag}).status == 304
        whole = c.get(f'ticket/{ticket}')
        # a tag of the ticket without what was seen, too, is one for If-Match, and no 304 where that is asked for
        assert expect(c.get(paths[1], headers={'If-None-Match': whole.header('etag')}), 200)['unread']
        see(c, ticket)
        for path, tag in zip(paths, tags):
            answer = c.get(path, headers={'If-None-Match': tag})
            assert answer.status == 200 and answer.header('etag') != tag and b'"unread":false' in answer.body
        assert c.get(f'ticket/{ticket}').header('etag') == whole.header('etag')
        expect(c.request('PATCH', f'ticket/{ticket}', json={'title': 'another title'},
                         headers={'If-Match': tags[1]}), 200)
        expect(c.request('PATCH', f'ticket/{ticket}', json={'title': 'a third title'},
                         headers={'If-Match': tags[1]}), 412)


def test_what_is_refused(desk):
    with desk.client(USER) as c, desk.client(False) as nobody:
        ticket = create(c)
        for body, code in (({}, 'required'), ({'post_id': 'x'}, 'wrong_type'), ({'post_id': None}, 'wrong_type'),
                           ({'post_id': 1, 'user_id': 3}, 'unknown_field')):
            assert expect(c.request('PUT', f'ticket/{ticket}/seen', json=body), 400)['code'] == code, body
        expect(c.request('PUT', 'ticket/999999/seen', json={'post_id': 0}), 404)
        expect(nobody.request('PUT', f'ticket/{ticket}/seen', json={'post_id': 0}), 401)
        for value in ('3', 'you', 'me,3', 'true'):
            got = expect(c.get(f'tickets/?unread={value}'), 400)
            assert (got['field'], got['code']) == ('unread', 'invalid')
        for post in (-1, 2 ** 62):
            see(c, ticket, post)


def test_a_new_user_has_read_what_was_there(desk):
    with desk.client(ADMIN) as c, desk.client(USER) as author:
        create(author)
        expect(c.post('users/', {'username': 'new.one', 'name': 'New One', 'email': 'new@example.org',
                                 'password': 'Password1'}), 201)
        with desk.client(False) as one:
            one.token = expect(one.log_in('new.one', 'Password1'), 200)['token']
            wait_until(lambda: unread(one) == [], 20, 'the ticket service knows the user')
            ticket = create(author)
            assert unread(one) == [ticket]
            expect(c.request('DELETE', f'ticket/{ticket}'), 204)
            assert unread(one) == []


def test_the_first_reply_and_the_end_of_a_ticket_are_dated(desk):
    with desk.client(USER) as author, desk.client(SUPER) as c, desk.client(ADMIN) as admin:
        ticket = create(author)
        assert of_ticket(c, ticket, 'closed_at,first_reply') == {'closed_at': None, 'first_reply': None}
        reply(author, ticket)
        assert of_ticket(c, ticket)['first_reply'] is None
        post = reply(c, ticket)
        first = of_ticket(c, ticket)['first_reply']
        assert first == expect(c.get(f'post/{post}'), 200)['data_added']
        reply(author, ticket, close=True)
        wait_until(lambda: of_ticket(c, ticket)['closed_at'], 20, 'the ticket is closed')
        closed = of_ticket(c, ticket, 'closed_at,last_updated')
        assert closed['closed_at'] == closed['last_updated']
        reply(c, ticket)
        wait_until(lambda: not of_ticket(c, ticket)['closed_at'], 20, 'the ticket is open again')
        expect(admin.post(f'ticket/{ticket}/close', {}), 200)
        assert of_ticket(c, ticket)['closed_at'] and of_ticket(c, ticket)['first_reply'] == first
        exported = c.get('tickets.ndjson?fields=id,closed_at&updated_since=2026-01-01')
        assert b'"closed_at":"' in exported.body


def dates(c, ticket):
    got = of_ticket(c, ticket, 'closed_at,first_reply')
    return got['first_reply'], got['closed_at']


def closings(c, ticket):
    return [a['date'] for a in expect(c.get(f'actions/{ticket}?per_page=100'), 200)['items'] if a['action'] == 'close']


def test_replies_of_the_author_alone_are_no_first_reply(desk):
    with desk.client(USER) as author, desk.client(SUPER) as c:
        ticket = create(author)
        for _ in range(3):
            reply(author, ticket)
        reply(author, ticket, close=True)
        wait_until(lambda: dates(c, ticket)[1], 20, 'it is closed')
        reply(author, ticket)
        wait_until(lambda: dates(c, ticket) == (None, None), 20, 'it is open again')


def test_the_first_reply_stays_when_it_is_deleted(desk):
    """With or without others; what comes later is not the first."""
    with desk.client(USER) as author, desk.client(SUPER) as c, desk.client(ADMIN) as admin:
        for more in range(2):
            ticket = create(author)
            post = reply(c, ticket)
            first = dates(c, ticket)[0]
            assert first == expect(c.get(f'post/{post}'), 200)['data_added']
            for _ in range(more):
                reply(c, ticket)
            expect(admin.request('DELETE', f'post/{post}'), 204)
            assert expect(c.get(f'ticket/{ticket}?fields=replies'), 200)['replies'] == more
            assert dates(c, ticket)[0] == first
            reply(c, ticket)
            assert dates(c, ticket)[0] == first
        # the author's own does not matter
        ticket = create(author)
        expect(admin.request('DELETE', f'post/{reply(author, ticket)}'), 204)
        assert dates(c, ticket)[0] is None
        post = reply(c, ticket)
        assert dates(c, ticket)[0] == expect(c.get(f'post/{post}'), 200)['data_added']


def test_a_ticket_is_closed_twice_and_opened_again(desk):
    with desk.client(USER) as author, desk.client(ADMIN) as c:
        ticket = create(author)
        expect(c.post(f'ticket/{ticket}/close', {}), 200)
        first = dates(c, ticket)[1]
        assert first == closings(c, ticket)[-1]
        assert expect(c.post(f'ticket/{ticket}/close', {}), 409)['code'] in ('closed', 'already_so')
        assert dates(c, ticket)[1] == first and len(closings(c, ticket)) == 1
        reply(c, ticket)
        wait_until(lambda: dates(c, ticket)[1] is None, 20, 'it is open again')
        wait_until(lambda: insist(lambda: c.post(f'ticket/{ticket}/close', {})).status == 200, 20, 'it is closed again')
        assert dates(c, ticket)[1] == closings(c, ticket)[-1] and len(closings(c, ticket)) == 2
        # a reply that closes it again, and one that gives it another status
        reply(c, ticket, close=True)
        wait_until(lambda: len(closings(c, ticket)) == 3, 20, 'it is closed by a reply')
        assert dates(c, ticket)[1] == closings(c, ticket)[-1]
        reply(c, ticket, status_id=3)
        wait_until(lambda: dates(c, ticket)[1] is None, 20, 'it is in work')
        expect(c.request('DELETE', f'ticket/{ticket}'), 204)


def test_what_else_is_done_to_a_ticket_changes_no_date(desk):
    with desk.client(USER) as author, desk.client(ADMIN) as c:
        ticket = create(author)
        reply(c, ticket)
        before = dates(c, ticket)
        for path, body in (('claim', {}), ('priority', {'ticket_priority_id': 2}), ('status', {'status_id': 3}), ('release', {}),
                           ('assign', {'user_id': 3})):
            expect(c.post(f'ticket/{ticket}/{path}', body), 200)
            assert dates(c, ticket) == before, path
        expect(c.request('PATCH', f'ticket/{ticket}', json={'title': 'another title', 'content': 'another content'}), 200)
        assert dates(c, ticket) == before
        post = reply(author, ticket)
        expect(author.request('PATCH', f'post/{post}', json={'content': 'another reply'}), 200)
        assert dates(c, ticket) == before


def test_a_ticket_that_is_moved_keeps_its_dates(desks):
    desk = desks('imported', FLICKET_CHANGE_CATEGORY='everybody')
    with desk.client(USER) as author, desk.client(ADMIN) as c:
        ticket = create(author)
        reply(c, ticket)
        before = dates(c, ticket)
        expect(c.post(f'ticket/{ticket}/category', {'category_id': 2}), 200)
        assert dates(c, ticket) == before and before[0]


def test_an_import_dates_what_it_knows(desk):
    """The dates are those of the replies and actions that were imported."""
    with contextlib.closing(sqlite3.connect(':memory:')) as db:
        for service in ('ticket', 'post'):
            db.execute(f"ATTACH '{desk.data}/stores/{service}/{service}.db' AS {service}_store")
        wrong = db.execute('SELECT t.id, m.first_reply, p.first FROM tickets t LEFT JOIN milestones m ON '
                           'm.ticket_id = t.id LEFT JOIN (SELECT p.ticket_id, min(p.date_added) AS first FROM posts p '
                           'JOIN tickets o ON o.id = p.ticket_id WHERE p.user_id <> o.started_id GROUP BY 1) p '
                           'ON p.ticket_id = t.id WHERE m.first_reply IS NOT p.first').fetchall()
        assert wrong == []
        assert db.execute('SELECT count(*) FROM milestones WHERE first_reply > 0').fetchone()[0] > 0
        wrong = db.execute('SELECT t.id FROM tickets t LEFT JOIN milestones m ON m.ticket_id = t.id LEFT JOIN (SELECT '
                           'ticket_id, max(id) AS n FROM posts GROUP BY 1) p ON p.ticket_id = t.id '
                           'WHERE ifnull(m.newest_post, 0) <> ifnull(p.n, 0)').fetchall()
        assert wrong == []
        assert db.execute("SELECT count(*) FROM tickets t LEFT JOIN milestones m ON m.ticket_id = t.id WHERE "
                          "m.closed_at IS NOT iif(t.status_id = (SELECT closed FROM own_statuses), (SELECT max(date) "
                          "FROM actions WHERE ticket_id = t.id AND action = 'close'), NULL)").fetchone()[0] == 0
