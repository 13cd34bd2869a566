"""Control side of secure media: SDP, keys, trust, and which legs a call needs; no packets."""
