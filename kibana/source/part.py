"""The strictness that every part of an object's file shares."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Part(BaseModel):
    """A part of a file: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
"""The name of an object: its file's name, and the rest of its id in Kibana after the prefix."""

Kql = str
"""A query in Kibana's query language; empty for everything."""
