"""A prompt in the words of a model's chat template: what it sees in service is what it saw when it was trained."""

from __future__ import annotations

from typing import Any


def chat_words(tokenizer: Any, fixed: str, asked: str) -> str:
    """The prompt up to where the answer begins; plain text for a model without a template.

    Args:
        tokenizer: transformers' tokenizer.
        fixed: the system message.
        asked: the user message.
    """
    if not tokenizer.chat_template:
        return f"{fixed}\n\n{asked}\n\n"
    messages = [
        {"role": "system", "content": without_markers(tokenizer, fixed)},
        {"role": "user", "content": without_markers(tokenizer, asked)},
    ]
    words: str = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return words


def encode(tokenizer: Any, words: str) -> list[int]:
    """The tokens of `chat_words`."""
    return list(tokenizer.encode(words, add_special_tokens=not tokenizer.chat_template))


def without_markers(tokenizer: Any, text: str) -> str:
    """A text without the template's own markers: a shopper or a feed could otherwise speak as the system."""
    markers = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    while found := next((marker for marker in markers if marker in text), None):
        text = text.replace(found, "")  # again and again: removing one may put another together
    return text
