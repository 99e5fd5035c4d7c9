#!/bin/bash
# SPDX-License-Identifier: MIT
# Whoever dies in the middle of I/O: the client, the creator of a disk, the driver's process. The rest goes on.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

work=$(mktemp -d "$build/kill.XXXXXX")
session_begin ballastdisk-checked

# The winedevice process that has our driver loaded.
driver_pid() {
    local pid
    for pid in $(session_pids winedevice); do
        if grep -q ballastdisk.sys "/proc/$pid/maps" 2>/dev/null; then
            echo "$pid"
        fi
    done
}

wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

requests_done() { # DISK: whether somebody has used it
    ! ballast disk info "$1" --json | grep -q '"read_requests":0,'
}

nothing_in_flight() { # the query itself is one
    ballast disk info "$1" --json | grep -q '"requests_in_flight":1,'
}

# rates DISK READS WRITES: whether `disk stats` says so of its requests per second; patterns
rates() {
    ballast disk stats "$1" --json | grep -q "\"read_requests_per_second\":$2,.*\"write_requests_per_second\":$3,.*\"queue_depth\":"
}

client_dies() { # DISK: it reads when it is killed
    ballast disk bench "$1" --write --seconds 60 >/dev/null 2>&1 &
    wait_until 20 requests_done "$1" || return 1
    wait_until 20 rates "$1" '[1-9][0-9.e+]*' 0 || return 1
    local victims
    victims=$(session_pids 'ballast.exe disk bench')
    [ -n "$victims" ] || return 1
    # shellcheck disable=SC2086 # one word a process
    kill -9 $victims
    wait_until 20 nothing_in_flight "$1" && wait_until 20 rates "$1" 0 0
}

truncate -s 16M "$work/file.img"
ballast disk create --size 16M >/dev/null
ballast disk create --image "$work/file.img" >/dev/null
check "a client killed in I/O on a RAM disk leaves it usable" client_dies 0
check "a client killed in I/O on a file disk leaves it usable" client_dies 1
check "the RAM disk can be removed afterwards" ballast disk remove 0
check "the file disk can be removed afterwards" ballast disk remove 1

# Loading this takes long enough to be interrupted; if it ends first, the disk must be complete.
truncate -s 4G "$work/large.img"
creator_dies() {
    ballast disk create --image "$work/large.img" --type ram --number 9 >/dev/null 2>&1 &
    wait_until 20 loading || return 1
    local victims
    victims=$(session_pids 'ballast.exe disk create')
    # shellcheck disable=SC2086
    [ -z "$victims" ] || kill -9 $victims
    wait_until 60 not_loading
}
# The load buffer is a block of its own in the driver's account.
loading() { ballast driver status --json | grep -q '"tag":"BdBf","blocks":1'; }
not_loading() { ! loading; }
no_disk_9() { ! ballast disk info 9 >/dev/null 2>&1; }
check "the creation of a disk ends when its creator is killed" creator_dies
check "and leaves no disk" no_disk_9

# Wine's service manager takes no second stop after one that the driver has refused.
bare_stop() {
    local message
    ballast disk create --size 1M --number 7 >/dev/null || return 1
    wine_run sc stop ballastdisk >/dev/null 2>&1
    ballast disk verify 7 >/dev/null || return 1
    message=$(ballast driver stop --force 2>&1)
    [ $? -eq 6 ] || return 1
    echo "$message"
    grep -q 'restart' <<<"$message" && ballast disk verify 7 >/dev/null || return 1 # it would be gone for nothing
    ballast disk remove 7 >/dev/null || return 1
    message=$(ballast driver stop 2>&1)
    [ $? -eq 6 ] || return 1
    echo "$message"
    grep -q 'restart' <<<"$message" && ballast driver status >/dev/null
}
check "after a bare stop that was refused, 'ballast driver stop' says what to do" bare_stop

driver_dies() {
    local pid client
    ballast disk create --size 16M >/dev/null
    ballast disk create --image "$work/file.img" >/dev/null
    ballast disk bench 0 --seconds 60 >/dev/null 2>&1 &
    client=$!
    wait_until 20 requests_done 0 || return 1
    pid=$(driver_pid)
    [ -n "$pid" ] || return 1
    # shellcheck disable=SC2086
    kill -9 $pid
    ! wait "$client" # gets an error, instead of waiting for ever
}
crash_is_reported() { ballast driver status | grep -q '^State: *crashed'; }
clear_error_without_driver() {
    local message
    message=$(ballast disk list 2>&1) && return 1
    grep -q "start it with 'ballast driver start'" <<<"$message"
}
check "when the driver's process is killed, the client's request fails" driver_dies
check "the crash is reported" crash_is_reported
check "commands say what to do" clear_error_without_driver
check "the driver starts again" ballast driver start
check "disks can be created again" ballast disk create --size 16M --letter X:
check "with the drive letter of a lost one" ballast disk info X:
check "and verified" ballast disk verify 0
check "the image is free again" ballast disk create --image "$work/file.img"
ballast disk remove 0 >/dev/null
ballast disk remove 1 >/dev/null
rm -rf "$work"
session_end
