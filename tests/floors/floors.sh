#!/bin/bash
# SPDX-License-Identifier: MIT
# The floors of src/ and sim/: who may include and call whom (floors.txt), and that no files go in a circle. An arrow is an
# #include, or a symbol that an object file needs and another one defines: pointers in tables of functions are relocations,
# and count. Needs the build directories of ./test.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
export LC_ALL=C
tests_run=0
failures=0

result() {
    tests_run=$((tests_run + 1))
    [ "$1" = ok ] || failures=$((failures + 1))
    echo "$1 $tests_run - $2"
}

# include_arrows TREE: "FROM TO" for each #include "..." of a file in src/, sim/ or include/ of TREE.
include_arrows() {
    (
        cd "$1" || exit
        find src sim include -name '*.[ch]' 2>/dev/null >"$scratch/files"
        xargs grep -H '^#include "' <"$scratch/files" |
            awk -F '[:"]' '
                FILENAME != "-" { there[$0]; next }
                {
                    directory = $1
                    sub(/[^\/]*$/, "", directory)
                    split(directory $3 "\n" "src/" $3 "\n" "include/" $3 "\n" "sim/include/" $3 "\n" $3, places, "\n")
                    for (i = 1; i <= 5; i++)
                        if (places[i] in there) {
                            print $1, places[i]
                            break
                        }
                }' "$scratch/files" -
    )
}

