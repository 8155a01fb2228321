"""es_templates: what Elasticsearch must know, as JSON, and the idempotent `plan` and `apply` that put it there."""
