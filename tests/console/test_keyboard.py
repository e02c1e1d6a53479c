"""Keys: what each does where it counts, that none does anything while somebody types, and that they can be switched off."""
import re

import pytest

ANYWHERE = [
    ('c', '/new', 'New ticket'),
    ('g h', '/', 'Hello, .*'),
    ('g m', '/tickets/?assigned_id=me&status_id=1,3,4', 'My work'),
    ('g u', '/tickets/?assigned_id=unassigned&status_id=1,3,4', 'Unassigned'),
    ('g o', '/tickets/?status_id=1,3,4', 'All open'),
    ('g n', '/tickets/?status_id=1,3,4&unread=me', 'Unread'),
    ('g r', '/tickets/?created_id=me', 'Reported by me'),
    ('g f', '/tickets/?subscriber_id=me&status_id=1,3,4', 'Followed'),
    ('g d', '/tickets/?status_id=2', 'Closed'),
    ('g e', '/tickets/?', 'Everything'),
]
SINGLE = sorted({keys.split()[0] for keys, _, _ in ANYWHERE} | set('/?jkoxie[]*rqaspluf'))


def path_of(page):
    return page.path().replace('%2C', ',')


@pytest.mark.parametrize('keys, path, heading', ANYWHERE, ids=[keys for keys, _, _ in ANYWHERE])
def test_keys_that_lead_somewhere(browse, reading, keys, path, heading):
    page = browse(reading, 'agent', '/departments/')
    page.press(*keys.split())
    page.wait(lambda: path_of(page) == path, f'{keys} leads to {path}, not {path_of(page)}')
    page.find('heading', re.compile(f'^{heading}'))


def test_slash_leads_to_the_search(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    page.press('/')
    page.wait_focus('searchbox', 'Search tickets')
    page.type('printer').press('Enter')
    page.wait(lambda: page.path() == '/tickets/?content=printer', 'what is searched')
    page.press('/')
    page.wait_focus('searchbox')
    page.type('#7').press('Enter')          # a number is a ticket
    page.wait(lambda: page.path() == '/ticket/7', 'the ticket')


def test_help_names_the_keys_that_count(browse, reading):
    page = browse(reading, 'agent', '/tickets/')
    page.press('?')
    dialog = page.find('dialog', 'Help')
    shown = page.texts('.keys dt', dialog)
    for keys in ('/', 'c', '?', 'g h', 'g m', 'j', 'k', 'x', 'Ctrl K'):
        assert any(re.sub(r'\s+', ' ', text) == keys or text.replace(' ', '') == keys.replace(' ', '') for text in shown), (keys, shown)
    page.press('Escape')
    page.gone('dialog')


def test_palette_finds_all_kinds(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    for text, path in (('12', '/ticket/12'), ('my account', '/me'), ('unass', '/tickets/?assigned_id=unassigned&status_id=1,3,4'),
                       ('lift lamp', '/tickets/?content=lift+lamp')):
        page.press('Control+k')
        page.find('dialog', 'Go to…')
        page.wait_focus('combobox')
        page.type(text)
        page.wait(lambda: len(page.all('option')) > 0, 'something found')
        page.press('Enter')
        page.wait(lambda: path_of(page) == path, f'{text} leads to {path}')
        page.open('/departments/')


def test_palette_is_walked_by_arrows_and_left_by_escape(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    page.click('link', 'Departments')
    page.wait_focus('heading')
    page.press('Control+k')
    page.wait_focus('combobox')

    def chosen():
        return page.script("return [...document.querySelectorAll('[role=option]')].findIndex(o => o.ariaSelected === 'true')")
    assert chosen() == 0
    page.press('ArrowDown', 'ArrowDown', 'ArrowUp')
    page.wait(lambda: chosen() == 1, 'the second')
    page.press('Escape')
    page.gone('dialog')
    page.wait_focus('heading', re.compile('^Departments'))


def stays(page, *keys):
    """Press keys that must do nothing; whatever they would do would come before what the last one does."""
    before = page.path()
    page.press(*keys)
    assert page.path() == before and not page.has('dialog')


def test_no_key_while_typing(browse, reading):
    page = browse(reading, 'agent', '/new')
    for field in ('Title',):
        page.field(field).click()
        stays(page, *SINGLE)
        assert page.field(field).get_attribute('value') == ''.join(SINGLE)
    page.script("document.getElementById('search').focus()")
    stays(page, *SINGLE)
    page.script("document.querySelector('select').focus()")
    stays(page, 'c', 'g', 'h', '?')


def test_no_key_with_a_modifier_or_while_composing(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    stays(page, 'Alt+c', 'Control+e', 'Alt+/')
    for key in SINGLE:
        page.script("document.body.dispatchEvent(new KeyboardEvent('keydown', "
                    "{ key: arguments[0], isComposing: true, bubbles: true, cancelable: true }))", key)
    stays(page)
    page.press('c')         # and the same key does what it does without
    page.wait(lambda: page.path() == '/new', 'a new ticket')


def test_no_key_while_a_dialog_is_open(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    page.press('?')
    page.find('dialog', 'Help')
    page.press('c', 'g', 'h', '/')
    assert page.path() == '/departments/'
    page.find('dialog', 'Help')


def test_keys_of_a_layout_without_latin_letters(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    page.script("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'с', code: 'KeyC', bubbles: true }))")
    page.wait(lambda: page.path() == '/new', 'a new ticket')


def test_keys_can_be_switched_off(browse, reading):
    page = browse(reading, 'agent', '/departments/')
    page.press('?')
    dialog = page.find('dialog', 'Help')
    page.field('Single-key shortcuts', dialog).click()
    page.press('Escape')
    page.gone('dialog')
    stays(page, *SINGLE)
    page.reload()
    stays(page, *SINGLE)
    page.press('Control+k')         # which is not a single key
    page.find('dialog', 'Go to…')


def test_everything_is_reached_by_tab(browse, reading):
    """Nothing that can be used is left out, and the focus never gets lost on the way."""
    page = browse(reading, 'agent', '/')
    wanted = page.script("""return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility()).length""")
    seen = set()
    for _ in range(wanted + 3):
        page.press('Tab')
        seen.add(page.script("""const e = document.activeElement;
            return e === document.body ? '' : [...document.querySelectorAll('*')].indexOf(e)"""))
    assert len(seen - {''}) >= wanted


# Keys that come before the browser has drawn what the key before them opened.
NEXT_KEY = '''
    const key = name => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {
        key: name, bubbles: true, cancelable: true, ctrlKey: name === 'k' }));
    key(arguments[0]);
    return (async () => {
        for (let i = 0; i < 50; i++)
            await null;
        const { activeElement } = document;
        return activeElement.closest('dialog[open]') ? 'dialog' : activeElement.id;
    })()'''


@pytest.mark.parametrize('key, has_it', [('/', 'search'), ('k', 'dialog'), ('?', 'dialog')])
def test_next_key_goes_to_what_a_key_has_opened(browse, reading, key, has_it):
    page = browse(reading, 'agent', '/departments/')
    assert page.script(NEXT_KEY, key) == has_it
