"""Identity and maps of a node in the mesh: what OpenWrt's package bellhop-mesh brings."""
