"""The node registers at a provider and proves itself there."""

import unittest

from bellhop.tu import registration
from tests.support.carrier import Carrier, exchange, provider


class ProviderCase(unittest.TestCase):
    def start(self, more=""):
        """Start a node with one provider, whose host is found."""
        self.exchange = exchange(provider(more=more))
        self.carrier = Carrier(self.exchange)
        self.question = self.exchange.questions[-1]
        self.exchange.resolve([self.carrier.flow])
        return self.carrier.newest(b"REGISTER")

    @property
    def provider(self):
        return self.exchange.engine.features["trunks"].providers["tel"]

    def state(self):
        return self.provider.lease.state


class RegisterTest(ProviderCase):
    def test_it_registers_with_its_password_and_renews_before_the_end(self):
        first = self.start()
        self.assertEqual((first.uri, self.question.host), (b"sip:tel.test", b"tel.test"))
        self.assertNotIn(b"authorization", first.names)
        self.carrier.ask(first)
        second = self.carrier.newest(b"REGISTER")
        self.assertTrue(self.carrier.is_proved(second))
        self.assertEqual(second.cseq[0], first.cseq[0] + 1)
        self.carrier.accept(second)
        self.assertEqual(self.state(), registration.IN)
        self.exchange.advance(499000)
        pings = [one for one in self.carrier.take() if getattr(one, "method", None) == b"OPTIONS"]
        self.assertTrue(pings)


if __name__ == "__main__":
    unittest.main()
