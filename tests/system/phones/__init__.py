"""Real phones, headless, behind one small interface.

    phone = Baresip(host, folder, 440)             # microphone: a sine of 440 Hz
    phone.register("alice", "secret-a", "home.test", "10.9.0.1", 5060, "udp")
    phone.wait_registered()
    phone.dial("bob"); phone.wait_ringing(); phone.wait_established()
    phone.hear(620)                                # bob's tone, measured as it arrives
    phone.hold(); phone.hear_nothing_of(620); phone.resume()
    phone.transfer("carol"); phone.dtmf("7"); phone.message("bob", "text")
    phone.hangup(); phone.wait_closed()            # "486 Busy Here" and the like
    phone.close()                                  # unregisters

The other side: `wait_incoming`, `answer`, `reject` (486), `wait("message", 10)`,
`wait("dtmf", 5)`. `hangup` while it rings cancels. `ring_seconds=3` makes a phone that
gives up early. `encryption="srtp"`, `"dtls"` or `"zrtp"` is mandatory encryption.
In tests, the fixture `shelf` of conftest.py starts phones on hosts of their own and closes
them: `shelf.take(("baresip", "alice"), ("linphone", "bob"), transport="tls")`.

An event is (kind, text); `wait` consumes them in order, so wait in the order in which
things happen. Every failure carries the events; conftest.py adds the logs, which hold the
SIP messages, deciphered. `call.py` has the steps that all tests share, `node.py` starts
the bellhop node that the phones call through.

What each can do, and its faults:

baresip   G.711; srtp, dtls. Deaf to the recorder after a hold (records_after_hold).
          Its Contact's user part is not the account. Never latches. No missed calls.
linphone  G.711; srtp, dtls, zrtp (`security_words`). `held` and `resumed` follow a hold;
          `logged` after each call: missed, accepted elsewhere, ... Uses GRUUs at once.
pjsua     speex first; srtp. IPv4 only. Not as a transferee. Long INVITEs by TCP.

A new library is a program on `agent_loop.AgentLoop` and a driver on `AgentPhone`; a new
program of its own is a driver on `Phone`, like `baresip.py`.
"""

from .baresip import Baresip
from .linphone import Linphone
from .pjsua import Pjsua

KINDS = {"baresip": Baresip, "linphone": Linphone, "pjsua": Pjsua}
