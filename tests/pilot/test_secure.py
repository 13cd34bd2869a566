"""By TLS the page is an app: it is kept, opens without the router, and announces calls."""

import re

import pytest

from tests.support import chromium
from tests.system.sipp.runner import free_ports

from .test_web import Site


@pytest.fixture
def site(tmp_path):
    if chromium.find() is None:
        pytest.skip("no Chromium (Debian package chromium)")
    made = Site(tmp_path)
    (made.ports["https"],) = free_ports(1)
    text = made.config.read_text()
    made.config.write_text(text.replace("https_port '0'", "https_port '%d'" % made.ports["https"]))
    made.start()
    made.wait_for("bellhop is running")
    yield made
    made.stop()


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
