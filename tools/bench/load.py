"""Load: requests as files, sent by wrk (HTTP/1.1) and h2load (HTTP/2)."""
import json
import re
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from stand import Failed

LUA = Path(__file__).with_name('load.lua')


@dataclass(frozen=True)
class Request:
    path: str                   # behind /flicket-api/
    method: str = 'GET'
    etag: str = ''
    body: str = ''


@dataclass
class Requests:
    """Requests in files: for a desk, and for flicket-bare, which is sent the same bytes but for the path."""
    folder: Path
    name: str
    requests: list
    status: int
    size: int = 0               # of an answer's body, on average
    files: dict = field(default_factory=dict)

    def probe(self, stand, sample=40):
        """Ask for some of them, see that the status is right, and learn how long answers are."""
        sizes = []
        for r in self.requests[:: max(1, len(self.requests) // sample)]:
            headers = {'If-None-Match': r.etag} if r.etag else {}
            if r.body:
                headers['Content-Type'] = 'application/json'
            answer = stand.ask('/flicket-api/' + r.path, r.method, headers, r.body.encode() or None)
            if answer.status != self.status:
                raise Failed(f'{self.name}: {r.method} {r.path}: want {self.status}, got {answer.status} '
                             f'{answer.content[:300]}')
            sizes.append(len(answer.content))
        self.size = round(statistics.mean(sizes))
        return self

    def path_of(self, r, bare):
        return f'/{self.status}/{self.size}?{r.path}' if bare else '/flicket-api/' + r.path

    def wrk_file(self, bare):
        if bare not in self.files:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f'{re.sub("[^a-z0-9]+", "-", self.name.lower())}.{"bare" if bare else "desk"}'
            path.write_text(''.join(f'{r.method}\t{self.path_of(r, bare)}\t{r.etag}\t{r.body}\n'
                                    for r in self.requests))
            self.files[bare] = path
        return self.files[bare]


@dataclass
class Run:
    """What one run brought: requests a second, and milliseconds."""
    rate: float
    p50: float = 0.0
    p99: float = 0.0


def read_wrk(name, output):
    line = output.rstrip().rpartition('\n')[2]
    try:
        r = json.loads(line)
    except ValueError:
        raise Failed(f'{name}: wrk says: {output}') from None
    if r['wrong'] or r['broken'] or r['timeouts']:
        raise Failed(f'{name}: of {r["requests"]} requests {r["wrong"]} were answered with an error, '
                     f'{r["broken"]} broke off, {r["timeouts"]} timed out')
    if r['requests'] == 0:
        raise Failed(f'{name}: nothing was answered')
    return Run(r['requests'] * 1e6 / r['us'], r['p50'] / 1000, r['p99'] / 1000)


def start_wrk(server, requests, connections, seconds, bare=False, threads=1, coding=''):
    return subprocess.Popen(
        ['wrk', '-t', str(threads), '-c', str(connections), '-d', f'{max(1, round(seconds))}s', '--timeout', '10s',
         '-s', str(LUA), f'http://127.0.0.1:{server.port}/', '--', str(requests.wrk_file(bare)), server.token, coding],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wrk(server, requests, connections, seconds, bare=False, coding=''):
    with start_wrk(server, requests, connections, seconds, bare, coding=coding) as p:
        output = p.communicate()[0]
    server.check()
    return read_wrk(requests.name, output)


def h2load(server, requests, connections, seconds, bare=False):
    """HTTP/2 with one request at a time on each connection. It tells rates and no percentiles."""
    urls = requests.folder / 'h2.urls'
    base = f'http://127.0.0.1:{server.port}'
    urls.write_text(''.join(f'{base}{requests.path_of(r, bare)}\n' for r in requests.requests[:2000]))
    done = subprocess.run(['h2load', '-c', str(connections), '-m', '1', '-D', str(max(1, round(seconds))), '-i',
                           str(urls), '-H', f'Authorization: Bearer {server.token}'],
                          capture_output=True, text=True, check=False)
    server.check()
    rate = re.search(r'finished in .*, ([\d.]+) req/s', done.stdout)
    codes = re.search(r'status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx', done.stdout)
    failed = re.search(r'(\d+) failed, (\d+) errored', done.stdout)
    if not rate or not codes or int(codes[1]) == 0 or any(int(c) for c in codes.groups()[1:]) or \
       any(int(f) for f in failed.groups()):
        raise Failed(f'{requests.name}, HTTP/2: {done.stdout[-800:]}{done.stderr[-300:]}')
    return Run(float(rate[1]))
