"""A ticket: its thread, what is done to it, and what happens where two people do something at once."""
import re
import time

import pytest

from browser import PHONE
from conftest import token_of
from desk import wait_until
from tickets import COMPOSER, admin, desk, make_ticket, reply, ticket_of, wait_text  # noqa: F401
from wire import expect

CLOSED, IN_WORK = 2, 3


def client_of(desk, role):
    return desk.client(token_of(desk, role))


def next_second():
    """Dates of a desk are whole seconds: what is done from here on has another one."""
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now, 5, 'the clock goes on')


def test_thread_has_text_replies_and_actions_in_order(browse, desk, admin):
    ticket = make_ticket(admin, content='**Bold** words first.')
    reply(admin, ticket, 'The first reply.')
    next_second()
    expect(admin.post(f'ticket/{ticket}/claim'), 200)
    next_second()
    reply(admin, ticket, 'The second reply.')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.see('The second reply.')
    texts = page.texts('.part > *')
    order = [next((i for i, text in enumerate(texts) if words in text), words)
             for words in ('Bold words first.', 'The first reply.', 'took this', 'The second reply.')]
    assert all(isinstance(i, int) for i in order) and order == sorted(order), texts
    assert page.css('.markdown strong')
    assert page.title().startswith(f'#{ticket} ')


def test_end_of_the_url_leads_to_a_reply_that_is_not_shown_yet(browse, desk, admin):
    ticket = make_ticket(admin)
    posts = [reply(admin, ticket, f'Reply number {n}.') for n in range(1, 131)]
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, 'Reply number 130.')
    assert len(page.css('[id^="post-"]')) == 80
    page.open(f'/ticket/{ticket}#post-{posts[9]}')
    page.wait(lambda: page.script('return document.querySelector(":target")?.id') == f'post-{posts[9]}', 'the reply is marked')
    page.wait(lambda: page.script('const box = document.querySelector(":target").getBoundingClientRect(); '
                                  'return box.top >= 0 && box.top < innerHeight'), 'the reply is in sight')
    page.open(f'/ticket/{ticket}').click('button', 'Show 50 earlier replies')
    wait_text(page, 'Reply number 1.')
    assert len(page.css('[id^="post-"]')) == 130
    page.gone('button', re.compile('earlier'))


def wait_seen(page):
    """Wait until the page has told the desk what it shows; at the same time it draws the line above what is new."""
    page.wait(lambda: page.requests('/seen$'), 'it is seen')
    page.forget_requests()


def test_line_above_what_is_new(browse, desk, admin):
    ticket = make_ticket(admin)
    reply(admin, ticket, 'Read before.')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.see('Read before.')
    wait_seen(page)
    assert 'New since you were here' not in page.text()
    page.open('/new')
    reply(admin, ticket, 'Written meanwhile.')
    page.open(f'/ticket/{ticket}').see('New since you were here')
    texts = page.texts('.part > *')
    assert texts.index('New since you were here') == next(i for i, t in enumerate(texts) if 'Written meanwhile.' in t) - 1
    wait_seen(page)
    page.reload()
    page.see('Written meanwhile.')
    wait_seen(page)
    assert 'New since you were here' not in page.text()


def test_edit_and_its_history(browse, desk, admin):
    ticket = make_ticket(admin)
    post = reply(admin, ticket, 'It is a red printer.')
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    card = page.wait(lambda: page.css(f'#post-{post}'), 'the reply')[0]
    page.click('button', 'Edit', card)
    page.fill('Text', 'It is a blue printer.')
    page.press('Control+Enter').see('Saved.')
    page.gone('dialog')
    page.click('button', 'edited', page.css(f'#post-{post}')[0])
    page.find('dialog', 'Earlier versions')
    page.wait(lambda: page.texts('.diff del') == ['red'] and page.texts('.diff ins') == ['blue'], 'what was changed')


def test_edit_that_crosses_an_edit_overwrites_nothing(browse, desk, admin):
    ticket = make_ticket(admin)
    post = reply(admin, ticket, 'The first version.')
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.allow(rf'post/{post}.* 412 ')
    page.click('button', 'Edit', page.wait(lambda: page.css(f'#post-{post}'), 'the reply')[0])
    page.fill('Text', 'What I make of it.')
    expect(admin.request('PATCH', f'post/{post}', json={'content': 'What somebody else made of it.'}), 200)
    page.click('button', 'Save')
    page.see('Somebody else has changed this text')
    assert page.field('Text').get_attribute('value') == 'What I make of it.'
    assert admin.get(f'post/{post}').json()['content'] == 'What somebody else made of it.'
    page.click('button', 'Save anyway').gone('dialog')
    assert admin.get(f'post/{post}').json()['content'] == 'What I make of it.'


