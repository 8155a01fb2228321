"""What a panel asks Elasticsearch, and what comes of it: Lens' columns as aggregations, answers as frames."""
