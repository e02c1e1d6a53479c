"""My account: name, mail and language, picture, password, appearance, sessions and tokens."""
import contextlib
import re
import sqlite3
import struct
import zlib

import pytest

from desk import ADMIN_PASSWORD
from wire import Client, basic, expect


def png(side):
    """A square picture of one colour."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    rows = b''.join(b'\0' + b'\x30\x60\xa0' * side for _ in range(side))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)) \
        + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


@pytest.fixture
def page(browse, new):
    return browse(new, 'admin', '/me')


def test_name_mail_and_job_are_kept(page, new):
    page.fill('Name', 'Ada Nett').fill('E-mail', 'ada@example.org').fill('Job title', '工程师').click('button', 'Save')
    page.see('Saved.').see(re.compile('Ada Nett\\s'))
    user = expect(new.admin().get('user/1'), 200)
    assert (user['name'], user['email'], user['job_title']) == ('Ada Nett', 'ada@example.org', '工程师')
    page.reload()
    assert page.field('Name').get_attribute('value') == 'Ada Nett'


def test_what_is_wrong_stands_beside_the_field_that_gets_the_focus(page):
    page.allow(r'user/me .* 400')
    page.fill('E-mail', 'no mail').click('button', 'Save')
    page.wait_focus('textbox', 'E-mail')
    field = page.field('E-mail')
    assert field.get_attribute('aria-invalid') == 'true'
    beside = page.css(f'#{field.get_attribute("aria-describedby")}'.replace(':', '\\:'))
    assert beside and 'email' in beside[0].text and not page.has('alert')


def test_the_language_changes_at_once_and_stays(page):
    page.choose('Language', 'Français').click('button', 'Save')
    page.find('heading', 'Mon compte')
    assert page.script('return document.documentElement.lang') == 'fr'
    page.reload().find('heading', 'Mon compte')
    page.choose('Langue', 'English').click('button', 'Enregistrer')
    page.find('heading', 'My account')


def test_refusals_are_in_the_language_of_the_page(page):
    page.allow(r'user/me/password .* 400')
    page.choose('Language', 'Français').click('button', 'Save').find('heading', 'Mon compte')
    page.fill('Mot de passe actuel', 'another').fill('Nouveau mot de passe', 'long enough').click('button', 'Changer de mot de passe')
    page.see('Ce n’est pas votre mot de passe actuel.').wait_focus('textbox', 'Mot de passe actuel')


def test_a_picture_is_shown_at_once(page, tmp_path):
    picture = tmp_path / 'me.png'
    picture.write_bytes(png(64))
    page.upload(picture)
    page.see('Saved.')
    page.wait(lambda: page.script("return [...document.querySelectorAll('img.avatar')].filter(i => i.naturalWidth === 64).length") == 2,
              'the picture, in the profile and beside the name')


@pytest.mark.parametrize('name, bytes_, words', [
    ('large.png', png(8) + b'\0' * (1 << 20), 'large.png is larger than 1 MB, which is the most.'),
    ('notes.txt', b'no picture', 'notes.txt is not a PNG, JPEG or GIF.'),
], ids=['large', 'text'])
def test_what_is_no_picture_is_not_sent(page, tmp_path, name, bytes_, words):
    file = tmp_path / name
    file.write_bytes(bytes_)
    page.forget_requests()
    page.upload(file)
    page.see(words)
    assert page.requests('avatar') == []


def test_a_file_that_only_looks_like_a_picture_is_refused_in_words(page, tmp_path):
    page.allow(r'avatar .* 415')
    file = tmp_path / 'fake.png'
    file.write_bytes(b'only text')
    page.upload(file)
    page.see('the content is text/plain')


def test_a_password_is_changed_with_the_old_one(page, new):
    page.allow(r'user/me/password .* 400')
    page.fill('Current password', 'wrong one').fill('New password', 'a-second-passphrase').click('button', 'Change the password')
    page.wait_focus('textbox', 'Current password')
    assert page.field('Current password').get_attribute('aria-invalid') == 'true'
    page.fill('Current password', ADMIN_PASSWORD).click('button', 'Change the password').see('The password is changed.')
    assert page.field('Current password').get_attribute('value') == ''
    with Client(new.port) as c:
        expect(c.log_in('admin', ADMIN_PASSWORD), 401)
        expect(c.log_in('admin', 'a-second-passphrase'), 200)


def test_a_long_password_is_not_cut(page):
    """A field with a bound of its own would keep the first 60 characters of what is pasted: another password."""
    page.fill('Current password', ADMIN_PASSWORD).fill('New password', 'p' * 70)
    page.forget_requests()
    page.click('button', 'Change the password')
    page.wait_focus('textbox', 'New password')
    assert page.script('return document.activeElement.value.length') == 70
    assert page.script('return document.activeElement.validationMessage') == 'At most 60 characters; these are 70.'
    assert page.requests('password') == []


def test_a_part_of_the_page_is_found_by_its_name(page):
    for words, heading in (('change pass', 'Password'), ('sessions', 'Sessions and tokens')):
        page.open('/tickets/').press('Control+k').type(words)
        page.wait(lambda: page.all('option'), 'something found')
        page.press('Enter').wait_focus('heading', heading)
        page.wait(lambda: page.script('const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight'),
                  f'{heading} is in sight')


def test_a_short_password_is_not_sent(page):
    page.fill('Current password', ADMIN_PASSWORD).fill('New password', 'short')
    page.forget_requests()
    page.click('button', 'Change the password')
    page.wait_focus('textbox', 'New password')
    assert page.requests('password') == []
    assert page.script("return document.activeElement.validity.tooShort")


def test_theme_density_and_keys_are_kept_in_this_browser(page):
    page.click('radio', 'Dark').click('radio', 'Compact').click('checkbox', 'Single-key shortcuts')
    page.reload()

    def shown():
        return page.script("return [getComputedStyle(document.body).colorScheme, document.documentElement.dataset.density]")
    assert shown() == ['dark', 'compact']
    assert not page.field('Single-key shortcuts').is_selected()
    page.find('heading', 'My account').click()
    page.press('c').press('?')
    assert page.path() == '/me' and not page.has('dialog')


# -- sessions and tokens

def rows(page):
    return page.texts('#tokens ~ table tbody tr')


def test_a_token_is_shown_once_and_works(page, new):
    page.click('button', 'Make a token')
    dialog = page.find('dialog', 'Make a token')
    page.fill('Name', 'nightly report', dialog).fill('Current password', ADMIN_PASSWORD, dialog)
    page.click('checkbox', 'For reading only').click('button', 'Make a token', dialog)
    made = page.find('textbox', 'Your new token').get_attribute('value')
    page.wait_focus('button', 'Copy')
    with new.client(made) as c:
        expect(c.get('tickets/'), 200)
        expect(c.post('departments', {'department': 'No'}), 403)
    page.click('button', 'I have kept it').gone('dialog')
    page.wait(lambda: any(row.startswith('nightly report reading ') for row in rows(page)), 'it is in the list')
    assert made not in page.script('return document.documentElement.outerHTML')


def test_a_message_over_a_dialog_is_seen_and_dismissed(page):
    page.click('button', 'Make a token')
    dialog = page.find('dialog', 'Make a token')
    page.fill('Name', 'nightly report', dialog).fill('Current password', ADMIN_PASSWORD, dialog).press('Enter')
    page.find('dialog', 'Your new token')
    page.click('button', 'Copy').see('Copied.')
    at = page.script("""const { x, y } = document.querySelector('dialog[open] .toast > span').getBoundingClientRect();
        return document.elementFromPoint(x + 1, y + 1).textContent""")
    assert at == 'Copied.'
    page.click('button', 'Dismiss the message').not_see('Copied.')
    page.click('button', 'I have kept it').gone('dialog')


def test_a_token_is_not_made_with_a_wrong_password(page):
    page.allow(r'tokens .* 401')
    page.click('button', 'Make a token')
    dialog = page.find('dialog', 'Make a token')
    page.fill('Name', 'report', dialog).fill('Current password', 'not mine', dialog).click('button', 'Make a token', dialog)
    page.see('This is not your password.').wait_focus('textbox', 'Current password')
    page.press('Escape').gone('dialog')
    assert page.has('heading', 'My account') and not page.has('textbox', 'Your new token')


def test_this_session_is_marked_and_the_others_can_be_ended(page, new):
    with Client(new.port) as c:
        other = expect(c.request('POST', 'tokens', json={'name': 'forgotten', 'expires_in': 3600},
                                 headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200)['token']
    page.reload()
    page.wait(lambda: any('forgotten' in row for row in rows(page)), 'the other token is in the list')
    assert [('this session' in row, 'End' in row) for row in rows(page)].count((True, False)) == 1
    page.click('button', 'End forgotten').find('dialog', 'End a session or token')
    page.press('Escape').gone('dialog')
    page.click('button', 'End all others')
    page.click('button', 'End all others', page.find('dialog', 'End all others')).see('Ended.')
    page.wait(lambda: len(rows(page)) == 1 and 'this session' in rows(page)[0], 'only this session is left')
    with new.client(other) as c:
        expect(c.get('tickets/'), 401)
    page.reload().find('heading', 'My account')


def end_in_one_second(desk):
    """Have all tokens end at once, as those that were made within a second do."""
    with contextlib.closing(sqlite3.connect(desk.data / 'stores' / 'user' / 'user.db', timeout=10)) as db, db:
        db.execute('UPDATE tokens SET expires = (SELECT max(expires) FROM tokens)')


def test_sessions_of_one_second_are_told_apart(browse, new):
    with Client(new.port) as c:
        made = [expect(c.log_in('admin', ADMIN_PASSWORD), 200)['token'] for _ in range(3)]
    end_in_one_second(new)
    page = browse(new)
    page.log_in_with(made[1])
    page.open('/me').wait(lambda: len(rows(page)) >= 3, 'the tokens')
    assert ['this session' in row for row in rows(page)] == [True] + [False] * (len(rows(page)) - 1)
    page.click('button', 'End all others')
    page.click('button', 'End all others', page.find('dialog', 'End all others')).see('Ended.')
    page.wait(lambda: len(rows(page)) == 1 and 'this session' in rows(page)[0], 'only this session is left')
    for token, status in zip(made, (401, 200, 401)):
        with new.client(token) as c:
            expect(c.get('user/me'), status)
    page.reload().find('heading', 'My account')


def names(page):
    return page.texts('#tokens ~ table tbody tr td:first-child')


def test_this_session_is_first_then_the_newest(browse, new):
    """On the first of two pages, although the desk lists the oldest first."""
    with Client(new.port) as c:
        def make(name):
            return expect(c.request('POST', 'tokens', token=False, json={'name': name, 'expires_in': 3600},
                                    headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200)
        made = [make(f'token {i}')['token'] for i in range(52)]
    page = browse(new)
    page.log_in_with(made[20])
    page.open('/me').wait(lambda: len(names(page)) == 50, 'the tokens')
    wanted = ['token 20 this session'] + [f'token {i}' for i in reversed(range(52)) if i != 20]
    assert names(page) == wanted[:50]
    page.click('button', 'Next').wait(lambda: len(names(page)) < 50, 'the second page')
    assert names(page)[:2] == wanted[50:]


def test_the_dialog_of_a_token_in_every_look(page):
    page.click('button', 'Make a token').find('dialog', 'Make a token')
    assert page.in_every_look('make-token') == []