def test_edit_begun_before_somebody_elses_is_told_so(browse, desk, admin):
    """A draft of an edit outlives its page; the text below it need not."""
    ticket = make_ticket(admin, content='The first version.')
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.click('button', 'Edit', page.css('#text')[0])
    page.fill('Text', 'A draft of an edit.')
    page.reload()
    expect(admin.request('PATCH', f'ticket/{ticket}', json={'content': 'Changed meanwhile.'}), 200)
    page.click('button', 'Edit', page.css('#text')[0])
    page.see('Somebody else has changed this text')
    assert page.field('Text').get_attribute('value') == 'A draft of an edit.'
    assert ticket_of(admin, ticket)['content'] == 'Changed meanwhile.'


def test_title_that_crosses_another(browse, desk, admin):
    ticket = make_ticket(admin)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.allow(rf'ticket/{ticket}.* 412 ')
    page.click('button', 'Edit the title').fill('Title', 'My title')
    expect(admin.request('PATCH', f'ticket/{ticket}', json={'title': 'Their title'}), 200)
    page.press('Enter').see('Somebody else has changed the title meanwhile: «Their title».')
    assert ticket_of(admin, ticket)['title'] == 'Their title'
    page.click('button', 'Save anyway').find('heading', re.compile('My title'))
    assert ticket_of(admin, ticket)['title'] == 'My title'


def test_other_changes_do_not_stand_in_the_way_of_an_edit(browse, desk, admin):
    """A ticket has one version for all of it; a reply is no reason to refuse a title."""
    ticket = make_ticket(admin)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.allow(rf'ticket/{ticket}.* 412 ')
    page.click('button', 'Edit the title').fill('Title', 'A better title')
    expect(admin.post(f'ticket/{ticket}/priority', {'ticket_priority_id': 3}), 200)
    page.press('Enter').find('heading', re.compile('A better title'))
    assert ticket_of(admin, ticket)['ticket_priority_id'] == 3


def test_properties(browse, desk, admin):
    ticket = make_ticket(admin)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.choose('Status', 'In Work').see('Saved.')
    page.choose('Priority', 'high')
    page.wait(lambda: ticket_of(admin, ticket)['ticket_priority_id'] == 3, 'the priority is set')
    page.fill('Hours', '2.5', page.css('.properties')[0]).press('Tab')
    page.wait(lambda: float(ticket_of(admin, ticket)['hours']) == 2.5, 'the hours are set')
    page.click('button', 'Assign to me').see(f'#{ticket} is yours.')
    page.click('button', 'Release').see('nobody')
    page.click('button', 'Stop following').find('button', 'Follow')
    page.click('button', 'Close ticket').see('is closed. A reply opens it again.')
    page.find('button', 'Reopen by a reply')
    assert not page.has('button', 'Assign…')
    assert ticket_of(admin, ticket)['status_id'] == CLOSED
    page.click('button', 'Reopen by a reply').wait_focus('textbox', COMPOSER)
    page.type('It broke again.').click('button', 'Reply and reopen').see('Reply sent.')
    page.find('button', 'Close ticket')


@pytest.mark.parametrize('control, shown, change, said', [
    ('Status', 'Awaiting Information', ('status', {'status_id': IN_WORK}), 'The status was changed meanwhile: In Work.'),
    ('Priority', 'high', ('priority', {'ticket_priority_id': 2}), 'The priority was changed meanwhile: medium.'),
])
def test_property_that_somebody_changed_meanwhile(browse, desk, admin, control, shown, change, said):
    ticket = make_ticket(admin)
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(rf'ticket/{ticket}/.* 412 ')
    expect(admin.post(f'ticket/{ticket}/{change[0]}', change[1]), 200)
    page.choose(control, shown).see(said).see('Nothing of yours was saved over it.')
    name, value = next(iter(change[1].items()))
    assert ticket_of(admin, ticket)[name] == value
    page.wait(lambda: page.field(control).get_attribute('value') == str(value), 'the control shows what is')


