"""A wallet of others takes what is offered, over HTTP as it comes, and what it holds is what was anchored."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from anchor.issuing.templates.model import Form
from anchor.wallets.app import create_app
from registry.http.server import Server, front_of, listening
from tests.anchor.begun import begun
from tests.anchor.issuing.made import TEMPLATE, row
from tests.anchor.issuing.registrar import Registrar
from tests.anchor.wallets.site import ISSUER, Given, Site, site_in
from tests.conftest import commands_in
from tests.interop.others import REPOSITORY, missing
from tests.interop.rows import Row, Section

__all__ = ["begun"]

WALLET: Final = Path(__file__).with_name("wallet.mjs")
_PACKAGE: Final = "@openid4vc/openid4vci"
SELECTIVE: Final = replace(TEMPLATE, id="urn:uuid:7d5b5f0e-6a53-4f0e-8a7e-0d6d0c1f7a55", form=Form.SD_JWT)
TAKEN: Final = "taken, and valid here"
REFUSED: Final = "invalid_grant"

ROWS: Final = (
    Row(Section.OURS, "an offer of `testamur wallet`: a credential in JSON", _PACKAGE, TAKEN),
    Row(Section.OURS, "an offer of `testamur wallet`: an SD-JWT VC", _PACKAGE, TAKEN),
    Row(Section.OURS, "an offer of `testamur wallet`, with a wrong transaction code", _PACKAGE, REFUSED),
    Row(Section.OURS, "an offer of `testamur wallet`, taken a second time", _PACKAGE, REFUSED),
)


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The wallet server, listening."""
    server = Server(front_of(create_app(site.desk, rate=100), grace_seconds=1).config)
    with listening("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def taken(at: str, **offers: tuple[Given, list[str]]) -> Any:
    """What the wallet has of each offer; the codes are tried in turn."""
    node = shutil.which("node")
    if node is None or not (REPOSITORY / "node_modules" / _PACKAGE).is_dir():
        missing("node and the packages of package.json are not here: run `npm ci`")
    asked = {name: {"link": given.link, "codes": codes} for name, (given, codes) in offers.items()}
    question = json.dumps({"issuer": ISSUER, "at": at, "offers": asked})
    ran = subprocess.run([str(node), str(WALLET)], input=question, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_wallet_of_others_takes_what_is_offered(begun: Path, tmp_path: Path) -> None:
    with site_in(tmp_path, begun) as site:
        run = site.issued([row(5), row(6), row(7)])
        plain, wrong, again = site.offer(run)
        other = Registrar(site.workspace, SELECTIVE)
        (selective,) = site.offer(other.issue([row(8)]))
        with served(site) as at:
            told = taken(
                at,
                plain=(plain, [plain.wrong, plain.code]),
                selective=(selective, [selective.code]),
                wrong=(wrong, [wrong.wrong, plain.code]),
                again=(again, [again.code, again.code]),
            )
        assert [each["refused"] for each in told.values()] == [[REFUSED], [], [REFUSED, REFUSED], [REFUSED]]
        assert told["plain"]["version"] == "V1"
        assert told["wrong"]["credentials"] == {}
        assert {site.of(each).event for each in (plain, selective, again)} == {"credential_accepted"}
        (credential,) = told["plain"]["credentials"]["ldp_vc"]
        (token,) = told["selective"]["credentials"]["dc+sd-jwt"]
        # What goes beside an SD-JWT, which no wallet has a place for, is among the files.
        with zipfile.ZipFile(io.BytesIO(site.type_code(selective, selective.code).content)) as files:
            assert files.read("credential.sdjwt").decode() == token
            receipt = files.read("credential.sdjwt.receipt.json")
    (tmp_path / "held.json").write_text(json.dumps(credential))
    (tmp_path / "held.sdjwt").write_text(token)
    (tmp_path / "held.sdjwt.receipt.json").write_bytes(receipt)
    with commands_in(tmp_path) as command:
        for name in ("held.json", "held.sdjwt"):
            verdict = command("verify", name, "--data-folder", "data", "--trust", "1", "--json").json
            outcomes = {each["name"]: each["outcome"] for each in verdict["checks"]}
            assert [outcomes[each] for each in ("integrity", "inclusion", "status")] == ["pass"] * 3, verdict
            # The chain is one for practice, and nobody was asked whose key it is.
            assert verdict["overall"] == "valid with a warning", name
