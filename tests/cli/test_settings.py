"""Settings that last: which place counts, where a value comes from, and what is never kept."""

from __future__ import annotations

import pytest

from wasmnb.errors import ConfigError, UsageError
from wasmnb.session import Session


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The user's file and a project, both empty; the present folder lies within the project."""
    user, project = tmp_path / "user", tmp_path / "project"
    (project / "deep").mkdir(parents=True)
    monkeypatch.setenv("WASMNB_CONFIG_DIR", str(user))
    monkeypatch.chdir(project / "deep")
    return user / "config.toml", project / "pyproject.toml"


def of(key):
    settings = Session().config()
    return settings[key], settings.sources[key]


def test_each_place_counts_over_the_one_before(places, monkeypatch):
    user, project = places
    assert of("timeout") == (10.0, "built in")
    user.parent.mkdir()
    user.write_text('timeout = 1\nfail-policy = "open"\n')
    assert of("timeout") == (1.0, str(user))
    project.write_text("[tool.wasmnb]\ntimeout = 2\n")
    assert of("timeout") == (2.0, f"{project} [tool.wasmnb]")
    monkeypatch.setenv("WASMNB_TIMEOUT", "3")
    assert of("timeout") == (3.0, "$WASMNB_TIMEOUT")
    session = Session()
    assert session.config(timeout=4).sources["timeout"] == "this session"
    assert session.context.defaults["timeout"] == 4.0
    assert session.config(timeout="")["timeout"] == 3.0
    assert of("fail_policy") == ("open", str(user))


def test_saving_keeps_what_stands_there_and_empty_takes_away(places):
    user, _ = places
    user.parent.mkdir()
    user.write_text('# mine\nphase = "AUTHN"  # early\n')
    session = Session()
    session.config(registry="localhost:5000/me")
    assert session.config(save=True).sources["registry"] == str(user)
    assert user.read_text() == '# mine\nphase = "AUTHN"  # early\nregistry = "localhost:5000/me"\n'
    assert user.stat().st_mode & 0o077 == 0
    assert of("registry") == ("localhost:5000/me", str(user))
    session.config(save=True, registry="")
    assert "registry" not in user.read_text()
    assert of("registry")[1] == "built in"


def test_no_secret_is_kept(places):
    user, project = places
    with pytest.raises(ConfigError, match="without credentials"):
        Session().config(save=True, registry="user:s3cr3t@registry.example")
    assert not user.exists()
    with pytest.raises(UsageError, match="'password'"):
        Session().config(save=True, password="s3cr3t")
    assert not user.exists()
    project.write_text("[tool.wasmnb]\ninsecure = true\n")
    with pytest.raises(ConfigError, match="insecure is not taken from a project"):
        of("registry")


@pytest.mark.parametrize(
    ("text", "says"),
    [("timeout = ", "is no TOML"), ("timout = 3", "'timout'"), ("timeout = -1", "above 0"), ("mesh = [1]", "mesh")],
)
def test_a_wrong_file_is_named(places, text, says):
    user, _ = places
    user.parent.mkdir()
    user.write_text(text)
    with pytest.raises(ConfigError) as raised:
        of("timeout")
    assert str(user) in raised.value.what
    assert says in raised.value.what


def test_a_shell_keeps_what_is_set_and_says_where_it_comes_from(shell, tmp_path):
    env = {"WASMNB_CONFIG_DIR": str(tmp_path), "WASMNB_PHASE": "AUTHZ"}
    done = shell("config", "registry=localhost:5000/me", env=env)
    assert done.code == 0
    assert f"localhost:5000/me  {tmp_path / 'config.toml'}" in done.out
    assert "$WASMNB_PHASE" in done.out
    assert shell("config", "-o", "json", env=env).json["registry"] == "localhost:5000/me"
    assert shell("config", env={**env, "WASMNB_PHASE": "NONE"}).code == 1
