"""Who may do what: every request that `flicketctl permissions` lists, made by everybody who could come along.

Nobody is somebody without a token. All others are people of their own, a new one for each request, as some
requests end a token or change a password. A thing is made new for each request, too, and belongs to a stranger,
unless the person is to be its author, its assignee and so on.
"""
import contextlib
import itertools
import re
import sqlite3

import pytest

from desk import PASSWORD, REPO, Desk, flicket_database, run_program
from fixtures import close_desk
from wire import basic, expect

ROW = re.compile(r'(GET|POST|PUT|PATCH|DELETE) +(\S+) +(\S.*)')
PICTURE = (REPO / 'gateway' / 'reply' / 'default_avatar.png').read_bytes()
KINDS = {'plain': None, 'super': 'super_user', 'admin': 'flicket_admin', 'reader': 'flicket_admin'}
PEOPLE_OF_A_KIND = 800


def listed():
    """(method, path, who) of every row of the table."""
    done = run_program('flicketctl', 'permissions', timeout=10)
    assert done.returncode == 0, done.stderr
    rows = [ROW.fullmatch(line) for line in done.stdout.splitlines()]
    assert all(rows) and len(rows) > 60, done.stdout
    return [row.groups() for row in rows]


# --- people and things --------------------------------------------------------------------------------------

class Person:
    def __init__(self, id, kind):
        self.id, self.kind = id, kind
        self.username, self.token = f'person{id}', f'tokenOFperson{id}'

    def __repr__(self):
        return f'{self.kind} {self.username}'


def people(of_a_kind=PEOPLE_OF_A_KIND):
    """Everybody who can be asked for, by kind."""
    ids = itertools.count(1000)
    return {kind: [Person(next(ids), kind) for _ in range(of_a_kind)] for kind in KINDS}


def settle(db, all_people):
    """Make them users of a Flicket database, with the password of user 3 and a token each."""
    password, = db.execute('SELECT password FROM flicket_users WHERE id = 3').fetchone()
    for kind, group in KINDS.items():
        for p in all_people[kind]:
            db.execute('INSERT INTO flicket_users (id, username, name, email, password, disabled, token, '
                       "token_expiration) VALUES (?, ?, ?, ?, ?, 0, ?, '2099-01-01 00:00:00.000000')",
                       (p.id, p.username, f'Person {p.id}', f'{p.username}@example.org', password, p.token))
            if group:
                db.execute('INSERT INTO flicket_groups SELECT ?, id FROM flicket_group WHERE group_name = ?',
                           (p.id, group))


class World:
    """A desk with people, who make things."""

    def __init__(self, desk, all_people):
        self.desk = desk
        self.people = {kind: iter(those) for kind, those in all_people.items()}
        self.numbers = itertools.count(1)
        self.client = desk.client(False)
        self.admin = self.person('admin')

    def person(self, kind='plain'):
        return next(self.people[kind])

    def ask(self, who, method, path, **more):
        return self.client.request(method, path, token=who.token if who else False, **more)

    def make(self, who, path, json=None, status=201, **more):
        return expect(self.ask(who, 'POST', path, json=json, **more), status)

    def name(self):
        return f'number {next(self.numbers)}'

    def ticket(self, author=None, assignee=None):
        made = self.make(author or self.person(), 'tickets', {
            'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1})['id']
        if assignee:
            self.make(assignee, f'ticket/{made}/claim', status=200)
        return made

    def post(self, author=None):
        return self.make(author or self.person(), 'posts',
                         {'ticket_id': self.ticket(), 'content': 'a reply'})['id']

    def file(self, author, **place):
        """A request that uploads a file."""
        parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
                 for key, value in place.items()]
        parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
                     'Content-Type: text/plain\r\n\r\nsome text\n\r\n--x--\r\n')
        return 'uploads', {'body': ''.join(parts).encode(), 'type': 'multipart/form-data; boundary=x'}

    def upload(self, author=None):
        author = author or self.person()
        path, body = self.file(author, ticket_id=self.ticket(author))
        return self.make(author, path, **body)

    def subscription(self, subscriber=None):
        return self.make(self.admin, 'subscriptions', {
            'ticket_id': self.ticket(), 'user_id': (subscriber or self.person()).id})['id']

    def view(self, owner=None):
        made = self.make(owner or self.person('super'), 'views', {'name': self.name(), 'query': 'status=Open'})['id']
        with contextlib.closing(sqlite3.connect(self.desk.data / 'stores' / 'user' / 'user.db')) as db, db:
            db.execute('UPDATE views SET shared = 1 WHERE id = ?', (made,))
        return made

    def group(self):
        return self.make(self.admin, 'groups', {'group_name': self.name()})['id']

    def department(self):
        return self.make(self.admin, 'departments', {'department': self.name()})['id']

    def category(self):
        return self.make(self.admin, 'categories', {'category': self.name(), 'department_id': 1})['id']

    def token(self, owner=None):
        owner = owner or self.person()
        return expect(self.ask(owner, 'GET', 'tokens/'), 200)['items'][-1]['id']


