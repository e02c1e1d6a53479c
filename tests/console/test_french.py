"""The console in French: no page, dialog or message has an English word left. A text counts as English if the English
catalogue has it, or if the page in English has the same one and it is no data of the desk."""
import json
import re

import pytest

from conftest import token_of
from desk import ADMIN_PASSWORD, REPO
from test_composer import GIVE, PIXEL
from tickets import admin, make_ticket, reply  # noqa: F401
from tickets import movable as desk  # noqa: F401
from wire import basic, expect

ENGLISH, FRENCH = (json.loads((REPO / 'console' / 'i18n' / f'{language}.json').read_text()) for language in ('en', 'fr'))
# What dates and spans are in English; names of months that French has, too, are left out.
DATES = re.compile(r'\b(ago|now|yesterday|tomorrow|today|last|next|[AP]M|Feb|Apr|Jun|Jul|Aug|Dec)\b|\bin \d')
# Every text of the page, each of its own element, and what a pointer or a screen reader gets besides.
TEXTS = """
const found = [], data = '.markdown, .diff, .sample, code, kbd, textarea, bdi';
const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
	const { parentElement: e, nodeValue } = walker.currentNode;
	if (nodeValue.trim() && !e.closest(data + ', script, style, [lang=en]:not(html)') && (e.closest('head') || e.checkVisibility({ visibilityProperty: true })))
		found.push([nodeValue.trim(), Boolean(e.closest('.pill, select, fieldset, .choices, .standing, summary, .did'))]);
}
for (const e of document.querySelectorAll('*'))
	for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
		if (e.getAttribute(name) && !e.closest('[hidden]'))
			found.push([e.getAttribute(name).trim(), Boolean(e.closest('.priority'))]);
return found;
"""


def forms(text):
    return [text] if isinstance(text, str) else list(text.values())


def pattern(text):
    """What a text of the catalogue looks like with any values in it."""
    parts = re.split(r'\{\w+\}', text)
    return '.+?'.join(map(re.escape, parts)) if re.search(r'[A-Za-z]{2}', ''.join(parts)) else None


ONLY_ENGLISH = [re.compile(p) for key, text in ENGLISH.items() if text != FRENCH[key] for form in forms(text)
                if form not in forms(FRENCH[key]) and (p := pattern(form))]
IN_BOTH = [re.compile(p) for text in FRENCH.values() for form in forms(text) if (p := pattern(form))]


def texts(page):
    found = {(re.sub(r'\s+', ' ', text), is_data) for text, is_data in page.settle().script(TEXTS)}
    return {(text.removesuffix(' – flicketd'), is_data) for text, is_data in found}


def said(text):
    """A text as names of elements are compared: blanks that do not break are blanks."""
    return re.sub(r'\s', ' ', text)


def english(page):
    """The texts of a page that the English catalogue has, and dates in English."""
    wrong = sorted({text for text, is_data in texts(page) if not is_data and any(p.fullmatch(text) for p in ONLY_ENGLISH)})
    dates = page.script("return [...document.querySelectorAll('time')].flatMap(t => [t.innerText, t.title])")
    return wrong + sorted({date for date in dates if DATES.search(date)})


def strings(value):
    """All texts in an answer of the desk."""
    if isinstance(value, str):
        return {value}
    return set().union(*map(strings, value.values() if isinstance(value, dict) else value)) if isinstance(value, (dict, list)) else set()


