#!/usr/bin/env python3
"""Actions written in Python: life cycle, what they see, what clients may do with them, and what their death costs."""
import contextlib
import email
import email.policy
import email.utils
import os
import re
import shutil
import signal
import socketserver
import threading
import time

from harness import Skipped, case, expect, main, sshd_line, wait_for

A, B, C = '203.0.113.5', '203.0.113.6', '203.0.113.7'

ACTION = '''
import os, time
from fail2ban.server.action import ActionBase

class Mine(ActionBase):
    def __init__(self, jail, name, path, colour="red"):
        super().__init__(jail, name)
        self.path, self.colour = path, colour
        self._logSys.info("made in %s", jail.name)

    def note(self, *words):
        with open(self.path, "a") as f:
            f.write(" ".join(str(word) for word in words) + "\\n")

    def start(self):
        self.note("start", self._jail.name, self._jail.actions.getBanTime())

    def stop(self):
        self.note("stop")

    def ban(self, aInfo):
        if aInfo["ip"] == "203.0.113.66":
            os._exit(3)
        if aInfo["ip"] == "203.0.113.67":
            raise ValueError("not this one")
        self.note("ban", aInfo["ip"], aInfo["failures"], aInfo["ipjailfailures"], aInfo["bantime"], aInfo.get("restored"),
                  self.colour, aInfo["family"], len(aInfo["matches"].split("\\n")), len(aInfo["ipmatches"].split("\\n")))

    def unban(self, aInfo):
        self.note("unban", aInfo["ip"])

    def twice(self, number):
        return 2 * int(number)

Action = Mine
'''


def python_jail(box, text=ACTION, more='', **options):
    box.write('etc/action.d/mine.py', text)
    box.jails('', action=f'report[target="{box.reports}"]\n    mine.py[path="{box.path("notes")}"{more}]', **options)


def notes(box):
    return box.read('notes').split('\n')[:-1]


def helper(box):
    found = [int(entry) for entry in os.listdir('/proc') if entry.isdigit() and is_helper(box, entry)]
    return found[0] if found else None


def is_helper(box, pid):
    try:
        with open(f'/proc/{pid}/cmdline', encoding='utf8') as f, open(f'/proc/{pid}/stat', encoding='utf8') as stat:
            return 'stockade-python' in f.read() and int(stat.read().rsplit(')', 1)[1].split()[1]) == box.server.pid
    except (OSError, ValueError):
        return False


@case
def life_cycle_is_that_of_any_action(box):
    python_jail(box, more=', colour=green')
    box.start()
    wait_for(lambda: notes(box) == ['start sshd 3600'], 'it starts')
    box.attack(A)
    wait_for(lambda: len(notes(box)) == 2, 'ban')
    expect(notes(box)[1] == f'ban {A} 3 3 3600 0 green inet4 3 3', notes(box)[1])
    box.ask('set', 'sshd', 'unbanip', A)
    wait_for(lambda: notes(box)[2:] == [f'unban {A}'], 'unban')
    box.ask('set', 'sshd', 'banip', B)
    expect(box.stop() == 0, 'the server stops with status 0')
    expect(notes(box)[-3:] == [f'ban {B} 0 0 3600 0 green inet4 1 1', f'unban {B}', 'stop'], notes(box))
    expect('fail2ban.Mine' in box.read('f2b.log') and 'made in sshd' in box.read('f2b.log'), 'what it logs is in the log')


@case
def no_such_action_no_process(box):
    box.start()
    expect(helper(box) is None, 'there is no process for Python')


@case
def clients_see_the_object(box):
    python_jail(box)
    box.start()
    words = ('sshd', 'action', 'mine')
    properties = box.ask('get', 'sshd', 'actionproperties', 'mine')
    methods = box.ask('get', 'sshd', 'actionmethods', 'mine')
    expect('colour' in properties and 'path' in properties, properties)
    expect(re.findall(r'\w+', methods.split('\n', 1)[-1])[-1] == 'unban' and 'twice' in methods, methods)
    expect(box.ask('get', *words, 'colour') == 'red', 'a property is read')
    expect(box.ask('set', *words, 'colour', 'blue') == 'blue', 'a property is set')
    expect(box.ask('get', *words, 'colour') == 'blue', 'and stays')
    expect(box.ask('set', *words, 'twice', '{"number": 21}') == '42', 'a method answers')
    status, text = box.client('get', *words, 'nothing')
    expect(status == 255 and "has no attribute 'nothing'" in text, text)
    status, text = box.client('set', *words, 'twice', '{"figure": 21}')
    expect(status == 255 and 'unexpected keyword argument' in text, text)


