"""Cores that may be used, and one BLAS thread while small products are computed."""

import os
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from motion import cpu


def _group(root: Path, name: str, **files: str) -> None:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / file.replace("__", ".")).write_text(text)


@pytest.mark.parametrize(
    ("own", "groups", "cores"),
    [
        ("0::/pod/app\n", {"pod/app": {"cpu__max": "250000 100000\n"}}, 2.5),
        ("0::/pod/app\n", {"pod/app": {"cpu__max": "max 100000\n"}, "pod": {"cpu__max": "100000 100000\n"}}, 1.0),
        ("0::/seen/by/host/only\n", {"": {"cpu__max": "400000 100000\n"}}, 4.0),
        ("4:cpu,cpuacct:/app\n", {"cpu/app": {"cpu__cfs_quota_us": "150000", "cpu__cfs_period_us": "100000"}}, 1.5),
        ("4:cpu:/app\n", {"cpu/app": {"cpu__cfs_quota_us": "-1", "cpu__cfs_period_us": "100000"}}, np.inf),
        ("0::/\n", {"": {"cpu__max": "nonsense\n"}}, np.inf),
        ("7:memory:/app\n", {}, np.inf),
    ],
)
def test_the_quota_of_the_control_group_is_read(
    tmp_path: Path, own: str, groups: dict[str, dict[str, str]], cores: float
) -> None:
    (tmp_path / "own").write_text(own)
    root = tmp_path / "cgroup"
    for name, files in groups.items():
        _group(root, name, **files)
    assert cpu._cgroup_quota(root, tmp_path / "own") == cores


def test_there_is_no_quota_where_there_are_no_control_groups(tmp_path: Path) -> None:
    assert cpu._cgroup_quota(tmp_path, tmp_path / "none") == np.inf


def test_a_quota_below_the_affinity_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "_cgroup_quota", lambda root, own: 1.2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert cpu.usable_cores() == 2


def test_a_system_without_affinity_gives_its_core_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(cpu, "_cgroup_quota", lambda root, own: np.inf)
    assert cpu.usable_cores() == 6


def _blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_one_blas_thread_inside_nested_blocks_and_the_old_number_after_them() -> None:
    before = _blas_threads()
    with cpu.single_threaded_blas():
        with cpu.single_threaded_blas():
            assert _blas_threads() == {1}
        assert _blas_threads() == {1}
    assert _blas_threads() == before
