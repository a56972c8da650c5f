#!/bin/sh
# Prints compile_commands.json for the sources given; the first argument is the compile command.
set -eu

command=$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')
shift
folder=$(pwd)
separator=
echo '['
for source in "$@"; do
    printf '%s{"directory": "%s", "file": "%s", "command": "%s -c %s"}' \
        "$separator" "$folder" "$source" "$command" "$source"
    separator=',
'
done
printf '\n]\n'
