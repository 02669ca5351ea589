"""Rules on all definitions together."""
