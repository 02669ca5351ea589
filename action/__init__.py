"""The scripts of the GitHub Action."""
