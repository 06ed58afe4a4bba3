"""The conversation: knows the shopper, the language model and the store."""
