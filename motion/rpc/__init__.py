"""gRPC as every Plumb service speaks it: one server, one way of saying what is wrong, one way of calling.

`server` runs servicers (health, reflection, limits, draining), `guard` admits calls and turns exceptions into status
codes, `status` maps errors both ways, `channel` opens connections, `corrector_client` is the client of a sim server.
"""

MAX_MESSAGE_BYTES = 16 * 2**20
"""The largest message that is sent or taken; a motion of 196 frames is 52 kB."""
