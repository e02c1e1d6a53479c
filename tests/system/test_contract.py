"""The recorded exchanges with Flicket, replayed in their order."""
import json

import matching
from desk import REPO
from wire import Client, NoAnswer

CASES = REPO / 'tests' / 'contract' / 'cases.json'
LEAST = 1000        # an empty or cut recording must not pass


def replay(case, client, captured):
    """Send one case; the list of differences."""
    headers = {k: matching.fill(v, captured) for k, v in case.get('headers', {}).items()}
    try:
        answer = client.request(case['method'], matching.fill(case['path'], captured), headers=headers,
                                json=case.get('json'),
                                body=case['body'].encode() if 'body' in case else None)
    except (NoAnswer, OSError) as e:
        return [f'no answer: {e!r}']
    lines = matching.differences(case['expect'], answer.status, answer.headers, answer.body)
    if not lines:
        matching.capture(case, answer.body, captured)
    return lines


def test_every_recorded_case_comes_back_as_recorded(imported):
    cases = json.loads(CASES.read_text(encoding='utf-8'))
    assert len(cases) > LEAST
    captured, failed = {}, []
    with Client(imported.port) as client:
        for case in cases:
            lines = replay(case, client, captured)
            if lines:
                failed.append(f'{case["name"]}: {case["method"]} {case["path"]}\n    ' + '\n    '.join(lines))
    assert not failed, f'{len(cases) - len(failed)} passed, {len(failed)} failed\n' + '\n'.join(failed)


def test_the_recording_can_fail(reading):
    """One case with a wrong expectation, so that a replay that checks nothing does not go unseen."""
    case = json.loads(CASES.read_text(encoding='utf-8'))[0]
    with Client(reading.port) as client:
        assert replay(case, client, {}) == []
        case['expect']['json']['id'] += 1
        assert replay(case, client, {})
