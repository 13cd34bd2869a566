"""The answers that the pages are tested with have the fields of the node's own."""

import pytest

from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings
from tests.unit.mesh.test_node import line, ready

from .luci import node

# What the shell adds to the status, which the engine alone does not know.
OF_SHELL = {"configuration", "problems", "memory_kb", "connections"}


@pytest.fixture(scope="module")
def engine():
    """Return ask(verb): one phone is registered, one call rings and one has ended."""
    exchange = Exchange(settings("list trusted 10.0.0.0/24\n"))
    phone = telephone(exchange, "B", "bob", "10.0.0.3")
    for number, status in ((1, 486), (2, 180)):
        data = request(
            "INVITE",
            "sip:202@home.test",
            lines=["Contact: <sip:alice@10.0.0.2>"],
            to="<sip:202@home.test>",
            call_id="call-%d" % number,
            branch="z9hG4bK-%d" % number,
        )
        exchange.receive(data, flow())
        phone.hear(exchange.sent[-1][1].data)
        exchange.receive(phone.answer(status), phone.flow)
    return lambda verb, **given: exchange.engine.answer(verb, given, exchange.now)[0]


@pytest.mark.parametrize("verb", ["registrations", "calls", "history", "phonebook"])
def test_rows_have_the_fields_of_the_node(engine, verb):
    told = node.ANSWERS["bellhop", verb]
    told = told({}) if callable(told) else told
    rows = engine(verb)[verb]
    assert rows
    assert set(told[verb][0]) == set(rows[0])


def test_status_and_trace_have_the_fields_of_the_node(engine):
    assert set(node.status()) == set(engine("status")) | OF_SHELL
    trace = engine("trace", call="2")
    told = node.ANSWERS["bellhop", "trace"]
    assert set(told) == set(trace)
    assert set(told["messages"][0]) == set(trace["messages"][0])


def test_mesh_has_the_fields_of_the_node():
    network = ready(3, line(3))
    network.run(60000)
    middle = network.nodes[1]
    graph = middle.graph()
    told = node.ANSWERS["bellhop", "mesh"]
    assert graph["edges"] and len(told["edges"][0]) == len(graph["edges"][0])
    assert set(told["nodes"][0]) == set(graph["nodes"][0])
    assert set(node.ANSWERS["bellhop", "peers"]["peers"][0]) == set(middle.peers()[0])
    assert set(node.ANSWERS["bellhop", "routes"]["routes"][0]) == set(middle.routes()[0])
