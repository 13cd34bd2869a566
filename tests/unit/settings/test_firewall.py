"""The rules of the firewall: which, for whom, and where they stand."""

from bellhop.settings import firewall, reader

HOUSE = """
config zone
	option name 'lan'
config zone
	option name 'wan'
config rule
	option name 'Allow-Ping'
	option src 'wan'
"""
ALL = (firewall.TLS, firewall.MESH, firewall.MEDIA)
NODE = "config node 'node'\n\toption domain 'home.test'\n"
PARTS = "config mesh 'mesh'\nconfig media 'media'\n"


def doors(options="", parts=PARTS, installed=ALL):
    """Return [(key, protocols, ports, zones)] for a configuration."""
    settings = reader.parse(NODE + options + parts, "bellhop")
    found = firewall.doors(settings, installed)
    return [(door.key, door.protocols, str(door.ports), door.zones) for door in found]


def lines(text, options="", installed=ALL):
    """Return what must be changed in a firewall's file, and the zones that are not there."""
    settings = reader.parse(NODE + options + PARTS, "bellhop")
    return firewall.changes(text, firewall.doors(settings, installed))


def applied(text, batch):
    """Return a firewall's file after a batch, sections in their order, as [title, {option}]."""
    blocks = firewall.grammar.read(text.encode())[0]
    sections = [
        [one.title or "@%d" % one.index, one.kind, {k: one.options[k][-1][0] for k in one.options}]
        for one in blocks
    ]
    for line in batch:
        verb, _, rest = line.partition(" ")
        path, _, value = rest.partition("=")
        names = path.split(".")[1:]
        known = [one for one in sections if one[0] == names[0]]
        if verb == "delete":
            sections.remove(known[0])
        elif verb == "reorder":
            sections.remove(known[0])
            sections.append(known[0])
        elif len(names) == 1:
            sections.append([names[0], value.strip("'"), {}])
        else:
            known[0][2][names[1]] = value[1:-1]
    text = ""
    for title, kind, options in sections:
        text += "config %s%s\n" % (kind, "" if title[0] == "@" else " '%s'" % title)
        text += "".join(["\toption %s '%s'\n" % (one, options[one]) for one in sorted(options)])
    return text


def test_phones_are_let_in_from_the_house_alone():
    zones = [door[3] for door in doors()]
    assert zones == [["lan"]] * 4


def test_one_switch_opens_every_port_to_the_internet():
    assert [door[3] for door in doors("\toption internet '1'\n")] == [["lan", "wan"]] * 4


def test_the_owner_names_the_zones_of_phones_and_those_of_nodes():
    parts = "config mesh\n\tlist firewall_zone 'mesh'\nconfig media\n"
    found = {door[0]: door[3] for door in doors("\tlist firewall_zone 'office'\n", parts)}
    assert found["sip"] == found["tls"] == ["office"]
    assert found["mesh"] == ["mesh"] and found["media"] == ["office", "mesh"]


def test_ports_are_those_of_the_configuration():
    parts = "config mesh\n\toption port '6066'\nconfig media\n\toption port_low '20000'\n"
    parts += "\toption port_high '20099'\n"
    found = doors("\toption sip_port '5070'\n\toption tls_port '5071'\n", parts)
    assert [door[:3] for door in found] == [
        ("sip", "udp tcp", "5070"), ("tls", "tcp", "5071"), ("mesh", "udp", "6066"),
        ("media", "udp", "20000-20099"),
    ]  # fmt: skip


def test_what_is_not_installed_or_switched_off_is_not_opened():
    assert [door[0] for door in doors(installed=())] == ["sip"]
    assert [door[0] for door in doors(parts="")] == ["sip", "tls"]
    off = "config mesh\n\toption enabled '0'\nconfig media\n\toption enabled '0'\n"
    assert [door[0] for door in doors("\toption tls_port '0'\n", off)] == ["sip"]
    assert not doors("\toption enabled '0'\n")


def test_rules_are_written_once_and_then_left():
    batch, absent = lines(HOUSE)
    assert batch and not absent
    written = applied(HOUSE, batch)
    assert lines(written) == ([], [])
    assert "option src 'wan'\nconfig rule 'bellhop" in written


