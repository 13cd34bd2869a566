"""Every transcript of this folder holds."""

import os
import unittest

from tests.support import flows

FOLDER = __file__.rpartition("/")[0]


class Transcripts(unittest.TestCase):
    """One test for each file."""


def transcript_test(name):
    """Return a test that plays one transcript."""

    def test(self):
        with open(FOLDER + "/" + name) as file:
            flows.play(file.read())

    return test


for name in sorted(os.listdir(FOLDER)):
    if name.endswith(".flow"):
        setattr(Transcripts, "test_" + name[:-5], transcript_test(name))
