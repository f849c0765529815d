"""`plumb-gen bench`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from generator.commands.generator_flags import Device, Threads, parse_settings
from motion.errors import InvalidInput
from motion.shell.command import DONE, Repeatable, flatten


@dataclass(frozen=True)
class Bench:
    """Measure how fast a model of the published size samples, compared to the published procedure, and trains."""

    set: Annotated[Repeatable[str], arg(metavar="NAME=VALUE")] = ()
    """Settings that differ from those of the published model, such as `--set width=128 layers=4`."""
    batch: Annotated[Repeatable[int], arg(metavar="N...")] = ()
    """Batch sizes to sample with; by default 1 and 64."""
    compile: bool = False
    """Compile our networks with torch.compile, which needs a C++ compiler on a CPU."""
    device: Device = "auto"
    threads: Threads = 0
    json: bool = False
    """Print one JSON document instead of tables."""

    def run(self) -> int:
        """Execute the command."""
        from generator.benchmark import PUBLISHED_SETTINGS, benchmark_tables, run_benchmark
        from generator.training.settings import Settings

        batches = flatten(self.batch) or (1, 64)
        for batch in batches:
            if batch < 1:
                raise InvalidInput.of("--batch", f"has {batch}; must be at least 1")
        settings = Settings().with_texts(PUBLISHED_SETTINGS | parse_settings(flatten(self.set)))
        result = run_benchmark(settings, self.device, self.threads, batches, self.compile)
        print(json.dumps(result, indent=1) if self.json else benchmark_tables(result))
        return DONE
