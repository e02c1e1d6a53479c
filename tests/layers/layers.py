#!/usr/bin/python3
"""Check the floors of the house: what the sources of a folder include, and which files use each other in circles.

Who may include what is the table «Who may use what» of docs/architecture.md: a row is for a folder or a file, and the
longest one that fits a source counts. A folder may include its own headers and what its row names; a single file that
is named there must be included.

Who may include <sqlite3.h> and <libpq-fe.h> are the tables after it: a row is for a folder or a file, and says why.

Circles are looked for in the objects of a build: files that need symbols of each other, directly or by way of others,
cannot be read or tested one by one. tests/layers/circles.txt names those that
there are; one that is not there, or that has become smaller, is an error.
"""
import argparse
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TABLE = 'docs/architecture.md'
CIRCLES = 'tests/layers/circles.txt'
SOURCES = re.compile(r'(?!tests/|tools/bench/).*\.(c|h|tbl)$')
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
LIBRARIES = {'sqlite': '<sqlite3.h>', 'libpq': '<libpq-fe.h>'}    # the part of the document, and the header
ROW = re.compile(r'^\| (`[^|]*) \|[^|]*\|([^|]*)\|$', re.M)
CODE = re.compile(r'`([^`]+)`')
DEFINED = 'TDBRCVWu'            # types of nm(1): what an object has
LIBRARY = 'h2o_'                # functions of a library that one of ours takes the place of: no file needs that one


def part_of(root, name):
    """A part of the document that two comments begin and end."""
    text = (root / TABLE).read_text(encoding='utf-8')
    return text.partition(f'<!-- {name} -->')[2].partition(f'<!-- /{name} -->')[0]


def read_table(root):
    """{folder or file: what its sources may include, beside what is in their own folder}"""
    part = part_of(root, 'layers')
    table = {}
    for names, may in ROW.findall(part):
        for name in CODE.findall(names):
            if name in table:
                raise SystemExit(f'{TABLE}: two rows for {name}')
            table[name] = CODE.findall(may)
    if not table:
        raise SystemExit(f'{TABLE} has no table between <!-- layers --> and <!-- /layers -->')
    return table


def tracked(root):
    done = subprocess.run(['git', '-C', root, 'ls-files', '--cached', '--others', '--exclude-standard'],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [f for f in done.stdout.splitlines() if SOURCES.match(f) and (root / f).exists()]


def row_of(table, source):
    fitting = [n for n in table if source == n or (n.endswith('/') and source.startswith(n))]
    return max(fitting, key=len, default=None)


def folder_of(path):
    return path.rpartition('/')[0] + '/'


def wrong_includes(root):
    """What is wrong, a line each."""
    table, wrong, used = read_table(root), [], set()
    files = tracked(root)
    for name in table:
        if not any(f == name or f.startswith(name) for f in files):
            wrong.append(f'{TABLE}: there is no {name}')
    for source in files:
        row = row_of(table, source)
        if row is None:
            wrong.append(f'{source}: {TABLE} has no row for it')
            continue
        for line, text in enumerate((root / source).read_text(encoding='utf-8').splitlines(), 1):
            found = INCLUDE.match(text)
            if not found:
                continue
            header = found[1]
            if not (root / header).exists():
                wrong.append(f'{source}:{line}: {header} is not written from the root of the tree')
            elif folder_of(header) != folder_of(source):
                rule = next((m for m in table[row] if header == m or (m.endswith('/') and header.startswith(m))), None)
                used.add((row, rule))
                if rule is None:
                    wrong.append(f'{source}:{line}: {header} is not for {row}')
    return wrong + [f'{TABLE}: nothing in {row} includes {may}'
                    for row, rules in table.items() for may in rules if not may.endswith('/') and (row, may) not in used]


def wrong_library(root, part, header):
    """What is wrong with who includes the header of a library, a line each."""
    rows = re.findall(r'^\| `([^`]+)` \|', part_of(root, part), re.M)
    include = re.compile(rf'^\s*#\s*include\s*{re.escape(header)}', re.M)
    wrong, used = [], set()
    for source in tracked(root):
        if include.search((root / source).read_text(encoding='utf-8')):
            row = row_of(rows, source)
            used.add(row)
            if row is None:
                wrong.append(f'{source}: {TABLE} does not say why it includes {header}')
    return wrong + [f'{TABLE}: {row} does not include {header}' for row in rows if row not in used]


def symbols(root, build):
    """({symbol: source that defines it}, {source: symbols that it needs}) of the objects of programs and libraries."""
    defines, needs = {}, defaultdict(set)
    objects = [str(p) for p in (build / 'CMakeFiles').rglob('*.c.o')]
    if not objects:
        raise SystemExit(f'{build} has no objects: build first')
    done = subprocess.run(['nm', '-A', '-P', *objects], stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        path, _, rest = line.partition(': ')
        source = re.sub(r'^.*?\.dir/', '', path)[:-len('.o')]
        name, kind = rest.split()[:2]
        if not (root / source).exists():    # made by the build
            continue
        if name.startswith(LIBRARY):
            continue
        if kind == 'U':
            needs[source].add(name)
        elif kind in DEFINED:
            defines[name] = source
    return defines, needs


def graph_of(defines, needs):
    graph = defaultdict(set)
    for source, names in needs.items():
        for name in names:
            other = defines.get(name)
            if other and other != source:
                graph[source].add(other)
    return graph


def reached(graph, start):
    seen, todo = set(), [start]
    while todo:
        for other in graph.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def circles_of(graph):
    """Sets of files each of which reaches all others of its set."""
    reach = {f: reached(graph, f) for f in graph}
    found = {frozenset({f} | {o for o in reach[f] if f in reach.get(o, ())}) for f in graph if f in reach[f]}
    return sorted(found, key=sorted)


def known_circles(root):
    lines = (line.split('#')[0].split() for line in (root / CIRCLES).read_text(encoding='utf-8').splitlines())
    return [frozenset(line) for line in lines if line]


def wrong_circles(root, build):
    known, wrong = known_circles(root), []
    graph = graph_of(*symbols(root, build))
    found = circles_of(graph)
    for circle in found:
        if circle in known:
            continue
        wrong.append(f'a circle that {CIRCLES} does not have: {" ".join(sorted(circle))}')
        wrong += [f'    {f} needs {" ".join(sorted(graph[f] & circle))}' for f in sorted(circle)]
    return wrong + [f'{CIRCLES}: there is no such circle: {" ".join(sorted(circle))}'
                    for circle in known if circle not in found]


def main():
    p = argparse.ArgumentParser(prog='script/layers', description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--build', type=Path, default=REPO / 'build', help='a build whose objects are looked at (build)')
    p.add_argument('--root', type=Path, default=REPO, help=argparse.SUPPRESS)
    args = p.parse_args()
    wrong = wrong_includes(args.root)
    for part, header in LIBRARIES.items():
        wrong += wrong_library(args.root, part, header)
    if args.build.exists():
        wrong += wrong_circles(args.root, args.build)
    elif args.build != REPO / 'build':
        raise SystemExit(f'{args.build}: there is no such folder')
    print('\n'.join(wrong) or f'every include is for its folder, and no circle is new'
          f' ({sum(len(c) for c in known_circles(args.root))} files in {len(known_circles(args.root))} known ones)')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
