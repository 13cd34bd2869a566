"""What the two interpreters do in ways of their own; picked here and nowhere else."""

import sys

if sys.implementation.name == "micropython":
    from ..lite import files, sockets
    from ..lite.words import readable, traced
else:
    from ..shell import files, sockets  # type: ignore[no-redef]
    from ..shell.words import readable, traced

__all__ = ("files", "readable", "sockets", "traced")
