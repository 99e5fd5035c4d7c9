# shellcheck shell=bash disable=SC2034 # the scripts that source this end with what is counted here
# SPDX-License-Identifier: MIT
# Sourced by tests that are scripts: cases, printed as TAP and counted.
tests_run=0
failures=0

pass() {
    tests_run=$((tests_run + 1))
    echo "ok $tests_run - $1"
}

not_pass() {
    tests_run=$((tests_run + 1))
    failures=$((failures + 1))
    echo "not ok $tests_run - $1"
}

# check NAME COMMAND...: the case passes if the command succeeds. The end of its output is shown if it does not.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        pass "$name"
    else
        [ -z "$output" ] || printf '%s\n' "$output" | tail -n 60 | sed 's/^/# /'
        not_pass "$name"
    fi
}
