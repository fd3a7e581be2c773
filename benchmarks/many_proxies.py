"""A stand-in for an API server with many pods: it replays what one real pod's proxy, its kubelet and istiod answered.

Simulated are the API server (TLS, lists in pages and compressed, watches, logs, port forwarding over websockets) and
the pods' number; each answer is one that a real Istio gave, with another pod's name. Run as a program, it serves the
recording that is named until its standard input ends.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import ssl
import sys
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_COMPRESSED = 128 * 2**10  # bytes: larger answers are compressed (Kubernetes, ``APIResponseCompression``)


class World:
    """What there is to say.

    Parameters
    ----------
    recording : mapping
    count : int
        Of pods.
    """

    def __init__(self, recording: dict[str, Any], count: int) -> None:
        self.namespace, self.log = recording["namespace"], recording["log"].splitlines(keepends=True)
        self.api, self.admin = recording["api"], recording["admin"]
        self.pods_path = f"/api/v1/namespaces/{self.namespace}/pods"
        names = [f"{recording['pod']}-{number:05}" for number in range(count)]
        whole = self.api[self.pods_path]
        self.head = {key: value for key, value in whole.items() if key != "items"}
        one = next(json.dumps(item) for item in whole["items"] if item["metadata"]["name"] == recording["pod"])
        uid = json.loads(one)["metadata"]["uid"]
        self.items = [one.replace(recording["pod"], name).replace(uid, f"{uid}-{name[-5:]}") for name in names]
        proxy = next(json.dumps(one) for one in recording["syncz"] if one["proxy"].startswith(recording["pod"] + "."))
        self.syncz = "[" + ",".join(proxy.replace(recording["pod"], name) for name in names) + "]"
        self.bytes = 0

    def answer(self, method: str, target: str) -> tuple[int, bytes]:
        """Answer a request; status and body."""
        url = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/bytes":
            return 200, str(self.bytes).encode()
        if method == "POST" and url.path.endswith("/selfsubjectaccessreviews"):
            return 201, b'{"status": {"allowed": true}}'
        if url.path == self.pods_path:
            return 200, self._pods(int(query.get("limit", 0)), int(query.get("continue", 0)))
        if url.path.endswith("/log"):
            return 200, self._log(query)
        known = self.api.get(f"{url.path}?{url.query}") or self.api.get(url.path)
        if known is None:
            return 404, json.dumps({"kind": "Status", "code": 404, "message": f"not recorded: {target}"}).encode()
        return 200, json.dumps(known).encode()

    @cache  # noqa: B019 - one lives as long as the program
    def _pods(self, limit: int, begin: int) -> bytes:
        end = begin + limit if limit else len(self.items)
        head = dict(self.head)
        head["metadata"] = {**head["metadata"], **({"continue": str(end)} if end < len(self.items) else {})}
        return (json.dumps(head)[:-1] + ', "items": [' + ",".join(self.items[begin:end]) + "]}").encode()

    def _log(self, query: dict[str, str]) -> bytes:
        since = query.get("sinceTime", "").rstrip("Z")
        text = "".join(line for line in self.log if line[: len(since)] >= since) if since else "".join(self.log)
        return text.encode()[: int(query.get("limitBytes", 2**30))]

    @cache  # noqa: B019 - one lives as long as the program
    def port(self, istiod: bool, channel: int, method: str, target: str) -> bytes:
        """Answer a request to a forwarded port: a whole frame."""
        status, body = 200, ""
        if istiod:
            body = self.syncz
        elif channel:
            status = 404
        else:
            name = target if method == "GET" else f"{method} {target}"
            status, body = (200, self.admin[name]) if name in self.admin else (404, f"not recorded: {name}")
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body.encode())}\r\n\r\n"
        return frame(bytes((channel,)) + (head + body).encode())


def frame(payload: bytes) -> bytes:
    """Give a binary frame of a websocket, as a server sends it (RFC 6455)."""
    size = len(payload)
    if size < 126:
        return bytes((0x82, size)) + payload
    if size < 2**16:
        return b"\x82\x7e" + size.to_bytes(2, "big") + payload
    return b"\x82\x7f" + size.to_bytes(8, "big") + payload


class Connection(asyncio.Protocol):
    """One client's connection: requests, or a websocket after one that asks for it."""

    def __init__(self, world: World) -> None:
        self.world, self.rest, self.forwards, self.istiod = world, b"", False, False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.world.bytes += len(data)
        self.rest += data
        while self.rest and (self._frame() if self.forwards else self._request()):
            pass

    def _send(self, data: bytes) -> None:
        self.world.bytes += len(data)
        self.transport.write(data)

    def _request(self) -> bool:
        head, end, rest = self.rest.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(fields.get("content-length", 0))
        if len(rest) < length:
            return False
        self.rest = rest[length:]
        method, target, _ = first.split(" ")
        if "upgrade" in fields:
            self._upgrade(fields, target)
        elif "watch=true" in target:
            self._send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        else:
            self._answer(method, target, fields)
        return True

    def _answer(self, method: str, target: str, fields: dict[str, str]) -> None:
        status, body = self.world.answer(method, target)
        coding = ""
        if "gzip" in fields.get("accept-encoding", "") and len(body) > _COMPRESSED:
            body, coding = _compressed(body), "content-encoding: gzip\r\n"
        kind = "text/plain" if "/log" in target else "application/json"
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: {kind}\r\n{coding}content-length: {len(body)}\r\n\r\n"
        self._send(head.encode() + body)

    def _upgrade(self, fields: dict[str, str], target: str) -> None:
        accept = b64encode(hashlib.sha1((fields["sec-websocket-key"] + _GUID).encode()).digest()).decode()
        self._send(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            b"sec-websocket-protocol: v4.channel.k8s.io\r\nsec-websocket-accept: " + accept.encode() + b"\r\n\r\n"
        )
        ports = parse_qs(urlsplit(target).query)["ports"][0].split(",")
        self.forwards, self.istiod = True, "/istiod" in target
        for index, port in enumerate(ports):
            for channel in (2 * index, 2 * index + 1):
                self._send(frame(bytes((channel,)) + int(port).to_bytes(2, "little")))

    def _frame(self) -> bool:
        data = self.rest
        if len(data) < 6:
            return False
        size, at = data[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        if len(data) < at + 4 + size:
            return False
        mask, payload = data[at : at + 4], data[at + 4 : at + 4 + size]
        self.rest = data[at + 4 + size :]
        if data[0] & 15 == 8:
            self.transport.close()
            return False
        key = (mask * (size // 4 + 1))[:size]
        plain = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
        for request in plain[1:].split(b"\r\n\r\n")[:-1]:
            method, target, _ = request.decode().split("\r\n")[0].split(" ")
            self._send(self.world.port(self.istiod, plain[0], method, target))
        return True


@cache
def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, 4)


async def serve(world: World, certificate: Path) -> None:
    """Serve until the standard input ends; the first line on the standard output is the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(world), "127.0.0.1", 0, ssl=context, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    recording, number, pem = sys.argv[1:]
    asyncio.run(serve(World(json.loads(Path(recording).read_text()), int(number)), Path(pem)))
