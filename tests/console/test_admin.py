"""Administration: users, groups, settings; and who may not open it."""
import re

import pytest

from conftest import PASSWORD_OF_NEW, token_of
from desk import ADMIN_PASSWORD
from wire import Client, expect


def rows(page):
    return page.texts('tbody tr')


def dialog(page, name):
    return page.find('dialog', name)


@pytest.mark.parametrize('role', ['agent', 'reporter'])
@pytest.mark.parametrize('path', ['/admin/users', '/admin/groups', '/admin/settings'])
def test_only_admins_get_there(browse, reading, role, path):
    page = browse(reading, role, path)
    page.see('Only administrators')
    assert not page.has('link', 'Administration') and not page.requests('flicket-api/(settings|groups|users)')


# -- users

def test_a_user_is_added_and_logs_in(browse, new):
    page = browse(new, 'admin', '/admin/users')
    page.click('button', 'Add a user')
    inside = dialog(page, 'Add a user')
    page.wait_focus('textbox', 'Name')
    for label, text in (('Name', '陈静 Chen'), ('Username', 'chenjing'), ('E-mail', 'chen@example.org'), ('New password', 'a-first-one')):
        page.fill(label, text, inside)
    page.press('Enter').gone('dialog')
    page.see('Saved.').see('陈静 Chen')
    with Client(new.port) as c:
        expect(c.log_in('chenjing', 'a-first-one'), 200)


def test_what_is_taken_stands_beside_the_field(browse, new):
    page = browse(new, 'admin', '/admin/users')
    page.allow(r'users/ .* 409')
    page.click('button', 'Add a user')
    inside = dialog(page, 'Add a user')
    for label, text in (('Name', 'Another Admin'), ('Username', 'admin'), ('E-mail', 'other@example.org'), ('New password', 'a-first-one')):
        page.fill(label, text, inside)
    page.press('Enter').wait_focus('textbox', 'Username')
    assert page.field('Username', inside).get_attribute('aria-invalid') == 'true'
    assert page.field('Name', inside).get_attribute('value') == 'Another Admin'


def test_a_user_is_changed_disabled_and_enabled(browse, new):
    token = token_of(new, 'reporter')
    page = browse(new, 'admin', '/admin/users?q=rob')
    page.click('button', 'Edit Rob Reporter')
    page.fill('Job title', 'Purchasing', dialog(page, 'Edit Rob Reporter')).press('Enter').gone('dialog')
    page.click('button', 'Disable Rob Reporter').see('Rob Reporter is disabled, and logged out everywhere.')
    page.wait(lambda: 'disabled' in rows(page)[0], 'it is marked')
    with new.client(token) as c:
        expect(c.get('user/me'), 401)
    page.click('button', 'Enable Rob Reporter').see('Rob Reporter can log in again.')
    with Client(new.port) as c:
        expect(c.log_in('reporter', PASSWORD_OF_NEW), 200)


def test_a_late_answer_does_not_replace_the_list_that_is_shown(browse, new):
    token_of(new, 'reporter'), token_of(new, 'agent')
    page = browse(new, 'admin', '/admin/users?q=rob')
    page.script("""const ask = fetch;
        window.fetch = async (url, how) => {
            if (how.method === 'GET' && String(url).includes('q=rob'))
                await new Promise(done => { window.letGo = done; });
            return ask(url, how);
        }""")
    page.click('button', 'Disable Rob Reporter').see('is disabled, and logged out everywhere.')
    page.wait(lambda: page.script('return !!window.letGo'), 'the list is asked for again')
    page.fill('Name, username or e-mail', 'ann').find('button', 'Edit Ann Agent')
    page.forget_requests()
    page.script('window.letGo()')
    page.wait(lambda: page.requests('q=rob'), 'the late request')
    page.script("return fetch('/healthz', { method: 'HEAD' }).then(() => new Promise(done => setTimeout(done, 300)))")
    assert page.has('button', 'Edit Ann Agent') and not page.has('button', 'Edit Rob Reporter')


def test_a_user_is_added_with_rights(browse, new):
    page = browse(new, 'admin', '/admin/users').click('button', 'Add a user')
    page.fill('Name', 'Ann Agent').fill('Username', 'agent').fill('E-mail', 'agent@example.org')
    page.fill('New password', 'a-users-passphrase').choose('Rights', re.compile('^Agents')).click('button', 'Save').see('Saved.')
    page.wait(lambda: any('super_user' in text and 'Ann Agent' in text for text in page.texts('tbody tr')), 'an agent')
    with new.client() as c:
        assert expect(c.log_in('agent', 'a-users-passphrase'), 200)


def test_a_new_password_ends_what_was_open(browse, new):
    token = token_of(new, 'reporter')
    page = browse(new, 'admin', '/admin/users?q=rob')
    page.click('button', 'Password of Rob Reporter')
    page.wait_focus('textbox', 'New password')
    page.type('a-new-passphrase').press('Enter').gone('dialog')
    with new.client(token) as c:
        expect(c.get('user/me'), 401)
        expect(c.log_in('reporter', 'a-new-passphrase'), 200)


