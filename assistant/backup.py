"""A data folder as one file, and back: consistent while the service runs, whole or not at all, checked before use.

The archive is a plain tar: the files of the data folder that cannot be made again, and last a manifest with the
SHA-256 of each. What can be made again is left out: vectors (`chroma/`), the demo's feeds, fetched and trained language
models, feeds in the inbox, what a feed set aside. Nothing of an archive is trusted before it was checked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import ValidationError

from assistant.backup_manifest import FOLDERS, MANIFEST, Entry, Manifest, is_kept
from assistant.settings import Settings
from assistant.store import tombstones
from assistant.store.copying import SCHEMAS, copy_database
from assistant.store.database import FILE as CONVERSATIONS
from assistant.store.tombstones import Tombstones
from retrieval.data_folder import hold
from retrieval.durable import to_disk
from retrieval.errors import SetupError
from retrieval.records import FILE_NAME as CATALOGUE
from retrieval.restoring import FOLDER as READY
from retrieval.restoring import PLAN, finish_restoring

PARTIAL = "restoring.partial"  # folder in which a restore lays out the new files
_UNFINISHED = ("partial-", "in-service.")  # what a learning under way has in `behaviour`
_LARGEST_MANIFEST = 50_000_000  # bytes; some 300,000 files
_TAKEN = ("A service is using the data folder {folder}.", "Stop it; then run this again.")
_DAMAGED = "Take another backup: nothing in the data folder was changed."


def backup(settings: Settings, file: Path) -> Manifest:
    """Write all that cannot be made again into a new archive, whether the service runs or not.

    Args:
        settings: name the data folder.
        file: the archive, readable by its owner alone; it is there once it is whole.

    Raises:
        SetupError: there is such a file already, it would lie in the data folder, there is nothing to back up, or
            something cannot be read or written.
    """
    folder = settings.data_folder
    if file.exists():
        raise SetupError(f"There is a file {file} already.", "Name another file, or move that one away.")
    if folder.resolve() in file.resolve().parents:
        raise SetupError(f"{file} would be lost with the data folder it lies in.", "Name a file elsewhere.")
    finish_restoring(folder)
    if not (folder / CATALOGUE).exists():
        raise SetupError(f"There is no shop in {folder.resolve()}.", "Set ASSISTANT_DATA_FOLDER to the data folder.")
    work = file.with_name(f".{file.name}.part")
    shutil.rmtree(work, ignore_errors=True)  # of one that was killed
    try:
        work.mkdir(mode=0o700)
        whole = work / "archive"
        with whole.open("xb") as written:
            whole.chmod(0o600)
            with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
                manifest = _pack(settings, tar, work)
            written.flush()
            os.fsync(written.fileno())
        whole.replace(file)
        to_disk(file.parent)
    except OSError as error:
        raise SetupError(
            f"{file} was not written: {error}.", "Free disk space, or grant this user the rights there; then try again."
        ) from error
    except ValueError as error:  # no UTF-8, or a backslash
        raise SetupError(f"A file of {folder} has a name that no backup holds: {error}.", "Rename it.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return manifest


def restore(settings: Settings, file: Path) -> Manifest:
    """Put the files of an archive in the place of those in the data folder; other files there stay.

    Whoever was forgotten here or there stays forgotten: the next start of the service deletes what the archive has of
    her, and makes the vectors that are missing. A restore that is killed leaves the old state or the new one.

    Raises:
        SetupError: a service holds the folder; the archive is damaged, a newer version's, or has what no backup has;
            its conversations were in the other kind of database. Nothing was changed then.
    """
    folder = settings.data_folder
    with ExitStack() as held:
        held.callback(hold(folder, taken=_TAKEN).release)
        finish_restoring(folder)
        partial = folder / PARTIAL
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(mode=0o700)
            manifest = _unpack(file, partial, postgresql=settings.database_url is not None)
            Tombstones(folder)  # drops a line that was cut short
            Tombstones(partial).merge(folder)
            (partial / PLAN).write_text(json.dumps(_replaced(folder, manifest)), "utf-8")
            for path in (*partial.rglob("*"), partial):
                to_disk(path)
            partial.replace(folder / READY)
            to_disk(folder)
        except (OSError, tarfile.TarError) as error:
            raise SetupError(f"{file} was not restored: {error}.", _DAMAGED) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        finish_restoring(folder)
    return manifest


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


# out


def _pack(settings: Settings, tar: tarfile.TarFile, work: Path) -> Manifest:
    """Databases first and tombstones last: nobody forgotten meanwhile is in the archive without her tombstone."""
    folder, made_at, postgresql = settings.data_folder, datetime.now(UTC), settings.database_url is not None
    schemas, files = {}, {}
    for name in SCHEMAS:
        if (folder / name).exists() and not (postgresql and name == CONVERSATIONS):
            schemas[name] = copy_database(folder / name, work / name)
            with (work / name).open("rb") as opened:
                files[name] = _add(tar, name, opened)
            (work / name).unlink()
    for path in _others(folder):
        name = path.relative_to(folder).as_posix()
        try:
            opened = path.open("rb")
        except FileNotFoundError:  # deleted meanwhile
            continue
        with opened:
            files[name] = _add(tar, name, opened)
    manifest = Manifest(
        version=version("shop-assistant"), made_at=made_at, postgresql=postgresql, schemas=schemas, files=files
    )
    content = manifest.model_dump_json(indent=1).encode()
    tar.addfile(_header(MANIFEST, len(content)), BytesIO(content))
    return manifest


def _others(folder: Path) -> Iterator[Path]:
    """The files beside the databases; of a folder the upper ones first, so that what they name is there after them."""
    tops = sorted(folder.iterdir(), key=lambda top: (top.name == tombstones.FILE, top.name))
    for top in tops:
        if top.name in FOLDERS:
            found = sorted(top.rglob("*"), key=lambda path: (len(path.parts), path))
        else:
            found = [top] if top.name not in SCHEMAS and is_kept(top.name) else []
        for path in found:
            unfinished = any(part.startswith(_UNFINISHED) for part in path.relative_to(folder).parts)
            if path.is_file() and not path.is_symlink() and not unfinished:
                yield path


def _add(tar: tarfile.TarFile, name: str, opened: IO[bytes]) -> Entry:
    """Add a file as long as it is now."""
    header, hashed = _header(name, os.fstat(opened.fileno()).st_size), _Hashed(opened)
    tar.addfile(header, hashed)  # type: ignore[arg-type]  # it only reads
    return Entry(size=header.size, sha256=hashed.hexdigest())


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o600, int(time.time())
    return header


# back


def _unpack(file: Path, into: Path, *, postgresql: bool) -> Manifest:
    """Every file of an archive that was found to be what was written."""
    with tarfile.open(file, "r:") as tar:
        members = tar.getmembers()
        manifest = _manifest(file, tar)
        odd = [m.name for m in members if not m.isreg() or m.issparse()]
        if odd:
            raise SetupError(f"{file} holds what is no plain file: {odd[0]!r}.", _DAMAGED)
        if sorted(m.name for m in members) != sorted([*manifest.files, MANIFEST]):
            raise SetupError(f"{file} does not hold the files that its manifest tells.", _DAMAGED)
        _fits(file, manifest, postgresql)
        for member in members:
            entry, source = manifest.files.get(member.name), tar.extractfile(member)
            if entry is None or source is None:
                continue  # the manifest
            target = into / PurePosixPath(member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            hashed = _Hashed(source)
            with target.open("xb") as written:
                shutil.copyfileobj(hashed, written)  # type: ignore[misc]  # it only reads
            if target.suffix == ".key":
                target.chmod(0o600)
            if (member.size, hashed.hexdigest()) != (entry.size, entry.sha256):
                raise SetupError(f"{file} is damaged: {member.name} is not what was written.", _DAMAGED)
    return manifest


def _manifest(file: Path, tar: tarfile.TarFile) -> Manifest:
    try:
        member = tar.getmember(MANIFEST)
        source = tar.extractfile(member) if member.isreg() and member.size <= _LARGEST_MANIFEST else None
    except KeyError:
        source = None
    if source is None:
        raise SetupError(f"{file} is no backup, or only a part of one: it has no manifest.", _DAMAGED)
    try:
        return Manifest.model_validate_json(source.read())
    except ValidationError as error:
        raise SetupError(f"The manifest of {file} cannot be used: {error.errors()[0]['msg']}.", _DAMAGED) from error


def _fits(file: Path, manifest: Manifest, postgresql: bool) -> None:
    """Whether this version, with these settings, can serve what is in an archive."""
    for name, found in manifest.schemas.items():
        if found > SCHEMAS.get(name, 0):
            raise SetupError(
                f"{file} was written by a newer version ({manifest.version}; {name} has schema {found}, "
                f"this version knows {SCHEMAS.get(name, 0)}).",
                "Install that version, then restore.",
            )
    if manifest.postgresql != postgresql:
        where = "on PostgreSQL" if manifest.postgresql else "in the archive itself"
        raise SetupError(
            f"The conversations of {file} are {where}, and the setting 'database_url' says otherwise.",
            f"{'Set' if manifest.postgresql else 'Leave out'} ASSISTANT_DATABASE_URL, then restore.",
        )


def _replaced(folder: Path, manifest: Manifest) -> list[str]:
    """What in the data folder gives way: all that a backup holds, and the logs of the databases."""
    databases = [name for name in SCHEMAS if not (manifest.postgresql and name == CONVERSATIONS)]
    logs = [f"{name}-{log}" for name in databases for log in ("wal", "shm", "journal")]
    kept = [path.name for path in folder.iterdir() if path.name not in SCHEMAS and is_kept(path.name)]
    return [*databases, *logs, *kept]
