"""Many tickets at once: what was done is told, what was refused is told for each, and there is a way back."""
import re

import pytest

from lists import PER_PAGE, admin_of, ids, items, made_up_desk, new_ticket, row, wait_total
from wire import expect


@pytest.fixture
def own(tmp_path):
    desk = made_up_desk(tmp_path / 'own', 60)
    yield desk
    desk.kill_everything()


def ticket(desk, id):
    with admin_of(desk) as admin:
        return expect(admin.get(f'ticket/{id}'), 200)


def statuses(desk, tickets):
    return {ticket(desk, id)['status_id'] for id in tickets}


def test_status_of_several_and_back(browse, own):
    made = [new_ticket(own, f'A printer {i}') for i in range(3)]
    page = browse(own, 'admin', '/tickets/')
    assert sorted(ids(page)[:3]) == made
    page.press('j', 'x', 'j', 'j', 'X').see('3 selected')
    page.click('button', 'Status…')
    page.find('dialog', 'Status: 3 tickets')
    page.click('button', 'Awaiting Information')
    page.see('3 tickets changed.')
    assert statuses(own, made) == {4}
    page.wait(lambda: 'Awaiting Information' in row(page, made[0]).text, 'the new status')
    assert not page.has('region', 'Selected tickets')
    page.click('button', 'Undo')
    page.see('3 tickets are as they were.')
    assert statuses(own, made) == {1}


def test_assignee_of_several_and_back(browse, own):
    made = [new_ticket(own, f'A printer {i}') for i in range(2)]
    page = browse(own, 'admin', '/tickets/')
    page.press('j', 'x', 'j', 'x', 'i')
    page.see('2 tickets changed.')
    assert {ticket(own, id)['assigned_id'] for id in made} == {1} and statuses(own, made) == {3}
    page.click('button', 'Undo').see('2 tickets are as they were.')
    assert {ticket(own, id)['assigned_id'] for id in made} == {None} and statuses(own, made) == {1}


def test_what_is_refused_is_told_for_each(browse, own):
    made = [new_ticket(own, f'A printer {i}') for i in range(3)]
    with admin_of(own) as admin:
        expect(admin.post(f'ticket/{made[1]}/close', {}), 200)
    page = browse(own, 'admin', '/tickets/')
    page.allow(r'/priority .* 409 ')
    page.press('j', 'x', 'j', 'j', 'X', 'p')
    page.click('button', 'high')
    page.see('2 tickets changed. 1 ticket was refused.')
    told = page.find('region', 'What was done')
    page.find('link', f'#{made[1]}', within=told)
    assert 'closed' in told.text
    page.see('1 selected')
    assert [ticket(own, id)['ticket_priority_id'] for id in made] == [3, 1, 3]


def test_all_that_match(browse, own):
    made = [new_ticket(own, f'Everywhere a grommet {i}') for i in range(PER_PAGE + 5)]
    page = browse(own, 'admin', '/tickets/?content=grommet')
    wait_total(page, '55')
    page.press('*').see('50 selected').click('button', 'Select all 55 that match').see('55 selected')
    page.click('button', 'Priority…')
    page.find('dialog', 'Priority: 55 tickets')
    page.click('button', 'high')
    page.see('55 tickets changed.')
    with admin_of(own) as admin:
        assert {t['id'] for t in items(admin, ticket_priority_id=3, content='grommet')} == set(made)
    page.click('button', 'Undo').see('55 tickets are as they were.')
    with admin_of(own) as admin:
        assert items(admin, ticket_priority_id=3, content='grommet') == []


def test_closing_many_is_asked_first(browse, own):
    made = [new_ticket(own, f'A printer {i}') for i in range(2)]
    page = browse(own, 'admin', '/tickets/')
    page.press('j', 'x', 'j', 'x', 'e')
    page.see('Close 2 tickets?').click('button', 'Cancel')
    assert statuses(own, made) == {1}
    page.press('e').see('Close 2 tickets?').click('button', 'Close tickets', within=page.find('dialog', 'Close: 2 tickets'))
    page.see('Close tickets. 2 tickets changed.')
    assert statuses(own, made) == {2}
    assert not page.has('button', 'Undo'), 'only a reply opens a ticket again'


