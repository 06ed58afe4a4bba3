"""The tagger: one small network that reads an utterance as an intent, an edit, and tagged words.

The packaged sentence encoder, low-rank matrices added to its layers, reads the state in a few words and the utterance
beside it; two linear layers decide the intent and the edit, another the tag of each word (BIO). What the rules see in
the utterance (`sight`) stands beside the encoder's own view. Trained by `assistant.training.tagger`; after Chen et al.,
"BERT for Joint Intent Classification and Slot Filling" (2019).
"""
