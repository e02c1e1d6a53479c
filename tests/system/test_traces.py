"""How a request is followed: X-Request-ID, traceparent, Server-Timing, and the lines of the logs."""
import json
import re
import time

import pytest

from desk import ADMIN, USER, wait_until
from wire import Client, Connection, expect, head

TRACE = '0af7651916cd43dd8448eb211c80319c'
PARENT = f'00-{TRACE}-b7ad6b7169203331-01'
OWN_ID = re.compile(r'[0-9a-f]{8}-[0-9a-f]+')


@pytest.fixture(scope='module')
def talkative(tmp_path_factory, imported_stores):
    from fixtures import close_desk, furnish
    desk = furnish(tmp_path_factory.mktemp('talkative'), 'imported', imported_stores, FLICKET_LOG_LEVEL='debug',
                   FLICKET_ACCESS_LOG='on', FLICKET_LOG_FORMAT='json')
    yield desk.start()
    close_desk(desk)


def lines(desk, name):
    return [json.loads(line) for line in desk.processes[name].log.read_text().splitlines()]


def ask(desk, path='ticket/1', **headers):
    with Client(desk.port, ADMIN) as c:
        return c.get(path, headers=[(k.replace('_', '-'), v) for k, v in headers.items()])


@pytest.mark.parametrize('given', ['a', 'A.b-c_9', 'x' * 64])
def test_a_request_s_id_is_taken_and_answered(talkative, given):
    answer = ask(talkative, X_Request_ID=given)
    assert answer.header('X-Request-ID') == given
    for name in ('gateway', 'ticket'):
        wait_until(lambda name=name: [x for x in lines(talkative, name) if x.get('request_id') == given], 5,
                   f'{name} logs it')


@pytest.mark.parametrize('given', ['', 'x' * 65, 'a b', 'a"b', 'é', 'a,b', '{}'])
def test_what_is_no_id_is_replaced(talkative, given):
    answer = ask(talkative, X_Request_ID=given)
    assert answer.status == 200 and OWN_ID.fullmatch(answer.header('X-Request-ID'))


@pytest.mark.parametrize('path, status', [('ticket/1', 200), ('ticket/99999', 404), ('nowhere', 404),
                                          ('tickets/?status=?', 400), ('/healthz', 200)])
def test_every_answer_has_one(talkative, path, status):
    answer = ask(talkative, path)
    assert answer.status == status and OWN_ID.fullmatch(answer.header('X-Request-ID'))


def test_a_trace_goes_through_all_processes(talkative):
    expect(ask(talkative, 'ticket/2?include=users', X_Request_ID='followed', traceparent=PARENT), 200)
    for name in ('gateway', 'ticket', 'user'):
        wait_until(lambda name=name: [x for x in lines(talkative, name) if x.get('request_id') == 'followed' and
                                      x.get('trace_id') == TRACE], 5, f'{name} logs it')


def test_each_process_has_a_span_of_its_own(talkative):
    expect(ask(talkative, 'ticket/2?include=users', X_Request_ID='spans', traceparent=PARENT), 200)

    def spans(name):
        found = [x for x in lines(talkative, name) if x.get('request_id') == 'spans']
        return {(x['span_id'], x.get('parent_id')) for x in found}
    for name in ('gateway', 'ticket', 'user'):
        wait_until(lambda name=name: spans(name), 5, f'{name} logs it')
    [(gateway, above)] = spans('gateway')
    assert above is None and gateway != PARENT[36:52]
    below = spans('ticket') | spans('user')
    assert len(below) >= 2 and {parent for _, parent in below} == {gateway}
    assert all(re.fullmatch('[0-9a-f]{16}', span) and span != gateway for span, _ in below)


def test_two_traceparents_count_as_none(talkative):
    connection = Connection(talkative.port)
    fields = [('Authorization', f'Bearer {ADMIN}'), ('X-Request-ID', 'doubled'), ('traceparent', PARENT)]
    assert connection.exchange(head('GET', '/flicket-api/ticket/1', [*fields, fields[-1]])).status == 200
    connection.close()
    wait_until(lambda: [x for x in lines(talkative, 'ticket') if x.get('request_id') == 'doubled'], 5, 'it is logged')
    assert not [x for x in lines(talkative, 'ticket') if x.get('request_id') == 'doubled' and 'trace_id' in x]


