"""The list of options: each once, with the default that the node has."""

from bellhop.settings import reader, reference, schema

BARE = "".join(["config %s\n" % kind for kind in schema.SCHEMA if kind not in schema.MANY])


def shown():
    """Return the list as a configuration, all its lines in force."""
    found = []
    for line in reference.lines():
        words = line.split()
        if words[:1] == ["config"] or words[:1] in (["#option"], ["#list"]):
            found.append(line.replace("#option", "option").replace("#list", "list"))
    return "\n".join(found) + "\n"


def test_every_option_is_listed_once_and_explained():
    lines = reference.lines()
    for kind in schema.SCHEMA:
        for option in schema.SCHEMA[kind].values():
            assert "\t# " + option.help in lines
    names = [line.split()[1] for line in lines if line[:2] in ("\t#",) and line[2] in "ol"]
    options = sum([len(rows) for rows in schema.SCHEMA.values()])
    assert len(names) == options + 1  # Two emergency numbers.


def test_defaults_that_are_shown_are_those_of_the_node():
    """The list as a file means what a file without any of its lines means."""
    plain, said = reader.parse(BARE, "plain"), reader.parse(shown(), "list")
    for kind in set(schema.SCHEMA) - set(schema.MANY):
        for name in schema.SCHEMA[kind]:
            assert getattr(getattr(plain, kind), name) == getattr(getattr(said, kind), name), name
