from __future__ import annotations

import base64
import html
import json
import re
from datetime import datetime, timezone
from urllib.parse import quote, urlencode

import pytest
import yaml

from wasmnb import redact
from wasmnb.errors import DeployError, Place
from wasmnb.plugin.rendering import yaml_text
from wasmnb.traffic import Capture, Exchange, Headers, Request, Response, masking


@pytest.mark.parametrize(
    "key",
    [
        *("password", "db_password", "clientSecret", "client-secret", "x-api-key", "apiKey", "APIKey", "Authorization"),
        *("Set-Cookie", "cookie", "access_token", "PRIVATE_KEY", "credentials"),
    ],
)
def test_keys_of_secrets(key):
    assert redact.is_secret(key)


@pytest.mark.parametrize(
    "key", ["name", "max_tokens", "monkey", "keyboard", "authority", "x-envoy-upstream-service-time"]
)
def test_keys_that_are_none(key):
    assert not redact.is_secret(key)


def test_a_configuration_keeps_all_but_its_secrets():
    config = {"name": "hello", "auth": {"password": "hunter2", "users": [{"token": "abcd"}, 3]}}
    masked = {"name": "hello", "auth": {"password": "***", "users": [{"token": "***"}, 3]}}
    assert redact.config(config) == masked
    assert json.loads(redact.config(json.dumps(config))) == masked
    assert redact.secrets_in(config) == {"hunter2", "abcd"}
    assert redact.config('{"name":  "kept as written"}') == '{"name":  "kept as written"}'


def test_text_that_is_no_json_is_masked_too():
    assert "hunter2" not in redact.config("user=x password=hunter2 y")
    assert "hunter2" not in redact.config('{"password": "hunter2", oops')
    assert "abc.def" not in redact.config("Authorization: Bearer abc.def")


@pytest.mark.parametrize(
    ("quote", "column", "at"),
    [
        ('{"password": "hunter2", "x" 1}', 29, "1"),
        ('{"password": "hun\nter2"}', 18, "*"),
        ('{"x" 1, "password": "hunter2"}', 6, "1"),
        ('{"password": "hunter2', 14, "*"),
    ],
)
def test_a_masked_quote_keeps_its_column(quote, column, at):
    place = redact.place(Place("--config", 1, column, quote))
    assert "hun" not in place.quote
    assert "ter2" not in place.quote
    assert place.quote[place.column - 1] == at


def test_addresses():
    assert redact.url("http://me:pw@host:80/a?token=x&b=2") == "http://***@host:80/a?token=***&b=2"
    assert redact.url("details:9080/details/123") == "details:9080/details/123"


def test_secrets_of_addresses():
    assert redact.secrets_in_url("http://me:pw12@host:80/a?token=abcd&b=2345") == {"me:pw12", "abcd"}
    assert redact.secrets_in_url("details:9080/a@b") == set()
    assert redact.secrets_in_url("http://me:p%26ss@host/?token=a+b%3Dc") == {
        "me:p%26ss",
        "me:p&ss",
        "a+b%3Dc",
        "a+b=c",
        "a b=c",
    }


def test_short_secrets_are_masked_behind_their_keys():
    """Such a value is a word elsewhere."""
    config = '{"password": "pw", "pin_token": 12, "user": "pw", "all": [{"token": "a"}], "secret": true}'
    short = redact.short_secrets_in(config)
    assert short == {("password", "pw"), ("pin_token", "12"), ("token", "a")}
    for text in (config, json.dumps({"value": config}), "password: pw\npin_token: 12\ntoken: 'a'\nuser: pw\n"):
        masked = redact.under_keys(text, short)
        assert masked.count("***") == 3
        assert masked.replace('\\"', '"').count("pw") == 1
    assert redact.under_keys("password: pwx, ***", short) == "password: pwx, ***"


