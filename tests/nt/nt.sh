#!/bin/bash
# SPDX-License-Identifier: MIT
# A driver's behaviour table, and what else needs no tools of ours, on a real NT kernel: nt.sh disk|ai.
# BALLAST_NT_RUNNER names a program `RUNNER DIR 'command line' TIMEOUT_S` that copies DIR to C:\t of an NT machine, runs the
# command there, prints its output and exits with its status. BALLAST_NT_ARCH chooses the binaries: x64 or i686 (the
# default: it needs nothing newer than NT 5.2). BALLAST_NT_BIN: another directory of binaries.
#
# Each program is a call of its own, so that one that fails, crashes or hangs takes no other with it, and all are counted.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
architecture=${BALLAST_NT_ARCH:-i686}
driver=$1
copies=10 # how often copying is tried: NT keeps the image of a program that has just ended for a while

if [ -z "${BALLAST_NT_RUNNER:-}" ]; then
    echo "# BALLAST_NT_RUNNER is not set"
    exit 77
fi
case $architecture in
x64 | i686) ;;
*)
    echo "# BALLAST_NT_ARCH is x64 or i686, not '$architecture'"
    exit 1
    ;;
esac
case $driver in
disk) programs=(disk-behaviour "disk-stress 10" "ioctl-fuzz 20000") ;;
ai) programs=(ai-behaviour ai-pool) ;;
esac
bin=${BALLAST_NT_BIN:-$root/build/mingw-$architecture/bin}
failures=0
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

not_ok() {
    failures=$((failures + 1))
    echo "not ok - $1"
}

# remotely COMMAND FILE...: the files are copied, and the command is run, over there. Sets output and status. What has not
# printed its first line has not been run: the runner could not copy, and tries again.
remotely() {
    local command=$1 try
    shift
    rm -f "$directory"/*
    for file in "$@"; do
        cp "$bin/$file" "$directory" || exit
    done
    for ((try = 1; ; try++)); do
        output=$("$BALLAST_NT_RUNNER" "$directory" "cmd /c \"cd /d C:\\t && echo begun && $command\"" 600 2>&1)
        status=$?
        output=${output//$'\r'/}
        grep -q '^begun *$' <<<"$output" && break
        if [ "$try" -eq "$copies" ]; then
            sed 's/^/# /' <<<"$output"
            return 1
        fi
        echo "# attempt $try to run '$command' failed before it began"
        sleep 1
    done
    output=$(grep -v '^begun *$' <<<"$output" || true)
}

manage() { # NAME COMMAND FILE...: what must succeed, and prints no plan
    local name=$1
    shift
    if remotely "$@" && [ "$status" -eq 0 ]; then
        echo "ok - $name"
    else
        sed 's/^/# /' <<<"$output"
        not_ok "$name"
        return 1
    fi
}

run() { # PROGRAM ARGUMENTS: its cases are counted, and that it comes to its plan
    local name=${1%% *}
    if ! remotely "$1" "$name.exe"; then
        not_ok "$name: never begun"
        return
    fi
    printf '%s\n' "$output"
    if ! grep -q '^1\.\.' <<<"$output"; then
        not_ok "$name: ended with status $status before its end"
    elif grep -q '^not ok' <<<"$output"; then
        failures=$((failures + 1))
    elif [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        not_ok "$name: status $status"
    fi
}

if manage "the driver starts" "ballast driver install --driver $driver && ballast driver start --driver $driver" \
    "ballast$driver.sys" ballast.exe; then
    for program in "${programs[@]}"; do
        run "$program"
    done
    manage "the driver stops" "ballast driver stop --driver $driver && ballast driver uninstall --driver $driver"
fi
[ "$failures" -eq 0 ]
