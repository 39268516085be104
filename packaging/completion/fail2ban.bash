# bash completion for fail2ban-client, fail2ban-server, fail2ban-regex and fail2banctl
# Made by tools/gen-completions; change packaging/completion/fail2ban.bash.in or the tables, not this file.

_fail2ban_rows='start
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

# What may stand for a kind, given the words before.
_fail2ban_kind() {
        case $1 in
        %jail) _fail2ban_ask status | sed -n 's/.*Jail list:[[:space:]]*//p' | tr -d , ;;
        %act) _fail2ban_ask get "${before[1]}" actions | sed 1d | tr -d , ;;
        %banned)
                if [[ ${before[0]} == set ]]; then
                        _fail2ban_ask get "${before[1]}" banip
                else
                        _fail2ban_ask banned | grep -oE "'[0-9a-fA-F:.]+(/[0-9]+)?'" | tr -d "'"
                fi ;;
        %file) compgen -f -- "$cur" ;;
        %level) echo CRITICAL ERROR WARNING NOTICE INFO DEBUG TRACEDEBUG HEAVYDEBUG ;;
        %target) echo STDOUT STDERR SYSLOG SYSTEMD-JOURNAL && compgen -f -- "$cur" ;;
        %any) ;;
        *) echo "$1" ;;
        esac
}

# Whether a word may stand where the row has this token.
_fail2ban_fits() {
        local part
        local -a parts
        IFS='|' read -ra parts <<<"${2%...}"
        for part in "${parts[@]}"; do
                [[ $part == %jail && ' loglevel logtarget syslogsocket dbfile dbmaxmatches dbpurgeage ' == *" $1 "* ]] && continue
                [[ $part == %* || $part == "$1" ]] && return 0
        done
        return 1
}

# The tokens, parts of them and options that may come after the words before, one a line.
_fail2ban_tokens() {
        local row word fits at
        local -a tokens words=()
        for word in "${before[@]}"; do
                [[ $word == --* ]] || words+=("$word")
        done
        while IFS= read -r row; do
                read -ra tokens <<<"${row%% --*}"
                fits=1 at=0
                for word in "${words[@]}"; do
                        ((at < ${#tokens[@]})) && _fail2ban_fits "$word" "${tokens[at]}" || { fits=0; break; }
                        [[ ${tokens[at]} == *... ]] || at=$((at + 1))
                done
                ((fits)) || continue
                ((at < ${#tokens[@]})) && tr '|' '\n' <<<"${tokens[at]%...}"
                # Options come when no word of the command itself is left.
                [[ ${#words[@]} -gt 0 && $row == *' --'* && ! " ${tokens[*]:at}" =~ ' '[^%] ]] && grep -oE -e '--[a-z-]+' <<<"$row"
        done <<<"$_fail2ban_rows"
        return 0
}

_fail2ban_offer() {
        local IFS=$' \t\n'
        COMPREPLY=($(compgen -W "$1" -- "$cur"))
        type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions "$cur"
        return 0
}

# The argument of an option.
_fail2ban_argument() {
        case $1 in
        -c | --conf | --config) COMPREPLY=($(compgen -d -- "$cur")) ;;
        --loglevel) _fail2ban_offer "$(_fail2ban_kind %level)" ;;
        --logtarget) _fail2ban_offer "$(_fail2ban_kind %target)" ;;
        *) COMPREPLY=($(compgen -f -- "$cur")) ;;
        esac
}

_fail2ban_client() {
        local cur=${COMP_WORDS[COMP_CWORD]} argument= word i token
        local -a before=() program=("$1")
        COMPREPLY=()
        for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ $word == = ]]; then
                        continue
                elif [[ -n $argument ]]; then
                        case $argument in -c | --conf | -s | --socket) program+=("$argument" "${word/#\~/$HOME}") ;; esac
                        argument=
                elif ((${#before[@]} > 0)) || [[ $word != -* ]]; then
                        before+=("$word")
                elif [[ ' -c --conf -s --socket -p --pidfile --pname --loglevel --logtarget --syslogsocket --timeout --str2sec ' == *" $word "* ]]; then
                        argument=$word
                fi
        done
        [[ $cur == = ]] && cur=
        if [[ -n $argument ]]; then
                _fail2ban_argument "$argument"
        elif ((${#before[@]} == 0)) && [[ $cur == -* ]]; then
                _fail2ban_offer '-c --conf -s --socket -p --pidfile --pname --loglevel --logtarget --syslogsocket -d --dp --dump-pretty -t --test -i -v -q -x -b -f --async --timeout --str2sec --json --strict -h --help -V --version'
        elif [[ $1 == *server ]]; then
                ((${#before[@]} > 0)) || _fail2ban_offer start
        else
                _fail2ban_offer "$(for token in $(_fail2ban_tokens | sort -u); do _fail2ban_kind "$token"; done)"
        fi
}

_fail2ban_regex() {
        local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
        if [[ ' -c --config -d --datepattern --timezone --TZ -e --encoding --usedns -L --maxlines -m --journalmatch -l --log-level --verbosity -o --out --check ' == *" $previous "* ]]; then
                _fail2ban_argument "$previous"
        elif [[ $cur == -* ]]; then
                _fail2ban_offer '--version -h --help -c --config -d --datepattern --timezone --TZ -e --encoding -r --raw --usedns -L --maxlines -m --journalmatch -l --log-level -V -v --verbose --verbosity --verbose-date --VD -D --debuggex --no-check-all -o --out -i --invert --print-no-missed --print-no-ignored --print-all-matched --print-all-missed --print-all-ignored -t --log-traceback --full-traceback --json --explain --check'
        else
                local filters=(/etc/fail2ban/filter.d/*.conf)
                filters=("${filters[@]##*/}")
                COMPREPLY=($(compgen -W "${filters[*]%.conf} systemd-journal" -- "$cur") $(compgen -f -- "$cur"))
        fi
}

_fail2banctl() {
        local cur=${COMP_WORDS[COMP_CWORD]}
        ((COMP_CWORD > 1)) || _fail2ban_offer 'start stop restart reload status ping test'
}

complete -F _fail2ban_client fail2ban-client fail2ban-server
complete -o filenames -F _fail2ban_regex fail2ban-regex
complete -F _fail2banctl fail2banctl
