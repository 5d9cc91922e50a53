"""The client against a server of the test's own, over real sockets."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.business import CUSTOMER_BYTES, customer
from bench.load import find_id, read_head, run_job


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.asked.append((self.path, body, self.headers["authorization"]))
        self.send_response(422 if "refuse" in body else 201)
        answer = json.dumps({"id": f"id-of-{body[-3:]}", "lines": ["x" * 70_000]}, separators=(",", ":")).encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def job(server, steps, **given):
    return {
        "ports": [server.server_port], "tokens": ["secret"], "clients": 2, "count": 4, "first": 7, "steps": steps,
        "timed": False, **given,
    }  # fmt: skip


def test_every_client_goes_through_the_steps_with_numbers_of_its_own(server):
    answer = run_job(job(server, [["POST", "/notes", "note ##"], ["POST", "/notes/{id}/post", "{}"]]))
    assert answer["seconds"] > 0
    assert answer["times"] == []
    notes = {f"note {number:012}" for number in (7, 8, 9, 10)}
    assert {body for path, body, _ in server.asked if path == "/notes"} == notes
    assert {path for path, _, _ in server.asked} == {"/notes", *(f"/notes/id-of-{note[-3:]}/post" for note in notes)}
    assert {token for _, _, token in server.asked} == {"Bearer secret"}


def test_clients_take_turns_with_the_tokens_of_many(server):
    run_job(job(server, [["POST", "/notes", "note ##"]], tokens=["a", "b", "c"], count=8))
    by_number = {int(body[5:]): token for _, body, token in server.asked}
    # The first client has a and c, the second b.
    assert [by_number[number] for number in range(7, 15)] == [f"Bearer {token}" for token in "abcbabcb"]


def test_clients_beyond_the_tokens_share_them(server):
    run_job(job(server, [["POST", "/notes", "note ##"]], tokens=["a", "b"], clients=3, count=3))
    assert sorted(token for _, _, token in server.asked) == ["Bearer a", "Bearer a", "Bearer b"]


def test_an_answer_that_is_no_success_is_told_and_not_measured(server):
    answer = run_job(job(server, [["POST", "/notes", "refuse ##"]]))
    assert list(answer) == ["error"]
    assert "422" in answer["error"]


def test_a_server_that_is_not_there_is_told(server):
    answer = run_job(job(server, [["POST", "/", "{}"]], ports=[1]))
    assert "ConnectionRefused" in answer["error"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx: y", (200, 12)),
        (b"HTTP/1.1 204 No Content\r\ncontent-type: x", (204, 0)),
    ],
)
def test_status_and_length_are_read(head, expected):
    assert read_head(head) == expected


def test_the_id_is_the_documents_own():
    assert find_id(b'{"id":"a-1","customer":{"id":"b"}}') == b"a-1"


def test_a_customer_is_about_a_kilobyte():
    assert len(json.dumps(customer("c-0000000001"))) == pytest.approx(CUSTOMER_BYTES, rel=0.05)


def test_each_round_is_timed_when_that_is_wanted(server):
    answer = run_job(job(server, [["POST", "/notes", "note ##"]], timed=True))
    assert len(answer["times"]) == 4
    assert min(answer["times"]) > 0
