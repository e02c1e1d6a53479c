"""What script/containers asks of a desk that runs in containers.

usage: client.py PORT login | write | wait | keep | kept | replicas SERVICE COUNT SECONDS | load-begin | load-end

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


def replicas(service, count, seconds):
    """So many processes of a service answer the gateway, within a while."""
    def there():
        found = re.search(rf'^flicket_bus_replicas_up{{service="{service}"}} (\d+)$', ask('GET', '/metrics')[1], re.M)
        return found and int(found[1]) == int(count)
    until(there, float(seconds), f'{count} processes of {service} answer')


def load():
    """Read until SIGTERM; then write how many requests there were, and which failed."""
    token, paths = log_in(), ['/flicket-api/tickets/', '/flicket-api/user/1', '/flicket-api/categories/']
    ticket = make_ticket(token)
    paths.append(f'/flicket-api/ticket/{ticket}')
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    count, failures = [0] * 4, []

    def run(me):
        connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=20)
        while not ending.is_set():
            path = paths[count[me] % len(paths)]
            try:
                status, text = ask('GET', path, token, connection=connection)
            except ConnectionRefusedError as e:
                status, text = 0, str(e)
            except (OSError, http.client.HTTPException):
                # an idle connection may be closed at any time: a new one must do
                connection.close()
                connection = http.client.HTTPConnection('127.0.0.1', PORT, timeout=20)
                try:
                    status, text = ask('GET', path, token, connection=connection)
                except (OSError, http.client.HTTPException) as e:
                    status, text = 0, repr(e)
            if status != 200:
                failures.append(f'{path}: {status} {text[:200]}')
            count[me] += 1

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(count))]
    for t in threads:
        t.start()
    STATE.write_text(json.dumps({'pid': os.getpid()}))
    for t in threads:
        t.join()
    STATE.write_text(json.dumps({'count': sum(count), 'failures': failures}))


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
    print(f'{result["count"]} requests, {len(result["failures"])} failed')
    assert result['count'] > 100 and not result['failures'], result['failures'][:10]


COMMANDS = {'login': log_in, 'write': write, 'wait': lambda: until(is_ready, 20, 'it is ready'), 'keep': keep,
            'kept': kept, 'replicas': replicas, 'load': load, 'load-begin': load_begin, 'load-end': load_end}

if __name__ == '__main__':
    try:
        COMMANDS[sys.argv[2]](*sys.argv[3:])
    except AssertionError as e:
        sys.exit(f'client.py {" ".join(sys.argv[2:])}: {e}')
