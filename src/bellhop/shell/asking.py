"""Asks the running node, by its socket or by ubus, and shows what it answers."""

import contextlib
import functools
import json
import os
import socket
import sys
import time

from ..errors import BellhopError
from ..world.cpython.log_text import readable
from . import places, shown_events, tables

# Where a node's control socket is sought, when neither option nor environment names a folder.
FOLDERS = ("/var/run/bellhop", places.STATE, ".state")
ANSWER_SECONDS = 10
# OpenWrt's bus, for those who may use it but not the control socket.
BUS = "/var/run/ubus/ubus.sock"


class Refused(BellhopError):
    """The control socket is another user's."""


def connect(state):
    """Return a socket connected to the node; raises BellhopError where none answers."""
    named = state or os.environ.get("BELLHOP_STATE")
    paths = [places.control_path(folder) for folder in ([named] if named else FOLDERS)]
    for path in paths:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(path)
        except PermissionError:
            raise Refused("%s belongs to another user: try as root" % path) from None
        except OSError:
            connection.close()
            continue
        return connection
    start = "bellhop --state %s" % named if named else "/etc/init.d/bellhop start"
    raise BellhopError("no node answers at %s; start it with `%s`" % (", ".join(paths), start))


def ask(connection, lines, verb, arguments):
    """Return the node's answer to a verb; raises BellhopError with the node's words."""
    request = {"verb": verb, "arguments": arguments}
    connection.sendall(json.dumps(request).encode() + b"\n")
    try:
        answer = json.loads(lines.readline() or b"{}")
    except TimeoutError:
        raise BellhopError("the node does not answer") from None
    if "error" in answer:
        raise BellhopError(answer["error"]["message"])
    if "result" not in answer:
        raise BellhopError("the node has stopped")
    return answer["result"]


@contextlib.contextmanager
def asking(arguments):
    """Give asked(verb, arguments), which the running node answers: by its socket, or by ubus."""
    is_named = arguments.state or os.environ.get("BELLHOP_STATE")
    try:
        connection = connect(arguments.state)
    except BellhopError as problem:
        if is_named or not os.path.exists(BUS):
            raise
        yield _bus(problem)
        return
    with contextlib.closing(connection):
        yield functools.partial(ask, connection, connection.makefile("rb"))


def _bus(problem):
    """Return what asks the object `bellhop` by ubus. problem: why the socket does not do."""
    try:
        import ubus  # Only on OpenWrt, and only where the socket is out of reach.
    except ImportError:
        if isinstance(problem, Refused):
            problem = "%s, or install python3-ubus to ask by ubus" % problem
        raise BellhopError(problem) from None

    def asked(verb, given):
        try:
            if not ubus.get_connected():
                ubus.connect(BUS)
            (answer,) = ubus.call("bellhop", verb, given, ANSWER_SECONDS * 1000)
        except (OSError, RuntimeError, ValueError) as error:
            raise BellhopError("%s; by ubus: %s" % (problem, str(error).strip())) from None
        if "error" in answer:
            raise BellhopError(answer["error"]["message"])
        return answer

    return asked


def show(arguments):
    """Ask what a command line says, and print the answer; return the exit status."""
    given = {name: getattr(arguments, name) for name in arguments.accepted}
    given = {name: value for name, value in given.items() if value is not None}
    if arguments.verb == "events":
        return _show_events(arguments)
    if getattr(arguments, "csv", False):
        given["format"] = "csv"
    with asking(arguments) as asked:
        result = asked(arguments.verb, given)
        while arguments.verb == "ring" and not result["is_over"]:
            time.sleep(1)
            result = asked("rung", given)
    if arguments.json:
        print(json.dumps(result, indent=2, sort_keys=True))
    elif "content_type" in result:
        sys.stdout.write(result["text"])
    else:
        for line in tables.shown(arguments.verb, result):
            print(readable(line))
        if arguments.verb == "identity":
            show_code("sip:" + result["key"])
        elif result.get("url"):
            show_code(result["url"])
    return 0


def _show_events(arguments):
    with contextlib.closing(connect(arguments.state)) as connection:
        lines = connection.makefile("rb")
        ask(connection, lines, "events", {})
        connection.settimeout(None)
        for line in lines:
            event = json.loads(line)
            shown = json.dumps(event) if arguments.json else readable(shown_events.line(event))
            print(shown, flush=True)
    raise BellhopError("the node has stopped")


def show_code(text):
    """Draw a text as a QR code, where the library for it is installed."""
    try:
        import segno
    except ImportError:
        print("(a QR code of it needs the package python3-segno; elsewhere `pip install segno`)")
        return
    segno.make(text, error="m").terminal(compact=True)
