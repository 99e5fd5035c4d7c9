#!/bin/bash
# SPDX-License-Identifier: MIT
# nt.sh against a Wine that stands in for an NT machine: copies that are refused are tried again, and a program that fails
# keeps no other from running and from being counted.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

work=$(mktemp -d)
finish() {
    wine_end
    rm -rf "$work"
}
trap finish EXIT
wine_session "$build/wine/test"
ballast driver stop --force >/dev/null 2>&1
export BALLAST_NT_RUNNER=$root/tests/nt/wine_runner.sh BALLAST_NT_ARCH=x64 BALLAST_NT_BIN=$work/bin
export RUNNER_REFUSALS=$work/refusals

# nt REFUSALS: what nt.sh prints goes to the file log; its status is kept
nt() {
    echo "$1" >"$RUNNER_REFUSALS"
    : >"$RUNNER_REFUSALS.calls"
    "$root/tests/nt/nt.sh" disk >"$work/log" 2>&1
    nt_status=$?
}
counts() { # PATTERN NUMBER
    local found
    found=$(grep -c -- "$1" "$work/log")
    [ "$found" -eq "$2" ] || {
        echo "$found lines instead of $2 match '$1':"
        cat "$work/log"
        return 1
    }
}
succeeded() { [ "$nt_status" -eq 0 ] || ! cat "$work/log"; }
failed() { [ "$nt_status" -ne 0 ] || ! cat "$work/log"; }
calls() { [ "$(wc -l <"$RUNNER_REFUSALS.calls")" -eq "$1" ] || ! cat "$RUNNER_REFUSALS.calls"; }
driver_is_gone() { ballast driver status --driver disk | grep -q 'not installed'; }

mkdir "$work/bin"
cp "$bin"/{ballastdisk.sys,ballast.exe,disk-behaviour.exe,disk-stress.exe,ioctl-fuzz.exe} "$work/bin"
nt 3
check "with three copies refused all of it passes" succeeded
check "each refusal was seen and tried again" counts '^# attempt' 3
check "three programs came to their plans" counts '^1\.\.' 3
check "install, three programs, uninstall, and three more attempts" calls 8
check "the driver is gone afterwards" driver_is_gone

cp "$bin/disk-scatter.exe" "$work/bin/disk-behaviour.exe" # fails at once, without its arguments
nt 0
check "one program that fails is a failure" failed
check "it is counted as such" counts '^not ok - disk-behaviour: ended with status' 1
check "the others have run to their plans" counts '^1\.\.' 2
check "and the driver is gone, too" driver_is_gone

nt 1000
check "copies that are refused for ever are a failure" failed
check "which says that nothing has begun" counts '^not ok - the driver starts' 1
check "after ten attempts" calls 10
trap - EXIT
finish
echo "1..$tests_run"
[ "$failures" -eq 0 ]
