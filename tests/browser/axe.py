"""Accessibility of a page as axe-core sees it: the npm package, fetched once, run inside the page.

    from axe import violations
    assert violations(page) == []

The script is evaluated by the browser's debugger, so that a page's Content-Security-Policy stays in force and does not
stand in its way. Every frame is looked at by itself, whatever its origin.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

from assistant.language_model.packaged import default_cache

PACKAGE = "axe-core@4.14.1"
COUNTED = ("serious", "critical")
RUN = """async (impacts) => {
  const found = await axe.run(document, { iframes: false, resultTypes: ['violations'] });
  return found.violations
    .filter((rule) => impacts.includes(rule.impact))
    .flatMap((rule) => rule.nodes.map((node) =>
      `${rule.impact} ${rule.id} at ${node.target.flat(2).join(' ')}: ` +
      node.failureSummary.replace(/\\s+/g, ' ')));
}"""


def violations(page: Page) -> list[str]:
    """The serious and critical violations of what the page shows now, in all of its frames.

    One line for each element: impact, rule, selector, what to fix. Closed shadow roots are not seen: a test that needs
    them opens them before the page loads. Skips the test where axe-core is not cached and npm cannot bring it.
    """
    script = axe_script()
    found: list[str] = []
    for frame in page.frames:
        frame.evaluate(script)
        found += frame.evaluate(RUN, list(COUNTED))
    return found


@cache
def axe_script() -> str:
    """The source of axe-core, out of the cache or the npm registry."""
    kept = default_cache() / f"{PACKAGE.replace('@', '-')}.min.js"
    if not kept.is_file():
        _fetch(kept)
    return kept.read_text(encoding="utf-8")


def _fetch(kept: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("axe-core is fetched with npm, which is absent: apt-get install npm")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        command = [npm, "pack", PACKAGE, "--silent", "--fetch-retries", "0", "--fetch-timeout", "60000"]
        packed = subprocess.run(command, cwd=temporary, capture_output=True, text=True, check=False)
        if packed.returncode != 0:
            pytest.skip(f"the npm registry does not give {PACKAGE}: {packed.stderr.strip()[-200:]}")
        with tarfile.open(Path(temporary, packed.stdout.split()[-1])) as archive:
            archive.extract("package/axe.min.js", temporary, filter="data")
        Path(temporary, "package", "axe.min.js").replace(kept)
