"""Which fields Kibana's data views have: those of our templates."""

from collections.abc import Iterable, Mapping

from es_templates.catalogue import field_types, read_catalogue
from kibana.source.files import Sources


def fields_of_views(sources: Sources) -> Mapping[str, Mapping[str, str]]:
    """Return the fields of each data view's index pattern: name to Elasticsearch type.

    An index pattern of several is that of our access logs and of other shippers', which write the same ECS fields.
    """
    return {view.title: _fields(view.title.split(",")) for view in sources.views.values()}


def _fields(patterns: Iterable[str]) -> Mapping[str, str]:
    templates = read_catalogue().index_templates
    for name, body in templates.items():
        if set(patterns) & set(body["index_patterns"]):
            return field_types(name)
    return {}
