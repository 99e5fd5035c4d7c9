#!/bin/bash
# SPDX-License-Identifier: MIT
# The look at images that real tools have made, and at damaged partition tables beside what sfdisk makes of them.
# look.sh [SECONDS]: compares tables for that long, instead of a fixed number of them.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/common.sh"
PATH=$PATH:/usr/sbin:/sbin
export MTOOLS_SKIP_CHECK=1

bin=$build/host-clang/bin
tests_run=0
failures=0
work=$(mktemp -d "$build/look.XXXXXX")
cd "$work" || exit

# looks FILE LINE...: what the look says, without leading blanks
looks() {
    local file=$1 found expected
    shift
    found=$("$bin/look_file" "$file" 2>&1 | sed 's/^ *//')
    expected=$(printf '%s\n' "$@")
    tests_run=$((tests_run + 1))
    if [ "$found" = "$expected" ]; then
        echo "ok $tests_run - $file"
    else
        failures=$((failures + 1))
        diff <(printf '%s\n' "$expected") <(printf '%s\n' "$found") | sed 's/^/# /'
        echo "not ok $tests_run - $file"
    fi
}

fat() { # FILE KIB OPTION...
    truncate -s "$2K" "$1" && mkfs.vfat "${@:3}" "$1"
}

floppy() { # FILE TRACKS HEADS SECTORS [OPTION...]
    mformat -C -i "$1" -t "$2" -h "$3" -s "$4" "${@:5}" ::
}

mbr() { # FILE: two primary partitions and two logical ones, with a file system in three of them
    truncate -s 32M "$1"
    sfdisk -q "$1" <<'TABLE'
label: dos
start=2048, size=8192, type=6, bootable
start=12288, size=30000, type=f
start=43008, size=4096, type=83
start=14336, size=8192, type=b
start=24576, size=8192, type=83
TABLE
    mkfs.vfat --offset 2048 "$1" 4096
    mkfs.vfat --offset 14336 "$1" 4096
    truncate -s 4M part.img && mke2fs -q -t ext4 part.img
    dd if=part.img of="$1" bs=512 seek=24576 conv=notrunc status=none
}

zero() { # FILE SECTOR
    dd if=/dev/zero of="$1" bs=512 count=1 seek="$2" conv=notrunc status=none
}

gpt() { # FILE
    truncate -s 16M "$1"
    printf '%s\n' 'label: gpt' 'start=2048, size=8192, type=U' 'start=12288, size=4096, type=L' | sfdisk -q "$1"
    mkfs.vfat --offset 2048 "$1" 4096
}

make_images() {
    mkdir files
    seq 10000 >files/numbers.txt
    fat fat16.img 16384 -F 16
    truncate -s 8M blank.img
    qemu-img create -q -f vpc dynamic.vhd 8M
    qemu-img create -q -f vpc -o subformat=fixed,force_size=on fixed.vhd 8M
    cp fixed.vhd renamed.img
    cp fixed.vhd cut.vhd && truncate -s -512 cut.vhd
    cp fixed.vhd cut.img && truncate -s -1 cut.img
    (head -c 4M fixed.vhd && tail -c 512 fixed.vhd) >shorter.img
    qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on fat16.img fat-fixed.vhd
    qemu-img create -q -f vhdx disk.vhdx 8M
    cp disk.vhdx disguised.img
    qemu-img create -q -f vmdk disk.vmdk 8M
    qemu-img create -q -f vmdk -o subformat=streamOptimized stream.vmdk 8M
    qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 8M
    qemu-img create -q -f vdi disk.vdi 8M
    qemu-img create -q -f qcow2 disk.qcow2 8M
    qemu-img create -q -f qcow disk.qcow 8M
    qemu-img create -q -f qed disk.qed 8M
    qemu-img create -q -f parallels disk.hdd 8M
    ewfacquire -u -q -t evidence fat16.img
    genisoimage -quiet -o cd.iso files
    cp cd.iso cd.img
    (head -c 307200 /dev/zero && cat cd.iso) >cd.nrg
    (head -c 4096 /dev/zero && cat fat16.img) >fat.sdi
    cp fat16.img fat.iso
    cp cd.iso hybrid.iso && echo 'start=64, size=400, type=17' | sfdisk -q --label dos hybrid.iso
    truncate -s 8M dvd.udf && mkudffs -b 2048 dvd.udf
    truncate -s 8M stick.udf && mkudffs -b 512 --media-type=hd stick.udf
    gzip -k fat16.img && cp fat16.img.gz gzip.img
    xz -k -0 -T1 fat16.img && zstd -q fat16.img && bzip2 -k fat16.img && tar cf fat16.tar fat16.img
    floppy f1440.img 80 2 18
    floppy f1476.img 82 2 18
    floppy f1494.img 83 2 18
    floppy f1680.img 80 2 21
    floppy f1743.img 83 2 21
    floppy f1200.img 80 2 15
    floppy f720.img 80 2 9
    floppy f830.st 83 2 10
    floppy pc98.img 77 2 8 -S 3
    truncate -s 16M ntfs.img && mkntfs -q -F -Q -s 512 -p 0 -H 16 -S 63 ntfs.img
    truncate -s 8M ext4.img && mke2fs -q -t ext4 ext4.img
    truncate -s 8M swap.img && mkswap swap.img
    mbr mbr.img
    cp mbr.img truncated.img && truncate -s 10M truncated.img
    cp mbr.img container.img && truncate -s 6M container.img
    gpt gpt.img
    cp gpt.img gpt-short.img && truncate -s 12M gpt-short.img
    cp gpt.img gpt-second.img && printf X | dd of=gpt-second.img bs=1 seek=530 conv=notrunc status=none
    cp gpt.img gpt-headless.img && zero gpt-headless.img 0
    cp gpt-headless.img gpt-last.img && zero gpt-last.img 1
    cp gpt-second.img gpt-lost.img && printf X | dd of=gpt-lost.img bs=1 seek=16776722 conv=notrunc status=none
    cp gpt-lost.img gpt-nothing.img && zero gpt-nothing.img 0
    cp gpt.img gpt-older.img && truncate -s 15M part.img && mke2fs -q -t ext4 part.img
    dd if=part.img of=gpt-older.img conv=notrunc status=none
    truncate -s 32M gpt4k.img
    printf '%s\n' g n 1 256 1279 n 2 2048 4095 w | fdisk --sector-size 4096 gpt4k.img
}
make_images >make.log 2>&1

