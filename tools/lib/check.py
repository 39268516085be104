"""All steps of make check. Ends with "N passed, N failed", and exit status 1 if something failed.

Each step's whole output goes to build/check/NAME.log; here stands what passed, failed or was skipped, and why.

What fails among the tests of running programs is run once more, alone. If it passes then, it is named as unstable with what it
said at first, and counts as passed; as this must stay the exception, more than UNSTABLE_MAX of them count as failed.
"""
import json
import os
import re
import subprocess
import sys
import time

import tree

LOGS = 'build/check'
GCC, ASAN, RELEASE = 'build/gcc', 'build/asan', 'build/release'
KIT = os.path.join('..', 'shared', 'conform')
REAL = 'build/real'
BUILD_S, TEST_S, E2E_S, KIT_S, DEMO_S = 900, 900, 1200, 900, 300
SHADOW_S, SHADOW_SEEDS, SHADOW_STEPS = 900, range(1, 6), 15
SHOWN_LINES = 30
UNSTABLE_MAX = 3
E2E = ('filters', 'injection', 'tutorial',
       'config', 'regex', 'bans', 'guard', 'nftset', 'prefix', 'flows', 'processes', 'probe', 'commands', 'reload', 'shell', 'consumers',
       'actions', 'python', 'badinput', 'crash', 'soak', 'database', 'swap', 'journal', 'life', 'unit')
E2E_OPTIONS = {'soak': ['--seed', '1']}     # a run does what the one before did; make soak chooses anew
STATIC = ('layers', 'mirror', 'headers', 'sizes', 'docs', 'units')


class Result:
    """What came of everything."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.unstable = []

    def ok(self, name, note=''):
        self.passed += 1
        print(f'ok   {name}{": " + note if note else ""}', flush=True)

    def fail(self, name, why, log=None):
        self.failed += 1
        print(f'FAIL {name}: {why}', flush=True)
        if log and os.path.exists(log):
            with open(log, encoding='utf8', errors='replace') as f:
                for line in f.read().rstrip().split('\n')[-SHOWN_LINES:]:
                    print(f'     | {line}')

    def passes_again(self, name, again):
        """Whether what has just failed passes when the callable runs it once more; said so, as it is no good sign."""
        if len(self.unstable) >= UNSTABLE_MAX or not again():
            return False
        self.unstable.append(name)
        print(f'unstable {name}: failed, and passed when it was run again', flush=True)
        return True

    def skip(self, name, why):
        self.skipped += 1
        print(f'skip {name}: {why}', flush=True)


def log_of(name):
    return os.path.join(LOGS, name.replace(' ', '-') + '.log')


def run(name, command, limit_s, **environment):
    """Run a command with its output in the step's log; return (exit status or None when it took too long, seconds)."""
    begin = time.monotonic()
    with open(log_of(name), 'wb') as log:
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, timeout=limit_s,
                                  env={**os.environ, **environment}, check=False)
            status = done.returncode
        except subprocess.TimeoutExpired:
            status = None
    return status, time.monotonic() - begin


def why(status, limit_s):
    return f'took longer than {limit_s} s' if status is None else f'exit status {status}'


def build(result, name, folder, options, compiler):
    status, seconds = run(name, ['tools/build', folder, *options], BUILD_S, CC=compiler)
    if status == 0:
        result.ok(name, f'{seconds:.0f} s')
    else:
        result.fail(name, why(status, BUILD_S), log_of(name))
    return status == 0


def meson_test(name, folder, *tests):
    return run(name, ['meson', 'test', '-C', folder, '--no-rebuild', '--print-errorlogs', *tests], TEST_S,
               ASAN_OPTIONS='detect_leaks=1:abort_on_error=1', UBSAN_OPTIONS='halt_on_error=1:print_stacktrace=1')


def unit_tests(result, name, folder):
    """meson's own record has a line of JSON for each test."""
    status, seconds = meson_test(name, folder)
    record = os.path.join(folder, 'meson-logs', 'testlog.json')
    if not os.path.exists(record):
        return result.fail(name, why(status, TEST_S), log_of(name))
    with open(record, encoding='utf8') as f:
        tests = [json.loads(line) for line in f]
    passed = failed = 0
    for test in tests:
        label, short = f'{name}: {test["name"]}', test['name'].rpartition(' ')[2]
        if test['result'] in ('OK', 'EXPECTEDFAIL'):
            passed += 1
        elif test['result'] == 'SKIP':
            result.skip(label, 'says so itself')
        else:
            said = (test.get('stdout', '') + test.get('stderr', '')).rstrip().split('\n')[-SHOWN_LINES:]
            print('\n'.join('     | ' + text for text in said))
            if result.passes_again(label, lambda: meson_test(f'{name} again', folder, short)[0] == 0):    # pylint: disable=cell-var-from-loop
                passed += 1
            else:
                failed += 1
                result.fail(label, test['result'])
    result.passed += passed
    if not passed and not failed:
        return result.fail(name, 'there are no tests')
    return print(f'ok   {name}: {passed} test programs passed, {seconds:.0f} s', flush=True)


