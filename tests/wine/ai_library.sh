#!/bin/bash
# SPDX-License-Identifier: MIT
# The AI part of the C library against the real driver.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

session_begin ballastai
run_program ai-library || failures=1
session_end
