"""core: the floor of every room: fields, documents, settings, clock, Elasticsearch client, embedded node, errors."""
