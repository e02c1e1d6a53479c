"""flicketctl generate: what it makes is a sound desk, the same one every time, of the size that was asked for."""
import contextlib
import sqlite3

import pytest

from desk import FAULTS, Desk, run_program
from wire import expect

USERS, TICKETS, POSTS = 40, 700, 3100
SIZE = ('--users', str(USERS), '--tickets', str(TICKETS), '--posts', str(POSTS))
TABLES = {'user': ('users', 'groups', 'members'), 'lookup': ('departments', 'categories', 'statuses', 'priorities'),
          'ticket': ('tickets', 'subscriptions', 'actions', 'replies', 'user_names', 'category_names'),
          'post': ('posts', 'histories')}


def generate(*args, **settings):
    done = run_program('flicketctl', 'generate', *args, FLICKET_BCRYPT_COST=4, **settings)
    assert not any(f in done.stderr for f in FAULTS), done.stderr
    return done


def rows(data, name, table):
    with contextlib.closing(sqlite3.connect(f'file:{data}/stores/{name}/{name}.db?mode=ro', uri=True)) as db:
        return db.execute(f'SELECT * FROM {table} ORDER BY 1, 2').fetchall()


def everything(data):
    return {(name, table): rows(data, name, table) for name, tables in TABLES.items() for table in tables}


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp('generated'), 'new')
    done = generate(*SIZE, '--seed', '7', '--password', 'Wörter', '--data', str(desk.data))
    assert done.returncode == 0, done.stderr
    del desk.settings['FLICKET_ADMIN_PASSWORD']
    desk.start()
    yield desk
    desk.stop()


@pytest.fixture(scope='module')
def admin(desk):
    with contextlib.closing(desk.client('')) as c:
        token = expect(c.log_in('admin', 'Wörter'), 200)['token']
    return desk.client(token)


def total(client, path):
    return expect(client.get(path), 200)['_meta']['total_items']


def test_there_is_as_much_as_was_asked_for(admin):
    assert total(admin, 'users/') == USERS
    assert total(admin, 'tickets/') == TICKETS
    assert sum(total(admin, f'posts/{i + 1}/?per_page=1') for i in range(TICKETS)) == POSTS


def every_item(client, path):
    items = []
    while path:
        answer = expect(client.get(path), 200)
        items += answer['items']
        path = (answer['_links']['next'] or '').partition('/flicket-api/')[2]
    return items


def test_counts_are_of_what_is_there(desk, admin):
    """What is kept with users and tickets is what one counts over the API."""
    tickets = every_item(admin, 'tickets/')
    authors = [t['started_id'] for t in tickets] + [row[3] for row in rows(desk.data, 'post', 'posts')]
    assigned = [t['assigned_id'] for t in tickets]
    for user in every_item(admin, 'users/'):
        one = expect(admin.get(f'user/{user["id"]}'), 200)
        assert one['total_posts'] == authors.count(user['id']), one
        assert sum(a == user['id'] for a in assigned) == rows(desk.data, 'user', 'users')[user['id'] - 1][10]


def test_replies_are_counted_and_searched_with_their_tickets(admin):
    most = expect(admin.get('tickets/?sort=replies_desc&per_page=3'), 200)['items']
    for ticket in most:
        posts = expect(admin.get(f'posts/{ticket["id"]}/'), 200)
        assert posts['_meta']['total_items'] > POSTS / TICKETS
        words = max((p['content'] for p in posts['items']), key=len).split()
        word = max((w for w in words if w.isascii() and w.isalpha()), key=len)
        found = every_item(admin, f'tickets/?content={word}')
        assert ticket['id'] in [t['id'] for t in found], word


def test_dates_are_in_order_and_people_exist(desk):
    tickets = {r[0]: r for r in rows(desk.data, 'ticket', 'tickets')}
    dates = [t[4] for t in tickets.values()]
    assert dates == sorted(dates)
    for post in rows(desk.data, 'post', 'posts'):
        assert post[1] in tickets and post[4] >= tickets[post[1]][4] and 1 <= post[3] <= USERS
        assert tickets[post[1]][12] >= post[4], 'last_updated'
    pairs = [r[1:3] for r in rows(desk.data, 'ticket', 'subscriptions')]
    assert len(set(pairs)) == len(pairs) and {u for _, u in pairs} <= set(range(1, USERS + 1))
    assert {t for t, _ in pairs} == set(tickets)


def test_texts_are_of_many_kinds(desk):
    texts = [r[2] for r in rows(desk.data, 'post', 'posts')]
    lengths = sorted(len(t) for t in texts)
    assert lengths[-1] > 5 * lengths[len(lengths) // 2] and lengths[-1] <= 5000 and lengths[0] > 0
    everything_said = ''.join(texts)
    assert all(any(low <= c <= high for c in everything_said) for low, high in
               (('à', 'ÿ'), ('а', 'я'), ('一', '鿿'), ('\U0001f300', '\U0001faff')))
    assert '�' not in everything_said


def test_a_seed_makes_the_same_desk_and_another_one_another(tmp_path):
    for folder, seed in (('a', '3'), ('b', '3'), ('c', '4')):
        assert generate(*SIZE, '--seed', seed, '--data', str(tmp_path / folder)).returncode == 0
    a, b, c = (everything(tmp_path / f) for f in 'abc')
    same = [k for k in a if a[k] == b[k]]
    assert same == list(a)
    assert a['ticket', 'tickets'] != c['ticket', 'tickets'] and a['post', 'posts'] != c['post', 'posts']


def test_a_flicket_database_of_it_imports_to_the_same_desk(tmp_path):
    assert generate(*SIZE, '--data', str(tmp_path / 'direct')).returncode == 0
    file = tmp_path / 'flicket.db'
    assert generate(*SIZE, '--flicket', str(file)).returncode == 0
    assert [f.name for f in tmp_path.iterdir() if f.name.startswith('flicket')] == ['flicket.db']
    done = run_program('flicketctl', 'import', '--data', str(tmp_path / 'imported'), str(file))
    assert done.returncode == 0 and 'Every row written is as it was in Flicket.' in done.stdout, done.stderr
    assert everything(tmp_path / 'direct') == everything(tmp_path / 'imported')
    assert generate(*SIZE, '--flicket', str(file)).returncode == 1, 'a file that is there is not overwritten'


def test_a_folder_that_is_in_use_or_full_is_left_alone(desk, tmp_path):
    before = everything(desk.data)
    done = generate(*SIZE, '--data', str(desk.data))
    assert done.returncode == 1 and 'flicketctl generate: the ' in done.stderr and 'is running' in done.stderr
    assert everything(desk.data) == before
    assert generate(*SIZE, '--data', str(tmp_path)).returncode == 0
    assert generate(*SIZE, '--data', str(tmp_path)).returncode == 1


@pytest.mark.parametrize('args, message', [
    (('--tickets', '0'), '--tickets: "0" is not a whole number from 1 to 50000000'),
    (('--users', '9'), '--users: "9" is not a whole number from 10 to 1000000'),
    (('--posts', '1e6'), '--posts: "1e6" is not a whole number'),
    (('--seed', '-1'), '--seed: "-1" is not a whole number'),
    (('--password', 'x' * 73), '--password: 1 to 72 bytes'),
    (('--bogus',), 'no such option: --bogus'),
    (('--data',), 'a value is missing: --data'),
    (('more',), '"more" is not understood'),
])
def test_wrong_usage_is_refused_by_name(args, message, tmp_path):
    done = generate(*args, FLICKET_DATA=str(tmp_path / 'never'))
    assert done.returncode == 2 and message in done.stderr and not (tmp_path / 'never').exists()
