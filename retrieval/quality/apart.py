"""The doctor in a process of its own: twenty seconds of Python over a large catalogue would slow every search down."""

from __future__ import annotations

import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from retrieval.quality import QualityReport, inspect
from retrieval.records import Records


def inspect_apart(folder: Path) -> QualityReport:
    """Inspect what is stored in a data folder; waits for the other process, which yields to everything else.

    Raises:
        ChildProcessError: it ended without a report.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_inspect, args=(folder, sending), name="doctor", daemon=True)
    process.start()
    sending.close()
    try:
        report: QualityReport = receiving.recv()
    except EOFError as error:
        raise ChildProcessError("The inspection ended without a report.") from error
    finally:
        receiving.close()
        process.join()
    return report


def _inspect(folder: Path, sending: Connection) -> None:
    os.nice(10)
    with Records(folder) as records:
        sending.send(inspect(records.items()))
    sending.close()