def test_rules_follow_the_configuration_and_go_with_it():
    written = applied(HOUSE, lines(HOUSE)[0])
    moved, _ = lines(written, "\toption sip_port '5070'\n")
    assert "set firewall.bellhop_sip_lan.dest_port='5070'" in moved
    less, _ = lines(written, installed=())
    assert "delete firewall.bellhop_mesh_lan" in less
    gone = applied(written, firewall.changes(written, [])[0])
    assert "bellhop" not in gone and "Allow-Ping" in gone


def test_rules_of_the_owner_come_first_and_his_switch_stays():
    written = applied(HOUSE, lines(HOUSE)[0])
    written = written.replace("'bellhop_sip_lan'\n", "'bellhop_sip_lan'\n\toption enabled '0'\n")
    assert lines(written) == ([], [])
    blocked = written + "config rule\n\toption name 'no scanners'\n\toption target 'REJECT'\n"
    batch, _ = lines(blocked)
    assert {line.split()[0] for line in batch} == {"reorder"}
    again = applied(blocked, batch)
    assert again.index("no scanners") < again.index("bellhop_")
    assert "option enabled '0'" in again and lines(again) == ([], [])


def test_internet_comes_by_the_zone_that_hides_the_house_where_none_is_called_wan():
    renamed = HOUSE.replace("option name 'wan'", "option name 'fibre'\n\toption masq '1'")
    batch, absent = lines(renamed, "\toption internet '1'\n", installed=())
    assert "set firewall.bellhop_sip_fibre.src='fibre'" in batch and not absent
    assert lines(HOUSE.replace("'wan'", "'fibre'"), "\toption internet '1'\n")[1] == ["wan"]


def test_zone_that_does_not_exist_is_told_and_opens_nothing():
    batch, absent = lines(HOUSE, "\tlist firewall_zone 'garage'\n")
    assert absent == ["garage"] and not batch
    batch, absent = lines(HOUSE, "\tlist firewall_zone 'garage'\n\tlist firewall_zone 'lan'\n")
    assert absent == ["garage"] and "set firewall.bellhop_sip_lan='rule'" in batch


def test_pages_are_for_the_house_and_by_tls_where_phones_may_be():
    installed = (firewall.TLS, firewall.PILOT)
    found = doors("\toption internet '1'\n\toption sip_port '5070'\n", "", installed)
    assert {door[0]: door[2:] for door in found}["pages"] == ("8086", ["lan"])
    assert {door[0]: door[2:] for door in found}["ask"] == ("5060", ["lan"])
    assert {door[0]: door[2:] for door in found}["https"] == ("8443", ["lan", "wan"])
    assert "ask" not in [door[0] for door in doors(installed=installed)]


PROVIDER = "config provider 'tel'\n\toption domain tel.test\n\toption username one\n"
ACCEPT = PROVIDER + "\tlist accept 203.0.113.0/24\n\tlist accept 2001:db8::/32\n"


def test_a_provider_may_call_from_its_further_addresses_and_nobody_else():
    text, _ = lines(HOUSE, ACCEPT, ())
    assert "set firewall.bellhop_provider_tel_wan.src='wan'" in text
    sources = "203.0.113.0/24 2001:db8:0:0:0:0:0:0/32"
    assert "set firewall.bellhop_provider_tel_wan.src_ip='%s'" % sources in text
    assert "set firewall.bellhop_provider_tel_wan.dest_port='5060'" in text
    after = applied(HOUSE, text)
    assert lines(after, ACCEPT, ()) == ([], [])
    text, _ = lines(after, PROVIDER, ())
    assert text[:1] == ["delete firewall.bellhop_provider_tel_wan"]


def test_a_provider_by_tls_calls_at_the_port_of_tls():
    text, _ = lines(HOUSE, ACCEPT + "\toption transport tls\n", ())
    assert "set firewall.bellhop_provider_tel_wan.dest_port='5061'" in text
    assert "set firewall.bellhop_provider_tel_wan.proto='tcp'" in text


def test_a_provider_has_no_rule_of_its_own_where_all_are_let_in_or_it_is_off():
    for options in (ACCEPT + "\toption enabled 0\n", "\toption internet 1\n" + ACCEPT):
        assert "provider" not in "".join(lines(HOUSE, options, ())[0])
