"""The files in `deploy/`: manifests satisfy Kubernetes' schemas, and what they ask the server for exists."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tyro
import yaml

from motion.v1 import corrector_pb2
from sim_server.commands.serve_command import Serve

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes/sim.yaml").read_text("utf-8")))
KINDS = {each["kind"]: each for each in MANIFESTS}
POD = KINDS["Deployment"]["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def _flags(arguments: list[str]) -> Serve:
    """Parse the arguments of `plumb-sim serve`."""
    assert arguments[0] == "serve"
    return tyro.cli(Serve, args=arguments[1:])


def _container_file() -> list[tuple[str, str]]:
    """Return the instructions of the Containerfile, each with its arguments."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


@pytest.mark.parametrize("version", ["1.30", "1.33", "latest"])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
def test_manifests_satisfy_the_schemas_of_kubernetes(manifest: dict[str, Any], version: str) -> None:
    validation = pytest.importorskip("kubernetes_validate")
    wanted = validation.latest_version() if version == "latest" else version
    validation.validate(manifest, wanted, strict=True)


def test_the_schemas_refuse_a_manifest_with_a_misspelt_field() -> None:
    validation = pytest.importorskip("kubernetes_validate")
    broken = json.loads(json.dumps(KINDS["Deployment"]))
    broken["spec"]["template"]["spec"]["terminationGraceSeconds"] = 10
    with pytest.raises(Exception, match="terminationGraceSeconds"):
        validation.validate(broken, validation.latest_version(), strict=True)


def test_the_service_is_headless_and_selects_the_pods() -> None:
    service, labels = KINDS["Service"]["spec"], KINDS["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert service["clusterIP"] == "None"
    assert service["selector"].items() <= labels.items()
    assert KINDS["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    names = {port["name"] for port in CONTAINER["ports"]}
    assert {port["targetPort"] for port in service["ports"]} <= names


def test_the_server_takes_the_arguments_of_all_deployments() -> None:
    flags = _flags(CONTAINER["args"])
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert flags.listen == f"0.0.0.0:{ports['grpc']}" and flags.metrics_port == ports["metrics"]
    flags.server_settings()
    for name in ("sim-1", "sim-2"):
        _flags(COMPOSE["services"][name]["command"]).server_settings()
    (command,) = [json.loads(rest) for instruction, rest in _container_file() if instruction == "CMD"]
    _flags(command).server_settings()


def test_probes_ask_for_the_health_of_the_service_that_there_is() -> None:
    service = corrector_pb2.DESCRIPTOR.services_by_name["CorrectorService"].full_name
    for name in ("startupProbe", "readinessProbe"):
        assert CONTAINER[name]["grpc"] == {"port": 50051, "service": service}
    assert CONTAINER["livenessProbe"]["grpc"]["port"] == 50051


def test_a_pod_has_the_time_that_draining_takes() -> None:
    flags = _flags(CONTAINER["args"])
    sleep = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert POD["terminationGracePeriodSeconds"] >= sleep + flags.drain + flags.grace + 5
    # Readiness is asked often enough that load balancers see the drain.
    assert CONTAINER["readinessProbe"]["periodSeconds"] * CONTAINER["readinessProbe"]["failureThreshold"] < flags.drain
    compose = COMPOSE["services"]["sim-1"]
    limits = _flags(compose["command"])
    assert float(compose["stop_grace_period"].rstrip("s")) >= limits.drain + limits.grace


def test_clients_find_new_replicas_because_connections_end() -> None:
    settings = _flags(CONTAINER["args"]).server_settings()
    assert settings.connection_seconds == 60


def test_autoscaling_looks_at_a_metric_that_the_server_has() -> None:
    from test_dashboard import metric_names

    (metric,) = KINDS["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] in metric_names()


def test_the_image_installs_the_corrector_and_nothing_of_the_generator() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    assert re.findall(r"\.whl\)\[([\w,]+)\]", text) == ["sim"]
    assert not [line for line in extras["sim"] if re.match(r"(torch|diffusers|transformers|ray)\b", line)]


def test_what_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    for instruction, rest in _container_file():
        if instruction == "COPY" and not rest.startswith("--from"):
            for source in shlex.split(rest)[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source.removeprefix('./')}" in ignored


def test_the_image_runs_as_a_user_without_rights() -> None:
    users = [rest for instruction, rest in _container_file() if instruction == "USER"]
    assert users and users[-1] not in ("0", "root")
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]


def test_files_that_compose_mounts_exist() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert (DEPLOY / volume.partition(":")[0]).is_file()
    targets = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text("utf-8"))["scrape_configs"][0]["static_configs"]
    assert {target.partition(":")[0] for target in targets[0]["targets"]} <= set(COMPOSE["services"])


def test_images_have_no_registry_in_their_names() -> None:
    images = [rest.split()[0] for instruction, rest in _container_file() if instruction == "FROM"]
    images += [service["image"] for service in COMPOSE["services"].values()] + [CONTAINER["image"]]
    assert not [image for image in images if "." in image.partition("/")[0] and "/" in image]
