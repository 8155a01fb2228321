"""Vega-Lite as Kibana reads it: the request inside the data's url, with the dashboard's time and query put in."""
