"""Files of tokens: what a line may say, what is refused, and that a token is never in a text."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motion.errors import InvalidInput
from motion.rpc.server_settings import Quotas
from motion.rpc.tokens import Client, TokenFile, read_tokens

ALICE, BOB = "alice-token-0123456789", "bob-token-0123456789ab"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"# who\n\n{ALICE} alice correct,score calls=8 seconds=3600\n{BOB}\tbob admin\n", "utf-8")
    return path


def test_a_line_gives_a_client_name_rights_and_quotas(path: Path) -> None:
    tokens = TokenFile(path)
    alice = tokens.find(ALICE)
    assert alice == Client("alice", frozenset({"correct", "score"}), Quotas(8, 3600))
    assert alice.may("correct") and not alice.may("fit") and not alice.may("admin")
    bob = tokens.find(BOB)
    assert bob and bob.quotas is None and all(bob.may(right) for right in ("correct", "sample", "fit", "admin"))
    assert tokens.find("") is None and tokens.find(ALICE[:-1]) is None and tokens.find(ALICE + "0") is None


def test_a_digest_stands_for_its_token(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"sha256:{hashlib.sha256(ALICE.encode()).hexdigest()} alice fit\n", "utf-8")
    tokens = TokenFile(path)
    assert (found := tokens.find(ALICE)) and found.name == "alice"
    assert tokens.find(path.read_text("utf-8").split()[0]) is None


@given(given=st.text(max_size=40))
def test_no_other_text_is_a_token(given: str) -> None:
    entries = [(hashlib.sha256(ALICE.encode()).digest(), Client("alice", frozenset({"fit"})))]
    tokens = TokenFile.__new__(TokenFile)
    tokens._clients = entries
    tokens._reload = lambda: None
    assert (tokens.find(given) is not None) == (given == ALICE)


def test_every_token_is_compared_in_constant_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def count(left: bytes, right: bytes) -> bool:
        compared.append(right)
        return compare(left, right)

    tokens = TokenFile(path)
    monkeypatch.setattr("motion.rpc.tokens.hmac.compare_digest", count)
    counts = []
    for token in (ALICE, BOB, "nobody"):
        tokens.find(token)
        counts.append(len(compared))
        compared.clear()
    assert counts == [2, 2, 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (ALICE, "has 1 fields; must be TOKEN NAME RIGHTS"),
        ("short alice correct", "has a token of 5 characters; must have 16"),
        ("sha256:abcdefabcdef alice correct", "must have 16 characters or more, or sha256: with 64"),
        (f"{ALICE} al/ice correct", "has a name with other characters"),
        (f"{ALICE} alice correct,root", "has the right 'root'; must be some of correct, score, sample, fit, admin"),
        (f"{ALICE} alice correct calls=0", "has 'calls=0'; must be calls=N or seconds=N with N above 0"),
        (f"{ALICE} alice correct bytes=5", "has 'bytes=5'; must be"),
    ],
)
def test_a_wrong_line_is_named_by_its_number_and_no_token_is_shown(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"{BOB} bob fit\n{line}\n", "utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_tokens(path)
    text = str(refused.value)
    assert text.startswith(f"--tokens: line 2 of {path} ") and reason in text
    assert BOB not in text and ALICE not in text and "short" not in text


def test_files_without_tokens_or_with_one_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    with pytest.raises(InvalidInput, match="No such file"):
        read_tokens(path)
    path.write_text("# nobody\n", "utf-8")
    with pytest.raises(InvalidInput, match="has no token"):
        read_tokens(path)
    path.write_text(f"{BOB} bob fit\n{BOB} eve admin\n", "utf-8")
    with pytest.raises(InvalidInput, match="has one token twice"):
        read_tokens(path)


def test_a_change_holds_at_once_and_a_wrong_one_is_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tokens = TokenFile(path)
    path.write_text(f"{BOB} robert fit\n", "utf-8")
    assert tokens.find(ALICE) is None and (bob := tokens.find(BOB)) and bob.name == "robert"
    path.write_text("nonsense\n", "utf-8")
    assert (bob := tokens.find(BOB)) and bob.name == "robert"
    assert "the tokens stay as they were: --tokens: line 1" in caplog.text
    os.remove(path)
    assert tokens.find(BOB) is not None
    path.write_text(f"{ALICE} alice fit\n", "utf-8")
    assert tokens.find(BOB) is None and tokens.find(ALICE) is not None
