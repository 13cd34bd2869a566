"""Each pair of state and event is decided in exactly one place."""

import unittest

from bellhop.transaction import client, invite_client, invite_server, server
from tests.support.tables import Decided


class TablesTest(Decided, unittest.TestCase):
    MACHINES = (client, invite_client, invite_server, server)

    def test_terminated_is_the_end(self):
        for machine in self.MACHINES:
            for state, _ in machine.TABLE:
                self.assertNotEqual(state, machine.TERMINATED)
