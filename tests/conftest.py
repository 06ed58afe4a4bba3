"""Fixtures that are dear: the demo shop is generated and embedded once per run, the packaged model is loaded once."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds the demo shop, ingested. Read it through `copy_of_demo` when you write to it."""
    from assistant.demo import prepare_demo
    from assistant.settings import load_settings

    folder = tmp_path_factory.mktemp("demo") / "var"
    prepare_demo(load_settings(data_folder=folder))
    return folder


@pytest.fixture
def copy_of_demo(demo_folder: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own with the demo shop in it."""
    return Path(shutil.copytree(demo_folder, tmp_path / "var"))


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives ports nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture(scope="session")
def service(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """The whole assistant over the demo shop, with the packaged language model."""
    from assistant.service import open_service
    from assistant.settings import load_settings

    folder = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("service") / "var"))
    opened = open_service(load_settings(data_folder=folder))
    yield opened
    opened.close()
