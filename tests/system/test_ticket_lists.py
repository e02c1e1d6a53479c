"""Lists of tickets: filters, sorts, searches, pages, cursors, exports.

What is right is worked out anew from the stores, with plain SQL and a few lines of Python, and compared with
what the service answers.
"""
import contextlib
import csv
import io
import json
import random
import re
import sqlite3
import threading
import time
import unicodedata
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlencode, urlsplit

import pytest

from desk import ADMIN, SUPER, USER, open_store, wait_until
from wire import expect

ME = {ADMIN: 1, USER: 3, SUPER: 6}
TICKET = {'title': 'A list needs rows', 'content': 'this one is such a row', 'category_id': 1,
          'ticket_priority_id': 2}
SORTS = {
    'priority': 't.ticket_priority_id', 'title': 't.title', 'ticketid': 't.id', 'addedby': 'a.name',
    'addedon': 't.date_added', 'last_updated': 't.last_updated', 'replies': 't.replies',
    'department_category': 'd.department, c.category', 'status': 't.status_id', 'assigned': 'n.name',
    'time': 't.hours + t.reply_hours'}
ALL_SORTS = [s + way for s in SORTS for way in ('', '_desc')]
JOINS = """FROM tickets t LEFT JOIN user_names a ON a.id = t.started_id
    LEFT JOIN user_names n ON n.id = t.assigned_id LEFT JOIN category_names c ON c.id = t.category_id
    LEFT JOIN department_names d ON d.id = c.department_id LEFT JOIN status_names s ON s.id = t.status_id
    LEFT JOIN priority_names p ON p.id = t.ticket_priority_id"""


def words_of(text):
    """A text as a search sees it: letters and digits, without case and accents; Chinese character by character."""
    text = ''.join(c for c in unicodedata.normalize('NFD', text or '') if not unicodedata.combining(c))
    return re.findall(r'[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+', text.lower())


def has_phrase(words, phrase, prefix):
    n = len(phrase)
    for i in range(len(words) - n + 1):
        part = words[i:i + n]
        if part[:-1] == phrase[:-1] and (part[-1].startswith(phrase[-1]) if prefix else part[-1] == phrase[-1]):
            return True
    return False


class Model:
    """What the stores of a desk say."""

    def __init__(self, desk):
        self.stores = desk.data / 'stores'

    def rows(self, service, query, *args):
        with contextlib.closing(sqlite3.connect(f'file:{self.stores}/{service}/{service}.db?mode=ro', uri=True)) as db:
            return db.execute(query, args).fetchall()

    def searched(self, query):
        """Tickets that have a text with all words and phrases of a query."""
        phrases = [(words_of(p or w), star == '*') for p, w, star in
                   re.findall(r'(?:"([^"]*)"|([^\s"*]+))(\*?)', query)]
        phrases = [p for p in phrases if p[0]]
        texts = [(i, [words_of(t), words_of(c)])
                 for i, t, c in self.rows('ticket', 'SELECT id, title, content FROM tickets')]
        texts += [(i, [words_of(c)]) for i, c in self.rows('post', 'SELECT ticket_id, content FROM posts')]
        return {i for i, parts in texts
                if all(any(has_phrase(p, phrase, star) for p in parts) for phrase, star in phrases)}

    def ids(self, me=1, sort='ticketid', where=(), content=None):
        """Ids of the tickets that a condition leaves, in order."""
        desc = ' DESC' if sort.endswith('_desc') else ''
        order = SORTS[sort.removesuffix('_desc')].replace(',', desc + ',') + desc
        where = ' AND '.join(['true', *where])
        found = self.rows('ticket', f'SELECT t.id {JOINS} WHERE {where} ORDER BY {order}, t.id')
        hits = self.searched(content) if content else None
        return [i for (i,) in found if hits is None or i in hits]


def us(text):
    """A moment as the stores have it."""
    with contextlib.closing(sqlite3.connect(':memory:')) as db:
        return db.execute("SELECT strftime('%s', ?)", (text,)).fetchone()[0] + '000000'


