"""Two people in one ticket, a network or desk that goes and comes back, a session that ends, and one that may only read:
what somebody typed is there afterwards, and goes to the desk once."""
import re

import pytest

from conftest import PASSWORD_OF_NEW, token_of
from desk import ADMIN_PASSWORD
from tickets import COMPOSER, admin, desk, make_ticket, posts_of, reply, ticket_of  # noqa: F401
from wire import basic, expect

GONE = r'ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_SOCKET| 503 '


def written(page, label=COMPOSER):
    return page.field(label).get_attribute('value')


def contents(client, ticket):
    return [post['content'] for post in posts_of(client, ticket)]


# --- two in one ticket ---------------------------------------------------------------------------------------------

def test_what_one_does_the_other_sees(browse, desk, admin):  # noqa: F811
    """Without a reload, and without touching what the other writes."""
    ticket = make_ticket(admin, 'Two look at it')
    one, other = browse(desk, 'admin', f'/ticket/{ticket}'), browse(desk, 'agent', f'/ticket/{ticket}')
    other.here().press('r').type('Half a sen')
    one.here().press('r').type('From the first.').press('Control+Enter').see('Reply sent.')
    one.choose('Priority', 'high').see('Saved.')
    one.click('button', 'Assign to me').see('is yours')
    one.click('button', 'Edit the title').fill('Title', 'One of them knows more').press('Enter').find('heading', re.compile('One of them knows more'))
    other.here().ask_again()
    other.see('From the first.').see('admin took this').find('heading', re.compile('One of them knows more'))
    other.wait(lambda: other.field('Priority').get_attribute('value') == '3', 'the priority')
    other.wait_focus('textbox', COMPOSER)
    other.type('tence.')
    assert written(other) == 'Half a sentence.'
    one.here().click('button', 'Close ticket').see('is closed')
    other.here().ask_again()
    other.find('button', 'Reopen by a reply')
    other.find('button', re.compile('Send anyway|Reply and reopen'))
    assert written(other) == 'Half a sentence.'


def test_both_reply_at_once(browse, desk, admin):  # noqa: F811
    """One is told; nothing is lost, and nothing is there twice."""
    ticket = make_ticket(admin)
    one, other = browse(desk, 'admin', f'/ticket/{ticket}'), browse(desk, 'agent', f'/ticket/{ticket}')
    for page, text in ((one, 'Of the first.'), (other, 'Of the second.')):
        page.allow('/posts .* 409 ')
        page.here().press('r').type(text)
    for page in (one, other):
        page.here().press('Control+Enter')
    told = [page for page in (one, other) if not page.here().wait(lambda p=page: 'Reply sent.' in p.text() or 'came while you were writing' in p.text() and 'told',
                                                                   'an answer') is True]
    assert len(told) == 1
    told[0].here().see('came while you were writing').click('button', 'Send anyway').see('Reply sent.')
    assert sorted(contents(admin, ticket)) == ['Of the first.', 'Of the second.']


def test_reply_that_is_edited_is_deleted_meanwhile(browse, desk, admin):  # noqa: F811
    ticket = make_ticket(admin)
    post = reply(desk.client(token_of(desk, 'agent')), ticket, 'It will be gone.')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(rf'post/{post}.* 4(04|12) ')
    page.click('button', 'Edit', page.wait(lambda: page.css(f'#post-{post}'), 'the reply')[0])
    page.fill('Text', 'A long text that took an hour.')
    expect(admin.request('DELETE', f'post/{post}'), 204)
    page.click('button', 'Save').find('alert', within=page.find('dialog', 'Edit'))
    assert written(page, 'Text') == 'A long text that took an hour.'
    page.ask_again()
    page.wait(lambda: contents(admin, ticket) == [], 'it is deleted')
    assert written(page, 'Text') == 'A long text that took an hour.', 'the dialog stays while there is something in it'


def test_ticket_that_is_moved_and_assigned_twice(browse, desk, admin):  # noqa: F811
    """Each of two who take a ticket at once is told the truth."""
    ticket = make_ticket(admin)
    one, other = browse(desk, 'admin', f'/ticket/{ticket}'), browse(desk, 'agent', f'/ticket/{ticket}')
    for page in (one, other):
        page.allow(r'/claim .* 4(09|12) ')
    one.here().press('i')
    other.here().press('i')
    one.here().see('is yours')
    other.here().see('The assignee was changed meanwhile: admin.')
    assert ticket_of(admin, ticket)['assigned_id'] == 1