@pytest.fixture(scope='module')
def scene(desk):  # noqa: F811
    """A ticket that something was done to, a list, a group, a token."""
    admin, agent = desk.admin(), desk.client(token_of(desk, 'agent'))  # noqa: F811
    token_of(desk, 'reporter')
    ticket = make_ticket(admin, 'L’imprimante du couloir', 'Elle **imprime** en rouge.')
    post = reply(agent, ticket, 'Depuis quand ?')
    expect(agent.request('PATCH', f'post/{post}', json={'content': 'Depuis quand déjà ?'}), 200)
    for what, body in (('claim', {}), ('priority', {'ticket_priority_id': 3}), ('status', {'status_id': 4}), ('release', {}),
                       ('category', {'category_id': 2}), ('assign', {'user_id': expect(agent.get('user/me'), 200)['id']})):
        expect(admin.post(f'ticket/{ticket}/{what}', body), 200)
    closed = make_ticket(admin, 'Un ticket clos')
    expect(admin.post(f'ticket/{closed}/close', {}), 200)
    expect(admin.post('views/', {'name': 'Imprimantes', 'query': 'content=imprimante', 'shared': True}), 201)
    expect(admin.post('groups/', {'group_name': 'équipe'}), 201)
    expect(admin.post('tokens', {'name': 'rapport', 'expires_in': 3600}, headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200)
    return {'ticket': ticket, 'post': post, 'closed': closed}


def data_of(client):
    found = set()
    for path in ('tickets/', 'users/', 'departments/', 'categories/', 'department_categories/', 'statuses/', 'priorities/', 'groups/', 'views/', 'tokens/',
                 'settings', 'session'):
        found |= strings(expect(client.get(path), 200))
    return found


def click(name):
    """A button by the key of its text, whatever the language is, with the values that are put in."""
    key, values = name if isinstance(name, tuple) else (name, {})

    def run(page, words):
        text = words[key]
        for value, put in values.items():
            text = text.replace('{' + value + '}', put)
        page.click('button', said(text))
    return run


def press(*keys):
    return lambda page, _: page.press(*keys)


def in_card(key):
    return lambda page, words: page.click('button', words[key], page.wait(lambda: page.css('.thread article:nth-of-type(2)'), 'the reply')[0])


def select_one(page, _):
    page.press('j', 'x').wait(lambda: page.css('.bulk'), 'it is selected')


def write(text):
    def run(page, words):
        page.press('r').wait_focus('textbox', words['reply.to_everybody'])
        page.type(text)
    return run


def too_short(page, words):
    write('abc')(page, words)
    page.press('Control+Enter').wait(lambda: page.css('.composer .bad'), 'it is refused')


def bad_file(page, words):
    write('Un texte.')(page, words)
    page.script(GIVE, 'drop', 'program.exe', list(PIXEL))
    page.wait(lambda: page.css('.composer .files .bad'), 'it is refused')


TICKET, LIST = '/ticket/{ticket}', '/tickets/?content=imprimante'
# path, what is done there
STATES = {
    'home': ('/', []), 'list': ('/tickets/', []), 'search': (LIST, []), 'nothing': ('/tickets/?content=nosuchword&status_id=1', []),
    'mine': ('/tickets/?assigned_id=me&status_id=1,3,4', []), 'filters': ('/tickets/?created_id=1&added_since=2020-02-01&unread=me', []),
    'ticket': (TICKET, []), 'closed': ('/ticket/{closed}', []), 'missing': ('/ticket/999999', []), 'new': ('/new', []), 'people': ('/users/', []),
    'person': ('/user/1', []), 'no person': ('/user/4711', []), 'departments': ('/departments/', []), 'me': ('/me', []), 'users': ('/admin/users', []),
    'groups': ('/admin/groups', []), 'settings': ('/admin/settings', []), 'no page': ('/tickets/?page=9', []),
    'help': ('/tickets/', [press('?')]), 'help of a ticket': (TICKET, [press('?')]), 'palette': ('/tickets/', [press('Control+k')]),
    'sheet': (LIST, [lambda page, words: page.click('button', re.compile(f'^{words["filter.all"]}'))]), 'save': (LIST, [click('view.save')]),
    'selected': (LIST, [select_one]), 'status': (LIST, [press('j', 's')]),
    'delete reply': (TICKET, [in_card('text.delete')]),
    'assign': (TICKET, [press('a', 'ArrowDown')]), 'take over': (TICKET, [press('i')]), 'close': (TICKET, [press('c')]),
    'follower': (TICKET, [click('follower.add')]), 'preview': (TICKET, [write('**texte**'), click('tool.preview')]), 'too short': (TICKET, [too_short]),
    'bad file': (TICKET, [bad_file]), 'user': ('/admin/users', [click('admin.add_user')]), 'group': ('/admin/groups', [click('group.add')]),
    'token': ('/me', [click('token.make')]), 'tokens': ('/me', [click('token.end_others')]), 'department': ('/departments/', [click('department.add')]),
}
EXPECTED = (r'ticket/999999.* 404 ', r'user/4711\?.* 404', r'/tickets/9/.* 404 ')


def show(page, scene, words, path, steps):
    page.open('/me').script('localStorage.clear()')
    page.open(path.format(**scene))
    for step in steps:
        step(page, words)


@pytest.fixture
def speak(desk, admin):  # noqa: F811
    def choose(language):
        expect(admin.request('PATCH', 'user/me', json={'locale': language}), 200)
    yield choose
    choose('en')


@pytest.mark.parametrize('state', STATES)
def test_no_english_is_left(browse, desk, admin, scene, speak, state):  # noqa: F811
    page = browse(desk, 'admin')
    page.allow(*EXPECTED)
    speak('en')
    show(page, scene, ENGLISH, *STATES[state])
    before = {text for text, _ in texts(page)}
    speak('fr')
    show(page, scene, FRENCH, *STATES[state])
    assert page.script('return document.documentElement.lang') == 'fr'
    assert english(page) == []
    data = data_of(admin)
    same = {text for text, _ in texts(page) if text in before and re.search(r'[A-Za-z]{3}', text) and text != 'CSV'}
    assert {text for text in same if not any(re.sub(r'^#\d+ ', '', text) in d for d in data) and not any(p.fullmatch(text) for p in IN_BOTH)} == set()


def test_french_for_who_is_not_logged_in(browse, desk):  # noqa: F811
    page = browse(desk)
    page.allow(r'session - .* 401 ')
    page.here().driver.execute_cdp_cmd('Network.setUserAgentOverride', {'userAgent': page.script('return navigator.userAgent'), 'acceptLanguage': 'fr-CA'})
    page.open('/')
    assert page.script('return document.documentElement.lang') == 'fr' and english(page) == []
    page.fill(FRENCH['login.username'], 'admin').fill(FRENCH['login.password'], 'not this one').press('Enter')
    page.find('alert')
    assert english(page) == []


def test_refusals_of_the_desk_are_french(browse, desk, admin, scene, speak):  # noqa: F811
    """What the desk says in English is not shown, whatever it is about."""
    speak('fr')
    page = browse(desk, 'admin')
    page.allow(r' 4\d\d ')
    page.open('/tickets/?colour=red').find('alert')
    assert page.script("return document.querySelector('[role=alert] span').innerText") == FRENCH['fault.unknown_parameter']
    page.open('/tickets/?status_id=abc').find('alert')
    shown = page.script("return document.querySelector('[role=alert] span').innerText")
    assert shown in {text for key, text in FRENCH.items() if key.startswith('fault.')}, shown
    page.open('/tickets/?content=' + '+'.join(f'mot{i}' for i in range(40)))
    assert page.wait(lambda: page.texts('.note'), 'a note') == [FRENCH['search.note'].replace('\u00a0', ' ')]
