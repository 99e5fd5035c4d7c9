#!/bin/bash
# SPDX-License-Identifier: MIT
# 200 disks at once, and many one after the other. MANY_ROUNDS=64000 takes some minutes; the simulation does that many.
# And 300 that one command removes.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

key='HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\ImDisk\Parameters'

# Disks of 1 MiB, 0 ... 299, which the driver creates when it is started.
three_hundred_go_at_once() {
    local file=$build/many.reg i removed
    {
        printf 'REGEDIT4\r\n\r\n[%s]\r\n"LoadDevices"=dword:0000012c\r\n' "$key"
        for ((i = 0; i < 300; i++)); do
            printf '"Size%d"=hex(b):00,00,10,00,00,00,00,00\r\n' "$i"
        done
    } >"$file"
    ballast driver stop >/dev/null && wine_run reg import "$file" >/dev/null 2>&1 && ballast driver start >/dev/null
    rm -f "$file"
    for ((i = 0; i < 60 && $(ballast disk list --json | grep -o '"number"' | wc -l) != 300; i++)); do
        sleep 1
    done
    removed=$(timeout 60 "$wine" "$bin/ballast.exe" disk remove --all </dev/null | tr -d '\r')
    wine_run reg delete "$key" /f >/dev/null 2>&1
    [ "$removed" = "Removed 300 disks" ] || { echo "$removed" && false; }
}

session_begin
run_program disk-many "${MANY_ROUNDS:-2000}" || failures=1
check "300 disks are removed by one command, in seconds" three_hundred_go_at_once
session_end