def test_control_of_a_refused_change_shows_what_is(browse, desk, admin):
    page = browse(desk, 'agent', f'/ticket/{make_ticket(admin)}')
    page.script('''const real = window.fetch;
        let turns = 0;
        window.fetch = (url, options) => String(url).endsWith('/priority')
            ? Promise.resolve(new Response(`{"message": "Refused, ${++turns}."}`, { status: 403 })) : real(url, options)''')
    for turn in (1, 2):         # with the first the page may also learn that the ticket was read
        page.choose('Priority', 'high').see(f'Refused, {turn}.')
        page.wait(lambda: page.field('Priority').get_attribute('value') == '1', 'the control shows what is')


def test_claim_of_what_somebody_took_meanwhile(browse, desk, admin):
    ticket = make_ticket(admin)
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(rf'ticket/{ticket}/claim.* 4(09|12) ')
    expect(admin.post(f'ticket/{ticket}/claim'), 200)
    page.click('button', 'Assign to me').see('The assignee was changed meanwhile: admin.')
    assert ticket_of(admin, ticket)['assigned_id'] == 1
    page.click('button', 'Assign to me').see('admin has this ticket. Take it over?')
    page.click('button', 'Take it over').see(f'#{ticket} is yours.')
    assert ticket_of(admin, ticket)['assigned_id'] != 1


def test_close_that_crosses_a_reply(browse, desk, admin):
    ticket = make_ticket(admin)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.allow(rf'ticket/{ticket}/close.* 412 ')
    reply(client_of(desk, 'agent'), ticket, 'Wait, not yet!')
    page.click('button', 'Close ticket').see('A reply came meanwhile').see('Wait, not yet!')
    assert ticket_of(admin, ticket)['status_id'] != CLOSED
    page.click('button', 'Close ticket').see('is closed')
    assert ticket_of(admin, ticket)['status_id'] == CLOSED


def test_delete_names_the_thing(browse, desk, admin):
    ticket = make_ticket(admin, title='To be deleted')
    post = reply(admin, ticket, 'A reply that goes.')
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.click('button', 'Delete', page.wait(lambda: page.css(f'#post-{post}'), 'the reply')[0])
    page.see(f'Delete reply #{post} of admin with its files?').click('button', 'Delete').see('The reply is deleted.')
    page.not_see('A reply that goes.')
    page.click('button', 'Delete', page.css('.crumb')[0]).see(f'Delete #{ticket} «To be deleted» with its replies and files?')
    page.click('button', 'Cancel')
    assert admin.get(f'ticket/{ticket}').status == 200
    page.click('button', 'Delete', page.css('.crumb')[0]).click('button', 'Delete ticket').see(f'#{ticket} is deleted.')
    assert page.path().startswith('/tickets/')
    assert admin.get(f'ticket/{ticket}').status == 404


def test_ticket_deleted_meanwhile(browse, desk, admin):
    ticket = make_ticket(admin)
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(rf'/(ticket|posts)/{ticket}\b.* 404 ')
    page.fill(COMPOSER, 'Words that must not be lost.')
    expect(admin.request('DELETE', f'ticket/{ticket}'), 204)
    page.ask_again()
    page.see(f'#{ticket} was deleted meanwhile.')
    page.gone('button', re.compile('ollow'))
    assert page.field(COMPOSER).get_attribute('value') == 'Words that must not be lost.'
    assert not page.find('button', 'Reply').is_enabled()
    assert not page.has('button', 'Assign to me')
    page.open(f'/ticket/{ticket}').find('heading', f'There is no ticket {ticket}')


def test_controls_are_absent_for_who_may_not(browse, desk, admin):
    ticket = make_ticket(admin)
    post = reply(admin, ticket, 'Of the admin.')
    page = browse(desk, 'reporter', f'/ticket/{ticket}')
    page.see('Of the admin.')
    for name in ('Edit', 'Edit the title', 'Delete', 'Close ticket', 'Reply and close', 'Release'):
        assert not page.has('button', name), name
    assert CLOSED not in [int(o.get_attribute('value')) for o in page.field('Status').find_elements('tag name', 'option')]
    mine = reply(client_of(desk, 'reporter'), ticket, 'Of the reporter.')
    page.ask_again()
    page.see('Of the reporter.')
    assert page.has('button', 'Edit', page.css(f'#post-{mine}')[0])
    assert not page.has('button', 'Edit', page.css(f'#post-{post}')[0])


def test_link_of_a_reply(browse, desk, admin):
    ticket = make_ticket(admin)
    post = reply(admin, ticket)
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.cdp('Browser.grantPermissions', origin=page.origin, permissions=['clipboardReadWrite', 'clipboardSanitizedWrite'])
    page.click('button', 'Copy link', page.wait(lambda: page.css(f'#post-{post}'), 'the reply')[0])
    page.see(re.compile(rf'Copied\.|{re.escape(page.origin)}/ticket/{ticket}#post-{post}'))


