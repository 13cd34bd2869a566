"""Texts by gammu-smsd and its dummy modem: a phone's MESSAGE goes out, an SMS comes as one."""

import shutil
import subprocess
import time

import pytest

from tests.trunks.house import House

pytestmark = pytest.mark.skipif(
    not (shutil.which("gammu-smsd") and shutil.which("gammu")),
    reason="gammu-smsd is missing (Debian packages gammu, gammu-smsd)",
)

RC = """[gammu]
model = dummy
connection = none
device = {folder}/dummy
[smsd]
service = files
logfile = {folder}/smsd.log
inboxpath = {folder}/inbox/
outboxpath = {folder}/outbox/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = unicode
receivefrequency = 1
commtimeout = 1
"""
SMS = "config sms\n\toption ring bob\n\toption inbox {0}/inbox\n\toption outbox {0}/outbox\n"


@pytest.fixture
def modem(tmp_path):
    for name in ("dummy", "inbox", "outbox", "sent", "error"):
        (tmp_path / name).mkdir()
    (tmp_path / "rc").write_text(RC.format(folder=tmp_path))
    command = ["gammu-smsd", "-c", str(tmp_path / "rc")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    house = House(tmp_path, [SMS.format(tmp_path)])
    yield house
    house.stop()
    process.terminate()
    process.wait(10)


def test_a_text_goes_out_by_the_modem(modem):
    alice = modem.phone("alice")
    lines = ["Content-Type: text/plain"]
    alice.say(alice.request("MESSAGE", "sip:01701234567@house.test", lines, "hello there"))
    alice.proves("MESSAGE")
    assert alice.wait("final").status == 202
    sent = modem.folder / "sent"
    modem.wait_for(lambda: list(sent.iterdir()), 20)
    assert "+491701234567" in next(sent.iterdir()).name
    assert "hello there" in next(sent.iterdir()).read_text()


def test_a_text_that_comes_reaches_the_phone(modem):
    bob = modem.phone("bob")
    place = modem.folder / "dummy" / "sms" / "1"
    modem.wait_for(place.exists, 20)
    subprocess.run(
        ["gammu", "-c", str(modem.folder / "rc"), "savesms", "TEXT", "-folder", "1", "-unread",
         "-sender", "+491701234567", "-text", "how are you"],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    begun = time.monotonic()
    came = bob.wait("MESSAGE", 30)
    assert came.body == b"how are you" and came.from_.uri.user == b"+491701234567"
    bob.take(came, 200)
    assert time.monotonic() - begun < 30
    modem.wait_for(lambda: not list((modem.folder / "inbox").iterdir()), 10)
