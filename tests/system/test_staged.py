"""Files that are uploaded before the text that they go with: for whom they are, what claims them, and what is left."""
import contextlib
import json
import sqlite3
import threading

import pytest

from desk import USER, run_program, wait_until
from test_uploads import TICKET, fetch, files_of, new_ticket, reply, restart, upload, will_be_gone
from wire import expect

DAY = 86400 * 1000000


def stage(c):
    return expect(upload(c, b'some notes\n', 'notes.txt'), 201)


def stage_ids(c, count):
    return [stage(c)['id'] for _ in range(count)]


def ticket(c, ids, **more):
    return c.post('tickets', {**TICKET, 'upload_ids': ids}, **more)


def post(c, ticket_id, ids, **more):
    return c.post('posts', {'ticket_id': ticket_id, 'content': 'this is my reply', 'upload_ids': ids}, **more)


def place_of(c, id):
    got = expect(c.get(f'upload/{id}'), 200)
    return got['topic_id'], got['post_id']


def rewrite(desk, sql, *values):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'post' / 'post.db', timeout=20)) as db, db:
        return db.execute(sql, values).fetchall()


def refused(answer, status, code, id):
    body = expect(answer, status)
    assert (body['code'], body['field']) == (code, 'upload_ids') and str(id) in body['message'], body


# -- for whom it is

def test_a_staged_file_is_for_its_user_alone(writing, admin, user, other):
    total = expect(other.get('uploads/'), 200)['_meta']['total_items']
    made = stage(user)
    assert (made['topic_id'], made['post_id']) == (None, None)
    assert expect(user.get(f'upload/{made["id"]}'), 200) == made and fetch(user, made).body == b'some notes\n'
    assert expect(user.get('uploads/'), 200)['_meta']['total_items'] == total + 1
    for c in (other, admin):
        expect(c.get(f'upload/{made["id"]}'), 404)
        assert fetch(c, made).status == 404
        expect(c.request('DELETE', f'upload/{made["id"]}'), 404)
        listed = expect(c.get('uploads/?per_page=100'), 200)
        assert listed['_meta']['total_items'] == total and made['id'] not in [u['id'] for u in listed['items']]
    expect(user.request('DELETE', f'upload/{made["id"]}'), 204)
    will_be_gone(writing, made['filename'])


# -- what claims it

def test_a_reply_claims(user, other):
    one, ids = new_ticket(other), stage_ids(user, 3)
    made = expect(post(user, one, ids[:2]), 201)['id']
    assert [place_of(other, id) for id in ids[:2]] == [(None, made)] * 2
    assert {u['id'] for u in expect(other.get(f'ticket/{one}?include=uploads'), 200)['included']['uploads']} == set(ids[:2])
    expect(user.request('PATCH', f'post/{made}', json={'upload_ids': ids[2:]}), 200)
    assert place_of(other, ids[2]) == (None, made)
    assert expect(user.get(f'histories/?post_id={made}'), 200)['items'] == []


def test_a_ticket_claims(user, other):
    ids = stage_ids(user, 3)
    made = expect(ticket(user, ids[:2]), 201)['id']
    assert [place_of(other, id) for id in ids[:2]] == [(made, None)] * 2
    expect(user.request('PATCH', f'ticket/{made}', json={'upload_ids': ids[2:]}), 200)
    assert place_of(other, ids[2]) == (made, None)


def test_twenty_can_be_claimed(user):
    ids = stage_ids(user, 21)
    for answer in (ticket(user, ids), post(user, new_ticket(user), ids)):
        body = expect(answer, 400)
        assert '20' in body['message'] and 'upload_ids' in body['message']
    expect(ticket(user, ids[:20]), 201)
    expect(ticket(user, []), 201)


# -- all or none

def each_write(c, ids):
    """Every write that claims, on things of one's own."""
    one = new_ticket(c)
    two = reply(c, one)
    return [ticket(c, ids), post(c, one, ids), c.request('PATCH', f'ticket/{one}', json={'upload_ids': ids}),
            c.request('PATCH', f'post/{two}', json={'upload_ids': ids})]


def test_what_is_not_staged_is_named(user, other):
    good, foreign = stage(user)['id'], stage(other)['id']
    attached = expect(upload(user, ticket_id=new_ticket(user)), 201)['id']
    for ids, status, code, named in (([good, foreign], 400, 'not_staged', foreign), ([good, 999999], 400, 'not_staged', 999999),
                                     ([good, -1], 400, 'not_staged', -1), ([good, attached], 409, 'attached', attached),
                                     ([good, good], 400, 'repeated', good)):
        for answer in each_write(user, ids):
            refused(answer, status, code, named)
    assert place_of(user, good) == (None, None)


