"""Secrets by name: where they come from, where they go, and that they are shown nowhere."""

from __future__ import annotations

import getpass

import pytest

from tests.magics.meshes import FakeMesh
from wasmnb.errors import BadNameError, ConfigError, UsageError
from wasmnb.session import Session
from wasmnb.session import secrets as module
from wasmnb.views import record_of

TOKEN = "hunter2-secret"


@pytest.fixture
def session():
    with Session() as made:
        yield made


def test_a_secret_comes_from_the_environment_a_file_or_the_user(session, monkeypatch, tmp_path):
    monkeypatch.setenv("TOKEN", TOKEN)
    assert session.secret("one", env="TOKEN").source == "environment"
    (tmp_path / "token").write_text(f"{TOKEN}-2\n")
    assert session.secret("two", file=str(tmp_path / "token")).source == "file"
    monkeypatch.setattr(module, "in_kernel", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f"{TOKEN}-3")
    kept = session.secret("three")
    assert session.secrets == ["one", "three", "two"]
    assert '{"$secret": "three"}' in record_of(kept).status
    assert [session.kept.value(name) for name in session.secrets] == [TOKEN, f"{TOKEN}-3", f"{TOKEN}-2"]
    assert TOKEN not in repr([kept, kept.to_dict(), record_of(kept), session.mask(f"got {TOKEN}")])


def test_what_cannot_be_kept_is_said_without_a_word_of_it(session, monkeypatch, tmp_path):
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(UsageError, match="not set") as caught:
        session.secret("one", env=TOKEN)
    assert TOKEN not in str(caught.value)
    with pytest.raises(UsageError, match="one place"):
        session.secret("one", env="TOKEN", file="token")
    with pytest.raises(ConfigError, match="cannot be read"):
        session.secret("one", file=str(tmp_path / "nothing"))
    monkeypatch.setattr(module, "in_kernel", lambda: True)

    def nobody(prompt):
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    with pytest.raises(UsageError, match="Nobody can be asked") as caught:
        session.secret("one")
    assert "env=NAME or file=PATH" in str(caught.value)
    assert session.secrets == []


@pytest.mark.parametrize("config", [{"token": {"$secret": "api"}, "n": 1}, '{"token": {"$secret": "api"}, "n": 1}'])
def test_a_configuration_names_its_secrets(session, monkeypatch, config):
    monkeypatch.setenv("TOKEN", TOKEN)
    session.secret("api", env="TOKEN")
    assert session.kept.put_into(config) == {"token": TOKEN, "n": 1}
    assert session.kept.put_into("plain text") == "plain text"
    assert session.kept.put_into('{"a": 1}') == '{"a": 1}', "what needs nothing stays as it was written"


def test_a_secret_that_is_not_kept_and_a_mask_are_refused(session):
    session.use(FakeMesh())
    with pytest.raises(BadNameError, match="keeps no secret 'api'") as caught:
        session.deploy("x", config={"list": [{"$secret": "api"}]})
    assert "session.secret('api')" in str(caught.value).replace('"', "'")
    with pytest.raises(ConfigError, match=r"\$\.list\[1\]\.token is \*\*\*"):
        session.deploy("x", config='{"list": [1, {"token": "***"}]}')


def test_a_login_takes_a_secret_by_its_name(session):
    with pytest.raises(BadNameError, match="keeps no secret"):
        session.login("registry.example", user="team", secret="api")