def test_keys(browse, desk, admin):
    first, second = make_ticket(admin, title='Keys of the console one'), make_ticket(admin, title='Keys of the console two')
    reply(admin, second, 'Something to quote.')
    page = browse(desk, 'admin', f'/ticket/{second}')
    page.press('r').wait_focus('textbox', COMPOSER)
    page.press('Escape', 'q').wait_focus('textbox', COMPOSER)
    assert page.field(COMPOSER).get_attribute('value') == '> **admin:**\n> Something to quote.\n\n'
    page.press('Escape', 's').wait_focus('combobox', 'Status')
    page.script('document.activeElement.blur()')
    page.press('p').wait_focus('combobox', 'Priority')
    page.script('document.activeElement.blur()')
    page.press('a').find('dialog', 'Assign…')
    page.press('Escape', 'Escape').gone('dialog')
    page.press('i').see(f'#{second} is yours.')
    page.press('f').find('button', 'Follow')
    page.press('c').see(f'Close #{second} «Keys of the console two»?').press('Escape').gone('dialog')
    page.press('u')
    page.wait(lambda: page.path().startswith('/tickets/'), 'the list')
    assert first < second


def test_a_person_is_chosen_at_once(browse, desk, admin):
    """The dialog shows whom to choose, and what is typed replaces the name of who has the ticket."""
    ticket = make_ticket(admin)
    token_of(desk, 'agent')
    expect(admin.post(f'ticket/{ticket}/claim'), 200)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.press('a').find('dialog', 'Assign…')
    page.wait(lambda: len(page.all('option')) > 1, 'the people')
    page.press('Escape').gone('dialog')
    page.press('a').find('dialog', 'Assign…')
    page.wait_focus('combobox', 'Assignee')
    page.type('ann ag')
    page.wait(lambda: [o.text for o in page.all('option')] == ['AA\nAnn Agent\nagent'], 'one person')
    page.press('Escape')
    page.wait(lambda: len(page.all('option')) > 1, 'the people')
    page.type('ann ag').press('Enter').see('Assigned to Ann Agent.')


def test_a_long_title_is_not_cut(browse, desk, admin):
    """What is pasted stays as it is until its author shortens it."""
    ticket = make_ticket(admin, title='Short enough')
    page = browse(desk, 'admin', '/new')
    for here in ('/new', f'/ticket/{ticket}'):
        page.open(here)
        if here != '/new':
            page.click('button', 'Edit the title')
        page.fill('Title', '')
        page.script("document.activeElement.select(); document.execCommand('insertText', false, arguments[0])", '长' * 5000)
        page.press('Enter').wait_focus('textbox', 'Title')
        assert page.script('return [...document.activeElement.value].length') == 5000
        assert page.script('return document.activeElement.validationMessage') == 'At most 128 characters; these are 5,000.'
    page.fill('Title', '长' * 128).press('Enter').find('heading', re.compile('^长{128}'))
    assert ticket_of(admin, ticket)['title'] == '长' * 128


def test_a_reply_by_key_shows_its_buttons(browse, desk, admin):
    ticket = make_ticket(admin, content='A line.\n\n' * 60)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.press('r').type('typed at once').wait_focus('textbox', COMPOSER)
    assert page.field(COMPOSER).get_attribute('value') == 'typed at once'
    page.wait(lambda: page.script("const box = document.querySelector('.composer .foot').getBoundingClientRect(); "
                                  'return box.bottom <= innerHeight'), 'the buttons are in sight')


def test_on_paper(browse, desk, admin):
    """No buttons, nothing light on dark, and times that mean something later."""
    ticket = make_ticket(admin)
    reply(admin, ticket)
    page = browse(desk, 'admin').look('dark').open(f'/ticket/{ticket}')
    page.find('button', 'Quote', page.css('#text')[0])
    page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': 'print', 'features': [
        {'name': 'prefers-color-scheme', 'value': 'dark'}]})
    assert page.css('button') == [] and page.css('nav.side') == []
    assert page.script('return getComputedStyle(document.documentElement).colorScheme') == 'light'
    assert page.script("""const time = document.querySelector('.text time');
        return [getComputedStyle(time).fontSize, getComputedStyle(time, '::after').content !== 'none']""") == ['0px', True]


