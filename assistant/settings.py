"""Every setting, read once: environment (`ASSISTANT_*`) over `assistant.toml` over the defaults below."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from retrieval.errors import SetupError

PACKAGED = "packaged"
LOW_CONFIDENCE = 0.6  # flags 3 % of the golden utterances, 4 of 10 misunderstood, and a quarter of all that are
DEFAULT_FILE = Path("assistant.toml")


def _origin(value: str) -> str:
    """An origin as a browser writes it, or one with a wildcard; it goes into a header as it is."""
    if not re.fullmatch(r"\*|https?://(\*\.)?[a-z0-9.-]+(:\d{1,5})?", value.lower()):
        raise ValueError("an origin is a scheme and a host without a path, for example https://shop.example")
    return value.lower()


def _words(value: object) -> object:
    """A list from the environment, written with spaces or commas between its entries."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """The settings of one service. Field descriptions are what `python -m assistant settings` prints."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", frozen=True, extra="forbid", env_nested_delimiter="__")

    # the shop
    shop_name: str = Field("Demo Shop", description="Name the assistant introduces itself with.")
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="ISO 4217 code of prices that name none.")
    exchange_rates: dict[str, float] = Field(
        default_factory=dict, description="Units of the shop's currency for one unit of another: {EUR = 1.08}."
    )
    service_contact: str = Field(
        "the shop's service desk",
        description="Where parcels, returns and payments are sent: an address or a phone number.",
    )
    data_folder: Path = Field(Path("var"), description="Folder of all that is stored; one process at a time owns it.")
    database_url: SecretStr | None = Field(
        None,
        description="postgresql://USER:PASSWORD@HOST:PORT/NAME for conversations; None: SQLite in the data folder.",
    )

    # the language model
    language_model: str = Field(
        PACKAGED, description="'packaged', a hub id, a local folder or a .gguf file; 'none' runs on rules alone."
    )
    language_model_url: str | None = Field(
        None, description="Base URL of an OpenAI-compatible endpoint (…/v1); then language_model is its model name."
    )
    language_model_key: SecretStr | None = Field(None, description="API key of the endpoint.")
    language_model_timeout: float = Field(20.0, gt=0, description="Seconds to wait for an answer of the endpoint.")
    language_model_queue: int = Field(
        4,
        ge=0,
        description="Replies that may wait while the language model writes others; further ones are said from the "
        "records at once.",
    )
    language_model_queue_seconds: float = Field(
        8.0, ge=0, description="Seconds a reply waits for the language model before it is said from the records."
    )
    language_model_at_once: int = Field(
        8, ge=1, description="Replies that an endpoint writes at a time; a local model writes one."
    )
    quantization: Literal["auto", "none", "fp16", "bf16", "int8", "nf4"] = Field(
        "auto",
        description="auto: NF4 on CUDA; on a CPU fp16, the fastest with the answers of float32 (none).",
    )
    adapter: str = Field(
        PACKAGED,
        description="Fine-tuned matrices added to the model: 'packaged' (made for the packaged model), the folder that "
        "'train language-model' wrote, or 'none'.",
    )
    understanding: Literal["auto", "model", "rules"] = Field(
        "auto", description="auto: the model understands if it passes its probe at first start, else the rules do."
    )

    # retrieval
    encoder: str = Field(PACKAGED, description="'packaged' or any sentence-transformers model: hub id or folder.")
    chroma_url: str | None = Field(None, description="http://host:port of a Chroma server; None: embedded.")
    alpha: float = Field(
        0.3, ge=0, le=1, description="Weight of behaviour in relevance = alpha*behaviour + beta*content."
    )
    beta: float = Field(0.7, ge=0, le=1, description="Weight of content in relevance.")
    picks: int = Field(4, ge=1, le=12, description="Items shown in a turn.")
    exploration: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Chance that the last place of a page goes to a new item that nobody has touched yet.",
    )

    # what staff see
    record_traces: bool = Field(
        True,
        description="Keep with each turn what its search and the language model did, for the console.",
    )
    low_confidence: float = Field(
        LOW_CONFIDENCE,
        ge=0,
        le=1,
        description="A turn understood with less confidence is flagged for staff; 0: none is.",
    )

    # how long what is stored is kept
    keep_conversations_days: int = Field(
        90,
        ge=0,
        description="Days after which conversations and interactions of those who have not consented are deleted; "
        "0: never.",
    )
    keep_traces_days: int = Field(
        30, ge=0, description="Days after which the traces of turns are deleted, whosever they are; 0: never."
    )
    keep_audit_days: int = Field(365, ge=0, description="Days after which lines of the audit are deleted; 0: never.")

    # the service
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(7860, ge=1, le=65535, description="Port to listen on.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log line kept.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="Form of the log lines of 'serve'; auto: text on a terminal, JSON elsewhere.",
    )

    checkout_url: str | None = Field(
        None,
        pattern=r"^https?://\S*\{items\}\S*$",
        description="Address of the shop's checkout; {items} becomes ID:PIECES,ID:PIECES. None: it is named in words.",
    )

    # the API
    api_open: bool = Field(
        True, description="Chat and search through the API without a key; false: a key with that scope is needed."
    )
    api_requests_per_minute: int = Field(
        120, ge=0, description="Requests a minute from one address without a key; 0: as many as it likes."
    )
    api_key_requests_per_minute: int = Field(
        1200, ge=0, description="Requests a minute with one key; 0: as many as it likes."
    )
    api_request_bytes: int = Field(5_000_000, ge=1_000, description="Largest request body that is read.")

    # the widget on the shop's own pages
    embed_origins: Origins = Field(
        (),
        description="Origins whose pages may show the widget: https://shop.example https://*.shop.example; * for any.",
    )
    shopper_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Secret that the shop's server signs shopper tokens with, 32 characters or more; None: no tokens.",
    )

    @property
    def replies_in_line(self) -> int:
        """Most replies that the language model writes, or that wait for it, at a time."""
        return self.language_model_queue + self.replies_at_once

    @property
    def replies_at_once(self) -> int:
        """Most replies that the language model writes at a time."""
        return 1 if self.language_model_url is None else self.language_model_at_once

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Precedence: arguments, environment, TOML file."""
        file = Path(os.environ.get("ASSISTANT_SETTINGS_FILE", DEFAULT_FILE))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises:
        SetupError: a value is not allowed or a name is unknown; says which one.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        field = Settings.model_fields.get(name)
        secret = field is not None and SecretStr in get_args(field.annotation)
        given = "" if secret else f" (it is {first['input']!r})"
        raise SetupError(
            f"The setting {'.'.join(map(str, first['loc']))!r} cannot be used: {first['msg']}{given}.",
            f"Set ASSISTANT_{name.upper()} or {name} in {DEFAULT_FILE}; 'python -m assistant settings' lists them all.",
        ) from None  # the original prints what was given, a secret too


def describe_settings() -> str:
    """Every setting with its default, one paragraph each: the end of `python -m assistant --help`."""
    lines = ["Settings, from the environment or assistant.toml (ASSISTANT_SETTINGS_FILE names another file):"]
    for name, field in Settings.model_fields.items():
        default = field.default if field.default_factory is None else {}
        lines.append(f"ASSISTANT_{name.upper()} [{default}]: {field.description}")
    return "\n\n".join(lines)
