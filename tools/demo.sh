#!/bin/sh
# The whole product on a laptop with no account: the sandbox as chat vendor, the engine, one incident declared through the signed
# path, what happened step by step, and the addresses to look at. Stays up until Ctrl-C.
set -eu
cd "$(dirname "$0")/.."
exec python3 tools/demo.py --halligan "${1:-build/halligan}"
