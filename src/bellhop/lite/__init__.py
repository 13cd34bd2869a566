"""The lite node: the same engine on MicroPython's unix port, for routers with 64 MB."""
