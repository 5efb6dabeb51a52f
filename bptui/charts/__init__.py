"""The loss chart as text: the one place that knows plotext."""

from bptui.charts.axes import round_up as round_up
from bptui.charts.loss import LEAST_HEIGHT as LEAST_HEIGHT
from bptui.charts.loss import LEAST_WIDTH as LEAST_WIDTH
from bptui.charts.loss import Chart as Chart
from bptui.charts.loss import loss_chart as loss_chart
from bptui.charts.loss import sparkline as sparkline
from bptui.charts.series import Series as Series
