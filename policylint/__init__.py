"""policylint: an admission linter for Marathon, Metronome and Dockerfiles."""

__version__ = "0.1.0"
