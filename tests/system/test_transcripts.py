"""The commands in README and docs do what is written there (transcripts.py)."""
import re

import pytest

import transcripts
from desk import REPO, run_program
from transcripts import DOCUMENTS, commands_of, is_as_written, lookup, play


@pytest.mark.parametrize('document', [d for d in DOCUMENTS if commands_of(d)])
def test_commands_print_what_is_written(document, tmp_path):
    wrong = []
    for command, printed, status in play(document, tmp_path):
        if command.printed is None and status != 0:
            wrong.append(f'{document}:{command.line}: status {status}: {command.text}\n{printed}')
        elif command.printed is not None and not is_as_written(command.printed, printed):
            wrong.append(f'{document}:{command.line}: {command.text}\n--- written\n{command.printed}--- printed\n{printed}')
    assert not wrong, '\n\n'.join(wrong)


@pytest.mark.parametrize('table', ['NOT_RUN', 'BEFORE'])
def test_what_is_said_of_commands_is_of_one_there_is(table):
    for document, rows in getattr(transcripts, table).items():
        met = {lookup(getattr(transcripts, table), document, command)[0] for command in commands_of(document)}
        assert all((REPO / 'tests' / 'system' / name).exists() for name in re.findall(r'test_\w+\.py', str(rows)))
        assert set(rows) <= met, f'{table}: {document}: {set(rows) - met}'


# Tables between <!-- NAME --> and <!-- /NAME -->: the arguments of flicketctl that print one, or what compares it.
PRINTED = {'settings': ['settings', '--markdown'], 'metrics': ['metrics', '--markdown'],
           'permissions': ['permissions', '--markdown']}
COMPARED = {'matrix': 'tests/system/test_matrix.py', 'memory': 'tests/system/test_overload.py',
            'compose': 'tests/system/test_containers_files.py', 'layers': 'tests/layers/layers.py',
            'sqlite': 'tests/layers/layers.py', 'libpq': 'tests/layers/layers.py', 'codes': 'tests/system/test_problem.py'}
# Written by a program after hours of measuring: the figures are those of that run.
MEASURED = {'faults': 'tests/faults/faults.py', 'fuzz': 'tests/fuzz/fuzz.py', 'mutants': 'tests/mutants/mutants.py'}


def marked():
    """Every table with marks: its name, document and text."""
    found = []
    for document in DOCUMENTS:
        text = (REPO / document).read_text(encoding='utf-8')
        begun, ended = re.findall(r'^<!-- (\w+) -->$', text, re.M), re.findall(r'^<!-- /(\w+) -->$', text, re.M)
        assert begun == ended, document
        found += [(name, document, text.partition(f'<!-- {name} -->\n')[2].partition(f'<!-- /{name} -->')[0]) for name in begun]
    return found


def test_tables_are_what_the_commands_print():
    found = {name: (document, text) for name, document, text in marked()}
    assert set(found) == {*PRINTED, *COMPARED, *MEASURED}
    for name, arguments in PRINTED.items():
        document, text = found[name]
        assert text == run_program('flicketctl', *arguments).stdout, f'{document}: {name}'
    for name, path in {**COMPARED, **MEASURED}.items():
        assert f'<!-- {name} -->' in (REPO / path).read_text(encoding='utf-8') or f"'{name}'" in (
            REPO / path).read_text(encoding='utf-8'), f'{path} does not know the table {name}'


@pytest.mark.parametrize('written, printed, alike', [
    ('a\n', 'a\n', True), ('a\n', 'b\n', False), ('a\n', 'a\nb\n', False), ('', '', True), ('', 'a\n', False),
    ('a\n…\n', 'a\nb\nc\n', True), ('a\n…\n', 'b\n', False), ('…c\n', 'abc\n', True), ('a…\n', 'ab\nc\n', False),
    ('Date: Mon, 23 Nov 2026 21:11:13 GMT\n', 'Date: Tue, 01 Dec 2026 01:02:03 GMT\n', True),
    ('Date: Mon, 23 Nov 2026 21:11:13 GMT\n', 'Date: today\n', False),
    ('a\n', 'ETag: "1"\na\n', True),
    ('{"token":"SJ8hDi6Msp10gAkbisS0zpaSMBRfFbwE"}\n', '{"token":"8GPyoc3DOJpB5xSpuG4Goybz+Lwap84m"}\n', True),
    ('{"token":"SJ8hDi6Msp10gAkbisS0zpaSMBRfFbwE"}\n', '{"token":""}\n', False)])
def test_what_differs_is_found_out(written, printed, alike):
    assert is_as_written(written, printed) == alike
