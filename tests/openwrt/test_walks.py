"""What an owner meets, under procd and in the jail: full flash, wrong lines, a power cut."""

import pytest

from .test_procd import packages, router  # noqa: F401 - fixtures

# ruff: noqa: F811

# phone NAME listen|call WHOM: a telephone that speaks SIP by hand; it writes to /tmp/NAME.
PHONES = """
cat >/phone.py <<END
import sys
sys.path[:0] = ["/tree/src", "/tree"]
from tests.openwrt.luci.bridge import Hand
name, work, whom = sys.argv[1:]
phone = Hand(name, "secret-" + name, 5070)
print("registered", phone.register(), flush=True)
if work == "listen":
    while True:
        phone.ring()
        print("rings", flush=True)
phone.socket.send(phone.request("INVITE", "sip:%s@home.arpa" % whom))
print("call", phone.hear(phone.socket.recv(65535)).status, flush=True)
phone.socket.send(phone.proven("INVITE"))
while True:
    print("hears", phone.hear(phone.socket.recv(65535)).status, flush=True)
END
ln -s python3 /usr/bin/telephone
phone() {
	telephone -I /phone.py "$1" "$2" "$3" >"/tmp/$1" 2>&1 &
	saw "$1" registered
}
saw() { until_so grep -qs "$2" "/tmp/$1"; }
cat >>/etc/config/bellhop <<END
config user 'ann'
	option name 'ann'
	option extension '201'
	option password 'secret-ann'
config user 'ben'
	option name 'ben'
	option extension '202'
	option password 'secret-ben'
config group
	option name 'all'
	option extension '200'
	list member 'ann'
	list member 'ben'
END
uci set bellhop.node.responders=ben
uci commit bellhop
apply() {
	uci commit "$1"
	ubus call service event '{"type":"config.change","data":{"package":"'$1'"}}'
}
problems() { ubus call bellhop problems; }
told() { problems | grep -qF "$1"; }
logged() { grep -cF "$1" /var/run/log; }
calls() { phone ann call 202 && saw ann "hears 180" && echo "ben rings $1"; }
"""


@pytest.fixture
def house(router):
    """Return run(scenario) on a router with two accounts; the node is not started yet."""
    return lambda scenario: router("end\n" + PHONES + scenario)


def test_first_start_with_full_flash_telephones_and_says_what_is_lost(house):
    lines = house("""
rm -r /etc/bellhop 2>/dev/null
fill
echo x 2>/dev/null >/etc/one-more || echo "full"
begin
phone ben listen
calls "on full flash"
kill -9 $(node)
until_so answers
echo "tracebacks: $(logged Traceback)"
full() { ubus call bellhop status | grep -q 'No space left on device; what changes there is lost'; }
until_so full && echo "told"
rm /filler
kept() { ls /etc/bellhop | grep -q .; }
phone ann listen
until_so kept && echo "kept as soon as there is room"
grep -E 'cannot write|no longer' /var/run/log
""")
    text = "\n".join(lines)
    assert "full" in lines and "ben rings on full flash" in lines, text
    assert "tracebacks: 0" in lines and "told" in lines and "in vain" not in text, text
    assert "kept as soon as there is room" in lines, text


def test_port_of_another_program_is_told_once_and_had_when_it_is_free(house):
    lines = house("""
cat >/thief.py <<END
import socket
held = []
for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
    held.append(socket.socket(socket.AF_INET, kind))
    held[-1].bind(("0.0.0.0", 5070))
held[1].listen()
print("has it", flush=True)
import time
time.sleep(1000)
END
telephone -I /thief.py >/tmp/thief &
thief=$!
until_so grep -q has /tmp/thief
begin
first=$(node)
told 5070 && echo "told"
problems | grep '"wrong"' | grep 5070
lines_of() { grep -c 5070 /var/run/log; }
before=$(lines_of)
sleep 8
echo "lines more: $(($(lines_of) - before)) of $before"
kill $thief
ports() { ubus call bellhop status | jsonfilter -e '@.listening[@.host="127.0.0.1"].port'; }
listens() { ports | grep -q 5070; }
until_so listens && echo "had"
[ "$(node)" = "$first" ] && echo "one process"
free() { ! told 5070; }
until_so free && echo "no longer told"
grep 5070 /var/run/log
""")
    text = "\n".join(lines)
    assert "told" in lines and "had" in lines and "one process" in lines, text
    assert "no longer told" in lines and "lines more: 0 of" in text, text


def test_wrong_empty_and_missing_configurations_leave_the_phones(house):
    lines = house("""
begin
phone ben listen
cp /etc/config/bellhop /tmp/right
printf "config contact\\n\\toption name 'Gran\\n" >>/etc/config/bellhop
/etc/init.d/bellhop reload
until_so told 'no UCI' && echo "quote told"
calls "beside a quote"
/etc/init.d/bellhop restart
until_so answers
until_so told 'no UCI' && calls "after a start beside a quote"
: >/etc/config/bellhop
/etc/init.d/bellhop restart
until_so answers
until_so told 'file empty' && calls "with an empty file"
rm /etc/config/bellhop
/etc/init.d/bellhop restart
until_so answers
until_so told 'file not readable' && calls "without a file"
cp /tmp/right /etc/config/bellhop
/etc/init.d/bellhop reload
right() { ! problems | grep -q '"what": "file'; }
until_so right && echo "right again"
grep -E 'daemon.(err|warn)' /var/run/log | sed 's/^.*bellhop/bellhop/'
""")
    text = "\n".join(lines)
    for when in (
        "beside a quote", "after a start beside a quote", "with an empty file", "without a file"
    ):  # fmt: skip
        assert "ben rings " + when in lines, text
    assert "quote told" in lines and "Traceback" not in text, text
    assert "in vain" not in text, text


def test_phone_that_is_deleted_by_hand_takes_nothing_else_along(house):
    lines = house("""
begin
phone ben listen
uci delete bellhop.ann
apply bellhop
until_so told '"value": "ann"' && echo "the group has it told"
/etc/init.d/bellhop restart
until_so answers && echo "starts"
telephone -I /phone.py ann listen "" 2>&1 | head -n 1 &
telephone -I /phone.py ben call 200 >/tmp/second 2>&1 &
saw ben rings && echo "the group rings"
uci delete bellhop.ben
apply bellhop
until_so told '"value": "ben"'
/etc/init.d/bellhop restart
until_so answers && echo "starts without anybody"
problems | grep '"what"'
""")
    text = "\n".join(lines)
    assert "the group has it told" in lines and "starts" in lines, text
    assert "the group rings" in lines and "starts without anybody" in lines, text
    assert "in vain" not in text and "Traceback" not in text, text


def test_after_a_power_cut_phones_ring_that_have_not_registered_again(house):
    lines = house("""
begin
phone ben listen
on_flash() { grep -q ben /etc/bellhop/phones.json; }
until_so on_flash
kill -9 $(node)
/etc/init.d/bellhop stop
until_so stopped
rm -rf /var/run/bellhop /tmp/run/bellhop
begin
calls "after the power cut"
""")
    text = "\n".join(lines)
    assert "ben rings after the power cut" in lines, text
