"""An option stands in one row of the schema; the forms of LuCI and the file agree with it."""

import re

import pytest

from bellhop.settings import reader, schema

from .tree import ROOT

OPENWRT = ROOT / "openwrt"
RESOURCES = OPENWRT / "luci-app-bellhop" / "htdocs" / "luci-static" / "resources"
ROW = re.compile(
    r"^\t\t\[ '(\w+)', ('.*?'|\[.*?\]), (FLAG|NETWORK|'(?:[^'\\]|\\.)*'|\[.*?\]), _\(", re.MULTILINE
)
# How the kinds of values in the forms stand to the node's own checks: samples of each.
SAMPLES = {
    "host": ["home.arpa", "fd00::1"], 'ipaddr("nomask")': ["192.168.1.1"], "port": ["0", "65535"],
    "file": ["/etc/bellhop/tls/server.crt"], "word": ["alice-2.b_c+d"], "string": ["Zoë B."],
    "NETWORK": ["192.168.1.0/24", "fd00::/64", "10.0.0.1"], "address": ["sip:gran@example.org"],
    "dialled": ["202", "carol", "+49 (30) 12/34", "sip:gran@far.test"],
    "number": ["alice-2.b_c+d", "+49 (30) 12/34", "*21#"],
    "url": ["http://192.168.1.5/x"], "event": ["call"], "fingerprint": ["0123456789" * 4],
    "directory": ["/etc/bellhop/gnupg"],
    "caller": ["eve@far.test", "far.test", "203.0.113.9", "2001:db8::1"],
    "key": ["0123456789abcdef" * 4],
    "prefix": ["0900", "+49", "*31#"], "money": ["1.9", "250"],
    "range": ["+49 30 1234", "+493012300..+493012399", "030 12*"],
    "code": ["*21", "*72/*73", "off"], "numbers": ["900-949"], "mac": ["00:15:65:aa:bb:cc"],
    "paging": ["224.0.2.60:5004", "239.255.255.255:65535"],
    "callsign": ["DL1ABC", "g4/dl1abc"], "lamp": ["blf:202", "page:700"], "hours": ["22:00-07:00"],
    "nation": ["DE"], "zones": ["lan"], "devices": ["br-lan.7"],
    "or(host,hostport,ipaddrport(1))": ["a.test", "a.test:5066", "[fd00::1]:5066"],
}  # fmt: skip


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
    hidden = {"user": {"password", "ha1_md5", "ha1_sha256"}, "phone": {"ha1_md5", "ha1_sha256"}}
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


def test_the_configuration_of_the_package_is_accepted():
    text = (OPENWRT / "bellhop" / "files" / "bellhop.config").read_text()
    assert reader.parse(text, "bellhop").problems == []
