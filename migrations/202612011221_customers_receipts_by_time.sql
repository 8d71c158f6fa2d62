-- no transaction
-- up
-- Finds expired message ids. Rows are appended in the order of time, so a block range index is enough, and costs the
-- ingestion of events next to nothing.
create index concurrently event_receipts_by_time on customers.event_receipts using brin (received_at) with (autosummarize = on);

-- down
drop index concurrently if exists customers.event_receipts_by_time;
