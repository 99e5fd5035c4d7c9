#!/bin/bash
# SPDX-License-Identifier: MIT
# Disks that the registry asks for, created when the driver is started.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

key='HKLM\SYSTEM\CurrentControlSet\Services\ImDisk\Parameters'
image=$build/wine/boot.img

set_value() { wine_run reg add "$key" /v "$1" /t "$2" /d "$3" /f >/dev/null; }

# list: "number size flags" of each disk, lowest number first
list() {
    ballast disk list --json | tr -d '\r\n ' | grep -o '"number":[0-9]*\|"size_bytes":[0-9]*' | cut -d: -f2 | paste -d' ' - - | sort -n
}

restart() {
    ballast driver stop --force >/dev/null && ballast driver start >/dev/null && sleep 1
}

expect() { # COMMAND OUTPUT...
    local output
    output=$($1)
    [ "$output" = "$2" ] || {
        printf 'expected:\n%s\nfound:\n%s\n' "$2" "$output"
        return 1
    }
}

starts() { ballast driver start >/dev/null 2>&1; }
does_not_start() { ! starts; }
read_only() { ballast disk info 1 --json | grep -q '"read_only": *true'; }

session_begin
wine_run reg delete "$key" /f >/dev/null 2>&1
head -c 2097152 /dev/urandom >"$image"
set_value LoadDevices REG_DWORD 5
set_value Size0 REG_QWORD 16777216
set_value DriveLetter0 REG_SZ R
set_value FileName1 REG_SZ "\\??\\unix$image"
set_value Flags1 REG_DWORD 1
set_value FileName3 REG_SZ "\\??\\unix$image"
set_value Flags3 REG_DWORD 513 # read-only, in memory
set_value ImageOffset3 REG_BINARY 0002000000000000
set_value FileName4 REG_SZ '\??\C:\there is none'
check "the driver starts with all of it" restart
check "what can be created has been" expect list "0 16777216
1 2097152
3 2096640"
check "the flags are the registry's" read_only
set_value LoadDevices REG_DWORD 1
check "as many as it says" restart
check "and no more" expect list "0 16777216"
set_value MaxDevices REG_SZ many
ballast driver stop --force >/dev/null
check "wrong parameters keep it from starting" does_not_start
wine_run reg delete "$key" /f >/dev/null 2>&1
check "without them it starts" starts
check "without disks" expect list ""
rm -f "$image"
session_end
