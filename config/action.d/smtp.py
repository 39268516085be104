# SPDX-License-Identifier: GPL-2.0-or-later
"""Mails each start, stop and ban through a mail server: the action smtp for configurations that name it smtp.py.

smtp.conf does the same without Python. Parameters: host (with :port), ssl (only to a server that shows a certificate which is
trusted here), user, password, sendername, sender, dest (with commas between), and matches: one of matches, ipmatches,
ipjailmatches, for the lines that led to the ban.
"""
import email.message
import email.policy
import email.utils
import smtplib
import socket
import ssl as tls

from fail2ban.server.action import ActionBase

PATIENCE_S = 50
LINES = {'matches': 'What led to this ban', 'ipmatches': 'What is known of {ip}', 'ipjailmatches': 'What is known of {ip} in the jail {jail}'}
YES = ('1', 'yes', 'true', 'on')


class SMTPAction(ActionBase):
    """The object of one jail."""

    def __init__(self, jail, name, host='localhost', ssl=False, user=None, password=None, sendername='Fail2Ban',
                 sender='fail2ban', dest='root', matches=None):
        super().__init__(jail, name)
        if matches and matches not in LINES:
            raise ValueError(f'matches is one of {", ".join(LINES)}, not {matches!r}')
        self.host, self.ssl, self.user, self.password = host, ssl, user, password
        self.fromname, self.fromaddr, self.toaddr, self.matches = sendername, sender, dest, matches
        self.norestored = 1     # bans that a restart brought back were told when they were new

    def start(self):
        self._send('started on', f'The jail {self._jail.name} has been started.')

    def stop(self):
        self._send('stopped on', f'The jail {self._jail.name} has been stopped.')

    def ban(self, aInfo):
        if aInfo.get('restored'):
            return
        text = (f'The address {aInfo["ip"]} has been banned for {aInfo["bantime"]} seconds after {aInfo["failures"]} failures '
                f'in the jail {self._jail.name}.')
        if self.matches:
            text += f'\n\n{LINES[self.matches].format(ip=aInfo["ip"], jail=self._jail.name)}:\n{aInfo[self.matches]}'
        self._send(f'banned {aInfo["ip"]} from', text)

    def _send(self, what, text):
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail['Subject'] = f'[Fail2Ban] {self._jail.name}: {what} {socket.gethostname()}'
        mail['From'] = email.utils.formataddr((self.fromname, self.fromaddr))
        mail['To'] = self.toaddr
        mail['Date'] = email.utils.formatdate()
        mail.set_content(''.join(c for c in f'Hi,\n\n{text}\n\nRegards,\nFail2Ban\n' if c in '\t\n' or c.isprintable()))
        host, _, port = self.host.rpartition(':') if self.host.count(':') == 1 else (self.host, '', '25')
        with smtplib.SMTP(host, int(port), timeout=PATIENCE_S) as server:
            if str(self.ssl).lower() in YES:
                server.starttls(context=tls.create_default_context())
            if self.user and self.password:
                server.login(self.user, self.password)
            server.sendmail(self.fromaddr, [address.strip() for address in self.toaddr.split(',')], mail.as_bytes())


Action = SMTPAction
