"""The one exception for a command line that asks for what cannot be done."""


class UsageError(Exception):
    """Asked wrongly, or could not do the job; the message says what and the way out."""
