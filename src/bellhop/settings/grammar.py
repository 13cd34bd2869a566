"""The words of a line of UCI text."""

from ..errors import ConfigError


def words(line, where):
    """Return the words of one line; quotes are taken off."""
    words = []
    index = 0
    while index < len(line):
        if line[index] in " \t\r":
            index += 1
        elif line[index] == "#":
            break
        else:
            word, index = _one_word(line, index, where)
            words.append(word)
    return words


def _one_word(line, index, where):
    word = ""
    quote = None
    while index < len(line):
        letter = line[index]
        if letter == "\\" and quote != "'" and index + 1 < len(line):
            index += 1
            word += line[index]
        elif quote is not None:
            if letter == quote:
                quote = None
            else:
                word += letter
        elif letter in "'\"":
            quote = letter
        elif letter in " \t\r":
            break
        else:
            word += letter
        index += 1
    if quote is not None:
        raise ConfigError(where, "a quote (%s) is opened and not closed" % quote)
    return word, index