def test_next_and_previous_of_the_list(browse, desk, admin):
    tickets = [make_ticket(admin, title=f'In a row zyxwv {n}') for n in range(3)]
    page = browse(desk, 'admin', '/tickets/?content=zyxwv&sort=addedon')
    page.click('link', re.compile('In a row zyxwv 0'))
    page.wait(lambda: page.path() == f'/ticket/{tickets[0]}', 'the first')
    page.find('heading', re.compile('In a row zyxwv 0'))
    page.press('J').find('heading', re.compile('In a row zyxwv 1'))
    page.press('J').find('heading', re.compile('In a row zyxwv 2'))
    page.press('K').find('heading', re.compile('In a row zyxwv 1'))
    assert page.path() == f'/ticket/{tickets[1]}'


def test_key_in_the_composer_draws_no_reply(browse, desk, admin):
    """Each text of a thread is drawn with its date, and the order of the texts is made by it: neither is done for a key."""
    ticket = make_ticket(admin)
    for n in range(60):
        reply(admin, ticket, f'Reply number {n}.')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, 'Reply number 59.')
    page.script('''
        window.work = { dates: 0, times: 0, nodes: 0 };
        const { Date, Intl } = window, parse = Date.parse, format = Intl.RelativeTimeFormat.prototype.format;
        Date.parse = (...all) => { work.dates++; return parse(...all); };
        Intl.RelativeTimeFormat.prototype.format = function (...all) { work.times++; return format.apply(this, all); };
        new MutationObserver(changes => { work.nodes += changes.length; }).observe(document.querySelector('.thread'),
            { childList: true, subtree: true, attributes: true, characterData: true });''')
    page.press('r').type('A text of some length.')
    assert page.field(COMPOSER).get_attribute('value') == 'A text of some length.'
    assert page.script('return work') == {'dates': 0, 'times': 0, 'nodes': 0}
    reply(admin, ticket, 'One more.')
    page.ask_again()
    wait_text(page, 'One more.')
    work = page.script('return work')
    assert work['dates'] >= 60 and work['nodes'] > 0, 'what is counted is what a drawing does'


def test_key_in_the_composer_draws_its_field_alone(browse, desk, admin):
    """Every label that is drawn is looked up, and its values are put in. No label changes by a key after the first."""
    page = browse(desk, 'agent', f'/ticket/{make_ticket(admin)}')
    page.press('r').type('A').see('Draft kept')
    page.script('''
        window.labels = 0;
        const replace = String.prototype.replace;
        String.prototype.replace = function (...all) { labels++; return replace.apply(this, all); };''')
    page.type(' text').wait(lambda: page.field(COMPOSER).get_attribute('value') == 'A text', 'it is typed')
    assert page.script('return labels') == 0
    page.css('.composer .chip button')[0].click()
    page.wait(lambda: page.field(COMPOSER).get_attribute('value') == '', 'it is discarded')
    assert page.script('return labels') > 0, 'what is counted is what a drawing does'


def test_phone(browse, desk, admin):
    ticket = make_ticket(admin, content='A text.\n\n' * 60)
    page = browse(desk, 'agent')
    page.look('light', PHONE).open(f'/ticket/{ticket}')
    assert not page.has('combobox', 'Status')
    box = page.script('return document.querySelector(".composer").getBoundingClientRect().toJSON()')
    assert abs(box['bottom'] - PHONE[1]) < 2 and box['height'] < 140, box
    assert page.script('return document.documentElement.scrollWidth <= innerWidth')
    page.css('.properties summary')[0].click()
    page.find('combobox', 'Status')
    page.find('textbox', COMPOSER).click()
    page.find('button', 'Attach files')


def test_looks(browse, desk, admin):
    ticket = make_ticket(admin, content='# Heading\n\n- [x] a task\n- another\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```\ncode\n```\n\n> quoted')
    reply(admin, ticket, 'A reply with `code` and a [link](https://example.org).')
    expect(admin.post(f'ticket/{ticket}/claim'), 200)
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    wrong = page.in_every_look('ticket')
    page.fill(COMPOSER, 'A **draft** of a reply.')
    page.shot('ticket-draft')
    wrong += page.violations()
    page.click('button', 'Preview')
    wrong += page.violations()
    page.click('button', 'Edit', page.css('#text')[0]).find('dialog', 'Edit')
    page.find('button', 'Save')
    page.shot('ticket-edit')
    wrong += page.violations()
    assert not wrong, '\n'.join(wrong)
