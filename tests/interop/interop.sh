#!/bin/bash
# SPDX-License-Identifier: MIT
# Images made by real tools, read through the driver; and what was written through the driver, judged by these tools.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"
PATH=$PATH:/usr/sbin:/sbin
export MTOOLS_SKIP_CHECK=1

work=$(mktemp -d "$build/interop.XXXXXX")
log=$work/log
original=$work/original
disk=0

for tool in mkfs.vfat fsck.vfat mke2fs e2fsck debugfs mkntfs ntfsfix ntfscp ntfscat genisoimage isoinfo sfdisk mcopy mdir; do
    command -v "$tool" >/dev/null || {
        echo "# $tool is missing"
        rm -rf "$work"
        exit 77
    }
done

# ---- making images ----

make_files() {
    local i
    mkdir "$original"
    for i in 1 511 512 4096 70001 900000; do
        head -c "$i" /dev/urandom >"$original/file$i.bin"
    done
    cp "$root"/*.md "$original"
}

# fat IMAGE KIB OPTION...: with the files
fat() {
    truncate -s "$2K" "$1"
    mkfs.vfat "${@:3}" "$1" && mcopy -i "$1" "$original"/* ::
}

empty_fat() {
    truncate -s "$2K" "$1"
    mkfs.vfat "${@:3}" "$1"
}

ext4() {
    truncate -s 32M "$1"
    mke2fs -q -t ext4 -d "$original" "$1"
}

ntfs() { # IMAGE SECTOR-SIZE
    local file
    truncate -s 16M "$1"
    mkntfs -q -F -Q -s "$2" -p 0 -H 16 -S 63 "$1" || return
    for file in "$original"/*; do
        ntfscp -f "$1" "$file" "$(basename "$file")" || return
    done
}

iso() { genisoimage -quiet -J -r -V BALLAST -o "$1" "$original"; }

# behind OFFSET HEAD-BYTE FILE IMAGE: an image that begins in the middle of a file
behind() {
    head -c "$1" /dev/zero | tr '\0' "$2" >"$4"
    cat "$3" >>"$4"
}

# ---- reading them back ----

files_of_fat() { mcopy -n -i "$1" '::*' "$2"; }
files_of_ext4() { debugfs -R "rdump / \"$2\"" "$1" && rm -rf "$2/lost+found"; }
files_of_ntfs() {
    local file
    for file in "$original"/*; do
        ntfscat -f "$1" "$(basename "$file")" >"$2/$(basename "$file")" || return
    done
}
files_of_iso() {
    local file
    for file in "$original"/*; do
        isoinfo -R -i "$1" -x "/$(basename "$file")" >"$2/$(basename "$file")" || return
    done
}

# same_files KIND IMAGE: what the tools find in the image are the original files
same_files() {
    rm -rf "$work/back"
    mkdir "$work/back"
    "files_of_$1" "$2" "$work/back" && diff -r "$original" "$work/back"
}

clean_fat() { fsck.vfat -n "$1" && mdir -i "$1" ::; }
clean_ext4() { e2fsck -f -n "$1"; }
clean_ntfs() { ntfsfix -n "$1"; }
clean_iso() { isoinfo -d -i "$1"; }

# ---- through the driver ----

create() { # OPTION...: a disk; its number in $disk
    disk=$(ballast disk create --json "$@" | tr -d '\r\n ' | sed -n 's/.*"number":\([0-9]*\).*/\1/p')
    [ -n "$disk" ]
}

remove() { ballast disk remove "$disk" >/dev/null; }

# value KEY: a number or word that the disk reports of itself
value() { ballast disk info "$disk" --json | tr -d '\r\n ' | sed -n "s/.*\"$1\":\"\\?\\([a-z0-9_-]*\\).*/\\1/p"; }

has() { # KEY VALUE
    local found
    found=$(value "$1")
    [ "$found" = "$2" ] || {
        echo "$1 is $found, not $2"
        return 1
    }
}

# through NAME KIND EXPECTED CREATE-OPTION...: all of the disk equals a file, and holds the original files
through() {
    local name=$1 kind=$2 expected=$3
    shift 3
    check "$name: the disk is created" create "$@"
    rm -f "$work/copy"
    check "$name: it is read" ballast disk copy "$disk" "$work/copy"
    check "$name: it is the image" cmp "$work/copy" "$expected"
    check "$name: the tools find the files" same_files "$kind" "$work/copy"
    check "$name: the tools have no complaint" "clean_$kind" "$work/copy"
}

# written NAME KIND FROM EMPTY CREATE-OPTION...: the file system goes to a disk over another content, and is judged
written() {
    local name=$1 kind=$2 from=$3 target=$4
    shift 4
    check "$name: the disk is created" create "$@"
    check "$name: pieces in no order are written and read" wine_run "$bin/disk-scatter.exe" "$disk" "$(winepath_of "$from")" 7
    if [ -n "$target" ]; then
        check "$name: the disk is removed" remove
    else
        target=$work/copy
        rm -f "$target"
        check "$name: it is read" ballast disk copy "$disk" "$target"
        check "$name: the disk is removed" remove
    fi
    check "$name: the image is what was written" cmp "$from" "$target"
    check "$name: the tools find the files" same_files "$kind" "$target"
    check "$name: the tools have no complaint" "clean_$kind" "$target"
}

