"""What the measurements send and read: requests as bytes, signed as the chat vendor signs them, and many connections at once."""
import hashlib
import hmac
import socket
import time
import urllib.parse

from harness import HOOK, SECRET

CONNECTIONS = 64


def read_answer(stream):
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    body = stream.read(length)
    return status, body


class Volley:
    """Many connections: one request is sent on each, then all answers are read."""

    def __init__(self, port, connections=CONNECTIONS):
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        for one in self.sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.streams = [one.makefile("rb") for one in self.sockets]

    def fire(self, requests):
        for one, request in zip(self.sockets, requests):
            one.sendall(request)
        answers = [read_answer(stream) for stream, _ in zip(self.streams, requests)]
        bad = [answer for answer in answers if answer[0] >= 400]
        if bad:
            raise SystemExit(f"a request failed: {bad[0]}")
        return answers

    def close(self):
        for one in self.sockets:
            one.close()


def http_bytes(method, path, body=b"", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def signed(body, content_type="application/x-www-form-urlencoded"):
    """A request as the chat vendor signs it."""
    now = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"v0:{now}:".encode() + body, hashlib.sha256).hexdigest()
    return http_bytes("POST", HOOK, body, (f"Content-Type: {content_type}", f"X-Slack-Request-Timestamp: {now}",
                                          f"X-Slack-Signature: v0={digest}"))


def signed_command(text, number, user="U0001"):
    fields = {"command": "/incident", "text": text, "user_id": user, "channel_id": "C0GENERAL", "channel_name": "general",
              "team_id": "T0SANDBOX", "trigger_id": f"{number}.{time.time()}", "response_url": "http://127.0.0.1:9/none"}
    return signed(urllib.parse.urlencode(fields).encode())
