"""Items for a need: knows the catalogue and behaviour, never the language model."""