@case
def values_that_json_does_not_know_are_told_as_text(box):
    python_jail(box, text=ACTION.replace('self.path, self.colour = path, colour', """self.path, self.colour = path, colour
        self.pairs, self.nothing, self.long = {(1, 2): 3}, float("nan"), "x" * 5000000
        self.circle = []
        self.circle.append(self.circle)"""))
    box.start()
    words = ('get', 'sshd', 'action', 'mine')
    process = wait_for(lambda: helper(box), 'the process runs')
    expect(box.ask(*words, 'pairs') == '{(1, 2): 3}', 'a dictionary with other keys than text')
    expect(box.ask(*words, 'nothing') == 'nan', 'no number')
    expect(box.ask(*words, 'circle') == '[[...]]', 'what holds itself')
    status, text = box.client(*words, 'long')
    expect(status == 255 and 'too long' in text, text)
    expect(box.ask(*words, 'colour') == 'red' and helper(box) == process, 'the same process goes on')


@case
def dead_process_is_made_again_as_it_was(box):
    python_jail(box)
    box.start()
    box.ask('set', 'sshd', 'action', 'mine', 'colour', 'blue')
    wait_for(lambda: notes(box), 'it starts')
    os.kill(wait_for(lambda: helper(box), 'the process runs'), signal.SIGKILL)
    wait_for(lambda: notes(box).count('start sshd 3600') == 2, 'the action is started again')
    box.attack(A)
    wait_for(lambda: any(line.startswith(f'ban {A}') and ' blue ' in line for line in notes(box)), 'ban with what was set')


@case
def failing_action_costs_only_itself(box):
    python_jail(box)
    box.start()
    box.attack('203.0.113.67')
    wait_for(lambda: "Failed to execute ban jail 'sshd' action 'mine'" in box.read('f2b.log'), 'the failure is logged')
    wait_for(lambda: 'not this one' in box.read('f2b.log'), 'with its text')
    box.attack('203.0.113.66')
    wait_for(lambda: notes(box).count('start sshd 3600') == 2, 'it comes back after an exit')
    box.attack(A)
    wait_for(lambda: any(line.startswith(f'ban {A}') for line in notes(box)), 'and goes on')
    wait_for(lambda: set(box.reported('ban')) == {'203.0.113.66', '203.0.113.67', A}, 'the other action has done all')


@case
def bad_files_are_named(box):
    for text, said in (('x = 1', "module does not have 'Action' class"),
                       ('class Action:\n    pass\n', 'does not implement required methods'),
                       ('import nothing_of_that_name\n', "No module named 'nothing_of_that_name'"),
                       ('def f(:\n', 'invalid syntax')):
        box.write('etc/action.d/mine.py', text)
        box.jails(f'[other]\nenabled = true\nfilter = sshd\nlogpath = {box.log}\naction = mine.py[path=x]\n')
        box.write('f2b.log', '')
        box.start()
        wait_for(lambda: said in box.read('f2b.log'), f'the log says {said}')    # pylint: disable=cell-var-from-loop
        box.attack(A)
        wait_for(lambda: A in box.reported('ban'), 'the other jail bans')
        box.stop()
        box.write('reports', '')
        os.unlink(box.path('f2b.sqlite3'))


@case
def reload_keeps_it_and_new_arguments_make_it_new(box):
    python_jail(box)
    box.start()
    wait_for(lambda: notes(box), 'it starts')
    box.ask('reload')
    box.attack(A)
    wait_for(lambda: len(notes(box)) == 2, 'ban')
    expect(notes(box)[1].startswith(f'ban {A}'), f'a reload leaves it alone: {notes(box)}')
    python_jail(box, more=', colour=white')
    box.ask('reload')
    wait_for(lambda: 'stop' in notes(box) and notes(box).count('start sshd 3600') == 2, 'the old one stops, a new one starts')
    box.attack(B)
    wait_for(lambda: any(line.startswith(f'ban {B}') and ' white ' in line for line in notes(box)), 'the new one bans')
    expect(box.ask('get', 'sshd', 'actions').count('mine') == 1, 'there is one')
    python_jail(box, text=ACTION)
    box.jails('')
    box.ask('reload')
    wait_for(lambda: notes(box).count('stop') == 2, 'it stops when it is not configured any more')