def new_world(folder, **settings):
    everybody = people()
    desk = Desk(folder, 'imported', **settings)
    desk.take_over(flicket_database(folder / 'flicket.db', lambda db: settle(db, everybody)))
    limit_readers(desk, everybody['reader'])
    try:
        return World(desk.start(), everybody)
    except BaseException:
        desk.kill_everything()
        raise


def limit_readers(desk, readers):
    """Make their tokens ones for reading; that there are such things other tests look at."""
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db')) as db, db:
        db.executemany("UPDATE tokens SET scope = 'read' WHERE user_id = ?", [(p.id,) for p in readers])


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    world = new_world(tmp_path_factory.mktemp('world'))
    yield world
    close_desk(world.desk)


# --- the rules, as the table words them -----------------------------------------------------------------------

ALL = ('plain', 'super', 'admin')
STAFF = ('super', 'admin')
ADMIN = ('admin',)
NONE = ()

# text → (who may whatever the thing is, what else gives the right)
RULES = {
    'anybody': (ALL + ('reader',), ()),
    'anybody with a name and a password': (NONE, ('named',)),
    'any user': (ALL, ()),
    'any user, also with a token for reading': (ALL + ('reader',), ()),
    'members of flicket_admin and super_user': (STAFF, ()),
    'members of flicket_admin': (ADMIN, ()),
    'the author, flicket_admin': (ADMIN, ('author',)),
    'the author, flicket_admin; to nothing yet: any user': (ADMIN, ('author',)),
    'the author, the assignee, flicket_admin': (ADMIN, ('author', 'assignee')),
    'the assignee, flicket_admin': (ADMIN, ('assignee',)),
    'the subscriber, flicket_admin, super_user': (STAFF, ('subscriber',)),
    'that user, flicket_admin': (ADMIN, ('itself',)),
    'the owner; with a token for reading: only that token': (NONE, ('owner',)),
    'any user; with close: the author, the assignee, flicket_admin': (ALL, ()),
    'any user; with shared: flicket_admin and super_user': (ALL, ()),
    'the owner; if it is shared, also flicket_admin': (ADMIN, ('owner',)),
    'by FLICKET_CHANGE_CATEGORY: nobody, flicket_admin and super_user, or any user': (NONE, ()),
}


# --- an example of every request ------------------------------------------------------------------------------

def get(path):
    """A request for what is in the imported database."""
    return lambda w, me, being: (path, {})


def on_ticket(path, **json):
    """A request about a new ticket, which is assigned to somebody."""
    def example(w, me, being):
        ticket = w.ticket(me if being == 'author' else None, me if being == 'assignee' else w.person())
        return path.format(ticket), {'json': json}
    return example


def on_free_ticket(path, **json):
    """A request about a new ticket that nobody has."""
    return lambda w, me, being: (path.format(w.ticket(me if being == 'author' else None)), {'json': json})


def on_new(thing, path, **json):
    """A request about a thing of that kind."""
    return lambda w, me, being: (path.format(getattr(w, thing)()), {'json': json} if json else {})


def on_own(thing, path, **json):
    """The same about one that belongs to whoever is to be something to it."""
    return lambda w, me, being: (path.format(getattr(w, thing)(me if being else None)), {'json': json} if json else {})


def on_user(path, **request):
    """A request about a user, oneself or somebody else."""
    return lambda w, me, being: (path.format((me if being else w.person()).id), request)


def create(path, member, **json):
    """A creation of something with a name of its own."""
    return lambda w, me, being: (path, {'json': {member: w.name(), **json}})


def log_in(w, me, being):
    named = {'Authorization': basic(me.username, PASSWORD)} if being == 'named' else None
    return 'tokens', {'headers': named}


