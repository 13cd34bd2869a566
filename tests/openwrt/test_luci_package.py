"""The LuCI package as files: rights against calls, menu, translations."""

import json
import re

import pytest

from .feed import LUCI, program

RESOURCES = LUCI / "htdocs" / "luci-static" / "resources"
SCRIPTS = sorted((LUCI / "htdocs").rglob("*.js"))
RIGHTS = json.loads((LUCI / "root/usr/share/rpcd/acl.d/luci-app-bellhop.json").read_text())
MENU = json.loads((LUCI / "root/usr/share/luci/menu.d/luci-app-bellhop.json").read_text())
TABLE = re.compile(r"^const CALLS = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\t(?:'([^']+)'|(\w+)): \[", re.MULTILINE)
# What LuCI's widgets for zones and devices ask.
OF_WIDGETS = {
    ("luci-rpc", "getBoardJSON"), ("luci-rpc", "getHostHints"), ("luci-rpc", "getNetworkDevices"),
    ("luci-rpc", "getWirelessDevices"), ("network", "get_proto_handlers"),
}  # fmt: skip


def declared():
    """Return the (object, method) of every call in the pages, and of those of LuCI's widgets."""
    texts = {path.name: path.read_text() for path in SCRIPTS}
    assert [name for name in texts if "rpc.declare(" in texts[name]] == ["api.js"]
    names = [quoted or bare for quoted, bare in CALL.findall(TABLE.search(texts["api.js"])[1])]
    return OF_WIDGETS | {tuple(("bellhop " + name).split()[-2:]) for name in names}


def granted(level):
    """Return the (object, method) pairs that a level of rights holds."""
    ubus = RIGHTS["luci-app-bellhop"][level]["ubus"]
    return {(name, method) for name in ubus for method in ubus[name]}


# Rights and menu.


def test_every_call_of_the_pages_is_granted_and_nothing_else_is():
    assert granted("read") | granted("write") == declared()
    assert not granted("read") & granted("write")


def test_programs_and_files_of_the_rights_are_those_that_the_pages_name():
    files = RIGHTS["luci-app-bellhop"]["read"]["file"]
    text = (RESOURCES / "view/bellhop/overview.js").read_text()
    named = re.findall(r"'(/[\w/.-]+)'(?:, \[ (.*?) \])?", text)
    spoken = {" ".join([path, *re.findall(r"'([^']+)'", words)]) for path, words in named}
    assert spoken == set(files)


def test_every_entry_of_the_menu_leads_to_a_page_and_every_page_has_one():
    paths = {one["action"]["path"] for one in MENU.values() if one["action"]["type"] == "view"}
    pages = {"bellhop/" + path.stem for path in (RESOURCES / "view" / "bellhop").iterdir()}
    assert paths == pages
    assert MENU["admin/services/bellhop"]["depends"]["acl"] == list(RIGHTS)


# Text of strangers, and scripts from elsewhere.


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_children_are_lists_so_that_no_text_becomes_html(path):
    text = path.read_text()
    assert not re.findall(r"innerHTML|insertAdjacentHTML|outerHTML|document\.write|rawhtml", text)
    lone = re.findall(r"\bE\('\w+', (?:\{[^{}]*\}, )?(?:'|_\(|row\.).*", text)
    assert not lone, "a lone text given to E() is HTML"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_nothing_is_fetched_from_elsewhere(path):
    assert set(re.findall(r"\w+://[^\s'\"]+", path.read_text())) <= {"http://www.w3.org/2000/svg"}


# Translations.


def test_template_is_in_step_with_the_pages():
    module = program("translations")
    assert module.TEMPLATE.read_text() == module.written({}), "run python3 openwrt/translations.py"


@pytest.mark.parametrize("language", ["de", "fr"])
def test_translation_is_whole_and_keeps_the_places_of_values(language):
    module = program("translations")
    said = module.read(LUCI / "po" / language / "bellhop.po")
    assert set(said) == set(module.texts())
    for text, translation in said.items():
        assert translation, text
        assert re.findall(r"%\w", text) == re.findall(r"%\w", translation), text


# Scripts as packages have them.


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/* why */\nconst a = 1; // one\nlet b = a + +a;", "const a=1;let b=a+ +a;"),
        ("a = /['/*]\\/ x/ ? 'a  //b' : `c\n  d`;", "a=/['/*]\\/ x/?'a  //b':`c\n  d`;"),
        ("a = b / c / d\nif (x)\n\ty()\n", "a=b/c/d\nif(x)\ny()"),
        ("'use strict';\n'require view';\n", "'use strict';'require view';"),
    ],
)  # fmt: skip
def test_what_only_people_read_is_not_packed(text, left):
    assert program("minify").minified(text) == left + "\n"
