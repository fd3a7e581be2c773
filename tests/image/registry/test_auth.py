"""Each way to say who one is, over the wire."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.image.registry.between import Between, status
from tests.image.registry.parts import IDENTITY, PASSWORD, SECRETS, USER, DockerRegistry, refused
from wasmnb.errors import AuthError, BadNameError, ConfigError, RegistryError, UsageError
from wasmnb.image.registry import client as clients
from wasmnb.image.registry import credential_helper, login, logout, pull, push, repositories, resolve
from wasmnb.image.registry.credential import Credential
from wasmnb.image.registry.credentials import config_path, find, hosts, save

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.registry.tokens import TokenServer
    from wasmnb.image import Image
    from wasmnb.image.store import Store

HELPER = """#!/usr/bin/env python3
import json, pathlib, sys
kept = pathlib.Path(__file__).with_suffix(".json")
known = json.loads(kept.read_text()) if kept.exists() else {}
text = sys.stdin.read()
log = pathlib.Path(__file__).with_suffix(".log")
log.write_text((log.read_text() if log.exists() else "") + " ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "store":
    said = json.loads(text)
    known[said["ServerURL"]] = said
elif sys.argv[1] == "erase":
    known.pop(text.strip(), None)
elif text.strip() in known:
    print(json.dumps(known[text.strip()]))
else:
    print("credentials not found in native keychain")
    sys.exit(1)
kept.write_text(json.dumps(known))
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credential helper on the PATH, called ``docker-credential-test``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker-credential-test"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return program


def configure(**config: object) -> None:
    config_path().parent.mkdir(exist_ok=True)
    config_path().write_text(json.dumps(config))


def test_nobody_is_told_to_log_in(with_password: DockerRegistry, image: Image) -> None:
    with refused(AuthError, "wants to know who you are", f"%wasm_login {with_password.host}") as caught:
        push(image, f"{with_password.host}/a/b:v1")
    assert caught.value.status == 401


def test_basic(with_password: DockerRegistry, image: Image, repository: str, store: Store) -> None:
    done = login(with_password.host, USER, PASSWORD)
    assert done.checked
    assert (done.username, done.kept_in) == (USER, str(config_path()))
    assert not any(secret in f"{done!r}{done}" for secret in SECRETS)
    reference = f"{with_password.host}/{repository}:v1"
    assert push(image, reference).digest == pull(reference, store).digest


def test_login_keeps_everything_else_in_the_file(with_password: DockerRegistry) -> None:
    configure(auths={"other.example": {"auth": "b3RoZXI6cHc="}, "x": {}}, HttpHeaders={"A": "b"}, psFormat="é")
    config_path().chmod(0o644)
    login(with_password.host, USER, PASSWORD)
    config = json.loads(config_path().read_text())
    assert config["auths"]["other.example"] == {"auth": "b3RoZXI6cHc="}
    assert (config["HttpHeaders"], config["psFormat"]) == ({"A": "b"}, "é")
    assert config["auths"][with_password.host] == {"auth": SECRETS[2]}
    assert stat.S_IMODE(config_path().stat().st_mode) == 0o600
    assert hosts() == sorted([with_password.host, "other.example", "x"])


def test_login_writes_through_a_link(with_password: DockerRegistry, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("{}")
    config_path().parent.mkdir()
    config_path().symlink_to(real)
    login(with_password.host, USER, PASSWORD)
    assert config_path().is_symlink()
    assert with_password.host in json.loads(real.read_text())["auths"]


@pytest.mark.parametrize(("user", "password"), [(USER, PASSWORD[:-1]), ("nobody", PASSWORD)])
def test_a_wrong_password_is_not_kept(with_password: DockerRegistry, user: str, password: str) -> None:
    with refused(AuthError, f"does not take these credentials of {user}", "access token") as caught:
        login(with_password.host, user, password)
    assert password not in str(caught.value)
    assert not config_path().exists()


def test_credentials_that_are_no_good_any_more(with_password: DockerRegistry, image: Image) -> None:
    configure(auths={with_password.host: {"username": USER, "password": "old-Secret-one"}})
    with refused(AuthError, f"does not take the credentials from {config_path()}", "log in again") as caught:
        push(image, f"{with_password.host}/a/b:v1")
    assert "old-Secret-one" not in str(caught.value)


def test_logout(with_password: DockerRegistry, image: Image, repository: str) -> None:
    login(with_password.host, USER, PASSWORD)
    assert logout(with_password.host)
    assert not logout(with_password.host)
    assert json.loads(config_path().read_text())["auths"] == {}
    with refused(AuthError, "%wasm_login"):
        push(image, f"{with_password.host}/{repository}:v1")


def test_login_where_everybody_may_in(anonymous: DockerRegistry) -> None:
    done = login(anonymous.host, USER, PASSWORD)
    assert not done.checked
    assert "could not be checked" in str(done)


@pytest.mark.parametrize("how", ["credsStore", "credHelpers"])
def test_a_credential_helper(
    with_password: DockerRegistry, image: Image, repository: str, helper: Path, how: str
) -> None:
    configure(**{how: "test" if how == "credsStore" else {with_password.host: "test"}}, auths={})
    with refused(AuthError, "%wasm_login"):
        push(image, f"{with_password.host}/{repository}:v1")
    assert login(with_password.host, USER, PASSWORD).kept_in == "the credential helper docker-credential-test"
    assert json.loads(config_path().read_text())["auths"] == {with_password.host: {}}
    assert push(image, f"{with_password.host}/{repository}:v1").digest == image.digest
    assert logout(with_password.host)
    assert json.loads(helper.with_suffix(".json").read_text()) == {}
    words = helper.with_suffix(".log").read_text().splitlines()
    assert set(words) == {"get", "store", "erase"}, "a secret in an argument is seen by every user of the machine"


def test_a_missing_helper_stops_nobody_who_needs_none(
    anonymous: DockerRegistry, with_password: DockerRegistry, image: Image, repository: str
) -> None:
    configure(credsStore="of-another-machine")
    assert push(image, f"{anonymous.host}/{repository}:v1").digest == image.digest
    with refused(AuthError, "docker-credential-of-another-machine", "not on the PATH"):
        push(image, f"{with_password.host}/{repository}:v1")
    with refused(AuthError, "not on the PATH"):
        login(with_password.host, USER, PASSWORD)


def test_a_failing_helper_tells_no_secret(with_password: DockerRegistry, helper: Path, image: Image) -> None:
    helper.write_text(f"#!/bin/sh\ncat\necho '{PASSWORD}'\necho 'the keychain is locked' >&2\nexit 3\n")
    configure(credsStore="test")
    with refused(AuthError, "the keychain is locked", "code 3"):
        push(image, f"{with_password.host}/a/b:v1")
    with refused(AuthError, "the keychain is locked"):
        login(with_password.host, USER, PASSWORD)


def test_a_helper_that_hangs_is_ended(
    with_password: DockerRegistry, helper: Path, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper.write_text("#!/bin/sh\nexec sleep 600\n")
    configure(credsStore="test")
    monkeypatch.setattr(credential_helper, "_SECONDS", 0.2)
    with refused(AuthError, "docker-credential-test failed: it did not answer within"):
        push(image, f"{with_password.host}/a/b:v1")


@pytest.mark.parametrize("said", ["no JSON", "null", '{"Secret": "x"}', '["Username", "Secret"]'])
def test_a_helper_that_says_something_else(
    with_password: DockerRegistry, helper: Path, image: Image, said: str
) -> None:
    helper.write_text(f"#!/bin/sh\necho '{said}'\n")
    configure(credsStore="test")
    with refused(AuthError, "docker-credential-test gave no JSON with a name and a secret"):
        push(image, f"{with_password.host}/a/b:v1")


@pytest.mark.parametrize(
    "text", ['{"auths": {"x": {"auth": "c2VjcmV0"', "[]", '{"auths": 1}', '{"credsStore": "../x"}']
)
def test_a_broken_config_is_named_and_not_quoted(with_password: DockerRegistry, image: Image, text: str) -> None:
    config_path().parent.mkdir()
    config_path().write_text(text)
    with refused(ConfigError, str(config_path())) as caught:
        push(image, f"{with_password.host}/a/b:v1")
    assert "c2VjcmV0" not in str(caught.value)
    assert config_path().read_text() == text


def test_docker_hub_has_a_name_of_its_own() -> None:
    configure(auths={"https://index.docker.io/v1/": {"auth": SECRETS[2]}, "https://old.example/v1/": {"auth": "YTpi"}})
    found, _ = find("docker.io")
    assert found is not None
    assert (found.username, found.password) == (USER, PASSWORD)
    assert hosts() == ["docker.io", "old.example"]
    assert find("old.example")[0] is not None
    assert find("example")[0] is None
    assert not any(secret in repr(find("docker.io")) for secret in SECRETS)


def test_a_password_has_no_place_in_a_name() -> None:
    with refused(BadNameError, "%wasm_login registry.example"):
        login(f"https://{USER}:{SECRETS[1]}@registry.example", USER, PASSWORD)
    with refused(UsageError, "needs a user name and a password"):
        login("registry.example", USER, "")
    with refused(UsageError, "no colon"):
        login("registry.example", "a:b", PASSWORD)


def test_two_logins_at_once_do_not_forget_each_other() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: save(f"r{number}.example", Credential(USER, PASSWORD)), range(40)))
    assert len(hosts()) == 40


def test_importing_the_package_brings_no_http() -> None:
    code = "import sys, wasmnb, wasmnb.image; sys.exit(bool({'requests', 'oras', 'urllib3'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# -- tokens ----------------------------------------------------------------------------------------------------


def test_a_token_for_everybody(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str, store: Store
) -> None:
    tokens.anonymous = ("pull", "push")
    reference = f"{with_tokens.host}/{repository}:v1"
    assert push(image, reference).digest == pull(reference, store).digest
    assert {user for _, user, _ in tokens.asked} == {""}


def test_a_token_with_a_password(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str, store: Store
) -> None:
    assert login(with_tokens.host, USER, PASSWORD).checked
    tokens.asked.clear()
    reference = f"{with_tokens.host}/{repository}:v1"
    assert push(image, reference).digest == pull(reference, store).digest
    # One token for the push and one for the pull, however many requests.
    assert len(tokens.asked) == 2
    assert tokens.asked[0] == ("GET", USER, (f"repository:{repository}:pull,push",))
    # A mount needs a token for both repositories.
    push(image, f"{with_tokens.host}/{repository}/other:v1")
    both = {f"repository:{repository}/other:pull,push", f"repository:{repository}:pull"}
    assert both in [set(scopes) for _, _, scopes in tokens.asked]


def test_tokens_are_asked_for_again_when_they_have_run_out(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str
) -> None:
    login(with_tokens.host, USER, PASSWORD)
    tokens.life = 1e-9  # type: ignore[assignment]
    reference = f"{with_tokens.host}/{repository}:v1"
    push(image, reference)
    before = len(tokens.asked)
    assert resolve(reference) == resolve(reference) == image.digest
    assert len(tokens.asked) == before + 2


def test_a_token_that_is_not_taken_any_more_is_renewed(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str
) -> None:
    login(with_tokens.host, USER, PASSWORD)
    proxy = Between(with_tokens.host)
    try:
        login(proxy.host, USER, PASSWORD)
        reference = f"{proxy.host}/{repository}:v1"
        push(image, reference)
        challenge = f'Bearer realm="{tokens.realm}",service="{tokens.service}",error="invalid_token"'
        proxy.fault("HEAD", "", status(401, WWW_Authenticate=challenge))
        before = len(tokens.asked)
        assert resolve(reference) == image.digest
        assert len(tokens.asked) > before
    finally:
        proxy.stop()


def test_an_identity_token(with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str) -> None:
    configure(auths={with_tokens.host: {"identitytoken": IDENTITY}})
    assert push(image, f"{with_tokens.host}/{repository}:v1").digest == image.digest
    assert tokens.asked[0][0] == "POST refresh_token"


def test_an_identity_token_of_a_helper(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str, helper: Path
) -> None:
    host = with_tokens.host
    helper.with_suffix(".json").write_text(json.dumps({host: {"Username": "<token>", "Secret": IDENTITY}}))
    configure(credsStore="test")
    assert push(image, f"{host}/{repository}:v1").digest == image.digest
    assert tokens.asked[0][0] == "POST refresh_token"


def test_an_identity_token_that_is_refused(with_tokens: DockerRegistry, image: Image) -> None:
    configure(auths={with_tokens.host: {"identitytoken": IDENTITY + "x"}})
    with refused(AuthError, "does not take the credentials", str(config_path())):
        push(image, f"{with_tokens.host}/a/b:v1")


def test_a_token_server_that_only_takes_forms(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str
) -> None:
    tokens.get_allowed = False
    login(with_tokens.host, USER, PASSWORD)
    assert push(image, f"{with_tokens.host}/{repository}:v1").digest == image.digest
    assert tokens.asked[-1][0] == "POST password"


def test_a_registry_token_is_sent_as_it_is(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str
) -> None:
    made = tokens.token(USER, [f"repository:{repository}:pull,push"])
    configure(auths={with_tokens.host: {"registrytoken": made}})
    assert push(image, f"{with_tokens.host}/{repository}:v1").digest == image.digest
    assert tokens.asked == []


def test_who_may_only_read_is_told_so(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str
) -> None:
    tokens.named = ("pull",)
    login(with_tokens.host, USER, PASSWORD)
    with refused(AuthError, repository):
        push(image, f"{with_tokens.host}/{repository}:v1")


def test_a_wrong_password_for_a_token(with_tokens: DockerRegistry) -> None:
    with refused(AuthError, "does not take these credentials"):
        login(with_tokens.host, USER, PASSWORD + "x")
    assert not config_path().exists()


def test_tokens_are_told_to_nobody(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str, caplog: pytest.LogCaptureFixture
) -> None:
    login(with_tokens.host, USER, PASSWORD)
    proxy = Between(with_tokens.host)
    try:
        login(proxy.host, USER, PASSWORD)
        echo = [""]

        def tell(at: object) -> bool:
            echo[0] = at.headers["Authorization"]  # type: ignore[attr-defined]
            return status(400, json.dumps({"errors": [{"code": "X", "message": echo[0]}]}).encode())(at)  # type: ignore[arg-type]

        proxy.fault("PUT", "/manifests/", tell)
        with refused(RegistryError, "X: Bearer ***") as caught:
            push(image, f"{proxy.host}/{repository}:v1")
        assert echo[0].partition(" ")[2] in tokens.tokens
        assert not any(token in str(caught.value) + caplog.text for token in tokens.tokens)
        assert not any(token in repr(vars(clients.client(proxy.host)._auth.shown)) for token in tokens.tokens)
    finally:
        proxy.stop()


def test_a_catalogue_needs_a_scope_of_its_own(
    with_tokens: DockerRegistry, tokens: TokenServer, image: Image, repository: str
) -> None:
    login(with_tokens.host, USER, PASSWORD)
    push(image, f"{with_tokens.host}/{repository}:v1")
    assert repositories(with_tokens.host) == [repository]
    assert any(scopes == ("registry:catalog:*",) for _, _, scopes in tokens.asked)
