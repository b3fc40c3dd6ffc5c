"""Settings: where they come from, what is refused, and that each is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from anchor.settings import Settings, load_settings
from registry.errors import SettingsError

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TESTAMUR_{name.upper()}", raising=False)


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows.keys() == Settings.model_fields.keys()
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int | float | str | Path):
            assert rows[name] == f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


def test_the_command_line_wins_over_the_environment_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("testamur.toml").write_text('issuer = 1\nchain = "http://file"\ndata_folder = "file"\n')
    monkeypatch.setenv("TESTAMUR_ISSUER", "2")
    monkeypatch.setenv("TESTAMUR_CHAIN", "http://environment")
    settings = load_settings(issuer=3, chain=None)
    assert settings.issuer == 3
    assert settings.chain == "http://environment"
    assert settings.data_folder == Path("file")


def test_paths_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "some.toml").write_text('data_folder = "data"\nkeystore = "/abs/key.json"\n')
    settings = load_settings(folder / "some.toml")
    assert settings.data_folder == folder / "data"
    assert settings.keystore == Path("/abs/key.json")


def test_a_list_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_TRUSTED_ISSUERS", "[3, 7]")
    assert load_settings().trusted_issuers == {3, 7}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("isuer = 1\n", "there is no setting 'isuer'"),
        ("issuer = 0\n", "setting 'issuer'"),
        ("issuer = [\n", "not TOML"),
        ("workers = 1000\n", "setting 'workers'"),
        ('rpc_timeout = "soon"\n', "setting 'rpc_timeout'"),
    ],
)
def test_a_senseless_file_is_refused(content: str, words: str) -> None:
    Path("testamur.toml").write_text(content)
    with pytest.raises(SettingsError, match=re.escape(words)):
        load_settings()


def test_a_settings_file_that_was_named_has_to_be_there() -> None:
    with pytest.raises(SettingsError, match="not there"):
        load_settings(Path("missing.toml"))


def test_the_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_KEY", "ab" * 32)
    assert "abab" not in repr(load_settings())


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TESTAMUR_ISUER", "Did you mean TESTAMUR_ISSUER?"),
        ("TESTAMUR_TRUSTED_ISSUER", "Did you mean TESTAMUR_TRUSTED_ISSUERS?"),
        ("testamur_chian", "Did you mean TESTAMUR_CHAIN?"),
        ("TESTAMUR_XYZZY", "The settings are: "),
    ],
)
def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, meant: str) -> None:
    monkeypatch.setenv(variable, "opensesame")
    with pytest.raises(SettingsError, match=variable) as refused:
        load_settings()
    assert meant in (refused.value.remedy or "")
    assert "opensesame" not in refused.value.diagnostics()


@pytest.mark.parametrize(
    ("content", "meant"),
    [
        ("isuer = 1\n", "Did you mean issuer?"),
        ("trusted_issuer = [1]\n", "Did you mean trusted_issuers?"),
        ('[status_keys.1]\nfiel = "a"\n', "Did you mean file?"),
    ],
)
def test_a_misspelt_setting_says_what_was_meant(content: str, meant: str) -> None:
    Path("testamur.toml").write_text(content)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert meant in (refused.value.remedy or "")


def test_what_a_cluster_sets_for_a_service_of_this_name_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT", "PORT_8790_TCP", "PORT_8790_TCP_ADDR"):
        monkeypatch.setenv(f"TESTAMUR_{name}", "tcp://10.0.0.1:8790")
    load_settings()


def test_a_list_that_is_no_json_is_said_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_ALERT_WEBHOOKS", "https://hooks.example/opensesame")
    with pytest.raises(SettingsError, match="TESTAMUR_ALERT_WEBHOOKS is no JSON") as refused:
        load_settings()
    assert "opensesame" not in refused.value.diagnostics()
    assert "JSON" in (refused.value.remedy or "")
