"""What counts the rows in `script/faults hosts` finds what it is there for (tests/faults/inserts.py)."""
import json
import sys
from pathlib import Path

import pytest

from postgres import needs_postgres, psycopg2

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tests' / 'faults'))

if psycopg2:
    from inserts import Inserts

pytestmark = needs_postgres

SAID = (('begin', 'a'), ('done', 'a'), ('begin', 'b'), ('absent', 'b'), ('begin', 'c'), ('done', 'c'), ('begin', 'd'))
RIGHT = {'a': 1, 'c': 1}


class Cluster:
    """What Inserts asks of one: a folder, hosts, the rows of the primary."""

    def __init__(self, folder, rows):
        self.folder, self.rows = folder, rows
        self.hosts = {1: self}
        self.number = 1

    def primary(self):
        return self

    def must(self, *unused):
        return list(self.rows.items())


def load(folder, rows):
    made = Inserts(Cluster(folder, rows))
    with open(made.journal(made.cluster), 'w') as f:
        for at, (event, token) in enumerate(SAID):
            f.write(json.dumps({'event': event, 'token': token, 'at': at}) + '\n')
    return made


@pytest.mark.parametrize('more', [{}, {'d': 1}])
def test_what_is_right_has_no_differences(tmp_path, more):
    """What nobody was told about may be there, or not."""
    figures, wrong = load(tmp_path, {**RIGHT, **more}).check()
    assert wrong == []
    assert (figures['acknowledged'], figures['settled as not done'], figures['left unknown']) == (2, 1, 1)


@pytest.mark.parametrize('rows, said', [
    ({'a': 1}, 'c: done, and is there 0 times'),
    ({**RIGHT, 'b': 1}, 'b: absent, and is there 1 times'),
    ({'a': 2, 'c': 1}, 'a: is there 2 times'),
    ({**RIGHT, 'd': 2}, 'd: is there 2 times'),
    ({**RIGHT, 'e': 1}, 'e: nobody asked for it')])
def test_what_is_wrong_is_found(tmp_path, rows, said):
    assert load(tmp_path, rows).check()[1] == [said]


def test_the_longest_time_without_an_acknowledgement(tmp_path):
    made = load(tmp_path, RIGHT)
    assert made.gap(0, 6) == 4          # done at 1 and 5
    assert made.gap(2, 4) == 2
    assert made.last() == 5
