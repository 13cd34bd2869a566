"""By TLS the page is an app: it is kept, opens without the router, and announces calls."""

import json
import re
from pathlib import Path

import pytest

from bellhop.shell.pilot.files import FOLDER
from tests.support import chromium
from tests.system.sipp.runner import free_ports

from .measures import Copied
from .test_web import Site

PAGE = Path(FOLDER)


@pytest.fixture(params=["sources", "package"])
def site(tmp_path, request):
    if chromium.find() is None:
        pytest.skip("no Chromium (Debian package chromium)")
    made = Site(tmp_path) if request.param == "sources" else Copied(tmp_path, True)
    (made.ports["https"],) = free_ports(1)
    text = made.config.read_text()
    made.config.write_text(text.replace("https_port '0'", "https_port '%d'" % made.ports["https"]))
    made.start()
    made.wait_for("bellhop is running")
    yield made
    made.stop()


@pytest.mark.parametrize("language", ("en", "de", "fr"))
def test_the_page_speaks_each_language(site, language):
    said = json.loads((PAGE / "words" / (language + ".json")).read_text())
    path = re.search(r"(/#in=\w+)", site.ask("pilot-link", "alice").stdout)[1]
    with chromium.Browser() as browser:
        page = browser.page(language=language)
        page.open("https://127.0.0.1:%d%s" % (site.ports["https"], path))
        page.wait_for(said["quiet now"])
        page.press("#tab-phones")
        page.wait_for(said["no phones"])
        page.type("#dial", "202")
        page.run("document.querySelector('#now form button').click()")
        page.wait_for(said["refused no phone"] if language != "en" else "No phone of 'alice'")
        page.press("#tab-history")
        page.run("document.querySelector('#history input').click()")
        page.wait_for(said["no missed"])
        assert page.errors() == []


def test_a_page_that_is_believed_is_installed_and_opens_without_the_router(site):
    base = "https://127.0.0.1:%d" % site.ports["https"]
    path = re.search(r"(/#in=\w+)", site.ask("pilot-link", "alice").stdout)[1]
    with chromium.Browser() as browser:
        page = browser.page()
        page.open(base + path)
        page.wait_for("No call right now.")
        assert page.run("window.isSecureContext")
        page.wait("navigator.serviceWorker.ready.then(() => true)")
        page.wait("caches.match('/pilot.js').then(found => !!found)")
        manifest = page.ask("Page.getAppManifest")
        assert not manifest["errors"] and '"standalone"' in manifest["data"]
        page.wait_for("Tell me of calls")
        cookies = page.ask("Network.getCookies")["cookies"]
        (mine,) = [one for one in cookies if one["name"] == "bellhop"]
        assert mine["secure"] and mine["httpOnly"] and mine["sameSite"] == "Strict"
        page.open(base + "/")
        page.wait("!!navigator.serviceWorker.controller")
        site.stop()
        page.open(base + "/")
        assert page.run("document.title") == "Telephone"
        assert page.wait("document.styleSheets.length")
        page.wait_for("The router does not answer. Trying again")
        site.start()
        page.wait_for("No call right now.")
