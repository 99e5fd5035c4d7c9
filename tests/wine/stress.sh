#!/bin/bash
# SPDX-License-Identifier: MIT
# Removal under load.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

session_begin ballastdisk-checked
run_program disk-stress "${STRESS_SECONDS:-10}" "${STRESS_SEED:-1}" || failures=1
session_end
