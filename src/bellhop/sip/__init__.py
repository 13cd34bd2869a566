"""Message syntax: bytes to values and back (RFC 3261 sections 7, 19, 20, 25)."""
