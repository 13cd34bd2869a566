#!/bin/sh
# Run by the feed's continuous integration: $1 is the package, $2 its version.

[ "$1" = bellhop-lite ] || exit 0
bellhop --version | grep -F "$2" || exit 1
bellhop check-config /etc/config/bellhop
