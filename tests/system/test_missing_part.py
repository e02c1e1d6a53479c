"""When a part is missing: killed, or stopped with SIGSTOP. What needs it says 503, the rest goes on."""
import threading
import time

import pytest

from desk import ADMIN, COUNTED_WITHIN, PASSWORD, SERVICES, SLACK, SUPER, USER, Desk, wait_until
from routes import READS, THINGS
from wire import Client, NoAnswer, expect

WITHIN = 2.0            # seconds: what a 503 may take
BACK_WITHIN = 1.0       # seconds: how soon a part that is back is used
USER_ID = 3
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}

each_service = pytest.mark.parametrize('service', SERVICES)
each_way = pytest.mark.parametrize('way', ['killed', 'stopped'])


def take_away(desk, service, way):
    if way == 'killed':
        desk.kill(service)
    else:
        desk.pause(service)


def bring_back(desk, service, way):
    if way == 'killed':
        desk.restart(service)
    else:
        desk.resume(service)


def warm(desk, *tokens):
    """Make the gateway know the tokens."""
    for token in tokens:
        expect(desk.client(token).get('user/1'), 200)


def expect_missing(answer):
    """The answer of what needs a part that is not there."""
    expect(answer, 503)
    assert answer.seconds < WITHIN + SLACK, f'took {answer.seconds:.2f} s'


def all_at_once(calls):
    """Run calls in threads of their own; returns their values, raises their first error."""
    values, errors = [None] * len(calls), []

    def run(i):
        try:
            values[i] = calls[i]()
        except BaseException as e:      # pylint: disable=broad-except
            errors.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]
    return values


def ask(desk, method, path, token=ADMIN, **more):
    with Client(desk.port, token) as c:
        return c.request(method, path, **more)


def wait_all_back(desk):
    """Every service answers again. /readyz would do for a desk that starts; it may not yet have seen that a
    service was away."""
    for things in THINGS.values():
        wait_until(lambda path=things[0]: ask(desk, 'GET', path).status == 200, 20, f'{things[0]} is read')


def log_in(desk, username, password=PASSWORD):
    with Client(desk.port) as c:
        return c.log_in(username, password)


def posts_of(client, user=USER_ID):
    return expect(client.get(f'user/{user}'), 200)['total_posts']


def total(client, path='tickets/'):
    return expect(client.get(path + '?per_page=1'), 200)['_meta']['total_items']


@each_service
@each_way
def test_what_needs_a_missing_service_is_503_and_the_rest_goes_on(imported, service, way):
    warm(imported, ADMIN)
    take_away(imported, service, way)

    for answer in all_at_once([lambda p=p: ask(imported, 'GET', p) for p in READS[service]]):
        expect_missing(answer)
    with imported.client() as c:
        for other in SERVICES:
            if other != service:
                for path in READS[other]:
                    expect(c.get(path), 200)
        # It goes on being 503, also for what is asked one by one, and HEAD says the same.
        for path in THINGS[service]:
            expect_missing(c.get(path))
        assert c.request('HEAD', THINGS[service][0]).status == 503
        # What can be told without the service still is.
        expect(c.get('nothing'), 404)
        expect(c.get(THINGS[service][0], token=False), 401)
        expect(c.request('PUT', THINGS[service][0]), 405)
        assert c.get('/healthz').status == 200
        wait_until(lambda: c.get('/readyz').status == 503, WITHIN + SLACK, 'it is seen that the part is missing')

    bring_back(imported, service, way)
    start = time.monotonic()
    path = THINGS[service][0]
    wait_until(lambda: ask(imported, 'GET', path).status == 200, 20, f'{service} is used again')
    assert time.monotonic() - start < BACK_WITHIN + SLACK
    with imported.client() as c:
        for path in READS[service]:
            expect(c.get(path), 200)
    imported.wait_ready()


@each_way
def test_without_the_user_service_an_unknown_token_is_503_never_401(imported, way):
    warm(imported, ADMIN)
    take_away(imported, 'user', way)
    tokens = [USER, SUPER, 'nope', 'EXPIREDtoken/0123456789abcdefghi', 'DISABLEDtoken/0123456789abcdefgh']
    for answer in all_at_once([lambda t=t: ask(imported, 'GET', 'ticket/1', t) for t in tokens]):
        expect_missing(answer)
    for answer in all_at_once([lambda: ask(imported, 'POST', 'tickets', USER, json=TICKET),
                               lambda: ask(imported, 'DELETE', 'tokens', USER),
                               lambda: ask(imported, 'DELETE', 'tokens', ADMIN),
                               lambda: log_in(imported, 'user003'), lambda: log_in(imported, 'nobody')]):
        expect_missing(answer)
    expect(ask(imported, 'GET', 'ticket/1', ADMIN), 200)
    bring_back(imported, 'user', way)
    wait_until(lambda: ask(imported, 'GET', 'ticket/1', USER).status == 200, BACK_WITHIN + SLACK, 'token known')
    expect(ask(imported, 'GET', 'ticket/1', 'nope'), 401)


