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
    script = script.replace("/usr/bin/bellhop", str(tmp_path / "program"))
    return ash("%s\n%s\n%s" % (prelude, script, call), tmp_path, **options).split("\n")


def test_node_runs_as_its_user_in_a_jail_without_new_privileges(tmp_path):
    lines = told(tmp_path, "start_service")
    for line in (
        "user bellhop",
        "group bellhop",
        "no_new_privs 1",
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
    assert "procd_add_reload_trigger bellhop" in told(tmp_path, "service_triggers")
    lines = told(tmp_path, "start() { start_service; }; reload_service")
    assert "procd_set_param file /etc/config/bellhop" not in lines
    assert lines[-2:] == ["procd_send_signal bellhop instance1 HUP", ""]


def test_new_address_of_an_interface_reaches_the_node_by_a_signal(tmp_path):
    lines = told(tmp_path, "service_triggers; readdress")
    assert "procd_add_raw_trigger interface.* 2000 /etc/init.d/bellhop readdress" in lines
    assert "procd_send_signal bellhop instance1 HUP" in lines


def test_mdns_announces_the_sip_port(tmp_path):
    lines = told(tmp_path, "start_service", OPTION_node_sip_port="5070")
    assert "procd_add_mdns_service sip udp 5070" in lines


def test_node_that_is_switched_off_has_no_instance(tmp_path):
    assert "procd_open_instance " not in told(tmp_path, "start_service", OPTION_node_enabled="0")


def test_wrong_line_does_not_keep_the_node_from_starting(tmp_path):
    """The node itself tells what is wrong, and what works all the same."""
    for value in ("maybe", "99999"):
        options = {"OPTION_node_enabled": value, "OPTION_node_sip_port": value}
        assert "procd_open_instance " in told(tmp_path, "start_service", **options)


def test_alg_that_would_rewrite_messages_is_told(tmp_path):
    assert not [line for line in told(tmp_path, "start_service") if "nf_conntrack_sip" in line]
    (tmp_path / "sip").mkdir()
    assert [line for line in told(tmp_path, "start_service") if "kmod-nf-nathelper-extra" in line]
    lines = told(tmp_path, "start_service", UCI_auto_helper="0")
    assert not [line for line in lines if "nf_conntrack_sip" in line]


def test_what_is_wrong_in_the_firewall_is_for_the_node_to_tell(tmp_path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 'the firewall has no zone' >&2\necho 'set a.b=c'\n")
    program.chmod(0o755)
    (tmp_path / "run").mkdir()
    lines = told(tmp_path, "RUN=run; change_firewall")
    assert "batch set a.b=c" in lines and "batch commit firewall" in lines
    assert (tmp_path / "run/firewall").read_text() == "the firewall has no zone\n"
    program.write_text("#!/bin/sh\necho 'no Python' >&2\nexit 1\n")
    lines = told(tmp_path, "RUN=run; change_firewall")
    assert "log -t bellhop -p daemon.err no Python" in lines
    assert (tmp_path / "run/firewall").read_text() == ""


def test_folders_of_a_modem_are_seen_in_the_jail_where_texts_are_wanted(tmp_path):
    folders = "%s/in" % tmp_path, "%s/out" % tmp_path
    start = "SECTIONS='node sms' OPTION_node_inbox=%s OPTION_node_outbox=%s\n" % folders
    wanted = ["procd_add_jail_mount_rw " + folder for folder in folders]
    lines = told(tmp_path, start + "start_service")
    assert lines[lines.index(wanted[0]) :][:2] == wanted
    lines = told(tmp_path, start + "OPTION_node_enabled=0\nadd_jail")
    assert wanted[0] not in lines