# --- the network, the desk -----------------------------------------------------------------------------------------

def test_everything_goes_on_after_the_network(browse, desk, admin):  # noqa: F811
    """A list, a ticket, a dialog and a form were open; each goes on where it was."""
    ticket = make_ticket(admin, 'The cable is out')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(GONE)
    page.press('r').type('Written ')
    page.go_offline()
    page.see('The desk cannot be reached.')
    page.type('without ').choose('Priority', 'high')
    page.wait(lambda: page.field('Priority').get_attribute('value') == '1', 'the control shows what is')
    page.field(COMPOSER).click()
    page.press('Control+Enter').wait(lambda: page.css('.composer [role=alert]'), 'it is told')
    assert written(page) == 'Written without '
    reply(admin, ticket, 'Meanwhile, elsewhere.')
    page.go_offline(False).not_see('What you type stays')
    page.see('Meanwhile, elsewhere.')
    assert written(page) == 'Written without '
    page.click('button', 'Send anyway').see('Reply sent.')
    assert contents(admin, ticket) == ['Meanwhile, elsewhere.', 'Written without ']
    assert ticket_of(admin, ticket)['ticket_priority_id'] == 1


def test_forms_keep_their_text_without_a_network(browse, desk, admin):  # noqa: F811
    page = browse(desk, 'agent', '/new')
    page.allow(GONE)
    page.fill('Title', 'Written on a train').fill('Text', 'There is a tunnel here.').field('Category').click()
    page.find('option', re.compile('Printers')).click()
    page.go_offline().click('button', 'Open the ticket').find('alert')
    assert (written(page, 'Title'), written(page, 'Text'), written(page, 'Category')) == ('Written on a train', 'There is a tunnel here.', 'Printers')
    page.go_offline(False).not_see('What you type stays')
    page.click('button', 'Open the ticket').find('heading', re.compile('Written on a train'))
    assert len(expect(admin.get('tickets/?content=tunnel'), 200)['items']) == 1


def test_file_is_sent_again_after_the_network(browse, desk, admin, tmp_path):  # noqa: F811
    ticket = make_ticket(admin)
    (tmp_path / 'notes.txt').write_text('Some notes.')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(GONE)
    page.press('r').type('With a file.')
    page.go_offline().upload(tmp_path / 'notes.txt')
    page.see('notes.txt was not sent.')
    page.go_offline(False).not_see('What you type stays')
    page.click('button', 'Try again').wait(lambda: not page.css('.composer progress') and not page.css('.composer .files .bad'), 'it is there')
    page.click('button', 'Reply').see('Reply sent.')
    assert [u['original_filename'] for u in expect(admin.get(f'ticket/{ticket}?include=uploads'), 200)['included']['uploads']] == ['notes.txt']


def test_desk_is_stopped_and_started(browse, new):
    """All of it, as for a new version: pages that are open go on, with what was typed and the same session."""
    boss = new.admin()
    ticket = make_ticket(boss, 'Before the stop')
    page, listed = browse(new, 'admin', f'/ticket/{ticket}'), browse(new, 'admin', '/tickets/')
    for window in (page, listed):
        window.allow(GONE)
    page.here().press('r').type('Written before the stop.')
    new.stop()
    page.press('Control+Enter').see('The desk cannot be reached.')
    assert written(page) == 'Written before the stop.'
    new.start('user', 'lookup', 'ticket', 'post')
    new.start_gateway(port=new.port)
    new.wait_ready()
    page.here().not_see('What you type stays').click('button', 'Reply').see('Reply sent.')
    with new.client(token_of(new, 'admin')) as client:
        assert contents(client, ticket) == ['Written before the stop.']
        make_ticket(client, 'After the stop')
    listed.here().not_see('What you type stays').ask_again()
    listed.see(re.compile('1 more ticket|After the stop'))