def last_line(path):
    with open(path, encoding='utf8', errors='replace') as f:
        return f.read().strip().split('\n')[-1]


def simple(result, name, command, limit_s=120):
    status, _ = run(name, command, limit_s)
    if status == 0:
        result.ok(name, last_line(log_of(name)))
    else:
        result.fail(name, why(status, limit_s), log_of(name))


def e2e_command(script, *options):
    return ['python3', '-B', f'tests/e2e/{script}.py', '--bin', RELEASE, '--real', f'{REAL}/bin', *E2E_OPTIONS.get(script, ()), *options]


def e2e_again(script, case):
    """Whether a case passes when it runs alone."""
    name = f'e2e {script} again {case}'
    status, _ = run(name, e2e_command(script, '--only', case), E2E_S)
    return status == 0 and last_line(log_of(name)).startswith('ok ')


def e2e(result, script):
    """A script prints a line for each of its cases: "ok SCRIPT.CASE", "FAIL SCRIPT.CASE: why", "skip SCRIPT.CASE: why"."""
    name = f'e2e {script}'
    status, _ = run(name, e2e_command(script), E2E_S)
    with open(log_of(name), encoding='utf8', errors='replace') as f:
        text = f.read()
    print(re.sub('^FAIL ', 'failed ', text, flags=re.MULTILINE), end='' if text.endswith('\n') else '\n', flush=True)
    cases = re.findall(rf'^(ok|FAIL|skip) (?:{script}\.)?(\w+)', text, re.MULTILINE)
    for word, case in cases:
        if word == 'ok' or word == 'FAIL' and result.passes_again(f'{script}.{case}', lambda: e2e_again(script, case)):   # pylint: disable=cell-var-from-loop
            result.passed += 1
        elif word == 'skip':
            result.skipped += 1
        else:
            result.fail(f'{script}.{case}', 'see above')
    if status is None or not cases or status and 'FAIL' not in dict(cases):
        result.fail(name, why(status, E2E_S))


def demo(result):
    if os.geteuid():
        return result.skip('make run', 'needs root')
    status, seconds = run('make run', ['tools/demo'], DEMO_S)
    if status == 0 or result.passes_again('make run', lambda: run('make run again', ['tools/demo'], DEMO_S)[0] == 0):
        return result.ok('make run', f'{seconds:.0f} s')
    return result.fail('make run', why(status, DEMO_S), log_of('make run'))


def comparisons():
    """Each with its command; what stands before the colon is its name in tools/conform.txt."""
    ours = {name: os.path.abspath(f'{RELEASE}/fail2ban-{name}') for name in ('server', 'client', 'regex')}
    real, stock = os.path.abspath(REAL), os.path.abspath(f'{REAL}/etc/fail2ban')
    server, client, regex = '--server-bin', '--client-bin', '--regex-bin'
    return {
        'run_tables': [regex, ours['regex'], client, ours['client'], server, ours['server']],
        'run_filters': [regex, ours['regex'], '--config', stock, '--known', 'known-1.1.1.txt'],
        'run_filters own': [regex, ours['regex'], '--config', os.path.abspath('config')],
        'diff_config golden': ['--golden', client, ours['client']],
        'diff_config': [client, ours['client'], '--ref-bin', f'{real}/bin/fail2ban-client', '--config', stock],
        'diff_regex': [regex, ours['regex'], '--ref-bin', f'{real}/bin/fail2ban-regex', '--config', stock],
        'diff_wire': [server, ours['server'], client, f'{real}/bin/fail2ban-client', '--lib', f'{real}/lib',
                      '--golden', 'golden/wire-1.1.1.json'],
        'diff_wire own': [server, ours['server'], client, ours['client'], '--lib', f'{real}/lib',
                          '--golden', 'golden/wire-1.1.1.json'],
        'e2e_netns': [server, ours['server'], client, ours['client'], '--config', stock],
    }


def run_kit(label, name, words):
    """Run one script of the kit; it closes with 'N passed, N failed': (exit status, seconds, those two or None)."""
    command = ['sh', '-c', 'cd "$0" && exec python3 -B "$@"', KIT, name.split()[0] + '.py', *words]
    status, seconds = run(label, command, KIT_S)
    with open(log_of(label), encoding='utf8', errors='replace') as f:
        found = re.findall(r'^(\d+) passed, (\d+) failed', f.read(), re.MULTILINE)
    return status, seconds, tuple(map(int, found[-1])) if found and status is not None else None


def compare(result, name, words, allowed):
    """Run one script of the kit; no more rows may differ than tools/conform.txt allows."""
    label, limit = f'kit {name}', int(allowed.get(name, '0').split(':')[0])

    def holds(rows):
        return rows is not None and rows[1] <= limit

    status, seconds, rows = run_kit(label, name, words)
    if not holds(rows):
        if result.passes_again(label, lambda: holds(run_kit(f'{label} again', name, words)[2])):
            return result.ok(label, 'when run again')
        note = f'{rows[1]} rows differ; at most {limit} may (tools/conform.txt)' if rows else why(status, KIT_S)
        return result.fail(label, note, log_of(label))
    note = f'{rows[0]} rows equal, {rows[1]} differ, {seconds:.0f} s'
    return result.ok(label, note + (f' (known: {allowed[name].partition(":")[2].strip()})' if rows[1] else ''))


