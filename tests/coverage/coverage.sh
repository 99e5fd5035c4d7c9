#!/bin/bash
# SPDX-License-Identifier: MIT
# What the tests of the core and of the drivers in the simulated kernel execute. Fails below the floors, which are what
# has been reached: raise them with it. coverage.sh --show lists what is not executed.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/common.sh"

# Per cent of lines and branches.
floor_core_lines=99
floor_core_branches=96
floor_driver_lines=96
floor_driver_branches=87

bin=$build/host-coverage/bin
data=$build/coverage
rm -rf "$data"
mkdir -p "$data"
export LLVM_PROFILE_FILE=$data/%p-%m.profraw

objects=()
commands=()
# execute [NAME=VALUE...] PROGRAM [ARGUMENT...]: is to be run; run: and is what the report describes.
execute() {
    commands+=("$*")
}
run() {
    local word
    execute "$@"
    for word in "$@"; do
        [[ $word != *=* ]] && objects+=(-object "$bin/$word") && return
    done
}

run sim-disk-faults # takes longest
for program in "$bin"/unit-*; do
    case $program in
    *-epoch | *-ram_model) execute "$(basename "$program")" ;; # the core's sources, which the others describe
    *) run "$(basename "$program")" ;;
    esac
done
for program in "$bin"/sim-*-table; do
    program=$(basename "$program")
    run "$program"
    execute SIM_NT52=1 "$program"
    case $program in *disk*)
        execute SIM_FILE_SYSTEM=1 "$program"
        execute SIM_FILE_SYSTEM=2 "$program"
        ;;
    esac
done
for program in "$bin"/sim-*-{adapters,boot,cached,exact,fair,idle,kernel,limits,mount,mounted,mounting,order,paging,faults,pool,removal,rights,waiting,windows}; do
    [ ! -e "$program" ] || [[ $program = */sim-disk-faults ]] || run "$(basename "$program")"
done
for program in "$bin"/sim-*-stress; do
    run "$(basename "$program")" 2
done

# As many at a time as there are processors. The path is in the environment, not in the command: it may have blanks.
export PATH=$bin:$PATH data
# shellcheck disable=SC2016 # for the inner shell
printf '%s\0' "${commands[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c '
    log=$data/$$.log
    env {} >"$log" 2>&1 || { echo "not ok - {}"; sed "s/^/# /" "$log"; exit 255; }' || {
    echo "not ok 1 - a test failed"
    exit 1
}

llvm-profdata-14 merge -o "$data/all.profdata" "$data"/*.profraw

if [ "${1:-}" = --show ]; then
    llvm-cov-14 show "${objects[@]:1}" -instr-profile "$data/all.profdata" "$root/src" | grep -E '^ *[0-9]+\| +0\||^/'
    exit
fi

# percentages AREA: "LINES BRANCHES"
percentages() {
    llvm-cov-14 report "${objects[@]:1}" -instr-profile "$data/all.profdata" "$root/src/$1" |
        awk '/^TOTAL/ { print $10, $13 }' | tr -d %
}

tests_run=0
failures=0
# check AREA LINES BRANCHES
check() {
    local lines branches
    read -r lines branches <<<"$(percentages "$1")"
    tests_run=$((tests_run + 1))
    echo "# note: src/$1: $lines % of lines, $branches % of branches"
    if awk "BEGIN { exit !($lines >= $2 && $branches >= $3) }"; then
        echo "ok $tests_run - $1"
    else
        echo "# the floor is $2 % of lines, $3 % of branches"
        failures=$((failures + 1))
        echo "not ok $tests_run - $1"
    fi
}

check core "$floor_core_lines" "$floor_core_branches"
check driver "$floor_driver_lines" "$floor_driver_branches"
echo "1..$tests_run"
[ "$failures" -eq 0 ]
