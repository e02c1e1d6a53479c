"""What a worker of pytest has started does not outlive it (leavings.py)."""
import subprocess
import sys
from pathlib import Path

import pytest

from desk import wait_until

WORKER = """
import subprocess, sys, time
import leavings
watcher = leavings.watch()
child = subprocess.Popen(['sleep', '600'], process_group=0)
print(child.pid, flush=True)
if sys.stdin.read() == 'well':
    leavings.all_is_well(watcher)
    child.kill()
    print(child.wait(), flush=True)
"""


@pytest.fixture
def worker():
    with subprocess.Popen([sys.executable, '-c', WORKER], cwd=Path(__file__).parent, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_what_a_worker_started_ends_with_it(worker):
    child = Path('/proc') / worker.stdout.readline().strip()
    assert child.exists()
    worker.kill()
    wait_until(lambda: not child.exists(), 30, 'what it started ends')


def test_a_worker_that_ends_by_itself_is_left_alone(worker):
    worker.stdout.readline()
    said, _ = worker.communicate('well')
    assert (worker.returncode, said) == (0, '-9\n'), 'by itself, and by nobody else'
