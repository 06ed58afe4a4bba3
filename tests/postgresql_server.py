"""A PostgreSQL of the tests' own: a fresh cluster in a temporary folder, on a port of loopback that nobody else has."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

SETTINGS = ("fsync=off", "wal_recycle=off", "shared_buffers=16MB", "max_connections=40")
ACCOUNT = "postgres"  # whom Debian's package makes: the server refuses to run as root


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are; None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """A server until the block is left; gives the address of an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="assistant-postgresql-"))
    owner = ACCOUNT if os.geteuid() == 0 else None
    if owner is not None:
        account = pwd.getpwnam(owner)
        os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=owner, cwd=folder)

    try:
        # a locale whose own order skips punctuation, so that the tests notice where the order of bytes is needed
        run("initdb", "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", *_locale(), "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k '' {' '.join(f'-c {setting}' for setting in SETTINGS)}"
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield f"postgresql://{ACCOUNT}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _locale() -> list[str]:
    return ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """A database of one test's own, made of a schema, which is quicker; gives its address."""
    name = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(server.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    yield f"{server}?options=-csearch_path%3D{name}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
