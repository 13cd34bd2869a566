"""What a node does besides: one module each, or a folder where a package of OpenWrt brings it."""
