"""The page as the package stores it, packed: for browsers that take gzip and for all others."""

import zlib
from pathlib import Path

import pytest

from bellhop.shell.pilot import files

from .measures import Copied, packer

STORED = {
    "/" + name[:-3]: octets for name, octets in packer().packed(Path(files.FOLDER)).items()
}  # fmt: skip
TAKEN = ("gzip", "gzip, deflate, br", "br;q=1, gzip;q=0.5", "*", "GZIP ; q=0.001", "x-gzip")
NOT_TAKEN = (None, "", "identity", "gzip;q=0", "gzip; q=0.000", "br, deflate", "*;q=0",
             "gzip;q=0, *")  # fmt: skip


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    made = Copied(tmp_path_factory.mktemp("packed"), True).start()
    made.wait_for("bellhop is running")
    try:
        yield made
    finally:
        made.stop()


def asked(node, method, path, accepted, **more):
    """Return (status, {field: value}, body) where a browser accepts some codings, None: silent."""
    fields = {} if accepted is None else {"Accept-Encoding": accepted}
    return node.ask_http(method, path, {**fields, **more})


@pytest.mark.parametrize("accepted", (*TAKEN, *NOT_TAKEN))
def test_each_browser_gets_every_file_in_a_form_that_it_reads(node, accepted):
    for path, stored in STORED.items():
        status, fields, body = asked(node, "GET", path, accepted)
        assert (status, fields["Vary"]) == (200, "Accept-Encoding")
        assert fields.get("Content-Encoding") == ("gzip" if accepted in TAKEN else None)
        assert body == (stored if accepted in TAKEN else zlib.decompress(stored, files.GZIP))
        assert int(fields["Content-Length"]) == len(body)
        head = asked(node, "HEAD", path, accepted)
        assert head == (200, fields, b"")


def test_the_two_forms_have_tags_of_their_own_and_come_once(node):
    tags = {}
    for accepted in ("gzip", "identity"):
        _, fields, _ = asked(node, "GET", "/pilot.js", accepted)
        tags[accepted] = tag = fields["ETag"]
        for known in (tag, "W/" + tag, '"other", ' + tag):
            status, fields, body = asked(node, "GET", "/pilot.js", accepted,
                                         **{"If-None-Match": known})  # fmt: skip
            assert (status, body, fields["ETag"]) == (304, b"", tag)
            assert "Content-Length" not in fields
    assert tags["gzip"] != tags["identity"]
    assert asked(node, "GET", "/pilot.js", "gzip", **{"If-None-Match": tags["identity"]})[0] == 200


def test_a_file_that_the_flash_has_eaten_is_not_there(node):
    path = node.source / "bellhop" / "pilot" / "icon.svg.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    try:
        assert asked(node, "GET", "/icon.svg", "identity")[0] == 404
    finally:
        path.write_bytes(whole)
    assert asked(node, "GET", "/icon.svg", "identity")[0] == 200
