#!/bin/sh
# Runs the test programs given, one after another; shows the output of those that fail (of all with V=1).
# Closes with "N passed, N failed".
set -u

export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
passed=0
failed=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
for program in "$@"; do
    name=$(basename "$program")
    if timeout "${TEST_TIMEOUT:-120}" "$program" >"$output" 2>&1; then
        echo "ok   $name ($(grep -c '^\[       OK' "$output") tests)"
        passed=$((passed + 1))
        [ -z "${V:-}" ] || cat "$output"
    else
        echo "FAIL $name (exit $?)"
        cat "$output"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
