"""Idempotency-Key: a request that is sent again is not carried out again."""
import contextlib
import json
import re
import sqlite3
import threading

import pytest

from desk import ADMIN, SUPER, USER, wait_until
from wire import NoAnswer, expect

TICKET = {'title': 'only once', 'content': 'made only once', 'category_id': 1, 'ticket_priority_id': 1}
CASES = (
    ('tickets/', TICKET),
    ('departments/', {'department': 'Only Once'}),
    ('categories/', {'category': 'Only Once', 'department_id': 1}),
    ('posts', {'ticket_id': 50, 'content': 'replied only once'}),
    ('subscriptions/', {'ticket_id': 51, 'user_id': 9}),
    ('ticket/52/assign', {'user_id': 9}),
    ('ticket/53/claim', {}),
    ('ticket/54/priority', {'ticket_priority_id': 2}),
    ('users/', {'username': 'onlyonce', 'name': 'Only Once', 'email': 'only@once.example', 'password': 'once-only'}),
    ('groups/', {'group_name': 'only once'}),
    ('group/2/members/', {'user_id': 9}),
)


def answered(send):
    """The first answer that is no 503: parts of the desk are on their way back."""
    answers = []
    wait_until(lambda: answers.append(send()) or answers[-1].status != 503, 20, 'an answer')
    return answers[-1]


@pytest.mark.parametrize('path, body', CASES, ids=[c[0] for c in CASES])
def test_the_same_key_gets_the_same_answer(desks, path, body):
    desk = desks('imported')
    c = desk.client(ADMIN)
    for ticket in (50, 52, 53, 54):
        if c.get(f'ticket/{ticket}').json()['status_id'] == 2:
            expect(c.post('posts', {'ticket_id': ticket, 'content': 'opened again'}), 201)
    key = {'Idempotency-Key': f'key of {path}'}
    first = c.post(path, body, headers=key)
    assert first.status in (200, 201), first
    again = c.post(path, body, headers=key)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.header('Location') == first.header('Location')
    other = {**body, 'title': 'another one'} if path == 'tickets/' else {**body, 'x': 1}
    if path == 'tickets/':
        expect(c.post(path, other, headers=key), 422)
    if path in ('departments/', 'users/', 'groups/', 'subscriptions/'):
        assert c.post(path, body, headers={'Idempotency-Key': 'another'}).status in (400, 409)
    # it outlives the processes
    for name in ('ticket', 'post', 'user', 'lookup'):
        desk.kill(name)
        desk.restart(name)
    again = answered(lambda: c.post(path, body, headers=key))
    assert (again.status, again.body) == (first.status, first.body)


def test_the_same_json_written_in_another_way_is_the_same_request(imported):
    c = imported.client(ADMIN)
    key = {'Idempotency-Key': 'in another order', 'Content-Type': 'application/json'}
    written = [json.dumps(TICKET), json.dumps(dict(reversed(TICKET.items())), indent=4),
               json.dumps(TICKET, separators=(',', ':')), json.dumps(TICKET).replace('only', '\\u006fnly'),
               '\ufeff' + json.dumps(TICKET), json.dumps({**TICKET, 'title': 'x'})[:-1] + f', "title": "{TICKET["title"]}"}}']
    first, *more = [c.request('POST', 'tickets/', body=text.encode(), headers=key) for text in written]
    assert expect(first, 201) and first.header('Idempotency-Replayed') is None
    for text, again in zip(written[1:], more):
        assert (again.status, again.body) == (201, first.body), text
        assert again.header('Idempotency-Replayed') == 'true'
        assert again.header('Location') == first.header('Location')
    for other in ({**TICKET, 'title': 'only  once'}, {**TICKET, 'category_id': 2}, {**TICKET, 'more': None},
                  {k: v for k, v in TICKET.items() if k != 'content'}):
        assert c.post('tickets/', other, headers=key).status in (400, 422), other
    # the path is of the request, and arrays have an order
    assert c.post('ticket/53/claim', {}, headers={'Idempotency-Key': 'claim'}).header('Idempotency-Replayed') is None
    assert c.post('ticket/53/claim', {}, headers={'Idempotency-Key': 'claim'}).header('Idempotency-Replayed') == 'true'
    expect(c.post('ticket/54/claim', {}, headers={'Idempotency-Key': 'claim'}), 422)


def test_a_number_written_in_another_way_is_the_same(imported):
    c = imported.client(ADMIN)
    body = json.dumps({**TICKET, 'hours': 7, 'x': [{'y': 7}]})
    headers = {'Idempotency-Key': 'hours', 'Content-Type': 'application/json'}
    first = c.request('POST', 'tickets/', body=body.encode(), headers=headers)
    for number in ('7.0', '7.00', '7e0', '70e-1'):
        again = c.request('POST', 'tickets/', body=body.replace('7', number).encode(), headers=headers)
        assert again.header('Idempotency-Replayed') == 'true' and again.body == first.body, number
    expect(c.request('POST', 'tickets/', body=body.replace('7', '7.25').encode(), headers=headers), 422)


