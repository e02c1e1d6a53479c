"""Every dialog, menu and message of the console, light, dark and on a phone: nothing that axe-core finds against WCAG 2.0
to 2.2, A and AA, and nothing that is wider than the screen. Leaves pictures of them in build/console-shots/."""
import re

import pytest

from browser import PHONE, WIDE
from conftest import PASSWORD_OF_NEW, token_of
from desk import ADMIN_PASSWORD
from test_composer import GIVE, PIXEL
from test_uploads import upload
from tickets import COMPOSER, admin, make_ticket, reply  # noqa: F401
from tickets import movable as desk  # noqa: F401
from wire import basic, expect

LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'
LOOKS = (('light', 'light', WIDE), ('dark', 'dark', WIDE), ('phone', 'light', PHONE))


def fits(page):
    return page.script('return document.documentElement.scrollWidth <= document.documentElement.clientWidth')


def check(page, name, look):
    page.settle().shot(f'{name}-{look}')
    wrong = [f'{name}, {look}: {v}' for v in page.violations()]
    return wrong if fits(page) else [*wrong, f'{name}, {look}: wider than the screen']


@pytest.fixture(scope='module')
def scene(desk):  # noqa: F811
    """A ticket with replies, edits, files and followers, one that the agent has, a saved list, a group."""
    admin, agent = desk.admin(), desk.client(token_of(desk, 'agent'))  # noqa: F811
    token_of(desk, 'reporter')
    ticket = make_ticket(admin, f'The plotter of the drawing office ({LONG})', 'It **does not** draw.\n\n- ink\n- paper')
    post = reply(agent, ticket, 'Is it switched on?')
    expect(agent.request('PATCH', f'post/{post}', json={'content': 'Is it switched on at the back?'}), 200)
    expect(upload(admin, PIXEL, 'plotter.png', ticket_id=ticket), 201)
    taken = make_ticket(admin, 'A plotter that the agent has')
    expect(agent.post(f'ticket/{taken}/claim'), 200)
    expect(admin.post('views/', {'name': f'Plotters {LONG}'[:60], 'query': 'content=plotter', 'shared': True}), 201)
    expect(admin.post('groups/', {'group_name': 'first line'}), 201)
    return {'ticket': ticket, 'post': post, 'taken': taken}


def card(page, scene):
    return page.wait(lambda: page.css(f'#post-{scene["post"]}'), 'the reply')[0]


def ready(page):
    """Open what is folded on a phone."""
    for summary in page.css('.properties summary'):
        if page.script('return !arguments[0].parentElement.open', summary):
            summary.click()


def on_reply(button):
    return lambda page, scene: page.click('button', button, card(page, scene)).find('dialog')


def at_side(button, within='.properties'):
    def open_it(page, _):
        ready(page)
        page.click('button', button, page.css(within)[0]).find('dialog')
    return open_it


def pressed(button):
    return lambda page, _: page.click('button', button).find('dialog')


def key(*keys):
    return lambda page, _: page.press(*keys).find('dialog')


def edit_that_was_overtaken(page, scene):
    page.allow('post/.* 412 ')
    page.click('button', 'Edit', card(page, scene)).fill('Text', 'What I make of it.')
    page.script("""return fetch(`/flicket-api/post/${arguments[0]}`, { method: 'PATCH', body: JSON.stringify({ content: arguments[1] }),
        headers: { 'Content-Type': 'application/json', 'Flicket-Console': '1' } }).then(r => r.status)""", scene['post'],
                f'Somebody else wrote this {page.size} {page.scheme}.')
    page.click('button', 'Save').see('Somebody else has changed this text')


def write(page, text):
    page.press('r').wait_focus('textbox', COMPOSER)
    page.press('Control+a').type(text)


def preview(page, _):
    write(page, '# A heading\n> quoted\n- [ ] a task\n`code` and **bold**')
    page.click('button', 'Preview').find('region', 'Preview')


def too_short(page, _):
    write(page, 'abc')
    page.press('Control+Enter').see('The text must have')


