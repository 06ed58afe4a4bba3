"""Feed readers, the reader of the model's answers and the claim checker, fed with broken input.

    python -m benchmarks.fuzz [--minutes 10] [--only feeds] [--seed 1] [--found /tmp/found]
    python -m benchmarks.fuzz --only feeds --again FILE

Each target runs for its time in a process of its own, 500 inputs for each seed. An input that raises
anything undocumented, takes more than 5 seconds of the processor or more than 500 MB is a finding: it is printed with
its seed and written to a file, its traceback beside it, and `--again FILE` puts it in once more. The result goes to
docs/results/fuzz.json when all targets ran.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.fuzz_targets import TARGETS, Target

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "docs" / "results" / "fuzz.json"
INPUTS = 500  # for each seed
SECONDS = 5.0  # of the processor, for one input
MEMORY = 500 << 20  # bytes beyond what the process takes before the first input
CURRENT = "current.input"


class TooSlow(Exception):
    """An input took longer than `SECONDS`."""


def put_in(target: Target, data: bytes) -> None:
    """Put one input in.

    Raises:
        TooSlow: it takes longer than `SECONDS`.
        Exception: whatever the target raises, a finding.
    """
    signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    faulthandler.dump_traceback_later(30 * SECONDS, exit=True)  # where nothing looks at signals
    try:
        target.check(data)
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow(f"more than {SECONDS:g} s")


def run_seed(target: Target, number: int, inputs: int, folder: Path | None = None) -> None:
    """Put the inputs of one seed in, each written to the folder first; the first finding is raised."""

    @seed(number)
    @settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def each(data: bytes) -> None:
        if folder is not None:
            (folder / CURRENT).write_bytes(data)
        put_in(target, data)

    each()


def limit_memory() -> None:
    """From here on, `MEMORY` more and no further: what asks for more gets a MemoryError."""
    used = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize"))
    limit = int(used.split()[1]) * 1024 + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def fuzz(name: str, minutes: float, first: int, found: Path) -> dict[str, Any]:
    """Run one target for its time; findings go to the folder."""
    until, number, findings, began = time.monotonic() + 60 * minutes, first, [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < until:
            command = [sys.executable, "-m", "benchmarks.fuzz", "--only", name, "--child", folder]
            command += ["--seed", str(number), "--until", str(until - time.monotonic())]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            number = int(Path(folder, "seed").read_text()) + 1
            if done.returncode:
                findings.append(keep(name, Path(folder, CURRENT).read_bytes(), done.stderr, found))
                print(f"{name}: seed {number - 1}: {findings[-1]}", file=sys.stderr)
    return {
        "seeds": [first, number - 1],
        "inputs": INPUTS * (number - first - len(findings)),
        "seconds": round(time.monotonic() - began),
        "findings": len(findings),
        "kinds": sorted({finding["kind"] for finding in findings}),
    }


def keep(name: str, data: bytes, said: str, found: Path) -> dict[str, str]:
    """Write a finding to the folder: the input, and what was raised."""
    found.mkdir(parents=True, exist_ok=True)
    file = found / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}.input"
    file.write_bytes(data)
    file.with_suffix(".txt").write_text(said, "utf-8")
    said = said.partition("Failing test case:")[0]
    raised = [line for line in said.splitlines() if line and not line[0].isspace() and ":" in line]
    return {"file": str(file), "kind": raised[-1][:200] if raised else "ended without a word"}


def child(name: str, first: int, seconds: float, folder: Path) -> None:
    """Seed after seed until the time is over; the first finding ends the process."""
    run_seed(TARGETS[name], first, 1)
    limit_memory()
    until, number = time.monotonic() + seconds, first
    while True:
        (folder / "seed").write_text(str(number))
        run_seed(TARGETS[name], number, INPUTS, folder)
        if time.monotonic() >= until:
            return
        number += 1


def main() -> None:
    """Run what was chosen and print its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-found")
    parser.add_argument("--again", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.again is not None:
        put_in(TARGETS[chosen.only], chosen.again.read_bytes())
        print("no finding")
    elif chosen.child is not None:
        child(chosen.only, chosen.seed, chosen.until, chosen.child)
    else:
        names = [chosen.only] if chosen.only else list(TARGETS)
        results = {name: fuzz(name, chosen.minutes, chosen.seed, chosen.found) for name in names}
        result = {"command": f"python -m benchmarks.fuzz --minutes {chosen.minutes:g}", "result": results}
        result["at"] = datetime.now(UTC).isoformat(timespec="minutes")
        if not chosen.only:
            RESULT.write_text(json.dumps(result, indent=2) + "\n")
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
