"""The HTTP interface of a registry (OCI distribution specification v1.1), over a store of images."""

from __future__ import annotations

import contextlib
import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from wasmnb.errors import BadNameError, ImageError
from wasmnb.image.manifest import MAX_MANIFEST, Manifest, digest_of, is_digest
from wasmnb.image.reference import LOCAL, Reference
from wasmnb.image.registry.access import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasmnb.image.registry.server.uploads import Uploads
    from wasmnb.image.store import Store

__all__ = ["Handler"]

_PIECE = 1 << 16
_ROUTES = (
    (re.compile(r"/v2/?"), "base"),
    (re.compile(r"/v2/_catalog"), "catalogue"),
    (re.compile(r"/v2/(?P<name>.+)/tags/list"), "tags"),
    (re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)"), "manifest"),
    (re.compile(r"/v2/(?P<name>.+)/blobs/uploads/"), "uploads"),
    (re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<upload>[0-9a-f]{32})"), "upload"),
    (re.compile(r"/v2/(?P<name>.+)/blobs/(?P<digest>[^/]+)"), "blob"),
)


class _RefusedError(Exception):
    """An answer that is an error: its status, and the specification's code for it."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server_version = "wasmnb"
    sys_version = ""
    # An answer of two writes would wait for the client's acknowledgement of the first.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the server's names for methods

    def log_message(self, *_: object) -> None:
        """Say nothing: standard error is a cell's output."""

    @property
    def _store(self) -> Store:
        store: Store = self.server.store  # type: ignore[attr-defined] # our own server, which the base does not know
        return store

    @property
    def _uploads(self) -> Uploads:
        uploads: Uploads = self.server.uploads  # type: ignore[attr-defined] # as above
        return uploads

    def _answer(self) -> None:
        self._body = _Body(self)
        try:
            self._find()()
        except _RefusedError as error:
            self._send_error(error.status, error.code, str(error))
        except BadNameError as error:
            self._send_error(HTTPStatus.BAD_REQUEST, "NAME_INVALID", error.what)
        except ImageError as error:
            self._send_error(HTTPStatus.BAD_REQUEST, "MANIFEST_INVALID", error.what)

    def _find(self) -> Callable[[], None]:
        # A page in a browser can have any name resolve to this machine; it cannot have the name itself be ours.
        if not is_loopback(self.headers.get("Host", "")):
            raise _RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "DENIED", "this registry serves this machine alone")
        url = urlsplit(self.path)
        self._query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        for pattern, what in _ROUTES:
            if match := pattern.fullmatch(url.path):
                self._words = match.groupdict()
                if name := self._words.get("name"):
                    Reference.parse(f"{LOCAL}/{name}")
                verb = "get" if self.command == "HEAD" else self.command.lower()
                if found := getattr(self, f"_{verb}_{what}", None):
                    return found  # type: ignore[no-any-return] # a method of this class
                raise _RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "UNSUPPORTED", f"no {self.command} here")
        raise _RefusedError(HTTPStatus.NOT_FOUND, "NAME_UNKNOWN", "there is nothing of this name")

    # -- what there is ----------------------------------------------------------------------------------------------

    def _get_base(self) -> None:
        self._send_json({})

    def _get_catalogue(self) -> None:
        names = sorted({Reference.parse(row.reference).path for row in self._store.list()})
        self._send_json({"repositories": self._page(names, "_catalog")})

    def _get_tags(self) -> None:
        rows = [Reference.parse(row.reference) for row in self._store.list()]
        mine = [row for row in rows if row.path == self._words["name"]]
        if not mine:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "NAME_UNKNOWN", "there is no such repository")
        tags = self._page(sorted({row.tag for row in mine if row.tag}), f"{self._words['name']}/tags/list")
        self._send_json({"name": self._words["name"], "tags": tags})

    def _page(self, items: list[str], what: str) -> list[str]:
        rest = [item for item in items if item > self._query.get("last", "")]
        most = self._query.get("n", "")
        page = rest[: int(most)] if most.isdecimal() else rest
        self._more = f'</v2/{what}?n={most}&last={page[-1]}>; rel="next"' if page and len(page) < len(rest) else ""
        return page

    # -- manifests --------------------------------------------------------------------------------------------------

    def _reference(self) -> str:
        name, reference = self._words["name"], self._words["reference"]
        return f"{LOCAL}/{name}{'@' if is_digest(reference) else ':'}{reference}"

    def _get_manifest(self) -> None:
        reference = self._reference()
        try:
            Reference.parse(reference)
            data = self._store.read_manifest(reference)
        except (ImageError, BadNameError) as error:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN", error.what) from None
        headers = {"Content-Type": Manifest.parse(data).media_type, "Docker-Content-Digest": digest_of(data)}
        self._send(HTTPStatus.OK, data, headers)

    def _put_manifest(self) -> None:
        data = b"".join(self._body.pieces(MAX_MANIFEST))
        digest = self._store.add_manifest(self._reference(), data)
        place = f"/v2/{self._words['name']}/manifests/{digest}"
        self._send(HTTPStatus.CREATED, b"", {"Location": place, "Docker-Content-Digest": digest})

    def _delete_manifest(self) -> None:
        try:
            self._store.remove(self._reference())
        except ImageError as error:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN", error.what) from None
        self._send(HTTPStatus.ACCEPTED)

    # -- blobs ------------------------------------------------------------------------------------------------------

    def _get_blob(self) -> None:
        digest = self._words["digest"]
        if not is_digest(digest) or not self._store.has_blob(digest):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "BLOB_UNKNOWN", "there is no such blob")
        data, headers = self._store.read_blob(digest), {"Docker-Content-Digest": digest, "Accept-Ranges": "bytes"}
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if span is None:
            self._send(HTTPStatus.OK, data, headers)
            return
        first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
        if first > last:
            self._send(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        self._send(HTTPStatus.PARTIAL_CONTENT, data[first : last + 1], headers)

    def _post_uploads(self) -> None:
        mount = self._query.get("mount", "")
        if is_digest(mount) and self._store.has_blob(mount):
            self._send_blob(mount)
            return
        upload = self._uploads.begin()
        self._words["upload"] = upload
        if digest := self._query.get("digest"):
            self._append()
            self._finish(digest)
            return
        self._send_progress(HTTPStatus.ACCEPTED)

    def _get_upload(self) -> None:
        self._send_progress(HTTPStatus.NO_CONTENT)

    def _patch_upload(self) -> None:
        self._append()
        self._send_progress(HTTPStatus.ACCEPTED)

    def _put_upload(self) -> None:
        self._append()
        self._finish(self._query.get("digest", ""))

    def _delete_upload(self) -> None:
        if not self._uploads.drop(self._words["upload"]):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
        self._send(HTTPStatus.NO_CONTENT)

    def _append(self) -> None:
        upload, span = self._words["upload"], re.match(r"(\d+)-\d+$", self.headers.get("Content-Range", ""))
        if self._uploads.size(upload) is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
        if not self._uploads.append(upload, self._body.pieces(), int(span[1]) if span else None):
            message = f"the last piece ended at {self._uploads.size(upload)}"
            raise _RefusedError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message)

    def _finish(self, digest: str) -> None:
        if not is_digest(digest):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "DIGEST_INVALID", "this is not a digest")
        try:
            self._uploads.finish(self._words["upload"], digest)
        except ImageError as error:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "DIGEST_INVALID", error.what) from None
        self._send_blob(digest)

    # -- answers ----------------------------------------------------------------------------------------------------

    def _send_blob(self, digest: str) -> None:
        place = f"/v2/{self._words['name']}/blobs/{digest}"
        self._send(HTTPStatus.CREATED, b"", {"Location": place, "Docker-Content-Digest": digest})

    def _send_progress(self, status: HTTPStatus) -> None:
        upload = self._words["upload"]
        size = self._uploads.size(upload)
        if size is None:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
        place = f"/v2/{self._words['name']}/blobs/uploads/{upload}"
        self._send(status, b"", {"Location": place, "Range": f"0-{max(size - 1, 0)}", "Docker-Upload-UUID": upload})

    def _send_json(self, value: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        headers = {"Content-Type": "application/json"}
        if more := getattr(self, "_more", ""):
            headers["Link"], self._more = more, ""
        self._send(status, json.dumps(value).encode(), headers)

    def _send_error(self, status: HTTPStatus, code: str, message: str) -> None:
        self._body.close()
        self._send_json({"errors": [{"code": code, "message": message, "detail": None}]}, status)

    def _send(self, status: HTTPStatus, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        with contextlib.suppress(ConnectionError):
            for _ in self._body.pieces():
                pass
        self.send_response(status)
        for name, value in {"Docker-Distribution-Api-Version": "registry/2.0", **(headers or {})}.items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


class _Body:
    """A request's body, by its length or in chunks (RFC 9112, section 7.1); what nobody reads is read away."""

    def __init__(self, request: BaseHTTPRequestHandler) -> None:
        self._request = request
        self._chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
        length = request.headers.get("Content-Length", "0")
        self._left = int(length) if length.isdecimal() and not self._chunked else 0

    def pieces(self, most: int | None = None) -> Iterator[bytes]:
        """Give it piece by piece."""
        got = 0
        for piece in self._in_chunks() if self._chunked else self._plain():
            got += len(piece)
            if most is not None and got > most:
                raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "SIZE_INVALID", f"more than {most:,} bytes")
            yield piece

    def close(self) -> None:
        """Read nothing more, and end the connection with the answer."""
        self._left, self._chunked = 0, False
        self._request.close_connection = True

    def _plain(self) -> Iterator[bytes]:
        while self._left:
            piece = self._request.rfile.read(min(_PIECE, self._left))
            if not piece:
                raise ConnectionError
            self._left -= len(piece)
            yield piece

    def _in_chunks(self) -> Iterator[bytes]:
        while size := int(self._request.rfile.readline().partition(b";")[0] or b"0", 16):
            yield self._request.rfile.read(size)
            self._request.rfile.readline()
        while self._request.rfile.readline().strip():
            pass
        self._chunked = False
