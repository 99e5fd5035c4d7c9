# shellcheck shell=bash disable=SC2154 # $root and $build are set by the scripts that source this
# SPDX-License-Identifier: MIT
# Sourced by golden tests: runs each "$ command" of a transcript; what it prints and its exit code must be what the
# transcript says, but for empty lines. With UPDATE=1 the transcript is written anew.
# Needs tests/wine/session.sh.

# Besides `ballast`, commands are plain tools that prepare files, and functions of the script.
# MASKS are sed expressions for what no two runs have in common.
run_line() {
    local output status
    output=$(eval "$1" 2>&1)
    status=$?
    [ -z "$output" ] || printf '%s\n' "$output" | tr -d '\r' | LC_ALL=C sed -e '/^$/d' "${masks[@]}"
    [ "$status" -eq 0 ] || echo "[exit $status]"
}

# Groups of cases begin with "# title".
finish_group() {
    [ -n "$title" ] || return
    if [ "$expected" = "$actual" ]; then
        pass "$title"
    else
        not_pass "$title"
        diff <(printf '%s' "$expected") <(printf '%s' "$actual") | sed 's/^/# /'
    fi
}

# Masks for a directory, as Unix, Windows and JSON write its path.
directory_masks() {
    local windows=Z:${1//\//\\} path
    for path in "${windows//\\/\\\\}" "$windows" "$1"; do
        printf 's|%s|DIRECTORY|g\n' "$(sed 's/[][\.*^$|]/\\&/g' <<<"$path")"
    done
}

# run_transcript FILE MASK...
run_transcript() {
    local transcript=$1 new line output
    local expected='' actual='' title='' masks=()
    shift
    for line in "$@"; do
        masks+=(-e "$line")
    done
    new=$(mktemp "$build/transcript.XXXXXX")
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        "# "*)
            finish_group
            title=${line#\# }
            expected=
            actual=
            printf '%s\n' "$line" >>"$new"
            ;;
        "\$ "*)
            output=$(run_line "${line#\$ }")
            expected+=$line$'\n'
            actual+=$line$'\n'
            [ -z "$output" ] || actual+=$output$'\n'
            printf '%s\n' "$line" >>"$new"
            [ -z "$output" ] || printf '%s\n' "$output" >>"$new"
            ;;
        "")
            printf '\n' >>"$new"
            ;;
        *)
            expected+=$line$'\n'
            ;;
        esac
    done <"$transcript"
    finish_group
    if [ "${UPDATE:-0}" = 1 ]; then
        cp "$new" "$transcript"
        say "wrote $transcript: read the difference before you commit it"
    fi
    rm -f "$new"
}
