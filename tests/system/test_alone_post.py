"""The post service alone: replies and files."""
import pytest

import alone
from alone import ID, NOT_FOUND, OK, PAGE, PER_PAGE

POST_GET, POST_LIST, POST_CREATE, USER_GET = 50, 51, 56, 10
FILE_BEGIN, FILE_CHUNK, FILE_SEAL, FILE_READ = 61, 62, 63, 66
TICKET_ID, CONTENT, OFFSET, LIMIT = 23, 31, 4, 3
FILENAME, ORIGINAL_FILENAME, SIZE, BODY, HANDLE = 53, 54, 97, 98, 99


@pytest.fixture(scope='module')
def post(tmp_path_factory):
    yield from alone.opened('post', tmp_path_factory)


def test_it_has_the_manners_of_a_service(post):
    alone.check_manners(post, USER_GET)


def test_replies_are_written_and_listed(post):
    error, _, _, _, extras = post.ask(POST_CREATE, {TICKET_ID: 7, CONTENT: 'A reply to nobody.'})
    assert error == OK
    made = extras[ID]
    assert post.read(POST_GET, {ID: made})['content'] == 'A reply to nobody.'
    assert [p['id'] for p in post.read(POST_LIST, {TICKET_ID: 7, PAGE: 1, PER_PAGE: 50})] == [made]
    assert post.ask(POST_GET, {ID: made + 1})[0] == NOT_FOUND


def test_a_file_goes_in_and_comes_out_in_pieces(post):
    data = b'Line by line, as it was written.\n' * 400
    error, _, _, _, extras = post.ask(FILE_BEGIN, {ORIGINAL_FILENAME: 'notes.txt', SIZE: len(data)})
    assert error == OK
    handle = extras[HANDLE]
    for at in range(0, len(data), 4096):
        assert post.ask(FILE_CHUNK, {HANDLE: handle, OFFSET: at, BODY: data[at:at + 4096]})[0] == OK
    error, _, _, _, extras = post.ask(FILE_SEAL, {HANDLE: handle})
    assert error == OK
    error, _, _, fragment, more = post.ask(FILE_READ, {FILENAME: extras[FILENAME], OFFSET: 4000, LIMIT: 200})
    assert error == OK and more.get(BODY, fragment) == data[4000:4200]
