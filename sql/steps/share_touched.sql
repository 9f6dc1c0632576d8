-- Which share of all documents is touched; null where there are none.
select (select count(*) from touched) / (select count(*) from live)
