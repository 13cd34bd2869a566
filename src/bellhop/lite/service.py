"""The running node: puts the parts together, starts, reloads, stops."""

import gc
import os

from .. import config
from ..effects import Close, Event, Note, Resolve, Send, SendMesh, Store
from ..engine import Engine
from ..errors import BellhopError, ConfigError
from . import bounds, endpoints, identity, netlink, resolver, store
from .control import Control
from .media import NEEDS_FULL_NODE, Unrelayed, problem_of
from .mesh import MeshLinks
from .signals import Signals
from .sockets import words
from .tcp import Streams

# What a node of this size does not do; the status says so.
LEFT_TO_FULL_NODE = ("media relay", "TLS and WebSocket", "NAPTR and DNSSEC", "DHT")
BY_LIBSODIUM = "Ed25519 by libsodium"
NO_SIGNATURES = (
    "no libsodium: records are taken only from the full nodes that `list peer` names, unchecked, "
    "and none are passed on; install libsodium"
)


class Service:
    """One node with its files and sockets. heap: its size in octets.

    places: the folder of what stays, that of what may be lost with the power, the control socket.
    """

    def __init__(self, loop, settings_file, places, heap):
        state, run, control = places
        self.loop = loop
        self.log = loop.log
        self.settings_file = settings_file
        self.state = state
        self.heap = heap
        self.settings = self._read_settings()
        self.log.level = self.settings.log_level
        self.engine = loop.engine = Engine(self.settings, os.urandom, loop.now())
        self.engine.forwarder.relaying = Unrelayed(self.engine.node)
        self.store = store.Store(state, run, loop, self.log)
        self.streams = Streams(loop)
        self.endpoints = endpoints.Endpoints(loop, self.streams, self.log)
        self.resolver = resolver.Resolver(loop, self.endpoints.local_for)
        self.control = Control(self, control)
        self.watch = None
        self.mesh_links = None
        self.mesh_problem = ""
        loop.performers = {
            Send: self.endpoints.send,
            Close: self.endpoints.close,
            Resolve: self.resolver.resolve,
            Store: self.store.keep,
            Event: self.control.publish,
            Note: self.log.note,
        }

    def _read_settings(self):
        try:
            with open(self.settings_file) as file:
                text = file.read()
        except OSError as error:
            raise ConfigError(self.settings_file, "cannot be read: %s" % words(error)) from None
        except UnicodeError:
            raise ConfigError(self.settings_file, "is not text in UTF-8") from None
        settings = config.parse(text, self.settings_file)
        bounds.settle(settings)
        return settings

    def start(self):
        """Open everything; raises BellhopError where the node could not do its work."""
        self.control.open()
        self.has_signals = Signals(self.loop, self._hung_up, self.end).open()
        self.watch = netlink.Watch(self.loop, self._machine_changed, self._met)
        if self.settings.mesh.enabled:
            self._join_mesh()
        hosts = netlink.addresses()
        self.endpoints.adjust(self.settings, hosts)
        # A node whose port is taken is not started: phones would reach the other program.
        if self.endpoints.problems:
            raise BellhopError("\n".join(sorted(set(self.endpoints.problems.values()))))
        for name, records in self.store.load():
            try:
                self.engine.restore(name, records, self.loop.now())
            except (TypeError, ValueError, KeyError, IndexError, AttributeError):
                self.store.set_aside(name)
        self.loop.perform(self.engine.start(self.loop.now()))
        gc.collect()
        for problem in self.problems():
            self.log.say("warning", problem)

    def _join_mesh(self):
        crypto = identity.crypto()
        links = MeshLinks(self.loop, self.settings.mesh, only_peers=crypto is None)
        if crypto is None:
            self.mesh_problem = NO_SIGNATURES
            crypto = identity.without_library(lambda: links.is_heard)
        try:
            seed, epoch = identity.read(self.state), identity.next_epoch(self.state)
        except BellhopError as error:
            self.mesh_problem = "no mesh: %s" % error
            return
        except OSError as error:
            self.mesh_problem = "no mesh: cannot write in %s: %s" % (self.state, words(error))
            return
        self.engine.join_mesh(seed, epoch, crypto, self.loop.now())
        self.engine.meshing.mesh.settings.passes_on = not links.only_peers
        self.mesh_links = links
        self.loop.performers[SendMesh] = links.send
        self.mesh_links.open()
        if self.settings.mesh.peer or self.settings.mesh.search_domain:
            self.resolver.carry_out(self.mesh_links.seek(self.resolver))

    def end(self):
        """Let the loop end."""
        self.loop.is_running = False

    def stop(self):
        """Close everything and write what waits."""
        self.loop.perform(self.engine.leave(self.loop.now()))
        self.control.close()
        self.endpoints.close_all()
        if self.mesh_links is not None:
            self.mesh_links.close()
        if self.watch is not None:
            self.watch.close()
        self.store.write_all()

    def reload(self):
        """Read the configuration anew; raises ConfigError, and then nothing has changed."""
        settings = self.settings = self._read_settings()
        self.log.level = settings.log_level
        self.loop.perform(self.engine.reload(settings, self.loop.now()))
        self.endpoints.adjust(settings, netlink.addresses())
        joined = self.engine.meshing is not None
        if settings.mesh.enabled and not joined:
            self._join_mesh()
            now = self.loop.now()
            self.loop.perform(self.engine.listen(list(self.endpoints.listeners), now))
            self.loop.perform(self.engine.start(now))
        elif joined and not settings.mesh.enabled:
            self.mesh_problem = "the mesh is left at the next start of the node"
        self.log.say("notice", "the configuration %s is in force" % self.settings_file)
        return {"configuration": self.settings_file, "problems": self.problems()}

    def _hung_up(self):
        try:
            self.reload()
        except ConfigError as error:
            self.log.say("error", "the earlier configuration stays in force: %s" % error)

    def check_config(self):
        """Tell whether the configuration file is good; raises ConfigError."""
        self._read_settings()
        return {"configuration": self.settings_file}

    def _machine_changed(self):
        self.endpoints.adjust(self.settings, netlink.addresses())
        if self.mesh_links is not None:
            self.mesh_links.adjust()

    def _met(self, index, host):
        if self.mesh_links is not None:
            self.mesh_links.met(index, host)

    def problems(self):
        """Return what the owner should know, in sentences."""
        found = sorted(set(self.endpoints.problems.values()))
        for host in endpoints.absent(self.settings, netlink.addresses()):
            found.append("this machine does not have the address %s now" % host)
        if not self.has_signals:
            found.append("this MicroPython has no ffi: a signal ends the node without clean-up")
        media_problem = problem_of(self.settings)
        if media_problem:
            found.append("calls are refused, %s%s" % (media_problem, NEEDS_FULL_NODE))
        return found + ([self.mesh_problem] if self.mesh_problem else [])

    def status(self):
        """Return how the node is: what the engine tells, and what this shell adds."""
        result = self.engine.status(self.loop.now())
        result["counters"].update(
            {
                "datagrams": self.endpoints.counters(),
                "connections": self.streams.counters,
                "store": self.store.counters,
                "names": self.resolver.counters,
                "log": {"left_out": self.log.left_out},
                "heap": self.loop.counters,
                "links": {"lost": 0 if self.mesh_links is None else self.mesh_links.lost},
            }
        )
        gc.collect()
        result.update(
            {
                "configuration": self.settings_file,
                "problems": self.problems(),
                "names": resolver.KIND,
                "connections": len(self.streams.streams),
                "memory_kb": resident_kb(),
                "heap_kb": self.heap // 1024,
                "heap_used_kb": gc.mem_alloc() // 1024,
                "signatures": NO_SIGNATURES if self.mesh_problem == NO_SIGNATURES else BY_LIBSODIUM,
                "left_to_full_node": list(LEFT_TO_FULL_NODE),
            }
        )
        return result


def resident_kb():
    """Return the memory that the process holds."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
