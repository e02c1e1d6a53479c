"""Finding people: by what one types of a name, by ids, who can log in, in which order."""
import pytest
from urllib.parse import parse_qsl, quote, urlsplit

from desk import PASSWORD
from wire import expect

NEW = {'password': PASSWORD}


def make(c, username, name, email, **more):
    return expect(c.post('users/', {**NEW, 'username': username, 'name': name, 'email': email, **more}), 201)['id']


def ids(c, query):
    return [u['id'] for u in expect(c.get('users/?fields=id&' + query), 200)['items']]


def found(c, text, more=''):
    return ids(c, f'q={quote(text)}{more}')


def test_people_are_found_as_one_types(admin, user):
    quill = make(admin, 'quill.maker', 'Zénobie Quillfeather', 'zq@feathers.example')
    wang = make(admin, 'qwang', '王小明先生', 'wang@feathers.example')
    for text in ('quillf', 'QUILLF', 'zen', 'ＺＥＮ', 'zénob', 'zen quillf', 'quillf zen', 'quill.m', 'quill.maker', 'maker',
                 'zq@feathers.ex', 'zq@f', ' zeno '):
        assert found(user, text) == [quill], text
    for text in ('王', '小明', '王小明', 'qwa'):
        assert found(user, text) == [wang], text
    assert found(user, 'feathers.exam') == [quill, wang]
    for text in ('uillfeather', 'zen wang', 'zenx', '%', '_', '*', '明王', '...', "' OR 1=1 --", '"zen"x'):
        assert found(user, text) == [], text
    everybody = expect(user.get('users/'), 200)['_meta']['total_items']
    for nothing in ('', '%20', '%20%09'):
        assert expect(user.get('users/?q=' + nothing), 200)['_meta']['total_items'] == everybody


def test_words_follow_a_change_and_a_deletion(admin):
    one = make(admin, 'changeling', 'Former Sprockett', 'former@sprockett.example')
    assert found(admin, 'sprock') == [one]
    expect(admin.request('PATCH', f'user/{one}', json={'name': 'Later Wobblton', 'email': 'later@w.example'}), 200)
    assert found(admin, 'sprock') == [] and found(admin, 'wobbl') == [one] == found(admin, 'changel lat')
    expect(admin.request('PATCH', f'user/{one}', json={'username': 'turnedinto'}), 200)
    assert found(admin, 'changel') == [] and found(admin, 'turnedi') == [one]
    expect(admin.request('DELETE', f'user/{one}'), 204)
    assert found(admin, 'turnedi') == [] == found(admin, 'wobbl')


def test_who_is_disabled_is_for_admins(admin, user):
    here = make(admin, 'plimsoll1', 'Here Plimsoll', 'here@plimsoll.example')
    gone = make(admin, 'plimsoll2', 'Gone Plimsoll', 'gone@plimsoll.example', disabled=True)
    assert found(user, 'plimsoll') == [here, gone]
    for no in ('0', 'false'):
        assert found(user, 'plimsoll', f'&disabled={no}') == [here]
    for yes in ('1', 'true'):
        assert found(admin, 'plimsoll', f'&disabled={yes}') == [gone]
        refused = expect(user.get(f'users/?disabled={yes}'), 403)
        assert (refused['code'], refused['field']) == ('forbidden', 'disabled')
    assert gone in ids(admin, 'disabled=1&per_page=100')
    assert {here} == set(ids(user, f'disabled=0&ids={here},{gone}'))
    assert expect(user.get('users/?disabled=maybe'), 400)['field'] == 'disabled'
    everybody, enabled, disabled = (expect(admin.get('users/?per_page=1' + q), 200)['_meta']['total_items']
                                    for q in ('', '&disabled=0', '&disabled=1'))
    assert everybody == enabled + disabled and disabled > 0


def test_people_are_chosen_by_their_ids(user):
    assert ids(user, 'ids=3,1,6') == [1, 3, 6] == ids(user, 'ids=6,3,3,1,999999,-1')
    assert ids(user, 'ids=999999') == [] and ids(user, 'ids=1,%203') == [1, 3]
    for wrong in ('1,', ',1', '1,,2', '1;2', 'a', '1.0', '9223372036854775808', 'me'):
        refused = expect(user.get('users/?ids=' + wrong), 400)
        assert (refused['code'], refused['field']) == ('wrong_type', 'ids'), wrong
    assert ids(user, 'ids=' + ','.join(['1'] * 100)) == [1]
    refused = expect(user.get('users/?ids=' + ','.join(['1'] * 101)), 400)
    assert refused['code'] == 'too_many' and '100' in refused['message']


@pytest.mark.parametrize('sort', ['id', 'name', 'username', 'email'])
def test_lists_are_sorted_and_walked(writing, admin, sort):
    for i, (name, username) in enumerate([('Ösker Twelve', 'zz.oskar'), ('osker eleven', 'AA.oskar'), ('Zorro Osker', 'mm.oskar')]):
        if not found(admin, username):
            make(admin, username, name, f'{"bca"[i]}@oskar.example')
    users = expect(admin.get('users/?per_page=100'), 200)['items']
    for query in ('', '&q=osk', '&disabled=0'):
        want = {'id': None, 'name': ['AA.oskar', 'zz.oskar', 'mm.oskar'], 'username': ['AA.oskar', 'mm.oskar', 'zz.oskar'],
                'email': ['mm.oskar', 'zz.oskar', 'AA.oskar']}[sort]
        seen = {}
        for order in (sort, sort + '_desc'):
            path, walked = f'users/?sort={order}&per_page=2{query}', []
            while path:
                page = expect(admin.get(path), 200)
                walked += page['items']
                for link in filter(None, page['_links'].values()):
                    assert dict(parse_qsl(query)).items() <= dict(parse_qsl(urlsplit(link).query)).items()
                path = page['_links']['next'] and writing.path_of(page['_links']['next'])
            assert len({u['id'] for u in walked}) == len(walked) == page['_meta']['total_items']
            seen[order] = [u['username'] for u in walked]
        assert seen[sort + '_desc'] == seen[sort][::-1] or sort == 'name'
        if want:
            assert [u for u in seen[sort] if u in want] == want
        else:
            assert seen['id'] == [u['username'] for u in sorted(walked, key=lambda u: u['id'])]
        if not query:
            assert set(seen[sort]) >= {u['username'] for u in users}


def test_bounds_are_named(user):
    refused = expect(user.get('users/?sort=height'), 400)
    assert (refused['code'], refused['field']) == ('invalid', 'sort')
    assert all(name in refused['message'] for name in ('id', 'name', 'username', 'email', '_desc'))
    assert found(user, 'é' * 100) == []
    refused = expect(user.get('users/?q=' + quote('é' * 101)), 400)
    assert (refused['code'], refused['field']) == ('too_long', 'q') and '100' in refused['message']
    assert expect(user.get('users/?q=%FF'), 400)['field'] == 'q'
    assert expect(user.get('users/?q=a%00b'), 400)['field'] == 'q'
    assert expect(user.get('users/?who=ann'), 400)['code'] == 'unknown_parameter'
    expect(user.get('users/?q=quill&page=99'), 404)


def test_a_list_that_the_client_has_is_not_sent_again(admin):
    answer = admin.get('users/?q=user&sort=name')
    tag = answer.header('ETag')
    assert admin.get('users/?q=user&sort=name', headers={'If-None-Match': tag}).status == 304
    make(admin, 'userlast', 'User At Last', 'last@user.example')
    assert admin.get('users/?q=user&sort=name', headers={'If-None-Match': tag}).status == 200
