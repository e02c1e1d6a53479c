"""The table of small faults (tests/mutants/*.txt): that each still applies, and how rows are read and results counted."""
import sys

import pytest

from desk import REPO

MUTANTS = REPO / 'tests' / 'mutants'
sys.path.insert(0, str(MUTANTS))

import copy_of  # noqa: E402  the path comes first
import mutants  # noqa: E402
import table    # noqa: E402

LEAST = 120
PARTS = {'gateway', 'proto', 'services/user', 'services/ticket', 'services/post', 'services/lookup',
         'tools/flicketctl'}
ROW = """
# for readers
fault off-by-one: one too many
seen by: op, test_http.py::test_http_1_0_is_answered_and_closed
in gateway/a.c
-	if (a < b)
+	if (a <= b)
"""


def test_each_row_still_applies():
    faults = table.read_table(MUTANTS)
    assert table.check(REPO, faults) == []
    assert len(faults) >= LEAST
    assert PARTS <= {f.folder for f in faults}


def test_a_row_is_read():
    fault, = table.parse('some.txt', ROW)
    assert (fault.name, fault.what, fault.where) == ('off-by-one', 'one too many', 'some.txt:3')
    assert fault.units == ['op']
    assert fault.systems == ['test_http.py::test_http_1_0_is_answered_and_closed']
    assert fault.apply(lambda path: f'{path}\n\tif (a < b)\n') == {'gateway/a.c': 'gateway/a.c\n\tif (a <= b)\n'}


def test_a_row_may_have_several_edits():
    fault, = table.parse('some.txt', 'fault two: edits\nin a.c\n-one\n-two\n+2\n-three\nin b.c\n-four\n+4\n')
    texts = {'a.c': 'one\ntwo three', 'b.c': 'four'}
    assert fault.apply(texts.get) == {'a.c': '2 ', 'b.c': '4'}
    assert fault.tests == []


@pytest.mark.parametrize('text', ['', 'if (a < b)', '\tif (a < b)\n\tif (a < b)\n'])
def test_what_is_not_there_exactly_once_does_not_apply(text):
    fault, = table.parse('some.txt', ROW)
    with pytest.raises(ValueError, match='times in gateway/a.c, not once'):
        fault.apply(lambda path: text)


@pytest.mark.parametrize('text', [
    '-before\n', 'fault no name\n', 'fault Capital: letters\n', 'fault a:\n', 'fault a: b\n-before\n', 'fault a: b\n',
    'fault a: b\nnothing known\n'])
def test_what_is_no_row_is_refused(text):
    with pytest.raises(ValueError, match=r'some\.txt:\d'):
        table.parse('some.txt', text)


def test_mistakes_of_a_row_are_named(tmp_path):
    for name, text in {'gateway/a.c': '\tif (a < b)\n', 'tests/unit/CMakeLists.txt': 'add_unit_test(op LIBS x)\n',
                       'tests/system/test_http.py': 'def test_other():\n    pass\n'}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    row = ROW.replace('seen by:', 'seen by: opp, test_htp.py,')
    same = 'fault off-by-one: again\nin gateway/a.c\n-if\n+if\n'
    wrong = table.check(tmp_path, [*table.parse('a.txt', row), *table.parse('b.txt', same)])
    assert [w.partition(': ')[2] for w in wrong] == [
        'off-by-one: there is no unit test opp', 'off-by-one: there is no tests/system/test_htp.py',
        'off-by-one: test_http.py has no test_http_1_0_is_answered_and_closed', 'off-by-one is there twice',
        'off-by-one: an edit of gateway/a.c changes nothing']


@pytest.mark.parametrize('said, failed', [
    ('test_a.py::test_one PASSED [ 50%]\ntest_a.py::test_two[a b] FAILED [100%]\n'
     'FAILED tests/system/test_a.py::test_two[a b] - assert 1 == 2\n', ['test_a.py::test_two[a b]']),
    ('[gw0] [ 50%] FAILED test_a.py::test_two\nFAILED test_a.py::test_two\n', ['test_a.py::test_two']),
    ('ERROR test_a.py - SyntaxError: invalid syntax\n', ['test_a.py']),
    ('tests/system/test_a.py::test_two FAILED [100%]\nTraceback (most recent call last):\n', ['test_a.py::test_two']),
    ('test_a.py::test_one PASSED [100%]\n', [])], ids=['one', 'in parallel', 'no test', 'no summary', 'none'])
def test_what_failed_is_read(said, failed):
    assert copy_of.failed_in(said) == failed


def test_a_result_is_of_a_row_as_it_is():
    fault, = table.parse('some.txt', ROW)
    moved, = table.parse('other.txt', ROW.replace('gateway/a.c', 'gateway/http/b.c').replace('seen by: op', 'seen by: args'))
    changed, = table.parse('some.txt', ROW.replace('<=', '!='))
    assert fault.digest() == moved.digest() != changed.digest()


def result(state, kind='unit'):
    return {'state': state, 'kind': kind, 'by': 'op', 'seconds': 1, 'date': '2026-11-29'}


def test_results_are_summed_up_by_folder():
    faults = [f for folder in ('gateway', 'services/user') for n in '1234' for f in table.parse(
        'some.txt', f'fault {folder.replace("/", "-")}-{n}: wrong\nin {folder}/a.c\n-a\n+b\n')]
    results = {'gateway-1': result('seen'), 'gateway-2': result('seen', 'system'), 'gateway-3': result('survived'),
               'services-user-1': result('seen'), 'services-user-2': result('error')}
    rows = mutants.summary(faults, results)
    assert rows == {
        'gateway': {'faults': 3, 'unit': 1, 'system': 1, 'survived': ['gateway-3'], 'error': []},
        'services/user': {'faults': 2, 'unit': 1, 'system': 0, 'survived': [], 'error': ['services-user-2']}}
    everything = mutants.total(rows)
    assert everything['faults'] == 5
    assert mutants.rate(everything) == 0.75
    text = mutants.filled(f'a\n{mutants.MARKS[0]}\nbefore\n{mutants.MARKS[1]}\nb', rows, results)
    assert '| gateway | 3 | 1 | 1 | gateway-3 |\n' in text
    assert '75% seen' in text
    assert 'before' not in text


class Failing:
    """A copy of the tree that has no build: tests fail as they are told."""

    def __init__(self, *failing):
        self.failing = list(failing)     # what fails, in turn; None: nothing

    def ctest(self, *_):
        return self.failing.pop(0)


class Passing:
    """Everything passes without the fault, but what is named."""

    def __init__(self, *failing):
        self.failing = failing

    def passes(self, runner):
        return runner.name not in self.failing


@pytest.mark.parametrize('copy, base, seen', [
    (Failing('op', 'op'), Passing(), 'op'),
    (Failing(None), Passing(), None),
    (Failing('op', None, None), Passing(), None),             # by chance
    (Failing('op', 'op', None), Passing('op'), None),         # fails anyhow
    (Failing('op', None, 'args', 'args'), Passing(), 'args'),
    (Failing('op (hangs)'), Passing(), 'op (hangs)'),
])
def test_a_test_that_fails_by_chance_or_anyhow_sees_nothing(copy, base, seen):
    found = mutants.see_unit(copy, base, ['op', 'args'])
    assert (found.name if found else None) == seen
