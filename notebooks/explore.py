"""A first look at a warehouse: `pith-etl notebook` opens it as an app, and the tests run it."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Pith: a first look")

with app.setup:
    import base64
    import hashlib
    import json
    import os
    from pathlib import Path

    import marimo as mo
    import polars as pl
    from nacl.signing import VerifyKey

    from pipeline import Warehouse


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    # Pith: a first look

    This notebook opens the tables that `pith-etl build` has published. It reads
    `data/warehouse` of this checkout, or what the environment variable
    `PITH_ETL_WAREHOUSE` names. As a notebook of marimo, `make notebook`, any cell can be
    changed, and those that depend on it run again; `explore.ipynb` is the same for Jupyter.
    """)
    return


@app.cell
def _():
    # Jupyter runs a notebook in its own folder
    folder = mo.notebook_dir() or Path.cwd()
    default = folder.parent / "data" / "warehouse"
    warehouse = Warehouse(os.environ.get("PITH_ETL_WAREHOUSE", default))
    warehouse
    return (warehouse,)


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## How far can it be trusted?

    `warehouse.trust()` and `warehouse.findings()` sum up what holds and what does not;
    the view `trust` and the table `findings` have the rows.
    """)
    return


@app.cell
def _(warehouse):
    warehouse.trust()
    return


@app.cell
def _(warehouse):
    warehouse.findings()
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Ask in SQL

    `warehouse.sql` gives a DuckDB relation. The column `proof` says how well the document
    that tells a row is proven; `pith-etl tables papers` explains every column.
    """)
    return


@app.cell
def _(warehouse):
    warehouse.sql("""
        select year(submitted_at) as year, title, proof, receipt_status, inbound_citation_count
        from papers
        order by submitted_at
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Go on in polars

    `warehouse.table` gives a polars LazyFrame, which reads only the columns and rows that
    are asked for.
    """)
    return


@app.cell
def _(warehouse):
    trust = (
        warehouse.table("signatures")
        .group_by("kind", "status")
        .agg(pl.len().alias("signatures"))
        .sort("kind", "status")
        .collect()
    )
    trust
    return (trust,)


@app.cell
def _(trust):
    trust.plot.bar(x="signatures", y="kind", color="status")
    return


@app.cell
def _(warehouse):
    fields = (
        warehouse.table("categories")
        .group_by("category", "is_primary")
        .agg(pl.len().alias("papers"))
        .sort("papers", "category", descending=[True, False])
        .head(40)
        .collect()
    )
    fields.plot.bar(x="papers", y="category", color="is_primary")
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Follow citations

    `citations` has a row for each citing paper that a record lists: a sample, which need not
    be all. Where the citing paper is in the warehouse too, and a receipt vouches for it,
    `citing_pith_number` names it, and the path goes on.
    """)
    return


@app.cell
def _(warehouse):
    cited = (
        warehouse.table("citations")
        .group_by("cited_pith_number")
        .agg(pl.len().alias("citations"))
        .join(warehouse.table("papers"), left_on="cited_pith_number", right_on="pith_number")
        .sort("citations", "cited_pith_number", descending=[True, False])
        .head(100)
        .collect()
    )
    names = [f"{row['title']} ({row['short_pith_number']})" for row in cited.iter_rows(named=True)]
    choice = mo.ui.dropdown(
        dict(zip(names, cited["cited_pith_number"], strict=True)),
        value=names[0] if names else None,
        label="cited paper",
    )
    choice
    return (choice,)


@app.cell
def _(choice, warehouse):
    citing = (
        warehouse.table("citations")
        .filter(pl.col("cited_pith_number") == choice.value)
        .select("citing_arxiv_id", "citing_title", "citing_pith_number", "origin", "proof")
        .sort("citing_arxiv_id")
        .collect()
    )
    citing
    return (citing,)


@app.cell
def _(citing, warehouse):
    # the second step: who cites the citing papers
    (
        warehouse.table("citations")
        .join(
            citing.lazy().drop_nulls("citing_pith_number").select("citing_pith_number"),
            left_on="cited_pith_number",
            right_on="citing_pith_number",
            how="semi",
        )
        .select("cited_pith_number", "citing_arxiv_id", "citing_title")
        .collect()
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## One paper

    `warehouse.paper` takes any name of a paper: an arXiv id, a DOI, a Pith number.
    """)
    return


@app.cell
def _(choice, warehouse):
    warehouse.paper(choice.value) if choice.value else None
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## What changed

    `warehouse.snapshots()` names the snapshots that are kept, `warehouse.at` opens an older
    one, and `warehouse.diff` compares two of them, table by table or row by row.
    """)
    return


@app.cell
def _(warehouse):
    warehouse.diff(warehouse.snapshots()[-1])
    return


@app.cell(hide_code=True)
def _():
    mo.md(r"""
    ## Trust nobody: verify one signature by hand

    A Pith number is derived from the hash of a small canonical record, and the registry signs
    that hash (docs/format.md). The columns of `papers` hold the record, so that the standard
    library and an Ed25519 library suffice to check what the table says.
    """)
    return


@app.cell
def _(warehouse):
    paper = (
        warehouse.table("papers")
        .filter(receipt_status="valid", number_status="verified")
        .sort("pith_number")
        .head(1)
        .collect()
        .row(0, named=True)
    )
    return (paper,)


@app.cell
def _(paper):
    canonical_record = {
        "metadata": {
            "abstract_canon_sha256": paper["abstract_canon_sha256"],
            "cross_cats_sorted": paper["cross_cats"],
            "license": paper["license"],
            "primary_cat": paper["primary_cat"],
            "submitted_at": f"{paper['submitted_at']:%Y-%m-%dT%H:%M:%SZ}",
            "title_canon_sha256": paper["title_canon_sha256"],
        },
        "schema_version": paper["schema_version"],
        "source": {
            "id": paper["source_id"],
            "kind": paper["source_kind"],
            "version": paper["source_version"],
        },
    }
    canonical = json.dumps(
        canonical_record, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    digest = hashlib.sha256(canonical).digest()
    number = f"pith:{paper['submitted_at'].year}:{base64.b32encode(digest).decode()[:26]}"
    return digest, number


@app.cell
def _(digest, paper, warehouse):
    receipt = (
        warehouse.table("signatures")
        .filter(kind="receipt", subject=paper["pith_number"], status="valid")
        .head(1)
        .collect()
        .row(0, named=True)
    )
    # the key as the keyring of the build pins it, and not as any document states it
    pinned = (
        warehouse.table("keys")
        .filter(key_id=receipt["key_id"], public_key_b64=receipt["public_key_b64"], trust="pinned")
        .head(1)
        .collect()
        .row(0, named=True)
    )
    registry_key = VerifyKey(base64.b64decode(pinned["public_key_b64"]))
    # raises BadSignatureError if the signature does not hold over the 32 bytes of the digest
    signed = registry_key.verify(digest, base64.b64decode(receipt["signature_b64"]))
    return (signed,)


@app.cell
def _(digest, number, paper, signed):
    by_hand = pl.DataFrame(
        {
            "what": ["digest", "Pith number", "signature"],
            "by hand": [digest.hex(), number, "valid" if signed == digest else "invalid"],
            "the table": [
                paper["canonical_sha256"],
                paper["pith_number"],
                paper["receipt_status"],
            ],
        }
    ).with_columns(agree=pl.col("by hand") == pl.col("the table"))
    by_hand
    return (by_hand,)


if __name__ == "__main__":
    app.run()
