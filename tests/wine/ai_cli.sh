#!/bin/bash
# SPDX-License-Identifier: MIT
# Golden test of the AI commands: each "$ command" of ai_cli.transcript, with a process that is called python.exe.
# `UPDATE=1 tests/wine/ai_cli.sh` writes the transcript anew.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"
. "$root/tests/wine/transcript.sh"

work=$(mktemp -d "$build/ai-cli.XXXXXX")

# Numbers that no two runs have in common.
numbers() { sed -E 's/[0-9]+(\.[0-9]+)?/N/g; s/N (ns|us|ms|s)\b/N TIME/g; s/N ([KMG]iB|bytes)/N BYTES/g' | tr -s ' '; }
ages() { sed -E 's/"age_ms":[0-9]+/"age_ms":AGE/; s/[0-9]+ [a-z]+ ago/AGE ago/'; }

# Values of JSON, by name: fields NAME...
fields() {
    local name input
    input=$(cat)
    for name in "$@"; do
        grep -o "\"$name\":\({[^}]*}\|\"[^\"]*\"\|[^,}]*\)" <<<"$input" | head -n 1
    done
}

# Standard input reaches the program; wine_run gives it none.
feed() { "$wine" "$bin/ballast.exe" "$@" 2>&1 | cat; return "${PIPESTATUS[0]}"; }

rules_in_registry() { "$wine" reg add 'HKLM\System\CurrentControlSet\Services\ballastai\Parameters' /v Rules \
    /t REG_MULTI_SZ /d "$1" /f </dev/null >/dev/null 2>&1; }
no_rules_in_registry() { "$wine" reg delete 'HKLM\System\CurrentControlSet\Services\ballastai\Parameters' /v Rules \
    /f </dev/null >/dev/null 2>&1; }

start_python() {
    cp "$bin/ballast.exe" "$work/python.exe"
    "$wine" "$work/python.exe" ai status --watch 60 </dev/null >/dev/null 2>&1 &
    for ((i = 0; i < 100; i++)); do
        ballast ai ps --fresh | grep -q python.exe && return
        sleep 0.1
    done
    return 1
}

session_begin ballastai
cd "$work" || exit
run_transcript "$root/tests/wine/ai_cli.transcript"
cd "$root" || exit
# Nobody may have the driver open when it is to stop. It was started in a subshell.
# shellcheck disable=SC2046 # one word a process
kill -9 $(session_pids 'python.exe ai status') 2>/dev/null
rm -rf "$work"
session_end
