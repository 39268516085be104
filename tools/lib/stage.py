"""A stage for the main job: two network namespaces joined by a cable, a listener in one, callers in the other.

    host      192.0.2.1    2001:db8:66::1     where the server and the firewall are
    attacker  192.0.2.66   2001:db8:66::66    on the other end of the cable
    visitor   192.0.2.77   2001:db8:66::77    beside the attacker

Nothing outside the two namespaces is touched; down() removes them. Needs root, iproute2 and nft.
"""
import os
import select
import subprocess
import sys

FAMILIES = {
    4: {'host': '192.0.2.1', 'attacker': '192.0.2.66', 'visitor': '192.0.2.77', 'length': 24},
    6: {'host': '2001:db8:66::1', 'attacker': '2001:db8:66::66', 'visitor': '2001:db8:66::77', 'length': 64},
}
STEP_S = 120    # no single command takes longer, however busy the machine

LISTENER = '''
import selectors, socket, sys
port, chosen = int(sys.argv[1]), selectors.DefaultSelector()
for family, address in ((socket.AF_INET, '0.0.0.0'), (socket.AF_INET6, '::')):
    try:
        s = socket.socket(family)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((address, port))
        s.listen(64)
        chosen.register(s, selectors.EVENT_READ)
    except OSError:
        if family == socket.AF_INET:
            raise
print('listening', flush=True)
while True:
    for key, _ in chosen.select():
        caller, _ = key.fileobj.accept()
        caller.sendall(b'SSH-2.0-stage\\r\\n')
        caller.close()
'''

CALLER = '''
import errno, socket, sys
source, target, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ':' in target else socket.AF_INET)
s.settimeout(30)      # what is rejected is told at once
try:
    s.bind((source, 0))
    s.connect((target, port))
    print('connected' if s.recv(4) == b'SSH-' else 'closed')
except socket.timeout:
    print('no answer')
except OSError as e:
    print('refused' if e.errno == errno.ECONNREFUSED else errno.errorcode.get(e.errno, str(e.errno)))
'''


class StageError(Exception):
    """The stage cannot be set here; the text says which step, and why."""


def run(*command, check=True):
    """Run a command to its end; return its output, or raise StageError with its complaint."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=STEP_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise StageError(f'{" ".join(command[:4])}: {e}') from e
    if check and done.returncode:
        complaint = done.stderr.decode('utf8', 'replace').strip().split('\n')[-1]
        raise StageError(f'{" ".join(command)}: {complaint}')
    return done.stdout.decode('utf8', 'replace')


class Stage:
    """The two namespaces; use it in a with statement."""

    def __init__(self, name, port):
        self.port = port
        self.host = f'{name}-h{os.getpid()}'
        self.far = f'{name}-a{os.getpid()}'
        self.listener = None

    def __enter__(self):
        try:
            self._up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def _up(self):
        for name in (self.host, self.far):
            run('ip', 'netns', 'add', name)
        run('ip', 'link', 'add', 'near', 'netns', self.host, 'type', 'veth', 'peer', 'name', 'far', 'netns', self.far)
        for name, device, people in ((self.host, 'near', ('host',)), (self.far, 'far', ('attacker', 'visitor'))):
            self.inside(name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=0', check=False)
            for link in ('lo', device):
                run('ip', '-n', name, 'link', 'set', link, 'up')
            for family, addresses in FAMILIES.items():
                for person in people:
                    run('ip', '-n', name, 'addr', 'add', f'{addresses[person]}/{addresses["length"]}', 'dev', device,
                        *(['nodad'] if family == 6 else []), check=family == 4)
        self.inside(self.host, 'nft', 'list', 'ruleset')
        self.listener = subprocess.Popen(
            self.within(self.host) + [sys.executable, '-c', LISTENER, str(self.port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)
        ready, _, _ = select.select([self.listener.stdout], [], [], STEP_S)
        if not ready or not self.listener.stdout.readline():
            raise StageError(f'no listener on port {self.port}')

    def within(self, name):
        """The words that put a command into a namespace."""
        return ['ip', 'netns', 'exec', name]

    def inside(self, name, *command, check=True):
        """Run a command inside a namespace."""
        return run(*self.within(name), *command, check=check)

    def call(self, who, family=4):
        """Connect as attacker or visitor: 'connected', 'refused', 'no answer', or an errno's name."""
        source, target = FAMILIES[family][who], FAMILIES[family]['host']
        return self.inside(self.far, sys.executable, '-c', CALLER, source, target, str(self.port)).strip()

    def ruleset(self):
        """What the firewall of the host holds."""
        return self.inside(self.host, 'nft', 'list', 'ruleset', check=False)

    def down(self):
        """Remove everything; safe at any moment."""
        if self.listener is not None:
            self.listener.kill()
            self.listener.wait()
            self.listener = None
        for name in (self.host, self.far):
            try:
                run('ip', 'netns', 'del', name, check=False)
            except StageError:
                pass
