"""Where the files of a node are."""

import os

# Where OpenWrt has them, and where Debian does.
CONFIG, STATE = "/etc/config/bellhop", "/etc/bellhop"
if os.path.exists("/etc/bellhop.config"):
    CONFIG, STATE = "/etc/bellhop.config", "/var/lib/bellhop"


def config_path(arguments):
    """Return the path of the configuration that the arguments mean."""
    if arguments.config:
        return arguments.config
    return os.path.join(arguments.state, "bellhop.config") if arguments.state else CONFIG


def control_path(folder):
    """Return the path of the control socket in a folder."""
    return os.path.join(folder, "control")
