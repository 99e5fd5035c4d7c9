#!/bin/bash
# SPDX-License-Identifier: MIT
# A runner for nt.sh whose NT machine is a running session of Wine: WINEPREFIX. Copies are refused, as by an image that is
# still in use, as often as the file RUNNER_REFUSALS says.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tools/common.sh"
directory=$1
command=$2
limit=$3

find_wine
echo "$command" >>"$RUNNER_REFUSALS.calls"
refusals=$(cat "$RUNNER_REFUSALS")
if [ "$refusals" -gt 0 ]; then
    echo $((refusals - 1)) >"$RUNNER_REFUSALS"
    echo "The process cannot access the file because it is being used by another process."
    exit 1
fi
mkdir -p "$WINEPREFIX/drive_c/t"
find "$directory" -type f -exec cp -t "$WINEPREFIX/drive_c/t" {} + || exit
command=${command#cmd /c \"}
timeout "$limit" "$wine" cmd /c "${command%\"}" </dev/null 2>/dev/null | cat
exit "${PIPESTATUS[0]}"
