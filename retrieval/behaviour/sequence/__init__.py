"""The sequence model: what a shopper turns to next, and what she will do with it, from what she did so far.

`recipe.py` says how one is made, `network.py` is the network, `training.py` fits it, `model.py` is what a trained one
answers: `SequenceModel.load(folder)` for a running service, `SequenceRanker` for the evaluation. Every module but
`recipe.py` loads torch.
"""
