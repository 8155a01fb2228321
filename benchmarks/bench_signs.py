"""How many attackers the signs know, and how many innocent requests they suspect, on real logs and payloads.

Development sources only: the others are for the evaluation. A client counts as found when one of its requests shows a
sign; `explicit` asks for a sign that is an attack wherever it is asked. Prints a Markdown table per question.

    python benchmarks/bench_signs.py ../shared/data [--missed]
"""

import argparse
from pathlib import Path
from urllib.parse import quote

import polars as pl

from core import fields
from enrich import detect_format, parse
from enrich.signs import EXPLICIT, EXPLOITS, SIGNS, mark_headers, mark_signs, match_signs

ORDINARY = ("elastic_apache_logs", "secrepo", "spinster2015_2018")
ATTACKERS = "exploit_probe"
"""The silver label of clients that are no ordinary ones."""


def bits(names: tuple[str, ...]) -> int:
    """Return the number that has the bits of these signs."""
    return sum(1 << bit for bit, sign in enumerate(SIGNS) if sign.name in names)


def events(folder: Path) -> pl.DataFrame:
    """Return the requests of a source's log: client, url, marks (UInt16, URL and headers together)."""
    lines = pl.Series((folder / "access.log").read_bytes().decode("utf-8", "backslashreplace").splitlines())
    frame = parse(lines, detect_format(lines))
    headers = mark_headers(frame[fields.REFERRER], frame[fields.USER_AGENT])
    return pl.DataFrame(
        {
            "client": frame[fields.SOURCE_ADDRESS],
            "url": frame[fields.URL_ORIGINAL],
            "marks": mark_signs(frame[fields.URL_ORIGINAL]) | headers,
        }
    )


def by_client(requests: pl.DataFrame) -> pl.DataFrame:
    """Return one row per client: requests, is_marked, is_explicit, and some of its URLs."""
    marks = pl.col("marks")
    return requests.group_by("client", maintain_order=True).agg(
        pl.len().alias("requests"),
        (marks != 0).any().alias("is_marked"),
        ((marks & bits(EXPLICIT)) != 0).any().alias("is_explicit"),
        pl.col("url").unique(maintain_order=True).head(12).alias("urls"),
        pl.col("url").filter(marks != 0).unique(maintain_order=True).head(12).alias("marked"),
    )


def show(name: str, clients: pl.DataFrame) -> None:
    """Print a row: of how many clients and requests how many are marked."""
    marked, explicit = clients["is_marked"].sum(), clients["is_explicit"].sum()
    share = marked / max(clients.height, 1)
    print(
        f"| {name} | {clients.height} | {marked} ({share:.1%}) | {explicit} ({explicit / max(clients.height, 1):.1%}) |"
    )


def labelled(data: Path, *, missed: bool) -> None:
    """Print the recall by labelled client."""
    clients = by_client(events(data / "willthefarmer"))
    labels = pl.read_csv(data / "willthefarmer" / "labels.csv", columns=["client", "label", "attack_type"])
    joined = clients.join(labels, on="client")
    for (label, kind), part in joined.group_by("label", "attack_type", maintain_order=True):
        show(f"willthefarmer: {label} {kind or ''}".strip(), part)
        if missed and label != "unlabelled":
            show_wrong(part, is_attack=label == "attack")


def show_wrong(clients: pl.DataFrame, *, is_attack: bool) -> None:
    """Print the attackers without a sign, or the others that have one."""
    wrong = clients.filter(~pl.col("is_marked") if is_attack else pl.col("is_marked"))
    for row in wrong.iter_rows(named=True):
        print("   ", row["client"], row["requests"], row["urls" if is_attack else "marked"])


def ordinary(data: Path, *, missed: bool) -> None:
    """Print the share of ordinary clients that show a sign."""
    for source in ORDINARY:
        silver = pl.read_csv(data / source / "silver_labels.csv", columns=["client", "silver_label"])
        clients = by_client(events(data / source)).join(silver, on="client")
        for (label,), part in clients.group_by("silver_label", maintain_order=True):
            show(f"{source}: {label}", part)
            if missed:
                show_wrong(part, is_attack=label == ATTACKERS)


def scanners(data: Path) -> None:
    """Print the share of the scanners' distinct URLs with a query or an odd path that show a sign."""
    requests = events(data / "ocatak_scans").unique("url")
    print(f"| ocatak_scans: distinct URLs | {requests.height} | {(requests['marks'] != 0).sum()} | |")


def payloads(data: Path, *, missed: bool) -> None:
    """Print, per kind of payload, how many values of a parameter each sign takes."""
    rows = pl.read_csv(data / "http_params" / "raw" / "payload_train.csv", infer_schema=False)
    urls = rows["payload"].fill_null("").map_elements(lambda text: f"/item?q={quote(text, safe='')}", pl.String)
    found = rows.hstack(match_signs(urls)).with_columns(pl.any_horizontal(EXPLOITS).alias("any"))
    names = [*EXPLOITS, "any"]
    print("| payload | values | " + " | ".join(names) + " |")
    for (kind,), part in found.group_by("attack_type", maintain_order=True):
        shares = [f"{part[name].mean():.2%}" for name in names]
        print(f"| {kind} | {part.height} | " + " | ".join(shares) + " |")
        if missed:
            wrong = part.filter(pl.col("any") if kind == "norm" else ~pl.col("any"))["payload"]
            print("   ", "\n    ".join(wrong.sample(min(60, len(wrong)), seed=1).to_list()))


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--missed", action="store_true", help="print what was missed, and what was taken wrongly")
    options = parser.parse_args()
    print("| clients | in all | with a sign | with an explicit sign |")
    labelled(options.data, missed=options.missed)
    ordinary(options.data, missed=options.missed)
    scanners(options.data)
    payloads(options.data, missed=options.missed)


if __name__ == "__main__":
    main()
