"""One ranking out of many: counts, texts and trained models weighed by a LambdaMART.

`texts.py` and `counts.py` score every item for a batch of histories, part by part; `candidates.py` takes the best of
each part; `features.py` describes every candidate; `lambdamart.py` orders them and `calibration.py` makes its score a
probability. `lessons.py` cuts training events into questions whose answer is known, so that nothing but training
events is ever fitted on. `online.py` is a fitted one in service, over counts that follow every event. `rule.py` is the
plain rule beside it: alpha * behaviour + beta * content.
"""
