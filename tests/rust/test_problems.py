"""What cargo says, where no compiler is needed to have it said."""

from __future__ import annotations

import pytest

from wasmnb.compile.rust.problems import cargo_error

URL = "https://me:hunter2@git.example/team/kept"
GIT = f"""    Updating git repository `{URL}`
error: failed to get `kept` as a dependency of package `mine v0.1.0 (/mine)`

Caused by:
  Unable to update {URL}?branch=main&token=hunter2

Caused by:
  failed to authenticate when downloading repository: {URL}
"""
REGISTRY = f"""error: failed to get `kept` as a dependency of package `mine v0.1.0 (/mine)`

Caused by:
  failed to query replaced source registry `crates-io`

Caused by:
  download of config.json failed: [6] Could not resolve host ({URL}/config.json)
"""
OTHER = f"error: cannot go on\n  proxy-wasm@0.2.5 requires what {URL} has not\n"


@pytest.mark.parametrize("said", [GIT, REGISTRY, OTHER], ids=["git", "registry", "other"])
def test_a_password_in_an_address_is_not_shown(said: str) -> None:
    error = cargo_error(said, ())
    assert "hunter2" not in str(error)
    assert "https://***@git.example/team/kept" in str(error)
    assert error.what.startswith("The crate 'kept' cannot be fetched") is (said is GIT)
    assert ("proxy-wasm@0.2.5" in str(error)) is (said is OTHER)
