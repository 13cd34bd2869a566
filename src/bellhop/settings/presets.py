"""Providers by name: what their public pages say of a telephone of one's own. A table of text.

What an owner writes beside it counts more. Each has a stand-in in tests/unit/features/trunks that
refuses what the provider refuses.
"""

# name -> {option of `config provider`: value}, and what a row rests on.
PRESETS: dict[str, dict[str, object]] = {
    # Germany. Hosts by SRV of the domain; the number with +49 is the account.
    "telekom": {
        "domain": "tel.t-online.de", "realm": ("tel.t-online.de",), "expires": 480,
        "format": "e164", "caller": "from",
    },
    # Germany, its trunk: the account stands in From, numbers with 49 and no +.
    "sipgate-trunk": {
        "domain": "sipconnect.sipgate.de", "format": "plain", "caller": "preferred",
    },
    # Germany: UDP and TCP 5060, TLS 5061 with SRTP.
    "easybell": {"domain": "voip.easybell.de", "transport": "tls", "srtp": "must"},
    # Germany, dus.net/de/sip: A, NAPTR and SRV records; another host for TLS with SRTP.
    "dusnet": {"domain": "proxy.dus.net", "transport": "udp"},
    "dusnet-secure": {"domain": "secure.dus.net", "transport": "tls", "srtp": "must"},
    # United Kingdom, Andrews & Arnold: the number with +44 is the account; one of two hosts, a
    # nonce of one is refused by the other; registered anew each 225 seconds.
    "aaisp": {
        "domain": "voiceless.aa.net.uk", "realm": ("voiceless.aa.net.uk",), "expires": 270,
        "format": "e164", "caller": "from",
    },
    # France, OVHcloud: the account is 0033 and the number, and so are numbers.
    "ovh": {
        "domain": "sip.ovh.fr", "transport": "udp", "format": "international", "caller": "from",
    },
    # France, Free: the account is the number as it is dialled in France.
    "free": {
        "domain": "freephonie.net", "realm": ("freephonie.net",), "format": "national",
        "caller": "from",
    },
    # United States, Callcentric: the account (1777...) stands in From.
    "callcentric": {
        "domain": "sip.callcentric.net", "format": "plain", "caller": "asserted",
    },
}  # fmt: skip
