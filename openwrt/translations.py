"""Collects the texts of the LuCI pages into the template, and brings the translations in step.

    python3 openwrt/translations.py

A new text stands untranslated in each .po file afterwards, one that is gone is taken out.
"""

import ast
import json
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "luci-app-bellhop"
# Whose refusals the pages show: sentences, and those with a value in quotes.
NODE = PACKAGE.parents[1] / "src" / "bellhop"
REFUSING = (
    "core/verbs.py", "world/sealed.py", "features/ringtest.py", "features/catalogue.py",
    "features/media/calls.py", "features/phonebook/book.py", "features/mesh/levels.py",
    "features/mesh/heirs.py", "features/mesh/boxes.py", "shell/dnssec/number.py",
)  # fmt: skip
TEMPLATE = PACKAGE / "po" / "templates" / "bellhop.pot"
TEXT = re.compile(r"""\b_\('((?:[^'\\]|\\.)*)'\)""")
ENTRY = re.compile(r'^msgid "(.*)"\nmsgstr "(.*)"$', re.MULTILINE)
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
# Of a translation: its language, and how it tells one from many.
LANGUAGE = """\
msgid ""
msgstr ""
"Project-Id-Version: bellhop\\n"
"Language-Team: none\\n"
"Language: %s\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(%s);\\n"
"""
PLURALS = {"de": "n != 1", "fr": "n > 1"}


def texts():
    """Return {text: [files]} of everything that the pages show."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.js")):
        for text in TEXT.findall(path.read_text()):
            found.setdefault(text.replace("\\'", "'"), []).append(path)
    for path in map(NODE.joinpath, REFUSING):
        for text in refusals(path):
            found.setdefault(text, []).append(path)
    for path in sorted((PACKAGE / "root").rglob("*.json")):
        for entry in json.loads(path.read_text()).values():
            found.setdefault(entry.get("title") or entry["description"], []).append(path)
    return found


# Constants that hold such sentences.
TABLES = ("OFF", "ABOUT")


def refusals(path):
    """Return the sentences with which a module of the node refuses, "'%s'" for a value."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in TABLES:
            parts = [part for one in node.value.values for part in ast.walk(one)]
            found += [part.value for part in parts if isinstance(part, ast.Constant)]
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            is_word_first = getattr(node.exc.func, "id", "") == "Refusal"
            said = node.exc.args[1 if is_word_first else 0]
            found.append(getattr(said.left if isinstance(said, ast.BinOp) else said, "value", ""))
    plain = [text for text in found if isinstance(text, str) and " " in text]
    return [text for text in plain if text.replace("'%s'", "").find("%") < 0 and text[-1] != " "]


def read(path):
    """Return {text: translation} of a .po file."""
    entries = ENTRY.findall(path.read_text()) if path.exists() else []
    return {unquoted(text): unquoted(said) for text, said in entries if text}


def quoted(text):
    """Return a text as it stands between the quotes of a .po file."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def unquoted(text):
    """Return the text that stands so between quotes."""
    return text.replace('\\"', '"').replace("\\\\", "\\")


def written(translations, head=HEAD):
    """Return the text of a .po file with every text of the pages."""
    parts = [head]
    for text, paths in sorted(texts().items()):
        places = sorted({path.relative_to(PACKAGE.parents[1]).as_posix() for path in paths})
        said = translations.get(text, "")
        parts.append(
            "".join("#: %s\n" % place for place in places)
            + 'msgid "%s"\nmsgstr "%s"\n' % (quoted(text), quoted(said))
        )
    return "\n".join(parts)


def main():
    """Write the template and every translation."""
    TEMPLATE.write_text(written({}))
    for path in sorted(PACKAGE.glob("po/*/bellhop.po")):
        language = path.parent.name
        path.write_text(written(read(path), LANGUAGE % (language, PLURALS[language])))


if __name__ == "__main__":
    main()
