"""Files, sockets and the log as CPython has them."""
