"""The widget's server side: the one file a page loads, security headers, shopper tokens. Its looks: tests/browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from assistant.settings import load_settings
from assistant.widget import widget_routes, widget_script
from assistant.widget.headers import SecurityHeaders
from assistant.widget.token import TokenError, guest_id, is_guest, sign, verify
from retrieval.errors import SetupError

SECRET = "a secret of the shop, long enough"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
DOCS = Path(__file__).parents[2] / "docs" / "widget.md"


def token_of(header: object, claims: object, secret: str = SECRET) -> str:
    """A token made here, step by step, not by the code under test."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


HS256 = {"alg": "HS256", "typ": "JWT"}
AFTER = (NOW + timedelta(minutes=5)).timestamp()


def test_a_signed_shopper_is_known_until_the_token_ends():
    token = sign(SECRET, "shopper 7 / ü", SOON)
    assert verify(SECRET, token, NOW) == "shopper 7 / ü"
    assert verify(SECRET, token, SOON - timedelta(seconds=1)) == "shopper 7 / ü"
    with pytest.raises(TokenError, match="ended 0 seconds ago"):
        verify(SECRET, token, SOON)


def test_a_token_made_by_any_other_means_of_the_standard_is_read():
    assert verify(SECRET, token_of(HS256, {"sub": "42", "exp": AFTER, "iat": 1}), NOW) == "42"


def test_the_token_is_the_one_of_the_standard_byte_for_byte():
    signed = sign(SECRET, "42", datetime.fromtimestamp(1_800_000_000, UTC))
    header, claims, _ = signed.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == HS256
    assert json.loads(base64.urlsafe_b64decode(claims + "==")) == {"sub": "42", "exp": 1_800_000_000}


def test_another_secret_signs_nothing_here():
    with pytest.raises(TokenError, match="not signed"):
        verify(SECRET, sign(SECRET + "x", "42", SOON), NOW)


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"alg": "none"}, {"sub": "42", "exp": AFTER}),
        ({"alg": "HS512"}, {"sub": "42", "exp": AFTER}),
        (HS256, {"sub": "42"}),
        (HS256, {"exp": AFTER}),
        (HS256, {"sub": "", "exp": AFTER}),
        (HS256, {"sub": "x" * 201, "exp": AFTER}),
        (HS256, {"sub": ["42"], "exp": AFTER}),
        (HS256, {"sub": "42", "exp": float("nan")}),
        (HS256, ["42"]),
    ],
)
def test_a_signed_token_that_says_less_than_it_must_is_refused(header: object, claims: object):
    with pytest.raises(TokenError, match="no JSON Web Token"):
        verify(SECRET, token_of(header, claims), NOW)


def test_an_unsigned_token_is_refused():
    header, claims, _ = token_of({"alg": "none"}, {"sub": "42", "exp": AFTER}).split(".")
    with pytest.raises(TokenError, match="not signed"):
        verify(SECRET, f"{header}.{claims}.", NOW)


@given(st.text(max_size=300))
def test_what_is_no_token_is_refused_and_nothing_else_happens(text: str):
    with pytest.raises(TokenError):
        verify(SECRET, text, NOW)


@given(st.integers(0, 200), st.sampled_from("ABCabc019-_.=\ud800"))
def test_a_token_changed_anywhere_is_refused(place: int, other: str):
    token = sign(SECRET, "42", SOON)
    place %= len(token)
    changed = token[:place] + other + token[place + 1 :]
    if changed != token:
        with pytest.raises(TokenError):
            verify(SECRET, changed, NOW)


def test_a_guest_cannot_be_named_by_a_token_nor_a_shopper_by_a_browser():
    guest = guest_id()
    assert is_guest(guest)
    assert guest != guest_id()
    assert not any(is_guest(text) for text in ("42", "guest-", f"{guest}x", f" {guest}", guest.upper()))
    with pytest.raises(ValueError, match="cannot be the id"):
        sign(SECRET, guest, SOON)
    with pytest.raises(TokenError, match="names a guest"):
        verify(SECRET, token_of(HS256, {"sub": guest, "exp": AFTER}), NOW)