def begin_session(w, me, being):
    name = me.username if being == 'named' else 'nobody'
    return 'session', {'json': {'username': name, 'password': PASSWORD}}


def create_user(w, me, being):
    number = next(w.numbers)
    return 'users', {'json': {'username': f'made{number}', 'name': f'Made {number}', 'password': PASSWORD,
                              'email': f'made{number}@example.org'}}


def avatar_file(w, me, being):
    made = expect(w.ask(w.admin, 'PUT', 'user/3/avatar', body=PICTURE, type='image/png'), 200)
    return w.desk.path_of(made['avatar']), {}


def uploaded_file(w, me, being):
    return w.desk.path_of(w.upload()['image']), {}


def add_member(w, me, being):
    return f'group/{w.group()}/members/', {'json': {'user_id': w.person().id}}


def remove_member(w, me, being):
    group, member = w.group(), w.person()
    w.make(w.admin, f'group/{group}/members/', {'user_id': member.id})
    return f'group/{group}/member/{member.id}', {}


def reply(w, me, being):
    return 'posts', {'json': {'ticket_id': w.ticket(), 'content': 'a reply'}}


def reply_and_close(w, me, being):
    ticket = w.ticket(me if being == 'author' else None, me if being == 'assignee' else None)
    return 'posts', {'json': {'ticket_id': ticket, 'content': 'a reply', 'close': True}}


def subscribe(w, me, being):
    return 'subscriptions', {'json': {'ticket_id': w.ticket(), 'user_id': (me or w.admin).id}}


def attach_to_ticket(w, me, being):
    return w.file(me, ticket_id=w.ticket(me if being else None))


def attach_to_nothing(w, me, being):
    return w.file(me)


def attach_to_reply(w, me, being):
    return w.file(me, post_id=w.post(me if being else None))


def delete_upload(w, me, being):
    return f'upload/{w.upload(me if being else None)["id"]}', {}


PASSWORDS = {'password': PASSWORD, 'new_password': 'Password2'}
AVATAR = {'body': PICTURE, 'type': 'image/png'}
CLOSING = RULES['the author, the assignee, flicket_admin']

