"""Puts our objects into a Kibana, and takes them away again."""
