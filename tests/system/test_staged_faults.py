"""Staged files when something ends early: processes, disks, time, their user, a backup's copy."""
import contextlib
import errno
import json
import random
import sqlite3
import threading

import pytest

from clocks import HOUR, Clocks
from clocks import needs_library as needs_clock
from desk import ADMIN, PASSWORD, USER, run_program, wait_until
from disk import CHANGES, IS_FULL, KILLED, SEED, Faults, Stores, check_integrity, needs_library, report
from test_staged import place_of, post, refused, stage, stage_ids, ticket
from test_uploads import fetch, files_of, form, new_ticket, upload, will_be_gone
from test_uploads import send as send_form
from wire import NoAnswer, expect, insist


def verified(data):
    found = json.loads(run_program('flicketctl', 'verify', '--json', '--data', str(data)).stdout)
    assert found['result'] == 'ok' and found['findings'] == [], found


def wait_quiet(desk):
    with contextlib.closing(Stores(desk.data)) as stores:
        stores.wait_quiet()


def rows(desk, sql, *values):
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'post' / 'post.db', timeout=20)) as db:
        return db.execute(sql, values).fetchall()


def agree(desk):
    """Each file has a row, each row its file."""
    named = {name for name, in rows(desk, "SELECT filename FROM uploads WHERE staged_at IS NOT NULL OR user_id IS NOT NULL")}
    have = {f for f in files_of(desk) if not f.startswith('.')}
    old = {name for name, in rows(desk, 'SELECT filename FROM uploads WHERE user_id IS NULL')}
    return named == have - old


@pytest.fixture
def faulty(tmp_path, desks):
    """An imported desk on a disk that fails when it is told to."""
    faults = Faults(tmp_path / 'control')
    yield desks('imported', FLICKET_EVENT_WAIT_MS=250, **faults.settings), faults
    faults.clear()
    faults.close()


# --- killed between the file, its row, and what claims it ---------------------------------------------------------

# what is sent, and how the answer and the stores are to agree; each gets a client and a staged file
WRITES = {
    'staged': lambda c, id, key: send_form(c, form(b'another file\n'), headers=key),
    'claimed by a reply': lambda c, id, key: post(c, 2, [id], headers=key),
    'claimed by a ticket': lambda c, id, key: ticket(c, [id], headers=key),
}


def send(c, write, id, key):
    with contextlib.suppress(NoAnswer, OSError):
        return write(c, id, key)
    return None


def start_again(desk, c):
    """What was killed."""
    ended = []
    for name, process in list(desk.processes.items()):
        if not process.is_running():
            process.ended_by_test = True
            wait_until(lambda n=name: c.get('/readyz').json()['services'][n] == 'down', 20, f'{name} is down')
            desk.restart(name)
            ended.append(name)
    desk.wait_ready()
    return ended


@needs_library
@pytest.mark.parametrize('store', ['post', 'ticket'])
@pytest.mark.parametrize('what', WRITES)
def test_killed_before_each_step_of_a_write(faulty, what, store):
    """What was acknowledged is done, the same request is answered once more, and is done once."""
    desk, faults = faulty
    where = f'stores/{store}'
    if (what, store) == ('staged', 'ticket'):
        pytest.skip('the ticket service has no part in it')
    c = desk.client(USER)
    id = stage(c)['id']
    with faults.armed(*CHANGES, where=where):
        expect(WRITES[what](c, id, {'Idempotency-Key': 'clean'}), 201)
        wait_quiet(desk)
        count = faults.seen
    rng = random.Random(f'{SEED} {what} {store}')
    steps = range(1, count + 1) if IS_FULL else sorted(rng.sample(range(1, count + 1), min(6, count)))
    killed = 0
    for n in steps:
        id, key = stage(c)['id'], {'Idempotency-Key': f'step {n}'}
        with faults.armed(*CHANGES, where=where, first=n, error=KILLED):
            first = send(c, WRITES[what], id, key)
        if faults.failed:
            wait_until(lambda: not all(p.is_running() for p in desk.processes.values()), 20, 'what was killed has ended')
        killed += len(start_again(desk, c))
        made = expect(insist(lambda i=id, k=key: WRITES[what](c, i, k)), 201)
        assert first is None or first.status in (201, 503), first
        if first is not None and first.status == 201:
            assert first.json() == made, f'step {n} of {count}; FAULTS_SEED={SEED}'
        if what != 'staged':
            at = (None, made['id']) if 'reply' in what else (made['id'], None)
            wait_until(lambda i=id, want=at: place_of(c, i) == want, 20, f'step {n}: the file is attached')
    wait_quiet(desk)
    assert killed > 0
    expect(insist(lambda: ticket(c, [])), 201)
    wait_until(lambda: agree(desk), 20, 'files have rows, and rows files')
    verified(desk.data)
    report('staged files, killed', {'kills': killed})


