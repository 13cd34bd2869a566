"""Ways to a telephone number: a real gammu-smsd with its dummy modem; Kannel's question."""

import shutil
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bellhop_exchange.directory import senders

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
