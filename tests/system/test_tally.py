"""What CI counts (tests/tally.py), and that it runs what failed once more, alone (tests/twice.py)."""
import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TALLY = REPO / 'tests' / 'tally.py'
FAILED = '<failure message="no"/>'


def junit(path, **cases):
    path.parent.mkdir(exist_ok=True)
    rows = ''.join(f'<testcase classname="t" name="{name}">{inside}</testcase>' for name, inside in cases.items())
    path.write_text(f'<testsuites><testsuite>{rows}</testsuite></testsuites>')


def tally(folder, status=0):
    done = subprocess.run([sys.executable, TALLY, folder, str(status)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_failed_and_skipped_tests_are_no_passed_ones(tmp_path):
    junit(tmp_path / 'unit.xml', a='', b=FAILED, c='<skipped/>')
    junit(tmp_path / 'system.xml', a='', b='<error message="no"/>')
    assert tally(tmp_path, 1) == ['2 passed, 2 failed']


def test_a_stage_that_fails_without_a_test_counts(tmp_path):
    junit(tmp_path / 'unit.xml', a='')
    assert tally(tmp_path, 1) == ['1 passed, 1 failed']
    assert tally(tmp_path, 0) == ['1 passed, 0 failed']


def test_what_passes_the_second_time_is_named(tmp_path):
    junit(tmp_path / 'system.xml', a='', b=FAILED, c=FAILED, d=FAILED)
    junit(tmp_path / 'san.xml', b=FAILED)
    junit(tmp_path / 'again' / 'system.xml', b='', c=FAILED)
    assert tally(tmp_path, 1) == ['', '== flaky', 'system: t::b', '2 passed, 3 failed']


TESTS = """
from pathlib import Path

SAID = Path(__file__).with_name('said')


def runs_of(name):
    with SAID.open('a') as f:
        f.write(name)
    return SAID.read_text().count(name)


def test_good():
    assert runs_of('g')


def test_flaky():
    assert runs_of('f') > 1


def test_bad():
    assert runs_of('b') >= 3
"""


def run_twice(folder, ci):
    env = {**os.environ, 'CI': ci, 'PYTHONDONTWRITEBYTECODE': '1'}
    done = subprocess.run([sys.executable, REPO / 'tests' / 'twice.py', folder, 'some', '-q', folder / 'test_some.py'],
                          env=env, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, tally(folder, done.returncode)[-1]


def test_what_failed_is_run_once_more_and_nothing_else(tmp_path):
    (tmp_path / 'test_some.py').write_text(TESTS)
    said = tmp_path / 'said'
    assert run_twice(tmp_path, 'true') == (1, '2 passed, 1 failed')
    assert sorted(said.read_text()) == list('bbffg')
    assert run_twice(tmp_path, 'true') == (0, '3 passed, 0 failed')


def test_only_ci_runs_anything_twice(tmp_path):
    (tmp_path / 'test_some.py').write_text(TESTS)
    assert run_twice(tmp_path, '') == (1, '1 passed, 2 failed')
    assert not (tmp_path / 'again').exists()
