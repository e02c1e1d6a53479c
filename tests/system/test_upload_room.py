"""Room for files on their way in: what ends without a row gives it back at once, and nobody takes another's."""
import concurrent.futures
import contextlib
import sqlite3
import struct
import threading
import time

import msgpack
import pytest
import zmq

import alone
from alone import CLOCK, OK, PING
from desk import ADMIN, USER, wait_until
from test_http2_floods import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, frame, number, text
from test_slow_clients import PREFACE
from test_uploads import ELF, files_of, form, new_ticket, send, upload
from wire import expect, head

MOST = 512              # INCOMING_MOST of services/files/incoming.h
ROUNDS = 176            # of four exchanges each
FILE_BEGIN, FILE_CHUNK, FILE_SEAL, UPLOAD_CREATE = 61, 62, 63, 59
TICKET_ID, FILENAME, ORIGINAL_FILENAME, SIZE, BODY, HANDLE, OFFSET = 23, 53, 54, 97, 98, 99, 4
EXPIRED, GONE_AWAY, BUSY = 14, 21, 23
ERROR = 125             # in an answer that says EXPIRED to askers who do not know of BUSY


def rows_of(desk):
    with contextlib.closing(sqlite3.connect(f'file:{desk.data}/stores/post/post.db?mode=ro', uri=True)) as db:
        return {name for name, in db.execute('SELECT filename FROM uploads')}


def has_no_more(desk):
    """Whether there is no file but those of rows (imported rows have none)."""
    return files_of(desk) <= rows_of(desk)


def block(length):
    """A header block: POST, http, the path, Authorization, Content-Type."""
    fields = ((4, '/flicket-api/uploads'), (23, f'Bearer {USER}'), (31, 'multipart/form-data; boundary=b0undary'),
              (28, str(length)))
    return b'\x83\x86' + b''.join(number(0, 4, n) + text(v.encode()) for n, v in fields)


def take_back(desk, body, times):
    """Send the whole of an upload as a stream of HTTP/2, and take it back a moment later; again and again."""
    with desk.connection() as conn:
        conn.send(PREFACE)
        for i in range(times):
            stream = 2 * i + 1
            conn.send(frame(HEADERS, block(len(body)), stream, END_HEADERS) + frame(DATA, body, stream, END_STREAM))
            time.sleep(0.002 * (i % 6))
            conn.send(frame(RST_STREAM, struct.pack('>I', 8), stream))
        conn.is_closed(within=0.1)      # reads what there is


def test_what_gets_no_row_takes_no_room(imported):
    """More exchanges of each user than there is room for: none of them may be the last that is served."""
    with imported.client(USER) as user:
        t = new_ticket(user)
        key = {'Idempotency-Key': 'the same'}
        made = expect(send(user, form(b'once', ticket_id=t), headers=key), 201)

    def rounds(_):
        with imported.client(USER) as c:
            for _ in range(ROUNDS // 4 + 1):
                assert expect(send(c, form(b'once', ticket_id=t), headers=key), 201) == made
                expect(send(c, form(b'else', ticket_id=t), headers=key), 422)
                expect(send(c, form(b'new', ticket_id=t), headers={'If-Match': '"0000000000000001"'}), 412)
                expect(upload(c, ELF, ticket_id=t), 400)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(rounds, range(4)))
    take_back(imported, form(b'taken back', ticket_id=t), 50)
    with imported.client(USER) as user:
        expect(upload(user, ticket_id=t), 201)
    wait_until(lambda: has_no_more(imported), 20, 'files without a row are removed')


def test_nor_does_what_a_gateway_leaves(imported):
    """It is killed with uploads under way."""
    with imported.client(USER) as user:
        t = new_ticket(user)
    body = form(b'x' * (4 << 20), ticket_id=t)

    def one(_):
        with contextlib.suppress(Exception), imported.client(USER) as c:
            send(c, body)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: not has_no_more(imported), 20, 'files come in')
    imported.kill('gateway')
    for thread in threads:
        thread.join()
    imported.restart('gateway')
    imported.wait_ready()
    wait_until(lambda: has_no_more(imported), 30, 'what it brought is removed')
    with imported.client(USER) as user:
        expect(upload(user, ticket_id=t), 201)


# -- a service alone

class Asker:
    """One that sends PINGs, as gateways do."""

    def __init__(self, endpoint):
        self.sock = zmq.Context.instance().socket(zmq.DEALER)
        self.sock.linger, self.sock.rcvtimeo = 0, 20000
        self.sock.connect(endpoint)
        self.last = 0

    def tell(self, op, arguments, user=1, number=None):
        self.last += 1
        number = number or (1 << 62) + self.last
        self.sock.send(msgpack.packb([1, number, op, 0, user, 0, 'test', arguments]))
        return number

    def hear(self):
        frames = msgpack.Unpacker(strict_map_key=False)
        frames.feed(self.sock.recv())
        return {number: (error, extras) for _, number, error, _, _, _, extras, *_ in frames}

    def ask(self, op, arguments, user=1):
        number, heard = self.tell(op, arguments, user), {}
        while number not in heard:
            heard.update(self.hear())
        return heard[number]

    def ping(self):
        return self.ask(PING, {})[1][CLOCK]

    def close(self):
        self.sock.close()


@pytest.fixture
def post(tmp_path_factory):
    yield from alone.opened('post', tmp_path_factory)


def begin(asker, handle=None, user=1):
    given = {ORIGINAL_FILENAME: 'a.txt', SIZE: 5}
    return asker.ask(FILE_BEGIN, given if handle is None else {**given, HANDLE: handle}, user)


def fill(asker):
    for i in range(MOST):
        assert begin(asker, i + 1)[0] == OK
        if i % 50 == 0:
            asker.ping()


def test_one_user_does_not_keep_another_out(post):
    asker = Asker(post.endpoint)
    fill(asker)
    error, extras = begin(asker, 1000)
    assert (error, extras[ERROR]) == (EXPIRED, BUSY), 'of whom all the others are'
    assert begin(asker, 1001, user=2)[0] == OK
    assert asker.ask(FILE_CHUNK, {HANDLE: 1001, OFFSET: 0, BODY: b'hello'}, 2)[0] == OK
    error, extras = asker.ask(FILE_SEAL, {HANDLE: 1001}, 2)
    assert error == OK
    assert asker.ask(UPLOAD_CREATE, {FILENAME: extras[FILENAME], ORIGINAL_FILENAME: 'a.txt', TICKET_ID: 1}, 2)[0] == OK
    assert asker.ask(FILE_CHUNK, {HANDLE: 1, OFFSET: 0, BODY: b'hello'})[0] == GONE_AWAY, 'it made room'
    assert asker.ask(FILE_CHUNK, {HANDLE: 2, OFFSET: 0, BODY: b'hello'})[0] == OK
    asker.close()


def test_who_is_not_heard_of_any_more_keeps_no_room(post):
    gone, other = Asker(post.endpoint), Asker(post.endpoint)
    fill(gone)
    assert begin(other)[0] == EXPIRED
    began = time.monotonic()
    gone.close()
    wait_until(lambda: begin(other)[0] == OK, 40, 'there is room again')
    assert time.monotonic() - began > 1, 'it might have come back'
    other.close()
