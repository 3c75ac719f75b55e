"""The bar that ``progress=True`` shows: tqdm when it is installed, else a plain line on stderr."""

import sys

try:
    from tqdm.auto import tqdm
except ImportError:
    tqdm = None


class Bar:
    """A progress callback that draws; ``close`` ends the line."""

    def __init__(self):
        self._stage = self._bar = None

    def __call__(self, progress):
        if progress.stage != self._stage:
            self.close()
            self._stage = progress.stage
            if tqdm is not None:
                self._bar = tqdm(desc=progress.stage, total=progress.total or None)
        if self._bar is not None:
            self._bar.update(progress.done - self._bar.n)
        else:
            of = f"/{progress.total}" if progress.total else ""
            line = f"\r{progress.stage}: {progress.done}{of}, {progress.elapsed:.1f} s"
            print(line, end="", file=sys.stderr, flush=True)

    def close(self):
        if self._bar is not None:
            self._bar.close()
        elif self._stage is not None:
            print(file=sys.stderr)
        self._stage = self._bar = None
