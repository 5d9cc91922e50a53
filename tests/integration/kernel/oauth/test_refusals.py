"""What the authorization server refuses, each in the shape the RFC demands."""

import threading
from urllib.parse import urlencode

import pytest

from kernel.auth import trail
from tests.integration.kernel.oauth.browser import Browser
from tests.integration.kernel.oauth.site import CALLBACK, PASSWORD, VERIFIER, query_of

OTHER_VERIFIER = "a" * 43


@pytest.fixture(scope="module")
def program(site):
    return site.register(scopes=["shop.order:read", "openid"], resources=["https://stock.example/"])


def refusal(answer):
    return answer.status_code, answer.json().get("error")


@pytest.mark.parametrize(
    "parameters",
    [
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?more=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": CALLBACK.replace("https", "http")},
        {"redirect_uri": "https://program.example.evil.example/back"},
        {"redirect_uri": "https://program.example@evil.example/back"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": 'https://evil.example/"><script>'},
        {"redirect_uri": None},
        {"client_id": None},
        {"client_id": "01890000-0000-7000-8000-000000000000"},
        {"client_id": "' OR true --"},
        {"state": "s" * 2_049},
    ],
)
def test_nobody_is_redirected_where_the_way_back_is_not_known_good(browser, program, parameters):
    page = browser.open(program.address(**parameters))
    assert (page.status, page.left_to, page.action) == (400, None, None)
    assert "form-action 'self'; base-uri" in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state"])
def test_what_decides_the_way_back_stands_there_once(browser, program, name):
    page = browser.open(program.address() + "&" + urlencode({name: "other"}))
    assert (page.status, page.left_to) == (400, None)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "shop.order:update"}, "invalid_scope"),
        ({"scope": "*"}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"resource": "https://other.example/"}, "invalid_target"),
        ({"request": "ey.J.x"}, "request_not_supported"),
        ({"request_uri": "https://x.example/"}, "request_uri_not_supported"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
    ],
)
def test_other_faults_are_told_to_the_program(site, browser, program, parameters, error):
    page = browser.open(program.address(**parameters))
    back = query_of(page.left_to)
    assert (back["error"], back["state"], back["iss"]) == (error, "st/ate", site.url)


def test_a_parameter_given_twice_is_told_to_the_program(browser, program):
    page = browser.open(program.address() + "&scope=shop.order%3Aread&scope=openid")
    assert query_of(page.left_to)["error"] == "invalid_request"


def test_a_client_without_the_code_grant_asks_for_none(site, browser):
    site.add("robot")
    other = site.register(grant_types=["client_credentials"], redirect_uris=[], user_id=site.ids["robot"])
    assert browser.open(other.address()).status == 400


def test_forms_without_their_token_are_refused(browser, site, program):
    page = browser.open(program.address())
    for csrf in ("", "0" * 64, "é"):
        answer = browser.log_in(page, site.email("ann"), PASSWORD, csrf=csrf)
        assert (answer.status, answer.left_to) == (403, None)


def test_forms_of_another_browser_or_request_are_refused(browser, site, program):
    page, other = browser.open(program.address()), Browser(site)
    other.open(program.address())
    assert other.log_in(page, site.email("ann"), PASSWORD).status == 403
    other.close()
    second = browser.open(program.address(state="other"))
    assert browser.log_in(second, site.email("ann"), PASSWORD, csrf=page.fields["csrf"]).status == 403


def test_nothing_is_allowed_by_a_link(browser, site, program):
    browser.log_in(browser.open(program.address()), site.email("ann"), PASSWORD)
    page = browser.open(program.address() + "&step=decide&decision=allow")
    assert page.left_to is None


def test_a_wrong_password_is_told_and_lets_nobody_on(browser, site, program):
    page = browser.log_in(browser.open(program.address()), site.email("ann"), "wrong wrong wrong")
    assert (page.status, "do not belong together" in page.text) == (401, True)
    assert page.fields["email"] == site.email("ann")
    assert "wrong wrong" not in page.answer.text


def test_a_decision_needs_a_log_in(browser, program):
    page = browser.open(program.address())
    after = browser.submit(page, step="decide", decision="allow")
    assert (after.left_to, "password" in after.fields) == (None, True)


def test_a_form_that_waited_too_long_is_refused(site, browser, program):
    page = browser.log_in(browser.open(program.address()), site.email("ann"), PASSWORD)
    site.clock.advance(seconds=601)
    assert browser.allow(page).status == 403


def test_a_log_in_older_than_max_age_is_asked_for_again(site, browser, program):
    address = program.address(max_age="60")
    browser.log_in(browser.open(address), site.email("ann"), PASSWORD)
    site.clock.advance(seconds=70)
    assert "password" in browser.open(address).fields


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": OTHER_VERIFIER}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"resource": "https://stock.example/"}, "invalid_target"),
    ],
)
def test_a_code_is_not_exchanged_without_what_belongs_to_it(visit, program, form, error):
    code = visit(program)["code"]
    assert refusal(program.exchange(code, **form)) == (400, error)
    assert program.exchange(code).status_code == 200


