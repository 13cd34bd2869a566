"""What the members of the house have beside their phones: a page of their own, and new phones."""
