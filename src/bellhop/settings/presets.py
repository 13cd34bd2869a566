"""Providers by name: what their public documents say of a connection. Text alone.

Each row is what the provider's own help pages tell a person who connects a telephone of his own.
"""

# name -> {option of `config provider`: value}. Filled in below, one provider a row.
PRESETS: dict[str, dict[str, object]] = {}
