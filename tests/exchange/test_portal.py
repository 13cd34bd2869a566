"""The portal: strangers sign up, and become users of a real node with a link to its page."""

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")

import ast  # noqa: E402
import asyncio  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402

from bellhop_exchange.portal.app import PAGE, Api  # noqa: E402
from bellhop_exchange.portal.service import MONTH, OF_A_NETWORK, Node, Portal  # noqa: E402
from bellhop_exchange.web import Problem  # noqa: E402
from tests.support import chromium  # noqa: E402
from tests.trunks.house import House  # noqa: E402

from .serving import serving  # noqa: E402
from .test_claims import Clock, Phones  # noqa: E402
from .world import free_port  # noqa: E402


class Mails(Phones):
    def code(self):
        return self.texts[-1][1].split("code: ")[1].split(".")[0]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    port = free_port()
    running = House(tmp_path_factory.mktemp("house"), [], "\toption http_port %d\n" % port)
    running.http_port = port
    yield running
    running.stop()


@pytest.fixture
def portal(house, tmp_path):
    """Return a function that makes a Portal; is_open: nobody has to approve."""
    node = Node(str(house.folder / "state"), str(house.config), "https://phone.test")
    url = f"sqlite:///{tmp_path}/portal.db"
    return lambda is_open: Portal(url, node, Mails(), is_open, Clock())


def test_the_operator_lets_somebody_in(portal, house):
    made = portal(False)
    found = made.sign_up("Anna", "anna@example.org", "a")
    assert found["state"] == "asked"
    made.prove(found["id"], found["secret"], made.sender.code())
    (row,) = made.waiting()
    assert (row.user, row.state) == ("anna", "proved")
    made.approve(row.id)
    shown = made.show(found["id"], found["secret"])
    assert shown["state"] == "approved" and shown["link"].startswith("https://phone.test/#in=")
    assert "anna" in made.node.users()
    token = shown["link"].partition("#in=")[2]
    assert house.ask("pilot-enter", token=token)["user"] == "anna"
    with pytest.raises(Problem, match="has this name"):
        made.sign_up("anna", "other@example.org", "b")
    with pytest.raises(Problem, match="no such applicant"):
        made.show(found["id"], "wrong")
    with pytest.raises(Problem, match="no such applicant"):
        made.approve(row.id)


def test_in_open_mode_the_code_is_enough(portal):
    made = portal(True)
    found = made.sign_up("berta", "+4930555777", "a")
    with pytest.raises(Problem, match="not the code"):
        made.prove(found["id"], found["secret"], "00000000")
    shown = made.prove(found["id"], found["secret"], made.sender.code())
    assert shown["state"] == "approved" and "berta" in made.node.users()


def test_signing_up_is_bounded(portal):
    made = portal(True)
    for user, contact in (
        ("x", "a@example.org"), ("../etc", "a@example.org"), ("carl'\nconfig", "a@example.org"),
        ("carl", "nobody"), ("carl", "a@b\n.org"), ("", ""),
    ):  # fmt: skip
        with pytest.raises(Problem):
            made.sign_up(user, contact, "a")
    for at in range(OF_A_NETWORK):
        found = made.sign_up("user%d" % at, "a@example.org", "a")
    with pytest.raises(Problem, match="too many"):
        made.sign_up("another", "a@example.org", "a")
    with pytest.raises(Problem, match="asked for this name"):
        made.sign_up("user0", "b@example.org", "b")
    for _ in range(5):
        with pytest.raises(Problem, match="not the code"):
            made.prove(found["id"], found["secret"], "x")
    with pytest.raises(Problem, match="not the code"):
        made.prove(found["id"], found["secret"], made.sender.code())
    made.clock.now += MONTH + 1
    made.sign_up("user0", "b@example.org", "b")
    assert len(made.waiting()) == 1


def ask(app, path, body, **headers):
    """Send a POST to the application; return (status, JSON)."""
    sent = []
    names = {"content-type": "application/json", **headers}
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "client": ("127.0.0.1", 1), "http_version": "1.1",
        "headers": [(name.replace("_", "-").encode(), value.encode())
                    for name, value in names.items()],
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_only_its_own_page_may_ask(portal):
    app = Api(portal(False), "https://portal.test").app()
    body = json.dumps({"user": "dora", "contact": "d@example.org"}).encode()
    assert ask(app, "/v1/signup", body, origin="https://evil.test")[0] == 403
    assert ask(app, "/v1/signup", body, **{"content-type": "text/plain"})[0] == 415
    assert ask(app, "/v1/signup", b"[")[0] == 400
    assert ask(app, "/v1/signup", b"x" * 20000)[0] == 413
    status, found = ask(app, "/v1/signup", body, origin="https://portal.test")
    assert status == 200
    status, shown = ask(app, "/v1/applicant", json.dumps(found).encode())
    assert (status, shown["state"]) == (200, "asked")


