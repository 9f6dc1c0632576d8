"""The mirrors of a manifest, with the keys that it names for them."""

from __future__ import annotations

from pipeline.documents.shapes import MirrorManifest, PublicKey
from pipeline.stage.flatten.keys import add_key
from pipeline.stage.rows import DocumentRows
from pipeline.stage.schema import MirrorRow

_NO_KEY = PublicKey()


def add_mirrors(out: DocumentRows, manifest: MirrorManifest) -> None:
    """Append the mirrors of a manifest, and their keys."""
    for position, mirror in enumerate(manifest.mirrors or ()):
        key = mirror.public_key or _NO_KEY
        if mirror.public_key is not None:
            add_key(out, f"/mirrors/{position}/public_key", key)
        row = MirrorRow(
            doc=out.doc,
            position=position,
            name=mirror.name,
            mirror_type=mirror.mirror_type,
            base_url=mirror.base_url,
            bundle_pattern=mirror.bundle_pattern,
            state_pattern=mirror.state_pattern,
            well_known_pattern=mirror.well_known_pattern,
            status=mirror.status,
            key_id=key.key_id,
            public_key_b64=key.public_key_b64,
        )
        out.add(row)