@pytest.mark.parametrize('part', ['ticket', 'post', 'user'])
def test_reply_while_a_part_is_away(browse, new, part):
    boss = new.admin()
    ticket = make_ticket(boss)
    page = browse(new, 'admin', f'/ticket/{ticket}')
    page.allow(GONE)
    page.press('r').type('Said while something is away.')
    new.kill(part)
    page.press('Control+Enter').wait(lambda: page.text().count('A part of the desk does not answer') or 'Reply sent.' in page.text(), 'an answer', within=90)
    new.restart(part)
    if 'Reply sent.' not in page.text():
        assert written(page) == 'Said while something is away.'
        page.wait(lambda: page.find('button', re.compile('^Reply$')).is_enabled(), 'it can be sent again')
        page.click('button', 'Reply').see('Reply sent.')
    with new.client(token_of(new, 'admin')) as client:
        assert contents(client, ticket) == ['Said while something is away.']


# --- the session ends ----------------------------------------------------------------------------------------------

def log_in_again(page, password=PASSWORD_OF_NEW):
    dialog = page.find('dialog', 'Your session has ended')
    page.fill('Password', password, dialog).press('Enter')
    page.gone('dialog', 'Your session has ended')


def edit_text(page, ids):
    page.click('button', 'Edit', page.wait(lambda: page.css(f'#post-{ids["post"]}'), 'the reply')[0]).fill('Text', 'An edited text.')
    return 'Text', lambda: page.click('button', 'Save', page.find('dialog', 'Edit'))


def edit_title(page, _):
    page.click('button', 'Edit the title').fill('Title', 'An edited title')
    return 'Title', lambda: page.press('Enter')


def new_ticket(page, _):
    page.fill('Title', 'A new one').fill('Text', 'With a text of some length.').field('Category').click()
    page.find('option', re.compile('Printers')).click()
    return 'Text', lambda: page.click('button', 'Open the ticket')


def profile(page, _):
    page.fill('Job title', 'Purchasing')
    return 'Job title', lambda: page.click('button', 'Save')


def department(page, _):
    page.click('button', 'Add a department').fill('Name', 'Night shift')
    return 'Name', lambda: page.press('Enter')


def saved_list(page, _):
    page.click('button', 'Save this list').fill('Name of the list', 'Of the night')
    return 'Name of the list', lambda: page.press('Enter')


FORMS = {'edit': ('/ticket/{ticket}', edit_text, 'An edited text.'), 'title': ('/ticket/{ticket}', edit_title, 'An edited title'),
         'new': ('/new', new_ticket, 'A new one'), 'profile': ('/me', profile, 'Saved.'), 'department': ('/departments/', department, 'Night shift'),
         'list': ('/tickets/?status_id=1', saved_list, 'Of the night')}


@pytest.mark.parametrize('form', FORMS)
def test_form_outlives_its_session(browse, desk, admin, form):  # noqa: F811
    """The login is asked for above it, even above a dialog; then the same button goes on."""
    agent = desk.client(token_of(desk, 'agent'))
    ticket = make_ticket(agent)
    ids = {'ticket': ticket, 'post': reply(agent, ticket, 'A text to edit.')}
    path, fill, done = FORMS[form]
    page = browse(desk, 'agent', path.format(**ids))
    page.allow(r' 401 ')
    label, send = fill(page, ids)
    typed = written(page, label)
    page.log_out_by_force()
    send()
    log_in_again(page)
    assert written(page, label) == typed
    assert not page.has('alert') or 'session' not in page.find('alert').text.lower()
    page.field(label).click()
    send()
    page.see(done)


def test_session_ends_in_two_windows(browse, desk, admin):  # noqa: F811
    """A login in one of them is a login in both."""
    one, other = browse(desk, 'agent', '/new'), browse(desk, 'agent', f'/ticket/{make_ticket(admin)}')
    for page in (one, other):
        page.allow(r' 401 ')
    one.here().fill('Title', 'In the first window')
    other.here().press('r').type('In the second window.')
    one.log_out_by_force()
    for page in (one, other):
        page.here().press('Escape')
        page.script("dispatchEvent(new Event('online'))")
        page.find('dialog', 'Your session has ended')
    log_in_again(other.here())
    one.here().gone('dialog', 'Your session has ended')
    assert written(one, 'Title') == 'In the first window'
    assert written(other.here()) == 'In the second window.'