@each_way
def test_without_the_lookup_service_no_ticket_is_made(imported, way):
    warm(imported, ADMIN, USER)
    with imported.client(USER) as c:
        before = total(c), posts_of(c)
    take_away(imported, 'lookup', way)
    for answer in all_at_once([
            lambda: ask(imported, 'POST', 'tickets', USER, json=TICKET),
            lambda: ask(imported, 'POST', 'tickets', USER, json={**TICKET, 'category_id': 999}),
            lambda: ask(imported, 'POST', 'departments', json={'department': 'A new one'}),
            lambda: ask(imported, 'POST', 'categories', json={'category': 'A new one', 'department_id': 1})]):
        expect_missing(answer)
    # What is wrong in itself needs nobody's word.
    expect(ask(imported, 'POST', 'tickets', USER, json={**TICKET, 'title': 'x'}), 400)
    bring_back(imported, 'lookup', way)
    wait_until(lambda: ask(imported, 'GET', 'department/1').status == 200, BACK_WITHIN + SLACK, 'lookup back')
    with imported.client(USER) as c:
        assert (total(c), posts_of(c)) == before
        expect(c.post('tickets', TICKET), 201)
        assert total(c) == before[0] + 1
        wait_until(lambda: posts_of(c) == before[1] + 1, COUNTED_WITHIN, 'the ticket is counted')


@each_way
def test_without_the_lookup_service_there_are_replies_that_set_nothing(imported, way):
    warm(imported, ADMIN)
    take_away(imported, 'lookup', way)
    with imported.client(ADMIN) as c:
        expect(c.post('posts', {'ticket_id': 1, 'content': 'a reply'}), 201)
        expect(c.request('PATCH', 'ticket/1', json={'content': 'another content'}), 200)
        expect_missing(c.post('posts', {'ticket_id': 1, 'content': 'a reply', 'status_id': 3}))
        expect_missing(c.request('PATCH', 'ticket/1', json={'ticket_priority_id': 1}))
    bring_back(imported, 'lookup', way)


@each_way
def test_without_the_ticket_service_no_ticket_is_made_more_than_once(imported, way):
    warm(imported, ADMIN, USER)
    with imported.client(USER) as c:
        tickets, posts = total(c), posts_of(c)
    take_away(imported, 'ticket', way)
    answers = all_at_once([lambda: ask(imported, 'POST', 'tickets', USER, json=TICKET) for _ in range(5)])
    for answer in answers:
        expect_missing(answer)
    unknown = sum(a.json()['code'] == 'outcome_unknown' for a in answers)
    if way == 'stopped':
        assert unknown > 0, 'what a process that stands still will do is not known'
    # Others' writes do not need it, though it wants to hear of them.
    expect(ask(imported, 'POST', 'departments', json={'department': 'Meanwhile'}), 201)
    bring_back(imported, 'ticket', way)
    wait_until(lambda: ask(imported, 'GET', 'ticket/1').status == 200, BACK_WITHIN + SLACK, 'ticket back')
    with imported.client(USER) as c:
        expect(c.post('tickets', TICKET), 201)
        made = total(c) - tickets
        assert 1 <= made <= 1 + unknown, 'a refused write was carried out'
        wait_until(lambda: posts_of(c) == posts + made, COUNTED_WITHIN, 'the count agrees with the tickets')


