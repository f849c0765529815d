"""`plumb-sim serve`: it refuses what it cannot listen on or write."""

from __future__ import annotations

from collections.abc import Callable

from server_process import ServerProcess

Run = Callable[..., tuple[int, str, str]]


def test_an_address_in_use_and_an_unwritable_file_are_refused(server: ServerProcess, run: Run) -> None:
    status, _, stderr = run("serve", "--listen", server.address)
    assert status == 2 and f"cannot listen on {server.address}: the port is in use" in stderr
    status, _, stderr = run("serve", "--listen", "127.0.0.1:0", "--announce", "/no/such/folder/address")
    assert status == 2 and "cannot be written" in stderr
