"""Dashboard, alerts, units, containers and the how-to of the lookup service name what is there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
import yaml
from prometheus_client.parser import text_string_to_metric_families

from anchor.cli.app import app
from anchor.settings import Settings
from registry.chain.rpc.ahead import ReaderState
from registry.database.engine import open_database
from registry.http.connections import ConnectionMetrics, Connections
from registry.index.facts import FINALITY_VIOLATED
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.records import BlockRef
from registry.service.metrics import ReadingMetrics, ServiceMetrics
from registry.service.routes.operations import operations_router
from registry.service.service import Service
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees

REPOSITORY = Path(__file__).parents[3]
DEPLOYMENTS = REPOSITORY / "deployments"
MONITORING = DEPLOYMENTS / "monitoring"
UNITS = [DEPLOYMENTS / "systemd" / name for name in ("testamur-index.service", "testamur-serve@.service")]
PAGE = REPOSITORY / "docs" / "how-to" / "monitor.md"
JOB = "testamur-lookup"
CHAIN, CONTRACT = "eip155:31337", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
# Words of PromQL that these expressions use; what is no label, metric or number has to be one of them.
WORDS = {"sum", "max", "by", "increase", "rate", "time", "histogram_quantile", "up"}

DASHBOARD = json.loads((MONITORING / "testamur-lookup.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "lookup-rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> ServiceMetrics:
    """Of a service whose index has everything that can be said of it: a final block, and trouble."""
    folder = tmp_path_factory.mktemp("m")
    engine = open_database(f"sqlite:///{folder / 'm.sqlite'}")
    writer = IndexWriter(engine, CHAIN, CONTRACT)
    head = writer.begin(BlockRef(1, bytes(32), from_unix(1)), genesis_hash=bytes(32))
    writer.settle(head, final=BlockRef(1, bytes(32), from_unix(1)), seen=2)
    writer.trouble(_Violation())
    made = ServiceMetrics(Service(Index(engine, CHAIN, CONTRACT), FolderTrees(folder)))
    made.registry.register(ConnectionMetrics(Connections()))
    limited = ReaderState("http://127.0.0.1:8545", 2, 100, 1.5, "chain-rate-limited")
    made.registry.register(ReadingMetrics(lambda: [limited]))
    made.count("/v1/batches", 200, 0.01)
    return made


class _Violation(Exception):
    code = FINALITY_VIOLATED
    what = "a final block changed"


@pytest.fixture(scope="module")
def samples(metrics: ServiceMetrics) -> dict[str, set[str]]:
    """The labels of each sample, by its name."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_expression_names_metrics_and_labels_that_are_there(expression: str, samples: dict[str, set[str]]) -> None:
    for name, selector in re.findall(r"([a-z_]+)\{([^}]*)\}", expression):
        labels = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", selector))
        assert labels <= {"job", "instance"} | samples.get(name, set())
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", expression)
    names = set(re.findall(r"[a-z_]{2,}", re.sub(r"by \([^)]*\)", "by", bare))) - WORDS
    assert names <= samples.keys()
    assert names or "up{" in expression
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", bare) for label in group.split(",")}
    assert grouped <= {label for name in names for label in samples[name]}
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


def test_the_trouble_that_a_rule_waits_for_has_that_code(metrics: ServiceMetrics) -> None:
    (waited_for,) = {code for one in EXPRESSIONS for code in re.findall(r'code="([^"]+)"', one)}
    assert f'testamur_index_trouble{{code="{waited_for}"}} 1.0' in metrics.exposition().decode()


def test_every_metric_of_ours_is_shown_or_alerted_about_and_explained(samples: dict[str, set[str]]) -> None:
    used, page = " ".join(EXPRESSIONS), PAGE.read_text(encoding="utf-8")
    ours = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in samples if name.startswith("testamur_")}
    ours.discard("testamur_requests")
    assert {name for name in ours if name not in used} == set()
    explained = set(re.findall(r"^\| `(testamur_\w+)` \|", page, re.MULTILINE))
    assert explained == ours


def test_every_rule_says_how_bad_it_is_and_is_explained() -> None:
    daemon = yaml.safe_load((MONITORING / "rules.yml").read_text(encoding="utf-8"))["groups"]
    names = [rule["alert"] for rule in RULES] + [rule["alert"] for group in daemon for rule in group["rules"]]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        written = " ".join(rule["annotations"].values())
        for file in re.findall(r"docs/[\w/-]+\.md", written):
            assert (REPOSITORY / file).is_file()
        for label in re.findall(r"\$labels\.(\w+)", written):
            grouped = re.search(r"by \(([^)]*)\)", rule["expr"])
            assert grouped is None or label in grouped.group(1), rule["alert"]
    assert set(re.findall(r"`(Testamur\w+)`", PAGE.read_text(encoding="utf-8"))) == set(names)


