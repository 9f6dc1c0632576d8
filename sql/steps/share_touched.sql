-- The share of all documents that is touched; null if there are no documents.
select (select count(*) from touched) / (select count(*) from live)
