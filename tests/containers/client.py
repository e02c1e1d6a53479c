"""What script/containers asks of a desk that runs in containers.

usage: client.py PORT login | write | wait | keep | kept | load-begin | load-end | targets COUNT |
           replicas SERVICE COUNT SECONDS | seen SERVICE COUNT | seen-serving ADDRESS | writes ADDRESS |
           within SECONDS SINCE THEN WHAT | links URL | limited | passed-on | tickets COUNT

FLICKET_PASSWORD is admin's. Ends with status 0 if all is as it should be, else 1 and a message.
"""
import base64
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from pathlib import Path

PORT = int(sys.argv[1])
STATE = Path(tempfile.gettempdir()) / f'flicket-containers-{os.getuid()}-{PORT}'
KEPT = Path(tempfile.gettempdir()) / f'flicket-containers-{os.getuid()}-kept'
TICKET = {'title': 'a ticket in a container', 'content': 'what is in it', 'category_id': 1, 'ticket_priority_id': 1}


def ask(method, path, token=None, body=None, connection=None, headers=None):
    own = connection or http.client.HTTPConnection('127.0.0.1', PORT, timeout=20)
    headers = dict(headers or {})
    if token:
        headers['Authorization'] = f'Bearer {token}'
    if body is not None:
        headers['Content-Type'] = 'application/json'
    own.request(method, path, None if body is None else json.dumps(body), headers)
    answer = own.getresponse()
    text = answer.read()
    if not connection:
        own.close()
    return answer.status, text.decode()


def log_in():
    basic = base64.b64encode(('admin:' + os.environ['FLICKET_PASSWORD']).encode()).decode()
    status, text = ask('POST', '/flicket-api/tokens', headers={'Authorization': f'Basic {basic}'})
    assert status == 200, (status, text)
    return json.loads(text)['token']


def category(token):
    """The first category, made if there is none."""
    items = json.loads(ask('GET', '/flicket-api/categories/', token)[1])['items']
    if items:
        return items[0]['id']
    status, text = ask('POST', '/flicket-api/departments', token, {'department': 'Containers'})
    assert status == 201, (status, text)
    status, text = ask('POST', '/flicket-api/categories', token,
                       {'category': 'Anything', 'department_id': json.loads(text)['id']})
    assert status == 201, (status, text)
    return json.loads(text)['id']


def make_ticket(token):
    status, text = ask('POST', '/flicket-api/tickets', token, dict(TICKET, category_id=category(token)))
    assert status == 201, (status, text)
    return json.loads(text)['id']


def until(happened, seconds, what):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f'after {seconds} s still not: {what}'
        time.sleep(0.05)


