"""Peers that are slow, dead or lie: what stands between the processes of a desk and changes what they say.

`Between` takes the place of a service for those that are told its address, and passes everything on, each asker's
frames over a connection of its own. What it does to answers while a `Fault` is on is the fault's business.
"""
import heapq
import itertools
import random
import threading
import time
from collections import Counter

import msgpack
import zmq

from desk import SLACK, wait_until
from wire import Client, NoAnswer

FIRST_ID = 1 << 62              # of requests; below are those of PINGs
PING, USER_LIST = 1, 11
OK, NOT_FOUND, UNAVAILABLE, EXPIRED = 0, 4, 12, 14
CLOCK, WRITES, SEEN, REVOKED, PAGE, PER_PAGE, INSTANCE, LEAVING, SIZE, BODY, MEDIA_TYPE, LOADING, ERROR, NOTE = (
    11, 12, 13, 14, 21, 22, 56, 57, 97, 98, 100, 115, 125, 139)
NOT_LOADED = 24             # errors.tbl: LOADING, said with EXPIRED in the extra ERROR
ENDLESS = (1 << 63) - 1
HEARD_SECONDS = 2.0             # an asker that says nothing for so long has gone


def pack(frame):
    return msgpack.packb(frame, unicode_errors='surrogateescape')


def frames_of(message):
    """The frames of a message, each with its bytes."""
    unpacker = msgpack.Unpacker(strict_map_key=False, raw=False, unicode_errors='surrogateescape',
                                max_buffer_size=1 << 30)
    unpacker.feed(message)
    at, found = 0, []
    for frame in unpacker:
        found.append((frame, message[at:unpacker.tell()]))
        at = unpacker.tell()
    return found


class Fault:
    """What a peer does wrong.

    answer, pong   called with a frame, its bytes and a source of noise; give [(seconds from now, bytes)]
    question       called with a question's frame and bytes: whether it gets through; or bytes to answer it with
    flood          called with the noise: messages that are sent to everybody all the time
    cuts           connections are cut, and opened again
    deaf           nothing is read
    holds          called with a question's frame: whether it is kept back, until another fault is on
    sees           what a client of the domain may see of it: 'right' answers only, '503' as well, or 'lies'
    seconds        how long it takes until it shows
    """

    def __init__(self, sees='503', *, answer=None, pong=None, question=None, flood=None, cuts=False, deaf=False,
                 holds=None, seconds=0.8):
        self.sees, self.seconds, self.cuts, self.deaf, self.flood = sees, seconds, cuts, deaf, flood
        self.holds = holds
        self.answer = answer or (lambda frame, data, noise: [(0, data)])
        self.pong = pong or (lambda frame, data, noise: [(0, data)])
        self.question = question or (lambda frame, data, noise: True)


HONEST = Fault('right')


