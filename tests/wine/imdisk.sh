#!/bin/bash
# SPDX-License-Identifier: MIT
# Golden test of ImDisk's command line: what `imdisk` prints and its exit codes are as imdisk.transcript says. `ballast` and
# plain tools prepare images and look at what became of them.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"
. "$root/tests/wine/transcript.sh"

# Both outputs through one pipe, so that the transcript has them in order.
imdisk() {
    "$wine" "$bin/imdisk.exe" "$@" </dev/null 2>&1 | tr -d '\r'
    return "${PIPESTATUS[0]}"
}

# What a script catches: standard output alone.
imdisk_output() {
    "$wine" "$bin/imdisk.exe" "$@" </dev/null 2>/dev/null | tr -d '\r'
    return "${PIPESTATUS[0]}"
}

# The last line alone.
last() {
    imdisk "$@" | tail -n 1
    return "${PIPESTATUS[0]}"
}

# Removes a disk, quietly unless that fails.
remove() {
    local output
    output=$(imdisk -d -u "$1") || echo "$output"
}

system32=$build/wine/test/drive_c/windows/system32
parameters='HKLM\SYSTEM\CurrentControlSet\Services\ImDisk\Parameters'

# The registry values of disks at boot, as text.
saved_disks() {
    "$wine" reg export "$parameters" saved.reg /y </dev/null >/dev/null 2>&1
    iconv -f UTF-16 -t UTF-8 saved.reg | tr -d '\r' | grep '^"' | LC_ALL=C sort
    rm -f saved.reg
}

le32() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"; }

# table FILE SECTOR [TYPE START COUNT]...: a partition table in a sector of an image.
table() {
    local file=$1 sector=$2 at
    shift 2
    at=$((sector * 512 + 446))
    while [ $# -ne 0 ]; do
        { printf '\0\0\0\0' && printf '%b\0\0\0' "\\x$1" && le32 "$2" && le32 "$3"; } |
            dd of="$file" bs=1 seek=$at conv=notrunc status=none
        at=$((at + 16))
        shift 3
    done
    printf '\x55\xaa' | dd of="$file" bs=1 seek=$((sector * 512 + 510)) conv=notrunc status=none
}

mark() { printf '%s' "$3" | dd of="$1" bs=512 seek="$2" conv=notrunc status=none; } # FILE SECTOR TEXT

# A partitioned image of 8 MiB: two primary partitions, a container with a logical one, and one that is too long.
partitioned() { # FILE
    truncate -s 8M "$1"
    table "$1" 0 06 64 2048 0f 4096 4096 83 2112 1024 83 8192 999999
    table "$1" 4096 0b 63 2048
    mark "$1" 64 'first partition'
    mark "$1" 4159 'logical partition'
    mark "$1" 2112 'third partition'
}

# The text that a disk begins with.
begins() {
    ballast disk copy "$1" begin.tmp --force >/dev/null && head -c 24 begin.tmp | tr -d '\0' && echo
    rm -f begin.tmp
}

install_driver() {
    ballast driver stop --driver disk --force >/dev/null && ballast driver install --driver disk --file "$bin/$1.sys" >/dev/null
}

session_begin
rm -f "$system32/format.com"
"$wine" reg delete "$parameters" /f </dev/null >/dev/null 2>&1
work=$(mktemp -d "$build/imdisk.XXXXXX")
cd "$work" || exit
mapfile -t masks < <(directory_masks "$work")
# It prints in the console's code page: a path beyond ASCII is recognised by its end.
run_transcript "$root/tests/wine/imdisk.transcript" "${masks[@]}" "s|Z:[^']*\\\\${work##*/}|DIRECTORY|g" \
    's/[0-9.]* [MG]B\/s/RATE/g' 's/"seconds":[0-9.e-]*/"seconds":SECONDS/g'
cd "$root" || exit
rm -rf "$work"
rm -f "$system32/format.com"
session_end
