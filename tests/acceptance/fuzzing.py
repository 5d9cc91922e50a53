"""Requests made up from a tenant's own description, and what their answers must keep to.

A made-up id names nothing, so what is sent is bent a little: ids in paths and links become those of answers before,
and the version that is sent is the one that was last answered. What is made by one request is so read, changed,
acted upon and deleted by others.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
)  # fmt: skip
PROBLEM = "application/problem+json"
PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code", "instance", "request_id"}
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
PERSONS = ("parties.contact", "parties.customer", "parties.supplier")
# How often a made-up id is left as it is.
STRANGE = 0.25
# How often a request has no token of ours: none, or one that was made up.
TOKENLESS = 0.05
# How often a new document is made after another one, and in how many fields it differs.
RESEMBLING = 0.6
CHANGED_MAX = 2
KEPT_MAX = 40
# Operations; those who make jobs come first.
WORK_EVERY = 100

schemathesis.openapi.format(
    "decimal", st.decimals(-1_000_000, 1_000_000, places=2, allow_nan=False).map(lambda number: f"{number:f}")
)
schemathesis.openapi.format("currency", st.sampled_from(("EUR", "USD", "CHF", "HOUR")))


class NotAProblem(AssertionError):
    """A refusal in another shape than the one."""


@dataclass
class Known:
    """What answers have told: ids by the path they stand behind, versions of documents, ids by document type."""

    by_path: dict[str, list[str]] = field(default_factory=dict)
    by_type: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Ids that are never sent: who changes them ends the test.
    spared: frozenset[str] = frozenset()

    def learn(self, path: str, body: Any) -> None:
        """path: the template of what was asked."""
        if not isinstance(body, dict):
            return
        items = body.get("items")
        is_list = isinstance(items, list)
        for item in items if is_list else [body]:
            if isinstance(item, dict):
                self._learn_one(path if is_list else path.partition("/{")[0], item)

    def _learn_one(self, path: str, item: Mapping[str, Any]) -> None:
        name = item.get("id") or item.get("name")
        if not isinstance(name, str | int) or isinstance(name, bool) or str(name) in self.spared:
            return
        self._keep(self.by_path, path, str(name))
        if isinstance(item.get("version"), int) and isinstance(item.get("type"), str):
            self._keep(self.by_type, item["type"], str(name))
            self.versions[str(name)] = item["version"]
            self.documents[str(name)] = dict(item)

    def _keep(self, kept: dict[str, list[str]], key: str, value: str) -> None:
        """The first ones stay, and a few of the newest."""
        values = kept.setdefault(key, [])
        if value not in values:
            values.append(value)
            if len(values) > KEPT_MAX:
                del values[KEPT_MAX // 2]


@dataclass
class Fuzzer:
    """after: called with the label and status of each answer, e.g. to undo what would end the test.

    work: what a worker does beside, done now and then. failures: what is wrong, by operation and what it is.
    """

    schema: Any
    session: Any
    known: Known
    number: int
    headers: Callable[[str], Mapping[str, str]]
    after: Callable[[str, int], None]
    work: Callable[[], None]
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.number)

    def run(self, cases: int) -> None:
        """So many cases or a few more, as many for each operation and each mode."""
        operations = [result.ok() for result in self.schema.get_all_operations()]
        operations.sort(key=_order)
        per_run = math.ceil(cases / len(operations) / len(MODES))
        for mode in MODES:
            for number, operation in enumerate(operations):
                self._try(operation, mode, per_run)
                if number % WORK_EVERY == 0:
                    self.work()

    def _try(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        @seed(self.number)
        @settings(
            max_examples=examples, phases=(Phase.generate,), database=None, deadline=None,
            suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Any) -> None:
            self.send(case)

        try:
            each()
        except Unsatisfiable:
            # Nothing is wrong for an operation that takes anything.
            return

    def send(self, case: Any) -> None:
        """One request. What is wrong with its answer is kept, not raised: all of it is told at the end."""
        label = case.operation.label
        self._bend(case)
        if self._random.random() > TOKENLESS:
            case.headers = {**(case.headers or {}), **self.headers(label)}
        answer = case.call(session=self.session)
        self.statuses[answer.status_code] += 1
        self.operations[label] += 1
        if answer.status_code < 300:
            self.succeeded.add(label)
        try:
            case.validate_response(answer, checks=list(CHECKS))
            check_problem(answer)
        except (FailureGroup, NotAProblem) as error:
            self._note(label, error, answer)
        if answer.status_code < 300 and answer.headers.get("content-type") == ["application/json"]:
            self.known.learn(case.path, answer.json())
        self.after(label, answer.status_code)

    def _note(self, label: str, error: Exception, answer: Any) -> None:
        for failure in error.exceptions if isinstance(error, FailureGroup) else [error]:
            title = failure.title if isinstance(failure, Failure) else str(failure)
            request = answer.request
            said = f"{request.method} {request.url}\n{request.body!r:.600}\n-> {answer.status_code} {answer.text:.600}"
            self.failures.setdefault((label, f"{answer.status_code} {title}"), f"{failure}\n{said}")

    def _bend(self, case: Any) -> None:
        for name in list(case.path_parameters or ()):
            found = self.known.by_path.get(case.path.partition("/{" + name)[0])
            if not found and name == "id":
                found = self.known.by_type.get(str(case.path_parameters.get("type")))
            if found and self._random.random() > STRANGE:
                case.path_parameters[name] = self._random.choice(found)
        version = self.known.versions.get(str((case.path_parameters or {}).get("id")))
        if version and "If-Match" in (case.headers or {}) and self._random.random() > STRANGE:
            case.headers["If-Match"] = f'"{version}"'
        body = self.schema.raw_schema["paths"][case.path][case.operation.method].get("requestBody")
        if body and case.media_type in body["content"]:
            schema = body["content"][case.media_type]["schema"]
            case.body = self._link(self._resemble(case.body, schema), schema)

    def _resemble(self, body: Any, schema: Mapping[str, Any]) -> Any:
        """A new document is often one there is, but for a field or two: what is all made up breaks some rule."""
        type = schema.get("$ref", "").rpartition("/")[2].removesuffix(".input")
        found = self.known.by_type.get(type)
        if not found or not isinstance(body, dict) or self._random.random() > RESEMBLING:
            return body
        known = self.known.documents[self._random.choice(found)]
        fields = self._resolve(schema).get("properties", {})
        made = self._random.sample(sorted(body.items(), key=lambda pair: pair[0]), min(len(body), CHANGED_MAX))
        return {**{name: value for name, value in known.items() if name in fields}, **dict(made)}

    def _link(self, value: Any, schema: Any) -> Any:
        schema = self._resolve(schema)
        for option in schema.get("anyOf", ()):
            value = self._link(value, option)
        if isinstance(value, dict) and value.keys() >= {"subject_type", "subject_id"}:
            return self._name_subject(value)
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            return {key: self._link(each, properties.get(key, {})) for key, each in value.items()}
        if isinstance(value, list):
            return [self._link(each, schema.get("items", {})) for each in value]
        found = self.known.by_type.get(schema.get("x-link", ""))
        return self._random.choice(found) if found and self._random.random() > STRANGE else value

    def _name_subject(self, value: dict[str, Any]) -> dict[str, Any]:
        """A person: which schema says that a type and an id belong together?"""
        type = self._random.choice(PERSONS)
        ids = self.known.by_type.get(type)
        return {**value, "subject_type": type, "subject_id": self._random.choice(ids)} if ids else value

    def _resolve(self, schema: Any) -> Mapping[str, Any]:
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            found: Any = self.schema.raw_schema
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return found
        return schema


def check_problem(answer: Any) -> None:
    """Each refusal is a problem of the documented shape (RFC 9457), whatever was wrong."""
    if answer.status_code < 400:
        return
    media_type = (answer.headers.get("content-type") or [""])[0]
    if media_type != PROBLEM:
        raise NotAProblem(f"a refusal as {media_type}")
    body = answer.json()
    if not body.keys() >= PROBLEM_MEMBERS:
        raise NotAProblem(f"a problem without {sorted(PROBLEM_MEMBERS - body.keys())}")
    if (body["status"], body["type"]) != (answer.status_code, f"/errors/{body['code']}"):
        raise NotAProblem("a problem that does not fit its status or code")
    if [body["request_id"]] != answer.headers.get("x-request-id"):
        raise NotAProblem("a problem of another request")


def _order(operation: Any) -> tuple[bool, str]:
    """Lists and creations first: they tell ids."""
    return "{" in operation.path, operation.label
