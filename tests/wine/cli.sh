#!/bin/bash
# SPDX-License-Identifier: MIT
# Golden test of the command line: each "$ command" of cli.transcript is run in a directory of its own, and what it prints
# and its exit code must be what the transcript says, but for empty lines. `UPDATE=1 tests/wine/cli.sh` writes the transcript anew.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

transcript=$root/tests/wine/cli.transcript
work=$(mktemp -d "$build/cli.XXXXXX")
session_begin
cd "$work" || exit

# Shell commands of the transcript besides `ballast`: plain tools that prepare files.
run_line() {
    local output status
    output=$(eval "$1" 2>&1)
    status=$?
    # Paths of this run, and what no two runs have in common.
    [ -z "$output" ] || printf '%s\n' "$output" | tr -d '\r' |
        sed -e '/^$/d' -e "s|Z:[^ ']*${work##*/}|DIRECTORY|g" -e "s|$work|DIRECTORY|g" \
            -e 's/[0-9.]* [MG]B\/s/RATE/g' -e 's/"seconds":[0-9.e-]*/"seconds":SECONDS/g'
    [ "$status" -eq 0 ] || echo "[exit $status]"
}

# Groups of cases begin with "# title".
expected=
actual=
title=
line_number=0
finish_group() {
    [ -n "$title" ] || return
    if [ "$expected" = "$actual" ]; then
        pass "$title"
    else
        not_pass "$title"
        diff <(printf '%s' "$expected") <(printf '%s' "$actual") | sed 's/^/# /'
    fi
}

: >"$work.new"
while IFS= read -r line || [ -n "$line" ]; do
    line_number=$((line_number + 1))
    case $line in
    "# "*)
        finish_group
        title=${line#\# }
        expected=
        actual=
        printf '%s\n' "$line" >>"$work.new"
        ;;
    "\$ "*)
        output=$(run_line "${line#\$ }")
        expected+=$line$'\n'
        actual+=$line$'\n'
        [ -z "$output" ] || actual+=$output$'\n'
        printf '%s\n' "$line" >>"$work.new"
        [ -z "$output" ] || printf '%s\n' "$output" >>"$work.new"
        ;;
    "")
        printf '\n' >>"$work.new"
        ;;
    *)
        expected+=$line$'\n'
        ;;
    esac
done <"$transcript"
finish_group

if [ "${UPDATE:-0}" = 1 ]; then
    cp "$work.new" "$transcript"
    say "wrote $transcript: read the difference before you commit it"
fi
cd "$root" || exit
rm -rf "$work" "$work.new"
session_end
