"""Real node processes in namespaces: they find each other, and phones call across them."""
