#!/bin/sh
# Says which Debian package brings each library that pkg-config cannot find. Arguments: pkg-config=package ...
set -u

if ! command -v pkg-config >/dev/null 2>&1; then
    echo "pkg-config is missing: apt-get install pkg-config   (all of it: make deps)" >&2
    exit 1
fi
missing=
for pair in "$@"; do
    library=${pair%%=*}
    package=${pair#*=}
    if ! pkg-config --exists "$library"; then
        echo "library $library is missing: apt-get install $package" >&2
        missing="$missing $package"
    fi
done
[ -z "$missing" ] && exit 0
echo "all of it: make deps" >&2
exit 1
