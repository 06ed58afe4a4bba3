"""The look of Gradio's own parts; `style.css` does the rest. System fonts only: nothing is fetched."""

from __future__ import annotations

import gradio as gr

_SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Liberation Sans", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Liberation Mono", "monospace"]

THEME = gr.themes.Base(primary_hue="teal", neutral_hue="slate", radius_size="lg", font=_SANS, font_mono=_MONO).set(
    body_background_fill="#f6f7f8",
    body_background_fill_dark="#101418",
    body_text_color="#1b2127",
    body_text_color_dark="#e8ecef",
    background_fill_primary="#ffffff",
    background_fill_primary_dark="#181d23",
    block_background_fill="transparent",
    block_background_fill_dark="transparent",
    block_border_width="0px",
    border_color_primary="#dfe3e7",
    border_color_primary_dark="#2d353d",
    input_background_fill="#ffffff",
    input_background_fill_dark="#181d23",
    button_secondary_background_fill="transparent",
    button_secondary_background_fill_dark="transparent",
    button_border_width="1px",
)
