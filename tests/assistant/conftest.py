"""The store on either database."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import binaries, empty_database, running_server

from assistant.store import Store


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL of the tests' own."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL's driver is not installed: pip install -e '.[postgresql]'")
    with running_server(programs) as address:
        yield address


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[str]:
    """The address of an empty database."""
    with empty_database(postgresql_server) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """What `Store` is given: None for SQLite, the address of an empty database for PostgreSQL."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))


@pytest.fixture
def store(database_url: str | None, tmp_path: Path) -> Iterator[Store]:
    """An empty store; its test runs once on each database."""
    opened = Store(tmp_path, database_url)
    yield opened
    opened.close()