def bar(page):
    return page.texts('.bulk .does button')


def test_bar_says_whether_it_means_one_ticket_or_several(browse, own):
    for i in range(2):
        new_ticket(own, f'A printer {i}')
    page = browse(own, 'admin', '/tickets/')
    page.press('j', 'x').see('1 selected')
    assert bar(page) == ['Assign to me', 'Assign…', 'Status…', 'Priority…', 'Close ticket']
    page.press('j', 'x').see('2 selected')
    assert bar(page) == ['Assign to me', 'Assign…', 'Status…', 'Priority…', 'Close tickets']
    with admin_of(own) as admin:
        expect(admin.request('PATCH', 'user/me', json={'locale': 'fr'}), 200)
    page.open('/tickets/').press('j', 'x').see('1 sélectionné')
    assert bar(page) == ['M’attribuer', 'Attribuer…', 'Statut…', 'Priorité…', 'Clore le ticket']
    page.press('j', 'x').see('2 sélectionnés')
    assert bar(page) == ['Me les attribuer', 'Attribuer…', 'Statut…', 'Priorité…', 'Clore les tickets']
    page.press('a').find('dialog', re.compile(r'^Attribué à\s: 2 tickets'))
    page.type('admin').wait(lambda: page.has('option'), 'somebody is found')
    page.press('Enter').see(re.compile(r'Attribués à .+\. 2 tickets modifiés\.'))


def test_tickets_that_moved_name_their_category(browse, tmp_path):
    desk = made_up_desk(tmp_path / 'movable', 60, FLICKET_CHANGE_CATEGORY='everybody')
    try:
        category = expect(admin_of(desk).get('department_categories/'), 200)['items'][-1]
        made = [new_ticket(desk, f'A printer {i}') for i in range(2)]
        page = browse(desk, 'admin', '/tickets/')
        page.press('j', 'x', 'j', 'x').click('button', 'Move…').wait_focus('combobox', 'Category')
        page.type(category['category']).wait(lambda: page.has('option'), 'the category is found')
        page.press('Enter').see(f'{category["department_category"]}. 2 tickets changed.')
        assert {ticket(desk, id)['category_id'] for id in made} == {category['category_id']}
    finally:
        desk.kill_everything()


def test_desk_that_goes_away_leaves_the_rest(browse, own):
    """What was not tried is told, and tried when that is wanted."""
    made = [new_ticket(own, f'Everywhere a grommet {i}') for i in range(4)]
    page = browse(own, 'admin', '/tickets/?content=grommet')
    page.allow(' 503 ', 'ERR_INTERNET_DISCONNECTED', 'Failed to load')
    page.press('*').see('4 selected').click('button', 'Priority…')
    page.find('dialog', 'Priority: 4 tickets')
    page.go_offline()
    page.click('button', 'high').see('4 were not tried.')
    page.go_offline(False)
    page.click('button', 'Go on').see('4 tickets changed.')
    assert {ticket(own, id)['ticket_priority_id'] for id in made} == {3}


def test_keys_change_the_ticket_that_has_the_focus(browse, own):
    made = new_ticket(own, 'The printer is out')
    page = browse(own, 'admin', '/tickets/')
    page.press('j', 'i').see(f'#{made} is yours.')
    page.wait(lambda: 'In Work' in row(page, made).text, 'the new status')
    page.click('button', 'Undo').see('Undone.')
    page.wait(lambda: 'Open' in row(page, made).text, 'the old status')
    page.press('j')
    page.script(f"document.getElementById('t{made}').focus()")
    page.press('s')
    page.find('dialog', f'#{made}: Status')
    page.press('ArrowDown', 'ArrowDown', 'Enter').see(f'#{made}: Awaiting Information')
    assert ticket(own, made)['status_id'] == 4
    page.wait(lambda: page.focus()[1].startswith('The printer is out'), 'the focus is back in the row')
    page.press('p')
    page.find('dialog', f'#{made}: Priority')
    page.press('Escape')
    page.gone('dialog')
    page.wait(lambda: page.focus()[1].startswith('The printer is out'), 'the focus is back in the row')
    page.press('e').see(f'#{made} is closed.')
    assert ticket(own, made)['status_id'] == 2


