#!/bin/bash
# SPDX-License-Identifier: MIT
# Format, static analysis, and the headers of files. Needs the build directories of ./test. LINT_SINCE=REV looks at the
# files that differ from that revision only, which finds nearly everything in a fraction of the time.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit
. "$root/tests/harness/tap.sh"

sources() { git ls-files -- '*.c' '*.h' 2>/dev/null || find . -path ./build -prune -o -name '*.[ch]' -print; }
changed() { # FILE...: one a line, those to look at
    printf '%s\n' "$@" | if [ -n "${LINT_SINCE:-}" ]; then grep -xFf <(git diff --name-only "$LINT_SINCE"; git ls-files -o --exclude-standard); else cat; fi
}
scripts() { echo run test tools/fuzz tools/*.sh bench/run bench/*.sh tests/*/*.sh .ci/run; }

formatted() { sources | xargs clang-format --dry-run --Werror; }

# Every source file says its licence in the first line and its purpose next.
headed() {
    local file status=0
    for file in $(sources); do
        head -n 1 "$file" | grep -qF '/* SPDX-License-Identifier: MIT */' || { echo "$file has no SPDX line" && status=1; }
    done
    return $status
}

# A file of one theme has less than 600 lines.
short() { # FILE...
    wc -l "$@" | awk '$2 != "total" && $1 >= 600 { print $2 " has " $1 " lines"; status = 1 } END { exit status }'
}

# A function has less than 60 lines, its braces included.
short_functions() { # FILE...
    awk 'FNR == 1 { start = 0 }
         /^[{]$/ { start = FNR }
         /^[}]$/ && start != 0 {
             if (FNR - start >= 59) { print FILENAME ":" start ": a function of " FNR - start + 1 " lines"; status = 1 }
             start = 0
         }
         END { exit status }' "$@"
}

# internalAstError: cppcheck 2.10 takes x < y->z ... &y->w for a template. unusedStructMember: wire structures have members that only the other side uses. The test of the simulation's rules
# does what no driver may. sim/ has the prototypes of NT, and a violation in it does not return.
cppcheck_all() {
    mkdir -p build/cppcheck # what it knows of unchanged files
    cppcheck --quiet --cppcheck-build-dir=build/cppcheck -j 2 --enable=warning,style,performance,portability --inline-suppr --std=c11 --error-exitcode=1 \
        --suppress=missingIncludeSystem --suppress=internalAstError --suppress=unusedStructMember \
        --suppress=constParameter:sim/* --suppress=nullPointerRedundantCheck:sim/* -Iinclude -Isrc -Isim/include -I. \
        -itests/sim/rules_{test,requests,locks,memory,objects,irql,faults,apc,paging,security,unload,fs,mount}.c src sim tests bench
}

# tidy PRESET FLAGS... -- FILE...
tidy() {
    local preset=$1 flags=()
    shift
    while [ "$1" != -- ]; do
        flags+=("$1")
        shift
    done
    shift
    changed "$@" | xargs -r -P 2 -n 4 clang-tidy --quiet -p "build/$preset" "${flags[@]}" 2>/dev/null
}
# gcc knows attributes and warnings that clang does not.
windows_flags=(--extra-arg=--target=x86_64-w64-mingw32 --extra-arg=-Wno-everything)

check "sources are formatted" formatted
check "sources have their header" headed
check "each proof in docs/compatibility.md is a test" python3 tests/lint/proofs.py
# shellcheck disable=SC2046 # one word a file
check "files are short" short $(sources) $(scripts)
# shellcheck disable=SC2046 # one word a file
check "functions are short" short_functions $(sources)
check "cppcheck" cppcheck_all
check "clang-tidy: core" tidy host-debug -- src/core/*/*.c src/cli/ballast/*_posix.c bench/bench.c bench/store_bench.c
check "clang-tidy: drivers" tidy mingw-x64 "${windows_flags[@]}" -- src/driver/*/*.c src/driver/disk/*/*.c
# shellcheck disable=SC2046 # one word a file
check "clang-tidy: library and tools" tidy mingw-x64 "${windows_flags[@]}" -- src/lib/*.c src/lib/imdisk/*.c $(printf '%s\n' src/cli/*/*.c | grep -v _posix) bench/disk_bench.c
# shellcheck disable=SC2046 # one word a file
check "shellcheck" shellcheck -x -S warning $(scripts)
echo "1..$tests_run"
[ "$failures" -eq 0 ]
