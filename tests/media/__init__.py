"""Secure media with real phones in namespaces: what is heard, and what the wire shows."""
