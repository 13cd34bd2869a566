"""Each pair of state and event is decided in exactly one place."""

import unittest

from bellhop.subscription import notifier, subscriber
from tests.support.tables import Decided


class TablesTest(Decided, unittest.TestCase):
    MACHINES = (notifier, subscriber)