@each_way
def test_without_the_user_service_tickets_are_made_and_counted_once_later(imported, way):
    warm(imported, ADMIN, USER)
    with imported.client(USER) as c:
        tickets, posts = total(c), posts_of(c)
        take_away(imported, 'user', way)
        made = [expect(c.post('tickets', TICKET), 201)['id'] for _ in range(3)]
        for number in made:
            expect(c.get(f'ticket/{number}'), 200)
            assert total(c, f'subscriptions/{number}/') == 1
        bring_back(imported, 'user', way)
        wait_until(lambda: ask(imported, 'GET', 'user/1').status == 200, BACK_WITHIN + SLACK, 'user back')
        wait_until(lambda: posts_of(c) >= posts + 3, 10, 'the tickets are counted')
        # One more passes through the same queue, so what was to come before it has come.
        expect(c.post('tickets', TICKET), 201)
        wait_until(lambda: posts_of(c) >= posts + 4, 10, 'the last ticket is counted')
        assert posts_of(c) == posts + 4
        assert total(c) == tickets + 4


@each_way
def test_without_the_post_service_tickets_are_made(imported, way):
    warm(imported, ADMIN, USER)
    take_away(imported, 'post', way)
    with imported.client(USER) as c:
        before = posts_of(c)
        expect(c.post('tickets', TICKET), 201)
        wait_until(lambda: posts_of(c) == before + 1, COUNTED_WITHIN, 'the ticket is counted')
    bring_back(imported, 'post', way)
    wait_until(lambda: ask(imported, 'GET', 'post/1').status == 200, BACK_WITHIN + SLACK, 'post back')


def test_rights_are_known_without_the_user_service(imported):
    warm(imported, ADMIN, USER)
    imported.kill('user')
    expect(ask(imported, 'POST', 'departments', ADMIN, json={'department': 'By the admin'}), 201)
    expect(ask(imported, 'POST', 'departments', USER, json={'department': 'By anybody'}), 403)


def test_a_ticket_is_kept_though_its_service_is_killed_right_after_the_201(imported):
    with imported.client(USER) as c:
        posts, made = posts_of(c), []
        for i in range(5):
            made.append(expect(c.post('tickets', {**TICKET, 'title': f'number {i}'}), 201))
            imported.kill('ticket')
            imported.restart('ticket')
            wait_until(lambda: c.get('ticket/1').status == 200, 20, 'ticket back')
        for ticket in made:
            assert expect(c.get(f'ticket/{ticket["id"]}'), 200) == ticket
            assert total(c, f'subscriptions/{ticket["id"]}/') == 1
        assert len({t['id'] for t in made}) == 5
        wait_until(lambda: posts_of(c) >= posts + 5, 10, 'all counted')
        expect(c.post('tickets', TICKET), 201)
        wait_until(lambda: posts_of(c) >= posts + 6, 10, 'the last one counted')
        assert posts_of(c) == posts + 6


def test_a_count_waits_for_the_user_service_through_a_death_of_the_ticket_service(imported):
    with imported.client(USER) as c:
        posts = posts_of(c)
        imported.kill('user')
        for _ in range(3):
            expect(c.post('tickets', TICKET), 201)
        imported.kill('ticket')
        imported.restart('ticket')
        imported.restart('user')
        wait_all_back(imported)
        wait_until(lambda: posts_of(c) >= posts + 3, 10, 'all counted')
        expect(c.post('tickets', TICKET), 201)
        wait_until(lambda: posts_of(c) >= posts + 4, 10, 'the last one counted')
        assert posts_of(c) == posts + 4