def random_input(result):
    """The comparisons of parts: on random input (from a fixed seed, so that a run says the same as the one before), and of names."""
    lib, stock = f'{REAL}/lib', f'{REAL}/etc/fail2ban'
    steps = {
        'damaged lines': ['tests/compare/regex.py', '--regex-bin', f'{RELEASE}/fail2ban-regex', '--lib', lib, '--config', 'config', '--config', stock,
                          '--seconds', '30', '--seed', '1'],
        'random filters': ['tests/compare/filter.py', '--console', f'{GCC}/tests/unit/detect/filter_console', '--lib', lib, '--rounds', '2000',
                           '--seconds', '30', '--seed', '1'],
        'names of the configuration': ['tests/compare/names.py', '--stock', stock],
    }
    for name, words in steps.items():
        if os.path.isdir(lib):
            simple(result, f'compare {name}', ['python3', '-B', *words])
        else:
            result.skip(f'compare {name}', f'{lib} is not here')


def shadow(result):
    """The same played to real fail2ban and ours; each round is a check of its own, and tried once more alone when it differs."""
    command = ['python3', '-B', 'tests/compare/shadow.py', '--bin', RELEASE, '--real', f'{REAL}/bin', '--steps', str(SHADOW_STEPS)]
    if not os.path.isdir(f'{REAL}/lib'):
        return result.skip('compare shadow', f'{REAL}/lib is not here')
    if os.geteuid():
        return result.skip('compare shadow', 'needs root')
    status, _ = run('compare shadow', [*command, '--seed', str(SHADOW_SEEDS[0]), '--rounds', str(len(SHADOW_SEEDS)), '--jobs', '3'], SHADOW_S)
    with open(log_of('compare shadow'), encoding='utf8', errors='replace') as f:
        same = {int(seed) for seed in re.findall(r'^ok seed (\d+)', f.read(), re.MULTILINE)}
    for seed in SHADOW_SEEDS:
        name = f'compare shadow {seed}'

        def again(seed=seed, name=name):
            return run(f'{name} again', [*command, '--seed', str(seed)], SHADOW_S)[0] == 0
        if seed in same or result.passes_again(name, again):
            result.ok(name, f'{SHADOW_STEPS} steps')
        else:
            result.fail(name, why(status, SHADOW_S), log_of('compare shadow'))
    return None


def fetch_real():
    """Real fail2ban in build/real, where the kit is. Why not, or None."""
    if not os.path.isdir(KIT):
        return f'{KIT} is not here'
    if not os.path.exists(f'{REAL}/bin/fail2ban-client'):
        status, _ = run('real fail2ban', [os.path.join(KIT, 'get-real-fail2ban'), REAL], 300)
        if status != 0:
            return f'real fail2ban could not be fetched ({log_of("real fail2ban")})'
    return None


def kit(result, reason):
    """The comparisons with real fail2ban, or why they are left out."""
    allowed = tree.rows('tools/conform.txt')
    for name, words in comparisons().items():
        if reason:
            result.skip(f'kit {name}', reason)
        else:
            compare(result, name, words, allowed)


def main():
    os.chdir(tree.TOP)
    os.makedirs(LOGS, exist_ok=True)
    result, begin = Result(), time.monotonic()
    for check in STATIC:
        simple(result, f'check {check}', [f'tools/check-{check}'])
    if build(result, 'build gcc', GCC, ['-Dwerror=true', '-Dbuildtype=debugoptimized', '-Dprobe=true'], 'gcc'):
        unit_tests(result, 'unit gcc', GCC)
    if build(result, 'build clang with ASan and UBSan', ASAN,
             ['-Dwerror=true', '-Db_sanitize=address,undefined', '-Db_lundef=false', '-Dbuildtype=debugoptimized'], 'clang'):
        unit_tests(result, 'unit asan', ASAN)
    status, seconds = run('build release', ['make', '--no-print-directory', 'build'], BUILD_S)
    if status == 0:
        result.ok('build release', f'{seconds:.0f} s')
        simple(result, 'check binaries', ['tools/check-binaries', RELEASE])
        demo(result)
        missing = fetch_real()
        for script in E2E:
            e2e(result, script)
        kit(result, missing)
        random_input(result)
        shadow(result)
    else:
        result.fail('build release', why(status, BUILD_S), log_of('build release'))
    notes = [f'{result.skipped} skipped'] if result.skipped else []
    notes += [f'unstable: {", ".join(result.unstable)}'] if result.unstable else []
    print('; '.join([f'whole run: {(time.monotonic() - begin) / 60:.1f} minutes', *notes, f'logs in {LOGS}/']))
    print(f'{result.passed} passed, {result.failed} failed')
    return 1 if result.failed else 0


sys.exit(main())
