"""What does not fit into one message of the bus, or is more than an answer may be."""
import contextlib
import itertools
import json
import sqlite3
import threading

import msgpack
import pytest
import zmq

from fixtures import close_desk, furnish
from desk import ADMIN, SERVICES, open_store, wait_until
from peers import Between, Fault
from test_wire import FIRST_ID, OK, PAGE, PATIENCE_MS, PER_PAGE, request
from wire import NoAnswer, head

TICKET_LIST, TICKET_EXPORT = 31, 49
MESSAGE_MOST = 64 << 20     # proto/README.md
EMOJI = '\U0001f600' * 5000


def fill(desk, count):
    """Tickets as large as they can be: 20,000 bytes of text each."""
    author = desk.admin()
    for i in range(count):
        answer = author.post('tickets', {'title': f'Large one {i}', 'content': EMOJI, 'category_id': 1,
                                         'ticket_priority_id': 1})
        assert answer.status == 201
    return author


def test_answers_to_one_message_come_in_several_where_one_would_be_too_large(desks):
    desk = desks('new', keys=False)
    fill(desk, 50)
    sock = zmq.Context.instance().socket(zmq.DEALER)
    sock.linger = 0
    sock.rcvtimeo = PATIENCE_MS
    sock.maxmsgsize = MESSAGE_MOST
    sock.connect(desk.address('ipc://run/ticket.sock'))
    try:
        count = 80      # of 1 MB each: more than a message may have
        sock.send(b''.join(request(TICKET_LIST, {PAGE: 1, PER_PAGE: 50}, number=FIRST_ID + i)
                           for i in range(count)))
        left = set(range(count))
        while left:
            data = sock.recv()
            assert len(data) < MESSAGE_MOST // 8
            unpacker = msgpack.Unpacker(strict_map_key=False, raw=False, max_buffer_size=MESSAGE_MOST)
            unpacker.feed(data)
            for answer in unpacker:
                assert answer[2] == OK and len(answer[5]) > 1_000_000
                left.remove(answer[1] - FIRST_ID)
    finally:
        sock.close()


# --- more than an answer may be ---------------------------------------------------------------------------------

MEMORY_MB = 64
MANY = 1150                     # of 60,000 bytes each, as JSON has them
OF_TICKET = {2: MANY, 3: 100, 4: 100}


def make_large(data):
    """Replies as large as they can be, and tickets, put into the stores."""
    with contextlib.closing(sqlite3.connect(data / 'stores' / 'post' / 'post.db')) as db, db:
        for ticket, count in OF_TICKET.items():
            db.executemany('INSERT INTO posts (ticket_id, content, user_id) VALUES (?, ?, 3)',
                           [(ticket, EMOJI)] * count)
    with contextlib.closing(open_store(data / 'stores' / 'ticket' / 'ticket.db')) as db, db:
        db.execute('UPDATE tickets SET content = ?', (EMOJI,))


@pytest.fixture(scope='module')
def large(tmp_path_factory, imported_stores):
    desk = furnish(tmp_path_factory.mktemp('large'), 'imported', imported_stores, FLICKET_MEMORY_MB=MEMORY_MB,
                   FLICKET_REQUEST_TIMEOUT_MS=30000)
    make_large(desk.data)
    try:
        desk.start()
        yield desk
        close_desk(desk)
    finally:
        desk.kill_everything()


@pytest.mark.parametrize('path', ['tickets/?include=posts', 'tickets/?include=users,posts&sort=ticketid',
                                  'ticket/2?include=posts',
                                  'tickets/?include=posts,histories,actions,uploads&per_page=100'])
def test_what_would_be_included_and_is_too_large_is_refused_with_what_to_ask_for(large, path):
    with large.client() as c:
        answer = c.get(path)
        assert answer.status == 400, answer
        assert 'include' in answer.json()['message'] and 'per_page' in answer.json()['message']
        assert 'page by page' in answer.json()['message'] and '8 MB' in answer.json()['message']


