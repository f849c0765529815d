"""The gRPC layer of Plumb: what its servers and its clients have in common, and the clients.

Modules:
    wire, measured_wire, tensors: convert motions, reports, options, scores and traces to protobuf messages and back.
    status: converts errors to gRPC status codes and back.
    denials: errors of calls that are refused for who makes them.
    address: checks HOST:PORT.
    server_settings, server_flags: settings of a server with their defaults, and the flags for them.
    server: runs servicers with TLS, health checks, reflection and graceful shutdown.
    guard: the interceptor around every call, with `access` (who may), `admission` (how much) and `quotas`.
    tokens: the file of tokens with the rights and quotas of clients.
    certificates, watched_files: TLS files, checked and read again when they change.
    answer_stream: answers the requests of a stream as they are ready.
    call_log, call_metrics: a line for each call; counts for Prometheus.
    channel, client_security: open connections with retries, load balancing, TLS and tokens.
    client_flags, token_bearers: flags of commands that call a server; tokens in every call.
    bulk_calls, async_bulk_calls, bulk_results: many calls at once, repeated where that is safe, and their results.
    stream_retries: when broken streams are resumed.
    corrector_messages, generator_messages: what clients send.
    corrector_client: `RemoteCorrector`, the client of a sim server.
    generator_client: `RemoteGenerator`, the client of a generator.
    async_corrector_client, async_generator_client: the clients for event loops.
"""

MAX_MESSAGE_BYTES = 16 * 2**20
"""Size limit of one request; a motion of 196 frames takes 52 kB."""
MAX_RESPONSE_BYTES = MAX_MESSAGE_BYTES + 2**20
"""Size limit of one response: that of the request, with room for a report beside a motion of the same size."""
