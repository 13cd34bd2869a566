"""The configuration: UCI text, the table of its options, and what becomes of it."""
