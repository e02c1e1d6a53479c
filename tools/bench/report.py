"""docs/performance.md and its plots, from what the sections of a run found."""
import platform
import re
import subprocess
from pathlib import Path

import targets
from workloads import WORKLOADS

# Sections whose figures stand beside what the document says of them, each with its own date and command.
OWN = ('console', 'counts', 'people', 'upgrade', 'engine')
BEGIN, END = '<!-- from here: made by script/bench -->', '<!-- to here -->'
BEGIN_OWN = '<!-- from here: made by script/bench --section {} -->'


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '| ' + ' | '.join('---' for _ in head) + ' |']
    return '\n'.join(lines + ['| ' + ' | '.join(str(c) for c in row) + ' |' for row in rows])


def machine():
    cpu = re.search(r'model name\s*: (.*)', Path('/proc/cpuinfo').read_text())
    memory = int(re.search(r'MemTotal:\s+(\d+)', Path('/proc/meminfo').read_text())[1]) / 2**20
    cores = len(re.findall(r'^processor', Path('/proc/cpuinfo').read_text(), re.M))
    system = re.search(r'PRETTY_NAME="(.*)"', Path('/etc/os-release').read_text())
    return (f'{cpu[1] if cpu else platform.machine()}, {cores} cores shared with the load generator, '
            f'{memory:.0f} GB, {system[1]}, Linux {".".join(platform.release().split(".")[:2])}')


def versions():
    names = ('libh2o-evloop0.13', 'libzmq5', 'libsqlite3-0', 'libmsgpackc2', 'gcc', 'wrk')
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Package} ${Version}, ', *names], capture_output=True, text=True,
                          check=False)
    return done.stdout.rstrip(', ')


def gnuplot(path, title, x, y, series, log_x=True):
    """An SVG of lines. series: {name: [(x, y)]}."""
    series = {name: points for name, points in series.items() if points}
    if not series:
        return
    plots, data = [], []
    for name, points in series.items():
        plots.append(f"'-' using 1:2 with linespoints lw 2 pt 7 ps 0.5 title '{name}'")
        data.append(''.join(f'{a} {b}\n' for a, b in sorted(points)) + 'e\n')
    ticks = ', '.join(f"'{a}' {a}" for a in sorted({a for points in series.values() for a, _ in points}))
    script = (f"set terminal svg size 800,450 font 'sans,12' background 'white'\nset output '{path}'\n"
              f"set title '{title}' noenhanced\nset xlabel '{x}'\nset ylabel '{y}'\nset key outside right noenhanced\n"
              f"set grid\nset yrange [0:]\n{'set logscale x' if log_x else ''}\n"
              f"set xtics ({ticks})\nset offsets graph 0.05, graph 0.05\n"
              f"plot {', '.join(plots)}\n{''.join(data)}")
    subprocess.run(['gnuplot'], input=script, text=True, check=True)


