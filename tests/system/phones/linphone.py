"""Linphone 5.1 (Debian linphone-cli): liblinphone through `linphone_agent.py`."""

import ctypes
import os

from .agent_phone import AgentPhone
from .phone import address

CONFIG = """\
[sip]
verify_server_certs=0
verify_server_cn=0
use_ipv6={ipv6}
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
media_encryption={encryption}
media_encryption_mandatory={mandatory}
register_only_when_network_is_up=0
inc_timeout={ring_seconds}
default_proxy=0
[rtp]
audio_rtp_port=-1
[video]
enabled=0
capture=0
display=0
[proxy_0]
reg_proxy=<sip:{server}:{port};transport={transport}>
reg_route=<sip:{server}:{port};transport={transport};lr>
reg_identity=sip:{user}@{domain}
reg_expires=600
reg_sendregister=1
publish=0
{codecs}
[auth_info_0]
username={user}
passwd={password}
"""
# G.711 only: the recording of a call that still stands is then 8 kHz for sure.
CODECS_OFF = (("opus", 48000), ("SILK", 16000), ("speex", 16000), ("speex", 8000), ("G729", 8000))
CODEC = "[audio_codec_{}]\nmime={}\nrate={}\nenabled=0"

WORDS_SECONDS = 30


class Linphone(AgentPhone):
    """One program with one account."""

    program = "linphone_agent.py"

    def decline(self):
        """Refuse the ringing call for all phones of the user."""
        self.command("decline")

    def press(self, keys):
        """It makes the address itself, and takes none with a # in it."""
        self.command("dial", keys)

    @staticmethod
    def why_unavailable():
        """Return why Linphone cannot run here, or None."""
        try:
            ctypes.CDLL("liblinphone.so.10")
        except OSError:
            return "no liblinphone.so.10 (Debian package linphone-cli)"
        return None

    def write_settings(self):
        """Write `linphonerc`."""
        account = self.account
        data = os.path.join(self.folder, ".local", "share", "linphone")
        os.makedirs(data, exist_ok=True)  # without it DTLS has no certificate
        settings = account._asdict()
        settings.update(
            server=address(account.server),
            ipv6=int(":" in account.server),
            ring_seconds=self.ring_seconds,
            codecs="\n".join(CODEC.format(n, *codec) for n, codec in enumerate(CODECS_OFF)),
            encryption=account.encryption or "none",
            mandatory=int(bool(account.encryption)),
        )
        with open(os.path.join(self.folder, "linphonerc"), "w") as file:
            file.write(CONFIG.format(**settings))

    def security_words(self):
        """Return the words of a ZRTP call that both people compare, or nothing."""
        self.command("security_words")
        return self.wait("words", WORDS_SECONDS)
