"""The mesh: signed records of nodes, who is whose neighbour, paths and names. Pure."""
