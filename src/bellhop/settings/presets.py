"""Providers by name: what public documents say of a telephone of one's own. A table of text.

What an owner writes beside it counts more. Each names its document, and has a stand-in in
tests/unit/features/trunks that refuses what the document refuses. Those of Telekom and Free are
documents of others: their own could not be read. A provider of which no document can be named is
left out.
"""

# name -> {option of `config provider`: value}.
PRESETS: dict[str, dict[str, object]] = {
    # Germany. ioBroker's Asterisk adapter, "with the provider Telekom by using PJSIP": the number
    # with +49 is the account, the realm is the domain, registered for 480 seconds.
    "telekom": {
        "domain": "tel.t-online.de", "realm": ("tel.t-online.de",), "expires": 480,
        "format": "e164", "caller": "from",
    },
    # Germany. help.sipgate.de, "Wie setze ich bei sipgate trunking die Absenderrufnummer?": the
    # account in From, the number in P-Preferred-Identity with 49, no + and no 0; Privacy: id hides.
    "sipgate-trunk": {
        "domain": "sipconnect.sipgate.de", "format": "plain", "caller": "preferred",
    },
    # Germany. dus.net/de/sip: A, NAPTR and SRV records, port 5060; for TLS with SRTP another host.
    "dusnet": {"domain": "proxy.dus.net", "transport": "udp"},
    "dusnet-secure": {"domain": "secure.dus.net", "transport": "tls", "srtp": "must"},
    # United Kingdom, Andrews & Arnold. Its "SIP/VoIP technical details" (kb-telecoms-sip): a login
    # is a number with +44. The host is that of CSipSimple's wizard; a client's README: registered
    # anew each 225 seconds, one of two hosts refuses the nonce of the other.
    "aaisp": {
        "domain": "voiceless.aa.net.uk", "realm": ("voiceless.aa.net.uk",), "expires": 270,
        "format": "e164", "caller": "from",
    },
    # France, OVHcloud. Its guides "configuration et utilisation" of Asterisk and "modifier le temps
    # d'enregistrement": account and number shown begin with 0033, registered for 1800 seconds at
    # least. The host of a line stands in its account; that of a trunk is siptrunk.ovh.net.
    "ovh": {
        "domain": "sip.ovh.fr", "transport": "udp", "format": "international", "caller": "from",
        "expires": 1800,
    },
    # France, Free. G. Roche, "Configurer un compte SIP (Free)": the number is the account as it is
    # dialled in France, and so are numbers; the realm is the domain, registered for 3600 seconds.
    "free": {
        "domain": "freephonie.net", "realm": ("freephonie.net",), "format": "national",
        "caller": "from", "expires": 3600,
    },
    # United States. callcentric.com/faq/31/222: the account (1777...) calls, the number shown is
    # one of country 1 and said beside it.
    "callcentric": {
        "domain": "sip.callcentric.net", "format": "plain", "caller": "asserted",
    },
    # United States, Telnyx. developers.telnyx.com, "SIP Authentication Methods" (user name and
    # password) and "Caller ID Policy": abroad only + and the country code, 403 for another form;
    # the number shown is that of P-Preferred-Identity before all others, Privacy: id hides it.
    # sip.telnyx.com: A, NAPTR and SRV records.
    "telnyx": {"domain": "sip.telnyx.com", "format": "e164", "caller": "preferred"},
}  # fmt: skip
