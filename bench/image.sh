#!/bin/bash
# SPDX-License-Identifier: MIT
# How long converting a half-empty raw image of 4 GiB to a dynamic VHD takes, beside qemu-img: image.sh ROUNDS [NAME...].
# qemu-img leaves what it has written in memory; with "-t writeback" it flushes it in the end, as ballast-image always does.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/common.sh"
rounds=$1
shift
mebibytes=4096
[ "$rounds" -gt 3 ] || mebibytes=256 # a short run
[ "$rounds" -lt 5 ] || rounds=5

work=$(mktemp -d "$build/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
truncate -s "${mebibytes}M" source.raw
for ((i = 0; i < mebibytes; i += 64)); do
    head -c 32M /dev/urandom | dd of=source.raw bs=1M seek=$i conv=notrunc status=none
done
sync source.raw

microseconds() { # COMMAND...: how long it takes
    local begin=${EPOCHREALTIME/./}
    "$@" >/dev/null || return
    echo $((${EPOCHREALTIME/./} - begin))
}

ours() { microseconds "$build/host-release/bin/ballast-image" convert source.raw ours.vhd --force; }
qemu() { microseconds qemu-img convert "$@" -f raw -O vpc source.raw qemu.vhd; }

row() { # NAME BASELINE OPTION...
    local name=$1 baseline=$2 i
    shift 2
    for ((i = 0; i < rounds; i++)); do
        echo "$(qemu "$@") $(ours)"
        rm -f ./*.vhd
    done | awk -v name="$name" -v baseline="$baseline" '
        function median(values, count) {
            for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++) if (values[j] < values[i]) {
                t = values[i]; values[i] = values[j]; values[j] = t
            }
            return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
        }
        NF == 2 { n++; ratios[n] = $1 / $2; times[n] = $2 }
        END {
            ratio = median(ratios, n)
            printf "{\"bench\":\"%s\",\"baseline\":\"%s\",\"ratio\":%.3f,\"better\":\"higher\",\"target\":1.50,\"pass\":%s,\"median_us\":%.3f,\"rounds\":%d}\n",
                name, baseline, ratio, (ratio >= 1.5 ? "true" : "false"), median(times, n), n
        }'
}

selected() { # NAME: as bench/run takes it
    local word
    [ ${#names[@]} -eq 0 ] && return 0
    for word in "${names[@]}"; do
        case $1 in "$word"*) return 0 ;; esac
    done
    return 1
}
names=("$@")
! selected image.convert || row image.convert qemu-img
! selected image.convert.flushed || row image.convert.flushed "qemu-img, flushed" -t writeback
