#!/bin/bash
# SPDX-License-Identifier: MIT
# What must be true of the binaries before anything loads them: imports, sections, relocations, checksum, flags.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build
tests_run=0
failures=0

check() { # NAME COMMAND...: passes if the command succeeds and prints nothing
    local name=$1 output
    shift
    tests_run=$((tests_run + 1))
    if output=$("$@" 2>&1) && [ -z "$output" ]; then
        echo "ok $tests_run - $name"
    else
        failures=$((failures + 1))
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok $tests_run - $name"
    fi
}

# "module name" for each import, module in lower case
imports() {
    objdump -p "$1" | awk '
        /DLL Name:/ { module = tolower($3); next }
        /^[[:space:]]*$/ { module = "" }
        module != "" && $1 ~ /^[0-9a-f]+$/ && NF >= 3 { print module, $3 }'
}

list() { grep -v '^#' "$root/tests/audit/$1" | LC_ALL=C sort; }

missing_in_wine() { LC_ALL=C comm -23 <(imports "$1" | LC_ALL=C sort) <(list wine8-kernel.txt); }
lacking_in_nt52() { LC_ALL=C comm -12 <(imports "$1" | LC_ALL=C sort) <(list nt52-lacks.txt); }
imports_something() { [ "$(imports "$1" | wc -l)" -gt 10 ] || echo "the list of imports is empty"; }

writable_and_executable() { objdump -h "$1" | awk '$1 ~ /^[0-9]+$/ { name = $2 } /CODE/ && !/READONLY/ { print name }'; }
has_relocations() { objdump -h "$1" | grep -q ' \.reloc ' || echo "no .reloc section"; }
no_exports() { objdump -h "$1" | grep ' \.edata '; true; }
has_flags() { # FILE FLAG...
    local file=$1 flag
    shift
    for flag in "$@"; do
        objdump -p "$file" | grep -q "^[[:space:]]*$flag\$" || echo "no $flag"
    done
}
no_other_modules() { # FILE MODULE...
    local file=$1
    shift
    imports "$file" | cut -d' ' -f1 | sort -u | grep -vxF "$(printf '%s\n' "$@")"
    true
}
subsystem_at_most() { # FILE MAJOR MINOR
    local major minor
    major=$(objdump -p "$1" | awk '/MajorSubsystemVersion/ { print $2 }')
    minor=$(objdump -p "$1" | awk '/MinorSubsystemVersion/ { print $2 }')
    [ "$major" -lt "$2" ] || { [ "$major" -eq "$2" ] && [ "$minor" -le "$3" ]; } || echo "needs $major.$minor"
}

# The names that a DLL exports, sorted.
exports() { objdump -p "$1" | sed -n '/Ordinal\/Name Pointer/,/^$/s/^[[:space:]]*\[ *[0-9]*\][[:space:]]*//p' | LC_ALL=C sort; }
exports_exactly() { diff <(exports "$1") <(list "$2" | cut -d' ' -f1); }
# The symbols behind the names: _Name@bytes for stdcall.
has_symbols() { # FILE LIST
    LC_ALL=C comm -13 <(i686-w64-mingw32-nm --defined-only "$1" | awk '{ print $3 }' | LC_ALL=C sort) \
        <(list "$2" | awk '{ print "_" $1 ($2 == "cdecl" ? "" : "@" $2) }' | LC_ALL=C sort)
}
is_named() { objdump -p "$1" | grep -q "^Name[[:space:]].* $2\$" || echo "it does not say it is $2"; }

drivers=(ballastdisk ballastai)
for name in "${drivers[@]}"; do
    x64=$build/mingw-x64/bin/$name.sys
    i686=$build/mingw-i686/bin/$name.sys
    check "$name x64 imports nothing that Wine 8 lacks or aborts on" missing_in_wine "$x64"
    check "$name i686 imports nothing that NT 5.2 lacks" lacking_in_nt52 "$i686"
    for file in "$x64" "$i686"; do
        label="$name $(basename "$(dirname "$(dirname "$file")")")"
        check "$label: imports were found at all" imports_something "$file"
        check "$label: only the kernel and the HAL" no_other_modules "$file" ntoskrnl.exe hal.dll
        check "$label: no section is writable and executable" writable_and_executable "$file"
        check "$label: relocations" has_relocations "$file"
        check "$label: exports nothing" no_exports "$file"
        check "$label: checksum" "$build/host-debug/bin/pe-checksum" "$file"
        check "$label: flags" has_flags "$file" DYNAMIC_BASE NX_COMPAT WDM_DRIVER FORCE_INTEGRITY
    done
    check "$name x64: high-entropy addresses" has_flags "$x64" HIGH_ENTROPY_VA
done
check "i686 driver loads on NT 5.2" subsystem_at_most "$build/mingw-i686/bin/ballastdisk.sys" 5 2
for name in ballast.exe ballast.dll imdisk.exe disk-behaviour.exe; do
    file=$build/mingw-i686/bin/$name
    check "i686 $name runs on NT 5.2" subsystem_at_most "$file" 5 2
    check "i686 $name needs only what NT 5.2 has" no_other_modules "$file" kernel32.dll msvcrt.dll advapi32.dll ntdll.dll
done
for arch in x64 i686; do
    file=$build/mingw-$arch/bin/imdisk.cpl
    check "$arch imdisk.cpl exports what ImDisk's does, undecorated" exports_exactly "$file" imdisk-exports.txt
    check "$arch imdisk.cpl has that name inside" is_named "$file" imdisk.cpl
    check "$arch imdisk.cpl: flags" has_flags "$file" DYNAMIC_BASE NX_COMPAT
    check "$arch imdisk.cpl needs only what NT 5.2 has" no_other_modules "$file" kernel32.dll msvcrt.dll advapi32.dll \
        ntdll.dll user32.dll shell32.dll shlwapi.dll comctl32.dll comdlg32.dll
done
check "i686 imdisk.cpl: stdcall byte counts" has_symbols "$build/mingw-i686/bin/imdisk.cpl" imdisk-exports.txt
check "i686 imdisk.cpl runs on NT 5.2" subsystem_at_most "$build/mingw-i686/bin/imdisk.cpl" 5 2
echo "1..$tests_run"
[ "$failures" -eq 0 ]