def files(page, _):
    write(page, 'With files.')
    assert page.script(GIVE, 'drop', 'photo.png', list(PIXEL)) and page.script(GIVE, 'drop', 'program.exe', list(PIXEL))
    page.see('only these kinds of files').wait(lambda: page.has('button', 'Show in the text'), 'the picture is there')


def refused(page, _):
    page.allow('/posts .* 409 ', 'ERR_INTERNET_DISCONNECTED')
    write(page, 'A reply without a network.')
    page.go_offline().press('Control+Enter').see('The desk cannot be reached.')


def newer(page, scene):
    write(page, 'A reply that crosses another.')
    reply(scene['admin'], scene['ticket'], 'It came meanwhile, and is **new**.')
    page.ask_again()
    page.see(re.compile('came while you were writing'))


def discarded(page, _):
    write(page, 'Not needed.')
    page.click('button', 'Discard').see('The draft is discarded.')


def bad_toast(page, _):
    page.allow(r'subscription.* 4\d\d ')
    page.script("""const ask = fetch; window.fetch = (url, how) => String(url).includes('/priority')
        ? Promise.resolve(Response.json({ code: 'forbidden', message: 'Somebody else may do this, but you may not.' }, { status: 403 })) : ask(url, how)""")
    ready(page)
    page.choose('Priority', 'high').see('but you may not')


def select_two(page, scene):
    page.script("document.querySelectorAll('tr[data-id] input').forEach((box, i) => i < 2 && box.click())")
    page.see('2 selected')


def many(key_, dialog):
    def open_it(page, scene):
        select_two(page, scene)
        page.press(key_)
        page.find('dialog', re.compile(dialog))
    return open_it


def result(page, scene):
    page.script("""const ask = fetch; window.fetch = (url, how) => /ticket.\\d+.(status|priority)/.test(url)
        ? Promise.resolve(Response.json({ code: 'closed', message: 'This ticket is closed.' }, { status: 409 })) : ask(url, how)""")
    many('p', '^Priority')(page, scene)
    page.click('button', 'high').find('region', 'What was done')


def news(page, scene):
    make_ticket(scene['admin'], 'Another plotter')
    page.ask_again()
    page.find('button', re.compile('Show'))


def picker(label, text, within=None):
    def open_it(page, _):
        ready(page)
        field = page.field(label, page.css(within)[0] if within else None)
        field.click()
        page.press('Control+a').type(text).wait(lambda: page.has('option'), 'suggestions')
    return open_it


def nothing_found(page, _):
    page.press('a').find('dialog')
    page.type('nobody at all').see('Nothing found')


def token_made(page, _):
    page.click('button', 'Make a token')
    dialog = page.find('dialog', 'Make a token')
    page.fill('Name', 'nightly report', dialog).fill('Current password', ADMIN_PASSWORD, dialog).press('Enter')
    page.find('dialog', 'Your new token')


def wrong_field(page, _):
    page.allow('user/me .* 400')
    page.fill('E-mail', 'no mail').click('button', 'Save').wait_focus('textbox', 'E-mail')


def palette_with(text):
    def open_it(page, _):
        page.press('Control+k').wait_focus('combobox')
        page.type(text).wait(lambda: page.has('option'), 'something found')
    return open_it


def show_group(page, _):
    page.click('button', 'super_user').find('region', 'super_user')
    page.field('Add a member', page.find('region', 'super_user')).click()
    page.wait(lambda: page.has('option'), 'suggestions')


def new_with_similar(page, scene):
    page.fill('Title', 'The plotter of the drawing office').see('Are you looking for one of these?')


def taken_category(page, _):
    page.allow('departments/ .* 400')
    page.click('button', 'Add a department').fill('Name', 'Workshop').press('Enter')
    page.wait(lambda: page.field('Name').get_attribute('aria-invalid') == 'true', 'the field is wrong')


def still_in_use(page, _):
    page.allow(r'category/\d+ .* 409')
    page.click('button', 'Delete Dataset').click('button', 'Delete', page.find('dialog')).find('alert')


