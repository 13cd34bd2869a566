"""What both nodes do to the world alike: sockets, files, the control socket.

`shell` adds what needs CPython, `lite` what MicroPython lacks; `system` picks between the two.
"""
