"""From a parsed JSON value to a declared shape, with a JSON pointer to the first difference.

msgspec checks and converts in one pass. Undeclared fields are rare. When msgspec meets one, the
value is searched for all of them, and they are set aside and kept.
"""

from __future__ import annotations

import re
import typing
from functools import cache
from typing import Any, TypeVar

import msgspec

from pipeline.documents.ijson import RefusedError, escape_pointer
from pipeline.documents.shapes import Shape, Unseen

ShapeT = TypeVar("ShapeT", bound=Shape)

#: msgspec's messages end in ` - at `$.paper.title`` unless the root itself is meant.
_PLACE = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)


def typed(value: object, shape: type[ShapeT], pointer: str, extra: dict[str, Any]) -> ShapeT:
    """Return a value as the declared shape.

    Args:
        value: parsed JSON.
        shape: what it must be.
        pointer: where the value stands in its document.
        extra: receives JSON pointer and value of every undeclared field.

    Raises:
        RefusedError: a declared field has another type, or a required one is missing.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        found: dict[str, Any] = {}
        pruned = _prune(value, shape, pointer, found)
        if not found:
            raise _refused(error, pointer) from None
    try:
        result = msgspec.convert(pruned, shape)
    except msgspec.ValidationError as error:
        raise _refused(error, pointer) from None
    extra.update(found)
    return result


def free_values(value: Shape) -> list[tuple[str, Any, bool]]:
    """Return (pointer, value, unseen) of every field of free form that is not empty.

    `unseen` is true where the field has no column of its own. The pointers begin at the value. They
    are built only for fields that are not empty, because nearly all are empty.
    """
    found = []
    for name, unseen, nested in _plan(type(value)):
        item = getattr(value, name)
        if not nested:
            if item not in _EMPTY:
                found.append((f"/{name}", item, unseen))
        elif item is not None:
            many = isinstance(item, list)
            for index, child in enumerate(item if many else (item,)):
                if below := free_values(child):
                    start = f"/{name}/{index}" if many else f"/{name}"
                    found += [(f"{start}{place}", one, blank) for place, one, blank in below]
    return found


#: The empty values of a field.
_EMPTY: tuple[object, ...] = (None, [], {}, "")


@cache
def _plan(shape: type[Shape]) -> tuple[tuple[str, bool, bool], ...]:
    """Return (field, unseen, nested) of the fields that are free or lead to such fields."""
    plan = []
    for name, hint in _hints(shape).items():
        child = _children(shape)[name]
        if child is not None:
            if _plan(child):
                plan.append((name, False, True))
        elif hint in (Any, Unseen):
            plan.append((name, hint is not Any, False))
    return tuple(plan)


@cache
def _children(shape: type[Shape]) -> dict[str, type[Shape] | None]:
    """Return the shape that stands in each declared field, if any."""
    return {name: child_shape(hint) for name, hint in _hints(shape).items()}


@cache
def _hints(shape: type[Shape]) -> dict[str, Any]:
    return typing.get_type_hints(shape, include_extras=True)


def child_shape(hint: object) -> type[Shape] | None:
    """Return the shape in a type such as `Source | None` or `list[Alias] | None`, if any."""
    if isinstance(hint, type) and issubclass(hint, Shape):
        return hint
    for part in typing.get_args(hint):
        found = child_shape(part)
        if found is not None:
            return found
    return None


def _prune(value: object, shape: type[Shape], pointer: str, extra: dict[str, Any]) -> object:
    """Return a copy without undeclared fields, which go to `extra`."""
    if isinstance(value, list):
        return [_prune(item, shape, f"{pointer}/{i}", extra) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    children, result = _children(shape), {}
    for name, item in value.items():
        place = f"{pointer}/{escape_pointer(name)}"
        if name not in children:
            extra[place] = item
            continue
        child = children[name]
        result[name] = _prune(item, child, place, extra) if child else item
    return result


def _refused(error: msgspec.ValidationError, pointer: str) -> RefusedError:
    match = _PLACE.fullmatch(str(error))
    reason, path = (match["reason"], match["path"]) if match else (str(error), "")
    tokens = re.sub(r"\[(\d+)\]", r"/\1", (path or "").replace(".", "/"))
    return RefusedError(f"wrong type: {reason}", f"{pointer}{tokens}" or "/")
