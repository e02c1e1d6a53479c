"""Logging in: who, how, and what is said where it does not work."""
from desk import ADMIN_PASSWORD


def test_admin_of_a_new_desk_logs_in(browse, new):
    page = browse(new, None, '/')
    page.wait_focus('textbox', 'Username or e-mail')
    page.type('admin').press('Tab').type(ADMIN_PASSWORD).press('Enter')
    page.find('heading', 'Hello, admin')
    assert page.path() == '/'
