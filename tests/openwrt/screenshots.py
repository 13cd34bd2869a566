"""Pictures of every page over a real household: each width, light and dark, each language.

OPENWRT_LUCI=CHECKOUT python3 -m tests.openwrt.screenshots FOLDER LANGUAGE [PAGE ...]
"""

import os
import sys
from pathlib import Path

from .luci import browser
from .luci.household import Household
from .test_luci_package import MENU

WIDTHS = 390, 1280
PAGES = [path.rsplit("/", 1)[1] for path in MENU if path.count("/") == 3]


def main(folder, language, pages):
    """Write one picture a page and way of looking at it."""
    folder.mkdir(parents=True, exist_ok=True)
    with Household(os.environ.get("OPENWRT_LUCI"), "Bob") as house:
        for page in pages or PAGES:
            for width in WIDTHS:
                for look in ("light", "dark"):
                    path = folder / ("%s-%d-%s.png" % (page, width, look))
                    url = house.url("view.bellhop." + page, look=look, language=language)
                    browser.picture(url, path, width, 1200)
                    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
