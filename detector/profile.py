"""What a site has served: which paths it answered with success, and to how many clients."""

from dataclasses import dataclass

import polars as pl

PATHS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "path": pl.String,
    "clients": pl.UInt32,
}


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """What the sites of a history have served.

    Attributes:
        paths: `domain`, `path` and to how many clients the path was answered with success.
    """

    paths: pl.DataFrame

    @classmethod
    def empty(cls) -> "SiteProfile":
        """Return the profile of sites that nothing is known of."""
        return cls(pl.DataFrame(schema=PATHS_SCHEMA))

    def known(self, asked: pl.DataFrame) -> pl.DataFrame:
        """Say how known paths are.

        Args:
            asked: At least `domain` and `path` (strings), any number of rows.

        Returns:
            One row per row of `asked`, in its order: `known_clients` (UInt32, to how many clients the site answered
            the path with success; 0: never seen) and `is_profiled` (whether the site has a history at all).
        """
        joined = asked.select(pl.col("domain", "path").cast(pl.String)).join(
            self.paths, on=["domain", "path"], how="left", maintain_order="left"
        )
        return joined.select(
            pl.col("clients").fill_null(0).alias("known_clients"),
            pl.col("domain").is_in(self.paths["domain"].unique().to_list()).alias("is_profiled"),
        )
