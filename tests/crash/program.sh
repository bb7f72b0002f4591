#!/bin/sh
# The command of a case. $1: its folder, with the pipes `at`, `gate`, `never`; $2: its exit code.
# Each line of the log is counted in `written` after it was written, each start in `copies`.
echo $$ >> "$1/copies"
(read -r _ < "$1/never") &
echo $! > "$1/grandchild"
cd "$1" || exit 99
say_lines() {
    while [ "$i" -lt "$1" ]; do
        echo "line $i"
        echo "$i" >> written
        i=$((i + 1))
    done
}
i=0
say_lines 100
echo running > at
read -r _ < gate
say_lines 200
exit "$2"
