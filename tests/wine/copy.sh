#!/bin/bash
# SPDX-License-Identifier: MIT
# What `ballast disk copy` and `verify` must not do: write to what they read, replace what a disk uses, leave half of a copy,
# read what holds nothing; and that Ctrl-C ends them; and what is said of an image that cannot be written. Names are those of one file: relative, full, links.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

work=$(mktemp -d "$build/copy.XXXXXX")
windows() { echo "Z:${1//\//\\}"; }

# sums FILE...: what is in these files
sums() { sha256sum "$@" | cut -d' ' -f1; }

# exits STATUS COMMAND...
exits() {
    local expected=$1 status
    shift
    "$@"
    status=$?
    [ "$status" -eq "$expected" ] || {
        echo "exit status $status, not $expected"
        return 1
    }
}

# refused STATUS TARGET COMMAND...: the command ends so, and changes neither the file nor what is beside it
refused() {
    local status=$1 target=$2 before files
    before=$(sums "$target")
    files=$(ls)
    shift 2
    exits "$status" "$@" || return
    [ "$before" = "$(sums "$target")" ] || {
        echo "$target has changed"
        return 1
    }
    [ "$files" = "$(ls)" ] || {
        echo "other files: $(ls)"
        return 1
    }
}

# number OPTION...: creates a disk, and prints its number
number() { ballast disk create --json "$@" 2>/dev/null | tr -d '\r' | sed -n 's/.*"number":\([0-9]*\).*/\1/p'; }
remove() { ballast disk remove "$@" >/dev/null; }

