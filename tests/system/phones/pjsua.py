"""PJSIP's pjsua2 (package pjsua2-python), through `pjsua_agent.py`. IPv4, SDES only."""

import importlib.util
import json
import os
import time

from .agent_phone import AgentPhone
from .phone import address

PAUSE_SECONDS = 0.06


class Pjsua(AgentPhone):
    """One program with one account. As a transferee it does not call the target."""

    program = "pjsua_agent.py"

    def press(self, keys):
        """Its sockets are free half a second after a call, and there are 64, 4 of them a call."""
        time.sleep(PAUSE_SECONDS)
        super().press(keys)

    @staticmethod
    def why_unavailable():
        """Return why pjsua cannot run here, or None."""
        if importlib.util.find_spec("pjsua2") is None:
            return "no module pjsua2 (Python package pjsua2-python)"
        return None

    def write_settings(self):
        """Write `account.json`."""
        account = self.account
        proxy = f"sip:{address(account.server)}:{account.port};transport={account.transport};lr"
        with open(os.path.join(self.folder, "account.json"), "w") as file:
            json.dump({**account._asdict(), "proxy": proxy}, file)
