"""Loading a causal language model: where its weights are, and in which arithmetic this machine runs it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from assistant.language_model.adapter import add_low_rank, keep_beside
from assistant.language_model.decoders import Decoder, GeneralDecoder
from assistant.language_model.half_weights import available as half_weights_available
from assistant.language_model.half_weights import halve_weights
from assistant.language_model.llama_decoder import LlamaDecoder
from assistant.language_model.packaged import Report, converted_gguf, packaged_folder, say
from assistant.settings import PACKAGED
from retrieval.errors import SetupError
from retrieval.model_files import refuse_pickles

_ANOTHER_MODEL = "Set ASSISTANT_LANGUAGE_MODEL to a hub id, a local folder, a .gguf file or 'packaged'."


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to run.

    Attributes:
        decoder: runs the network.
        tokenizer: transformers' tokenizer, with the chat template.
        quantization: the arithmetic chosen; see `Settings.quantization`.
        ends: token ids that end an answer.
        vocabulary: how many logits there are.
        limit: most tokens of prompt and answer together.
    """

    decoder: Decoder
    tokenizer: Any
    quantization: str
    ends: frozenset[int]
    vocabulary: int
    limit: int


def load_model(
    source: str,
    quantization: str = "auto",
    *,
    adapter: Path | None = None,
    cache: Path | None = None,
    report: Report = say,
) -> LoadedModel:
    """Load a model.

    Args:
        source: 'packaged', a hub id, a local folder or a .gguf file.
        quantization: see `Settings.quantization`.
        adapter: folder of an adapter to add; see `assistant.language_model.adapter`.
        cache: folder for what is converted; None: see `packaged_model.default_cache`.
        report: receives progress lines.

    Raises:
        SetupError: the model or the adapter does not exist, cannot be read, or does not fit.
    """
    where = locate(source, cache=cache, report=report)
    chosen = choose_quantization(quantization, cuda=torch.cuda.is_available())
    report(f"Loading the language model {source} ({chosen}) ...")
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    options = loading_options(chosen, cuda=torch.cuda.is_available())
    if Path(where).is_dir():
        refuse_pickles(Path(where), _ANOTHER_MODEL)
        check_fit(Path(where), chosen, _free_memory())
    try:
        tokenizer, network = _read(where, options)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(source, _first_line(error)) from error
    except RuntimeError as error:
        if "not enough memory" not in str(error):  # how torch's CPU allocator says it
            raise
        raise _too_large(source, _first_line(error)) from error
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise SetupError(
            f"The language model {source!r} cannot be loaded: {_first_line(error)}", _ANOTHER_MODEL
        ) from error
    if adapter is not None:
        network = _adapted(network, adapter, chosen)
    network.eval()
    config = network.config.get_text_config(decoder=True)
    return LoadedModel(
        decoder=decoder_of(network, chosen),
        tokenizer=tokenizer,
        quantization=chosen,
        ends=_end_tokens(network.generation_config.eos_token_id, tokenizer.eos_token_id),
        vocabulary=config.vocab_size,
        limit=int(getattr(config, "max_position_embeddings", None) or 1 << 30),
    )


def _adapted(network: Any, adapter: Path, quantization: str) -> Any:
    if quantization in ("nf4", "int8"):
        return keep_beside(network, adapter)
    add_low_rank(network, adapter)
    return network


def _read(where: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """Tokenizer and network, from the hub only what is not in its cache: a cached model needs no network."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    def read(*, local_files_only: bool) -> tuple[Any, Any]:
        tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=local_files_only)
        return tokenizer, AutoModelForCausalLM.from_pretrained(where, local_files_only=local_files_only, **options)

    try:
        return read(local_files_only=True)
    except OSError:
        if Path(where).is_dir():
            raise
    return read(local_files_only=False)


def locate(source: str, *, cache: Path | None = None, report: Report = say) -> str:
    """A folder, or a hub id, that transformers can load.

    Raises:
        SetupError: a path that does not exist or holds no model.
    """
    if source == PACKAGED:
        return str(packaged_folder(cache, report=report))
    path = Path(source).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise SetupError(f"The language model {source} does not exist.", _ANOTHER_MODEL)
        return str(converted_gguf(path, cache, report=report))
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise SetupError(f"The folder {source} holds no language model: config.json is missing.", _ANOTHER_MODEL)
        return str(path)
    if path.is_absolute() or source.startswith((".", "~")) or source.count("/") > 1:
        raise SetupError(f"The language model {source} does not exist.", _ANOTHER_MODEL)
    return source


def choose_quantization(asked: str, *, cuda: bool) -> str:
    """What `auto` means on this machine: NF4 on CUDA; on a CPU the fastest that keeps float32's answers.

    Raises:
        SetupError: what was asked for does not run on this machine.
    """
    half = not cuda and half_weights_available()
    if asked == "auto":
        return "nf4" if cuda else "fp16" if half else "none"
    if asked == "fp16" and not half:
        raise SetupError(
            f"The quantization {asked!r} does not run on this machine.", "Set ASSISTANT_QUANTIZATION=auto."
        )
    return asked


def loading_options(quantization: str, *, cuda: bool) -> dict[str, Any]:
    """The arguments of `from_pretrained` for a quantization.

    `nf4` and `int8` are bitsandbytes', on CUDA and, when memory forces it, on a CPU.
    """
    from transformers import BitsAndBytesConfig

    options: dict[str, Any] = {"dtype": torch.bfloat16 if cuda or quantization == "bf16" else torch.float32}
    options["use_safetensors"] = True  # a pickle is never opened
    if cuda:
        options["device_map"] = "auto"
    if quantization == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16 if cuda else torch.float32,
        )
    elif quantization == "int8":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
        # it warns of its own cast to float16 at every product
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    return options


def check_fit(folder: Path, quantization: str, free: int) -> None:
    """Refuse a model whose weights would not fit into `free` bytes.

    Raises:
        SetupError: it would not.
    """
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    # of the file's size, taken to be 16 bits a weight; float32 weights are in memory while they are converted
    factor = {"nf4": 0.35, "int8": 0.6, "bf16": 1.0, "none": 2.0, "fp16": 3.0}[quantization]
    needed = int(weights * factor)
    if needed > free:
        raise _too_large(str(folder), f"about {needed >> 20} MB are needed and {free >> 20} MB are free.")


def _free_memory() -> int:
    """Bytes free for weights: the GPUs' where there are any, else the machine's."""
    if torch.cuda.is_available():
        return sum(torch.cuda.mem_get_info(device)[0] for device in range(torch.cuda.device_count()))
    import psutil  # type: ignore[import-untyped]

    return int(psutil.virtual_memory().available)


def _too_large(source: str, reason: str) -> SetupError:
    return SetupError(
        f"The language model {source!r} does not fit in memory: {reason}",
        "Set ASSISTANT_QUANTIZATION=nf4, or ASSISTANT_LANGUAGE_MODEL to a smaller model or 'packaged'.",
    )


def decoder_of(network: Any, quantization: str) -> Decoder:
    """What runs a loaded network; its weights are converted where the quantization is not done at loading."""
    if quantization == "fp16":
        if LlamaDecoder.fits(network):
            return LlamaDecoder(network)
        halve_weights(network)
    return GeneralDecoder(network)


def _end_tokens(generation: int | list[int] | None, tokenizer: int | None) -> frozenset[int]:
    """Every token that ends an answer: a model's generation settings may name several."""
    named = generation if isinstance(generation, list) else [generation]
    return frozenset(token for token in (*named, tokenizer) if token is not None)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
