"""tickets/counts: totals of lists and of views, and facets; each compared with what tickets/ says."""
from urllib.parse import quote, urlencode

import pytest

from desk import ADMIN, USER
from wire import expect

TICKET = {'title': 'a title', 'content': 'some content', 'category_id': 1, 'ticket_priority_id': 1}
FACETS = {'status': 'status_id', 'priority': 'ticket_priority_id', 'assigned': 'assigned_id',
          'category': 'category_id'}
LISTS = ('', 'status=Open', 'status_id=1,3', 'ticket_priority_id=2', 'department=Department+One', 'department_id=1,2',
         'category_id=1&status_id=1', 'assigned_id=unassigned', 'assigned_id=me,6', 'created_id=3', 'user_id=me',
         'subscriber_id=3', 'added_since=2020-01-01', 'updated_before=2030-01-01', 'content=ticket', 'content=1',
         'content=a*&status_id=1', 'content=nothinghasthis', 'status_id=99')


def counts(c, query=''):
    return expect(c.get('tickets/counts' + ('?' + query if query else '')), 200)


def total(c, query):
    return expect(c.get(f'tickets/?per_page=1&{query}'), 200)['_meta']['total_items']


def items(c, query):
    got = expect(c.get(f'tickets/?per_page=100&cursor=&{query}'), 200)
    found = got['items']
    while got['_links']['next']:
        got = expect(c.get(got['_links']['next'].split('/flicket-api/')[1]), 200)
        found += got['items']
    return found


@pytest.fixture
def desk(desks):
    return desks('imported')


def departments(c):
    return {row['category_id']: row['department_id']
            for row in expect(c.get('department_categories/?per_page=100'), 200)['items']}


def grouped(tickets, key):
    found = {}
    for ticket in tickets:
        found[key(ticket)] = found.get(key(ticket), 0) + 1
    return found


def check_facets(c, query):
    got = counts(c, f'by={",".join(FACETS)},department,department_status&{query}')
    tickets, of = items(c, query), departments(c)
    assert got.pop('total') == len(tickets) == total(c, query), query
    assert got.pop('others') == dict.fromkeys(got, 0)
    for facet, member in FACETS.items():
        assert {g['id']: g['count'] for g in got[facet]} == grouped(tickets, lambda t: t[member]), (query, facet)
        assert got[facet] == sorted(got[facet], key=lambda g: (-g['count'], g['id'] is not None, g['id']))
    assert {g['id']: g['count'] for g in got['department']} == \
        grouped(tickets, lambda t: of.get(t['category_id'])), query
    assert {(g['department_id'], g['status_id']): g['count'] for g in got['department_status']} == \
        grouped(tickets, lambda t: (of.get(t['category_id']), t['status_id'])), query


def test_counts_are_those_of_the_list(desk):
    with desk.client(USER) as c:
        known = [query for query in LISTS if c.get(f'tickets/?{query}').status == 200]
        assert len(known) >= len(LISTS) - 1
        for query in known:
            check_facets(c, query)
        assert counts(c) == {'total': total(c, '')}


def test_views_are_counted_in_one_request(desk):
    with desk.client(USER) as c:
        known = [query for query in LISTS if c.get(f'tickets/?{query}').status == 200]
        got = counts(c, urlencode([('views', query) for query in known]))
        assert got == {'views': [total(c, query) for query in known]}
        one = counts(c, 'status_id=1&' + urlencode({'views': 'sort=title_desc&status_id=1&page=9&per_page=1'}))
        assert one == {'total': total(c, 'status_id=1'), 'views': [total(c, 'status_id=1')]}


def test_a_view_that_a_list_refuses_has_no_count(desk):
    wrong = ['status=none+such', 'assigned_id=you', 'nonsense=1', 'status_id=', 'added_since=yesterday', 'content=OR',
             'status_id=1&status_id=2', 'unread=you', 'status=%FF', 'department=' + 'x' * 300]
    with desk.client(USER) as c:
        for query in wrong:
            expect(c.get(f'tickets/?{query}'), 400)
        got = counts(c, urlencode([('views', query) for query in ['', *wrong, 'status_id=1']]))
        assert got == {'views': [total(c, ''), *[None] * len(wrong), total(c, 'status_id=1')]}


def test_what_counts_refuse(desk):
    views = '&'.join(['views='] * 21)
    rows = [('by=', 'by', 'empty'), ('by=state', 'by', 'invalid'), ('by=status,', 'by', 'invalid'),
            ('by=status&by=priority', 'by', 'repeated'), ('sort=title', 'sort', 'unknown_parameter'),
            ('page=1', 'page', 'unknown_parameter'), ('view=a', 'view', 'unknown_parameter'),
            ('status=none+such', 'status', 'not_found'), ('assigned_id=x', 'assigned_id', 'wrong_type'),
            ('content=OR', 'content', 'invalid'), (views, 'views', 'too_many')]
    with desk.client(USER) as c, desk.client(False) as nobody:
        for query, field, code in rows:
            got = expect(c.get(f'tickets/counts?{query}'), 400)
            assert (got['field'], got['code']) == (field, code), query
        expect(nobody.get('tickets/counts'), 401)
        expect(c.get('tickets/counts/'), 404)
        assert c.post('tickets/counts', {}).header('allow').split(', ')[0] == 'GET'


def test_counts_are_sent_again_only_if_they_changed(desk):
    query = 'tickets/counts?by=status&views=' + quote('assigned_id=me')
    with desk.client(ADMIN) as c:
        tag = c.get(query).header('etag')
        assert c.get(query, headers={'If-None-Match': tag}).status == 304
        # the gateway keeps what is asked for often: a copy is the same answer
        assert len({c.get(query).body for _ in range(4)}) == 1
        made = expect(c.post('tickets', TICKET), 201)['id']
        again = c.get(query, headers={'If-None-Match': tag})
        assert again.status == 200 and again.header('etag') != tag
        assert c.get(query).json() == again.json()
        expect(c.post(f'ticket/{made}/claim', {}), 200)
        claimed = c.get(query)
        assert claimed.json()['views'] == [again.json()['views'][0] + 1]
        expect(c.request('DELETE', f'ticket/{made}'), 204)
        # as before: the tag is that of what is counted
        assert c.get(query, headers={'If-None-Match': tag}).status == 304


def test_counts_follow_changes(desk):
    with desk.client(ADMIN) as c:
        before = counts(c, 'by=status,assigned,category')['total']
        made = [expect(c.post('tickets', {**TICKET, 'category_id': n % 5 + 1}), 201)['id'] for n in range(12)]
        for n, ticket in enumerate(made):
            expect(c.post(f'ticket/{ticket}/' + ('claim', 'close', 'priority')[n % 3],
                          {'ticket_priority_id': 2} if n % 3 == 2 else {}), 200)
        assert counts(c)['total'] == before + 12
        check_facets(c, '')
        for ticket in made[:5]:
            expect(c.request('DELETE', f'ticket/{ticket}'), 204)
        check_facets(c, '')
        check_facets(c, 'status_id=1')
        desk.kill('ticket')
        desk.restart('ticket')
        assert counts(c)['total'] == before + 7
        check_facets(c, '')
