"""The one table of features and codes in the README is that of the code."""

from bellhop.settings import codes
from tests.architecture.tree import ROOT

BEHIND = {
    codes.NUMBER: ("", "*N#"), codes.DIALLED: ("", "N"), codes.EXTENSION: ("", "N"),
    codes.MAYBE: ("`, `", "N"), codes.PLACE: ("1` ... `", ""), codes.NOTHING: ("", ""),
}  # fmt: skip


def dialled(style, feature):
    """Return how a feature is dialled in a style, as the README writes it."""
    table = codes.table(style, {})
    sets, _, clears = table[feature].partition("/")
    between, behind = BEHIND[codes.ROWS[feature].follows]
    if behind == "*N#" and clears:  # Nobody in America ends a number with #.
        behind = "N"
    if feature == codes.PARK:  # The last place that is no other code.
        places = [place for place in "123456789" if codes.read(table, (sets + place).encode())
                  == codes.Dialled(codes.PARK, codes.SET, place.encode())]  # fmt: skip
        behind = places[-1]
    text = "`" + sets + (between + sets if between else "") + behind + "`"
    return text + (f", off `{clears}`" if clears else "")


def rows():
    """Return the rows that the README must have, in the order of the code."""
    return [
        f"| {dialled('etsi', feature)} | {dialled('us', feature)} | `{feature}` | {row.help} |"
        for feature, row in codes.ROWS.items()
    ]


def test_the_readme_tells_of_every_code_what_the_code_says():
    lines = (ROOT / "README.md").read_text().split("\n")
    first = lines.index("| dial | in America | `config features` | and |") + 2
    table = lines[first : lines.index("", first)]
    assert table == rows(), "\n".join(rows())