# A query, and the same as SQL. {me} is whoever asks.
FILTERS = [
    ('status=Open', "s.status = 'Open'"), ('status=Closed', "s.status = 'Closed'"),
    ('status=Open,In Work', "s.status IN ('Open', 'In Work')"),
    ('department=Design', "d.department = 'Design'"), ('department=IT,Design', "d.department IN ('IT', 'Design')"),
    ('category=ECN', "c.category = 'ECN'"), ('category=ECN,ECR,Dataset', "c.category IN ('ECN', 'ECR', 'Dataset')"),
    ('status_id=2', 't.status_id = 2'), ('status_id=1,3', 't.status_id IN (1, 3)'),
    ('ticket_priority_id=3', 't.ticket_priority_id = 3'), ('ticket_priority_id=1,2', 't.ticket_priority_id IN (1, 2)'),
    ('category_id=7', 't.category_id = 7'), ('category_id=1,2,999', 't.category_id IN (1, 2, 999)'),
    ('department_id=2', 'c.department_id = 2'), ('department_id=1,3', 'c.department_id IN (1, 3)'),
    ('assigned_id=unassigned', 't.assigned_id IS NULL'), ('assigned_id=me', 't.assigned_id = {me}'),
    ('assigned_id=37,unassigned', '(t.assigned_id = 37 OR t.assigned_id IS NULL)'),
    ('created_id=me', 't.started_id = {me}'), ('created_id=3,6,30', 't.started_id IN (3, 6, 30)'),
    ('user_id=me', '{me} IN (t.started_id, t.assigned_id)'),
    ('user_id=30,37', '(t.started_id IN (30, 37) OR t.assigned_id IN (30, 37))'),
    ('subscriber_id=me', 't.id IN (SELECT ticket_id FROM subscriptions WHERE user_id = {me})'),
    ('subscriber_id=5,me,5', 't.id IN (SELECT ticket_id FROM subscriptions WHERE user_id IN (5, {me}))'),
    ('added_since=2020-01-01', f't.date_added >= {us("2020-01-01")}'),
    ('added_before=2020-01-01', f't.date_added < {us("2020-01-01")}'),
    ('added_since=2019-06-01&added_before=2021-06-01T12:30:00Z',
     f't.date_added >= {us("2019-06-01")} AND t.date_added < {us("2021-06-01 12:30:00")}'),
    ('updated_since=2022-02-03T04:05:06+02:00', f't.last_updated >= {us("2022-02-03 02:05:06")}'),
    ('updated_before=2021-01-01', f't.last_updated < {us("2021-01-01")}'),
    ('status=Open&assigned_id=unassigned&department_id=1,2,3',
     "s.status = 'Open' AND t.assigned_id IS NULL AND c.department_id IN (1, 2, 3)"),
    ('status=Open&status_id=2', 'false'), ('created_id=99999999999999999999', 'false'), ('status_id=0', 'false'),
]
SEARCHES = ['printer', 'PRINTER', 'print*', 'printer network', '"printer network"', 'printer "network gauge"',
            'p* t*', '"drawing net"*', 'fixture laptop supplier', 'cafe', 'CAFÉ naïve', 'a/b', 'qqqq', 'printer qqqq',
            'printer - network', "o'neil*", '漢字', 'e', 'the']


def encoded(query):
    """A query as a client sends it: a + is a +, and whoever forgets to encode it sends a space."""
    return '&'.join(f'{k}={quote(v, safe=",:")}' for k, _, v in (p.partition('=') for p in query.split('&')))


def page(client, query='', number=1, per_page=100):
    got = expect(client.get(f'tickets/{number}/?per_page={per_page}&fields=id' + (query and '&' + query)), 200)
    return [i['id'] for i in got['items']], got


def whole(client, query=''):
    """All ids of a list, page by page."""
    ids, number, total = [], 1, 1
    while number <= max(1, total):
        items, got = page(client, query, number)
        ids, total, number = ids + items, got['_meta']['total_pages'], number + 1
    assert got['_meta']['total_items'] == len(ids)
    return ids


def walk(client, query='', per_page=7, between=None):
    """All ids of a list, by cursor; `between` is called after each part."""
    path, ids = f'tickets/?cursor=&per_page={per_page}&fields=id' + (query and '&' + query), []
    while path:
        got = expect(client.get(path), 200)
        ids += [i['id'] for i in got['items']]
        path = got['_links']['next']
        path = path and urlsplit(path).path + '?' + urlsplit(path).query
        if between:
            between()
    return ids


@pytest.fixture(scope='module')
def model(reading):
    return Model(reading)


@pytest.mark.parametrize('token', [ADMIN, USER], ids=['admin', 'user'])
@pytest.mark.parametrize('query, condition', FILTERS, ids=[f[0] for f in FILTERS])
def test_a_filter_leaves_what_it_says(reading, model, token, query, condition):
    with reading.client(token) as c:
        want = model.ids(where=[condition.format(me=ME[token])])
        assert whole(c, encoded(query)) == want
        assert walk(c, encoded(query)) == want


