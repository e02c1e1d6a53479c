"""Tokens with a name, a scope and a life of their own."""
import email.utils
import time

import pytest

from desk import ADMIN, ADMIN_PASSWORD, PASSWORD, USER, run_program, wait_until
from wire import Client, basic, expect


def create(desk, username='user003', **body):
    with Client(desk.port) as c:
        return c.request('POST', 'tokens', token=False, json=body,
                         headers={'Authorization': basic(username, PASSWORD)})


def listed(desk, token):
    with desk.client(token) as c:
        return {t['id']: t for t in expect(c.get('tokens/?per_page=100'), 200)['items']}


def seconds(date):
    return email.utils.parsedate_to_datetime(date).timestamp()


def test_a_token_about_which_nothing_is_said_is_as_ever(writing):
    with Client(writing.port) as c:
        assert set(expect(c.log_in('user003', PASSWORD), 200)) == {'token'}
    assert set(expect(create(writing), 200)) == {'token'}


def test_a_token_about_which_something_is_said(writing):
    made = expect(create(writing, name='a script of mine', expires_in=60, scope='read'), 200)
    assert set(made) == {'token', 'id', 'name', 'scope', 'expires'}
    assert (made['name'], made['scope']) == ('a script of mine', 'read')
    assert 50 < seconds(made['expires']) - time.time() <= 61
    made = expect(create(writing, name='名'), 200)
    assert (made['name'], made['scope']) == ('名', 'write')
    assert 35000 < seconds(made['expires']) - time.time() <= 36001
    assert expect(create(writing, scope='write'), 200)['name'] is None
    with writing.client(made['token']) as c:
        assert expect(c.get('user/me'), 200)['id'] == 3


@pytest.mark.parametrize('field, value', [
    ('scope', 'admin'), ('scope', 'wr'), ('scope', 'write!'), ('scope', 7), ('name', ''), ('name', 'n' * 61), ('name', 7),
    ('expires_in', 59), ('expires_in', 31536001), ('expires_in', -1), ('expires_in', '60'), ('expires_in', 2**63)])
def test_what_does_not_fit_is_refused(writing, field, value):
    answer = create(writing, **{field: value})
    expect(answer, 400)
    if value != 2**63:
        assert field in answer.json()['message']


def test_a_wrong_password_makes_no_token(writing):
    with Client(writing.port) as c:
        expect(c.request('POST', 'tokens', token=False, json={'name': 'mine'},
                         headers={'Authorization': basic('user005', 'wrong-one')}), 401)


def test_one_sees_ones_own_tokens_and_never_the_token(writing):
    mine = expect(create(writing, name='mine'), 200)
    others = expect(create(writing, 'user005', name='of another'), 200)
    tokens = listed(writing, mine['token'])
    assert mine['id'] in tokens and others['id'] not in tokens
    token = tokens[mine['id']]
    assert set(token) == {'date_added', 'expires', 'id', 'last_used', 'links', 'name', 'scope'}
    assert token['name'] == 'mine' and token['expires'] == mine['expires'] and token['scope'] == 'write'
    with writing.client(mine['token']) as c:
        body = c.get('tokens/').body
    assert mine['token'].encode() not in body


def test_a_token_is_ended_by_its_id(writing):
    here, there = (expect(create(writing, name=n), 200) for n in ('this one', 'the lost one'))
    with writing.client(here['token']) as c, writing.client(there['token']) as lost:
        expect(lost.get('user/me'), 200)
        expect(c.request('DELETE', f'token/{there["id"]}'), 204)
        expect(lost.get('user/me'), 401)
        expect(c.get('user/me'), 200)
        expect(c.request('DELETE', f'token/{there["id"]}'), 404)
        assert there['id'] not in listed(writing, here['token'])
        # oneself as well
        expect(c.request('DELETE', f'token/{here["id"]}'), 204)
        expect(c.get('user/me'), 401)


def test_tokens_of_others_are_not_there(writing):
    others = expect(create(writing, 'user005', name='not yours'), 200)
    for token in (USER, ADMIN):
        with writing.client(token) as c:
            expect(c.request('DELETE', f'token/{others["id"]}'), 404)
    with writing.client(others['token']) as c:
        expect(c.get('user/me'), 200)


def test_a_token_ended_by_its_id_is_dead_at_every_gateway(imported):
    other = imported.start_gateway('gateway-2')
    imported.wait_ready(other)
    with imported.client(USER) as c:
        for _ in range(5):
            made = expect(create(imported, name='soon gone'), 200)
            with Client(other, made['token']) as there:
                expect(there.get('user/me'), 200)
                expect(c.request('DELETE', f'token/{made["id"]}'), 204)
                expect(there.get('user/me'), 401)


