"""The table of faults: tests/mutants/*.txt, read and checked.

A row is

    fault NAME: what is wrong then, in a sentence
    seen by: unit_test, test_system.py::test_name
    in gateway/bus.c
    -text before
    +text after

The lines after `in` are an edit: what the lines with - say, joined, stands in that file exactly once, and the lines
with + take its place. The first and the last of them may be parts of lines. A row may have several edits, each with
its own - and + lines, and `in` where the file is another. `seen by` names unit tests as ctest does and system tests
as pytest does, without their folder; without it only the unit tests of the part are run. Lines that begin with # and
empty lines are for readers.
"""
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

NAME = re.compile(r'[a-z0-9]+(-[a-z0-9]+)*')


@dataclass
class Edit:
    """One change of one file."""
    file: str
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)

    def apply(self, text):
        """The text with the fault. ValueError where it does not stand there exactly once."""
        before = '\n'.join(self.before)
        count = text.count(before) if before else 0
        if count != 1:
            raise ValueError(f'the text before is {count} times in {self.file}, not once')
        return text.replace(before, '\n'.join(self.after))


@dataclass
class Fault:
    """A row of the table. `where` is for messages: FILE:LINE."""
    name: str
    what: str
    where: str
    tests: list = field(default_factory=list)
    edits: list = field(default_factory=list)

    @property
    def units(self):
        return [t for t in self.tests if '.py' not in t]

    @property
    def systems(self):
        return [t for t in self.tests if '.py' in t]

    @property
    def file(self):
        return self.edits[0].file

    @property
    def folder(self):
        return folder_of(self.file)

    def digest(self):
        """Another one when the fault is another one; the text may move to another file."""
        said = '\0'.join('\n'.join([*e.before, '', *e.after]) for e in self.edits)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def apply(self, read):
        """What the files are with the fault: {path: text}. `read(path)` is what they are without."""
        texts = {}
        for edit in self.edits:
            texts[edit.file] = edit.apply(texts[edit.file] if edit.file in texts else read(edit.file))
        return texts


def folder_of(path):
    """The part of the product that a file belongs to: gateway, services/user, …"""
    parts = Path(path).parts
    return '/'.join(parts[:2] if parts[0] in ('services', 'tools') else parts[:1])


class Reader:
    """The rows of one file, line by line."""

    def __init__(self, name):
        self.name = name
        self.line = 0
        self.faults = []
        self.file = None        # that the next edit is in

    def fail(self, what):
        raise ValueError(f'{self.name}:{self.line}: {what}')

    def begin(self, rest):
        name, colon, what = rest.partition(':')
        if not NAME.fullmatch(name) or not colon or not what.strip():
            self.fail('a row begins with fault NAME: what is wrong then')
        self.faults.append(Fault(name, what.strip(), f'{self.name}:{self.line}'))
        self.file = None

    def edit(self, sign, text):
        edits = self.faults[-1].edits
        if self.file is None:
            self.fail('an edit comes after in FILE')
        if not edits or edits[-1].file != self.file or sign == '-' and edits[-1].after:
            edits.append(Edit(self.file))
        (edits[-1].before if sign == '-' else edits[-1].after).append(text)

    def take(self, line):
        self.line += 1
        if not line.strip() or line.startswith('#'):
            return
        if line.startswith('fault '):
            self.begin(line[len('fault '):])
        elif not self.faults:
            self.fail('a row begins with fault NAME: what is wrong then')
        elif line[0] in '-+':
            self.edit(line[0], line[1:])
        elif line.startswith('seen by:'):
            self.faults[-1].tests += [t.strip() for t in line[len('seen by:'):].split(',') if t.strip()]
        elif line.startswith('in '):
            self.file = line[len('in '):].strip()
        else:
            self.fail(f'what is this: {line}')


def parse(name, text):
    """The rows of a file of the table. ValueError says where it does not read."""
    reader = Reader(name)
    for line in text.splitlines():
        reader.take(line)
    for fault in reader.faults:
        if not fault.edits:
            raise ValueError(f'{fault.where}: {fault.name} has no edit')
    return reader.faults


def read_table(folder):
    return [f for path in sorted(Path(folder).glob('*.txt')) for f in parse(path.name, path.read_text())]


def unit_tests(repo):
    """Their names, as ctest has them."""
    return set(re.findall(r'^add_unit_test\((\w+)', (repo / 'tests' / 'unit' / 'CMakeLists.txt').read_text(), re.M))


def wrong_test(repo, test):
    """What is wrong with the name of a system test, or None."""
    name, _, function = test.partition('::')
    path = repo / 'tests' / 'system' / name
    if not path.exists():
        return f'there is no tests/system/{name}'
    function = function.partition('[')[0].rpartition('::')[2]
    if function and not re.search(rf'^\s*def {function}\(', path.read_text(), re.M):
        return f'{name} has no {function}'
    return None


def wrong_row(repo, units, fault):
    """What is wrong with one row: a list of sentences."""
    wrong = [f'there is no unit test {t}' for t in fault.units if t not in units]
    wrong += [w for w in (wrong_test(repo, t) for t in fault.systems) if w]
    for edit in fault.edits:
        if edit.before == edit.after:
            wrong.append(f'an edit of {edit.file} changes nothing')
    try:
        fault.apply(lambda path: (repo / path).read_text())
    except (OSError, ValueError) as e:
        wrong.append(str(e))
    return wrong


def check(repo, faults):
    """What is wrong with the table as the tree is: a list of lines."""
    units = unit_tests(repo)
    names = set()
    lines = []
    for fault in faults:
        if fault.name in names:
            lines.append(f'{fault.where}: {fault.name} is there twice')
        names.add(fault.name)
        lines += [f'{fault.where}: {fault.name}: {w}' for w in wrong_row(repo, units, fault)]
    return lines
