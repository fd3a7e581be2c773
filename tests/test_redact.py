from __future__ import annotations

import json
import re
from datetime import datetime, timezone

import pytest
import yaml

from wasmnb import redact
from wasmnb.errors import DeployError, Place
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