# value DISK KEY: of `disk info`
value() { ballast disk info "$1" --json | tr -d '\r' | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"; }

# reads_little DISK COMMAND...: the command reads at most 2 MiB of the disk
reads_little() {
    local disk=$1 before bytes
    before=$(value "$disk" read_bytes)
    shift
    "$@" || return
    bytes=$(($(value "$disk" read_bytes) - before))
    [ "$bytes" -le 2097152 ] || {
        echo "$bytes bytes were read"
        return 1
    }
}

same_names() {
    head -c 1M /dev/urandom >a.img
    ln a.img hard.img
    ln -s a.img soft.img
    local name
    for name in a.img '.\a.img' ./A.img Z:a.img 'a.img.' 'a.img ' "$(windows "$work")\\A.IMG" "\\\\?\\$(windows "$work")\\a.img" hard.img soft.img; do
        refused 2 a.img ballast disk copy a.img "$name" --force || return
        refused 2 a.img ballast disk copy "$name" a.img --force || return
    done
    rm hard.img soft.img
}

# An image that a disk only reads, and what is written to what reads it.
used_images() {
    local disk nested
    head -c 1M /dev/urandom >b.img
    disk=$(number --image a.img --read-only) || return
    refused 2 a.img ballast disk copy "$disk" a.img --force || return
    refused 6 a.img ballast disk copy b.img '.\a.img' --force || return
    nested=$(number --image "\\\\.\\ImDisk$disk" --read-only) || return
    refused 2 a.img ballast disk copy "$nested" a.img --force || return
    remove "$nested"
    remove "$disk"
    disk=$(number --image a.img) || return
    refused 6 a.img ballast disk copy b.img a.img --force || return
    refused 2 a.img ballast disk copy a.img "$disk" || return
    refused 2 a.img ballast disk copy "$disk" "\\\\.\\ImDisk$disk" --force || return
    remove "$disk"
    ballast disk copy b.img a.img --force >/dev/null && cmp a.img b.img # nobody uses it any more
}

# All that writes a file asks; also in place, which a disk that shares its image lets happen.
commands_spare_used_images() {
    local disk vhd
    ballast image convert b.img used.vhd --format vhd-fixed >/dev/null || return
    cp b.img used.img
    disk=$(number --image used.img --read-only --shared) || return
    vhd=$(number --image used.vhd --read-only) || return
    refused 6 used.img ballast image convert b.img used.img --force || return
    ln used.img hard.img
    refused 6 used.img ballast image convert b.img hard.img --force || return
    rm hard.img
    refused 6 used.img ballast image resize used.img 8M || return
    refused 6 used.vhd ballast image resize used.vhd 8M || return
    ballast image resize used.vhd 8M 2>&1 | grep "it is the image of disk $vhd" || return
    remove "$disk"
    remove "$vhd"
    ballast image resize used.img 8M && ballast image resize used.vhd 8M && ballast image convert b.img used.img --force || return
    rm used.img used.vhd
}

# Two parts of one image are not the same.
parts_of_one_image() {
    local first second
    head -c 4M /dev/urandom >parts.img
    first=$(number --image parts.img --size 1M --shared) || return
    second=$(number --image parts.img --size 1M --offset 2M --shared) || return
    ballast disk copy "$first" "$second" >/dev/null || return
    remove "$first"
    remove "$second"
    cmp <(head -c 1M parts.img) <(tail -c +2097153 parts.img | head -c 1M) && rm parts.img
}

# A source that cannot be read to its end: its image has been cut meanwhile.
failing_source() {
    local disk
    head -c 4M /dev/urandom >cut.img
    disk=$(number --image cut.img --shared) || return
    truncate -s 2M cut.img
    refused 1 b.img ballast disk copy "$disk" b.img --force || return
    refused 1 b.img ballast disk copy "$disk" none.img || return
    remove "$disk"
    rm cut.img
}

write_protected() {
    chmod a-w b.img
    refused 4 b.img ballast disk copy a.img b.img --force || return
    chmod u+w b.img
}

# 2 GiB, of which 1 MiB is in use.
nearly_empty() {
    local disk other
    disk=$(number --size 2G) || return
    ballast disk copy a.img "$disk" >/dev/null || return
    other=$(number --size 2G) || return
    reads_little "$disk" ballast disk copy "$disk" empty.img || return
    [ "$(stat -c %s empty.img)" = 2147483648 ] && [ "$(stat -c %b empty.img)" -le 8192 ] || {
        stat empty.img
        return 1
    }
    cmp <(head -c 1M empty.img) a.img || return
    reads_little "$disk" ballast disk copy "$disk" "$other" || return
    reads_little "$disk" ballast disk verify "$disk" "$other" || return
    [ "$(value "$other" allocated_memory_bytes)" = 1048576 ] || return
    reads_little "$disk" ballast disk verify "$disk" || return
    [ "$(ballast disk verify "$disk" | tr -d '\r' | cut -d' ' -f2)" = "$(sums empty.img)" ] || return
    remove "$disk"
    remove "$other"
    rm empty.img
}

# Where the source holds nothing, the target holds nothing any more; behind its end it is as it was.
old_content() {
    local disk source
    source=$(number --size 2M) || return
    disk=$(number --size 3M) || return
    head -c 3M /dev/urandom >old.img
    ballast disk copy old.img "$disk" >/dev/null || return
    ballast disk copy a.img "$source" >/dev/null || return
    ballast disk copy "$source" "$disk" >/dev/null || return
    ballast disk copy "$disk" back.img >/dev/null || return
    cmp back.img <(cat a.img <(head -c 1M /dev/zero) <(tail -c 1M old.img)) || return
    ballast disk verify "$source" "$disk" >/dev/null || return
    # And a difference where only one of them holds something:
    printf X | dd of=back.img bs=1 seek=1500000 conv=notrunc status=none
    exits 7 ballast disk verify "$source" back.img || return
    remove "$source"
    remove "$disk"
    rm old.img back.img
}

# copy_says WHAT FROM TO: of what was done to the target; nothing if that is a file.
copy_says() {
    local said
    said=$(ballast disk copy "$2" "$3" --force 2>&1 >/dev/null | sed -n 's/^note: .* was //p' | tr -d '\r')
    [ "$said" = "$1" ] || {
        echo "'$3' was $said"
        return 1
    }
}

# By its path a device is written in place, if that is asked for.
devices() {
    local disk
    disk=$(number --size 1M) || return
    exits 6 ballast disk copy a.img "\\\\.\\ImDisk$disk" || return
    copy_says 'locked and written in place' a.img "\\\\.\\ImDisk$disk" || return
    copy_says 'locked and written in place' a.img "\\\\?\\GLOBALROOT\\Device\\ImDisk$disk" || return
    copy_says '' a.img "\\\\.\\$(windows "$PWD/beside.img")" || return
    rm beside.img
    ballast disk verify a.img "\\\\.\\ImDisk$disk" >/dev/null || return
    ballast disk verify "\\\\.\\ImDisk$disk" a.img >/dev/null || return
    remove "$disk"
}

# interrupted SIGNAL STATUS COMMAND...: the program gets the signal when it is under way
interrupted() {
    local signal=$1 expected=$2 job pid i
    shift 2
    wine_run "$bin/ballast.exe" "$@" >interrupted.log 2>&1 &
    job=$!
    for ((i = 0; i < 100; i++)); do
        sleep 0.1
        pid=$(session_pids "ballast\\.exe $1 $2")
        [ -z "$pid" ] || break
    done
    sleep "${INTERRUPT_AFTER:-1}"
    pid=$(session_pids "ballast\\.exe $1 $2" | tail -n 1)
    [ -n "$pid" ] || {
        echo "it had ended: $(cat interrupted.log)"
        return 1
    }
    kill "-$signal" "$pid"
    exits "$expected" wait "$job" || {
        cat interrupted.log
        return 1
    }
}

# Incompressible data that takes a while.
copy_is_interrupted() {
    local before
    head -c 2G /dev/zero | tr '\0' x >big.img
    before=$(sums b.img)
    interrupted INT 8 disk copy big.img b.img --force || return
    grep -q 'the target is as it was' interrupted.log || return
    [ "$before" = "$(sums b.img)" ] && ! ls ./*.partial 2>/dev/null || return
    interrupted INT 8 disk copy big.img none.img || return
    [ ! -e none.img ] && ! ls ./*.partial 2>/dev/null
}

# A device is written in place: it says what that leaves, and can be written again.
copy_in_place_is_interrupted() {
    local disk
    disk=$(number --image place.img --size 2G) || return
    interrupted INT 8 disk copy big.img "$disk" || return
    grep -q 'the target holds a part of the new data, and the rest of the old' interrupted.log || { cat interrupted.log; return 1; }
    cmp <(head -c 1M place.img) <(head -c 1M big.img) || return
    [ "$(tail -c 1M place.img | tr -d '\0' | wc -c)" = 0 ] || return # it was under way
    ballast disk copy a.img "$disk" >/dev/null || return
    remove "$disk"
    cmp <(head -c 1M place.img) a.img && rm place.img
}

# A file system with less room than the copy needs.
full_target() {
    local disk
    head -c 4M /dev/urandom >random.img
    disk=$(number --size 4M) && ballast disk copy random.img "$disk" >/dev/null || return
    head -c 100K /dev/urandom >full/old.img
    ls full >full.before
    sums full/old.img >>full.before
    exits 1 ballast disk copy "$disk" 'full\old.img' --force >full.log 2>&1 || { cat full.log; return 1; }
    grep "cannot write 'full.old.img' at offset [0-9]*: Disk full (error 112)" full.log || { cat full.log; return 1; }
    exits 1 ballast disk copy random.img 'full\new.img' || return
    exits 1 ballast image convert random.img 'full\old.img' --force >full.log 2>&1 || { cat full.log; return 1; }
    grep '(error 112)' full.log || { cat full.log; return 1; }
    diff full.before <(ls full; sums full/old.img) || return
    remove "$disk"
    rm random.img full.log full.before
}

copy_is_killed() {
    local before
    before=$(sums b.img)
    interrupted KILL 137 disk copy big.img b.img --force
    sleep 1
    [ "$before" = "$(sums b.img)" ] && ! ls ./*.partial 2>/dev/null
}

others_are_interrupted() {
    local disk
    interrupted INT 8 disk verify big.img || return
    disk=$(number --size 1M) || return
    interrupted INT 8 disk bench "$disk" --seconds 20 || return
    remove "$disk"
}

loading_is_interrupted() {
    INTERRUPT_AFTER=0.3 interrupted INT 8 disk create --image big.img --type ram || return
    [ "$(ballast disk list --json | tr -d '\r')" = "[]" ]
}

attributes_stay() {
    head -c 1M /dev/urandom >hidden.img
    chmod 600 hidden.img
    wine_run attrib +h hidden.img || return
    ballast disk copy a.img hidden.img --force || return
    wine_run attrib hidden.img | grep ' H ' || { wine_run attrib hidden.img; return 1; }
    [ $((0$(stat -c %a hidden.img) & 7)) = 0 ] || { stat hidden.img; return 1; } # Wine knows only who may do anything
    cmp a.img hidden.img && rm hidden.img
}

# A terminal's Ctrl-C is for both programs.
formatting_is_interrupted() {
    local job pid='' i
    cp "$bin/format-stub.exe" "$WINEPREFIX/drive_c/windows/system32/format.com"
    wine_run "$bin/ballast.exe" disk create --size 1M --format ntfs --label wait >interrupted.log 2>&1 &
    job=$!
    for ((i = 0; i < 300; i++)); do
        sleep 0.1
        grep -q ' waits' interrupted.log && break
    done
    pid=$(session_pids 'format\.com.*wait')
    # shellcheck disable=SC2046,SC2086 # one word a process
    kill -INT $(session_pids 'ballast\.exe disk create') $pid
    exits 8 wait "$job" || { cat interrupted.log; return 1; }
    rm -f "$WINEPREFIX/drive_c/windows/system32/format.com"
    remove --all
    grep 'interrupted; disk [0-9]* stays, and may not be formatted' interrupted.log || { cat interrupted.log; return 1; }
}

# What helps is said, by both tools.
image_is_write_protected() {
    local output
    output=$(ballast disk create --image protected.img 2>&1)
    grep 'write-protected; --read-only' <<<"$output" || return
    output=$(wine_run "$bin/imdisk.exe" -a -f protected.img 2>&1)
    grep 'write-protected; -o ro' <<<"$output" || return
    output=$(ballast disk create --image protected.img --read-only) || return
    ballast disk remove --all
}

session_begin
cd "$work" || exit
run_program identity || failures=1
run_program copy-library || failures=1
check "a file is not copied to itself, whatever its name" same_names
check "what a disk uses is not replaced" used_images
check "no command writes to what a disk uses" commands_spare_used_images
check "parts of one image are copied" parts_of_one_image
check "a copy that fails leaves what was there" failing_source
check "a file that denies writing is not replaced" write_protected
check "who may read it, and its attributes, stay" attributes_stay
check "a nearly empty disk costs what is on it" nearly_empty
check "a copy overwrites all of the old content" old_content
check "devices are written in place" devices
check "Ctrl-C ends a copy and leaves what was there" copy_is_interrupted
check "Ctrl-C ends a copy to a device, and what that leaves is said" copy_in_place_is_interrupted
check "a copy that is killed leaves nothing" copy_is_killed
check "Ctrl-C ends verify and bench" others_are_interrupted
check "Ctrl-C ends loading, and there is no disk" loading_is_interrupted
check "Ctrl-C ends formatting, and the disk stays" formatting_is_interrupted
mkdir full
if mount -t tmpfs -o size=1m full full 2>/dev/null; then
    check "a full target stays what it was" full_target
    umount full
else
    pass "a full target stays what it was # SKIP nothing can be mounted here"
fi
truncate -s 1M protected.img
if chattr +i protected.img 2>/dev/null; then
    check "an image that cannot be written: what helps is said" image_is_write_protected
    chattr -i protected.img
else
    pass "an image that cannot be written: what helps is said # SKIP no file here is protected from root"
fi
cd "$root" || exit
rm -rf "$work"
session_end
