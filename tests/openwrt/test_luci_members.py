"""What the owner sees of members' pages: where they are open, devices, wishes; over a real node."""

import json
import urllib.request

from .luci import system
from .real import free_port
from .test_luci_walk import drawn, keep, router  # noqa: F401 - a fixture

# ruff: noqa: F811

OPEN = """
    click('Show the page', await until(() => row('judy')));
    await until(() => document.body.textContent.includes('Mobile'));
    await until(() => document.body.textContent.includes('Firefox, Linux'));"""
FORGET = """
    click('Forget', row('judy-other'));
    await until(() => document.body.textContent.includes('No device.'));
    click('Sign out', row('Firefox'));
    return until(() => document.body.textContent.includes('Nowhere.'));"""


def asked(port, verb, given, cookie=""):
    """Return (status, cookie that was set) of a verb of the page."""
    request = urllib.request.Request(
        "http://127.0.0.1:%d/api" % port, json.dumps({"verb": verb, "arguments": given}).encode(),
        {"Content-Type": "application/json", "Cookie": cookie,
         "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, (answer.headers["Set-Cookie"] or "").partition(";")[0]
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_the_owner_locks_out_what_a_member_has_lost(router):
    port = free_port()
    router.uci["cfgff"] = system.section("cfgff", "user", 9, True, name="judy", password="secret-j")
    router.uci["node"]["http_port"] = str(port)
    assert router.answer("uci", "apply", {})[0] == 0
    _, cookie = asked(port, "sign-in", {"user": "judy", "password": "secret-j"})
    assert asked(port, "add-phone", {"kind": "other", "name": "Mobile"}, cookie)[0] == 200
    assert asked(port, "set-my-wishes", {"wish": "dnd", "value": "on"}, cookie)[0] == 200
    assert "Set by judy: Do not disturb: yes" in drawn(router, "phones").text
    keep(router, "phones", "30-page", OPEN)
    assert drawn(router, "phones", OPEN + FORGET, 20000).result
    assert asked(port, "me", {}, cookie)[0] == 401
    assert [one for one in router.ask("me", user="judy")["phones"] if one["own"]] == []
