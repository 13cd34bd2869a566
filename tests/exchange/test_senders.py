"""Ways to a telephone number: a real gammu-smsd with its dummy modem, a real Kannel."""

import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bellhop_exchange.directory import senders
from tests.system.sipp.runner import free_ports

NUMBER = "+4930555001"
TEXT = "dir.test: code 12345678 for the key AAAA. Type it into your router. Not you? Ignore this."
CONFIG = """[gammu]
model = dummy
connection = none
device = {folder}/modem
[smsd]
service = files
inboxpath = {folder}/in/
outboxpath = {folder}/out/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/err/
"""
PATIENCE = 60
FAKE_CENTRE = Path("/usr/lib/kannel/test/fakesmsc")
KANNEL = """\
group = core
admin-port = {admin}
admin-password = x
smsbox-port = {box}
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}

group = sendsms-user
username = bellhop
password = secret
max-messages = 3

group = sms-service
keyword = default
text = no
"""
MODEM = ("modem/pbk", *["modem/sms/%d" % at for at in range(6)])


def test_gammu_sends_by_its_modem(tmp_path):
    if not shutil.which("gammu-smsd-inject"):
        pytest.skip("no gammu-smsd (Debian package gammu-smsd)")
    for name in ("in", "out", "sent", "err", *MODEM):
        (tmp_path / name).mkdir(parents=True)
    config = tmp_path / "rc"
    config.write_text(CONFIG.format(folder=tmp_path))
    senders.of({"kind": "gammu", "config": config}).send(NUMBER, TEXT)
    assert len(list((tmp_path / "out").iterdir())) == 1
    with open(tmp_path / "log", "wb") as log:
        daemon = subprocess.Popen(["gammu-smsd", "-c", str(config)], stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while not list((tmp_path / "sent").iterdir()):
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.1)
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE)
    with pytest.raises(OSError, match="."):
        senders.of({"kind": "gammu", "config": tmp_path / "absent"}).send(NUMBER, TEXT)


def test_kannel_hands_a_text_to_its_centre(tmp_path):
    if shutil.which("bearerbox") is None or not FAKE_CENTRE.exists():
        pytest.skip("no Kannel (Debian packages kannel, kannel-extras)")
    ports = dict(zip(("admin", "box", "centre", "send"), free_ports(4)))
    config = tmp_path / "kannel.conf"
    config.write_text(KANNEL.format(**ports))
    (tmp_path / "password").write_text("secret\n")
    sender = senders.of({
        "kind": "kannel", "url": "http://127.0.0.1:%d/cgi-bin/sendsms" % ports["send"],
        "username": "bellhop", "password_file": tmp_path / "password", "sender": "4930111",
    })  # fmt: skip
    # The centre: a text of its own in an hour, and what comes is shown.
    centre = [str(FAKE_CENTRE), "-H", "127.0.0.1", "-r", str(ports["centre"]), "-i", "3600"]
    commands = ["bearerbox", str(config)], [*centre, "-m", "2", "1 2 text nop"], [
        "smsbox", str(config),
    ]  # fmt: skip
    running, waits = [], (ports["box"], None, ports["send"])
    try:
        for command, port in zip(commands, waits):
            with open(tmp_path / Path(command[0]).name, "wb") as log:
                running.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))
            if port is not None:
                wait_until(lambda port=port: is_open(port) or running[-1].poll() is not None)
                assert running[-1].poll() is None, (tmp_path / command[0]).read_text()
        wait_until(lambda: sends(sender))
        wait_until(lambda: b"12345678" in (tmp_path / "fakesmsc").read_bytes())
        assert b"4930555001" in (tmp_path / "fakesmsc").read_bytes()
        (tmp_path / "password").write_text("wrong\n")
        with pytest.raises(OSError, match="40"):
            sender.send(NUMBER, TEXT)
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sends(sender):
    """Tell whether the centre is there by now, and takes a text."""
    try:
        sender.send(NUMBER, TEXT)
    except OSError:
        return False
    return True


def wait_until(is_so):
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_kannel_is_asked_as_its_manual_says(tmp_path):
    asked = []

    class Centre(BaseHTTPRequestHandler):
        """A stand-in for Kannel's smsbox."""

        def do_GET(self):
            asked.append(urllib.parse.urlsplit(self.path))
            self.send_response(202 if len(asked) == 1 else 403)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Centre)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "password").write_text("secret\n")
    sender = senders.of({
        "kind": "kannel", "url": "http://127.0.0.1:%d/cgi-bin/sendsms" % server.server_port,
        "username": "bellhop", "password_file": tmp_path / "password",
    })  # fmt: skip
    sender.send(NUMBER, "Grüße")
    with pytest.raises(OSError, match="403"):
        sender.send(NUMBER, TEXT)
    server.shutdown()
    fields = dict(urllib.parse.parse_qsl(asked[0].query))
    assert (fields["to"], fields["text"], fields["username"]) == (NUMBER, "Grüße", "bellhop")