def test_what_was_uploaded_a_day_ago_is_named(writing, user):
    good, old = stage_ids(user, 2)
    rewrite(writing, 'UPDATE uploads SET staged_at = staged_at - ? WHERE id = ?', DAY, old)
    for answer in each_write(user, [good, old]):
        refused(answer, 409, 'expired', old)


@pytest.mark.parametrize('wrong', ['1', 1, True, {'a': 1}, ['1'], [1.0], [None], [[1]], [10 ** 30]])
def test_ids_are_an_array_of_integers(user, wrong):
    one = new_ticket(user)
    for answer in (user.post('posts', {'ticket_id': one, 'content': 'this is my reply', 'upload_ids': wrong}),
                   user.post('tickets', {**TICKET, 'upload_ids': wrong})):
        assert 'upload_ids' in expect(answer, 400)['message'] or wrong == [10 ** 30]


def test_a_refused_write_claims_nothing(user, other):
    ids = stage_ids(user, 1)
    one = new_ticket(user)
    seen = reply(other, one)
    expect(user.post('posts', {'ticket_id': one, 'content': 'this is my reply', 'upload_ids': ids, 'seen_post_id': seen - 1}), 409)
    expect(user.post('tickets', {**TICKET, 'category_id': 999999, 'upload_ids': ids}), 400)
    expect(other.request('PATCH', f'post/{seen}', json={'upload_ids': ids}), 400)
    assert place_of(user, ids[0]) == (None, None)
    expect(post(user, one, ids), 201)


def test_a_write_that_is_sent_again_claims_once(user):
    ids, key = stage_ids(user, 2), {'Idempotency-Key': 'claims'}
    first = expect(ticket(user, ids[:1], headers=key), 201)
    assert expect(ticket(user, ids[:1], headers=key), 201) == first
    first = expect(post(user, first['id'], ids[1:], headers=key), 201)
    assert expect(post(user, first['ticket_id'], ids[1:], headers=key), 201) == first


def test_of_replies_at_once_one_claims(writing, user):
    one, ids = new_ticket(user), stage_ids(user, 1)
    answers = []

    def run():
        with writing.client(USER) as c:
            answers.append(post(c, one, ids).status)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_user_stages_a_hundred(desks):
    desk = desks('imported')
    with desk.client(USER) as c:
        ids = stage_ids(c, 100)
        body = expect(upload(c), 409)
        assert body['code'] == 'too_many' and '100' in body['message']
        expect(upload(c, ticket_id=new_ticket(c)), 201)
        expect(ticket(c, ids[:1]), 201)
        stage(c)


# -- nothing that was acknowledged is lost

def test_a_claim_waits_for_the_post_service(imported):
    desk = imported
    with desk.client(USER) as c:
        made = stage(c)
        desk.pause('post')
        try:
            answer = ticket(c, [made['id']])
        finally:
            desk.resume('post')
        if answer.status != 201:
            assert answer.status == 503
            wait_until(lambda: c.get(f'upload/{made["id"]}').status == 200, 20, 'the post service answers again')
            one = expect(ticket(c, [made['id']]), 201)['id']
        else:
            one = answer.json()['id']
        wait_until(lambda: place_of(c, made['id']) == (one, None), 20, 'the file is attached')


def test_a_claim_survives_the_end_of_either_service(imported):
    desk = imported
    with desk.client(USER) as c:
        for name in ('post', 'ticket'):
            made = stage(c)
            one = expect(ticket(c, [made['id']]), 201)['id']
            desk.kill(name)
            wait_until(lambda: c.get('/readyz').json()['services'][name] == 'down', 5, f'{name} is known to be down')
            desk.restart(name)
            desk.wait_ready()
            wait_until(lambda: place_of(c, made['id']) == (one, None), 20, 'the file is attached')
    for store in ('ticket', 'post'):
        def left():
            with contextlib.closing(sqlite3.connect(desk.data / 'stores' / store / f'{store}.db')) as db:
                return db.execute('SELECT count(*) FROM outbox').fetchone()[0]
        wait_until(lambda: left() == 0, 20, 'all events are delivered')
    found = json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(desk.data)).stdout)
    assert found['findings'] == [], found


def test_what_is_staged_is_in_order_for_verify_and_stays_at_a_restart(imported):
    desk = imported
    with desk.client(USER) as c:
        made = stage(c)
        desk.kill('post')
        restart(desk, c)
        assert made['filename'] in files_of(desk) and fetch(c, made).status == 200
        found = json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(desk.data)).stdout)
        assert found['findings'] == [], found
        expect(ticket(c, [made['id']]), 201)
