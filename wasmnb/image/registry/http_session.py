"""The connections to one registry: kept warm, proxied as the environment says, and never giving a secret away."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from wasmnb.image.registry.access import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Session", "same_server"]

_POOL = 8  # connections per server: as many as one command uses at once
_BLOCK = 256 * 1024  # bytes handed to the socket at a time; the library's 16 kB make an upload of 5 MB slow
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0


def same_server(one: str, other: str) -> bool:
    """Tell whether two addresses have the same scheme, host and port."""
    a, b = urlsplit(one), urlsplit(other)
    ports = {"http": 80, "https": 443}
    return (a.scheme, a.hostname, a.port or ports.get(a.scheme)) == (
        b.scheme,
        b.hostname,
        b.port or ports.get(b.scheme),
    )


class Session(requests.Session):
    """A ``requests`` session that sends what it is told to send, and nothing that it finds elsewhere.

    Without ``~/.netrc`` (``requests`` would put it in place of our ``Authorization``) and without cookies (Harbor takes
    whoever sends one for a browser). Proxies are those of the environment, but never for this machine itself, as in
    Go's ``ProxyFromEnvironment``, which all other registry clients use.

    Parameters
    ----------
    verify : bool or str
        False to believe any certificate, or a file of authorities.
    """

    def __init__(self, verify: bool | str) -> None:
        super().__init__()
        # With it, REQUESTS_CA_BUNDLE would overrule --insecure, and .netrc our credentials.
        self.trust_env = False
        self.verify = verify
        if verify is False:
            # The user asked for it; a warning for every request would fill the notebook.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_connections=4, pool_maxsize=_POOL))
        self._proxies: dict[str, dict[str, str]] = {}

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: Any = None, params: Any = None
    ) -> requests.Response:
        """Send one request; the body of the response has not been read when this returns.

        Parameters
        ----------
        method, url : str
        headers : mapping, optional
        body : bytes, binary file, or mapping of form fields, optional
        params : mapping or pairs, optional
            Added to the URL's query.

        Raises
        ------
        requests.RequestException
            There is no response.
        """
        request = requests.Request(method, url, headers=dict(headers or {}), data=body, params=params).prepare()
        return self.send(
            request,
            stream=True,
            verify=self.verify,
            proxies=self._proxies_for(url),
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=method in ("GET", "HEAD"),
        )

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Send credentials only to the server that asked for them; a redirect often leads to another one's storage."""
        if not same_server(str(prepared_request.url), str(response.request.url)):
            prepared_request.headers.pop("Authorization", None)

    def rebuild_proxies(
        self,
        prepared_request: requests.PreparedRequest,
        proxies: Mapping[str, str] | None,  # noqa: ARG002 - the library's signature
    ) -> dict[str, str]:
        """Choose the proxy for where a redirect leads."""
        return self._proxies_for(str(prepared_request.url))

    def _proxies_for(self, url: str) -> dict[str, str]:
        host = urlsplit(url).netloc
        if host not in self._proxies:
            self._proxies[host] = {} if is_loopback(host) else get_environ_proxies(url)
        return self._proxies[host]


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, blocksize=_BLOCK, **keywords)
