"""`flicketctl serve`: five processes, started and kept running by one."""
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from desk import (ADMIN_PASSWORD, BIN, FAULTS, SLACK, START_SECONDS, Desk, children_of, environment, free_port,
                  processes_with_data, wait_until)
from wire import Client, expect

PROGRAMS = {'flicket-gateway', 'flicket-user', 'flicket-ticket', 'flicket-post', 'flicket-lookup'}
AGAIN_WITHIN = 1.0
STOPPED_WITHIN = 5.0


def program_of(pid):
    try:
        return Path(os.readlink(f'/proc/{pid}/exe')).name
    except OSError:
        return None


class Served:
    """A running `flicketctl serve`."""

    def __init__(self, folder, **settings):
        self.folder, self.data, self.port = folder, folder / 'data', free_port()
        self.log = folder / 'serve.log'
        env = environment(FLICKET_DATA=self.data, FLICKET_LISTEN=f'127.0.0.1:{self.port}', FLICKET_BCRYPT_COST=4,
                          FLICKET_ADMIN_PASSWORD=ADMIN_PASSWORD, **settings)
        if os.geteuid() != 0:       # what processes_with_data() and program_of() look at is then root's only
            env['FLICKET_HARDEN'] = 'off'
        with open(self.log, 'ab') as f:
            self.popen = subprocess.Popen([BIN / 'flicketctl', 'serve'], env=env, stdin=subprocess.DEVNULL,
                                          stdout=f, stderr=f)

    def programs(self):
        """The running programs: name → process id."""
        return {program_of(pid): pid for pid in children_of(self.popen.pid) if program_of(pid) in PROGRAMS}

    def is_ready(self):
        assert self.popen.poll() is None, f'serve ended with {self.popen.returncode}:\n{self.text()}'
        with contextlib.suppress(Exception), Client(self.port, timeout=5) as c:
            return c.get('/readyz').status == 200
        return False

    def text(self):
        return self.log.read_text(errors='replace')

    def logs(self):
        return self.text()

    def everything(self):
        return processes_with_data(self.data)

    def clean_up(self):
        for pid in self.everything():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.popen.kill()
        self.popen.wait(10)


@pytest.fixture
def served(tmp_path):
    s = Served(tmp_path)
    try:
        wait_until(s.is_ready, START_SECONDS, 'serve is ready')
        yield s
        faults = [line for line in s.text().splitlines() if any(f in line for f in FAULTS)]
        assert not faults, s.text()
    except BaseException:
        print(s.text())
        raise
    finally:
        s.clean_up()


def test_it_runs_all_five_programs_in_the_foreground(served):
    assert set(served.programs()) == PROGRAMS
    with Client(served.port) as c:
        token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
        expect(c.get('user/1', token=token), 200)


@pytest.mark.parametrize('program', sorted(PROGRAMS))
def test_a_program_that_is_killed_runs_again_within_a_second_always(served, program):
    # More often than a supervisor that loses patience would stand.
    for _ in range(6):
        before = served.programs()
        os.kill(before[program], signal.SIGKILL)
        start = time.monotonic()
        wait_until(lambda: served.programs().get(program) not in (None, before[program]), 20, f'{program} again')
        assert time.monotonic() - start < AGAIN_WITHIN + SLACK
        others = {k: v for k, v in served.programs().items() if k != program}
        assert others == {k: v for k, v in before.items() if k != program}, 'others were restarted, too'
    wait_until(served.is_ready, 20, 'everything answers again')


def test_all_programs_killed_at_once_run_again(served):
    before = served.programs()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: set(served.programs()) == PROGRAMS
               and not set(served.programs().values()) & set(before.values()), AGAIN_WITHIN + SLACK, 'all again')
    wait_until(served.is_ready, 20, 'everything answers again')


@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
def test_a_program_that_ends_in_any_way_runs_again(served, how):
    before = served.programs()['flicket-lookup']
    os.kill(before, how)
    wait_until(lambda: served.programs().get('flicket-lookup') not in (None, before), AGAIN_WITHIN + SLACK + 1,
               'runs again')
    wait_until(served.is_ready, 20, 'everything answers again')
    if how == signal.SIGSEGV:
        served.log.write_text('')       # a sanitizer tells of the signal


@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_five_seconds(served, how):
    idle = Client(served.port)
    idle.get('/healthz')
    everything = served.everything()
    assert len(everything) >= 6
    served.popen.send_signal(how)
    start = time.monotonic()
    served.popen.wait(20)
    assert time.monotonic() - start < STOPPED_WITHIN + SLACK
    assert served.popen.returncode == 0, served.text()
    assert not served.everything()
    idle.close()


def test_a_stopped_program_does_not_keep_it_from_ending(served):
    os.kill(served.programs()['flicket-ticket'], signal.SIGSTOP)
    served.popen.terminate()
    start = time.monotonic()
    served.popen.wait(20)
    assert time.monotonic() - start < STOPPED_WITHIN + SLACK
    wait_until(lambda: not served.everything(), 1, 'nothing is left')


def test_programs_do_not_outlive_it(served):
    assert len(served.everything()) >= 6
    served.popen.kill()
    served.popen.wait(10)
    wait_until(lambda: not served.everything(), 5, 'no orphans')


def test_after_it_was_killed_it_starts_again_on_the_same_data(served, tmp_path):
    with Client(served.port) as c:
        token = expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token']
    served.popen.kill()
    served.popen.wait(10)
    wait_until(lambda: not served.everything(), 5, 'no orphans')
    again = Served(tmp_path)
    try:
        wait_until(again.is_ready, START_SECONDS, 'ready again')
        with Client(again.port, token) as c:
            expect(c.get('user/1'), 200)
    finally:
        again.clean_up()


def test_a_bad_setting_stops_it_before_anything_runs(tmp_path):
    s = Served(tmp_path, FLICKET_GATEWAY_THREADS='many')
    try:
        assert s.popen.wait(10) == 2
        assert 'FLICKET_GATEWAY_THREADS' in s.text()
        assert not s.everything()
    finally:
        s.clean_up()


def test_a_port_that_is_taken_is_told_with_the_setting(tmp_path):
    with contextlib.ExitStack() as stack:
        desk = Desk(tmp_path / 'one')
        stack.callback(desk.kill_everything)
        desk.start('gateway')
        process = desk.launch('other', 'flicket-gateway', FLICKET_LISTEN=f'127.0.0.1:{desk.port}')
        wait_until(lambda: not process.is_running(), 10, 'the second gateway gives up')
        process.ended_by_test = True
        assert process.popen.returncode != 0
        text = process.log.read_text()
        assert str(desk.port) in text and 'in use' in text, text
        desk.stop()
