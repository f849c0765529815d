"""`plumb-sim serve`: it refuses what it cannot listen on or write, and serves as its flags say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from server_process import ServerProcess
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client import RemoteCorrector
from motion.errors import InvalidInput
from motion.rpc.server import ServerSettings, Services, serving
from sim_server.commands.serve_command import Serve

Run = Callable[..., tuple[int, str, str]]


def test_an_address_in_use_and_an_unwritable_file_are_refused(server: ServerProcess, run: Run) -> None:
    status, _, stderr = run("serve", "--listen", server.address)
    assert status == 2 and f"cannot listen on {server.address}: the port is in use" in stderr
    status, _, stderr = run("serve", "--listen", "127.0.0.1:0", "--announce", "/no/such/folder/address")
    assert status == 2 and "cannot be written" in stderr


@pytest.mark.parametrize(("flags", "least"), [({}, 5.0), ({"min_fps": 12.0}, 12.0)])
def test_motions_of_low_frame_rates_are_refused_by_default(
    flags: dict[str, float], least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def serve(services: Services, settings: ServerSettings, observed: object) -> None:
        with serving(services, settings, observed) as address, RemoteCorrector(address) as client:
            client.correct([sway(20, 1, fps=least)])
            with pytest.raises(InvalidInput) as error:
                client.correct([sway(20, 1, fps=least - 0.5)])
            refused.append(str(error.value))

    monkeypatch.setattr("motion.rpc.server.serve", serve)
    monkeypatch.setattr(Serve, "_open_corrector", lambda self: nullcontext(SmoothingCorrector()))
    Serve(listen="127.0.0.1:0", drain=0.0, **flags).run()
    assert len(refused) == 1 and f"must be at least {least:g} on this server" in refused[0]
