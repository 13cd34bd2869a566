"""The telephone network, by providers."""
