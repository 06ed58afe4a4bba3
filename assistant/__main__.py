"""The command line: `python -m assistant COMMAND`. Heavy libraries are imported inside the commands that need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.backup_command import backup, restore
from assistant.command_line import explained, print_json, progress
from assistant.evaluation.impressions_command import evaluate_impressions
from assistant.evaluation.ranking_command import evaluate_ranking
from assistant.keys_command import keys
from assistant.learn_command import learn
from assistant.progress import reading
from assistant.retention_command import retention
from assistant.settings import Settings, describe_settings, load_settings
from assistant.staff_command import staff
from assistant.training.behaviour_command import train_behaviour
from assistant.training.encoder_command import train_encoder

if TYPE_CHECKING:
    from assistant.service import Service

app = typer.Typer(
    name="assistant",
    help="A shop's own conversational assistant.",
    epilog=describe_settings(),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
evaluation = typer.Typer(help="Measure against labelled data.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluation, name="evaluate")
evaluation.command("ranking")(evaluate_ranking)
evaluation.command("impressions")(evaluate_impressions)

training = typer.Typer(help="Train the models.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(training, name="train")
training.command("behaviour")(train_behaviour)
training.command("encoder")(train_encoder)
app.command()(learn)
app.command()(retention)
app.command()(backup)
app.command()(restore)
app.add_typer(staff, name="staff")
app.add_typer(keys, name="keys")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@contextmanager
def service() -> Iterator[Service]:
    """The opened service, closed afterwards."""
    from assistant.service import open_service

    opened = open_service(load_settings(), progress)
    try:
        yield opened
    finally:
        opened.close()


@app.command()
def demo() -> None:
    """Prepare the demo shop: invented items and a simulated interaction log, generated and ingested."""
    with explained():
        from assistant.demo import prepare_demo

        prepare_demo(load_settings(), progress)


@app.command()
def ingest(
    path: Annotated[Path, typer.Argument(help="A feed, an interaction log, or a folder of them; .gz or not.")],
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Where a field is found; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read items or interactions: CSV, JSON Lines, Shopify CSV, Google Merchant TSV or XML."""
    mapping = {}
    for entry in map_ or []:
        field, separator, column = entry.partition("=")
        if not separator:
            raise typer.BadParameter(f"{entry!r} is not FIELD=COLUMN, for example --map title=product_name")
        mapping[field.strip()] = column.strip()
    with explained():
        from assistant.service import open_shop
        from assistant.store.tombstones import Tombstones
        from retrieval.ingest import ingest as read

        settings = load_settings()
        with open_shop(settings, progress) as shop:
            report = read(
                path,
                shop.records,
                mapping=mapping,
                sink=shop.index_items,
                currency=settings.currency,
                progress=reading(progress),
                forgotten=Tombstones(settings.data_folder).covers,
            )
        print_json(report.as_json()) if as_json else typer.echo(report)


@app.command()
def rebuild() -> None:
    """Make the vectors anew from the shop's own records, after a change of encoder or a damaged Chroma folder."""
    with explained():
        from assistant.service import open_shop

        with open_shop(load_settings(), progress, rebuild=True) as shop:
            typer.echo(f"{len(shop.catalogue):,} items indexed.")


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="What to look for; may be empty when --where is given.")],
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="price<=900, brand!=hp, ram>=32 GB, category=laptops, in_stock."),
    ] = None,
    sort: Annotated[
        str, typer.Option(help="relevance, price_asc, price_desc, rating, newest, popularity.")
    ] = "relevance",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 10,
    as_json: AsJson = False,
) -> None:
    """Query the items by text and by field; no language model involved."""
    with explained():
        from assistant.search_command import run_search

        result = run_search(load_settings(), text, where or [], sort, limit)
        print_json(result.as_json()) if as_json else typer.echo(result)


