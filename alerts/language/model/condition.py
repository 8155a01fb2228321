"""Whether a run acts."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from alerts.language import datemath
from alerts.language.model.script import Script
from alerts.language.parts import Choice, Part

CtxPath = Annotated[str, Field(pattern=r"^ctx\.[^\s{}]+$")]


class Always(Part):
    """Every run acts."""


class Never(Part):
    """No run acts."""


def _check_value(value: Any) -> Any:
    """Refuse date math that cannot be computed."""
    if isinstance(value, str) and (math := datemath.marked(value)):
        datemath.check(math)
    return value


def _scalar(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise ValueError("gt, gte, lt and lte compare with a number, a text, true, false or null")  # noqa: TRY004 # pydantic turns ValueError alone into a sentence
    return _check_value(value)


Value = Annotated[Any, AfterValidator(_check_value)]
Scalar = Annotated[Any, AfterValidator(_scalar)]


class Comparison(Choice):
    """One operator and its value: ``{{ctx.path}}`` stands for what the path leads to, ``<{now-5m}>`` for a time."""

    eq: Value = None
    not_eq: Value = None
    gt: Scalar = None
    gte: Scalar = None
    lt: Scalar = None
    lte: Scalar = None


class Quantified(Part):
    """What an element is compared with, and whether one must be so or all; of no elements all are and none is."""

    value: Value
    quantifier: Literal["some", "all"] = "some"


class QuantifiedScalar(Quantified):
    """The same for operators that order."""

    value: Scalar


class ArrayComparison(Part):
    """One operator over the elements of a list; `path` leads on from an element, empty is the element itself."""

    path: str = ""
    eq: Quantified | None = None
    not_eq: Quantified | None = None
    gt: QuantifiedScalar | None = None
    gte: QuantifiedScalar | None = None
    lt: QuantifiedScalar | None = None
    lte: QuantifiedScalar | None = None

    @model_validator(mode="before")
    @classmethod
    def _want_one_operator(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and len(set(data) - {"path"}) != 1:
            raise ValueError("exactly one is wanted of: eq, not_eq, gt, gte, lt, lte; and path")
        return data

    def chosen(self) -> tuple[str, Quantified]:
        """Return the operator's name and what it compares with."""
        (name,) = self.model_fields_set - {"path"}
        return name, getattr(self, name)


def _one_path(compare: Mapping[str, Any] | None) -> Any:
    if compare is not None and len(compare) != 1:
        raise ValueError("compare and array_compare take exactly one path")
    return compare


class Condition(Choice):
    """Whether a run acts."""

    always: Always | None = None
    never: Never | None = None
    compare: Annotated[dict[CtxPath, Comparison] | None, AfterValidator(_one_path)] = None
    array_compare: Annotated[dict[CtxPath, ArrayComparison] | None, AfterValidator(_one_path)] = None
    script: Script | None = None
