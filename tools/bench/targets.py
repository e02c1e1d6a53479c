"""What is to be reached, and whether it was: rows of a table, from what the sections of a run found."""
from dataclasses import dataclass
from typing import Callable, Optional

from workloads import WORKLOADS


@dataclass(frozen=True)
class Target:
    name: str
    least: float
    aim: float
    unit: str                   # '': a ratio, to be at least; otherwise something to be at most
    value: Callable             # (results) -> a number, or None if not measured

    def reached(self, value):
        if value is None:
            return 'not measured'
        better = (lambda bound: value >= bound) if self.unit == '' else (lambda bound: value <= bound)
        return 'aim' if better(self.aim) else 'yes' if better(self.least) else 'no'


def ratios(results, group):
    rows = results.get('ratio', {})
    return [rows[w.key]['64']['ratio'] for w in WORKLOADS if w.group == group and '64' in rows.get(w.key, {})]


def worst(values) -> Optional[float]:
    values = list(values)
    return min(values) if values else None


def of(section, member):
    return lambda results: results.get(section, {}).get(member)


TARGETS = (
    Target('`ticket/T`, `post/P`, `user/U`, `priority/1`: the slowest', 0.45, 0.55, '',
           lambda r: worst(ratios(r, 'point'))),
    Target('`tickets/N/` of 50 rows, any page; `posts/T/`: the slowest', 0.25, 0.40, '',
           lambda r: worst(ratios(r, 'list'))),
    Target('`subscriptions/T/`, `tickets/N/?include=users`: the slowest', 0.15, 0.30, '',
           lambda r: worst(ratios(r, 'two'))),
    Target('`POST tickets`, `POST posts`: the slower', 0.12, 0.25, '', lambda r: worst(ratios(r, 'write'))),
    Target('… to the commits a second of the disk', 3.0, 3.0, '', of('commits', 'ratio')),
    Target('p99 of reads beside writes, 48 and 16 connections', 6, 3, 'ms', of('mix', 'p99')),
    Target('filters, sorts, searches, 16 connections: the slowest p99', 30, 10, 'ms', of('questions', 'p99')),
    Target('304 of an unchanged list, to a bare 304', 0.45, 0.60, '', lambda r: worst(ratios(r, 'unchanged'))),
    Target('point reads with CURVE, to those without', 0.6, 0.8, '', of('curve', 'ratio')),
    Target('latency at the most tickets to that at 1,000: the worst', 1.3, 1.1, 'times', of('growth', 'ratio')),
    Target('memory of all five processes under load (PSS)', 400, 150, 'MB', of('memory', 'pss')),
    Target('start to ready', 1.0, 0.2, 's', of('start', 'seconds')),
    Target('import from a Flicket database', 360, 120, 's', of('import', 'seconds')),
    Target('… memory of it', 200, 200, 'MB', of('import', 'mb')),
)


def rows(results):
    """(name, least, aim, value, reached) as texts."""
    for t in TARGETS:
        value = t.value(results)
        unit = f' {t.unit}' if t.unit else ''
        shown = '' if value is None else f'{value:.2f}{unit}'
        yield t.name, f'{t.least:g}{unit}', f'{t.aim:g}{unit}', shown, t.reached(value)
