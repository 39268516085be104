#!/usr/bin/env python3
"""What an administrator types: the completions of bash, zsh and fish, and fail2banctl."""
import os
import re
import shutil
import subprocess

from harness import COMMAND_S, TOP, Skipped, case, expect, main, wait_for

FOLDER = os.path.join(TOP, 'packaging', 'completion')
A = '203.0.113.5'

BASH = '''source "$1" || exit 1
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$(complete -p "$(basename "$1")" | sed 's/.*-F \\([^ ]*\\) .*/\\1/') "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
'''
# The completion system of an interactive shell is not there: its two commands only print.
ZSH = '''compadd() { [[ $1 == -- ]] && shift; local word; for word in "$@"; do [[ $word == "$PREFIX"* ]] && print -r -- "$word"; done; return 0 }
_files() { print -r -- FILES }
file=$1
shift
words=("$@") CURRENT=$# PREFIX=${@[-1]} service=${1:t}
source "$file"
'''
FISH = 'source $argv[1]; complete -C "$argv[2]"'

# words before, the word that has been begun: what must be among the answers, what must not be
WANTED = (
    ((), 'st', {'start', 'stop', 'status', 'stats', 'statistics'}, {'set', 'ping', 'unban'}),
    (('set',), '', {'sshd', 'loglevel', 'logtarget', 'dbfile'}, {'idle', '--report-absent', 'nope'}),
    (('set', 'loglevel'), '', {'INFO', 'DEBUG', 'CRITICAL'}, {'idle', 'bantime'}),
    (('set', 'sshd'), 'ban', {'bantime', 'bantime.increment', 'banip'}, {'idle', 'INFO'}),
    (('set', 'sshd', 'idle'), '', {'on', 'off'}, {'sshd'}),
    (('set', 'sshd', 'unbanip'), '', {A}, {'sshd', '203.0.113.6'}),
    (('set', 'sshd', 'unbanip', A), '-', {'--report-absent'}, {'--all'}),
    (('set', 'sshd', 'action'), '', {'report'}, {'sshd'}),
    (('set', 'sshd', 'action', 'report'), 'actionb', {'actionban'}, {'actionstop'}),
    (('get', 'sshd'), 'fa', {'failregex'}, {'findtime'}),
    (('get',), 'log', {'loglevel', 'logtarget'}, {'sshd'}),
    (('status',), 's', {'sshd'}, {'basic', 'stats'}),
    (('status', 'sshd'), '', {'basic', 'cymru', 'short', 'stats'}, {'sshd'}),
    (('reload',), '', {'sshd', '--unban', '--restart'}, {'start'}),
    (('reload', '--unban'), '', {'sshd'}, {'start'}),
    (('unban',), '', {A, '--all'}, {'sshd'}),
    ((), '--', {'--conf', '--strict', '--json', '--timeout'}, {'start', '-c'}),
    (('--loglevel',), 'D', {'DEBUG'}, {'INFO', 'start'}),
)


def run_shell(box, words):
    environment = {**os.environ, 'HOME': box.folder, 'PATH': box.programs + ':' + os.environ['PATH']}
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_S, check=False)
    expect(not done.stderr.strip(), lambda: f'{words[-3:]}: {done.stderr.decode()}')
    return {line.split('\t')[0] for line in done.stdout.decode().split('\n') if line}


def need(shell):
    if not shutil.which(shell):
        raise Skipped(f'{shell} is not installed')
    return shell


def complete_all(box, ask):
    """Try every row; ask(words) gives the answers of a shell."""
    box.start()
    box.attack(A)
    wait_for(lambda: box.banned() == [A], 'a ban')
    for before, begun, wanted, unwanted in WANTED:
        found = ask(['fail2ban-client', '-c', box.etc, *before, begun])
        expect(wanted <= found, lambda: f'{before} {begun!r}: lacks {sorted(wanted - found)}, has {sorted(found)}')
        expect(not unwanted & found, lambda: f'{before} {begun!r}: should not have {sorted(unwanted & found)}')


@case
def bash_completes(box):
    need('bash')
    file = os.path.join(FOLDER, 'fail2ban.bash')
    complete_all(box, lambda words: run_shell(box, ['bash', '-c', BASH, 'bash', file, *words]))
    found = run_shell(box, ['bash', '-c', BASH, 'bash', file, 'fail2banctl', 're'])
    expect(found == {'restart', 'reload'}, found)
    found = run_shell(box, ['bash', '-c', BASH, 'bash', file, 'fail2ban-regex', '--print-all'])
    expect({'--print-all-matched', '--print-all-missed'} <= found, found)


@case
def zsh_completes(box):
    need('zsh')
    file = os.path.join(FOLDER, 'fail2ban.zsh')
    complete_all(box, lambda words: run_shell(box, ['zsh', '-f', '-c', ZSH, 'zsh', file, *words]))
    expect(run_shell(box, ['zsh', '-f', '-c', ZSH, 'zsh', file, 'fail2banctl', 're']) == {'restart', 'reload'}, 'fail2banctl')


@case
def fish_completes(box):
    need('fish')
    file = os.path.join(FOLDER, 'fail2ban.fish')
    complete_all(box, lambda words: run_shell(box, ['fish', '--no-config', '-c', FISH, file, ' '.join(words)]))
    expect(run_shell(box, ['fish', '--no-config', '-c', FISH, file, 'fail2banctl re']) == {'restart', 'reload'}, 'fail2banctl')


