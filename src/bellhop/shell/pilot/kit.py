"""The sheet for the first phones of a camp: numbers, codes to scan, what to plug where."""

import os

from ...text import xml
from .files import FOLDER

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Telephones of %(domain)s</title>
<style>
body { font: 12pt/1.35 sans-serif; margin: 1cm; }
h1 { font-size: 18pt; margin: 0 0 .3cm; }
.help { font-size: 16pt; font-weight: bold; border: 2px solid; padding: .2cm .4cm; }
.phones { display: grid; grid-template-columns: 1fr 1fr; gap: .4cm; }
.phone { border: 1px solid; border-radius: .2cm; padding: .3cm; break-inside: avoid; }
.phone { display: flex; gap: .4cm; }
.phone b { font-size: 20pt; display: block; }
.phone svg, .phone .code { width: 3.4cm; height: 3.4cm; flex: none; }
code { font-size: 10pt; }
</style>
<h1>Telephones of %(domain)s</h1>
<p class="help">Help: dial %(help)s</p>
<ol>
<li>Plug this router in and join its wireless network, or a cable of it.</li>
<li>Install the app Linphone. In it choose "Fetch remote configuration" and scan one code: each is
for one phone, once, within %(days)d days.</li>
<li>Another app or phone: enter server, account, login and password as they stand beside the
code.</li>
<li>%(desk)s</li>
<li>Call each other by the numbers below.</li>
</ol>
<div class="phones">%(phones)s</div>
<script>%(script)s
document.querySelectorAll('.code').forEach(place =>
	place.replaceWith(qr.svg(place.dataset.text, place.dataset.text)));
</script>
</html>"""
PHONE = """<div class="phone"><span class="code" data-text="%(url)s"></span><div><b>%(number)s</b>
server <code>%(server)s</code><br>account <code>%(user)s</code><br>login <code>%(login)s</code><br>
password <code>%(password)s</code></div></div>"""
DESK = "A desk phone: plug it into this network and switch it on; it gets a number by itself."
NO_DESK = "A desk phone: plug it in, and give it to somebody in LuCI or on a page."
DRAWER = os.path.join(FOLDER, "qr.js")


def page(kit, router, pages):
    """Return the sheet as HTML. router: host:port of SIP; pages: URL of the node's pages."""
    phones = "".join([
        PHONE % {name: xml(str(value)) for name, value in
                 dict(one, url=pages + one["path"], server=router).items()}
        for one in kit["phones"]
    ])  # fmt: skip
    return PAGE % {
        "domain": xml(kit["domain"]), "help": xml(kit["help"]), "days": kit["days"],
        "desk": DESK if kit["desk_phones"] else NO_DESK, "phones": phones, "script": drawer(),
    }  # fmt: skip


def drawer():
    """Return the script that draws codes, "" where the pages are not installed."""
    if os.path.exists(DRAWER):
        with open(DRAWER) as file:
            return file.read()
    import gzip  # The command may; the node never does.

    with gzip.open(DRAWER + ".gz", "rt") as file:
        return file.read()


def lines(kit, router, pages):
    """Return the sheet as lines of text."""
    found = ["Telephones of %s. Help: dial %s." % (kit["domain"], kit["help"]), ""]
    found += [DESK if kit["desk_phones"] else NO_DESK, ""]
    for one in kit["phones"]:
        found.append("%s  server %s  account %s  login %s  password %s" % (
            one["number"], router, one["user"], one["login"], one["password"]))  # fmt: skip
        found.append("     Linphone: " + pages + one["path"])
    return found
