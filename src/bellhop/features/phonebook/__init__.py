"""Phone books, the node's own and imported ones."""
