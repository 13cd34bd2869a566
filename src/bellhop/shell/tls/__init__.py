"""SIP over TLS and WebSocket: what OpenWrt's package bellhop-tls brings."""
