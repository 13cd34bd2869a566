"""Writes what Asterisk needs to be a provider's telephone server, for this provider's database."""

import os
from pathlib import Path

from sqlalchemy.engine import make_url

FILES = {
    "sorcery.conf": """[res_pjsip]
endpoint=realtime,ps_endpoints
endpoint=config,pjsip.conf,criteria=type=endpoint
auth=realtime,ps_auths
auth=config,pjsip.conf,criteria=type=auth
aor=realtime,ps_aors
aor=config,pjsip.conf,criteria=type=aor
""",
    "extconfig.conf": """[settings]
ps_endpoints => {driver},{section},ps_endpoints
ps_auths => {driver},{section},ps_auths
ps_aors => {driver},{section},ps_aors
""",
    "pjsip.conf": """[global]
type=global
default_realm={domain}
endpoint_identifier_order=ip,username,anonymous
[udp]
type=transport
protocol=udp
bind={host}:{port}
; The telephone network: a trunk to a carrier.
[network]
type=endpoint
context=network
disallow=all
allow=alaw,ulaw
aors=network
transport=udp
direct_media=no
[network]
type=aor
contact=sip:{network}
[network]
type=identify
endpoint=network
match={network_host}
; Who calls a customer over the Internet.
[anonymous]
type=endpoint
context=internet
disallow=all
allow=opus,g722,alaw,ulaw
transport=udp
direct_media=no
rtp_symmetric=yes
force_rport=yes
""",
    "extensions.conf": """[house]
exten => _+X!,1,AGI(agi://{agi}/find,${{EXTEN}})
same => n,GotoIf($["${{BELLHOP_USER}}" != ""]?own)
same => n,AGI(agi://{agi}/authorize,${{CHANNEL(endpoint)}},${{EXTEN}},${{UNIQUEID}},${{SYSTEMNAME}})
same => n,GotoIf($["${{BELLHOP_MS}}" = ""]?refused)
same => n,Set(CALLERID(num)=${{BELLHOP_CALLER}})
same => n,Dial(PJSIP/network/sip:${{EXTEN}}@{network},60,L(${{BELLHOP_MS}}))
same => n,Hangup(${{HANGUPCAUSE}})
same => n(refused),Hangup(${{IF($["${{BELLHOP_CAUSE}}" = ""]?34:${{BELLHOP_CAUSE}})}})
same => n(own),Dial(PJSIP/${{BELLHOP_USER}},60)
same => n,Hangup(${{HANGUPCAUSE}})
exten => _u.,1,Dial(PJSIP/${{EXTEN}},60)
same => n,Hangup(${{HANGUPCAUSE}})
exten => h,1,AGI(agi://{agi}/settle,${{UNIQUEID}},${{ANSWEREDTIME_MS}})
[internet]
exten => _u.,1,Dial(PJSIP/${{EXTEN}},60)
same => n,Hangup(${{HANGUPCAUSE}})
[network]
exten => _[+0-9]!,1,AGI(agi://{agi}/find,${{EXTEN}})
same => n,GotoIf($["${{BELLHOP_USER}}" = ""]?nobody)
same => n,Dial(PJSIP/${{BELLHOP_USER}},60)
same => n,Hangup(${{HANGUPCAUSE}})
same => n(nobody),Hangup(1)
; What a directory lets a voice say: its call files (`[call]` in its settings).
[bellhop-codes]
exten => code,1,Wait(1)
same => n,Set(LEFT=3)
same => n(again),SayDigits(${{BELLHOP_CODE}})
same => n,Wait(2)
same => n,Set(LEFT=$[${{LEFT}}-1])
same => n,GotoIf($[${{LEFT}} > 0]?again)
same => n,Hangup()
exten => notice,1,Wait(1)
same => n,Playback(bellhop-notice)
same => n,Hangup()
""",
}


def write(folder, settings, place, network):
    """Write the files; place, network: host:port of Asterisk and of the telephone network."""
    url = make_url(settings["database"])
    is_file = url.drivername.startswith("sqlite")
    host, _, port = place.rpartition(":")
    values = {
        "driver": "sqlite3" if is_file else "pgsql", "domain": settings["domain"], "host": host,
        "port": port, "network": network, "network_host": network.rpartition(":")[0],
        "agi": settings["agi"], "section": "provider" if is_file else url.database,
    }  # fmt: skip
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text.format(**values), encoding="ascii")
    if is_file:
        # With a batch Asterisk reads in one transaction for ever, and sees no new account.
        text = "[provider]\ndbfile => %s\nbatch => 0\n" % os.path.abspath(url.database)
        (folder / "res_config_sqlite3.conf").write_text(text, encoding="utf-8")
        return
    text = "[general]\ndbhost=%s\ndbport=%d\ndbname=%s\ndbuser=%s\ndbpass=%s\nrequirements=warn\n"
    values = url.host or "127.0.0.1", url.port or 5432, url.database, url.username, url.password
    path = folder / "res_pgsql.conf"
    path.touch(mode=0o600)
    path.write_text(text % values, encoding="utf-8")
