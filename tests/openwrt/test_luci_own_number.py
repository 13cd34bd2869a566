"""A number of one's own by the button of the page: a real node, directory, PowerDNS, provider."""

import contextlib
import time

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

from tests.exchange.provider import Provider  # noqa: E402
from tests.exchange.standin import Standin  # noqa: E402
from tests.exchange.test_number import Signed  # noqa: E402
from tests.exchange.world import World, why_not  # noqa: E402

from .luci import system  # noqa: E402
from .test_luci_walk import drawn, keep, router  # noqa: E402, F401 - a fixture

# ruff: noqa: F811

NUMBER = "+4930555044"
SECONDS = 120
TYPE = """
    (await until(() => pick('[name=number]'))).value = '%s';
    pick('[name=code]').value = '%s';
    click('Go on');
    return until(() => document.body.textContent.includes('%s'));"""


@pytest.fixture
def world(tmp_path):
    """Return a World with a provider and a signed list of it."""
    if why_not():
        pytest.skip(why_not())
    with contextlib.ExitStack() as stack:
        folder = tmp_path / "world"
        folder.mkdir()
        made = stack.enter_context(contextlib.closing(World(folder)))
        provider = Provider(made, "one", folder)
        stack.callback(provider.server.stop)
        place = "127.0.0.1", provider.agi
        server = Standin(provider.host, 5060, "one.test", provider.database, place)
        server.start()
        stack.callback(server.stop)
        made.signed = Signed(folder, [provider.api])
        yield made


def until(answer, wanted):
    """Return an answer once it is as wanted."""
    end = time.monotonic() + SECONDS
    while not wanted(found := answer()):
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


def test_a_number_of_ones_own_is_had_by_two_presses_of_a_button(world, router):
    router.uci["cfgff"] = system.section("cfgff", "user", 9, True, name="judy", password="secret-j")
    router.uci["dns"].update(
        enabled="1", anchor=str(world.lab.anchor), root_hints=str(world.lab.hints),
        directory=["dir.test"], keeper=world.signed.keys,
    )  # fmt: skip
    assert router.answer("uci", "apply", {})[0] == 0
    until(lambda: router.ask("names"), lambda found: found.get("directories"))
    keep(router, "number", "20-own-number")

    def row():
        rows = router.ask("accounts")["accounts"]
        return rows[0] if rows else {}

    def press(number, code, wanted="Under way"):
        assert drawn(router, "number", TYPE % (number, code, wanted), 20000).result

    press("", "", "Enter the number first.")
    before = world.messages()
    press(NUMBER, "")
    until(row, lambda found: found.get("waits"))
    assert world.messages() == before + 1
    page = drawn(router, "number", "return pick('[name=code]').offsetParent != null;")
    assert page.result and "type the 8 digits" in page.text and NUMBER in page.text
    keep(router, "number", "21-code-waited-for")
    press(NUMBER, "00000000")
    until(row, lambda found: found["problem"] and not found["is_busy"])
    keep(router, "number", "22-wrong-code")
    press(NUMBER, world.code())
    until(row, lambda found: found["is_done"])
    page = drawn(router, "number")
    assert "reachable, provider:" in page.text
    keep(router, "number", "23-reachable")