def plot(results, folder):
    """Write every plot there are figures for; returns (file, caption)."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {w.key: w.name for w in WORKLOADS}

    def by_connections(member):
        return {names[k]: [(int(c), v['desk'][member]) for c, v in row.items() if c.isdigit()]
                for k, row in results.get('ratio', {}).items()}

    def by_count(section):
        return {names[k]: [(int(n), v) for n, v in row.items()]
                for k, row in results.get(section, {}).get('rates', {}).items()}
    growth = {names[k]: [(int(n), v) for n, v in row.items()]
              for k, row in results.get('growth', {}).get('p50', {}).items()}
    wanted = (
        ('throughput-connections.svg', 'Throughput against connections', 'connections', 'requests/s',
         by_connections('rate'), True),
        ('p99-connections.svg', 'p99 against connections', 'connections', 'ms', by_connections('p99'), True),
        ('latency-tickets.svg', 'Median latency against the number of tickets, 16 connections', 'tickets', 'ms',
         growth, True),
        ('throughput-replicas.svg', 'Throughput against replicas of the services', 'replicas', 'requests/s',
         by_count('replicas'), False),
        ('throughput-threads.svg', 'Throughput against threads of the gateway', 'threads', 'requests/s',
         by_count('threads'), False),
    )
    made = []
    for name, title, x, y, series, log_x in wanted:
        if any(series.values()):
            gnuplot(folder / name, title, x, y, series, log_x)
            made.append((name, title))
    return made


def ratio_rows(results, protocol):
    for w in WORKLOADS:
        for connections, v in sorted(results.get('ratio', {}).get(w.key, {}).items(),
                                     key=lambda item: (len(item[0]), item[0])):
            if connections.endswith('h2') != (protocol == 'h2'):
                continue
            d, b = v['desk'], v['bare']
            yield (f'`{w.name}`', connections.removesuffix('h2'), f'{v["size"]:,}', f'{d["rate"]:,.0f}',
                   f'{d["least"]:,.0f}–{d["most"]:,.0f}',
                   *((f'{d["p50"]:.2f}', f'{d["p99"]:.2f}') if protocol == 'h1' else ()),
                   f'{b["rate"]:,.0f}' if b['rate'] else '–', f'**{v["ratio"]:.2f}**')


def cost_of(v):
    return f'{v["size"]:,}', f'{v["rate"]:,.0f}', f'{v["cpu_us"]:.1f}', f'{v["p99"]:.2f}'


def generated(results, plots):
    """The part of the document that a run makes."""
    commands = ', '.join(f'`{c}`' for c in results['commands'])
    out = [f'Measured {results["date"]} with {commands}: '
           f'{results["tickets"]:,} tickets, {results["rounds"]} rounds of {results["seconds"]} s each.',
           f'{results["machine"]}; {results["versions"]}.']
    out.append('### Targets\n\n' + table(('what', 'at least', 'aim', 'measured', 'reached'), targets.rows(results)))
    head = ('requests', 'connections', 'bytes', 'median/s', 'from–to', 'p50 ms', 'p99 ms', 'bare h2o/s', 'ratio')
    if results.get('ratio'):
        out.append('### HTTP/1.1, to bare h2o answering as many constant bytes\n\n' +
                   table(head, ratio_rows(results, 'h1')))
        h2 = list(ratio_rows(results, 'h2'))
        if h2:
            out.append('### HTTP/2, one request at a time on each connection\n\n' +
                       table(head[:5] + head[7:], h2))
    if results.get('questions'):
        out.append('### Filters, sorts, searches, 16 connections\n\n' + table(
            ('list', 'requests/s', 'p50 ms', 'p99 ms'),
            [(f'`{n}`', f'{v["rate"]:,.0f}', f'{v["p50"]:.2f}', f'{v["p99"]:.2f}')
             for n, v in results['questions']['rows'].items()]))
    if results.get('compression'):
        out.append('### Compressed answers, 64 connections\n\n' + table(
            ('requests', 'bytes', 'requests/s', 'gateway µs', 'p99 ms', 'bytes', 'requests/s', 'gateway µs', 'p99 ms'),
            [(f'`{n}`', *cost_of(v['']), *cost_of(v['gzip'])) for n, v in results['compression']['rows'].items()]) +
            '\n\nThe first four columns are without `Accept-Encoding`, the last four with gzip. ' +
            results['compression']['note'])
    notes = [f'* {text}' for section in ('commits', 'mix', 'curve', 'memory', 'start', 'import', 'index', 'replicas')
             if (text := results.get(section, {}).get('note'))]
    if notes:
        out.append('### Further figures\n\n' + '\n'.join(notes))
    out += [f'![{caption}](performance/{name})' for name, caption in plots]
    return '\n\n'.join(out)


def replaced(text, begin, part):
    """The text with another part between a mark and the next end."""
    at = text.index(begin) + len(begin)
    return text[:at] + '\n\n' + part + '\n\n' + text[text.index(END, at):]


def write(results, document, sections):
    """Put the parts that sections made into the document; what else stands there stays."""
    text = document.read_text()
    if set(sections) - set(OWN):
        text = replaced(text, BEGIN, generated(results, plot(results, document.parent / 'performance')))
    for name in OWN:
        if name in sections and name in results:
            text = replaced(text, BEGIN_OWN.format(name), f'{results[name]["head"]}\n\n{results[name]["text"]}')
    document.write_text(text)
