"""What the API consists of, for tests that go through all of it: routes, owners, paging."""
from dataclasses import dataclass

API = '/flicket-api/'


@dataclass(frozen=True)
class List:
    """A list: its path below the API, the service that owns it, and where its page number stands."""
    path: str
    owner: str
    paged_in: str       # 'path' or 'query'

    def page(self, n, query=''):
        """The path of its nth page."""
        if self.paged_in == 'path':
            return f'{self.path}{n}/' + (f'?{query}' if query else '')
        return f'{self.path}?page={n}' + (f'&{query}' if query else '')

    def __str__(self):
        return self.path


LISTS = (
    List('users/', 'user', 'query'),
    List('tickets/', 'ticket', 'path'),
    List('subscriptions/', 'ticket', 'query'),
    List('subscriptions/125/', 'ticket', 'path'),
    List('actions/77', 'ticket', 'query'),
    List('posts/2/', 'post', 'path'),
    List('uploads/', 'post', 'path'),
    List('histories/', 'post', 'path'),
    List('departments/', 'lookup', 'query'),
    List('categories/', 'lookup', 'query'),
    List('department_categories/', 'lookup', 'query'),
    List('priorities/', 'lookup', 'path'),
    List('statuses/', 'lookup', 'query'),
)

# One thing of each kind by its owner.
THINGS = {
    'user': ('user/1',),
    'ticket': ('ticket/1', 'subscription/1', 'action/1'),
    'post': ('post/1', 'upload/1', 'history/1'),
    'lookup': ('department/1', 'category/1', 'department_category/1', 'priority/1', 'status/1'),
}
ALL_THINGS = tuple(t for things in THINGS.values() for t in things)

# Every path that answers GET, and which service does.
READS = {owner: THINGS[owner] + tuple(x.path for x in LISTS if x.owner == owner) for owner in THINGS}
ALL_READS = tuple(r for reads in READS.values() for r in reads)

# Which methods a path knows besides GET and HEAD, by its first segment and what it has besides; lists that
# one may add to are spelt as Flicket's documentation does, without a slash at the end.
CREATES = ('tickets', 'departments', 'categories')
WRITES = {
    'tokens': {'POST', 'DELETE'}, 'views/': {'POST'}, 'users/': {'POST'}, 'user/1': {'PATCH', 'DELETE'}, 'ticket/1': {'PATCH', 'DELETE'},
    'post/1': {'PATCH', 'DELETE'}, 'subscription/1': {'DELETE'}, 'subscriptions/': {'POST'},
    'upload/1': {'DELETE'}, 'uploads/': {'POST'}, 'department/1': {'PATCH', 'DELETE'},
    'category/1': {'PATCH', 'DELETE'}, **{path: {'POST'} for path in CREATES},
    **{path + '/': {'POST'} for path in CREATES},
}


def methods(path):
    """What Allow says for a path below the API."""
    return {'GET', 'HEAD', 'OPTIONS'} | WRITES.get(path, set())