@pytest.mark.parametrize('fields, code, message', [
    (b'Idempotency-Key: one\r\nidempotency-key: other\r\n', 'repeated', 'Idempotency-Key is given twice.'),
    (b'Idempotency-Key: one\r\nidempotency-key: one\r\n', 'repeated', 'Idempotency-Key is given twice.'),
    (b'Idempotency-Key: \xe9\r\n', 'invalid', 'Idempotency-Key must be 1 to 255 characters long, in UTF-8.')])
def test_what_is_no_key_is_refused(writing, fields, code, message):
    from test_conformance import AUTH, HOST, JSON
    body = json.dumps(TICKET)
    head = f'POST /flicket-api/tickets HTTP/1.1\r\n{HOST}{AUTH}{JSON}Content-Length: {len(body)}\r\n'
    with writing.connection() as conn:
        error = expect(conn.exchange(head.encode() + fields + b'\r\n' + body.encode()), 400)
    assert (error['code'], error['field'], error['message']) == (code, 'Idempotency-Key', message)


def test_a_refusal_is_no_replay(imported):
    c = imported.client(ADMIN)
    for _ in range(2):
        answer = c.post('tickets/', {**TICKET, 'title': 'x'}, headers={'Idempotency-Key': 'refused'})
        assert expect(answer, 400) and answer.header('Idempotency-Replayed') is None


def test_nothing_is_made_twice(imported):
    c = imported.client(ADMIN)
    before = c.get('tickets/').json()['_meta']['total_items']
    for _ in range(3):
        expect(c.post('tickets/', TICKET, headers={'Idempotency-Key': 'one'}), 201)
    assert c.get('tickets/').json()['_meta']['total_items'] == before + 1
    expect(c.post('tickets/', TICKET), 201)
    assert c.get('tickets/').json()['_meta']['total_items'] == before + 2


def test_a_key_belongs_to_its_user_and_operation(imported):
    key = {'Idempotency-Key': 'shared'}
    a = expect(imported.client(ADMIN).post('tickets/', TICKET, headers=key), 201)
    b = expect(imported.client(USER).post('tickets/', TICKET, headers=key), 201)
    assert a['id'] != b['id'] and b['started_id'] == 3
    expect(imported.client(ADMIN).post('departments/', {'department': 'Shared'}, headers=key), 201)


def test_it_is_looked_up_before_if_match(imported):
    c = imported.client(ADMIN)
    if c.get('ticket/60').json()['status_id'] == 2:
        expect(c.post('posts', {'ticket_id': 60, 'content': 'opened again'}), 201)
    headers = {'Idempotency-Key': 'k', 'If-Match': c.get('ticket/60').header('ETag')}
    first = c.post('ticket/60/assign', {'user_id': 8}, headers=headers)
    expect(first, 200)
    assert c.get('ticket/60').header('ETag') != headers['If-Match']
    again = c.post('ticket/60/assign', {'user_id': 8}, headers=headers)
    assert (again.status, again.body) == (200, first.body)


def test_a_reply_that_closed_its_ticket_can_be_sent_again(imported):
    """By then nobody may reply and close as before; the answer that was kept comes first."""
    author = imported.client(USER)
    ticket = expect(author.post('tickets/', TICKET), 201)['id']
    body = {'ticket_id': ticket, 'content': 'solved', 'close': True}
    key = {'Idempotency-Key': 'close'}
    first = author.post('posts', body, headers=key)
    expect(first, 201)
    assert author.get(f'ticket/{ticket}').json()['status_id'] == 2
    expect(imported.client(ADMIN).request('DELETE', f'ticket/{ticket}'), 204)
    again = author.post('posts', body, headers=key)
    assert (again.status, again.body) == (201, first.body)
    expect(author.post('posts', {**body, 'content': 'other'}, headers=key), 422)


def category_and_ticket(c):
    """A category that nothing uses, and a ticket in another one."""
    category = expect(c.post('categories/', {'category': 'Of A Retry', 'department_id': 1}), 201)['id']
    return category, expect(c.post('tickets/', TICKET), 201)['id']


def forget(desk, table, id):
    """Take away what no request can."""
    desk.kill('lookup')
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'lookup' / 'lookup.db')) as db, db:
        assert db.execute(f'DELETE FROM {table} WHERE id = ?', (id,)).rowcount == 1
    desk.restart('lookup')


def prepare_ticket(_, c):
    """A ticket in a category that is gone when it is sent again."""
    category, _ = category_and_ticket(c)

    def undo(made):
        expect(c.request('DELETE', f'ticket/{made["id"]}'), 204)
        expect(c.request('DELETE', f'category/{category}'), 204)
    return 'tickets/', {**TICKET, 'category_id': category}, undo


