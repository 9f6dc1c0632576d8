-- Which findings does the snapshot before not have?
-- only DuckDB: it compares two snapshots
with new as (
    select severity, code, path, position, pointer, expected, actual, pith_number, message
    from findings
    except
    select severity, code, path, position, pointer, expected, actual, pith_number, message
    from previous_findings
)

from new
order by list_position(['critical', 'error', 'warning', 'info'], severity), code, path, position, pointer
