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
execute() {
    "$bin/$1" "${@:2}" >"$data/log" 2>&1 || {
        sed 's/^/# /' "$data/log"
        echo "not ok 1 - $1"
        exit 1
    }
}
run() {
    execute "$@"
    objects+=(-object "$bin/$1")
}

for program in "$bin"/unit-*; do
    case $program in
    *-epoch | *-ram_model) execute "$(basename "$program")" ;; # the core's sources, which the others describe
    *) run "$(basename "$program")" ;;
    esac
done
for program in "$bin"/sim-*-table; do
    run "$(basename "$program")"
    SIM_NT52=1 run "$(basename "$program")"
    SIM_RAW=1 run "$(basename "$program")"
done
for program in "$bin"/sim-*-{adapters,boot,exact,fair,idle,kernel,limits,mounted,order,paging,faults,pool,removal,rights,windows}; do
    [ ! -e "$program" ] || run "$(basename "$program")"
done
for program in "$bin"/sim-*-stress; do
    run "$(basename "$program")" 2
done

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