winepath_of() { echo "Z:${1//\//\\}"; }

partition() { # IMAGE INDEX: "START SIZE" in sectors
    sfdisk -d "$1" | sed -n "s|^$1$2 :.*start= *\([0-9]*\), *size= *\([0-9]*\).*|\1 \2|p"
}

# partitions NAME IMAGE INDEX...: each, with the FAT file system in it, as a disk of its own
partitions() {
    local name=$1 image=$2 index start sectors
    shift 2
    check "$name: the whole image as a disk" create --image "$image" --read-only
    rm -f "$work/copy"
    ballast disk copy "$disk" "$work/copy" >/dev/null
    check "$name: the same partitions are found" eval "diff <(sfdisk -d '$image' | grep start= | sed 's/.*: //') <(sfdisk -d '$work/copy' | grep start= | sed 's/.*: //')"
    check "$name: the table is right" sfdisk -V "$work/copy"
    remove
    for index in "$@"; do
        read -r start sectors < <(partition "$image" "$index")
        through "$name, partition $index" fat "$work/part.img" --image "$image" --offset "$((start * 512))" \
            --size "$((sectors * 512))" --shared
        remove
    done
}

# place IMAGE INDEX: the file system into the partition
place() {
    local start sectors
    read -r start sectors < <(partition "$1" "$2")
    [ "$sectors" = 8192 ] && dd if="$work/part.img" of="$1" bs=512 seek="$start" conv=notrunc status=none
}

make_mbr() {
    truncate -s 40M "$1"
    sfdisk -q "$1" <<'TABLE' && place "$1" 1 && place "$1" 5 && place "$1" 6 && place "$1" 7
label: dos
start=2048, size=8192, type=6
start=12288, size=60000, type=5
start=14336, size=8192, type=6
start=24576, size=8192, type=6
start=34816, size=8192, type=6
TABLE
}

make_gpt() {
    truncate -s 24M "$1"
    sfdisk -q "$1" <<'TABLE' && place "$1" 1 && place "$1" 2
label: gpt
start=2048, size=8192, name=first
start=12288, size=8192, name=second
TABLE
}

# ---- the tests ----

session_begin
{
    make_files
    fat "$work/fat.img" 32768 -F 16 -n BALLAST
    fat "$work/floppy.img" 2880 -F 12
    ext4 "$work/ext4.img"
    ntfs "$work/ntfs.img" 512
    ntfs "$work/ntfs4k.img" 4096
    iso "$work/cd.iso"
    fat "$work/part.img" 4096 -F 12
    make_mbr "$work/mbr.img"
    make_gpt "$work/gpt.img"
    behind 307200 N "$work/cd.iso" "$work/cd.nrg"
    behind 4096 S "$work/fat.img" "$work/fat.sdi"
} >"$log" 2>&1
check "the images are made" ls "$work"/{fat,floppy,ext4,ntfs,ntfs4k,mbr,gpt}.img "$work"/cd.{iso,nrg} "$work/fat.sdi"

through "FAT16" fat "$work/fat.img" --image "$work/fat.img"
check "FAT16: the sector size is the BPB's" has bytes_per_sector 512
remove
through "FAT16 in memory" fat "$work/fat.img" --image "$work/fat.img" --type ram
remove
through "ext4" ext4 "$work/ext4.img" --image "$work/ext4.img" --read-only
remove
through "NTFS" ntfs "$work/ntfs.img" --image "$work/ntfs.img" --buffered
remove
through "NTFS with sectors of 4096" ntfs "$work/ntfs4k.img" --image "$work/ntfs4k.img"
check "NTFS with sectors of 4096: the sector size is the BPB's" has bytes_per_sector 4096
remove
through "ISO 9660" iso "$work/cd.iso" --image "$work/cd.iso"
check "ISO 9660: it is a CD" has device cd
remove
through ".nrg" iso "$work/cd.iso" --image "$work/cd.nrg" --offset 307200
check ".nrg: it is a CD" has device cd
remove
through ".sdi" fat "$work/fat.img" --image "$work/fat.sdi" --offset 4096
remove
truncate -s 1440K "$work/1440.img"
check "1.44M floppy: mformat" mformat -i "$work/1440.img" -f 1440 ::
check "1.44M floppy: the disk is created" create --image "$work/1440.img"
check "1.44M floppy: it is a floppy" has device floppy
check "1.44M floppy: 18 sectors" has sectors_per_track 18
check "1.44M floppy: 2 heads" has tracks_per_cylinder 2
remove
partitions "MBR" "$work/mbr.img" 1 5 6 7
partitions "GPT" "$work/gpt.img" 1 2

empty_fat "$work/target.img" 32768 -F 16 >>"$log" 2>&1
written "FAT16 written" fat "$work/fat.img" "$work/target.img" --image "$work/target.img"
head -c 33554432 /dev/urandom >"$work/target.img"
written "ext4 written over garbage" ext4 "$work/ext4.img" "$work/target.img" --image "$work/target.img"
rm -f "$work/target.img"
written "NTFS written to a new sparse image" ntfs "$work/ntfs.img" "$work/target.img" --image "$work/target.img" \
    --size 16M --sparse
written "ext4 written to memory" ext4 "$work/ext4.img" "" --size 32M
written "1440K of FAT written to memory" fat "$work/floppy.img" "" --size 2880K --device floppy

rm -rf "$work"
session_end
