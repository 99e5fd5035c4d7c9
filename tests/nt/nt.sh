#!/bin/bash
# SPDX-License-Identifier: MIT
# The behaviour table on a real NT kernel. BALLAST_NT_RUNNER names a program `RUNNER DIR 'command line' TIMEOUT_S` that
# copies DIR to C:\t of an NT machine, runs the command there, prints its output and exits with its status.
# BALLAST_NT_ARCH chooses the binaries: x64 or i686 (the default: it needs nothing newer than NT 5.2).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
architecture=${BALLAST_NT_ARCH:-i686}

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

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cp "$root/build/mingw-$architecture/bin/"{ballastdisk.sys,ballast.exe,disk-behaviour.exe,disk-stress.exe,ioctl-fuzz.exe} \
    "$directory" || exit
output=$("$BALLAST_NT_RUNNER" "$directory" \
    'cmd /c "cd /d C:\t && ballast driver install && ballast driver start && disk-behaviour && disk-stress 10 && ioctl-fuzz 20000 && ballast driver stop && ballast driver uninstall"' \
    600 2>&1)
status=$?
printf '%s\n' "$output" | tr -d '\r'
# Not every cmd stops at the first failure (Wine's does not): each of the three programs must have ended with its plan.
[ "$(grep -c '^1\.\.' <<<"$output")" -eq 3 ] || {
    echo "not ok - all programs ran to their end"
    status=1
}
exit "$status"
