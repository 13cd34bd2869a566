"""FastAGI: the telephone server asks whether and how long a call may go, and tells its end.

    AGI(agi://HOST/authorize,USER,NUMBER,CALL,SYSTEM)   sets BELLHOP_MS and BELLHOP_CALLER, or
                                                        BELLHOP_CAUSE (Q.850)
    AGI(agi://HOST/settle,CALL,MILLISECONDS)
    AGI(agi://HOST/find,NUMBER)                         sets BELLHOP_USER where it has an account

Where nobody answers here, none of them is set and the dial plan ends the call with 503.
"""

import asyncio
import logging

from starlette.concurrency import run_in_threadpool

from ..web import Problem

MAX_LINES, MAX_LINE_BYTES = 64, 1024
SECONDS = 10
# Of a refusal, the cause of Q.850 that Asterisk turns into the status: 403, 404, 503.
CAUSES = {402: 21, 403: 21, 404: 1}
OTHERWISE = 34


class Agi:
    """provider: service.Provider."""

    def __init__(self, provider):
        self.provider = provider
        self.server = None

    async def start(self, host, port):
        """Listen; return the port."""
        self.server = await asyncio.start_server(self._serve, host, port, limit=MAX_LINE_BYTES)
        return self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        try:
            async with asyncio.timeout(SECONDS):
                fields = await self._read(reader)
                for name, value in (await run_in_threadpool(self._work, fields)).items():
                    writer.write(b'SET VARIABLE %s "%s"\n' % (name.encode(), str(value).encode()))
                    await writer.drain()
                    await reader.readline()
        except (OSError, ValueError, TimeoutError) as error:
            logging.warning("an AGI request came to nothing: %s", error)
        finally:
            writer.close()

    async def _read(self, reader):
        """Return the fields of a request, up to the empty line."""
        fields = {}
        for _ in range(MAX_LINES):
            line = (await reader.readline()).decode("utf-8", "replace").strip()
            if not line:
                return fields
            name, _, value = line.partition(": ")
            fields[name] = value
        raise ValueError("too many lines")

    def _work(self, fields):
        """Return the variables that answer a request."""
        words = [fields.get("agi_arg_%d" % at, "") for at in range(1, 5)]
        script = fields.get("agi_network_script", "")
        if script == "authorize":
            return self.authorize(*words)
        if script == "settle":
            return {
                "BELLHOP_COST": self.provider.ledger.settle(words[0], -(-_number(words[1]) // 1000))
            }
        if script == "find":
            return {"BELLHOP_USER": self.provider.user_named(words[0]) or ""}
        raise ValueError("no such script: %s" % script[:40])

    def authorize(self, user, number, call, system):
        """Return the variables for a call that wants to go out."""
        try:
            sequence = _number(call.rpartition(".")[2])
            seconds = self.provider.ledger.hold(user, number, call, system, sequence)
        except Problem as problem:
            return {"BELLHOP_CAUSE": CAUSES.get(problem.status, OTHERWISE)}
        return {"BELLHOP_MS": seconds * 1000, "BELLHOP_CALLER": self.provider.name_of(user)}


def _number(text):
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
