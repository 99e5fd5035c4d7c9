#!/bin/bash
# SPDX-License-Identifier: MIT
# Every export of imdisk.cpl, on images that sfdisk, mkfs.vfat and genisoimage have made; first without a display, where
# dialogs must fail, then with Wine's display driver that shows nothing, where a thread of the test is the user.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

graphics='HKCU\Software\Wine\Drivers'
work=$(mktemp -d "$build/imdisk-cpl.XXXXXX")

# partitioned NAME SIZE: makes NAME.img from a script for sfdisk, and NAME.txt: start and length of each partition in bytes.
partitioned() {
    truncate -s "$2" "$1.img"
    sfdisk --quiet "$1.img" || die "sfdisk fails on $1.img"
    sfdisk --dump "$1.img" |
        sed -n 's/^[^ ]* : start= *\([0-9]*\), size= *\([0-9]*\), type=\([^,]*\).*/\1 \2 \3/p' |
        awk '$3 != "5" && $3 != "f" { print $1 * 512, $2 * 512 }' | sort -n >"$1.txt"
}

# sfdisk knows no other sector size for files; fdisk does.
partitioned_in_4k() {
    truncate -s 32M gpt4k.img
    printf '%s\n' g n 1 256 1279 t 1 n 2 2048 4095 w | fdisk --sector-size 4096 gpt4k.img >fdisk.log 2>&1
    fdisk --sector-size 4096 --list -o Start,Sectors gpt4k.img | awk '$1 ~ /^[0-9]+$/ { print $1 * 4096, $2 * 4096 }' >gpt4k.txt
}

make_images() {
    local i
    {
        echo "label: dos"
        echo "start=2048, size=16384, type=c, bootable"
        echo "start=20480, size=90000, type=f"
        echo "start=112640, size=8192, type=82"
        echo "start=122880, size=4096, type=83"
        echo "start=22528, size=8192, type=83"
        echo "start=40960, size=4096, type=7"
    } | partitioned mbr 64M
    mkfs.vfat --offset 2048 mbr.img 8192 >/dev/null
    {
        echo "label: gpt"
        echo "size=4096, type=U"
        echo "size=8192, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name=\"Basic data\""
        for ((i = 3; i <= 10; i++)); do echo "size=4096, type=L"; done
    } | partitioned gpt 64M
    {
        echo "label: gpt"
        for ((i = 0; i < 8; i++)); do echo "size=4096, type=L"; done
    } | partitioned eight 32M
    partitioned_in_4k
    mkfs.vfat -C fat.img 1440 >/dev/null
    truncate -s 32M blank.img
    head -c 100 mbr.img >short.img
    mkdir directory files
    echo text >files/file.txt
    genisoimage -quiet -o cd.img files 2>/dev/null
}

# What sfdisk reads from the MBR that ImDiskBuildMBR has made.
built_as_expected() {
    sfdisk --dump built.img | sed -n 's/^[^ ]* : //p' | tr -d ' ' | diff - <(
        echo "start=2048,size=16384,type=c,bootable"
        echo "start=32768,size=8192,type=83"
    )
}

# As the shell's menu does.
rundll32_removes() {
    ballast disk create --size 1M || return
    wine_run rundll32 imdisk.cpl,RunDLL_RemoveDevice '\\.\ImDisk0'
    ballast disk list --json
    [ "$(ballast disk list --json | tr -d '\r')" = "[]" ]
}

# The display driver is chosen when a session's first window is made, so the session is begun anew.
session_with_display() {
    ballast driver stop --force >/dev/null
    wine_run reg add "$graphics" /v Graphics /d null /f >/dev/null
    wine_end
    wine_session "$WINEPREFIX"
    ballast driver start >/dev/null
}

session_without_display() {
    ballast driver stop --force >/dev/null
    wine_run reg delete "$graphics" /v Graphics /f >/dev/null 2>&1
    wine_end
    wine_session "$WINEPREFIX"
}

session_begin
# What an interrupted run has left:
session_without_display
wine_run reg delete 'HKLM\SYSTEM\CurrentControlSet\Services\ImDisk\Parameters' /f >/dev/null 2>&1
cd "$work" || exit
make_images
cp "$bin/imdisk.cpl" "$bin/imdisk-cpl-test.exe" .
bin=$work run_program imdisk-cpl-test || failures=1
check "sfdisk reads the MBR that was built" built_as_expected

bin=$build/mingw-x64/bin
check "rundll32 removes a disk through RunDLL_RemoveDevice" rundll32_removes
session_with_display
bin=$work run_program imdisk-cpl-test --display || failures=1
bin=$build/mingw-x64/bin
session_without_display
ballast driver start >/dev/null

cd "$root" || exit
rm -rf "$work"
session_end
