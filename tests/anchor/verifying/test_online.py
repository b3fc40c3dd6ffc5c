"""`verify --online` reads the status lists that a credential names, and without it nothing is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anchor.verifying import outside
from tests.conftest import Run
from tests.registry.online.servers import answer, serving
from tests.registry.online.test_status_lists import SET, entry, listing


def test_a_list_withdraws_a_credential_only_where_it_may_be_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as served:
        monkeypatch.setattr(outside, "Fetcher", served.fetcher)
        url = served.url("/1")
        served.answers["/1"] = answer(listing(url))
        for name, index in (("revoked", SET), ("good", SET + 1)):
            content = {"type": ["VerifiableCredential"], "id": f"urn:{name}", "credentialStatus": entry(url, index)}
            Path(f"{name}.json").write_text(json.dumps(content))

        def status(name: str, *words: str) -> tuple[int, str]:
            ran = run("verify", f"{name}.json", "--json", *words)
            return ran.code, next(each["code"] for each in ran.json["checks"] if each["name"] == "status")

        assert status("revoked") == (2, "no-receipt")
        assert served.asked == []
        assert status("revoked", "--online") == (1, "listed-revoked")
        assert status("good", "--online") == (2, "no-receipt")
        told = " ".join(run("verify", "revoked.json", "--online").out.split())
        assert "That is said by the list and not by the chain" in told
