"""Names and keys by a validating resolver inside the node: libunbound (package bellhop-dns)."""
