"""A bucket, as a profile says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from toban.sources.base import BackupStorage, SourceSection
from toban.sources.bucket.texts import both
from toban.strictyaml.report import Report


class BucketSourceSection(SourceSection, frozen=True, tag="bucket", tag_field="type"):
    """The objects of a Cloud Storage bucket."""

    RANK: ClassVar[int] = 20
    TELLS_CHANGE: ClassVar[bool] = True
    INCREMENTAL: ClassVar[bool] = True
    ITEMS: ClassVar[bool] = True
    HERE: ClassVar[bool] = True
    ADDRESS: ClassVar[tuple[str, ...]] = ("bucket",)
    TO: ClassVar[tuple[str, ...]] = ("bucket", "prefix", "overwrite", "mirror", "only")

    bucket: str
    prefix: str = ""
    exclude: tuple[str, ...] = ()
    """Patterns of names to leave out (``*.log``, ``node_modules/``), as in `fnmatch`."""
    copy: bool = False
    """
    Copy objects server-side: quick and cheap, but encrypted only at rest (by the bucket's own
    key). Otherwise content travels through compression and encryption like everything else.
    """

    def place(self) -> Mapping[str, str]:
        """See `SourceSection.place`."""
        return {"bucket": self.bucket}

    def check(self, path: str, report: Report, storage: BackupStorage) -> None:
        """See `SourceSection.check`."""
        from toban.sources.naming import check_bucket_name

        check_bucket_name(self.bucket, f"{path}.bucket", report)
        if self.bucket in storage.buckets:
            report.error(
                "source-is-destination",
                f"{path}.bucket",
                both("finding.bucket.source-is-destination", bucket=self.bucket),
            )
        if self.copy and storage.sealed:
            report.warning(
                "not-sealed",
                f"{path}.copy",
                both("finding.bucket.not-sealed"),
            )

    def buckets(self) -> frozenset[str]:
        """See `SourceSection.buckets`."""
        return frozenset({self.bucket})
