"""Numbered steps that bring a database to the schema this version needs; forward only."""
