"""One HTTP/1.1 exchange as bytes on a socket, and the samples of /metrics around it."""

import socket
import time
from urllib.parse import urlsplit


class Server:
    """Where the recorded server listens, and the key it asks for."""

    def __init__(self, base_url, api_key=""):
        parts = urlsplit(base_url)
        self.host, self.port, self.api_key = parts.hostname, parts.port or 80, api_key

    def exchange(self, method, path, body=None, headers=(), timeout=180.0):
        """Sends the bytes of `body` and reads until the server closes. A header of `None` is left out."""
        sent = {"Host": f"{self.host}:{self.port}", "User-Agent": "record/1", "Accept": "*/*", "Connection": "close"}
        if body is not None:
            sent["Content-Type"], sent["Content-Length"] = "application/json", str(len(body))
        if self.api_key:
            sent["Authorization"] = f"Bearer {self.api_key}"
        for name, value in dict(headers).items():
            sent = {key: old for key, old in sent.items() if key.lower() != name.lower()}
            if value is not None:
                sent[name] = value
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in sent.items()) + "\r\n"
        begun = time.time()
        with socket.create_connection((self.host, self.port), timeout=timeout) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(head.encode() + (body or b""))
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except (TimeoutError, ConnectionResetError):
                pass  # what came until then is the answer: a server may keep the connection open
        return sent, {"wall_start": begun, **parsed(received)}

    def samples(self):
        """Every sample of vLLM's own families."""
        _, answer = self.exchange("GET", "/metrics")
        samples = {}
        for line in answer.get("body", "").splitlines():
            if line.startswith("vllm:") and "_created" not in line.split("{")[0]:
                series, value = line.rsplit(" ", 1)
                samples[series] = float(value)
        return samples


def parsed(received):
    """Status, headers in order and the body of an answer, its HTTP chunks joined."""
    if b"\r\n\r\n" not in received:
        return {"status": None, "headers": [], "body": received.decode("latin1")}
    head, rest = received.split(b"\r\n\r\n", 1)
    first, *lines = head.decode("latin1").split("\r\n")
    headers = [line.split(": ", 1) for line in lines]
    if any(name.lower() == "transfer-encoding" and value.lower() == "chunked" for name, value in headers):
        rest = joined(rest)
    return {"status": int(first.split(" ")[1]), "headers": headers, "body": rest.decode("utf-8", "replace")}


def joined(chunked):
    whole = b""
    while chunked:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if length == 0:
            break
        whole, chunked = whole + chunked[:length], chunked[length + 2 :]
    return whole


def moved(before, after):
    """The samples that changed, and by how much."""
    changes = {series: round(value - before.get(series, 0.0), 9) for series, value in after.items()}
    return {series: change for series, change in changes.items() if change != 0.0}
