"""/metrics of the gateway and of each service: what Prometheus makes of it, and what it counts."""
import http.client
import re
import subprocess

import pytest

from desk import ADMIN, REPO, SERVICES, USER, free_port, run_program, wait_until
from wire import Client, expect

TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}


def scrape(port, path='/metrics', method='GET'):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def values(port):
    """{name with labels: value}"""
    status, text = scrape(port)
    assert status == 200
    return {line.rpartition(' ')[0]: float(line.rpartition(' ')[2])
            for line in text.splitlines() if not line.startswith('#')}


def checked_by_promtool(text):
    done = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout + done.stderr == '', done.stdout + done.stderr


@pytest.fixture
def watched(desks):
    """A desk with an exporter for each service; {name: port of its metrics}."""
    desk = desks('imported', start=False)
    desk.metrics = {}
    for service in SERVICES:
        port = desk.metrics[service] = free_port()
        desk.launch(service, f'flicket-{service}', FLICKET_METRICS_LISTEN=f'127.0.0.1:{port}')
    desk.start_gateway()
    desk.metrics['gateway'] = desk.port
    desk.wait_ready()
    return desk


def test_what_prometheus_says_of_it(watched):
    with watched.client(USER) as user:
        ticket = expect(user.post('tickets', TICKET), 201)
        expect(user.post('posts', {'ticket_id': ticket['id'], 'content': 'this is my reply'}), 201)
        expect(user.get('no-such-thing'), 404)
        expect(user.get('tickets/?include=users'), 200)
    for port in watched.metrics.values():
        checked_by_promtool(scrape(port)[1])


def test_requests_are_counted_by_route_and_status(watched):
    with watched.client(USER) as user:
        for _ in range(3):
            expect(user.get('ticket/1'), 200)
        expect(user.get('ticket/999999'), 404)
        expect(user.get('nowhere'), 404)
    name = 'flicket_http_requests_total{method="GET",route="/flicket-api/ticket/:id",status="%d"}'

    def counted():
        now = values(watched.port)
        return (now.get(name % 200), now.get(name % 404)) == (3, 1) and now
    now = wait_until(counted, 5, 'all of them are counted')
    assert now['flicket_http_requests_total{method="",route="other",status="404"}'] >= 1
    took = 'flicket_http_request_duration_seconds_%s{method="GET",route="/flicket-api/ticket/:id"%s}'
    assert now[took % ('count', '')] == now[took % ('bucket', ',le="+Inf"')] == 4
    assert now['flicket_bus_request_duration_seconds_count{operation="TICKET_GET"}'] == 4
    assert now['flicket_token_cache_lookups_total{result="hit"}'] >= 3
    assert now['flicket_token_cache_lookups_total{result="miss"}'] >= 1
    assert now['flicket_http_received_bytes_total'] == 0
    assert now['flicket_http_connections'] >= 1 and now['flicket_http_sent_bytes_total'] > 500
    assert now['flicket_bus_replicas_up{service="ticket"}'] == 1
    ticket = values(watched.metrics['ticket'])
    assert ticket['flicket_operations_total{operation="TICKET_GET",error="OK"}'] == 3
    assert ticket['flicket_operations_total{operation="TICKET_GET",error="NOT_FOUND"}'] == 1


def test_commits_and_events_are_counted(watched):
    with watched.client(USER) as user:
        for _ in range(5):
            expect(user.post('tickets', TICKET), 201)
    now = values(watched.metrics['ticket'])
    commits = now['flicket_store_commit_duration_seconds_count']
    assert commits >= 5 and now['flicket_store_commit_calls_sum'] >= 5
    assert now['flicket_store_commit_rows_sum'] >= 10
    assert now['flicket_store_fsync_duration_seconds_count'] >= 5
    assert now['flicket_store_writer'] == 1 and now['flicket_log_messages_total{level="info"}'] >= 2
    wait_until(lambda: values(watched.metrics['ticket'])['flicket_outbox_events{service="user"}'] == 0, 10,
               'everything is delivered')


def test_what_is_not_delivered_is_seen(watched):
    with watched.client(USER) as user:
        expect(user.get('ticket/1'), 200)     # the gateway knows the token from here on
        watched.kill('user')
        wait_until(lambda: user.post('tickets', TICKET).status == 201, 5, 'a ticket is made')

    def waits():
        now = values(watched.metrics['ticket'])
        return now['flicket_outbox_events{service="user"}'] > 0 and now['flicket_outbox_lag_seconds{service="user"}'] > 1
    wait_until(waits, 15, 'the event waits')
    assert values(watched.port)['flicket_service_up{service="user"}'] == 0
    watched.restart('user')
    wait_until(lambda: values(watched.metrics['ticket'])['flicket_outbox_lag_seconds{service="user"}'] == 0, 15,
               'the event is delivered')


def test_the_private_port_answers_little_else(watched):
    port = watched.metrics['lookup']
    assert scrape(port, '/healthz') == (200, 'alive\n')
    assert scrape(port, '/')[0] == 404
    assert scrape(port, '/metrics', 'POST')[0] == 405
    assert scrape(port, '/metrics', 'HEAD') == (200, '')
    assert 'FLICKET' not in scrape(port)[1]


def test_a_port_that_is_taken_is_not_in_the_way(desks):
    desk = desks('imported', start=False)
    port = free_port()
    for service in SERVICES:
        desk.launch(service, f'flicket-{service}', FLICKET_METRICS_LISTEN=f'127.0.0.1:{port}')
    desk.start_gateway()
    desk.wait_ready()
    ports = {int(re.search(r'metrics on 127.0.0.1 port (\d+)', desk.processes[s].log.read_text())[1])
             for s in SERVICES}
    assert len(ports) == 4 and ports <= set(range(port, port + 16))
    told = {re.search(r'flicket_build_info{service="(\w+)"', scrape(p)[1])[1] for p in ports}
    assert told == set(SERVICES)


@pytest.mark.parametrize('address', ['nowhere', '127.0.0.1', '127.0.0.1:99999', 'no-such-host.invalid:9101'])
def test_what_is_no_address_is_refused(tmp_path, address):
    done = run_program('flicket-lookup', FLICKET_DATA=tmp_path / 'data', FLICKET_METRICS_LISTEN=address)
    assert done.returncode != 0 and 'FLICKET_METRICS_LISTEN' in done.stderr


def test_the_documents_have_the_table():
    table = run_program('flicketctl', 'metrics', '--markdown').stdout
    assert table.count('\n') > 20
    assert table in (REPO / 'docs' / 'operations.md').read_text()


def test_what_is_watched_is_counted():
    """Every metric that the rules and the dashboard name is one of ours."""
    known = set(re.findall(r'^(flicket_\w+)$', run_program('flicketctl', 'metrics').stdout, re.M))
    for path in (REPO / 'docker' / 'monitoring').rglob('*'):
        text = path.read_text() if path.suffix in ('.yml', '.json') else ''
        names = set(re.findall(r'\bflicket_\w+', text)) - {'flicket_build_info'}
        unknown = {n for n in names if n not in known and re.sub('_(bucket|sum|count)$', '', n) not in known}
        assert not unknown, (path, unknown)


def test_nothing_secret_is_in_it(watched):
    with Client(watched.port, ADMIN) as admin:
        expect(admin.get('user/1'), 200)
    for port in watched.metrics.values():
        assert ADMIN not in scrape(port)[1]
