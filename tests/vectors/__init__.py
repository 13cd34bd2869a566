"""Messages of the RFCs and of real phones, each with its expected reading."""
