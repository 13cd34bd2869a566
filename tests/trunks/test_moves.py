"""The node's address towards its provider changes: it registers again by the new one."""

import pytest

from tests.support import netns
from tests.trunks import figures

pytestmark = pytest.mark.skipif(
    netns.why_unavailable() is not None, reason=str(netns.why_unavailable())
)


def test_a_new_address_is_registered_at_once(tmp_path):
    # Its renewal would come after 500 s: what is waited for here is nothing but the change.
    assert figures.moved(tmp_path) < 20
