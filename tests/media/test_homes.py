"""Homes behind a provider's NAT call each other; the owner sees by which node."""

import shutil

import pytest

from .homes import Homes


@pytest.mark.parametrize("behind", [(0, 2), (0,)])
def test_sound_passes_both_ways_by_a_node_that_both_reach(streets, behind):
    if not shutil.which("nft"):
        pytest.skip("no nft (Debian package nftables)")
    homes = Homes(streets, behind)
    for at in (0, 1):
        for shown in homes.call(at):
            assert (shown["through"], shown["is_sound_through"]) == (["node1"], True)
