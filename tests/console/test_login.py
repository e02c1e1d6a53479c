"""Logging in: who, how, and what is said where it does not work."""
import re

from desk import ADMIN_PASSWORD, PASSWORD, Desk

WRONG = r'flicket-api/session - .* 401 '


def log_in(page, username, password):
    page.fill('Username or e-mail', username).fill('Password', password).press('Enter')


def cookie(page):
    """The session's cookie, as the browser keeps it; None without one."""
    return next((c for c in page.cookies() if 'flicket' in c['name']), None)


def test_admin_of_a_new_desk_logs_in_by_keyboard(browse, new):
    page = browse(new, None, '/')
    assert page.title() == 'Log in – flicketd'
    page.wait_focus('textbox', 'Username or e-mail')
    page.type('admin').press('Tab').type(ADMIN_PASSWORD).press('Enter')
    page.wait_focus('heading', 'Hello, admin')
    kept = cookie(page)
    assert kept['httpOnly'] and kept['sameSite'] == 'Strict' and kept['session']


def test_a_page_is_shown_after_the_login_that_it_asked_for(browse, imported):
    page = browse(imported, None, '/users/')
    log_in(page, 'USER003@Example.test', PASSWORD)      # by mail, in any case
    page.find('heading', re.compile('^(People|Personnes)'))
    assert page.path() == '/users/'


def test_a_session_that_is_kept(browse, imported):
    page = browse(imported, None, '/login')
    page.field('Keep me logged in for 30 days').click()
    log_in(page, 'user005', PASSWORD)
    page.find('heading', 'Hello, Zoë 005')
    assert not cookie(page)['session']
    assert page.path() == '/'


def test_a_wrong_password_is_told(browse, imported):
    page = browse(imported, None, '/')
    page.allow(WRONG)
    log_in(page, 'user005', 'not this one')
    assert page.find('alert').text == 'The name or the password is wrong.'
    page.wait_focus('textbox', 'Password')
    page.type(PASSWORD).press('Enter')      # over the wrong one, which is selected
    page.find('heading', 'Hello, Zoë 005')


def test_too_many_attempts_say_how_long(browse, desks):
    desk = desks('imported', FLICKET_LOGIN_FAILURES_PER_NAME=2)
    page = browse(desk, None, '/')
    page.allow(WRONG, r'session - .* 429 ')
    log_in(page, 'user005', 'wrong')
    page.see('The name or the password is wrong.')
    log_in(page, 'user005', 'wrong')
    page.see(re.compile(r'Too many attempts\. Try again in (\d+ s|1 minute)\.'))


def test_logging_out_ends_the_session_in_all_tabs(browse, imported):
    one, other = browse(imported, 'agent', '/'), browse(imported, 'agent', '/departments/')
    one.click('button', 'Log out')
    for page in (one, other):
        page.find('button', 'Log in')
    one.wait_focus('textbox', 'Username or e-mail')
    assert cookie(one) is None
    one.reload()
    one.find('button', 'Log in')


def test_a_session_that_ends_meanwhile(browse, imported):
    """The login is asked for above the page, and what was typed stays."""
    page = browse(imported, 'reporter', '/new')
    page.allow(r' 401 ')
    page.fill('Title', 'The lamp of the lift is broken')
    page.log_out_by_force()
    page.click('link', re.compile('^Unassigned'))
    page.wait(lambda: page.field('Username or e-mail', page.find('dialog', 'Your session has ended')).get_attribute('value') == 'user003',
              'the name is there')
    assert not page.all('status', re.compile('nauthorized'))
    page.fill('Password', PASSWORD, page.find('dialog', 'Your session has ended')).press('Enter')
    page.gone('dialog')
    page.find('heading', re.compile('^Unassigned'))
    page.back()
    page.wait(lambda: page.field('Title').get_attribute('value') == 'The lamp of the lift is broken', 'the title is kept')


def test_a_session_that_ended_cannot_be_dismissed_but_left(browse, imported):
    page = browse(imported, 'reporter', '/')
    page.allow(r' 401 ')
    page.log_out_by_force()
    page.click('link', re.compile('^Unassigned'))
    page.find('dialog', 'Your session has ended')
    page.press('Escape', 'Escape')
    page.find('dialog', 'Your session has ended')
    page.click('button', 'Log in as somebody else')
    page.gone('dialog')
    log_in(page, 'user005', PASSWORD)
    page.find('link', re.compile('^Zoë 005'))


def test_the_language_is_the_users_own(browse, imported):
    """user004 has chosen French; the browser's language is English."""
    page = browse(imported, None, '/')
    assert page.script('return document.documentElement.lang') == 'en'
    log_in(page, 'user004', PASSWORD)
    page.find('heading', re.compile('^Bonjour'))
    assert page.script('return document.documentElement.lang') == 'fr'
    assert page.title() == 'Accueil – flicketd'


def test_title_of_the_desk(browse, desks):
    desk: Desk = desks('imported', FLICKET_TITLE='Störungen & Co. <b>')
    page = browse(desk, None, '/')
    page.find('heading', 'Störungen & Co. <b>')
    assert page.title() == 'Log in – Störungen & Co. <b>'
