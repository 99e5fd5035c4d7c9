#!/bin/bash
# SPDX-License-Identifier: MIT
# The AI driver: its behaviour table, and the pinned pool with real processes: sharing, taking back, closing, an owner
# that is killed.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

# The original's installer made no device, and its uninstaller deleted keys and certificates by hand.
installs() {
    ballast driver install --driver ai --file "$bin/ballastai.sys" && ballast driver start --driver ai && [ "$(used)" = 0 ]
}

uninstalls() {
    ballast driver stop --driver ai && ballast driver uninstall --driver ai || return
    [ ! -e "$WINEPREFIX/drive_c/windows/system32/drivers/ballastai.sys" ] || return
    ! "$wine" reg query 'HKLM\SYSTEM\CurrentControlSet\Services\ballastai' /v ImagePath </dev/null >/dev/null 2>&1
}

used() { wine_run "$bin/ai-pool.exe" used | tr -d '\r'; }

soon_used() { # BYTES
    local i
    for ((i = 0; i < 100; i++)); do
        [ "$(used)" = "$1" ] && return 0
        sleep 0.1
    done
    echo "used: $(used), expected: $1"
    return 1
}

owner_dies() {
    local victims
    wine_run "$bin/ai-pool.exe" hold $((10 << 20)) >/dev/null 2>&1 &
    soon_used $((10 << 20)) || return 1
    victims=$(session_pids 'ai-pool.exe hold')
    [ -n "$victims" ] || return 1
    # shellcheck disable=SC2086 # one word a process
    kill -9 $victims
    soon_used 0
}

session_begin ballastai-checked
run_program ai-behaviour || failures=1
run_program ai-pool || failures=1
check "an owner killed with -9 leaves nothing in the pool" owner_dies
ballast driver stop --driver ai >/dev/null
check "unloading the checked driver frees everything" last_unload_is_clean
check "defect 15: uninstalling leaves neither service nor file" uninstalls
check "defect 14: one command installs a driver that starts" installs
session_end
