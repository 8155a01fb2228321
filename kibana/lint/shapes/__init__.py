"""The exact keys of what Kibana stores, as strict models."""
