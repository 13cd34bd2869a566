"""Response context (RFC 3261 section 16.7, RFC 3326, RFC 4320)."""

import unittest

from bellhop.sip import message
from bellhop.tu import response_context as rc
from bellhop.tu.dialplan import towards
from tests.support.messages import answer, flow, parsed

PATIENCE = 180000


def context_of(count, more=0, method="INVITE"):
    """Return a context with `count` branches under way and `more` lists of targets to come."""
    target = towards(b"sip:x@y", flow(), "")
    plan = rc.Plan([[target]] * more, PATIENCE, False, b"", None, None, None)
    context = rc.ResponseContext(parsed(method), None, flow(), plan, 0)
    context.branches = [rc.Branch(context, target) for _ in range(count)]
    return context


def tell(context, number, status, now=10):
    """Give a response of one branch; return the steps as (what, branch number or status, value)."""
    response = answer(context.request, status)
    steps = context.handle(rc.event_of(response), now, context.branches[number], response)
    return [shown(context, step) for step in steps]


def shown(context, step):
    """Return a step in a form that can be compared."""
    what, branch, value = step
    if what == rc.RESPOND:
        return what, None if value is None else value.status
    if what == rc.CANCEL:
        return what, context.branches.index(branch), value
    return (what,)


class Section:
    """Of a group or user."""

    def __init__(self, kind):
        self.kind = kind


