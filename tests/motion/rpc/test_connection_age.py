"""Connections end at a chosen age, so that clients look for new replicas; calls under way are not cut."""

from __future__ import annotations

import threading
from dataclasses import replace

import grpc
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from motion.rpc import wire
from motion.rpc.server import ServerSettings, serving
from motion.v1 import corrector_pb2, corrector_pb2_grpc
from sim_server.service import services

AGED = replace(ServerSettings("127.0.0.1:0"), connection_seconds=0.3)


def _request() -> corrector_pb2.CorrectRequest:
    return corrector_pb2.CorrectRequest(motion=wire.pack_motion(sway()))


def test_a_connection_ends_at_its_age_and_the_next_call_makes_a_new_one() -> None:
    ended = threading.Event()

    def watch(state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.IDLE and connected.is_set():
            ended.set()
        if state is grpc.ChannelConnectivity.READY:
            connected.set()

    connected = threading.Event()
    with serving(services(SmoothingCorrector()), AGED) as address, grpc.insecure_channel(address) as channel:
        channel.subscribe(watch)
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        stub.Correct(_request(), wait_for_ready=True)
        assert ended.wait(timeout=30)
        stub.Correct(_request(), wait_for_ready=True)


def test_a_call_that_lasts_longer_than_a_connection_may_is_answered() -> None:
    with serving(services(SmoothingCorrector(delay=1.0)), AGED) as address, grpc.insecure_channel(address) as channel:
        stub = corrector_pb2_grpc.CorrectorServiceStub(channel)
        assert stub.Correct(_request()).report.completed == 1.0
