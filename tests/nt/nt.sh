#!/bin/bash
# SPDX-License-Identifier: MIT
# A driver's behaviour table, and what else needs no tools of ours, on a real NT kernel: nt.sh disk|ai.
# BALLAST_NT_RUNNER names a program `RUNNER DIR 'command line' TIMEOUT_S` that copies DIR to C:\t of an NT machine, runs the
# command there, prints its output and exits with its status. BALLAST_NT_ARCH chooses the binaries: x64 or i686 (the
# default: it needs nothing newer than NT 5.2).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
architecture=${BALLAST_NT_ARCH:-i686}
driver=$1

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

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
bin=$root/build/mingw-$architecture/bin
cp "$bin/ballast$driver.sys" "$bin/ballast.exe" "$directory" || exit
command="cd /d C:\\t && ballast driver install --driver $driver && ballast driver start --driver $driver"
for program in "${programs[@]}"; do
    cp "$bin/${program%% *}.exe" "$directory" || exit
    command+=" && $program"
done
command+=" && ballast driver stop --driver $driver && ballast driver uninstall --driver $driver"
output=$("$BALLAST_NT_RUNNER" "$directory" "cmd /c \"$command\"" 600 2>&1)
status=$?
printf '%s\n' "$output" | tr -d '\r'
# Not every cmd stops at the first failure (Wine's does not): each of the programs must have ended with its plan.
[ "$(grep -c '^1\.\.' <<<"$output")" -eq ${#programs[@]} ] || {
    echo "not ok - all programs ran to their end"
    status=1
}
exit "$status"
