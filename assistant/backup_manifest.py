"""What the archive of a data folder holds, and by which names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from assistant.store import cases, tombstones
from assistant.store.copying import SCHEMAS
from retrieval.behaviour.bundle import FOLDER as BEHAVIOUR

MANIFEST = "manifest.json"
FOLDERS = (BEHAVIOUR, "pictures")
_FILES = (*SCHEMAS, cases.FILE, tombstones.FILE)


def is_kept(top: str) -> bool:
    """Whether a backup holds what has this name in the data folder."""
    return top in _FILES or top in FOLDERS or top.endswith(".key")


def _allowed(name: str) -> str:
    """A name of a file that a data folder has, as the manifest may give it: never one that leads elsewhere."""
    top, *below = name.split("/")
    if {"", ".", ".."} & {top, *below} or {"\\", "\0"} & set(name):
        raise ValueError(f"{name!r} leads out of the data folder")
    if not is_kept(top) or bool(below) != (top in FOLDERS):
        raise ValueError(f"{name!r} is no file of a backup")
    return name


class Entry(BaseModel):
    """A file of an archive: bytes and SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """What an archive holds.

    Attributes:
        version: of the project that made it.
        made_at: when the copying began, UTC.
        postgresql: whether the conversations were on PostgreSQL, and so are not in the archive.
        schemas: version of the schema of each SQLite file.
        files: by their path in the data folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    version: str
    made_at: AwareDatetime
    postgresql: bool
    schemas: dict[str, int]
    files: dict[Annotated[str, AfterValidator(_allowed)], Entry]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files.values())
