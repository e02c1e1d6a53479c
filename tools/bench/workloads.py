"""What is measured: each workload is a row, with the requests it consists of."""
import json
import random
from dataclasses import dataclass
from typing import Callable

from load import Request


@dataclass(frozen=True)
class Size:
    users: int
    tickets: int
    posts: int

    @staticmethod
    def of(tickets):
        """As many users and replies as go with a number of tickets."""
        return Size(max(10, min(10000, tickets // 100)), tickets, tickets * 5)


@dataclass(frozen=True)
class Workload:
    key: str                    # what is asked for on the command line
    name: str                   # what a table says
    group: str                  # rows that have their targets in common
    make: Callable              # (stand, size, rng, how many) -> requests
    status: int = 200
    grows: bool = True          # measured against the number of tickets


def each(count, request):
    return [request() for _ in range(count)]


def ticket(stand, size, rng, n):
    return each(n, lambda: Request(f'ticket/{rng.randint(1, size.tickets)}'))


def post(stand, size, rng, n):
    return each(n, lambda: Request(f'post/{rng.randint(1, size.posts)}'))


def user(stand, size, rng, n):
    return each(n, lambda: Request(f'user/{rng.randint(1, size.users)}'))


def priority(stand, size, rng, n):
    return [Request('priority/1')]


def pages(size):
    """Full pages of 50, for each has the same length then."""
    return max(1, size.tickets // 50)


def tickets(stand, size, rng, n):
    return each(n, lambda: Request(f'tickets/{rng.randint(1, pages(size))}/'))


def posts(stand, size, rng, n):
    return each(n, lambda: Request(f'posts/{rng.randint(1, size.tickets)}/'))


def subscriptions(stand, size, rng, n):
    return each(n, lambda: Request(f'subscriptions/{rng.randint(1, size.tickets)}/'))


def include(stand, size, rng, n):
    return each(n, lambda: Request(f'tickets/{rng.randint(1, pages(size))}/?include=users'))


def unchanged(stand, size, rng, n):
    """Pages of tickets with the tags they have."""
    made = []
    for r in tickets(stand, size, rng, min(n, 200)):
        made.append(Request(r.path, etag=stand.api(r.path).getheader('ETag')))
    return made


def text(rng, words):
    common = ('the printer does not print since this morning and nobody can log in please help größe écran '
              '打印机 不能 😀 server network cable').split()
    return ' '.join(rng.choice(common) if rng.random() < 0.8 else f'w{rng.randint(1, 30000)}' for _ in range(words))


def new_tickets(stand, size, rng, n):
    return each(n, lambda: Request('tickets/', 'POST', body=json.dumps(
        {'title': text(rng, 6), 'content': text(rng, 45), 'category_id': rng.randint(1, 14),
         'ticket_priority_id': rng.randint(1, 3)}, ensure_ascii=False)))


def new_posts(stand, size, rng, n):
    return each(n, lambda: Request('posts', 'POST', body=json.dumps(
        {'ticket_id': rng.randint(1, size.tickets), 'content': text(rng, 25)}, ensure_ascii=False)))


WORKLOADS = (
    Workload('ticket', 'ticket/T', 'point', ticket),
    Workload('post', 'post/P', 'point', post),
    Workload('user', 'user/U', 'point', user),
    Workload('priority', 'priority/1', 'point', priority),
    Workload('tickets', 'tickets/N/, 50 rows', 'list', tickets),
    Workload('posts', 'posts/T/', 'list', posts),
    Workload('subscriptions', 'subscriptions/T/', 'two', subscriptions),
    Workload('include', 'tickets/N/?include=users', 'two', include),
    Workload('new-ticket', 'POST tickets/', 'write', new_tickets, 201),
    Workload('new-post', 'POST posts', 'write', new_posts, 201),
    Workload('unchanged', 'tickets/N/, 304', 'unchanged', unchanged, 304),
)


def first_word(stand, rng, size, most):
    """A word of a reply or ticket that fewer than `most` tickets have, and more than one."""
    for _ in range(200):
        content = stand.json(f'ticket/{rng.randint(1, size.tickets)}')['content']
        words = [w.strip('.') for w in content.split() if w.strip('.').isascii() and w.strip('.').isalpha()]
        for word in rng.sample(words, min(5, len(words))):
            answer = stand.json(f'tickets/?content={word}&per_page=1')
            if 1 < answer['_meta']['total_items'] < most:
                return word
    return 'printer'


def questions(stand, size, rng):
    """Lists by filters, sorts and words: a name, and requests."""
    far = min(1000, pages(size))
    open_pages = max(1, min(1000, stand.json('tickets/?status=Open')['_meta']['total_pages']))
    sorts = ('title', 'title_desc', 'priority_desc', 'addedby', 'addedon_desc', 'last_updated', 'replies_desc',
             'department_category', 'status', 'assigned', 'time_desc')

    def many(make, n=50):
        return [Request(make()) for _ in range(n)]

    for sort in sorts:
        yield f'sort={sort}', many(lambda s=sort: f'tickets/{rng.randint(1, far)}/?sort={s}')
    yield 'status, sort', many(lambda: f'tickets/{rng.randint(1, open_pages)}/?status=Open&sort=time_desc')
    yield 'department, priorities, sort', many(
        lambda: f'tickets/?department=IT&ticket_priority_id={rng.choice(("1", "2,3"))}&sort={rng.choice(sorts)}')
    yield 'subscriber', many(lambda: f'tickets/?subscriber_id={rng.randint(1, size.users)}')
    yield 'author, since', many(lambda: f'tickets/?user_id={rng.randint(1, size.users // 10 + 1)}'
                                        '&updated_since=2021-01-01')
    yield 'unassigned, sort', many(lambda: 'tickets/?assigned_id=unassigned&sort=last_updated_desc')
    words = [first_word(stand, rng, size, 10000) for _ in range(20)]
    yield 'a word', many(lambda: f'tickets/?content={rng.choice(words)}')
    yield 'a word, sort', many(lambda: f'tickets/?content={rng.choice(words)}&sort={rng.choice(sorts)}')
    yield 'two words', many(lambda: f'tickets/?content={rng.choice(words)}+{rng.choice(words)}')
    yield 'a word, best first', many(lambda: f'tickets/?content={rng.choice(words)}&sort=relevance')


def make_rng(seed, what):
    return random.Random(f'{seed} {what}')
