"""How clients connect: what the environment says, and what is refused before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificate_factory import Authority

from motion.errors import InvalidInput
from motion.rpc.channel import open_channel
from motion.rpc.client_flags import ClientFlags
from motion.rpc.client_security import ClientSecurity

TOKEN = "alice-token-0123456789"
SERVICE = "motion.v1.CorrectorService"


def test_the_environment_says_all_that_arguments_do(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", "utf-8")
    environment = {
        "PLUMB_CA": "ca.pem",
        "PLUMB_CERT": "my.crt",
        "PLUMB_KEY": "my.key",
        "PLUMB_TOKEN_FILE": str(file),
        "PLUMB_SERVER_NAME": "sim",
        "PLUMB_INSECURE": "1",
    }
    expected = ClientSecurity("ca.pem", Path("my.crt"), Path("my.key"), TOKEN, "sim", True)
    assert ClientSecurity.from_environment(environment) == expected
    assert ClientSecurity.from_environment({**environment, "PLUMB_TOKEN": "x" * 16}).token == "x" * 16
    assert ClientSecurity.from_environment({"PLUMB_CA": "", "PLUMB_INSECURE": ""}) == ClientSecurity()


def test_the_environment_is_used_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLUMB_CA", str(tmp_path / "missing.pem"))
    with pytest.raises(InvalidInput, match=r"^ca: cannot read .*missing.pem: No such file"):
        open_channel("sim:1", SERVICE)
    open_channel("sim:1", SERVICE, ClientSecurity()).close()


def test_what_the_environment_says_wrongly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="PLUMB_INSECURE: is 'yes'; must be 0 or 1"):
        ClientSecurity.from_environment({"PLUMB_INSECURE": "yes"})
    with pytest.raises(InvalidInput, match=r"PLUMB_TOKEN_FILE: cannot read .*: No such file"):
        ClientSecurity.from_environment({"PLUMB_TOKEN_FILE": str(tmp_path / "missing")})


@pytest.mark.parametrize("address", ["sim:1", "10.0.0.1:1", "dns:///sim:1", "ipv4:127.0.0.1:1,10.0.0.1:1"])
def test_a_token_is_not_sent_in_clear_text_to_another_host(address: str) -> None:
    with pytest.raises(InvalidInput, match=r"^token: would be sent in clear text to another host"):
        open_channel(address, SERVICE, ClientSecurity(token=TOKEN))
    open_channel(address, SERVICE, ClientSecurity(token=TOKEN, insecure=True)).close()
    open_channel(address, SERVICE, ClientSecurity(token=TOKEN, ca="public")).close()
    open_channel("localhost:1", SERVICE, ClientSecurity(token=TOKEN)).close()


@pytest.mark.parametrize("token", ["two tokens", "tök", "line\nbreak", ""])
def test_what_cannot_be_a_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_channel("localhost:1", SERVICE, ClientSecurity(token=token))
    assert str(refused.value).startswith("token: has other characters") and (not token or token not in str(refused))


def test_a_token_is_not_in_the_text_of_the_object() -> None:
    assert TOKEN not in repr(ClientSecurity(token=TOKEN))


def test_half_of_a_certificate_is_refused(tmp_path: Path) -> None:
    mine = Authority(tmp_path).issue("client")
    with pytest.raises(InvalidInput, match=r"^cert: is without a key"):
        open_channel("sim:1", SERVICE, ClientSecurity(ca="public", cert=mine.cert))
    with pytest.raises(InvalidInput, match=r"^cert: is without a ca"):
        open_channel("sim:1", SERVICE, ClientSecurity(cert=mine.cert, key=mine.key))
    with pytest.raises(InvalidInput, match=r"^cert: cannot use .*: the key is not that of the certificate"):
        other = Authority(tmp_path, "other").issue("other")
        open_channel("sim:1", SERVICE, ClientSecurity(ca="public", cert=mine.cert, key=other.key))


def test_flags_come_before_the_environment_and_leave_the_rest_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", "utf-8")
    monkeypatch.setenv("PLUMB_CA", "ca.pem")
    monkeypatch.setenv("PLUMB_SERVER_NAME", "sim")
    monkeypatch.setenv("PLUMB_TOKEN_FILE", str(tmp_path / "missing"))
    flags = ClientFlags(ca="public", cert=Path("my.crt"), key=Path("my.key"), token_file=file)
    expected = ClientSecurity("public", Path("my.crt"), Path("my.key"), TOKEN, "sim")
    assert flags.client_security() == expected
    monkeypatch.setenv("PLUMB_TOKEN_FILE", str(file))
    assert ClientFlags().client_security() == ClientSecurity("ca.pem", token=TOKEN, server_name="sim")


def test_flags_name_the_file_that_cannot_be_read_and_can_be_written_down_again(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^--token-file: cannot read .*missing"):
        ClientFlags(token_file=tmp_path / "missing").client_security()
    flags = ClientFlags(ca="public", token_file=Path("my token"))
    assert flags.security_words() == ["--ca", "public", "--token-file", "my token"]
    assert ClientFlags().security_words() == []
