"""What holds for the tables of every state machine; for a TestCase that names its MACHINES."""


class Decided:
    def test_every_pair_is_decided_once(self):
        for machine in self.MACHINES:
            for state in machine.STATES:
                for event in machine.EVENTS:
                    pair = (state, event)
                    places = (pair in machine.TABLE) + (pair in machine.IGNORED)
                    self.assertEqual(places, 1, (machine.__name__, pair))

    def test_no_table_knows_other_pairs(self):
        for machine in self.MACHINES:
            for state, event in list(machine.TABLE) + list(machine.IGNORED):
                self.assertIn(state, machine.STATES)
                self.assertIn(event, machine.EVENTS)

    def test_every_step_leads_to_a_state_of_its_machine(self):
        for machine in self.MACHINES:
            for next_state, _ in machine.TABLE.values():
                self.assertIn(next_state, machine.STATES)

    def test_every_ignored_pair_says_why(self):
        for machine in self.MACHINES:
            for reason in machine.IGNORED.values():
                self.assertTrue(reason)