# --- a disk that is full ------------------------------------------------------------------------------------------

@needs_library
@pytest.mark.parametrize('what', WRITES)
def test_a_full_disk_refuses_and_then_takes_it(faulty, what):
    desk, faults = faulty
    c = desk.client(USER)
    made = stage(c)
    key = {'Idempotency-Key': 'key'}
    with faults.armed(*CHANGES, first=1, lasting=True, error=errno.ENOSPC):
        for _ in range(2):
            answer = WRITES[what](c, made['id'], key)
            assert answer.status in (503, 507) and answer.header('Retry-After'), answer
            assert 'store' in answer.json()['message'], answer
        assert fetch(c, made).status == 200
    assert place_of(c, made['id']) == (None, None)
    again = expect(WRITES[what](c, made['id'], key), 201)
    if what != 'staged':
        wait_until(lambda: place_of(c, made['id']) == (again.get('topic_id', again['id'] if 'title' in again else None),
                                                       again['id'] if 'title' not in again else None), 20, 'it is attached')
    wait_quiet(desk)
    wait_until(lambda: agree(desk), 20, 'files have rows, and rows files')
    verified(desk.data)


# --- a day --------------------------------------------------------------------------------------------------------

@needs_clock
def test_a_staged_file_is_over_after_a_day(desks):
    """The time passes as for a machine that is suspended: then it is refused, and deleted with its file."""
    desk = desks('imported', start=False)
    clocks = Clocks(desk, suspended=True)
    desk.start()
    with desk.client(USER) as c:
        kept, claimed, old = (stage(c) for _ in range(3))
        clocks.bend('post', 23 * HOUR)
        wait_until(lambda: c.get(f'upload/{old["id"]}').status == 200, 20, 'it answers')
        one = expect(insist(lambda: ticket(c, [claimed['id']])), 201)['id']
        young = expect(insist(lambda: upload(c, b'a young one\n')), 201)
        assert fetch(c, old).status == 200
        clocks.bend('post', 24 * HOUR + 60)
        wait_until(lambda: c.get(f'upload/{old["id"]}').status == 404, 30, 'it is deleted')
        will_be_gone(desk, old['filename'], kept['filename'])
        refused(insist(lambda: post(c, one, [young['id'], old['id']])), 400, 'not_staged', old['id'])
        assert place_of(c, claimed['id']) == (one, None) and fetch(c, claimed).status == 200
        expect(insist(lambda: post(c, one, [young['id']])), 201)
        assert place_of(c, young['id'])[1] is not None
    verified(desk.data)


@needs_clock
def test_a_clock_that_was_set_deletes_nothing(desks):
    """It may be wrong; and what is not claimed meanwhile can be when it is right again."""
    desk = desks('imported', start=False)
    clocks = Clocks(desk)
    desk.start()
    with desk.client(USER) as c:
        made = stage(c)
        clocks.bend('post', 25 * HOUR)
        wait_until(lambda: 'the clock was set ahead' in desk.processes['post'].log.read_text(), 20, 'it is noticed')
        refused(ticket(c, [made['id']]), 409, 'expired', made['id'])
        desk.kill('post')
        start_again(desk, c)
        assert fetch(c, made).status == 200
        clocks.bend('post', 0)
        expect(insist(lambda: ticket(c, [made['id']])), 201)


# --- their user, their ticket -------------------------------------------------------------------------------------

def test_the_user_who_staged_it_is_deleted(imported):
    """Then nobody sees the file, and it goes when its day is over."""
    desk = imported
    admin = desk.client(ADMIN)
    made = expect(admin.post('users', {'username': 'stager', 'name': 'A Stager', 'email': 's@stager.example',
                                       'password': PASSWORD}), 201)['id']
    with desk.client(False) as c:
        c.token = expect(c.log_in('stager', PASSWORD), 200)['token']
        file = stage(c)
        expect(admin.request('DELETE', f'user/{made}'), 204)
        expect(c.get(f'upload/{file["id"]}'), 401)
    expect(admin.get(f'upload/{file["id"]}'), 404)
    assert fetch(admin, file).status == 404
    refused(ticket(admin, [file['id']]), 400, 'not_staged', file['id'])
    verified(desk.data)


def test_a_disabled_user_finds_it_again(imported):
    desk = imported
    admin = desk.client(ADMIN)
    with desk.client(USER) as c:
        made = stage(c)
        me = expect(c.get('user/me'), 200)['id']
        expect(admin.request('PATCH', f'user/{me}', json={'disabled': True}), 200)
        wait_until(lambda: c.get(f'upload/{made["id"]}').status == 401, 20, 'the user is disabled')
        expect(admin.request('PATCH', f'user/{me}', json={'disabled': False}), 200)
        with desk.client(False) as again:
            again.token = expect(again.log_in(expect(admin.get(f'user/{me}'), 200)['username'], PASSWORD), 200)['token']
            expect(ticket(again, [made['id']]), 201)


