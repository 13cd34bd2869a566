"""What CPython adds to the node that both interpreters run: `world`."""
