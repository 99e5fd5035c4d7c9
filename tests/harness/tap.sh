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

# check NAME COMMAND...: the case passes if the command succeeds. The end of its output is shown if it does not. The command may
# be a function of the script's, which sees check's variables before its own: hence their names.
check() {
    local check_name=$1 check_output
    shift
    if check_output=$("$@" 2>&1); then
        pass "$check_name"
    else
        [ -z "$check_output" ] || printf '%s\n' "$check_output" | tail -n 60 | sed 's/^/# /'
        not_pass "$check_name"
    fi
}
