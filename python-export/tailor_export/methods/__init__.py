"""Stage-1 methods by name, one file per family."""
