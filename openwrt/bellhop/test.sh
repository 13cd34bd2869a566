#!/bin/sh
# Run by the feed's continuous integration: $1 is the package, $2 its version.

case "$1" in
bellhop)
	bellhop --version | grep -F "$2" || exit 1
	bellhop check-config /etc/config/bellhop || exit 1
	[ -f /usr/share/acl.d/bellhop.json ]
	;;
bellhop-media)
	[ -f /usr/lib/libbellhop_media.so ]
	;;
esac
