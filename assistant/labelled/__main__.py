"""The labelled data as JSON Lines, with statistics and digests, and a check of files written by hand.

python -m assistant.labelled write FOLDER
python -m assistant.labelled check FILE ...
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from assistant.dialogue import Intent
from assistant.labelled.examples import Example, write
from assistant.labelled.explaining import explanations
from assistant.labelled.generate import SEED, by_hand, generate
from assistant.labelled.notation import NotationError, read_file
from assistant.labelled.phrases import Split
from assistant.labelled.serialisation import KEYS

_SLOTS = (*KEYS.values(), "dropped")

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("write")
def write_all(
    folder: Annotated[Path, typer.Argument(help="Where to write; made when it does not exist.")],
    train: Annotated[int, typer.Option(help="Generated utterances to train on.")] = 10_000,
    validation: Annotated[int, typer.Option(help="Generated utterances to validate on.")] = 1_000,
    explain: Annotated[int, typer.Option(help="Explanations to train on; a tenth of it to validate on.")] = 2_400,
    seed: Annotated[int, typer.Option(help="The same seed, the same data.")] = SEED,
) -> None:
    """Write understand-{train,validation}.jsonl and explain-{train,validation}.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    splits: tuple[tuple[Split, int, int], ...] = (
        ("train", train, explain),
        ("validation", validation, explain // 10),
    )
    for split, utterances, sentences in splits:
        examples = [*generate(utterances, split, seed), *by_hand(split)]
        write(folder / f"understand-{split}.jsonl", examples)
        lines = [json.dumps(e.as_json(), ensure_ascii=False) for e in explanations(sentences, split, seed)]
        (folder / f"explain-{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        Console().print(statistics(examples, f"{split}: {len(examples):,} utterances, {len(lines):,} explanations"))
    for file in sorted(folder.glob("*.jsonl")):
        typer.echo(f"{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}  {file.name}")


@app.command()
def check(
    file: Annotated[list[Path], typer.Argument(help="Utterances in the notation of assistant.labelled.notation.")],
) -> None:
    """Say which lines of files written by hand cannot be read, and count the others."""
    for path in file:
        try:
            examples = read_file(path)
        except (OSError, NotationError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
        said = Counter((e.text.lower(), e.situation.need, e.situation.page) for e in examples)
        for (text, *_), times in said.items():
            if times > 1:
                typer.echo(f"{times} times: {text}")
        Console().print(statistics(examples, f"{path.name}: {len(examples):,} utterances"))


def statistics(examples: Sequence[Example], title: str) -> Table:
    """How many examples there are by intent, and how many of each fill each slot."""
    table = Table("intent", "all", *_SLOTS, title=title)
    for intent in (*Intent, None):
        chosen = [e for e in examples if intent in (None, e.intent)]
        filled = Counter(slot for e in chosen for slot in slots_filled(e))
        table.add_row(intent or "all", str(len(chosen)), *(str(filled[slot] or "") for slot in _SLOTS))
    return table


def slots_filled(example: Example) -> Iterable[str]:
    """The names of the slots that an example fills, "dropped" among them."""
    yield from example.slots.as_json()
    if example.dropped:
        yield "dropped"


if __name__ == "__main__":
    app()
