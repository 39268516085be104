#!/usr/bin/env python3
"""The database in trouble: damaged, on a full or read-only disk, locked, of an older version. Banning goes on, and what could not be
written is written when it can be."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time

from harness import Skipped, case, expect, in_own_namespaces, main, small_disk, wait_for

A, B, C, D = '203.0.113.5', '203.0.113.6', '203.0.113.7', '203.0.113.8'


def put_on_disk(box, folder):
    """The database alone stands there."""
    text = box.read('etc/fail2ban.local')
    box.write('etc/fail2ban.local', text.replace(box.path('f2b.sqlite3'), os.path.join(folder, 'f2b.sqlite3')))
    return os.path.join(folder, 'f2b.sqlite3')


def rows(path, query="SELECT ip FROM bips WHERE jail = 'sshd'"):
    """What the database holds, read from a copy, as the server may have the file for itself."""
    with contextlib.suppress(sqlite3.Error, FileNotFoundError):
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, 'db')
            for end in ('', '-wal'):
                if os.path.exists(path + end):
                    shutil.copyfile(path + end, copy + end)
            with contextlib.closing(sqlite3.connect(copy)) as db:
                return sorted(row[0] for row in db.execute(query))
    return []


def bans(box, address):
    box.attack(address)
    wait_for(lambda: address in box.reported('ban'), f'{address} is banned')


def is_written(path, *addresses):
    wait_for(lambda: set(addresses) <= set(rows(path)), f'{addresses} stand in the database')


def fill(folder):
    with contextlib.suppress(OSError), open(os.path.join(folder, 'fill'), 'ab', buffering=0) as f:
        while True:
            f.write(bytes(1024))


@case
def damaged_file_is_set_aside_at_the_start(box):
    path = box.path('f2b.sqlite3')
    box.write('f2b.sqlite3', 'this is no database\n' * 1000)
    box.start()
    bans(box, A)
    is_written(path, A)
    aside = [name for name in os.listdir(box.folder) if name.startswith('f2b.sqlite3.')]
    expect(len(aside) == 1 and 'no database' in box.read(aside[0]), f'the old file is kept: {aside}')
    expect(box.read('f2b.log').count('Error opening fail2ban persistent database') == 1, 'it is said once')


@case
def damage_at_work_stops_nothing(box):
    path = box.path('f2b.sqlite3')
    box.start()
    bans(box, A)
    is_written(path, A)
    with open(path, 'r+b') as f:
        f.write(b'\xff' * os.path.getsize(path))
    bans(box, B)
    box.server.kill()
    box.server.wait()
    box.write('reports', '')
    box.start()
    bans(box, C)
    is_written(path, C)
    expect(box.stop() == 0, 'the server stops')
    expect(rows(path, 'PRAGMA integrity_check') == ['ok'], 'the file is sound')


@case
def full_disk_delays_only_the_writing(box):
    path = put_on_disk(box, box.path('disk'))
    small_disk(box.path('disk'), '1m')
    box.start()
    bans(box, A)
    is_written(path, A)
    fill(box.path('disk'))
    for number in range(40):
        bans(box, f'198.51.100.{number}')
    wait_for(lambda: 'Cannot write to database' in box.read('f2b.log'), 'it is said')
    os.unlink(box.path('disk/fill'))
    is_written(path, A, *(f'198.51.100.{number}' for number in range(40)))
    expect(box.read('f2b.log').count('Cannot write to database') == 1, 'it is said once')
    wait_for(lambda: 'is written again' in box.read('f2b.log'), 'and when it is over')


@case
def full_disk_at_the_start_hides_no_ban(box):
    path = put_on_disk(box, box.path('disk'))
    small_disk(box.path('disk'), '1m')
    box.start()
    bans(box, A)
    is_written(path, A)
    box.server.kill()
    box.server.wait()
    fill(box.path('disk'))
    box.start()
    wait_for(lambda: box.banned() == [A], 'the ban is restored')
    bans(box, B)
    os.unlink(box.path('disk/fill'))
    is_written(path, A, B)


@case
def read_only_disk_delays_only_the_writing(box):
    path = put_on_disk(box, box.path('disk'))
    small_disk(box.path('disk'), '4m')
    box.start()
    bans(box, A)
    is_written(path, A)
    box.stop()
    subprocess.run(['mount', '-o', 'remount,ro', box.path('disk')], check=True)
    box.write('reports', '')
    box.start()
    wait_for(lambda: box.banned() == [A], 'the ban is restored')
    bans(box, B)
    wait_for(lambda: 'Cannot write to database' in box.read('f2b.log'), 'it is said')
    subprocess.run(['mount', '-o', 'remount,rw', box.path('disk')], check=True)
    expect(box.stop() == 0, 'the server stops')
    box.start()
    bans(box, C)
    is_written(path, A, C)


@case
def locked_file_delays_only_the_writing(box):
    path = box.path('f2b.sqlite3')
    box.start()
    bans(box, A)
    is_written(path, A)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute('BEGIN IMMEDIATE')
        bans(box, B)        # while nobody gets the lock
        wait_for(lambda: 'Cannot write to database' in box.read('f2b.log'), 'it is said')
        expect(rows(path) == [A], f'not written yet: {rows(path)}')
        db.execute('ROLLBACK')
    is_written(path, A, B)


# What older versions had; the tables that are not named were as they are now.
LOGS_1 = ('CREATE TABLE logs(jail TEXT NOT NULL, path TEXT, firstlinemd5 TEXT, lastfilepos INTEGER DEFAULT 0, '
          'FOREIGN KEY(jail) REFERENCES jails(name) ON DELETE CASCADE, UNIQUE(jail, path, firstlinemd5))')
BANS_2 = 'CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL, data JSON, FOREIGN KEY(jail) REFERENCES jails(name))'


def make_older(path, version):
    """Turn a database of version 4 into an older one."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute('DROP TABLE bips')
        if version < 3:
            db.executescript(f'ALTER TABLE bans RENAME TO new; {BANS_2}; '
                             'INSERT INTO bans SELECT jail, ip, timeofban, data FROM new; DROP TABLE new')
        if version < 2:
            db.executescript(f'ALTER TABLE logs RENAME TO new; {LOGS_1}; INSERT INTO logs SELECT * FROM new; DROP TABLE new')
        db.execute('UPDATE fail2banDb SET version = ?', (version,))
        db.commit()