# The request, and what it asks for; where one request can be of several kinds, each with its rule.
EXAMPLES = {
    'POST tokens': log_in,
    'DELETE tokens': get('tokens'),
    'GET tokens/': get('tokens/'),
    'DELETE token/:id': on_own('token', 'token/{}'),
    'POST session': begin_session,
    'GET session': get('session'),
    'DELETE session': get('session'),
    'GET settings': get('settings'),
    'GET view/:id': lambda w, me, being: (f'view/{w.view()}', {}),
    'GET views/': get('views/'),
    'POST views/': [(lambda w, me, being: ('views/', {'json': {'name': w.name(), 'query': ''}}), None),
                    (lambda w, me, being: ('views/', {'json': {'name': w.name(), 'query': '', 'shared': True}}), (STAFF, ()))],
    'PATCH view/:id': on_own('view', 'view/{}', position=3),
    'DELETE view/:id': lambda w, me, being: (f'view/{w.view(me if being else None)}', {}),
    'GET user/:id': get('user/3'),
    'GET users/': get('users/'),
    'GET user/me': get('user/me'),
    'POST users/': create_user,
    'PATCH user/:id': on_user('user/{}', json={'job_title': 'a title'}),
    'PATCH user/me': on_user('user/me', json={'job_title': 'a title'}),
    'DELETE user/:id': lambda w, me, being: (f'user/{w.person().id}', {}),
    'PUT user/:id/avatar': on_user('user/{}/avatar', **AVATAR),
    'PUT user/me/avatar': on_user('user/me/avatar', **AVATAR),
    'PUT user/:id/password': on_user('user/{}/password', json=PASSWORDS),
    'PUT user/me/password': on_user('user/me/password', json=PASSWORDS),
    'GET /flicket/static/flicket_avatars/:filename': avatar_file,
    'GET group/:id': get('group/1'),
    'GET groups/': get('groups/'),
    'POST groups/': create('groups/', 'group_name'),
    'PATCH group/:id': lambda w, me, being: (f'group/{w.group()}', {'json': {'group_name': w.name()}}),
    'DELETE group/:id': on_new('group', 'group/{}'),
    'GET group/:group_id/members/': get('group/1/members/'),
    'POST group/:group_id/members/': add_member,
    'DELETE group/:group_id/member/:user_id': remove_member,
    'GET ticket/:id': get('ticket/1'),
    'GET tickets/': get('tickets/'),
    'GET tickets/:page/': get('tickets/2/'),
    'POST tickets/': lambda w, me, being: ('tickets/', {'json': {
        'title': 'a title', 'content': 'a content', 'category_id': 1, 'ticket_priority_id': 1}}),
    'GET tickets/deleted': get('tickets/deleted'),
    'GET tickets/counts': get('tickets/counts?by=status&views=assigned_id%3Dme'),
    'GET tickets.csv': get('tickets.csv'),
    'GET tickets.ndjson': get('tickets.ndjson'),
    'PATCH ticket/:id': on_ticket('ticket/{}', title='another title'),
    'DELETE ticket/:id': on_ticket('ticket/{}'),
    'PUT ticket/:id/seen': on_ticket('ticket/{}/seen', post_id=0),
    'POST ticket/:id/assign': on_free_ticket('ticket/{}/assign', user_id=3),
    'POST ticket/:id/claim': on_free_ticket('ticket/{}/claim'),
    'POST ticket/:id/release': on_ticket('ticket/{}/release'),
    'POST ticket/:id/close': on_ticket('ticket/{}/close'),
    'POST ticket/:id/status': on_ticket('ticket/{}/status', status_id=3),
    'POST ticket/:id/priority': on_ticket('ticket/{}/priority', ticket_priority_id=2),
    'POST ticket/:id/category': on_ticket('ticket/{}/category', category_id=2),
    'GET post/:id': get('post/1'),
    'GET posts/:ticket_id/': get('posts/2/'),
    'GET posts/:ticket_id/:page/': get('posts/2/1/'),
    'POST posts': [(reply, None), (reply_and_close, CLOSING)],
    'PATCH post/:id': on_own('post', 'post/{}', content='another content'),
    'DELETE post/:id': on_new('post', 'post/{}'),
    'GET department/:id': get('department/1'),
    'GET departments/': get('departments/'),
    'POST departments/': create('departments/', 'department'),
    'PATCH department/:id': lambda w, me, being: (f'department/{w.department()}', {'json': {'department': w.name()}}),
    'DELETE department/:id': on_new('department', 'department/{}'),
    'GET category/:id': get('category/1'),
    'GET categories/': get('categories/'),
    'POST categories/': create('categories/', 'category', department_id=1),
    'PATCH category/:id': lambda w, me, being: (f'category/{w.category()}', {'json': {'category': w.name()}}),
    'DELETE category/:id': on_new('category', 'category/{}'),
    'GET department_category/:id': get('department_category/1'),
    'GET department_categories/': get('department_categories/'),
    'GET priority/:id': get('priority/1'),
    'GET priorities/': get('priorities/'),
    'GET priorities/:page/': get('priorities/1/'),
    'GET status/:id': get('status/1'),
    'GET statuses/': get('statuses/'),
    'GET subscription/:id': get('subscription/1'),
    'GET subscriptions/': get('subscriptions/'),
    'GET subscriptions/:ticket_id/': get('subscriptions/125/'),
    'GET subscriptions/:ticket_id/:page/': get('subscriptions/125/1/'),
    'POST subscriptions/': subscribe,
    'DELETE subscription/:id': on_own('subscription', 'subscription/{}'),
    'GET upload/:id': get('upload/1'),
    'GET uploads/': get('uploads/'),
    'GET uploads/:page/': get('uploads/1/'),
    'POST uploads/': [(attach_to_ticket, None), (attach_to_reply, None), (attach_to_nothing, (ALL, ()))],
    'DELETE upload/:id': delete_upload,
    'GET /flicket_uploads/:filename': uploaded_file,
    'GET history/:id': get('history/1'),
    'GET histories/': get('histories/'),
    'GET histories/:page/': get('histories/1/'),
    'GET action/:id': get('action/1'),
    'GET actions/:ticket_id': get('actions/77'),
}


def kinds_of(request, who):
    """The kinds of one request: (what makes it, who may whatever it is about, what else gives the right)."""
    found = EXAMPLES[request]
    for example, rule in found if isinstance(found, list) else [(found, None)]:
        rights, beings = rule or RULES[who]
        # whatever is done to "me" is done by that user
        if '/me' in request and 'itself' in beings:
            rights, beings = ALL, ()
        yield example, rights, beings