@case
def completions_are_those_of_the_tables(_):
    done = subprocess.run([os.path.join(TOP, 'tools', 'gen-completions'), '--check'], capture_output=True, timeout=COMMAND_S, check=False)
    expect(done.returncode == 0, lambda: done.stdout.decode())


@case
def every_command_of_the_help_is_completed(box):
    with open(os.path.join(FOLDER, 'fail2ban.bash'), encoding='utf8') as f:
        rows = f.read()
    for line in box.client('--help')[1].split('Command:')[1].split('\n'):
        words = re.match(r'    ((?:set|get|[a-z]+)(?: (?:<JAIL>|<ACT>|[a-z]+))*)', line)
        if words and words.group(1) != 'stat':      # "stat[istic]s"
            row = words.group(1).replace('<JAIL>', '%jail').replace('<ACT>', '%act').replace('addaction %act', 'addaction %any')
            expect(re.search(rf'^(?:_fail2ban_rows=\')?{re.escape(row)}', rows, re.MULTILINE), f'{row} is not completed')


def control(box, *words, options=None):
    environment = {**os.environ, 'PATH': box.programs + ':' + os.environ['PATH'], 'FAIL2BAN_OPTS': options or f'-c {box.etc}'}
    done = subprocess.run([os.path.join(TOP, 'packaging', 'fail2banctl'), *words], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=COMMAND_S, check=False)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def pid_of(box):
    return box.read('f2b.pid').strip()


@case
def fail2banctl_leads_the_server_through_its_life(box):
    status, text = control(box, 'status')
    expect((status, text) == (3, 'fail2ban is not running\n'), (status, text))
    expect(control(box, 'ping')[0] == 255, 'ping without a server')
    try:
        expect(control(box, 'start') == (0, 'fail2ban has been started\n'), 'start')
        expect(control(box, 'start') == (0, 'fail2ban is running already\n'), 'start again')
        expect(control(box, 'ping') == (0, 'Server replied: pong\n'), 'ping')
        status, text = control(box, 'status')
        expect(status == 0 and 'Jail list:\tsshd' in text, text)
        expect('Status for the jail: sshd' in control(box, 'status', 'sshd')[1], 'status of a jail')
        before = pid_of(box)
        box.jails(f'[more]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\n')
        expect(control(box, 'reload') == (0, 'fail2ban has been reloaded\n'), 'reload')
        expect('more' in control(box, 'status')[1] and pid_of(box) == before, 'reload keeps the server')
        status, text = control(box, 'restart')
        expect(status == 0 and 'stopped' in text and 'started' in text and pid_of(box) != before, f'restart: {status} {text}')
        expect(control(box, 'test') == (0, 'OK: configuration test is successful\n'), 'test')
    finally:
        status, text = control(box, 'stop')
    expect((status, text) == (0, 'fail2ban has been stopped\n'), (status, text))
    expect(control(box, 'stop') == (0, 'fail2ban is not running\n'), 'stop again')
    expect(control(box, 'status')[0] == 3, 'status of nothing')
    box.write('f2b.pid', '1')
    expect(control(box, 'status') == (4, 'fail2ban is dead, its pid file is left\n'), control(box, 'status'))


@case
def fail2banctl_refuses_wrong_words(box):
    for words in ((), ('nonsense',), ('',)):
        status, text = control(box, *words)
        expect(status == 2 and text.startswith('Usage: fail2banctl start|stop'), f'{words}: {status} {text}')
    box.jails('[broken]\nenabled = true\nfilter = nosuch\n', sshd='false')
    status, text = control(box, 'start')
    expect(status != 0 and 'nosuch' in text, f'start with a wrong configuration: {status} {text}')
    expect(control(box, 'reload')[0] != 0, 'reload without a server')


@case
def what_make_install_puts_in_place(box):
    build = box.programs if os.path.isdir(os.path.join(box.programs, 'src')) else os.path.dirname(os.path.dirname(box.programs))
    root = box.path('root')
    install = [os.path.join(TOP, 'tools', 'install')]
    subprocess.run([*install, build, root, '/usr', '/etc'], check=True, capture_output=True, timeout=COMMAND_S)
    share = root + '/usr/share/'
    for path in ('bin/fail2banctl', 'bin/fail2ban-client', 'libexec/stockade/stockade-check', 'libexec/stockade/stockade-scanner'):
        expect(os.access(f'{root}/usr/{path}', os.X_OK), path)
    files = ('bash-completion/completions/fail2ban-client', 'bash-completion/completions/fail2banctl', 'zsh/site-functions/_fail2ban',
             'fish/vendor_completions.d/fail2ban-regex.fish', 'man/man1/fail2ban-client.1',
             'man/man1/fail2banctl.1')
    for path in files:
        expect(os.path.getsize(share + path) > 0, path)
    subprocess.run([*install, '--remove', root, '/usr'], check=True, capture_output=True, timeout=COMMAND_S)
    left = [os.path.join(folder, name) for folder, _, names in os.walk(root + '/usr') for name in names]
    expect(not left, lambda: f'make uninstall leaves {left}')


main(__doc__)
