"""What does not fit into one message of the bus."""
import msgpack
import zmq

from test_wire import FIRST_ID, OK, PAGE, PATIENCE_MS, PER_PAGE, request

TICKET_LIST = 31
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
    sock.connect(f'ipc://{desk.data}/run/ticket.sock')
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
