#!/usr/bin/env python3
"""Does our configuration have all names that fail2ban's has? Files, jails with their options, parameters, modes.

    names.py --stock DIR/etc/fail2ban [--stock OTHER]...

Names are what users' own files refer to. Names that begin with "_" are a file's own affair, and so are those in OWN_AFFAIR.
"""
import argparse
import configparser
import os
import re
import sys

OURS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'config')
NOWHERE = 'no such section'

# Pieces of fail2ban's regexes and commands: a file that sets them would have to have been written for those.
OWN_AFFAIR = {
    'filter.d': {
        'apache-*': r'apache-pref\S*|auth_type|vhostpref', 'zoneminder': r'apache-pref\S*', 'asterisk': 'iso8601|log_prefix', 'exim-spam': 'prefregex',
        'freeswitch': 'cmnfailre', 'nginx-http-auth': 'prefregex', 'postfix': r'exre-user|mdpr-\S+|mdad-\S+', 'sendmail-*': 'addr|mta_dname|cmnfailre',
        'sshd': r'cmnfailed\S*|cmnfailre-\S+|mdre-\S+-other', 'xrdp': 'authfail_re', 'slapd': 'maxlines',
        # They need no prefix of syslog, which is all that logtype changes.
        '*': 'logtype'},
    'action.d': {'dummy': 'debug', 'nftables*': 'match|match_allprotos|rule_stat|rule_stat_allprotos'},
    'jail': {'mssql-auth': 'filter'},       # it is the jail's name
    'paths': {'debian': r'banaction\S*|\w+_backend|proftpd_log|roundcube_errors_log', 'opensuse': r'\w+_backend'},  # as paths-common.conf has them
}


def excused(kind, name, option):
    return option.startswith('_') or any(re.fullmatch(pattern.replace('*', '.*'), name) and re.fullmatch(options, option)
                                         for pattern, options in OWN_AFFAIR[kind].items())


def read(path, seen=()):
    """{section: options} of a file and of what it includes."""
    parser = configparser.RawConfigParser(strict=False, delimiters=('=',), comment_prefixes=('#', ';'), allow_no_value=True,
                                          default_section=NOWHERE)
    parser.optionxform = str
    parser.read(path, encoding='utf8')
    found = {}
    includes = dict(parser.items('INCLUDES')) if parser.has_section('INCLUDES') else {}
    for name in ' '.join(includes.get(when) or '' for when in ('before', 'after')).split():
        other = os.path.join(os.path.dirname(path), name)
        if '%' not in name and os.path.exists(other) and other not in seen:
            for section, options in read(other, (*seen, path)).items():
                found.setdefault(section, set()).update(options)
    for section in parser.sections():
        if section != 'INCLUDES':
            found.setdefault(section, set()).update(parser.options(section))
    return found


def missing_parameters(stock, kind):
    """(what is missing, how many names were compared) of filters or actions."""
    missing, count = [], 0
    for name in sorted(os.listdir(os.path.join(stock, kind))):
        ours = os.path.join(OURS, kind, name)
        count += 1
        if not os.path.exists(ours):
            missing.append(f'{kind}/{name}')
        elif name.endswith('.conf'):
            theirs, known = read(os.path.join(stock, kind, name)), read(ours)
            everywhere = set().union(*known.values())
            for section, options in theirs.items():
                wanted = {option for option in options if not excused(kind, name[:-5], option)}
                has = known.get(section, set()) if section.startswith('Init?') else everywhere
                count += len(wanted)
                missing += [f'{kind}/{name} [{section}] {option}' for option in sorted(wanted - has)]
    return missing, count


def missing_options(stock, kind, file, name):
    """The same of jail.conf and paths-*.conf, whose options stand in the section of that name."""
    missing, count = [], 0
    known = read(os.path.join(OURS, file))
    for section, options in read(os.path.join(stock, file)).items():
        wanted = {option for option in options if not excused(kind, name or section, option)}
        count += 1 + len(wanted)
        if section not in known:
            missing.append(f'{file} [{section}]')
        else:
            missing += [f'{file} [{section}] {option}' for option in sorted(wanted - known[section])]
    return missing, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--stock', action='append', required=True, metavar='DIR', help="fail2ban's configuration")
    missing, count = {}, 0
    for stock in parser.parse_args().stock:
        found = [missing_parameters(stock, 'filter.d'), missing_parameters(stock, 'action.d'), missing_options(stock, 'jail', 'jail.conf', None)]
        found += [missing_options(stock, 'paths', file, file[len('paths-'):-len('.conf')])
                  for file in sorted(os.listdir(stock)) if re.fullmatch(r'paths-\w+\.conf', file)]
        for names, compared in found:
            missing.update(dict.fromkeys(names))
            count += compared
    print(''.join(f'missing: {name}\n' for name in missing) + f'{count} names, {len(missing)} missing')
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main())
