"""What the end-to-end tests share: a private server with the shipped configuration, and cases that report themselves.

A script defines cases with @case and ends with main(). Each case prints one line: "ok NAME", "FAIL NAME: why" or
"skip NAME: why". A case gets a Box: a folder of its own with configuration, socket, database, logs; whatever it started
is gone afterwards. Nothing waits for a fixed time: conditions are polled, with an end.
"""
import argparse
import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, 'tools', 'lib'))
sys.dont_write_bytecode = True
os.environ['TZ'] = 'UTC'     # the hour that comes twice, or not at all, is the affair of tests/unit
time.tzset()

PATIENCE_S = 120.0      # longest wait for an effect; only what fails takes it
COMMAND_S = 120         # longest run of one client command
KEPT_LINES = 25         # of the server's log, shown with a failure

REPORT_ACTION = '''[Definition]
actionstart = echo "start <name>" >> <target>
actionstop = echo "stop <name>" >> <target>
actionban = echo "ban <ip> <name>" >> <target>
actionunban = echo "unban <ip> <name>" >> <target>
[Init]
target = /dev/null
'''


class Failed(Exception):
    """A case did not hold; the text says what was seen."""


class Skipped(Exception):
    """A case cannot be tried here; the text says why."""


def expect(condition, text):
    """Fail the case with this text (or what it returns when called) unless the condition holds."""
    if not condition:
        raise Failed(text() if callable(text) else text)


def wait_for(condition, what, seconds=PATIENCE_S, pause=0.02):
    """Poll until the condition is true and return its value; fail the case after the given time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'waited {seconds:g} s in vain: {what}')
        time.sleep(pause)


CONNECTIONS = itertools.count(1000)


def sshd_line(address, user='root', when=None):
    """A failed login as sshd writes it, on a connection (a process id) of its own."""
    stamp = time.strftime('%b %e %H:%M:%S', time.localtime(when))
    return f'{stamp} host sshd[{next(CONNECTIONS)}]: Failed password for {user} from {address} port 50000 ssh2\n'


def numbered_address(number):
    """A different address for each number, from the range for benchmarks."""
    return f'198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}'


class Box:
    """A private server with its folder."""

    def __init__(self, programs, real=None):
        self.programs, self.real = programs, real
        self.folder = tempfile.mkdtemp(prefix='stockade-')
        os.chmod(self.folder, 0o755)
        self.etc = self.path('etc')
        self.log = self.path('auth.log')
        self.reports = self.path('reports')
        self.socket = self.path('f2b.sock')
        self.server, self.others = None, []
        shutil.copytree(os.path.join(TOP, 'config'), self.etc, ignore=shutil.ignore_patterns('tests'))
        self.write('etc/action.d/report.conf', REPORT_ACTION)
        self.write('etc/fail2ban.local', '[DEFAULT]\n'
                   f'socket = {self.socket}\npidfile = {self.path("f2b.pid")}\ndbfile = {self.path("f2b.sqlite3")}\n'
                   f'logtarget = {self.path("f2b.log")}\nloglevel = INFO\n')
        for name in (self.log, self.reports, self.path('f2b.log')):
            self.write(name, '')
        self.jails('')

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode='w'):
        with open(self.path(name), mode, encoding='utf8') as f:
            f.write(text)

    def read(self, name):
        with contextlib.suppress(FileNotFoundError), open(self.path(name), encoding='utf8', errors='replace') as f:
            return f.read()
        return ''

    def jails(self, text, sshd='true', **defaults):
        """Write jail.local: the shipped sshd jail on the private log with a reporting action, then the given text."""
        options = {'usedns': 'no', 'maxretry': '3', 'findtime': '1h', 'bantime': '1h',
                   'action': f'report[target="{self.reports}"]', **defaults}
        self.write('etc/jail.local', '[DEFAULT]\n' + ''.join(f'{k} = {v}\n' for k, v in options.items())
                   + f'[sshd]\nenabled = {sshd}\nlogpath = {self.log}\n' + text)

    def command(self, program, *words):
        return [os.path.join(self.programs, program), '-c', self.etc, *words]

    def start(self, within=(), wait=True):
        """Start the server in the foreground; within: words that go before, for a namespace."""
        with open(self.path('out'), 'ab') as out:
            self.server = self.popen([*within, *self.command('fail2ban-server', '-xf', 'start')], stdout=out, stderr=out)
        if wait:
            wait_for(lambda: self.server.poll() is not None or self.answers(), 'the server answers')
            expect(self.server.poll() is None, lambda: f'the server ended: {self.read("out")[-800:]}')
        return self

    @staticmethod
    def popen(command, **options):
        """A process of the box, ended with it if it is box.server."""
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)

    def answers(self):
        return self.client('ping')[0] == 0 and 'Server ready' in self.client('server-status')[1]

    def client(self, *words, programs=None):
        """Run a client command: (exit status, what it printed)."""
        command = self.command('fail2ban-client', *words)
        if programs:
            command[0] = os.path.join(programs, 'fail2ban-client')
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=COMMAND_S, check=False)
        return done.returncode, done.stdout.decode('utf8', 'replace')

    def ask(self, *words):
        """Run a client command that must succeed; return what it printed."""
        status, text = self.client(*words)
        expect(status == 0, f'{" ".join(words)}: exit status {status}: {text.strip()}')
        return text.rstrip('\n')

    def stop(self):
        """Stop the server as an administrator would."""
        self.client('stop')
        try:
            self.server.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as e:
            raise Failed('the server does not stop') from e
        return self.server.returncode

    def append(self, *lines, log=None):
        with open(log or self.log, 'a', encoding='utf8', errors='surrogateescape') as f:
            f.write(''.join(lines))

    def attack(self, address, times=3, log=None):
        self.append(*(sshd_line(address) for _ in range(times)), log=log)

    def banned(self, jail='sshd'):
        """The addresses that the jail holds, by its own account."""
        found = re.search(r'Banned IP list:\s*(.*)', self.client('status', jail)[1])
        return found.group(1).split() if found else []

    def count(self, label, jail='sshd'):
        """A number of the jail's status; None if there is no answer."""
        found = re.search(rf'{label}:\s*(\d+)', self.client('status', jail)[1])
        return int(found.group(1)) if found else None

    def reported(self, word):
        """The addresses that the action was called with, in order: word is ban or unban."""
        return [line.split()[1] for line in self.read(self.reports).split('\n') if line.startswith(word + ' ')]

    def children(self):
        """Process id of each child by its program's name."""
        found = {}
        for entry in os.listdir('/proc'):
            with contextlib.suppress(OSError, ValueError):
                with open(f'/proc/{int(entry)}/stat', encoding='utf8') as stat:
                    if int(stat.read().rsplit(')', 1)[1].split()[1]) == self.server.pid:
                        found[os.path.basename(os.readlink(f'/proc/{entry}/exe'))] = int(entry)
        return found

    def child(self, name):
        """The process id of a child, once it is there."""
        return wait_for(lambda: self.children().get(name), f'{name} runs')

    def memory(self, what='Pss'):
        """KiB of the server and its children together."""
        total = 0
        for pid in [self.server.pid, *self.children().values()]:
            with contextlib.suppress(OSError), open(f'/proc/{pid}/smaps_rollup', encoding='utf8') as f:
                total += int(re.search(rf'^{what}:\s+(\d+)', f.read(), re.MULTILINE).group(1))
        return total

    def kill_group(self):
        if self.server is not None and self.server.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()

    def close(self, keep):
        self.kill_group()
        if keep:
            print(f'     kept: {self.folder}')
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


