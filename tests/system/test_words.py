"""Words of forty languages are found in every spelling; stores whose index has an earlier form come to know them."""
import contextlib
import gzip
import html
import re
import sqlite3
import unicodedata
from urllib.parse import quote

import pytest

from desk import ADMIN, REPO, SERVICES, run_program, wait_until
from wire import expect

TICKET = {'category_id': 1, 'ticket_priority_id': 1}
# a text of each language, and one word of it
LANGUAGES = {
    'Albanian': ('Printeri është prishur', 'është'), 'Amharic': ('አታሚው አይሰራም', 'አታሚው'),
    'Arabic': ('الطَّابِعَةُ لا تعمل', 'الطَّابِعَةُ'), 'Armenian': ('Տպիչը չի աշխատում և', 'Տպիչը'),
    'Azerbaijani': ('Çap cihazı işləmir', 'cihazı'), 'Bengali': ('প্রিন্টার কাজ করছে না ড়', 'প্রিন্টার'),
    'Bulgarian': ('Принтерът не работи, ѝ', 'Принтерът'), 'Burmese': ('ပုံနှိပ်စက်ပျက်နေသည်', 'စက်ပျက်'),
    'Catalan': ('La col·lecció és òptima', 'òptima'), 'Chinese': ('无法打印文件', '打印'),
    'Croatian': ('Pisač više ne ispisuje đ', 'više'), 'Czech': ('Příliš žluťoučký kůň', 'žluťoučký'),
    'Danish': ('Skriveren på kontoret gør støj', 'støj'), 'Dutch': ('Coördinatie en reünie', 'Coördinatie'),
    'Estonian': ('Sõnum jäi ära', 'Sõnum'), 'Finnish': ('Työpöydän näyttö on pimeä', 'näyttö'),
    'French': ('Le câble a été coupé à Noël', 'câble'), 'Georgian': ('პრინტერი არ მუშაობს', 'პრინტერი'),
    'German': ('Größere Straße', 'Größere'), 'Greek': ('Ο εκτυπωτής δεν εκτυπώνει', 'εκτυπωτής'),
    'Hebrew': ('הַמַּדְפֶּסֶת לא עובדת', 'הַמַּדְפֶּסֶת'), 'Hindi': ('प्रिंटर ख़राब है', 'ख़राब'),
    'Hungarian': ('Árvíztűrő tükörfúrógép', 'Árvíztűrő'), 'Icelandic': ('Þetta er úr sögunni', 'Þetta'),
    'Irish': ('Tá an clódóir briste', 'clódóir'), 'Italian': ('Perché non più così', 'Perché'),
    'Japanese': ('ﾌﾟﾘﾝﾀｰが動くとガス', 'ガス'), 'Khmer': ('ម៉ាស៊ីនបោះពុម្ពខូច', 'បោះពុម្ព'),
    'Korean': ('프린터가 고장났습니다', '프린터가'), 'Lao': ('ເຄື່ອງພິມບໍ່ເຮັດວຽກ', 'ພິມ'),
    'Latvian': ('Drukātājs nedarbojas šķērsām', 'šķērsām'), 'Lithuanian': ('Spausdintuvas sugedo ąžuolė', 'ąžuolė'),
    'Marathi': ('मुद्रक चालत नाही', 'मुद्रक'), 'Norwegian': ('Skjermen er mørk på kjøkkenet', 'kjøkkenet'),
    'Persian': ('چاپگر کار نمی‌کند', 'نمی‌کند'), 'Polish': ('Zażółć gęślą jaźń', 'gęślą'),
    'Portuguese': ('A impressão não começou', 'impressão'), 'Romanian': ('Imprimanta nu funcționează în țară', 'țară'),
    'Russian': ('Ёлка и мой йод', 'йод'), 'Slovak': ('Tlačiareň sa zasekla ľahko', 'Tlačiareň'),
    'Spanish': ('El señor pidió un pingüino', 'pingüino'), 'Swedish': ('Skärmen är för mörk', 'Skärmen'),
    'Tamil': ('அச்சுப்பொறி வேலை செய்யவில்லை', 'செய்யவில்லை'), 'Telugu': ('ముద్రణ యంత్రం పనిచేయడం లేదు', 'యంత్రం'),
    'Thai': ('เครื่องพิมพ์ไม่ทำงาน', 'พิมพ์'), 'Turkish': ('Yazıcı IŞIKLI değil', 'ışıklı'),
    'Ukrainian': ('Принтер не їде, йой', 'їде'), 'Vietnamese': ('Máy in không hoạt động được', 'động'),
}
FORMS = ('NFC', 'NFD', 'NFKC', 'NFKD')


