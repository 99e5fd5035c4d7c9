#!/bin/bash
# SPDX-License-Identifier: MIT
# A short run of all benchmarks: each prints a well-formed result. The numbers of so short a run are not judged.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/harness/tap.sh"

output=$("$root/bench/run" --quick --json)
status=$?
pattern='^\{"bench":"[a-z0-9.]+","baseline":"[^"]+","ratio":[0-9.]+,"better":"(lower|higher)","target":([0-9.]+|null),"pass":(true|false|null),"median_us":([0-9.]+|null),"rounds":[0-9]+\}$'
well_formed() { grep -qE "^\\{\"bench\":\"$1\"" <<<"$output" && ! grep -E "^\\{\"bench\":\"$1\"" <<<"$output" | grep -qvE "$pattern"; }
all_lines_well_formed() { ! grep -vE "$pattern" <<<"$output"; }

# The table has its first row while the last are still to be measured.
rows_come_one_by_one() {
    local rows pid status=1
    rows=$(mktemp "$root/build/rows.XXXXXX")
    setsid "$root/bench/run" --rounds 100 store. >"$rows" 2>/dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null && ! grep -q '^store' "$rows"; do
        sleep 0.1
    done
    kill -0 "$pid" 2>/dev/null && status=0
    kill -- "-$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    rm -f "$rows"
    return "$status"
}

check "rows are printed as they are measured" rows_come_one_by_one
check "bench/run succeeds" [ "$status" -eq 0 ]
check "every line is a result" all_lines_well_formed
for name in store.read.4k store.write.1m store.trim.1g store.trim.freed store.overhead store.scale.read store.scale.write rules.match ram.read.4k.1t ram.write.1m.4t file.read.4k.1t \
    file.query.1t image.convert ai.gpus.cached ai.sched.cached ai.ps.find pool.pair.1t fair.alloc.64k fair.alloc.pollers fair.polite.p99 fair.polite.refused; do
    check "$name" well_formed "$name"
done

# Counts of instructions do not depend on the machine's load.
meets_target() { grep -E "^\\{\"bench\":\"$1\"" <<<"$output" | grep -q '"pass":true'; }
while read -r name _; do
    check "$name meets its target" meets_target "$name"
done < <(grep -v '^#' "$root/bench/path.targets")
echo "1..$tests_run"
[ "$failures" -eq 0 ]
