"""FLICKET_RATE_LIMIT: requests per minute and token."""
import json
import re
import threading
import time

from desk import ADMIN, PASSWORD, SUPER, USER, run_program
from wire import Client, expect


def limit_of(answer):
    """(q, r, t) of an answer's headers."""
    policy = re.fullmatch(r'"token";q=(\d+);w=60', answer.header('RateLimit-Policy'))
    limit = re.fullmatch(r'"token";r=(\d+);t=(\d+)', answer.header('RateLimit'))
    return int(policy[1]), int(limit[1]), int(limit[2])


def test_without_the_setting_there_is_no_limit(reader):
    answer = reader.get('user/1')
    assert answer.header('RateLimit') is None and answer.header('RateLimit-Policy') is None


def refused(ask):
    """The first answer that says that there is no more of it."""
    while (answer := ask()).status != 429:
        pass
    return answer


def test_the_bucket_empties_and_fills(desks):
    """What it may hold more than that came in meanwhile."""
    desk = desks('imported', FLICKET_RATE_LIMIT=30)
    refill = 60 / 30        # seconds
    with desk.client(USER) as c:
        start = time.monotonic()
        for n in range(1, 11):
            q, r, _ = limit_of(c.get('user/1'))
            assert q == 30 and 30 - n <= r <= 30 - n + (time.monotonic() - start) / refill
        answer = refused(lambda: c.get('user/1'))
        error = expect(answer, 429)
        assert error['message'] == 'This token has reached its limit of requests. Try again later.'
        q, r, t = limit_of(answer)
        assert r == 0 and t == int(answer.header('Retry-After')) and 1 <= t <= 2
        # Errors count, and carry the headers: as problems, too.
        problem = c.get('nothing', headers={'Accept': 'application/problem+json'})
        assert problem.status == 404 and problem.header('RateLimit') is None    # no path, no token looked at
        asked = time.monotonic()
        problem = refused(lambda: c.get('user/999999', headers={'Accept': 'application/problem+json'}))
        assert json.loads(problem.body)['detail'] == error['message']
        # Others are not held up.
        with desk.client(SUPER) as other:
            assert limit_of(other.get('user/1'))[1] == 29
        # At the time it says there is one again.
        wait = int(problem.header('Retry-After'))
        time.sleep(wait)
        answer = c.get('user/999999')
        expect(answer, 404)
        # it held less than one, and waits are whole seconds
        late = time.monotonic() - asked - wait
        assert limit_of(answer)[1] <= (1 + late) / refill


def test_what_has_no_token_has_no_limit(desks):
    desk = desks('imported', FLICKET_RATE_LIMIT=1)
    with Client(desk.port) as c:
        for _ in range(3):
            expect(c.get('user/1'), 401)
            assert c.get('user/1').header('RateLimit') is None
            expect(c.get('/healthz'), 200)
            token = expect(c.log_in('user003', PASSWORD), 200)['token']
        expect(c.get('user/1', token=token), 200)
        expect(c.get('user/1', token=token), 429)


def test_threads_share_the_limit(desks):
    """Connections are spread over the threads; the token has one bucket nonetheless."""
    desk = desks('imported', FLICKET_GATEWAY_THREADS=3, FLICKET_RATE_LIMIT=120)
    statuses, lock = [], threading.Lock()

    def ask():
        for _ in range(5):
            with Client(desk.port, ADMIN) as c:     # a connection each
                mine = [c.get('user/1').status for _ in range(5)]
            with lock:
                statuses.extend(mine)

    start = time.monotonic()
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - start
    assert set(statuses) == {200, 429} and len(statuses) == 200
    # 120 at once, and two more in each second that it took.
    assert 120 <= statuses.count(200) <= 120 + took * 2 + 1


def test_a_limit_that_is_none_is_refused():
    for value in ('-1', '1000001', 'many'):
        done = run_program('flicket-gateway', FLICKET_RATE_LIMIT=value)
        assert done.returncode == 2 and 'FLICKET_RATE_LIMIT' in done.stderr, done
