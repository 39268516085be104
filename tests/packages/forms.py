#!/usr/bin/env python3
"""What packages are made of, tried by the tools that will read it: RPM, Slackware, Alpine, logrotate, tmpfiles, sysusers, monit, shells.

A tool that is not here is named, and what it would say is skipped.
"""
import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGING = os.path.join(TOP, 'packaging')
LIMIT_S = 600
# What Fedora's macros are, where they are not.
FEDORA = {'_unitdir': '/usr/lib/systemd/system', '_tmpfilesdir': '/usr/lib/tmpfiles.d', '_sysusersdir': '/usr/lib/sysusers.d',
          '_vpath_builddir': 'redhat-build', 'debug_package': '%{nil}', '_bindir': '/usr/bin', '_mandir': '/usr/share/man', '_datadir': '/usr/share',
          '_prefix': '/usr', '_sysconfdir': '/etc', '__brp_mangle_shebangs': '/bin/true',
          'meson': 'meson setup redhat-build --prefix=/usr --sysconfdir=/etc --buildtype=plain', 'meson_build': 'ninja -C redhat-build',
          'systemd_post()': ':', 'systemd_preun()': ':', 'systemd_postun_with_restart()': ':', 'tmpfiles_create()': ':'}
MAKEPKG = '''#!/bin/sh
# Stands in for Slackware's: a package is a tar archive of the folder.
for package; do :; done
exec tar -czf "$package" .
'''
FOREIGN_HEADERS = ('linux', 'asm', 'asm-generic', 'pcre2.h', 'sqlite3.h', 'jansson.h', 'jansson_config.h', 'seccomp.h', 'seccomp-syscalls.h',
                   'md5.h', 'sha.h', 'sha1.h', 'sha2.h', 'libmnl', 'zlib.h', 'zconf.h', 'lzma.h', 'lzma', 'zstd.h', 'zstd_errors.h')
failed = []


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                          check=False, **options)
    return done.returncode, done.stdout.decode('utf8', 'replace')


def report(name, status, said, wrong=None):
    """A tool that succeeded, and said nothing that must not be said."""
    found = re.search(wrong, said) if wrong else None
    if status == 0 and not found:
        print(f'ok forms.{name}')
        return True
    print(f'FAIL forms.{name}: exit status {status}')
    print('\n'.join('     | ' + line for line in said.rstrip().split('\n')[-20:]))
    failed.append(name)
    return False


