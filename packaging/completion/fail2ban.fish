# fish completion for fail2ban-client, fail2ban-server, fail2ban-regex and fail2banctl
# Made by tools/gen-completions; change packaging/completion/fail2ban.fish.in or the tables, not this file.

set -g __fail2ban_rows 'start
restart
restart %jail --unban --if-exists
reload --restart --unban --all
reload %jail --restart --unban --if-exists
stop
unban --all
unban %banned...
banned
banned %any...
status
status --all
stats
statistics
ping
echo
version
set loglevel %level
get loglevel
set logtarget %target
get logtarget
set syslogsocket auto|%file
get syslogsocket
flushlogs
set dbfile %file
get dbfile
set dbmaxmatches %any
get dbmaxmatches
set dbpurgeage %any
get dbpurgeage
add %jail auto|polling|pyinotify|systemd
start %jail
stop %jail
status %jail basic|cymru|short|stats
set %jail idle on|off
set %jail ignoreself true|false
set %jail addignoreip %any
set %jail delignoreip %any
set %jail ignorecommand %any
set %jail ignorecache %any
set %jail addlogpath %file tail
set %jail dellogpath %file
set %jail logencoding %any
set %jail logtimezone %any
set %jail addjournalmatch %any
set %jail deljournalmatch %any
set %jail prefregex %any
set %jail addfailregex %any
set %jail delfailregex %any
set %jail addignoreregex %any
set %jail delignoreregex %any
set %jail findtime %any
set %jail bantime %any
set %jail bantime.increment %any
set %jail bantime.factor %any
set %jail bantime.formula %any
set %jail bantime.multipliers %any
set %jail bantime.maxtime %any
set %jail bantime.rndtime %any
set %jail bantime.overalljails %any
set %jail datepattern %any
set %jail usedns %any
set %jail attempt %any...
set %jail banip %any...
set %jail unbanip %banned... --report-absent
set %jail banprefix.v4 %any
set %jail banprefix.v6 %any
set %jail banprefix.min %any
set %jail bancut true|false
set %jail maxretry %any
set %jail maxmatches %any
set %jail maxlines %any
set %jail addaction %any
set %jail delaction %act
set %jail action %act actionstart %any
set %jail action %act actionstop %any
set %jail action %act actioncheck %any
set %jail action %act actionban %any
set %jail action %act actionunban %any
set %jail action %act timeout %any
set %jail action %act %any %any
get %jail banned
get %jail banned %any...
get %jail logpath
get %jail logencoding
get %jail logtimezone
get %jail journalmatch
get %jail ignoreself
get %jail ignoreip
get %jail ignorecommand
get %jail ignorecache
get %jail prefregex
get %jail failregex
get %jail ignoreregex
get %jail findtime
get %jail bantime
get %jail bantime.increment
get %jail bantime.factor
get %jail bantime.formula
get %jail bantime.multipliers
get %jail bantime.maxtime
get %jail bantime.rndtime
get %jail bantime.overalljails
get %jail datepattern
get %jail usedns
get %jail banip --with-time
get %jail banprefix.v4
get %jail banprefix.v6
get %jail banprefix.min
get %jail bancut
get %jail maxretry
get %jail maxmatches
get %jail maxlines
get %jail actions
get %jail action %act actionstart
get %jail action %act actionstop
get %jail action %act actioncheck
get %jail action %act actionban
get %jail action %act actionunban
get %jail action %act timeout
get %jail actionproperties %act
get %jail actionmethods %act
get %jail action %act %any'

# Asks the server that the options of the command line name.
function __fail2ban_ask
    command $__fail2ban_program $argv 2>/dev/null
end

# What may stand for a kind, given the words before, one a line.
function __fail2ban_kind
    switch $argv[1]
        case %jail
            __fail2ban_ask status | string replace -rf '.*Jail list:\s*' '' | string split ', '
        case %act
            set -l found (__fail2ban_ask get $__fail2ban_before[2] actions)
            string split ', ' -- $found[2..-1]
        case %banned
            if test "$__fail2ban_before[1]" = set
                string split ' ' -- (__fail2ban_ask get $__fail2ban_before[2] banip)
            else
                __fail2ban_ask banned | string match -ra "'[0-9a-fA-F:.]+(?:/[0-9]+)?'" | string trim -c "'"
            end
        case %file
            __fish_complete_path (commandline -ct)
        case %level
            printf '%s\n' CRITICAL ERROR WARNING NOTICE INFO DEBUG TRACEDEBUG HEAVYDEBUG
        case %target
            printf '%s\n' STDOUT STDERR SYSLOG SYSTEMD-JOURNAL
            __fish_complete_path (commandline -ct)
        case %any
        case '*'
            echo $argv[1]
    end
