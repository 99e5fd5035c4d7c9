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

# What a driver looks up at run time is no import, but should be there as well.
looked_up() { sed -n 's/^ *resolve(L"\([A-Za-z]*\)".*/ntoskrnl.exe \1/p' "$root/src/driver/nt/late.c"; }
# windows_has ARCHITECTURE: "module name" of windows-exports.txt that Windows 10 1607 has there (and Windows 11, if it is x64)
windows_has() {
    local other=x86
    [ "$1" = i686 ] && other=x64
    list windows-exports.txt | awk -v other="$other" '
        BEGIN { split("2000 XP 2003 Vista 7 8 8.1 10 1607", known); for (i in known) versions[known[i]] = 1 }
        $3 in versions && $4 != other { print $1, $2 }' | LC_ALL=C sort
}
missing_in_windows() { LC_ALL=C comm -23 <(imports "$1" | LC_ALL=C sort) <(windows_has "$2"); }
looked_up_in_vain() { LC_ALL=C comm -23 <(looked_up | LC_ALL=C sort) <(windows_has x64); }
looks_up_something() { [ "$(looked_up | wc -l)" -gt 5 ] || echo "late.c looks up nothing"; }
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
    LC_ALL=C comm -13 <(i686-w64-mingw32-nm --defined-only "${1%/bin/*}/symbols/${1##*/}.debug" | awk '{ print $3 }' | LC_ALL=C sort) \
        <(list "$2" | awk '{ print "_" $1 ($2 == "cdecl" ? "" : "@" $2) }' | LC_ALL=C sort)
}
is_named() { objdump -p "$1" | grep -q "^Name[[:space:]].* $2\$" || echo "it does not say it is $2"; }

# ---- what makes a binary fit to be given away ----

version_of() { # FILE: as it should be: "of the file, of the product", of four parts
    local major minor patch
    read -r major minor patch < <(awk '/define BALLAST_VERSION_(MAJOR|MINOR|PATCH)/ { printf "%s ", $3 }' \
        "$root/include/ballast/version.h")
    [ "$1" = imdisk.cpl ] && echo "2.1.2.0 $major.$minor.$patch.0" && return
    echo "$major.$minor.$patch.0 $major.$minor.$patch.0"
}
describe() { "$build/host-debug/bin/pe-describe" "$1"; }
says() { # FILE LINE...: whether the image says each of it
    local text
    text=$(describe "$1") || return
    shift
    for line in "$@"; do
        grep -qE "^$line\$" <<<"$text" || echo "it does not say '$line'"
    done
}
has_version() { # FILE
    local name=${1##*/}
    says "$1" "version $(version_of "$name")" "string OriginalFilename $name" "string FileDescription .*" \
        "string CompanyName .*" "string ProductName Ballast" "string LegalCopyright .*"
}
# The events of events.h, each with a text that begins with the subject's name or has it inside.
has_events() {
    local id
    sed -n 's/^#define NT_EVENT_[A-Z_]* *\(0x[0-9A-F]*\)u$/\1/p' "$root/src/driver/nt/events.h" >"$work/events"
    [ "$(wc -l <"$work/events")" -ge 4 ] || echo "events.h has no events"
    diff "$work/events" <(describe "$1" | awk '$1 == "message" { print $2 }' | sort -k1.10)
    while read -r id; do
        describe "$1" | grep -q "^message $id .*%2" || echo "the text of $id does not name its subject"
    done <"$work/events"
}
is_stripped() { objdump -h "$1" | grep -E ' \.(debug|stab|symtab)'; objdump -t "$1" 2>/dev/null | grep -E '\(sec +[1-9]'; true; }
# FILE: its DWARF and its PDB are those of this very build, and know its functions.
has_symbols_beside() {
    local symbols build_id pdb function=$2
    symbols=${1%/bin/*}/symbols/${1##*/}
    read -r _ build_id pdb < <(describe "$1" | grep '^build ')
    [ "$pdb" = "${1##*/}.pdb" ] || echo "its symbols are called '$pdb'"
    [ "$(describe "$symbols.debug" 2>/dev/null | grep '^build ')" = "build $build_id $pdb" ] || echo "the DWARF is of another build"
    "$(tool_of "$1" nm)" "$symbols.debug" | grep -q " T _\?$function\(@[0-9]*\)\?\$" || echo "the DWARF does not know $function"
    "$(tool_of "$1" objdump)" --dwarf=info "$symbols.debug" 2>/dev/null >"$work/dwarf"
    grep -q 'DW_AT_name.*: \./src/' "$work/dwarf" || echo "no source file is named"
    grep -v 'file format' "$work/dwarf" | grep -F "$root" | head -n 1
    llvm-pdbutil dump -summary "$symbols.pdb" | awk '/GUID:/ { gsub(/[{}-]/, "", $2); print tolower($2) }' >"$work/guid"
    [ "$(cat "$work/guid")" = "$(as_guid "$build_id")" ] || echo "the PDB is of another build"
    llvm-pdbutil dump -publics "$symbols.pdb" | grep -q "\`_\?$function\(@[0-9]*\)\?\`" || echo "the PDB does not know $function"
}
# The first three parts of a GUID are numbers, which are printed in the other order of bytes than they are stored in.
# shellcheck disable=SC2001 # a pattern with groups
as_guid() { sed 's/^\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\4\3\2\1\6\5\8\7/' <<<"$1"; }
tool_of() { # FILE TOOL
    case $1 in
    */mingw-x64/*) echo "x86_64-w64-mingw32-$2" ;;
    *) echo "i686-w64-mingw32-$2" ;;
    esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
drivers=(ballastdisk ballastai)
for name in "${drivers[@]}"; do
    x64=$build/mingw-x64/bin/$name.sys
    i686=$build/mingw-i686/bin/$name.sys
    check "$name x64 imports nothing that Wine 8 lacks or aborts on" missing_in_wine "$x64"
    check "$name i686 imports nothing that NT 5.2 lacks" lacking_in_nt52 "$i686"
    check "$name x64 imports only what Windows 10 1607 and Windows 11 have" missing_in_windows "$x64" x64
    check "$name i686 imports only what Windows 10 1607 has" missing_in_windows "$i686" i686
    for file in "$x64" "$i686"; do
        check "$name: texts of its events, in $(basename "${file%/bin/*}")" has_events "$file"
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
check "names are looked up at all" looks_up_something
check "what is looked up is there in Windows" looked_up_in_vain
for arch in x64 i686; do
    for name in ballastdisk.sys ballastai.sys ballast.exe ballast.dll imdisk.exe imdisk.cpl; do
        file=$build/mingw-$arch/bin/$name
        case $name in
        *.sys) entry=DriverEntry ;;
        imdisk.cpl) entry=ImDiskGetAPIFlags ;;
        ballast.dll) entry=ballast_disk_list ;;
        *) entry=wmain ;;
        esac
        check "$arch $name: version resource" has_version "$file"
        check "$arch $name: no time in it" says "$file" "time 0"
        check "$arch $name: stripped" is_stripped "$file"
        check "$arch $name: symbols beside it" has_symbols_beside "$file" "$entry"
    done
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