def spellings(word):
    cases = {word, word.upper(), word.lower()}
    if 'ı' in word:     # the capital of ı is I, whose small letter is another in other languages
        cases |= {word.replace('ı', 'i')}
    return sorted({unicodedata.normalize(form, w) for form in FORMS for w in cases} | {f'\u200b{word}', f'{word}\u00ad'})


def found(c, words):
    answer = c.get(f'tickets/?fields=id,title,snippet&per_page=60&content={quote(words)}')
    return {t['id']: t for t in expect(answer, 200)['items']}


@pytest.fixture(scope='module')
def polyglot(writing):
    """A desk with a ticket of each language, of each form in turn."""
    c = writing.client()
    ids = {}
    for n, (language, (text, _)) in enumerate(LANGUAGES.items()):
        content = f'<{unicodedata.normalize(FORMS[n % 4], text)}>'
        ids[language] = expect(c.post('tickets', {**TICKET, 'title': language, 'content': content}), 201)['id']
    return c, ids


@pytest.mark.parametrize('language', LANGUAGES)
def test_a_word_is_found_in_every_spelling(polyglot, language):
    c, ids = polyglot
    text, word = LANGUAGES[language]
    for spelling in spellings(word):
        hit = found(c, spelling).get(ids[language])
        assert hit is not None, [hex(ord(x)) for x in spelling]
        # the snippet has the text as it is, and the word marked
        plain = html.unescape(re.sub('</?mark>', '', hit['snippet'])).strip('…')
        assert unicodedata.normalize('NFKC', plain) in unicodedata.normalize('NFKC', f'<{text}>')
        marked, = re.findall('<mark>(.*?)</mark>', hit['snippet'])
        assert unicodedata.normalize('NFKC', marked) == unicodedata.normalize('NFKC', word) or language == 'Turkish'


@pytest.mark.parametrize('query, language', [
    ('件', 'Chinese'), ('文件', 'Chinese'), ('无', 'Chinese'), ('法打印文', 'Chinese'), ('動', 'Japanese'),
    ('が動く', 'Japanese'), ('プリンタ', 'Japanese'), ('งาน', 'Thai'), ('เครื่อง', 'Thai'), ('"打印 文件"', None),
    ('打文', None), ('件文', None), ('印*', 'Chinese')])
def test_parts_of_a_run_are_found(polyglot, query, language):
    c, ids = polyglot
    assert (set(found(c, query)) & set(ids.values())) == ({ids[language]} if language else set())


def test_an_edit_and_a_deletion_take_words_away(polyglot):
    c, _ = polyglot
    ticket = expect(c.post('tickets', {**TICKET, 'title': 'Ωκεανός', 'content': 'здесь зелёный чай'}), 201)['id']
    post = expect(c.post('posts', {'ticket_id': ticket, 'content': '日本語の返信'}), 201)['id']
    for words in ('ωκεανοσ', 'зеленый', '返信', '本語'):
        wait_until(lambda words=words: set(found(c, words)) == {ticket}, 10, words)
    expect(c.request('PATCH', f'post/{post}', json={'content': 'Größe'}), 200)
    expect(c.request('PATCH', f'ticket/{ticket}', json={'title': 'other', 'content': 'nothing here'}), 200)
    wait_until(lambda: set(found(c, 'GRÖSSE')) == {ticket}, 10, 'the new text')
    for words in ('ωκεανοσ', 'зеленый', '返信', '本'):
        assert found(c, words) == {}, words
    expect(c.request('DELETE', f'ticket/{ticket}'), 204)
    wait_until(lambda: found(c, 'große') == {}, 10, 'its replies are gone')


