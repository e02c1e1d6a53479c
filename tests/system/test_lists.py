"""Lists: what is on which page, and what their links say."""
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest

from routes import LISTS
from wire import expect

BY_NAME = {'departments/': 'department', 'categories/': 'category', 'department_categories/': 'department_category'}

each_list = pytest.mark.parametrize('which', LISTS, ids=str)


def key_of(item):
    return item['links']['self']


def check_shape(got):
    """A list page is consistent in itself."""
    assert set(got) == {'_links', '_meta', 'items'}
    assert set(got['_links']) == {'self', 'next', 'prev'}
    meta = got['_meta']
    assert set(meta) == {'page', 'per_page', 'total_items', 'total_pages'}
    assert meta['total_pages'] == -(-meta['total_items'] // meta['per_page'])
    assert (got['_links']['prev'] is None) == (meta['page'] == 1)
    assert (got['_links']['next'] is None) == (meta['page'] >= meta['total_pages'])
    before = (meta['page'] - 1) * meta['per_page']
    assert len(got['items']) == max(0, min(meta['per_page'], meta['total_items'] - before))
    return got


def page(reader, path):
    return check_shape(expect(reader.get(path), 200))


@each_list
def test_a_list_has_items_links_and_meta(reading, reader, which):
    got = page(reader, which.path)
    assert got['_meta']['page'] == 1 and got['_meta']['per_page'] == 50
    assert got['_meta']['total_items'] > 0, 'the list used for tests has something in it'
    assert reading.path_of(got['_links']['self']) == '/flicket-api/' + which.page(1, 'per_page=50')


@each_list
def test_following_next_gives_every_item_once_and_prev_leads_back(reading, reader, which):
    whole, path = [], which.path + '?per_page=100'
    while path:
        got = page(reader, path)
        whole += got['items']
        path = got['_links']['next'] and reading.path_of(got['_links']['next'])
    assert len(whole) == got['_meta']['total_items']
    assert len({key_of(i) for i in whole}) == len(whole)

    small = max(1, min(13, len(whole) // 3))
    seen, back, path = [], [], f'{which.path}?per_page={small}'
    while path:
        got = page(reader, path)
        seen += got['items']
        back.append(got['_links']['self'])
        assert got['_links']['prev'] == (back[-2] if len(back) > 1 else None)
        path = got['_links']['next'] and reading.path_of(got['_links']['next'])
    assert seen == whole


@each_list
def test_a_list_is_sorted_by_name_or_by_id(reader, which):
    items = page(reader, which.path + '?per_page=100')['items']
    if which.path in BY_NAME:
        names = [i[BY_NAME[which.path]].encode() for i in items]
        assert names == sorted(names)
    else:
        ids = [i['id'] for i in items]
        assert ids == sorted(ids)


# What Python's int() makes of it, for that is what Flicket's paging is built on.
PER_PAGE = [
    ('1', 1), ('2', 2), ('50', 50), ('100', 100), ('101', 100), ('5000', 100),
    ('99999999999999999999', 100), ('9' * 400, 100),
    ('', 50), ('abc', 50), ('1e3', 50), ('2.0', 50), ('0x10', 50), ('1__0', 50), ('_1', 50), ('1_', 50),
    ('%2B-2', 50), ('--2', 50), ('2%0A3', 50), ('1%202', 50), ('%002', 50), ('2%00', 50), ('%F0%9F%98%80', 50),
    ('%FF', 50), ('%', 50), ('%zz', 50),
    ('%202', 2), ('2%20', 2), ('+2', 2), ('%2B2', 2), ('%20%2B2%20', 2), ('%092%0A', 2), ('1_0', 10),
    ('007', 7), ('0_7', 7),
    ('0', None), ('-0', None), ('000', None), ('-1', None), ('-99999999999999999999', None), ('%20-1', None),
    ('+-2', None),
]


@pytest.mark.parametrize('value, per_page', PER_PAGE, ids=[p[0][:24] or 'empty' for p in PER_PAGE])
def test_per_page_is_read_as_python_reads_an_integer(reader, value, per_page):
    for which in ('tickets/', 'users/', 'departments/', 'posts/2/'):
        answer = reader.get(f'{which}?per_page={value}')
        if per_page is None:
            expect(answer, 404)
        else:
            assert check_shape(expect(answer, 200))['_meta']['per_page'] == per_page, which


@each_list
@pytest.mark.parametrize('query, status', [
    ('per_page=0', 404), ('per_page=-1', 404), ('per_page=abc', 200), ('per_page=101', 200),
    ('per_page=99999999999999999999', 200), ('per_page=-99999999999999999999', 404), ('per_page', 200)])
def test_every_list_knows_the_edges_of_per_page(reader, which, query, status):
    expect(reader.get(f'{which.path}?{query}'), status)


@each_list
@pytest.mark.parametrize('n', ['0', '-1', '9999', '99999999999999999999', '9223372036854775807',
                               '9223372036854775808', '18446744073709551617'])
def test_a_page_there_is_not_is_404(reader, which, n):
    expect(reader.get(which.page(n)), 404)


@each_list
def test_a_page_just_past_the_end_is_404(reader, which):
    total = page(reader, which.path + '?per_page=1')['_meta']['total_pages']
    page(reader, which.page(total, 'per_page=1'))
    expect(reader.get(which.page(total + 1, 'per_page=1')), 404)


@pytest.mark.parametrize('which', [x for x in LISTS if x.paged_in == 'query'], ids=str)
@pytest.mark.parametrize('value, number', [
    ('', 1), ('abc', 1), ('1.0', 1), ('1e0', 1), ('%202', 2), ('+2', 2), ('%2B2', 2), ('0_2', 2), ('02', 2),
    ('2%20', 2), ('_2', 1)])
def test_a_page_in_the_query_is_read_as_python_reads_an_integer(reader, which, value, number):
    got = page(reader, f'{which.path}?per_page=1&page={value}')
    assert got['_meta']['page'] == number


@pytest.mark.parametrize('which', [x for x in LISTS if x.paged_in == 'path'], ids=str)
def test_a_page_in_the_query_counts_where_the_path_has_none(reading, reader, which):
    in_path = page(reader, which.page(2, 'per_page=1'))
    in_query = page(reader, which.path + '?page=2&per_page=1')
    assert in_query == in_path
    assert page(reader, which.page(2, 'per_page=1&page=1'))['_meta'] == in_path['_meta']
    assert page(reader, which.path + '?page=abc&per_page=1')['_meta']['page'] == 1
    expect(reader.get(which.path + '?page=0'), 404)
    expect(reader.get(which.path + '?page=9999'), 404)
    # The link always has the number in the path, and never twice.
    path = reading.path_of(in_query['_links']['self'])
    assert path == '/flicket-api/' + which.page(2, 'per_page=1')


@pytest.mark.parametrize('which', [x for x in LISTS if x.paged_in == 'path'], ids=str)
@pytest.mark.parametrize('n', ['abc', '1.0', '%20', '%00', '-1', '1e1', '+1', '1_0', '%2B1', '1%20'])
def test_a_page_in_the_path_is_digits_only(reader, which, n):
    expect(reader.get(which.page(n)), 404)


@pytest.mark.parametrize('which', [x for x in LISTS if x.path.endswith('/')], ids=str)
def test_a_list_without_its_last_slash_is_answered_like_the_one_with_it(reader, which):
    for path in {which.path, which.page(1)}:
        bare, _, query = path.partition('?')
        query = '?' + '&'.join(q for q in (query, 'per_page=2') if q)
        assert bare.endswith('/')
        assert page(reader, bare[:-1] + query) == page(reader, bare + query)


def test_the_first_of_repeated_parameters_counts(reader):
    assert page(reader, 'tickets/?per_page=3&per_page=4')['_meta']['per_page'] == 3
    assert page(reader, 'users/?page=2&page=1&per_page=1')['_meta']['page'] == 2


@each_list
@pytest.mark.parametrize('name', ['x', 'Per_Page', 'per_page%00', '', 'a', '%', 'per_page[]', 'offset', 'actor', 'id'])
def test_a_parameter_that_a_list_does_not_have_is_refused(reader, which, name):
    got = expect(reader.get(f'{which.path}?per_page=5&{name}=1'), 400)
    assert (got['code'], got.get('field', '')) == ('unknown_parameter', unquote(name))


@each_list
@pytest.mark.parametrize('query, field', [
    ('page=2,per_page=5', 'page'), ('per_page=5;page=2', 'per_page'), ('per_page=5%20items', 'per_page'),
    ('page=1%262', 'page'), ('page=2nd', 'page'), ('page=1e3x', 'page'), ('per_page=0x10%2C2', 'per_page')])
def test_a_number_with_other_text_behind_it_is_refused(reader, which, query, field):
    for path in {which.path, which.page(1)}:
        bare, _, rest = path.partition('?')
        if bare == path or field != 'page':
            got = expect(reader.get(f'{bare}?{query}'), 400)
            assert (got['code'], got['field']) == ('wrong_type', field)


@pytest.mark.parametrize('path, name', [('categories/', 'department_id'), ('department_categories/', 'department_id'),
                                        ('histories/', 'topic_id'), ('histories/', 'post_id')])
def test_an_id_with_other_text_behind_it_is_refused(reader, path, name):
    for value in ('1,2', '1%20OR%201=1', '1abc'):
        assert expect(reader.get(f'{path}?{name}={value}'), 400)['field'] == name
    for value in ('abc', '1e3', '1.5', ''):
        page(reader, f'{path}?{name}={value}')


def test_empty_parts_of_a_query_are_ignored(reader):
    plain = page(reader, 'users/')
    for query in ('&&&', '&', 'name', 'name=', 'page=&per_page='):
        assert page(reader, 'users/?' + query) == plain, query
    assert page(reader, 'tickets/?&')['_meta'] == page(reader, 'tickets/')['_meta']


def test_percent_encoded_parameter_names_are_read(reader):
    assert page(reader, 'users/?per%5Fpage=3')['_meta']['per_page'] == 3
    assert page(reader, 'users/?%70age=2&per_page=1')['_meta']['page'] == 2


FILTERS = [
    ('users/', 'name', 'ann'), ('users/', 'name', 'ANN'), ('users/', 'name', "o'neil"),
    ('users/', 'name', 'max "'), ('users/', 'name', 'Zoë'), ('users/', 'name', '李'),
    ('categories/', 'department_id', '1'), ('categories/', 'department', 'Design'),
    ('department_categories/', 'department_id', '2'), ('department_categories/', 'department', 'sign'),
    ('department_categories/', 'department_category', 'design / e'),
]


@pytest.mark.parametrize('which, name, value', FILTERS)
def test_links_carry_the_filter_and_lead_through_all_that_match(reading, reader, which, name, value):
    path, seen = f'{which}?per_page=1&{name}={quote(value)}', []
    while path:
        got = page(reader, path)
        for link in filter(None, got['_links'].values()):
            assert dict(parse_qsl(urlsplit(link).query))[name] == value, link
        seen += [key_of(i) for i in got['items']]
        path = got['_links']['next'] and reading.path_of(got['_links']['next'])
    assert len(set(seen)) == len(seen) == got['_meta']['total_items'] >= 2
    whole = page(reader, f'{which}?{name}={quote(value)}&per_page=100')
    assert [key_of(i) for i in whole['items']] == seen


def test_several_filters_go_together(reading, reader):
    got = page(reader, 'categories/?department_id=1&department=Design&per_page=1')
    assert got['_meta']['total_items'] == 4
    query = dict(parse_qsl(urlsplit(got['_links']['next']).query))
    assert (query['department_id'], query['department']) == ('1', 'Design')
    assert page(reader, 'categories/?department_id=1&department=IT')['_meta']['total_items'] == 0


@pytest.mark.parametrize('department, found', [('Design', True), ('sign', True), ('Desig', False), ('esig', False)])
def test_a_department_of_a_pair_is_told_by_its_end(reader, department, found):
    items = page(reader, f'department_categories/?department={department}')['items']
    assert bool(items) == found, items


def test_histories_are_those_of_a_ticket_or_a_post(reader):
    for query, key, value in (('topic_id=124', 'topic_id', 124), ('post_id=131', 'post_id', 131)):
        got = page(reader, f'histories/?{query}')
        assert got['items'] and all(i[key] == value for i in got['items'])
        assert query in got['_links']['self']
    got = page(reader, 'histories/?topic_id=124&per_page=1')
    assert 'topic_id=124' in got['_links']['next']


@pytest.mark.parametrize('value', ['%25', '_', '%5C', '%00', '%27%27', '%22', 'x' * 3000, '%F0%9F%98%80', '%FF',
                                   '%27%20OR%201%3D1%20--', '%25%5C', '[a-z]*', '%2A', '%3F'])
def test_a_filter_may_hold_anything(reader, value):
    for path in ('users/?name=', 'categories/?department=', 'department_categories/?department=',
                 'department_categories/?department_category='):
        assert reader.get(path + value).status in (200, 400, 404), path


def test_a_quote_in_a_filter_is_a_quote(reader):
    names = [u['name'] for u in page(reader, 'users/?name=%27')['items']]
    assert names and all("'" in name for name in names)
    assert page(reader, "users/?name=' OR 1=1 --".replace(' ', '%20'))['items'] == []


@pytest.mark.parametrize('path', [
    'categories/?department_id=abc', 'categories/?department_id=', 'histories/?topic_id=abc',
    'histories/?post_id=99999999999999999999', 'categories/?department_id=-1', 'histories/?topic_id=1.5'])
def test_a_filter_that_is_no_number_is_no_error_of_the_server(reader, path):
    assert reader.get(path).status in (200, 400, 404)


@pytest.mark.parametrize('path', ['posts/999999/', 'subscriptions/999999/', 'actions/999999', 'posts/0/'])
def test_the_first_page_of_nothing_is_there_and_empty(reader, path):
    got = page(reader, path)
    assert got['items'] == [] and got['_meta']['total_pages'] == 0 and got['_meta']['page'] == 1


@pytest.mark.parametrize('path', ['posts/99999999999999999999/', 'subscriptions/99999999999999999999/',
                                  'actions/99999999999999999999', 'posts/abc/', 'posts/-1/', 'actions/abc'])
def test_the_list_of_what_cannot_be_is_404(reader, path):
    expect(reader.get(path), 404)
