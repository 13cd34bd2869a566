"""The book in a real address book program: vdirsyncer finds it, takes it and follows it."""

import re
import subprocess
import sys

import pytest

from .test_web import Site

pytest.importorskip("vdirsyncer", reason="no vdirsyncer (Python package vdirsyncer)")
CONFIG = """\
[general]
status_path = "{folder}/status/"
[pair book]
a = "router"
b = "here"
collections = ["from a"]
[storage router]
type = "carddav"
url = "http://127.0.0.1:{port}/"
username = "{login}"
password = "{password}"
read_only = true
[storage here]
type = "filesystem"
path = "{folder}/cards/"
fileext = ".vcf"
"""


def test_an_address_book_finds_the_book_takes_it_and_follows_it(tmp_path):
    site = Site(tmp_path).start()
    site.wait_for("bellhop is running")

    def run(*words):
        words = [sys.executable, "-m", "vdirsyncer", "--config", tmp_path / "dav", *words]
        done = subprocess.run(words, input="y\n", capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def names():
        cards = "".join(path.read_text() for path in (tmp_path / "cards" / "book").glob("*.vcf"))
        return sorted(re.findall(r"^FN:(.*?)\s*$", cards, re.M)), cards

    try:
        told = site.ask("add-phone", "alice", "other", "Book").stdout
        login, password = re.search(r"login: (\S+)", told)[1], re.search(r"word: (\S+)", told)[1]
        given = {"folder": tmp_path, "port": site.ports["http"], "login": login}
        (tmp_path / "dav").write_text(CONFIG.format(password=password, **given))
        site.ask("set-contact", "alice", "", "Zoë Köhler; GmbH", "+49 30 901820")
        for step in ("discover", "sync"):
            code, words = run(step)
            assert code == 0, words
        found, cards = names()
        assert found == ["Bob <b>", "Zoë Köhler\\; GmbH", "alice"]
        assert "TEL;TYPE=VOICE:+4930901820\n" in cards
        site.ask("set-contact", "alice", "", "Bert", "+49 30 11")
        assert run("sync")[0] == 0
        assert "Bert" in names()[0]
        (zoe,) = re.findall(
            r'"id": "(\w+)",\s*"name": "Zo', site.ask("set-contact", "alice", "--json").stdout
        )
        site.ask("set-contact", "alice", zoe)
        assert run("sync")[0] == 0
        assert names()[0] == ["Bert", "Bob <b>", "alice"]
    finally:
        site.stop()
