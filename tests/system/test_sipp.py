"""sipp against a node: registration, calls, CANCEL, repeated and lost messages, TCP, load."""

import pytest

from tests.system.sipp import runner
from tests.system.sipp.bellhop import Bellhop
from tests.system.sipp.runner import Sipp

pytestmark = pytest.mark.skipif(
    runner.why_unavailable() is not None, reason=str(runner.why_unavailable())
)

USERS = ["user%d" % number for number in range(10)]
SECONDS = 60


class Bench:
    """A node, the ports of a caller and of the phones, and the runs of one test."""

    def __init__(self, folder):
        self.folder = folder
        self.server_port, self.phones, self.caller = runner.free_ports(3)
        self.users = folder / "users.csv"
        runner.write_users(self.users, USERS)
        self.node = Bellhop(folder, self.server_port, USERS)
        self.runs = []

    def run(self, scenario, port, **options):
        """Start a run that sends to the node."""
        return self._start(scenario, port, self.server_port, users=self.users, **options)

    def wait_for_calls(self, scenario, **options):
        """Start a run that answers calls to the registered phones."""
        return self._start(scenario, self.phones, **options)

    def _start(self, scenario, port, server=None, **options):
        self.runs.append(Sipp(scenario, self.folder, port, server, **options))
        return self.runs[-1]

    def register(self, **options):
        """Register all users; their phones are the port for phones."""
        return self.run("register", self.phones, calls=len(USERS), **options).wait(SECONDS)

    def call(self, caller, called, calls=1, rate=10, seconds=SECONDS, **options):
        """Run calls of one scenario to another; return both runs, ended well."""
        answering = self.wait_for_calls(called, calls=calls)
        calling = self.run(caller, self.caller, calls=calls, rate=rate, **options)
        calling.wait(seconds)
        answering.wait(SECONDS)
        return calling, answering

    def close(self):
        for run in self.runs:
            run.stop()
        self.node.stop()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    try:
        made.node.start()
        yield made
    finally:
        made.close()


def repeated(run, message):
    """Return how often a message of a run was repeated, either by us or by the node."""
    found = {name: n for name, n in run.messages().items() if name.endswith(message + "_Retrans")}
    assert found, (message, run.messages())
    return sum(found.values())


def test_phones_register_with_digest(bench):
    assert bench.register().counts()["SuccessfulCall"] == len(USERS)


def test_phones_register_with_digest_over_tcp(bench):
    assert bench.register(transport="t1").counts()["SuccessfulCall"] == len(USERS)


def test_a_call_is_made_and_ended(bench):
    bench.register()
    calling, answering = bench.call("call", "answer", calls=20)
    assert calling.counts()["Retransmissions"] == answering.counts()["Retransmissions"] == 0


def test_a_caller_over_tcp_reaches_a_phone_on_udp(bench):
    bench.register()
    bench.call("call", "answer", calls=20, transport="t1")


def test_a_ringing_call_is_cancelled(bench):
    bench.register()
    bench.call("cancel", "ring", calls=20, hold_ms=20)


def test_the_node_repeats_requests_and_spares_the_caller_the_same(bench):
    bench.register()
    calling, answering = bench.call("call", "slow", calls=3)
    assert repeated(answering, "INVITE") == 3  # after 0.5 s, not yet after 1.5 s
    assert repeated(calling, "INVITE") == 0  # the node's 100 came within 0.2 s
    assert repeated(answering, "BYE") == 3


def test_a_lost_ack_of_an_answer_brings_the_answer_again(bench):
    bench.register()
    calling, _ = bench.call("late_ack", "answer", calls=3)
    assert repeated(calling, "200") >= 3


def test_a_lost_ack_of_a_refusal_brings_the_refusal_again(bench):
    bench.register()
    calling, answering = bench.call("refused", "busy", calls=3)
    assert repeated(calling, "486") >= 3
    assert answering.counts()["Retransmissions"] == 0  # the node has acknowledged it


def test_fifty_calls_a_second_for_a_minute(bench):
    bench.register()
    calling, answering = bench.call("call", "answer", calls=3000, rate=50, seconds=120)
    runs = (calling, answering)
    # A machine that stands still for 500 ms makes sipp repeat itself: no fault of the node's, but
    # each repetition may bring one answer too many.
    repeated = sum(run.counts()["Retransmissions"] for run in runs)
    for run in runs:
        counts = run.counts()
        assert counts["SuccessfulCall"] == 3000, run.report()
        assert not counts["FailedCall"], run.report()
        assert counts["OutOfCallMsgs"] + counts["DeadCallMsgs"] <= repeated, run.report()
