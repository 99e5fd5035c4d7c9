#!/bin/bash
# SPDX-License-Identifier: MIT
# What is given away depends on the sources only: this tree, copied and built in another directory, makes the same bytes.
# Needs a build of mingw-x64; the x86 build has the same options.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
files=(ballastdisk.sys ballastai.sys ballast.exe ballast.dll imdisk.exe imdisk.cpl)
tests_run=0
failures=0

result() { # STATUS NAME
    tests_run=$((tests_run + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tests_run - $2"
    else
        failures=$((failures + 1))
        echo "not ok $tests_run - $2"
    fi
}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$root" && git ls-files -z | while IFS= read -r -d '' file; do
    [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar -c --null -T -) | tar -x -C "$copy" || exit
cd "$copy" || exit
cmake --preset mingw-x64 >"$copy/log" 2>&1 &&
    cmake --build --preset mingw-x64 --target ballastdisk ballastai ballast ballast-dll imdisk imdisk-cpl >>"$copy/log" 2>&1 || {
    tail -n 30 "$copy/log" | sed 's/^/# /'
    result 1 "it builds elsewhere"
}
for file in "${files[@]}"; do
    for made in "bin/$file" "symbols/$file.debug"; do
        cmp "$root/build/mingw-x64/$made" "$copy/build/mingw-x64/$made" 2>&1 | sed 's/^/# /'
        result "${PIPESTATUS[0]}" "$made is the same, built elsewhere"
    done
done
echo "1..$tests_run"
[ "$failures" -eq 0 ]
