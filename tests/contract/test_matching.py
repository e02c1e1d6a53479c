"""The matcher itself: each rule accepts what it should and can fail."""
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from matching import capture, differences, fill, header_differences, value_differences


def http_date(offset=timedelta()):
    return format_datetime(datetime.now(timezone.utc) + offset, usegmt=True)


URL = 'http://localhost:5000/flicket-api/users/?page=1&per_page=50&name=a+b'

SAME = [
    (None, None), (True, True), (0, 0), (1.5, 1.5), ('', ''), ('漢字 😀', '漢字 😀'), ([], []), ({}, {}),
    ({'a': [1, {'b': None}]}, {'a': [1, {'b': None}]}),
    ('<any>', None), ('<any>', ['x']), ('<message>', 'no'), ('<token>', 'x' * 20), ('<other>', '<other>'),
    (URL, URL), (URL, 'http://localhost:5000/flicket-api/users/?name=a%20b&per_page=50&page=1'),
    ('http://h/p', 'http://h/p'),
]
DIFFERENT = [
    (None, False), (None, 0), (0, False), (1, True), (True, 1), (1, 1.0), (1, '1'), ('', None), ('a', 'A'),
    ([1], []), ([1, 2], [2, 1]), ([], {}), ({'a': 1}, {}), ({}, {'a': 1}), ({'a': 1}, {'a': 2}),
    ({'a': None}, {}), ({'a': [1, {'b': None}]}, {'a': [1, {'b': 0}]}),
    ('<message>', ''), ('<message>', None), ('<message>', 5), ('<token>', 'x' * 19), ('<token>', None),
    ('<now>', None), ('<now>', 'now'), ('<other>', 'x'),
    (URL, URL.replace('page=1', 'page=2')), (URL, URL + '&x='), (URL, URL.split('&name')[0]),
    (URL, URL.replace('users', 'user')), (URL, URL.replace('http:', 'https:')),
    (URL, URL.replace(':5000', '')), (URL, URL.split('?')[0]), (URL, URL + '&page=1'), (URL, URL + '#x'),
    ('http://h/p', 'http://h/p?x=1'), ('http://h/p?x=1', 'http://h/p'),
]


@pytest.mark.parametrize('want, got', SAME)
def test_what_is_the_same_matches(want, got):
    assert value_differences(want, got) == []


@pytest.mark.parametrize('want, got', DIFFERENT)
def test_what_differs_is_reported(want, got):
    assert value_differences(want, got)
    # … and deep inside of something else, too.
    assert value_differences({'items': [0, want]}, {'items': [0, got]})


def test_now_is_a_date_in_gmt_within_ten_minutes():
    assert value_differences('<now>', http_date()) == []
    assert value_differences('<now>', http_date(timedelta(minutes=-9))) == []
    assert value_differences('<now>', http_date(timedelta(minutes=-11)))
    assert value_differences('<now>', http_date(timedelta(minutes=11)))
    assert value_differences('<now>', http_date().replace(' GMT', ' +0000'))
    assert value_differences('<now>', datetime.now(timezone.utc).isoformat())


def test_a_difference_says_where_it_is():
    assert value_differences({'a': [{'b': 1}]}, {'a': [{'b': 2}]}) == ['body.a[0].b: want 1, got 2']


def test_headers_match_whole_or_by_their_beginning():
    came = [('content-type', 'Application/JSON; charset=utf-8'), ('Location', 'http://h/1')]
    assert header_differences({'Content-Type': 'application/json*', 'Location': 'http://h/1'}, came) == []
    assert header_differences({'Content-Type': 'application/json'}, came)
    assert header_differences({'Content-Type': 'text/*'}, came)
    assert header_differences({'Location': 'http://h/2'}, came)
    assert header_differences({'Location': 'http://H/1'}, came)
    assert header_differences({'WWW-Authenticate': 'Basic*'}, came)
    assert header_differences({'Location': 'http://h/1'}, [*came, ('location', 'http://h/1')])


def test_an_answer_matches_in_status_headers_and_body():
    expected = {'status': 200, 'headers': {'A': 'b'}, 'json': {'x': 1}}
    assert differences(expected, 200, [('A', 'b')], b'{"x": 1}') == []
    assert differences(expected, 201, [('A', 'b')], b'{"x": 1}')
    assert differences(expected, 200, [], b'{"x": 1}')
    assert differences(expected, 200, [('A', 'b')], b'{"x": 2}')
    assert differences(expected, 200, [('A', 'b')], b'{"x": 1')
    assert differences(expected, 200, [('A', 'b')], b'')
    assert differences(expected, 200, [('A', 'b')], b'{"x": "\xff"}')


def test_an_empty_body_is_empty():
    expected = {'status': 204, 'empty': True}
    assert differences(expected, 204, [], b'') == []
    assert differences(expected, 204, [], b' ')


def test_captured_values_stand_in_for_their_names():
    captured = {}
    capture({'capture': {'tok': 'token'}}, b'{"token": "abc"}', captured)
    capture({}, b'not read', captured)
    assert captured == {'tok': 'abc'}
    assert fill('Bearer {tok} {else}', captured) == 'Bearer abc {else}'
