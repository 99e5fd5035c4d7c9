#!/bin/bash
# SPDX-License-Identifier: MIT
# The behaviour table against the real driver.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

session_begin
run_program disk-behaviour || failures=1
session_end
