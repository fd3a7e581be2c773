"""A pod's own account, read without the package that knows all ways to log in."""

from __future__ import annotations

import pytest

from wasmnb.mesh.istio.api.plain_config import own_account


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    for name, text in {"token": "first\n", "ca.crt": "certificates", "namespace": "shop"}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def bearer(account):
    return account.auth_settings()["BearerToken"]["value"]


def test_its_token_is_read_anew_because_kubernetes_renews_it(folder):
    account = own_account("in-cluster", folder)
    assert (account.host, account.namespace, account.ssl_ca_cert) == (
        "https://10.96.0.1:443",
        "shop",
        str(folder / "ca.crt"),
    )
    assert bearer(account) == "Bearer first"
    (folder / "token").write_text("second")
    assert bearer(account) == "Bearer second"
    assert "second" not in repr(account)


def test_an_address_of_the_sixth_version_stands_in_brackets(folder, monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    assert own_account("in-cluster", folder).host == "https://[fd00::1]:443"


def test_where_this_is_no_pod_there_is_none(folder, monkeypatch):
    (folder / "token").unlink()
    assert own_account("in-cluster", folder) is None
    (folder / "token").write_text("first")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert own_account("in-cluster", folder) is None
