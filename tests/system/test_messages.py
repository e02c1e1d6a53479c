"""docs/operations.md, «Messages»: what the table names is what the programs say."""
import os
import re

import pytest

from desk import REPO

# What stands for something else in a message of the table.
PLACE = re.compile(r'…|"…"|\bFLICKET_X\b|\bNAME\b|\bX\b|\bN\b|\bM\b|\bFILE\b|\bLINE\b|\d+')
CONVERSION = re.compile(r'%[-0-9.*]*(?:hh|h|ll|l|z|j)?[a-zA-Z]')
STRING = r'"(?:[^"\\\n]|\\.)*"'


def documented():
    """The messages of the table, each as it is written there."""
    text = (REPO / 'docs' / 'operations.md').read_text(encoding='utf-8')
    table = text.partition('\n| message | means, and what to do |\n| --- | --- |\n')[2].partition('\n\n')[0]
    rows = [re.fullmatch(r'\| ((?:`[^`]+`(?:, )?)+) \| .+ \|', line) for line in table.splitlines()]
    assert len(rows) > 25 and all(rows), 'one row a line, messages in the first column'
    return [message for row in rows for message in re.findall(r'`([^`]+)`', row[1])]


@pytest.fixture(scope='module')
def said():
    """Every text in the sources of the programs, its conversions as «%», and what the C library says of errors."""
    texts = {os.strerror(n) for n in range(1, 134)}
    for part in ('base', 'gateway', 'services', 'proto', 'tools/flicketctl'):
        for path in (REPO / part).rglob('*.[ch]'):
            source = re.sub(rf'({STRING})|/\*.*?\*/|//[^\n]*', lambda m: m[1] or ' ',
                            path.read_text(encoding='utf-8'), flags=re.S)
            source = re.sub(rf'^#define\s+\w+\s+({STRING})', r';\1;', source, flags=re.M)
            for run in re.findall(rf'{STRING}(?:\s*{STRING})*', source):
                joined = ''.join(s[1:-1] for s in re.findall(STRING, run))
                texts.add(CONVERSION.sub('%', joined.replace('\\"', '"').replace('\\n', '\n')))
    return texts


def parts(message):
    """What is to be found as it is, a text each: between places, colons and semicolons."""
    return [p.strip() for piece in PLACE.split(message) for p in re.split(r'[:;](?: |$)', piece)
            if re.search(r'\w+\W+\w+|\w{8}', p)]


def is_said(message, texts):
    found = parts(message)
    if found:
        return all(any(p in text for text in texts) for p in found)
    whole = '.+'.join(map(re.escape, PLACE.split(message)))
    return any(re.match(whole, text) for text in texts)


def test_the_table_names_no_message_that_is_none(said):
    messages = documented()
    assert [m for m in messages if not is_said(m, said)] == []
    assert len(messages) == len(set(messages)), 'each is there once'


def test_what_nobody_says_is_found_out(said):
    assert is_said('bug at FILE:LINE', said) and is_said('store: NAME: …', said)
    for message in ('store stores/NAME is used by another process', 'FLICKET_X: there was no such setting',
                    'NAME service at … has vanished', 'shop: NAME: …', 'FLICKET_KEYS: …; going on without'):
        assert not is_said(message, said), message
