"""A node behind somebody else's router, which is miniupnpd. The figures are those of gateway.py."""

import pytest

from tests.mesh.town import wait_until

from .gateway import HOME, HOME6, LAN, LAN6, WAN, Home, why_unavailable


@pytest.fixture
def home(request):
    reason = why_unavailable()
    if reason:
        pytest.skip(reason)
    made = Home(getattr(request, "param", "PCP"))
    made.serve()
    yield made
    made.close()


@pytest.mark.parametrize("home", ["PCP", "NAT-PMP", "UPnP"], indirect=True)
def test_a_node_outside_reaches_one_behind_the_router(home, request):
    home.start(home.home)
    told = home.wait_led(40)
    assert told["way"] == request.node.callspec.params["home"]
    assert (told["gateway"], told["source"], told["ports"][0]["host"]) == (LAN, HOME, WAN)
    home.start(home.friend)
    wait_until(lambda: "node0" in home.friend.reached(), "a node outside reaches it")


def test_phones_on_the_road_are_led_to_the_port_of_tls(home):
    home.home.node_options.append("option tls_port '5061'")
    home.start(home.home)
    assert ("tcp", 5061) in [(p["protocol"], p["external"]) for p in home.wait_led()["ports"]]


def test_a_router_that_forgot_all_is_asked_again(home):
    home.start(home.home)
    home.wait_led()
    home.forget()
    home.serve()
    home.start(home.friend)
    wait_until(lambda: "node0" in home.friend.reached(), "a node outside reaches it", 40)


@pytest.mark.parametrize("home", ["none"], indirect=True)
def test_the_owner_is_told_when_nothing_helps(home):
    home.start(home.home)
    wait_until(lambda: home.outside()["way"] == "none", "all ways were tried", 40)
    assert "neither" in home.outside()["why"]
    assert "leads nothing here" in home.home.log()


@pytest.mark.parametrize("way", ["PCP", "UPnP"])
def test_the_firewall_of_ipv6_is_opened(way):
    reason = why_unavailable()
    if reason:
        pytest.skip(reason)
    home = Home(way, is_six=True)
    try:
        home.serve()
        home.start(home.home)
        told = home.wait_led(name="outside6")
        assert (told["way"], told["gateway"], told["source"]) == (way, LAN6, HOME6)
        assert told["ports"][0]["host"] == HOME6
        home.start(home.friend)
        wait_until(lambda: "node0" in home.friend.reached(), "a node outside reaches it")
    finally:
        home.close()
