-- What an event is about ('post 5'): those about one thing are applied in order
-- also when one of them is set aside. And of one that is sent again, which
-- number it had at first.
ALTER TABLE outbox ADD COLUMN subject TEXT;
ALTER TABLE outbox ADD COLUMN original INTEGER;
CREATE INDEX outbox_by_subject ON outbox (subject, seq)
	WHERE subject IS NOT NULL;
