"""How every service's settings load: defaults, then a TOML or JSON file, then environment, then credential files.

Each service's model lives beside it (``pyjitsi/bridge/settings.py``) and derives from ``ServiceSettings``: frozen,
closed, every field with type, unit in its name or description, default and the reason for it. An environment variable
is ``PYJITSI_<SERVICE>_<FIELD>``, with ``__`` between levels; a credential file is ``$CREDENTIALS_DIRECTORY/<field>``
with the same joining (``xmpp__password``), as systemd's LoadCredential= lays it out.
"""

import importlib
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SERVICES = ("web", "focus", "bridge", "rooms")
MODELS = (*SERVICES, "prosody")  # Prosody is run by others; its settings are ours


class SettingsError(Exception):
    """Settings that can't be used; the text names field, value and reason, a line each."""


class Section(BaseModel):
    """A table within a service's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceSettings(BaseSettings):
    """Base of every service's settings."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_nested_delimiter="__")
    service: ClassVar[str] = ""

    @classmethod
    def load(cls, file: Path | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """Settings from the file and this process's environment. Raises SettingsError."""
        values: dict[str, Any] = {}
        if file is not None:
            values = read_file(file)
        credentials = (environ or os.environ).get("CREDENTIALS_DIRECTORY")
        prefix = f"PYJITSI_{cls.service.upper()}_"
        cls._refuse_unknown_environment(prefix)

        class Sourced(cls):  # the sources are per load, the model is not
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                from_environment = EnvSettingsSource(settings_cls, env_prefix=prefix)
                from_file = InitSettingsSource(settings_cls, values)
                if credentials is None:
                    return from_environment, from_file
                return NestedSecrets(settings_cls, credentials), from_environment, from_file

        try:
            loaded = Sourced()
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(cls.service, item) for item in error.errors())) from error
        return cls.model_construct(_fields_set=set(loaded.model_fields_set), **dict(loaded))

    @classmethod
    def _refuse_unknown_environment(cls, prefix: str) -> None:
        for name in os.environ:
            if name.startswith(prefix):
                field = name.removeprefix(prefix).lower().split("__")[0]
                if field not in cls.model_fields:
                    raise SettingsError(f"{name}: no such setting; `pyjitsi schema {cls.service}` lists them")


def credential(file: Path) -> Path:
    """Where a secret file is: an absolute path as it is, a mere name among this unit's systemd credentials."""
    return file if file.is_absolute() else Path(os.environ.get("CREDENTIALS_DIRECTORY", ".")) / file


def read_file(file: Path) -> dict[str, Any]:
    """The tables of a TOML file, or of a JSON one where the name ends so. Raises SettingsError."""
    kind = "JSON" if file.suffix == ".json" else "TOML"
    try:
        text = file.read_text()
        values = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}; name a readable TOML file with --config") from error
    except ValueError as error:
        raise SettingsError(f"{file}: not {kind}: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: not an object with settings")
    return values


class NestedSecrets(SecretsSettingsSource):
    """Credential files whose names join levels with ``__``."""

    def __init__(self, settings_cls: type[BaseSettings], directory: str) -> None:
        super().__init__(settings_cls, secrets_dir=directory)
        self.directory: Path = Path(directory)

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in sorted(self.directory.iterdir()):
            parts = path.name.split("__")
            if parts[0] not in self.settings_cls.model_fields or not path.is_file():
                continue
            place = found
            for part in parts[:-1]:
                place = place.setdefault(part, {})
            place[parts[-1]] = path.read_text().rstrip("\n")
        return found


def _explain(service: str, item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "settings"
    if item["type"] == "extra_forbidden":
        return f"{service}: {where}: no such setting; `pyjitsi schema {service}` lists them"
    if item["type"] == "missing":
        return f"{service}: {where}: must be set"
    shown = "…" if "password" in where or "secret" in where else repr(item["input"])[:80]
    return f"{service}: {where} = {shown}: {item['msg'][:1].lower()}{item['msg'][1:]}"


def settings_model(service: str) -> type[ServiceSettings]:
    """The settings of a service, imported only when asked for: services know nothing of each other."""
    module = importlib.import_module(f"pyjitsi.{service}.settings")
    return getattr(module, f"{service.capitalize()}Settings")
