"""Notes of what is wrong in a file: each with its place, its section and what to do."""

from . import grammar, problems
from .problems import Problem
from .values import Section

# A file of another kind shall not fill the memory with what is wrong in it.
MAX_PROBLEMS = 64
SECRETS = ("password", "ha1_md5", "ha1_sha256")
# What to do about it.
ADVICE = {
    problems.SYNTAX: "correct it: a value with blanks stands in quotes on one line",
    problems.UNKNOWN: "take it out, or install the version that knows it",
    problems.NAMELESS: "give it a name",
    problems.TWICE: "give it another name, or take one of them out",
    problems.TAKEN: "choose another number",
    problems.GONE: "name one who is there, or take it out",
    problems.ITSELF: "name somebody else, or take it out",
}


class Notes:
    """Problems in the order of their lines. blocks: Section -> Block, or None."""

    def __init__(self, octets, name):
        self.octets = octets
        self.name = name
        self.problems = []
        self.blocks = {}

    def add(self, problem, at):
        """Note a problem at an offset."""
        line, column = grammar.place_of(self.octets, at)
        problem.place = (self.name, line, column)
        problem.advice = ADVICE.get(problem.what, "")
        where = len(self.problems)
        if where == MAX_PROBLEMS:
            return
        while where and self.problems[where - 1].place[1] > line:
            where -= 1
        self.problems.insert(where, problem)

    def tell(self, section, problem, option="", value=""):
        """Note a problem of a section, or of one of its options; value: which of several."""
        block = self.blocks[section] if isinstance(section, Section) else section
        at = 0
        if block is not None:
            problem.kind, problem.title, problem.index = block.kind, block.title, block.index
            at = block.at
            for text, place in block.options.get(option, ()):
                if value in ("", text):
                    at = place
        problem.option, problem.value = option, "***" if option in SECRETS else value
        self.add(problem, at)

    def warn(self, block, wrong, option=""):
        """Note what this version does not know."""
        problem = Problem(problems.UNKNOWN, wrong, "it is not looked at", is_warning=True)
        self.tell(block, problem, option)

    def line(self, section):
        """Return the line in which a section begins."""
        return grammar.place_of(self.octets, self.blocks[section].at)[0]