LISTS = {"secrets": ["ab", 12, ["cd"]], "auth_token": {"first": "ef", "more": ["gh"]}, "user": "ab", "names": ["gh"]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(LISTS),
        json.dumps({"value": json.dumps(LISTS)}),
        yaml.safe_dump(LISTS, sort_keys=False),
        "".join(f"+ {line}\n" for line in yaml.safe_dump(LISTS, sort_keys=False).splitlines()),
        yaml.safe_dump(LISTS, default_flow_style=True),
    ],
    ids=["json", "json in json", "yaml", "a comparison", "yaml in one line"],
)
def test_short_secrets_in_lists_are_masked_behind_the_key_of_the_list(text):
    short = redact.short_secrets_in(LISTS)
    assert short == {("secrets", "ab"), ("secrets", "12"), ("secrets", "cd"), ("first", "ef"), ("more", "gh")}
    masked = redact.under_keys(text, short)
    assert masked.count("***") == 5
    assert (masked.count("ab"), masked.count("gh")) == (1, 1)
    assert not {"12", "cd", "ef"} & set(re.findall(r"\w+", masked))


SECRETS = {
    "plain": "hunter2-secret",
    "markup": "p&ss<wo>rd",
    "quotes": "a\"b'c\\d/e",
    "letters": "gehéim-\U0001f511",
    "blanks": " ".join(["correct horse battery staple"] * 8),
    "backslashes": r"\\\\horse\abc\u\new\\\\ \ ghi\\",
    "lines": "-----BEGIN KEY-----\nabc def\nghi/+=\n-----END KEY-----\n",
}


