"""Everything that checks bellhop; LAYOUT: one folder for each kind of test."""
