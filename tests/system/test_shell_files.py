"""Files and the log of the shell."""

import os
from types import SimpleNamespace

import pytest

from bellhop.budget import DAY
from bellhop.effects import Commit, Note
from bellhop.effects import Store as Keep
from bellhop.errors import BellhopError
from bellhop.shell.entropy import Entropy
from bellhop.shell.service import milliseconds
from bellhop.world.control import Control
from bellhop.world.cpython import files
from bellhop.world.cpython.log_text import readable
from bellhop.world.log import BURST, INTERVAL, REPEATS, REPEATS_WITHIN, Log
from bellhop.world.loop import Loop
from bellhop.world.store import AT_LEISURE_A_DAY, JOURNAL_BYTES, Store, check_own


class Folder:
    """A store in a folder, with a loop that does not run by itself."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.now = milliseconds()
        for name in ("state", "run"):
            (path / name).mkdir()
        self.store = self.again()

    def again(self):
        """Return a store as the next process has it."""
        log = Log(lambda level, text: self.lines.append(text), lambda: self.now)
        loop = Loop(lambda: self.now, log)
        loop.engine = SimpleNamespace(kept=None)
        return Store(str(self.path / "state"), str(self.path / "run"), loop, log, self.changed)

    def changed(self):
        self.lines += self.store.problems()

    def keep(self, name, records):
        self.store.keep(Keep(name, lambda now: records, None))

    def commit(self, name, records, **changes):
        """Commit some rows; return why they could not be written."""
        self.store.commit(Commit(1, Keep(name, lambda now: records, changes)))
        return self.store.loop.told.pop()[1][1]

    def kept(self):
        """Return what the next process finds."""
        return dict(self.again().load())


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


ONE, TWO = {"id": "1", "body": "one"}, {"id": "2", "body": "two"}


def test_what_is_committed_is_there_before_the_engine_is_told(folder):
    assert folder.commit("messages", [ONE], **{"1": ONE}) == ""
    assert folder.kept() == {"messages": [ONE]}
    assert folder.commit("messages", [ONE, TWO], **{"2": TWO}) == ""
    assert folder.kept() == {"messages": [ONE, TWO]}
    assert folder.commit("messages", [TWO], **{"1": None}) == ""
    assert folder.kept() == {"messages": [TWO]}
    assert not folder.lines


def test_changes_that_are_asked_for_late_are_those_of_the_moment_when_they_are_written(folder):
    folder.keep("calls", [ONE])
    folder.store.write_all()
    changes = {"2": TWO}

    def late(now):
        return changes

    for _ in range(2):
        folder.store.keep(Keep("calls", lambda now: [ONE, TWO], late))
    changes = {"2": None, "1": None}
    folder.store.write_all()
    assert folder.kept() == {"calls": []}


def test_changes_of_now_and_of_later_go_together(folder):
    """What may wait a moment is written with what may not."""
    folder.keep("bindings", [ONE, TWO])
    folder.store.write_all()
    folder.store.keep(Keep("bindings", lambda now: [], lambda now: {"1": dict(ONE, age=2)}))
    folder.store.keep(Keep("bindings", lambda now: [], {"2": None}))
    assert folder.kept() == {"bindings": [dict(ONE, age=2)]}


def test_what_is_committed_is_synced_and_the_folder_of_a_new_file_too(folder, monkeypatch):
    synced = []
    real = os.fsync

    def sync(descriptor):
        synced.append(os.readlink("/proc/self/fd/%d" % descriptor))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    state = str(folder.path / "state")
    folder.commit("messages", [ONE], **{"1": ONE})
    assert synced == [state + "/messages.json.new", state]
    folder.commit("messages", [ONE, TWO], **{"2": TWO})
    assert synced[2:] == [state + "/messages.journal", state]
    folder.commit("messages", [TWO], **{"1": None})
    assert synced[4:] == [state + "/messages.journal"]


def test_a_change_costs_the_flash_its_own_size_and_not_that_of_all(folder):
    rows = [{"id": str(number), "body": "x" * 1000} for number in range(50)]
    folder.keep("messages", rows)
    folder.store.write_all()
    folder.commit("messages", [*rows, ONE], one=ONE)
    assert (folder.path / "state/messages.journal").stat().st_size < 200
    assert folder.kept()["messages"] == [*rows, ONE]


def test_a_journal_ends_where_it_is_longer_than_what_it_goes_on_from(folder):
    large = {"id": "2", "body": "x" * JOURNAL_BYTES}
    folder.commit("messages", [ONE], **{"1": ONE})
    for _ in range(2):
        folder.commit("messages", [ONE, large], **{"2": large})
    assert not (folder.path / "state/messages.journal").exists()
    assert folder.kept() == {"messages": [ONE, large]}


def test_a_torn_entry_harms_neither_those_before_it_nor_those_behind(folder):
    rows = [{"id": str(number)} for number in range(3)]
    for number, row in enumerate(rows):
        folder.commit("messages", rows[: number + 1], **{row["id"]: row})
    path = folder.path / "state/messages.journal"
    path.write_bytes(path.read_bytes()[:-4])
    folder.store = folder.again()
    # The first of them is in the file, the last is torn.
    assert [row["id"] for row in dict(folder.store.load())["messages"]] == ["0", "1"]
    assert "1 entries were not written to their end" in folder.lines.pop()
    folder.commit("messages", [], **{"3": {"id": "3"}})
    assert [row["id"] for row in folder.kept()["messages"]] == ["0", "1", "3"]


def test_a_journal_of_an_earlier_file_is_not_read_again(folder):
    folder.commit("messages", [ONE], **{"1": ONE})
    folder.commit("messages", [ONE, TWO], **{"2": TWO})
    path = folder.path / "state/messages.journal"
    stale = path.read_bytes()
    folder.keep("messages", [TWO])
    folder.store.write_all()
    path.write_bytes(stale)
    folder.store = folder.again()
    assert dict(folder.store.load()) == {"messages": [TWO]}
    folder.commit("messages", [TWO, ONE], **{"1": ONE})
    assert folder.kept() == {"messages": [TWO, ONE]}


def test_what_a_full_disk_refused_is_not_written_later(folder, monkeypatch):
    def full(path, octets, is_new, is_synced=True):
        with open(path, "ab") as file:
            file.write(octets[:20])
        raise OSError(28, "No space left on device")

    folder.commit("messages", [ONE], **{"1": ONE})
    with monkeypatch.context() as patched:
        patched.setattr(files, "append", full)
        assert "No space left" in folder.commit("messages", [ONE, TWO], **{"2": TWO})
    assert folder.store.problems()
    three = {"id": "3"}
    assert folder.commit("messages", [ONE, three], **{"3": three}) == ""
    assert folder.kept() == {"messages": [ONE, three]} and not folder.store.problems()


def test_what_nobody_waits_for_has_a_budget_of_the_day(folder):
    first = folder.now
    while folder.now < first + 2 * DAY:
        folder.keep("trust", [folder.now])
        folder.now += 5000
        folder.store.loop.timers.sort()
        while folder.store.loop.timers and folder.store.loop.timers[0][0] <= folder.now:
            folder.store.loop.timers.pop(0)[2]()
    assert AT_LEISURE_A_DAY <= folder.store.counters["written"] <= 2 * AT_LEISURE_A_DAY
    assert folder.store.today().get("trust", 0) <= AT_LEISURE_A_DAY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused_with_the_way_out(folder):
    check_own(str(folder.path))
    os.chown(folder.path, 12345, -1)
    with pytest.raises(BellhopError, match="belongs to another user"):
        check_own(str(folder.path))
    os.chown(folder.path, 0, -1)
    folder.path.chmod(0o777)
    with pytest.raises(BellhopError, match="chmod go-w"):
        check_own(str(folder.path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_what_root_makes_among_the_files_of_a_node_is_for_the_node(tmp_path):
    """As the commands do that make or take in keys: the node itself is another user."""
    os.chown(tmp_path, 12345, 54321)
    tmp_path.joinpath("elsewhere").write_text("a file of root, known here by another name too")
    os.link(tmp_path / "elsewhere", tmp_path / "linked")
    files.make_folder(str(tmp_path / "users/more"))
    files.replace(str(tmp_path / "users/alice.seed"), [b"x"])
    files.append(str(tmp_path / "users/journal"), b"x", is_new=True)
    files.append(str(tmp_path / "linked"), b"x", is_new=False)
    for name in ("users", "users/more", "users/alice.seed", "users/journal"):
        found = (tmp_path / name).stat()
        assert (found.st_uid, found.st_gid) == (12345, 54321), name
    assert (tmp_path / "elsewhere").stat().st_uid == 0


def test_what_another_has_linked_into_the_folder_is_not_followed(folder):
    prey = folder.path / "prey"
    prey.write_text("mine")
    for name in ("secret.json.new", "secret.journal"):
        (folder.path / "state" / name).symlink_to(prey)
    folder.keep("secret", "ab")
    folder.store.write_all()
    assert prey.read_text() == "mine" and "cannot write" in folder.lines[0]
    with pytest.raises(OSError, match="symbolic link"):
        files.append(str(folder.path / "state/secret.journal"), b"x", is_new=True)


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
    for number in range(BURST + 50):
        log.note(Note("warning", "line %d" % number))
    assert len(lines) == BURST
    now[0] += 2 * INTERVAL
    log.say("error", "last")
    assert lines[-2][1].endswith("lines were left out") and lines[-1] == ("error", "last")


def test_what_is_said_again_and_again_is_left_out_and_counted():
    lines = []
    now = [1000]
    log = Log(lambda level, text: lines.append(text), lambda: now[0])
    for _ in range(100):
        log.say("warning", "again")
        now[0] += REPEATS_WITHIN // 50
    assert lines.count("again") == 2 * REPEATS
    log.say("warning", "new")
    assert lines[-2:] == ["%d lines were left out" % (50 - REPEATS), "new"]


def test_a_fault_in_a_verb_is_answered_and_logged_with_its_name_first():
    lines = []
    loop = Loop(milliseconds, Log(lambda level, text: lines.append(text), milliseconds))

    class Engine:
        def answer(self, verb, arguments, now):
            raise KeyError("nobody thought of it")

    service = SimpleNamespace(loop=loop, engine=Engine(), store=None, copies=None)
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
    tokens = [entropy.random(7) for _ in range(2000)] + [entropy.random(5000)]
    assert len(set(tokens)) == 2001
    assert {len(token) for token in tokens} == {7, 5000}
