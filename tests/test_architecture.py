"""The rules of ARCHITECTURE.md that imports can show."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("assistant", "retrieval", "prompts")
HOMES = {
    "chromadb": {"retrieval/index.py"},
    "bm25s": {"retrieval/baselines.py"},
    "sentence_transformers": {"retrieval/embedding.py", "assistant/training/encoder_trainer.py"},
    "bitsandbytes": {"assistant/language_model/local.py"},
    "gradio": {"app.py", "assistant/serving.py"},  # and everything under assistant/ui/
    "lightgbm": {"retrieval/behaviour/fusion/lambdamart.py"},
    "opentelemetry": {"assistant/tracing.py"},
    "sqlalchemy": {"retrieval/records.py", "retrieval/corrections.py"},  # and everything under assistant/store/
}
UNDER = {"gradio": "assistant/ui/", "sqlalchemy": "assistant/store/"}
HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "chromadb",
    "gradio",
    "bitsandbytes",
    "peft",
    "sqlalchemy",
    "lightgbm",
)


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: relative import"
            found.add(node.module)
    return found


def sources() -> list[Path]:
    return [ROOT / "app.py", *(f for package in PACKAGES for f in sorted((ROOT / package).rglob("*.py")))]


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("retrieval", {"assistant", "prompts", "app"}),
        ("prompts", {"assistant", "retrieval", "app"}),
        ("assistant", {"app"}),
    ],
)
def test_imports_go_one_way(package: str, forbidden: set[str]) -> None:
    for file in (ROOT / package).rglob("*.py"):
        crossing = {name for name in imports(file) if name.split(".")[0] in forbidden}
        assert not crossing, f"{file.relative_to(ROOT)} imports {crossing}"


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_third_party_part_has_one_home(library: str) -> None:
    for file in sources():
        name = file.relative_to(ROOT).as_posix()
        if library in {module.split(".")[0] for module in imports(file)}:
            under = UNDER.get(library)
            allowed = name in HOMES[library] or (under is not None and name.startswith(under))
            assert allowed, f"{name} imports {library}, whose home is {sorted(HOMES[library])}"


def test_help_loads_no_heavy_library() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from assistant.__main__ import app;"
        "result = CliRunner().invoke(app, ['--help']); assert result.exit_code == 0, result.output;"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_module_stays_readable_in_one_sitting() -> None:
    long = {f.relative_to(ROOT).as_posix(): n for f in sources() if (n := len(f.read_text().splitlines())) > 330}
    assert not long


def imports_at_loading(file: Path) -> set[str]:
    """Modules of ours that a file imports as it is loaded: not those inside functions or under TYPE_CHECKING."""
    found: set[str] = set()
    waiting: list[ast.stmt] = list(ast.parse(file.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            waiting += [*node.body, *node.orelse]
        elif isinstance(node, (ast.Try, ast.With, ast.ClassDef)):
            waiting += node.body
    return {name for name in found if name.split(".")[0] in PACKAGES}


def test_any_module_can_be_imported_first() -> None:
    names = {".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): f for f in sources()}
    graph = {}
    for name, file in names.items():
        needed = {n for n in imports_at_loading(file) if n in names}
        packages = {n.rpartition(".")[0] for n in needed if n.count(".") > 1}  # a package is loaded before its modules
        graph[name] = (needed | packages) - {name, name.rpartition(".")[0]}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' -> '.join((*path[path.index(name) :], name))}"
        if name not in done:
            for needed in sorted(graph[name]):
                visit(needed, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())
