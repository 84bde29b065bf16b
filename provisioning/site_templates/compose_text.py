"""A compose file's text, read as data; nothing in it can make the reading long or large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import yaml

from provisioning.site_templates.shape import COMPOSE, TemplateError

MAX_NODES: Final = 20_000  # with each alias counted as often as it is used
MAX_DEPTH: Final = 50


def parsed(text: str) -> dict[str, Any]:
    """The file's mapping, with at least one service. Raises TemplateError."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # a character that YAML does not have
        raise _wrong(_where(error)) from None
    try:
        root = loader.get_single_node()
        if root is not None:
            _size(root, {}, frozenset())
            found = loader.construct_document(root)
        else:
            found = None
    except yaml.YAMLError as error:
        raise _wrong(_where(error)) from None
    except RecursionError:
        raise _wrong("it is nested too deeply") from None
    finally:
        loader.dispose()
    if not isinstance(found, dict) or not isinstance(found.get("services"), dict):
        raise _wrong("there are no services")
    if not all(isinstance(service, dict) for service in found["services"].values()):
        raise _wrong("each service is a mapping")
    return found


def _size(node: yaml.Node, sizes: dict[int, int], above: frozenset[int]) -> int:
    """How many nodes there would be if each alias were written out."""
    if id(node) in above or len(above) > MAX_DEPTH:
        raise _wrong("it is nested too deeply, or in itself")
    if id(node) not in sizes:
        within = above | {id(node)}
        sizes[id(node)] = 1 + sum(_size(each, sizes, within) for each in _below(node))
    if sizes[id(node)] > MAX_NODES:
        raise _wrong(f"it has more than {MAX_NODES} values")
    return sizes[id(node)]


def _below(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    if isinstance(node, yaml.MappingNode):
        names = set()
        for key, value in node.value:
            if key.value in names and key.value != "<<":
                raise _wrong(f"{key.value!r} stands there twice")
            names.add(key.value if isinstance(key.value, str) else id(key))
            yield key
            yield value


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it is not YAML"
    return f"line {mark.line + 1}: {problem}" if mark else str(problem)


def _wrong(words: str) -> TemplateError:
    return TemplateError(f"{COMPOSE}: {words}.", field="files")
