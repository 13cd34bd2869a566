"""Files, sockets and the log as MicroPython has them: the same names as in `world.cpython`."""
