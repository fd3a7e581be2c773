"""A small stand-in for an API server: objects in memory, rights and refusals as a test says. It judges nothing."""

from __future__ import annotations

import json
import re
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class ApiServer:
    """It serves until it is closed; without ``listening`` it has its port, and takes nobody before `listen`.

    Attributes
    ----------
    objects : dict
        By their paths.
    refused : dict
        Status and message of requests, by ``METHOD`` and a pattern of the path.
    denied : set of (str, str)
        Verbs and resources that a review of rights says no to.
    token : str
        What one logs in with.
    """

    def __init__(self, *, listening: bool = True) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.refused: dict[tuple[str, str], tuple[int, str]] = {}
        self.denied: set[tuple[str, str]] = set()
        self.token = "good"
        self._number = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                data = self.rfile.read(int(self.headers.get("content-length") or 0))
                url = urlsplit(self.path)
                known = self.headers.get("authorization") == f"Bearer {server.token}"
                body = json.loads(data) if data else None
                status, answer = server.answer(self.command, url.path, parse_qs(url.query), body, known=known)
                out = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            do_GET = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 - as http.server wants them

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.server_bind()
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        if listening:
            self.listen()

    def listen(self) -> None:
        self._server.server_activate()
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def put(self, path: str, **item: Any) -> dict[str, Any]:
        """Have an object."""
        self._number += 1
        metadata = {
            "name": path.rpartition("/")[2],
            "uid": f"uid-{self._number}",
            "creationTimestamp": datetime.now(timezone.utc).isoformat(),
            **item.pop("metadata", {}),
            "resourceVersion": str(self._number),
        }
        if found := re.search(r"/namespaces/([^/]+)/", path):
            metadata["namespace"] = found[1]
        self.objects[path] = {**item, "metadata": metadata}
        return self.objects[path]

    def answer(self, method: str, path: str, query: Any, body: Any, *, known: bool) -> tuple[int, Any]:
        refusals = (why for (verb, part), why in self.refused.items() if verb == method and re.search(part, path))
        refused = (401, "Unauthorized") if not known else next(refusals, None)
        if refused is not None:
            return _refusal(*refused)
        if path == _REVIEWS:
            return 201, {"status": {"allowed": self._allowed(body["spec"]["resourceAttributes"])}}
        if method == "PATCH":
            return 200, self._changed(path, body)
        found = self.objects.pop(path, None) if method == "DELETE" else self._found(path, query)
        return (200, found) if found else _refusal(404, f"{path} not found")

    def _allowed(self, asked: dict[str, str]) -> bool:
        resource = "/".join(filter(None, (asked["resource"], asked["subresource"])))
        return (asked["verb"], resource) not in self.denied

    def _changed(self, path: str, body: Any) -> dict[str, Any]:
        before = self.objects.get(path, {})
        if isinstance(body, list):  # a JSON patch, whose steps nobody here looks for
            return before
        about = {**before.get("metadata", {}), **body.get("metadata", {})}
        return self.put(path, **{**before, **body, "metadata": about})

    def _found(self, path: str, query: Any) -> dict[str, Any] | None:
        if path in self.objects:
            return self.objects[path]
        within = [item for own, item in self.objects.items() if _among(own, path)]
        if not within and not re.search(r"/v\w+/(namespaces/[^/]+/)?[a-z]+$", path):
            return {"gitVersion": "v1.35.0"} if path == "/version" else None
        wanted = query.get("labelSelector", [""])[0]
        items = [item for item in within if _chosen(item, wanted)]
        return {"metadata": {"resourceVersion": str(self._number)}, "items": items}


def _among(own: str, listed: str) -> bool:
    """Say whether an object is one of a list: of a namespace's, or of all of them."""
    folder = own.rpartition("/")[0]
    return listed in (folder, re.sub(r"/namespaces/[^/]+/", "/", folder))


def _chosen(item: dict[str, Any], wanted: str) -> bool:
    labels = item["metadata"].get("labels") or {}
    if " in (" in wanted:
        key, _, values = wanted.partition(" in (")
        return labels.get(key) in values.rstrip(")").split(",")
    parts = [part.partition("=") for part in filter(None, wanted.split(","))]
    return all(labels.get(key) == value if equals else key in labels for key, equals, value in parts)


def _refusal(status: int, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"kind": "Status", "status": "Failure", "message": message, "code": status}


def kubeconfig(folder: Path, port: int, *, token: str = "good", namespace: str = "team") -> Path:
    """Write the kubeconfig of somebody who logs in with a token."""
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "u", "user": {"token": token}}],
            }
        ),
        "utf-8",
    )
    return path
