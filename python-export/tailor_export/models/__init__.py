"""Extractors with a linear head, one file per architecture."""
