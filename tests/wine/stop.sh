#!/bin/bash
# SPDX-License-Identifier: MIT
# Removing disks and stopping drivers when something stands against it: what is refused changes nothing, and no disk is left
# without its image.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

numbers() { ballast disk list --json | tr -d '\r\n ' | grep -o '"number":[0-9]*' | cut -d: -f2 | tr '\n' ' '; }

# is WHAT EXPECTED
is() {
    [ "$1" = "$2" ] || {
        echo "'$1', not '$2'"
        return 1
    }
}

# expect STATUS TEXT COMMAND...: the exit status, and a piece of what it prints
expect() {
    local status=$1 text=$2 output found
    shift 2
    output=$("$@" 2>&1)
    found=$?
    if [ "$found" -ne "$status" ] || ! grep -qF -- "$text" <<<"$output"; then
        echo "exit status $found: $output"
        return 1
    fi
}

# Disks 0 and 3 are in memory; 1 lies on 0, and 2 on 1.
nest() {
    ballast disk create --size 4M &&
        ballast disk create --image '\\.\ImDisk0' &&
        ballast disk create --image '\\.\ImDisk1' &&
        ballast disk create --size 1M
}

outer_is_in_use() {
    nest >/dev/null || return
    expect 6 'disk 0 is in use: the image of disk 1 lies on it' ballast disk remove 0 || return
    expect 6 'disk 1 is in use: the image of disk 2 lies on it' ballast disk remove 1 || return
    expect 2 'the image of disk 2 lies on it' wine_run "$bin/imdisk.exe" -d -u 1 || return
    is "$(numbers)" '0 1 2 3 ' || return
    ballast disk verify 2
}

force_takes_inner_first() {
    is "$(ballast disk remove 1 --force --json | tr -d '\r')" '{"removed":[2,1]}' || return
    is "$(numbers)" '0 3 ' || return
    ballast disk create --image '\\.\ImDisk0' || return
    expect 0 'Done.' wine_run "$bin/imdisk.exe" -D -u 0 || return
    is "$(numbers)" '3 ' || return
    ballast disk remove 3
}

named_and_all() {
    nest >/dev/null || return
    is "$(ballast disk remove 0 1 2 --json | tr -d '\r')" '{"removed":[2,1,0]}' || return
    ballast disk remove 3 || return
    nest >/dev/null || return
    is "$(ballast disk remove --all --json | tr -d '\r')" '{"removed":[2,1,0,3]}' || return
    is "$(numbers)" ''
}

stop_takes_all() {
    nest >/dev/null || return
    expect 6 'there are still 4 disks' ballast driver stop || return
    is "$(numbers)" '0 1 2 3 ' || return
    expect 0 'The disk driver is stopped.' ballast driver stop --force || return
    ballast driver start || return
    is "$(numbers)" ''
}

wait_until() { # COMMAND...
    local i
    for ((i = 0; i < 200; i++)); do
        "$@" && return
        sleep 0.1
    done
    return 1
}

# Two processes: who asks has it open, too.
watched() { [ "$(ballast ai pool --owners --json | tr -d '\r' | grep -o '"process_id":[0-9]*' | sort -u | wc -l)" -ge 2 ]; }

open_ai() {
    local output status
    ballast disk create --size 1M || return
    "$wine" "$bin/ballast.exe" ai status --watch 1 --count 600 </dev/null >/dev/null 2>&1 &
    wait_until watched || return
    output=$(ballast driver stop --force 2>&1)
    status=$?
    echo "$output"
    is "$status" 6 || return
    grep -q 'cannot stop the AI driver: it is open in ballast.exe (process [0-9]*)' <<<"$output" || return
    is "$(numbers)" '0 ' || return
    ballast disk verify 0 || return
    ballast driver status || return
    # shellcheck disable=SC2046 # one word a process
    kill -9 $(session_pids 'ballast.exe ai status')
    wait
    expect 0 'The AI driver is stopped.' ballast driver stop --force
}

session_begin
check "the outer disk is in use, and nothing is removed" outer_is_in_use
check "by force the inner disks go first" force_takes_inner_first
check "of several disks the inner ones go first" named_and_all
check "the driver takes them all along, or none" stop_takes_all
ballast driver install --driver ai --file "$bin/ballastai.sys" >/dev/null && ballast driver start --driver ai >/dev/null
run_program stop-library || failures=1
check "an AI driver that is open: no disk goes" open_ai
ballast driver uninstall --driver ai >/dev/null
ballast driver start >/dev/null
session_end
