"""The numbers of the room's model, written by `vigil train fire FILE.parquet --write`: do not edit by hand."""

from analytics.detectors.room_model import Model, Term

MODEL = Model(
    version="fire-room-1",
    terms=(
        Term("temperature_growth", scale=1.0, cap=50.0, weight=3.3111),
        Term("co_rise", scale=10.0, cap=300.0, weight=1.7915),
    ),
    intercept=-1.3193,
    threshold=2.8679,
)