@pytest.mark.parametrize('given', [
    '', '00', PARENT[:-1], PARENT + '-x', PARENT.upper(), PARENT.replace('-', ' '),
    'ff' + PARENT[2:], f'00-{"0" * 32}-b7ad6b7169203331-01', f'00-{TRACE}-{"0" * 16}-01', 'g' * 55])
def test_what_is_no_traceparent_counts_as_none(talkative, given):
    expect(ask(talkative, X_Request_ID='untraced', traceparent=given), 200)
    wait_until(lambda: [x for x in lines(talkative, 'ticket') if x.get('request_id') == 'untraced'], 5, 'it is logged')
    assert not [x for x in lines(talkative, 'ticket') if x.get('request_id') == 'untraced' and 'trace_id' in x]


def test_a_later_version_of_it_is_understood(talkative):
    expect(ask(talkative, X_Request_ID='later', traceparent='cc' + PARENT[2:] + '-more'), 200)
    wait_until(lambda: [x for x in lines(talkative, 'ticket') if x.get('request_id') == 'later' and
                        x.get('trace_id') == TRACE], 5, 'it is logged')


def test_times_are_told_on_request(talkative):
    assert ask(talkative).header('Server-Timing') is None
    told = ask(talkative, X_Server_Timing='1').header('Server-Timing')
    names = re.fullmatch(r'gateway;dur=([\d.]+), bus;dur=([\d.]+), store;dur=([\d.]+)', told)
    assert names and all(float(n) < 5000 for n in names.groups()) and float(names[3]) > 0
    # several services at once: what overlaps is not counted twice
    began = time.monotonic()
    told = ask(talkative, 'tickets/?include=users,posts,categories,statuses', X_Server_Timing='1').header('Server-Timing')
    elapsed_ms = (time.monotonic() - began) * 1000
    assert sum(float(n) for n in re.findall(r'dur=([\d.]+)', told)) <= elapsed_ms
    assert ask(talkative, 'nowhere', X_Server_Timing='1').header('Server-Timing')
    assert ask(talkative, X_Server_Timing='yes').header('Server-Timing') is None


def test_lines_are_json_with_what_is_needed(talkative):
    ask(talkative)
    for name in talkative.processes:
        for line in lines(talkative, name):
            assert {'ts', 'level', 'service', 'msg'} <= set(line)
            assert line['service'] == name and line['level'] in ('debug', 'info', 'warn', 'error')
            assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', line['ts'])


def test_the_access_log_tells_what_was_asked_and_nothing_secret(talkative):
    expect(ask(talkative, 'users/?name=someSecretName', X_Request_ID='accessed'), 200)

    def found():
        return [x for x in lines(talkative, 'gateway') if x.get('request_id') == 'accessed' and x['level'] == 'info']
    line = wait_until(found, 5, 'it is logged')[0]
    assert line['msg'] == 'answered' and line['bytes'] > 100 and line['duration_us'] > 0
    told = {'method': 'GET', 'route': '/flicket-api/users/', 'status': 200, 'user': 1, 'client': '127.0.0.1'}
    assert told == {name: line[name] for name in told}
    for name in talkative.processes:
        text = talkative.processes[name].log.read_text()
        assert 'someSecretName' not in text and ADMIN not in text and USER not in text


def test_text_is_there_for_people(desks):
    desk = desks('imported', FLICKET_LOG_FORMAT='text', FLICKET_LOG_LEVEL='debug')
    expect(ask(desk, X_Request_ID='read-me', traceparent=PARENT), 200)
    log = desk.processes['ticket'].log
    wait_until(lambda: re.search(rf'^\S+Z debug ticket TICKET_GET .* request=read-me trace={TRACE}$',
                                 log.read_text(), re.M), 5, 'it is logged')
