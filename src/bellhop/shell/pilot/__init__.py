"""The members' page over HTTP: its files, who is signed in, verbs and events; desk phones."""
