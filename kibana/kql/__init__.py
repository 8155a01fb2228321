"""Kibana's query language: what our searches and panels use of it, read, quoted and turned into Query DSL."""