def test_a_user_with_tickets_is_not_deleted_another_one_is(browse, new):
    author = new.client(token_of(new, 'reporter'))
    token_of(new, 'agent')
    expect(author.post('tickets', {'title': 'Mine, and it stays', 'content': 'Some text', 'category_id': 1, 'ticket_priority_id': 1}), 201)
    page = browse(new, 'admin')
    page.allow(r'user/\d+ .* 409')
    page.open('/admin/users?q=rob').click('button', 'Delete Rob Reporter')
    inside = dialog(page, 'Delete user')
    page.see('Disable others instead').click('button', 'Delete', inside)
    page.see('This user wrote tickets; it can be disabled.').press('Escape').gone('dialog')
    page.fill('Name, username or e-mail', 'ann').click('button', 'Delete Ann Agent')
    page.click('button', 'Delete', dialog(page, 'Delete user')).gone('dialog')
    page.see('Nobody was found.')


def test_an_admin_cannot_lock_themselves_out(browse, new):
    page = browse(new, 'admin', '/admin/users?q=admin')
    page.find('button', 'Edit admin')
    assert not page.has('button', 'Disable admin') and not page.has('button', 'Delete admin')


# -- groups

def test_a_member_is_added_and_removed(browse, new):
    token = token_of(new, 'reporter')
    page = browse(new, 'admin', '/admin/groups')
    page.click('button', 'super_user')
    section = page.find('region', 'super_user')
    page.fill('Add a member', 'rob', section)
    page.wait(lambda: len(page.all('option')) == 1, 'one suggestion')
    page.press('Enter').find('button', 'Remove Rob Reporter from the group', section)
    page.see('1 member')
    with new.client(token) as c:
        assert expect(c.get('user/me?fields=groups'), 200)['groups'] == ['super_user']
    page.click('button', 'Remove Rob Reporter from the group').gone('button', 'Remove Rob Reporter from the group')
    with new.client(token) as c:
        assert expect(c.get('user/me?fields=groups'), 200)['groups'] == []


def test_oneself_is_added_though_no_list_names_them(browse, new):
    page = browse(new, 'admin', '/admin/groups')
    page.script("""const ask = fetch;
        window.fetch = (url, how) => String(url).includes('users/?')
            ? Promise.resolve(Response.json({ items: [], _meta: { page: 1, per_page: 20, total_items: 0, total_pages: 0 } })) : ask(url, how)""")
    page.click('button', 'super_user')
    page.field('Add a member', page.find('region', 'super_user')).click()
    page.wait(lambda: len(page.all('option')) == 1, 'one suggestion')
    page.press('Enter').see('Saved.').find('button', 'Remove admin from the group')


def test_the_last_admin_stays_in_the_group(browse, new):
    page = browse(new, 'admin', '/admin/groups')
    page.allow(r'member/1 .* 409')
    page.click('button', 'flicket_admin').click('button', 'Remove admin from the group')
    page.see('No other admin can log in').find('button', 'Remove admin from the group')


def test_a_group_is_added_renamed_and_deleted_the_two_of_rights_are_not(browse, new):
    page = browse(new, 'admin', '/admin/groups')
    page.click('button', 'Add a group').wait_focus('textbox', 'Name')
    page.type('first line').press('Enter').gone('dialog')
    page.click('button', 'Rename first line').wait_focus('textbox', 'Name')
    page.press('Control+a').type('second line').press('Enter').gone('dialog')
    page.click('button', 'Delete second line').click('button', 'Delete', dialog(page, 'Delete group')).gone('dialog')
    page.gone('region', 'second line')
    assert not page.all('button', re.compile('(Rename|Delete) (flicket_admin|super_user)'))


def test_a_group_is_deleted_once(browse, new):
    page = browse(new, 'admin', '/admin/groups')
    page.click('button', 'Add a group').wait_focus('textbox', 'Name')
    page.type('first line').press('Enter').gone('dialog')
    page.click('button', 'Delete first line')
    page.forget_requests()
    page.script('arguments[0].click(); arguments[0].click()', page.find('button', 'Delete', dialog(page, 'Delete group')))
    page.gone('region', 'first line')
    assert [method for method, _ in page.requests(r'group/\d+$')] == ['DELETE']


# -- settings and state

def test_settings_are_shown_with_what_they_do_and_no_secret(browse, desks):
    desk = desks('new', FLICKET_REQUEST_TIMEOUT_MS=4321)
    page = browse(desk, 'admin', '/admin/settings')
    page.wait(lambda: any('FLICKET_REQUEST_TIMEOUT_MS' in row and '4321' in row for row in rows(page)), 'the setting')
    page.fill('Find a setting', 'largest file')
    page.wait(lambda: len(rows(page)) == 1 and 'FLICKET_UPLOAD_MAX_BYTES' in rows(page)[0], 'the one that is looked for')
    assert '26214400 default' in rows(page)[0]
    assert ADMIN_PASSWORD not in page.script('return document.documentElement.outerHTML')


def test_the_state_of_the_desk_is_shown(browse, new):
    page = browse(new, 'admin', '/admin/settings')
    page.wait(lambda: page.texts('.states li')[1:] and all('works' in s for s in page.texts('.states li')[1:5]), 'all work')
