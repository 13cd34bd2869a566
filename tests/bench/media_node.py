"""One process with the library, for media_relays.Bellhop: JSON lines in, JSON lines out.

    python3 -m tests.bench.media_node LIBRARY BINDING COALESCE_US SUITE

Outside the node, so the binding is loaded from the file that the benchmark made.
"""

import importlib.util
import json
import os
import resource
import socket
import sys

from tests.bench.media_relays import HOST, PORTS, SUITES, load_line

ADDRESS = socket.inet_aton(HOST)
CLEAR, SECURE, BOTH_WAYS = 0, 1, 3


def load_binding(path):
    """Make a generated file the module bellhop.shell.media.media_abi."""
    name = "bellhop.shell.media.media_abi"
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def open_call(media, suite, phones):
    """Open one relay, its B side with keys if there is a suite; return its line for media_load."""
    side = (ADDRESS, *PORTS)
    relay, ports = media.relay_open(side, side)
    kinds = CLEAR, SECURE if suite else CLEAR
    for number, (kind, port) in enumerate(zip(kinds, phones)):
        remote = ADDRESS, port
        media.relay_update(relay, number, kind=kind, direction=BOTH_WAYS, remote=remote)
    keys = None
    if suite:
        keys = os.urandom(suite.key + suite.salt), os.urandom(suite.key + suite.salt)
        receive, send = ((suite.number, key[: suite.key], key[suite.key :]) for key in keys)
        media.relay_update(relay, 1, receive=receive, send=send)
    return load_line(phones, (ports[0], ports[2]), suite, keys)


def floor(library):
    """Return what media_floor.c has added up."""
    import cffi

    ffi = cffi.FFI()
    ffi.cdef("void bm_floor(uint64_t out[6]);")
    out = ffi.new("uint64_t[6]")
    ffi.dlopen(library).bm_floor(out)
    return list(out)


def main():
    library, binding, coalesce_us, suite = sys.argv[1:]
    sys.path.insert(0, "src")
    load_binding(binding)
    from bellhop.shell.media.library import Media

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    media = Media(library)
    media.open(relays=2000, coalesce_us=int(coalesce_us))
    for line in sys.stdin:
        question = json.loads(line)
        if "calls" in question:
            answer = [open_call(media, SUITES.get(suite), call) for call in question["calls"]]
        elif "floor" in question:
            answer = floor(library)
        else:
            answer = media.status()
        print(json.dumps(answer), flush=True)
    media.close()


if __name__ == "__main__":
    main()