def is_ready():
    try:
        return ask('GET', '/readyz')[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def write():
    token = log_in()
    ticket = make_ticket(token)
    status, text = ask('POST', '/flicket-api/posts', token, {'ticket_id': ticket, 'content': 'a reply to it'})
    assert status == 201, (status, text)
    status, text = ask('GET', f'/flicket-api/ticket/{ticket}?fields=title,replies', token)
    assert status == 200 and json.loads(text)['replies'] == 1, (status, text)


def keep():
    KEPT.write_text(str(make_ticket(log_in())))


def kept():
    until(is_ready, 20, 'it is ready')
    status, text = ask('GET', f'/flicket-api/ticket/{KEPT.read_text()}', log_in())
    assert status == 200 and json.loads(text)['title'] == TICKET['title'], (status, text)


def links(url):
    """The links in answers begin with this."""
    until(is_ready, 20, 'it is ready')
    status, text = ask('GET', '/flicket-api/tickets/', log_in())
    assert status == 200 and json.loads(text)['_links']['self'].startswith(f'{url}/flicket-api/'), (status, text[:400])


def limited():
    """FLICKET_RATE_LIMIT holds: it is below 20."""
    until(is_ready, 20, 'it is ready')
    token = log_in()
    found = [ask('GET', '/flicket-api/tickets/', token)[0] for _ in range(20)]
    assert found[0] == 200 and found[-1] == 429, found


def passed_on():
    """What a proxy passes on, and what it keeps back."""
    until(is_ready, 20, 'it is ready')
    for path in ('/metrics', '/metrics?a', f'http://localhost:{PORT}/metrics', '/metrics/', '//metrics', '/%6detrics',
                 '/./metrics', '/docs/../metrics'):
        status, text = ask('GET', path)
        assert status == 404 and 'flicket_' not in text, (path, status, text[:200])
    assert ask('GET', '/healthz')[0] == 200


def tickets(count):
    """So many tickets there are."""
    until(is_ready, 20, 'it is ready')
    text = ask('GET', '/flicket-api/tickets/', log_in())[1]
    assert json.loads(text)['_meta']['total_items'] == int(count), text[:400]


def number(text, name, labels=''):
    """The sum of a metric's series whose labels begin like this."""
    return sum(float(n) for n in re.findall(rf'^{name}(?:{{{labels}[^}}]*}})? (\S+)$', text, re.M))


def are_up(service, count):
    """So many processes of a service answer each of the gateway's threads."""
    text = ask('GET', '/metrics')[1]
    threads = number(text, 'flicket_bus_replicas_up', 'service="lookup"')
    return threads and number(text, 'flicket_bus_replicas_up', f'service="{service}"') == int(count) * threads


def replicas(service, count, seconds):
    until(lambda: are_up(service, count), float(seconds), f'{count} processes of {service} answer')


def seen(service, count):
    """Prints when so many processes were first seen to answer the gateway."""
    until(lambda: are_up(service, count), 60, f'{count} processes of {service} answer')
    print(time.time())


def seen_serving(address):
    """Prints when the ticket process with this address was first seen to have answered a read of the load."""
    def serves():
        try:
            with urllib.request.urlopen(f'http://{address}:9100/metrics', timeout=2) as answer:
                # not any operation: PING is one, too
                return number(answer.read().decode(), 'flicket_operations_total', 'operation="TICKET_(?:GET|LIST)"') > 0
        except OSError:
            return False
    until(serves, 60, f'{address} serves')
    print(time.time())


def within(seconds, since, then, what):
    took = float(then) - float(since)
    print(f'{what} after {took:.1f} s')
    assert 0 <= took <= float(seconds), f'{what} only after {took:.2f} s, not {seconds}'


def writes(address):
    """The process with this address is the one of its service that writes."""
    with urllib.request.urlopen(f'http://{address}:9100/metrics', timeout=2) as answer:
        assert number(answer.read().decode(), 'flicket_store_writer') == 1, f'{address} does not write'


def targets(count):
    """Prometheus, on PORT, reads so many processes, and all its rules work."""
    def up():
        try:
            found = json.loads(ask('GET', '/api/v1/targets')[1])['data']['activeTargets']
        except (OSError, http.client.HTTPException):
            return False
        return sum(t['health'] == 'up' for t in found) == int(count)
    until(up, 60, f'{count} processes are read')

    def evaluated():
        groups = json.loads(ask('GET', '/api/v1/rules')[1])['data']['groups']
        return groups and all(rule['health'] == 'ok' for group in groups for rule in group['rules'])
    until(evaluated, 60, 'the rules are evaluated')
    print(f'{count} processes are read')


class Load:
    """Reads, and one writer with Idempotency-Keys, until SIGTERM."""

    def __init__(self):
        self.token = log_in()
        self.category = category(self.token)
        self.ticket = make_ticket(self.token)
        self.paths = ['/flicket-api/tickets/', '/flicket-api/user/1', '/flicket-api/categories/',
                      f'/flicket-api/ticket/{self.ticket}']
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.result = {'count': 0, 'again': 0, 'failures': []}

    def once(self, connection, method, path, body=None, headers=None):
        """Ask; where the connection was closed before an answer, ask again on a new one, once, and count that."""
        again = 0
        try:
            status, text = ask(method, path, self.token, body, connection, headers)
        except (OSError, http.client.HTTPException):
            connection.close()
            again = 1
            try:
                status, text = ask(method, path, self.token, body, connection, headers)
            except (OSError, http.client.HTTPException) as e:
                connection.close()
                status, text = 0, repr(e)
        with self.lock:
            self.result['count'] += 1
            self.result['again'] += again
            if status not in (200, 201):
                self.result['failures'].append(f'{method} {path}: {status} {text[:200]}')

    def read(self):
        connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=20)
        while not self.ending.is_set():
            for path in self.paths:
                self.once(connection, 'GET', path)

    def write(self):
        connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=20)
        while not self.ending.wait(0.05):
            self.once(connection, 'POST', '/flicket-api/tickets', dict(TICKET, category_id=self.category),
                      {'Idempotency-Key': f'"{uuid.uuid4()}"'})


def load():
    """Ask until SIGTERM; then write how many requests there were, and which failed."""
    work = Load()
    signal.signal(signal.SIGTERM, lambda *_: work.ending.set())
    threads = [threading.Thread(target=target) for target in (work.read, work.read, work.read, work.write)]
    for t in threads:
        t.start()
    STATE.write_text(json.dumps({'pid': os.getpid()}))
    for t in threads:
        t.join()
    STATE.write_text(json.dumps(work.result))


def load_begin():
    STATE.unlink(missing_ok=True)
    with subprocess.Popen([sys.executable, __file__, str(PORT), 'load'], start_new_session=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: STATE.exists() or process.poll() is not None, 20, 'the load has begun')
        assert process.poll() is None, 'the load ended at once'
        os._exit(0)     # it goes on without us


def load_end():
    os.kill(json.loads(STATE.read_text())['pid'], signal.SIGTERM)
    until(lambda: 'count' in STATE.read_text(), 30, 'the load has ended')
    result = json.loads(STATE.read_text())
    STATE.unlink()
    print(f'{result["count"]} requests, {len(result["failures"])} failed, '
          f'{result["again"]} sent again as their connection was closed')
    assert result['count'] > 100 and not result['failures'], result['failures'][:10]


COMMANDS = {'login': log_in, 'write': write, 'wait': lambda: until(is_ready, 20, 'it is ready'), 'keep': keep,
            'kept': kept, 'replicas': replicas, 'seen': seen,
            'seen-serving': seen_serving, 'within': within, 'targets': targets, 'writes': writes,
            'links': links, 'limited': limited, 'passed-on': passed_on, 'tickets': tickets,
            'load': load, 'load-begin': load_begin, 'load-end': load_end}

if __name__ == '__main__':
    try:
        COMMANDS[sys.argv[2]](*sys.argv[3:])
    except AssertionError as e:
        sys.exit(f'client.py {" ".join(sys.argv[2:])}: {e}')
