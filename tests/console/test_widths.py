"""Texts in scripts of all directions, words without a blank, and pages that are narrow or magnified."""
import re

import pytest

from browser import PHONE
from conftest import token_of
from fixtures import close_desk, open_desk
from tickets import COMPOSER, make_ticket, reply
from wire import expect

CJK, ARABIC, HEBREW, LONG = '无法打印文件' * 20, 'الطابعة لا تعمل', 'המדפסת אינה עובדת', 'W' * 128
EMOJI = '👩\u200d👩\u200d👧\u200d👦🇫🇷' * 10
TEXTS = {'CJK': CJK, 'Arabic': ARABIC, 'Hebrew': HEBREW, 'long': LONG, 'emoji': EMOJI, 'combining': 'a\u0301' * 60,
         'dash': 'x-' * 60, 'override': '\u202eevil\u202c text', 'tall': 'Z\u0351\u0352\u0353' * 20}


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    desk = open_desk(tmp_path_factory.mktemp('desk'), 'new', None)
    admin = desk.admin()
    department = expect(admin.post('departments/', {'department': 'Werkstättengebäudeverwaltungsde'[:30]}), 201)['id']
    for name in ('Printers', 'W' * 30):
        expect(admin.post('categories/', {'category': name, 'department_id': department}), 201)
    yield desk
    close_desk(desk)


def title_of(text):
    """At most 128 characters, none of which turns the direction of what follows."""
    return re.sub('[\u202a-\u202e]', '', text)[:128]


@pytest.fixture(scope='module')
def odd(desk):
    """A ticket for each text, with it as title, text, reply, name of a file and of its author."""
    made = {}
    with desk.admin() as admin:
        for n, (name, text) in enumerate(TEXTS.items()):
            made[name] = make_ticket(admin, title_of(text), f'{text}\n\n# {text}\n\n- {text}\n\n> {text}\n\n`{text}`\n\n|{text}|b|\n|-|-|\n|{text}|2|\n\n```\n{text}\n```')
            reply(admin, made[name], f'{text} {text}')
    return made


def overflowing(page):
    """Elements that reach beyond the screen to the side, although nothing around them scrolls or cuts."""
    return page.script("""const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1).slice(0, 8)
            .map(e => e.tagName + '.' + e.className + ' ' + e.innerText?.slice(0, 30))""")


def press(page, within, button):
    """By the keyboard: on a low screen the field for a reply may lie above the button."""
    page.script('arguments[0].focus()', page.find('button', button, within))
    page.press('Enter')


@pytest.mark.parametrize('name', TEXTS)
def test_odd_texts_are_whole_and_fit(browse, desk, odd, name):
    page = browse(desk, 'admin')
    for size in ((320, 640), PHONE, (640, 800), (1001, 700)):
        page.look(size=size).open(f'/ticket/{odd[name]}')
        assert overflowing(page) == [], size
        assert page.script("return document.querySelector('h1 bdi').textContent") == title_of(TEXTS[name])
        page.open('/tickets/?sort=addedon')
        assert overflowing(page) == [], size
    page.look(size=(320, 640)).open(f'/ticket/{odd[name]}').shot(f'odd-{name}-320')
    for open_it in (lambda: (press(page, page.css('#text')[0], 'Edit'), page.find('dialog', 'Edit')),
                    lambda: (press(page, page.css('.crumb')[0], 'Delete'), page.find('dialog', 'Delete ticket'))):
        open_it()
        assert overflowing(page) == []
        assert page.script("const d = document.querySelector('dialog[open]'); return d.scrollWidth <= d.clientWidth")
        page.press('Escape', 'Escape').gone('dialog')
    page.press('r').type('Reply to it.').click('button', 'Preview')
    assert overflowing(page) == []


def test_texts_have_their_own_direction(browse, desk, odd):
    page = browse(desk, 'admin', f'/ticket/{odd["Arabic"]}')
    direction = "return getComputedStyle(arguments[0]).unicodeBidi + ' ' + (arguments[0].matches(':dir(rtl)') ? 'rtl' : 'ltr')"
    assert page.script(direction, page.css('.markdown p')[0]).startswith('plaintext')
    start, end = page.script("""const p = document.querySelector('.markdown p'), range = document.createRange();
        range.selectNodeContents(p); const text = range.getBoundingClientRect(), box = p.getBoundingClientRect(); return [text.left - box.left, box.right - text.right]""")
    assert start > end, 'an Arabic paragraph begins at the right'
    page.fill(COMPOSER, ARABIC)
    assert page.script("return document.querySelector('.composer textarea').matches(':dir(rtl)')")
    page.fill(COMPOSER, 'Latin again')
    assert page.script("return document.querySelector('.composer textarea').matches(':dir(ltr)')")
    page.fill(COMPOSER, '')
    page.open('/tickets/?sort=addedon')
    assert page.css(f'#t{odd["Arabic"]}')[0].text == ARABIC


PAGES = ['/', '/tickets/', '/tickets/?content=printer&status_id=1&assigned_id=me&created_id=1', '/new', '/user/1', '/departments/', '/users/', '/me',
         '/admin/users', '/admin/groups', '/admin/settings', '/ticket/999999']


@pytest.fixture(scope='module')
def crowded(desk, odd):
    """People, lists, groups and tokens with the longest names there are."""
    with desk.admin() as admin:
        token_of(desk, 'agent'), token_of(desk, 'reporter')
        expect(admin.post('users', {'username': 'w' * 24, 'name': 'W' * 60, 'email': 'w' * 48 + '@example.org', 'password': 'a-users-passphrase'}), 201)
        expect(admin.post('groups/', {'group_name': 'W' * 64}), 201)
        expect(admin.post('views/', {'name': 'W' * 60, 'query': 'content=printer', 'shared': True}), 201)
        person = expect(admin.get('users/?q=' + 'w' * 24), 200)['items'][0]['id']
        expect(admin.post(f'ticket/{odd["long"]}/assign', {'user_id': person}), 200)
    return person


@pytest.mark.parametrize('path', [*PAGES, '/user/{person}', '/ticket/{long}'])
def test_pages_fit_320_pixels_and_twice_the_size(browse, desk, odd, crowded, path):
    """At 320 px, which are 1280 at four times the size (WCAG 1.4.10), and at 640, which are 1280 at twice; and with text
    alone twice as large (1.4.4), and spaced as 1.4.12 asks."""
    page = browse(desk, 'admin')
    page.allow('ticket/999999.* 404 ')
    path = path.format(person=crowded, long=odd['long'])
    for size in ((320, 256), (320, 640), (640, 430)):
        page.look(size=size).open(path)
        assert overflowing(page) == [], size
    name = path.strip('/').split('?')[0].replace('/', '-') or 'home'
    page.look(size=(320, 640)).open(path).shot(f'narrow-{name}')
    page.look().open(path).script("document.documentElement.style.fontSize = '28px'")
    page.settle()
    assert overflowing(page) == []
    page.script("""document.documentElement.style.fontSize = '';
        for (const e of document.querySelectorAll('*')) {
            e.style.lineHeight = '1.5'; e.style.letterSpacing = '0.12em'; e.style.wordSpacing = '0.16em';
        }""")
    assert overflowing(page) == []
    # a person's browser at 200 %: the same page in half the pixels
    page.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {'width': 640, 'height': 430, 'deviceScaleFactor': 2, 'mobile': False})
    page.open(path)
    assert overflowing(page) == []
