"""The library between a program and its clock (tests/clock) bends the wall clock, and nothing else."""
import os
import struct
import subprocess

import pytest

from clocks import HOUR, LIBRARY, needs_library

pytestmark = needs_library

# Its threads hand over the interpreter, whose lock they wait for by the monotonic clock.
THREADS = '''
import threading, time
def work():
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
began, at = time.monotonic(), time.time()
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
threading.Event().wait(0.2)
print(time.monotonic() - began >= 0.5, at)
'''


@pytest.mark.parametrize('ahead', [0, HOUR, -HOUR])
def test_waits_by_the_monotonic_clock_are_left_alone(tmp_path, ahead):
    (tmp_path / 'clock').write_bytes(struct.pack('q', ahead * 1000000))
    at = float(subprocess.run(['date', '+%s'], capture_output=True, text=True, check=True).stdout)
    done = subprocess.run(['/usr/bin/python3', '-c', THREADS], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, 'LD_PRELOAD': str(LIBRARY), 'BENT_CLOCK': str(tmp_path / 'clock')})
    waited, bent = done.stdout.split()
    assert waited == 'True' and abs(float(bent) - at - ahead) < 30