def test_the_dashboard_is_one_and_no_panel_lies_over_another() -> None:
    assert DASHBOARD["uid"] == "testamur-lookup"
    assert "id" not in DASHBOARD
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        assert all('{job="$job"' in target["expr"] for target in panel["targets"])
    for one, other in combinations((panel["gridPos"] for panel in DASHBOARD["panels"]), 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), (one, other)


async def _unanswered(_path: str) -> None:
    """Nothing, as when it is not there in time."""


def test_the_scrape_example_reads_what_the_service_serves() -> None:
    example = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = [one for one in example["scrape_configs"] if one["job_name"] == JOB]
    assert all((MONITORING / name).is_file() for name in example["rule_files"])
    paths = {getattr(route, "path", None) for route in operations_router(_unanswered).routes}
    assert job["metrics_path"] in paths
    assert job["static_configs"][0]["targets"] == [f"127.0.0.1:{_default_port()}"]
    assert f'up{{job="{JOB}"}}' in " ".join(EXPRESSIONS)


# Units and containers


def _command(name: str) -> click.Command:
    group: Any = typer.main.get_command(app)
    found: click.Command = group.commands[name]
    return found


def _options(name: str) -> set[str]:
    return {option for one in _command(name).params for option in (*one.opts, *one.secondary_opts)}


def _default_port() -> int:
    (port,) = [one.default for one in _command("serve").params if one.name == "port"]
    return int(str(port))


def _are_settings(names: set[str]) -> bool:
    ours = {name.removeprefix("TESTAMUR_").lower() for name in names if name.startswith("TESTAMUR_")}
    return bool(ours) and ours <= Settings.model_fields.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_with_options_and_settings_that_are_there(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    words = [*shlex.split(line), *re.findall(r"SERVE_OPTIONS=(\S+)", text)]
    assert words[1] == {"testamur-index.service": "index", "testamur-serve@.service": "serve"}[unit.name]
    assert {word.rstrip(".") for word in words if word.startswith("--")} <= _options(words[1])
    assert _are_settings(set(re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_as_hardened_as_that_of_the_daemon(unit: Path) -> None:
    def hardening(path: Path) -> set[str]:
        text = path.read_text(encoding="utf-8")
        lines = text[text.index("LimitCORE=0") : text.index("[Install]")].splitlines()
        return {line for line in lines if line and not line.startswith("#")}

    assert hardening(unit) == hardening(DEPLOYMENTS / "systemd" / "testamur-daemon.service")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_one_in_the_eyes_of_systemd(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    # Its program and user are on the machine that it is installed on.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/sh", unit.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"^(User|Group)=testamur", r"\1=root", text, flags=re.MULTILINE)
    copy = tmp_path / unit.name.replace("@.", "@8790.")
    copy.write_text(text, encoding="utf-8")
    command = [analyze, "verify", "--man=no", str(copy)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert [line for line in (ran.stdout + ran.stderr).splitlines() if "testamur" in line] == []


@pytest.mark.parametrize("name", ["index", "lookup"])
def test_the_containers_run_what_is_there_as_nobody_special(name: str) -> None:
    services = yaml.safe_load((DEPLOYMENTS / "docker" / "compose.yml").read_text(encoding="utf-8"))["services"]
    service, daemon = services[name], services["daemon"]
    words = service["command"]
    assert words[0] == {"index": "index", "lookup": "serve"}[name]
    assert {word for word in words if word.startswith("--")} <= _options(words[0])
    assert service["image"] == daemon["image"]
    assert _are_settings(set(service["environment"]))
    for each in ("user", "read_only", "cap_drop", "security_opt"):
        assert service[each] == daemon[each]
    assert service["volumes"] == ["data:/var/lib/testamur:ro"]
    assert service["environment"]["TESTAMUR_DATABASE"] == daemon["environment"]["TESTAMUR_DATABASE"]
    if name == "lookup":
        (port,) = service["ports"]
        assert port.startswith("127.0.0.1:")
        assert port.rsplit(":", 1)[1] == words[words.index("--port") + 1] == str(_default_port())
        assert f":{_default_port()}/healthz" in service["healthcheck"]["test"][3]
        first, last = re.findall(r":(\d+)-(\d+):", port)[0]
        assert int(last) - int(first) + 1 >= service["deploy"]["replicas"] >= 2
