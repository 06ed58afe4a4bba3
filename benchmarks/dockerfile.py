"""The RUN lines of the Dockerfile without an engine: `python -m benchmarks.dockerfile [FOLDER]`.

Copies what COPY names and .dockerignore lets through into a folder, and runs every RUN line there under `sh`, with the
folders of the image inside it and an environment that holds nothing of the caller's but where packages come from.
Prints each line with its seconds. What it cannot show: the base image, the user, the read-only root, the health check.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")  # and PIP_*, *_proxy, SSL_*: where packages come from


class Instruction(NamedTuple):
    """One instruction: its name in capitals and the rest of the line, continuations joined."""

    name: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, comments left out."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [Instruction(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages(found: list[Instruction]) -> Iterator[list[Instruction]]:
    """The instructions of each stage, its FROM first."""
    starts = [at for at, one in enumerate(found) if one.name == "FROM"]
    for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
        yield found[start:end]


def ignored(path: str, rules: list[str]) -> bool:
    """Whether .dockerignore keeps a path out of the image; only of the forms that ours has: *, !NAME, !FOLDER/, **/."""
    kept_out = False
    for rule in rules:
        if rule == "*":
            kept_out = True
        elif rule.startswith("!"):
            kept_out = kept_out and not (path == rule[1:] or path.startswith(rule[1:].rstrip("/") + "/"))
        elif rule.startswith("**/"):
            pattern = re.escape(rule[3:].rstrip("/")).replace(r"\*", "[^/]*")
            kept_out = kept_out or re.search(rf"(^|/){pattern}(/|$)", path) is not None
        else:
            raise ValueError(f"no rule of a known form: {rule}")
    return kept_out


def copy(rest: str, target: Path) -> None:
    """What `COPY SOURCE... TARGET` does, from the project into a folder."""
    *sources, to = rest.split()
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    for source in sources:
        for file in [ROOT / source] if (ROOT / source).is_file() else sorted((ROOT / source).rglob("*")):
            if not file.is_file() or ignored(file.relative_to(ROOT).as_posix(), rules):
                continue
            inside = file.name if (ROOT / source).is_file() else file.relative_to(ROOT / source)
            placed = target / to / inside
            placed.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, placed)


def environment() -> dict[str, str]:
    """Of the RUN lines."""
    passed = re.compile(r"PIP_\w+|\w+_proxy|\w+_PROXY|SSL_\w+|REQUESTS_CA_BUNDLE")
    return {name: value for name, value in os.environ.items() if name in KEPT or passed.fullmatch(name)}


def build(folder: Path) -> None:
    """Run every stage in the folder.

    Raises:
        subprocess.CalledProcessError: a RUN line failed.
    """
    arguments = {"ROOT": str(folder / "opt"), "DATA": str(folder / "data")}
    for stage in stages(instructions((ROOT / "Dockerfile").read_text())):
        variables, here = environment(), folder
        for name, rest in stage:
            if name == "ARG":
                argument, _, default = rest.partition("=")
                variables[argument] = os.environ.get(argument, arguments.get(argument, default))
            elif name == "WORKDIR":
                here = Path(rest.replace("$ROOT", arguments["ROOT"]).replace("$DATA", arguments["DATA"]))
                here.mkdir(parents=True, exist_ok=True)
            elif name == "COPY" and not rest.startswith("--from"):
                copy(rest, here)
            elif name == "RUN":
                start = time.perf_counter()
                subprocess.run(["sh", "-ec", rest], cwd=here, env=variables, check=True)
                print(f"{time.perf_counter() - start:7.1f} s  RUN {rest}")


def main() -> None:
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1]).resolve()
        folder.mkdir(parents=True)
        build(folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        build(Path(temporary))


if __name__ == "__main__":
    main()
