"""Two columns of the matrix of real phones and situations, which matrix.py prints."""

import pytest

from tests.support import lite, netns

from . import matrix


@pytest.mark.parametrize("number", range(1, 1 + len(matrix.SITUATIONS)))
@pytest.mark.parametrize("node", matrix.NODES)
def test_baresip_in_each_situation(number, node):
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    if node == matrix.LITE and lite.why_unavailable():
        pytest.skip(lite.why_unavailable())
    compiled = lite.Compiled() if node == matrix.LITE else None
    said = matrix.cell(number, "baresip", node, compiled)
    if said.startswith("- "):
        pytest.skip(said[2:])
    assert said == "ok"
