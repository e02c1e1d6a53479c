"""The processes that are measured: a desk of the five programs on a data folder, and flicket-bare."""
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

SERVICES = ('user', 'ticket', 'post', 'lookup')
PASSWORD = 'generated'          # what `flicketctl generate` gives everybody


class Failed(Exception):
    """Something that is measured does not work."""


def environment(**settings):
    env = {k: v for k, v in os.environ.items() if not k.startswith('FLICKET_')}
    return {**env, **{k: str(v) for k, v in settings.items()}}


def until(happened, what, within=60.0):
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            raise Failed(f'after {within:.0f} s still not: {what}')
        time.sleep(0.002)


class Stand:
    """The five programs on a data folder. `replicas`: how many of a service, where this build takes several.
    `wrap` puts a command such as valgrind in front of a program's: {'gateway': [...]}."""

    def __init__(self, bin_folder, data, replicas=None, wrap=None, **settings):
        self.bin, self.data = Path(bin_folder), Path(data).resolve()
        self.replicas, self.wrap = replicas or {}, wrap or {}
        self.settings = {'FLICKET_DATA': self.data, 'FLICKET_LISTEN': '127.0.0.1:0', 'FLICKET_LOG_LEVEL': 'warn',
                         'FLICKET_BCRYPT_COST': 4, **settings}
        self.processes, self.port, self.token, self.seconds = {}, None, None, None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()

    def launch(self, name, program, **settings):
        log = open(self.data / f'{name}.log', 'wb')
        with log:
            self.processes[name] = subprocess.Popen(
                [*self.wrap.get(name, ()), str(self.bin / program)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(**{**self.settings, **settings}))

    def launch_service(self, name):
        """A replica listens at an address of its own; all programs are told all of them."""
        count = self.replicas.get(name, 1)
        if count == 1:
            self.launch(name, f'flicket-{name}')
            return
        addresses = [f'ipc://run/{name}{i}.sock' for i in range(count)]
        self.settings[f'FLICKET_{name.upper()}_ENDPOINT'] = ','.join(addresses)
        for i, address in enumerate(addresses):
            self.launch(f'{name}{i}', f'flicket-{name}', FLICKET_BIND=address)

    def start(self):
        self.data.mkdir(parents=True, exist_ok=True)
        address = self.data / 'run' / 'gateway.address'
        address.unlink(missing_ok=True)
        begin = time.monotonic()
        for name in SERVICES:
            self.launch_service(name)
        self.launch('gateway', 'flicket-gateway')

        def is_listening():
            self.check()
            return address.exists() and address.read_text().endswith('\n')
        until(is_listening, 'the gateway listens')
        self.port = int(address.read_text().rpartition(':')[2])
        until(lambda: self.check() or self.ask('/readyz').status == 200, 'every service answers')
        self.seconds = time.monotonic() - begin
        self.token = self.log_in()
        return self

    def check(self):
        """Raises if a process has died."""
        for name, p in self.processes.items():
            if p.poll() is not None:
                raise Failed(f'{name} ended with status {p.returncode}:\n' +
                             (self.data / f'{name}.log').read_text(errors='replace')[-2000:])

    def ask(self, path, method='GET', headers=None, body=None):
        """The answer, its bytes in .content."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        headers = dict(headers or {})
        if self.token:
            headers.setdefault('Authorization', f'Bearer {self.token}')
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.content = answer.read()
        return answer

    def api(self, path, **more):
        answer = self.ask('/flicket-api/' + path, **more)
        if answer.status >= 400:
            raise Failed(f'{path}: {answer.status} {answer.content[:300]}')
        return answer

    def json(self, path):
        return json.loads(self.api(path).content)

    def log_in(self):
        import base64
        word = base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()
        answer = self.api('tokens', method='POST', headers={'Authorization': f'Basic {word}'})
        return json.loads(answer.content)['token']

    def memory(self):
        """Resident and proportional megabytes of all processes."""
        rss = pss = 0
        for p in self.processes.values():
            text = Path(f'/proc/{p.pid}/smaps_rollup').read_text()
            rss += int(re.search(r'^Rss:\s+(\d+)', text, re.M)[1])
            pss += int(re.search(r'^Pss:\s+(\d+)', text, re.M)[1])
        return rss / 1024, pss / 1024

    def own_memory(self):
        """Megabytes that the processes have for themselves: without what is mapped of programs and stores, which is
        the system's to drop and grows with the data."""
        texts = (Path(f'/proc/{p.pid}/smaps_rollup').read_text() for p in self.processes.values())
        return sum(int(re.search(r'^Anonymous:\s+(\d+)', text, re.M)[1]) for text in texts) / 1024

    def stop(self):
        self.check()
        for p in reversed(self.processes.values()):
            p.send_signal(signal.SIGTERM)
        for name, p in self.processes.items():
            try:
                status = p.wait(60 if self.wrap else 15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failed(f'{name} did not end when asked to') from None
            if status != 0:
                self.kill()
                raise Failed(f'{name} ended with status {status}')

    def kill(self):
        for p in self.processes.values():
            if p.poll() is None:
                p.kill()
            p.wait()


class Bare:
    """flicket-bare, which answers /STATUS/BYTES."""

    def __init__(self, bin_folder, threads=1):
        self.popen = subprocess.Popen([str(Path(bin_folder) / 'flicket-bare'), str(threads)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.port, self.token = int(self.popen.stdout.readline()), 'x' * 32

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.stdout.close()
        self.popen.wait(5)

    def check(self):
        if self.popen.poll() is not None:
            raise Failed('flicket-bare died')