CASES = []


def case(function):
    """Mark a case; its name is the function's."""
    CASES.append(function)
    return function


def arguments(description, **more):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default=os.path.join(TOP, 'build', 'release'), metavar='DIR', help='programs to test')
    parser.add_argument('--real', default=os.path.join(TOP, 'build', 'real', 'bin'), metavar='DIR',
                        help="real fail2ban's programs, for comparisons")
    parser.add_argument('--keep', action='store_true', help='keep the folder of a failed case')
    parser.add_argument('--only', metavar='PART', help='only cases whose name holds this')
    for name, options in more.items():
        parser.add_argument('--' + name, **options)
    return parser.parse_args()


def play(function, options):
    """Run one case; return whether it failed."""
    name = f'{os.path.splitext(os.path.basename(sys.argv[0]))[0]}.{function.__name__}'
    if os.geteuid():
        print(f'skip {name}: needs root', flush=True)
        return False
    box = Box(os.path.abspath(options.bin), os.path.abspath(options.real))
    box.options = options
    failed = True
    try:
        function(box)
        print(f'ok {name}', flush=True)
        failed = False
    except Skipped as e:
        print(f'skip {name}: {e}', flush=True)
        failed = False
    except Exception as e:      # pylint: disable=broad-except    a broken case is a failed one
        text = str(e) if isinstance(e, Failed) else traceback.format_exc()
        print(f'FAIL {name}: {text.strip()}', flush=True)
        for line in (box.read('out') + box.read('f2b.log')).split('\n')[-KEPT_LINES:]:
            print(f'     | {line}')
    finally:
        box.close(options.keep and failed)
    return failed


def in_own_namespaces():
    """Run the script anew with mounts and a network of its own, which end with it."""
    if os.geteuid() or 'STOCKADE_NAMESPACES' in os.environ:
        return
    os.environ['STOCKADE_NAMESPACES'] = 'own'
    if subprocess.run(['unshare', '-m', '-n', 'true'], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.execvp('unshare', ['unshare', '-m', '-n', sys.executable, '-B', os.path.abspath(sys.argv[0]), *sys.argv[1:]])
    os.environ['STOCKADE_NAMESPACES'] = 'none'


def small_disk(folder, size):
    """Mount a file system of this size, e.g. 8m, which is to be full."""
    if os.environ.get('STOCKADE_NAMESPACES') != 'own':
        raise Skipped('needs namespaces of its own')
    os.makedirs(folder, exist_ok=True)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size},mode=755', 'stockade', folder], check=True)


def main(description, **more):
    """Run the cases of a script; the exit status is 1 if one failed."""
    options = arguments(description, **more)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = [c for c in CASES if not options.only or options.only in c.__name__]
    sys.exit(1 if any([play(c, options) for c in chosen]) else 0)
