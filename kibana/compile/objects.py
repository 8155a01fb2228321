"""All our saved objects from their sources."""

from kibana.compile.dashboards import build_dashboard
from kibana.compile.names import Options
from kibana.compile.saved import Reference, SavedObject, as_text
from kibana.source.files import Search, Sources, View

SEARCH_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"


def build_objects(sources: Sources, options: Options | None = None) -> list[SavedObject]:
    """Return every object, those that are needed before those that need them.

    Args:
        sources: What `read_sources` gave.
        options: Prefix of the ids, and index patterns in the place of the shipped ones.
    """
    chosen = options or Options()
    return [
        *(_view(name, view, chosen) for name, view in sources.views.items()),
        *(_search(name, search, chosen) for name, search in sources.searches.items()),
        *(build_dashboard(name, dashboard, sources, chosen) for name, dashboard in sources.dashboards.items()),
    ]


def _view(name: str, view: View, options: Options) -> SavedObject:
    labels = {field: {"customLabel": label} for field, label in view.labels.items()}
    attributes = {
        "title": options.titles.get(name, view.title),
        "name": view.name,
        "timeFieldName": view.time,
        "fieldFormatMap": as_text(view.formats),
        "fieldAttrs": as_text(labels),
        "runtimeFieldMap": "{}",
        "sourceFilters": "[]",
        "fields": "[]",
        "allowNoIndex": True,
        "allowHidden": False,
    }
    return SavedObject("index-pattern", options.view(name), attributes)


def _search(name: str, search: Search, options: Options) -> SavedObject:
    source = {"query": {"query": search.query, "language": "kuery"}, "filter": [], "indexRefName": SEARCH_INDEX}
    attributes = {
        "title": search.title,
        "description": search.description,
        "columns": list(search.columns),
        "sort": [list(each) for each in search.sort],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "timeRestore": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": as_text(source)},
    }
    reference = Reference("index-pattern", options.view(search.view), SEARCH_INDEX)
    return SavedObject("search", options.search(name), attributes, (reference,))
