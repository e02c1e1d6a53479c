"""Programs of different versions at one desk: an older service, one that is to come, an older gateway.

The stand-in (older.py) is the test that always runs. Where the clone has the history the real program of the first
commit that had it is built and used, too.
"""
import contextlib
import os
import shutil
import subprocess

import msgpack
import pytest
import zmq

import older
from desk import REPO, SERVICES, Desk, START_SECONDS, free_port, wait_until
from wire import expect

OLDER_TEXT = 'A part of the desk is too old for this request.'
TICKET = {'title': 'At an older desk', 'content': 'It knows less.', 'category_id': 1, 'ticket_priority_id': 2}


@pytest.fixture
def beside(desks):
    """beside(version=…): an imported desk whose lookup service is a stand-in."""
    with contextlib.ExitStack() as stack:
        def make(**more):
            desk = desks('imported', start=False, FLICKET_LOOKUP_ENDPOINT='ipc://run/older.sock')
            (desk.data / 'run').mkdir(exist_ok=True)
            lookup = older.OlderLookup(desk.address('ipc://run/older.sock'), **more)
            stack.callback(lookup.close)
            desk.start('user', 'ticket', 'post', 'gateway')
            desk.wait_ready()
            return desk, lookup
        yield make


def test_what_an_older_service_knows_works(beside):
    desk, lookup = beside()
    with desk.client() as c:
        assert expect(c.get('department/1'), 200)['department'] == 'Reception'
        assert expect(c.get('department/1'), 200)['links']['self'] == desk.base_url + '/flicket-api/department/1'
        expect(c.get('department/99'), 404)
        page = expect(c.get('departments/?per_page=1'), 200)
        assert page['_meta']['total_items'] == 2 and len(page['items']) == 1
        made = c.post('departments', {'department': 'Attic'})
        assert expect(made, 201)['id'] == 3 and lookup.departments[3] == 'Attic'
        assert made.header('Location') is not None
        expect(c.post('tickets', TICKET), 201)
        expect(c.post('tickets', {**TICKET, 'category_id': 2}), 400)


def test_what_an_older_service_does_not_know_is_a_clean_error(beside):
    desk, lookup = beside()
    with desk.client() as c:
        for answer in (c.request('PATCH', 'department/1', json={'department': 'Hall'}), c.get('priorities/'),
                       c.request('DELETE', 'department/77')):
            assert answer.status == 503 and answer.json()['message'] == OLDER_TEXT, answer
        expect(c.get('department/1'), 200)      # and goes on
        assert lookup.departments == {1: 'Reception', 2: 'Workshop'}
        # what it does not take part in is not touched by its age
        for path in ('tickets/', 'ticket/1', 'users/', 'posts/?ticket_id=1'):
            assert c.get(path).status in (200, 404), path
        assert desk.readiness() == 200


def test_arguments_that_came_later_are_passed_over(beside):
    desk, _ = beside()
    with desk.client() as c:
        assert expect(c.get('department/1?fields=id'), 200)['department'] == 'Reception', 'all of it'
        assert c.get('department/1').header('ETag') is None, 'nothing that If-Match could name'
        # it keeps no keys, as proto/README.md says of arguments that came later
        for made in (3, 4):
            answer = c.post('departments', {'department': 'Cellar'}, headers={'Idempotency-Key': 'the-same'})
            assert expect(answer, 201)['id'] == made


def test_a_service_of_a_later_version_works_as_far_as_it_is_the_same(beside):
    """One that counts its frames as 2 and says more in each."""
    desk, _ = beside(version=2, more=({'new': [1, 2]}, 'and more', None))
    with desk.client() as c:
        assert expect(c.get('department/1'), 200)['department'] == 'Reception'
        expect(c.post('tickets', TICKET), 201)


# -- an older gateway

class OlderGateway:
    """An asker that has the eight elements and the first keys, and sends PINGs as gateways do."""

    def __init__(self, endpoint):
        self.sock = zmq.Context.instance().socket(zmq.DEALER)
        self.sock.linger, self.sock.rcvtimeo = 0, 10000
        self.sock.connect(endpoint)
        self.last = 1 << 62

    def ask(self, op, arguments=None, actor=1, rights=3, version=1):
        """Error, total, fragment: what a gateway of then looked at. It read seven elements, and keys below 40."""
        self.last += 1
        self.sock.send(msgpack.packb([version, self.last, op, 0, actor, rights, 'old', arguments or {}]))
        while True:
            frames = msgpack.Unpacker(strict_map_key=False)
            frames.feed(self.sock.recv())
            for frame in frames:
                assert frame[0] == 1 and len(frame) >= 7
                if frame[1] == self.last:
                    return frame[2], frame[3], frame[5]


