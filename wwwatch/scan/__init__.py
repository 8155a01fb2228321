"""wwwatch.scan: judges logs on disk, without Elasticsearch: reading, judging, findings, and how they are shown."""
