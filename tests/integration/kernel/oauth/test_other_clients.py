"""A client somebody else wrote gets along with our server: that of authlib."""

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwk, jwt

from kernel.oauth.metadata import describe_server
from tests.integration.kernel.oauth.site import CALLBACK, PASSWORD, VERIFIER


@pytest.fixture
def told(site):
    return site.http.get("/.well-known/openid-configuration").json()


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_it_goes_from_the_link_to_refreshed_and_revoked_tokens(site, browser, told, method):
    kind = "public" if method == "none" else "confidential"
    program = site.register(kind=kind, scopes=["shop.order:read", "openid"])
    with OAuth2Client(
        program.id, program.secret, token_endpoint_auth_method=method, scope="shop.order:read openid",
        redirect_uri=CALLBACK, code_challenge_method="S256",
    ) as client:  # fmt: skip
        address, state = client.create_authorization_url(
            told["authorization_endpoint"], code_verifier=VERIFIER, nonce="n-1"
        )
        page = browser.allow(browser.log_in(browser.open(address), site.email("ann"), PASSWORD))
        tokens = client.fetch_token(
            told["token_endpoint"], authorization_response=page.left_to, state=state, code_verifier=VERIFIER
        )
        claims = jwt.decode(tokens["id_token"], jwk.KeySet.import_key_set(site.http.get("/oauth/jwks").json())).claims
        params = {"nonce": "n-1", "client_id": program.id, "access_token": tokens["access_token"]}
        checked = CodeIDToken(claims, {"alg": "RS256"}, options={"iss": {"value": site.url}}, params=params)
        checked.validate(now=int(site.clock().timestamp()))
        fresh = client.refresh_token(told["token_endpoint"], refresh_token=tokens["refresh_token"])
        assert fresh["refresh_token"] != tokens["refresh_token"]
        assert client.revoke_token(told["revocation_endpoint"], token=fresh["refresh_token"]).status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token(told["token_endpoint"], refresh_token=fresh["refresh_token"])


def test_it_uses_credentials_of_its_own(site, told):
    site.add("robot", "shop.clerk")
    program = site.register(
        grant_types=["client_credentials"], redirect_uris=[], user_id=site.ids["robot"], scopes=["shop.order:read"]
    )
    with OAuth2Client(program.id, program.secret, scope="shop.order:read") as client:
        tokens = client.fetch_token(told["token_endpoint"], grant_type="client_credentials")
    assert site.get("/api/v1/shop/orders", tokens["access_token"]).status_code == 200


def test_both_discovery_documents_are_what_the_specifications_demand():
    told = describe_server("https://bos.example")
    AuthorizationServerMetadata(told).validate()
    OpenIDProviderMetadata(told).validate()
