"""Errors that an operator can fix.

    AssistantError
    ├── SetupError     the machine, a setting, a model or a folder is not as it must be
    └── FeedError      a whole feed cannot be read (one bad row is never an error: it is set aside)

The last line of the message is always the command or the setting that fixes it.
"""

from __future__ import annotations


class AssistantError(Exception):
    """Base of every error an operator is expected to see and to fix."""

    def __init__(self, problem: str, fix: str) -> None:
        self.problem = problem
        self.fix = fix
        super().__init__(f"{problem}\n{fix}")


class SetupError(AssistantError):
    """The machine, a setting, a model or a folder is not as it must be."""


class FeedError(AssistantError):
    """A feed as a whole cannot be read: wrong encoding, wrong columns, not a known format."""
