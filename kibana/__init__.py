"""kibana: data views, saved searches and dashboards as importable saved objects."""
