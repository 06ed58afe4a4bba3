"""How fast the packaged model runs in each arithmetic on this CPU, and whether it still says what it says in float32.

    OMP_NUM_THREADS=1 python benchmarks/language_model.py

All candidates are loaded side by side and take turns on every prompt, so ratios hold on a machine that is not idle.
With one thread, rates are per second of CPU; with more, per second of the clock. Every candidate is fed float32's own
answer, token by token; agreement is the share of steps at which it would have chosen the same token.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import torch

from assistant.language_model import Prompt
from assistant.language_model.constrained import Grammars
from assistant.language_model.decoders import Decoder, GeneralDecoder
from assistant.language_model.half_weights import available, halve_weights
from assistant.language_model.llama_decoder import LlamaDecoder
from assistant.language_model.loading import loading_options
from assistant.language_model.local import LocalModel
from assistant.language_model.packaged import packaged_folder

THREADS = int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads()))
ANSWER_TOKENS = 24
FIXED = (
    "You help shoppers in a shop. You are given what the shopper needs and the record of one item. "
    "Say in one short sentence why the item fits. Use only facts of the record."
)
ASKED = (
    "Need: a light laptop under $900 for travel. "
    "Record: Veltra Air 14; price $849; weight 1.2 kg; ram 16 GB; screen 14 in.",
    "Need: a kettle under $50. Record: Torva Kettle; price $39; capacity 1.7 l; material steel; power 2200 W.",
    "Need: headphones for flights. "
    "Record: Ossel Quiet 3; price $199; noise cancelling yes; battery 40 h; weight 250 g.",
    "Need: a tent for two. Record: Nordal Ridge 2; price $229; sleeps 2; weight 2.1 kg; waterproof yes; colour green.",
)
SCHEMA = {
    "type": "object",
    "properties": {
        "intent": {"enum": ["find", "refine", "ask", "compare", "explain", "select", "chitchat"]},
        "category": {"anyOf": [{"type": "null"}, {"enum": ["laptop", "light laptop", "travel"]}]},
        "price_max": {"enum": [None, 900]},
        "brands": {"type": "array", "items": {"enum": ["hp", "dell", "veltra"]}, "maxItems": 3},
    },
    "required": ["intent", "category", "price_max", "brands"],
    "additionalProperties": False,
}


@dataclass(slots=True)
class Candidate:
    """One arithmetic: its decoder, and what was measured."""

    name: str
    decoder: Decoder
    megabytes: float
    prefill: list[float] = field(default_factory=list)
    decode: list[float] = field(default_factory=list)
    agreed: list[bool] = field(default_factory=list)


def now() -> float:
    return time.process_time() if THREADS == 1 else time.perf_counter()


def resident() -> float:
    """Megabytes of this process, what was freed given back to the system first."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return float(psutil.Process().memory_info().rss) / 1e6


def dynamic_int8(model: Any) -> Decoder:
    from torch.ao.quantization import quantize_dynamic

    return GeneralDecoder(quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8))


def half(model: Any) -> Decoder:
    halve_weights(model)
    return GeneralDecoder(model)


def candidates(folder: Path) -> list[Candidate]:
    from transformers import AutoModelForCausalLM

    ways: list[tuple[str, str, Callable[[Any], Decoder]]] = [
        ("float32, transformers", "none", GeneralDecoder),
        ("bfloat16, transformers", "bf16", GeneralDecoder),
        ("dynamic int8 (torch), transformers", "none", dynamic_int8),
        ("NF4 (bitsandbytes), transformers", "nf4", GeneralDecoder),
        ("int8 (bitsandbytes), transformers", "int8", GeneralDecoder),
    ]
    if available():
        ways.append(("float16 weights, transformers", "none", half))
        ways.append(("float16 weights, lean decoder (default)", "none", LlamaDecoder))
    made = []
    for name, quantization, decoder_of in ways:
        before = resident()
        options = loading_options(quantization, cuda=False)
        decoder = decoder_of(AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **options).eval())
        decoder.advance([1], decoder.fresh(1))  # touches every weight: mapped files count from then on
        made.append(Candidate(name, decoder, resident() - before))
    return made


