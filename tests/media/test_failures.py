"""Media that fails: no library, no ports, a node that starts anew, a side that says nothing."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bellhop.shell.media.relays import is_in_memory
from tests.mesh.handset import field, status_of
from tests.mesh.town import TREE, line, wait_until
from tests.system.phones.call import connect, hear_each_other

from .ear import call_of, last_of, reload
from .steps import hang_up
from .talker import call_up

DEAD_SECONDS = 30


def test_node_without_the_library_says_so_and_carries_plain_calls(streets):
    town = streets.sounding("bare", line(2), routed=True)
    node = town.nodes[0]
    node.libraries = ""
    town.start()
    town.wait_reach()
    (problem,) = node.ask("status")["problems"]
    assert "sound is neither encrypted between nodes nor relayed" in problem
    assert "make native" in problem
    one, two = streets.phones_of(town, "baresip", "linphone")
    connect(one, two, "201")
    hear_each_other(one, two)
    call = call_of(node)
    assert call["relays"] == [] and call["words"] is None
    hang_up(one, two)
    node.media_options = ["option encryption 'require'"]
    reload(node)
    one.dial("201")
    words = one.wait_closed()
    assert "must be encrypted, and this node cannot: its status says what is missing" in words
    assert last_of(node)["ended_by"] in words
    two.dial("200")
    assert "must be encrypted" in two.wait_closed()
    node.media_options = []
    reload(node)
    town.nodes[1].media_options = ["option encryption 'require'"]
    reload(town.nodes[1])
    two.dial("200")
    assert "must be encrypted, and this node cannot" in two.wait_closed()


def test_libraries_older_than_the_sources_are_told_in_a_sentence(streets):
    cffi = pytest.importorskip("cffi")
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    town = streets.sounding("old", line(2), routed=True)
    node = town.nodes[0]
    node.source, node.libraries = f"{town.folder}/src", f"{town.folder}/lib"
    shutil.copytree(f"{TREE}/src/bellhop", f"{node.source}/bellhop")
    os.mkdir(node.libraries)
    for folder, library, prefix in (("media", "media", "bm"), ("mesh", "circuit", "bc")):
        builder = cffi.FFI()
        builder.cdef(f"enum {{ {prefix.upper()}_ABI = 1 }}; int32_t {prefix}_abi(void);")
        builder.set_source(f"bellhop.shell.{folder}.{library}_abi", None)
        builder.emit_python_code(f"{node.source}/bellhop/shell/{folder}/{library}_abi.py")
        code = f"int {prefix}_abi(void) {{ return 1; }}".encode()
        built = f"{node.libraries}/libbellhop_{library}.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", built], input=code, check=True)
    town.start()
    town.wait_reach()
    (problem,) = node.ask("status")["problems"]
    assert "does not fit" in problem and "make native" in problem
    one, two = streets.phones_of(town, "baresip", "linphone")
    connect(one, two, "201")
    hear_each_other(one, two)


def test_calls_past_the_last_port_go_on_without_or_are_refused(streets):
    town = streets.sounding("ports", line(2), routed=True)
    node = town.nodes[0]
    node.users += [("v0", "210", [])]
    node.media_options = ["option port_low '20000'", "option port_high '20003'"]
    town.nodes[1].users += [("v1", "211", [])]
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call_up(one, two, "201")
    three = streets.talker(town, 0, "third", "v0")
    four = streets.talker(town, 1, "fourth", "v1")
    call_up(three, four, "211")
    securities = {call["callee"]: call["security"] for call in node.ask("calls")["calls"]}
    assert securities == {"201@home.test": "encrypted", "211@home.test": "clear"}
    call = three.invite("201", three.description(three.ears))
    refused = three.final(call, "INVITE")
    assert status_of(refused) == 488
    assert "must be encrypted, and this node cannot: all UDP ports for sound are in use" in refused
    one.hears(two)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_node_without_a_folder_in_memory_ends_calls_with_keys(streets, how, tmp_path):
    if is_in_memory(str(tmp_path)):
        pytest.skip("the folder of temporary files is in memory")
    town = streets.sounding("disk", line(2))
    node = town.nodes[0]
    node.state = str(tmp_path / "state")
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call_up(one, two, "201")
    one.hears(two)
    node.stop(how)
    town.start([0])
    assert not Path(node.state, "run", "calls.json").read_text().count("agreement")
    for talker in (one, two):
        bye = talker.incoming("BYE")
        assert "the exchange was started anew" in field(bye, "Reason")
        talker.reply(bye, 200)
    wait_until(lambda: not town.nodes[1].ask("calls")["calls"], "the far node has heard it")
    (past,) = node.ask("history")["history"]
    assert (past["caller"], past["state"]) == ("u0@home.test", "ended")
    assert "the sound of this call went through it" in past["ended_by"]
    assert past["seconds_talked"] is not None
    assert node.ask("calls")["calls"] == []
    call_up(one, two, "201")
    one.hears(two)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
@pytest.mark.parametrize("number", [0, 1], ids=["caller", "called"])
def test_node_that_ends_while_it_rings_ends_the_ringing_on_both_sides(streets, number, how):
    town = streets.pair()
    node = town.nodes[number]
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    call = one.invite("201", one.description([one.open()]))
    came = two.incoming()
    two.reply(came, 180)
    one.wait_ringing(call)
    kept, name = Path(node.state, "run"), field(came, "Call-ID") if number else call
    wait_until(
        lambda: any(name in path.read_text() for path in kept.glob("calls.*")), "the call is kept"
    )
    node.stop(how)
    town.start([number])
    refused = one.final(call, "INVITE")
    assert status_of(refused) == 480 and "started anew" in refused
    one.acknowledge_refusal(one.sent[call], refused)
    cancelled = two.incoming("CANCEL")
    two.reply(cancelled, 200)
    assert "cause=16" in field(cancelled, "Reason")  # Words of another house end at its door.
    (past,) = node.ask("history")["history"]
    assert past["status"] == 480 and past["seconds_talked"] is None
    for other in town.nodes:
        wait_until(lambda other=other: not other.ask("calls")["calls"], "nothing rings any more")


def test_side_that_falls_silent_is_reported_and_its_call_ended(streets):
    town = streets.sounding("silent", line(2))
    for node in town.nodes:
        node.media_options = [f"option dead_seconds '{DEAD_SECONDS}'"]
    town.start()
    town.wait_reach()
    one, two = streets.talker(town, 0), streets.talker(town, 1)
    ear = streets.ear(town.nodes[0])
    call_up(one, two, "201")
    one.remote.clear()
    event = ear.wait(lambda event: event.get("what") == "silence from the caller")
    assert event["level"] == "encrypted"
    for phone in (one, two):
        phone.reply(phone.incoming("BYE", DEAD_SECONDS + 5), 200)
    wait_until(lambda: not town.nodes[0].ask("calls")["calls"], "the call is over")
    words = [last_of(node)["ended_by"] for node in town.nodes]
    assert "nothing was heard for too long" in words, words
