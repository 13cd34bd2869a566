"""Files and the log of the shell."""

from types import SimpleNamespace

import pytest

from bellhop.effects import Note
from bellhop.effects import Store as Keep
from bellhop.errors import BellhopError
from bellhop.shell.entropy import Entropy
from bellhop.shell.service import milliseconds
from bellhop.world.control import Control
from bellhop.world.cpython import files
from bellhop.world.cpython.log_text import readable
from bellhop.world.log import BURST, INTERVAL, Log
from bellhop.world.loop import Loop
from bellhop.world.store import Store


class Folder:
    """A store in a folder, with a loop that does not run by itself."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        for name in ("state", "run"):
            (path / name).mkdir()
        self.store = self.again()

    def again(self):
        """Return a store as the next process has it."""
        log = Log(lambda level, text: self.lines.append(text), milliseconds)
        loop = Loop(milliseconds, log)
        return Store(str(self.path / "state"), str(self.path / "run"), loop, log)

    def keep(self, name, records):
        self.store.keep(Keep(name, lambda now: records))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_what_is_kept_comes_back(folder):
    folder.keep("bindings", [{"user": "alice"}])
    folder.keep("secret", "ab")
    folder.store.write_all()
    assert sorted(folder.again().load()) == [("bindings", [{"user": "alice"}]), ("secret", "ab")]
    path = folder.path / "run/bindings.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(folder.path.glob("*/*.new"))


def test_many_changes_are_one_writing(folder):
    for number in range(100):
        folder.keep("bindings", number)
    folder.store.write_all()
    assert folder.store.counters["written"] == 1
    assert list(folder.again().load()) == [("bindings", 99)]


def test_what_has_not_changed_is_not_written(folder):
    for _ in range(3):
        folder.keep("secret", "ab")
        folder.store.write_all()
    assert folder.store.counters["written"] == 1


@pytest.mark.parametrize(
    "damage", [lambda old: old[:-5], lambda old: b"", lambda old: b"\xff" + old]
)
def test_a_damaged_file_is_set_aside(folder, damage):
    folder.keep("secret", "ab")
    folder.store.write_all()
    path = folder.path / "state/secret.json"
    path.write_bytes(damage(path.read_bytes()))
    assert list(folder.again().load()) == []
    assert (folder.path / "state/secret.json.damaged").exists() and "damaged" in folder.lines[0]
    assert list(folder.again().load()) == []


def test_a_full_disk_is_said_and_tried_again(folder, monkeypatch):
    def full(path, parts, is_synced=True):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "replace", full)
        folder.keep("secret", "ab")
        folder.store.write_all()
    assert "No space left" in folder.lines[0]
    folder.keep("secret", "ab")
    folder.store.write_all()
    assert list(folder.again().load()) == [("secret", "ab")]


def test_a_flood_of_notes_is_cut_and_counted():
    lines = []
    now = [1000]
    log = Log(lambda level, text: lines.append((level, text)), lambda: now[0])
    for _ in range(BURST + 50):
        log.note(Note("warning", "again"))
    assert len(lines) == BURST
    now[0] += 2 * INTERVAL
    log.say("error", "last")
    assert lines[-2][1].endswith("lines were left out") and lines[-1] == ("error", "last")


def test_a_fault_in_a_verb_is_answered_and_logged_with_its_name_first():
    lines = []
    loop = Loop(milliseconds, Log(lambda level, text: lines.append(text), milliseconds))

    class Engine:
        def answer(self, verb, arguments, now):
            raise KeyError("nobody thought of it")

    service = SimpleNamespace(loop=loop, engine=Engine())
    with pytest.raises(BellhopError, match="its log says where"):
        Control(service, "control").ask("users", {})
    assert "KeyError" in lines[0] and lines[-1].endswith("in answer")


def test_the_level_hides_what_is_less():
    lines = []
    log = Log(lambda level, text: lines.append(level), milliseconds, "warning")
    for level in ("error", "warning", "notice", "info"):
        log.say(level, "x")
    assert lines == ["error", "warning"]


def test_control_characters_do_not_reach_the_log():
    assert readable("a\nb\x1b[31mü") == "a\\x0ab\\x1b[31mü"
    assert len(readable("x" * 5000)) == 1000


def test_entropy_never_repeats():
    entropy = Entropy()
    tokens = [entropy.token(7) for _ in range(2000)] + [entropy.token(5000)]
    assert len(set(tokens)) == 2001
    assert {len(token) for token in tokens} == {7, 5000}
