"""enrich: a raw log line becomes an ECS event; pure functions over polars frames, no network, no clock."""
