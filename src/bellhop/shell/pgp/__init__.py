"""GnuPG, called: what OpenWrt's package bellhop-pgp brings."""
