"""Run pytest; with CI=true run what failed once more, alone: `twice.py RESULTS NAME ARGUMENTS…`.

A busy machine may fail a test that is right. So each test that failed gets a second chance after the others are done;
tests/tally.py names those that needed it. Writes RESULTS/NAME.xml and RESULTS/again/NAME.xml, and exits as the
last run did.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS_FAILED = 1        # pytest's exit status; others mean that it could not run


def pytest(junit, cache, *arguments):
    command = [sys.executable, '-m', 'pytest', *arguments, '-o', f'cache_dir={cache}', f'--junitxml={junit}']
    return subprocess.run(command, check=False).returncode


def main(results, name, *arguments):
    with tempfile.TemporaryDirectory() as cache:
        status = pytest(Path(results) / f'{name}.xml', cache, *arguments)
        if status != TESTS_FAILED or os.environ.get('CI') != 'true':
            return status
        print(f'\n== {name}: what failed, once more, alone', flush=True)
        return pytest(Path(results) / 'again' / f'{name}.xml', cache, *arguments, '-n', '0', '--last-failed')


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
