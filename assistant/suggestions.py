"""Suggested replies, each with the number of items that it would leave."""
