"""The running node: puts the parts together, starts, reloads, stops."""

import asyncio
import os
import signal
import traceback

from ..effects import Close, Event, Note, Resolve, Send, Sign, Store, Verify
from ..engine import Engine
from ..errors import BellhopError, ConfigError
from . import addresses, endpoints, store
from .control import Control
from .log import Log
from .loop import Entropy, Loop, milliseconds
from .resolver import Resolver
from .settings import read_settings
from .tcp import Streams
from .tls import Contexts

# Where OpenWrt's bus is; a machine without this folder is no OpenWrt.
BUS = "/var/run/ubus"


class Service:
    """One node with its files and sockets. settings_file, state, run: paths.

    `run` holds what may be lost with the power, and `control` is the path of the control socket.
    """

    def __init__(self, settings_file, settings, state, run, control, write_log):
        self.settings_file = settings_file
        self.settings = settings
        self.state = state
        self.aio = asyncio.new_event_loop()
        self.aio.set_exception_handler(self._broken)
        self.log = Log(write_log, settings.log_level)
        entropy = Entropy()
        self.engine = Engine(settings, entropy.token, milliseconds())
        self.loop = Loop(self.engine, self.aio)
        self.store = store.Store(state, run, self.aio, self.log)
        self.contexts = Contexts(os.path.join(state, "tls"))
        self.streams = Streams(self.loop, self.contexts)
        self.endpoints = endpoints.Endpoints(self.loop, self.streams, self.log)
        self.resolver = Resolver(self.loop, self.endpoints.local_for, entropy.token)
        self.control = Control(self, control)
        self.bus = None
        self.watch = None
        self.mesh_links = None
        self.mesh_problem = ""
        self.media = None
        self.media_problem = ""
        self.signer = None
        self.pgp_problem = ""
        self.http = None
        self.seeking = None
        self.loop.performers = {
            Send: self.endpoints.send,
            Close: self.endpoints.close,
            Resolve: self.resolver.resolve,
            Store: self.store.keep,
            Event: self._publish,
            Note: self.log.note,
        }

    def start(self):
        """Open everything; raises BellhopError where the node could not do its work."""
        self.control.open()
        self.watch = addresses.Watch(self.aio, self._addresses_changed)
        hosts = addresses.addresses()
        if self.settings.mesh.enabled:
            self._join_mesh()
        if self.settings.media.enabled:
            self._join_media()
        if self.settings.pgp.enabled:
            self._join_signing()
        self.contexts.load(self.settings, hosts)
        self.endpoints.adjust(self.settings, hosts)
        self._check_started(hosts)
        self._restore()
        self.loop.perform(self.engine.start(milliseconds()))
        self.aio.run_until_complete(self._serve_phonebook())
        if os.path.isdir(BUS):
            self._join_bus()
        for problem in self.problems():
            self.log.say("warning", problem)

    def _check_started(self, hosts):
        """A node whose main port is taken is not started: phones would reach the other program."""
        sip = [
            problem
            for listener, problem in self.endpoints.problems.items()
            if listener.transport in ("udp", "tcp")
        ]
        if sip:
            raise BellhopError("\n".join(sorted(set(sip))))
        if self.settings.listen and not any(self.endpoints.listeners):
            wanted = ", ".join(endpoints.absent(self.settings, hosts))
            self.log.say("error", "waiting: this machine does not have the address %s" % wanted)

    def _restore(self):
        for name, records in self.store.load():
            try:
                self.engine.restore(name, records, milliseconds())
            except (TypeError, ValueError, KeyError, IndexError):
                self.store.set_aside(name)

    async def _serve_phonebook(self):
        """Serve the phone book over HTTP where the settings say, and nowhere else."""
        from .http import HttpServer

        if self.http is not None:
            self.http.close()
            self.http = None
        if not self.settings.http_port:
            return
        self.http = HttpServer(self.loop)
        try:
            await self.http.open(self.settings.http_port)
        except OSError as error:
            self.log.say("warning", "no phone book over HTTP: %s" % error)

    def _join_mesh(self):
        from ..effects import SendMesh
        from . import identity  # Only a node with a mesh pays for it in memory.

        try:
            from .mesh import MeshLinks
        except ImportError:
            self.mesh_problem = "the mesh needs OpenWrt's package bellhop-mesh"
            return
        try:
            crypto = identity.crypto()
            seed = identity.read(self.state)
        except BellhopError as error:
            self.mesh_problem = str(error)
            return
        epoch = identity.next_epoch(self.state)
        self.engine.join_mesh(seed, epoch, crypto, milliseconds())
        self._take_people()
        section = self.settings.mesh
        self.mesh_links = MeshLinks(self.loop, section.port, section.interface)
        self.loop.performers[SendMesh] = self.mesh_links.send
        self.mesh_links.open()
        if section.peer or section.search_domain:
            self.seeking = self.aio.create_task(self.mesh_links.seek(section, self.resolver))

    def _join_media(self):
        try:
            from .media import MediaRelays
        except ImportError:
            self.media_problem = "to encrypt and relay sound takes OpenWrt's package bellhop-media"
            return
        from ..effects import RelayClose, RelayOpen, RelayUpdate
        from . import identity  # Only a node with media pays for it in memory.

        self.media = MediaRelays(self.loop, self.log)
        keys = None
        try:
            self.media.open(self.settings.media)
            keys = identity.exchange(identity.read(self.state))
        except BellhopError as error:
            self.media_problem = str(error)
        self.engine.join_media(self.media.suites, keys)
        self.loop.performers[RelayOpen] = self.media.perform_open
        self.loop.performers[RelayUpdate] = self.media.perform_update
        self.loop.performers[RelayClose] = self.media.perform_close

    def _join_signing(self):
        """Sign calls from now on, with the key that the settings name."""
        if self.engine.relaying is None:
            return  # What is missing for the sound is missing for this.
        try:
            from .pgp import Signer  # Only a node that signs pays for it in memory.

            signer = Signer(self.loop, self._pgp_home(), self.settings.pgp.key)
        except ImportError:
            self.pgp_problem = (
                "calls are not signed: that needs python-gnupg (OpenWrt's package bellhop-pgp)"
            )
            return
        except BellhopError as error:
            self.pgp_problem = str(error)
            return
        self.signer = signer
        self.pgp_problem = ""
        if self.engine.relaying.signing is None:
            self.engine.join_signing()
        self.loop.performers[Sign] = signer.perform_sign
        self.loop.performers[Verify] = signer.perform_verify

    def _pgp_home(self):
        return self.settings.pgp.home or os.path.join(self.state, "gnupg")

    def _join_bus(self):
        from . import ubus  # Only a node on OpenWrt pays for it in memory.

        verbs = self.control.verbs()
        path = os.path.join(BUS, ubus.SOCKET)
        self.bus = ubus.Bus(self.aio, path, verbs, self.control.ask, self.log)
        self.bus.open()

    def _publish(self, effect):
        self.control.publish(effect)
        if self.bus is not None:
            self.bus.publish(effect.kind, effect.fields)

    def run(self):
        """Serve until a signal ends it."""
        self.aio.add_signal_handler(signal.SIGHUP, self._hung_up)
        for number in (signal.SIGTERM, signal.SIGINT):
            self.aio.add_signal_handler(number, self.aio.stop)
        self.aio.run_forever()

    def stop(self):
        """Close everything and write what waits."""
        self.loop.perform(self.engine.leave(milliseconds()))
        self.control.close()
        if self.bus is not None:
            self.bus.close()
        self.endpoints.close_all()
        if self.media is not None:
            self.media.close()
        if self.signer is not None:
            self.signer.close()
        if self.seeking is not None:
            self.seeking.cancel()
        if self.mesh_links is not None:
            self.mesh_links.close()
        if self.http is not None:
            self.http.close()
        if self.watch is not None:
            self.watch.close()
        self.store.write_all()
        self.aio.run_until_complete(asyncio.sleep(0))
        self.aio.close()

    def reload(self):
        """Read the configuration anew; raises ConfigError, and then nothing has changed."""
        settings = read_settings(self.settings_file)
        moved = settings.http_port != self.settings.http_port
        self.settings = settings
        self.log.level = settings.log_level
        hosts = addresses.addresses()
        self.contexts.load(settings, hosts)
        self.loop.perform(self.engine.reload(settings, milliseconds()))
        self.endpoints.adjust(settings, hosts)
        if moved:
            self.aio.create_task(self._serve_phonebook())
        self._adjust_mesh()
        self._adjust_signing()
        self.log.say("notice", "the configuration %s is in force" % self.settings_file)

    def _take_people(self):
        from . import people  # Only a node with a mesh pays for it in memory.

        self.loop.perform(self.engine.take_people(people.read(self.state), milliseconds()))

    def _adjust_mesh(self):
        """Join a mesh that the settings want now; leaving one takes a new start."""
        joined = self.engine.meshing is not None
        if joined:
            self._take_people()
        if self.settings.mesh.enabled and not joined:
            self._join_mesh()
            now = milliseconds()
            self.loop.perform(self.engine.listen(list(self.endpoints.listeners), now))
            self.loop.perform(self.engine.start(now))
        elif joined and not self.settings.mesh.enabled:
            self.mesh_problem = "the mesh is left at the next start of the node"

    def _adjust_signing(self):
        """Sign with another key; where that cannot be used, the one before stays in force."""
        section, earlier = self.settings.pgp, self.signer
        if not section.enabled:
            self.pgp_problem = "calls are signed until the node's next start" if earlier else ""
        elif earlier is None or (self._pgp_home(), section.key) != (earlier.home, earlier.key):
            self._join_signing()
            if self.pgp_problem:
                self.log.say("warning", self.pgp_problem)
            elif earlier is not None:
                earlier.close()

    def _hung_up(self):
        try:
            self.reload()
        except ConfigError as error:
            self.log.say("error", "the earlier configuration stays in force: %s" % error)

    def _addresses_changed(self):
        self.endpoints.adjust(self.settings, addresses.addresses())

    def problems(self):
        """Return what the owner should know, in sentences."""
        found = sorted(set(self.endpoints.problems.values()))
        for host in endpoints.absent(self.settings, addresses.addresses()):
            found.append("this machine does not have the address %s now" % host)
        return found + [one for one in self._parts_problems() if one]

    def _parts_problems(self):
        return self.contexts.problem, self.mesh_problem, self.media_problem, self.pgp_problem

    def status(self):
        """Return what the shell adds to the status: a JSON-able dict."""
        return {
            "configuration": self.settings_file,
            "problems": self.problems(),
            "names": self.resolver.kind(),
            "connections": len(self.streams.streams),
            "memory_kb": resident_kb(),
            "counters": {
                "datagrams": self.endpoints.counters(),
                "connections": self.streams.counters,
                "store": self.store.counters,
                "names": self.resolver.counters,
                "log": {"left_out": self.log.left_out},
            },
        }

    def _broken(self, aio, context):
        """Log a bug with its place; the node goes on (called by asyncio)."""
        error = context.get("exception")
        if error is None:
            self.log.say("error", context["message"])
            return
        for line in traceback.format_exception(error):
            for part in line.rstrip().split("\n"):
                self.log.say("error", part)


def resident_kb():
    """Return the memory that the process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
