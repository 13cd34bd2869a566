"""The members' page with real nodes, real phones and a real browser."""
