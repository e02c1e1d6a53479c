"""Texts that a user writes are kept until they are sent, are sent once, and overwrite nothing that their author has not seen."""
import re

import pytest

from conftest import PASSWORD_OF_NEW, token_of
from tickets import COMPOSER, admin, desk, make_ticket, posts_of, reply, ticket_of, wait_text  # noqa: F401
from wire import expect

GONE = r'ERR_INTERNET_DISCONNECTED'


@pytest.fixture
def ticket(admin):  # noqa: F811
    return make_ticket(admin)


def written(page, label=COMPOSER):
    return page.field(label).get_attribute('value')


def texts_of(client, ticket):
    return [post['content'] for post in posts_of(client, ticket)]


def test_draft_survives_a_reload_and_is_of_one_ticket(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Not sent yet.')
    page.reload()
    assert written(page) == 'Not sent yet.'
    page.see('Draft kept')
    page.open(f'/ticket/{make_ticket(admin)}')
    assert written(page) == ''
    page.open(f'/ticket/{ticket}').click('button', 'Discard')
    assert written(page) == ''
    page.click('button', 'Undo')
    assert written(page) == 'Not sent yet.'
    page.click('button', 'Discard').reload()
    assert written(page) == ''


def test_draft_is_the_same_in_two_tabs(browse, desk, admin, ticket):  # noqa: F811
    one, other = (browse(desk, 'agent', f'/ticket/{ticket}') for _ in range(2))
    one.here().press('r').type('Typed in one tab.')
    other.wait(lambda: written(other.here()) == 'Typed in one tab.', 'the other tab has it')
    other.press('r', 'End').type(' And in the other.')
    one.wait(lambda: written(one.here()) == 'Typed in one tab. And in the other.', 'both have it')
    one.press('Control+Enter').see('Reply sent.')
    other.wait(lambda: written(other.here()) == '', 'it is sent for both')
    assert texts_of(admin, ticket) == ['Typed in one tab. And in the other.']


def test_draft_survives_the_end_of_the_session(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(r' 401 ')
    page.press('r').type('Written before the session ended.')
    page.log_out_by_force()
    page.press('Control+Enter').find('dialog', 'Your session has ended')
    page.fill('Password', PASSWORD_OF_NEW).press('Enter').gone('dialog')
    assert written(page) == 'Written before the session ended.'
    page.click('button', 'Reply').see('Reply sent.')
    assert texts_of(admin, ticket) == ['Written before the session ended.']


def test_user_disabled_meanwhile(desk, admin, ticket, windows):  # noqa: F811
    user = expect(admin.post('users', {'username': 'leaver', 'name': 'Lea Leaver', 'email': 'lea@example.org', 'password': PASSWORD_OF_NEW}), 201)['id']
    with desk.client() as client:
        token = expect(client.log_in('leaver', PASSWORD_OF_NEW), 200)['token']
    page = windows(desk, token, f'/ticket/{ticket}')
    page.allow(r' 401 ')
    page.press('r').type('My last words.')
    expect(admin.request('PATCH', f'user/{user}', json={'disabled': True}), 200)
    page.press('Control+Enter').find('dialog', 'Your session has ended')
    page.fill('Password', PASSWORD_OF_NEW).press('Enter').see('The name or the password is wrong.')
    assert page.script('return document.querySelector(".composer textarea").value') == 'My last words.'
    assert texts_of(admin, ticket) == []


def test_twice_pressed_is_sent_once(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Only once.').forget_requests()
    page.press('Control+Enter', 'Control+Enter', 'Control+Enter').see('Reply sent.')
    assert texts_of(admin, ticket) == ['Only once.']
    assert len([1 for method, _ in page.requests('/posts$') if method == 'POST']) == 1


def test_network_gone_and_back(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(GONE)
    page.press('r').type('Written without a network.')
    page.go_offline().press('Control+Enter').see('The desk cannot be reached.')
    assert written(page) == 'Written without a network.'
    page.go_offline(False).click('button', 'Reply').see('Reply sent.')
    assert texts_of(admin, ticket) == ['Written without a network.']


def test_answer_that_was_lost(browse, desk, admin, ticket):  # noqa: F811
    """The reply arrived, its author's page did not hear of it: the draft goes when the reply is seen."""
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Arrived, but unheard.')
    reply(desk.client(token_of(desk, 'agent')), ticket, 'Arrived, but unheard.')
    page.ask_again()
    page.wait(lambda: written(page) == '', 'the draft is gone')
    assert texts_of(admin, ticket) == ['Arrived, but unheard.']


def test_reply_that_crosses_a_reply(browse, desk, admin, ticket):  # noqa: F811
    page, other = browse(desk, 'agent', f'/ticket/{ticket}'), browse(desk, 'admin', f'/ticket/{ticket}')
    page.here().press('r').type('What I think.')
    other.here().press('r').type('What somebody else thinks.').press('Control+Enter').see('Reply sent.')
    page.ask_again()
    page.see('1 reply came while you were writing:')
    assert 'What somebody else thinks.' in page.texts('.composer .newer')[0]
    page.click('button', 'Send anyway').see('Reply sent.')
    assert texts_of(admin, ticket) == ['What somebody else thinks.', 'What I think.']
    page.not_see('came while you were writing')


def test_bounds_are_told_before_anything_is_sent(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('abc').forget_requests()
    page.press('Control+Enter').see('The text must have 5 to 5,000 characters; it has 3.')
    assert page.field(COMPOSER).get_attribute('aria-invalid') == 'true'
    page.script('''const field = document.querySelector('.composer textarea');
        Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(field, 'x'.repeat(5001));
        field.dispatchEvent(new Event('input', { bubbles: true }))''')
    page.see('it has 3.').press('Control+Enter').see('it has 5,001.')
    assert not page.requests('/posts$')
    assert texts_of(admin, ticket) == []


def test_files_are_refused_before_they_are_sent(browse, desk, ticket, tmp_path):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    names = {'big.png': 26 << 20, 'program.exe': 10, 'none.png': 0}
    for name, size in names.items():
        with open(tmp_path / name, 'wb') as file:
            file.truncate(size)
    page.forget_requests()
    page.upload(*(tmp_path / name for name in names))
    page.see(re.compile(r'big\.png is larger than [0-9.]+ MB')).see('program.exe: only these kinds of files are accepted: ').see('none.png is empty.')
    assert not page.requests('/uploads')
    page.click('button', 'Remove big.png').not_see('big.png is larger')


def test_status_hours_and_close_with_a_reply(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    page.press('r').type('It takes a while.').choose('Then', 'Awaiting Information')
    page.fill('Hours', '1.25', page.css('.composer')[0]).press('Enter').see('Reply sent.')
    page.see('set the status to Awaiting Information')
    assert ticket_of(admin, ticket)['status_id'] == 4
    assert [float(post['hours']) for post in posts_of(admin, ticket)] == [1.25]
    page.field(COMPOSER).click()
    page.type('It is done.').click('button', 'Reply and close').see('Reply sent, ticket closed.')
    assert ticket_of(admin, ticket)['status_id'] == 2


def test_who_reads_it_toolbar_and_preview(browse, desk, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.see('Everybody who can log in can read it; 1 person follows this ticket.')
    page.press('r').type('words').press('Control+a').click('button', 'Bold')
    assert written(page) == '**words**'
    page.click('button', 'Preview')
    page.wait(lambda: page.texts('.preview strong') == ['words'], 'bold words')
    page.click('button', 'Preview').wait_focus('textbox', COMPOSER)
    page.press('End', 'Enter').click('button', 'List').type('one')
    assert written(page) == '**words**\n- one'


def test_new_ticket(browse, desk, admin):  # noqa: F811
    make_ticket(admin, title='The qwertz printer is on fire')
    page = browse(desk, 'agent', '/new')
    page.wait_focus('textbox', 'Title')
    page.type('Our qwertz printer burns').see('The qwertz printer is on fire')
    page.fill('Text', 'It burns, please come.')
    page.reload()
    assert (written(page, 'Title'), written(page, 'Text')) == ('Our qwertz printer burns', 'It burns, please come.')
    page.field('Category').click()
    page.type('netw').find('option', re.compile('Networks'))
    page.press('Enter').wait(lambda: written(page, 'Category') == 'Networks', 'the category')
    page.choose('Priority', 'high')
    page.field('Text').click()
    page.press('Control+Enter', 'Control+Enter')
    page.find('heading', re.compile('Our qwertz printer burns'))
    made = expect(admin.get('tickets/?content=burns&fields=id,title,ticket_priority_id'), 200)['items']
    assert [(t['title'], t['ticket_priority_id']) for t in made] == [('Our qwertz printer burns', 3)]
    page.open('/new')
    assert (written(page, 'Title'), written(page, 'Text'), written(page, 'Category')) == ('', '', 'Networks')
    assert not page.in_every_look('new')


def test_new_ticket_says_what_is_missing(browse, desk, ticket):  # noqa: F811
    page = browse(desk, 'reporter', '/new')
    page.fill('Title', 'A title').fill('Text', 'abc').forget_requests()
    page.field('Category').click()
    page.find('option', re.compile('Printers')).click()
    page.click('button', 'Open the ticket').see('The text must have 5 to 5,000 characters; it has 3.')
    page.wait_focus('textbox', 'Text')
    assert not [1 for method, _ in page.requests() if method == 'POST']


PIXEL = bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33'
                      '0000000049454e44ae426082')

# What a browser does for a file that is dropped, or a picture that is pasted.
GIVE = """
const [kind, name, bytes] = arguments;
const data = new DataTransfer();
data.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
const field = document.querySelector('.composer textarea');
const event = kind === 'drop' ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
	: new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
field.dispatchEvent(event);
return event.defaultPrevented;
"""


@pytest.mark.parametrize('kind, name, shown', [('drop', 'photo.png', 'photo.png'), ('paste', 'image.png', 'pasted-')])
def test_files_that_are_dropped_and_pasted_go_with_the_reply(browse, desk, admin, ticket, kind, name, shown):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Look at this picture.')
    assert page.script(GIVE, kind, name, list(PIXEL))
    page.wait(lambda: shown in page.texts('.composer .files')[0] and not page.css('.composer progress'), 'the file is there')
    page.press('Control+Enter').see('Reply sent.')
    page.wait(lambda: page.script('return [...document.querySelectorAll(".thread .files img")].some(i => i.complete && i.naturalWidth === 1)'),
              'the picture is shown')
    uploads = expect(admin.get(f'ticket/{ticket}?include=uploads'), 200)['included']['uploads']
    assert len(uploads) == 1 and uploads[0]['original_filename'].startswith(shown.removesuffix('.png'))
    assert uploads[0]['post_id'] == posts_of(admin, ticket)[0]['id']


def test_reply_that_was_not_seen_is_told_by_the_desk(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow('/posts .* 409 ')
    page.press('r').type('Written without having seen the other.')
    reply(admin, ticket, 'Came in the last second.')
    page.press('Control+Enter').see('1 reply came while you were writing:')
    assert 'Came in the last second.' in page.texts('.composer .newer')[0]
    assert texts_of(admin, ticket) == ['Came in the last second.']
    assert written(page) == 'Written without having seen the other.'
    page.click('button', 'Send anyway').see('Reply sent.')
    assert texts_of(admin, ticket) == ['Came in the last second.', 'Written without having seen the other.']


# Keep the next POST of a path, or the next file, until release() is called.
HOLD_POST = """
const [path] = arguments, real = window.fetch;
window.fetch = (url, options) => options?.method === 'POST' && String(url).endsWith(path)
	? new Promise(go => { window.release = () => go(real(url, options)); }) : real(url, options);
"""
HOLD_FILE = """
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (form) {
	this.addEventListener('loadend', () => { window.arrived = true; });
	window.release = () => send.call(this, form);
};
"""
# The first file arrives, but its page does not hear of it.
LOSE_ANSWER = """
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (form) {
	XMLHttpRequest.prototype.send = send;
	this.onload = () => { window.lost = JSON.parse(this.responseText).id; this.onerror(); };
	send.call(this, form);
};
"""
FILES_OF_DRAFT = """
const name = Object.keys(localStorage).find(name => name.startsWith('flicket-draft:') && name.endsWith(arguments[0]));
return name ? JSON.parse(localStorage[name]).files.map(file => file.id) : [];
"""


def attach_picture(page):
    assert page.script(GIVE, 'drop', 'photo.png', list(PIXEL))


def files_of_draft(page, ticket):
    """The ids of the files that a draft keeps; waits for them."""
    return page.wait(lambda: page.script(FILES_OF_DRAFT, f':reply-{ticket}'), 'the file is in the draft')


def test_answer_that_was_lost_of_a_reply_with_a_file(browse, desk, admin, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Arrived with a file, but unheard.')
    attach_picture(page)
    ids = files_of_draft(page, ticket)
    reply(desk.client(token_of(desk, 'agent')), ticket, 'Arrived with a file, but unheard.', upload_ids=ids)
    page.ask_again()
    page.wait(lambda: written(page) == '' and not page.css('.composer .files'), 'the draft is gone')


def test_file_whose_answer_was_lost_is_staged_once(browse, desk, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('With a file.').script(LOSE_ANSWER)
    attach_picture(page)
    page.click('button', 'Try again')
    assert files_of_draft(page, ticket) == [page.script('return lost')]


def test_file_that_arrives_after_its_page_changes_no_later_draft(browse, desk, ticket):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Before.').script(HOLD_FILE)
    attach_picture(page)
    page.press('Escape', 'u').wait(lambda: page.path().startswith('/tickets/'), 'the list')
    page.back().wait(lambda: written(page) == 'Before.', 'the draft is shown')
    page.press('r', 'Control+End').type(' After.')
    page.script('release()')
    page.wait(lambda: page.script('return window.arrived'), 'the file is there')
    page.reload()
    assert written(page) == 'Before. After.'


def test_file_is_as_old_as_it_is_in_a_draft_that_is_new(browse, desk, ticket):  # noqa: F811
    """The desk keeps a file for a day from its upload, however often the text beside it is changed."""
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.press('r').type('Written yesterday.')
    page.script('window.now = Date.now; Date.now = () => now() - 25 * 3600 * 1000')
    attach_picture(page)
    files_of_draft(page, ticket)
    page.script('Date.now = now')
    page.type(' And today.').reload()
    assert written(page) == 'Written yesterday. And today.'
    assert not page.css('.composer .files')


def test_nothing_is_typed_into_what_is_being_sent(browse, desk, admin, ticket):  # noqa: F811
    """It would go with the text when that is sent."""
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.script(HOLD_POST, '/posts')
    page.press('r').type('What is sent.').press('Control+Enter')
    page.wait(lambda: page.script('return typeof release === "function"'), 'it is being sent')
    page.type(' More.')
    assert written(page) == 'What is sent.'
    page.script('release()')
    page.see('Reply sent.').type('And more.')
    assert written(page) == 'And more.'
    assert texts_of(admin, ticket) == ['What is sent.']


def test_new_ticket_is_one_where_the_browser_keeps_nothing(browse, desk, admin):  # noqa: F811
    page = browse(desk, 'agent', '/new')
    page.script('Storage.prototype.setItem = () => { throw new Error("full"); }')
    page.fill('Title', 'The plotter dribbles').fill('Text', 'It leaves dots.').field('Category').click()
    page.find('option', re.compile('Printers')).click()
    page.click('button', 'Open the ticket').find('heading', re.compile('The plotter dribbles'))
    assert len(expect(admin.get('tickets/?content=dribbles'), 200)['items']) == 1
