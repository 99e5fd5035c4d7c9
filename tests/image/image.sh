#!/bin/bash
# SPDX-License-Identifier: MIT
# Images of ballast-image beside what qemu-img and 7zz make of them, both ways. qemu-img takes no notice of a differencing
# disk's parent: 7zz judges those.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/common.sh"
. "$root/tests/harness/tap.sh"

bin=$build/host-clang/bin
image=$bin/ballast-image
work=$(mktemp -d "$build/image.XXXXXX")
cd "$work" || exit
trap 'rm -rf "$work"' EXIT

fails() { # EXIT COMMAND...: with this exit code
    local expected=$1 status
    shift
    "$@"
    status=$?
    [ "$status" -eq "$expected" ] || { echo "exit code $status" && false; }
}

compare() { qemu-img compare -f "$1" -F "$2" "$3" "$4"; }

# Data in some places, the first and the last sector among them.
source_image() { # FILE BYTES
    rm -f "$1"
    truncate -s "$2" "$1"
    head -c 3000000 /dev/urandom | dd of="$1" bs=1M seek=5 conv=notrunc status=none
    head -c 100000 /dev/urandom | dd of="$1" conv=notrunc status=none
    head -c 512 /dev/urandom | dd of="$1" bs=512 seek=$(($2 / 512 - 1)) conv=notrunc status=none
}

beside() { [ -z "$(find . -name '*.partial')" ]; }

both_ways() { # BYTES
    source_image a.raw "$1"
    "$image" convert a.raw dynamic.vhd --force && compare raw vpc a.raw dynamic.vhd &&
        "$image" convert a.raw fixed.vhd --format vhd-fixed --force && compare raw vpc a.raw fixed.vhd &&
        "$image" check dynamic.vhd && "$image" check fixed.vhd || return
    qemu-img convert -f vpc -O raw dynamic.vhd back.raw && cmp back.raw a.raw || return
    for subformat in dynamic fixed; do
        qemu-img convert -f raw -O vpc -o "subformat=$subformat,force_size=on" a.raw qemu.vhd &&
            "$image" check qemu.vhd && "$image" convert qemu.vhd back.raw --force && cmp back.raw a.raw || return
    done
    # With the size rounded up to whole cylinders, as qemu-img does if it is not asked not to.
    qemu-img convert -f raw -O vpc a.raw qemu.vhd && "$image" convert qemu.vhd back.raw --force &&
        compare raw raw back.raw a.raw && "$image" convert dynamic.vhd fixed.vhd --format vhd-fixed --force &&
        "$image" convert fixed.vhd back.raw --force && cmp back.raw a.raw
}

written() { # KIND SEED: written to in two sessions
    source_image a.raw 20971520
    "$image" convert a.raw leaf.vhd --format "$1" --force && "$bin/image_write" leaf.vhd a.raw "$2" &&
        "$bin/image_write" leaf.vhd a.raw "$(($2 + 100))" && "$image" check leaf.vhd && compare raw vpc a.raw leaf.vhd &&
        7zz e -tVHD -so leaf.vhd >back.raw && cmp back.raw a.raw
}

chain() { # SEED
    source_image a.raw 20971520
    "$image" convert a.raw base.vhd --force && "$image" create middle.vhd --parent base.vhd --force &&
        "$bin/image_write" middle.vhd a.raw "$1" && "$image" create leaf.vhd --parent middle.vhd --block-size 512K --force &&
        "$bin/image_write" leaf.vhd a.raw $(($1 + 1)) && "$bin/image_write" leaf.vhd a.raw $(($1 + 2)) || return
    "$image" check leaf.vhd && 7zz e -tVHD -so leaf.vhd >back.raw && cmp back.raw a.raw &&
        "$image" convert leaf.vhd whole.vhd --force && compare raw vpc a.raw whole.vhd
}

resized() {
    source_image a.raw 20971520
    "$image" convert a.raw r.vhd --force && "$image" convert a.raw f.vhd --format vhd-fixed --force || return
    for size in 300000256 900M 7M 33M; do
        "$image" resize r.vhd $size --shrink && "$image" resize f.vhd $size --shrink && truncate -s $size a.raw &&
            compare raw vpc a.raw r.vhd && compare raw vpc a.raw f.vhd && "$image" check r.vhd || return
    done
    fails 2 "$image" resize r.vhd 1M
}

# What fails leaves all as it was.
full_disk() {
    source_image a.raw 20971520
    echo old >kept.vhd
    (ulimit -f 2000 && trap '' XFSZ && fails 1 "$image" convert a.raw kept.vhd --force) && [ "$(cat kept.vhd)" = old ] && beside
}

# A conversion may be done before the signal comes: it is tried until one is interrupted, and has to leave all as it was.
interrupted() {
    local try process status
    source_image a.raw 2000000000
    for ((try = 0; try < 50; try++)); do
        rm -f new.vhd
        "$image" convert a.raw new.vhd --progress 2>/dev/null &
        process=$!
        while beside && kill -0 $process 2>/dev/null; do sleep 0.005; done
        kill -INT $process 2>/dev/null
        wait $process
        status=$?
        beside || return
        case $status in
        0) [ -f new.vhd ] || return ;;
        8) [ ! -e new.vhd ] && return ;;
        *) echo "exit code $status" && return 1 ;;
        esac
    done
    echo "none was interrupted" && return 1
}

