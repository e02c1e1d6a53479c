"""One service, started alone, with nothing but its own settings, and spoken to with docs/examples/wire_client.py."""
import contextlib
import json
import sys

import zmq

from desk import REPO, Desk, free_port, wait_until

sys.path.insert(0, str(REPO / 'docs' / 'examples'))
from wire_client import Service  # noqa: E402

# As proto/README.md and the tables beside it number them.
PING, OK, NOT_FOUND, UNKNOWN_OP = 1, 0, 4, 13
CLOCK, WRITES, ID, PAGE, PER_PAGE = 11, 12, 20, 21, 22
ADMIN_RIGHTS = 3


class Alone:
    """A service without a gateway and without the others."""

    def __init__(self, folder, name, program=None, **settings):
        self.name = name
        bind = settings.get('FLICKET_BIND') or f'tcp://127.0.0.1:{free_port()}'
        self.desk = Desk(folder, 'new')
        self.desk.settings = {'FLICKET_DATA': self.desk.data, 'FLICKET_BIND': bind, **settings}
        self.endpoint = self.desk.address(bind)
        self.process = self.desk.launch(name, program or f'flicket-{name}')
        self.service = Service(self.endpoint, timeout_ms=10000)
        wait_until(self.is_up, 30, f'{name} answers')

    def is_up(self):
        self.desk.check_running()
        with contextlib.suppress(zmq.Again):
            return self.service.ask(PING)[0] == OK
        return False

    def ask(self, op, arguments=None, actor=1, rights=ADMIN_RIGHTS):
        return self.service.ask(op, arguments, actor, rights)

    def read(self, op, arguments=None, **more):
        """The JSON of what must be answered; the placeholders of URLs stand as they came."""
        error, _, _, fragment, extras = self.ask(op, arguments, **more)
        assert error == OK, (error, extras)
        return json.loads(fragment, strict=False)

    def close(self):
        self.service.sock.close()
        self.desk.stop()


def opened(name, tmp_path_factory, **settings):
    """What a fixture yields: a service for the tests of a file."""
    alone = Alone(tmp_path_factory.mktemp(name), name, **settings)
    try:
        yield alone
        alone.close()
    finally:
        alone.desk.kill_everything()


def check_manners(alone, other_op):
    """What every service owes every asker."""
    error, _, _, _, extras = alone.ask(PING)
    assert error == OK and extras[WRITES] == 1 and extras[CLOCK] > 0
    assert alone.ask(250)[0] == UNKNOWN_OP
    assert alone.ask(other_op, {ID: 1})[0] == UNKNOWN_OP, "another service's"
    assert alone.ask(PING, {5000: 'x'})[0] == OK, 'an argument of a later version'