@app.command()
def chat(
    say: Annotated[list[str] | None, typer.Option(help="Say this and print the answer; repeatable.")] = None,
    shopper: Annotated[
        str | None, typer.Option(help="Chat as this shopper, with her history; counts as her consent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Talk to the assistant in the terminal."""
    with explained(), service() as opened:
        from assistant.terminal import converse

        converse(opened, say, shopper, print_json if as_json else None)


@app.command()
def serve(
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the chat page in the browser when it is ready.")
    ] = False,
) -> None:
    """Start the service: the chat page and the API."""
    with explained():
        from assistant.serving import serve as start

        start(load_settings(), progress, open_page=open_page)


@app.command()
def mcp() -> None:
    """The items for an assistant of another kind: a read-only Model Context Protocol server on standard input."""
    with explained():
        from assistant.mcp_server import run_mcp

        run_mcp(load_settings(), progress)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Inspect the catalogue: contradictions, gaps, outliers, duplicates, injections. Exit code 1 on errors."""
    with explained():
        from retrieval.quality import inspect
        from retrieval.records import Records

        settings = load_settings()
        with Records(settings.data_folder) as records:
            report = inspect(records.items())
        print_json(report.as_json()) if as_json else typer.echo(report)
        raise typer.Exit(report.exit_code)


@app.command("settings")
def show_settings() -> None:
    """Print every setting with its value in force."""
    with explained():
        settings = load_settings()
        for name, field in Settings.model_fields.items():
            typer.echo(f"{name} = {getattr(settings, name)!s}\n    {field.description}")


@evaluation.command("search")
def evaluate_search(
    queries: Annotated[Path, typer.Option(help="CSV: query_id, query[, split].")],
    qrels: Annotated[Path, typer.Option(help="CSV: query_id, item_id, rating[, split].")],
    as_json: AsJson = False,
) -> None:
    """Retrieval against graded judgements: BM25, dense, fusions, the full system; nDCG, recall, judged@10."""
    with explained():
        from assistant.service import open_shop
        from retrieval.evaluation import evaluate_search as evaluate

        with open_shop(load_settings(), progress) as shop:
            report = evaluate(shop, queries, qrels)
        print_json(report.as_json()) if as_json else typer.echo(report)


@evaluation.command("intent")
def evaluate_intent(
    data: Annotated[list[Path], typer.Option(help="Labelled file: .jsonl, .csv(.gz), Rasa .yml; repeatable.")],
    model: Annotated[
        str | None, typer.Option(help="'rules', 'raw', 'packaged', a hub id, a folder; default: what is in service.")
    ] = None,
    compare: Annotated[str | None, typer.Option(help="A second model, compared in pairs.")] = None,
    shop: Annotated[bool, typer.Option("--shop", help="Use the words of the catalogue in the data folder.")] = False,
    mapping: Annotated[list[str] | None, typer.Option("--map", metavar="THEIRS=OURS", help="Our intent.")] = None,
    train: Annotated[list[Path] | None, typer.Option(help="Labelled .jsonl for the baselines; repeatable.")] = None,
    raw_sample: Annotated[int, typer.Option(min=0, help="Utterances the raw packaged model is asked.")] = 40,
    suite_sample: Annotated[int, typer.Option(min=0, help="Most of a robustness suite a model is asked.")] = 40,
    fail_under: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Exit code 1 below it.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report with plots to this file.")] = None,
    predictions: Annotated[Path | None, typer.Option(help="Write a JSON line for each utterance here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Intent recognition against labelled utterances, beside four baselines, with robustness suites."""
    with explained():
        from assistant.evaluation.command import pairs, run_intent
        from assistant.evaluation.intent import Options

        labels = pairs(mapping or [], "their_label=find")
        options = Options(data, labels, model, compare, shop, train or [], raw_sample, suite_sample)
        reached = run_intent(
            options,
            load_settings(),
            progress,
            fail_under=fail_under or [],
            html=html,
            predictions=predictions,
            print_json=print_json if as_json else None,
        )
    raise typer.Exit(0 if reached else 1)


@evaluation.command("import-turns")
def import_turns(out: Annotated[Path, typer.Option(help="JSON Lines file to write.")]) -> None:
    """Turns of shoppers who consented, redacted, for labelling."""
    with explained():
        from assistant.evaluation.import_turns import import_turns as write
        from assistant.store import open_store

        store = open_store(load_settings())
        typer.echo(f"{write(store, out)} turns written to {out}.")
        store.close()


@evaluation.command("agreement")
def evaluate_agreement(first: Path, second: Path, as_json: AsJson = False) -> None:
    """Two people's labels of the same utterances: kappa of the intents, F1 of the slots."""
    with explained():
        from assistant.evaluation.agreement import agreement
        from assistant.evaluation.examples import read_jsonl
        from assistant.evaluation.open_shop import open_shop
        from retrieval.vocabulary import Vocabulary

        found = agreement(read_jsonl(first), read_jsonl(second), Vocabulary.learn(open_shop()))
        print_json(found.as_json()) if as_json else typer.echo(found)


@training.command("language-model")
def train_language_model(
    model: Annotated[str, typer.Option(help="'packaged', a hub id, a local folder or a .gguf file.")] = "packaged",
    out: Annotated[Path, typer.Option(help="Folder for the adapter, its result card, logs and checkpoints.")] = Path(
        "var/training/language-model"
    ),
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the lessons.")] = 2.0,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the low-rank matrices.")] = 16,
    upper: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of the layers, from the top.")] = 0.67,
    batch: Annotated[int, typer.Option(min=1, help="Lessons of one step.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0.0)] = 6e-4,
    understand: Annotated[int, typer.Option(min=0, help="Generated utterances to learn from.")] = 9000,
    explain: Annotated[int, typer.Option(min=0, help="Explanations to learn from.")] = 2000,
    full: Annotated[bool, typer.Option("--full", help="Train every weight instead.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")] = False,
) -> None:
    """Fine-tune a language model for understanding and explaining: LoRA on a CPU, QLoRA on a GPU."""
    with explained():
        from assistant.training import train_language_model as start

        options = {"model": model, "epochs": epochs, "rank": rank, "upper": upper, "batch": batch, "full": full}
        options |= {"learning_rate": learning_rate, "understand": understand, "explain": explain}
        typer.echo(start(options, out, resume=resume, report=progress))


@training.command("tagger")
def train_tagger(
    out: Annotated[Path, typer.Option(help="Folder for the weights and their result card.")] = Path(
        "var/training/tagger"
    ),
    start: Annotated[Path | None, typer.Option(help="Weights to go on from (tagger.safetensors).")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the utterances.")] = 12,
    learning_rate: Annotated[float, typer.Option(help="Of the low-rank matrices.")] = 8e-4,
) -> None:
    """Train the small network that reads intent, edit and slots over the sentence encoder; minutes for each epoch."""
    with explained():
        from assistant.training import train_tagger as begin

        print_json(begin({"epochs": epochs, "learning_rate": learning_rate}, out, start=start, report=progress))


if __name__ == "__main__":
    app()
