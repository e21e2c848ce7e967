"""What the instrument says when something cannot be done.

The rule kept here: a refusal is one sentence for the player, what is wrong and what to do; it ends
a command with exit status 2, and nothing is lost by it.
"""


class Refusal(Exception):
    """One sentence for the player."""
