"""Every command that calls a server takes the flags of TLS and tokens, and connects by them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from certificate_factory import Authority
from corrector_calls import served
from smoothing_corrector import SmoothingCorrector
from swaying_body import sway

from loop_client.commands.demo import Demo
from loop_client.commands.evaluation import Score as GeneratorScore
from loop_client.commands.runs import Run
from motion.errors import PlumbError
from motion.formats.files import write_motion
from motion.rpc.client_flags import ClientFlags
from motion.rpc.server_settings import ServerSecurity
from sim_server.cli import Command as SimCommand
from sim_server.commands.correct_command import Correct
from sim_server.commands.evaluate_command import Evaluate
from sim_server.commands.score_command import Score

TOKEN = "alice-token-0123456789"


def test_every_command_with_an_address_of_a_server_has_the_flags() -> None:
    commands = [annotated.__origin__ for annotated in SimCommand.__args__]
    callers = [each for each in commands if "server" in {field.name for field in dataclasses.fields(each)}]
    assert {Correct, Evaluate, Score} <= set(callers)
    assert all(issubclass(each, ClientFlags) for each in (*callers, Run, Demo, GeneratorScore))


def test_commands_connect_by_their_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("motion.rpc.channel.MAX_ATTEMPTS", 2)
    authority = Authority(tmp_path)
    pair, mine = authority.issue("server.test"), authority.issue("client")
    tokens, token, motion = tmp_path / "tokens", tmp_path / "token", tmp_path / "sway.npz"
    tokens.write_text(f"{TOKEN} alice correct,score\n", "utf-8")
    token.write_text(TOKEN, "utf-8")
    write_motion(motion, sway(24, name="sway"))
    connection = {"ca": str(authority.cert), "cert": mine.cert, "key": mine.key, "token_file": token}
    with served(
        SmoothingCorrector(), security=ServerSecurity(pair.cert, pair.key, authority.cert, tokens=tokens)
    ) as address:
        for command in (
            Correct((motion,), tmp_path / "out.npz", server=address, **connection),
            Evaluate((motion,), server=address, **connection),
            Score((motion,), server=address, **connection),
        ):
            assert command.run() == 0
        for missing in connection:
            less = {name: value for name, value in connection.items() if name != missing}
            with pytest.raises(PlumbError):
                Score((motion,), server=address, **less).run()
