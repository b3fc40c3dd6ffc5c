"""What comes in becomes the digests that a file of the same content has, whole or not at all."""

from __future__ import annotations

import io
import shutil
import threading
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from anchor.books.tables import JobState, job
from anchor.intake.desk import Accepted, Desk, Kind, Order, Refused
from anchor.intake.files import digest_of, take_in
from anchor.intake.streams import IntakeLimits
from registry.credential.digest import Limits, digest_json
from registry.errors import IntakeError, StoreError
from registry.untrusted.archives import file_name, storable
from tests.anchor.issuer import Site, credential

ORDER = Order(1, "http")
LINES = st.lists(
    st.sampled_from(
        [credential(1), credential(2), b"", b"  ", b"\r", b"{", b"[1]", b'{"a":1,"a":2}', b"\xff\xfe", b"x" * 300, b"1"]
    ),
    max_size=12,
)


def desk(site: Site, **limits: object) -> Desk:
    return Desk(site.jobs, IntakeLimits(**limits), site.notices)  # type: ignore[arg-type]


def sent(
    desk: Desk, data: bytes, kind: Kind = Kind.LINES, order: Order = ORDER, piece: int = 7, **more: bytes
) -> Accepted:
    incoming = desk.receive(order, kind, **more)
    try:
        for at in range(0, len(data), piece):
            incoming.feed(data[at : at + piece])
        return incoming.finish()
    except BaseException as error:
        incoming.abandon(error)
        raise


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def form(files: list[tuple[str, bytes]], boundary: bytes = b"xyz") -> bytes:
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name=f; filename="%s"\r\n\r\n%s\r\n' % (boundary, name.encode(), data)
        for name, data in files
    ]
    return b"".join(parts) + b"--%s--\r\n" % boundary


