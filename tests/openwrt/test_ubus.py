"""The node on the bus, over the stand-in for ubusd."""

import asyncio

import pytest

from bellhop.errors import BellhopError
from bellhop.shell import ubus
from bellhop.shell.service import milliseconds
from bellhop.world.loop import Loop
from tests.support.ubusd import Ubusd, blob, blobmsg

METHODS = {"status": (), "registrations": ("user",), "broken": (), "long": ()}
ANSWER = {
    "text": "Zoë", "yes": True, "nothing": None, "big": 1 << 40, "small": -7, "half": 0.5,
    "rows": [{"a": 1}, {"a": 2}], "empty": [],
}  # fmt: skip


class Log:
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, level, text):
        self.lines.append((level, text))


class Node:
    """What answers on the bus in these tests; it stands where the engine is."""

    def __init__(self):
        self.asked = []

    def next_deadline(self):
        return None

    def ask(self, verb, arguments):
        self.asked.append((verb, arguments))
        if verb == "broken":
            raise BellhopError("it is broken")
        if verb == "long":
            return {"text": "x" * ubus.MAX_MESSAGE}
        return ANSWER


async def step(loop):
    """Run the node's loop beside that of the stand-in."""
    while True:
        loop.step(0)
        await asyncio.sleep(0.001)


@pytest.fixture
def bus(tmp_path):
    """Return run(scenario): runs scenario(ubusd, bus, node) with everything in place."""

    def run(scenario, **options):
        async def whole():
            node, path, log = Node(), str(tmp_path / "ubus.sock"), Log()
            loop = Loop(milliseconds, log)
            loop.engine = node
            made = ubus.Bus(loop, path, METHODS, node.ask, log)
            stepping = asyncio.ensure_future(step(loop))
            async with Ubusd(path, **options) as ubusd:
                made.open()
                try:
                    await asyncio.wait_for(scenario(ubusd, made, node), 30)
                finally:
                    stepping.cancel()
                    made.close()
            assert not loop.counters["faults"], log.lines

        asyncio.run(whole())

    return run


def test_object_names_every_verb_and_its_arguments(bus):
    async def scenario(ubusd, made, node):
        found = await ubusd.object("bellhop")
        assert found == {verb: dict.fromkeys(METHODS[verb], ubus.STRING) for verb in METHODS}

    bus(scenario)


def test_every_kind_of_value_arrives(bus):
    async def scenario(ubusd, made, node):
        await ubusd.object("bellhop")
        assert await ubusd.call("bellhop", "status") == (0, ANSWER)

    bus(scenario)


def test_one_method_serves_the_command_line_and_luci(bus):
    async def scenario(ubusd, made, node):
        await ubusd.object("bellhop")
        for given in ({}, {"user": "alice"}, {"ubus_rpc_session": "0" * 32, "user": "alice"}):
            assert (await ubusd.call("bellhop", "registrations", given))[0] == 0
        assert [arguments for _, arguments in node.asked] == [
            {},
            {"user": "alice"},
            {"user": "alice"},
        ]

    bus(scenario)


def test_refusal_of_the_node_arrives_in_words(bus):
    async def scenario(ubusd, made, node):
        await ubusd.object("bellhop")
        assert await ubusd.call("bellhop", "broken") == (0, {"error": {"message": "it is broken"}})

    bus(scenario)


def test_answer_too_long_for_the_bus_becomes_a_refusal(bus):
    async def scenario(ubusd, made, node):
        await ubusd.object("bellhop")
        status, answer = await ubusd.call("bellhop", "long")
        assert status == 0 and "too long" in answer["error"]["message"]

    bus(scenario)


def test_unknown_method_and_malformed_arguments_have_their_status(bus):
    async def scenario(ubusd, made, node):
        await ubusd.object("bellhop")
        assert await ubusd.call("bellhop", "unknown") == (ubus.METHOD_NOT_FOUND, None)
        for raw in (b"\x83", b"\x83\xff\xff\xff", blob(3, b"no name"), deep(5000)):
            assert await ubusd.call("bellhop", "status", raw=raw) == (ubus.INVALID_ARGUMENT, None)
        assert (await ubusd.call("bellhop", "status"))[0] == 0

    bus(scenario)


def deep(levels):
    """Return a field in a field in a field ..., without any end that is worth reading."""
    data = b""
    for _ in range(levels):
        size = 8 + len(data)
        data = (0x82000000 | size).to_bytes(4, "big") + bytes(4) + data
    return data


def test_call_that_wants_no_answer_gets_none(bus):
    async def scenario(ubusd, made, node):
        await ubusd.object("bellhop")
        silent = asyncio.ensure_future(
            ubusd.call("bellhop", "registrations", {"user": "bob"}, flags=blob(10, b"\1"))
        )
        await asyncio.sleep(0)  # Now it is sent.
        assert (await ubusd.call("bellhop", "status"))[0] == 0
        assert node.asked[0] == ("registrations", {"user": "bob"})
        assert not silent.done()
        silent.cancel()

    bus(scenario)


def test_events_are_sent_under_the_node_s_name(bus):
    async def scenario(ubusd, made, node):
        made.publish("call", {"number": 1})  # Before it is on the bus: nobody could hear it.
        await ubusd.object("bellhop")
        await ubusd.call("bellhop", "status")
        made.publish("registration", {"user": "alice", "expires_seconds": 3600})
        assert await ubusd.event() == [
            ("bellhop.registration", {"user": "alice", "expires_seconds": 3600})
        ]

    bus(scenario)


def test_object_returns_after_a_restart_of_ubusd(bus):
    async def scenario(ubusd, made, node):
        made.pause = 0
        await ubusd.object("bellhop")
        await ubusd.__aexit__()
        async with Ubusd(ubusd.path) as fresh:
            await fresh.object("bellhop")
            assert await fresh.call("bellhop", "status") == (0, ANSWER)

    bus(scenario)


def test_refused_object_is_told_once_and_tried_again(bus):
    async def scenario(ubusd, made, node):
        made.pause = 0
        while not made.problem:
            await asyncio.sleep(0.001)
        assert "killall -HUP ubusd" in made.problem
        ubusd.refuses = ()
        await ubusd.object("bellhop")
        assert [level for level, _ in made.log.lines] == ["warning"]

    bus(scenario, refuses=("bellhop",))


@pytest.mark.parametrize("octets", [bytes(8) + b"\0\xff\xff\xff", bytes(8) + b"\0\0\0\6\1\1"])
def test_ubusd_that_speaks_nonsense_is_left(bus, octets):
    async def scenario(ubusd, made, node):
        made.pause = 0
        await ubusd.object("bellhop")
        ubusd.send_raw("bellhop", octets)
        while not made.problem:
            await asyncio.sleep(0.001)
        assert "protocol" in made.problem or "malformed" in made.problem

    bus(scenario)


def test_codecs_agree_on_what_the_other_wrote():
    values = {"name": "alice", "number": -1, "inner": {"a": "b"}}
    assert ubus.fields(blobmsg(values)) == values
    assert ubus.table(values) == blobmsg(values)