def outcome(answer):
    if answer.status in (401, 403):
        return 'refused'
    return 'done' if answer.status < 300 else f'neither: {answer}'


# --- the walk -------------------------------------------------------------------------------------------------

def test_every_request_of_the_table_has_an_example_and_a_rule_and_no_other_has():
    requests = [f'{method} {path}' for method, path, _ in listed()]
    assert len(requests) == len(set(requests))
    assert set(requests) == set(EXAMPLES)
    assert {who for _, _, who in listed()} == set(RULES)


@pytest.mark.parametrize('method, path, who', listed(), ids=lambda value: value if value.islower() else None)
def test_who_may_and_who_may_not(world, method, path, who):
    for example, rights, beings in kinds_of(f'{method} {path}', who):
        cases = [(kind, None, kind in rights) for kind in ALL]
        cases += [('plain', being, True) for being in beings]
        cases += [('reader', None, 'reader' in rights or (method == 'GET' and 'admin' in rights))]
        if path == 'token/:id':
            cases += [('reader', 'owner', True)]    # who has no other token than that for reading
        for kind, being, may in cases:
            me = world.person(kind)
            target, request = example(world, me, being)
            answer = world.ask(me, method, target, **request)
            case = f'{kind} as {being}: {answer}'
            if not may and who.startswith('the owner'):
                assert answer.status in (403, 404), case    # that it is there is nobody else's business
            else:
                assert outcome(answer) == ('done' if may else 'refused'), case
            if not may and answer.status == 403:
                assert expect(answer, 403)['message'], case


@pytest.mark.parametrize('method, path, who', listed(), ids=lambda value: value if value.islower() else None)
def test_without_a_token_it_is_401_whatever_it_is(world, method, path, who):
    for example, _, _ in kinds_of(f'{method} {path}', who):
        target, request = example(world, None, None)
        answer = world.ask(None, method, target, **request)
        if who == 'anybody':
            assert expect(answer, 200)['user'] is None
        else:
            expect(answer, 401)


@pytest.mark.parametrize('setting, rights', [('staff', STAFF), ('everybody', ALL)])
def test_who_may_change_a_category_is_a_setting(tmp_path, setting, rights):
    world = new_world(tmp_path, FLICKET_CHANGE_CATEGORY=setting)
    try:
        for kind in ('plain', 'super', 'admin', 'reader'):
            path, request = EXAMPLES['POST ticket/:id/category'](world, None, None)
            answer = world.ask(world.person(kind), 'POST', path, **request)
            assert outcome(answer) == ('done' if kind in rights else 'refused'), f'{kind}: {answer}'
    finally:
        close_desk(world.desk)


def test_who_loses_a_right_has_lost_it_with_the_next_request(world):
    me = world.person('plain')
    group = next(g['id'] for g in expect(world.ask(world.admin, 'GET', 'groups/'), 200)['items']
                 if g['group_name'] == 'super_user')
    for _ in range(2):
        expect(world.ask(me, 'POST', 'departments', json={'department': world.name()}), 403)
        world.make(world.admin, f'group/{group}/members/', {'user_id': me.id})
        expect(world.ask(me, 'POST', 'departments', json={'department': world.name()}), 201)
        expect(world.ask(world.admin, 'DELETE', f'group/{group}/member/{me.id}'), 204)


# --- the table in the documents ---------------------------------------------------------------------------------

def test_the_documentation_has_the_table_of_permissions():
    table = run_program('flicketctl', 'permissions', '--markdown', timeout=10).stdout
    text = (REPO / 'docs' / 'api.md').read_text(encoding='utf-8')
    _, _, rest = text.partition('<!-- permissions -->\n')
    assert rest.partition('<!-- /permissions -->')[0] == table
    assert [re.fullmatch(r'\| (\w+) `(.*)` \| (.*) \|', line).groups() for line in table.splitlines()[2:]] == listed()


def test_the_command_takes_nothing_else():
    for arguments in (['x'], ['--markdown', 'x'], ['--json']):
        done = run_program('flicketctl', 'permissions', *arguments, timeout=10)
        assert done.returncode == 2 and re.search('not understood|no such option', done.stderr) and done.stdout == ''
    assert 'who may make it' in run_program('flicketctl', 'help', timeout=10).stdout
    assert 'for reading' in run_program('flicketctl', 'permissions', '--help', timeout=10).stdout
