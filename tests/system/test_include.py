"""include=: what belongs to tickets, in the same answer and in a fixed number of messages."""
import pytest

from desk import wait_until
from wire import expect

KINDS = ('actions', 'category', 'histories', 'posts', 'priority', 'status', 'subscriptions', 'uploads', 'users')


def all_of(reader, path):
    """All items of a list."""
    page, items = 1, []
    while True:
        sep = '&' if '?' in path else '?'
        got = reader.get(f'{path}{sep}page={page}&per_page=100' if not path.startswith('posts/')
                         else f'{path}{page}/?per_page=100').json()
        items += got['items']
        if got['_links']['next'] is None:
            return items
        page += 1


def test_a_ticket_with_everything(reader):
    plain = reader.get('ticket/2').json()
    got = expect(reader.get('ticket/2?include=' + ','.join(KINDS)), 200)
    included = got.pop('included')
    assert got == plain
    assert set(included) == set(KINDS)
    assert included['posts'] == all_of(reader, 'posts/2/')
    assert included['subscriptions'] == reader.get('subscriptions/2/?per_page=100').json()['items']
    assert included['actions'] == reader.get('actions/2?per_page=100').json()['items']
    assert included['status'] == [reader.get(f'status/{plain["status_id"]}').json()]
    assert included['priority'] == [reader.get(f'priority/{plain["ticket_priority_id"]}').json()]
    assert included['category'] == [reader.get(f'category/{plain["category_id"]}').json()]
    posts = {p['id'] for p in included['posts']}
    assert included['uploads'] == [u for u in all_of(reader, 'uploads/')
                                   if u['topic_id'] == 2 or u['post_id'] in posts]
    assert included['histories'] == [h for h in all_of(reader, 'histories/')
                                     if h['topic_id'] == 2 or h['post_id'] in posts]
    users = {u['id'] for u in included['users']}
    assert {plain['started_id'], *(p['user_id'] for p in included['posts']),
            *(s['user_id'] for s in included['subscriptions'])} - {None} <= users
    assert [u['id'] for u in included['users']] == sorted(users)
    for u in included['users']:
        assert u == reader.get(f'user/{u["id"]}').json()


@pytest.mark.parametrize('path', ['tickets/?per_page=50', 'tickets/2/?per_page=50', 'tickets/?status=Open&per_page=20'])
def test_a_list_with_users_and_posts(reader, path):
    plain = reader.get(path).json()
    got = expect(reader.get(path + '&include=users,posts'), 200)
    included = got.pop('included')
    assert got['items'] == plain['items'] and got['_meta'] == plain['_meta']
    assert 'include=users%2Cposts' in (got['_links']['next'] or 'include=users%2Cposts')
    want = [p for t in plain['items'] for p in all_of(reader, f'posts/{t["id"]}/')]
    assert sorted(included['posts'], key=lambda p: p['id']) == sorted(want, key=lambda p: p['id'])
    users = {t[k] for t in plain['items'] for k in ('started_id', 'assigned_id', 'modified_id')}
    users |= {p['user_id'] for p in want}
    known = {u['id'] for u in all_of(reader, 'users/')}
    assert {u['id'] for u in included['users']} == (users - {None}) & known


def test_nothing_to_include_is_empty_lists(reader):
    got = expect(reader.get('tickets/?created_id=987654&include=' + ','.join(KINDS)), 200)
    assert got['items'] == [] and got['included'] == {k: [] for k in KINDS}


@pytest.mark.parametrize('include', ['colour', 'posts,colour', 'Posts', 'posts,', ',posts', 'users%20'])
@pytest.mark.parametrize('path', ['ticket/2', 'tickets/'])
def test_a_kind_that_is_not_there_is_named(reader, path, include):
    message = expect(reader.get(f'{path}?include={include}'), 400)['message']
    assert 'include' in message and 'subscriptions' in message


def test_twice_is_once(reader):
    assert reader.get('ticket/2?include=posts,posts').json()['included'].keys() == {'posts'}


def test_with_fields(reader):
    got = reader.get('ticket/2?fields=id,title&include=posts').json()
    assert set(got) == {'id', 'title', 'included'}


def test_a_missing_ticket_stays_missing(reader):
    expect(reader.get('ticket/987654?include=posts'), 404)


def test_versions_of_what_is_included_count(writing):
    c = writing.client()
    path = 'ticket/2?include=posts,users'
    first = c.get(path)
    assert c.get(path, headers={'If-None-Match': first.header('ETag')}).status == 304
    post = first.json()['included']['posts'][0]['id']
    if first.json()['status_id'] == 2:
        expect(c.post('posts', {'ticket_id': 2, 'content': 'opened again'}), 201)
        first = c.get(path)
    expect(c.request('PATCH', f'post/{post}', json={'content': 'an edited reply'}), 200)
    again = c.get(path, headers={'If-None-Match': first.header('ETag')})
    assert again.status == 200 and again.header('ETag') != first.header('ETag')
    # the part before the dot is the ticket's own, and good for If-Match
    expect(c.request('PATCH', 'ticket/2', json={'title': 'with what came along'},
                     headers={'If-Match': again.header('ETag')}), 200)


def test_a_part_that_is_down_is_said(imported):
    c = imported.client()
    imported.kill('post')
    expect(c.get('ticket/2?include=posts'), 503)
    expect(c.get('ticket/2?include=users'), 200)
    imported.restart('post')
    wait_until(lambda: c.get('ticket/2?include=posts').status == 200, 20, 'posts again')


def messages(c):
    """How many messages with requests the gateway has sent so far."""
    lines = c.get('/metrics').body.decode().splitlines()
    return sum(int(line.split()[-1]) for line in lines if line.startswith('flicket_bus_messages_total'))


def messages_of(c, path):
    """How many messages the request takes. One may be about the token, whose grant is asked for again now and then:
    the fewest of several tries has none of that."""
    counts = []
    for _ in range(4):
        before = messages(c)
        got = expect(c.get(path), 200)
        counts.append(messages(c) - before)
    return min(counts), got


def test_the_number_of_messages_does_not_depend_on_the_rows(imported):
    c = imported.client()
    for per_page in (1, 5, 50):
        count, got = messages_of(c, f'tickets/2/?per_page={per_page}&include=users,posts')
        assert count == 3, 'tickets, then posts, then users'
        assert len(got['items']) == per_page and len(got['included']['users']) >= 1
    count, _ = messages_of(c, 'tickets/2/?include=' + ','.join(KINDS))
    assert count <= 5, 'tickets; ticket, post and lookup service at once; users'
