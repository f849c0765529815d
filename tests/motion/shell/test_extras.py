"""A missing optional dependency is reported with the extra that installs it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from motion.shell.extras import EXTRAS, MissingExtra, explained_imports, missing_extra

PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "opentelemetry": "opentelemetry-sdk"}


def _run(code: str, *missing: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in which some modules cannot be imported."""
    block = f"import sys\nfor module in {missing!r}: sys.modules[module] = None\n"
    return subprocess.run([sys.executable, "-c", block + code], capture_output=True, text=True)


def test_a_command_without_its_dependency_ends_with_one_sentence_and_status_2() -> None:
    code = "import sys; sys.argv = ['plumb-sim']\nfrom sim_server.cli import main\nmain(['serve'])"
    ended = _run(code, "mujoco")
    assert ended.returncode == 2
    assert ended.stderr == (
        "plumb-sim: the module 'mujoco' is not installed; the physics corrector needs it: "
        "pip install 'plumb-motion[sim]'\n"
    )


@pytest.mark.parametrize(
    ("package", "name", "module", "extra"),
    [("sim_server", "Corrector", "mujoco", "sim"), ("generator", "DiffusionGenerator", "torch", "generator")],
)
def test_a_package_can_be_imported_without_its_dependency(package: str, name: str, module: str, extra: str) -> None:
    ended = _run(f"import {package}; print('imported'); {package}.{name}", module)
    assert ended.stdout == "imported\n"
    assert f"pip install 'plumb-motion[{extra}]'" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(("package", "extra"), [("sim_server", "sim"), ("generator", "generator")])
def test_metrics_of_a_server_need_the_extra_of_its_package(package: str, extra: str) -> None:
    code = f"""
import types
package = types.ModuleType("{package}.service")
exec("from motion.rpc.server import ServerSettings, serve\\n"
     "def run(): serve({{}}, ServerSettings('127.0.0.1:0', metrics_port=0))", package.__dict__)
package.run()
"""
    ended = _run(code, "prometheus_client")
    assert f"pip install 'plumb-motion[{extra}]'" in ended.stderr.splitlines()[-1]


def test_remote_clients_need_neither_mujoco_nor_torch_nor_scipy() -> None:
    code = "from loop_client import RemoteCorrector, RemoteGenerator; import motion.rpc.wire; print('imported')"
    ended = _run(code, "mujoco", "torch", "matplotlib", "sklearn", "prometheus_client")
    assert ended.stdout == "imported\n", ended.stderr
    loaded = _run("import motion.rpc.wire, sys; print('scipy' in sys.modules)")
    assert loaded.stdout == "False\n"


@pytest.mark.parametrize(
    ("package", "module", "extra"),
    [(package, module, extra) for package, extras in EXTRAS.items() for module, extra in extras.items()],
)
def test_the_named_extra_brings_the_module(package: str, module: str, extra: str) -> None:
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    brought, pending = set(), [extra]
    while pending:
        for requirement in extras[pending.pop()]:
            if requirement.startswith("plumb-motion["):
                pending += requirement.removeprefix("plumb-motion[").rstrip("]").split(",")
            brought.add(re.split(r"[<>=\[]", requirement)[0])
    assert DISTRIBUTIONS.get(module, module.replace("_", "-")) in brought


def test_an_unknown_module_is_not_explained() -> None:
    with pytest.raises(ModuleNotFoundError) as failed, explained_imports():
        import no_such_module  # pyright: ignore[reportMissingImports] # noqa: F401
    assert not isinstance(failed.value, MissingExtra)
    assert missing_extra(failed.value) is None


def test_everything_can_be_imported_where_unix_has_more_than_other_systems() -> None:
    code = (
        "import psutil\n"  # a library that knows its system
        "sys.modules.update(dict.fromkeys(('fcntl', 'resource', 'termios', 'pwd')))\n"
        "import importlib, os, pkgutil, motion, sim_server, generator, loop_client\n"
        "if hasattr(os, 'sched_getaffinity'): del os.sched_getaffinity\n"
        "for package in (motion, sim_server, generator, loop_client):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not found.name.endswith('__main__'): importlib.import_module(found.name)\n"
        "print('imported')"
    )
    ended = _run(code)
    assert ended.stdout.endswith("imported\n"), ended.stderr
