"""The full node: what CPython adds to the node that both interpreters run."""

import functools
import gc
import os
from time import monotonic_ns

from ..effects import (
    Ask,
    AskGateway,
    Errand,
    MapPort,
    Push,
    SendText,
    Sign,
    SoundClose,
    SoundMeet,
    SoundMove,
    SoundOpen,
    Verify,
)
from ..errors import BellhopError
from ..features import catalogue
from ..settings.problems import NO_PORT, Problem, missing
from ..world import netlink, secrets, service
from ..world.cpython import sockets
from ..world.loop import Loop
from ..world.rows import ROWS
from ..world.settings import KEPT, read_settings
from ..world.streams import Plain
from .entropy import Entropy
from .origins import Guard
from .resolver import ADDRESSES_ONLY, Resolver
from .signals import Signals

# Where OpenWrt's bus is; a machine without this folder is no OpenWrt.
BUS = "/var/run/ubus"
HTTP_RETRY_MS = 5000
RETRIED = "it is tried again every %d seconds" % (HTTP_RETRY_MS // 1000)
UNSIGNED = "calls are not signed"
NO_SOUND = "sound is neither encrypted between nodes nor relayed"
# After how many new containers the garbage collector looks, and how seldom at what is old. Nearly
# nothing waits for it, and with Python's own numbers it reads all open calls again and again.
COLLECTION = (10000, 20, 10)


def milliseconds():
    """Return the engine's clock: whole milliseconds that never go back."""
    return monotonic_ns() // 1_000_000


class Service(service.Service):
    """One node with its files and sockets. places: as for world.service.Service.

    media: the MediaRelays that go on with the sound of the process before, or None.
    """

    def __init__(self, log, settings_file, places, media=None):
        gc.set_threshold(*COLLECTION)
        self.guard = Guard()
        self.contexts, kinds = _secure(os.path.join(places[0], "tls"), self.guard)
        super().__init__(Loop(milliseconds, log), settings_file, places, Entropy().random, kinds)
        self.webhook = None
        self.media = media
        self.bus = self.sounds = self.signer = self.site = self.http_retry = None
        self.gateway = self.ear = self.pusher = self.errands = None
        self.web = []
        self.http_problems = []
        self.media_problem = self.pgp_problem = self.sound_problem = self.names_problem = ""
        self.spam_problem = self.dht_problem = ""
        self.spool = self.starts = None

    rows = ROWS

    def read_settings(self):
        """Return the Settings in the file, and the accounts that were opened with providers."""
        more = ""
        if os.path.isdir(os.path.join(self.state, "accounts")):
            from .dnssec import accounts  # Only a node with such an account pays for it in memory.

            more = accounts.text(self.state)
        return read_settings(self.settings_file, self.state + KEPT, more)

    def make_resolver(self):
        """Return what performs Resolve."""
        return Resolver(self.loop, self.endpoints.local_for, os.urandom)

    def prepare(self):
        """Open what must be there before the node listens."""
        Signals(self.loop, self.hung_up, self.end)
        self.guard.adopt(self.settings)
        self._join_pilot()
        if self.settings.media.enabled:
            self._join_media()
        elif self.media is not None:
            self.media.close()
            self.media = None
        if self.settings.pgp.enabled:
            self._join_signing()
        if self.settings.dns.enabled:
            self._join_names()
        self._load_certificate()

    def _load_certificate(self):
        if self.contexts is not None:
            self.contexts.load(self.settings, lambda: netlink.addresses()[0])

    def complete(self):
        """Open what can come after the node listens."""
        self._open_site()
        self._serve_pages()
        self._read_spam()
        self._open_spool()
        if os.path.isdir(BUS):
            self._join_bus()
        self._tell_elsewhere()
        # What is there now stays: the collector need not look at it again.
        gc.freeze()

    def stop(self):
        """Close everything and write what waits."""
        super().stop()
        parts = [self.bus, self.media, self.sounds, self.gateway, self.signer, self.site, self.ear]
        parts += [self.pusher, self.webhook, self.errands]
        for part in parts + self.web:
            if part is not None:
                part.close()

    def adopt(self, settings):
        """Bring in step with new settings what only this shell has."""
        self.guard.adopt(settings)
        self._load_certificate()
        self._adjust_names()
        self._open_spool()
        self._tell_elsewhere()
        self._join_pilot()
        self._open_site()
        if not self.web or [one for one in self.web if not one.fits(settings)]:
            self._serve_pages()
        if self.site is not None:
            self.site.adopt(settings)
        self._read_spam()
        if self.ear is not None:
            self.ear.adopt(settings)
        self._adjust_signing()

    def _open_spool(self):
        """Send and take texts by a SIM card where the settings name its folders."""
        if self.spool is not None:
            self.spool.close()
            self.spool = None
        if not self.settings.sms.enabled:
            return
        from .sms import Spool  # Only a node with a modem pays for it in memory.

        self.spool = Spool(self.loop, self.settings.sms, self._texted)
        self.loop.performers[SendText] = self.spool.send

    def _texted(self, sender, octets):
        self.loop.perform(self.engine.hear("trunks", "texted", sender, octets, self.loop.now()))

    def _read_spam(self):
        """Give the list of unwanted callers to the node: small enough to be read at once."""
        place, octets, verify = self.settings.telephone, None, None
        self.spam_problem = ""
        if place.spam_list:
            try:
                crypto = self.crypto()
                from .. import spam  # Only a node with a list pays for it in memory.

                key = place.spam_key or crypto.public_key(secrets.read(self.state))
                with open(place.spam_list, "rb") as file:
                    octets = file.read(spam.MOST_OCTETS + 1)
                verify = functools.partial(crypto.verify, key)
            except (BellhopError, ImportError, OSError) as error:
                self.spam_problem = "no spam list: %s" % error
        self.loop.perform(self.engine.hear("trunks", "spam", octets, verify, self.loop.now()))

    def _addresses_changed(self):
        super()._addresses_changed()
        if [one for one in self.web if one.is_partial]:
            self._serve_pages()
        if self.ear is not None:
            self.ear.adopt(self.settings)

    # The members' page and the phone book over HTTP.

    def _join_pilot(self):
        """Have pages where the settings let them be served, or phones were added by them."""
        is_served = self.settings.http_port or (self.settings.https_port and self.settings.tls_port)
        is_wanted = is_served or [name for name in catalogue.OF_PILOT if self.store.has(name)]
        if not is_wanted or "pilot" in self.engine.features:
            return
        try:
            catalogue.join_pilot(self.engine)
        except ImportError:
            pass  # Their package is not installed: the verbs say so.

    def _open_site(self):
        if "pilot" in self.engine.features and self.site is None:
            from .pilot.site import Site  # Only where the pages are installed.

            self.site = Site(self)
            self.loop.performers[Push] = self._push
            self._hear_phones()

    def page_sessions(self, arguments):
        """Return the browsers in which the page of `user` is open, or was."""
        user = self.engine.node.user_named(arguments["user"])
        if self.site is None:
            return super().page_sessions(arguments)
        return {"sessions": self.site.sessions.shown(user)}

    def sign_out(self, arguments):
        """Close the page of `user` in the browser `id`, or in all."""
        user = self.engine.node.user_named(arguments["user"])
        if self.site is None:
            return super().sign_out(arguments)
        return {"signed_out": self.site.sign_out(user, arguments.get("id") or "")}

    def _push(self, effect):
        """Perform a Push."""
        if self.pusher is None:
            from .pilot.push import Pusher  # Only where a phone is to be woken.

            self.pusher = Pusher(self.loop, self.guard, lambda: self.settings, self.site)
        self.pusher.perform(effect)

    def _hear_phones(self):
        """Hear desk phones that ask who they are; where that cannot be, DHCP leads them."""
        from .pilot.pnp import Ear  # Only where the pages are installed.

        try:
            self.ear = Ear(self.loop, self.guard, self.control.ask)
            self.ear.adopt(self.settings)
        except OSError as error:
            self.log.say("warning", "desk phones are not heard: %s" % sockets.reason(error))

    def _serve_pages(self):
        """Serve pages and phone book where the settings say, and nowhere else."""
        for server in self.web:
            server.close()
        self.web, self.http_problems = [], []
        self.loop.cancel(self.http_retry)
        if self.settings.http_port:
            self._serve(None, "http_port")
        context = None if self.contexts is None else self.contexts.server
        if self.settings.https_port and self.site is not None and context is not None:
            self._serve(context, "https_port")

    def _serve(self, context, option):
        from .http import HttpServer, PhoneBook  # Only a node that serves it pays for it.

        sites = [PhoneBook(self.loop)]
        if self.site is not None:
            sites.append(self.site)
        server = HttpServer(self.loop, self.settings, self.guard, sites, context)
        self.web.append(server)
        try:
            server.open()
        except OSError as error:
            words = "no pages and no phone book over HTTP on port %d: %s"
            problem = Problem(NO_PORT, words % (server.port, sockets.reason(error)), RETRIED)
            self.http_problems.append(problem.about("node", option, str(server.port)))
            self.http_retry = self.loop.call_later(HTTP_RETRY_MS, self._retry_pages)

    def _retry_pages(self):
        self._serve_pages()
        self._tell()

    def found_problems(self):
        """Return what the owner should know, a list of Problems."""
        return super().found_problems() + self.http_problems

    # The mesh.

    def crypto(self):
        """Return the functions of libsodium; raises BellhopError."""
        from .mesh import identity  # Only a node with a mesh pays for it in memory.

        return identity.crypto()

    def joined_mesh(self):
        """Take the keys of people who live here."""
        from .mesh import keys_of_people  # Only a node with a mesh pays for it in memory.

        keys = keys_of_people.speaking(self.state)
        self.loop.perform(self.engine.hear("mesh", "take_people", keys, self.loop.now()))
        if self.settings.media.enabled and self.sounds is None:
            self._carry_sound()
        if self.gateway is None:
            self._join_gateway()
        if self.settings.mesh.dht and "dht" not in self.engine.features:
            self._join_dht()

    def _join_dht(self):
        """Find contacts by the BitTorrent DHT."""
        from ..world import secrets

        try:
            from .dht import Starts

            seed, crypto = secrets.read(self.state), self.crypto()
            catalogue.join_dht(self.engine, seed, secrets.next_epoch(self.state) - 1, crypto)
        except ImportError:
            self.dht_problem = missing("bellhop-dht", "contacts are not found by the DHT")
            return
        self.starts = Starts(self.loop, self.resolver, self.settings.mesh.dht_start)
        self.starts.seek()

    def _join_gateway(self):
        """Let the router in front, where there is one, lead ports here."""
        from .mesh.gateway import Gateways  # Only a node with a mesh pays for it in memory.

        self.gateway = Gateways(self.loop)
        catalogue.join_gateway(self.engine)
        self.loop.performers[AskGateway] = self.gateway.perform_ask
        self.loop.performers[MapPort] = self.gateway.perform_map
        self.gateway.look()

    def _carry_sound(self):
        """Let sound pass from node to node where IP does not lead from end to end."""
        from .mesh.sounds import Sounds  # Only a node with media pays for it in memory.

        sounds = Sounds(self.loop, self.log)
        try:
            port = sounds.open(self.settings.media.port_high)
        except BellhopError as error:
            self.sound_problem = str(error)
            return
        self.sounds = sounds
        self.loop.performers[SoundOpen] = sounds.perform_open
        self.loop.performers[SoundMeet] = sounds.perform_meet
        self.loop.performers[SoundMove] = sounds.perform_move
        self.loop.performers[SoundClose] = sounds.perform_close
        self.mesh_links.probe(port - 1)
        self.loop.perform(self.engine.hear("mesh", "carry_sound", port, self.loop.now()))

    def sealing(self):
        """Return what sealed copies need; raises BellhopError."""
        try:
            from .mesh import identity  # Only who asks for it pays for it in memory.
        except ImportError:
            raise BellhopError(missing("bellhop-mesh", "keys are its work")) from None

        return identity.sealing()

    # Sound.

    def _join_media(self):
        try:
            from .media.relays import MediaRelays, is_in_memory
        except ImportError:
            self.media_problem = missing("bellhop-media", NO_SOUND)
            return
        from ..effects import RelayClose, RelayOpen, RelayResume, RelayUpdate
        from ..world import secrets
        from .mesh import identity  # Only a node with media pays for it in memory.

        self.media = self.media or MediaRelays()
        self.media.join(self.loop, self.log)
        keys = None
        try:
            self.media.open(self.settings.media, self.run)
            keys = identity.exchange(secrets.read(self.state))
        except BellhopError as error:
            self.media_problem = str(error)
        catalogue.join_media(self.engine, self.media.suites, keys, is_in_memory(self.run))
        catalogue.join_moving(self.engine, netlink.source_towards)
        self.loop.performers[RelayOpen] = self.media.perform_open
        self.loop.performers[RelayResume] = self.media.perform_resume
        self.loop.performers[RelayUpdate] = self.media.perform_update
        self.loop.performers[RelayClose] = self.media.perform_close

    def completed(self, verb, answer):
        """Return the engine's answer to a verb, the calls with how their sound is."""
        if verb == "calls" and self.media is not None:
            for call in answer["calls"]:
                call["sound"] = [self.media.sound(number) for number in call["relays"]]
        return super().completed(verb, answer)

    # Signatures.

    def _join_signing(self):
        """Sign calls from now on, with the key that the settings name."""
        if "media" not in self.engine.features:
            # What is missing for the sound is missing for this.
            self.pgp_problem = self.media_problem and missing("bellhop-media", UNSIGNED)
            return
        try:
            from .pgp.signer import Signer  # Only a node that signs pays for it in memory.

            signer = Signer(self.loop, self._pgp_home(), self.settings.pgp.key)
        except ImportError:
            self.pgp_problem = missing("bellhop-pgp", UNSIGNED)
            return
        except BellhopError as error:
            self.pgp_problem = str(error)
            return
        self.signer = signer
        self.pgp_problem = ""
        if "pgp" not in self.engine.features:
            catalogue.join_signing(self.engine)
        self.loop.performers[Sign] = signer.perform_sign
        self.loop.performers[Verify] = signer.perform_verify

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

    def _pgp_home(self):
        return self.settings.pgp.home or os.path.join(self.state, "gnupg")

    # Names in the DNS.

    def _join_names(self):
        """Look up numbers, and the keys of who calls and is called."""
        self.resolver.adopt(self.settings.dns)
        crypto = id = None
        if "media" in self.engine.features:
            from ..world import secrets

            try:
                crypto = self.crypto()
                id = crypto.public_key(secrets.read(self.state))
            except (BellhopError, ImportError) as error:
                self.names_problem = "no call is named by DNSSEC: %s" % error
        try:
            catalogue.join_names(self.engine, os.urandom, crypto, id)
        except ImportError:
            self.names_problem = missing("bellhop-dns", "no name is looked up")
            return
        self.loop.performers[Ask] = self.resolver.ask
        from .dnssec.errands import Errands  # Only a node with names pays for it in memory.

        self.errands = Errands(self.loop, self.state, self.reload, str(self.settings_file))
        self.loop.performers[Errand] = self.errands.perform
        self._take_people()

    def _adjust_names(self):
        self.resolver.adopt(self.settings.dns)
        if self.settings.dns.enabled and "dns" not in self.engine.features:
            self._join_names()
        self._take_people()

    def _take_people(self):
        """Let those who have a key of their own be named by it."""
        if "named calls" in self.engine.features:
            from .mesh import keys_of_people  # Only a node with a mesh pays for it in memory.

            people = keys_of_people.speaking(self.state)
            self.loop.perform(
                self.engine.hear("named calls", "take_people", people, self.loop.now())
            )

    def _tell_elsewhere(self):
        """Post events where the settings say, and nowhere else."""
        section = self.settings.webhook
        if self.webhook is not None:
            self.webhook.close()
            self.webhook = None
        if section.enabled and section.url:
            from .webhook import Webhook  # Only a node with one pays for it in memory.

            self.webhook = Webhook(self.loop, self.log, section)
        self.heed()

    # OpenWrt's bus.

    def _join_bus(self):
        from . import ubus  # Only a node on OpenWrt pays for it in memory.

        path = os.path.join(BUS, ubus.SOCKET)
        methods = {row.verb: row.arguments for row in ROWS if row.owner != "control"}
        self.bus = ubus.Bus(self.loop, path, methods, self.control.ask, self.log)
        self.bus.open()

    def is_heard(self):
        """Tell whether anybody hears of events: the bus, a page, clients of the control socket."""
        is_seen = self.site is not None and self.site.is_heard()
        is_seen = is_seen or self.webhook is not None
        return self.bus is not None or is_seen or super().is_heard()

    def publish(self, effect):
        """Perform an Event: tell the clients of the control socket, and the bus."""
        super().publish(effect)
        if self.bus is not None:
            self.bus.publish(effect.kind, effect.fields)
        if self.webhook is not None:
            self.webhook.publish(effect.kind, effect.fields)
        if self.site is not None:
            self.site.changed()

    def more_problems(self):
        """Return (kind of section, sentence, "" where it does not hold) of what the shell has."""
        tls_problem = "" if self.contexts is None else self.contexts.problem
        if self.contexts is None and self.settings.certificate:
            tls_problem = missing("bellhop-tls", "TLS is off")
        names = self.resolver.kind()
        names_problem = missing("bellhop-dns", names) if names == ADDRESSES_ONLY else ""
        dns_problem = self.names_problem or (self.settings.dns.enabled and self.resolver.problem)
        return [
            ("node", tls_problem), ("node", names_problem), ("dns", dns_problem or ""),
            ("media", self.media_problem or self.sound_problem), ("pgp", self.pgp_problem),
            ("telephone", self.spam_problem), ("mesh", self.dht_problem),
            ("sms", self.spool.problem if self.spool else ""),
        ]  # fmt: skip

    def status(self, result):
        """Return how the node is, with what only this shell counts."""
        if self.webhook is not None:
            result["counters"]["webhook"] = self.webhook.counters
        return super().status(result)

    def lacking(self):
        """Return feature -> why it is not there, "" where nothing is wrong with it."""
        return {"media": self.media_problem}


def _secure(folder, guard):
    """Return (Contexts, Kinds); (None, Plain) where neither TLS nor WebSocket is installed."""
    try:
        from .tls.contexts import Contexts
        from .tls.transports import Kinds
    except ImportError:
        return None, Plain()
    contexts = Contexts(folder)
    return contexts, Kinds(contexts, guard.allows)
