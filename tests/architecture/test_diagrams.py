"""Every machine of the tree is drawn, with every pair of its table."""

from . import diagrams

KNOWN = {
    "bellhop.transaction.invite_server",
    "bellhop.tu.response_context",
    "bellhop.mesh.hello",
    "bellhop.media.agreement",
}


def test_every_machine_is_found():
    assert {module.__name__ for module in diagrams.machines()} >= KNOWN


def test_every_pair_stands_on_the_page():
    for module in diagrams.machines():
        lines = diagrams.drawn(module)
        drawn = [line for line in lines if " : " in line]
        assert len(drawn) == len(module.TABLE)
        ignored = [line for line in lines if line.startswith("- ignored")]
        assert len(ignored) == len(getattr(module, "IGNORED", {}))


def test_a_step_shows_event_action_and_next_state():
    page = diagrams.page()
    assert "s0 --> s1 : failure / refuse" in page
    assert "    s0 : success / succeed" in page
