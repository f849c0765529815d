"""`plumb-sim serve --ray` refuses flags that are for processes of the server, before it looks for a cluster."""

from __future__ import annotations

import pytest

from sim_server.cli import main
from sim_server.cluster.ray_executor import policy_for_nodes


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--threads", "2"], "--threads"),
        (["--max-simulated", "10"], "--max-simulated"),
        (["--quarantine", "folder"], "--quarantine"),
        (["--max-connection-age", "0"], "--max-connection-age"),
    ],
)
def test_flags_that_do_not_go_with_a_cluster_are_refused(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--ray", "127.0.0.1:1", "--listen", "127.0.0.1:0", *flags])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_nodes_are_told_the_whole_path_of_a_policy_but_the_name_as_it_is(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert policy_for_nodes("plumb-1") == "plumb-1" and policy_for_nodes("") == ""
    assert policy_for_nodes(".") == str(tmp_path)
