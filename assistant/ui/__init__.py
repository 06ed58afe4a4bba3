"""The pages. Gradio is imported nowhere else but in here and where the service is started."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported: nothing leaves the machine
