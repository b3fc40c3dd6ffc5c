"""What stands around the code runs what is there: CI the script that everybody runs, hooks the tools of `.venv`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]


def read(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / name).read_text(encoding="utf-8"))


def test_ci_runs_the_script_that_everybody_runs() -> None:
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    *_, installing, running = (step["run"] for step in job["steps"] if "run" in step)
    assert running == ".ci/run"
    script = (REPOSITORY / ".ci/run").read_text(encoding="utf-8")
    # What the script would install without the rights to is there before; a browser is part of the machine.
    wanted = set(re.findall(r"for program in ([^;]+);", script)[0].split()) | set(
        re.findall(r"missing\+=\((\w+)\)", script)
    )
    assert wanted <= set(installing.split())


def test_hooks_are_local_and_use_what_make_installs() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    locked = (REPOSITORY / "requirements/dev.txt").read_text(encoding="utf-8")
    tools = {"lint-imports": "import-linter"}
    for hook in repository["hooks"]:
        folder, _, tool = hook["entry"].split()[0].rpartition("/")
        assert (hook["language"], folder) == ("system", ".venv/bin")
        assert f"\n{tools.get(tool, tool)}==" in locked


def test_every_target_that_contributors_are_told_is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):.*##", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    for name in ("CONTRIBUTING.md", "README.md", "CHANGELOG.md", "ARCHITECTURE.md"):
        told = set(re.findall(r"(?<!portfolio )make ([a-z-]+)", (REPOSITORY / name).read_text(encoding="utf-8")))
        assert told - {"demo"} <= targets | {"test"}, name


def test_locks_name_no_host() -> None:
    for lock in (REPOSITORY / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        assert "--hash=sha256:" in text
