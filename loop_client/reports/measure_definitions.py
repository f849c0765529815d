"""What the numbers of a report mean, in a sentence or two each."""

from __future__ import annotations

from loop_client.evaluation.measures import Measure
from motion.viewing.page_elements import Term

DEFINITIONS = {
    "FID": "Fréchet distance between Gaussians fitted to the embeddings of samples and of real test motions. It "
    "depends on the number of samples and on the embedding; compare it within this report only.",
    "Diversity": "Mean distance of the embeddings over all pairs of samples.",
    "Physical error": "Sum of penetration, floating and skating of the lowest joint, mean over frames and motions.",
    "Penetration": "Depth of the lowest joint below -5 mm, mean over frames.",
    "Floating": "Height of the lowest joint above 5 mm, mean over frames.",
    "Skating": "Horizontal displacement of the lowest joint while it is at most 5 mm high at both ends of a step, mean "
    "over frames.",
    "Skating ratio": "Share of frames in which a toe below 5 cm moves faster than 0.5 m/s.",
    "Jitter": "Mean norm of the third difference of joint positions, per second cubed.",
    "Mean joint speed": "Mean speed of the joints over frames and motions. A loop that collapses often stands still.",
    "Invalid samples": "Samples that are not a body in motion: not finite, or torn apart. They are left out of all "
    "other numbers.",
    "Share that a body can perform": "Motions whose mean joint distance to the simulated body stays below 0.5 m in "
    "every frame.",
    "Assist: mean residual force": "Norm of the root force that neither gravity, inertia nor contact explains when the "
    "simulated body performs the sample, mean over time. 0 is a motion that a body can do; a body weighs about 700 N.",
    "Physical error once corrected": "The physical error of the corrections of the samples.",
    "Distance to the correction": "Mean distance of the joints between a sample and its correction, in the world.",
    "Failed": "Samples that the simulated body lost, so that there is no correction of them.",
    "Trained on": "Synthetic motions that the generation was trained on.",
    "λ reached": "Synthetic motions that were trained on for each real one. It is below the λ of the recipe where "
    "samples were invalid or could not be corrected.",
    "Training loss": "Loss at the end of the generation's training.",
}
"""Definitions by the names of the measures."""

INTERVAL = (
    "± is half the width of the 95 % confidence interval of the mean over the seeds (Student's t). A best value is "
    "bold only where its difference to every other arm, paired by seed, exceeds its own 95 % interval."
)
"""What the intervals in tables are."""


def measure_term(measure: Measure) -> Term:
    """Return the name of a measure with its unit, as a term that opens its definition."""
    return Term(measure.name, f"{measure.name}, {measure.unit}" if measure.unit else "")
