-- up
-- An export that a worker makes is `requested` until its archive is stored.
alter table privacy.requests
  drop constraint requests_status_check,
  add constraint requests_status_check
    check (status in ('requested', 'previewed', 'confirmed', 'erased', 'completed', 'expired'));

-- down
update privacy.requests set status = 'expired', subject_sealed = null where status = 'requested';
alter table privacy.requests
  drop constraint requests_status_check,
  add constraint requests_status_check check (status in ('previewed', 'confirmed', 'erased', 'completed', 'expired'));
