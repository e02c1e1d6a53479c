"""Sum up the JUnit files of a test run: `tally.py FOLDER STATUS`.

FOLDER has a file for each stage; FOLDER/again those of failed tests that were run once more, alone. A test that
passes then counts as passed and is listed under «flaky». STATUS is that of the stages: where one failed without a
failed test, that counts as one. The last line is `N passed, N failed`.
"""
import sys
import xml.etree.ElementTree as tree
from pathlib import Path


def read(path):
    """{test: has it passed}, without those that were not run. A test whose teardown fails as well has two cases."""
    cases = {}
    for case in tree.parse(path).iter('testcase'):
        if case.find('skipped') is not None or case.get('status') in ('notrun', 'disabled'):
            continue
        name = f'{case.get("classname", "")}::{case.get("name", "")}'
        passed = case.find('failure') is None and case.find('error') is None
        cases[name] = cases.get(name, True) and passed
    return cases


def tally(folder):
    """How many passed, how many failed, and the names of those that passed the second time only."""
    passed = failed = 0
    flaky = []
    for path in sorted(folder.glob('*.xml')):
        cases = read(path)
        again = folder / 'again' / path.name
        second = read(again) if again.exists() else {}
        mended = [name for name, good in cases.items() if not good and second.get(name)]
        good = sum(cases.values()) + len(mended)
        passed, failed = passed + good, failed + len(cases) - good
        flaky += [f'{path.stem}: {name}' for name in mended]
    return passed, failed, flaky


def main(folder, status):
    passed, failed, flaky = tally(Path(folder))
    if status != '0' and not failed:
        failed = 1
    if flaky:
        print('\n== flaky', *flaky, sep='\n')
    print(f'{passed} passed, {failed} failed')


if __name__ == '__main__':
    main(*sys.argv[1:])