def snippet(language: str) -> str:
    """The code in a language that docs/widget.md shows for making a token."""
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def run(command: list[str], code: str, folder: Path, name: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is absent")
    file = folder / name
    file.write_text(code, encoding="utf-8")
    return subprocess.run([*command, str(file)], capture_output=True, text=True, check=True).stdout.strip()


CALLS: dict[str, tuple[list[str], str, Callable[[str], str]]] = {
    "python": (["python3"], "token.py", lambda code: f"{code}\nprint(shopper_token({SECRET!r}, 'ü 42'))"),
    "php": (["php"], "token.php", lambda code: f"<?php\n{code}\necho shopper_token('{SECRET}', 'ü 42');"),
    "js": (["node"], "token.mjs", lambda code: f"{code}\nconsole.log(shopperToken('{SECRET}', 'ü 42'));"),
}


@pytest.mark.parametrize("language", CALLS)
def test_the_documented_code_of_a_shops_server_makes_a_token_that_is_read(language: str, tmp_path: Path):
    command, name, called = CALLS[language]
    token = run(command, called(snippet(language)), tmp_path, f"shop_{name}")
    assert verify(SECRET, token, datetime.now(UTC)) == "ü 42"
    with pytest.raises(TokenError, match="ended"):
        verify(SECRET, token, datetime.now(UTC) + timedelta(hours=1, minutes=1))


def served(*origins: str) -> TestClient:
    """The widget's route, a page, a stream and an answer with a policy of its own, behind the headers."""
    app = FastAPI()
    app.include_router(widget_routes(origins))

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return '<script src="/a.js"></script><script>one()</script><p onclick="no()">é</p><script data-x>two()</script>'

    @app.get("/parts", response_class=HTMLResponse)
    def parts() -> StreamingResponse:
        return StreamingResponse(iter(["<script>on", "e()</script>", ""]), media_type="text/html")

    @app.get("/text", response_class=PlainTextResponse)
    def text() -> str:
        return "<script>one()</script>"

    @app.get("/strict")
    def strict() -> HTMLResponse:
        return HTMLResponse(
            "<p>", headers={"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "no-referrer"}
        )

    app.add_middleware(SecurityHeaders, embed_origins=origins)
    return TestClient(app)


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def directives(policy: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for words in (part.split() for part in policy.split(";"))}


def test_a_page_may_run_the_scripts_it_came_with_and_no_other():
    policy = directives(served().get("/").headers["content-security-policy"])
    assert policy["script-src"] == ["'self'", "'unsafe-eval'", hash_of("one()"), hash_of("two()")]
    assert policy["default-src"] == ["'none'"]


def test_a_page_that_comes_in_parts_is_answered_whole():
    answer = served().get("/parts")
    assert answer.text == "<script>one()</script>"
    assert hash_of("one()") in answer.headers["content-security-policy"]


def test_only_the_shops_pages_may_show_ours_in_a_frame():
    policy = directives(
        served("https://shop.example", "https://*.other.example").get("/").headers["content-security-policy"]
    )
    assert policy["frame-ancestors"] == ["'self'", "https://shop.example", "https://*.other.example"]
    assert directives(served().get("/").headers["content-security-policy"])["frame-ancestors"] == ["'self'"]


def test_every_answer_is_taken_for_what_it_says_it_is():
    for path in ("/", "/text", "/widget.js", "/strict", "/absent"):
        assert served().get(path).headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in served().get("/text").headers


def test_stricter_headers_of_an_answer_stay():
    answer = served("*").get("/strict")
    assert answer.headers.get_list("content-security-policy") == ["default-src 'none'"]
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_script_is_at_most_thirty_kilobytes_as_it_is_sent():
    many = tuple(f"https://shop-{number}.example" for number in range(20))
    assert len(served(*many).get("/widget.js").content) <= 30_000


def test_the_script_names_the_origins_that_may_show_the_chat():
    answer = served("https://shop.example").get("/widget.js")
    assert '"origins": ["https://shop.example"]' in answer.text
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_an_unchanged_script_is_not_sent_again():
    client = served("https://shop.example")
    etag = client.get("/widget.js").headers["etag"]
    again = client.get("/widget.js", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    changed = served("https://other.example").get("/widget.js", headers={"if-none-match": etag})
    assert changed.status_code == 200


def test_every_language_says_all_that_the_english_one_says():
    words = json.loads(re.search(r'"words": (\{.*?\}\})', widget_script(()))[1])
    assert len(words) > 5
    for language, said in words.items():
        assert said.keys() == words["en"].keys(), language
        assert all("{shop}" in said[name] for name in ("ask", "title")), language


def test_origins_are_read_from_the_environment_as_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSISTANT_EMBED_ORIGINS", "https://Shop.example, http://127.0.0.1:8080 *")
    assert load_settings().embed_origins == ("https://shop.example", "http://127.0.0.1:8080", "*")


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "https://a;", "'self'", "ftp://a"])
def test_what_is_no_origin_never_reaches_a_header(origin: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSISTANT_EMBED_ORIGINS", f"https://shop.example {origin}")
    with pytest.raises(SetupError, match="a scheme and a host without a path"):
        load_settings()


def test_a_secret_that_is_too_short_is_refused_without_being_printed():
    with pytest.raises(SetupError, match="shopper_secret") as refused:
        load_settings(shopper_secret="hunter2")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
