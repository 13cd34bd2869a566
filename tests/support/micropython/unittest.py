"""The part of CPython's unittest that tests/unit uses, for MicroPython, which has none."""

import sys


class SkipTest(Exception):
    """Ends a test that cannot run here; its text is the reason."""


class TestCase:
    """The assertions, with the names and arguments that they have in CPython."""

    failureException = AssertionError

    def setUp(self):
        """Run before each test."""

    def tearDown(self):
        """Run after each test whose setUp has succeeded."""

    @classmethod
    def setUpClass(cls):
        """Run before the first test of the class."""

    @classmethod
    def tearDownClass(cls):
        """Run after the last test of the class."""

    def subTest(self, msg=None, **params):
        """Return a context whose failure is noted without ending the test."""
        return SubTest(self._faults, msg, params)

    def skipTest(self, reason):
        """End the test as skipped."""
        raise SkipTest(reason)

    def fail(self, msg=None):
        """End the test as failed."""
        raise AssertionError(msg)

    def assertTrue(self, value, msg=None):
        _check(value, msg, "%r is not true", value)

    def assertFalse(self, value, msg=None):
        _check(not value, msg, "%r is not false", value)

    def assertEqual(self, first, second, msg=None):
        _check(first == second, msg, "%r != %r", first, second)

    def assertNotEqual(self, first, second, msg=None):
        _check(first != second, msg, "%r == %r", first, second)

    def assertIs(self, first, second, msg=None):
        _check(first is second, msg, "%r is not %r", first, second)

    def assertIsNot(self, first, second, msg=None):
        _check(first is not second, msg, "%r is %r", first, second)

    def assertIsNone(self, value, msg=None):
        _check(value is None, msg, "%r is not None", value)

    def assertIsNotNone(self, value, msg=None):
        _check(value is not None, msg, "%r is None", value)

    def assertIn(self, member, container, msg=None):
        _check(member in container, msg, "%r is not in %r", member, container)

    def assertNotIn(self, member, container, msg=None):
        _check(member not in container, msg, "%r is in %r", member, container)

    def assertIsInstance(self, value, kind, msg=None):
        _check(isinstance(value, kind), msg, "%r is no %r", value, kind)

    def assertNotIsInstance(self, value, kind, msg=None):
        _check(not isinstance(value, kind), msg, "%r is a %r", value, kind)

    def assertGreater(self, first, second, msg=None):
        _check(first > second, msg, "%r is not above %r", first, second)

    def assertGreaterEqual(self, first, second, msg=None):
        _check(first >= second, msg, "%r is below %r", first, second)

    def assertLess(self, first, second, msg=None):
        _check(first < second, msg, "%r is not below %r", first, second)

    def assertLessEqual(self, first, second, msg=None):
        _check(first <= second, msg, "%r is above %r", first, second)

    def assertAlmostEqual(self, first, second, places=7, msg=None, delta=None):
        bound = 0.5 / 10**places if delta is None else delta
        _check(abs(first - second) <= bound, msg, "%r is not near %r", first, second)

    def assertCountEqual(self, first, second, msg=None):
        rest = list(second)
        for item in first:
            _check(item in rest, msg, "%r is not among %r", item, rest)
            rest.remove(item)
        _check(not rest, msg, "%r are left over", rest)

    assertListEqual = assertTupleEqual = assertDictEqual = assertSetEqual = assertEqual

    def assertRaises(self, expected, function=None, *args, **kwargs):
        """Return a context that asks for `expected`, or ask it of one call."""
        context = Raises(expected)
        if function is None:
            return context
        with context:
            function(*args, **kwargs)
        return None


class Raises:
    """What `with assertRaises(...) as context` gives; `exception` holds what was raised."""

    def __init__(self, expected):
        self.expected = expected
        self.exception = None

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, traceback):
        if kind is None:
            raise AssertionError("%r was not raised" % (self.expected,))
        self.exception = exception
        return issubclass(kind, self.expected)


class SubTest:
    """One `with self.subTest(...)`; an exception goes to the list `faults`."""

    def __init__(self, faults, msg, params):
        self.faults = faults
        self.label = "%s %r" % (msg or "", params)

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, traceback):
        if kind is None or issubclass(kind, SkipTest) or not issubclass(kind, Exception):
            return False
        self.faults.append((self.label, exception))
        return True


class Result:
    """Counts of a run; faults are printed as they come."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def note_fault(self, name, exception):
        """Count one failed test or subtest and print it."""
        self.failed += 1
        print("FAILED", name)
        sys.print_exception(exception)


def skip(reason):
    """Mark a test, or a class of tests, that is not run."""

    def mark(marked):
        def skipped(*_):
            raise SkipTest(reason)

        if not isinstance(marked, type):
            return skipped
        marked.setUp = skipped
        return marked

    return mark


def skipIf(condition, reason):
    """Mark a test that is not run where `condition` holds."""
    return skip(reason) if condition else lambda marked: marked


def skipUnless(condition, reason):
    """Mark a test that is only run where `condition` holds."""
    return skipIf(not condition, reason)


def run_module(module, result):
    """Run every TestCase that `module` holds, adding to the Result."""
    for name in sorted(dir(module)):
        case = getattr(module, name)
        if isinstance(case, type) and issubclass(case, TestCase) and case is not TestCase:
            _run_case(case, result)


def main():
    """Run the tests of the file that was started."""
    result = Result()
    run_module(__import__("__main__"), result)
    print("passed %d, failed %d, skipped %d" % (result.passed, result.failed, result.skipped))
    sys.exit(1 if result.failed else 0)


def _run_case(case, result):
    case.setUpClass()
    for name in sorted(dir(case)):
        if name.startswith("test"):
            _run_test(case, name, result)
    case.tearDownClass()


def _run_test(case, name, result):
    test = case()
    test._faults = faults = []
    label = case.__name__ + "." + name
    try:
        test.setUp()
        try:
            getattr(test, name)()
        finally:
            test.tearDown()
    except SkipTest as reason:
        result.skipped += 1
        print("skipped", label, reason)
        return
    except Exception as exception:
        faults.append(("", exception))
    for sub, exception in faults:
        result.note_fault(label + " " + sub, exception)
    if not faults:
        result.passed += 1


def _check(holds, msg, text, *values):
    if not holds:
        raise AssertionError(msg or text % values)
