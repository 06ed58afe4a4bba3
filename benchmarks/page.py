"""The widget and the chat page in Debian's chromium: what they weigh, shift and keep waiting.

    python benchmarks/page.py [--data-folder var] [--repeat 2]

A shop on a site of its own embeds the real service, packaged language model included, with one line; the same page
without that line is measured beside it. Times are wall-clock on this machine: read the ratios.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from live_site import DESK, chromium, free_port_number, running_site  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from strangers_shop import BROWSER_ARGUMENTS, strangers_shop  # noqa: E402

from benchmarks.turns import CONVERSATIONS, spread  # noqa: E402

FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADS = 9  # of the shop's page, with and without the widget in turn

# What the browser itself counts. Shifts within half a second of an input are the input's, as in its own metric.
OBSERVE = """
window.seen = { shift: 0, script: 0 };
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) seen.shift += entry.value;
})).observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach((frame) => frame.scripts
  .filter((script) => script.sourceURL.includes('/widget.js'))
  .forEach((script) => { seen.script = Math.max(seen.script, script.duration); })))
  .observe({ type: 'long-animation-frame', buffered: true });
"""
# A turn, from Enter to the first card and to the end of the answer, in ms.
TURN = """
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Enter') return;
  const at = performance.now();
  let busy = false;
  window.turn = {};
  new MutationObserver((_, observer) => {
    const now = performance.now() - at;
    if (!turn.cards && document.querySelector('#picks .card')) turn.cards = now;
    const was = busy;
    busy = document.querySelector('#chat .log')?.getAttribute('aria-busy') === 'true';
    if (!was || busy) return;
    turn.whole = now;
    observer.disconnect();
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}, true);
"""
# When there is something to read and a box to write in, in ms since the page was asked for.
USABLE = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('#box textarea') || !document.querySelector('#chat h2')) return;
  window.usable = performance.now();
  observer.disconnect();
}).observe(document, { subtree: true, childList: true });
"""


def measure(folder: Path, repeat: int) -> dict[str, Any]:
    """Bytes, shifts and times of the widget, of the page that embeds it and of the chat page.

    Args:
        folder: data folder of a prepared demo shop; it is copied.
        repeat: how often each need is asked, on a fresh page each time.
    """
    port = free_port_number()
    assistant = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as temporary, strangers_shop(assistant) as shop:
        copy = Path(shutil.copytree(folder, Path(temporary) / "var"))
        with running_site(copy, port, embed_origins=shop), chromium(BROWSER_ARGUMENTS) as browser:
            return {
                "widget_bytes": len(httpx.get(f"{assistant}/widget.js").content),
                "shops_page": shops_page(browser, shop),
                "chat_page": chat_page(browser, assistant, repeat),
            }


def opened(browser: Browser, address: str, *scripts: str) -> Page:
    """A page in a context of its own, loaded."""
    page = browser.new_context(viewport=DESK).new_page()
    page.add_init_script("\n".join(scripts))
    page.goto(address)
    return page


def shops_page(browser: Browser, shop: str) -> dict[str, Any]:
    """What the one line costs the page that it stands in."""
    paints: dict[str, list[float]] = {"": [], "?bare=1": []}
    loads: dict[str, list[float]] = {"": [], "?bare=1": []}
    seen = []
    for _ in range(LOADS):
        for query in paints:
            page = opened(browser, f"{shop}/{query}", OBSERVE)
            page.wait_for_timeout(1000)
            paints[query].append(page.evaluate(FIRST_PAINT))
            loads[query].append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            if not query:
                seen.append(page.evaluate("seen"))
            page.context.close()
    paint, load = ({query: statistics.median(times) for query, times in both.items()} for both in (paints, loads))
    page = opened(browser, f"{shop}/", OBSERVE)
    page.locator("shop-assistant").wait_for(state="attached")
    page.evaluate("ShopAssistant.open()")
    page.wait_for_timeout(4000)
    return {
        "layout_shift_when_loaded": max(one["shift"] for one in seen),
        "layout_shift_when_opened": page.evaluate("seen.shift"),
        "frames_over_50_ms_that_it_had_part_in": sum(one["script"] > 0 for one in seen),
        "longest_part_ms": round(max(one["script"] for one in seen), 1),
        "first_paint_with_it_to_without_p50": round(paint[""] / paint["?bare=1"], 2),
        "load_event_later_by_ms_p50": round(load[""] - load["?bare=1"], 1),
    }


def chat_page(browser: Browser, assistant: str, repeat: int) -> dict[str, Any]:
    """From asking for the page to its first paint and to its being of use; a first need from Enter to cards and end."""
    paints, usable, shifts, turns = [], [], [], []
    for need in [conversation[0] for conversation in CONVERSATIONS] * repeat:
        page = opened(browser, assistant, OBSERVE, TURN, USABLE)
        box = page.locator("#box textarea")
        box.fill(need)
        paints.append(page.evaluate(FIRST_PAINT) / 1000)
        usable.append(page.evaluate("usable") / 1000)
        box.press("Enter")
        page.wait_for_function("window.turn && turn.whole", timeout=180_000)
        turns.append(page.evaluate("turn"))
        page.wait_for_timeout(500)
        shifts.append(page.evaluate("seen.shift"))
        page.context.close()
    cards = spread([turn["cards"] / 1000 for turn in turns if "cards" in turn])
    whole = spread([turn["whole"] / 1000 for turn in turns if "cards" in turn])
    return {
        "pages": len(turns),
        "first_paint_p50": spread(paints)["p50"],
        "usable_p50": spread(usable)["p50"],
        "layout_shift_max": round(max(shifts), 4),
        "turns_with_cards": sum("cards" in turn for turn in turns),
        "cards_p50": cards["p50"],
        "cards_p95": cards["p95"],
        "whole_turn_p50": whole["p50"],
        "whole_turn_p95": whole["p95"],
        "cards_p95_to_whole_turn_p95": round(cards["p95"] / whole["p95"], 3),
    }


def main() -> None:
    from assistant.demo import prepare_demo
    from assistant.settings import load_settings

    parser = argparse.ArgumentParser(description="The widget and the chat page in the browser.")
    parser.add_argument("--data-folder", type=Path, default=Path("var"))
    parser.add_argument("--repeat", type=int, default=2)
    chosen = parser.parse_args()
    prepare_demo(load_settings(data_folder=chosen.data_folder))
    print(json.dumps(measure(chosen.data_folder, chosen.repeat), indent=2))


if __name__ == "__main__":
    main()