LIST, TICKET, TAKEN = '/tickets/?content=plotter', '/ticket/{ticket}', '/ticket/{taken}'
# name, path, what shows it
THINGS = [
    ('edit', TICKET, on_reply('Edit')),
    ('edit-overtaken', TICKET, edit_that_was_overtaken),
    ('history', TICKET, on_reply('edited')),
    ('delete-reply', TICKET, on_reply('Delete')),
    ('delete-ticket', TICKET, at_side('Delete', '.crumb')),
    ('delete-file', TICKET, pressed('Remove plotter.png')),
    ('assign', TICKET, key('a')),
    ('assign-nobody', TICKET, nothing_found),
    ('follower', TICKET, at_side('Add a follower')),
    ('close', TICKET, key('c')),
    ('take-over', TAKEN, at_side('Assign to me')),
    ('title', TICKET, lambda page, _: page.click('button', 'Edit the title').wait_focus('textbox', 'Title')),
    ('preview', TICKET, preview),
    ('too-short', TICKET, too_short),
    ('files', TICKET, files),
    ('unreachable', TICKET, refused),
    ('newer', TICKET, newer),
    ('toast-undo', TICKET, discarded),
    ('toast-bad', TICKET, bad_toast),
    ('side-category', TICKET, picker('Category', 'net', '.properties')),
    ('list-selected', LIST, select_two),
    ('list-assign', LIST, many('a', '^Assignee')),
    ('list-status', LIST, many('s', '^Status')),
    ('list-priority', LIST, many('p', '^Priority')),
    ('list-move', LIST, many('l', '^Category')),
    ('list-close', LIST, many('e', '^Close: 2 tickets')),
    ('list-result', LIST, result),
    ('list-news', LIST, news),
    ('list-save', LIST, pressed('Save this list')),
    ('sheet-somebody', LIST + '&assigned_id=1&created_id=me', lambda page, scene: (pressed(re.compile('^Filters'))(page, scene),
                                                                                    picker('Name of the Assignee', 'a')(page, scene))),
    ('list-bad-filter', '/tickets/?colour=red', lambda page, _: page.find('alert')),
    ('list-no-page', '/tickets/?page=9', lambda page, _: page.find('alert')),
    ('palette-found', '/departments/', palette_with('plot')),
    ('new-similar', '/new', new_with_similar),
    ('new-category', '/new', picker('Category', 'net')),
    ('user-edit', '/admin/users', pressed('Edit Rob Reporter')),
    ('user-password', '/admin/users', pressed('Password of Rob Reporter')),
    ('user-delete', '/admin/users', pressed('Delete Rob Reporter')),
    ('group-open', '/admin/groups', show_group),
    ('group-rename', '/admin/groups', pressed('Rename first line')),
    ('group-delete', '/admin/groups', pressed('Delete first line')),
    ('department-rename', '/departments/', pressed('Rename Workshop')),
    ('department-delete', '/departments/', pressed('Delete Workshop')),
    ('department-taken', '/departments/', taken_category),
    ('category-add', '/departments/', pressed('Add a category to Workshop')),
    ('category-rename', '/departments/', pressed('Rename Printers')),
    ('category-delete-refused', '/departments/', still_in_use),
    ('me-wrong', '/me', wrong_field),
    ('token-made', '/me', token_made),
    ('token-end', '/me', pressed('End report')),
    ('tokens-end', '/me', pressed('End all others')),
]


@pytest.mark.parametrize('name, path, show', THINGS, ids=[name for name, *_ in THINGS])
def test_in_every_look(browse, desk, scene, admin, name, path, show):  # noqa: F811
    """Shown anew for each look: a dialog need not survive another size of the screen."""
    page = browse(desk, 'reporter' if name == 'token-end' else 'admin')
    page.allow(r'tickets/9/.* 404 ', r'colour=red.* 400 ')
    if name == 'token-end':
        expect(admin.post('tokens', {'name': 'report', 'expires_in': 3600},
                          headers={'Authorization': basic('reporter', PASSWORD_OF_NEW)}), 200)
    wrong = []
    for look, scheme, size in LOOKS:
        page.look(scheme, size).open(path.format(**scene))
        show(page, {**scene, 'admin': admin})
        wrong += check(page, f'dialog-{name}', look)
        page.script('localStorage.clear()')     # no draft for the next one
        page.go_offline(False)
    page.look()
    assert not wrong, '\n'.join(wrong)
