"""A real Asterisk as a provider's telephone server, from the files that the provider writes."""

import os
import shutil
from pathlib import Path

from tests.trunks.servers import ASTERISK_HOME, Provider

NEEDED = (
    "res_agi.so", "res_config_sqlite3.so", "res_sorcery_realtime.so", "func_logic.so",
    "bridge_builtin_interval_features.so", "res_pjsip_endpoint_identifier_anonymous.so",
)  # fmt: skip
FILES = {
    "asterisk.conf": "[directories]\nastetcdir => {folder}\nastmoddir => {modules}\n"
    "astvarlibdir => {folder}\nastdbdir => {folder}\nastkeydir => {folder}\n"
    "astdatadir => {folder}\nastagidir => {folder}\nastspooldir => {folder}\n"
    "astrundir => {folder}\nastlogdir => {folder}\nastsbindir => {folder}\n"
    "[options]\nsystemname = tel\n",
    "logger.conf": "[general]\n[logfiles]\nconsole => error,warning\n",
    "modules.conf": "[modules]\nautoload=yes\nnoload => res_config_pgsql.so\n",
    "rtp.conf": "[general]\nrtpstart=19200\nrtpend=19300\n",
}


def binary():
    """Return the path of Asterisk, or None."""
    found = ASTERISK_HOME + "/sbin/asterisk"
    return found if os.path.exists(found) else shutil.which("asterisk")


def why_not(needed=NEEDED):
    """Return why it cannot be had here, or None."""
    if binary() is None:
        return "no Asterisk: BELLHOP_ASTERISK names the folder of a built one"
    folder = modules()
    missing = [name for name in needed if not (folder / name).exists()]
    return "Asterisk was built without " + ", ".join(missing) if missing else None


def modules():
    """Return the folder of its modules."""
    return Path(binary()).parents[1] / "lib" / "asterisk" / "modules"


class Asterisk(Provider):
    """The telephone server of a world.Server of a provider."""

    name = "asterisk"

    def __init__(self, folder, host, port, network, provider):
        super().__init__(folder, host, port, network)
        self.provider = provider

    def configure(self):
        """Let the provider write its files."""
        place, network = ("%s:%d" % one for one in (self.place, self.network))
        self.provider.run("asterisk", str(self.folder), place, network)
        for name, text in FILES.items():
            values = {"folder": self.folder, "modules": modules()}
            (self.folder / name).write_text(text.format(**values))
        command = [binary(), "-f", "-n", "-C", str(self.folder / "asterisk.conf")]
        return command, {"LD_LIBRARY_PATH": str(Path(binary()).parents[1] / "lib")}
