"""Messages that wait for a phone, and their notices (RFC 3428, RFC 5438)."""
