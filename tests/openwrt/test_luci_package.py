"""The LuCI package as files: rights against calls, menu, options, translations."""

import json
import re

import pytest

from bellhop.settings import schema

from .feed import LUCI, program

RESOURCES = LUCI / "htdocs" / "luci-static" / "resources"
SCRIPTS = sorted((LUCI / "htdocs").rglob("*.js"))
RIGHTS = json.loads((LUCI / "root/usr/share/rpcd/acl.d/luci-app-bellhop.json").read_text())
MENU = json.loads((LUCI / "root/usr/share/luci/menu.d/luci-app-bellhop.json").read_text())
TABLE = re.compile(r"^const CALLS = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^\t(?:'([^']+)'|(\w+)): \[", re.MULTILINE)
ROW = re.compile(
    r"^\t\t\[ '(\w+)', ('.*?'|\[.*?\]), (FLAG|NETWORK|'(?:[^'\\]|\\.)*'|\[.*?\]), _\(", re.MULTILINE
)
# What LuCI's widgets for zones and devices ask.
OF_WIDGETS = {
    ("luci-rpc", "getBoardJSON"), ("luci-rpc", "getHostHints"), ("luci-rpc", "getNetworkDevices"),
    ("luci-rpc", "getWirelessDevices"), ("network", "get_proto_handlers"),
}  # fmt: skip
# How the kinds of values in the forms stand to the node's own checks: samples of each.
SAMPLES = {
    "host": ["home.arpa", "fd00::1"], 'ipaddr("nomask")': ["192.168.1.1"], "port": ["0", "65535"],
    "file": ["/etc/bellhop/tls/server.crt"], "word": ["alice-2.b_c+d"], "string": ["Zoë B."],
    "NETWORK": ["192.168.1.0/24", "fd00::/64", "10.0.0.1"], "address": ["sip:gran@example.org"],
    "dialled": ["202", "carol", "+49 (30) 12/34", "sip:gran@far.test"],
    "number": ["alice-2.b_c+d", "+49 (30) 12/34", "*21#"], "fingerprint": ["0123456789" * 4],
    "directory": ["/etc/bellhop/gnupg"],
    "caller": ["eve@far.test", "far.test", "203.0.113.9", "2001:db8::1"],
    "code": ["*21", "*72/*73", "off"], "hours": ["22:00-07:00"],
    "zones": ["lan"], "devices": ["br-lan.7"],
    "or(host,hostport,ipaddrport(1))": ["a.test", "a.test:5066", "[fd00::1]:5066"],
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


# Options.


def rows():
    """Return {kind: {option: (default, accepted)}} of options.js."""
    text = (RESOURCES / "bellhop" / "options.js").read_text()
    found = {}
    for kind, body in re.findall(r"^\t(\w+): \[\n(.*?)^\t\]", text, re.MULTILINE | re.DOTALL):
        assert len(ROW.findall(body)) == body.count("\n"), kind
        found[kind] = {name: (value, accepted) for name, value, accepted in ROW.findall(body)}
    return found


def words(text):
    """Return the quoted words of a piece of JavaScript."""
    return re.findall(r"'((?:[^'\\]|\\.)*)'", text)


def test_forms_have_every_option_of_the_node_and_no_other():
    # The password's three are one field of the page Phones, which writes the hashes.
    hidden = {"user": {"password", "ha1_md5", "ha1_sha256"}}
    for kind in schema.SCHEMA:
        assert set(rows()[kind]) == set(schema.SCHEMA[kind]) - hidden.get(kind, set()), kind
    assert set(rows()) == set(schema.SCHEMA)


def test_page_of_settings_shows_every_option_of_the_node():
    text = (RESOURCES / "view/bellhop/settings.js").read_text()
    shown = [
        name
        for line in re.findall(r"^\t\[ '\w+', _\('\w+'\), \[(.*?)\]", text, re.MULTILINE)
        for name in words(line)
    ]
    assert sorted(shown) == sorted(schema.SCHEMA["node"])


@pytest.mark.parametrize("kind", sorted(schema.SCHEMA))
def test_widgets_and_defaults_are_those_of_the_node(kind):
    for name, (value, _) in rows()[kind].items():
        option = schema.SCHEMA[kind][name]
        assert value.startswith("[") == option.many, name
        given = words(value)
        if option.many:
            assert tuple(option.check(one) for one in given) == option.default, name
        elif given[0]:
            assert option.check(given[0]) == option.default, name
        else:
            assert not option.default, name


@pytest.mark.parametrize("kind", sorted(schema.SCHEMA))
def test_what_a_form_accepts_is_what_the_node_accepts(kind):
    for name, (_, accepted) in rows()[kind].items():
        check = schema.SCHEMA[kind][name].check
        if accepted == "FLAG":
            assert (check("1"), check("0")) == (True, False)
        elif accepted.startswith("["):
            assert [check(one) for one in words(accepted)]
            with pytest.raises(ValueError, match="^one of " + ", ".join(words(accepted)) + "$"):
                check("something else")
        elif accepted.startswith("'range("):
            low, high = map(int, re.findall(r"\d+", accepted))
            assert (check(str(low)), check(str(high))) == (low, high)
            for outside in (low - 1, high + 1):
                with pytest.raises(ValueError):
                    check(str(outside))
        else:
            for sample in SAMPLES[accepted.strip("'").replace("\\", "")]:
                check(sample)


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
