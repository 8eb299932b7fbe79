"""The numbers of the room's model, written by `vigil train fire FILE.parquet --write`: do not edit by hand."""

from analytics.detectors.room_model import Model, Term

MODEL = Model(
    version="fire-room-1",
    terms=(
        Term("temperature_growth", scale=1.0, cap=50.0, weight=3.37),
        Term("co_rise", scale=10.0, cap=300.0, weight=1.87),
    ),
    intercept=-1.0,
    threshold=4.0,
)
