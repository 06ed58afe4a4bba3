"""Signing in to the console: who gets in, how long, from where; and what every answer carries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from console_doubles import PASSWORD, send, signed_in_client, token
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.testclient import TestClient
from typer.testing import CliRunner
from ui_doubles import laptop, scripted_service

from assistant.__main__ import app as command_line
from assistant.console import console, mount_console
from assistant.console.pages import inside
from assistant.console.passwords import LIMITS, WINDOW, Guesses, hash_password, verify
from assistant.console.session import COOKIE
from assistant.store import Store, audit, staff
from assistant.store.staff import Role

SAFE = {"GET", "HEAD"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Any]:
    service = scripted_service(tmp_path, [laptop(1)])
    yield service
    service.store.close()


def stranger(service: Any, base_url: str = "https://shop.test") -> TestClient:
    app = FastAPI()
    mount_console(app, service)
    return TestClient(app, base_url=base_url, follow_redirects=False)


def sign_in(client: TestClient, name: str = "ada", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/console/sign-in", data={"name": name, "password": password, **more})


def pages_and_forms(service: Any) -> list[tuple[str, str]]:
    """Method and path of every route of the console that is not the sign-in or a file."""
    paths = get_openapi(title="console", version="1", routes=console(service).routes)["paths"]
    return [
        (method.upper(), re.sub(r"\{[^}]+\}", "1", path))
        for path, methods in sorted(paths.items())
        for method in methods
        if path != "/sign-in"
    ]


def test_the_console_says_how_to_make_the_first_account(service: Any) -> None:
    page = stranger(service).get("/console/sign-in").text
    assert "python -m assistant staff add YOUR-NAME --role admin" in page
    staff.add(service.store, "ada", Role.AGENT, hash_password(PASSWORD))
    page = stranger(service).get("/console/sign-in").text
    assert "staff add" not in page
    assert 'name="password"' in page


def test_nobody_gets_anywhere_without_signing_in(service: Any) -> None:
    signed_in_client(service)
    client, routes = stranger(service), pages_and_forms(service)
    for method, path in routes:
        answer = client.request(method, f"/console{path}")
        assert answer.status_code in (303, 403), (method, path, answer.status_code)
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/console/sign-in")
    assert {("GET", "/items"), ("POST", "/catalogue/item"), ("POST", "/catalogue/decide")} <= set(routes)


def test_signing_in_leads_back_to_the_page_that_was_asked_for(service: Any) -> None:
    signed_in_client(service)
    client = stranger(service)
    asked = client.get("/console/items?q=red+kettle&page=2")
    assert asked.headers["location"] == "/console/sign-in?next=%2Fitems%3Fq%3Dred%2Bkettle%26page%3D2"
    form = client.get(asked.headers["location"]).text
    assert 'name="next" value="/items?q=red+kettle&amp;page=2"' in form
    answer = sign_in(client, next="/items?q=red+kettle&page=2")
    assert answer.headers["location"] == "/console/items?q=red+kettle&page=2"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.test/", "//evil.test", "/\\evil.test", "items", "/a\r\nSet-Cookie: x"]
)
def test_signing_in_never_leads_to_another_site(elsewhere: str) -> None:
    assert inside(elsewhere) == "/"


def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(service: Any) -> None:
    signed_in_client(service)
    client = stranger(service)
    answers = [sign_in(client, "ada", "wrong password!!"), sign_in(client, "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text
    assert COOKIE not in client.cookies


def test_a_name_that_does_not_exist_costs_a_hash_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.console import passwords

    class Counting:
        def __init__(self, hasher: Any) -> None:
            self.hasher, self.verified = hasher, 0

        def verify(self, password_hash: str, password: str) -> bool:
            self.verified += 1
            return bool(self.hasher.verify(password_hash, password))

        def hash(self, password: str) -> str:
            return str(self.hasher.hash(password))

    counting = Counting(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)
    assert not verify(None, PASSWORD)
    assert not verify(None, "the password of nobody")
    assert counting.verified == 2


def test_passwords_are_kept_as_argon2id_hashes(service: Any) -> None:
    signed_in_client(service)
    account = staff.find(service.store, "ada")
    assert account is not None
    assert account.password_hash.startswith("$argon2id$")
    assert PASSWORD not in account.password_hash
    with pytest.raises(ValueError, match="12 to 256"):
        hash_password("short")


def test_the_cookie_is_for_the_console_alone_and_out_of_reach_of_scripts_and_other_sites(service: Any) -> None:
    signed_in_client(service)
    cookie = sign_in(stranger(service)).headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/console", "Max-Age=43200"):
        assert part in cookie
    assert "Secure" not in sign_in(stranger(service, "http://shop.test")).headers["set-cookie"]


def test_the_store_never_holds_a_token_that_would_sign_anybody_in(service: Any) -> None:
    client = signed_in_client(service)
    token_in_hand = client.cookies[COOKIE]
    database = b"".join(file.read_bytes() for file in service.settings.data_folder.glob("conversations.db*"))
    assert token_in_hand.encode() not in database
    assert hashlib.sha256(token_in_hand.encode()).hexdigest().encode() in database


def test_a_token_that_was_planted_before_signing_in_is_worth_nothing_after(service: Any) -> None:
    signed_in_client(service)
    client = stranger(service)
    client.cookies.set(COOKIE, "planted", domain="shop.test", path="/console")
    sign_in(client)
    assert {cookie.value for cookie in client.cookies.jar if cookie.name == COOKIE} != {"planted"}
    thief = stranger(service)
    thief.cookies.set(COOKIE, "planted", domain="shop.test", path="/console")
    assert thief.get("/console/overview").status_code == 303


def test_signing_in_again_makes_the_token_before_void(service: Any) -> None:
    client = signed_in_client(service)
    before = client.cookies[COOKIE]
    sign_in(client)
    assert client.cookies[COOKIE] != before
    other = stranger(service)
    other.cookies.set(COOKIE, before, domain="shop.test", path="/console")
    assert other.get("/console/overview").status_code == 303


def test_signing_out_ends_it_on_the_server_too(service: Any) -> None:
    client = signed_in_client(service)
    kept = client.cookies[COOKIE]
    assert send(client, "/console/sign-out").headers["location"] == "/console/sign-in"
    client.cookies.set(COOKIE, kept, domain="shop.test", path="/console")
    assert client.get("/console/overview").status_code == 303


def test_a_sign_in_is_over_after_twelve_hours(service: Any) -> None:
    client = signed_in_client(service)
    digest = hashlib.sha256(client.cookies[COOKIE].encode()).hexdigest()
    now = datetime.now(UTC)
    assert staff.signed_in(service.store, digest, now + timedelta(hours=11, minutes=59)) is not None
    assert staff.signed_in(service.store, digest, now + timedelta(hours=12, minutes=1)) is None


def test_a_disabled_account_is_out_at_once_and_a_new_password_lets_it_in_again(service: Any) -> None:
    client = signed_in_client(service)
    assert staff.disable(service.store, "ada")
    assert client.get("/console/overview").status_code == 303
    assert sign_in(client).status_code == 401
    assert staff.set_password(service.store, "ada", hash_password("another long password"))
    assert sign_in(client).status_code == 401
    assert sign_in(client, password="another long password").status_code == 303


def test_a_form_without_the_sign_ins_own_token_changes_nothing(service: Any) -> None:
    client = signed_in_client(service)
    other = token(signed_in_client(service, name="bo"), "/console/overview")
    for method, path in pages_and_forms(service):
        if method in SAFE:
            continue
        for data in ({}, {"csrf": ""}, {"csrf": other}):
            assert client.request(method, f"/console{path}", data=data).status_code == 403, (method, path)
    assert client.get("/console/overview").status_code == 200
    headers = {"X-CSRF-Token": token(client, "/console/overview")}
    assert client.post("/console/sign-out", headers=headers).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}],
)
def test_another_site_cannot_sign_a_browser_in(service: Any, headers: dict[str, str]) -> None:
    signed_in_client(service)
    client = stranger(service)
    answer = client.post("/console/sign-in", data={"name": "ada", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert COOKIE not in client.cookies


def test_a_link_in_a_ticket_arrives_although_the_cookie_stays_behind(service: Any) -> None:
    client = stranger(service)
    answer = client.get("/console/items?q=a&page=2", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/console/items?q=a&amp;page=2">' in answer.text
    again = client.get("/console/items?q=a&page=2", headers={"Sec-Fetch-Site": "same-origin"})
    assert again.status_code == 303


def test_what_is_an_admins_is_not_shown_to_an_agent(service: Any) -> None:
    agent, admin = signed_in_client(service), signed_in_client(service, Role.ADMIN, "bo")
    for path in ("/console/audit", "/console/settings"):
        assert agent.get(path).status_code == 403
        assert admin.get(path).status_code == 200
    assert 'href="/console/audit"' not in agent.get("/console/overview").text
    assert 'href="/console/audit"' in admin.get("/console/overview").text


def test_secrets_are_not_among_the_settings_shown(tmp_path: Path) -> None:
    service = scripted_service(tmp_path, [laptop(1)])
    service.settings = service.settings.model_copy(
        update={
            "language_model_key": type(service.settings)
            .model_fields["language_model_key"]
            .annotation.__args__[0]("sk-1")
        }
    )
    page = signed_in_client(service, Role.ADMIN).get("/console/settings").text
    assert "language_model_key" in page
    assert "sk-1" not in page


def test_guesses_run_out_by_name_and_address_and_come_back() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    waits = [guesses.count("ada", "10.0.0.1") for _ in range(LIMITS["name and address"] + 1)]
    assert waits[:-1] == [0.0] * LIMITS["name and address"]
    assert waits[-1] == WINDOW
    assert guesses.count("bo", "10.0.0.1") == 0.0
    assert guesses.count("ada", "10.0.0.2") == 0.0
    now[0] = WINDOW + 1
    assert guesses.count("ada", "10.0.0.1") == 0.0


def test_guesses_run_out_for_an_address_that_tries_many_names_and_a_name_tried_from_many_addresses() -> None:
    guesses = Guesses(lambda: 0.0)
    assert [guesses.count(f"name-{n}", "10.0.0.1") for n in range(LIMITS["address"] + 1)].count(0.0) == LIMITS[
        "address"
    ]
    assert [guesses.count("ada", f"10.1.0.{n}") for n in range(LIMITS["name"] + 1)].count(0.0) == LIMITS["name"]


def test_signing_in_rightly_uses_up_no_guesses() -> None:
    guesses = Guesses(lambda: 0.0)
    for _ in range(3 * LIMITS["name"]):
        assert guesses.count("ada", "10.0.0.1") == 0.0
        guesses.right("ada", "10.0.0.1")


def test_even_the_right_password_waits_when_guesses_have_run_out(service: Any) -> None:
    signed_in_client(service)
    client = stranger(service)
    for _ in range(LIMITS["name and address"]):
        assert sign_in(client, password="wrong password!!").status_code == 401
    answer = sign_in(client)
    assert answer.status_code == 429
    assert "Try again in 15 minutes" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/console/sign-in", "/console/overview", "/console/nowhere", "/console/static/console.js", "/console/audit"],
)
def test_every_answer_forbids_inline_and_foreign_code_and_frames(service: Any, path: str) -> None:
    for client in (stranger(service), signed_in_client(service, name=f"n{abs(hash(path))}")):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert ("immutable" in headers["cache-control"]) == ("/static/" in path)


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    folder = Path(__file__).parents[2] / "assistant" / "console" / "templates"
    files = sorted(folder.glob("*.html"))
    assert len(files) > 5
    for file in files:
        text = file.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text), file.name
        assert "|safe" not in text.replace(" ", ""), file.name


def test_an_error_nobody_foresaw_tells_no_internals_and_keeps_the_headers(service: Any) -> None:
    client = signed_in_client(service)
    client = TestClient(client.app, base_url="https://shop.test", raise_server_exceptions=False, cookies=client.cookies)
    del service.shop.vocabulary
    answer = client.get("/console/items")
    assert answer.status_code == 500
    assert "went wrong on our side" in answer.text
    assert "vocabulary" not in answer.text
    assert "content-security-policy" in answer.headers


def test_accounts_are_made_and_ended_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(tmp_path))
    run = CliRunner().invoke
    added = run(command_line, ["staff", "add", "Ada", "--role", "admin", "--password-stdin"], input=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    again = run(command_line, ["staff", "add", "ada", "--role", "agent", "--password-stdin"], input=f"{PASSWORD}\n")
    assert again.exit_code == 2
    asked = run(command_line, ["staff", "add", "bo", "--role", "agent"], input="a password here\nanother one here\n")
    assert asked.exit_code != 0
    short = run(command_line, ["staff", "password", "ada", "--password-stdin"], input="short\n")
    assert short.exit_code == 2
    assert "12 to 256 characters" in short.output
    assert "ada\tadmin" in run(command_line, ["staff", "list"]).output
    assert run(command_line, ["staff", "disable", "ada"]).exit_code == 0
    assert "ada\tdisabled" in run(command_line, ["staff", "list"]).output
    assert run(command_line, ["staff", "disable", "nobody"]).exit_code == 2
    store = Store(tmp_path)
    assert [entry.action for entry in audit.entries(store)] == ["disable staff", "add staff"]
    store.close()
