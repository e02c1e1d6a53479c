"""What a worker of pytest leaves running when it is killed, and who ends that.

Where a run ends early (pytest -x, Ctrl-C), pytest-xdist interrupts the workers whose tests are under way and kills them
some seconds later. Their fixtures may need longer than that to end several desks on a slow machine.
"""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_SECONDS = 10


def watch():
    """Make this process, and what it starts from here on, a session that is ended when the process dies before all_is_well()
    is called with what this returns."""
    os.setsid()
    return subprocess.Popen([sys.executable, __file__, str(os.getpid())], stdin=subprocess.PIPE, start_new_session=True)


def all_is_well(watcher):
    watcher.communicate(b'.')


def members_of(session):
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, _, its_session, *_ = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(its_session) == session and state != 'Z':
            found.append(int(stat.parent.name))
    return found


def end(session, number):
    for pid in members_of(session):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def main(session):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read():
        return
    end(session, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while members_of(session) and time.monotonic() < deadline:
        time.sleep(0.1)
    end(session, signal.SIGKILL)


if __name__ == '__main__':
    main(int(sys.argv[1]))
