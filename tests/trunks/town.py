"""A real server as provider, a house that is registered at it, the telephone network behind it."""

from tests.system.sipp.runner import free_ports
from tests.trunks.house import House, provider
from tests.trunks.line import Line

HOST, NETWORK = ("127.0.0.60", "127.0.0.61")


class Town:
    """kind: of servers.SERVERS; more: lines of `config provider`; options: of House."""

    def __init__(self, kind, folder, more=(), **options):
        (port,) = free_ports(1)
        self.network = Line("N", "+4989222", "net.test", NETWORK, (HOST, port))
        place = self.network.socket.getsockname()
        self.server, self.house = kind(folder, HOST, port, place), None
        try:
            self.server.start()
            # Asterisk knows its customer by the account in From.
            more = list(more) + ["option caller asserted"] * (kind.name == "asterisk")
            self.house = House(folder, [provider("tel", self.server.place, more)], **options)
            self.house.wait_for(lambda: self.house.row("tel")["is_up"], 60)
        except BaseException:
            self.close()
            raise

    def close(self):
        """End all."""
        self.network.close()
        self.server.stop()
        if self.house is not None:
            self.house.stop()
