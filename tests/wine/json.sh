#!/bin/bash
# SPDX-License-Identifier: MIT
# What each command prints with --json, results and failures, is as docs/schema says.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

# json EXIT ARGUMENTS...: runs a command and keeps what it prints for the validator.
json() {
    local expected=$1 output status
    shift
    output=$("$wine" "$bin/ballast.exe" "$@" --json </dev/null 2>>notes | tr -d '\r'; exit "${PIPESTATUS[0]}")
    status=$?
    printf '$ %s %s %s\n%s\n' "$expected" "$status" "$*" "$output" >>documents
}

disks() {
    json 2 disk create
    json 2 disk create --no-such-option
    json 0 disk create --size 4M --letter R:
    json 0 disk create --size 720K --read-only
    json 3 disk create --image 'missing ü.img'
    truncate -s 4M image
    json 0 disk create --image image --shared
    json 6 disk create --image image
    json 0 disk list
    json 2 disk list surplus
    json 0 disk info 'R:\'
    json 3 disk info 77
    json 2 disk info nonsense
    json 0 disk stats
    json 0 disk stats 'R:\' 2 --watch 0.05 --count 3
    json 3 disk stats 0 77
    json 2 disk stats --count 3
    json 0 disk resize R:/ 5M
    json 2 disk resize 0 1M
    json 4 disk resize 1 2M
    truncate -s 4M shifted
    json 0 disk create --image shifted --offset 1M --number 9
    json 1 disk resize 9 8M
    json 0 disk remove 9
    json 0 disk copy image 0
    json 3 disk copy missing 0
    json 0 disk verify image 2
    json 0 disk verify image
    printf X | dd of=other bs=1 seek=5M status=none
    json 7 disk verify other image
    json 3 disk verify missing 0
    json 0 disk bench 0 --seconds 0
    json 3 disk bench 77
    json 3 disk remove 0 77 0
    json 0 disk remove --all
    json 2 disk remove
    json 0 disk remove --all
}

images() {
    truncate -s 4M whole cd.iso
    printf '2048,2048,7\n' | sfdisk -q whole >/dev/null 2>&1
    printf '\001CD001\001' | dd of=cd.iso bs=1 seek=32768 conv=notrunc status=none
    printf 'vhdxfile' >container
    truncate -s 1M container
    json 0 image look whole
    json 0 image look cd.iso
    json 0 image look container
    json 3 image look missing
    json 0 image info whole
    json 3 image info missing
    json 0 image partitions whole
    json 2 image partitions container
    json 0 image create base.vhd --size 4M
    json 0 image create child.vhd --parent base.vhd
    json 2 image create other.vhd
    json 0 image convert whole disk.vhd
    json 6 image convert whole disk.vhd
    json 0 image convert disk.vhd fixed.vhd --format vhd-fixed
    json 0 image info child.vhd
    json 0 image info fixed.vhd
    json 0 image check child.vhd
    truncate -s -512 disk.vhd
    json 0 image check disk.vhd
    truncate -s 2K disk.vhd
    json 1 image check disk.vhd
    json 0 image resize fixed.vhd 8M
    json 2 image resize fixed.vhd 1M
}

telemetry() {
    json 0 ai push adapter=0 utilization=43.5% engine=3D temperature=61C
    json 2 ai push adapter=0
    json 3 ai push adapter=77 power=1W
    json 0 ai gpu
    json 0 ai gpu 0 --watch 0.05 --count 3
    json 3 ai gpu 77
    json 2 ai gpu --count 3
    json 0 ai ps
    json 0 ai sched --no-wait
    json 0 ai sched
    json 0 ai pool --watch=0.05 --count=2
    json 0 ai rules
    json 2 ai rules nonsense
    json 0 ai rules test python3.12.exe
    json 3 ai rules test notepad.exe
    json 0 ai status --watch 0.05 --count 2
}

drivers() {
    local command
    json 0 driver status
    json 6 driver install --driver disk
    json 6 driver uninstall
    json 2 driver status --driver nonsense
    json 0 driver stop
    json 2 driver stop --driver nonsense
    json 5 driver status
    json 0 driver uninstall
    json 5 driver status
    json 5 driver start
    for command in ps pool sched status; do
        json 5 ai $command
    done
    json 0 driver install
    json 0 driver start
}

# The one command without JSON, where both drivers are loaded.
top_shows_disks() {
    ballast disk create --size 1M --number 5 >/dev/null || return
    ballast top --once --interval 0.1 | grep -q '^    5 -  *0    0 bytes  *0    0 bytes     0      0' || return
    ballast disk remove 5 >/dev/null
}

no_failure() { ! grep -i error notes; }

session_begin
ballast driver install --driver ai >/dev/null
ballast driver start >/dev/null
work=$(mktemp -d "$build/json.XXXXXX")
cd "$work" || exit
disks
images
telemetry
drivers
/usr/bin/python3 "$root/tests/schema/validate.py" <documents >validated || failures=1
sed -n 's/^ok [0-9]* - /ok - /p; s/^not ok [0-9]* - /not ok - /p; /^#/p' validated
tests_run=$(grep -c '^\(not \)\?ok ' validated)
check "standard error has no failure" no_failure
check "'ballast top' shows the disks" top_shows_disks
cd "$root" || exit
rm -rf "$work"
ballast driver stop --driver ai >/dev/null
ballast driver uninstall --driver ai >/dev/null
session_end
