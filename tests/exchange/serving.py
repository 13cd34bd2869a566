"""Serves an application by real HTTP from a thread."""

import contextlib
import threading
import time

import uvicorn

PATIENCE = 60


@contextlib.contextmanager
def serving(made):
    """Serve made(url) on a free port of 127.0.0.1; give the URL."""
    config = uvicorn.Config(None, host="127.0.0.1", port=0, log_level="error")
    server, socket = uvicorn.Server(config), config.bind_socket()
    url = "http://127.0.0.1:%d" % socket.getsockname()[1]
    config.app = made(url)
    thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not server.started and time.monotonic() < end:
        time.sleep(0.05)
    yield url
    server.should_exit = True
    thread.join(PATIENCE)