def test_what_was_to_be_asked_for_instead_is_there(large):
    with large.client() as c:
        seen, page = 0, 1
        while page is not None:
            answer = c.get(f'posts/2/{page}/?per_page=100')
            assert answer.status == 200 and len(answer.body) < 8 << 20
            seen += sum(p['content'] == EMOJI for p in answer.json()['items'])
            page = page + 1 if answer.json()['_links']['next'] else None
        assert seen == MANY
        included = c.get('ticket/3?include=posts').json()['included']['posts']
        assert sum(p['content'] == EMOJI for p in included) == 100


def test_large_answers_leave_room_for_all_others(large):
    """Sixteen at once, 6 MB each and put together from as much, are more than the memory there is."""
    wrong, statuses = [], []
    done = threading.Event()

    def take_large():
        with large.client() as c:
            for _ in range(4):
                statuses.append(c.get('ticket/3?include=posts').status)

    def read_on():
        with large.client() as c:
            while not done.is_set():
                for path in 'ticket/5', 'tickets/?include=users&per_page=5&fields=id':
                    answer = c.get(path)
                    if answer.status != 200:
                        wrong.append(answer)

    threads = [threading.Thread(target=take_large) for _ in range(16)]
    beside = threading.Thread(target=read_on)
    for t in (beside, *threads):
        t.start()
    for t in threads:
        t.join()
    done.set()
    beside.join()
    assert not wrong, wrong[0]
    assert set(statuses) <= {200, 503} and 200 in statuses


@pytest.mark.parametrize('sort', ['ticketid', 'title_desc', 'addedby', 'status'])
def test_pieces_of_an_export_end_by_their_size(large, sort):
    """A piece has 500 tickets at most, and as few as fill a megabyte: 17 of these."""
    with large.client() as c:
        rows = [json.loads(line) for line in c.get(f'tickets.ndjson?sort={sort}').body.splitlines()]
        want, page = [], 1
        while page is not None:
            answer = c.get(f'tickets/{page}/?sort={sort}&per_page=100&fields=id').json()
            want += [t['id'] for t in answer['items']]
            page = page + 1 if answer['_links']['next'] else None
    assert [r['id'] for r in rows] == want and len(want) > 17
    assert all(r['content'] == EMOJI for r in rows)


def double(path, times):
    """So often make twice as many tickets of those that are there."""
    with contextlib.closing(open_store(path)) as db, db:
        columns = ', '.join(name for _, name, *_ in db.execute('PRAGMA table_info(tickets)') if name != 'id')
        for _ in range(times):
            db.execute(f'INSERT INTO tickets ({columns}) SELECT {columns} FROM tickets')


@pytest.mark.parametrize('kind', ['ndjson', 'csv'])
def test_an_export_whose_service_ends_breaks_off(desks, kind):
    """What has come of it must not look whole. The service ends after the first 500 tickets."""
    desk = desks('imported', start=False, FLICKET_REQUEST_TIMEOUT_MS=60000)
    double(desk.data / 'stores' / 'ticket' / 'ticket.db', 3)
    desk.start(*SERVICES)
    between = Between(desk, 'ticket', 'ticket-through')
    asked = itertools.count()
    between.fault = Fault(holds=lambda frame: frame[2] == TICKET_EXPORT and next(asked) == 1)
    between.start()
    try:
        desk.start_gateway(FLICKET_TICKET_ENDPOINT=between.endpoint)
        desk.wait_ready()
        with desk.connection(timeout=60) as c:
            c.send(head('GET', f'/flicket-api/tickets.{kind}', {'Authorization': f'Bearer {ADMIN}'}))
            wait_until(lambda: between.held, 60, 'more tickets are asked for')
            desk.kill('ticket')
            with pytest.raises((NoAnswer, ValueError)):     # a chunk that is none
                c.read_answer()
            assert c.is_closed()
        assert 'an export broke off: Service Unavailable' in desk.processes['gateway'].log.read_text()
    finally:
        between.close()
