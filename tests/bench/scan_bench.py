#!/usr/bin/env python3
"""Runs a log through a jail's filter as the scanner does, in one process that profilers can look into.

    scan_bench.py --bin FOLDER [--conf FOLDER] [--batches FILE] [--with 'valgrind --tool=callgrind ...'] JAIL LOG

JAIL: one of the configuration's, with the filter that it has there. The program is built by a Meson option: -Dbench=true.
"""
import argparse
import ast
import os
import shlex
import subprocess
import sys
import tempfile

WANTED = ('addfailregex', 'addignoreregex', 'prefregex', 'maxlines', 'datepattern', 'logtimezone', 'logencoding', 'usedns', 'findtime')


def options_of(folder, conf, jail):
    """What the client would have the server tell its scanner: (option, argument), in order."""
    text = f'[DEFAULT]\naction =\n[{jail}]\nenabled = true\nlogpath = /dev/null\nbackend = polling\n'
    with tempfile.TemporaryDirectory() as work:
        etc = os.path.join(work, 'etc')
        os.mkdir(etc)
        for name in os.listdir(conf):
            os.symlink(os.path.join(os.path.abspath(conf), name), os.path.join(etc, name))
        with open(os.path.join(etc, 'jail.local'), 'w', encoding='utf8') as f:
            f.write(text)
        dump = subprocess.run([os.path.join(folder, 'fail2ban-client'), '-c', etc, '-d'], stdout=subprocess.PIPE, check=True).stdout.decode()
    for line in dump.splitlines():
        words = ast.literal_eval(line)
        if len(words) == 4 and words[1] == jail and words[2] in WANTED:
            for argument in words[3] if isinstance(words[3], list) else [words[3]]:
                yield words[2], str(argument)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument('--bin', required=True)
    parser.add_argument('--conf', default=os.path.join(top, 'config'))
    parser.add_argument('--batches')
    parser.add_argument('--with', dest='tool', default='')
    parser.add_argument('jail')
    parser.add_argument('log')
    given = parser.parse_args()
    with tempfile.NamedTemporaryFile() as options:
        for option, argument in options_of(given.bin, given.conf, given.jail):
            options.write(option.encode() + b'\0' + argument.encode() + b'\0')
        options.flush()
        command = [*shlex.split(given.tool), os.path.join(given.bin, 'tests', 'bench', 'scan-bench'), options.name, given.log]
        return subprocess.run(command + ([given.batches] if given.batches else []), check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
