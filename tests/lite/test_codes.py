"""Every code of the one table, as telephones write it: `#` as it is, escaped, and eaten."""

import pytest

from bellhop.settings import codes
from tests.lite.pair import USERS
from tests.system.test_phones_features import code

KINDS = ("baresip", "linphone", "pjsua")
# How a telephone writes the `#` behind a code, and that before one.
FORMS = {"raw": ("#", "#"), "escaped": ("%23", "%23"), "eaten": ("", "#"), "half": ("", "%23")}
# What a code says that has nothing to do just now; the table has the words of the others.
ALONE = {
    codes.PICKUP: "no call rings",
    codes.INTERCOM: "may not speak to phones that answer by themselves",
    codes.PARK: "no call is parked",
    codes.RING_BACK: "was not busy",
    codes.BLOCK: "nobody has called",
    codes.LAST_CALLER: "nobody has called",
    codes.REDIAL: "has dialled nothing yet",
    codes.NETWORK: "no telephone network here",
    codes.HIDE_NUMBER: "no telephone network here",
    codes.NAMELESS: "only calls to other houses of the mesh go without a name",
}
# What they say when they are told, and cleared.
CLEARED = {
    codes.RING_BACK: ("nobody is waited for", "not set"),
    codes.BLOCK: ("blocked: nobody", "blocked: nobody"),
}


def dialled(feature, other, end, begin):
    """Yield what a person dials to set, tell and clear one feature, and what the phone then shows.

    other: somebody's number; end, begin: of FORMS.
    """
    sets = codes.STYLES["etsi"][feature]
    words = codes.ROWS[feature].help.partition(" to N")[0]
    follows = codes.ROWS[feature].follows
    number = {codes.NUMBER: "*" + other, codes.DIALLED: "0301234567", codes.PLACE: "1"}.get(follows)
    number = other if follows == codes.EXTENSION else number or ""
    yield sets + number + end, ALONE.get(feature, "set: " + words)
    if feature in codes.CLEARED:
        told, cleared = CLEARED.get(feature, ("set: " + words, "not set: " + words))
        yield "*" + begin + sets[1:] + end, told
        yield begin + sets[1:] + end, cleared
        yield "*" + begin + sets[1:] + end, CLEARED.get(feature, (cleared,))[0]
        yield sets + end, ALONE.get(feature, "set: " + words)  # As it was the last time.


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("user", ["alice", "carol"], ids=["full", "lite"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_code_does_what_the_table_says_however_a_phone_writes_it(pair, kind, user, form):
    (phone,) = pair.take((kind, user))
    other = {"alice": "202", "carol": "302"}[user]
    wrong = []
    for feature in codes.FEATURES:
        for number, words in dialled(feature, other, *FORMS[form]):
            shown = code(phone, number)
            if words not in shown:
                wrong.append((feature, number, words, shown))
    assert not wrong
    wished = pair.nodes[USERS[user][0]].ask("wishes", user=user)["wished"]
    assert {wish for wish in wished if wished[wish]} == {*codes.WISHES, "last"}
