"""An identity provider that says whatever a test wants it to, on a real socket."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwk, jwt


class Provider:
    """answers: path to body (a mapping is JSON, bytes go out as they are) or to (status, headers, body).

    claims: changed over the right ones; key, header: what the ID token is signed with. asked: paths so far.
    """

    def __init__(self, clock):
        self.clock, self.asked, self.forms, self.nonce = clock, [], [], ""
        self.key = self.published = make_key("one")
        self.reset()

    def reset(self):
        self.answers, self.claims, self.header, self.token = {}, {}, {}, None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def respond(self, path, form):
        self.asked.append(path)
        if form:
            self.forms.append(form)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return self.metadata()
        if path == "/keys":
            return {"keys": [self.published.as_dict(private=False)]}
        return {"access_token": "at", "token_type": "Bearer", "id_token": self.token or self.id_token()}

    def metadata(self, **changed):
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys", **changed,
        }  # fmt: skip

    def id_token(self):
        now = int(self.clock().timestamp())
        claims = {
            "iss": self.url, "aud": "bos", "sub": "s-1", "iat": now, "exp": now + 60, "nonce": self.nonce,
            **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **self.header}, claims, self.key)


def make_key(kid):
    return jwk.RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@contextmanager
def serving(provider):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.tell({})

        def do_POST(self):
            self.tell(dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode())))

        def tell(self, form):
            given = provider.respond(urlsplit(self.path).path, form)
            status, headers, body = given if isinstance(given, tuple) else (200, {}, given)
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(30)
