"""The faults, by name: each breaks something while motions are being corrected."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np
from fault_bench import FaultBench, Outcome, once_at
from machine_faults import clock_jumps, log_on_a_full_disk, memory_limit_reached, node_lost, output_on_a_full_disk
from server_under_load import SIM, ServerUnderLoad

from motion.errors import PlumbError
from motion.formats.files import write_motion
from motion.motion import Motion
from motion.rpc import wire
from motion.rpc.corrector_client import RemoteCorrector
from motion.v1 import corrector_pb2, corrector_pb2_grpc

_HALF_OPEN = 100
_HANDSHAKE_SECONDS = 10.0  # after which servers close connections that do not speak


def _target(*servers: ServerUnderLoad) -> str:
    return "ipv4:" + ",".join(server.address for server in servers)


def kill_one_of_three(bench: FaultBench) -> Outcome:
    """Kill one server of three, with what it holds."""
    with bench.server() as one, bench.server() as two, bench.server() as three:
        act = once_at(bench, 0.2, lambda: one.send(signal.SIGKILL))
        return bench.correct("kill -9 of one server of three", _target(one, two, three), act)


def kill_worker(bench: FaultBench) -> Outcome:
    """Kill a process that a server works in."""
    fault, killed = "kill -9 of a worker process", list[int]()
    with bench.server() as server:

        def kill() -> None:
            # The helper process of multiprocessing has no engine, and little memory.
            workers = sorted(server.workers(), key=lambda worker: worker.memory_info().rss)
            if workers:
                killed.append(workers[-1].pid)
                workers[-1].kill()

        outcome = bench.correct(fault, server.address, once_at(bench, 0.2, kill))
    if not killed:
        outcome.seen = "this server has no processes of its own; nothing was killed"
    return outcome


def terminate_one_of_two(bench: FaultBench) -> Outcome:
    """End one server of two in order, as a rolling restart does."""
    with bench.server() as one, bench.server() as two:
        act = once_at(bench, 0.2, lambda: one.send(signal.SIGTERM))
        outcome = bench.correct("SIGTERM of one server of two under load", _target(one, two), act)
        try:
            outcome.seen += f" exit status {one.popen.wait(60)}"
        except subprocess.TimeoutExpired:
            outcome.seen += " the server did not end"
    return outcome


def kill_and_restart(bench: FaultBench) -> Outcome:
    """Kill the only server, and start it again at the same address."""
    with ExitStack() as stack:
        server = stack.enter_context(bench.server())

        def restart() -> None:
            server.send(signal.SIGKILL)
            server.popen.wait()
            stack.enter_context(bench.server("--listen", server.address))

        return bench.correct("kill -9 of the only server, started again", server.address, once_at(bench, 0.2, restart))


def stop_for_a_while(bench: FaultBench) -> Outcome:
    """Stop the only server for five seconds."""
    with bench.server() as server:

        def pause() -> None:
            server.send(signal.SIGSTOP)
            threading.Timer(5.0, server.send, [signal.SIGCONT]).start()

        return bench.correct("SIGSTOP of the only server for 5 s", server.address, once_at(bench, 0.2, pause))


def stop_for_good(bench: FaultBench) -> Outcome:
    """Stop one server of two for good; it keeps its connections and says nothing any more."""
    with bench.server() as one, bench.server() as two:
        act = once_at(bench, 0.2, lambda: one.send(signal.SIGSTOP))
        return bench.correct("SIGSTOP of one server of two for good", _target(one, two), act)


def client_killed(bench: FaultBench) -> Outcome:
    """Kill a client that waits for many motions; others are then answered as if it had never been."""
    program = textwrap.dedent("""
        import sys
        from motion.formats.files import read_motions
        from motion.rpc.corrector_client import RemoteCorrector
        motions = [motion for motion in read_motions(sys.argv[2]).motions for _ in range(400)]
        print("sent", flush=True)
        RemoteCorrector(sys.argv[1], in_flight=400).correct(motions)
    """)
    with bench.server() as server, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "motion.npz"
        write_motion(path, bench.motions[0])
        client = subprocess.Popen(
            [sys.executable, "-c", program, server.address, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert client.stdout is not None and client.stdout.readline() == "sent\n"
        time.sleep(1.0)
        client.kill()
        client.wait()
        client.stdout.close()
        time.sleep(1.0)
        cpu = server.cpu_seconds()
        time.sleep(2.0)
        cpu = server.cpu_seconds() - cpu
        outcome = bench.correct("client killed with 400 motions waiting", server.address)
        outcome.seen += f" server used {cpu:.2f} CPU s in the 2 s after"
    return outcome


def deadlines_pass(bench: FaultBench) -> Outcome:
    """Let the deadlines of many motions pass; their places are free afterwards."""
    with bench.server() as server, grpc.insecure_channel(server.address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        request = corrector_pb2.CorrectRequest(motion=wire.pack_motion(bench.motions[0]))
        calls = [stub.Correct.future(request, timeout=0.01) for _ in range(200)]
        codes = [call.exception() for call in calls]
        outcome = bench.correct("200 calls with a deadline of 10 ms", server.address)
        passed = sum(code is not None for code in codes)
        outcome.seen += f" {passed} deadlines passed"
    return outcome


def half_open_connections(bench: FaultBench) -> Outcome:
    """Open connections and never speak."""
    with bench.server() as server, ExitStack() as stack:
        host, port = server.address.rsplit(":", 1)
        for _ in range(_HALF_OPEN):
            stack.enter_context(socket.create_connection((host, int(port))))
        time.sleep(0.5)
        opened, start = server.connections(), time.monotonic()
        outcome = bench.correct(f"{_HALF_OPEN} connections that never speak", server.address)
        time.sleep(max(0.0, _HANDSHAKE_SECONDS + 2 - (time.monotonic() - start)))
        outcome.seen += f" {opened} connections at first, {server.connections()} after {_HANDSHAKE_SECONDS + 2:.0f} s"
    return outcome


def diverging_motions(bench: FaultBench) -> Outcome:
    """Send motions that no body can do among the others."""
    rng = np.random.default_rng(0)
    with bench.server() as server:
        told, wild = list[str](), [_impossible(motion, rng) for motion in bench.motions[:20]]

        def send_wild() -> None:
            with RemoteCorrector(server.address) as client:
                for motion in wild:
                    try:
                        (correction,) = client.correct([motion], options=bench.options)
                        is_finite = bool(np.isfinite(correction.motion.positions).all())
                        told.append(correction.report.status if is_finite else "NaN")
                    except PlumbError as error:
                        told.append(type(error).__name__)

        thread = threading.Thread(target=send_wild)
        thread.start()
        outcome = bench.correct("20 motions that no body can do, among others", server.address)
        thread.join()
        counts = ", ".join(f"{told.count(each)} {each}" for each in sorted(set(told)))
        outcome.seen += f" answers to them: {counts}"
    return outcome


def full_queue(bench: FaultBench) -> Outcome:
    """Send far more than a server queues."""
    if bench.program != SIM:
        return Outcome("more motions than the queue takes", 0, seen="this server has no queue")
    with bench.server("--max-queue", "4") as server:
        return bench.correct("more motions than the queue takes (--max-queue 4)", server.address)


def _impossible(motion: Motion, rng: np.random.Generator) -> Motion:
    """Throw the body about, from frame to frame and faster and faster."""
    steps = np.linspace(0, 1.2, len(motion))[:, None, None] * rng.choice([-1, 1], (len(motion), 1, 3))
    flipped = motion.positions[:, :, ::-1] if rng.random() < 0.5 else motion.positions
    return motion.with_positions((flipped + steps).astype(np.float32))


SCENARIOS: dict[str, Callable[[FaultBench], Outcome]] = {
    scenario.__name__: scenario
    for scenario in (
        kill_one_of_three,
        kill_worker,
        kill_and_restart,
        terminate_one_of_two,
        stop_for_a_while,
        stop_for_good,
        client_killed,
        deadlines_pass,
        half_open_connections,
        diverging_motions,
        full_queue,
        memory_limit_reached,
        clock_jumps,
        node_lost,
        log_on_a_full_disk,
        output_on_a_full_disk,
    )
}
