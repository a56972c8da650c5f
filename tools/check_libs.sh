#!/bin/sh
# Says which Debian package brings each library that is missing. Arguments: pkg-config=package ... -- name=package ...
# (those behind -- have no pkg-config file: their header <name/name.h> is looked for).
set -u

if ! command -v pkg-config >/dev/null 2>&1; then
    echo "pkg-config is missing: apt-get install pkg-config   (all of it: make deps)" >&2
    exit 1
fi
has_header() {
    printf '#include <%s/%s.h>\n' "$1" "$1" | ${CC:-cc} -E -x c - >/dev/null 2>&1
}

missing=
check="pkg-config --exists"
for pair in "$@"; do
    if [ "$pair" = -- ]; then
        check=has_header
        continue
    fi
    library=${pair%%=*}
    package=${pair#*=}
    if ! $check "$library"; then
        echo "library $library is missing: apt-get install $package" >&2
        missing="$missing $package"
    fi
done
[ -z "$missing" ] && exit 0
echo "all of it: make deps" >&2
exit 1
