"""Previews: dashboards drawn from the same objects that Kibana imports, near enough to judge layout and meaning."""
