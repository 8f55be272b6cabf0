"""Tokens from a file, and from an authorisation server of our own on this machine."""

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from kafka.errors import KafkaError

from sync_worker.streams.kafka.oauth_tokens import (
    ClientCredentials,
    NoToken,
    TokenFile,
    TokenRefused,
)

SECRET = "h3mligt:ord%"


class Server(HTTPServer):
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, object]] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.on_request = lambda: None
        self.url = f"http://127.0.0.1:{self.server_port}/token"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.headers["Authorization"], parse_qs(body)))
        self.server.on_request()
        status, answer = self.server.answers.pop(0)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.end_headers()
        self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def tokens(server, clock):
    return ClientCredentials(server.url, "wor ker", lambda: SECRET, "kafka", lambda: clock[0])


def test_a_token_is_asked_for_with_the_clients_credentials(server, tokens):
    server.answers = [(200, {"access_token": "a.b.c", "expires_in": 100})]
    assert tokens() == "a.b.c"
    ((header, form),) = server.asked
    assert header == "Basic d29yK2tlcjpoM21saWd0JTNBb3JkJTI1"
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka"]}


def test_a_token_is_used_until_shortly_before_its_end(server, tokens, clock):
    server.answers = [(200, {"access_token": name, "expires_in": 100}) for name in ("one", "two")]
    assert [tokens(), tokens()] == ["one", "one"]
    clock[0] = 79
    assert tokens() == "one"
    clock[0] = 81
    assert tokens() == "two"


def test_the_last_token_is_used_until_it_ends(server, tokens, clock):
    server.answers = [(200, {"access_token": "one", "expires_in": 100}), (503, {}), (503, {})]
    assert tokens() == "one"
    clock[0] = 90
    assert tokens() == "one"
    clock[0] = 96
    with pytest.raises(NoToken):
        tokens()
    server.answers = [(200, {"access_token": "two", "expires_in": 100})]
    assert tokens() == "two"


def test_a_refusal_of_a_new_token_is_told_at_once(server, tokens, clock):
    server.answers = [(200, {"access_token": "one", "expires_in": 100}), (401, {})]
    assert tokens() == "one"
    clock[0] = 90
    with pytest.raises(TokenRefused):
        tokens()


def test_a_token_that_brokers_refused_is_not_shown_again(server, tokens):
    server.answers = [(200, {"access_token": name, "expires_in": 100}) for name in ("one", "two")]
    assert tokens() == "one"
    tokens.forget()
    assert tokens() == "two"


def test_a_slow_server_is_asked_half_of_the_time(server, tokens, clock):
    server.answers, server.on_request = [(503, {})] * 2, lambda: clock.__setitem__(0, clock[0] + 3)
    asked = []
    for clock[0] in (10, 13, 15, 17):
        with pytest.raises(NoToken, match="answers 503"):
            tokens()
        asked.append(len(server.asked))
    assert asked == [1, 1, 1, 2]


def test_a_token_of_unknown_life_is_used_once(server, tokens):
    server.answers = [(200, {"access_token": name}) for name in ("one", "two")]
    assert [tokens(), tokens()] == ["one", "two"]


@pytest.mark.parametrize(
    ("status", "answer", "words", "kind"),
    [
        (401, {"error": "invalid_client"}, "401, invalid_client", TokenRefused),
        (400, {"error": SECRET}, "answers 400", TokenRefused),
        (302, {}, "answers 302", TokenRefused),
        (200, b"<html>", "not a JSON object", TokenRefused),
        (200, {"token": "x"}, "is malformed", TokenRefused),
        (200, {"access_token": "a\x01auth=b"}, "is malformed", TokenRefused),
        (503, {}, "answers 503", NoToken),
        (429, {}, "answers 429", NoToken),
    ],
)
def test_an_invalid_token_is_reported_without_a_secret(server, tokens, status, answer, words, kind):
    server.answers = [(status, answer)] * 2
    with pytest.raises(KafkaError, match=words) as raised:
        tokens()
    assert type(raised.value) is kind
    assert SECRET not in str(raised.value)


def test_an_unavailable_server_is_transient():
    with pytest.raises(NoToken, match="gives no token") as raised:
        ClientCredentials("http://127.0.0.1:1/token", "worker", lambda: SECRET)()
    assert raised.value.retriable


def test_a_token_file_is_read_each_time(tmp_path):
    file = tmp_path / "token"
    token = TokenFile(file)
    with pytest.raises(TokenRefused, match="No such file"):
        token()
    for text in ("first\n", "second\n"):
        file.write_text(text)
        assert token() == text.strip()
    file.write_bytes(b"\xff")
    with pytest.raises(TokenRefused, match="ASCII"):
        token()


def test_a_server_that_does_not_speak_http_gives_no_token():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_talk_nonsense, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/token"
        tokens = ClientCredentials(url, "worker", lambda: SECRET, None, lambda: 0.0)
        with pytest.raises(NoToken, match="BadStatusLine"):
            tokens()
        thread.join()


def _talk_nonsense(listener):
    client, _ = listener.accept()
    with client:
        client.recv(65536)
        client.sendall(b"-ERR no such thing\r\n")


def test_a_token_file_that_is_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "token")
    with pytest.raises(TokenRefused, match="it is not a regular file"):
        TokenFile(tmp_path / "token")()
