"""From sources to saved objects: the exact shapes that Kibana's import takes."""
