"""Dashboard, alerts, units and reference name what is there: metrics, events, endpoints, options and files."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from prometheus_client.parser import text_string_to_metric_families

from anchor.anchoring.loop_state import Status
from anchor.cli.app import app
from anchor.daemon.health import Health
from anchor.daemon.metrics import Metrics
from anchor.daemon.operations import operations_routes
from anchor.notices.notices import EVENTS
from anchor.settings import Settings
from registry.database.engine import open_database
from registry.http.connections import ConnectionMetrics, Connections
from tests.anchor.ledger import ACCOUNT, CHAIN, CONTRACT

REPOSITORY = Path(__file__).parents[3]
MONITORING = REPOSITORY / "deployments" / "monitoring"
DOCKER = REPOSITORY / "deployments" / "docker"
UNIT = REPOSITORY / "deployments" / "systemd" / "testamur-daemon.service"
DASHBOARD = json.loads((MONITORING / "testamur.json").read_text(encoding="utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
# Words of PromQL that these expressions use; what is no label, metric or number has to be one of them.
WORDS = {"sum", "max", "min", "by", "increase", "histogram_quantile"}
LABELS_OF_PROMETHEUS = {"job", "instance"}

Samples = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('d') / 'd.sqlite'}")
    status = Status(
        account=ACCOUNT, lease_held=True, head=1, head_at=1.0, head_time=1.0, final=1, balance=1, anchor_cost=1
    )
    made = Metrics(engine, CHAIN, CONTRACT, [status], endpoints=lambda: {"https://a.example": True})
    made.registry.register(ConnectionMetrics(Connections()))
    yield made
    engine.dispose()


@pytest.fixture(scope="module")
def samples(metrics: Metrics) -> Samples:
    """The labels of each sample, by its name."""
    found: Samples = {"up": [{"job": "testamur", "instance": ""}]}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_expression_names_metrics_labels_and_values_that_are_there(expression: str, samples: Samples) -> None:
    for name, selector in re.findall(r"([a-z_]+)\{([^}]*)\}", expression):
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', selector):
            if label in LABELS_OF_PROMETHEUS:
                continue
            known = {labels[label] for labels in samples[name]}
            assert set(value.split("|") if "~" in operator else [value]) <= known, (name, label)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", expression)
    groups = re.findall(r"by \(([^)]*)\)", bare)
    names = set(re.findall(r"[a-z_]{2,}", re.sub(r"by \([^)]*\)", "by", bare))) - WORDS
    assert names
    assert names <= samples.keys()
    labels = {label for name in names for one in samples[name] for label in one} | LABELS_OF_PROMETHEUS
    assert {label.strip() for group in groups for label in group.split(",")} <= labels
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


def test_every_metric_of_ours_is_shown_or_alerted_about(samples: Samples) -> None:
    used = " ".join(EXPRESSIONS)
    ours = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in samples if name.startswith("testamur_")}
    # Of interest to whoever reads the log of a takeover, and to nobody's dashboard.
    assert {name for name in ours if name not in used} == {"testamur_lease_epoch"}


def test_the_dashboard_is_one() -> None:
    assert DASHBOARD["title"]
    assert DASHBOARD["uid"] == "testamur"
    assert isinstance(DASHBOARD["schemaVersion"], int)
    # Grafana gives it a number of its own when it is imported.
    assert "id" not in DASHBOARD
    variables = {one["name"]: one["type"] for one in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "job": "query"}
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in PANELS:
        assert panel["type"] in ("stat", "timeseries")
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert '{job="$job"' in target["expr"]


def test_no_panel_lies_over_another_or_outside() -> None:
    areas = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    for area in areas:
        assert area["x"] >= 0
        assert area["w"] > 0
        assert area["x"] + area["w"] <= 24
    for one, other in combinations(areas, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)


def test_every_rule_says_how_bad_it_is_and_is_explained() -> None:
    page = (REPOSITORY / "docs" / "how-to" / "monitor.md").read_text(encoding="utf-8")
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        for label in re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())):
            grouped = re.search(r"by \(([^)]*)\)", rule["expr"])
            assert grouped is None or label in grouped.group(1), rule["alert"]
    assert set(names) <= set(re.findall(r"`(Testamur\w+)`", page))


def test_the_scrape_example_reads_what_the_daemon_serves(metrics: Metrics) -> None:
    example = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = [one for one in example["scrape_configs"] if one["job_name"] == "testamur"]
    assert all((MONITORING / name).is_file() for name in example["rule_files"])
    health = Health(open_database("sqlite://"), [], loop_timeout=1.0)
    assert job["metrics_path"] in {route.path for route in operations_routes(health, metrics)}
    assert job["static_configs"][0]["targets"] == [f"127.0.0.1:{_default_port()}"]


# The reference


def _table(heading: str) -> list[list[str]]:
    page = (REPOSITORY / "docs" / "reference" / "daemon.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found
    rows = re.findall(r"^\| (`.+) \|$", found.group(1), re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_the_reference_has_every_event() -> None:
    rows = {cells[0].strip("`"): cells[1:] for cells in _table("Events")}
    assert {event: (cells[0], cells[1]) for event, cells in rows.items()} == {
        event: (str(level), meaning) for event, (level, meaning) in EVENTS.items()
    }
    assert all(cells[2] for cells in rows.values())


def test_the_reference_has_every_metric(metrics: Metrics) -> None:
    documented = {}
    for name, kind, labels, words in _table("Metrics"):
        documented[name.strip("`")] = (kind, set(re.findall(r"`(\w+)`", labels)), words)
    actual = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        if family.name.startswith("testamur_") and not family.name.endswith("_created"):
            name = family.name + ("_total" if family.type == "counter" else "")
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            actual[name] = (family.type, labels, family.documentation)
    assert documented.keys() == actual.keys()
    for name, (kind, labels, words) in actual.items():
        assert documented[name][:2] == (kind, labels), name
        assert documented[name][2].startswith(words.rstrip(".")), name


def test_the_reference_has_every_endpoint(metrics: Metrics) -> None:
    health = Health(open_database("sqlite://"), [], loop_timeout=1.0)
    paths = {route.path for route in operations_routes(health, metrics)}
    assert {cells[0].strip("`") for cells in _table("Endpoints")} == paths


# The units


def _daemon() -> Any:
    return typer.main.get_command(app).commands["daemon"]  # type: ignore[attr-defined]


def _default_port() -> int:
    (port,) = [one.default for one in _daemon().params if one.name == "port"]
    return int(port)


def _options() -> set[str]:
    return {name for parameter in _daemon().params for name in parameter.opts}


def _environment_is_settings(names: set[str]) -> None:
    ours = {name.removeprefix("TESTAMUR_").lower() for name in names if name.startswith("TESTAMUR_")}
    assert ours
    assert ours <= Settings.model_fields.keys()


def test_the_unit_starts_the_daemon_with_options_and_settings_that_are_there() -> None:
    text = UNIT.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    words = shlex.split(command)
    assert words[1] == "daemon"
    assert {word for word in words if word.startswith("--")} <= _options()
    _environment_is_settings(set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)))


def test_the_unit_is_one_in_the_eyes_of_systemd(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    # Its program and user are on the machine that it is installed on.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/sh", UNIT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"^(User|Group)=testamur", r"\1=root", text, flags=re.MULTILINE)
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    command = [analyze, "verify", "--man=no", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    complaints = [line for line in (ran.stdout + ran.stderr).splitlines() if UNIT.name in line]
    assert complaints == []


def test_the_image_is_built_from_files_that_are_there_and_runs_as_nobody_special() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    copied = [source for word, rest in steps if word == "COPY" and "--from" not in rest for source in rest.split()[:-1]]
    allowed = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    assert set(copied) == allowed
    assert [source for source in copied if not (REPOSITORY / source).exists()] == []
    last = dict(steps[max(i for i, step in enumerate(steps) if step[0] == "FROM") :])
    assert last["USER"].split(":")[0] == "10001"
    assert "/healthz" in last["HEALTHCHECK"]
    assert f":{_default_port()}/" in last["HEALTHCHECK"]
    assert last["EXPOSE"] == str(_default_port())
    command = json.loads(last["ENTRYPOINT"]) + json.loads(last["CMD"])
    assert command[:2] == ["testamur", "daemon"]
    assert {word for word in command if word.startswith("--")} <= _options()
    assert all(rest.split()[0] == "python:3.11-slim" for word, rest in steps if word == "FROM")
    _environment_is_settings(set(re.findall(r"(TESTAMUR_\w+)=", text)))


def test_the_compose_file_hangs_together() -> None:
    content = yaml.safe_load((DOCKER / "compose.yml").read_text(encoding="utf-8"))
    services = content["services"]
    assert services.keys() == {"database", "daemon", "index", "lookup"}
    daemon, database = services["daemon"], services["database"]
    assert (DOCKER / daemon["build"]["context"]).resolve() == REPOSITORY
    assert (REPOSITORY / daemon["build"]["dockerfile"]).is_file()
    assert daemon["depends_on"]["database"]["condition"] == "service_healthy"
    assert database["healthcheck"]["test"]
    assert "/" not in database["image"]
    _environment_is_settings(set(daemon["environment"]))
    assert not daemon["user"].startswith("0")
    assert daemon["read_only"] is True
    assert daemon["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", []))
    assert content["networks"]["inside"] == {"internal": True}
    for service in services.values():
        assert set(service["networks"]) <= content["networks"].keys()
        named = {volume.split(":")[0] for volume in service["volumes"] if not volume.startswith(("$", ".", "/"))}
        assert named <= content["volumes"].keys()
    # The password is written in neither file.
    assert "${POSTGRES_PASSWORD" in daemon["environment"]["PGPASSWORD"]
    assert ":" not in daemon["environment"]["TESTAMUR_DATABASE"].split("//")[1].split("@")[0]
