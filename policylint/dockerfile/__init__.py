"""Dockerfiles: their instructions, words and variables, stages, and the shell in them."""