def test_a_token_for_reading_does_not_write(imported):
    ticket = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}
    made = expect(create(imported, 'user006', scope='read'), 200)
    other_one = expect(create(imported, 'user006', name='other'), 200)
    writes = [('POST', 'tickets', ticket), ('PATCH', 'user/me', {'name': 'Another name'}),
              ('POST', 'departments', {'department': 'By a reader'}), ('DELETE', 'ticket/1', None),
              ('PUT', 'user/me/password', {'password': PASSWORD, 'new_password': 'An0ther-one'}),
              ('DELETE', f'token/{other_one["id"]}', None), ('DELETE', f'token/{other_one["id"] + 99}', None)]
    other = imported.start_gateway('gateway-2')
    imported.wait_ready(other)
    for port in (imported.port, other):     # one has heard of it from the answer, one has to ask
        with Client(port, made['token']) as c:
            for _ in range(2):
                for path in ('tickets/', 'user/me', 'tokens/', 'departments/'):
                    expect(c.get(path), 200)
                for method, path, body in writes:
                    expect(c.request(method, path, json=body), 403)
    assert listed(imported, made['token'])[made['id']]['scope'] == 'read'


@pytest.mark.parametrize('path', ['tokens', 'token/ID'])
def test_a_token_for_reading_ends_itself(writing, path):
    made, other = (expect(create(writing, 'user006', scope=scope, name=scope), 200) for scope in ('read', 'write'))
    with writing.client(made['token']) as c, writing.client(other['token']) as whole:
        expect(c.get('user/me'), 200)
        expect(c.request('DELETE', path.replace('ID', str(made['id']))), 204)
        expect(c.get('user/me'), 401)
        expect(c.request('DELETE', path.replace('ID', str(made['id']))), 401)
        expect(whole.get('user/me'), 200)


def end_all(desk):
    """End every token, by what can end one; one to go on with."""
    made = [expect(create(desk, 'user006', name='one'), 200) for _ in range(3)]
    with desk.client(made[0]['token']) as c:
        expect(c.request('DELETE', f'token/{made[2]["id"]}'), 204)
        expect(c.request('DELETE', f'token/{made[1]["id"]}'), 204)
        expect(c.request('DELETE', 'tokens'), 204)
    return [m['id'] for m in made]


def test_the_id_of_a_token_is_never_given_again(desks, tmp_path):
    """Not after it was ended, nor with its user, nor after the restore of a backup that does not know of it."""
    desk = desks('imported')
    with desk.client(ADMIN) as admin:
        ids = end_all(desk)
        assert run_program('flicketctl', 'backup', tmp_path / 'backup', '--data', desk.data).returncode == 0
        ids += end_all(desk)
        gone = expect(admin.post('users', {'username': 'soon-gone', 'name': 'Soon Gone', 'email': 'g@example.org',
                                           'password': PASSWORD}), 201)['id']
        ids += [expect(create(desk, 'soon-gone', name='one'), 200)['id']]
        expect(admin.request('DELETE', f'user/{gone}'), 204)
        ids += [expect(create(desk, 'user006', name='one'), 200)['id']]
    desk.stop()
    done = run_program('flicketctl', 'restore', tmp_path / 'backup', '--data', desk.data, '--force', '--keep-tokens')
    assert done.returncode == 0, done.stdout + done.stderr
    desk.start()
    ids += end_all(desk) + [expect(create(desk, 'user006', name='one'), 200)['id']]
    assert len(set(ids)) == len(ids), ids
    assert max(ids) < 2**31


def test_when_a_token_was_used_is_shown(new):
    with Client(new.port) as c:
        made = expect(c.request('POST', 'tokens', token=False, json={'name': 'used'},
                                headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200)
    before = time.time()

    def last_used():
        return listed(new, made['token'])[made['id']]['last_used']

    used = wait_until(last_used, 5, 'its use was told')
    assert abs(seconds(used) - before) < 6
    with new.client(made['token']) as c:
        expect(c.get('user/me'), 200)
    assert last_used() == used, 'told at most once a minute'


def test_a_token_that_is_not_used_was_not_used(new):
    with Client(new.port) as c:
        ids = [expect(c.request('POST', 'tokens', token=False, json={'name': n},
                                headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200) for n in ('a', 'b')]
    wait_until(lambda: listed(new, ids[0]['token'])[ids[0]['id']]['last_used'], 5, 'its use was told')
    assert listed(new, ids[0]['token'])[ids[1]['id']]['last_used'] is None