@case
def older_versions_are_taken_over(box):
    path = box.path('f2b.sqlite3')
    for version in (1, 2, 3):
        box.start()
        bans(box, A)
        is_written(path, A)
        box.stop()
        make_older(path, version)
        box.write('reports', '')
        box.start()
        wait_for(lambda: box.banned() == [A], f'the ban in version {version}')
        expect(f"Database updated from '{version}' to '4'" in box.read('f2b.log'), 'it is said')
        expect(rows(path, 'SELECT version FROM fail2banDb') == [4], 'version 4')
        bans(box, B)
        is_written(path, A, B)
        box.stop()
        kept = [name for name in os.listdir(box.folder) if name.startswith('f2b.sqlite3.')]
        expect(len(kept) == 1 and rows(box.path(kept[0]), 'SELECT version FROM fail2banDb') == [version], f'the old one is kept: {kept}')
        for name in [*kept, 'f2b.sqlite3']:
            os.unlink(box.path(name))
        box.write('reports', '')
        box.write('auth.log', '')


def serve(box, programs):
    box.programs, box.server = programs, None
    box.write('reports', '')
    return box.start()


@case
def real_fail2ban_and_this_one_take_over_from_each_other(box):
    if not os.path.exists(os.path.join(box.real, 'fail2ban-server')):
        raise Skipped('no real fail2ban here')
    path, ours = box.path('f2b.sqlite3'), box.programs
    text = box.read('etc/jail.local')
    box.write('etc/jail.local', text.replace('[DEFAULT]\n', '[DEFAULT]\nbackend = polling\nbantime.increment = true\n'))
    held = []
    for programs, address in ((box.real, A), (ours, B), (box.real, C), (ours, D)):
        serve(box, programs)
        wait_for(lambda: sorted(box.banned()) == sorted(held), f'{programs} holds {held}')    # fail2ban restores after it answers
        box.ask('set', 'sshd', 'banip', address)
        held.append(address)
        is_written(path, *held)
        box.ask('set', 'sshd', 'unbanip', address)
        box.ask('set', 'sshd', 'banip', address)
        is_written(path, *held)
        expect(box.stop() == 0, 'it stops')
        expect(not os.path.exists(path + '-wal'), 'nothing is left beside it')
        expect(rows(path, 'PRAGMA integrity_check') == ['ok'], 'the file is sound')
    expect(len(rows(path, 'SELECT path FROM logs')) == 1, 'one position of the log')


in_own_namespaces()
main(__doc__)
