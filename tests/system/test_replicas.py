"""Several processes of one service on one store: they share the reads, one writes, and when it ends another
takes over. Reads under way, and those that come while a process is started again, do not fail."""
import contextlib
import threading
import time

import pytest

from desk import ADMIN, SERVICES, SLACK, USER, found_in_all, wait_until
from test_wire import DEPARTMENT_GET, DEPARTMENT_LIST, ID, OK, PAGE, PER_PAGE, Peer, request
from wire import Client, NoAnswer, expect, insist

TAKE_OVER_WITHIN = 1.0      # seconds after the death of the one that wrote
FOUND_WITHIN = 3.0          # seconds from the start of a process to its first request
READS = {'user': 'user/3', 'ticket': 'ticket/1', 'post': 'posts/1/', 'lookup': 'category/1'}
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}

each_service = pytest.mark.parametrize('service', SERVICES)


class Load:
    """Clients that read one thing after the other, each answer checked, until they are told to stop."""

    def __init__(self, desk, paths, clients=3):
        self.desk, self.paths = desk, paths
        self.failed, self.count = [], 0
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(clients)]

    def _run(self, first):
        with Client(self.desk.port, ADMIN) as client:
            n = first
            while not self.ending.is_set():
                path = self.paths[n % len(self.paths)]
                try:
                    status = client.get(path).status
                except NoAnswer as e:
                    status = str(e)
                if status != 200:
                    self.failed.append((time.monotonic(), path, status))
                self.count += 1
                n += 1

    def __enter__(self):
        for t in self.threads:
            t.start()
        self.go_on()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for t in self.threads:
            t.join()

    def go_on(self, answers=30):
        """Return when some more answers have come."""
        want = self.count + answers
        wait_until(lambda: self.count >= want, 30, 'the load goes on')


def add(desk, service, number=1):
    """Start one more process of a service; returns its name when the gateway uses it."""
    name = f'{service}-{number}'
    start(desk, name, service)
    return name


def start(desk, name, service):
    """Start a process, for the first time or again, and wait until the gateway has heard of it."""
    own, gateway = (Log(desk.folder / f'{n}.log') for n in (name, 'gateway'))
    desk.launch(name, f'flicket-{service}')
    wait_until(lambda: 'listening on' in own.text(), 30, f'{name} listens')
    begin = time.monotonic()
    socket = socket_in(own.text())
    wait_until(lambda: any(f'{service} service at {socket} {found}' in gateway.text()
                           for found in ('is up', 'was started again')), FOUND_WITHIN + SLACK, f'the gateway uses {name}')
    assert time.monotonic() - begin < FOUND_WITHIN + SLACK


class Log:
    """What is written to a log from here on."""

    def __init__(self, path):
        self.path, self.start = path, path.stat().st_size if path.exists() else 0

    def text(self):
        return self.path.read_bytes()[self.start:].decode(errors='replace')


def socket_in(log):
    return log.rpartition('listening on ')[2].split()[0].strip('",}')


def expect_written(desk, within=TAKE_OVER_WITHIN + SLACK):
    """A ticket can be made, within a while."""
    with desk.client(USER) as user:
        return wait_until(lambda: posted(user), within, 'a ticket is written')


def posted(user):
    answer = user.post('tickets', TICKET)
    assert answer.status in (201, 503), answer
    return answer.json() if answer.status == 201 else None


def write_to(desk, service):
    """A write that the service owns; the status."""
    with desk.client(ADMIN) as admin:
        name = f'n{time.monotonic_ns() % 10**9}'
        return {
            'user': lambda: admin.request('PATCH', 'user/me', json={'job_title': name}),
            'ticket': lambda: admin.post('tickets', TICKET),
            'post': lambda: admin.post('posts', {'ticket_id': 1, 'content': 'a reply ' + name}),
            'lookup': lambda: admin.post('departments', {'department': name}),
        }[service]().status


@each_service
def test_another_process_takes_over_when_the_one_that_writes_is_killed(imported, service):
    other = add(imported, service)

    def take_over(dies, writes):
        with Load(imported, [READS[service]]) as load:
            imported.kill(dies)
            wait_until(lambda: write_to(imported, service) in (200, 201), TAKE_OVER_WITHIN + SLACK, f'{writes} writes')
            load.go_on()
        assert 'taking over' in imported.processes[writes].log.read_text()
        start(imported, dies, service)
        return load.failed

    assert found_in_all(lambda: take_over(service, other) + take_over(other, service)) == []


@each_service
def test_a_process_that_only_reads_can_be_killed_and_added(imported, service):
    names = [add(imported, service)]

    def replace():
        with Load(imported, [READS[service]]) as load:
            for _ in range(3):
                imported.kill(names[-1])
                names.append(add(imported, service, len(names) + 1))
                assert write_to(imported, service) in (200, 201)
                load.go_on()
        return load.failed

    assert found_in_all(replace) == []


