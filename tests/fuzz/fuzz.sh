#!/bin/bash
# SPDX-License-Identifier: MIT
# The fuzzers, each for a fixed number of runs: fuzz.sh [RUNS]; tools/fuzz runs them long. They start from what the
# behaviour table does; inputs that once crashed are in regressions/.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/common.sh"

bin=$build/host-clang/bin
tests_run=0
failures=0

# fuzz NAME[-tsan] OPTION...: once over all that is known, then mutated.
fuzz() {
    local test=$1 name=${1%-tsan} log=$build/fuzz/$1.log from=$bin
    local known=()
    shift
    [ "$test" = "$name" ] || from=$build/host-tsan-fuzz/bin
    [ ! -d "$root/tests/fuzz/regressions/$name" ] || known=("$root/tests/fuzz/regressions/$name")
    mkdir -p "$build/fuzz/$name"
    tests_run=$((tests_run + 1))
    if (cd "$build/fuzz" && "$from/fuzz-$name" -timeout=60 -print_final_stats=1 -artifact_prefix="$test-" "$@" "$name" \
        "${known[@]}") >"$log" 2>&1; then
        echo "# note: $test: $(sed -n 's/^stat::number_of_executed_units: //p' "$log") inputs"
        echo "ok $tests_run - $test"
    else
        failures=$((failures + 1))
        tail -n 30 "$log" | sed 's/^/# /'
        echo "not ok $tests_run - $test"
    fi
}

# record TABLE CASE...: what these cases do; one that needs what others have done may fail, and is recorded all the same.
record() {
    local input=$build/fuzz/$1/${!#}
    [ -e "$input" ] || RECORD=$input "$bin/fuzz-record-$1" "${@:2}" >/dev/null
}

cases() { "$bin/sim-$1-table" | sed -n 's/^ok [0-9]* - \([a-z0-9_]*\)$/\1/p'; }

mkdir -p "$build/fuzz/disk" "$build/fuzz/ai"
for case in $(cases disk); do record disk "$case"; done
for case in $(cases ai); do record ai adapters "$case"; done

if [ -n "${FUZZ_MINUTES:-}" ]; then
    limits=(-max_total_time=$((FUZZ_MINUTES * 60)) -max_len=2048)
    fuzz disk "${limits[@]}"
    fuzz ai "${limits[@]}"
    fuzz disk-tsan "${limits[@]}"
    fuzz ai-tsan "${limits[@]}"
    fuzz create "${limits[@]}"
    fuzz bpb "${limits[@]}"
    fuzz settings "${limits[@]}"
    fuzz size "${limits[@]}"
    fuzz rules "${limits[@]}"
    fuzz processes "${limits[@]}"
    fuzz gpu "${limits[@]}"
    fuzz partition "${limits[@]}"
    fuzz arguments "${limits[@]}"
    fuzz mount_point "${limits[@]}"
    fuzz vhd "${limits[@]}"
else
    # A seed, so that it is the same each time.
    fuzz disk -seed=1 -runs="${1:-3000}" -max_len=2048
    fuzz ai -seed=1 -runs="${1:-3000}" -max_len=2048
    fuzz create -seed=1 -runs=300000
    fuzz bpb -seed=1 -runs=300000
    fuzz settings -seed=1 -runs=300000
    fuzz size -seed=1 -runs=300000
    fuzz rules -seed=1 -runs=100000
    fuzz processes -seed=1 -runs=100000 -max_len=2048
    fuzz gpu -seed=1 -runs=20000 -max_len=2048
    fuzz partition -seed=1 -runs=50000 -max_len=2048
    fuzz arguments -seed=1 -runs=300000
    fuzz mount_point -seed=1 -runs=300000
    fuzz vhd -seed=1 -runs=50000 -max_len=512
fi
echo "1..$tests_run"
[ "$failures" -eq 0 ]
