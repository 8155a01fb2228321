"""A script: an expression in CEL; Watcher's own language, Painless, does not run here."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from alerts.language import expression
from alerts.language.parts import Part

INSTEAD = (
    'write {"lang": "expression", "source": "ctx.payload.hits.total > 5"} (CEL), or use compare or array_compare and '
    "let aggregations do the arithmetic"
)


class Script(Part):
    """An expression over ``ctx`` and ``params``; see `alerts.language.expression`."""

    refused: ClassVar[Mapping[str, str]] = {
        "id": f"stored scripts are Painless, which does not run here; {INSTEAD}",
        "file": f"script files are Painless, which does not run here; {INSTEAD}",
        "inline": "name it source",
    }

    source: Annotated[str, AfterValidator(expression.check)]
    lang: Literal["expression"]
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _want_expression(cls, data: Any) -> Any:
        if isinstance(data, str) or (isinstance(data, Mapping) and not set(data) & set(cls.refused)):
            lang = data.get("lang", "painless") if isinstance(data, Mapping) else "painless"
            if lang != "expression":
                said = "" if isinstance(data, Mapping) and "lang" in data else " (which a script without lang is)"
                raise ValueError(f"scripts in {lang}{said} do not run here: {INSTEAD}")
        return data
