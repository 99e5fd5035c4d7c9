#!/bin/bash
# SPDX-License-Identifier: MIT
# ImDisk's command line as scripts use it: each row of imdisk.table against the real driver. A row is
#     COMMANDS | EXIT CODE | KEY LINE
# Commands of imdisk, separated by semicolons; the exit code of the last; and a whole line that one of them prints, or
# what it begins with before "...". A line with "! " before it is one on standard error, and "-" is no output at all. Several
# lines with " ;; " between them come in this order.
# Afterwards the disks that a row has made are removed. "$ COMMAND" is one of the shell's.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

parameters='HKLM\SYSTEM\CurrentControlSet\Services\ImDisk\Parameters'

# Runs the commands of a row; leaves `status`, and the files out and err.
run_row() {
    local command words
    : >out
    : >err
    while IFS= read -r -d ';' command; do
        eval "words=($command)"
        "$wine" "$bin/imdisk.exe" "${words[@]}" </dev/null >>out 2>>err
        status=$?
    done <<<"$1;"
    LC_ALL=C sed -i 's/\r$//' out err
}

matches() { # LINE KEY
    [ "$1" = "$2" ] || { [ "${2%...}" != "$2" ] && [ "${1#"${2%...}"}" != "$1" ]; }
}

has_lines() { # FILE KEY
    local line keys=$2
    while IFS= read -r line || [ -n "$line" ]; do
        matches "$line" "${keys%% ;; *}" || continue
        [ "$keys" != "${keys#* ;; }" ] || return 0
        keys=${keys#* ;; }
    done <"$1"
    return 1
}

key_is_there() {
    case $1 in
    -) [ ! -s out ] && [ ! -s err ] ;;
    "! "*) has_lines err "${1#! }" ;;
    *) has_lines out "$1" ;;
    esac
}

# With -n a disk's number is all that its line has.
remove_disks() {
    local number
    LC_ALL=C sed -nE 's/^(Created device )?([0-9]+)(:.*)?$/\2/p' out | while read -r number; do
        "$wine" "$bin/imdisk.exe" -R -u "$number" </dev/null >/dev/null 2>&1
    done
}

check_row() { # COMMANDS EXIT KEY
    local status
    run_row "$1"
    # "$work" is masked, because its name is another each time.
    LC_ALL=C sed -i "s|Z:[^']*\\\\${work##*/}|DIRECTORY|g" out err
    if [ "$status" = "$2" ] && key_is_there "$3"; then
        pass "imdisk $1"
    else
        not_pass "imdisk $1"
        printf '# exit %s instead of %s; there is no: %s\n' "$status" "$2" "$3"
        sed 's/^/# /' out
        sed 's/^/# ! /' err
    fi
    remove_disks
}

lines_end_with_cr_lf() {
    "$wine" "$bin/imdisk.exe" -l </dev/null >raw
    "$wine" "$bin/imdisk.exe" -l -m J: </dev/null 2>>raw
    [ "$(wc -l <raw)" = 2 ] && [ "$(grep -c $'\r$' raw)" = 2 ]
}

# The u with two dots is 81h in both 437 and 850.
names_are_in_the_code_page() {
    truncate -s 1M $'\xC3\xBC.img'
    "$wine" "$bin/imdisk.exe" -a -f $'\xC3\xBC.img' </dev/null >out
    LC_ALL=C grep -qa $'mountpoint -> \x81.img\r$' out || { od -c out; return 1; }
    "$wine" "$bin/imdisk.exe" -R -u 0 </dev/null >/dev/null
}

session_begin
"$wine" reg delete "$parameters" /f </dev/null >/dev/null 2>&1
work=$(mktemp -d "$build/table.XXXXXX")
cd "$work" || exit
while IFS= read -r row <&4; do
    case $row in
    "" | "#"*) ;;
    "\$ "*) eval "${row#\$ }" || not_pass "$row" ;;
    *)
        [[ $row =~ ^(.*[^\ ])\ +\|\ +([0-9]+)\ +\|\ (.*)$ ]] || die "this is no row: $row"
        check_row "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
        ;;
    esac
done 4<"$root/tests/wine/imdisk.table"
cd "$root" || exit
rm -rf "$work"
session_end
