#!/usr/bin/env python3
"""The commands in README and docs, run as they are written there.

A block ```console has commands, each behind «$ », and what they print. A block ```sh has commands only. Those of a
document run in one shell, in a folder that looks like the repository, on a desk of their own with a free port. What
differs from one run to the next (dates, tokens, X-Request-ID, ETag) is not compared; «…» stands for anything in a
line, and alone in a line for any number of lines.

    tests/system/transcripts.py [DOCUMENT…]     write what the commands print into the documents
"""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

from desk import BIN, REPO, environment

DOCUMENTS = ['README.md', *sorted(f'docs/{p.name}' for p in (REPO / 'docs').glob('*.md')), 'proto/README.md']
FENCE = re.compile(r'^( *)```(\w*)\n(.*?)^\1```$', re.M | re.S)
SERVER = re.compile(r'(?:\w+=\S+ )*script/server')
PASSWORD = 'a6SNQ76gGGmSmoUWgYWk'       # of admin, in the documents
# What changes the machine it runs on: such a command has to be in NOT_RUN.
OF_THE_MACHINE = re.compile(r'\b(?:apt|apt-get|certbot|docker|dpkg|mount|sudo|systemctl|useradd)\b')
LIMIT_SECONDS = 120                     # for a command: a deadline, no promise
LINES, COLUMNS = 40, 120

# What is not run, by the beginning of the command, and why.
ENGINE = 'needs Docker; script/containers tries compose.yaml'
NOT_RUN = {
    'README.md': {
        'docker ': ENGINE,
    },
    'docs/first-steps.md': {
        'http POST': 'HTTPie is not among the packages of script/bootstrap',
    },
    'docs/taking-over.md': {
        'script/bootstrap': 'installs packages',
        'cmake ': 'builds for minutes',
    },
    'docs/import.md': {
        '': 'needs an export of another desk; test_import_records.py has some',
    },
    'docs/performance.md': {
        'script/bench': 'takes minutes to hours; .ci/run runs script/bench --quick',
    },
    'docs/production.md': {
        '': 'needs root and a machine of its own; script/package --try does what it says',
    },
    'docs/containers.md': {
        '': ENGINE,
    },
    'docs/operations.md': {
        'flicketctl status --watch': 'does not end',
        'flicketctl user password': 'asks at the terminal',
        'flicketctl user add': 'asks at the terminal',
        'flicketctl events': 'needs an event that was set aside; test_events.py has them',
        'flicketctl restore --continue': 'needs a restore that was killed; test_mounted_stores.py has them',
    },
}

# What a command needs that is not told beside it, by its beginning: run before it, in the same shell.
IMPORTED = 'mkdir -p /srv/flicket/static/flicket_uploads; cp tests/contract/flicket.db /srv/flicket/; stop_desk; rm -rf data'
BEFORE = {
    'README.md': {
        'build/bin/flicketctl import': IMPORTED,
        'build/bin/flicketctl backup': 'mkdir /backup',
    },
    'docs/taking-over.md': {
        'build/bin/flicketctl import --data data --uploads /srv/flicket/static/flicket_uploads /srv': IMPORTED,
        'build/bin/flicketctl import --data data --uploads /srv/flicket/static/flicket_uploads flicket.sql':
            'rm -rf data; python3 -c "import lzma, sys; sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())" '
            'tests/data/dumps/mariadb.sql.xz >flicket.sql',
        'build/bin/flicketctl import --data data --status': 'stop_desk; rm -rf data; cp tests/contract/flicket.db .; '
            """sqlite3 flicket.db "UPDATE flicket_status SET status = CASE status WHEN 'Open' THEN 'Offen' """
            """WHEN 'Closed' THEN 'Geschlossen' ELSE 'Dran' END WHERE status <> 'Awaiting Information'; """
            """UPDATE flicket_status SET id = 5 WHERE status = 'Dran'" """,
    },
    'docs/api.md': {
        'curl -H "Authorization: Bearer $TOKEN" \'http://localhost:5000/flicket-api/tickets/counts?by':
            'for n in 1 2 3; do curl -s -o /dev/null -H "Authorization: Bearer $TOKEN" --json '
            '"{\\"title\\": \\"ticket $n\\", \\"content\\": \\"some text\\", \\"category_id\\": 1, \\"ticket_priority_id\\": 1}" '
            'http://localhost:5000/flicket-api/tickets; done; curl -s -o /dev/null -X POST -H "Authorization: Bearer $TOKEN" '
            'http://localhost:5000/flicket-api/ticket/1/claim',
    },
    'docs/operations.md': {
        'flicketctl verify /backup/desk-2026': 'mv /backup/desk-* /backup/desk-2026-01-31-0300',
        'flicketctl restore --force': 'stop_desk',
        'flicketctl user disable': 'flicketctl user add jdoe --name "Jane Doe" --email jane@example.org --no-password',
        'flicketctl user import --dry-run': 'flicketctl user export users.json --force',
    },
}
# Documents whose first command is not `script/server`, and that need a desk all the same.
NEED_DESK = {'docs/first-steps.md', 'docs/api.md', 'docs/operations.md'}

