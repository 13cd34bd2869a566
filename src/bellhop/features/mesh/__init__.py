"""The node as a member of the mesh."""
