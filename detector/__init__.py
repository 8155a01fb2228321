"""detector: events become sessions, features, scores, anomalies with reasons, and incidents."""
