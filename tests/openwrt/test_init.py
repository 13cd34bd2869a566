"""The init script under busybox's ash, over functions that print what procd would be told."""

import re
from pathlib import Path

from .feed import BELLHOP
from .test_package import ash

HERE = Path(__file__).resolve().parent
SCRIPT = (BELLHOP / "files" / "bellhop.init").read_text()


def told(tmp_path, call, **options):
    """Return the lines that procd is told by one function of the script."""
    prelude = (HERE / "procd.sh").read_text()
    script = SCRIPT.replace("/sys/module/nf_conntrack_sip", str(tmp_path / "sip"))
    script = script.replace("/usr/lib/libbellhop_media.so", str(tmp_path / "media.so"))
    return ash("%s\n%s\n%s" % (prelude, script, call), tmp_path, **options).split("\n")


def rules(lines):
    """Return (protocol, port) of each firewall rule."""
    text = "\n".join(lines)
    return re.findall(r"json_add_string proto (\w+)\njson_add_string dest_port ([\d-]+)", text)


def test_node_runs_as_its_user_in_a_jail_without_new_privileges(tmp_path):
    lines = told(tmp_path, "start_service")
    for line in (
        "user bellhop",
        "group bellhop",
        "no_new_privs 1",
        "reload_signal HUP",
        "stderr 1",
    ):
        assert "procd_set_param " + line in lines
    assert "procd_add_jail bellhop log procfs" in lines
    assert "procd_add_jail_mount_rw /etc/bellhop /var/run/bellhop /var/run/ubus" in lines


def test_writable_in_the_jail_is_only_what_the_node_owns(tmp_path):
    lines = told(tmp_path, "start_service")
    mounts = [line for line in lines if line.startswith("procd_add_jail_mount_rw")]
    assert mounts == ["procd_add_jail_mount_rw /etc/bellhop /var/run/bellhop /var/run/ubus"]
    whole = re.compile(r"procd_add_jail_mount .*(/usr|/etc|/)( .*)?")
    assert not [line for line in lines if whole.fullmatch(line)]


def test_command_names_configuration_state_and_run_folder(tmp_path):
    words = "--config /etc/config/bellhop --state /etc/bellhop --run /var/run/bellhop --syslog"
    lines = told(tmp_path, "start_service")
    assert "procd_set_param command /usr/bin/python3 -I -m bellhop " + words in lines


def test_change_of_the_configuration_reloads_and_does_not_restart(tmp_path):
    lines = told(tmp_path, "start_service; service_triggers")
    assert "procd_set_param file /etc/config/bellhop" in lines
    assert "procd_add_reload_trigger bellhop" in lines


def test_new_address_of_an_interface_reaches_the_node_by_a_signal(tmp_path):
    lines = told(tmp_path, "service_triggers; readdress")
    assert "procd_add_raw_trigger interface.* 2000 /etc/init.d/bellhop readdress" in lines
    assert "procd_send_signal bellhop * HUP" in lines


def test_firewall_is_open_for_the_ports_of_the_configuration_in_every_zone(tmp_path):
    lines = told(tmp_path, "start_service", OPTION_node_sip_port="5070", OPTION_mesh_port="6066")
    assert rules(lines) == [("udp", "5070"), ("tcp", "5070"), ("tcp", "5061"), ("udp", "6066")]
    assert lines.count("json_add_string src *") == 4


def test_owner_may_name_the_zones(tmp_path):
    lines = told(tmp_path, "start_service", OPTION_node_firewall_zone="lan mesh")
    assert lines.count("json_add_string src lan") == lines.count("json_add_string src mesh") == 4
    assert "json_add_string src *" not in lines


def test_ports_of_sound_are_opened_where_sound_can_pass(tmp_path):
    (tmp_path / "media.so").touch()
    assert ("udp", "16384-18431") in rules(told(tmp_path, "start_service"))
    off = told(tmp_path, "start_service", OPTION_media_enabled="0")
    assert ("udp", "16384-18431") not in rules(off)


def test_ports_that_are_off_are_not_opened(tmp_path):
    lines = told(tmp_path, "start_service", OPTION_node_tls_port="0", OPTION_mesh_enabled="0")
    assert rules(lines) == [("udp", "5060"), ("tcp", "5060")]


def test_data_and_rules_are_closed_as_often_as_they_are_opened(tmp_path):
    lines = told(tmp_path, "start_service")
    for what in ("array", "object"):
        opened = [line for line in lines if line.startswith("json_add_" + what)]
        assert len(opened) == len([line for line in lines if line.startswith("json_close_" + what)])


def test_mdns_announces_the_sip_port(tmp_path):
    lines = told(tmp_path, "start_service", OPTION_node_sip_port="5070")
    assert "procd_add_mdns_service sip udp 5070" in lines


def test_node_that_is_switched_off_has_no_instance(tmp_path):
    assert "procd_open_instance " not in told(tmp_path, "start_service", OPTION_node_enabled="0")


def test_configuration_that_procd_refuses_is_told_and_not_started(tmp_path):
    for call in ("start_service", "start() { start_service; }; reload_service"):
        lines = told(tmp_path, call, INVALID="1")
        assert "procd_open_instance " not in lines
        complaints = [line for line in lines if line.startswith("log ") and "daemon.err" in line]
        assert len(complaints) == 1


def test_reload_with_a_mistake_leaves_the_node_that_runs(tmp_path):
    assert "begin" not in told(tmp_path, "start() { echo begin; }; reload_service", INVALID="1")
    assert "begin" in told(tmp_path, "start() { echo begin; }; reload_service")


def test_alg_that_would_rewrite_messages_is_told(tmp_path):
    assert not [line for line in told(tmp_path, "start_service") if "nf_conntrack_sip" in line]
    (tmp_path / "sip").mkdir()
    assert [line for line in told(tmp_path, "start_service") if "kmod-nf-nathelper-extra" in line]