def test_undo_by_a_key(browse, own):
    first, second = (new_ticket(own, f'The printer is out {i}') for i in range(2))
    page = browse(own, 'admin', '/tickets/')
    page.press('j', 'i').see(f'#{second} is yours.').press('z').see('Undone.')
    page.press('z')
    page.press('x', 'j', 'x', 'p').find('dialog', 'Priority: 2 tickets')
    page.click('button', 'high').see('2 tickets changed.')
    page.press('z').see('2 tickets are as they were.')
    assert [ticket(own, id)['ticket_priority_id'] for id in (first, second)] == [1, 1]


def test_a_taken_ticket_is_opened_from_the_message(browse, own):
    """It has left the list of those that nobody has, and the focus is on the next one."""
    made = [new_ticket(own, f'The printer is out {i}') for i in range(2)]
    page = browse(own, 'admin', '/tickets/?assigned_id=unassigned&status_id=1')
    page.press('j', 'i').see(f'#{made[1]} is yours.')
    page.wait(lambda: made[1] not in ids(page), 'it has left the list')
    page.click('link', 'Open').find('heading', re.compile('The printer is out 1'))
    assert page.path() == f'/ticket/{made[1]}' and not page.has('link', 'Open')
    page.click('button', 'Undo').see('Undone.')
    assert ticket(own, made[1])['assigned_id'] is None


def test_claim_of_what_somebody_has_is_refused(browse, own):
    made = new_ticket(own, 'The printer is out')
    with admin_of(own) as admin:
        expect(admin.post(f'ticket/{made}/assign', {'user_id': 3}), 200)
    page = browse(own, 'admin', '/tickets/')
    page.allow(r'/claim .* 409 ')
    page.press('j', 'i').see(re.compile(rf'#{made}: .*'))
    assert ticket(own, made)['assigned_id'] == 3


def test_go_on_and_back_again(browse, own):
    """The way back is that of the whole change, not only of its last part."""
    made = [new_ticket(own, f'Everywhere a grommet {i}') for i in range(2)]
    page = browse(own, 'admin', '/tickets/?content=grommet')
    page.script("""const ask = fetch;
        window.fetch = (url, how) => {
            if (!String(url).includes(arguments[0]))
                return ask(url, how);
            window.fetch = ask;
            return Promise.reject(new TypeError('gone'));
        }""", f'ticket/{made[1]}/priority')
    page.press('*').see('2 selected').click('button', 'Priority…').click('button', 'high')
    page.see('1 ticket changed. 1 was not tried.')
    page.click('button', 'Go on').see('2 tickets changed.')
    page.click('button', 'Undo').see('2 tickets are as they were.')
    assert [ticket(own, id)['ticket_priority_id'] for id in made] == [1, 1]


def test_stop_while_the_desk_asks_for_patience(browse, own):
    for i in range(6):
        new_ticket(own, f'Everywhere a grommet {i}')
    page = browse(own, 'admin', '/tickets/?content=grommet')
    page.script("""const ask = fetch;
        window.tried = 0;
        window.fetch = (url, how) => !/ticket\\/\\d+\\/priority/.test(url) ? ask(url, how) : (window.tried++,
            Promise.resolve(Response.json({ code: 'busy', detail: 'Wait.' }, { status: 429, headers: { 'Retry-After': '60' } })))""")
    page.press('*').see('6 selected').click('button', 'Priority…').click('button', 'high')
    page.wait(lambda: page.script('return tried') == 4, 'four were tried')
    page.click('button', 'Stop').see('6 were not tried.')
    assert page.script('return tried') == 4
