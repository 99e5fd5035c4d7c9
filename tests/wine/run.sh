#!/bin/bash
# SPDX-License-Identifier: MIT
# ./run, several at once: in a directory that has this clone's build but a session of its own.
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/wine/session.sh"

clone=$(mktemp -d "$build/run.XXXXXX")
mkdir "$clone/build"
cp -r "$root/run" "$root/tools" "$clone"
ln -s "$build/mingw-x64" "$clone/build"
for file in CMakeLists.txt CMakePresets.json cmake include src sim bench tests; do
    ln -s "$root/$file" "$clone"
done
# Building is not what this is about, and a build of this clone may be under way.
printf '\nbuild_preset() { :; }\n' >>"$clone/tools/common.sh"

waits_for_its_turn() {
    (
        flock 9
        "$clone/run" driver status >"$clone/output" 2>&1 9>&- &
        for ((i = 0; i < 600; i++)); do
            grep -q '^Waiting for another' "$clone/output" && break
            sleep 0.1
        done
        [ ! -e "$clone/build/wine" ] || echo "it has not waited"
    ) 9>"$clone/build/run.lock" >"$clone/early"
    wait_for_output 'State:' && [ ! -s "$clone/early" ]
}

# The background process is not this shell's child any more.
wait_for_output() {
    for ((i = 0; i < 1200; i++)); do
        grep -q "$1" "$clone/output" && return
        sleep 0.1
    done
    cat "$clone/output"
    return 1
}

two_at_once() {
    local first second
    "$clone/run" disk create --size 1M >"$clone/first" 2>&1 &
    first=$!
    "$clone/run" disk create --size 1M >"$clone/second" 2>&1 &
    second=$!
    wait "$first" && wait "$second" && [ "$("$clone/run" disk list 2>/dev/null | grep -c ram)" -eq 2 ] && return
    cat "$clone/first" "$clone/second"
    return 1
}

ends() {
    "$clone/run" --stop 2>&1 | grep -q Stopped && "$clone/run" --stop 2>&1 | grep -q 'Nothing is running'
}

trap '"$clone/run" --stop >/dev/null 2>&1; rm -rf "$clone"' EXIT
check "a second ./run waits" waits_for_its_turn
check "two at once both get their disk" two_at_once
check "--stop ends the session" ends
echo "1..$tests_run"
[ "$failures" -eq 0 ]