class TableTest(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in rc.STATES:
            for event in rc.EVENTS:
                pair = (state, event)
                self.assertEqual((pair in rc.TABLE) + (pair in rc.IGNORED), 1, pair)
        self.assertEqual(len(rc.TABLE) + len(rc.IGNORED), len(rc.STATES) * len(rc.EVENTS))

    def test_every_ignored_pair_says_why(self):
        for reason in rc.IGNORED.values():
            self.assertTrue(reason)

    def test_an_ignored_event_changes_nothing(self):
        for state, event in rc.IGNORED:
            context = context_of(2)
            context.state = state
            steps = context.handle(event, 10, context.branches[0], answer(context.request, 200))
            self.assertEqual((steps, context.state), ([], state))


class HelpTest(unittest.TestCase):
    def context(self, count, more):
        context = context_of(count, more)
        context.is_help = True
        context.patience = context.deadline = 3000
        return context

    def test_more_responders_ring_along_after_the_patience_and_ringing_does_not_lengthen_it(self):
        context = self.context(2, 1)
        tell(context, 0, 180, 2900)
        self.assertEqual(context.deadline, 3000)
        self.assertEqual([shown(context, step) for step in context.wake(3000)], [(rc.START,)])
        self.assertEqual([branch.cancel for branch in context.branches], [None, None])

    def test_a_refusal_for_all_speaks_for_one(self):
        context = self.context(2, 1)
        self.assertEqual(tell(context, 0, 603), [])
        self.assertEqual(tell(context, 1, 600), [(rc.START,)])

    def test_when_nobody_helps_the_caller_is_told_to_call_another_way(self):
        for status in (603, 486, 408, 503):
            context = self.context(1, 0)
            self.assertEqual(tell(context, 0, status), [(rc.RESPOND, 480)])


class ProvisionalTest(unittest.TestCase):
    def test_all_but_100_go_on(self):
        context = context_of(1)
        self.assertEqual(tell(context, 0, 100), [])
        self.assertEqual(tell(context, 0, 180), [("respond", 180)])
        self.assertEqual(tell(context, 0, 183), [("respond", 183)])

    def test_every_one_but_100_starts_timer_c_anew(self):
        context = context_of(1)
        tell(context, 0, 100, 1000)
        self.assertEqual(context.deadline, PATIENCE)
        tell(context, 0, 180, 1000)
        self.assertEqual(context.deadline, PATIENCE + 1000)


class SuccessTest(unittest.TestCase):
    def test_the_first_2xx_goes_on_and_the_others_are_told_that_the_call_is_taken(self):
        context = context_of(3)
        tell(context, 0, 180)
        tell(context, 2, 180)
        self.assertEqual(tell(context, 0, 200), [("respond", 200), ("cancel", 2, rc.ELSEWHERE)])
        self.assertIn(b'text="Call completed elsewhere"', rc.ELSEWHERE)
        self.assertIn(b"cause=200", rc.ELSEWHERE)

    def test_a_branch_without_provisional_response_is_cancelled_when_it_sends_one(self):
        context = context_of(2)
        tell(context, 0, 200)
        self.assertEqual(tell(context, 1, 100), [("cancel", 1, rc.ELSEWHERE)])
        self.assertEqual(tell(context, 1, 180), [])

    def test_a_second_2xx_to_an_invite_goes_on_too(self):
        context = context_of(2)
        tell(context, 0, 200)
        self.assertEqual(tell(context, 1, 200), [("respond", 200)])
        self.assertEqual(tell(context, 0, 200), [("respond", 200)])

    def test_a_second_2xx_to_another_request_does_not(self):
        context = context_of(2, method="MESSAGE")
        tell(context, 0, 200)
        self.assertEqual(tell(context, 1, 200), [])

    def test_a_2xx_that_crosses_the_cancel_goes_on(self):
        context = context_of(1)
        tell(context, 0, 180)
        context.handle(rc.STOP, 20)
        self.assertEqual(tell(context, 0, 200), [("respond", 200)])


class FailureTest(unittest.TestCase):
    def test_the_answer_waits_for_all_branches(self):
        context = context_of(2)
        self.assertEqual(tell(context, 0, 486), [])
        self.assertEqual(tell(context, 1, 404), [("respond", 404)])
        self.assertEqual((context.state, context.deadline), (rc.DONE, None))

    def test_the_next_list_is_tried_first(self):
        context = context_of(1, more=1)
        self.assertEqual(tell(context, 0, 486), [("start",)])
        self.assertEqual((context.state, context.deadline), (rc.WAITING, PATIENCE + 10))

    def test_a_6xx_speaks_for_all_and_no_further_list_is_tried(self):
        context = context_of(2, more=1)
        tell(context, 1, 180)
        self.assertEqual(tell(context, 0, 603), [("cancel", 1, None)])
        self.assertEqual(tell(context, 1, 487), [("respond", 603)])

    def test_a_6xx_of_a_group_s_member_elsewhere_speaks_for_nobody_else(self):
        context = context_of(2, more=1)
        context.callee = Section("group")
        tell(context, 1, 180)
        self.assertEqual(tell(context, 0, 603), [])
        self.assertEqual(tell(context, 1, 486), [("start",)])

    def test_a_2xx_after_a_6xx_goes_on(self):
        context = context_of(2)
        tell(context, 1, 180)
        tell(context, 0, 603)
        self.assertEqual(tell(context, 1, 200), [("respond", 200)])


class CancelTest(unittest.TestCase):
    def test_the_caller_s_reason_goes_along_and_the_answer_is_487(self):
        context = context_of(2, more=1)
        tell(context, 0, 180)
        steps = context.handle(rc.STOP, 20, None, b"Reason: SIP;cause=487")
        self.assertEqual(
            [shown(context, s) for s in steps], [("cancel", 0, b"Reason: SIP;cause=487")]
        )
        self.assertEqual(tell(context, 0, 487), [])
        self.assertEqual(tell(context, 1, 486), [("respond", 487)])

    def test_branches_that_say_nothing_are_given_up(self):
        context = context_of(1)
        tell(context, 0, 180)
        context.handle(rc.STOP, 20)
        self.assertEqual(context.deadline, 20 + rc.CANCEL_PATIENCE)
        steps = context.wake(context.deadline)
        self.assertEqual([shown(context, s) for s in steps], [("respond", 487)])


class TimerCTest(unittest.TestCase):
    def test_it_cancels_and_then_the_next_list_is_tried(self):
        context = context_of(1, more=1)
        tell(context, 0, 180)
        steps = context.wake(PATIENCE + 10)
        self.assertEqual([shown(context, s) for s in steps], [("cancel", 0, None)])
        self.assertEqual(tell(context, 0, 487, PATIENCE + 20), [("start",)])

    def test_a_branch_that_ignores_the_cancel_is_given_up(self):
        context = context_of(1)
        tell(context, 0, 180)
        context.wake(PATIENCE + 10)
        steps = context.wake(context.deadline)
        self.assertEqual([shown(context, s) for s in steps], [("respond", 480)])
        self.assertEqual(steps[0][2].reason, b"nobody answers")
        self.assertEqual(context.state, rc.DONE)


class BestTest(unittest.TestCase):
    def best(self, *statuses, **fields):
        """Return the status of the best of some responses."""
        request = parsed(fields.get("method", "INVITE"))
        chosen = rc.best(request, [answer(request, status) for status in statuses])
        return None if chosen is None else chosen.status

    def test_6xx_wins_then_the_lowest_class(self):
        self.assertEqual(self.best(486, 302, 600), 600)
        self.assertEqual(self.best(500, 404, 302), 302)
        self.assertEqual(self.best(500, 404), 404)

    def test_what_tells_how_to_do_better_wins_in_its_class(self):
        for status in (401, 407, 415, 420, 484):
            self.assertEqual(self.best(404, status, 486), status)

    def test_silence_loses_in_its_class(self):
        self.assertEqual(self.best(408, 486), 486)
        self.assertEqual(self.best(480, 404), 404)
        self.assertEqual(self.best(487, 486), 486)
        self.assertEqual(self.best(503, 500), 500)

    def test_503_becomes_500(self):
        self.assertEqual(self.best(503), 500)

    def test_408_to_anything_but_invite_stays_silence(self):
        self.assertIsNone(self.best(408, method="MESSAGE"))
        self.assertEqual(self.best(408), 408)
        self.assertEqual(self.best(408, 404, method="MESSAGE"), 404)

    def test_the_challenges_of_all_branches_are_gathered(self):
        request = parsed("INVITE")
        one = answer(
            request, 407, ["Proxy-Authenticate: Digest one", "Proxy-Authenticate: Digest two"]
        )
        two = answer(request, 401, ["WWW-Authenticate: Digest three"])
        three = answer(request, 407, ["Proxy-Authenticate: Digest four"])
        chosen = message.parse(rc.best(request, [one, answer(request, 486), two, three]).write())
        found = chosen.values(b"proxy-authenticate") + chosen.values(b"www-authenticate")
        self.assertEqual(
            sorted(found), [b"Digest four", b"Digest one", b"Digest three", b"Digest two"]
        )

    def test_nothing_at_all_is_480(self):
        self.assertEqual(self.best(), 480)
