#!/bin/sh
# Run by the feed's continuous integration: $1 is the package, $2 its version.

[ "$1" = python3-segno ] || exit 0
python3 - "$2" <<'END'
import sys, segno
assert segno.__version__ == sys.argv[1]
assert segno.make("bellhop").version
END