def test_a_code_used_twice_ends_the_tokens_of_the_first_use(site, visit, program):
    code = visit(program)["code"]
    tokens = program.exchange(code).json()
    assert site.get("/api/v1/auth/me", tokens["access_token"]).status_code == 200
    assert refusal(program.exchange(code)) == (400, "invalid_grant")
    refused = site.get("/api/v1/auth/me", tokens["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
    assert refusal(program.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_of_many_uses_of_a_code_at_once_one_wins_and_then_none(site, visit, program):
    code, answers = visit(program)["code"], []
    threads = [threading.Thread(target=lambda: answers.append(program.exchange(code))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [answer for answer in answers if answer.status_code == 200]
    assert (len(answers), len(good)) == (4, 1)
    assert site.get("/api/v1/auth/me", good[0].json()["access_token"]).status_code == 401


def test_a_code_lives_for_a_minute(site, visit, program):
    code = visit(program)["code"]
    site.clock.advance(seconds=60)
    assert refusal(program.exchange(code)) == (400, "invalid_grant")


def test_a_code_is_good_for_its_client_only(site, visit, program):
    code, thief = visit(program)["code"], site.register()
    assert refusal(thief.exchange(code)) == (400, "invalid_grant")
    assert program.exchange(code).status_code == 200


@pytest.mark.parametrize("code", ["", "bosa_x", "bosa_" + "0" * 32 + "_" + "A" * 43, "x" * 60_000])
def test_a_made_up_code_is_refused(program, code):
    assert refusal(program.exchange(code))[0] == 400


def test_a_wrong_secret_is_refused_however_it_is_sent(site, visit, program):
    code, secret = visit(program)["code"], program.secret
    other = site.register().secret
    for wrong in (other, secret[:-1], "", "boss_x"):
        program.secret = wrong
        answers = [program.exchange(code), program.exchange(code, is_form=True)]
        program.secret = secret
        assert [refusal(answer) for answer in answers] == [(401, "invalid_client")] * 2
        assert answers[0].headers["www-authenticate"] == 'Basic realm="bos"'
    assert program.exchange(code).status_code == 200


def test_a_confidential_client_does_not_pass_as_a_public_one(site, visit, program):
    form = {
        "grant_type": "authorization_code", "client_id": program.id, "code": visit(program)["code"],
        "code_verifier": VERIFIER,
    }  # fmt: skip
    assert refusal(site.http.post("/oauth/token", data=form)) == (401, "invalid_client")


def test_a_client_authenticates_in_one_way(site, program):
    form = {"grant_type": "refresh_token", "client_secret": program.secret}
    answer = site.http.post("/oauth/token", data=form, auth=(program.id, program.secret))
    assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "boso_" + "0" * 32 + "_" + "A" * 43}, "invalid_grant"),
    ],
)
def test_the_token_endpoint_says_what_is_wrong(program, form, error):
    assert refusal(program.post("/oauth/token", **form)) == (400, error)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"grant_type=%00", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(50)), "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_is_refused(site, body, media_type):
    answer = site.http.post("/oauth/token", content=body, headers={"content-type": media_type})
    assert refusal(answer) == (400, "invalid_request")


def test_a_refresh_token_is_rotated_and_a_used_one_ends_the_family(site, visit, program):
    first = program.exchange(visit(program)["code"]).json()
    second = program.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert site.get("/api/v1/auth/me", second["access_token"]).status_code == 200
    assert refusal(program.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert refusal(program.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert site.get("/api/v1/auth/me", second["access_token"]).status_code == 401


def test_a_used_refresh_token_sent_again_and_again_is_on_record_once(site, visit, program):
    stolen = program.exchange(visit(program)["code"]).json()["refresh_token"]
    program.refresh(stolen)
    for _ in range(3):
        assert program.refresh(stolen).json()["error"] == "invalid_grant"
    with site.kernel.database.platform() as uow:
        found = trail.list_events(uow, site.tenant.id, limit=2)
    assert [event.type for event in found] == ["oauth.token_reused", "oauth.allowed"]


def test_a_made_up_refresh_token_ends_nothing(visit, program):
    tokens = program.exchange(visit(program)["code"]).json()
    guess = tokens["refresh_token"][:-43] + "A" * 43
    assert refusal(program.refresh(guess)) == (400, "invalid_grant")
    assert program.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_token_is_good_for_its_client_only_and_a_thief_ends_nothing(site, visit, program):
    tokens, thief = program.exchange(visit(program)["code"]).json(), site.register()
    assert refusal(thief.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert program.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_may_narrow_the_scopes_for_once_and_never_widen_them(visit, program):
    tokens = program.exchange(visit(program)["code"]).json()
    narrowed = program.refresh(tokens["refresh_token"], scope="openid").json()
    assert narrowed["scope"] == "openid"
    assert refusal(program.refresh(narrowed["refresh_token"], scope="shop.order:update")) == (400, "invalid_scope")
    assert program.refresh(narrowed["refresh_token"]).json()["scope"] == "shop.order:read openid"


def test_access_tokens_expire(site, visit, program):
    token = program.exchange(visit(program)["code"]).json()["access_token"]
    site.clock.advance(seconds=900)
    refused = site.get("/api/v1/auth/me", token)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_expired")


def test_a_token_for_another_service_is_no_token_here(site, visit, program):
    code = visit(program, resource="https://stock.example/")["code"]
    token = program.exchange(code).json()["access_token"]
    refused = site.get("/api/v1/auth/me", token)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    assert program.introspect(token)["aud"] == "https://stock.example/"


def test_suspending_the_user_stops_the_tokens(site, visit, program):
    site.add("eve", "shop.clerk")
    tokens = program.exchange(visit(program, "eve")["code"]).json()
    site.send("admin", "PATCH", f"/users/{site.ids['eve']}", {"state": "suspended"})
    assert site.get("/api/v1/auth/me", tokens["access_token"]).json()["code"] == "user_suspended"
    assert refusal(program.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert program.introspect(tokens["access_token"]) == {"active": False}


def test_other_methods_are_told_as_everywhere(site):
    answer = site.http.get("/oauth/token")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
