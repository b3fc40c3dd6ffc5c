"""What a person decided about a batch ends by a person's word alone, and commands that read change nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import typer.main
from sqlalchemy import Engine, event, select, update

from anchor.anchoring.now import Now
from anchor.batching.as_on_chain import as_on_chain
from anchor.books.attempts import anchor_purpose, withheld
from anchor.books.batches import BatchRow
from anchor.books.jobs import JobStore
from anchor.books.tables import BY_PERSON, BatchState, batch, job, leaf
from anchor.cli.app import app
from anchor.workspace import Workspace
from registry.database.metadata import metadata
from tests.anchor.begun import begun, files, issuer, sealed_job, working
from tests.conftest import Ran, Run
from tests.registry.audit.test_event_figures import written as file_of_events

__all__ = ["begun", "issuer"]


def state(run: Run, number: str) -> str:
    return str(run("jobs", "show", number, "--json").json["state"])


def row_of(number: str) -> BatchRow:
    with working() as here, here.folder.engine.connect() as connection:
        which = connection.execute(select(job.c.batch).where(job.c.id == number)).scalar_one()
        found = here.store.by_id(which)
        assert found is not None
        return found


def is_anchored(number: str) -> bool:
    row = row_of(number)
    with working() as here:
        return here.contract.batch(row.issuer, row.root) is not None


def cancelled_job(run: Run) -> str:
    number = sealed_job(run, "taken-back", "ada", "eve")
    set_batch(number, state=BatchState.CANCELLED)
    with working() as here, here.folder.engine.begin() as connection:
        connection.execute(update(job).where(job.c.id == number).values(state="cancelled"))
    return number


def set_batch(number: str, **values: object) -> None:
    row = row_of(number)
    with working() as here, here.folder.engine.begin() as connection:
        connection.execute(update(batch).where(batch.c.id == row.id).values(**values))


def test_a_parked_batch_waits_whatever_else_is_anchored(run: Run, issuer: int) -> None:
    number = sealed_job(run, "wrong", "ada", "bob")
    assert run("jobs", "park", number, "--why", "wrong export").code == 0
    assert "jobs retry" in run("status").out
    assert run("anchor", files("other", "cyd")).code == 0
    assert run("anchor", "--resume").code == 0
    # The same set again is no word about the one that was put aside.
    assert "put aside" in run("anchor", "wrong").out
    refused = run("anchor", "wrong", "--reissue", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "put-aside")
    assert (state(run, number), is_anchored(number)) == ("parked", False)
    assert run("jobs", "retry", number).code == 0
    assert [each["state"] for each in run("anchor", "--resume", "--json").json["batches"]] == ["final"]
    assert (state(run, number), is_anchored(number)) == ("final", True)


def test_a_batch_that_was_asked_back_is_not_sent_by_a_command(run: Run, issuer: int) -> None:
    number = sealed_job(run, "wrong", "ada")
    assert run("jobs", "cancel", number).code == 0
    run("status")
    assert run("anchor", files("other", "cyd")).code == 0
    refused = run("anchor", "wrong", "--reissue", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "taken-back")
    assert not is_anchored(number)


def test_a_cancelled_batch_stays_so_until_the_same_set_is_anchored_on_purpose(run: Run, issuer: int) -> None:
    number = cancelled_job(run)
    run("status")
    assert run("anchor", files("other", "cyd")).code == 0
    assert (state(run, number), is_anchored(number)) == ("cancelled", False)
    assert run("receipts", f"0x{row_of(number).root.hex()}", "-o", "out").code == 1
    again = run("anchor", "taken-back", "--json").json
    assert (again["new"], [each["state"] for each in again["batches"]]) == (2, ["final"])
    assert run("receipts", again["batches"][0]["root"], "-o", "out").code == 0
    assert len(list(Path("out").iterdir())) == 2


def test_a_cancelled_batch_that_landed_all_the_same_is_called_anchored(run: Run, issuer: int) -> None:
    number = cancelled_job(run)
    row = row_of(number)
    with working() as here:
        data = here.contract.anchor_data(issuer, row.root, row.leaf_count)
        here.sender.settle("by hand", here.contract.address, data)
    shown = next(each for each in run("status", "--json").json["batches"] if each["root"] == f"0x{row.root.hex()}")
    assert (shown["state"], shown["sequence"]) == ("final", 1)
    # `status` has read it; the next one that writes takes it down.
    assert state(run, number) == "cancelled"
    with working() as here:
        Now(here).seen(row)
    assert state(run, number) == "final"
    history = run("jobs", "show", number, "--json").json["history"]
    assert "anchored all the same" in history[-1]["detail"]
    digest = next(iter(leaves_of(row)))
    assert run("revoke", digest.hex(), "--yes", "--json").json["revoked"] == 1


def leaves_of(row: BatchRow) -> list[bytes]:
    with working() as here:
        return [each.digest for each in here.store.leaves(row)]


@pytest.mark.parametrize(
    "decided", [{"state": BatchState.CANCELLED}, {"state": BatchState.PARKED, "parked_code": BY_PERSON}]
)
def test_no_update_leaves_what_a_person_decided(run: Run, issuer: int, decided: dict[str, object]) -> None:
    number = sealed_job(run, "jobs", "ada")
    # As a process has it that read the row before.
    before = row_of(number)
    set_batch(number, **decided)
    with working() as here:
        for one in BatchState:
            if one not in ("mined", "safe", "final"):
                assert here.store.update(replace(before, state=one)).state is decided["state"]
        assert here.store.update(replace(before, state=BatchState.MINED)).state is BatchState.MINED


def test_the_transaction_of_a_parked_batch_is_not_sent_again(run: Run, issuer: int) -> None:
    number = sealed_job(run, "jobs", "ada")
    row = row_of(number)
    with working() as here:
        assert anchor_purpose(issuer, row.root) not in withheld(here.folder.engine, here.chain)
        assert run_in(here, "park", number)
        assert anchor_purpose(issuer, row.root) in withheld(here.folder.engine, here.chain)


def run_in(here: Workspace, what: str, number: str) -> bool:
    from anchor.books import control

    jobs = JobStore(here.folder.engine, here.chain, here.contract_address)
    found = jobs.get(number)
    assert found is not None
    getattr(control, what)(here.folder.engine, found, "wrong")
    return True


# Reading

READING = {
    "status": ["status"],
    "wallet status": ["wallet", "status", "ROOT"],
    "lab list": ["lab", "list"],
    "lab check": ["lab", "check"],
    "lab hint": ["lab", "hint"],
    "template new": ["template", "new", "--kind", "bachelor", "-o", "award.toml"],
    "template check": ["template", "check", "award.toml"],
    "roster new": ["roster", "new", "award.toml"],
    "roster check": ["roster", "check", "graduates.csv", "--template", "award.toml"],
    "check": ["check", "good"],
    "issue list": ["issue", "list"],
    "register list": ["register", "list"],
    "register template": ["register", "template", "-o", "decisions.csv"],
    "register show": ["register", "show", "deqar.register"],
    "register changes": ["register", "changes", "deqar.register", "deqar.register"],
    "register offers": ["register", "offers", "deqar.register", "--agency", "33"],
    "issue preview": ["issue", "preview", "ROOT"],
    "issue export": ["issue", "export", "ROOT", "-o", "wallets"],
    "present": ["present", "diploma.sdjwt"],
    "portfolio make": ["portfolio", "make", "good", "-o", "portfolio.json"],
    "portfolio show": ["portfolio", "show", "portfolio.json"],
    "portfolio recognise": ["portfolio", "recognise", "portfolio.json", "--for", "HR", "--page", "p.html"],
    "portfolio share": [
        *("portfolio", "share", "portfolio.json", "--purpose", "p", "--audience", "a", "-o", "shared.json", "--yes")
    ],
    "receipts": ["receipts", "ROOT", "-o", "out"],
    "diplomas": ["diplomas", "ROOT", "-o", "papers", "--verify-url", "https://u.example/verify.html"],
    "digest": ["digest", "good"],
    "page": ["page", "-o", "out", "--hash"],
    "verify": ["verify", "good"],
    "absent": ["absent", "DIGEST"],
    "audit": ["audit"],
    "figures": ["figures", "events.parquet"],
    "body": ["body", "1"],
    "accredited": ["accredited", "1", "--body", "1"],
    "partnership check": ["partnership", "check", "partnership.toml"],
    "partnership list": ["partnership", "list"],
    "partnership show": ["partnership", "show", "alpine-nurses"],
    "statement check": ["statement", "check", "statement.json"],
    "insights show": ["insights", "show"],
    "insights report": ["insights", "report", "--year", "2026"],
    "issuer show": ["issuer", "show", "1"],
    "issuer blockcerts-profile": ["issuer", "blockcerts-profile", "-o", "out", "--sign-key", "credentials.pem"],
    "accredit show": ["accredit", "show", "1"],
    "accord show": ["accord", "show", "accord.toml"],
    "register export": ["register", "export", "deqar.register", "--as", "ctdl", "-o", "out.jsonld"],
    "accredit export": ["accredit", "export", "--all", "--as", "ctdl", "-o", "out.jsonld"],
    "issue status": ["issue", "status"],
    "jobs list": ["jobs", "list"],
    "jobs show": ["jobs", "show", "JOB"],
    "key list": ["key", "list"],
    "levels list": ["levels", "list"],
    "levels show": ["levels", "show", "IE"],
    "levels card": ["levels", "card", "8", "--from", "IE", "--to", "DE"],
    "levels check": ["levels", "check", "our-levels"],
    "assessment rubric": ["assessment", "rubric", "rubric.toml"],
    "assessment record": [
        *("assessment", "record", "rubric.toml", "--learner", "a", "--by", "b", "--sign-key", "k.pem", "-o", "r.json")
    ],
    "assessment moderate": [*("assessment", "moderate", "r.json", "--by", "b", "--sign-key", "k.pem", "-o", "m.json")],
    "assessment decide": [
        *("assessment", "decide", "r.json", "m.json", "--comment", "c"),
        *("--by", "b", "--sign-key", "k.pem", "-o", "d.json"),
    ],
    "assessment check": ["assessment", "check", "r.json"],
    "assessment import": ["assessment", "import", "xapi", "statements.json", "-o", "activity.json"],
    "pathway check": ["pathway", "check", "portfolio.json", "pathway.toml"],
    "pathway cohort": ["pathway", "cohort", "learners", "pathway.toml"],
    "pathway show": ["pathway", "show", "pathway.toml"],
    "pathway faults": ["pathway", "faults", "pathway.toml"],
    "pathway import": ["pathway", "import", "ctdl", "pathway.jsonld"],
    "pathway export": ["pathway", "export", "json", "pathway.toml"],
    "pathway template": ["pathway", "template", "-o", "pathway.toml"],
    "frameworks compare": ["frameworks", "compare", "a.toml", "b.toml"],
    "frameworks import": ["frameworks", "import", "case", "package.json"],
    "frameworks export": ["frameworks", "export", "case", "framework.toml"],
    "frameworks check": ["frameworks", "check", "framework.toml"],
    "frameworks isced": ["frameworks", "isced", "061"],
    "suggest ask": ["suggest", "ask", "msc.toml", "--language", "en"],
    "suggest figures": ["suggest", "figures"],
    "suggest measure": ["suggest", "measure", "sentences.csv"],
    "suggest review": ["suggest", "review", "suggestions.json", "--into", "msc.toml"],
    "suggest decisions": ["suggest", "decisions", "msc.toml"],
    "suggest check": ["suggest", "check", "msc.toml"],
    "suggest state": [
        *("suggest", "state", "msc.toml", "--place", "part 1", "--item", "A"),
        *("--by", "Ana Lima", "--role", "Dean", "--reason", "Examined."),
    ],
    "suggest duplicates": ["suggest", "duplicates", "good", "--language", "en"],
    "suggest gaps": ["suggest", "gaps", "msc.toml"],
    "suggest anomalies": ["suggest", "anomalies", "--issued"],
    "checkpoint verify": ["checkpoint", "verify", "days.txt", "--witnesses", "policy.txt"],
}
WRITING = {
    *(
        "demo",
        "register import",
        "register confirm",
        "register discard",
        "lab start",
        "lab reset",
        "anchor",
        "revoke",
        "suspend",
        "reinstate",
        "supersede",
        "correct",
        "deliver",
        "wallet offers",
        "wallet withdraw",
        "wallet serve",
        "recognise",
        "deploy",
        "recover",
        "devnet",
        "daemon",
        "serve",
        "index",
    ),
    *(
        "account new",
        "issuer register",
        "issuer operator",
        "issuer transfer",
        "issuer rotate",
        "jobs retry",
        "jobs cancel",
        "jobs park",
    ),
    *("checkpoint key", "checkpoint create", "checkpoint sign", "checkpoint merge"),
    *("issuer profile", "issuer retire", "issuer bare-roots", "issuer did"),
    *("issue make", "issue confirm", "issue discard"),
    *("partnership record", "statement record"),
    *("accredit offer", "accredit accept", "accredit refuse", "accredit suspend", "accredit reinstate"),
    *("accord create", "accord admit", "accord leave"),
    *(
        "accredit withdraw",
        "accredit void",
        "key add",
        "key revoke",
        "trees push",
        "trees pull",
        "trees repair",
        "void",
    ),
}


def all_commands(group: object, name: str = "") -> Iterator[str]:
    for word, command in group.commands.items():  # type: ignore[attr-defined]
        whole = f"{name} {word}".strip()
        yield from all_commands(command, whole) if hasattr(command, "commands") else [whole]


def test_every_command_is_known_to_read_or_to_write() -> None:
    assert sorted({*READING, *WRITING}) == sorted(all_commands(typer.main.get_command(app)))


def checksum() -> str:
    """Of every row of every table."""
    with working() as here, here.folder.engine.connect() as connection:
        tables = metadata.sorted_tables
        return sha256(
            repr([sorted(map(tuple, connection.execute(select(one)))) for one in tables]).encode()
        ).hexdigest()


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that are no questions, of whatever database: they would also disturb one that others write.

    What threads of earlier tests go on writing is not the command's.
    """
    seen: list[str] = []
    before = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def look(_: object, __: object, statement: str, *___: object) -> None:
        is_question = statement.lstrip().upper().startswith(("SELECT", "PRAGMA"))
        if not is_question and threading.get_ident() not in before:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_commands_that_read_change_nothing(run: Run, issuer: int) -> None:
    """Whatever state the batches are in: also where the chain says something else than the database."""
    root = run("anchor", files("good", "gus"), "--json").json["batches"][0]["root"]
    kept = [sealed_job(run, f"jobs-{name}", name) for name in ("ada", "bob", "cyd", "dan", "eve")]
    run("jobs", "park", kept[0])
    run("jobs", "cancel", kept[1])
    set_batch(kept[4], state=BatchState.CANCELLED)
    row = row_of(kept[4])
    with working() as here:
        # Landed all the same.
        here.sender.settle("x", here.contract.address, here.contract.anchor_data(issuer, row.root, row.leaf_count))
    gone = {"transaction_hash": bytes(32), "block_number": 3, "block_hash": bytes(32), "block_time": 1, "sequence": 9}
    set_batch(kept[2], state=BatchState.MINED, **gone)
    set_batch(kept[3], state=BatchState.BROADCAST, nonce=40)
    run("key", "add", "--name", "office")
    words = {"ROOT": root, "DIGEST": "ab" * 32, "JOB": kept[0]}
    Path("graduates.csv").write_text(
        "person_id,name,birth_date,awarded_on,result.final\n7,Ana,2001-02-03,2026-07-31,1\n"
    )
    member = '[[members]]\nparty = 2\nname = "One"\nstate = "full"\njoined = 2020-01-01\n'
    Path("accord.toml").write_text(f'[accord]\nname = "Both"\nparty = 1\nuntil = 2040-01-01\n{member}')
    file_of_events(Path("events.parquet"), [])
    before = checksum()
    for name, arguments in READING.items():
        with writes() as written:
            ran: Ran = run(*(words.get(word, word) for word in arguments))
        assert written == [], name
        assert ran.code != 70, (name, ran.errors)
        assert checksum() == before, name
    states = [each["state"] for each in run("status", "--json").json["batches"]]
    assert states == ["final", "parked", "sealed", "sealed", "broadcast", "final"]


def test_what_is_read_of_a_batch_is_the_truth_of_the_chain(run: Run, issuer: int) -> None:
    number = sealed_job(run, "jobs", "ada")
    with working() as here:
        row = row_like(here, number)
        assert as_on_chain(here.contract, row, None) == row
        here.sender.settle("x", here.contract.address, here.contract.anchor_data(issuer, row.root, row.leaf_count))
        for one in BatchState:
            found = as_on_chain(here.contract, replace(row, state=one, parked_code=BY_PERSON), None)
            assert (found.state, found.sequence, found.parked_code) == (BatchState.FINAL, 1, None)


def row_like(here: Workspace, number: str) -> BatchRow:
    with here.folder.engine.connect() as connection:
        which = connection.execute(select(job.c.batch).where(job.c.id == number)).scalar_one()
        assert connection.execute(select(leaf.c.digest).where(leaf.c.batch == which)).first() is not None
    found = here.store.by_id(which)
    assert found is not None
    return found