def _go(value: str) -> str:
    """Write a value as Go's encoding/json does."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


WRITERS = {
    "plainly": str,
    "JSON": json.dumps,
    "JSON with letters as they are": lambda one: json.dumps(one, ensure_ascii=False),
    "JSON in JSON": lambda one: json.dumps({"value": json.dumps({"token": one})}),
    "JSON in JSON in JSON": lambda one: json.dumps(json.dumps(json.dumps(one))),
    "JSON of Go": _go,
    "JSON with slashes escaped": lambda one: json.dumps(one).replace("/", "\\/"),
    "JSON with all escaped": lambda one: "".join(f"\\u{unit:04X}" for unit in _units(one)),
    "octal bytes of Envoy": lambda one: "".join(f"\\{byte:03o}" for byte in one.encode()),
    "bytes of Python": lambda one: repr(one.encode()),
    "an address": lambda one: f"/?token={quote(one, safe='')}&user=1",
    "an address in small letters": lambda one: quote(one, safe="").lower() if one.islower() else quote(one),
    "a form": lambda one: urlencode({"token": one}),
    "an address in an address": lambda one: f"/?next={quote(quote(one, safe=''), safe='')}",
    "HTML": html.escape,
    "base64": lambda one: base64.b64encode(one.encode()).decode(),
    "base64 of JSON": lambda one: base64.b64encode(json.dumps({"a": one}, ensure_ascii=False).encode()).decode(),
    "basic credentials": lambda one: base64.urlsafe_b64encode(f"me:{one}".encode()).decode(),
    "YAML": lambda one: yaml_text({"spec": {"password": one}}),
    "YAML in letters": lambda one: yaml.safe_dump({"spec": {"password": one}}),
    "YAML quoted twice": lambda one: yaml.safe_dump({"spec": {"password": one}}, default_style='"'),
    "YAML of JSON": lambda one: yaml_text({"value": json.dumps({"token": one})}),
    "a comparison": lambda one: "\n".join(
        f"+{line}" for line in yaml_text({"spec": {"password": one}}).splitlines()
    ),
}  # fmt: skip


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_masked_however_it_is_written(kind, writer):
    secret = SECRETS[kind]
    if writer == "base64 of JSON" and kind in ("quotes", "lines", "backslashes"):
        secret = secret.replace("\n", "-").replace('"', "-").replace("\\", "-")
    masked = redact.text(f"before {WRITERS[writer](secret)} behind", {secret})
    # What base64 has at the ends is bits of what stands beside it, too.
    rest = masked.replace("***", "")
    assert masked.startswith("before ")
    assert masked.endswith(" behind")
    assert len(rest) < 45, masked
    assert not {"hunter", "ss<", "p&", "gehé", "geh", "horse", "abc", "ghi", "KEY"} & set(re.findall(r"[\w&<]+", rest))


def test_a_secret_of_blanks_does_not_take_for_ever():
    for secret in ("\n\n\n\n\nz", "    z", " \n " * 5 + "z", "a" + "\n" * 9 + "z"):
        for text in ("\n" * 20_000, "    \n" * 5_000, "\n+" * 5_000, "a" + "\n  " * 5_000):
            assert redact.text(text, {secret}) == text
    assert redact.text("key:\n  a\n\n\n  z\n", {"a\n\nz"}) == "key:\n  ***\n"


def test_a_secret_of_backslashes_does_not_take_for_ever():
    for part in ("\\a", "\\\\a", "\\n", "\\'", " \\", "\n\\", "a \\"):
        for text in ("\\" * 8 + "a", "\\\\ ", "a\\ \\", "\n\\ ", "\\\\''", "\\\\\\n"):
            assert redact.text(text * 400, {part * 30 + "zz"}) == text * 400
    assert redact.text("\\" * 20_000 + "x", {"\\" * 200 + "abcd"}) == "\\" * 20_000 + "x"


def test_a_long_secret_is_masked_too():
    key = "\n".join(["-----BEGIN KEY-----", *["abcdefghijklmnopqrstuvw/+=123"] * 100, "-----END KEY-----"])
    for write in (json.dumps, _go, WRITERS["an address"], WRITERS["JSON in JSON"], WRITERS["YAML"]):
        assert "abc" not in redact.text(write(key), {key})


@pytest.mark.parametrize(
    "text", ["hunter3-secret", "n\\u0065xt \\x41 %41 &amp; ''", "aHVudGVyMy1zZWNyZXQ=", "hunter2\nsecret", ""]
)
def test_what_is_no_secret_stays_as_it_is_written(text):
    assert redact.text(text, {*SECRETS.values(), "next!"}) == text


@pytest.mark.parametrize("written", [r"p\u0077", r"\u0070w", "p%77", "%70w", r"\\u0070\\u0077"])
def test_short_secrets_are_masked_behind_their_keys_however_they_are_written(written):
    text = f'{{"password": "{written}", "user": "{written}"}}'
    masked = redact.under_keys(text, {("password", "pw")})
    assert masked == f'{{"password": "***", "user": "{written}"}}'


def test_short_secrets_of_text_are_masked_behind_their_keys_alone():
    text = "user=pw, password=pw; pin_token: 1"
    assert redact.secrets_in(text) == set()
    assert redact.short_secrets_in(text) == {("password", "pw"), ("pin_token", "1")}
    assert redact.under_keys(text, redact.short_secrets_in(text)) == "user=pw, password=***; pin_token: ***"
    assert redact.secrets_in("user=x password=hunter2") == {"hunter2"}


def _exchange(cookie: str, body: bytes = b"") -> Exchange:
    return Exchange(
        Request("GET", "host:80", "/?token=abc", Headers((("authorization", "Bearer abc"),))),
        Response(200, "OK", Headers((("Set-Cookie", cookie), ("hello", "world"))), body),
        "productpage",
        "details-v1",
        "proxy",
        0.1,
        datetime.now(timezone.utc),
    )


def test_a_capture_shows_that_a_masked_value_changed_but_not_the_value():
    capture = masking.capture(Capture(_exchange("b=2", b"it is hunter2"), _exchange("a=1")), {"hunter2"})
    assert capture.before is not None
    assert capture.before.response.headers["set-cookie"] == "***"
    assert capture.after.response.headers["set-cookie"] == "*** (another value)"
    assert capture.after.response.headers["hello"] == "world"
    assert capture.after.request.headers["authorization"] == "***"
    assert capture.after.request.path == "/?token=***"
    assert capture.after.response.body == b"it is ***"
    same = masking.capture(Capture(_exchange("a=1"), _exchange("a=1")))
    assert same.after.response.headers["set-cookie"] == "***"


def test_an_error_is_masked_in_every_part():
    error = DeployError(
        "hunter2 no.", where=Place("cell", 1, 1, "hunter2"), why=["Envoy says hunter2"], hint="not hunter2"
    )
    redact.error(error, {"hunter2"})
    assert "hunter2" not in str(error)
    assert "hunter2" not in repr(error)