def test_the_filters_of_these_tests_leave_something(model):
    for query, condition in FILTERS:
        if condition != 'false' and 'me' not in query:
            assert 0 < len(model.ids(where=[condition])) < 130, query


@pytest.mark.parametrize('sort', ALL_SORTS)
def test_a_sort_is_flickets_with_ties_by_id(reader, model, sort):
    want = model.ids(sort=sort)
    assert whole(reader, f'sort={sort}') == want
    assert walk(reader, f'sort={sort}') == want
    for number, per_page in ((1, 1), (13, 10), (2, 99), (130, 1)):
        assert page(reader, f'sort={sort}', number, per_page)[0] == want[(number - 1) * per_page:number * per_page]
    expect(reader.get(f'tickets/131/?per_page=1&sort={sort}'), 404)


def test_without_a_sort_a_list_goes_by_id(reader, model):
    assert whole(reader) == whole(reader, 'sort=ticketid') == model.ids()


@pytest.mark.parametrize('content', SEARCHES)
def test_a_search_finds_the_tickets_with_such_a_text(reader, model, content):
    query, want = urlencode({'content': content}), model.ids(content=content)
    assert whole(reader, query) == want
    assert walk(reader, query, 9) == want
    assert sorted(whole(reader, query + '&sort=relevance')) == want
    assert walk(reader, query + '&sort=relevance') == whole(reader, query + '&sort=relevance')


def test_what_is_searched_for_is_in_one_text(reader, model):
    apart = [i for i in model.searched('printer') & model.searched('calibration')
             if i not in model.searched('printer calibration')]
    assert apart, 'a ticket has both words, in different texts'
    assert not set(apart) & set(whole(reader, 'content=printer+calibration'))


def test_filters_sorts_and_searches_go_together(reading, model):
    choose = random.Random(7)
    with reading.client(USER) as c:
        for _ in range(60):
            some = choose.sample(FILTERS, choose.randint(1, 2))
            content = choose.choice([None, *SEARCHES])
            sort = choose.choice(ALL_SORTS)
            names = [p.split('=')[0] for q, _ in some for p in q.split('&')]
            if len(set(names)) < len(names):
                continue
            want = model.ids(sort=sort, where=[w.format(me=3) for _, w in some], content=content)
            query = '&'.join([encoded(q) for q, _ in some] + [f'sort={sort}'])
            query += '&' + urlencode({'content': content}) if content else ''
            assert whole(c, query) == want, query
            assert walk(c, query, choose.randint(1, 30)) == want, query


@pytest.mark.parametrize('same', [
    ('2021-06-01T12:00:00Z', '2021-06-01T12:00', '2021-06-01 12:00', '2021-06-01T12:00:00.000000Z', '2021-06-01t12:00z',
     '2021-06-01T14:00+02:00', '2021-06-01T14:00 02:00', '2021-06-01T14:00+0200', '2021-06-01T14:00:00+02',
     '2021-06-01T06:30:00-05:30', 'Tue, 01 Jun 2021 12:00:00 GMT'),
    ('2021-06-01', '2021-06-01T00:00', '2021-05-31T23:00-01:00', '2021-05-31T23:59:60Z')], ids=lambda s: s[0])
def test_a_moment_can_be_written_in_many_ways(reader, same):
    counts = {page(reader, 'added_since=' + quote(d))[1]['_meta']['total_items'] for d in same}
    assert len(counts) == 1 and 0 < counts.pop() < 130