WORDS = json.loads((PAGE / "words.json").read_text())
SHOWN = re.compile(r">([^<>{}]+)<|'([A-Z][^']+ [^']+)'")


def test_the_page_has_every_sentence_in_each_language():
    said = set()
    for name in ("index.html", "portal.js"):
        for found in SHOWN.findall((PAGE / name).read_text()):
            said |= {" ".join(one.split()) for one in found if one.strip()}
    tree = ast.parse((PAGE.parent / "service.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
            said |= {one.value for one in node.args if isinstance(getattr(one, "value", 0), str)}
    for language in WORDS:
        assert set(WORDS[language]) == said, language


@pytest.fixture
def running(house, tmp_path):
    """Return (Portal, its URL, a browser); the portal leads to the page of a real node."""
    if chromium.find() is None:
        pytest.skip("no Chromium (Debian package chromium)")
    node = Node(
        str(house.folder / "state"), str(house.config), "http://127.0.0.1:%d" % house.http_port
    )
    made = Portal(f"sqlite:///{tmp_path}/portal.db", node, Mails(), False, Clock())
    with serving(lambda url: Api(made, url).app()) as url, chromium.Browser() as browser:
        yield made, url, browser


def keep(page, step):
    """Keep a picture of a page where one is wanted."""
    if "BELLHOP_SCREENSHOTS" in os.environ:
        page.picture(os.path.join(os.environ["BELLHOP_SCREENSHOTS"], "portal-%s.png" % step))


@pytest.mark.parametrize("language", ("en", "de"))
def test_a_stranger_signs_up_is_let_in_and_adds_a_phone(running, house, language):
    portal, url, browser = running
    words, user = WORDS.get(language, {}), {"en": "emil", "de": "frieda"}[language]

    def said(text):
        return words.get(text, text)

    page = browser.page(language=language, dark=language == "de")
    page.open(url + "/")
    page.wait_for(said("Sign up, and you can be called here and call others."))
    keep(page, "1-sign-up-" + language)
    page.type("input[name=user]", "x")
    page.type("input[name=contact]", "emil@example.org")
    page.press(said("Sign up"))
    page.wait_for(said("a name has 2 to 31 letters a to z, digits, - and _")[1:])
    page.type("input[name=user]", user)
    page.press(said("Sign up"))
    page.wait_for(said("A message with a code is on its way to you."))
    page.type("input[name=code]", "00000000")
    page.press(said("Go on"))
    page.wait_for(said("this is not the code that was sent")[1:])
    keep(page, "2-wrong-code-" + language)
    page.type("input[name=code]", portal.sender.code())
    page.press(said("Go on"))
    page.wait_for(said("Somebody here has to let you in. Come back later."))
    keep(page, "3-waits-" + language)
    (row,) = portal.waiting()
    portal.approve(row.id)
    page.open(url + "/")
    page.wait_for(said("You are in. Your name here is %s.") % user)
    keep(page, "4-in-" + language)
    page.press(said("To your telephone"))
    page.wait("!!document.getElementById('tab-phones')")
    page.press("#tab-phones")
    page.press("#phones button.main")
    page.run("document.getElementById('kind').value = 'linphone'")
    page.press("#phones form button.main")
    page.wait("!!document.querySelector('svg.qr')")
    keep(page, "5-phones-" + language)
    (device,) = house.ask("me", user=user)["phones"]
    assert device["login"] == user + "-linphone"
    assert [one for one in page.errors() if "403" not in one and "400" not in one] == []


def test_who_was_refused_may_sign_up_anew(running):
    portal, url, browser = running
    page = browser.page()
    page.open(url + "/")

    def sign_up():
        page.type("input[name=user]", "gustav")
        page.type("input[name=contact]", "gustav@example.org")
        page.press("Sign up")
        page.wait_for("A message with a code")

    sign_up()
    (row,) = portal.waiting()
    portal.refuse(row.id)
    page.open(url + "/")
    page.wait_for("You were not let in.")
    page.press("Sign up anew")
    sign_up()
