"""The CPython shell: the only place with asyncio, sockets, files and the clock."""
