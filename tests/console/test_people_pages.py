"""People, a person, departments and categories."""
import re

from conftest import token_of
from wire import expect


# -- departments and categories

def test_a_department_is_added_renamed_and_deleted(browse, new):
    page = browse(new, 'agent', '/departments/')
    page.click('button', 'Add a department').find('dialog', 'Add a department')
    page.wait_focus('textbox', 'Name')
    page.type('研究 Research').press('Enter').gone('dialog')
    section = page.find('region', '研究 Research')                # although it has no category yet
    page.click('button', 'Add a category to 研究 Research').wait_focus('textbox', 'Name')
    page.type('Samples').press('Enter').gone('dialog')
    page.find('link', 'Samples', section)
    page.click('button', 'Rename Samples').wait_focus('textbox', 'Name')
    page.press('Control+a').type('Probes').press('Enter').gone('dialog')
    page.find('link', 'Probes').click()
    page.wait(lambda: 'category_id=' in page.path(), 'the tickets of the category')
    page.back().click('button', 'Delete Probes').click('button', 'Delete', page.find('dialog', 'Delete category'))
    page.gone('dialog')
    page.gone('link', 'Probes')
    page.click('button', 'Delete 研究 Research').click('button', 'Delete', page.find('dialog', 'Delete department'))
    page.gone('dialog')
    page.gone('region', '研究 Research')
    assert '研究 Research' not in {d['department'] for d in expect(new.admin().get('departments/'), 200)['items']}


def test_what_is_in_use_is_not_deleted_and_the_dialog_says_why(browse, new):
    page = browse(new, 'agent')
    page.allow(r'category/\d+ .* 409')
    expect(new.admin().post('tickets', {'title': 'Here I am', 'content': 'And stay', 'category_id': 7, 'ticket_priority_id': 1}), 201)
    page.open('/departments/').click('button', 'Delete Equipment')
    page.click('button', 'Delete', page.find('dialog', 'Delete category'))
    page.find('alert')
    page.see('There are tickets in this category.').click('button', 'Cancel').gone('dialog')
    page.find('link', 'Equipment')
    page.wait_focus('button', 'Delete Equipment')


def test_a_name_that_is_taken_is_told_beside_the_field(browse, new):
    page = browse(new, 'agent', '/departments/')
    page.allow(r'departments/ .* 400')
    page.click('button', 'Add a department').fill('Name', 'Design').press('Enter')
    page.wait(lambda: page.field('Name').get_attribute('aria-invalid') == 'true', 'the field is wrong')
    page.wait_focus('textbox', 'Name')


def test_a_name_is_replaced_by_what_is_typed(browse, new):
    page = browse(new, 'agent', '/departments/')
    page.click('button', 'Rename Holidays').wait_focus('textbox', 'Name')
    page.type('Time off').press('Enter').gone('dialog')
    page.find('link', 'Time off')
    assert not page.has('link', 'Holidays')
    page.click('button', 'Delete Time off').click('button', 'Delete', page.find('dialog')).gone('link', 'Time off')
    page.gone('dialog')
    assert page.focus()[0] == 'main', 'the button is gone, and the focus is not lost'


def test_a_reporter_sees_departments_without_buttons(browse, new):
    page = browse(new, 'reporter', '/departments/')
    page.find('link', 'Equipment')
    assert not page.all('button', re.compile('Add|Rename|Delete'))


# -- people

def names(page):
    return page.texts('tbody td:first-child .name')


def test_people_are_found_by_name_username_and_mail(browse, new):
    token_of(new, 'agent'), token_of(new, 'reporter')
    page = browse(new, 'reporter', '/users/')
    page.see('4 people')
    for text, found in (('ann', ['Ann Agent']), ('REPORTER', ['Rob Reporter']), ('agent@exam', ['Ann Agent'])):
        page.press('/').wait_focus('searchbox', 'Name, username or e-mail')
        page.fill('Name, username or e-mail', text)
        page.wait(lambda found=found: names(page) == found, found)
    assert page.path() == '/users/?q=agent%40exam'
    page.fill('Name, username or e-mail', 'nobody at all').see('Nobody was found.').see('0 people')
    page.fill('Name, username or e-mail', 'ann').click('link', re.compile('Ann Agent')).find('heading', 'Ann Agent')


def test_a_person_has_their_tickets(browse, new):
    token_of(new, 'agent')
    admin = new.admin()
    agent = next(u['id'] for u in expect(admin.get('users/'), 200)['items'] if u['username'] == 'agent')
    for title in ('The first one', 'The second one'):
        ticket = expect(admin.post('tickets', {'title': title, 'content': 'Some text', 'category_id': 7, 'ticket_priority_id': 1}), 201)
    expect(admin.post(f'ticket/{ticket["id"]}/assign', {'user_id': agent}), 200)
    page = browse(new, 'agent', f'/user/{agent}')
    page.find('link', re.compile('The second one'), page.find('region', 'Assigned tickets, not closed'))
    page.see('None')
    page.open('/user/1').find('link', re.compile('The first one'), page.find('region', 'Reported tickets'))
    assert not page.has('link', 'Edit')
    assert page.find('link', 'Reported tickets').get_attribute('href').endswith('/tickets/?created_id=1')


def test_nobody_has_that_number(browse, new):
    page = browse(new, 'agent')
    page.allow(r'user/4711\?.* 404')
    page.open('/user/4711').find('heading', 'There is nobody with the number 4711')
    page.find('link', 'All people')


def test_a_person_is_shown_while_the_tickets_are_away(browse, new):
    page = browse(new, 'agent')
    page.allow(r' 503 ')
    page.open('/')
    new.processes['ticket'].kill()
    page.open('/user/1').find('heading', 'admin')
    page.see('A part of the desk does not answer').find('region', 'Reported tickets')
