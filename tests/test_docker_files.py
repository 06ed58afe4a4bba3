"""What can be known of the image and of the compose file without an engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.settings import Settings
from benchmarks.dockerfile import copy, ignored, instructions, stages

ROOT = Path(__file__).parents[1]
SETTINGS = {f"ASSISTANT_{name.upper()}" for name in Settings.model_fields}
SETTINGS |= {"ASSISTANT_SETTINGS_FILE", "ASSISTANT_CACHE"}
BUILT = instructions((ROOT / "Dockerfile").read_text())
FINAL = list(stages(BUILT))[-1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PINNED = re.compile(r"[\w./-]+:v?\d+(\.\d+)+(-[\w.-]+)?")
ASKED = {
    *("build", "image", "restart", "depends_on", "environment", "env_file", "ports", "volumes", "tmpfs", "read_only"),
    *("cap_drop", "security_opt", "stop_grace_period", "networks", "healthcheck", "profiles", "command", "deploy"),
}


def rest_of(name: str) -> list[str]:
    return [rest for instruction, rest in FINAL if instruction == name]


def test_base_images_have_a_version_and_are_the_same_in_every_stage() -> None:
    bases = {rest.split()[0] for name, rest in BUILT if name == "FROM"}
    assert len(bases) == 1
    assert all(PINNED.fullmatch(base) for base in bases)


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_ready() -> None:
    (user,) = rest_of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    (check,) = rest_of("HEALTHCHECK")
    assert "/readyz" in check
    ports = {*rest_of("EXPOSE"), *re.findall(r":(\d+)/readyz", check)}
    assert ports == {str(Settings.model_fields["port"].default)}


def test_signals_reach_the_service_and_not_a_shell() -> None:
    assert all(rest.startswith("[") for name in ("ENTRYPOINT", "CMD") for rest in rest_of(name))


def test_nothing_is_fetched_but_by_pip_under_constraints() -> None:
    assert not [rest for name, rest in BUILT if name == "ADD"]
    for name, rest in BUILT:
        if name == "RUN":
            assert not re.search(r"\b(curl|wget|sudo|apt-get|git)\b", rest)
            assert "pip install" not in rest or "-c image-constraints.txt" in rest


def test_what_the_image_is_made_of_is_there_and_gets_through_the_ignore_file(tmp_path: Path) -> None:
    for name, rest in BUILT:
        if name == "COPY" and not rest.startswith("--from"):
            copy(rest, tmp_path)
    placed = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"pyproject.toml", "image-constraints.txt", "assistant/turn.py", "prompts/reply_which.md"} <= placed
    assert {path.split("/")[0] for path in placed if "/" in path} == {"assistant", "retrieval", "prompts"}
    assert not [path for path in placed if "__pycache__" in path]


@pytest.mark.parametrize("path", [".env", "assistant.env", "var/conversations.db", ".git/config", "assistant/a/x.pyc"])
def test_secrets_data_and_rubbish_stay_out_of_the_image(path: str) -> None:
    rules = [rule for rule in (ROOT / ".dockerignore").read_text().splitlines() if rule and rule[0] != "#"]
    assert ignored(path, rules)


def test_every_version_of_the_image_is_exact() -> None:
    lines = (ROOT / "docs" / "image-constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert all(re.fullmatch(r"[\w.!]+", version) for version in pins.values())
    assert {"torch", "transformers", "chromadb", "gradio", "sqlalchemy", "psycopg"} <= {name.lower() for name in pins}
    assert SERVICES["chroma"]["image"].endswith(f":{pins['chromadb']}"), "client and server are of one version"


def variables() -> Iterator[str]:
    for _, rest in (one for one in BUILT if one.name == "ENV"):
        yield from re.findall(r"(\w+)=", rest)
    for service in SERVICES.values():
        yield from service.get("environment", {})
    for manual in (ROOT / "docs" / "operations.md", ROOT / "compose.yaml"):
        yield from re.findall(r"\bASSISTANT_[A-Z_]+\b", manual.read_text())


def test_every_setting_that_is_named_exists() -> None:
    named = {name for name in variables() if name.startswith("ASSISTANT_")}
    assert "ASSISTANT_DATABASE_URL" in named
    assert named <= SETTINGS


def test_the_compose_file_says_only_what_compose_knows_and_names_only_what_is_there() -> None:
    assert set(COMPOSE) == {"name", "services", "networks", "volumes"}
    assert set(SERVICES) == {"assistant", "chroma", "postgres", "language-model"}
    for service in SERVICES.values():
        assert set(service) <= ASKED
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        mounted = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert mounted <= set(COMPOSE["volumes"])
        assert PINNED.fullmatch(service["image"])


def test_only_the_application_has_a_port_and_only_on_this_machine() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"assistant"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["assistant"]["ports"])
    assert SERVICES["postgres"]["networks"] == SERVICES["chroma"]["networks"] == ["inner"]
    assert COMPOSE["networks"]["inner"] == {"internal": True}


def test_the_application_can_write_its_data_and_nothing_else() -> None:
    service = SERVICES["assistant"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service["volumes"], service["tmpfs"]) == (["data:/data"], ["/tmp"])


def test_no_password_stands_in_the_compose_file_and_none_is_left_out_in_silence() -> None:
    for name in ("assistant", "postgres"):
        secrets = [value for value in SERVICES[name]["environment"].values() if "PASSWORD" in value]
        assert secrets
        assert all(re.search(r"\$\{POSTGRES_PASSWORD:\?", value) for value in secrets)


def test_a_container_is_given_longer_to_stop_than_its_turns_are() -> None:
    from assistant.serving import FINISH, GRACE

    assert int(SERVICES["assistant"]["stop_grace_period"].removesuffix("s")) > FINISH + 2 * GRACE


def test_the_language_model_starts_only_when_asked_for() -> None:
    assert SERVICES["language-model"]["profiles"] == ["gpu"]
    devices = SERVICES["language-model"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