def has(name, *tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        print(f'skip forms.{name}: {", ".join(missing)} not here')
    return not missing


def expect_files(name, listing, wanted):
    missing = [path for path in wanted if path not in listing]
    report(name, len(missing), 'missing: ' + ' '.join(missing))


def source(folder, version):
    """The sources as a release has them; what is changed and not yet committed too."""
    path = os.path.join(folder, f'stockade-{version}.tar.gz')
    files = subprocess.run(['git', '-C', TOP, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], stdout=subprocess.PIPE, check=True).stdout
    present = b'\0'.join(name for name in files.split(b'\0') if name and os.path.exists(os.path.join(TOP.encode(), name)))
    subprocess.run(['tar', '-C', TOP, '--null', '-T', '-', f'--transform=s|^|stockade-{version}/|', '-czf', path], input=present, check=True)
    return path


def shells():
    scripts = [os.path.join(folder, name) for folder, _, names in os.walk(PACKAGING) for name in names]
    scripts += [os.path.join(TOP, 'tools', 'deb'), os.path.join(TOP, 'tests', 'packages', 'deb-story')]
    for path in sorted(scripts):
        with open(path, encoding='utf8') as f:
            first = f.readline()
        name = os.path.relpath(path, TOP)
        shell = 'bash' if first.startswith('#!/bin/bash') or path.endswith('APKBUILD') else 'sh'
        if first.startswith(('#!/bin/sh', '#!/bin/bash', '#!/sbin/openrc-run')) or name.endswith(('APKBUILD', 'doinst.sh')):
            report(f'shell {name}', *run(shell, '-n', path))


def services(folder):
    if has('logrotate', 'logrotate'):
        path = os.path.join(folder, 'logrotate')
        with open(os.path.join(PACKAGING, 'logrotate', 'fail2ban'), encoding='utf8') as f, open(path, 'w', encoding='utf8') as to:
            to.write(f.read())
        os.chmod(path, 0o644)
        report('logrotate', *run('logrotate', '-d', '-s', os.path.join(folder, 'state'), path), wrong=r'(?m)^error:')
    if has('tmpfiles', 'systemd-tmpfiles'):
        root = os.path.join(folder, 'root')
        os.makedirs(os.path.join(root, 'run'))
        report('tmpfiles', *run('systemd-tmpfiles', f'--root={root}', '--create', os.path.join(PACKAGING, 'tmpfiles', 'fail2ban.conf')))
        report('tmpfiles makes the folder', 0 if os.path.isdir(os.path.join(root, 'run', 'fail2ban')) else 1, 'it is not there')
    if has('sysusers', 'systemd-sysusers'):
        root = os.path.join(folder, 'users')
        os.makedirs(os.path.join(root, 'etc'))
        report('sysusers', *run('systemd-sysusers', f'--root={root}', os.path.join(PACKAGING, 'sysusers', 'stockade.conf')))
        with contextlib.suppress(OSError), open(os.path.join(root, 'etc', 'passwd'), encoding='utf8') as f:
            expect_files('sysusers makes the users', f.read(), ['stockade-scanner:', 'stockade-front:', 'stockade-resolver:', 'stockade-journal:'])
    if has('monit', 'monit'):
        path = os.path.join(folder, 'monitrc')
        shutil.copy(os.path.join(PACKAGING, 'monit', 'fail2ban'), path)
        os.chmod(path, 0o600)
        report('monit', *run('monit', '-t', '-c', path))


def rpm(folder, version):
    if not has('rpm', 'rpmbuild', 'rpmspec', 'rpm'):
        return
    spec = os.path.join(PACKAGING, 'rpm', 'stockade.spec')
    known = [word for name, value in FEDORA.items() for word in ('--define', f'{name} {value}')]
    known += ['--define', f'_topdir {folder}/rpm', '--define', f'_sourcedir {folder}']
    if not report('rpm spec', *run('rpmspec', '-P', *known, spec), wrong=r'(?m)^(error|warning):'):
        return
    if report('rpm build', *run('rpmbuild', '-bb', '--nodeps', *known, spec)):
        made = [os.path.join(where, name) for where, _, names in os.walk(f'{folder}/rpm/RPMS') for name in names]
        listing = run('rpm', '-qlp', *made)[1].split('\n')
        expect_files('rpm files', listing, ['/usr/bin/fail2ban-server', '/usr/libexec/stockade/stockade-scanner', '/etc/fail2ban/jail.conf',
                                            '/usr/lib/systemd/system/fail2ban.service', '/usr/libexec/stockade/stockade-runner',
                                            '/usr/lib/systemd/system/fail2ban-actions.service', '/usr/lib/systemd/system/fail2ban-actions.socket',
                                            '/var/lib/fail2ban'])
        kept = run('rpm', '-qcp', *made)[1].split('\n')
        expect_files('rpm configuration', kept, ['/etc/fail2ban/jail.conf', '/etc/fail2ban/filter.d/sshd.conf', '/etc/logrotate.d/fail2ban'])


def slackware(folder, version):
    work, tools = os.path.join(folder, 'slackware'), os.path.join(folder, 'sbin')
    shutil.copytree(os.path.join(PACKAGING, 'slackware'), work)
    shutil.copy(os.path.join(folder, f'stockade-{version}.tar.gz'), work)
    os.makedirs(tools)
    makepkg = os.path.join(tools, 'makepkg')
    with open(makepkg, 'w', encoding='utf8') as f:
        f.write(MAKEPKG)
    os.chmod(makepkg, 0o755)
    script = os.path.join(work, 'stockade.SlackBuild')
    with open(script, encoding='utf8') as f:
        text = f.read()
    with open(script, 'w', encoding='utf8') as f:
        f.write(text.replace('/sbin/makepkg', makepkg))
    environment = {**os.environ, 'TMP': os.path.join(folder, 'SBo'), 'OUTPUT': folder}
    if report('slackware build', *run('bash', script, env=environment)):
        package = [name for name in os.listdir(folder) if name.endswith('_SBo.tgz')][0]
        listing = run('tar', '-tzf', os.path.join(folder, package))[1].split('\n')
        expect_files('slackware files', listing, ['./usr/bin/fail2ban-server', './usr/libexec/stockade/stockade-scanner', './install/slack-desc',
                                                  './install/doinst.sh', './etc/fail2ban/jail.conf.new', './etc/rc.d/rc.fail2ban.new'])
        doinst(folder, os.path.join(folder, package))
    with open(os.path.join(PACKAGING, 'slackware', 'slack-desc'), encoding='utf8') as f:
        lines = [line for line in f.read().split('\n') if line.startswith('stockade:')]
    report('slack-desc', 0 if len(lines) == 11 and all(len(line) <= 80 for line in lines) else 1, f'{len(lines)} lines, or one too long')


def doinst(folder, package):
    """Installed over a configuration that was changed."""
    root = os.path.join(folder, 'installed')
    os.makedirs(os.path.join(root, 'etc', 'fail2ban'))
    with open(os.path.join(root, 'etc', 'fail2ban', 'jail.conf'), 'w', encoding='utf8') as f:
        f.write('# mine\n')
    run('tar', '-xzf', package, '-C', root)
    report('slackware doinst.sh', *run('sh', 'install/doinst.sh', cwd=root))
    with open(os.path.join(root, 'etc', 'fail2ban', 'jail.conf'), encoding='utf8') as f:
        report('slackware keeps what was changed', 0 if f.read() == '# mine\n' else 1, 'jail.conf was replaced')
    left = [name for where, _, names in os.walk(os.path.join(root, 'etc')) for name in names if name.endswith('.new')]
    report('slackware lays the new one beside it', 0 if left == ['jail.conf.new'] else 1, ' '.join(left))


def musl(folder):
    """Alpine's libc has not all that glibc has: does every source compile with it? Other libraries' headers are this machine's."""
    if not has('musl', 'musl-gcc'):
        return
    headers = os.path.join(folder, 'headers')
    os.makedirs(headers)
    for name in FOREIGN_HEADERS:
        found = [path for path in glob.glob(f'/usr/include/{name}') + glob.glob(f'/usr/include/*-linux-gnu/{name}') if os.path.exists(path)]
        if found:
            os.symlink(found[0], os.path.join(headers, name))
    with open(os.path.join(headers, 'build_config.h'), 'w', encoding='utf8') as f:
        f.write('#define STOCKADE_VERSION "0"\n#define STOCKADE_LIBEXECDIR "/"\n#define HAVE_JOURNAL 0\n')
    said = ''
    for path in sorted(glob.glob(os.path.join(TOP, 'src', '*', '*.c'))):
        said += run('musl-gcc', '-std=gnu17', '-fsyntax-only', '-Werror=implicit-function-declaration', '-D_GNU_SOURCE', '-DSTOCKADE_WITH_PROBE', '-include',
                    os.path.join(TOP, 'src/base/banned.h'), '-I', os.path.join(TOP, 'src'), '-isystem', headers, path)[1]
    report('musl compiles every source', 0, said, wrong=r'error:')


def main():
    with open(os.path.join(TOP, 'meson.build'), encoding='utf8') as f:
        version = re.search(r"version: '([\d.]+)'", f.read()).group(1)
    shells()
    for path in ('rpm/stockade.spec', 'slackware/stockade.SlackBuild', 'slackware/stockade.info', 'alpine/APKBUILD'):
        with open(os.path.join(PACKAGING, path), encoding='utf8') as f:
            report(f'version of {path}', 0 if re.search(rf'\b{re.escape(version)}\b', f.read()) else 1, f'it is not {version}')
    with tempfile.TemporaryDirectory() as folder:
        source(folder, version)
        services(folder)
        musl(folder)
        rpm(folder, version)
        slackware(folder, version)
    print(f'{len(failed)} failed')
    return 1 if failed else 0


sys.exit(main())
