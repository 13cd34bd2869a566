"""What the two interpreters do in ways of their own; picked here and nowhere else."""

import sys

if sys.implementation.name == "micropython":
    from .micropython import files, sockets
    from .micropython.log_text import readable, traced
else:
    from .cpython import files, sockets  # type: ignore[no-redef]
    from .cpython.log_text import readable, traced

__all__ = ("files", "readable", "sockets", "traced")
