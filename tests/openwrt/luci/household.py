"""The router of these tests with a Scene behind it: each answer is that of a real engine."""

import functools
import tempfile
from pathlib import Path

from bellhop.settings import reader
from tests.support.town import SETTINGS

from . import system
from .bridge import Bridge, sections, written
from .router import Router
from .scene import EVIL, Scene


@functools.cache
def shell():
    """Return the status of a node that was started as the package does it."""
    with tempfile.TemporaryDirectory(prefix="bellhop-node-") as folder:
        bridge = Bridge(Path(folder), {})
        try:
            assert bridge.start_node()
            return bridge.ask("status")
        finally:
            bridge.stop_node()
            bridge.server.server_close()


class Household(Router):
    """A Router whose node is the home of a Scene.

    Before a page is drawn, `answers` (of the rest of the router) and `uci` may be changed, and the
    node may be stopped: is_running.
    """

    def __init__(self, luci=None, bob=EVIL):
        self.scene = Scene(bob)
        text = SETTINGS % ("", "home", "config media\n\toption enabled 1" + self.scene.people)
        self.is_running = True
        super().__init__(system.answers(), sections(text), luci)

    def answer(self, name, method, given):
        """Return the result of one ubus call."""
        if name != "bellhop":
            return super().answer(name, method, given)
        self.calls.append((name, method, given))
        if not self.is_running:
            return [4]  # As ubus tells where there is no such object.
        given = {key: value for key, value in given.items() if value is not None}
        if method == "problems":
            found = reader.parse(written(self.uci), "/etc/config/bellhop").problems
            return [0, {"problems": [problem.record() for problem in found]}]
        told = self.scene.ask(method, **given)
        return [0, dict(shell(), **told) if method == "status" else told]
