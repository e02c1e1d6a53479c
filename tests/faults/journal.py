"""What was asked for and what was answered, as it happened: a line of JSON each, written before a request goes out and
when it is over. The checker (checker.py) knows nothing else of the clients."""
import json
import threading


class Journal:
    def __init__(self, path):
        self.file = open(path, 'w', buffering=1)
        self.lock = threading.Lock()
        self.sent = self.done = self.left = 0

    def _put(self, **line):
        with self.lock:
            self.file.write(json.dumps(line, ensure_ascii=False) + '\n')

    def begin(self, number, **what):
        """`what`: the change that is asked for, see checker.py."""
        self.sent += 1
        self._put(event='begin', number=number, **what)

    def acknowledge(self, number, tries, answer):
        self.done += 1
        self._put(event='acknowledged', number=number, tries=tries, id=(answer or {}).get('id'))

    def leave(self, number, tries):
        """The client does not know, and does not ask again."""
        self.left += 1
        self._put(event='left', number=number, tries=tries)

    def wrong(self, number, text):
        """An answer that no fault excuses."""
        self._put(event='wrong', number=number, text=text)

    def close(self):
        self.file.close()


def read(path):
    """The changes in the order they were asked for, each with what became of it."""
    changes, wrong = {}, []
    with open(path) as lines:
        for line in map(json.loads, lines):
            event = line.pop('event')
            if event == 'begin':
                changes[line['number']] = {**line, 'became': 'left', 'tries': 1, 'made': None}
            elif event == 'wrong':
                wrong.append(f'{line["number"]}: {line["text"]}')
                changes[line['number']]['became'] = 'refused'
            else:
                changes[line['number']].update(became=event, tries=line['tries'], made=line.get('id'))
    return list(changes.values()), wrong
