"""script/layers: what it lets pass, and what it finds."""
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
LAYERS = REPO / 'tests' / 'layers' / 'layers.py'
DOCUMENT = """
<!-- layers -->
| folder | holds | may include |
| --- | --- | --- |
| `low/` | what all use | |
| `high/` | what uses it | `low/` |
| `high/one.c` | the only one that does | `low/` `side/side.h` |
| `side/` | what one file uses | |
<!-- /layers -->
<!-- sqlite -->
| who | why |
| --- | --- |
| `side/side.c` | it is the only one |
<!-- /sqlite -->
"""
FILES = {
    'docs/architecture.md': DOCUMENT,
    'tests/layers/circles.txt': '# none\n',
    'low/low.h': 'int low(void);\n',
    'low/low.c': '#include "low/low.h"\nint low(void) { return 1; }\n',
    'side/side.h': 'int side(void);\n',
    'side/side.c': '#include <sqlite3.h>\n#include "side/side.h"\nint side(void) { return 2; }\n',
    'high/one.c': '#include "low/low.h"\n#include "side/side.h"\nint one(void) { return low() + side(); }\n',
    'high/two.c': '#include "low/low.h"\nint two(void) { return low(); }\n',
}


@pytest.fixture
def check(tmp_path):
    """Puts files into a tree that is in order; the exit status and the lines that are told of it."""
    def run(**changes):
        files = {**FILES, **{k.replace('__', '/').replace('_dot_', '.'): v for k, v in changes.items()}}
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        for name in (n for n in files if n.endswith('.c')):
            out = tmp_path / 'build' / 'CMakeFiles' / 'all.dir' / f'{name}.o'
            out.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(['cc', '-w', '-I', tmp_path, '-I', tmp_path / 'low', '-c', '-o', out, tmp_path / name],
                           check=True)
        subprocess.run(['git', 'init', '-q', tmp_path], check=True)
        done = subprocess.run([sys.executable, LAYERS, '--root', tmp_path, '--build', tmp_path / 'build'],
                              capture_output=True, text=True, check=False)
        assert done.stderr == ''
        return done.returncode, done.stdout.splitlines()
    return run


def test_a_tree_in_order_passes(check):
    status, told = check()
    assert status == 0 and len(told) == 1, told


def test_an_include_of_a_higher_floor_is_found(check):
    assert check(low__low_dot_h='#include "side/side.h"\nint low(void);\n') == (
        1, ['low/low.h:1: side/side.h is not for low/'])


def test_what_one_file_may_is_not_for_the_others_of_its_folder(check):
    status, told = check(high__two_dot_c='#include "side/side.h"\nint two(void) { return side(); }\n')
    assert (status, told) == (1, ['high/two.c:1: side/side.h is not for high/'])


def test_includes_are_written_from_the_root(check):
    status, told = check(low__low_dot_c='#include "low.h"\nint low(void) { return 1; }\n')
    assert (status, told) == (1, ['low/low.c:1: low.h is not written from the root of the tree'])


def test_a_file_that_is_named_and_not_included_is_found(check):
    assert check(high__one_dot_c='int one(void) { return 1; }\n') == (
        1, ['docs/architecture.md: nothing in high/one.c includes side/side.h'])


def test_a_folder_without_a_row_is_found(check):
    assert check(attic__old_dot_c='int old(void) { return 1; }\n') == (
        1, ['attic/old.c: docs/architecture.md has no row for it'])


def test_who_includes_sqlite_is_in_a_table(check):
    assert check(low__low_dot_h='#include <sqlite3.h>\nint low(void);\n') == (
        1, ['low/low.h: docs/architecture.md does not say why it includes <sqlite3.h>'])


def test_who_includes_libpq_is_in_a_table(check):
    assert check(low__other_dot_h='#include <libpq-fe.h>\n') == (
        1, ['low/other.h: docs/architecture.md does not say why it includes <libpq-fe.h>'])


def test_a_row_of_sqlite_that_says_nothing_is_found(check):
    assert check(side__side_dot_c='#include "side/side.h"\nint side(void) { return 2; }\n') == (
        1, ['docs/architecture.md: side/side.c does not include <sqlite3.h>'])


CIRCLE = {'low__low_dot_c': 'int more(void);\nint low(void) { return more(); }\n',
          'low__more_dot_c': 'int low(void);\nint more(void) { return low(); }\n'}


def test_a_circle_is_found(check):
    status, told = check(**CIRCLE)
    assert status == 1
    assert told[0] == 'a circle that tests/layers/circles.txt does not have: low/low.c low/more.c'


def test_a_circle_that_is_known_passes_until_it_is_open(check):
    known = {'tests__layers__circles_dot_txt': 'low/low.c low/more.c\n'}
    assert check(**CIRCLE, **known)[0] == 0
    status, told = check(**known, low__more_dot_c='int more(void) { return 1; }\n')
    assert (status, told) == (1, ['tests/layers/circles.txt: there is no such circle: low/low.c low/more.c'])