def reference(decoder: Decoder, prompt: list[int]) -> list[int]:
    cache = decoder.fresh(len(prompt) + ANSWER_TOKENS)
    answer = [int(decoder.advance(prompt, cache).argmax())]
    while len(answer) < ANSWER_TOKENS:
        answer.append(int(decoder.advance([answer[-1]], cache).argmax()))
    return answer


def measure(candidate: Candidate, prompt: list[int], answer: list[int]) -> None:
    decoder, cache = candidate.decoder, candidate.decoder.fresh(len(prompt) + len(answer))
    began = now()
    logits = decoder.advance(prompt, cache)
    candidate.prefill.append(len(prompt) / (now() - began))
    chosen = [int(logits.argmax())]
    began = now()
    for token in answer[:-1]:
        chosen.append(int(decoder.advance([token], cache).argmax()))
    candidate.decode.append((len(answer) - 1) / (now() - began))
    candidate.agreed += [a == b for a, b in zip(chosen, answer, strict=True)]


def table(measured: list[Candidate]) -> list[dict[str, Any]]:
    base = measured[0]
    rows = []
    for candidate in measured:
        speed_up = [a / b for a, b in zip(candidate.decode, base.decode, strict=True)]
        rows.append(
            {
                "arithmetic": candidate.name,
                "decode tokens/s": round(statistics.median(candidate.decode), 1),
                "decode ratio": round(statistics.median(speed_up), 2),
                "prefill tokens/s": round(statistics.median(candidate.prefill)),
                "memory MB": round(candidate.megabytes),
                "agreement": round(statistics.mean(candidate.agreed), 3),
            }
        )
    return rows


def schema_costs(model: LocalModel, tokenizer: Any) -> dict[str, float]:
    """Compiling a schema never seen, masking a token, and an answer with and without its prefix cached."""
    grammars = Grammars(tokenizer.backend_tokenizer.to_str(), len(tokenizer), [tokenizer.eos_token_id])
    compiling = []
    for n in range(30):
        spans = {"enum": [f"span {n} {word}" for word in ("light", "laptop", "travel", "under 900")]}
        schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "category": spans}}  # type: ignore[dict-item]
        began = now()
        grammars.start(schema)
        compiling.append(now() - began)
    constraint, masking = grammars.start(SCHEMA), []
    logits = torch.randn(len(tokenizer))
    while not constraint.finished:
        constraint.forced()
        if constraint.finished:
            break
        began = now()
        token = int(constraint.masked(logits).argmax())
        constraint.take(token)
        masking.append(now() - began)
    prompt = Prompt(FIXED, ASKED[0])
    cold = model.generate(prompt, max_tokens=60, schema=SCHEMA)
    began = now()
    cold.text()
    seconds_cold, began = now() - began, now()
    warm = model.generate(prompt, max_tokens=60, schema=SCHEMA)
    warm.text()
    return {
        "compile a new schema, ms (median)": round(statistics.median(compiling) * 1e3, 2),
        "mask and choose, us per token (median)": round(statistics.median(masking) * 1e6, 1),
        "tokens of the answer": warm.usage.completion_tokens,
        "of them chosen by the model": len(masking),
        "schema answer, prefix not cached, s": round(seconds_cold, 3),
        "schema answer, prefix cached, s": round(now() - began, 3),
    }


def main() -> None:
    from transformers import AutoTokenizer

    torch.set_num_threads(THREADS)
    folder = packaged_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    measured = candidates(folder)
    for asked in ASKED:
        messages = [{"role": "system", "content": FIXED}, {"role": "user", "content": asked}]
        words = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompt = tokenizer.encode(words, add_special_tokens=False)
        answer = reference(measured[0].decoder, prompt)
        for candidate in measured:
            measure(candidate, prompt, answer)
    model = LocalModel("packaged")
    model.load()
    result = {
        "torch": torch.__version__,
        "threads": THREADS,
        "clock": "CPU seconds" if THREADS == 1 else "seconds",
        "rows": table(measured),
        "schema": schema_costs(model, tokenizer),
    }
    json.dump(result, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
