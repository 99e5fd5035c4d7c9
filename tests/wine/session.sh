# shellcheck shell=bash disable=SC2154 # $root is set by the scripts that source this
# SPDX-License-Identifier: MIT
# Sourced by the tests in Wine: a session of its own with the driver loaded. After the test the driver is unloaded, and
# what it prints then must say that all its memory is free.
# Needs $root.
set -u
. "$root/tools/common.sh"
. "$root/tests/harness/tap.sh"

bin=$build/mingw-x64/bin

ballast() { wine_run "$bin/ballast.exe" "$@"; }

# Runs a test program, which prints TAP of its own, as one more group of cases.
run_program() {
    local output
    output=$(wine_run "$bin/$1.exe" "${@:2}")
    sed -n 's/^ok [0-9]* - /ok /p; s/^not ok [0-9]* - /not ok /p; /^#/p' <<<"$output" | tr -d '\r' |
        while IFS= read -r line; do
            case $line in
            "ok "*"# SKIP"*) echo "ok - $1: ${line#ok }" ;;
            "ok "*) echo "ok - $1: ${line#ok }" ;;
            "not ok "*) echo "not ok - $1: ${line#not ok }" ;;
            *) echo "$line" ;;
            esac
        done
    grep -q '^1\.\.' <<<"$output" && ! grep -q '^not ok' <<<"$output"
}

# Unix process ids of this session's processes whose command line matches. Others' sessions have another prefix.
session_pids() {
    local pid
    for pid in $(pgrep -f -- "$1"); do
        if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "WINEPREFIX=$WINEPREFIX"; then
            echo "$pid"
        fi
    done
}

# session_begin [DRIVER]: with ballastdisk, ballastai, or ...-checked of one.
session_begin() {
    session_driver=${1:-ballastdisk}
    session_driver=${session_driver%-checked}
    wine_session "$build/wine/test"
    trap session_abort EXIT
    ballast driver stop --force >/dev/null 2>&1
    ballast driver install --file "$bin/${1:-ballastdisk}.sys" >/dev/null && ballast driver start >/dev/null || die "the driver does not start"
}

session_abort() {
    wine_end
    echo "not ok - $(basename "$0") did not end properly"
}

# Unloads, checks for leaks, and ends the script with the right status.
session_end() {
    trap - EXIT
    ballast driver stop >/dev/null
    check "unloading frees everything" last_unload_is_clean
    ballast driver uninstall >/dev/null
    wine_end
    echo "1..$tests_run"
    [ "$failures" -eq 0 ]
    exit
}

last_unload_is_clean() {
    local line
    line=$(grep -o "$session_driver: .*" "$WINEPREFIX/session.log" | tail -n 1 | tr -d '\r')
    [ "$line" = "$session_driver: unloaded, 0 blocks left" ] || {
        echo "the driver printed: '$line'"
        return 1
    }
}
