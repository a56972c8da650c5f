#!/bin/sh
# Runs the make targets given, all of them even when one fails, and closes with one line "N passed, N failed" for
# the whole. A target that prints no such line of its own counts as one program. Logs: <log folder>/<target>.log.
# Usage: tools/test_all.sh LOG_FOLDER MAKE TARGET...
set -u

logs=$1
make=$2
shift 2
case ${MAKEFLAGS:-} in
*-j*) ;;
*) make="$make -j$(nproc)" ;; # only builds run side by side; each target's tests are one recipe
esac
mkdir -p "$logs"
passed=0
failed=0
broken=
for target in "$@"; do
    echo "== $target"
    status_file=$logs/$target.status
    { $make --no-print-directory "$target" 2>&1; echo $? >"$status_file"; } | tee "$logs/$target.log"
    status=$(cat "$status_file")
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$logs/$target.log" | tail -n 1)
    target_passed=0
    target_failed=0
    if [ -n "$line" ]; then
        target_passed=${line%% passed*}
        target_failed=${line##*, }
        target_failed=${target_failed%% *}
    elif [ "$status" -eq 0 ]; then
        target_passed=1
    fi
    if [ "$status" -ne 0 ]; then
        [ "$target_failed" -gt 0 ] || target_failed=1
        broken="$broken $target"
    fi
    passed=$((passed + target_passed))
    failed=$((failed + target_failed))
done
[ -z "$broken" ] || echo "failed:$broken (logs in $logs)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