looks blank.img "raw 0+8388608 hd 512/63/4 rw unknown - guess"
looks fat16.img "raw 0+16777216 hd 512/32/2 rw fat - sure"
looks dynamic.vhd "vhd refused"
size=$(stat -c %s fixed.vhd)
looks fixed.vhd "vhd_fixed 0+$((size - 512)) hd 512/63/4 rw unknown - sure"
looks renamed.img "vhd_fixed 0+$((size - 512)) hd 512/63/4 rw unknown - sure"
no_footer="this is a VHD by its name or its end, but its footer is damaged or cut off; it is taken for a raw image"
looks cut.vhd "raw 0+$((size - 512)) hd 512/63/4 rw unknown - guess" "0 @$((size - 1024)): $no_footer"
looks cut.img "raw 0+$((size - 1)) hd 512/63/4 rw unknown - guess" "0 @$((size - 512)): $no_footer"
looks shorter.img "raw 0+$(((4 << 20) + 512)) hd 512/63/2 rw unknown - guess" "0 @$((4 << 20)): $no_footer"
looks fat-fixed.vhd "vhd_fixed 0+16777216 hd 512/32/2 rw fat - sure"
looks disk.vhdx "vhdx refused"
looks disguised.img "vhdx refused"
looks disk.vmdk "vmdk refused"
looks stream.vmdk "vmdk refused"
looks flat.vmdk "vmdk refused"
looks flat-flat.vmdk "raw 0+8388608 hd 512/63/4 rw unknown - guess"
looks disk.vdi "vdi refused"
looks disk.qcow2 "qcow refused"
looks disk.qcow "qcow refused"
looks disk.qed "qcow refused"
looks disk.hdd "parallels refused"
looks evidence.E01 "ewf refused"
iso=$(stat -c %s cd.iso)
looks cd.iso "raw 0+$iso cd 2048/$([ $((iso / 2048 % 32)) = 0 ] && echo 32 || echo 1)/1 ro iso9660 - sure"
looks cd.img "raw 0+$iso cd 2048/$([ $((iso / 2048 % 32)) = 0 ] && echo 32 || echo 1)/1 ro iso9660 - sure"
looks cd.nrg "nrg 307200+$iso cd 2048/$([ $((iso / 2048 % 32)) = 0 ] && echo 32 || echo 1)/1 ro iso9660 - sure"
looks hybrid.iso "raw 0+$iso cd 2048/$([ $((iso / 2048 % 32)) = 0 ] && echo 32 || echo 1)/1 ro iso9660 mbr sure" \
    "1: 32768+204800 17 unknown"
