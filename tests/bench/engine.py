"""CPU time of the pure engine: bytes in, effects out, without sockets.

    python -m tests.bench.engine [--rounds 20] [--registered 10] [--profile | --instructions]

Only the time inside Engine.receive and Engine.fire counts. The messages are those that sipp
sends; the clock is simulated at 100 calls a second, so that timers and lingering transactions
cost what they cost in a running node. --instructions: count them with valgrind instead, the
messages of the other side included; other load on the machine does not matter.
"""

import argparse
import cProfile
import os
import pstats
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from bellhop.effects import Flow, Listener, Send  # noqa: E402
from bellhop.features import catalogue  # noqa: E402
from bellhop.settings import reader  # noqa: E402
from bellhop.sip import digest  # noqa: E402

CALLER = Flow("udp", 0, "127.0.0.1", 15061, 0, "")
CALLED = Flow("udp", 0, "127.0.0.1", 15062, 0, "")
MS_PER_CALL = 10
UNBOUND = "\toption stranger_requests_per_minute 0\n"
ROUND = 200
# How often a thing is done while its instructions are counted.
FEW_AND_MORE = (100, 400)

SDP = (
    "v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
INVITE = """INVITE sip:{user}@bench.test SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:15061;branch=z9hG4bK-7-{n}-0
From: sipp <sip:sipp@caller.test:15061>;tag=7SIPpTag00{n}
To: <sip:{user}@bench.test>
Call-ID: {n}-7@127.0.0.1
CSeq: 1 INVITE
Contact: <sip:sipp@127.0.0.1:15061>
Max-Forwards: 70
Subject: Performance Test
Content-Type: application/sdp
Content-Length: {length}

"""
IN_DIALOG = """{method} sip:{user}@127.0.0.1:15062 SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:15061;branch=z9hG4bK-7-{n}-{cseq}{method}
{route}From: sipp <sip:sipp@caller.test:15061>;tag=7SIPpTag00{n}
To: <sip:{user}@bench.test>;tag=9SIPpTag01
Call-ID: {n}-7@127.0.0.1
CSeq: {cseq} {method}
Contact: <sip:sipp@127.0.0.1:15061>
Max-Forwards: 70
Content-Length: 0

"""
REGISTER = """REGISTER sip:bench.test SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:15062;branch=z9hG4bK-8-{n}-{cseq}
From: <sip:{user}@bench.test>;tag=8SIPpTag00{n}
To: <sip:{user}@bench.test>
Call-ID: reg-{n}@127.0.0.1
CSeq: {cseq} REGISTER
Contact: <sip:{user}@127.0.0.1:15062>
Max-Forwards: 70
Expires: 3600
{authorization}Content-Length: 0

"""
AUTHORIZATION = (
    'Authorization: Digest username="{user}",realm="bench.test",cnonce="6b8b4567",nc=00000001,'
    'qop=auth,uri="sip:bench.test",nonce="{nonce}",response="{response}",algorithm=MD5\n'
)


def _wire(text, body="", **fields):
    return (text.format(length=len(body), **fields).replace("\n", "\r\n") + body).encode()


def reply(request, status, contact=b"", body=b""):
    """Return the response that a simple phone gives to the bytes of a request."""
    lines = [b"SIP/2.0 " + status]
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name = line.partition(b":")[0]
        if name == b"To" and b"tag=" not in line:
            line += b";tag=9SIPpTag01"
        if name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Record-Route"):
            lines.append(line)
    lines.append(contact + b"Content-Length: " + str(len(body)).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Meter:
    """An engine with a simulated clock. spent: kind of message -> [CPU ns, times]."""

    def __init__(self, registered, profile=None, node=UNBOUND):
        users = "".join(
            "config user\n\toption name user%d\n\toption password secret\n" % number
            for number in range(registered)
        )
        settings = reader.parse(
            "config privacy\n\toption uniform 0\nconfig node\n\toption domain bench.test\n"
            "\toption strangers allow\n\toption max_bindings 100000\n" + node + users,
            "bench",
        )
        self.now = 1000
        self.profile = profile
        self.spent = {}
        self.engine = catalogue.node(settings, os.urandom, self.now)
        self.engine.listen([Listener("udp", "127.0.0.1", 15060)], self.now)
        self.engine.start(self.now)
        self.engine.watch(False)

    def _measure(self, kind, function, *arguments):
        if self.profile:
            self.profile.enable()
        begun = time.thread_time_ns()
        effects = function(*arguments)
        spent = time.thread_time_ns() - begun
        if self.profile:
            self.profile.disable()
        total = self.spent.setdefault(kind, [0, 0])
        total[0] += spent
        total[1] += 1
        return effects

    def receive(self, kind, data, flow):
        """Return the data of the one Send that a message leads to, None for none."""
        effects = self._measure(kind, self.engine.receive, data, flow, self.now)
        sent = [effect.data for effect in effects if isinstance(effect, Send)]
        if len(sent) > 1:
            raise RuntimeError("%s led to %d messages" % (kind, len(sent)))
        return sent[0] if sent else None

    def wait(self, ms):
        """Let simulated time pass."""
        self.now += ms
        deadline = self.engine.next_deadline()
        if deadline is not None and deadline <= self.now:
            self._measure("timers", self.engine.fire, self.now)

    def call(self, number, user):
        """One whole call from a stranger to a user."""
        forwarded = self.receive("INVITE", _wire(INVITE, SDP, n=number, user=user), CALLER)
        contact = b"Contact: <sip:%s@127.0.0.1:15062>\r\n" % user.encode()
        self.receive("180", reply(forwarded, b"180 Ringing", contact), CALLED)
        answer = self.receive("200", reply(forwarded, b"200 OK", contact, SDP.encode()), CALLED)
        routes = [
            line.partition(b": ")[2]
            for line in answer.split(b"\r\n")
            if line.startswith(b"Record-Route")
        ]
        route = "".join("Route: %s\n" % value.decode() for value in reversed(routes))
        fields = {"n": number, "user": user, "route": route}
        self.receive("ACK", _wire(IN_DIALOG, method="ACK", cseq=1, **fields), CALLER)
        bye = self.receive("BYE", _wire(IN_DIALOG, method="BYE", cseq=2, **fields), CALLER)
        if not self.receive("200 to BYE", reply(bye, b"200 OK"), CALLED).startswith(b"SIP/2.0 200"):
            raise RuntimeError("the call did not end well")
        self.wait(MS_PER_CALL)

    def register(self, number, user):
        """One REGISTER, its challenge, and the REGISTER with credentials."""
        fields = {"n": number, "user": user}
        refused = self.receive(
            "REGISTER", _wire(REGISTER, cseq=1, authorization="", **fields), CALLED
        )
        nonce = refused.partition(b'nonce="')[2].partition(b'"')[0]
        pairs = [(b"nonce", nonce), (b"uri", b"sip:bench.test"), (b"qop", b"auth")]
        pairs += [(b"nc", b"00000001"), (b"cnonce", b"6b8b4567")]
        ha1 = digest.ha1(digest.MD5, user.encode(), b"bench.test", b"secret")
        proof = digest.response(digest.MD5, ha1, b"REGISTER", digest.Credentials(dict(pairs)))
        line = AUTHORIZATION.format(user=user, nonce=nonce.decode(), response=proof.decode())
        data = _wire(REGISTER, cseq=2, authorization=line, **fields)
        if not self.receive("REGISTER with digest", data, CALLED).startswith(b"SIP/2.0 200"):
            raise RuntimeError("the registration was refused")
        self.wait(MS_PER_CALL)


def measure(rounds, registered, profile=None):
    """Return kind of message -> CPU us: of ROUND calls and ROUND registrations, `rounds` times,
    the least average. Other load on the machine only ever adds to it."""
    meter = Meter(registered)
    for number in range(registered):
        meter.register(number, "user%d" % number)
    meter.profile = profile
    least = {}
    for first in range(10**6, 10**6 + rounds * ROUND, ROUND):
        for name, once in (("one call", meter.call), ("one registration", meter.register)):
            meter.spent = {}
            for number in range(first, first + ROUND):
                once(number, "user%d" % (number % registered))
            whole = sum(spent for spent, _ in meter.spent.values())
            figures = dict(meter.spent, **{name: (whole, ROUND)})
            for kind, (spent, times) in figures.items():
                if kind != "timers":
                    least[kind] = min(least.get(kind, spent), spent / times / 1000)
    return least


def repeat(what, times, registered):
    """Do one thing so often: "call" or "register"."""
    meter = Meter(registered)
    for number in range(registered):
        meter.register(number, "user%d" % number)
    for number in range(10**6, 10**6 + times):
        getattr(meter, what)(number, "user%d" % (number % registered))


def instructions(what, registered):
    """Return the instructions of one call or register: of what more of them cost than fewer."""
    counts = [
        counted([__file__, "--repeat", what, str(times), "--registered", str(registered)])
        for times in FEW_AND_MORE
    ]
    return (counts[1] - counts[0]) // (FEW_AND_MORE[1] - FEW_AND_MORE[0])


def counted(arguments):
    """Return the instructions of one run of Python."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable,
         *arguments],
        env=dict(os.environ, PYTHONHASHSEED="0"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description="CPU time of the pure engine")
    parser.add_argument("--rounds", type=int, default=20, help="of %d calls each" % ROUND)
    parser.add_argument("--registered", type=int, default=10)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    parser.add_argument("--instructions", action="store_true", help="count them with valgrind")
    parser.add_argument("--repeat", nargs=2, metavar=("WHAT", "TIMES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeat:
        return repeat(options.repeat[0], int(options.repeat[1]), options.registered)
    if options.instructions:
        for what in ("call", "register"):
            print("one %-18s %8d instructions" % (what, instructions(what, options.registered)))
        return None
    profile = cProfile.Profile(time.thread_time) if options.profile else None
    for kind, spent in measure(options.rounds, options.registered, profile).items():
        print("%-22s %8.1f us" % (kind, spent))
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    return None


if __name__ == "__main__":
    main()
