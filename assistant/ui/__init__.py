"""The pages: chat and console."""
