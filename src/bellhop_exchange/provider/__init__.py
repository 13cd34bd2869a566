"""A provider: reachability and the telephone network for who proves his key. Money is prepaid."""
