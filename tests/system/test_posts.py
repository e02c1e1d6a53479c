"""Replies: written, edited, deleted, by whom, and what of it shows elsewhere."""
import contextlib
import json
import sqlite3
import threading

import pytest

from desk import ADMIN, COUNTED_WITHIN, REPO, SUPER, USER, wait_until
from wire import expect

ADMIN_ID, USER_ID, SUPER_ID = 1, 3, 6
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}
OPEN, CLOSED, IN_WORK = 1, 2, 3
MOST = 5000
NOWHERE = 999999


def new_ticket(client, **fields):
    return expect(client.post('tickets', {**TICKET, **fields}), 201)['id']


def reply(client, ticket, content='this is my reply', **fields):
    return expect(client.post('posts', {'ticket_id': ticket, 'content': content, **fields}), 201)['id']


def post(client, id):
    return expect(client.get(f'post/{id}'), 200)


def more(client, id, *names):
    got = expect(client.get(f'post/{id}?fields={",".join(names)}'), 200)
    return tuple(got[n] for n in names)


def patch(client, id, fields, **kw):
    return client.request('PATCH', f'post/{id}', json=fields, **kw)


def ticket(client, id):
    return expect(client.get(f'ticket/{id}'), 200)


def histories(client, **query):
    path = 'histories/?' + '&'.join(f'{k}={v}' for k, v in query.items())
    return [(h['original_content'], h['user_id']) for h in expect(client.get(path), 200)['items']]


def subscribers(client, id):
    return {s['user_id'] for s in expect(client.get(f'subscriptions/{id}/'), 200)['items']}


def actions(client, id):
    return [a['action'] for a in expect(client.get(f'actions/{id}'), 200)['items']]


def posts_of(client, user=USER_ID):
    return expect(client.get(f'user/{user}'), 200)['total_posts']


def will_have(client, want, user=USER_ID):
    wait_until(lambda: posts_of(client, user) == want, COUNTED_WITHIN, f'{want} posts of user {user}')


# -- writing

def test_a_reply_is_answered_with_all_there_is_about_it(writing, user):
    t = new_ticket(user)
    answer = user.post('posts', {'ticket_id': t, 'content': '答复 «reply»', 'hours': 1.25})
    made = expect(answer, 201)
    link = writing.base_url + '/flicket-api/'
    assert answer.header('Location') == made['links']['self'] == f'{link}post/{made["id"]}'
    date = made.pop('data_added')
    assert date.endswith(' GMT')
    assert made == {'content': '答复 «reply»', 'date_modified': None, 'id': made['id'], 'ticket_id': t,
                    'user_id': USER_ID, 'links': {
                        'created_by': f'{link}user/{USER_ID}', 'posts': f'{link}posts/{t}/',
                        'self': f'{link}post/{made["id"]}'}}
    assert post(user, made['id']) == {**made, 'data_added': date}
    assert expect(user.get(f'posts/{t}/'), 200)['items'] == [{**made, 'data_added': date}]
    assert more(user, made['id'], 'hours', 'modified_id') == (1.25, None)


def test_anybody_replies_and_is_subscribed(user, other):
    t = new_ticket(user)
    reply(other, t)
    assert subscribers(user, t) == {USER_ID, SUPER_ID}
    reply(other, t)
    assert subscribers(user, t) == {USER_ID, SUPER_ID}