# of each service: reads by number that were there from the first release on
FIRST_READS = {'user': (10, 11), 'ticket': (30, 31, 33, 34, 35), 'post': (50, 52, 53), 'lookup': (70, 71, 73, 74, 76,
                                                                                               77, 78, 79, 80, 81)}


@pytest.mark.parametrize('service', SERVICES)
def test_an_older_gateway_gets_what_it_asks_for(writing, service):
    gateway = OlderGateway(writing.address(f'ipc://run/{service}.sock'))
    with contextlib.closing(gateway.sock):
        assert gateway.ask(1)[0] == older.OK
        for op in FIRST_READS[service]:
            error, total, fragment = gateway.ask(op, {20: 1, 21: 1, 22: 5})
            assert error == older.OK and fragment[:1] in (b'{', b'['), op
            assert (fragment[:1] == b'[') == (total > 0)
        assert gateway.ask(FIRST_READS[service][0], {20: 1}, version=2)[0] == older.OK


def test_an_older_gateway_writes(writing):
    for service, op, arguments in (('lookup', 72, {32: 'By an old one'}),
                                   ('ticket', 32, {30: 'By an old one', 31: 'content', 27: 1, 29: 1})):
        gateway = OlderGateway(writing.address(f'ipc://run/{service}.sock'))
        with contextlib.closing(gateway.sock):
            error, _, fragment = gateway.ask(op, arguments)
            assert error == older.OK and b'By an old one' in fragment


# -- the program of then

def git(*arguments):
    return subprocess.run(['git', '-C', REPO, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope='module')
def first_lookup(tmp_path_factory):
    """The lookup service of the first commit that had one, built; skips where that cannot be."""
    if shutil.which('git') is None or git('rev-parse', '--is-shallow-repository').stdout.strip() != 'false':
        pytest.skip('the clone is shallow, or none: there is no history to build from')
    commits = git('log', '--reverse', '--format=%H', '--', 'services/lookup/service.c').stdout.split()
    if not commits:
        pytest.skip('the history does not have services/lookup/service.c')
    source = tmp_path_factory.mktemp('first')
    with subprocess.Popen(['git', '-C', REPO, 'archive', commits[0]], stdout=subprocess.PIPE) as archive:
        subprocess.run(['tar', '-x', '-C', source], stdin=archive.stdout, check=True)
    for step in (['cmake', '-S', source, '-B', source / 'build'],
                 ['cmake', '--build', source / 'build', '--parallel', str(os.cpu_count()), '--target',
                  'flicket-lookup']):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return source / 'build' / 'bin' / 'flicket-lookup'


@pytest.mark.slow
def test_the_first_lookup_service_works_with_the_present_gateway(first_lookup, desks, tmp_path):
    endpoint = f'tcp://127.0.0.1:{free_port()}'
    desk = desks('new', start=False, FLICKET_LOOKUP_ENDPOINT=endpoint)
    first = Desk(tmp_path / 'first', 'new')
    first.settings = {'FLICKET_DATA': first.data, 'FLICKET_LOOKUP_ENDPOINT': endpoint}
    try:
        first.launch('lookup', first_lookup)
        desk.start('user', 'ticket', 'post', 'gateway')
        wait_until(lambda: desk.readiness() == 200, START_SECONDS, 'the first lookup service is known')
        with desk.admin() as c:
            assert expect(c.get('priorities/'), 200)['_meta']['total_items'] == 3
            made = expect(c.post('departments', {'department': 'As of old'}), 201)
            category = expect(c.post('categories', {'category': 'Old things', 'department_id': made['id']}), 201)
            ticket = expect(c.post('tickets', {**TICKET, 'category_id': category['id']}), 201)
            assert expect(c.get(f'ticket/{ticket["id"]}'), 200)['title'] == TICKET['title']
            answer = c.request('PATCH', f'department/{made["id"]}', json={'department': 'Anew'})
            assert answer.status == 503 and answer.json()['message'] == OLDER_TEXT
        first.stop()
    finally:
        first.kill_everything()
