"""docs/api.md names the members of every thing, and those of lists with `fields`, as the description of the API does."""
import re

import pytest

from desk import REPO
from openapi import description

DOCUMENT = (REPO / 'docs' / 'api.md').read_text(encoding='utf-8')
SINGLE = {name: set(re.findall(r'`(\w+)`', members)) for name, members
          in re.findall(r'^\| GET `(\w+)/ID`[^|]*\|([^|]*)\|$', DOCUMENT, re.M)}
FURTHER_ROWS = re.findall(r'^\| ([a-z_, ]+) \|((?: *`\w+`[^|]*)+)\|$', re.search(
    r'^\| thing \| further fields \|\n(.*?)\n\n', DOCUMENT, re.M | re.S).group(1), re.M)
FURTHER = {thing: set(re.findall(r'`(\w+)`', re.sub(r'\(.*?\)', '', members)))
           for things, members in FURTHER_ROWS for thing in things.split(', ')}


def schemas():
    return description()['components']['schemas']


def schema(thing):
    """That of the answer to a request for one thing; the things of lists may lack members."""
    return schemas().get(f'{thing}_whole', schemas()[thing])


def described():
    """The things with a path for one of them that can be read; a token has a path to end it."""
    paths = [re.fullmatch(r'/(\w+)/\{id\}', path.removeprefix('/flicket-api')) for path in description()['paths']]
    return {found.group(1) for found in paths if found and found.group(1) in schemas()} - {'token'}


def test_every_thing_is_in_the_table():
    assert set(SINGLE) == described()


@pytest.mark.parametrize('thing', SINGLE)
def test_members_are_those_of_the_description(thing):
    described = schema(thing)
    assert SINGLE[thing] | FURTHER.get(thing, set()) == set(described['properties'])
    if 'required' in described:
        assert SINGLE[thing] == set(described['required'])