end

# Whether a word may stand where the row has this token.
function __fail2ban_fits
    for part in (string split '|' -- (string replace -r '\.\.\.$' '' -- $argv[2]))
        if test $part = %jail; and contains -- $argv[1] loglevel logtarget syslogsocket dbfile dbmaxmatches dbpurgeage
            continue
        end
        if string match -q '%*' -- $part; or test $part = $argv[1]
            return 0
        end
    end
    return 1
end

# What may come after these words, one a line.
function __fail2ban_after
    set -g __fail2ban_before $argv
    set -l given (string match -v -- '--*' $argv)
    for row in (string split \n -- $__fail2ban_rows)
        set -l tokens (string split ' ' -- (string replace -r ' --.*' '' -- $row))
        set -l at 1
        set -l fits 1
        for word in $given
            if test $at -gt (count $tokens); or not __fail2ban_fits $word $tokens[$at]
                set fits 0
                break
            end
            string match -q '*...' -- $tokens[$at]; or set at (math $at + 1)
        end
        test $fits = 1; or continue
        if test $at -le (count $tokens)
            for token in (string split '|' -- (string replace -r '\.\.\.$' '' -- $tokens[$at]))
                __fail2ban_kind $token
            end
        end
        # Options come when no word of the command itself is left.
        test (count $given) -gt 0; and not string match -qv '%*' -- $tokens[$at..-1]; and string match -ra -- '--[a-z-]+' $row
    end
end

# The completions of the line as it is.
function __fail2ban_client
    set -l words $argv
    set -g __fail2ban_program $words[1]
    set -l before
    set -l argument
    for word in $words[2..-1]
        if test -n "$argument"
            contains -- $argument -c --conf -s --socket; and set -a __fail2ban_program $argument $word
            set argument
        else if test (count $before) -gt 0; or not string match -q -- '-*' $word
            set -a before $word
        else if contains -- $word -c --conf -s --socket -p --pidfile --pname --loglevel --logtarget --syslogsocket --timeout --str2sec
            set argument $word
        end
    end
    switch "$argument"
        case ''
            if test (count $before) -eq 0; and string match -q -- '-*' (commandline -ct)
                printf '%s\n' -c --conf -s --socket -p --pidfile --pname --loglevel --logtarget --syslogsocket -d --dp --dump-pretty -t --test -i -v -q -x -b -f --async --timeout --str2sec --json --strict -h --help -V --version
            else if string match -q '*server' -- $words[1]
                test (count $before) -eq 0; and echo start
            else
                __fail2ban_after $before | sort -u
            end
        case --loglevel
            __fail2ban_kind %level
        case --logtarget
            __fail2ban_kind %target
        case '*'
            __fish_complete_path (commandline -ct)
    end
end

function __fail2ban_filters
    for path in /etc/fail2ban/filter.d/*.conf
        string replace -r '.*/(.*)\.conf' '$1' -- $path
    end
end

complete -c fail2ban-client -f -a '(__fail2ban_client (commandline -opc))'
complete -c fail2ban-server -f -a '(__fail2ban_client (commandline -opc))'
complete -c fail2ban-regex -n 'string match -q -- "-*" (commandline -ct)' -f -a '--version -h --help -c --config -d --datepattern --timezone --TZ -e --encoding -r --raw --usedns -L --maxlines -m --journalmatch -l --log-level -V -v --verbose --verbosity --verbose-date --VD -D --debuggex --no-check-all -o --out -i --invert --print-no-missed --print-no-ignored --print-all-matched --print-all-missed --print-all-ignored -t --log-traceback --full-traceback --json --explain --check'
complete -c fail2ban-regex -a '(__fail2ban_filters) systemd-journal'
complete -c fail2banctl -f -n 'test (count (commandline -opc)) -eq 1' -a 'start stop restart reload status ping test'
