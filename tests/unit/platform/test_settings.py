"""Where settings come from, and what is said of wrong ones."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pyjitsi.bridge.settings import BridgeSettings
from pyjitsi.settings import SERVICES, SettingsError, settings_model

GOOD = """
brewery = "jvbbrewery@internal.auth.talk.example"
udp_port = 11000
xmpp = { domain = "auth.talk.example", password = "from-the-file" }
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    path = tmp_path / "bridge.toml"
    path.write_text(GOOD)
    return path


def refusal(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        BridgeSettings.load(file)
    return str(refused.value)


def test_a_file_is_read_over_the_defaults(file: Path) -> None:
    settings = BridgeSettings.load(file)
    assert (settings.udp_port, settings.http_port, settings.xmpp.username) == (11000, 9090, "jvb")
    assert settings.xmpp.password.get_secret_value() == "from-the-file"


def test_the_environment_goes_before_the_file_and_credentials_before_both(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYJITSI_BRIDGE_UDP_PORT", "12000")
    monkeypatch.setenv("PYJITSI_BRIDGE_XMPP__PASSWORD", "from-the-environment")
    settings = BridgeSettings.load(file)
    assert (settings.udp_port, settings.xmpp.password.get_secret_value()) == (12000, "from-the-environment")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "xmpp__password").write_text("from-a-credential\n")
    (credentials / "somebody-elses").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    settings = BridgeSettings.load(file)
    assert settings.xmpp.password.get_secret_value() == "from-a-credential"
    assert settings.xmpp.domain == "auth.talk.example"


def test_a_wrong_value_is_said_with_field_value_and_reason(file: Path) -> None:
    said = refusal(file, GOOD.replace("11000", "70000"))
    assert said == "bridge: udp_port = 70000: input should be less than or equal to 65535"


def test_an_unknown_setting_is_refused_wherever_it_stands(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "bridge: udp_prot: no such setting" in refusal(file, GOOD + "udp_prot = 1\n")
    assert "xmpp.pasword: no such setting" in refusal(file, GOOD.replace("password =", "pasword ="))
    file.write_text(GOOD)
    monkeypatch.setenv("PYJITSI_BRIDGE_UPD_PORT", "1")
    with pytest.raises(SettingsError, match="PYJITSI_BRIDGE_UPD_PORT: no such setting; `pyjitsi schema bridge`"):
        BridgeSettings.load(file)


def test_what_is_missing_is_named(file: Path) -> None:
    assert "bridge: brewery: must be set" in refusal(file, "xmpp = { domain = 'a', password = 'b' }")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file or directory; name a readable TOML file with --config"):
        BridgeSettings.load(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("= 1")
    with pytest.raises(SettingsError, match=r"bad.toml: not TOML"):
        BridgeSettings.load(tmp_path / "bad.toml")


def test_secrets_are_shown_nowhere(file: Path) -> None:
    settings = BridgeSettings.load(file)
    assert "from-the-file" not in repr(settings) + str(settings.model_dump())
    said = refusal(file, GOOD.replace('"from-the-file"', "[1234567]"))
    assert "1234567" not in said


def test_settings_do_not_change(file: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        BridgeSettings.load(file).udp_port = 1  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_says_what_it_is_for_and_is_closed(service: str) -> None:
    model = settings_model(service)
    assert model.model_config.get("extra") == "forbid"
    schema = model.model_json_schema()
    assert all(field.get("description") for field in schema["properties"].values())
