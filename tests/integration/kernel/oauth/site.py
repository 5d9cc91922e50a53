"""A whole installation on a real socket, with a tenant, its people, and programs that ask to act for them."""

import base64
import hashlib
import socket
import threading
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import uvicorn

from kernel.auth import service
from kernel.auth.passwords import Passwords
from kernel.http.app import create_app
from tests.integration.kernel.house import open_house

CHEAP = Passwords(memory_kib=64, passes=1, lanes=1)
PASSWORD = "correct horse battery"
CALLBACK = "https://program.example/back"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class _Server(uvicorn.Server):
    def __init__(self, config):
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        self.is_up.set()


@contextmanager
def listening(app, held):
    """Serve an ASGI application on a socket that is bound already."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", loop="asyncio", http="h11", timeout_graceful_shutdown=3
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    try:
        assert server.is_up.wait(30)
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def open_site(database, folder, tenant, **settings):
    """An installation at its own URL, serving until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        given = {"public_url": url, "pool_size_max": 8, **settings}
        with open_house(database, folder, settings=given) as house:
            site = Site(house, url, tenant)
            with listening(create_app(house.kernel, has_worker=False), held), httpx2.Client(base_url=url) as http:
                site.http = http
                yield site


class Site:
    """http: a client of the site that holds no cookies anybody relies on."""

    def __init__(self, house, url, tenant):
        self.house, self.kernel, self.clock, self.url = house, house.kernel, house.clock, url
        self.tenant = house.make_tenant(tenant)
        self.ids, self.tokens, self.http = {}, {}, None

    def add(self, name, *roles):
        """A user, by the part of the email before the domain."""
        with self.kernel.database.platform() as uow:
            user = service.create_user(
                uow, CHEAP, self.tenant.id, f"{name}@{self.tenant.name}.example", self.clock(), name=name.title(),
                password=PASSWORD,
            )  # fmt: skip
            uow.commit()
        with self.kernel.operate(self.tenant) as ctx:
            for role in roles:
                ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": role})
        self.ids[name] = user.id
        return user

    def email(self, name):
        return f"{name}@{self.tenant.name}.example"

    def log_in(self, name):
        body = {"tenant": self.tenant.name, "email": self.email(name), "password": PASSWORD}
        answer = self.http.post("/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        self.tokens[name] = answer.json()["access_token"]

    def send(self, name, method, path, body=None):
        """As a user, who logs in anew: what is dangerous takes a fresh proof."""
        self.log_in(name)
        headers = {"authorization": f"Bearer {self.tokens[name]}"}
        return self.http.request(method, f"/api/v1{path}", json=body, headers=headers)

    def register(self, by="admin", **fields):
        """A program with a client of its own."""
        body = {"name": "Program", "redirect_uris": [CALLBACK], "scopes": ["shop.order:read"], **fields}
        answer = self.send(by, "POST", "/oauth/clients", body)
        assert answer.status_code == 201, answer.text
        return Program(self, answer.json())

    def get(self, path, token):
        return self.http.get(path, headers={"authorization": f"Bearer {token}"})


class Program:
    """A client as its author would write it."""

    def __init__(self, site, registered):
        self.site, self.id, self.secret = site, registered["id"], registered.get("secret")

    def address(self, **parameters):
        """Where it sends the browser; a parameter that is None is left out."""
        given = {
            "response_type": "code", "client_id": self.id, "redirect_uri": CALLBACK, "state": "st/ate",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", **parameters,
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        return f"{self.site.url}/oauth/authorize?{urlencode(given)}"

    def post(self, path, *, is_form=False, **form):
        """To an endpoint, with the secret in the header, or in the form."""
        form = {name: value for name, value in form.items() if value is not None}
        if self.secret is None or is_form:
            form = {"client_id": self.id, **({"client_secret": self.secret} if self.secret else {}), **form}
            return self.site.http.post(path, data=form)
        return self.site.http.post(path, data=form, auth=(self.id, self.secret))

    def exchange(self, code, **form):
        given = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **form}
        return self.post("/oauth/token", grant_type="authorization_code", **given)

    def refresh(self, token, **form):
        return self.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **form)

    def introspect(self, token):
        return self.post("/oauth/introspect", token=token).json()


def query_of(url):
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
