"""Names on the Internet: numbers in the DNS (ENUM), published keys, statements. No SIP, no I/O."""
