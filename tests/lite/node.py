"""Lite nodes where other tests have full ones: for real phones, and in a town."""

import os
import subprocess
import time

from tests.mesh import town
from tests.system.phones.node import Node


class LiteNode(Node):
    """One lite node on one host, with the accounts of the household."""

    compiled = None

    def start(self):
        """Start the node and wait until it answers."""
        config = self.write_configuration()
        state = os.path.join(self.folder, "state")
        with open(self.log_path, "ab") as log:
            self.process = self.host.popen(
                self.compiled.command("--config", config, "--state", state),
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.compiled.environment()},
            )
        self.wait_ready()

    def wait_written(self):
        """Wait until the registrations of now are in their file, which takes a second."""
        path = os.path.join(self.folder, "state", "run", "bindings.json")
        town.wait_until(lambda: os.path.exists(path), "the registrations are written")
        time.sleep(1.5)

    def kill(self):
        """End the process as a power cut does."""
        self.process.kill()
        self.process.wait()


class TownNode(town.Node):
    """One lite node of a town."""

    def __init__(self, node, compiled):
        self.__dict__.update(node.__dict__)
        self.compiled = compiled
        self.interpreter = None

    def start(self):
        """Start the process; do not wait."""
        os.makedirs(self.folder, exist_ok=True)
        config = os.path.join(self.folder, "bellhop")
        with open(config, "w") as file:
            file.write(self.configuration())
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = self.host.popen(
                self.compiled.command(
                    "--config", config, "--state", self.state, interpreter=self.interpreter
                ),
                stdout=log,
                stderr=log,
                env={**os.environ, **self.compiled.environment()},
            )
