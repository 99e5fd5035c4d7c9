#!/bin/bash
# SPDX-License-Identifier: MIT
# What ./run shows: the drivers, really loaded, doing their main job on real data. Any failure ends it with an error.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
. "$root/tools/common.sh"

bin=$build/mingw-x64/bin
work=$(mktemp -d "$build/demo.XXXXXX")
exec 8>"$build/demo.lock"
flock 8 # one demo of a clone at a time

cleanup() {
    local status=$?
    wine_end
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || step() { printf '\n%s\n' "$*"; }

ballast() { wine_run "$bin/ballast.exe" "$@"; }

# value KEY: a number from the JSON on standard input
value() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }

step "A FAT16 image with files, made by mtools"
image=$work/files.img
mkdir "$work/original" "$work/back"
head -c 24000000 /dev/urandom >"$work/original/weights.bin"
find "$root" -maxdepth 1 -type f -name '*.md' -exec cp {} "$work/original/" \;
find "$root/src/core" -name '*.c' -exec cp {} "$work/original/" \;
truncate -s 64M "$image"
mformat -i "$image" -T 131072 -h 16 -s 63 -v BALLAST ::
mcopy -i "$image" "$work/original/"* ::
echo "$(find "$work/original" -type f | wc -l) files, $(du -sb "$work/original" | cut -f1) bytes"

step "The drivers: installed and started through the service manager"
wine_session "$build/wine/demo"
ballast driver install
ballast driver start
ballast driver status

step "The image as a file disk"
ballast disk create --image "$image" --letter X:
ballast disk list

step "All files read back through the driver"
ballast disk copy X: "$work/through-file-disk.img" --progress
mcopy -n -i "$work/through-file-disk.img" '::*' "$work/back/"
(cd "$work/original" && sha256sum -- *) >"$work/sums"
(cd "$work/back" && sha256sum --quiet -c "$work/sums")
echo "SHA-256 of all $(wc -l <"$work/sums") files equal to the originals"

step "A RAM disk, the image copied into it"
ballast disk create --size 64M --type ram
ballast disk copy "$image" 1 --progress
ballast disk verify "$image" 1

step "Grown, and its statistics"
ballast disk resize 1 +64M
ballast disk info 1
allocated=$(ballast disk info 1 --json | value allocated_memory_bytes)
echo "128 MiB of disk take $((allocated >> 20)) MiB of memory: what is zero costs nothing"

step "Speed, as a program in Wine sees it"
ballast disk bench 1

step "Two AI processes; one holds 10 MiB of pinned memory"
# The system that the driver runs in is Wine's, so these are Windows programs, found by their name as Python would be.
cp "$bin/ai-pool.exe" "$work/python.exe"
cp "$bin/ai-behaviour.exe" "$work/pytorch-worker.exe"
wine_run "$work/python.exe" hold $((10 << 20)) >/dev/null 2>&1 &
wine_run "$work/pytorch-worker.exe" --asleep >/dev/null 2>&1 &
for _ in $(seq 100); do
    [ "$(ballast ai pool --json | value used_bytes)" != $((10 << 20)) ] || break
    sleep 0.1
done
ballast ai ps
ballast ai pool

step "GPUs: what the registry knows, then a sample as a collector pushes it"
ballast ai gpu
gpu=$(ballast ai gpu --json | value index)
if [ -n "$gpu" ]; then
    ballast ai push "adapter=$gpu" utilization=43.5% engine=Compute temperature=61C power=210W dedicated-used=4GiB \
        dedicated-total=24GiB
    ballast ai gpu
fi

step "Scheduler, measured"
ballast ai sched

step "All of it: ballast top"
ballast top --once

step "The process with the pinned memory is killed"
pkill -9 -f "$(basename "$work").python.exe" # one character between: / or its opposite
for _ in $(seq 100); do
    [ "$(ballast ai pool --json | value used_bytes)" != 0 ] || break
    sleep 0.1
done
ballast ai pool

step "Removed, and the drivers unloaded"
ballast disk remove X:
ballast disk remove 1
ballast disk list
ballast driver stop
ballast driver uninstall
for driver in ballastdisk ballastai; do
    grep -o "$driver: unloaded.*" "$WINEPREFIX/session.log" | tail -n 1
    grep -q "$driver: unloaded, 0 blocks left" "$WINEPREFIX/session.log" || die "$driver did not free all its memory"
done
