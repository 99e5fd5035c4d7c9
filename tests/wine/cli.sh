#!/bin/bash
# SPDX-License-Identifier: MIT
# Golden test of the command line: each "$ command" of cli.transcript is run in a directory of its own.
# `UPDATE=1 tests/wine/cli.sh` writes the transcript anew.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"
. "$root/tests/wine/transcript.sh"

system32=$build/wine/test/drive_c/windows/system32
work=$(mktemp -d "$build/cli.XXXXXX")
session_begin
rm -f "$system32/format.com"
cd "$work" || exit
mapfile -t masks < <(directory_masks "$work")
run_transcript "$root/tests/wine/cli.transcript" "${masks[@]}" \
    's/[0-9.]* [MG]B\/s/RATE/g' 's/"seconds":[0-9.e-]*/"seconds":SECONDS/g' \
    's/[0-9][0-9]* bytes to find it/OVERHEAD bytes to find it/' 's/"overhead_memory_bytes":[0-9][0-9]*/"overhead_memory_bytes":OVERHEAD/g'
cd "$root" || exit
rm -rf "$work"
session_end
