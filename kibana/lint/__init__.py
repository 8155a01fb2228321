"""What can be wrong with objects before Kibana sees them: shapes, references, layers, fields, grid, versions."""
