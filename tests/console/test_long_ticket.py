"""A ticket with 500 replies: its end, links into its middle, and the way to what is new."""
import re

import pytest

from conftest import token_of
from test_ticket import wait_seen
from tickets import COMPOSER, desk, make_ticket, posts_of, reply, wait_text  # noqa: F401
from wire import expect

REPLIES = 500


@pytest.fixture(scope='module')
def long(desk):  # noqa: F811
    """The ticket, and the ids of its replies. Every tenth is of the agent."""
    admin, agent = desk.admin(), desk.client(token_of(desk, 'agent'))
    ticket = make_ticket(admin, 'A long story')
    return ticket, [reply(agent if n % 10 == 0 else admin, ticket, f'Reply number {n} of many.') for n in range(1, REPLIES + 1)]


def shown(page):
    return page.script("return [...document.querySelectorAll('.thread article[id^=post-]')].map(a => Number(a.id.slice(5)))")


def gaps(page):
    return page.texts('.thread > button')


def in_sight(page, id):
    return page.script("const box = document.getElementById(arguments[0]).getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight", id)


def test_the_end_is_shown_first_and_the_rest_when_it_is_wanted(browse, desk, long):  # noqa: F811
    ticket, posts = long
    page = browse(desk, 'admin', f'/ticket/{ticket}')
    wait_text(page, 'Reply number 500 of many.')
    assert shown(page) == posts[-50:]
    page.see('500 replies')
    assert gaps(page) == ['Show 450 earlier replies']
    page.css('.thread > button')[0].click()
    page.wait(lambda: len(shown(page)) == REPLIES, 'all')
    assert shown(page) == posts and gaps(page) == []
    reply(desk.admin(), ticket, 'One more of many.')
    page.ask_again()
    wait_text(page, 'One more of many.')
    assert len(shown(page)) == REPLIES + 1 and shown(page)[:REPLIES] == posts
    expect(desk.admin().request('DELETE', f'post/{shown(page)[-1]}'), 204)
    page.allow('/posts/.*/11/.* 404 ')
    page.ask_again()    # the page of the reply is gone with it
    page.wait(lambda: shown(page) == posts, 'all but the last, not folded again')


@pytest.mark.parametrize('n', [1, 50, 51, 249, 250, 450, 451, 500])
def test_a_link_to_a_reply_in_the_middle(browse, desk, long, n):  # noqa: F811
    ticket, posts = long
    post = posts[n - 1]
    page = browse(desk, 'agent', f'/ticket/{ticket}#post-{post}')
    page.wait(lambda: page.script('return document.querySelector(":target")?.id') == f'post-{post}', 'it is marked')
    page.wait(lambda: in_sight(page, f'post-{post}'), 'it is in sight')
    page.see(f'Reply number {n} of many.')
    page.wait(lambda: page.script('return document.activeElement.id') == f'post-{post}', 'the focus is there')
    assert shown(page) == sorted(shown(page)), 'in their order'
    assert posts[-1] in shown(page)


def test_a_link_to_a_reply_that_is_not_there(browse, desk, long):  # noqa: F811
    ticket, posts = long
    page = browse(desk, 'agent', f'/ticket/{ticket}#post-{posts[-1] + 100000}')
    page.see(re.compile('There is no reply'))
    assert shown(page) == posts[-50:]


def test_the_way_between_two_gaps(browse, desk, long):  # noqa: F811
    """What is between the page of a link and the end is a gap that can be filled, as what is before it."""
    ticket, posts = long
    page = browse(desk, 'agent', f'/ticket/{ticket}#post-{posts[210]}')
    page.wait(lambda: posts[210] in shown(page), 'the reply')
    assert gaps(page) == ['Show 200 earlier replies', 'Show 200 earlier replies']
    page.css('.thread > button')[1].click()
    page.wait(lambda: shown(page) == posts[200:], 'all from there on')
    page.css('.thread > button')[0].click()
    page.wait(lambda: shown(page) == posts, 'all')


def test_what_is_new_is_led_to(browse, desk):  # noqa: F811
    """Of a long thread that was read before, the first reply that is new: its line, and a way to it."""
    admin = desk.admin()
    ticket = make_ticket(admin, 'Many are new')
    for n in range(1, 121):
        reply(admin, ticket, f'Old reply {n}.')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, 'Old reply 120.')
    wait_seen(page)
    page.open('/new')
    posts = [reply(admin, ticket, f'New reply {n}.') for n in range(1, 131)]
    page.open(f'/ticket/{ticket}').click('button', 'Go to the first new reply')
    page.wait(lambda: posts[0] in shown(page), 'the first new reply')
    page.wait(lambda: page.css('#new') and in_sight(page, f'post-{posts[0]}'), 'it is in sight')
    texts = page.texts('.part > *')
    assert texts.index('New since you were here') == next(i for i, t in enumerate(texts) if 'New reply 1.' in t) - 1
    page.wait(lambda: page.script('return document.activeElement.id') == f'post-{posts[0]}', 'the focus is at the reply')


def test_a_reply_among_500(browse, desk, long):  # noqa: F811
    ticket, posts = long
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, 'Reply number 500 of many.')
    page.press('r').type('Said after 500.').press('Control+Enter').see('Reply sent.')
    wait_text(page, 'Said after 500.')
    made = posts_of(desk.admin(), ticket)
    assert len(shown(page)) >= 51
    last = shown(page)[-1]
    expect(desk.admin().request('DELETE', f'post/{last}'), 204)
    assert made


def test_keys_and_quote_of_500(browse, desk, long):  # noqa: F811
    ticket, posts = long
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, 'Reply number 500 of many.')
    page.press('q').wait_focus('textbox', COMPOSER)
    assert page.field(COMPOSER).get_attribute('value').startswith('> **Ann Agent:**\n> Reply number 500')


def test_replies_are_watched_in_parts(browse, desk, long):  # noqa: F811
    """At each frame the browser looks which of them are near. A reply stays where it is when others are fetched."""
    ticket, posts = long
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, 'Reply number 500 of many.')
    assert len(shown(page)) < 110
    page.script("document.querySelectorAll('.thread article').forEach(a => { a.isOld = true; })")
    page.css('.thread > button')[0].click()
    page.wait(lambda: len(shown(page)) >= REPLIES, 'all')
    assert page.script("return [...document.querySelectorAll('.thread article')].filter(a => a.isOld).length") >= 51
    watched = page.script("return [...document.querySelectorAll('.thread, .thread *')].filter("
                          "e => getComputedStyle(e).contentVisibility === 'auto').length")
    assert 40 <= watched <= 60
