#!/usr/bin/env python3
"""Makes a table and a chart of what the benchmarks measured.

    tests/bench/report.py --into bench FILE.json...

FILE: what the scripts of the benchmark kit, or jails.py and steady.py beside this one, wrote with --json. bench/figures.md has all ratios to real fail2ban
with the machine's facts, bench/ratios.svg those that are costs of a line, an address or a ban. The table is printed, too.
"""
import argparse
import html
import json
import math
import os
import subprocess
import sys

CHARTED = ('CPU per', 'ban: CPU', 'restart, start-up subtracted: CPU', 'growth per')
LABEL_PX, BAR_PX, ROW_PX, HEAD_PX, MARGIN_PX = 330, 520, 20, 64, 24
DECADES_MIN = 3 # the axis ends at 10 ** 3 or later
BAR, GRID, INK = '#2f6f9f', '#d5d9dd', '#22272b'


def number(value):
    return f'{value:.4g}' if abs(value) < 1e5 else f'{value:.0f}'


def ratio_text(ratio):
    return f'{ratio:.0f}x' if ratio >= 20 else f'{ratio:.1f}x'


def rows_of(content):
    """(case, figure, unit, real fail2ban's, ours, ratio) of all that has a ratio."""
    for cell in content.get('cells', ()):
        if cell.get('ratio_per_line'):
            yield ('fail2ban-regex ' + cell['cell'], 'CPU per line', 'us', cell['upstream']['us_per_line']['median'],
                   cell['ours']['us_per_line']['median'], cell['ratio_per_line'])
    for row in content.get('rows', ()):
        if row.get('ratio'):
            yield row['case'], row['figure'], row['unit'], row['upstream']['median'], row['ours']['median'], row['ratio']


def disagreements(content):
    """What must be the same on both sides, and is not."""
    for cell in content.get('cells', ()):
        if not cell.get('verdict', '').startswith('same'):
            yield f'{cell["cell"]}: {cell.get("verdict")}'
    for check in content.get('checks', ()):
        values = [value for side in ('upstream', 'ours') for value in check.get(side, ())]
        if any(value != values[0] for value in values):
            yield f'{check["case"]}: {check["what"]} differs'
    for fault in content.get('faults', ()):
        yield f'{fault["case"]}, {fault["side"]}: {fault["text"]}'


def first_line(path, start):
    with open(path, encoding='utf8', errors='replace') as f:
        return next((line.split(start, 1)[1].strip(' :=\t\n"') for line in f if line.startswith(start)), '?')


def output(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.split('\n')[0].strip()


def facts(contents):
    """What one needs to know to judge the figures, as a list of (name, value)."""
    environment = next((c['environment'] for c in contents if 'environment' in c), {})
    memory = int(first_line('/proc/meminfo', 'MemTotal').split()[0]) / 2 ** 20
    versions = environment.get('versions', {})
    return [('processor', f'{first_line("/proc/cpuinfo", "model name")}, {os.cpu_count()} of them'),
            ('memory', f'{memory:.0f} GiB'),
            ('system', f'{first_line("/etc/os-release", "PRETTY_NAME")}, Linux {".".join(os.uname().release.split(".")[:2])}'),
            ('compiler', output('cc', '--version')),
            ('ours', f'commit {output("git", "rev-parse", "--short", "HEAD")}'),
            ('fail2ban', versions.get('upstream', '?')),
            ('date', environment.get('date', '?')[:10])]


def table(rows, jails, steady, known, wrong):
    same = 'not always the same, see below' if wrong else 'the same'
    lines = ['# Beside real fail2ban', '',
             f'Made by the scripts of `make bench`: both side by side in one run, on the same input; the results were {same}. CPU is that of all processes,',
             'the kernel\'s part included. Every figure is a cost; the ratio is fail2ban\'s divided by ours.', '']
    lines += [f'* {name}: {value}' for name, value in known]
    lines += ['', '![ratios](ratios.svg)', '', '| case | figure | fail2ban | ours | ratio |', '|---|---|---:|---:|---:|']
    for case, figure, unit, theirs, ours, ratio in rows:
        lines.append(f'| {case} | {figure} | {number(theirs)} {unit} | {number(ours)} {unit} | {ratio_text(ratio)} |')
    if jails:
        lines += ['', '## Many jails on one log, ours alone', '', '| log | one jail | twenty jails | times |', '|---|---:|---:|---:|']
        for row in jails:
            lines.append(f'| {row["case"]} | {row["one"]["median"]:.3f} us | {row["twenty"]["median"]:.3f} us | {row["times"]:.2f} |')
    if steady:
        lines += ['', '## A steady log, ours alone', '', '| log and backend | a wake-up | a line beyond it | in all, a line |', '|---|---:|---:|---:|']
        for row in steady:
            lines.append(f'| {row["case"]} | {row["write"]:.1f} us | {row["line"]:.2f} us | {row["all"]:.2f} us |')
    lines += [f'* not the same: {words}' for words in wrong]
    return '\n'.join(lines) + '\n'


def text(x, y, words, anchor='start', size=12):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}">{html.escape(words)}</text>'


