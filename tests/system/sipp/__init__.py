"""Scenarios of sipp, and what runs them against a server of its own."""
