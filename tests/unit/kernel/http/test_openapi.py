"""The description of a tenant, from its document types."""

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from kernel.http.openapi import build_openapi
from kernel.http.schemas import lower_to_30
from sdk.catalogue import Catalogue
from sdk.hookset import HookSet
from sdk.schema import DocumentType
from sdk.states import StateMachine

INVOICE = DocumentType.from_schema(
    "shop.invoice",
    {
        "title": "Invoice",
        "type": "object",
        "x-company": "required",
        "required": ["customer", "lines", "total"],
        "properties": {
            "customer": {"type": "string", "x-link": "shop.customer"},
            "issued_on": {"type": "string", "format": "date"},
            "total": {"type": "string", "format": "decimal", "x-decimal": {"scale": 2}, "readOnly": True},
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {"text": {"type": "string"}, "kind": {"type": "string", "enum": ["a", "b"]}},
                },
            },
        },
    },
)
MACHINE = StateMachine.from_data(
    {
        "type": "shop.invoice",
        "initial": "draft",
        "states": {"draft": {"editable": True}, "posted": {"final": True}},
        "actions": {
            "post": {
                "title": "Post",
                "from": ["draft"],
                "to": "posted",
                "event": "posted",
                "arguments": {"type": "object", "properties": {"on": {"type": "string", "format": "date"}}},
            }
        },
    }
)
FIXED = {"paths": {"/healthz": {"get": {"responses": {"200": {"description": "Fine."}}}}}}


@pytest.fixture
def description():
    catalogue = Catalogue((), HookSet(()), {INVOICE.name: INVOICE}, {INVOICE.name: MACHINE})
    return build_openapi("Shop", "1", FIXED, catalogue)


def test_it_is_valid_in_both_versions(description):
    OpenAPIV31SpecValidator(description).validate()
    OpenAPIV30SpecValidator({**lower_to_30(description), "openapi": "3.0.3"}).validate()


def test_each_type_has_its_paths_and_each_action_its_own(description):
    assert set(description["paths"]) == {
        "/healthz",
        "/api/v1/shop/invoices",
        "/api/v1/shop/invoices/bulk",
        "/api/v1/shop/invoices/{id}/links",
        "/api/v1/shop/invoices/{id}/archive",
        "/api/v1/shop/invoices/{id}/unarchive",
        "/api/v1/shop/invoices/{id}",
        "/api/v1/shop/invoices/{id}/post",
        "/api/v1/shop/invoices/{id}/restore",
        "/api/v1/shop/invoices/{id}/revisions",
    }


def test_what_is_sent_lacks_what_is_filled_in_and_has_the_company(description):
    sent = description["components"]["schemas"]["shop.invoice.input"]
    assert "total" not in sent["properties"]
    assert "company_id" in sent["properties"]
    assert sent["required"] == ["customer", "lines"]


def test_what_is_answered_promises_the_id_only(description):
    answered = description["components"]["schemas"]["shop.invoice"]
    assert {"id", "version", "total", "lines"} <= set(answered["properties"])
    assert answered["required"] == ["id"]


def test_a_change_may_take_any_field_away(description):
    patch = description["components"]["schemas"]["shop.invoice.patch"]
    assert "required" not in patch
    assert {"type": "null"} in patch["properties"]["customer"]["anyOf"]
    assert "company_id" not in patch["properties"]


def test_a_change_needs_the_version_an_action_may_have_it(description):
    def if_match(path, method):
        parameters = description["paths"][path][method]["parameters"]
        return next(p for p in parameters if p["name"] == "If-Match")

    assert if_match("/api/v1/shop/invoices/{id}", "patch")["required"] is True
    assert if_match("/api/v1/shop/invoices/{id}", "delete")["required"] is True
    assert "required" not in if_match("/api/v1/shop/invoices/{id}/post", "post")


def test_an_action_takes_the_arguments_it_declares(description):
    operation = description["paths"]["/api/v1/shop/invoices/{id}/post"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["on"]["format"] == "date"
    assert operation["summary"] == "Post: Invoice"


def test_every_operation_can_answer_a_problem_and_wants_a_token(description):
    operations = [operation for item in description["paths"].values() for operation in item.values()]
    assert all({"500", "503"} <= o["responses"].keys() and "default" not in o["responses"] for o in operations)
    assert description["security"] == [{"bearer": []}]
    ids = [operation["operationId"] for operation in operations if "operationId" in operation]
    assert len(ids) == len(set(ids)) == 12


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/healthz", "get", "200 401 403 429 431 500 503"),
        ("/api/v1/shop/invoices", "get", "200 401 403 422 429 431 500 503"),
        ("/api/v1/shop/invoices", "post", "201 400 401 403 404 409 413 415 422 429 431 500 503"),
        ("/api/v1/shop/invoices/{id}", "get", "200 304 401 403 404 422 429 431 500 503"),
        ("/api/v1/shop/invoices/{id}", "delete", "204 400 401 403 404 409 412 413 422 428 429 431 500 503"),
        ("/api/v1/shop/invoices/{id}/post", "post", "200 400 401 403 404 409 412 413 415 422 429 431 500 503"),
    ],
)
def test_each_status_an_operation_answers_is_told(description, path, method, statuses):
    responses = description["paths"][path][method]["responses"]
    assert " ".join(sorted(responses)) == statuses
    refusals = [answer for status, answer in responses.items() if int(status) >= 400]
    assert all(answer["$ref"].startswith("#/components/responses/Problem") for answer in refusals)


def test_what_the_framework_guesses_of_a_route_is_not_told():
    unknown, theirs = ({"content": {"application/json": {"schema": schema}}} for schema in ({}, {"$ref": "#/x"}))
    guessed = {"responses": {"200": {"description": "OK", **unknown}, "422": {"description": "Theirs", **theirs}}}
    said = build_openapi("Shop", "1", {"paths": {"/x": {"get": guessed}}}, None)["paths"]["/x"]["get"]["responses"]
    assert "content" not in said["200"]
    assert "422" not in said


@pytest.mark.parametrize(
    ("given", "lowered"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"nullable": True, "allOf": [{"type": "string"}]}),
        ({"const": "x"}, {"enum": ["x"]}),
        ({"patternProperties": {"^a": {}}, "type": "object"}, {"type": "object"}),
        ({"items": [{"const": 1}]}, {"items": [{"enum": [1]}]}),
        ("text", "text"),
    ],
)
def test_newer_words_are_said_in_older_ones(given, lowered):
    assert lower_to_30(given) == lowered


def test_formats_of_ours_are_patterns_too_and_links_are_ids(description):
    schemas = description["components"]["schemas"]
    assert schemas["shop.invoice"]["properties"]["total"]["pattern"] == r"^-?[0-9]{1,38}(?:\.[0-9]{1,20})?$"
    assert schemas["shop.invoice.input"]["properties"]["customer"]["format"] == "uuid"
    assert "pattern" not in schemas["shop.invoice"]["properties"]["issued_on"]