@pytest.mark.parametrize('victim', ['user', 'ticket'])
def test_every_ticket_is_counted_once_whatever_dies_meanwhile(imported, victim):
    """Tickets are made all the time while a service is killed and started again and again."""
    over, made, refused, odd = threading.Event(), [], [], []
    with imported.client(USER) as c:
        tickets, posts = total(c), posts_of(c)

        def write():
            with Client(imported.port, USER) as client:
                while not over.is_set():
                    try:
                        answer = client.post('tickets', TICKET)
                    except (NoAnswer, OSError) as e:
                        odd.append(e)
                        return
                    {201: made, 503: refused}.get(answer.status, odd).append(answer)

        threads = [threading.Thread(target=write) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for _ in range(4):
                seen = len(made)
                wait_until(lambda: len(made) > seen + 10 or odd, 20, 'tickets are made')
                imported.kill(victim)
                if victim == 'user':
                    seen = len(made)
                    wait_until(lambda: len(made) > seen + 3 or odd, 20, 'tickets are made without user')
                imported.restart(victim)
        finally:
            over.set()
            for t in threads:
                t.join()
        assert not odd, odd[:3]
        wait_all_back(imported)
        ids = [a.json()['id'] for a in made]
        assert len(set(ids)) == len(ids)
        if victim == 'user':
            assert not refused, refused[0]
        expect(c.post('tickets', TICKET), 201)
        grown = total(c) - tickets
        assert len(made) + 1 <= grown <= len(made) + len(refused) + 1
        wait_until(lambda: posts_of(c) >= posts + grown, 10, 'all counted')
        assert posts_of(c) == posts + grown
        for number in ids[::10]:
            expect(c.get(f'ticket/{number}'), 200)


def test_a_gateway_starts_without_any_service(desks):
    desk = desks('imported', start=False)
    desk.start('gateway')
    with desk.client() as c:
        assert c.get('/healthz').status == 200
        assert c.get('/readyz').status == 503
        expect_missing(c.get('ticket/1'))
        expect(c.get('ticket/1', token=False), 401)
        expect(c.get('nothing'), 404)
    expect_missing(log_in(desk, 'user003'))
    for service in reversed(SERVICES):
        desk.start(service)
    desk.wait_ready()
    with desk.client() as c:
        for paths in READS.values():
            for path in paths:
                expect(c.get(path), 200)


def test_services_start_without_each_other_and_in_any_order(desks):
    desk = desks('new', start=False)
    for name in ('ticket', 'gateway', 'post', 'user', 'lookup'):
        desk.start(name)
    desk.wait_ready()
    with desk.admin() as c:
        before = posts_of(c, 1)
        expect(c.post('tickets', TICKET), 201)
        wait_until(lambda: posts_of(c, 1) == before + 1, COUNTED_WITHIN, 'the ticket is counted')


def test_a_gateway_that_was_killed_is_back_with_everything(imported):
    token = expect(log_in(imported, 'user003'), 200)['token']
    expect(ask(imported, 'GET', 'ticket/1', token), 200)
    for _ in range(3):
        imported.kill('gateway')
        imported.restart('gateway')
        start = time.monotonic()
        wait_until(lambda: ask(imported, 'GET', 'ticket/1', token).status == 200, 20, 'reads again')
        assert time.monotonic() - start < BACK_WITHIN + SLACK


def test_a_killed_service_finds_its_store_sound(imported):
    """Killed in the middle of writes, several times."""
    over, wrong = threading.Event(), []

    def write(n):
        i = 0
        while not over.is_set():
            i += 1
            try:
                status = ask(imported, 'POST', 'departments', json={'department': f'D {n} {i}'}).status
            except (NoAnswer, OSError) as e:
                wrong.append(e)
                return
            if status not in (201, 503):
                wrong.append(status)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(5):
            before = total(imported.client(), 'departments/')
            wait_until(lambda: total(imported.client(), 'departments/') > before + 5, 20, 'writes go on')
            imported.kill('lookup')
            imported.restart('lookup')
            wait_until(lambda: ask(imported, 'GET', 'department/1').status == 200, 20, 'lookup back')
    finally:
        over.set()
        for t in threads:
            t.join()
    assert not wrong, wrong[:3]
    with imported.client() as c:
        names = [d['department'] for d in expect(c.get('departments/?per_page=100'), 200)['items']]
        assert len(set(names)) == len(names)


def test_a_stopped_service_does_not_mix_up_answers_when_it_goes_on(imported):
    warm(imported, ADMIN)
    imported.pause('post')
    all_at_once([lambda i=i: expect_missing(ask(imported, 'GET', f'post/{i}')) for i in range(1, 21)])
    imported.resume('post')
    wait_until(lambda: ask(imported, 'GET', 'post/1').status == 200, BACK_WITHIN + SLACK, 'post back')
    with imported.client() as c:
        for i in range(100, 130):
            assert expect(c.get(f'post/{i}'), 200)['id'] == i


def test_a_short_stop_costs_no_request(imported):
    """A service that is held up for less than the time limit answers late, but answers."""
    warm(imported, ADMIN)
    imported.pause('lookup')
    answers = []
    t = threading.Thread(target=lambda: answers.append(ask(imported, 'GET', 'department/1')))
    t.start()
    t.join(0.2)
    imported.resume('lookup')
    t.join()
    assert answers[0].status == 200, answers[0]


def test_desks_are_apart(desks):
    """Two installations on one machine know nothing of each other."""
    one, two = desks('new'), desks('new')
    assert isinstance(one, Desk)
    expect(one.admin().post('departments', {'department': 'Only here'}), 201)
    assert total(two.admin(), 'departments/') == 6
    token = one.admin().token
    expect(two.client(token).get('user/1'), 401)
    two.kill('ticket')
    expect(one.admin().get('tickets/'), 200)
