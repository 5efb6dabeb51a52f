"""The loss chart as text: the one place that knows plotext."""

from bptui.charts.axes import round_up
from bptui.charts.loss import LEAST_HEIGHT, LEAST_WIDTH, Chart, loss_chart
from bptui.charts.series import Series
from bptui.charts.sparkline import sparkline

__all__ = [
    "LEAST_HEIGHT",
    "LEAST_WIDTH",
    "Chart",
    "Series",
    "loss_chart",
    "round_up",
    "sparkline",
]