# objects BUILD FOLDER: "OBJECT FILE PROGRAM" for what has been compiled from this folder; paths from the root, which have no
# blanks, whatever the root's own path has.
objects() {
    awk -v build="$1/" -v folder="$2/" -v root="$root/" '
        /^ *"command": / {
            object = match($0, / -o [^ ]+ -c /) ? substr($0, RSTART + 4, RLENGTH - 8) : ""
        }
        /^ *"file": / {
            file = $0
            sub(/^ *"file": "/, "", file)
            sub(/",?$/, "", file)
            program = object
            sub(/\.dir\/.*/, "", program)
            if (object != "" && index(file, root folder) == 1)
                print build object, substr(file, length(root) + 1), program
        }' "$1/compile_commands.json"
}

# symbol_arrows < "OBJECT FILE PROGRAM": "FROM TO" for each symbol that one needs and another defines, in the same program or,
# if it is not there, in the only file that defines it. What the compiler calls of itself is no arrow.
symbol_arrows() {
    cat >"$scratch/objects"
    cut -d' ' -f1 "$scratch/objects" | xargs nm -A -g --no-sort |
        awk -v objects="$scratch/objects" '
            BEGIN {
                while ((getline line < objects) > 0) {
                    split(line, word, " ")
                    file[word[1]] = word[2]
                    program[word[1]] = word[3]
                }
            }
            {
                object = $1
                sub(/:.*/, "", object)
                symbol = $NF
                kind = $(NF - 1)
                if (kind == "U") {
                    needs[object, symbol]
                } else if (symbol !~ /^(\.|__stack_chk_)/) {
                    within[program[object], symbol] = file[object]
                    if ((symbol in anywhere) && anywhere[symbol] != file[object])
                        several[symbol]
                    anywhere[symbol] = file[object]
                }
            }
            END {
                for (key in needs) {
                    split(key, part, SUBSEP)
                    to = ""
                    if ((program[part[1]], part[2]) in within)
                        to = within[program[part[1]], part[2]]
                    else if ((part[2] in anywhere) && !(part[2] in several))
                        to = anywhere[part[2]]
                    if (to != "" && to != file[part[1]])
                        print file[part[1]], to
                }
            }' | sort -u
}

# circles < ARROWS: prints the files that go in a circle.
circles() { tsort 2>&1 >/dev/null | sed 's/^tsort: //; s/^-: input contains a loop:/circle:/'; }

# upward LIST < ARROWS: prints what is in no room, and the arrows that the list does not allow.
upward() {
    awk '
        function holds(name, file) { return file == name || index(file, name "/") == 1 || index(file, name ".") == 1 }
        function room(file,    i, best) {
            best = ""
            for (i in rooms)
                if (holds(i, file) && length(i) > length(best))
                    best = i
            return best
        }
        function may_use(name, file,    i, below) {
            for (i = split(rooms[name], below, " "); i > 0; i--)
                if (holds(below[i], file))
                    return 1
            return 0
        }
        FNR == NR {
            sub(/#.*/, "")
            if (NF == 0)
                next
            name = $1
            if (!sub(/:$/, "", name))
                print "a room has no colon: " $0
            for (i = 2; i <= NF; i++)
                if (!($i in rooms))
                    print name " stands on " $i ", which is not below it"
            $1 = ""
            rooms[name] = $0
            next
        }
        {
            from = room($1)
            to = room($2)
            if (from == "" || to == "")
                print "in no room: " (from == "" ? $1 : $2)
            else if (from != to && !may_use(from, $2))
                print "upward: " $1 " -> " $2
        }' "$1" - | sort -u
}

# judge NAME ARROWS LIST: passes if they are in order.
judge() {
    { circles <"$2" && upward "$3" <"$2"; } >"$scratch/findings"
    if [ -s "$2" ] && [ ! -s "$scratch/findings" ]; then
        result ok "$1"
    else
        sed 's/^/# /' "$scratch/findings"
        result "not ok" "$1"
    fi
}

# ---- the check itself ----

# expect NAME LIST FINDING: what is found in the files of $tree, compiled here, contains FINDING; "": nothing is found.
expect() {
    local name=$1 list=$2 finding=$3 source
    : >"$scratch/compiled"
    for source in "$tree"/src/*/*.c; do
        cc -c -I"$tree/src" -o "${source%.c}.o" "$source" || return
        echo "${source%.c}.o ${source#"$tree/"} program" >>"$scratch/compiled"
    done
    { include_arrows "$tree" && symbol_arrows <"$scratch/compiled"; } >"$scratch/arrows"
    printf '%s\n' "$list" >"$scratch/list"
    { circles <"$scratch/arrows" && upward "$scratch/list" <"$scratch/arrows"; } >"$scratch/findings"
    if [ -z "$finding" ] && [ -s "$scratch/arrows" ] && [ ! -s "$scratch/findings" ]; then
        result ok "$name"
    elif [ -n "$finding" ] && grep -qxF "$finding" "$scratch/findings"; then
        result ok "$name"
    else
        sed 's/^/# /' "$scratch/findings"
        result "not ok" "$name"
    fi
}

tree=$scratch/tree
house=$'src/low:\nsrc/top: src/low'
mkdir -p "$tree"/src/{low,top}
echo 'int low(void);' >"$tree/src/low/low.h"
printf '#include "low/low.h"\nint other(void);\nint low(void) { return other(); }\n' >"$tree/src/low/low.c"
echo 'int other(void); int other(void) { return 1; }' >"$tree/src/low/other.c"
echo 'int top(void);' >"$tree/src/top/top.h"
printf '#include "top/top.h"\n#include "low/low.h"\nint top(void) { return low(); }\n' >"$tree/src/top/top.c"
expect "a house in order is" "$house" ""
expect "a room that is not listed" "src/top:" "in no room: src/low/low.c"
expect "a room on one that is not below" $'src/top: src/low\nsrc/low:' "src/top stands on src/low, which is not below it"
cp "$tree/src/low/other.c" "$scratch/other.c"
printf '#include "top/top.h"\n' >>"$tree/src/low/other.c"
expect "an include upward" "$house" "upward: src/low/other.c -> src/top/top.h"
{ cat "$scratch/other.c" && echo 'int top(void); int (*const table[])(void) = {top};'; } >"$tree/src/low/other.c"
expect "a pointer upward in a table" "$house" "upward: src/low/other.c -> src/top/top.c"
expect "which makes a circle" "$house" "src/top/top.c"
{ cat "$scratch/other.c" && echo 'int low(void); int again(void); int again(void) { return low(); }'; } >"$tree/src/low/other.c"
expect "a circle within a room" "$house" "circle:"

# ---- the house ----

include_arrows "$root" >"$scratch/includes"
{
    cd "$root" || exit
    objects build/mingw-x64 src | symbol_arrows
    objects build/host-clang sim | symbol_arrows
} >"$scratch/symbols"
sort -u "$scratch/includes" "$scratch/symbols" >"$scratch/house"
for part in src/driver/disk/ src/driver/ai/ src/core/ src/lib/ src/cli/ sim/; do
    grep -q "^$part.*\.c $part.*\.c\$" "$scratch/symbols" && grep -q "^$part" "$scratch/includes"
    result "$([ $? -eq 0 ] && echo ok || echo 'not ok')" "includes and symbols of $part have been seen"
done
judge "no file calls or includes upward, or in a circle" "$scratch/house" "$root/tests/floors/floors.txt"

# And as it would be with one wrong line.
mkdir "$scratch/copy"
cp -r "$root"/{include,sim,src} "$scratch/copy"
echo '#include "driver/disk/end/removal.h"' >>"$scratch/copy/src/driver/disk/serve/transfer.c"
include_arrows "$scratch/copy" | upward "$root/tests/floors/floors.txt" >"$scratch/findings"
result "$(grep -qxF 'upward: src/driver/disk/serve/transfer.c -> src/driver/disk/end/removal.h' "$scratch/findings" &&
    [ "$(wc -l <"$scratch/findings")" -eq 1 ] && echo ok || echo 'not ok')" "an include of removal by what serves is seen"

echo "1..$tests_run"
[ "$failures" -eq 0 ]
