#!/bin/bash
# SPDX-License-Identifier: MIT
# Instructions per request that the drivers and the core execute, counted by callgrind over the unmodified drivers in the
# simulated kernel: not the copying, which memcpy does, and not what stands in for the kernel. Prints one object a line,
# as the other benchmarks do. bench/path.targets holds the most that each may be.
#
# path.sh [NAME...]: needs a build of the preset host-path.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in disk ai rules; do
    if ! valgrind --tool=callgrind --compress-strings=no --callgrind-out-file="$work/$program" \
        "$root/build/host-path/bin/path-$program" >"$work/log" 2>&1; then
        tail -20 "$work/log" >&2
        exit 1
    fi
done

# A line after "calls=" has the cost of what was called.
LC_ALL=C awk -v names="$*" -v targets="$root/bench/path.targets" '
    function wanted(name,   i, yes) {
        yes = count == 0
        for (i = 1; i <= count; i++) yes = yes || index(name, prefix[i]) == 1
        return yes
    }
    function report(   ratio) {
        if (bench == "") return
        ratio = sum / requests
        cost[bench] = ratio
        if (!wanted(bench)) return
        printf "{\"bench\":\"%s\",\"baseline\":\"instructions\",\"ratio\":%.1f,\"better\":\"lower\",\"target\":%s,\"pass\":%s,\"median_us\":null,\"rounds\":%d}\n",
            bench, ratio, bench in target ? target[bench] : "null",
            bench in target ? (ratio <= target[bench] ? "true" : "false") : "null", requests
    }
    BEGIN {
        count = split(names, prefix, " ")
        while ((getline line < targets) > 0)
            if (line !~ /^#/ && split(line, field, " ") == 2) target[field[1]] = field[2]
    }
    FNR == 1 { report(); bench = ""; sum = 0 }
    /^desc: Trigger: Client Request: / { split($5, field, "/"); bench = field[1]; requests = field[2] }
    /^f[lie]=/ { ours = $0 ~ /\/src\/(core|driver)\/|\/bench\/path_rules\.c/ }
    /^calls=/ { getline; next }
    /^[0-9+*-]/ { if (ours) sum += $2 }
    END {
        report()
        if (wanted("rules.match")) {
            ratio = cost["path.rules.search"] / cost["path.rules.match"]
            printf "{\"bench\":\"rules.match\",\"baseline\":\"search each\",\"ratio\":%.1f,\"better\":\"higher\",\"target\":10,\"pass\":%s,\"median_us\":null,\"rounds\":%d}\n",
                ratio, (ratio >= 10 ? "true" : "false"), requests
        }
    }' "$work"/disk.* "$work"/ai.* "$work"/rules.*
