"""Tickets: what making one does, everywhere it shows."""
import threading

import pytest

from desk import ADMIN, COUNTED_WITHIN, USER, wait_until
from wire import NoAnswer, expect

USER_ID = 3
TICKET = {'title': 'this is my ticket', 'content': 'this is my content', 'category_id': 1,
          'ticket_priority_id': 1}


@pytest.fixture
def author(writing):
    with writing.client(USER) as c:
        yield c


def posts_of(client, user=USER_ID):
    return expect(client.get(f'user/{user}'), 200)['total_posts']


def total(client, path):
    return expect(client.get(path + '?per_page=1'), 200)['_meta']['total_items']


def test_a_new_ticket_is_answered_with_all_there_is_about_it(writing, author):
    answer = author.post('tickets', {'title': 'Kaputt', 'content': 'It is broken', 'category_id': 5,
                                     'ticket_priority_id': 3})
    made = expect(answer, 201)
    link = writing.base_url + '/flicket-api/'
    assert answer.header('Location') == made['links']['self'] == f'{link}ticket/{made["id"]}'
    date = made.pop('date_added')
    assert date.endswith(' GMT')
    assert made == {
        'assigned_id': None, 'category_id': 5, 'content': 'It is broken', 'date_modified': None,
        'id': made['id'], 'modified_id': None, 'started_id': USER_ID, 'status_id': 1, 'ticket_priority_id': 3,
        'title': 'Kaputt', 'links': {
            'assigned': None, 'category': link + 'category/5', 'modified_by': None,
            'histories': f'{link}histories/?topic_id={made["id"]}', 'priority': link + 'priority/3',
            'self': f'{link}ticket/{made["id"]}', 'started_ny': f'{link}user/{USER_ID}',
            'status': link + 'status/1', 'subscribers': f'{link}subscriptions/{made["id"]}/',
            'tickets': link + 'tickets/'}}
    assert expect(author.get(f'ticket/{made["id"]}'), 200) == {**made, 'date_added': date}


def test_a_new_ticket_is_in_the_list_at_once(author):
    before = total(author, 'tickets/')
    made = expect(author.post('tickets', TICKET), 201)
    after = expect(author.get(f'tickets/{before // 100 + 1}/?per_page=100'), 200)
    assert after['_meta']['total_items'] == before + 1
    assert after['items'][-1] == made


def test_ids_ascend(author):
    ids = [expect(author.post('tickets', TICKET), 201)['id'] for _ in range(20)]
    assert ids == sorted(set(ids)) and ids[0] > 130


def test_the_author_of_a_ticket_is_subscribed(author):
    before = total(author, 'subscriptions/')
    made = expect(author.post('tickets', TICKET), 201)
    subscribed = expect(author.get(f'subscriptions/{made["id"]}/'), 200)['items']
    assert [(s['ticket_id'], s['user_id'], s['user_def']) for s in subscribed] == [(made['id'], USER_ID, 'Bob 003')]
    assert expect(author.get(f'subscription/{subscribed[0]["id"]}'), 200) == subscribed[0]
    assert total(author, 'subscriptions/') == before + 1


def settled_posts_of(client, user=USER_ID):
    """total_posts once all that was to be counted is: one more ticket passes through the same queue."""
    before = posts_of(client, user)
    expect(client.post('tickets', TICKET), 201)
    wait_until(lambda: posts_of(client, user) > before, COUNTED_WITHIN, 'a ticket is counted')
    return posts_of(client, user)


def test_a_ticket_counts_in_its_authors_posts_once(imported):
    with imported.client(USER) as author:
        before, others = posts_of(author), posts_of(author, 4)
        for made in range(1, 4):
            expect(author.post('tickets', TICKET), 201)
            wait_until(lambda n=before + made: posts_of(author) == n, COUNTED_WITHIN, 'the ticket is counted')
        for _ in range(10):
            expect(author.post('tickets', TICKET), 201)
        wait_until(lambda: posts_of(author) >= before + 13, COUNTED_WITHIN, 'all tickets are counted')
        assert settled_posts_of(author) == before + 14
        assert posts_of(author, 4) == others


def test_a_refused_ticket_counts_nowhere(imported):
    with imported.client(USER) as author:
        before = posts_of(author), total(author, 'tickets/'), total(author, 'subscriptions/')
        for change in ({'title': 'x'}, {'category_id': 999}, {'ticket_priority_id': 999}, {'content': None}):
            expect(author.post('tickets', {**TICKET, **change}), 400)
        assert (total(author, 'tickets/'), total(author, 'subscriptions/')) == before[1:]
        assert settled_posts_of(author) == before[0] + 1


LINES = [
    'Zoë said "no"', '漢字かな交じり文', '😀👩‍👩‍👧‍👦🏳️‍🌈', 'العربية עברית', 'e\u0301 ≠ é', "O'Neil; DROP TABLE tickets; --",
    '<script>alert("x")</script> &amp; &lt;', '\\u0041 \\n \\', '%s %n %00 {tok} ${x} $(x) `x`',
    '\U0010ffff\ue000\ufffd']
NO_LINES = ['\u2028\u2029\ufeff\u200b', '\x01\x02\x1f\x7f', ' leading and trailing ', '\t\r\n\t\r\n']


@pytest.mark.parametrize('text', LINES + NO_LINES, ids=lambda text: ascii(text)[:20])
def test_text_comes_back_as_it_was_sent(author, text):
    title = text if text in LINES else TICKET['title']
    made = expect(author.post('tickets', {**TICKET, 'title': title, 'content': text * 2}), 201)
    got = expect(author.get(f'ticket/{made["id"]}'), 200)
    assert (got['title'], got['content']) == (title, text * 2)
    last = expect(author.get(f'tickets/{total(author, "tickets/")}/?per_page=1'), 200)['items'][0]
    assert last == got


def test_a_new_category_can_be_used_at_once(writing, author):
    admin = writing.client(ADMIN)
    department = expect(admin.post('departments', {'department': 'Fresh'}), 201)['id']
    category = expect(admin.post('categories', {'category': 'Fresher', 'department_id': department}), 201)['id']
    made = expect(author.post('tickets', {**TICKET, 'category_id': category}), 201)
    assert made['category_id'] == category


def test_200_tickets_made_at_once_are_200_tickets(imported):
    made, wrong = [], []

    def make(n):
        try:
            with imported.client(USER) as c:
                for i in range(20):
                    title = f'ticket {n} {i}'
                    got = expect(c.post('tickets', {**TICKET, 'title': title}), 201)
                    made.append((got['id'], title))
                    if got['title'] != title:
                        wrong.append((title, got))
        except (AssertionError, NoAnswer, OSError) as e:
            wrong.append(e)

    with imported.client() as c:
        posts, subscriptions = posts_of(c), total(c, 'subscriptions/')
        threads = [threading.Thread(target=make, args=(n,)) for n in range(10)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong, wrong[:3]
        assert len({i for i, _ in made}) == 200
        assert total(c, 'tickets/') == 130 + 200
        assert total(c, 'subscriptions/') == subscriptions + 200
        wait_until(lambda: posts_of(c) >= posts + 200, COUNTED_WITHIN, 'all tickets are counted')
        assert posts_of(c) == posts + 200
        for number, title in made[::20]:
            assert expect(c.get(f'ticket/{number}'), 200)['title'] == title
