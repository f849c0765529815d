"""The gRPC layer of Plumb: what its servers and its clients have in common, and the clients.

Modules:
    wire: converts motions, reports and options to protobuf messages and back.
    status: converts errors to gRPC status codes and back.
    address: checks HOST:PORT.
    server_settings: settings of a server, and default addresses.
    server: runs servicers with health checks, reflection and graceful shutdown.
    guard: limits concurrent calls and turns exceptions into status codes.
    call_metrics: counts calls for Prometheus.
    channel: opens connections with retries and load balancing.
    corrector_client: `RemoteCorrector`, the client of a sim server.
    generator_client: `RemoteGenerator`, the client of a generator.
"""

MAX_MESSAGE_BYTES = 16 * 2**20
"""Size limit of one message in both directions; a motion of 196 frames takes 52 kB."""
