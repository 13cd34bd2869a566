"""Numbers and keys of people in the DNS: features of a node with `config names`."""
