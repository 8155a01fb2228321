"""es_templates: what Elasticsearch must know, as JSON, and the idempotent `plan` and `apply` that put it there."""

from es_templates.apply import apply
from es_templates.catalogue import Catalogue, field_types, read_catalogue, resolve
from es_templates.plan import AS_IT_SHOULD_BE, Change, plan
from es_templates.remove import remove

__all__ = [
    "AS_IT_SHOULD_BE",
    "Catalogue",
    "Change",
    "apply",
    "field_types",
    "plan",
    "read_catalogue",
    "remove",
    "resolve",
]
