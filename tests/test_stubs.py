"""The committed stubs in `motion/v1` are what `make proto` writes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The generators write their version into the stubs, which are not stale because of another patch release.
_VERSION_LINES = re.compile(r"^.*(Protobuf Python Version|GRPC_GENERATED_VERSION =).*$|^    \d+,$", re.MULTILINE)


def _without_versions(text: str) -> str:
    return _VERSION_LINES.sub("", text)


def test_stubs_are_those_of_the_proto_files(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is missing (install the extra `dev`)")
    protos = sorted(str(file.relative_to(ROOT / "proto")) for file in (ROOT / "proto").rglob("*.proto"))
    outputs = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "--proto_path=proto", *outputs, *protos]
    subprocess.run(command, cwd=ROOT, check=True)
    made = {file.name: file.read_text() for file in (tmp_path / "motion/v1").iterdir()}
    committed = {file.name: file.read_text() for file in (ROOT / "motion/v1").glob("*_pb2*.py*")}
    assert committed.keys() == made.keys()
    for name in made:
        assert _without_versions(committed[name]) == _without_versions(made[name]), f"{name} is stale: run `make proto`"


def test_required_runtimes_are_as_new_as_the_stubs() -> None:
    """Stubs cannot be imported with a runtime that is older than the generator that wrote them."""
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lowest = {
        name: version
        for name, version in (requirement.split(">=") for requirement in requirements if ">=" in requirement)
    }
    stub = (ROOT / "motion/v1/corrector_pb2.py").read_text()
    grpc_stub = (ROOT / "motion/v1/corrector_pb2_grpc.py").read_text()
    needed = {
        "protobuf": re.search(r"Protobuf Python Version: ([\d.]+)", stub),
        "grpcio": re.search(r"GRPC_GENERATED_VERSION = '([\d.]+)'", grpc_stub),
    }
    for package, match in needed.items():
        assert match, f"the stubs do not say which {package} they are for"
        assert _numbers(lowest[package]) >= _numbers(match[1]), (
            f"{package}>={lowest[package]}, but the stubs need {match[1]}"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(",")[0].split("."))
