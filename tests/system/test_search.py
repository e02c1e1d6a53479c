"""What a search finds, and what it says of what it cannot do."""
import csv
import io
from urllib.parse import quote

import pytest

from wire import expect

TICKET = {'category_id': 1, 'ticket_priority_id': 1}
# title, content, and a reply or None
TEXTS = {
    'inch': ('monitor', 'the 24" monitor of room 7 flickers', None),
    'jam': ('printer', 'a paper jam in tray two', 'jammed again'),
    'jar': ('kitchen', 'a paper jar, no plotter', None),
    'scan': ('scanner', 'it does not scan', 'perhaps the toner'),
    'ink': ('printer', 'it has no ink', 'the scanner has none either'),
    'both': ('zebra', 'the word or and the word not', None),
}
MANY = ' '.join(f'word{i}' for i in range(32))
CUT = 'only the first 32 words are looked for'
LEFT_OUT = 'parts without a letter or digit are left out'
PARENTHESES = 'parentheses do not group: OR joins the two beside it'


@pytest.fixture(scope='module')
def kit(writing):
    """A client, and the tickets of TEXTS by their names."""
    c = writing.client()
    ids = {}
    for name, (title, content, reply) in TEXTS.items():
        ids[name] = expect(c.post('tickets', {**TICKET, 'title': f'qq {title}', 'content': content}), 201)['id']
        if reply:
            expect(c.post('posts', {'ticket_id': ids[name], 'content': reply}), 201)
    return c, ids


def ask(c, content, more='', **options):
    return c.get(f'tickets/?per_page=60&fields=id,title,snippet{more}&content={quote(content)}', **options)


def found(kit, content, more=''):
    c, ids = kit
    items = expect(ask(c, content, more), 200)['items']
    return {name for name, i in ids.items() if i in [t['id'] for t in items]}


@pytest.mark.parametrize('content, names', [
    ('24" monitor', {'inch'}), ('monitor 24"', {'inch'}), ('"24" monitor"', {'inch'}), ('24" "room 7"', {'inch'}),
    ('24" "7 room"', set()), ('"', None), ('"paper jam', {'jam'}), ('“paper jam”', {'jam'}), ('“jam paper”', set()),
    ('"paper j*"', {'jam', 'jar'}), ('"paper ja*" printer', {'jam'}), ('"a paper"*', {'jam', 'jar'}),
    ('qq printer OR scanner', {'jam', 'ink', 'scan'}), ('qq zebra OR kitchen OR "24 monitor"', {'both', 'jar', 'inch'}),
    ('qq OR nothing', set(TEXTS)), ('toner OR jammed', {'scan', 'jam'}), ('zebra or', {'both'}),
    ('zebra OR or', {'both'}),
    ('qq printer -ink', {'jam'}), ('-ink qq printer', {'jam'}), ('qq -printer -scanner', {'inch', 'both', 'jar'}),
    ('qq -"paper jam" -"the scanner"', {'inch', 'jar', 'scan', 'both'}), ('qq -pap*', {'inch', 'scan', 'ink', 'both'}),
    ('qq -jammed', set(TEXTS) - {'jam'}), ('qq printer OR kitchen -ink -tray', {'jar'}), ('zebra NOT word', {'both'}),
    # signs and blanks of other keyboards
    ('qq　printer　－ink', {'jam'}), ('qq\u00a0printer −ink', {'jam'}), ('toner　printer', set()),
    ('tray　paper', {'jam'}), ('＂paper j＊＂', {'jam', 'jar'}), ('（printer OR zebra）　qq', {'jam', 'ink', 'both'}),
    ('-qq', set()), ('-printer', {'inch', 'jar', 'scan', 'both'}), ('(printer OR zebra) qq', {'jam', 'ink', 'both'}),
])
def test_a_query_finds(kit, content, names):
    if names is None:
        assert expect(ask(kit[0], content), 400)
        return
    assert found(kit, content) == names
    assert found(kit, content, '&sort=relevance') == names
    assert found(kit, content, '&sort=title_desc') == names


@pytest.mark.parametrize('content', ['-printer', 'qq -printer'])
def test_what_is_excluded_is_not_counted(kit, content):
    """Nor is it on the last page, nor in an export."""
    c, ids = kit
    total = expect(c.get('tickets/?per_page=1'), 200)['_meta']['total_items']
    meta = expect(c.get(f'tickets/?per_page=1&content={quote(content)}'), 200)['_meta']
    rows = list(csv.reader(io.StringIO(c.get(f'tickets.csv?content={quote(content)}').body.decode())))[1:]
    assert len(rows) == meta['total_items'] < total
    assert not {int(row[0]) for row in rows} & {ids['jam'], ids['ink']}