def test_a_reply_counts_for_its_author_once(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as user:
        t = new_ticket(admin)
        before = posts_of(admin)
        ids = [reply(user, t) for _ in range(3)]
        will_have(admin, before + 3)
        assert expect(admin.get(f'ticket/{t}?fields=replies'), 200)['replies'] == 3
        patch(user, ids[0], {'content': 'edited reply'})
        expect(admin.request('DELETE', f'post/{ids[1]}'), 204)
        will_have(admin, before + 2)
        assert expect(admin.get(f'ticket/{t}?fields=replies'), 200)['replies'] == 2


def test_a_reply_opens_a_closed_ticket_again(user, other):
    t = new_ticket(user)
    expect(user.post(f'ticket/{t}/close', {}), 200)
    assert ticket(user, t)['status_id'] == CLOSED
    reply(other, t)
    assert ticket(user, t)['status_id'] == OPEN


def test_status_and_priority_go_with_a_reply(user, other):
    t = new_ticket(user)
    reply(other, t, status_id=IN_WORK, ticket_priority_id=3)
    got = ticket(user, t)
    assert (got['status_id'], got['ticket_priority_id']) == (IN_WORK, 3)
    assert actions(user, t)[-2:] == ['status', 'priority'] or actions(user, t)[-2:] == ['priority', 'status']


def test_a_reply_that_closes(user, other):
    t = new_ticket(user)
    expect(other.post('posts', {'ticket_id': t, 'content': 'close this', 'close': True}), 403)
    assert expect(user.get(f'posts/{t}/'), 200)['items'] == []
    reply(user, t, close=True)
    assert ticket(user, t)['status_id'] == CLOSED
    assert actions(user, t)[-1] == 'close'
    reply(other, t, close=False)
    assert ticket(user, t)['status_id'] == OPEN


@pytest.mark.parametrize('fields, status', [
    ({'ticket_id': NOWHERE}, 404), ({'status_id': NOWHERE}, 400), ({'ticket_priority_id': NOWHERE}, 400),
    ({'status_id': CLOSED}, 400), ({'hours': -1}, 400), ({'hours': 100000000}, 400), ({'hours': 'many'}, 400),
    ({'content': ''}, 400), ({'content': 'abcd'}, 400), ({'content': 'x' * (MOST + 1)}, 400),
    ({'content': 7}, 400), ({'content': None}, 400), ({'ticket_id': '1'}, 400), ({'close': 'yes'}, 400),
    ({'content': 'a\x00bcdef'}, 400), ({'user_id': 1}, 400)])
def test_a_wrong_reply_is_refused_as_a_whole(user, fields, status):
    t = new_ticket(user)
    got = expect(user.post('posts', {'ticket_id': t, 'content': 'a good reply', **fields}), status)
    if status == 400:
        assert next(iter(fields)) in got['message'], got
    assert expect(user.get(f'posts/{t}/'), 200)['items'] == []
    assert ticket(user, t)['status_id'] == OPEN


@pytest.mark.parametrize('missing', ['ticket_id', 'content'])
def test_what_a_reply_needs(user, missing):
    fields = {'ticket_id': new_ticket(user), 'content': 'a good reply'}
    del fields[missing]
    assert missing in expect(user.post('posts', fields), 400)['message']


@pytest.mark.parametrize('content', ['x' * 5, '好' * 5, '好' * MOST, 'a\n\tb"\\/c', "'; DROP TABLE posts; --", '😀' * 5])
def test_contents_are_kept_as_they_are(user, content):
    t = new_ticket(user)
    assert post(user, reply(user, t, content))['content'] == content


def test_a_strangers_token_writes_nothing(writing):
    with writing.client('nobody') as nobody:
        for method, path in (('POST', 'posts'), ('PATCH', 'post/1'), ('DELETE', 'post/1')):
            expect(nobody.request(method, path, json={'ticket_id': 1, 'content': 'a reply'}), 401)


# -- editing

def test_who_may_edit(admin, user, other):
    p = reply(user, new_ticket(other))
    expect(patch(other, p, {'content': 'not mine'}), 403)
    assert post(user, p)['content'] == 'this is my reply'
    expect(patch(user, p, {'content': 'mine, edited'}), 200)
    expect(patch(admin, p, {'content': 'by an admin'}), 200)
    assert more(user, p, 'content', 'modified_id', 'user_id') == ('by an admin', ADMIN_ID, USER_ID)
    expect(patch(user, NOWHERE, {'content': 'nothing there'}), 404)


def test_old_texts_are_whose_they_were(admin, user):
    p = reply(user, new_ticket(admin), 'first text')
    patch(admin, p, {'content': 'second text'})
    patch(user, p, {'content': 'third text'})
    assert histories(user, post_id=p) == [('first text', USER_ID), ('second text', ADMIN_ID)]
    assert post(user, p)['date_modified'] is not None


def test_only_another_text_leaves_a_history(user):
    p = reply(user, new_ticket(user), hours=2)
    answer = patch(user, p, {'hours': 3.5})
    expect(answer, 200)
    assert histories(user, post_id=p) == []
    assert more(user, p, 'hours', 'modified_id') == (3.5, USER_ID)
    assert post(user, p)['content'] == 'this is my reply'


@pytest.mark.parametrize('fields', [{}, {'content': 'this is my reply'}, {'hours': 2}, {'hours': 2.0,
                         'content': 'this is my reply'}])
def test_an_edit_that_changes_nothing_changes_nothing(user, fields):
    p = reply(user, new_ticket(user), hours=2)
    before = user.get(f'post/{p}')
    after = patch(user, p, fields)
    assert expect(after, 200) == before.json()
    assert after.header('ETag') == before.header('ETag')
    assert histories(user, post_id=p) == []
    assert more(user, p, 'modified_id') == (None,)


@pytest.mark.parametrize('fields', [{'content': 'abcd'}, {'content': None}, {'content': 'x' * (MOST + 1)},
                                    {'hours': -0.01}, {'hours': 'x'}, {'ticket_id': 1}, {'user_id': 1}, [], 'x'])
def test_a_wrong_edit_is_refused(user, fields):
    p = reply(user, new_ticket(user))
    expect(patch(user, p, fields), 400)
    assert post(user, p)['date_modified'] is None


def test_no_edit_while_the_ticket_is_closed(admin, user):
    t = new_ticket(user)
    p = reply(user, t)
    expect(user.post(f'ticket/{t}/close', {}), 200)
    for c in (user, admin):
        expect(patch(c, p, {'content': 'too late now'}), 409)
    assert post(user, p)['content'] == 'this is my reply'
    reply(user, t)
    expect(patch(user, p, {'content': 'open again'}), 200)


def test_an_edit_of_what_was_changed_meanwhile(user):
    p = reply(user, new_ticket(user))
    old = user.get(f'post/{p}').header('ETag')
    answer = patch(user, p, {'content': 'a first edit'}, headers={'If-Match': old})
    expect(answer, 200)
    expect(patch(user, p, {'content': 'a second edit'}, headers={'If-Match': old}), 412)
    assert post(user, p)['content'] == 'a first edit'
    expect(user.request('GET', f'post/{p}', headers={'If-None-Match': old}), 200)
    expect(patch(user, p, {'content': 'a third edit'}, headers={'If-Match': answer.header('ETag')}), 200)


# -- deleting

def test_who_may_delete(admin, user, other):
    p = reply(user, new_ticket(user))
    for c in (user, other):
        expect(c.request('DELETE', f'post/{p}'), 403)
    expect(admin.request('DELETE', f'post/{p}'), 204)
    expect(admin.request('DELETE', f'post/{p}'), 404)
    expect(admin.get(f'post/{p}'), 404)


def test_a_reply_takes_its_histories_along(admin, user):
    p = reply(user, new_ticket(user))
    patch(user, p, {'content': 'an edited reply'})
    assert len(histories(user, post_id=p)) == 1
    expect(admin.request('DELETE', f'post/{p}'), 204)
    assert histories(user, post_id=p) == []


def test_a_deletion_of_what_was_changed_meanwhile(admin, user):
    p = reply(user, new_ticket(user))
    old = user.get(f'post/{p}').header('ETag')
    patch(user, p, {'content': 'an edited reply'})
    expect(admin.request('DELETE', f'post/{p}', headers={'If-Match': old}), 412)
    expect(admin.request('DELETE', f'post/{p}', headers={'If-Match': '*'}), 204)


def test_a_ticket_takes_its_replies_along(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as user, imported.client(SUPER) as other:
        before = posts_of(admin), posts_of(admin, SUPER_ID)
        t, kept = new_ticket(user), new_ticket(user)
        gone = [reply(user, t), reply(other, t), reply(user, t)]
        stays = reply(user, kept)
        patch(user, gone[0], {'content': 'an edited reply'})
        patch(user, stays, {'content': 'an edited reply'})
        will_have(admin, before[0] + 5)
        expect(user.request('PATCH', f'ticket/{t}', json={'content': 'an edited ticket'}), 200)
        wait_until(lambda: histories(user, topic_id=t) == [('this is my content', USER_ID)], 5, 'a history')
        expect(admin.request('DELETE', f'ticket/{t}'), 204)
        wait_until(lambda: all(user.get(f'post/{p}').status == 404 for p in gone), 5, 'the replies gone')
        assert histories(user, post_id=gone[0]) == histories(user, topic_id=t) == []
        assert len(histories(user, post_id=stays)) == 1
        will_have(admin, before[0] + 2)
        will_have(admin, before[1], SUPER_ID)


# -- events

def restart(desk, client, *names):
    """Start services again that were killed, once the gateway has noticed that they ended."""
    def up():
        return client.get('/readyz').json()['services']
    wait_until(lambda: all(up()[name] == 'down' for name in names), 5, f'{names} are known to be down')
    for name in names:
        desk.restart(name)
    desk.wait_ready()


def replies_of(client, id):
    return expect(client.get(f'ticket/{id}?fields=replies'), 200)['replies']


def test_replies_written_while_nobody_counts_are_counted_once(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as user:
        t = new_ticket(admin)
        before = posts_of(user)         # and the gateway knows both tokens from here on
        imported.kill('user')
        ids = [reply(user, t) for _ in range(10)]
        expect(patch(user, ids[0], {'content': 'an edited reply'}), 200)
        expect(admin.request('DELETE', f'post/{ids[1]}'), 204)
        imported.kill('post')
        restart(imported, admin, 'post', 'user')
        will_have(admin, before + 9)
        assert replies_of(admin, t) == 9
        assert histories(admin, post_id=ids[0]) == [('this is my reply', USER_ID)]
        # one more passes through the same queue: nothing before it is counted again
        reply(user, t)
        will_have(admin, before + 10)


def test_what_the_ticket_service_did_not_hear_it_hears_later(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as user:
        t = new_ticket(user)
        ids = [reply(user, t, hours=1) for _ in range(5)]
        assert replies_of(admin, t) == 5
        imported.kill('ticket')
        for p in ids[:3]:
            expect(admin.request('DELETE', f'post/{p}'), 204)
        imported.kill('post')
        restart(imported, admin, 'post', 'ticket')
        wait_until(lambda: replies_of(admin, t) == 2, 5, 'the ticket has two replies')
        assert replies_of(admin, t) == 2


def test_what_the_post_service_did_not_hear_it_hears_later(imported):
    with imported.client(ADMIN) as admin, imported.client(USER) as user:
        before = posts_of(admin)
        kept, gone = new_ticket(user), new_ticket(user)
        p, q = reply(user, kept), reply(user, gone)
        will_have(admin, before + 4)
        imported.kill('post')
        expect(user.request('PATCH', f'ticket/{kept}', json={'content': 'an edited ticket'}), 200)
        expect(user.request('PATCH', f'ticket/{gone}', json={'content': 'an edited ticket'}), 200)
        expect(admin.request('DELETE', f'ticket/{gone}'), 204)
        imported.kill('ticket')
        restart(imported, admin, 'ticket', 'post')
        wait_until(lambda: admin.get(f'post/{q}').status == 404, 5, 'the reply is gone')
        assert histories(admin, topic_id=kept) == [('this is my content', USER_ID)]
        assert histories(admin, topic_id=gone) == []
        assert admin.get(f'post/{p}').status == 200
        will_have(admin, before + 2)


def test_the_same_key_writes_one_reply(user):
    t = new_ticket(user)
    body = {'ticket_id': t, 'content': 'only once, please', 'close': True}
    key = {'Idempotency-Key': f'reply-{t}'}
    first = user.post('posts', body, headers=key)
    again = user.post('posts', body, headers=key)
    assert expect(first, 201) == expect(again, 201)
    assert len(expect(user.get(f'posts/{t}/'), 200)['items']) == 1
    expect(user.post('posts', {**body, 'content': 'another text'}, headers=key), 422)


# -- stores of the first schema

def make_old(desk, service):
    """Put a service's store back to its first schema, with all that it had a place for."""
    path = desk.data / 'stores' / service / f'{service}.db'
    new = path.with_suffix('.new')
    path.rename(new)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for script in ('store/common.sql', f'{service}/migrations/001_initial.sql'):
            db.executescript((REPO / 'services' / script).read_text())
        db.execute('ATTACH ? AS new', (str(new),))
        tables = [r[0] for r in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table.startswith('sqlite_'):
                continue
            columns = ', '.join(r[1] for r in db.execute(f'PRAGMA main.table_info({table})'))
            db.execute(f'DELETE FROM main.{table}')
            db.execute(f'INSERT INTO main.{table} SELECT {columns} FROM new.{table}')
        db.execute('PRAGMA user_version = 1')
    new.unlink()


def test_an_old_store_tells_of_its_replies(desks):
    desk = desks('imported', start=False)
    make_old(desk, 'post')
    make_old(desk, 'ticket')
    desk.start()
    with desk.client(ADMIN) as admin, desk.client(USER) as user:
        with contextlib.closing(sqlite3.connect(f'file:{desk.data}/stores/post/post.db?mode=ro', uri=True)) as db:
            count = dict(db.execute('SELECT ticket_id, count(*) FROM posts GROUP BY ticket_id'))
        some = [t for t in count if admin.get(f'ticket/{t}').status == 200][:20]
        before = posts_of(admin)
        wait_until(lambda: replies_of(admin, some[-1]) == count[some[-1]], 10, 'replies are counted')
        wait_until(lambda: all(replies_of(admin, t) == count[t] for t in some), 10, 'replies are counted')
        reply(user, some[0])
        will_have(admin, before + 1)            # what was known already is not counted again
        assert replies_of(admin, some[0]) == count[some[0]] + 1


# --- what came meanwhile ------------------------------------------------------------------------------------------

def insist(client, ticket, seen, **kw):
    return client.post('posts', {'ticket_id': ticket, 'content': 'what I have to say', 'seen_post_id': seen}, **kw)


def refused_for(answer, ids, count=None):
    body = expect(answer, 409)
    assert (body['code'], body['field']) == ('newer_replies', 'seen_post_id')
    assert (body['post_ids'], body['count']) == (ids, len(ids) if count is None else count)
    return body


def test_a_reply_that_crosses_another_is_refused(user, other):
    one = new_ticket(user)
    first = expect(insist(user, one, 0), 201)['id']
    crossed = reply(other, one)
    refused_for(insist(user, one, first), [crossed])
    refused_for(insist(user, one, 0), [first, crossed])
    assert len(expect(user.get(f'posts/{one}/'), 200)['items']) == 2
    mine = expect(insist(user, one, crossed), 201)['id']
    refused_for(insist(user, one, crossed), [mine])         # also one's own, of another window
    reply(user, one)                                        # nothing is asked without it
    assert 'newest one' in refused_for(insist(other, one, first), [crossed, mine, mine + 1])['message']


def test_replies_of_other_tickets_and_deleted_ones_do_not_count(admin, user):
    one, two = new_ticket(user), new_ticket(user)
    deleted, elsewhere = reply(user, one), reply(user, two)
    expect(admin.request('DELETE', f'post/{deleted}'), 204)
    newest = expect(insist(user, one, 0), 201)['id']
    refused_for(insist(user, one, deleted), [newest])
    refused_for(insist(user, one, elsewhere), [newest])
    expect(insist(user, one, newest + 1000), 201)


def test_a_reply_with_a_key_is_sent_again_whatever_came(user, other):
    one = new_ticket(user)
    key = {'Idempotency-Key': f'crossing-{one}'}
    first = expect(insist(user, one, 0, headers=key), 201)
    crossed = reply(other, one)
    again = insist(user, one, 0, headers=key)
    assert expect(again, 201) == first and again.header('Idempotency-Replayed') == 'true'
    fresh = {'Idempotency-Key': f'refused-{one}'}
    refused_for(insist(user, one, first['id'], headers=fresh), [crossed])
    expect(insist(user, one, crossed, headers={'Idempotency-Key': f'insists-{one}'}), 201)


def test_many_that_came_are_counted_and_the_first_are_named(user):
    one = new_ticket(user)
    ids = [reply(user, one) for _ in range(103)]
    refused_for(insist(user, one, 0), ids[:100], 103)
    problem = insist(user, one, ids[-2], headers={'Accept': 'application/problem+json'})
    assert problem.status == 409
    body = json.loads(problem.body)
    assert (body['code'], body['count'], body['post_ids']) == ('newer_replies', 1, ids[-1:])


@pytest.mark.parametrize('seen, code', [('1', 'wrong_type'), (1.0, 'wrong_type'), (True, 'wrong_type'), ([1], 'wrong_type'),
                                        (-1, 'out_of_range')])
def test_the_reply_that_was_seen_is_an_id(user, seen, code):
    body = expect(insist(user, new_ticket(user), seen), 400)
    assert (body['code'], body['field']) == (code, 'seen_post_id')


def test_of_two_that_cross_at_once_one_is_told(writing, user):
    for _ in range(5):
        one = new_ticket(user)
        clients = [writing.client(token) for token in (USER, SUPER, ADMIN)]
        answers = []
        threads = [threading.Thread(target=lambda c=c: answers.append(insist(c, one, 0).status)) for c in clients]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert sorted(answers) == [201, 409, 409]
