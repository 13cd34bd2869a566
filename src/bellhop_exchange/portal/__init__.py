"""A portal: strangers sign up, and become users of a node on this machine, with its pilot page."""
