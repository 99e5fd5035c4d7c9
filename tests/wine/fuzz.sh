#!/bin/bash
# SPDX-License-Identifier: MIT
# 100,000 random control requests.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

session_begin ballastdisk-checked
run_program ioctl-fuzz "${FUZZ_CALLS:-100000}" "${FUZZ_SEED:-1}" || failures=1
session_end
