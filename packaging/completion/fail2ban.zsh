#compdef fail2ban-client fail2ban-server fail2ban-regex fail2banctl
# Made by tools/gen-completions; change packaging/completion/fail2ban.zsh.in or the tables, not this file.

typeset -g _fail2ban_rows='start
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
_fail2ban_ask() {
        "${program[@]}" "$@" 2>/dev/null
}

# Adds what may stand for a kind to the candidates, given the words before.
_fail2ban_kind() {
        case $1 in
        %jail) candidates+=(${=$(_fail2ban_ask status | sed -n 's/.*Jail list:[[:space:]]*//p' | tr -d ,)}) ;;
        %act) candidates+=(${=$(_fail2ban_ask get "$before[2]" actions | sed 1d | tr -d ,)}) ;;
        %banned)
                if [[ $before[1] == set ]]; then
                        candidates+=(${=$(_fail2ban_ask get "$before[2]" banip)})
                else
                        candidates+=(${=$(_fail2ban_ask banned | grep -oE "'[0-9a-fA-F:.]+(/[0-9]+)?'" | tr -d "'")})
                fi ;;
        %file) files=1 ;;
        %level) candidates+=(CRITICAL ERROR WARNING NOTICE INFO DEBUG TRACEDEBUG HEAVYDEBUG) ;;
        %target) candidates+=(STDOUT STDERR SYSLOG SYSTEMD-JOURNAL) files=1 ;;
        %any) ;;
        *) candidates+=("$1") ;;
        esac
}

# Whether a word may stand where the row has this token.
_fail2ban_fits() {
        local part
        for part in "${(@s:|:)2%...}"; do
                [[ $part == %jail && ' loglevel logtarget syslogsocket dbfile dbmaxmatches dbpurgeage ' == *" $1 "* ]] && continue
                [[ $part == %* || $part == "$1" ]] && return 0
        done
        return 1
}

# Adds what may come after the words before.
_fail2ban_command() {
        local row word fits at token
        local -a tokens given left
        given=("${(@)before:#--*}")
        [[ $#before -gt 0 ]] || given=()
        for row in "${(@f)_fail2ban_rows}"; do
                tokens=(${=row%% --*})
                fits=1 at=1
                for word in "${given[@]}"; do
                        if ((at > $#tokens)) || ! _fail2ban_fits "$word" "$tokens[at]"; then
                                fits=0
                                break
                        fi
                        [[ $tokens[at] == *... ]] || ((at += 1))
                done
                ((fits)) || continue
                if ((at <= $#tokens)); then
                        for token in "${(@s:|:)tokens[at]%...}"; do _fail2ban_kind "$token"; done
                fi
                # Options come when no word of the command itself is left.
                left=(${tokens[at,-1]:#%*})
                (($#given > 0)) && (($#left == 0)) && candidates+=(${(M)${=row}:#--*})
        done
        return 0
}

_fail2ban_client() {
        local argument= word i files=0
        local -a before program candidates
        program=("$words[1]")
        for ((i = 2; i < CURRENT; i++)); do
                word=$words[i]
                if [[ -n $argument ]]; then
                        [[ $argument == (-c|--conf|-s|--socket) ]] && program+=("$argument" "$word")
                        argument=
                elif (($#before > 0)) || [[ $word != -* ]]; then
                        before+=("$word")
                elif [[ ' -c --conf -s --socket -p --pidfile --pname --loglevel --logtarget --syslogsocket --timeout --str2sec ' == *" $word "* ]]; then
                        argument=$word
                fi
        done
        if [[ -n $argument ]]; then
                case $argument in
                -c | --conf) _files -/ ;;
                --loglevel) _fail2ban_kind %level ;;
                --logtarget) _fail2ban_kind %target ;;
                *) files=1 ;;
                esac
        elif (($#before == 0)) && [[ $PREFIX == -* ]]; then
                candidates=(-c --conf -s --socket -p --pidfile --pname --loglevel --logtarget --syslogsocket -d --dp --dump-pretty -t --test -i -v -q -x -b -f --async --timeout --str2sec --json --strict -h --help -V --version)
        elif [[ $words[1] == *server ]]; then
                (($#before == 0)) && candidates=(start)
        else
                _fail2ban_command
        fi
        (($#candidates > 0)) && compadd -- "${(@u)candidates}"
        ((files)) && _files
        return 0
}

_fail2ban_regex() {
        local -a filters
        if [[ ' -c --config -d --datepattern --timezone --TZ -e --encoding --usedns -L --maxlines -m --journalmatch -l --log-level --verbosity -o --out --check ' == *" $words[CURRENT-1] "* ]]; then
                _files
        elif [[ $PREFIX == -* ]]; then
                compadd -- --version -h --help -c --config -d --datepattern --timezone --TZ -e --encoding -r --raw --usedns -L --maxlines -m --journalmatch -l --log-level -V -v --verbose --verbosity --verbose-date --VD -D --debuggex --no-check-all -o --out -i --invert --print-no-missed --print-no-ignored --print-all-matched --print-all-missed --print-all-ignored -t --log-traceback --full-traceback --json --explain --check
        else
                filters=(/etc/fail2ban/filter.d/*.conf(N:t:r))
                compadd -- $filters systemd-journal
                _files
        fi
}

_fail2ban() {
        case $service in
        fail2ban-regex) _fail2ban_regex ;;
        fail2banctl) ((CURRENT == 2)) && compadd -- start stop restart reload status ping test ;;
        *) _fail2ban_client ;;
        esac
}

_fail2ban "$@"
