"""Parameters with secrets, from acceptance to the end of the operation: encrypted, then gone."""

from __future__ import annotations

from typing import Any, Final

from django.utils.crypto import salted_hmac
from pydantic import BaseModel

from provisioning.models import Operation, SealedParams
from provisioning.operations.contract import Sealed, Verb, VerbError
from sites.encryption import CannotDecrypt, decrypt, encrypt

_MARK: Final = "sealed"  # in the journal: whether two requests are the same, and nothing else


def mark(values: BaseModel) -> dict[str, Any]:
    """What the journal begins with. Nobody without SECRET_KEY can try values against it."""
    if not isinstance(values, Sealed):
        return {}
    digest = salted_hmac("provisioning.sealed", values.model_dump_json(), algorithm="sha256")
    return {_MARK: digest.hexdigest()}


def marked(row: Operation) -> str | None:
    found: str | None = row.journal.get(_MARK)
    return found


def seal(row: Operation, values: BaseModel) -> None:
    """In the transaction that accepts the operation."""
    if isinstance(values, Sealed):
        text = encrypt(values.model_dump_json(), context=_context(row))
        SealedParams.objects.create(operation=row, encrypted=text)


def opened(row: Operation, verb: Verb) -> BaseModel:
    """The parameters, as they were asked for. Raises VerbError when they cannot be had."""
    if not issubclass(verb.params, Sealed):
        return verb.params.model_validate(row.params)
    found = SealedParams.objects.filter(operation=row).first()
    if found is None:
        words = f"What {row.kind} was asked for with is no longer kept; ask for it anew."
        raise VerbError(words, code="not_kept")
    try:
        return verb.params.model_validate_json(decrypt(found.encrypted, context=_context(row)))
    except CannotDecrypt as error:
        raise VerbError(error.message, code=error.code) from None


def forget(row: Operation) -> None:
    """In the transaction that ends the operation."""
    if marked(row):
        SealedParams.objects.filter(operation=row).delete()


def _context(row: Operation) -> str:
    return f"provisioning_sealedparams:{row.pk}:encrypted"
