"""Every file, function and test that the documents name in backquotes exists, and every link leads somewhere."""
import itertools
import re

import pytest

from desk import REPO, SERVICES

DOCUMENTS = sorted([REPO / 'README.md', REPO / 'proto' / 'README.md', *(REPO / 'docs').glob('*.md')])
FOLDERS = ('base', 'cmake', 'console', 'docker', 'docs', 'gateway', 'proto', 'script', 'services', 'tests', 'tools')
# Names that belong to the system or to libraries.
LIBRARIES = re.compile(r'sqlite3(?:_\w+|\.h)|read|writev|epoll_ctl')
PATH = re.compile(rf'(?:{"|".join(FOLDERS)})/[\w./*-]*|[\w/-]+\.(?:[ch]|py|tbl|md)')


def words_of(document):
    """A document without its blocks of code."""
    return re.sub(r'^ *```.*?^ *```', '', document.read_text(encoding='utf-8'), flags=re.M | re.S)


@pytest.fixture(scope='module')
def names():
    """The files of the tree, relative to its root."""
    below = [path for folder in FOLDERS for path in (REPO / folder).rglob('*')]
    return [path.relative_to(REPO).as_posix() for path in [*below, *REPO.glob('*')] if path.is_file()]


@pytest.fixture(scope='module')
def sources(names):
    return '\n'.join((REPO / name).read_text(encoding='utf-8') for name in names
                     if re.search(r'\.(?:[ch]|py|tbl|sql)$', name))


def exists(path, names):
    """Whether a path is a file or folder, or the end of one's path; NAME and * stand for any name."""
    pattern = re.escape(path.rstrip('/')).replace(r'\*', '[^/]*').replace('NAME', '[^/]*')
    return any(re.fullmatch(rf'(?:.*/)?{pattern}(?:/.*)?', name) for name in names)


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda d: d.relative_to(REPO).as_posix())
def test_what_a_document_names_exists(document, names, sources):
    quoted = {q for q in re.findall(r'`([^`\n]+)`', words_of(document)) if not LIBRARIES.fullmatch(q.strip('()'))}
    missing = [q for q in quoted if PATH.fullmatch(q) and not exists(q, names)]
    missing += [q for q in quoted if re.fullmatch(r'\w+\(\)', q) and not re.search(rf'\b{q[:-2]}\(', sources)]
    missing += [q for q in quoted if re.fullmatch(r'test_\w+', q)
                and not re.search(rf'\bdef {q}\(', sources) and not exists(f'{q}.py', names)]
    assert sorted(missing) == []


def tables(document):
    """The tables of a document: the number of the first line, and the lines."""
    text = re.sub(r'^ *```.*?^ *```', lambda m: '\n' * m[0].count('\n'), document.read_text(encoding='utf-8'), flags=re.M | re.S)
    lines = [line.strip() for line in text.splitlines()]
    starts = [i for i, line in enumerate(lines) if line.startswith('|') and (i == 0 or not lines[i - 1].startswith('|'))]
    return [(i + 1, list(itertools.takewhile(lambda line: line.startswith('|'), lines[i:]))) for i in starts]


def cells(row):
    return len(re.findall(r'(?<!\\)\|', row)) - 1


def broken(rows):
    """Whether these lines are no table for a reader of Markdown: an empty line in it makes two of one."""
    return len(rows) < 3 or not re.fullmatch(r'\|(?: ?:?-+:? ?\|)+', rows[1]) or len({cells(row) for row in rows}) > 1


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda d: d.relative_to(REPO).as_posix())
def test_tables_are_whole(document):
    assert [line for line, rows in tables(document) if broken(rows)] == []


def test_a_broken_table_is_found_out():
    assert not broken(['| a | b |', '| --- | ---: |', '| `x\\|y` | |'])
    for rows in (['| a | b |', '| --- | --- |'], ['| c | d |', '| e | f |', '| g | h |'], ['| a | b |', '| --- | --- |', '| c |']):
        assert broken(rows), rows


def test_the_picture_shows_the_services():
    shown = re.findall(r'>([^<>]+)</text>', (REPO / 'docs' / 'desk.svg').read_text(encoding='utf-8'))
    assert {*SERVICES, 'gateway', 'clients'} <= set(shown) and shown.count('SQLite') == len(SERVICES)


@pytest.mark.parametrize('document', DOCUMENTS, ids=lambda d: d.relative_to(REPO).as_posix())
def test_the_links_of_a_document_lead_somewhere(document):
    for link in re.findall(r'\]\(([^)\s]+)\)', words_of(document)):
        if re.match(r'https?:|mailto:', link):
            continue
        path, _, anchor = link.partition('#')
        target = document.parent / path if path else document
        assert target.exists(), link
        headings = re.findall(r'^#+ (.*)', target.read_text(encoding='utf-8'), re.M) if anchor else []
        assert not anchor or anchor in {re.sub(r'[^\w -]', '', h.lower()).replace(' ', '-') for h in headings}, link
