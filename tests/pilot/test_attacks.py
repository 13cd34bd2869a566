"""Bob attacks Alice's part of the page: verbs, events, address book, tokens, names."""

import base64
import json
import re
import socket

import pytest

from bellhop.shell.pilot.site import VERBS

from .test_web import OWN, Site

BOB = "config user\n\toption name 'bob'"
# Values that no page sends.
ODD = (None, True, 7, -1, 1e999, [], ["x"], {}, {"a": 1}, "", "\0", "\r\nX: y", "\ud800", "%s" * 50,
       "'; DROP", "../..", "sip:", "\u202e", "x" * 3000)  # fmt: skip


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    made.config.write_text(made.config.read_text().replace("option pilot 'see'", ""))
    made.start()
    made.wait_for("bellhop is running")
    try:
        yield made
    finally:
        made.stop()
        assert "Traceback" not in made.output.read_text()


def entered(site):
    """Return the cookies of Alice and Bob."""
    return site.cookie("alice", "secret-a"), site.cookie("bob", "secret-b")


def of_alice(site, alice):
    """Let Alice have something of each kind; return (marks that Bob never sees, ids)."""
    (contact,) = site.api("set-contact", alice, name="Mark-A", number="0301")[1]["result"][
        "contacts"
    ]
    phone = site.api("add-phone", alice, kind="other", name="Mark-B")[1]["result"]
    link = site.api("add-phone", alice, kind="linphone", name="Mark-C")[1]["result"]
    site.api("send", alice, to="alice", text="Mark-D")
    site.api("set-my-wishes", alice, wish="block", value="Mark-E")
    texts = site.api("my-messages", alice)[1]["result"]["messages"]
    session = site.api("sessions", alice)[1]["result"]["sessions"][0]["id"]
    marks = ["Mark-" + one for one in "ABCDE"]
    marks += [phone["login"], phone["password"], link["login"], link["path"][3:], session]
    return marks, [contact["id"], phone["login"], link["login"], session, texts[0]["id"]]


def shown(site, cookie):
    """Return all that a member sees, but for how long ago it was."""
    verbs = ("me", "my-calls", "my-history", "my-messages", "my-wishes", "book", "new-phones",
             "sessions")  # fmt: skip
    found = json.dumps([site.api(verb, cookie)[1]["result"] for verb in verbs])
    return json.loads(re.sub(r'"seconds_ago": \d+', '"seconds_ago": 0', found))


def test_nothing_of_hers_comes_by_any_verb_or_event_and_nothing_of_hers_changes(site):
    alice, bob = entered(site)
    stream = socket.create_connection(("127.0.0.1", site.ports["http"]), timeout=60)
    head = "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n" % bob["Cookie"]
    stream.sendall(head.encode())
    marks, ids = of_alice(site, alice)
    before, told = shown(site, alice), []
    for verb in sorted({*VERBS, "sessions", "sign-out", "sign-in"} - {"set-my-wishes"}):
        for one in ids:
            given = {"user": "alice", "id": one, "phone": one, "call": one, "mac": one, "to": one,
                     "search": one, "before": one, "verdict": "same", "rings": "0", "name": "",
                     "kind": one, "token": one, "password": "x"}  # fmt: skip
            told.append(json.dumps(site.api(verb, bob, **given)))
    assert shown(site, alice) == before
    site.api("send", bob, to="bob", text="the end")
    data = b""
    while b"the end" not in data:
        data += stream.recv(65536)
    stream.close()
    # What Bob has asked by himself comes back to him in words of refusal, and nothing else does.
    seen = json.dumps(shown(site, bob)) + data.decode()
    assert [mark for mark in marks if mark in seen] == []
    secret = [mark for mark in marks if mark not in ids]
    assert [mark for mark in secret if mark in "".join(told)] == []


def test_odd_values_in_every_argument_are_refused_in_words(site):
    alice, _ = entered(site)
    for verb in sorted(VERBS):
        for odd in ODD:
            given = dict.fromkeys(("call", "id", "to", "text", "wish", "value", "name", "number",
                                   "kind", "phone", "rings", "mac", "search", "before", "missed",
                                   "verdict", "user"), odd)  # fmt: skip
            body = json.dumps({"verb": verb, "arguments": given}).encode()
            status, _, answer = site.ask_http("POST", "/api", {**OWN, **alice}, body)
            assert status == 200 and "a fault of the node" not in answer.decode(), (verb, odd)
    assert site.api("me", alice)[0] == 200


def test_her_address_book_is_not_in_his(site):
    alice, bob = entered(site)
    of_alice(site, alice)
    cards = {}
    for name, cookie in (("alice", alice), ("bob", bob)):
        made = site.api("add-phone", cookie, kind="other", name="Book")[1]["result"]
        basic = base64.b64encode(("%s:%s" % (made["login"], made["password"])).encode()).decode()
        login = {"Authorization": "Basic " + basic, "Depth": "1"}
        _, _, body = site.ask_http("REPORT", "/dav/book/", login, b"<q><address-data/></q>")
        cards[name] = login, body.decode()
    assert "Mark-A" in cards["alice"][1] and "Mark-A" not in cards["bob"][1]
    places = re.findall(r"<d:href>(/dav/book/\w+\.vcf)</d:href>", cards["alice"][1])
    (hers,) = [one for one in places if one not in cards["bob"][1]]
    asked = ("<multiget><address-data/><href>%s</href></multiget>" % hers).encode()
    for method, body in (("GET", b""), ("REPORT", asked), ("PROPFIND", asked)):
        status, _, answer = site.ask_http(method, hers, cards["bob"][0], body)
        assert b"Mark-A" not in answer, (method, status)
    assert site.ask_http("GET", hers, cards["bob"][0])[0] == 404
    for path in ("/dav/alice/", "/dav/book/../alice/", "/dav/../p/", "/dav//book/"):
        assert b"Mark-A" not in site.ask_http("PROPFIND", path, cards["bob"][0])[2]


def test_the_file_of_her_phone_is_not_had_by_guessing(site):
    alice, _ = entered(site)
    path = site.api("add-phone", alice, kind="linphone", name="Mobile")[1]["result"]["path"]
    token = path[3:]
    guesses = ("", "/", token[:-1], token + "a", token.upper(), "." + token, token[:12] + "*",
               "alice-linphone.xml", "%2e%2e/" + token, "000000000000.cfg", "mac.cfg")  # fmt: skip
    for guess in guesses:
        assert site.ask_http("GET", "/p/" + guess)[0] in (404, 410), guess
    for number in range(500):
        assert site.ask_http("GET", "/p/%024d" % number)[0] == 410
    assert site.ask_http("HEAD", path)[0] == site.ask_http("HEAD", "/p/none")[0] == 200
    assert site.ask_http("GET", path)[0] == 200  # Guesses and HEAD have not used it up.
    assert site.ask_http("GET", path)[0] == 410


def test_who_moves_out_is_signed_out_and_another_of_the_name_is_another_one(site):
    _, bob = entered(site)
    other = site.cookie("bob", "secret-b")
    text = site.config.read_text()
    site.config.write_text(text[: text.index(BOB)])
    assert not site.ask("reload").returncode
    assert site.api("me", bob)[0] == 401
    site.config.write_text(text)
    assert not site.ask("reload").returncode
    assert (site.api("me", bob)[0], site.api("me", other)[0]) == (401, 401)
    assert site.api("me", site.cookie("bob", "secret-b"))[0] == 200