VARIES = [
    (re.compile(r'\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT'), 'DATE'),
    (re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z'), 'TIME'),
    (re.compile(r'"token":"[\w+/]{32}"'), '"token":"TOKEN"'),
    (re.compile(r'^(?:X-Request-ID|ETag): .*\n', re.M | re.I), ''),
]


@dataclass
class Command:
    line: int                   # in the document
    text: str
    printed: str | None = None  # as the document has it; None: it does not say
    more: list = field(default_factory=list)


def is_whole(text):
    """Whether bash takes it for a whole command."""
    done = subprocess.run(['bash', '-n'], input=text + '\n', capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stderr == '' and not text.endswith('\\')


def commands_of_sh(block, line):
    found, text, begin = [], '', line
    for number, row in enumerate(block.splitlines(), line):
        begin = begin if text else number
        text = f'{text}\n{row}' if text else row
        if is_whole(text):
            if text.strip() and not text.startswith('#'):
                found.append(Command(begin, text))
            text = ''
    assert not text, f'line {begin}: no whole command: {text}'
    return found


def commands_of_console(block, line):
    found = []
    for number, row in enumerate(block.splitlines(keepends=True), line):
        if row.startswith('$ '):
            found.append(Command(number, row[2:].rstrip('\n'), ''))
        elif found and found[-1].printed == '' and found[-1].text.endswith('\\'):
            found[-1].text += '\n' + row.rstrip('\n')
        else:
            assert found, f'line {number}: a block of a console begins with a command'
            found[-1].printed += row
    return found


def commands_of(document):
    """The commands of a document, in order."""
    text = (REPO / document).read_text(encoding='utf-8')
    found = []
    for fence in FENCE.finditer(text):
        indent, language, block = fence.groups()
        block = re.sub(f'^{indent}', '', block, flags=re.M)
        line = text.count('\n', 0, fence.start()) + 2
        if language == 'sh':
            found += commands_of_sh(block, line)
        elif language == 'console':
            found += commands_of_console(block, line)
        else:
            assert not re.search(r'^\$ ', block, re.M), f'{document}:{line}: commands are in blocks ```console'
    return found


def lookup(table, document, command):
    """The value of the row that a command begins with, and its key; the longest counts."""
    rows = [key for key in table.get(document, {}) if command.text.startswith(key)]
    key = max(rows, key=len, default=None)
    return (key, None if key is None else table[document][key])


def normal(text):
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return text


def is_as_written(written, printed):
    pattern = ''
    for row in normal(written).splitlines():
        pattern += r'(?:.*\n)*' if row == '…' else '.*'.join(map(re.escape, row.split('…'))) + r'\n'
    return re.fullmatch(pattern, normal(printed)) is not None


def as_seen(text):
    """The text that a terminal shows: without colours, links (OSC 8), and lines that are overwritten (progress)."""
    text = re.sub(r'\x1b\[[\d;]*m|\x1b\]8;;.*?\x1b\\', '', re.sub(r'\r+\n', '\n', text))
    return re.sub(r'[^\n]*\r\x1b\[K', '', text)


def free_port():
    """One of four digits, as 5000 has: answers are then as long as in the documents."""
    while True:
        with socket.socket() as s:
            port = 5001 + int.from_bytes(os.urandom(2), 'big') % 4998
            try:
                s.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port


class Shell:
    """A shell in a copy of the repository, with a terminal of 120 columns without colours."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = self.folder / 'root'
        self.home = self.folder / 'flicketd'
        self.port = free_port()
        self.password = None
        self.count = 0
        self.furnish()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', LINES, COLUMNS, 0, 0))
        self.bash = subprocess.Popen(
            ['bash', '--noprofile', '--norc'], stdin=subprocess.PIPE, stdout=slave, stderr=slave, cwd=self.home, text=True,
            env={**environment(FLICKET_LISTEN=f'127.0.0.1:{self.port}'), 'TERM': 'dumb', 'HOME': str(self.folder),
                 'no_proxy': '*', 'LC_ALL': 'C.UTF-8', 'PATH': f'{BIN}:{os.environ["PATH"]}'})
        os.close(slave)
        self.run('stop_desk() { if [ -n "${SERVER:-}" ]; then kill $SERVER; wait $SERVER; SERVER=; fi; }')

    def furnish(self):
        (self.home / 'script').mkdir(parents=True)
        (self.home / 'build').mkdir()
        (self.home / 'build' / 'bin').symlink_to(BIN)
        for name in ('compose.yaml', 'docker', 'docs', 'proto', 'tests', 'README.md'):
            (self.home / name).symlink_to(REPO / name)
        for path in (REPO / 'script').iterdir():
            if path.name != 'server':
                (self.home / 'script' / path.name).symlink_to(path)
        # as script/server ends, where everything is installed and built
        server = self.home / 'script' / 'server'
        server.write_text('#!/bin/sh\nexec flicketctl serve\n', encoding='utf-8')
        server.chmod(0o755)
        for name in ('srv', 'etc/flicket'):
            (self.root / name).mkdir(parents=True)

    def here(self, text):
        """A command of the documents, for this machine."""
        text = re.sub(r'(?<![\w.:/-])/(?=(?:srv|backup|etc/flicket)\b)', f'{self.root}/', text)
        text = re.sub(r'(?<=localhost:)5000\b|(?<=127\.0\.0\.1:)500[01]\b', str(self.port), text)
        return text.replace(PASSWORD, self.password or PASSWORD)

    def there(self, text):
        """What was printed on this machine, as in the documents."""
        text = as_seen(text).replace(f'{self.root}/', '/').replace(f'{self.home}/', './')
        text = re.sub(rf'\b{self.port}\b', '5000', text)
        return text.replace(self.password, PASSWORD) if self.password else text

    def read_until(self, end):
        said, deadline = '', time.monotonic() + LIMIT_SECONDS
        while not (found := re.search(end, said)):
            assert time.monotonic() < deadline, f'no end of it: {said[-2000:]}'
            if select.select([self.master], [], [], 0.5)[0]:
                said += os.read(self.master, 65536).decode(errors='replace')
            assert self.bash.poll() is None, f'the shell has ended: {said[-2000:]}'
        return said[:found.start()], found

    def run(self, text):
        """Run a command: what it printed, and its status."""
        self.count += 1
        mark = f'--{os.getpid()}-{self.count}--'
        self.bash.stdin.write(f'{{ {text}\n}} </dev/null\necho "{mark[:5]}""{mark[5:]} $?"\n')
        self.bash.stdin.flush()
        said, found = self.read_until(re.escape(mark) + r' (\d+)\r*\n')
        return said, int(found[1])

    def serve(self, text):
        """Run script/server until the desk is ready: what it printed."""
        self.run('stop_desk')
        out = self.folder / 'serve.out'
        out.write_text('', encoding='utf-8')
        self.run(f'{text} >{out} 2>{self.folder}/serve.err & SERVER=$!')
        deadline = time.monotonic() + LIMIT_SECONDS
        while not (said := out.read_text(encoding='utf-8')).endswith('\n\n') or 'is ready: ' not in said:
            alive = self.run('kill -0 $SERVER')[1] == 0
            assert alive and time.monotonic() < deadline, (self.folder / 'serve.err').read_text(encoding='utf-8')
            time.sleep(0.05)
        made = re.search(r'shown this once: (\S+)', said)
        self.password = made[1] if made else self.password
        return said

    def close(self):
        try:
            self.run('stop_desk')
        finally:
            self.bash.stdin.close()
            try:
                self.bash.wait(20)
            except subprocess.TimeoutExpired:
                os.kill(self.bash.pid, signal.SIGKILL)
                self.bash.wait(10)
            os.close(self.master)


def prepare(shell, document, commands):
    first = next((c for c in commands if lookup(NOT_RUN, document, c)[0] is None), None)
    if document in NEED_DESK and not (first and SERVER.fullmatch(first.text)):
        shell.serve('script/server')
        token = shell.here(f"curl -s -X POST -u 'admin:{PASSWORD}' http://localhost:5000/flicket-api/tokens")
        shell.run(f"""TOKEN=$({token} | cut -d'"' -f4)""")


def play(document, folder):
    """Run the commands of a document: each command, what it printed, and its status."""
    commands = commands_of(document)
    for command in commands:
        assert lookup(NOT_RUN, document, command)[0] is not None or not OF_THE_MACHINE.search(command.text), command
    shell = Shell(folder)
    try:
        prepare(shell, document, commands)
        for command in commands:
            if lookup(NOT_RUN, document, command)[0] is not None:
                continue
            before = lookup(BEFORE, document, command)[1]
            if before:
                said, status = shell.run(shell.here(before))
                assert status == 0, f'{document}:{command.line}: {before}: {said}'
            if SERVER.fullmatch(command.text):
                said, status = shell.serve(shell.here(command.text)), 0
            else:
                said, status = shell.run(shell.here(command.text))
            yield command, normal_end(shell.there(said)), status
    finally:
        shell.close()


def normal_end(text):
    return text if text == '' or text.endswith('\n') else text + '\n'


def write(document):
    """Put what the commands print into a document, where it differs."""
    folder = tempfile.mkdtemp(prefix='flicket-transcripts-')
    path = REPO / document
    lines = path.read_text(encoding='utf-8').splitlines(keepends=True)
    try:
        for command, printed, status in reversed(list(play(document, folder))):
            if command.printed is None and status != 0:
                print(f'{document}:{command.line}: status {status}: {command.text}\n{printed}', end='')
            if command.printed is None or is_as_written(command.printed, printed):
                continue
            indent = re.match(' *', lines[command.line - 1])[0]
            start = command.line + command.text.count('\n')
            count = command.printed.count('\n')
            shown = re.sub(VARIES[-1][0], '', printed)
            lines[start:start + count] = [indent + row if row.strip() else row for row in shown.splitlines(keepends=True)]
            print(f'{document}:{command.line}: written: {command.text.splitlines()[0][:80]}')
    finally:
        shutil.rmtree(folder)
    path.write_text(''.join(lines), encoding='utf-8')


if __name__ == '__main__':
    for name in sys.argv[1:] or DOCUMENTS:
        write(name)