@pytest.mark.parametrize('how', ['reply', 'ticket'])
def test_a_file_is_claimed_while_the_ticket_is_deleted(imported, how):
    """It goes with the ticket, or stays staged; no row or file is left over."""
    desk = imported
    admin = desk.client(ADMIN)
    outcomes = set()
    with desk.client(USER) as c:
        for _ in range(10):
            one, file = new_ticket(c), stage(c)
            answers = []
            deleting = threading.Thread(target=lambda t=one, a=answers: a.append(admin.request('DELETE', f'ticket/{t}').status))
            deleting.start()
            if how == 'reply':
                answer = post(c, one, [file['id']])
            else:
                answer = c.request('PATCH', f'ticket/{one}', json={'upload_ids': [file['id']]})
            deleting.join()
            assert answers == [204] and answer.status in (200, 201, 404), answer
            outcomes.add(answer.status)
            wait_quiet(desk)
            if answer.status == 404:
                assert place_of(c, file['id']) == (None, None) and fetch(c, file).status == 200
                expect(c.request('DELETE', f'upload/{file["id"]}'), 204)
            else:
                wait_until(lambda f=file: c.get(f'upload/{f["id"]}').status == 404, 20, 'it goes with its ticket')
            will_be_gone(desk, file['filename'])
    report('claims while a ticket is deleted', {'outcomes': sorted(outcomes)})
    verified(desk.data)


def test_a_file_that_two_tickets_got_outlives_one_of_them(imported):
    """Two writes that cross claim it while the post service stands still: each was acknowledged, each has it."""
    desk = imported
    admin = desk.client(ADMIN)
    with desk.client(USER) as c:
        file = stage(c)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(ticket(desk.client(USER), [file['id']]))) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        made = [a.json()['id'] for a in answers if a.status == 201]
        assert made and all(a.status in (201, 409) for a in answers), answers
        wait_quiet(desk)
        for one in made:
            names = {u['filename'] for u in expect(c.get(f'ticket/{one}?include=uploads'), 200)['included']['uploads']}
            assert names == {file['filename']}
        for i, one in enumerate(made):
            expect(admin.request('DELETE', f'ticket/{one}'), 204)
            wait_quiet(desk)
            if i + 1 < len(made):
                assert fetch(c, file).status == 200
        will_be_gone(desk, file['filename'])
    verified(desk.data)


# --- copies -------------------------------------------------------------------------------------------------------

def test_a_restored_desk_has_staged_files(imported, second, tmp_path):
    """Rows and files agree, and their users claim them; those that were staged later are not there."""
    backup = tmp_path / 'backup'
    with imported.client(USER) as c:
        files = [stage(c) for _ in range(3)]
        expect(ticket(c, [files[0]['id']]), 201)
        done = run_program('flicketctl', 'backup', str(backup), '--data', str(imported.data))
        assert done.returncode == 0, done.stderr
        later = stage(c)
    assert run_program('flicketctl', 'verify', str(backup)).returncode == 0
    done = run_program('flicketctl', 'restore', str(backup), '--data', str(second.data), '--keep-tokens')
    assert done.returncode == 0, done.stderr
    assert {f['filename'] for f in files} <= files_of(second) and later['filename'] not in files_of(second)
    verified(second.data)
    second.start()
    with second.client(USER) as c, second.client(ADMIN) as admin:
        assert place_of(c, files[0]['id'])[0] is not None
        expect(admin.get(f'upload/{files[1]["id"]}'), 404)
        one = expect(ticket(c, [files[1]['id']]), 201)['id']
        wait_until(lambda: place_of(c, files[1]['id']) == (one, None), 20, 'it is attached')
        assert fetch(admin, files[1]).body == b'some notes\n'
        expect(post(c, one, [files[2]['id']]), 201)
        refused(ticket(c, [later['id']]), 400, 'not_staged', later['id'])
        ids = stage_ids(c, 1)
        expect(ticket(c, ids), 201)
    wait_quiet(second)
    verified(second.data)


def test_a_file_of_a_user_who_stages_all_day_is_bounded(imported):
    """A hundred, however they come: at once from many connections, too."""
    desk = imported
    answers = []

    def run():
        with desk.client(USER) as c:
            answers.extend(upload(c).status for _ in range(30))
    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(set(answers)) == [201, 409] and answers.count(201) == 100
    assert rows(desk, 'SELECT count(*) FROM uploads WHERE staged_at IS NOT NULL') == [(100,)]
    wait_until(lambda: agree(desk), 20, 'those that were refused leave no file')
    verified(desk.data)
    check_integrity(desk.data)