def test_every_process_can_be_started_again_without_a_failed_read(imported):
    """Not even where there is one process of each: reads wait for it."""
    def restart():
        with Load(imported, list(READS.values())) as load:
            for service in SERVICES:
                imported.processes[service].terminate()
                start(imported, service, service)
                load.go_on()
        return load.failed

    assert found_in_all(restart) == []
    for service in SERVICES:
        assert write_to(imported, service) in (200, 201)


def test_the_one_that_writes_hands_over_without_a_failed_write(imported):
    name = add(imported, 'ticket')
    done = []
    with contextlib.ExitStack() as stack:
        ending = threading.Event()

        def write():
            with Client(imported.port, USER) as user:
                while not ending.is_set():
                    done.append(user.post('tickets', TICKET).status)

        thread = threading.Thread(target=write)
        thread.start()
        stack.callback(thread.join)
        stack.callback(ending.set)
        for old, new in (('ticket', name), (name, 'ticket')):
            wait_until(lambda want=len(done) + 20: len(done) >= want, 30, 'tickets are written')
            imported.processes[old].terminate()
            wait_until(lambda want=len(done) + 20: len(done) >= want, 30, 'tickets are written')
            if old == 'ticket':
                start(imported, old, 'ticket')
            assert 'taking over' in imported.processes[new].log.read_text() or new == 'ticket'
    assert set(done) == {201}


def test_what_follows_from_a_write_is_delivered_by_whoever_takes_over(imported):
    """Events that the dead one left are delivered, those of others arrive at the new one, each once."""
    add(imported, 'ticket')
    add(imported, 'post')
    with imported.client(USER) as user:
        ticket = expect(user.post('tickets', TICKET), 201)
        for dies in ('post', 'ticket'):
            for i in range(5):
                wait_until(lambda i=i: user.post('posts', {'ticket_id': ticket['id'],
                                                           'content': f'reply {i}'}).status == 201,
                           TAKE_OVER_WITHIN + SLACK, 'a reply is written')
            imported.kill(dies)
        wait_until(lambda: expect(user.get(f'ticket/{ticket["id"]}?fields=replies'), 200)['replies'] == 10,
                   5, 'both services count ten replies')
        assert expect(user.get(f'posts/{ticket["id"]}/'), 200)['_meta']['total_items'] == 10


def test_a_token_that_is_ended_is_ended_for_every_process(imported):
    for number in (1, 2):
        add(imported, 'user', number)
    with imported.client() as nobody:
        token = expect(nobody.log_in('user003', 'Password1'), 200)['token']
    with Client(imported.port, token) as one, Client(imported.port, token) as two:
        for _ in range(10):
            expect(two.get('user/3'), 200)
        expect(one.request('DELETE', 'tokens'), 204)
        for _ in range(10):
            expect(two.get('user/3'), 401)


def test_a_write_is_read_by_all_processes(imported):
    for number in (1, 2):
        add(imported, 'ticket', number)
    with imported.client(USER) as user:
        for i in range(20):
            ticket = expect(user.post('tickets', dict(TICKET, title=f'ticket number {i}')), 201)
            for _ in range(3):
                got = expect(user.get(f'ticket/{ticket["id"]}'), 200)
                assert got['title'] == f'ticket number {i}'
                first = expect(user.get('tickets/?per_page=1'), 200)
                assert first['_meta']['total_items'] >= i


def test_a_process_that_is_started_first_without_a_store_makes_it(desks):
    """All processes of all services at once: one of each makes the store, the others wait for it."""
    desk = desks('new', start=False)
    for service in SERVICES:
        for number in ('', '-1', '-2'):
            desk.launch(service + number, f'flicket-{service}')
    desk.start_gateway()
    desk.wait_ready()
    admin = desk.admin()
    for i in range(5):
        # which process writes may become known after which one answers
        expect(insist(lambda i=i: admin.post('departments', {'department': f'Department {i}'})), 201)
    for service in SERVICES:
        writers = [p for p in desk.processes.values() if p.name.startswith(service) and
                   'another process writes' not in p.log.read_text()]
        assert len(writers) == 1, f'{service}: {writers}'


def test_the_last_process_of_a_store_leaves_no_log_behind(imported):
    for service in SERVICES:
        add(imported, service)
    assert write_to(imported, 'ticket') == 201
    for service in SERVICES:
        imported.processes[service].terminate()
    for service in SERVICES:
        imported.processes[f'{service}-1'].terminate()
        folder = imported.data / 'stores' / service
        assert not list(folder.glob('*-wal')) and not list(folder.glob('*-shm'))


def test_what_one_process_wrote_the_others_read_at_once(desks):
    """Also a process that has been busy with an earlier message since before the write."""
    desk = desks('imported')
    add(desk, 'lookup')
    endpoint = desk.address(socket_in(desk.processes['lookup-1'].log.read_text()))
    with contextlib.closing(Peer(desk, 'lookup', endpoint)) as peer, desk.client() as client:
        for i in range(5):
            peer.send(b''.join(request(DEPARTMENT_LIST, {PAGE: 1, PER_PAGE: 50}, number=n) for n in range(1, 2000)))
            made = expect(client.post('departments', {'department': f'department {i}'}), 201)['id']
            assert peer.ask(DEPARTMENT_GET, {ID: made})[2] == OK
