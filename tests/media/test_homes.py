"""Homes behind a provider's NAT call each other; the owner sees by which node."""

import shutil

import pytest

from bellhop.shell import shown_calls

from .homes import CASES, Homes


@pytest.mark.parametrize(("behind", "ports", "through"), [case[:3] for case in CASES])
def test_sound_goes_straight_where_the_nat_lets_it_else_by_a_node_that_both_reach(
    streets, behind, ports, through
):
    if not shutil.which("nft"):
        pytest.skip("no nft (Debian package nftables)")
    homes = Homes(streets, behind, ports)
    for at in (0, 1):
        for shown in homes.call(at, through):
            assert shown["is_sound_through"] is True
            words = "by way of node1" if through else "straight to the other node"
            assert words in "\n".join(shown_calls.calls({"calls": [shown]}))
