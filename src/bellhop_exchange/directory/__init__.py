"""A directory: this number, or address, belongs to this key. It never sees a call."""
