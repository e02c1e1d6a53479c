"""A lookup service as it was when the wire had its first release: what proto/ops.tbl then held of it, frames without
anything that came later. A stand-in for the program of that time, in the language at hand."""
import json
import threading
import time

import msgpack
import zmq

PING, OK, BAD_REQUEST, NOT_FOUND, UNKNOWN_OP = 1, 0, 1, 4, 13
MESSAGE, CLOCK, WRITES, ID, PAGE, PER_PAGE = 8, 11, 12, 20, 21, 22
CATEGORY_ID, PRIORITY_ID, DEPARTMENT = 27, 29, 32
DEPARTMENT_GET, DEPARTMENT_LIST, DEPARTMENT_CREATE, TICKET_CHECK = 70, 71, 72, 82
KNOWN_KEYS = set(range(1, 40))          # what is above came later


class OlderLookup:
    """Answers in a thread of its own until it is closed. `version`: what it writes in front of its answers."""

    def __init__(self, endpoint, version=1, more=()):
        self.version, self.more = version, list(more)
        self.departments = {1: 'Reception', 2: 'Workshop'}
        self.seen = []                  # operations it was asked for
        self.sock = zmq.Context.instance().socket(zmq.ROUTER)
        self.sock.linger = 0
        self.sock.bind(endpoint)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def close(self):
        self.ended.set()
        self.thread.join()
        self.sock.close()

    def _serve(self):
        while not self.ended.is_set():
            if not self.sock.poll(20):
                continue
            peer, message = self.sock.recv_multipart()
            frames = msgpack.Unpacker(strict_map_key=False)
            frames.feed(message)
            # the first eight elements are all that it knows of
            answers = [self._answer(*frame[:8]) for frame in frames]
            self.sock.send_multipart([peer, b''.join(answers)])

    def _answer(self, _version, number, op, _expires, _actor, _rights, _request_id, arguments):
        error, total, fragment, extras = self._do(op, {k: v for k, v in arguments.items() if k in KNOWN_KEYS})
        return msgpack.packb([self.version, number, error, total, 0, fragment, extras, *self.more])

    def _do(self, op, given):
        """Error, total, fragment and extras. It has no tags, and says nothing of itself but clock and writes."""
        if op == PING:
            return OK, 0, b'', {CLOCK: int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000), WRITES: 1}
        self.seen.append(op)
        if op == DEPARTMENT_GET:
            if given[ID] not in self.departments:
                return NOT_FOUND, 0, b'', {}
            return OK, 0, self._show(given[ID]), {}
        if op == DEPARTMENT_LIST:
            first = (given[PAGE] - 1) * given[PER_PAGE]
            shown = sorted(self.departments)[first:first + given[PER_PAGE]]
            return OK, len(self.departments), b'[' + b','.join(map(self._show, shown)) + b']', {}
        if op == DEPARTMENT_CREATE:
            made = len(self.departments) + 1
            self.departments[made] = given[DEPARTMENT]
            return OK, 0, self._show(made), {ID: made}
        if op == TICKET_CHECK:
            known = given.get(CATEGORY_ID, 1) == 1 and given.get(PRIORITY_ID, 1) <= 3
            return (OK, 0, b'', {}) if known else (BAD_REQUEST, 0, b'', {MESSAGE: 'There is no such category.'})
        return UNKNOWN_OP, 0, b'', {}

    def _show(self, number):
        link = f'"\x01department/{number}"'     # the byte 1 stands for the API's URL
        return (f'{{"department":{json.dumps(self.departments[number])},"id":{number},'
                f'"links":{{"departments":"\x01departments/","self":{link}}}}}').encode()
