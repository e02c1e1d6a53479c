#!/usr/bin/env python3
"""Ask a service of flicketd something over the wire, as proto/README.md describes it; nothing else is needed.

    wire_client.py tcp://127.0.0.1:7000 10 '{"20": 1}'     USER_GET (10) of the user with the ID (20) 1
"""
import itertools
import json
import sys

import msgpack
import zmq


class Service:
    def __init__(self, endpoint, timeout_ms=5000):
        self.sock = zmq.Context.instance().socket(zmq.DEALER)
        self.sock.linger, self.sock.rcvtimeo = 0, timeout_ms
        self.sock.connect(endpoint)
        self.ids = itertools.count(1 << 62)     # below are those of PINGs

    def ask(self, op, arguments=None, actor=0, rights=0):
        """The answer to a request: error, total, tag, fragment, extras."""
        number = next(self.ids)
        self.sock.send(msgpack.packb([1, number, op, 0, actor, rights, 'wire-client', arguments or {}]))
        while True:
            frames = msgpack.Unpacker(strict_map_key=False)
            frames.feed(self.sock.recv())
            for _version, answered, error, total, tag, fragment, extras, *_ in frames:
                if answered == number:
                    return error, total, tag, fragment, extras


if __name__ == '__main__':
    given = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    print(*Service(sys.argv[1]).ask(int(sys.argv[2]), {int(k): v for k, v in given.items()}, 1, 3))