parents() {
    mkdir -p images && truncate -s 8M empty.raw
    "$image" convert empty.raw images/base.vhd --force && "$image" create child.vhd --parent images/base.vhd --force &&
        "$image" check child.vhd && mv images/base.vhd base.vhd && "$image" check child.vhd && mkdir -p other &&
        mv base.vhd other/ && fails 3 "$image" check child.vhd && "$image" check child.vhd --parent-dir other || return
    touch -d '2020-01-01' other/base.vhd && "$image" convert empty.raw other/base.vhd --force &&
        fails 1 "$image" check child.vhd --parent-dir other
}

odd_places() {
    truncate -s 8M empty.raw && mkfifo -m 600 pipe && ln -s linked.vhd link.vhd && "$image" convert empty.raw linked.vhd &&
        fails 1 timeout 5 "$image" info pipe && fails 1 "$image" convert empty.raw pipe --force && [ -p pipe ] &&
        fails 2 "$image" convert empty.raw . --force && "$image" convert empty.raw link.vhd --force && [ -L link.vhd ] &&
        fails 2 "$image" create linked.vhd --parent ./linked.vhd --force && "$image" check linked.vhd
}

# By its file's time, though its footer's is the one that the child knows, as when both were made in one second.
changed_parent() {
    source_image a.raw 8388608
    "$image" convert a.raw base.vhd --force || return
    touch -d "@$(($(od -An -tu4 --endian=big -j 24 -N 4 base.vhd) + 946684800))" base.vhd
    "$image" create child.vhd --parent base.vhd --force && "$image" check child.vhd && sleep 2 &&
        "$bin/image_write" base.vhd a.raw 1 || return
    fails 1 "$image" check child.vhd 2>&1 | grep 'the parent has been changed since this disk was made of it' &&
        fails 1 "$image" convert child.vhd whole.vhd --force && "$image" check child.vhd --any-time
}

# A parent's name is the one that leads to it from the child's directory, or there is no child.
names_that_lead() {
    mkdir -p sub && truncate -s 8M empty.raw && "$image" convert empty.raw up.vhd --force &&
        fails 2 "$image" create sub/child.vhd --parent up.vhd && [ ! -e sub/child.vhd ] || return
    "$image" convert empty.raw sub/up.vhd --force && fails 2 "$image" create sub/child.vhd --parent up.vhd &&
        "$image" create sub/child.vhd --parent sub/up.vhd && "$image" check sub/child.vhd &&
        (cd sub && ln -s up.vhd name.vhd && "$image" create linked.vhd --parent name.vhd && "$image" check linked.vhd)
}

# Without its end, nothing says what it was but its name; a raw image is not called so.
truncated_fixed() {
    source_image a.raw 8388608
    "$image" convert a.raw cut.vhd --format vhd-fixed --force || return
    for length in 8388608 8000000 100; do
        truncate -s $length cut.vhd
        fails 1 "$image" check cut.vhd 2>&1 | grep 'neither a footer nor its copy is intact' &&
            fails 1 "$image" convert cut.vhd back.raw --force || return
    done
    "$image" convert a.raw cut.vhd --format vhd-fixed --force && tail -c 512 cut.vhd >footer && truncate -s 8000000 cut.vhd &&
        cat footer >>cut.vhd && fails 1 "$image" check cut.vhd 2>&1 | grep 'the file is shorter than its disk'
}

# Under another name it is raw, and what is left of its footer is said.
renamed_fixed() {
    source_image a.raw 8388608
    "$image" convert a.raw renamed.img --format vhd-fixed --force && "$image" info renamed.img 2>said &&
        [ ! -s said ] && truncate -s -100 renamed.img && "$image" info renamed.img 2>&1 >/dev/null |
        grep "^note: 'renamed.img': .*footer is damaged or cut off" && "$image" convert renamed.img back.raw --force 2>said &&
        grep -q footer said && cmp renamed.img back.raw
}

check "a fixed VHD that was cut, under another name" renamed_fixed
check "disks of 20 MiB" both_ways 20971520
check "disks of an odd number of sectors" both_ways 20972032
check "disks of a gigabyte" both_ways 1073741824
for seed in 1 2 3; do
    check "a dynamic disk that is written, $seed" written vhd $seed
    check "a fixed disk that is written, $seed" written vhd-fixed $seed
    check "a chain of differencing disks, $seed" chain $seed
done
check "other sizes" resized
check "a full disk" full_disk
check "an interrupted conversion" interrupted
check "pipes, directories, links and parents of themselves" odd_places
check "parents elsewhere" parents
check "a parent that was changed" changed_parent
check "parents' names lead to them" names_that_lead
check "a fixed disk that was cut" truncated_fixed
check "an image is not its own target" fails 2 "$image" convert a.raw ./a.raw --force
check "a target that exists" fails 6 "$image" convert a.raw base.vhd
check "no such image" fails 3 "$image" info missing
check "no such format" fails 2 "$image" convert a.raw x.img --format vhdx
check "nothing is left beside" beside
echo "1..$tests_run"
[ "$failures" -eq 0 ]
