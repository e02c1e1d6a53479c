"""The gateway alone: no service is there."""
import pytest

from desk import Desk
from wire import expect


@pytest.fixture
def gateway(tmp_path):
    desk = Desk(tmp_path / 'gateway', 'new')
    try:
        desk.start('gateway')
        yield desk
        desk.stop()
    finally:
        desk.kill_everything()


def test_it_lives_and_says_what_it_misses(gateway):
    with gateway.client() as c:
        expect(c.get('/healthz'), 200)
        told = c.get('/readyz')
        assert told.status == 503
        assert told.json()['services'] == dict.fromkeys(('user', 'ticket', 'post', 'lookup'), 'down')


def test_requests_are_refused_as_far_as_that_can_be_known(gateway):
    with gateway.client() as c:
        expect(c.get('tickets/'), 401)
        expect(c.get('no-such-thing'), 404)
        expect(c.post('tickets', {}, token='a-token-of-somebody'), 503)
        assert c.log_in('admin', 'whatever').status == 503
