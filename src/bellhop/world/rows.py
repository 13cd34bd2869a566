"""The rows of the verbs that the running node itself answers, and of all verbs.

A module of texts alone: command line, bus, rpcd and control socket take their verbs from here.
"""

from ..core.rows import CORE, Row
from ..features.rows import FEATURES, OF_PAGE

SERVICE = (
    Row("problems", "service", "told_problems", (), 0, False, "what is wrong, what still works"),
    Row("reload", "service", "reload", (), 0, True, "read the configuration anew"),
    Row("check-config", "service", "check_config", (), 0, False, "find mistakes in the file"),
    Row("page-sessions", "service", "page_sessions", ("user",), 1, False,
        "the browsers in which a user's page is open, or was"),
    Row("sign-out", "service", "sign_out", ("user", "id"), 1, True,
        "close a user's page in a browser of `page-sessions`, or in all"),
    Row("events", "control", "listen", (), 0, False, "what happens, as it happens, until Ctrl-C"),
    Row(
        "export-identity", "copies", "export_identity", ("passphrase",), 1, True,
        "the node's key, sealed",
    ),
    Row(
        "backup", "copies", "backup", ("passphrase",), 1, True,
        "the node's key, phone book and trusted keys, sealed",
    ),
    Row(
        "restore", "copies", "restore", ("sealed", "passphrase", "replace", "more"), 1, True,
        "take over a backup; replace: give up the key that is there",
    ),
    Row("succeed", "copies", "succeed", (), 0, True, "give the node a new key that the old signs"),
    Row(
        "revocation", "copies", "revocation", ("passphrase",), 1, True,
        "a revocation of the node's key with the one that follows it, sealed: to be put away",
    ),
    Row(
        "revoke", "copies", "revoke", ("sealed", "passphrase", "adopt"), 2, True,
        "publish a revocation; adopt: this node goes on with the key that follows",
    ),
)  # fmt: skip
ROWS = CORE + FEATURES + OF_PAGE + SERVICE
