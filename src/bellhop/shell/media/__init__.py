"""The packet path in C, loaded: what OpenWrt's package bellhop-media brings."""
