# shellcheck shell=bash disable=SC2034,SC2154 # variables of and for the scripts that source this
# SPDX-License-Identifier: MIT
# Sourced by ./run, ./test and bench/run: installing what is missing, building, and a private Wine.
# Needs $root, the directory of the clone.

build=$root/build

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 1
}

# Runs a command quietly; shows its output only if it fails.
quietly() {
    local log
    mkdir -p "$build"
    log=$(mktemp "$build/log.XXXXXX")
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "this failed: $*"
    fi
    rm -f "$log"
}

# install_packages PACKAGE...: installs the Debian packages that are missing.
install_packages() {
    local package missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    [ "$(id -u)" -eq 0 ] || die "these Debian packages are missing, and installing them needs root: ${missing[*]}"
    say "Installing ${missing[*]} ..."
    quietly apt-get update -q
    DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -q --no-install-recommends "${missing[@]}"
}

packages_build=(cmake ninja-build gcc libc6-dev gcc-mingw-w64-x86-64)
packages_wine=(wine64)

# build_preset PRESET: configures once, builds what has changed. One build of a clone at a time.
build_preset() {
    mkdir -p "$build"
    (
        flock 9
        cd "$root" || exit 1
        [ "$build/$1/build.ninja" -nt CMakePresets.json ] || quietly cmake --preset "$1"
        quietly cmake --build --preset "$1"
    ) 9>"$build/lock"
}

# ---- Wine ----

find_wine() {
    local candidate
    for candidate in /usr/lib/wine/wine64 "$(command -v wine64)" "$(command -v wine)"; do
        [ -x "$candidate" ] && wine=$candidate && break
    done
    for candidate in /usr/lib/wine/wineserver64 /usr/lib/wine/wineserver "$(command -v wineserver)"; do
        [ -x "$candidate" ] && wineserver=$candidate && break
    done
    [ -n "${wine:-}" ] && [ -n "${wineserver:-}" ] || die "there is no Wine here"
    export WINESERVER=$wineserver
}

# wine_session PREFIX: chooses a prefix, makes it if it is new, and starts its own server, which stays until wine_end.
# Drivers print to PREFIX/session.log.
wine_session() {
    find_wine
    export WINEPREFIX=$1 WINEARCH=win64 WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe="
    unset DISPLAY WAYLAND_DISPLAY
    export WINEDEBUG=-all,warn+debugstr
    if [ ! -f "$WINEPREFIX/ready" ]; then
        mkdir -p "$WINEPREFIX"
        quietly "$wine" wineboot -i </dev/null
        # A crashing program shall end, not wait for a debugger.
        quietly "$wine" reg add 'HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug' /v Debugger /d '' /f </dev/null
        # The services of the prefix's first session do not outlive it properly: begin again.
        wine_end
        touch "$WINEPREFIX/ready"
    fi
    "$wineserver" -p </dev/null >/dev/null 2>&1 # may outlive this script: no pipe of its caller may stay open
    "$wine" wineboot </dev/null >"$WINEPREFIX/session.log" 2>&1
    export WINEDEBUG=-all
}

# Whether the session of a prefix is alive.
wine_alive() {
    find_wine
    # Signal 0 asks without doing anything.
    WINEPREFIX=$1 "$wineserver" -k0 2>/dev/null
}

# Ends the session that wine_session has begun, and everything in it.
wine_end() {
    "$wineserver" -k 2>/dev/null
    "$wineserver" -w 2>/dev/null
    return 0
}

# Runs a Windows program. Its output goes through pipes, because Wine's console rewrites what goes to a terminal.
wine_run() {
    if [ /proc/self/fd/1 -ef /proc/self/fd/2 ]; then # one pipe to one place, which keeps the order of what is printed
        "$wine" "$@" </dev/null 2>&1 | cat
        return "${PIPESTATUS[0]}"
    fi
    {
        "$wine" "$@" </dev/null 2>&1 >&3 3>&- | cat >&2
        exit "${PIPESTATUS[0]}"
    } 3>&1 | cat
    return "${PIPESTATUS[0]}"
}