@case
def hanging_action_delays_no_other(box):
    python_jail(box, text=ACTION.replace('os._exit(3)', 'time.sleep(3600)'))
    box.start()
    box.attack('203.0.113.66')
    wait_for(lambda: '203.0.113.66' in box.reported('ban'), 'ban by the other action')
    begin = time.monotonic()
    box.attack(C)
    wait_for(lambda: C in box.reported('ban'), 'the next ban is made')
    expect(time.monotonic() - begin < 55, 'before the time limit of the hanging one')


class Catcher(socketserver.StreamRequestHandler):
    """A mail server that keeps what it gets: [(sender, [recipients], text), ...]."""
    mails = []

    def say(self, text):
        self.wfile.write(text.encode() + b'\r\n')

    def handle(self):
        sender, recipients = '', []
        self.say('220 catcher')
        for line in self.rfile:
            text = line.decode('utf8', 'replace').strip()
            word = text.split(' ')[0].upper()
            if word == 'DATA':
                self.say('354 go on')
                lines = []
                while (line := self.rfile.readline()) not in (b'.\r\n', b''):
                    lines.append(line)
                self.mails.append((sender, recipients, b''.join(lines).replace(b'\r\n', b'\n')))
                text = ''
            elif word == 'MAIL':
                sender, recipients = re.search(r'<(.*?)>', text).group(1), []
            elif word == 'RCPT':
                recipients.append(re.search(r'<(.*?)>', text).group(1))
            elif word == 'QUIT':
                self.say('221 bye')
                return
            self.say('250 ok')


@contextlib.contextmanager
def catcher():
    with socketserver.ThreadingTCPServer(('127.0.0.1', 0), Catcher) as server:
        server.daemon_threads = True
        Catcher.mails = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def mails_of(box, action):
    """The mails of a start, a ban and a stop."""
    with catcher() as port:
        box.jails('', action=action.replace('PORT', str(port)))
        box.start()
        wait_for(lambda: len(Catcher.mails) == 1, f'{action}: a mail at the start')
        box.append(*(sshd_line(A, user='M\u00fcller') for _ in range(3)))
        wait_for(lambda: len(Catcher.mails) == 2, f'{action}: a mail of the ban')
        box.stop()
        wait_for(lambda: len(Catcher.mails) == 3, f'{action}: a mail at the stop')
    os.unlink(box.path('f2b.sqlite3'))
    box.write('auth.log', '')
    return [(sender, recipients, email.message_from_bytes(text, policy=email.policy.default))
            for sender, recipients, text in Catcher.mails]


def same_form(ours, theirs):
    for (our_sender, our_recipients, mail), (sender, recipients, other) in zip(ours, theirs):
        expect((our_sender, our_recipients) == (sender, recipients), f'{our_sender} {our_recipients}, not {sender} {recipients}')
        for name in ('Subject', 'From', 'To', 'Content-Type', 'MIME-Version'):
            expect(mail[name] == other[name], f'{name}: {mail[name]}, not {other[name]}')
        expect(email.utils.parsedate_to_datetime(mail['Date']), 'a date')
        expect(sorted(mail.keys()) == sorted(other.keys()), f'{mail.keys()}, not {other.keys()}')
        text = mail.get_content()
        expect(text.startswith('Hi,\n') and 'sshd' in text, text)
    expect('M\u00fcller' in ours[1][2].get_content() and A in ours[1][2].get_content(), ours[1][2].get_content())
    expect('M\u00fcller' in theirs[1][2].get_content(), theirs[1][2].get_content())


COMMON = 'host="127.0.0.1:PORT", sender="f2b@example.org", sendername="W\u00e4chter", dest="a@example.org, b@example.org"'


@case
def both_smtp_actions_mail_the_same(box):
    if not shutil.which('curl'):
        raise Skipped('no curl here')
    same_form(mails_of(box, f'smtp[{COMMON}, lines=matches]'), mails_of(box, f'smtp.py[{COMMON}, matches=matches]'))


@case
def smtp_mails_as_that_of_fail2ban(box):
    stock = os.path.join(box.real, '..', 'etc', 'fail2ban', 'action.d', 'smtp.py')
    if not os.path.exists(stock):
        raise Skipped('no real fail2ban here')
    ours = mails_of(box, f'smtp.py[{COMMON}, matches=matches]')
    shutil.copy(stock, box.path('etc/action.d/smtp.py'))
    same_form(ours, mails_of(box, f'smtp.py[{COMMON}, matches=matches]'))


@case
def smtp_refuses_a_wrong_parameter(box):
    box.jails('', action='smtp.py[matches=all]')
    box.start()
    wait_for(lambda: 'matches is one of' in box.read('f2b.log'), 'the log says what is wrong')


main(__doc__)
