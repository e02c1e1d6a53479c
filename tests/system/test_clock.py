"""Wall clocks that are set, back and ahead, by hours: each process's alone, while the others' are right. What is
answered is done, in the order in which it was asked for, and nothing waits until a clock has caught up."""
import re
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from clocks import HOUR, Clocks, needs_library
from desk import ADMIN, BIN, PASSWORD, SERVICES, run_program, wait_until
from wire import basic, expect, head

pytestmark = needs_library

SOON = 20               # seconds, a deadline: what waits for a clock waits for hours
OPEN, CLOSED = 1, 2
TICKET = {'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1}
FORM = ('--part\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n%d\r\n--part\r\nContent-Disposition: '
        'form-data; name="file"; filename="a.txt"\r\n\r\nsome text\r\n--part--\r\n')


@pytest.fixture
def bent(desks):
    """A running desk and its clocks."""
    desk = desks('imported', start=False)
    clocks = Clocks(desk)
    return desk.start(), clocks


def ask(desk, service, sql):
    with closing(sqlite3.connect(desk.data / 'stores' / service / f'{service}.db')) as db:
        return db.execute(sql).fetchone()[0]


def check_replies(c):
    """A reply opens a ticket that was closed before, and closes it where it says so."""
    ticket = expect(c.post('tickets/', TICKET), 201)['id']
    expect(c.post(f'ticket/{ticket}/close'), 200)
    expect(c.post('posts', {'ticket_id': ticket, 'content': 'opens it'}), 201)
    assert c.get(f'ticket/{ticket}').json()['status_id'] == OPEN
    expect(c.post(f'ticket/{ticket}/priority', {'ticket_priority_id': 2}), 200)
    expect(c.post('posts', {'ticket_id': ticket, 'content': 'closes it', 'close': True, 'ticket_priority_id': 3}), 201)
    found = c.get(f'ticket/{ticket}').json()
    assert (found['status_id'], found['ticket_priority_id']) == (CLOSED, 3)
    expect(c.post('posts', {'ticket_id': ticket, 'content': 'goes on', 'status_id': 3}), 201)
    expect(c.post('posts', {'ticket_id': ticket, 'content': 'goes on', 'status_id': 4}), 201)
    assert c.get(f'ticket/{ticket}').json()['status_id'] == 4


def check_files(desk, c, bend):
    """A file comes in, and goes when it is deleted; the clock is set while it is looked after."""
    files = desk.data / 'stores' / 'post' / 'files'
    upload = expect(c.request('POST', 'uploads', body=(FORM % 1).encode(), type='multipart/form-data; boundary=part'),
                    201)
    bend()
    expect(c.request('DELETE', f'upload/{upload["id"]}'), 204)
    wait_until(lambda: not (files / upload['filename']).exists(), SOON, 'the file is gone')


def check_keys(c, key):
    """What is sent again is not done again."""
    made = [expect(c.post('tickets/', TICKET, headers={'Idempotency-Key': key}), 201)['id'] for _ in range(2)]
    assert made[0] == made[1]
    return made[0]


def check_logins(desk):
    token = expect(desk.client('').log_in('user003', PASSWORD), 200)['token']
    assert desk.client(token).get('ticket/1').status == 200
    expect(desk.client(token).request('DELETE', 'tokens'), 204)
    assert desk.client(token).get('ticket/1').status == 401


@pytest.mark.parametrize('name', ['flicket-gateway', *(f'flicket-{s}' for s in SERVICES), 'flicketctl'])
def test_nothing_waits_by_the_wall_clock(name):
    """Of what the C library offers for that no program takes anything."""
    found = subprocess.run(['nm', '-D', '--undefined-only', BIN / name], capture_output=True, text=True, check=True)
    taken = {line.split()[-1].partition('@')[0] for line in found.stdout.splitlines()}
    assert 'clock_gettime' in taken
    assert not taken & {'pthread_cond_timedwait', 'pthread_mutex_timedlock', 'pthread_rwlock_timedrdlock',
                        'pthread_rwlock_timedwrlock', 'pthread_timedjoin_np', 'sem_timedwait', 'mq_timedreceive'}


@pytest.mark.parametrize('name', ['gateway', *SERVICES])
def test_a_clock_is_set(bent, name):
    desk, clocks = bent
    c = desk.client(ADMIN)
    log, made = desk.processes[name].log, set()
    for steps, seconds in enumerate((-5 * HOUR, 5 * HOUR, 0), 1):
        check_files(desk, c, lambda at=seconds: clocks.bend(name, at))
        check_replies(c)
        check_logins(desk)
        made.add(check_keys(c, 'the same'))
        wait_until(lambda n=steps: len(re.findall('the clock was set (?:back|ahead) by', log.read_text())) == n, SOON,
                   'each step is logged')
    assert len(made) == 1


@pytest.mark.parametrize('name', ['gateway', 'post'])
def test_a_new_process_is_found(bent, name):
    """By those who ask another service, the gateway and the relays; its socket is another one."""
    desk, clocks = bent
    c = desk.client(ADMIN)
    clocks.bend(name, -5 * HOUR)
    desk.launch('ticket-1', 'flicket-ticket')
    wait_until(lambda: (desk.data / 'run' / 'ticket.1.sock').exists(), SOON, 'it listens')
    desk.kill('ticket')
    wait_until(lambda: c.get('ticket/1').status == 200, SOON, 'it is asked')
    expect(c.post('posts', {'ticket_id': 1, 'content': 'a reply to tell of'}), 201)
    wait_until(lambda: ask(desk, 'post', 'SELECT count(*) FROM outbox') == 0, SOON, 'it is told')


def test_steps_are_counted(bent):
    desk, clocks = bent

    def steps():
        found = re.search(r'^flicket_clock_steps_total (\d+)', desk.client('').get('/metrics').body.decode(), re.M)
        return int(found[1]) if found else 0
    assert steps() == 0
    for i, seconds in enumerate((-HOUR, HOUR, 0), 1):
        clocks.bend('gateway', seconds)
        wait_until(lambda n=i: steps() == n, SOON, f'{i} steps')


def test_a_token_outlives_a_clock_that_was_ahead(bent):
    """It is over while the clock says so, and not deleted; with the clock it comes back, without a restart."""
    desk, clocks = bent
    token = expect(desk.client('').log_in('user003', PASSWORD), 200)['token']
    c = desk.client(token)
    assert c.get('ticket/1').status == 200
    clocks.bend('user', 400 * 24 * HOUR)
    wait_until(lambda: c.get('ticket/1').status == 401, SOON, 'it is over')
    expect(desk.client('').log_in('user004', PASSWORD), 200)     # which looks for what is over
    desk.kill('user')
    desk.restart('user')
    wait_until(lambda: c.get('ticket/1').status == 401, SOON, 'it is over still')
    expect(desk.client('').log_in('user004', PASSWORD), 200)
    clocks.bend('user', 0)
    wait_until(lambda: c.get('ticket/1').status == 200, SOON, 'it counts again')


def test_a_token_ends_by_the_clock_of_its_owner(bent):
    """Not by the gateway's, which knows it."""
    desk, clocks = bent
    token = expect(desk.client('').log_in('user003', PASSWORD), 200)['token']
    c = desk.client(token)
    for seconds in (400 * 24 * HOUR, 0, -5 * HOUR):
        clocks.bend('gateway', seconds)
        for _ in range(3):
            assert c.get('ticket/1').status == 200
    clocks.bend('user', 400 * 24 * HOUR)
    wait_until(lambda: c.get('ticket/1').status == 401, SOON, 'it is over')


def test_an_answer_is_kept_while_a_clock_is_ahead(bent):
    """For a moment, by days; and across a restart."""
    desk, clocks = bent
    c = desk.client(ADMIN)
    first = check_keys(c, 'one')
    clocks.bend('ticket', 72 * HOUR)
    assert check_keys(c, 'one') == first
    for i in range(20):                                         # each looks for what is over
        check_keys(c, f'another {i}')
    desk.kill('ticket')
    desk.restart('ticket')
    wait_until(lambda: c.get('ticket/1').status == 200, SOON, 'it is back')
    assert check_keys(c, 'one') == first
    clocks.bend('ticket', 0)
    assert check_keys(c, 'one') == first


DAY = 24 * HOUR
PARTS = ('gateway', *SERVICES)


def seconds_ahead(date):
    """How much later than the machine's clock a date of an answer is."""
    return parsedate_to_datetime(date).timestamp() - time.time()


def write_all(c, ticket):
    """A row of each kind that has a date, and their dates, with that of the answer and of a ticket from before."""
    made = c.post('tickets/', TICKET)
    reply = expect(c.post('posts', {'ticket_id': ticket, 'content': 'a reply to it'}), 201)
    edited = expect(c.request('PATCH', f'post/{reply["id"]}', json={'content': 'another reply to it'}), 200)
    updated = expect(c.get(f'ticket/{ticket}?fields=last_updated'), 200)['last_updated']
    expect(c.post(f'ticket/{ticket}/claim'), 200)
    expect(c.post(f'ticket/{ticket}/release'), 200)
    changed = expect(c.request('PATCH', f'ticket/{ticket}', json={'hours': time.time() % 1000 // 0.01 / 100}), 200)
    number = time.time_ns()
    user = expect(c.post('users', {'username': f'user{number}', 'name': 'A user', 'email': f'{number}@example.org',
                                   'password': PASSWORD}), 201)['id']
    token = expect(c.request('POST', 'tokens', token=False, json={'name': 'a token', 'expires_in': HOUR},
                             headers={'Authorization': basic(f'user{number}', PASSWORD)}), 200)
    return token['token'], {
        'of the answer': dict(made.headers)['Date'],
        'ticket added': expect(made, 201)['date_added'],
        'ticket replied to': updated,
        'ticket changed': changed['date_modified'],
        'ticket updated': expect(c.get(f'ticket/{ticket}?fields=last_updated'), 200)['last_updated'],
        'reply added': reply['data_added'],
        'reply changed': edited['date_modified'],
        'history': expect(c.get(f'histories/?post_id={reply["id"]}'), 200)['items'][-1]['date_modified'],
        'action': expect(c.get(f'actions/{ticket}'), 200)['items'][-1]['date'],
        'user added': expect(c.get(f'user/{user}?fields=date_added'), 200)['date_added'],
        'token ends': (parsedate_to_datetime(token['expires']) - timedelta(hours=1)).strftime('%a, %d %b %Y %H:%M:%S GMT'),
    }


def steps_told(desk, name):
    return re.findall(r'the clock was set (ahead|back) by (\d+\.\d) s', desk.processes[name].log.read_text())


def test_dates_follow_a_clock_that_jumps_a_day_ahead_and_comes_back(bent):
    """Those of rows and of answers; each process tells of both jumps; who has a token keeps it as the documents say."""
    desk, clocks = bent
    c = desk.client(ADMIN)
    ticket = expect(c.post('tickets/', TICKET), 201)['id']
    key = check_keys(c, 'from before')
    short, _ = write_all(c, ticket)
    for n, ahead in enumerate((DAY, 0), 1):
        for name in PARTS:
            clocks.bend(name, ahead)
        for name in PARTS:
            wait_until(lambda of=name: len(steps_told(desk, of)) == n, SOON, f'{name} tells of the jump')
        token, dates = write_all(c, ticket)
        assert all(-SOON < seconds_ahead(date) - ahead < SOON for date in dates.values()), dates
        assert check_keys(c, 'from before') == key
        # an hour's token is over while its owner's clock is a day ahead, and not shortened by it
        wait_until(lambda: desk.client(short).get('ticket/1').status == (401 if ahead else 200), SOON, 'it follows')
        assert desk.client(token).get('ticket/1').status == 200
        listed = expect(c.get('tickets/?sort=last_updated_desc&per_page=5'), 200)['items']
        assert ticket in [t['id'] for t in listed]
    for name in PARTS:
        assert [where for where, _ in steps_told(desk, name)] == ['ahead', 'back']
        assert all(DAY - 1 < float(s) < DAY + 1 for _, s in steps_told(desk, name))
    done = run_program('flicketctl', 'verify', '--data', str(desk.data))
    assert done.returncode == 0, done.stdout + done.stderr


def test_small_steps_are_held(bent):
    """A clock that is set back by less than half a second: no row has an earlier date than the row before it, and the log tells no jump."""
    desk, clocks = bent
    c = desk.client(ADMIN)
    for seconds in (0, -0.2, -0.4, 0, -0.4):
        clocks.bend('ticket', seconds)
        for _ in range(3):
            expect(c.post('tickets/', TICKET), 201)
    with closing(sqlite3.connect(desk.data / 'stores' / 'ticket' / 'ticket.db')) as db:
        dates = [date for date, in db.execute('SELECT date_added FROM tickets ORDER BY id DESC LIMIT 15')]
    assert dates == sorted(set(dates), reverse=True)
    assert steps_told(desk, 'ticket') == []


def test_no_connection_is_cut_off(bent):
    """One that waits has as long as before, whatever the clock says."""
    desk, clocks = bent
    c = desk.client(ADMIN)
    with desk.connection() as waiting:
        for seconds in (0, 2 * HOUR, -3 * HOUR, 5 * HOUR, 0):
            clocks.bend('gateway', seconds)
            assert c.get('ticket/1').status == 200          # the gateway has seen it
            assert waiting.exchange(head('GET', '/healthz')).status == 200
