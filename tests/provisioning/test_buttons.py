from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from provisioning.buttons import HAVE_TABS, buttons
from provisioning.operations import VERBS
from provisioning.param_forms import WORDS, given_params, params_form
from sites.admin.host_form import HostForm

pytestmark = pytest.mark.django_db
_OF_HOST_FORM = {"host.add", "host.change"}
_OF_OWN_FORMS = {
    "container.create",
    "host.add-site",
    "nas.set",
    "site.configure",
    "template.create",
    "template.edit",
}  # a test of their pages sends each field


def names(user: User | AnonymousUser, target_type: str) -> list[str]:
    return [button.name for button in buttons(user, target_type)]


def test_buttons_come_from_the_verb_table_in_its_order(alice: User) -> None:
    assert names(alice, "container") == [
        verb.name
        for verb in VERBS.values()
        if verb.target_type == "container" and verb.kind not in HAVE_TABS
    ]


def test_nobody_gets_a_button_without_its_permission(alice: User, bob: User) -> None:
    assert names(bob, "container") == names(bob, "host") == []
    assert names(AnonymousUser(), "container") == []
    assert "remove" not in names(alice, "host")


def test_a_button_is_offered_in_the_verb_s_own_states(alice: User) -> None:
    found = {button.name: button for button in buttons(alice, "container")}
    assert found["start"].offered("exited")
    assert not found["start"].offered("running")
    assert found["remove"].offered("anything at all")


def test_every_parameter_has_words_on_its_form() -> None:
    """Whoever adds a parameter to a verb also says what it is called."""
    for verb in VERBS.values():
        if verb.family == "domain":
            continue  # asked for over the API and by commands, which say it in their own words
        if verb.kind in _OF_HOST_FORM:
            for_scripts = {"generated_key", "pending"}
            known = {*HostForm.base_fields, "connection", "via", *for_scripts}
            assert set(verb.params.model_fields) <= known, verb.kind
        elif verb.kind not in _OF_OWN_FORMS:
            assert set(verb.params.model_fields) <= set(WORDS), verb.kind
            assert params_form(verb).fields.keys() == verb.params.model_fields.keys()


def test_the_form_has_the_schema_s_limits_and_defaults() -> None:
    field = params_form(VERBS["container.stop"]).fields["grace_s"]
    assert (field.initial, field.min_value, field.max_value) == (10, 0, 300)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "complete", "given"),
    [
        ({}, False, {}),
        ({}, True, {"force": False}),
        ({"force": "on"}, False, {"force": True}),
        ({"force": "false"}, False, {"force": False}),
        ({"other": "1"}, False, {}),
    ],
)
def test_a_box_that_is_not_ticked_says_no_only_on_a_whole_form(
    data: dict[str, str], complete: bool, given: dict[str, bool]
) -> None:
    params = VERBS["container.remove"].params
    assert given_params(params, data, complete=complete) == given
