"""The verifier as a package of npm: packed, put into a project without a network, and used as its README says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.receipt.model import embed
from tests.registry.chain.worlds import World
from tests.web.endpoints import NAMES, Issued, endpoints

REPOSITORY = Path(__file__).parents[2]
VERIFIER = REPOSITORY / "registry/service/web/verifier"
MODULES = REPOSITORY / "node_modules"
TYPED = """import { Verifier, verdictJson } from "testamur-verifier";
import { parseJson } from "testamur-verifier/strictjson.js";

const verifier = new Verifier(null, { trust: { chain: "eip155:1", issuers: new Map([[7, "University"]]) } });
const verdict = verdictJson(await verifier.verify(new Uint8Array(), "a"));
export const overall: string = verdict.overall;
// @ts-expect-error it takes bytes
verifier.verify("text", "a");
// @ts-expect-error so does this
parseJson("{}");
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as npm packs it."""
    folder = tmp_path_factory.mktemp("packed")
    source = folder / "source"
    shutil.copytree(VERIFIER, source, ignore=shutil.ignore_patterns("types"))
    (source / "node_modules").symlink_to(MODULES, target_is_directory=True)
    path = f"{MODULES / '.bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["npm", "pack", "--offline", "--json", "--pack-destination", str(folder)]
    done = subprocess.run(
        command, cwd=source, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (archive,) = folder.glob("*.tgz")
    return archive


@pytest.fixture(scope="module")
def project(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the package, and what it needs, in its node_modules."""
    folder = tmp_path_factory.mktemp("project")
    modules = folder / "node_modules"
    modules.mkdir()
    (modules / "@noble").symlink_to(MODULES / "@noble", target_is_directory=True)
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package").rename(modules / "testamur-verifier")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    return folder


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("chain") / "chain") as chain:
        yield Issued(World("embedded", chain.client()))


def test_it_has_each_module_with_its_types_and_nothing_else(packed: Path) -> None:
    with tarfile.open(packed) as archive:
        names = {each.name.removeprefix("package/") for each in archive.getmembers()}
    modules = {each.name for each in VERIFIER.glob("*.js")}
    types = {f"types/{each.removesuffix('.js')}.d.ts" for each in modules}
    assert names == modules | types | {"package.json", "README.md", "LICENSE"}
    assert (VERIFIER / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()


def test_it_needs_what_it_says(packed: Path) -> None:
    about = json.loads((VERIFIER / "package.json").read_text("utf-8"))
    code = "".join(each.read_text("utf-8") for each in VERIFIER.glob("*.js"))
    taken = {"/".join(name.split("/")[:2]) for name in re.findall(r'(?:from |import\()"(@?\w[^"]*)"', code)}
    assert taken == set(about["dependencies"])
    ours = json.loads((REPOSITORY / "package.json").read_text("utf-8"))["devDependencies"]
    assert about["dependencies"] == {name: ours[name] for name in taken}


def test_what_its_readme_says_works(project: Path, issued: Issued) -> None:
    (example,) = re.findall(r"```js\n(.*?)```", (VERIFIER / "README.md").read_text("utf-8"), re.S)
    receipt = issued.receipts[NAMES[0]]
    document = json.dumps(embed(json.loads(issued.documents[NAMES[0]]), receipt))
    with endpoints(issued.client, None) as (endpoint,):
        for said, put in {
            '"https://one.example", "https://another.example"': json.dumps(endpoint.url),
            "eip155:1": issued.chain,
            "[7, ": "[1, ",
        }.items():
            assert said in example
            example = example.replace(said, put)
        (project / "example.js").write_text(example, encoding="utf-8")
        (project / "main.js").write_text(
            'import { check } from "./example.js";\n'
            f'const file = new File([{json.dumps(document)}], "diploma.json");\n'
            f"const changed = new File([{json.dumps(document.replace('Doctor', 'Master'))}], 'diploma.json');\n"
            "console.log(JSON.stringify([await check(file), await check(changed)]));\n",
            encoding="utf-8",
        )
        done = subprocess.run(["node", "main.js"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    good, changed = json.loads(done.stdout)
    assert (good[0], changed[0]) == ("valid with a warning", "not valid")
    assert "integrity: pass. " in good[1]


def test_its_types_hold_for_who_imports_it(project: Path) -> None:
    (project / "typed.ts").write_text(TYPED, encoding="utf-8")
    options = ["--noEmit", "--strict", "--module", "NodeNext", "--target", "ES2022", "--lib", "ES2023,DOM"]
    done = subprocess.run(
        [MODULES / ".bin/tsc", *options, "typed.ts"], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