looks fat.sdi "sdi 4096+16777216 hd 512/32/2 rw fat - sure"
looks fat.iso "raw 0+16777216 hd 512/32/2 rw fat - sure"
looks dvd.udf "raw 0+8388608 cd 2048/32/64 ro udf - sure"
looks stick.udf "raw 0+8388608 hd 512/63/4 rw unknown - guess"
looks gzip.img "compressed refused"
looks fat16.img.xz "compressed refused"
looks fat16.img.zst "compressed refused"
looks fat16.img.bz2 "compressed refused"
looks fat16.tar "archive refused"
looks f1440.img "raw 0+1474560 floppy 512/18/2 rw fat - sure"
looks f1476.img "raw 0+1511424 floppy 512/18/2 rw fat - sure"
looks f1494.img "raw 0+1529856 floppy 512/18/2 rw fat - sure"
looks f1680.img "raw 0+1720320 floppy 512/21/2 rw fat - sure"
looks f1743.img "raw 0+1784832 floppy 512/21/2 rw fat - sure"
looks f1200.img "raw 0+1228800 floppy 512/15/2 rw fat - sure"
looks f720.img "raw 0+737280 floppy 512/9/2 rw fat - sure"
looks f830.st "raw 0+849920 floppy 512/10/2 rw fat - sure"
looks pc98.img "raw 0+1261568 floppy 1024/8/2 rw fat - sure"
looks ntfs.img "raw 0+16777216 hd 512/63/16 rw ntfs - sure"
looks ext4.img "raw 0+8388608 hd 512/63/4 rw ext - sure"
looks swap.img "raw 0+8388608 hd 512/63/4 rw swap - sure"
looks mbr.img "raw 0+33554432 hd 512/63/16 rw unknown mbr sure" "1: 1048576+4194304 06 fat" \
    "2: 7340032+4194304 0b fat" "3: 12582912+4194304 83 ext" "4: 22020096+2097152 83 unknown"
looks truncated.img "raw 0+10485760 hd 512/63/4 ro unknown mbr likely" "1: 1048576+4194304 06 fat" \
    "2: 7340032+4194304 0b unknown damaged" "3: 22020096+2097152 83 unknown damaged" \
    "2 @7340032: a partition reaches beyond the end of the image, which is truncated" \
    "0 @11534336: the extended partition is damaged: a boot record of it lies beyond the end or cannot be read" \
    "3 @22020096: a partition reaches beyond the end of the image, which is truncated"
looks container.img "raw 0+6291456 hd 512/63/2 ro unknown mbr likely" "1: 1048576+4194304 06 fat" \
    "2: 22020096+2097152 83 unknown damaged" \
    "0 @6291456: the extended partition is damaged: a boot record of it lies beyond the end or cannot be read" \
    "2 @22020096: a partition reaches beyond the end of the image, which is truncated"
looks gpt.img "raw 0+16777216 hd 512/63/8 rw unknown gpt sure" "1: 1048576+4194304 ef fat" \
    "2: 6291456+2097152 83 unknown"
looks gpt-short.img "raw 0+12582912 hd 512/63/4 ro unknown gpt likely" "1: 1048576+4194304 ef fat" \
    "2: 6291456+2097152 83 unknown" \
    "0 @16776704: one of the two copies of the GUID partition table is damaged or unreadable"
looks gpt-second.img "raw 0+16777216 hd 512/63/8 ro unknown gpt likely" "1: 1048576+4194304 ef fat" \
    "2: 6291456+2097152 83 unknown" \
    "0 @512: one of the two copies of the GUID partition table is damaged or unreadable"
looks gpt-headless.img "raw 0+16777216 hd 512/63/8 ro unknown gpt likely" "1: 1048576+4194304 ef fat" \
    "2: 6291456+2097152 83 unknown" \
    "0 @0: there is a GUID partition table, but no MBR that protects it"
looks gpt-last.img "raw 0+16777216 hd 512/63/8 ro unknown gpt likely" "1: 1048576+4194304 ef fat" \
    "2: 6291456+2097152 83 unknown" \
    "0 @512: one of the two copies of the GUID partition table is damaged or unreadable" \
    "0 @0: there is a GUID partition table, but no MBR that protects it"
looks gpt-lost.img "raw 0+16777216 hd 512/63/8 ro unknown gpt likely" \
    "0 @512: both copies of the GUID partition table are damaged or unreadable"
looks gpt-nothing.img "raw 0+16777216 hd 512/63/8 ro unknown gpt likely" \
    "0 @512: both copies of the GUID partition table are damaged or unreadable" \
    "0 @0: there is a GUID partition table, but no MBR that protects it"
looks gpt-older.img "raw 0+16777216 hd 512/63/8 rw ext - sure"
looks gpt4k.img "raw 0+33554432 hd 4096/63/2 rw unknown gpt sure" "1: 1048576+4194304 83 unknown" \
    "2: 8388608+8388608 83 unknown"

tests_run=$((tests_run + 1))
if "$bin/sfdisk_compare" "$work" "${1:+${1}s}${1:-60}" 1 >compare.log 2>&1; then
    grep '^# note' compare.log
    echo "ok $tests_run - damaged tables are listed as sfdisk lists them, or named"
else
    failures=$((failures + 1))
    sed 's/^/# /' compare.log
    cp finding-*.img "$build/" 2>/dev/null
    echo "not ok $tests_run - damaged tables are listed as sfdisk lists them, or named"
fi
[ "$failures" -eq 0 ] || sed 's/^/# /' make.log | tail -n 20
cd "$root" || exit
rm -rf "$work"
echo "1..$tests_run"
[ "$failures" -eq 0 ]