class Between(threading.Thread):
    """Stands between a service and those that are given `endpoint` as its address."""

    def __init__(self, desk, service, name, seed=1):
        super().__init__(daemon=True)
        self.service, self.fault, self.noise = service, HONEST, random.Random(f'{service}{seed}')
        self.endpoint, self.behind = f'ipc://run/{name}.sock', desk.address(f'ipc://run/{service}.sock')
        self.bound = desk.address(self.endpoint)
        self.context = zmq.Context()
        self.ending = False
        self.injected = Counter()
        self.backs, self.heard, self.names = {}, {}, {}
        self.due, self.order, self.held = [], itertools.count(), []
        self.error = None
        (desk.data / 'run').mkdir(mode=0o700, exist_ok=True)

    # -- sockets

    def _open(self):
        self.front = self.context.socket(zmq.ROUTER)
        self.front.linger, self.front.sndhwm, self.front.router_mandatory = 0, 100, 1
        self.front.bind(self.bound)
        self.poller = zmq.Poller()
        self.poller.register(self.front, zmq.POLLIN)

    def _close(self):
        for who in list(self.backs):
            self._forget(who)
        self.front.close()
        self.due.clear()

    def _forget(self, who):
        back = self.backs.pop(who)
        self.poller.unregister(back)
        back.close()
        del self.heard[who], self.names[back]

    def _back_of(self, who):
        if who not in self.backs:
            back = self.context.socket(zmq.DEALER)
            back.linger = 0
            back.connect(self.behind)
            self.poller.register(back, zmq.POLLIN)
            self.backs[who], self.names[back] = back, who
        self.heard[who] = time.monotonic()
        return self.backs[who]

    # -- the loop

    def run(self):
        try:
            self._open()
            while not self.ending:
                self._turn()
            self._close()
        except Exception as e:      # told by close()
            self.error = e
            raise

    def _turn(self):
        wait, fault = 20, self.fault
        if self.due:
            wait = max(0, min(wait, (self.due[0][0] - time.monotonic()) * 1000))
        if fault.flood:
            wait = 0
        if fault.deaf:
            time.sleep(0.02)
            return
        while self.held and not fault.holds:
            who, data = self.held.pop(0)
            self._back_of(who).send(data)
        for sock, _ in self.poller.poll(wait):
            if sock is self.front:
                self._hear_askers()
            elif sock in self.names:
                self._hear_service(sock)
        self._send_due()
        if fault.flood:
            self._flood(fault)
        if fault.cuts and self.noise.random() < 0.3:
            self.injected['cut'] += 1
            self._close()
            time.sleep(self.noise.random() * 0.1)
            self._open()
        now = time.monotonic()
        for who in [w for w, at in self.heard.items() if now - at > HEARD_SECONDS]:
            self._forget(who)

    def _hear_askers(self):
        for _ in range(100):
            try:
                who, *parts = self.front.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            self._back_of(who)
            kept = b''
            for frame, data in frames_of(parts[-1]):
                if self.fault.holds and self.fault.holds(frame):
                    self.held.append((who, data))
                    continue
                passes = self.fault.question(frame, data, self.noise)
                if passes is True:
                    kept += data
                    continue
                self.injected['questions'] += 1
                if passes:
                    self._send_later(0, who, passes)
            if kept:
                self.backs[who].send(kept)

    def _hear_service(self, back):
        fault = self.fault
        for _ in range(100):
            try:
                message = back.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            together = b''
            for frame, data in frames_of(message):
                change = fault.answer if frame[1] >= FIRST_ID else fault.pong
                out = change(frame, data, self.noise)
                if out == [(0, data)]:
                    together += data
                    continue
                self.injected['answers' if frame[1] >= FIRST_ID else 'pongs'] += 1
                for seconds, changed in out:
                    self._send_later(seconds, self.names[back], changed)
            if together:
                self._send_later(0, self.names[back], together)

    def _send_later(self, seconds, who, data):
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.order), who, data))

    def _send_due(self):
        while self.due and self.due[0][0] <= time.monotonic():
            _, _, who, data = heapq.heappop(self.due)
            if not self._send(who, data):
                self._send_later(0.01, who, data)

    def _send(self, who, data):
        """False: there is no room for it now."""
        try:
            self.front.send_multipart([who, data], zmq.NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as e:
            if e.errno != zmq.EHOSTUNREACH:
                raise
        return True

    def _flood(self, fault):
        for who in list(self.backs):
            for message in fault.flood(self.noise):
                self.injected['flood'] += self._send(who, message)

    def close(self):
        self.ending = True
        self.join(10)
        self.context.destroy(0)
        assert self.error is None, self.error


# -- who asks

class Asker(threading.Thread):
    """A client of one domain that asks one thing after the other. What is right was asked for before."""

    def __init__(self, load, domain, seed):
        super().__init__(daemon=True)
        self.load, self.domain, self.noise = load, domain, random.Random(seed)
        self.kinds, self.slowest, self.odd = Counter(), 0.0, []
        self.error = None

    def run(self):
        with Client(self.load.port, self.load.token) as client:
            client.is_described = False
            while not self.load.ending.is_set():
                try:
                    self._ask(client)
                except Exception as e:
                    self.error = repr(e)
                    return

    def _ask(self, client):
        path = self.noise.choice(list(self.load.right[self.domain]))
        try:
            answer = client.get(path)
        except (NoAnswer, OSError) as e:
            self._count('nothing', f'{path}: {e!r}')
            return
        self.slowest = max(self.slowest, answer.seconds)
        if answer.status == 200 and answer.body == self.load.right[self.domain][path]:
            self._count('right')
        elif answer.status == 503:
            self._count('503')
        elif answer.body in self.load.owner:
            owner = self.load.owner[answer.body]
            self._count('own' if owner == self.domain else 'foreign', f'{path}: what is {owner}\'s: {answer}')
        else:
            self._count('other', f'{path}: {answer}')

    def _count(self, kind, odd=None):
        self.kinds[kind] += 1
        if odd and len(self.odd) < 5:
            self.odd.append(f'{kind}: {odd}')


class Load:
    """Askers of all domains. `right`: for each domain, paths and what is right for each."""

    def __init__(self, port, token, right, askers, seed=1):
        self.port, self.token, self.right = port, token, right
        self.owner = {body: domain for domain, paths in right.items() for body in paths.values()}
        self.ending = threading.Event()
        self.askers = [Asker(self, domain, f'{seed} {domain} {i}') for domain, n in askers.items() for i in range(n)]

    def __enter__(self):
        for a in self.askers:
            a.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for a in self.askers:
            a.join(60)

    def of(self, domain):
        """What the askers of a domain saw: counts, the slowest answer, examples of what was not right."""
        mine = [a for a in self.askers if a.domain == domain]
        errors = [a.error for a in mine if a.error]
        assert not errors, errors
        return (sum((a.kinds for a in mine), Counter()), max(a.slowest for a in mine), [o for a in mine for o in a.odd])

    def count(self):
        return sum(sum(a.kinds.values()) for a in self.askers)


ALLOWED = {'right': {'right'}, '503': {'right', '503'}, 'lies': {'right', '503', 'own', 'other', 'nothing'}}


def judge(load, sees, within):
    """What was not as it must be, and what was so because it came late: of that, a machine that does other things for
    a while may be the cause. `sees` says for each faulty domain what its clients may see. Whose token it is, is the user
    service's to say: where it lies, whoever it is asked about anew may get 503 anywhere."""
    wrong, late = [], []
    others = '503' if sees.get('user') == 'lies' else 'right'
    for domain in load.right:
        kinds, slowest, odd = load.of(domain)
        if odd_kinds := set(kinds) - ALLOWED[sees.get(domain, others)]:
            (late if odd_kinds == {'503'} else wrong).append(f'{domain}: {dict(kinds)}: {odd}')
        if domain not in sees and not kinds['right']:
            late.append(f'{domain}: nobody was answered')
        # whose token it is, is a question with a time of its own
        if slowest > within * (2 if 'user' in sees else 1) + SLACK:
            late.append(f'{domain}: an answer took {slowest:.2f} s')
    return wrong, late


def forget_rss(process):
    """Have the highest resident memory be that of now."""
    with open(f'/proc/{process.popen.pid}/clear_refs', 'w', encoding='ascii') as f:
        f.write('5')


def rss_mb(process):
    """Resident memory of a process, the highest it was."""
    status = open(f'/proc/{process.popen.pid}/status', encoding='ascii').read()
    fields = dict(line.split(':', 1) for line in status.splitlines())
    return int(fields['VmHWM'].split()[0]) // 1024


def wait_right(port, token, right, within, what):
    """Wait until all that is asked for is answered right."""
    with Client(port, token) as client:
        client.is_described = False

        def is_right():
            try:
                return all(client.get(p).body == body for paths in right.values() for p, body in paths.items())
            except (NoAnswer, OSError):
                return False
        wait_until(is_right, within, what)
