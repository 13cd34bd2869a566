"""What the mesh tells its engine, beside the effects that the shell performs."""

from collections import namedtuple

# Something an owner may want to see. what: "neighbour", "records", "twin"; fields: a dict.
MeshChanged = namedtuple("MeshChanged", ("what", "fields"))

# Mesh.dump() has news worth a flash write; the shell writes when its own rules allow it.
SaveMesh = namedtuple("SaveMesh", ())

# Another node has said something in a call (calls.Call); a call is over, and why (text).
Said = namedtuple("Said", ("call", "octets"))
Ended = namedtuple("Ended", ("call", "reason"))