def chart(rows, known):
    """Bars on a logarithmic axis."""
    height = HEAD_PX + ROW_PX * len(rows) + MARGIN_PX
    width = LABEL_PX + BAR_PX + 90
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif">', '<title>How many times less it costs than fail2ban</title>',
             f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
             text(MARGIN_PX, 24, 'How many times less it costs than fail2ban (CPU, or memory an address)', size=15),
             text(MARGIN_PX, 42, '; '.join(value for name, value in known if name in ('processor', 'system', 'date')), size=11)]
    bottom = HEAD_PX + ROW_PX * len(rows)
    decades = max([DECADES_MIN] + [math.ceil(math.log10(row[-1])) for row in rows])
    for decade in range(decades + 1):
        x = LABEL_PX + BAR_PX * decade / decades
        parts.append(f'<line x1="{x:.0f}" y1="{HEAD_PX - 4}" x2="{x:.0f}" y2="{bottom}" stroke="{GRID}"/>')
        parts.append(text(x, bottom + 16, f'{10 ** decade}x', 'middle', 11))
    for i, (case, figure, *_, ratio) in enumerate(rows):
        y = HEAD_PX + ROW_PX * i
        share = max(math.log10(max(ratio, 1)) / decades, 0.002)
        label = case if figure == 'CPU per line' or figure.startswith('CPU per line') else f'{case}: {figure}'
        parts += [text(LABEL_PX - 8, y + 13, label if len(label) < 56 else label[:55] + '…', 'end', 11),
                  f'<rect x="{LABEL_PX}" y="{y + 2}" width="{BAR_PX * share:.1f}" height="{ROW_PX - 5}" fill="{BAR}"/>',
                  text(LABEL_PX + BAR_PX * share + 6, y + 13, ratio_text(ratio), size=11)]
    return '\n'.join(parts + ['</svg>']) + '\n'


def write(folder, name, content):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'w', encoding='utf8') as f:
        f.write(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--into', metavar='FOLDER', required=True)
    parser.add_argument('files', nargs='+', metavar='FILE')
    given = parser.parse_args()
    contents = []
    for name in given.files:
        with open(name, encoding='utf8') as f:
            contents.append(json.load(f))
    rows = [row for content in contents for row in rows_of(content)]
    jails = [row for content in contents for row in content.get('jails', ())]
    steady = [row for content in contents for row in content.get('steady', ())]
    wrong = [words for content in contents for words in disagreements(content)]
    known = facts(contents)
    figures = table(rows, jails, steady, known, wrong)
    write(given.into, 'figures.md', figures)
    write(given.into, 'ratios.svg', chart([row for row in rows if any(part in row[1] for part in CHARTED)], known))
    print(figures)
    return 1 if wrong or not rows else 0


if __name__ == '__main__':
    sys.exit(main())
