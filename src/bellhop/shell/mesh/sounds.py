"""Performs what the engine asks of sound circuits: opened, told their peers, closed."""

from ...errors import BellhopError
from ...settings.problems import missing
from ...sip.ip import address_octets

# Links of the mesh from this number on are streams of SIP.
NO_INTERFACES = 1 << 20
NO_SOUND = "sound passes between nodes only where IP leads from one to the other"


class Sounds:
    """The sound circuits of a node, by the numbers that the engine gave them."""

    def __init__(self, loop, log):
        self.loop = loop
        self.log = log
        self.sound = None
        self.handles = {}

    def open(self, port):
        """Load the library and bind the sound port, `port` if it is free; return the one in use.

        Raises BellhopError.
        """
        try:
            from . import sound  # Needs cffi, and the binding that `make native` generates.

            self.sound = sound.Sound()
        except (ImportError, OSError):
            raise BellhopError(missing("bellhop-media", NO_SOUND)) from None
        try:
            return self.sound.open(port)
        except OSError:
            return self.sound.open()

    def close(self):
        """End all circuits."""
        if self.sound is not None:
            self.sound.close()

    def perform_open(self, effect):
        """Open a circuit, and the streams of an end; the engine is told their ports."""
        ports = ()
        try:
            handle = self.sound.circuit_open(
                effect.role, effect.count, _place(effect.back), _place(effect.forward),
                effect.layers,
            )  # fmt: skip
            self.handles[effect.number] = handle
            ports = [self._stream(handle, stream, effect) for stream in range(len(effect.ports))]
        except OSError as error:
            self.log.say("warning", "sound cannot pass by a circuit: %s" % error.strerror)
        if effect.role != "relay":
            self.loop.later(self._tell, effect.number, tuple(ports))

    def _tell(self, number, ports, now):
        return self.loop.engine.hear("mesh circuits", "sounding", number, ports, now)

    def _stream(self, handle, stream, effect):
        wanted, peer = effect.ports[stream], effect.peers[stream]
        return self.sound.stream_open(handle, stream, peer, wanted)

    def perform_meet(self, effect):
        """Tell the streams of a circuit who speaks to them."""
        handle = self.handles.get(effect.number)
        for stream, peer in enumerate(effect.peers):
            if handle is not None and peer:
                self.sound.stream_meet(handle, stream, peer)

    def perform_move(self, effect):
        """Send to a neighbour where it is now, and hear it from there."""
        handle = self.handles.get(effect.number)
        try:
            if handle is not None:
                self.sound.circuit_move(handle, effect.is_forward, _place(effect.place))
        except OSError as error:
            self.log.say("warning", "the sound of a circuit stays behind: %s" % error.strerror)

    def perform_close(self, effect):
        """Close a circuit."""
        handle = self.handles.pop(effect.number, None)
        if handle is not None:
            self.sound.circuit_close(handle)


def _place(place):
    """Return a neighbour as the library takes it; place: (link, host, port, label)."""
    if place is None:
        return None
    link, host, port, label = place
    octets, index = address_octets(host), link // 2 if link < NO_INTERFACES else 0
    if len(octets) == 4:
        # A neighbour may have no address in common with this node: the cable is enough.
        return (octets, port), (bytes(4), 0, index) if index else None, label
    return (octets, port, index) if host.startswith("fe80:") else (octets, port), None, label
