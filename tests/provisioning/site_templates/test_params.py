"""Parameters are typed and bounded, whatever is sent for them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from provisioning.site_templates.params import ParamError, Params
from tests.provisioning.site_templates.things import MANIFEST

PARAMS = Params.model_validate(MANIFEST["params"])


def test_what_is_not_given_has_its_default() -> None:
    assert PARAMS.complete({}) == {
        "site_title": "Shop", "workers": 2, "open": True, "size": "small", "contact": "",
    }  # fmt: skip


def test_what_is_given_is_kept_as_it_is() -> None:
    title = 'ü & "B" $HOME #1 👩‍🍳'
    given = {"site_title": title, "workers": 8, "open": False, "size": "large"}
    assert PARAMS.complete(given) == {**given, "contact": ""}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("site_title", "x" * 21, "at most 20 characters"),
        ("site_title", "two\nlines", "no line breaks"),
        ("site_title", "nul\0", "no line breaks or control"),
        ("site_title", 7, "of type string"),
        ("workers", "2", "of type integer"),
        ("workers", True, "of type integer"),
        ("workers", 0, "1 at least"),
        ("workers", 9, "8 at most"),
        ("workers", 2.5, "of type integer"),
        ("open", "yes", "of type boolean"),
        ("open", 1, "of type boolean"),
        ("size", "huge", "one of small, large"),
        ("contact", "nobody", "must match"),
        ("contact", ["a@b"], "of type string"),
        ("unknown", "x", "no such parameter"),
        ("SITE_TITLE", "x", "no such parameter"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: Any, words: str) -> None:
    with pytest.raises(ParamError, match=words) as refused:
        PARAMS.complete({name: value})
    assert refused.value.field == name


def test_a_refused_value_is_not_repeated() -> None:
    with pytest.raises(ParamError) as refused:
        PARAMS.complete({"contact": "hunter2"})
    assert "hunter2" not in refused.value.message


def test_what_is_needed_and_has_no_default_is_asked_for() -> None:
    params = Params.model_validate(
        {"properties": {"email": {"type": "string"}}, "required": ["email"]}
    )
    with pytest.raises(ParamError, match="email: this is needed"):
        params.complete({})


@pytest.mark.parametrize(
    "told",
    [
        {"type": "string", "pattern": "(a+)+$", "maxLength": 40},
        {"type": "string", "pattern": "a*a*a*a*b", "maxLength": 40},
        {"type": "string", "pattern": "^a+$"},
        {"type": "string", "pattern": "^a+$", "maxLength": 1_000},
        {"type": "string", "pattern": "[", "maxLength": 40},
        {"type": "string", "$ref": "http://192.0.2.1/schema"},
        {"type": "string", "minimum": 3},
        {"type": "integer", "maxLength": 3},
        {"type": "integer", "default": 5, "maximum": 4},
        {"type": "string", "default": 5},
        {"type": "integer", "default": True},
        {"type": "string", "enum": []},
        {"type": "string", "enum": [1]},
        {"type": "object"},
        {"type": ["string", "null"]},
    ],
)
def test_a_schema_has_only_what_is_listed(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        Params.model_validate({"properties": {"it": told}})


@pytest.mark.parametrize("name", ["", "Title", "1st", "a-b", "a b", "x" * 41, "a\n"])
def test_a_name_can_be_a_variable(name: str) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        Params.model_validate({"properties": {name: {"type": "string"}}})


def test_the_worst_pattern_that_is_taken_ends_soon() -> None:
    told = {"type": "string", "pattern": "^.*a.*a.*c$", "maxLength": 253}
    params = Params.model_validate({"properties": {"it": told}})
    began = time.process_time()
    with pytest.raises(ParamError):
        params.complete({"it": "a" * 253})
    assert time.process_time() - began < 2


def test_the_schema_is_json_schema() -> None:
    schema = PARAMS.schema_text()
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["workers"] == {
        "type": "integer", "default": 2, "minimum": 1, "maximum": 8,
    }  # fmt: skip
    assert schema["additionalProperties"] is False
    assert Params.model_validate(schema) == PARAMS.model_validate(schema)