@pytest.fixture(scope="module")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with nothing in it: copying it is quicker than making one."""
    path = tmp_path_factory.mktemp("empty") / "data"
    Site(path).folder.close()
    return path


class TestStreams:
    @given(lines=LINES, end=st.sampled_from([b"", b"\n"]), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5))
    @settings(max_examples=60, deadline=None)
    def test_as_a_file(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        empty_data: Path,
        lines: list[bytes],
        end: bytes,
        cuts: list[int],
    ) -> None:
        """However the bytes are cut, the same digests and rejects come of them as of a file."""
        place = tmp_path_factory.mktemp("streams")
        shutil.copytree(empty_data, place / "data")
        site, data = Site(place / "data"), b"\n".join(lines) + end
        limits = Limits(max_bytes=200, max_depth=8)
        (place / "file.jsonl").write_bytes(data)
        incoming = desk(site, document=limits).receive(ORDER, Kind.LINES)
        at = number = 0
        while at < len(data):
            size = cuts[number % len(cuts)]
            incoming.feed(data[at : at + size])
            at, number = at + size, number + 1
        try:
            expected = take_in(place / "file.jsonl", limits=limits)
        except IntakeError:
            with pytest.raises(IntakeError, match="no credential"):
                incoming.finish()
            return
        finally:
            site.folder.close()
        refusals = [(r.line, r.code, storable(r.reason)) for r in expected.rejects]
        if not expected.records:
            with pytest.raises(Refused) as refused:
                incoming.finish()
            assert [(r.line, r.code, r.reason) for r in refused.value.rejects] == refusals
            return
        made = incoming.finish().job
        assert site.digests() == sorted(map(digest_of, expected.records))
        assert [(r.line, r.code, r.reason) for r in site.jobs.rejects(made.id)] == refusals
        site.folder.close()

    def test_kinds(self, site: Site) -> None:
        digests = {digest_json(credential(n)).value for n in range(7)} | {b"\xab" * 32, sha256(b"%PDF").digest()}
        sent(desk(site), credential(0), Kind.DOCUMENT)
        sent(desk(site), b"ab" * 32 + b"\n", Kind.DIGESTS)
        sent(
            desk(site), zipped({"a.json": credential(1), "d/b.json": credential(2), "c.receipt.json": b"{}"}), Kind.ZIP
        )
        archive = zipped({"/x.json": credential(5), "../../hidden.json": credential(8)})
        files = [("a.json", credential(3)), ("b.jsonl", credential(4)), ("c.zip", archive), ("d.pdf", b"%PDF")]
        sent(desk(site), form([*files, ("a.json", credential(6))]), Kind.MULTIPART, boundary=b"xyz")
        assert set(site.digests()) == digests

    def test_accepted_is_durable_and_told(self, site: Site, tmp_path: Path) -> None:
        accepted = sent(desk(site), credential(1))
        seen = site.jobs.get(accepted.job.id)
        assert seen is not None
        assert (seen.state, seen.credentials) == (JobState.QUEUED, 1)
        assert [notice.event for notice in site.told] == ["job-accepted"]


class TestRefused:
    @pytest.mark.parametrize(
        ("kind", "data", "code"),
        [
            (Kind.LINES, b"", "empty"),
            (Kind.LINES, b"\n\n \n", "empty"),
            (Kind.DOCUMENT, b"", "empty"),
            (Kind.LINES, b"nonsense", "rejects"),
            (Kind.LINES, bytes(range(256)), "rejects"),
            (Kind.DOCUMENT, b'{"a":' * 5000 + b"1" + b"}" * 5000, "rejects"),
            (Kind.DOCUMENT, b'{"a":"' + b"x" * 2000 + b'"}', "rejects"),
            (Kind.DIGESTS, b"\0\n", "rejects"),
            (Kind.DOCUMENT, b" " * 5001, "too-large"),
            (Kind.LINES, credential(1) + b"\n" * 101, "too-many"),
            (Kind.ZIP, b"", "bad-zip"),
            (Kind.ZIP, b"PK\x05\x06" + b"\xff" * 18, "bad-zip"),
            (Kind.ZIP, zipped({}), "empty"),
            (Kind.ZIP, zipped({"a.json": bytes(150_000)}), "bad-zip"),
            (Kind.ZIP, zipped({"a.json": credential(1)}, zipfile.ZIP_LZMA), "bad-zip"),
            (Kind.ZIP, zipped({"a.json": credential(1)})[:-40], "bad-zip"),
            (Kind.ZIP, zipped({f"{n}.json": b"" for n in range(45)})[:4900] + b"PK\x05\x06", "bad-zip"),
            (Kind.MULTIPART, b"", "bad-multipart"),
            (Kind.MULTIPART, b"no form", "bad-multipart"),
            (Kind.MULTIPART, form([("a.json", credential(1))])[:-10], "bad-multipart"),
            (
                Kind.MULTIPART,
                b"--xyz\r\nContent-Disposition: form-data; name=f\r\n\r\nx\r\n--xyz--\r\n",
                "bad-multipart",
            ),
            (Kind.MULTIPART, form([]), "empty"),
        ],
    )
    def test_as_a_whole(self, tmp_path: Path, kind: Kind, data: bytes, code: str) -> None:
        site = Site(tmp_path)
        small = desk(site, bytes=5000, credentials=100, document=Limits(max_bytes=1000, max_depth=16))
        bound = {"boundary": b"xyz"} if kind is Kind.MULTIPART else {}
        if code == "rejects" and len(data) > 5000:
            small = desk(site, bytes=50_000, document=Limits(max_bytes=1000, max_depth=16))
        with pytest.raises(IntakeError) as error:
            sent(small, data, kind, piece=1000, **bound)
        assert error.value.code == code
        assert [one.state for one in site.jobs.all()] == [JobState.BROKEN]
        assert site.digests() == []
        assert [notice.facts["code"] for notice in site.told] == [code]
        site.folder.close()

    def test_long_directory_of_a_zip(self, tmp_path: Path) -> None:
        """A list of files that would fill the memory is refused before it is read."""
        site = Site(tmp_path)
        end = b"PK\x05\x06" + bytes(8) + (65 << 20).to_bytes(4, "little") + bytes(6)
        with pytest.raises(IntakeError, match="too long"):
            sent(desk(site), end, Kind.ZIP)
        record = b"PK\x06\x06" + bytes(36) + (65 << 20).to_bytes(8, "little") + bytes(8)
        locator = b"PK\x06\x07" + bytes(16)
        with pytest.raises(IntakeError, match="too long"):
            sent(desk(site), record + locator + b"PK\x05\x06" + b"\xff" * 18, Kind.ZIP, piece=1000)
        site.folder.close()

    def test_strict(self, site: Site) -> None:
        data = credential(1) + b"\nbad\n" + credential(2)
        with pytest.raises(Refused) as refused:
            sent(desk(site), data, order=Order(1, "http", strict=True, key="k"))
        assert refused.value.shown()[0]["line"] == 2
        assert site.digests() == []
        # The key is free again, and without strict the rest counts.
        accepted = sent(desk(site), data, order=Order(1, "http", key="k"))
        assert (accepted.job.credentials, accepted.job.rejected) == (2, 1)

    def test_text_that_a_database_does_not_take(self, site: Site) -> None:
        sent(desk(site), form([("a\0b.json", b"\0"), ("c.json", credential(1))]), Kind.MULTIPART, boundary=b"xyz")
        (made,) = site.jobs.all()
        (reject,) = site.jobs.rejects(made.id)
        assert "\0" not in reject.source + reject.reason
        assert storable("a\0\ud800") == "a�?"

    @pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x", "/abs/x", "..", ".", "", "a\nb", "x" * 999])
    def test_names_lead_nowhere(self, name: str) -> None:
        safe = file_name(name)
        assert safe
        assert not {"/", "\\", "\n"} & set(safe)
        assert safe.strip(".")
        assert len(safe) <= 200


class TestOnce:
    def test_repeated(self, site: Site) -> None:
        order = Order(1, "http", key="k")
        first = sent(desk(site), credential(1), order=order, piece=3)
        again = sent(desk(site), credential(1), order=order, piece=50)
        assert (again.replayed, again.job.id) == (True, first.job.id)
        for other in (
            (credential(2), order, Kind.LINES),
            (credential(1), Order(1, "http", key="k", is_open=True), Kind.LINES),
            (credential(1), order, Kind.DOCUMENT),
        ):
            with pytest.raises(IntakeError) as error:
                sent(desk(site), other[0], order=other[1], kind=other[2])
            assert error.value.code == "key-reused"
        elsewhere = sent(desk(site), credential(1), order=Order(2, "http", key="k"))
        assert elsewhere.job.id != first.job.id
        assert [one.state for one in site.jobs.all()] == [JobState.QUEUED] * 2

    def test_a_form_with_another_boundary_is_the_same(self, site: Site) -> None:
        order, files = Order(1, "http", key="k"), [("a.json", credential(1)), ("b.json", credential(2))]
        sent(desk(site), form(files), Kind.MULTIPART, order, boundary=b"xyz")
        again = sent(desk(site), form(files, b"other"), Kind.MULTIPART, order, boundary=b"other")
        assert again.replayed
        for changed in (files[:1], files[::-1], [("c.json", credential(1)), files[1]]):
            with pytest.raises(IntakeError, match="another request"):
                sent(desk(site), form(changed), Kind.MULTIPART, order, boundary=b"xyz")

    def test_race(self, site: Site) -> None:
        """Eight at the same moment with one key are one job; the others are told to wait, or get that job."""
        order, barrier, outcomes = Order(1, "http", key="k"), threading.Barrier(8), []

        def send() -> None:
            barrier.wait()
            try:
                outcomes.append(sent(desk(site), credential(1), order=order).job.id)
            except IntakeError as error:
                outcomes.append(error.code)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (made,) = site.jobs.all()
        assert made.state is JobState.QUEUED
        assert set(outcomes) <= {made.id, "in-progress"}
        assert made.id in outcomes
        assert len(outcomes) == 8

    def test_in_progress_until_its_time_is_over(self, site: Site) -> None:
        order, patient = Order(1, "http", key="k"), desk(site, seconds=100.0)
        incoming = patient.receive(order, Kind.LINES)
        with pytest.raises(IntakeError) as error:
            patient.receive(order, Kind.LINES)
        assert error.value.code == "in-progress"
        (begun,) = site.jobs.all()
        with site.engine.begin() as connection:
            connection.execute(update(job).values(created_at=time.time() - 101))
        # Its process is thought to be dead; should it come back, it finds that it was given up.
        after = sent(patient, credential(2), order=order)
        incoming.feed(credential(1))
        with pytest.raises(StoreError, match="given up"):
            incoming.finish()
        assert site.digests() == [digest_json(credential(2)).value]
        assert after.job.id != begun.id

    def test_abandoned_late_does_no_harm(self, site: Site) -> None:
        incoming = desk(site).receive(ORDER, Kind.LINES)
        incoming.feed(credential(1))
        accepted = incoming.finish()
        incoming.abandon()
        seen = site.jobs.get(accepted.job.id)
        assert seen is not None
        assert seen.state is JobState.QUEUED

    def test_failed_commit_leaves_nothing(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        incoming = desk(site).receive(Order(1, "http", key="k"), Kind.LINES)
        incoming.feed(credential(1) + b"\n" + credential(2))
        good = incoming._taken.leaves

        def leaves() -> object:
            yield next(good())
            raise OSError("disk full")

        monkeypatch.setattr(type(incoming._taken), "leaves", lambda _: leaves())
        with pytest.raises(OSError, match="disk full"):
            incoming.finish()
        incoming.abandon()
        assert site.digests() == []
        assert [one.state for one in site.jobs.all()] == [JobState.BROKEN]


def test_put(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_bytes(credential(1) + b"\nbad\n")
    accepted = desk(site).put(Order(1, "command", key="k"), source)
    assert (accepted.job.credentials, accepted.job.rejected, accepted.replayed) == (1, 1, False)
    assert desk(site).put(Order(1, "command", key="k"), source).replayed
    for limits, code in (({"bytes": 5}, "too-large"), ({"credentials": 1}, "too-many")):
        with pytest.raises(IntakeError) as error:
            desk(site, **limits).put(Order(1, "command"), source)
        assert error.value.code == code
    assert len(site.jobs.all(state=JobState.QUEUED)) == 1