# --- stores of an earlier form -----------------------------------------------------------------------------------

def unpack(desk, tickets):
    """Stores whose index has the earlier form, with so many more tickets and a reply to each."""
    stores = {}
    for service in SERVICES:
        stores[service] = desk.data / 'stores' / service / f'{service}.db'
        stores[service].parent.mkdir(parents=True)
        stores[service].write_bytes(gzip.decompress(
            (REPO / 'tests/data/stores/5' / f'{service}.db.gz').read_bytes()))
    texts = list(LANGUAGES.values())
    with contextlib.closing(sqlite3.connect(stores['ticket'])) as db, \
            contextlib.closing(sqlite3.connect(stores['post'])) as posts, db, posts:
        first = db.execute('SELECT max(id) FROM tickets').fetchone()[0] + 1
        post = posts.execute('SELECT max(id) FROM posts').fetchone()[0]
        for i in range(first, first + tickets):
            text, post = texts[i % len(texts)][0], post + 1
            db.execute('INSERT INTO tickets (id, title, content, started_id, status_id, category_id, '
                       'ticket_priority_id, replies) VALUES (?, ?, ?, 1, 1, 1, 1, 1)', (i, f'number {i}', text))
            reply = unicodedata.normalize('NFD', f'odpověď {i}')
            db.execute('INSERT INTO replies (post_id, ticket_id) VALUES (?, ?)', (post, i))
            db.execute('INSERT INTO reply_text (rowid, content) VALUES (?, ?)', ((i << 32) + post, reply))
            posts.execute('INSERT INTO posts (id, ticket_id, content, user_id) VALUES (?, ?, ?, 1)', (post, i, reply))
    with contextlib.closing(sqlite3.connect(stores['user'])) as db, db:
        db.execute('UPDATE users SET total_posts = total_posts + ? WHERE id = 1', (2 * tickets,))
    return first, stores


def left(stores):
    """The ticket and the reply at which indexing goes on; None for each that is done."""
    with contextlib.closing(sqlite3.connect(f'file:{stores["ticket"]}?mode=ro', uri=True)) as db:
        return db.execute('SELECT ticket_id, post_id FROM search_form').fetchone()


def test_stores_are_indexed_anew_while_they_serve(desks):
    """Killed in the middle, too; and nothing that was found before is not found meanwhile."""
    desk = desks('new', start=False)
    first, stores = unpack(desk, 2000)
    desk.start()
    c = desk.client(ADMIN)
    assert len(found(c, 'number')) == 60
    edited = expect(c.request('PATCH', f'ticket/{first + 1999}', json={'content': 'other Wörter'}), 200)['id']
    for _ in range(3):
        desk.kill('ticket')
        desk.restart('ticket')
        wait_until(lambda: len(found(c, 'number')) == 60, 20, 'it serves')
        assert set(found(c, f'"number {first + 1000}"')) == {first + 1000}
        assert set(found(c, 'worter')) == {edited}
    wait_until(lambda: left(stores) == (None, None), 60, 'all is indexed anew')
    assert set(found(c, f'ODPOVĚĎ {first + 7}')) == {first + 7}
    greek = {i for i in range(first, first + 1999) if list(LANGUAGES)[i % len(LANGUAGES)] == 'Greek'}
    assert set(found(c, 'ΕΚΤΥΠΩΤΗΣ')) == greek
    verified = run_program('flicketctl', 'verify', '--data', desk.data)
    assert verified.returncode == 0, verified.stdout + verified.stderr
