"""Compare novelty learners: what they see of attacks that nobody told them of, when taught on ordinary sessions alone.

Run with `python benchmarks/bench_novelty.py [SEED]`. Simulated sites: half of the visitors teach, the other half and
all attackers are judged. All learners get the same habits, compressed alike. Found is the share of attacking clients
beyond all of the ordinary sessions that taught.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.covariance import MinCovDet
from sklearn.ensemble import IsolationForest
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import SGDOneClassSVM
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from detector.kinds import NORMAL
from detector.novelty import compress, learn_novelty
from detector.table import NAMES
from detector.training import label_sessions
from wwwatch.examples import labelled_events

Matrix = NDArray[np.float64]
Score = Callable[[Matrix], Matrix]
BINS = 30
LEAST_REQUESTS = 10


def ours(train: Matrix) -> Score:
    return learn_novelty(train).raw


def histograms(train: Matrix) -> Score:
    """HBOS (Goldstein and Dengel, 2012): minus the logarithm of each habit's histogram, added up."""
    habits = compress(train)
    tables = [np.histogram(habits[:, each], BINS, density=True) for each in range(habits.shape[1])]

    def score(matrix: Matrix) -> Matrix:
        values, total = compress(matrix), np.zeros(len(matrix))
        for each, (heights, edges) in enumerate(tables):
            place = np.clip(np.searchsorted(edges, values[:, each], "right") - 1, 0, BINS - 1)
            inside = (values[:, each] >= edges[0]) & (values[:, each] <= edges[-1])
            total -= np.log(np.where(inside, heights[place] / heights.max(), 0.0) + 1e-4)
        return total

    return score


def fitted(model: object) -> Callable[[Matrix], Score]:
    """Return a way to teach a scikit-learn estimator, whose scores are lower for what is stranger."""

    def teach(train: Matrix) -> Score:
        scaled = make_pipeline(RobustScaler(), model).fit(compress(train))
        return lambda matrix: -np.asarray(scaled.score_samples(compress(matrix)), dtype=np.float64)

    return teach


def mahalanobis(train: Matrix) -> Score:
    """Robust distance from the middle (Rousseeuw and Van Driessen, 1999); a little noise keeps constants regular."""
    habits = compress(train)
    noisy = habits + np.random.default_rng(0).normal(0, 1e-3, habits.shape)
    shape = MinCovDet(support_fraction=0.9, random_state=0).fit(noisy)
    return lambda matrix: np.asarray(shape.mahalanobis(compress(matrix)), dtype=np.float64)


LEARNERS: dict[str, Callable[[Matrix], Score]] = {
    "tails of each habit (ours)": ours,
    "isolation forest": fitted(IsolationForest(n_estimators=200, random_state=0)),
    "local outlier factor": fitted(LocalOutlierFactor(n_neighbors=20, novelty=True)),
    "one-class SVM (Nystroem)": fitted(
        make_pipeline(Nystroem(n_components=100, random_state=0), SGDOneClassSVM(nu=0.05, random_state=0))
    ),
    "histograms (HBOS)": histograms,
    "robust Mahalanobis": mahalanobis,
}


def main() -> None:
    """Print a row of the table per learner."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    sessions = label_sessions(labelled_events(seed)).filter(
        pl.col("is_grown") & (pl.col("requests") >= LEAST_REQUESTS) & (pl.col("agent_crawler") == 0)
    )
    teaches = (sessions["kind"] == NORMAL) & (sessions["client"].hash(seed=1) % 2 == 0)
    train, test = sessions.filter(teaches), sessions.filter(~teaches)
    attack = (test["kind"] != NORMAL).to_numpy()
    print(
        f"{train.height} ordinary sessions teach, {(~attack).sum()} others and {attack.sum()} of attacks are judged\n"
    )
    print("| learner | ROC area | PR area | attackers found | ordinary called | µs a session |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, teach in LEARNERS.items():
        score = teach(train.select(NAMES).to_numpy())
        limit = score(train.select(NAMES).to_numpy()).max()
        begin = time.perf_counter()
        found = score(test.select(NAMES).to_numpy())
        cost = (time.perf_counter() - begin) / test.height * 1e6
        clients = (
            test.select("client", "kind", is_beyond=found > limit)
            .group_by("client", "kind")
            .agg(pl.col("is_beyond").any())
        )
        shares = [
            clients.filter(which)["is_beyond"].mean() for which in (pl.col("kind") != NORMAL, pl.col("kind") == NORMAL)
        ]
        areas = f"{roc_auc_score(attack, found):.3f} | {average_precision_score(attack, found):.3f}"
        print(f"| {name} | {areas} | {shares[0]:.1%} | {shares[1]:.2%} | {cost:.1f} |")


if __name__ == "__main__":
    main()
