"""The article's application: four small services, with the names, paths and JSON that it shows.

Runs inside the supervisor's children, so it imports little. HTTP/1.1 with keep-alive, one thread per connection.
"""

from __future__ import annotations

import html
import json
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIMIT = 1 << 20
_OK = 200
_REVIEWS = (
    ("Reviewer1", "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!", 5),
    ("Reviewer2", "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays.", 4),
)


class Refusal(Exception):  # noqa: N818 - it is an answer, not a mistake
    """An answer other than 200."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def details(path: str, _options: dict[str, Any]) -> tuple[str, str]:
    """Answer ``/details/ID`` as the article shows it."""
    return "application/json", json.dumps(
        {
            "id": _number(path, "details"),
            "author": "William Shakespeare",
            "year": 1595,
            "type": "paperback",
            "pages": 200,
            "publisher": "PublisherA",
            "language": "English",
            "ISBN-10": "1234567890",
            "ISBN-13": "123-1234567890",
        },
        separators=(",", ":"),
    )


def ratings(path: str, _options: dict[str, Any]) -> tuple[str, str]:
    """Answer ``/ratings/ID``."""
    stars = {name: count for name, _, count in _REVIEWS}
    return "application/json", json.dumps({"id": _number(path, "ratings"), "ratings": stars}, separators=(",", ":"))


def reviews(path: str, options: dict[str, Any]) -> tuple[str, str]:
    """Answer ``/reviews/ID``: v1 without stars, v2 with black ones, v3 with red ones."""
    number = _number(path, "reviews")
    answer = {"id": str(number), "podname": options["pod"], "reviews": []}
    stars = _stars(number, options)
    for name, text, _ in _REVIEWS:
        review: dict[str, Any] = {"reviewer": name, "text": text}
        if stars is not None:
            known = stars.get(name)
            color = {"v2": "black"}.get(options["version"], "red")
            review["rating"] = (
                {"stars": known, "color": color} if known else {"error": "Ratings service is unavailable"}
            )
        answer["reviews"].append(review)
    return "application/json", json.dumps(answer, separators=(",", ":"))


def productpage(path: str, options: dict[str, Any]) -> tuple[str, str]:
    """Answer ``/productpage`` with what details and reviews say, asked through this pod's own proxy."""
    if path != "/productpage":
        raise Refusal(404, "Not Found")
    parts = []
    for title, name in (("Book Details", "details"), ("Book Reviews", "reviews")):
        status, body = ask(options, name, f"/{name}/0")
        if status != _OK:
            parts.append(f"<h4>Error fetching product {name}!</h4>")
            continue
        if name == "details":
            rows = "".join(f"<dt>{key}</dt><dd>{html.escape(str(value))}</dd>" for key, value in body.items())
            parts.append(f"<h4>{title}</h4><dl>{rows}</dl>")
        else:
            parts.append(f"<h4>{title}</h4>" + "".join(map(_quote, body["reviews"])))
    title = "The Comedy of Errors"
    return "text/html; charset=utf-8", (
        f'<!DOCTYPE html><html lang="en"><head><title>Simple Bookstore App</title></head>'
        f"<body><h3>{title}</h3>{''.join(parts)}</body></html>"
    )


_SERVICES = {"details": details, "ratings": ratings, "reviews": reviews, "productpage": productpage}


def _quote(review: dict[str, Any]) -> str:
    stars = review.get("rating", {}).get("stars", 0)
    return (
        f"<blockquote><p>{html.escape(review['text'])}</p><small>{review['reviewer']}</small>{'★' * stars}</blockquote>"
    )


def _number(path: str, name: str) -> int:
    head, _, number = path.rpartition("/")
    if head != f"/{name}":
        raise Refusal(404, "Not Found")
    if not (number.isascii() and number.isdigit()):
        raise Refusal(400, "please provide numeric product ID")
    return int(number)


def _stars(number: int, options: dict[str, Any]) -> dict[str, int] | None:
    if options["version"] == "v1":
        return None
    status, body = ask(options, "ratings", f"/ratings/{number}")
    return body["ratings"] if status == _OK else {}


def ask(options: dict[str, Any], name: str, path: str) -> tuple[int, Any]:
    """Ask another service, through the listener for outgoing requests of this pod's own proxy."""
    try:
        with socket.create_connection(("127.0.0.1", options["outbound"]), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: {name}:9080\r\n\r\n".encode())
            stream = connection.makefile("rb")
            status = int(stream.readline().split()[1])
            headers = _headers(stream)
            if headers.get("transfer-encoding") == "chunked":
                body = b""
                while size := int(stream.readline().split(b";")[0], 16):
                    body += stream.read(size)
                    stream.readline()
            else:
                body = stream.read(int(headers.get("content-length", "0")))
            return status, json.loads(body) if status == _OK else None
    except (OSError, ValueError, IndexError):
        return 503, None


def _headers(stream: Any) -> dict[str, str]:
    headers = {}
    while (line := stream.readline(_LIMIT)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def _answer(name: str, target: str, options: dict[str, Any]) -> tuple[int, str, str]:
    path = target.split("?", 1)[0]
    try:
        if path == "/health":
            return 200, "application/json", json.dumps({"status": f"{name.capitalize()} is healthy"})
        return 200, *_SERVICES[name](path, options)
    except Refusal as refusal:
        return refusal.status, "application/json", json.dumps({"error": str(refusal)})


def _converse(connection: socket.socket, options: dict[str, Any]) -> None:
    name = options["app"]
    reasons = {200: "OK", 400: "Bad Request", 404: "Not Found"}
    with connection, connection.makefile("rb") as stream:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while line := stream.readline(_LIMIT):
            method, target, _ = line.decode("latin-1").split()
            headers = _headers(stream)
            if headers.get("transfer-encoding") == "chunked":
                while size := int(stream.readline().split(b";")[0], 16):
                    stream.read(size + 2)
                _headers(stream)
            else:
                stream.read(int(headers.get("content-length", "0")))
            status, kind, text = _answer(name, target, options)
            body = text.encode()
            head = f"HTTP/1.1 {status} {reasons[status]}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + (b"" if method == "HEAD" else body))
            if headers.get("connection", "").lower() == "close":
                return


def _talk(connection: socket.socket, options: dict[str, Any]) -> None:
    try:
        _converse(connection, options)
    except (OSError, ValueError):
        connection.close()


def serve(options: dict[str, Any]) -> None:
    """Serve one of the four for ever.

    Parameters
    ----------
    options : dict
        ``app`` (which one), ``version``, ``pod``, ``port``, and ``outbound`` (port of the own proxy's listener).
    """
    threading.stack_size(256 * 1024)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", options["port"]))
        listener.listen(128)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_talk, args=(connection, options), daemon=True).start()
