"""The numbers that mesh/PROTOCOL.md names are those of the modules."""

from pathlib import Path

import bellhop
from bellhop import limits
from bellhop.mesh import (
    boxes,
    calls,
    cells,
    circuits,
    hello,
    lanes,
    neighbours,
    openings,
    own,
    packets,
    peer,
    probes,
    record,
    repair,
    session,
)

PAGE = " ".join((Path(bellhop.__file__).parent / "mesh" / "PROTOCOL.md").read_text().split())


def seconds(ms):
    """Return a time as the page writes it."""
    return "%g s" % (ms / 1000)


def several(*numbers):
    return [f"{number:,}" for number in numbers]


SIZES = several(*packets.SIZES)
CUTS = [several(*cut) for cut in cells.CUTS]
PHRASES = (
    f"No datagram is longer than {packets.MAX_PACKET_BYTES:,} octets",
    f"step 1: zeros to {packets.STEP_1_BYTES}",
    f"{', '.join(SIZES[:-1])} or {SIZES[-1]} octets",
    f"in a window of {session.WINDOW}",
    f"each {seconds(hello.HELLO_INTERVAL)}; each {seconds(hello.QUIET_INTERVAL)} where the "
    f"neighbours of a link stay the same for {seconds(hello.QUIET_AFTER)}",
    f"each {seconds(neighbours.GREET_INTERVAL)} to hosts elsewhere",
    f"Silence of {hello.PROBE_PERCENT / 100:g} intervals is answered by questions, "
    f"{hello.DEAD_PERCENT / 100:g} intervals end a neighbour",
    f"A step is repeated each {hello.STEP_INTERVAL} ms, six times; "
    f"half a link lives {seconds(hello.HALF_LIFE)}",
    f"once in {seconds(hello.AGAIN_AFTER)}. The old keys read for {seconds(hello.OLD_KEYS)} more",
    f"{limits.MAX_NEIGHBOURS} neighbours, {neighbours.MAX_AT_ADDRESS} at one address",
    f"up to {neighbours.MAX_NEAR} near ones",
    f"{limits.MAX_HALF_LINKS} handshakes at a time, {limits.MAX_HALF_LINKS_OF_SITE} of one net; "
    f"{1000 // openings.STEP_RATE} steps a second",
    f"At most {record.MAX_RECORD_BYTES:,} octets",
    f"in batches of {peer.MIN_BATCH} to {peer.MIN_BATCH + peer.BATCH_SPREAD - 1} ms, acknowledged "
    f"hop by hop ({peer.ACK_TIMEOUT} ms, five times)",
    f"{limits.MAX_RECORDS:,} records; {60000 // peer.IDENTITY_INTERVAL} new identities a minute",
    f"one new sequence of an identity each {seconds(own.SEQUENCE_INTERVAL)}, after eight",
    f"label {cells.LABEL_BYTES} | count {cells.COUNT_BYTES} | body {cells.BODY_BYTES:,}",
    f"behind {cells.BEHIND_BYTES}",
    f"behind | {cells.BLOCK_BYTES} zeros",
    f"{cells.MAX_HOPS} hops at most",
    f"with a prekey, {limits.MAX_SET_UPS_SEEN:,}; then",
    f"each {circuits.PREKEY_LIFE // 3600000} h",
    f"A label is not used again for {seconds(circuits.DEAD_LABEL)}",
    f"a cell is repeated each {lanes.REPEAT_AFTER} ms, five times, until its number is "
    f"acknowledged; an acknowledgement waits {lanes.ACK_WAIT} ms",
    f"not acknowledged for {seconds(circuits.WAIT_FOR_SET_UP)}",
    f"has {CUTS[0][1]} octets of the payload on ways of up to {CUTS[0][0]} hops, {CUTS[1][1]} up "
    f"to {CUTS[1][0]}, {CUTS[2][1]} above",
    f"No answer in {seconds(calls.ANSWER_WAIT)}: another way",
    f"after {', '.join('%d' % (ms // 1000) for ms in calls.REPEATS)} s, one with flag "
    f"{cells.MAY_WAIT} after {seconds(calls.PATIENT)} or when another follows it. Silence is "
    f"filled after {seconds(calls.FILL_AFTER)} and ends a call after {calls.DEAD_AFTER // 1000}",
    f"flags: {cells.MORE} it goes on in the next piece, {cells.MAY_WAIT} its acknowledgement may "
    "wait",
    f"what came is acknowledged after {calls.ACK_WAIT} ms where nothing else is said, "
    f"{calls.ACK_SOON} ms where more is to come",
    f"answers when it has something to say, {calls.ANSWER_AFTER} ms later at the latest",
    f"All of them are said again after {seconds(calls.HELP_WAIT)}",
    f"The called node waits {seconds(calls.RESUME_WAIT)} for it",
    f"{limits.MAX_CIRCUITS} circuits, {limits.MAX_OWN_CALLS} calls of its own, {limits.MAX_LINES} "
    f"dialogs, {limits.MAX_HALF_MESSAGES} first messages under way, {lanes.MAX_UNDER_WAY} cells "
    "in the air to one neighbour, set-ups 4 a second and neighbour, "
    f"{circuits.SET_UP_BURST} at once; what is more gets DESTROY with reason {cells.FULL}",
    f"Reasons: {cells.NO_NEXT} the next hop is no neighbour, {cells.FULL} full, "
    f"{cells.NO_PREKEY} prekey unknown (with the record; one more try), {cells.NO_COOKIE} nobody "
    f"listens under the cookie, {cells.NO_SESSION} session unknown; {cells.GONE} the end",
    f"{limits.MAX_BOXES} boxes, {limits.MAX_LISTENING} cookies",
    f"new after {boxes.LEAST_LIFE // 60000} minutes to {boxes.MOST_LIFE // 3600000} hours",
    f"It ages {record.BOX_LIFETIME // 3600} hours", f"one each {seconds(boxes.FILL_AFTER)}",
    f"flag {record.RELAYS_SOUND} of the record", f"flag {record.RELAYS_CELLS} in the record",
    f"within {seconds(probes.INTERVAL * probes.TRIES)}",
    f"{packets.HELLO} HELLO", f"{packets.COOKIE} COOKIE", f"{packets.OPEN} OPEN",
    f"{packets.SEALED} SEALED", f"{packets.RECORDS} RECORDS", f"{packets.ACK} ACK",
    f"{packets.TREE} TREE", f"{packets.LIST} LIST", f"{packets.WANT} WANT",
    f"{packets.HOSTS_WANTED} HOSTS_WANTED", f"{packets.HOSTS} HOSTS", f"{packets.CELL} CELL",
    f"{packets.DESTROY} DESTROY",
)  # fmt: skip


def test_the_page_has_the_numbers_of_the_modules():
    missing = [phrase for phrase in PHRASES if phrase not in PAGE]
    assert not missing


def test_what_the_page_counts_in_words_is_so():
    assert hello.STEP_TRIES == 6
    assert peer.ACK_TRIES == lanes.REPEATS == 5
    assert own.SEQUENCE_BURST == 8
    assert lanes.PATIENCE == 3
    assert repair.PATIENCE == 2
    assert calls.HELP_WAYS == 4
    assert 1000 // circuits.SET_UP_INTERVAL == 4
    assert probes.BELIEVED == 10 * 60000


def test_modules_are_written_for_the_libraries_of_this_tree():
    root = Path(bellhop.__file__).parents[2]
    for module, header in (("media/library", "media"), ("mesh/sound", "circuit")):
        written = (root / "src/bellhop/shell" / (module + ".py")).read_text()
        told = (root / f"native/include/bellhop_{header}.h").read_text()
        number = told.partition("_ABI = ")[2].partition(" ")[0]
        assert f"\nABI = {number}\n" in written, module
