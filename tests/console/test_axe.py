"""Every page, light, dark and on a phone, and every dialog: nothing that axe-core finds against WCAG 2.0 to 2.2, A and
AA. Leaves pictures of them in build/console-shots/."""
import re

import pytest

from browser import PHONE

# name, role, path. Pages of the imported desk.
PAGES = [
    ('home', 'agent', '/'),
    ('home-reporter', 'reporter', '/'),
    ('login', None, '/'),
    ('list', 'agent', '/tickets/'),
    ('search', 'agent', '/tickets/?content=printer'),
    ('nothing', 'agent', '/tickets/?content=nosuchword'),
    ('ticket', 'agent', '/ticket/7'),
    ('ticket-missing', 'agent', '/ticket/999999'),
    ('new', 'agent', '/new'),
    ('people', 'agent', '/users/'),
    ('person', 'agent', '/user/6'),
    ('departments', 'agent', '/departments/'),
    ('departments-admin', 'admin', '/departments/'),
    ('me', 'agent', '/me'),
    ('users', 'admin', '/admin/users'),
    ('groups', 'admin', '/admin/groups'),
    ('settings', 'admin', '/admin/settings'),
    ('forbidden', 'agent', '/admin/users'),
]
# What a page asks for and rightly does not get.
EXPECTED = {'ticket-missing': r'ticket/999999.* 404 '}


def end_session(page):
    page.allow(r' 401 ')
    page.log_out_by_force()
    page.press('g', 'h')


# name, role, path, what opens it: the name of a button, or a function
DIALOGS = [
    ('help', 'agent', '/departments/', lambda page: page.press('?')),
    ('palette', 'agent', '/departments/', lambda page: page.press('Control+k').wait_focus('combobox')),
    ('login-again', 'agent', '/departments/', end_session),
    ('list-sheet', 'agent', '/tickets/', re.compile('^Filters')),
    ('list-save', 'agent', '/tickets/?status_id=1', 'Save this list'),
    ('department-add', 'admin', '/departments/', 'Add a department'),
    ('user-add', 'admin', '/admin/users', 'Add a user'),
    ('group-add', 'admin', '/admin/groups', 'Add a group'),
]


@pytest.mark.parametrize('name, role, path', PAGES, ids=[name for name, _, _ in PAGES])
def test_page(browse, reading, name, role, path):
    page = browse(reading, role)
    page.allow(EXPECTED.get(name, '(?!)'))
    assert page.open(path).in_every_look(name) == []


@pytest.mark.parametrize('name, role, path, opens', DIALOGS, ids=[name for name, *_ in DIALOGS])
def test_dialog(browse, reading, name, role, path, opens):
    page = browse(reading, role, path)
    if callable(opens):
        opens(page)
    else:
        page.click('button', opens)
    page.find('dialog')
    assert page.in_every_look(f'dialog-{name}') == []


def test_new_desk(browse, new):
    page = browse(new, 'admin', '/')
    page.find('heading', '3 things to do first')
    assert page.in_every_look('home-new') == []


def test_drawer(browse, reading):
    page = browse(reading, 'admin').look(size=PHONE).open('/')
    page.click('button', 'Menu')
    page.find('link', re.compile('^Departments'))
    page.shot('drawer')
    assert page.violations() == []


def test_messages(browse, imported):
    """Offline, and what went wrong."""
    page = browse(imported, None, '/')
    page.allow('ERR_INTERNET_DISCONNECTED', r'session - .* 401 ')
    page.fill('Username or e-mail', 'user005').fill('Password', 'wrong').press('Enter')
    page.find('alert')
    assert page.in_every_look('login-wrong') == []
    page.go_offline()
    page.see('The desk cannot be reached.')
    assert page.in_every_look('offline') == []
    page.go_offline(False)
