"""Texts of strangers: whatever is in them, the page makes of it only what is listed here, asks nobody outside, and goes on."""
import random
import re

import pytest

from tickets import COMPOSER, admin, desk, make_ticket, reply, wait_text  # noqa: F401

ELEMENTS = ['P', 'BR', 'HR', 'H3', 'H4', 'H5', 'H6', 'BLOCKQUOTE', 'STRONG', 'EM', 'DEL', 'CODE', 'PRE', 'UL', 'OL', 'LI', 'INPUT',
            'TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'DIV', 'SPAN', 'A', 'IMG', 'BUTTON']
ATTRIBUTES = ['class', 'href', 'rel', 'target', 'title', 'src', 'alt', 'loading', 'decoding', 'start', 'type', 'checked', 'disabled',
              'aria-label', 'scope', 'data-align', 'tabindex', 'role', 'dir']
SCHEMES = ['http:', 'https:', 'mailto:', 'tel:']

HOSTILE = [
    '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<svg onload=alert(1)>', '<svg><script>alert(1)</script></svg>',
    '<iframe src="javascript:alert(1)"></iframe>', '<a href="javascript:alert(1)">x</a>', '<style>*{display:none}</style>',
    '<form action="http://evil.example/"><button>x</button></form>', '<base href="http://evil.example/">', '<meta http-equiv=refresh content="0;url=http://evil.example/">',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>', '<!--><img src=x onerror=alert(1)>-->', '<details open ontoggle=alert(1)>x</details>',
    '[x](javascript:alert(1))', '[x](JaVaScRiPt:alert(1))', '[x](java\tscript:alert(1))', '[x](\x01javascript:alert(1))', '[x](&#106;avascript:alert(1))',
    '[x](javascript&colon;alert(1))', '[x](data:text/html,<script>alert(1)</script>)', '[x](vbscript:x)', '[x](file:///etc/passwd)',
    '[x](blob:http://evil.example/1)', '[x](<javascript:alert(1)>)', '<javascript:alert(1)>', '[x][r]\n\n[r]: javascript:alert(1)',
    '![x](javascript:alert(1))', '![x](data:image/svg+xml,<svg onload=alert(1)>)', '![x](http://evil.example/pixel.png)', '![x](//evil.example/pixel.png)',
    '![x](http://evil.example/flicket_uploads/pixel.png)', '![x](http://evil.example/flicket/static/flicket_uploads/../../../pixel.png)',
    '![x](/flicket-api/users/)', '![x](/flicket_uploads/../flicket-api/users/)', '![x" onerror="alert(1)](x)', '[x](http://a" onmouseover="alert(1))', '[x](http://a "t\\" onmouseover=\\"alert(1)")',
    '`<script>alert(1)</script>`', '```html\n<script>alert(1)</script>\n```', '```" onmouseover="alert(1)\nx\n```', '| <img src=x onerror=alert(1)> |\n| - |\n| <svg onload=alert(1)> |',
    '- [x] <img src=x onerror=alert(1)>', 'https://evil.example/<script>alert(1)</script>', 'www.evil.example', 'mailto:a@evil.example?subject=<script>',
    '\u202egnp.exe\u202c \u2066isolated\u2069', '\u202e' * 3000, 'a\u0300' * 4000, '\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67' * 200, '\0\x01\x02\x1b[31m',
    '>' * 10_000 + ' x', '> ' * 10_000 + 'x', '> - ' * 5_000 + 'x', '- ' * 10_000 + 'x', '1. ' * 10_000 + 'x', '\n'.join('  ' * n + '- x' for n in range(400)),
    '[' * 20_000, '[a](' * 10_000, '![a](' * 10_000, '*a' * 10_000, '**a*' * 5_000, '_a' * 10_000, '`a' * 10_000, '~~a' * 10_000, '<a ' * 10_000, '<' * 20_000, '<!--' * 5_000,
    'http://a' * 5_000, 'a@' * 10_000, 'a' + ' ' * 19_000 + 'b', '|a' * 2_000 + '|\n' + '|-' * 2_000 + '|\n' + '|\n' * 5_000, '|a|b|\n|-|-|\n' + '|\n' * 9_000,
    'a' * 1_000_000, ('a' * 99 + ' ') * 10_000, 'x\n' * 5_000, '#' * 20_000, '&amp;' * 4_000, '\\' * 20_000, '[a]: b\n' * 3_000 + '[a]' * 1_000,
]

PIECES = ['<script>', '</script>', '<img src=x onerror=alert(1)>', '<svg onload=alert(1)>', 'javascript:', 'data:text/html,', 'http://evil.example/', '//evil.example', '[', ']', '(', ')',
          '![', '](', '<', '>', '"', "'", '`', '```', '\n', '\n\n', '    ', '\t', '*', '**', '_', '~~', '> ', '- ', '1. ', '- [x] ', '# ', '|', '|-|', '---', '===', '&lt;', '&#106;',
          '\\', '<!--', '-->', '<a href=', 'x', 'word ', 'é', '中文', '\u202e', '\u200d', ':', '@', 'a@b.example', '[r]: ', 'mailto:', '/flicket_uploads/x.png', 'onclick=', '\0', '$&', '{', '}']

# Put each text into the field of the composer and look at what its preview makes of it.
SHOW_ALL = """
const [texts, elements, attributes, schemes, done] = arguments;
const field = document.querySelector('.composer textarea');
const put = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
const wrong = [];
const look = text => {
	const shown = document.querySelector('.composer .preview .markdown');
	if (!shown && text.trim())
		return wrong.push(['nothing is shown', text.slice(0, 200)]);
	for (const element of shown?.querySelectorAll('*') ?? []) {
		if (!elements.includes(element.tagName))
			wrong.push([element.outerHTML.slice(0, 200), text.slice(0, 200)]);
		for (const { name } of element.attributes)
			if (!attributes.includes(name))
				wrong.push([name, text.slice(0, 200)]);
		const link = element.getAttribute('href');
		if (link !== null && !schemes.includes(element.protocol))
			wrong.push([link, text.slice(0, 200)]);
		if (element.tagName === 'IMG' && (new URL(element.src).origin !== location.origin || !/\\/flicket_(uploads|avatars)\\/[^/]+$/.test(new URL(element.src).pathname)))
			wrong.push([element.src, text.slice(0, 200)]);
	}
};
(async () => {
	for (const text of texts) {
		put.call(field, text);
		field.dispatchEvent(new Event('input', { bubbles: true }));
		await new Promise(go => setTimeout(go));
		await new Promise(go => setTimeout(go));
		look(field.value);
	}
	done(wrong);
})();
"""


@pytest.fixture
def preview(browse, desk, admin):  # noqa: F811
    page = browse(desk, 'agent', f'/ticket/{make_ticket(admin)}')
    page.find('textbox', COMPOSER)
    page.click('button', 'Preview').find('region', 'Preview')
    page.forget_requests()
    return page


def wrong_in(page, texts):
    found = page.here().driver.execute_async_script(SHOW_ALL, texts, ELEMENTS, ATTRIBUTES, SCHEMES)
    outside = [url for _, url in page.requests() if url.startswith('http') or 'evil' in url]
    return found + outside


def test_hostile_texts_become_what_is_listed(preview):
    assert not wrong_in(preview, HOSTILE)


def test_generated_texts_become_what_is_listed(preview):
    pick = random.Random(7)
    texts = [''.join(pick.choice(PIECES) for _ in range(pick.randrange(1, 60))) for _ in range(1000)]
    preview.allow(r'/flicket_uploads/.* 404 ')
    assert not wrong_in(preview, texts)


def test_what_is_looked_for_is_found(preview):
    """The look at the page finds what it should find."""
    preview.script('document.querySelector(".composer .preview").insertAdjacentElement("beforeend", document.createElement("p"))')
    assert wrong_in(preview, ['**x**\n\n[y](http://evil.example/)']) == []
    found = preview.here().driver.execute_async_script(SHOW_ALL, ['**x** [y](http://a.example/)'], ['P', 'A'], ['href'], ['tel:'])
    assert {what for what, _ in found} == {'<strong>x</strong>', 'http://a.example/', 'rel', 'target'}


def test_hostile_texts_of_a_desk(browse, desk, admin):  # noqa: F811
    texts = [text for text in HOSTILE if 5 <= len(text) <= 5000 and '\0' not in text and '\ud83d' not in text][:45]
    ticket = make_ticket(admin, title='<script>alert(1)</script>', content=texts[0])
    for text in texts[1:]:
        reply(admin, ticket, text)
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    wait_text(page, texts[-1][:20])
    assert page.css('h1')[0].text.startswith('<script>alert(1)</script>')
    assert page.script('return document.querySelectorAll(".thread :is(script, svg:not(.icon), iframe, style, form, base, meta, [onerror], [onload])").length') == 0
    assert not [url for _, url in page.requests() if url.startswith('http')]


def test_markdown_that_people_write(browse, desk, admin):  # noqa: F811
    ticket = make_ticket(admin, content='''# Title

Some **bold**, _italic_, ~~struck~~ and `code <b>`, https://example.org/a and [a link](https://example.org "t").
A line of its own.

> quoted
> > twice

1. one
2. two
   - [x] done
   - [ ] not done

| a | b |
| :- | -: |
| 1 | 2 |

```
if (a < b && c) {}
```
''')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    shown = page.script('''const m = document.querySelector('#text .markdown'); const n = s => m.querySelectorAll(s).length;
        return { h3: n('h3'), strong: n('strong'), em: n('em'), del: n('del'), quotes: n('blockquote blockquote'), tasks: n('li input:disabled'),
            checked: n('input:checked'), cells: n('td'), links: [...m.querySelectorAll('a')].map(a => a.href), breaks: n('br'),
            code: m.querySelector('pre').innerText.trim(), inline: m.querySelector('p code').innerText }''')
    assert shown == {'h3': 1, 'strong': 1, 'em': 1, 'del': 1, 'quotes': 1, 'tasks': 2, 'checked': 1, 'cells': 2, 'breaks': 1,
                     'links': ['https://example.org/a', 'https://example.org/'], 'code': 'if (a < b && c) {}', 'inline': 'code <b>'}
    assert not re.search(r'\[[x ]\]', page.css('#text')[0].text)
    assert page.has('region', 'Table')


def test_entities_are_characters_except_in_code(browse, desk, admin):  # noqa: F811
    ticket = make_ticket(admin, content='5 &lt; 6 &amp; 7, `&lt;b&gt;` and ![a &gt; b](http://example.org/a.png)\n\n    &amp;')
    page = browse(desk, 'agent', f'/ticket/{ticket}')
    assert page.texts('#text .markdown p') == ['5 < 6 & 7, &lt;b&gt; and a > b']
    assert page.texts('#text .markdown :not(p) > code') == ['&amp;']
