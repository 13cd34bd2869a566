#!/bin/sh
# Run by the feed's continuous integration: $1 is the package, $2 its version.

case "$1" in
bellhop)
	bellhop --version | grep -F "$2" || exit 1
	bellhop check-config /etc/config/bellhop || exit 1
	[ -f /usr/share/acl.d/bellhop.json ]
	;;
bellhop-media)
	[ -f /usr/lib/libbellhop_media.so ] && [ -f /usr/lib/libbellhop_circuit.so ] &&
		python3 -c 'import bellhop.shell.media.library'
	;;
bellhop-tls) python3 -c 'import bellhop.shell.tls.contexts' ;;
bellhop-mesh) python3 -c 'import bellhop.features.mesh.member, bellhop.shell.mesh.identity' ;;
bellhop-dns)
	python3 -c 'import bellhop.features.dns.numbers' &&
		python3 -c 'from bellhop.shell.dnssec.unbound import ffi, LIBRARY; ffi.dlopen(LIBRARY)'
	;;
bellhop-pgp) python3 -c 'import bellhop.features.pgp.signing, bellhop.shell.pgp.signer' ;;
bellhop-pilot) python3 -c 'import bellhop.features.pilot.member, bellhop.shell.pilot.site' ;;
bellhop-trunks) python3 -c 'import bellhop.features.trunks.trunks' ;;
*-src) ;;
*) echo "no test of $1" && exit 1 ;;
esac