def test_somebody_else_logs_in_where_a_session_ended(browse, desk, admin):  # noqa: F811
    """They get nothing of what the one before wrote, and the one before finds it again."""
    ticket = make_ticket(admin)
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    page.allow(r' 401 ')
    page.press('r').type('A secret of the agent.')
    page.log_out_by_force()
    page.press('Control+Enter').find('dialog', 'Your session has ended')
    page.click('button', 'Log in as somebody else')
    page.fill('Username or e-mail', 'admin').fill('Password', ADMIN_PASSWORD).press('Enter')
    page.find('link', re.compile('^admin.*My account$'))
    page.open(f'/ticket/{ticket}')
    assert written(page) == '' and 'A secret of the agent.' not in page.text()
    page.click('button', 'Log out').fill('Username or e-mail', 'agent').fill('Password', PASSWORD_OF_NEW).press('Enter')
    page.find('link', re.compile('^Ann Agent.*My account$'))
    page.open(f'/ticket/{ticket}')
    assert written(page) == 'A secret of the agent.'


# --- reading only --------------------------------------------------------------------------------------------------

# What changes something: none of it is shown to a session that may only read.
WRITES = re.compile(r'^(New|Reply|Reply and close|Edit|Edit the title|Quote|Delete|Close ticket|Assign to me|Assign…|Release|Follow|Stop following|Add .*'
                    r'|Save|Save this list|Rename.*|Remove .*|Disable.*|Enable.*|Password of.*|Delete .*|Make a token|End|End .*|Change the .*|Status…|Priority…'
                    r'|Move…|Attach files|Open the ticket|.* stops following)$')
PAGES = ['/', '/tickets/', '/tickets/?status_id=1', '/new', '/users/', '/user/1', '/departments/', '/me', '/admin/users', '/admin/groups', '/admin/settings']


@pytest.fixture(scope='module')
def read_token(desk):  # noqa: F811
    with desk.client() as client:
        return expect(client.request('POST', 'tokens', json={'name': 'a look', 'expires_in': 3600, 'scope': 'read'},
                                     headers={'Authorization': basic('admin', ADMIN_PASSWORD)}), 200)['token']


def test_who_may_only_read_is_offered_nothing_else(windows, desk, admin, read_token):  # noqa: F811
    ticket = make_ticket(admin, 'Only to be read')
    reply(admin, ticket, 'A reply to read.')
    expect(admin.post('groups/', {'group_name': 'readers'}), 201)
    expect(admin.post('views/', {'name': 'Open ones', 'query': 'status_id=1', 'shared': True}), 201)
    page = windows(desk, read_token, '/')
    for path in (*PAGES, f'/ticket/{ticket}'):
        page.open(path)
        if path == '/admin/groups':
            page.click('button', 'super_user')
            page.settle()
        offered = page.script("""return [...document.querySelectorAll('button, a.button, input[type=submit]')].filter(e => e.checkVisibility())
            .map(e => e.getAttribute('aria-label') || e.innerText.trim())""")
        assert [name for name in offered if WRITES.match(name)] == [], path
    page.see('this session is for reading only')
    page.open('/new').see('this session is for reading only')


def test_keys_of_who_may_only_read(windows, desk, admin, read_token):  # noqa: F811
    """They lead about; none of them writes, and none fails."""
    ticket = make_ticket(admin, 'Readonlykeys')
    page = windows(desk, read_token, '/tickets/?content=readonlykeys')
    before = ticket_of(admin, ticket)
    page.press('j', 'i', 'a', 's', 'p', 'l', 'e', 'x').see('1 selected')
    page.press('a', 's', 'p', 'e', 'i')
    assert not page.has('dialog')
    page.press('o')
    page.wait(lambda: page.path() == f'/ticket/{ticket}', 'the ticket')
    page.settle().press('r', 'q', 'i', 'a', 's', 'p', 'l', 'f', 'e')
    assert not page.has('dialog')
    page.press('u')
    page.wait(lambda: page.path().startswith('/tickets/'), 'the list')
    assert ticket_of(admin, ticket) == before


def test_who_may_only_read_can_leave(windows, desk, read_token):  # noqa: F811
    page = windows(desk, read_token, '/')
    page.click('button', 'Log out').find('button', 'Log in')
