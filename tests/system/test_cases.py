"""The small cases of what home exchanges get wrong, each against a full and a lite node."""

import pytest

from tests.lite.conftest import compiled  # noqa: F401 - fixture
from tests.system import cases


def test_there_are_cases():
    if not cases.names():
        pytest.skip(f"no cases in {cases.FOLDER}; BELLHOP_SHARED may name where they lie")


@pytest.mark.parametrize("kind", cases.KINDS)
@pytest.mark.parametrize("name", cases.names())
def test_case(name, kind, request):
    reason = cases.why_unavailable(name, kind)
    if reason:
        pytest.skip(reason)
    made = request.getfixturevalue("compiled") if kind == cases.LITE else None
    with cases.house(kind, name, made) as node:
        right, said = cases.run(name, node)
    assert right, said
