"""The loss chart as text: the one place that knows plotext."""