def test_what_changes_is_excluded_or_not(kit):
    c, _ = kit
    ticket = expect(c.post('tickets', {**TICKET, 'title': 'walrus', 'content': 'a walrus on ice'}), 201)['id']

    def ids():
        return [t['id'] for t in expect(ask(c, 'walrus -ice'), 200)['items']]
    assert ids() == []
    expect(c.request('PATCH', f'ticket/{ticket}', json={'content': 'a walrus on land'}), 200)
    assert ids() == [ticket]
    expect(c.post('posts', {'ticket_id': ticket, 'content': 'no ice there'}), 201)
    assert ids() == []


WIDE = str.maketrans('0123456789#', '０１２３４５６７８９＃')
ARABIC = str.maketrans('0123456789', '٠١٢٣٤٥٦٧٨٩')


@pytest.mark.parametrize('form', ['{}', '#{}', '{:05}', '#{:05}', ' {} ', '　{}　', '＃{}'])
def test_a_number_finds_its_ticket_first(kit, form):
    c, ids = kit
    number = ids['jar']
    title = f'see {number} and {number:05}'
    other = expect(c.post('tickets', {**TICKET, 'title': title, 'content': 'of the number'}), 201)
    for more in ('', '&sort=relevance'):
        items = expect(ask(c, form.format(number), more), 200)['items']
        assert items[0]['id'] == number
        assert other['id'] in [t['id'] for t in items]
    by_id = [t['id'] for t in expect(ask(c, form.format(number), '&sort=ticketid_desc'), 200)['items']]
    assert by_id == sorted(by_id, reverse=True) and number in by_id
    # paging and walking go on from there
    first = expect(c.get(f'tickets/?per_page=1&fields=id&content={quote(form.format(number))}'), 200)
    second = expect(c.get(first['_links']['next'].split('/flicket-api/')[1]), 200)
    assert (first['items'][0]['id'], second['items'][0]['id']) == (number, other['id'])
    walk = expect(c.get(f'tickets/?cursor=&per_page=1&content={quote(form.format(number))}'), 200)
    assert walk['items'][0]['id'] == number
    assert '"' in c.get(f'tickets.csv?content={quote(form.format(number))}').body.decode().splitlines()[1]
    expect(c.request('DELETE', f'ticket/{other["id"]}'), 204)


@pytest.mark.parametrize('digits', [WIDE, ARABIC])
@pytest.mark.parametrize('form', ['{}', '#{}', '{:05}'])
def test_a_number_is_one_in_the_digits_of_any_script(kit, form, digits):
    c, ids = kit
    assert expect(ask(c, form.format(ids['jar']).translate(digits)), 200)['items'][0]['id'] == ids['jar']


@pytest.mark.parametrize('content', ['#999999999', '0', '9223372036854775807', '99999999999999999999', '-5', '29 6'])
def test_a_number_without_a_ticket_is_a_word(kit, content):
    assert found(kit, content) <= set(TEXTS)


def test_a_filter_goes_before_a_number(kit):
    c, ids = kit
    assert expect(ask(c, f'#{ids["jar"]}', '&status=Closed'), 200)['items'] == []


@pytest.mark.parametrize('content, note', [
    ('qq printer', None), (MANY, None), (f'{MANY} more', CUT), (f'{MANY} -more OR', CUT), ('qq & printer', LEFT_OUT),
    ('qq 😀', LEFT_OUT), ('(qq OR printer)', PARENTHESES),
    (f'& (qq OR printer) {MANY}', f'{CUT}; {LEFT_OUT}; {PARENTHESES}'),
    ('无' * 40, CUT)])
def test_what_has_no_effect_is_said_in_a_header(kit, content, note):
    """Each time, also for answers that were kept, and for a client that has the answer."""
    c, _ = kit
    for _ in range(4):
        answer = ask(c, content)
        assert answer.status == 200 and answer.header('Search-Note') == note
    again = ask(c, content, headers={'If-None-Match': answer.header('ETag')})
    assert again.status == 304 and again.header('Search-Note') == note
    for path in ('tickets.csv', 'tickets.ndjson'):
        assert c.get(f'{path}?content={quote(content)}').header('Search-Note') == note


@pytest.mark.parametrize('content, part', [
    (' ', 'nothing to search for'), ('😀 & "', 'nothing to search for'),
    ('OR printer', 'OR stands between'),
    ('printer OR', 'OR stands between'), ('a OR OR b', 'OR stands between'), ('a OR -b', 'excluded'),
    ('-a OR b', 'excluded'),
    ('pa*per', 'at its end'), ('"pa* jam"', 'at its end'),
    ('*', 'beginning of a word'), ('"paper *"', 'beginning of a word')])
def test_what_cannot_be_is_a_400(kit, content, part):
    message = expect(ask(kit[0], content), 400)['message']
    assert message.startswith('content: ') and part in message
