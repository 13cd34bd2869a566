"""Subscriptions to state and notices of it (RFC 6665): the two sides, each as a table; no I/O."""
