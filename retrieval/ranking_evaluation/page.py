"""The report as one HTML file that needs nothing else: tables, and bars with their intervals drawn as SVG."""

from __future__ import annotations

from html import escape

from retrieval.ranking_evaluation.report import HEADLINES, Figures, RankingReport, Row, label, plain

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:600;padding:.5rem 0}
td,th{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:left;white-space:nowrap}
td{font-variant-numeric:tabular-nums}small{color:#555}svg{max-width:100%;height:auto}h2{margin-top:2.5rem}
.scroll{overflow-x:auto}
"""
_WIDTH, _BAR, _LABEL = 560, 22, 170


def as_html(report: RankingReport) -> str:
    """The page."""
    splits = report.protocol["splits"]
    facts = [(name, value) for name, value in report.protocol.items() if name != "splits"]
    facts += [(f"split {name}", value) for name, value in splits.items()]
    protocol = "".join(f"<tr><th>{escape(name)}<td>{escape(plain(value))}" for name, value in facts)
    body = []
    for (split, part), models in report.tables().items():
        if part == "mixed":
            body.append(f"<h2>{escape(split)}</h2>{_bars(models)}")
        body.append(_table(f"{split}: {part}", models))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Ranking</title><style>{_STYLE}</style><h1>Ranking</h1><p>Brackets and lines are 95 % bootstrap"
        f' intervals over shoppers.</p><h2>Protocol</h2><div class="scroll"><table>{protocol}</table></div>'
        f"{''.join(body)}</html>"
    )


def _table(caption: str, models: Figures) -> str:
    present = dict.fromkeys(metric for figures in models.values() for metric in figures)
    metrics = [*(m for m in HEADLINES if m in present), *(m for m in present if m not in HEADLINES)]
    head = "".join(f'<th scope="col">{escape(label(*metric))}' for metric in metrics)
    rows = []
    for model, figures in models.items():
        cells = "".join(f"<td>{_cell(figures.get(metric))}" for metric in metrics)
        rows.append(f'<tr><th scope="row">{escape(model)}{cells}')
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><tr><th scope="col">model{head}'
        f"{''.join(rows)}</table></div>"
    )


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    shown = f"{row.value:.4f}"
    return shown if row.low == row.high else f"{shown} <small>[{row.low:.4f}, {row.high:.4f}]</small>"


def _bars(models: Figures) -> str:
    """nDCG@10 of every model as a bar, its interval as a line across the bar's end."""
    rows = {model: figures["ndcg", 10] for model, figures in models.items() if ("ndcg", 10) in figures}
    if not rows:
        return ""
    scale = (_WIDTH - _LABEL - 70) / max(max(row.high for row in rows.values()), 1e-9)
    parts = []
    for place, (model, row) in enumerate(rows.items()):
        top, end = place * _BAR + 4, _LABEL + scale * row.value
        low, high, middle = _LABEL + scale * row.low, _LABEL + scale * row.high, top + 7
        parts.append(
            f'<text x="{_LABEL - 8}" y="{top + 12}" text-anchor="end">{escape(model)}</text>'
            f'<rect x="{_LABEL}" y="{top}" width="{end - _LABEL:.1f}" height="14" fill="#7aa6d8"/>'
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {top + 3}v8M{high:.1f} {top + 3}v8" stroke="#123"/>'
            f'<text x="{high + 6:.1f}" y="{top + 12}">{row.value:.4f}</text>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {len(rows) * _BAR + 8}" width="{_WIDTH}" role="img" aria-label="nDCG@10 by model"'
        f' font-size="12" font-family="system-ui,sans-serif">{"".join(parts)}</svg>'
    )