def prepare_category(_, c):
    category, ticket = category_and_ticket(c)

    def undo(_):
        expect(c.post(f'ticket/{ticket}/category', {'category_id': 1}), 200)
        expect(c.request('DELETE', f'category/{category}'), 204)
    return f'ticket/{ticket}/category', {'category_id': category}, undo


def prepare_priority(desk, c):
    _, ticket = category_and_ticket(c)
    return f'ticket/{ticket}/priority', {'ticket_priority_id': 3}, lambda _: forget(desk, 'priorities', 3)


def prepare_status(desk, c):
    _, ticket = category_and_ticket(c)
    return f'ticket/{ticket}/status', {'status_id': 4}, lambda _: forget(desk, 'statuses', 4)


def prepare_reply(_, c):
    _, ticket = category_and_ticket(c)
    return 'posts', {'ticket_id': ticket, 'content': 'replied only once'}, \
        lambda _: expect(c.request('DELETE', f'ticket/{ticket}'), 204)


def prepare_user(_, c):
    """Its owner is asked first, and later; what it says does not change."""
    body = {'username': 'onlyonce', 'name': 'Only Once', 'email': 'only@once.example', 'password': 'once-only'}
    return 'users/', body, lambda made: expect(c.request('DELETE', f'user/{made["id"]}'), 204)


@pytest.mark.parametrize('owner, refusal, prepare', [
    ('ticket', 400, prepare_ticket), ('ticket', 400, prepare_category), ('ticket', 400, prepare_priority),
    ('ticket', 400, prepare_status), ('post', 404, prepare_reply), ('user', None, prepare_user)])
def test_a_retry_is_not_refused_while_its_owner_cannot_be_asked(desks, owner, refusal, prepare):
    """What was carried out may be refused by another owner by now; whether it was, only its owner knows."""
    desk = desks('imported', FLICKET_CHANGE_CATEGORY='everybody')
    c = desk.client(ADMIN)
    path, body, undo = prepare(desk, c)
    key, other = {'Idempotency-Key': 'retried'}, {'Idempotency-Key': 'another'}
    first = c.post(path, body, headers=key)
    assert first.status in (200, 201), first
    undo(first.json())
    if refusal:
        expect(answered(lambda: c.post(path, body)), refusal)
        expect(c.post(path, body, headers=other), refusal)
    desk.pause(owner)
    for _ in range(3):      # the first waits for an answer, later ones know that there is none
        expect(c.post(path, body, headers=key), 503)
    desk.resume(owner)
    again = answered(lambda: c.post(path, body, headers=key))
    assert (again.status, again.body) == (first.status, first.body)
    if refusal:
        expect(c.post(path, body, headers=other), refusal)


def test_what_failed_is_tried_again(imported):
    c = imported.client(USER)
    key = {'Idempotency-Key': 'retry'}
    expect(c.post('tickets/', {**TICKET, 'category_id': 99999}, headers=key), 400)
    expect(c.post('tickets/', TICKET, headers=key), 201)
    expect(imported.client(SUPER).post('groups/', {'group_name': 'mine'}, headers=key), 403)


@pytest.mark.parametrize('key, status', [('', 400), ('x' * 255, 201), ('x' * 256, 400), ('"quoted"', 201), ('äöü', 201)])
def test_lengths_of_keys(writing, key, status):
    expect(writing.client(ADMIN).post('tickets/', TICKET, headers={'Idempotency-Key': key}), status)


def test_tokens_take_no_key(imported):
    from wire import basic
    c = imported.client()
    headers = {'Authorization': basic('user004', 'Password1'), 'Idempotency-Key': 'token'}
    tokens = [expect(c.request('POST', 'tokens', token=False, headers=headers), 200)['token'] for _ in range(2)]
    assert tokens[0] != tokens[1]


def test_a_client_that_is_cut_off_and_retries_makes_no_duplicate(imported):
    """Many clients that disconnect at random moments and send the same request again until it is answered."""
    import random
    made, wrong = [], []

    def work(n):
        rng = random.Random(n)
        for i in range(12):
            key = {'Idempotency-Key': f'{n}-{i}'}
            body = {**TICKET, 'title': f'ticket {n}-{i}'}
            while True:
                c = imported.client(ADMIN, timeout=rng.choice([0.001, 0.003, 0.01, 5]))
                try:
                    answer = c.post('tickets/', body, headers=key)
                except (NoAnswer, OSError):
                    continue
                finally:
                    c.close()
                if answer.status != 201:
                    wrong.append(answer)
                made.append(answer.json()['id'])
                break

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong, wrong[:3]
    assert len(set(made)) == 96
    c = imported.client(ADMIN)
    listed = [i['id'] for p in range(1, 3) for i in
              c.get(f'tickets/{p}/?sort=ticketid_desc&per_page=100&fields=id,title').json()['items']
              if re.fullmatch(r'ticket [0-7]-\d+', i['title'])]
    assert sorted(listed) == sorted(made)