def test_since_is_inclusive_and_before_is_not(reader, model):
    (moment, wanted), = model.rows('ticket', 'SELECT date_added, id FROM tickets WHERE id = 64')
    with contextlib.closing(sqlite3.connect(':memory:')) as db:
        text = db.execute("SELECT strftime('%Y-%m-%dT%H:%M:%S', ?, 'unixepoch')", (moment // 10**6,)).fetchone()[0]
    text += f'.{moment % 10**6:06}'
    assert wanted in whole(reader, f'added_since={text}')
    assert wanted not in whole(reader, f'added_before={text}')


def test_a_date_of_an_answer_is_a_filter(reader):
    date = expect(reader.get('ticket/64'), 200)['date_added']
    assert 64 in whole(reader, 'added_since=' + quote(date))
    assert 64 in whole(reader, 'added_since=' + quote_plus(date))


WRONG = [
    ('status=closed', 'status', 'closed'), ('status=Open,,Closed', 'status', ''),
    ('status=Open,Nope', 'status', 'Nope'),
    ('department=Nowhere', 'department', 'Nowhere'), ('category=ECN,Nothing', 'category', 'Nothing'),
    ('status_id=x', 'status_id', 'x'), ('status_id=1,', 'status_id', ''), ('status_id=1;2', 'status_id', '1;2'),
    ('status_id=me', 'status_id', 'me'), ('category_id=unassigned', 'category_id', 'unassigned'),
    ('created_id=unassigned', 'created_id', 'unassigned'), ('assigned_id=nobody', 'assigned_id', 'nobody'),
    ('assigned_id=-1', 'assigned_id', '-1'), ('user_id=1.5', 'user_id', '1.5'),
    ('subscriber_id=Me', 'subscriber_id', 'Me'),
    ('department_id=0x1', 'department_id', '0x1'), ('ticket_priority_id=high', 'ticket_priority_id', 'high'),
    ('category_id=' + ','.join(['1'] * 101), 'category_id', '100'),
    ('status=' + ','.join(['Open'] * 101), 'status', '100'),
    ('department=' + ',' * 200, 'department', ''),
    *[(f'{k}={d}', k, d) for k in ('added_since', 'added_before', 'updated_since', 'updated_before')
      for d in ('yesterday', '2021-02-29', '2021-13-01', '2021-1-1', '20210101', '2021-01-01T25:00', '2021-01-01T1:00',
                '2021-01-01T10:00:00%2B99:00', '2021-01-01T10:00X', '2021-01-01T10:00:00.Z', '1612137600')],
    ('sort=id', 'sort', 'id'), ('sort=title_asc', 'sort', 'title_asc'), ('sort=Title', 'sort', 'Title'),
    ('sort=title_desc_desc', 'sort', ''), ('sort=relevance', 'sort', 'content'),
    ('sort=relevance_desc&content=x', 'sort', ''), ('content=%22pa*+jam%22', 'content', 'at its end'),
    ('content=*', 'content', 'print*'), ('content=a+*', 'content', 'print*'), ('content=-*', 'content', '*'),
    ('content=pr*nter', 'content', '*'), ('content=**', 'content', '*'), ('content=%22%22', 'content', 'search'),
    ('content=-+%26+%E2%80%94', 'content', 'search'), ('content=%F0%9F%98%80', 'content', 'search'),
    ('content=+', 'content', 'search'), ('content=a+OR', 'content', 'OR'),
    ('cursor=x', 'cursor', 'not a cursor'), ('cursor=AAAA', 'cursor', 'not a cursor'), ('cursor=%FF%01', 'cursor', ''),
    ('cursor=' + 'A' * 3000, 'cursor', 'not a cursor'), ('statuss=Open', 'statuss', ''), ('fields=id,nope', 'fields', 'nope'),
]


@pytest.mark.parametrize('query, name, part', WRONG, ids=[w[0][:40] for w in WRONG])
def test_what_is_wrong_is_named(reader, query, name, part):
    message = expect(reader.get('tickets/?' + query), 400)['message']
    assert name in message and unquote(part) in message, message


@pytest.mark.parametrize('content', ['AND', 'OR', 'NOT', 'NEAR(a b)', 'title:printer', 'a AND', '(', 'x"y"z',
                                     '^a', 'a+b', '{title}: x', "'", '\\', ';--', '%', 'a\x00b', '\ufeffx', 'é' * 200,
                                     '"a" "b"*', '\x7f a', 'ﬁx', 'İ', '\ud7ff x'])
def test_no_search_is_an_error_of_ours(reader, content):
    answer = reader.get('tickets/?' + urlencode({'content': content}))
    assert answer.status in (200, 400), answer
    expect(answer, answer.status)


def cursor_of(got):
    return parse_qs(urlsplit(got['_links']['next']).query)['cursor'][0]


def test_a_cursor_is_of_one_sort_and_of_nobody_else(reader):
    cursor = cursor_of(expect(reader.get('tickets/?cursor=&per_page=5&sort=title'), 200))
    for sort in ('', 'sort=title_desc&', 'sort=priority&'):
        assert 'sort' in expect(reader.get(f'tickets/?{sort}cursor={cursor}'), 400)['message']
    for other in (cursor[:-1], cursor[1:], cursor + 'A', cursor[:10] + 'x' + cursor[11:], cursor.lower()):
        expect(reader.get(f'tickets/?sort=title&cursor={other}'), 400)
    expect(reader.get(f'tickets/?sort=title&cursor={cursor}'), 200)


def test_a_walk_has_the_total_and_no_pages_behind_its_end(reader):
    got = expect(reader.get('tickets/?cursor=&per_page=100&status=Open'), 200)
    assert got['_links']['next'] is None and got['_meta']['total_items'] == len(got['items'])
    got = expect(reader.get('tickets/?cursor=&per_page=10'), 200)
    assert got['_meta']['total_items'] == 130 and got['_links']['next']
    assert expect(reader.get('tickets/?status_id=0&cursor='), 200)['items'] == []
    expect(reader.get('tickets/?cursor=&per_page=0'), 404)


def test_a_snippet_shows_what_was_found_as_html(imported):
    with imported.client(USER) as c:
        text = 'One <b>"two"</b> & three ' + 'more ' * 60 + 'Zebrafish swim <i>here</i>'
        made = expect(c.post('tickets', {**TICKET, 'content': text}), 201)['id']
        title = expect(c.post('tickets', {**TICKET, 'title': 'Zebrafishes'}), 201)['id']
        got = expect(c.get('tickets/?content=zebrafish*&fields=id,snippet'), 200)['items']
        assert [i['id'] for i in got] == [made, title]
        assert got[0]['snippet'].endswith('more <mark>Zebrafish</mark> swim &lt;i&gt;here&lt;/i&gt;')
        assert got[0]['snippet'].startswith('…')
        assert got[1]['snippet'] == '<mark>Zebrafishes</mark>'
        got = expect(c.get('tickets/?content="b+two"&fields=snippet'), 200)['items']
        assert got[0]['snippet'].startswith('One &lt;<mark>b&gt;&quot;two</mark>&quot;&lt;/b&gt; &amp; three')
        assert all('snippet' not in i for i in expect(c.get('tickets/?content=printer'), 200)['items'])
        assert expect(c.get('tickets/?fields=snippet&per_page=1'), 200)['items'] == [{'snippet': None}]


def test_the_best_comes_first(imported):
    with imported.client(USER) as c:
        def make(title, content):
            return expect(c.post('tickets', {**TICKET, 'title': title, 'content': content}), 201)['id']
        reply, once = make('Nothing here', 'nothing there'), make('Nothing here', 'one okapi there')
        often, title = make('Nothing here', 'okapi okapi okapi'), make('The okapi', 'nothing there')
        expect(c.post('posts', {'ticket_id': reply, 'content': 'an okapi was seen'}), 201)
        assert whole(c, 'content=okapi&sort=relevance') == [title, often, once, reply]
        assert whole(c, 'content=okapi') == sorted([title, often, once, reply])


def check_all(client, model):
    for sort in ALL_SORTS:
        want = model.ids(sort=sort)
        assert whole(client, f'sort={sort}') == want, sort
        assert walk(client, f'sort={sort}', 50) == want, sort
    for query, condition in FILTERS:
        assert whole(client, encoded(query)) == model.ids(where=[condition.format(me=1)]), query
    for content in SEARCHES:
        assert whole(client, urlencode({'content': content})) == model.ids(content=content), content


def test_what_was_written_is_in_the_next_list(imported):
    model, choose = Model(imported), random.Random(3)
    c = imported.client(ADMIN)
    for n in range(40):
        title = choose.choice(['Printer', 'aaa', 'zzz', 'Ünïcode', f'ticket {n}', f'ticket {40 - n}'])
        made = expect(c.post('tickets', {**TICKET, 'title': title, 'content': 'printer network gauge',
                                         'category_id': choose.randint(1, 10)}), 201)
        assert whole(c)[-1] == made['id']
        assert made['id'] in whole(c, 'content=network+gauge')
        assert whole(c, 'sort=title') == model.ids(sort='title')
        assert page(c, 'sort=last_updated_desc', 1, 1)[0] == [made['id']]
        if n % 3 == 0:
            expect(c.post(f'ticket/{made["id"]}/claim', {}), 200)
            assert made['id'] in whole(c, 'assigned_id=me&status=In%20Work')
        if n % 5 == 0:
            expect(c.request('PATCH', f'ticket/{made["id"]}', json={'title': f'changed {n}', 'hours': n}), 200)
            assert made['id'] in whole(c, f'content="changed+{n}"')
        if n % 7 == 0:
            expect(c.request('DELETE', f'ticket/{made["id"]}'), 204)
            assert made['id'] not in whole(c)
    check_all(c, model)


def test_lists_are_the_same_after_a_stop_and_a_kill(imported):
    model = Model(imported)
    with imported.client(ADMIN) as c:
        expect(c.post('tickets', {**TICKET, 'title': 'mmm'}), 201)
        check_all(c, model)
        imported.processes['ticket'].terminate()
        imported.restart('ticket')
        wait_until(lambda: c.get('tickets/').status == 200, 10, 'lists are there again')
        check_all(c, model)
        expect(c.post('tickets', {**TICKET, 'title': 'lll'}), 201)
        imported.kill('ticket')
        imported.restart('ticket')
        wait_until(lambda: c.get('tickets/').status == 200, 10, 'lists are there again')
        check_all(c, model)


def fill(desk, count):
    """Give a desk that does not run so many more tickets than it has, all of them with nothing but a title."""
    with contextlib.closing(open_store(desk.data / 'stores/ticket/ticket.db')) as db, db:
        db.execute("""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            INSERT INTO tickets (title, started_id, status_id, category_id, ticket_priority_id)
            SELECT hex(i * 7919 % ?), 1 + i % 6, 1, 1, 1 FROM n""", (count, count))


def ask_early(desk, count):
    """Have so many sorted lists asked for while nobody is there to answer; what came, and when, as it comes."""
    came = []

    def ask(sort):
        with desk.client(ADMIN) as c:
            answer = c.get(f'tickets/?per_page=1&sort={sort}')
            came.append((time.monotonic(), answer))

    asking = [threading.Thread(target=ask, args=(ALL_SORTS[i % len(ALL_SORTS)],)) for i in range(count)]
    for t in asking:
        t.start()
    return asking, came


@pytest.mark.parametrize('end', ['kill', 'terminate'])
def test_lists_that_are_asked_for_too_early_wait(desks, end):
    """While a service that was started loads what lists are sorted by, they wait for it; nothing else does."""
    desk = desks('imported', start=False, FLICKET_REQUEST_TIMEOUT_MS=60000)
    fill(desk, 150000)
    desk.start()
    with desk.client(ADMIN) as c:
        expect(c.get('ticket/1'), 200)
        getattr(desk.processes['ticket'], end)()
        desk.restart('ticket')
        wait_until(lambda: c.get('ticket/1').status == 200, 20, 'a ticket is there again')
        there = time.monotonic()
        asking, came = ask_early(desk, 100)
        while any(t.is_alive() for t in asking):
            expect(c.get('ticket/1'), 200)
        assert [a.status for _, a in came] == [200] * 100
        assert len({a.json()['_meta']['total_items'] for _, a in came}) == 1
        # it loads for longer than it takes to ask for a ticket
        assert min(moment for moment, _ in came) > there


def test_lists_go_to_a_process_that_has_loaded(desks):
    """Of two, one is started again under load; no list waits for it."""
    desk = desks('imported', start=False)
    fill(desk, 150000)
    desk.start()
    desk.launch('ticket-1', 'flicket-ticket')
    with desk.client(ADMIN) as c:
        wait_until(lambda: 'flicket_bus_replicas_up{service="ticket"} 2' in c.get('/metrics').body.decode(), 20, 'two')
        wait_until(lambda: c.get('tickets/?per_page=1&sort=title').status == 200, 20, 'lists')
        for _ in range(2):
            desk.kill('ticket-1')
            desk.launch('ticket-1', 'flicket-ticket')
            asking, came = ask_early(desk, 8)
            for t in asking:
                t.join()
            assert [a.status for _, a in came] == [200] * 8


@pytest.mark.parametrize('sort', ['ticketid_desc', 'title', 'title_desc', 'addedby', 'last_updated', 'replies_desc'])
def test_what_comes_and_goes_does_not_shift_a_walk(imported, sort):
    c, model = imported.client(ADMIN), Model(imported)
    before, gone = model.ids(sort=sort), []

    def disturb():
        expect(c.post('tickets', {**TICKET, 'title': 'gauge'}), 201)
        gone.append(page(c, f'sort={sort}', 1, 1)[0][0])
        expect(c.request('DELETE', f'ticket/{gone[-1]}'), 204)

    seen = walk(c, f'sort={sort}', 25, disturb)
    assert len(set(seen)) == len(seen)
    assert [i for i in seen if i in before and i not in gone] == [i for i in before if i not in gone]


def test_a_renamed_user_takes_its_tickets_along(imported):
    c, model = imported.client(ADMIN), Model(imported)
    expect(c.request('PATCH', 'user/30', json={'name': 'Aaaa first of all'}), 200)
    assert whole(c, 'sort=addedby') == model.ids(sort='addedby')
    assert whole(c, 'sort=assigned_desc') == model.ids(sort='assigned_desc')
    assert whole(c, 'sort=addedby')[0] == model.ids(where=['t.started_id = 30'])[0]


def test_a_name_with_a_comma_is_found(imported):
    c, model = imported.client(ADMIN), Model(imported)
    for name in ('Goods, in', 'Goods', 'in, out'):
        made = expect(c.post('departments/', {'department': name}), 201)['id']
        made = expect(c.post('categories/', {'category': name, 'department_id': made}), 201)['id']
        expect(c.post('tickets', {**TICKET, 'category_id': made}), 201)
    for kind in ('department', 'category'):
        column = {'department': 'd.department', 'category': 'c.category'}[kind]
        for value, names in (('Goods, in', ["'Goods, in'"]), ('Goods', ["'Goods'"]),
                             ('Goods,Goods, in', ["'Goods'", "'Goods, in'"]),
                             ('in, out,Goods, in', ["'in, out'", "'Goods, in'"])):
            want = model.ids(where=[f'{column} IN ({", ".join(names)})'])
            assert len(want) == len(names) and whole(c, urlencode({kind: value})) == want


def exported(client, path):
    answer = client.get(path)
    assert answer.status == 200, answer
    return answer.body.decode()


def test_a_csv_file_has_flickets_columns(reader, model):
    for query, sort, where in (('', 'ticketid', []),
                               ('?status=Open&sort=title_desc', 'title_desc', ["s.status = 'Open'"])):
        rows = list(csv.reader(io.StringIO(exported(reader, 'tickets.csv' + query), newline='')))
        assert ','.join(rows[0]) == 'Ticket_ID,Priority,Title,Submitted By,Date,Replies,Category,Status,Assigned,URL'
        want = model.rows('ticket', f"""SELECT printf('%05d', t.id), p.priority, t.title, a.name,
            date(t.date_added / 1000000, 'unixepoch'), t.replies || '', d.department || ' - ' || c.category, s.status,
            ifnull(n.name, 'Not assigned'), 'http://localhost:5000/flicket-api/ticket/' || t.id {JOINS}""")
        by_id = {int(r[0]): list(r) for r in want}
        assert [int(r[0]) for r in rows[1:]] == model.ids(sort=sort, where=where)
        for row in rows[1:]:
            expected = by_id[int(row[0])]
            assert [c.removeprefix("'") for c in row] == [re.sub(r'\r\n|[\x00-\x1f\x7f-\x9f\u2028\u2029]', ' ', c or '').
                                                          removeprefix("'") for c in expected]


def retitle(desk, ticket, title):
    """Give a ticket a title that clients cannot give it, as an import brings them."""
    with contextlib.closing(open_store(desk.data / 'stores/ticket/ticket.db')) as db, db:
        db.execute('UPDATE tickets SET title = ?, version = version + 1 WHERE id = ?', (title, ticket))


@pytest.mark.parametrize('title, cell', [
    ('=1+1 and more', "'=1+1 and more"), ('+1 and more', "'+1 and more"), ('-1 and more', "'-1 and more"),
    ('@sum and more', "'@sum and more"), ('\ttab', "' tab"), ('\rreturn', "' return"), ('a, "b"\r\nc', 'a, "b" c'),
    ('  =1+1', "'  =1+1"), ('\ufeff=1+1', "'\ufeff=1+1"), ('\u200b\xa0+1', "'\u200b\xa0+1"), ('\uff1d1+1', "'\uff1d1+1"),
    ('\u3000\uff20sum', "'\u3000\uff20sum"), ('one;=1+1', "one;'=1+1"), ('one\n=1+1', 'one =1+1'), ('a\u2028b\x85c', 'a b c'),
    ('a\x01b\x02c\x03d', 'a b c d'), ('漢字 😀', '漢字 😀'), ('a=b', 'a=b')], ids=lambda t: ascii(t))
def test_a_cell_is_text_and_no_formula(writing, title, cell):
    """Also of titles that an import brought, as clients cannot."""
    with writing.client(USER) as c:
        made = expect(c.post('tickets', TICKET), 201)['id']
        retitle(writing, made, title)
        rows = list(csv.reader(io.StringIO(exported(c, 'tickets.csv?created_id=me&sort=ticketid_desc'), newline='')))
        assert rows[1][0] == f'{made:05}' and rows[1][2] == cell
        assert rows[1][9] == f'http://localhost:5000/flicket-api/ticket/{made}'


def test_a_csv_file_is_as_spreadsheets_want_it(reader):
    plain = exported(reader, 'tickets.csv')
    table = list(csv.reader(io.StringIO(plain, newline='')))
    for query, mark, separator in (('bom=1', '\ufeff', ','), ('bom=true&separator=semicolon', '\ufeff', ';'),
                                   ('separator=%3B', '', ';'), ('separator=tab&bom=0', '', '\t'),
                                   ('separator=comma&bom=false', '', ',')):
        text = exported(reader, f'tickets.csv?{query}')
        assert text.startswith(mark + f'Ticket_ID{separator}Priority{separator}') and text.count('\ufeff') == len(mark)
        rows = csv.reader(io.StringIO(text.removeprefix(mark), newline=''), delimiter=separator)
        assert [[re.sub("(^|[,;])'", r'\1', c) for c in row] for row in rows] == \
            [[re.sub("(^|[,;])'", r'\1', c) for c in row] for row in table]
    assert len(exported(reader, 'tickets.csv?bom=1&status_id=0').splitlines()) == 1


@pytest.mark.parametrize('path, code, field', [
    ('tickets.csv?bom=yes', 'wrong_type', 'bom'), ('tickets.csv?bom=2', 'wrong_type', 'bom'),
    ('tickets.csv?bom=', 'empty', 'bom'), ('tickets.csv?bom=1&bom=1', 'repeated', 'bom'),
    ('tickets.csv?separator=%7C', 'invalid', 'separator'), ('tickets.csv?separator=%3B%3B', 'invalid', 'separator'),
    ('tickets.ndjson?bom=1', 'exclusive', 'bom'), ('tickets.ndjson?separator=tab', 'exclusive', 'separator'),
    ('tickets/?bom=1', 'unknown_parameter', 'bom')])
def test_a_wish_that_no_file_fits_is_refused(reader, path, code, field):
    got = expect(reader.get(path), 400)
    assert (got['code'], got['field']) == (code, field)


@pytest.mark.parametrize('separator', ['comma', 'semicolon', 'tab'])
def test_no_spreadsheet_finds_a_formula(writing, separator):
    """Not even one that takes another character for the separator, and splits a text at it, quotes or not."""
    signs = '=+-@\uff1d\uff0b\uff0d\uff20'
    with writing.client(USER) as c:
        for sign in signs:
            text = f'{sign}1 x; {sign}1,\xa0{sign}1\t{sign}1;"{sign}1;\ufeff{sign}1,"{sign}1\r\n{sign}1'
            retitle(writing, expect(c.post('tickets', TICKET), 201)['id'], text)
        text = exported(c, f'tickets.csv?created_id=me&separator={separator}')
    rows = list(csv.reader(io.StringIO(text, newline=''), delimiter={'comma': ',', 'semicolon': ';', 'tab': '\t'}[separator]))
    assert {len(row) for row in rows} == {10} and len(rows) == 1 + len(text.split('\r\n')[1:-1])
    cells = [cell for row in rows for cell in row]
    other = {'comma': '[;\t]', 'semicolon': '[,\t;]', 'tab': '[,;]'}[separator]
    for cell in [*cells, *(part for line in text.splitlines() for part in re.split(other, line))]:
        assert not cell.strip(' "\xa0\ufeff\u200b')[:1].strip() or cell.strip(' "\xa0\ufeff\u200b')[0] not in signs, cell


def test_lines_of_json_are_the_items_of_the_list(reader, model):
    lines = [json.loads(line) for line in exported(reader, 'tickets.ndjson?sort=replies_desc').split('\n')[:-1]]
    items = [i for n in (1, 2) for i in
             expect(reader.get(f'tickets/{n}/?per_page=100&sort=replies_desc'), 200)['items']]
    assert lines == items and len(lines) == 130
    assert exported(reader, 'tickets.ndjson?status_id=0') == ''
    some = [json.loads(line) for line in
            exported(reader, 'tickets.ndjson?content=printer&fields=id').split('\n')[:-1]]
    assert [i['id'] for i in some] == model.ids(content='printer')
