"""A room for actions: a network namespace and a view of the file system of its own, with stand-ins for programs.

Stand-ins lie over /usr/sbin, /usr/bin and /usr/libexec, seen only inside; each writes its words and its input into a record.
"""
import os
import subprocess

from harness import COMMAND_S, Skipped

# What every stand-in does; BODY follows, and sees the words and, in $input, a file with what was on its input.
RECORDER = '''#!/bin/sh
input=$(mktemp {folder}/input.XXXXXX)
case "{reads}" in yes) cat > "$input";; esac
{{ printf 'call %s' "{name}"; for word; do printf '\\037%s' "$word"; done; printf '\\036'; cat "$input"; printf '\\035'; }} > "$input.call"
cat "$input.call" >> {record}       # at once, for others write at the same time
{body}
rm -f "$input" "$input.call"
exit ${{status:-0}}
'''

ENTER = '''
set -e
mount --make-rprivate /
for folder in sbin bin libexec; do
        [ ! -d "{stubs}/$folder" ] || mount -t overlay overlay -o "lowerdir={stubs}/$folder:/usr/$folder" "/usr/$folder"
done
{more}
exec "$@"
'''


class Room:
    """Use it in a with statement; within is what goes before a command."""

    def __init__(self, box, stand_ins, more=''):
        self.box, self.name = box, f'e2e-room{os.getpid()}'
        self.record = box.path('record')
        box.write('record', '')
        for where, (reads, body) in stand_ins.items():
            path = box.path('stubs/' + where)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf8') as f:
                f.write(RECORDER.format(folder=box.folder, reads='yes' if reads else 'no', name=os.path.basename(where),
                                        record=self.record, body=body))
            os.chmod(path, 0o755)
        box.write('enter', ENTER.format(stubs=box.path('stubs'), more=more))
        self.within = ['ip', 'netns', 'exec', self.name, 'unshare', '-m', 'sh', box.path('enter')]

    def __enter__(self):
        made = subprocess.run(['ip', 'netns', 'add', self.name], capture_output=True, check=False)
        if made.returncode:
            raise Skipped(f'no network namespaces: {made.stderr.decode()}')
        self.run('ip', 'link', 'set', 'lo', 'up')
        tried = subprocess.run([*self.within, 'true'], capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if tried.returncode:
            self.__exit__()
            raise Skipped(f'no file system of its own: {tried.stderr.decode()}')
        return self

    def __exit__(self, *_):
        subprocess.run(['ip', 'netns', 'del', self.name], capture_output=True, check=False)

    def run(self, *command):
        """Run a command in the namespace: what it printed, faults too."""
        done = subprocess.run(['ip', 'netns', 'exec', self.name, *command], stdin=subprocess.DEVNULL, timeout=COMMAND_S,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode('utf8', 'replace')

    def works(self, *command):
        try:
            return subprocess.run(['ip', 'netns', 'exec', self.name, *command], stdin=subprocess.DEVNULL, timeout=COMMAND_S,
                                  capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def calls(self):
        """What the stand-ins were called with: (words, input) of each call, the program first."""
        found = []
        for call in self.box.read('record').split('\x1d')[:-1]:      # what comes last may not be whole yet
            words, _, given = call.partition('\x1e')
            if words.startswith('call '):
                found.append((words[5:].split('\x1f'), given))
        return found

    def forget(self):
        self.box.write('record', '')
