"""The running node: puts the parts together, starts, reloads, stops.

Each shell has a Service of its own on top of this one, which knows what that shell can do besides.
"""

import time

from .. import dates
from ..effects import (
    CELLS,
    TRUNK,
    Close,
    Commit,
    Event,
    Note,
    Receive,
    Resolve,
    Send,
    SendMesh,
    Store,
)
from ..errors import BellhopError, ConfigError
from ..features import catalogue
from ..settings import problems
from ..settings.problems import Problem, missing
from . import control, endpoints, firewall, netlink, secrets, store
from .process import resident_kb
from .settings import KEPT, read_settings
from .streams import Streams
from .system import files, sockets

# Quiet hours go by the time of day, which may be set, or change with the season.
CLOCK_MS = 60000
# Transport of a Flow that no socket has -> the feature that knows the way.
BEYOND = {CELLS: "mesh circuits", TRUNK: "trunks"}
# What a machine without a clock takes for now is long before: seconds since 1970.
EARLIEST = 1700000000
# After a question to the kernel that could not be asked.
RETRY_MS = 1000
# After a configuration file that could not be read.
REREAD_MS = 5000


class Service:
    """One node with its files and sockets.

    places: the folder of what stays, that of what may be lost with the power, the control socket;
    random(n): random octets; kinds: how streams are made (streams.Plain).
    """

    # What the owner hears where providers are named and nothing is here to call by them.
    no_trunks = missing("bellhop-trunks", "no calls by providers")

    def __init__(self, loop, settings_file, places, random, kinds):
        self.state, run, control_path = places
        self.run = run
        self.state_problem = _prepare(self.state)
        store.prepare(run)
        self.loop = loop
        self.log = loop.log
        self.settings_file = settings_file
        self.settings = self.read_settings()
        self.log.level = self.settings.log_level
        self.engine = loop.engine = catalogue.node(self.settings, random, loop.now())
        self.store = store.Store(self.state, run, loop, self.log, self._tell)
        self.streams = Streams(loop, kinds, self.engine)
        self.endpoints = endpoints.Endpoints(loop, self.streams, self.log)
        self.resolver = self.make_resolver()
        self.sealed = None
        self.control = control.Control(self, control_path)
        self.addresses = self.mesh_links = None
        self.mesh_problem = self.trunks_problem = ""
        self.told = []
        self.is_waiting = False
        self.endpoints.changed = self._tell
        loop.performers = {
            Send: self.endpoints.send,
            Close: self.streams.close,
            Resolve: self.resolver.resolve,
            Store: self.store.keep,
            Commit: self.store.commit,
            Event: self.publish,
            Note: self.log.note,
        }

    # What a shell does in a way of its own.

    def make_resolver(self):
        """Return what performs Resolve, and has `seek`, `counters` and `kind()`."""
        raise NotImplementedError

    def copies(self):
        """Return who answers the verbs of sealed copies."""
        if self.sealed is None:
            from . import sealed  # Only who asks for a copy pays for it in memory.

            self.sealed = sealed.Copies(self)
        return self.sealed

    def crypto(self):
        """Return a secrets.Crypto; raises BellhopError."""
        raise NotImplementedError

    def joined_mesh(self):
        """The engine has joined the mesh."""

    def prepare(self):
        """Open what must be there before the node listens."""

    def complete(self):
        """Open what can come after the node listens."""

    def more_problems(self):
        """Return (kind of section, sentence, "" where it does not hold) of what the shell has."""
        return []

    def sealing(self):
        """Return a sealed.Sealing; raises BellhopError."""
        raise NotImplementedError

    def lacking(self):
        """Return feature -> why it is not there, "" where nothing is wrong with it."""
        return {}

    def completed(self, verb, answer):
        """Return the engine's answer to a verb with what only the shell knows."""
        return self.status(answer) if verb == "status" else answer

    def publish(self, effect):
        """Perform an Event."""
        self.control.publish(effect)

    def is_heard(self):
        """Tell whether anybody hears of events."""
        return self.control.is_heard()

    def heed(self):
        """Let the engine know whether anybody hears of events: else it makes none."""
        self.engine.watch(self.is_heard())

    # What all do.

    def read_settings(self):
        """Return the Settings in the file; raises ConfigError."""
        return read_settings(self.settings_file, self.state + KEPT)

    def start(self):
        """Open everything; raises BellhopError where the node could not do its work."""
        self.control.open()
        self.addresses = netlink.Watch(self.loop, self._addresses_changed)
        if self.settings.mesh.enabled:
            self._join_mesh()
        self._join_trunks()
        self.prepare()
        self._tell_lacking()
        self.endpoints.adjust(self.settings)
        self._take_back()
        self._tell_clock()
        self.loop.perform(self.engine.start(self.loop.now()))
        self.complete()
        self.heed()
        self._tell()
        self._wait_for_file()

    def _wait_for_file(self):
        """Read the file once it can be read, where another one is in force in its place.

        Whoever writes it may not be done yet: UCI leaves it to root, the init script gives it to
        the node, and a signal that comes while an interpreter starts is lost.
        """
        if not self.is_waiting and self.settings.is_unread():
            self.is_waiting = True
            self.loop.call_later(REREAD_MS, self._reread)

    def _reread(self):
        self.is_waiting = False
        try:
            open(self.settings_file).close()
        except OSError:
            self._wait_for_file()
            return
        if self.settings.is_unread():
            self.hung_up()

    def _tell(self):
        """Log the problems that have come up since the last time, and those that are over."""
        found = self.problems()
        left = [about(problem) for problem in found]
        for problem in self.told:
            if about(problem) not in left:
                self.log.say("notice", "no longer: " + problem)
        for problem in found:
            if problem not in self.told:
                self.log.say("warning", problem)
        self.told = found

    def _tell_clock(self):
        """Tell the time of day, and again after a while."""
        hour, minute, second = time.localtime()[3:6]
        day_ms = ((hour * 60 + minute) * 60 + second) * 1000
        at = int(time.time())
        is_known, now = at > EARLIEST, self.loop.now()
        known = day_ms if is_known else None
        self.loop.perform(self.engine.hear("wishes", "clock", known, now))
        minutes = dates.offset_minutes(time.localtime(at), time.gmtime(at))
        date = at if is_known else None
        self.loop.perform(self.engine.hear("call records", "clock", date, minutes, now))
        month = "" if known is None else "%04d-%02d" % time.localtime(at)[:2]
        self.loop.perform(self.engine.hear("trunks", "dated", month, now))
        today = None if known is None else int(time.time()) // 86400
        self.loop.perform(self.engine.hear("directories", "clock", today, self.loop.now()))
        self.loop.call_later(CLOCK_MS, self._tell_clock)

    def _take_back(self, late=None):
        """Give back what an earlier run had kept; late: as for Engine.restore."""
        for name, records in () if late == [] else self.store.load():
            try:
                self.engine.restore(name, records, self.loop.now(), late)
            except (TypeError, ValueError, KeyError, IndexError, AttributeError):
                self.store.set_aside(name)

    def _tell_lacking(self):
        """Let the verbs of what is switched on and not there say why."""
        lacking = dict(self.lacking(), mesh=self.mesh_problem, trunks=self.trunks_problem)
        self.engine.lacks(lacking)

    def _join_mesh(self):
        try:
            from .links import MeshLinks  # Only a node with a mesh pays for it in memory.
        except ImportError:
            self.mesh_problem = missing("bellhop-mesh", "no other nodes are found")
            return
        links = MeshLinks(self.loop, self.settings.mesh)
        try:
            crypto = self.crypto()
            seed = secrets.read(self.state)
        except BellhopError as error:
            self.mesh_problem = "no mesh: %s" % error
            return
        epoch = secrets.next_epoch(self.state)
        try:
            secrets.keep_epoch(self.state, epoch)
        except OSError as error:  # Other nodes tell it how far its earlier records went.
            words = "cannot write in %s: %s; after its next start others hear it a little later"
            self.mesh_problem = words % (self.state, sockets.reason(error))
        catalogue.join_mesh(self.engine, seed, epoch, crypto, self.loop.now())
        self.mesh_links = links
        self.joined_mesh()
        self.loop.performers[SendMesh] = links.send
        self._send_beyond()
        links.open(self.addresses)
        links.seek(self.resolver)

    def _join_trunks(self):
        """Call by providers, where the settings name one."""
        wanted = self.settings.providers or self.settings.sms.enabled
        if not wanted or "trunks" in self.engine.features:
            return
        try:
            catalogue.join_trunks(self.engine)
        except ImportError:
            self.trunks_problem = self.no_trunks
            return
        self._send_beyond()

    def _send_beyond(self):
        """Let what does not go by a socket pass: to other nodes, and to providers."""
        self.loop.performers[Send] = self._send
        self.loop.performers[Receive] = self._receive

    def _send(self, effect):
        """Perform a Send: what is for another node goes in cells."""
        feature = BEYOND.get(effect.flow.transport)
        if feature is None:
            self.endpoints.send(effect)
            return
        now = self.loop.now()
        self.loop.perform(self.engine.hear(feature, "send", effect.flow, effect.data, now))

    def _receive(self, effect):
        """Perform a Receive once the effects in hand are performed."""
        self.loop.later(self.engine.take, effect.message, effect.flow)

    def stop(self):
        """Close everything and write what waits."""
        for feature in ("restart", "mesh", "trunks"):
            self.loop.perform(self.engine.hear(feature, "leave", self.loop.now()))
        self.control.close()
        self.endpoints.close_all()
        if self.mesh_links is not None:
            self.mesh_links.close()
        if self.addresses is not None:
            self.addresses.close()
        self.store.write_all()

    def reload(self, arguments=None):
        """Read the configuration anew; raises ConfigError, and then nothing has changed."""
        earlier, settings = self.settings, self.read_settings()
        joined = set(self.engine.features)
        self.settings = settings
        try:
            self.adopt(settings)
        except OSError:
            self.settings = earlier
            raise
        self.log.level = settings.log_level
        self._join_trunks()
        if settings.mesh.enabled and "mesh" not in joined:
            self._join_mesh()
        self._take_back([name for name in self.engine.features if name not in joined])
        self.loop.perform(self.engine.reload(settings, self.loop.now()))
        self.endpoints.adjust(settings)
        self._adjust_mesh("mesh" in joined)
        self._tell_lacking()
        self.log.say("notice", "the configuration %s is in force" % settings.file)
        self._tell()
        self._wait_for_file()
        return {"configuration": settings.file, "problems": self.problems()}

    def adopt(self, settings):
        """Bring in step with new settings what the shell alone has."""

    def _adjust_mesh(self, was_joined):
        """Begin in a mesh that the settings want now; leaving one takes a new start."""
        if self.settings.mesh.enabled and not was_joined:
            now = self.loop.now()
            self.loop.perform(self.engine.listen(list(self.endpoints.listeners), now))
            self.loop.perform(self.engine.start(now))
        elif self.settings.mesh.enabled:
            self.joined_mesh()
        elif was_joined:
            self.mesh_problem = "the mesh is left at the next start of the node"

    def page_sessions(self, arguments):
        """Members have pages where a shell serves them: raises BellhopError."""
        raise BellhopError(catalogue.NO_PAGE)

    sign_out = page_sessions

    def hung_up(self):
        """Reload, and keep what is in force where the file is bad."""
        try:
            self.reload()
        except ConfigError as error:
            self.log.say("error", "the earlier configuration stays in force: %s" % error)

    def end(self):
        """Let the loop end."""
        self.loop.is_running = False

    def check_config(self, arguments):
        """Return what is wrong in the configuration file; raises ConfigError."""
        found = read_settings(self.settings_file).problems
        return {"configuration": self.settings_file, "problems": [one.record() for one in found]}

    def _addresses_changed(self):
        try:
            self.endpoints.adjust(self.settings)
            self._tell()
        except OSError as error:  # No memory or file descriptor for the question.
            self.log.say("error", "cannot look at the addresses: %s" % sockets.reason(error))
            self.loop.call_later(RETRY_MS, self._addresses_changed)

    def problems(self):
        """Return what the owner should know, in sentences."""
        return [str(problem) for problem in self.found_problems()]

    def found_problems(self):
        """Return what the owner should know, a list of Problems."""
        found = self.settings.problems + self.endpoints.problems()
        for host in endpoints.absent(self.settings):
            wrong = "this machine does not have the address %s now" % host
            found.append(Problem(problems.NO_ADDRESS, wrong).about("node", "listen", host))
        parts = [("", sentence) for sentence in self.store.problems()] + self.more_problems()
        parts += [("mesh", self.mesh_problem), ("provider", self.trunks_problem)]
        parts.append(("", self.state_problem))
        parts += [("", sentence) for sentence in firewall.told(self.run)]
        for told in self.engine.node.hooks.problems:
            parts += [("mesh", sentence) for sentence in told()]
        links = {} if self.mesh_links is None else self.mesh_links.problems
        for name in sorted(links):
            parts.append(("mesh", "no mesh over %s: %s" % (name, links[name])))
        return found + [problems.of_part(*part) for part in parts if part[1]]

    def told_problems(self, arguments):
        """Return the problems as JSON-able dicts."""
        return {"problems": [problem.record() for problem in self.found_problems()]}

    def status(self, result):
        """Return how the node is: what the engine tells, and what the shell adds."""
        result["counters"].update(
            {
                "datagrams": self.endpoints.counters(),
                "connections": self.streams.counters,
                "store": self.store.counters,
                "names": self.resolver.counters,
                "log": {"left_out": self.log.left_out},
                "loop": self.loop.counters,
                "links": {"lost": 0 if self.mesh_links is None else self.mesh_links.lost},
            }
        )
        result.update(
            {
                "configuration": self.settings_file,
                "problems": self.problems(),
                "writes_today": self.store.today(),
                "names": self.resolver.kind(),
                "connections": len(self.streams.streams),
                "memory_kb": resident_kb(),
            }
        )
        return result


def _prepare(state):
    """Make the folder of what stays; return why there is none: the node is of use without it."""
    try:
        files.make_folder(state)
    except OSError as error:
        words = "cannot make the folder %s: %s; nothing is kept for the next start"
        return words % (state, sockets.reason(error))
    store.check_own(state)
    return ""


def about(problem):
    """Return what a sentence on a problem is about: without the list behind the last colon."""
    return problem.rpartition(": ")[0] or problem
