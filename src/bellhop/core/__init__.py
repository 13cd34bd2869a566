"""What every SIP node does: registers, forwards, answers, refuses (RFC 3261's core)."""
