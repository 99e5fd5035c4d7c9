#!/bin/bash
# SPDX-License-Identifier: MIT
# 200 disks at once, and many one after the other. MANY_ROUNDS=64000 takes some minutes; the simulation does that many.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

session_begin
run_program disk-many "${MANY_ROUNDS:-2000}" || failures=1
session_end
