"""All the pictures of a run, the most telling first."""

from overnight.report.charts import curve, night, objective, progress, resources
from overnight.report.charts.base import Scene
from overnight.report.picture import Picture


def pictures(scene: Scene) -> list[Picture]:
    """At most four; a chart without data is left out."""
    result = objective.trials(scene) or curve.metric(scene)
    drawn = [result, progress.against_time(scene), resources.over_time(scene), night.timeline(scene)]
    return [picture for picture in drawn if picture is not None]
