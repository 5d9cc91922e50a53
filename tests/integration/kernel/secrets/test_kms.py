"""A key service over HTTP: a real one in a thread, with its own master key, its faults and its absence."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kernel.secrets.cipher import DoesNotOpen, decrypt, encrypt, new_key
from kernel.secrets.errors import KmsRefused, KmsUnavailable
from kernel.secrets.rotation import rotate_master
from tests.integration.kernel.secrets.clinic import make_clinic, open_clinics

TOKEN = "a token of the service"


class KeyService(ThreadingHTTPServer):
    """Speaks the protocol of kernel/secrets/kms.py; `fault` is what it answers instead, as (status, body)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys = {"key-1": new_key()}
        self.fault = None
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.answer(403, {})
        if self.server.fault:
            return self.answer(*self.server.fault)
        bound = base64.b64decode(sent["context"])
        if self.path == "/v1/wrap":
            key_id, key = list(self.server.keys.items())[-1]
            wrapped = encrypt(key, base64.b64decode(sent["key"]), bound)
            return self.answer(200, {"wrapped": base64.b64encode(wrapped).decode(), "key_id": key_id})
        try:
            key = decrypt(self.server.keys[sent["key_id"]], base64.b64decode(sent["wrapped"]), bound)
        except DoesNotOpen:
            return self.answer(400, {})
        return self.answer(200, {"key": base64.b64encode(key).decode()})

    def answer(self, status, body):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *arguments):
        """Quiet."""


@pytest.fixture(scope="module")
def service():
    server = KeyService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def kernel(service, empty_database, tmp_path_factory):
    url = f"http://127.0.0.1:{service.server_port}/v1/"
    folder = tmp_path_factory.mktemp("kms")
    with open_clinics(empty_database(), folder, kms_url=url, kms_token=TOKEN) as kernel:
        yield kernel


@pytest.fixture
def clinic(kernel, service):
    service.fault = None
    kernel.keyring.forget()
    return make_clinic(kernel)


def add(clinic, ssn):
    with clinic.operate() as ctx:
        return ctx.documents.create("clinic.patient", {"name": "Jane", "ssn": ssn}).id


def read(clinic, id):
    with clinic.operate() as ctx:
        return ctx.documents.get("clinic.patient", id)["ssn"]


def test_the_service_wraps_and_unwraps_and_no_key_file_is_made(clinic, kernel):
    id = add(clinic, "1")
    kernel.keyring.forget()
    assert read(clinic, id) == "1"
    assert not (kernel.settings.data_dir / "master.key").exists()


def test_an_unwrapped_key_is_asked_for_once_in_its_lifetime(clinic, service):
    id = add(clinic, "1")
    asked = len(service.asked)
    for _ in range(3):
        assert read(clinic, id) == "1"
    assert len(service.asked) == asked


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ((500, {}), KmsUnavailable),
        ((429, {}), KmsUnavailable),
        ((403, {}), KmsRefused),
        ((200, b"not json"), KmsRefused),
        ((200, []), KmsRefused),
        ((200, {"key": "not base64!"}), KmsRefused),
        ((200, {"key": "c2hvcnQ="}), KmsRefused),
        ((200, {"wrapped": "QUJD", "key_id": 7}), KmsRefused),
    ],
)
def test_a_service_in_trouble_is_a_clear_error_and_nothing_is_half_written(clinic, service, kernel, fault, error):
    id = add(clinic, "1")
    events = clinic.execute("SELECT count(*) FROM {t}.events")
    kernel.keyring.forget()
    service.fault = fault
    with pytest.raises(error):
        read(clinic, id)
    with pytest.raises(error):
        add(clinic, "2")
    assert clinic.execute("SELECT count(*) FROM {t}.events") == events
    service.fault = None
    assert read(clinic, id) == "1"


def test_documents_without_protected_fields_do_not_need_the_service(clinic, service, kernel):
    service.fault = (500, {})
    kernel.keyring.forget()
    with clinic.operate() as ctx:
        room = ctx.documents.create("clinic.room", {"name": "a room"})
        assert ctx.documents.get("clinic.room", room.id)["name"] == "a room"


def test_a_service_that_is_not_there_is_told_without_its_address(clinic, kernel, service, empty_database, tmp_path):
    url = "http://user:hidden@127.0.0.1:9/v1"
    with open_clinics(empty_database(), tmp_path, kms_url=url) as lonely:
        with pytest.raises(KmsUnavailable) as refused:
            add(make_clinic(lonely), "1")
        assert "hidden" not in refused.value.message


def test_a_key_of_the_service_that_is_new_wraps_all_keys(clinic, service, kernel):
    id = add(clinic, "1")
    service.keys["key-2"] = new_key()
    done = rotate_master(kernel, [clinic.tenant], make_key=True)
    assert done.wrapped_by == "key-2"
    assert clinic.execute("SELECT DISTINCT wrapped_by FROM {t}.cipher_keys WHERE kind <> 'subject'") == [("key-2",)]
    kernel.keyring.forget()
    assert read(clinic, id) == "1"
