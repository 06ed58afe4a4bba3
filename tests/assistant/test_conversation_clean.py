from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation import MAX_CHARACTERS, UtteranceError, clean


@pytest.mark.parametrize("empty", ["", "   \n\t", "...", "?!"])
def test_an_empty_utterance_is_answered_with_an_example(empty: str) -> None:
    with pytest.raises(UtteranceError, match="headphones under"):
        clean(empty)


def test_a_megabyte_of_text_is_refused_with_the_limit() -> None:
    with pytest.raises(UtteranceError, match="2,000"):
        clean("laptop " * 150_000)


def test_a_binary_file_is_recognised_as_one() -> None:
    with pytest.raises(UtteranceError, match="looks like a file"):
        clean(bytes(range(256)).decode("latin-1"))


def test_line_breaks_and_control_characters_become_single_spaces() -> None:
    assert clean("  a\r\nnew\tlaptop\x07 please ") == "a new laptop please"


def test_an_emoji_alone_is_an_utterance() -> None:
    assert clean("🎧") == "🎧"


@given(st.text(max_size=3 * MAX_CHARACTERS))
def test_any_text_is_cleaned_or_refused_and_cleaning_twice_changes_nothing(text: str) -> None:
    try:
        once = clean(text)
    except UtteranceError:
        return
    assert clean(once) == once
